//! The Tune screen: the sensitivity with its preview, the costs, and everything that is changed on
//! this machine.

mod changed;
mod costs;
mod ruler;

use std::cell::Cell;
use std::sync::Arc;

use iced::widget::{canvas, column, container, row, scrollable, slider, space, text};
use iced::{Alignment, Element, Fill, Task};

use evenkeel_dbus::{Backend, HelperError, TunableState, limits};

use super::bus::Call;
use super::drafts::{Control, Drafts, Stage, Ticket};
use super::focus::focus;
use super::model::Model;
use super::parts::{self, Room, bold, quiet};
use super::preview::{self, Pace, Picture, Setting, chart::Chart, says};
use super::speech;
use super::theme;
use crate::state::HelperState;
use crate::words::{Key, Words};
use ruler::{Mark, Ruler};

/// One press of an arrow moves the slider by this much.
const EMA_STEP: u32 = 32;
/// What is beside the slider, where there is room beside it.
const SIDE: f32 = 392.0;
/// So many frames without a drawing mean that nobody can see the preview.
const UNSEEN_FRAMES: u32 = 15;

/// What can be done here, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A control was moved to a value.
    Choose(Control, u32),
    /// The hand rested since this change.
    Rested(Ticket),
    /// Take the last change back.
    Undo,
    /// Put everything back as it was found.
    Revert,
    /// A preview was drawn up; none where nothing was measured.
    Pictured(Option<Arc<Picture>>),
    /// The next preview may be begun.
    PreviewRested,
    /// The preview was drawn after it had not been for a while.
    Drawn,
}

/// What the parent has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Come back with the ticket when the hand has rested.
    Wait(Ticket),
    /// Make a call.
    Call(Call),
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Tune {
    drafts: Drafts,
    /// Why the sensitivity could not be set; until it is chosen again.
    refused: Option<Key>,
    picture: Option<Arc<Picture>>,
    /// Counts the pictures.
    number: u64,
    /// What the newest picture was begun for.
    asked: Option<preview::Key>,
    pace: Pace,
    undrawn: Cell<u32>,
    unseen: bool,
}

impl Tune {
    /// Answers a message.
    pub fn update(&mut self, message: Message, model: &Model) -> Action {
        let state = model.state.as_ref();
        let standing = |control| state.and_then(|state| in_force(state, control));
        match message {
            Message::Choose(control, value) => {
                self.refused = self.refused.filter(|_| control != Control::Ema);
                let standing = standing(control).unwrap_or(value);
                return Action::Wait(self.drafts.choose(control, value, standing));
            }
            Message::Undo => {
                self.refused = None;
                let ticket = self.drafts.undo(standing);
                return ticket.map_or(Action::None, Action::Wait);
            }
            Message::Revert => {
                self.drafts.clear();
                return Action::Call(Call::Revert);
            }
            Message::Rested(ticket) => {
                let value = self.drafts.rested(ticket);
                let call = value.map(|value| to_call(ticket.control, value));
                return call.map_or(Action::None, Action::Call);
            }
            Message::Pictured(picture) => {
                self.picture = picture;
                self.number += 1;
            }
            Message::PreviewRested => self.pace.rested(),
            Message::Drawn => self.unseen = false,
        }
        Action::None
    }

    /// A call of ours was answered.
    pub fn answered(&mut self, call: Call, error: Option<&HelperError>) {
        let (control, value) = match call {
            Call::SetEma(value) => (Control::Ema, value),
            Call::SetPower(value) => (Control::Power, value),
            Call::SetCost(ifindex, value) => (Control::Cost(ifindex), value),
            Call::EnterGameMode | Call::LeaveGameMode | Call::Forget(_) | Call::Revert => return,
        };
        match error {
            None => self.drafts.accepted(control, value),
            Some(error) => {
                self.drafts.refused(control, value);
                if control == Control::Ema {
                    self.refused = Some(speech::error_key(error));
                }
            }
        }
    }

    /// The helper said what is in force.
    pub fn heard(&mut self, state: &HelperState) {
        self.drafts.heard(|control| in_force(state, control));
    }

    /// The helper is gone.
    pub fn lose_helper(&mut self) {
        self.drafts.clear();
        self.refused = None;
    }

    /// A frame came while this screen shows: see [`Live`](super::live::Live::count_frame).
    pub fn count_frame(&mut self) {
        self.undrawn.set(self.undrawn.get() + 1);
        if self.undrawn.get() >= UNSEEN_FRAMES {
            self.undrawn.set(0);
            self.unseen = true;
        }
    }

    /// True while frames come and the preview is drawn for none of them.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Begins a preview, if what it shows has changed and none is under way. To be called while the
    /// screen shows; the computing is done beside the window.
    pub fn foresee(&mut self, model: &Model) -> Task<Message> {
        let Some(recorded) = self.wanted(model) else {
            return Task::none();
        };
        let drawn_up = Task::perform(
            async move { preview::compute(&recorded).map(Arc::new) },
            Message::Pictured,
        );
        let rest = Task::perform(async { tokio::time::sleep(preview::REST).await }, |()| {
            Message::PreviewRested
        });
        drawn_up.chain(rest)
    }

    fn wanted(&mut self, model: &Model) -> Option<preview::Recorded> {
        let key = self.key(model)?;
        if self.unseen || self.asked.as_ref() == Some(&key) || !self.pace.begin() {
            return None;
        }
        let recorded = key.record(model);
        self.asked = Some(key);
        Some(recorded)
    }

    fn key(&self, model: &Model) -> Option<preview::Key> {
        let state = model.state.as_ref()?;
        let setting = |drafted: bool| {
            let value = |control, standing| {
                let draft = self.drafts.value(control).filter(|_| drafted);
                draft.unwrap_or(standing)
            };
            let costs = model.tracks.iter().map(|track| {
                let ifindex = track.info.ifindex;
                (ifindex, value(Control::Cost(ifindex), track.info.cost))
            });
            Setting {
                factor: value(Control::Ema, state.ema_factor),
                costs: costs.collect(),
            }
        };
        preview::Key::of(model, setting(true), setting(false))
    }

    /// The screen below the header.
    pub fn view<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let Some(state) = &model.state else {
            return space().into();
        };
        let costs = match state.backend {
            Backend::Ecmp => Some(self.costs(model, state, words, room)),
            Backend::Lowpower => Some(self.power(state, words, room)),
            Backend::Observe => None,
        };
        let beside = column![]
            .push(costs)
            .push(changed::view(state, words, room));
        let beside = beside.spacing(room.gap());
        let sensitivity = self.sensitivity(model, state, words, room);
        let page: Element<'a, Message> = if room.is_compact() {
            column![sensitivity, beside].spacing(room.gap()).into()
        } else {
            row![sensitivity, beside.width(SIDE)]
                .spacing(room.gap())
                .into()
        };
        scrollable(page)
            .spacing(6)
            .id(super::PAGE)
            .style(theme::scroll)
            .height(Fill)
            .into()
    }

    fn sensitivity<'a>(
        &'a self,
        model: &'a Model,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let chosen = self.drafts.value(Control::Ema);
        let value = chosen.unwrap_or(state.ema_factor);
        let number = if room.is_compact() { 30.0 } else { 40.0 };
        let top = row![
            column![
                bold(words.say(Key::TuneTitle), theme::HEADING),
                quiet(words.say(Key::TuneExplain)),
            ]
            .spacing(2)
            .width(Fill),
            bold(words.number(value.into(), 0), number),
        ]
        .spacing(12);
        let sets = match (state.backend, state.game_mode) {
            (Backend::Lowpower, _) => Key::TuneSetsKernel,
            (Backend::Ecmp, true) => Key::TuneSetsSteering,
            (Backend::Ecmp, false) => Key::TuneSetsSteeringOff,
            (Backend::Observe, _) => Key::TuneSetsLater,
        };
        let standing = column![text(self.standing(state, words)), quiet(words.say(sets)),]
            .spacing(2)
            .width(Fill);
        let buttons = row![self.undo(model, words), reset(value, words)].spacing(8);
        let below = row![standing, buttons]
            .spacing(12)
            .align_y(Alignment::Center);
        let inside = column![
            top,
            rail(value, state.ema_factor, words),
            below,
            self.numbers(state.backend, value, words),
            self.preview(model, words, room),
        ]
        .spacing(if room.is_compact() { 8 } else { 10 });
        parts::card(inside, room).width(Fill).into()
    }

    /// What is in force, and how far a change of it is.
    fn standing(&self, state: &HelperState, words: &Words) -> String {
        let value = |value: u32| [("value", value.into())];
        let chosen = self.drafts.value(Control::Ema);
        match (self.drafts.stage(Control::Ema), chosen) {
            (Some(Stage::Choosing), Some(chosen)) => {
                return words.tell(Key::TuneChoosing, value(chosen));
            }
            (Some(Stage::Sent), Some(chosen)) => {
                return words.tell(Key::TuneAsking, value(chosen));
            }
            (Some(Stage::Accepted), Some(chosen)) => {
                return words.tell(Key::TuneInForce, value(chosen));
            }
            _ => {}
        }
        let stood_back = |state: &HelperState| {
            state.tunables.iter().any(|tunable| {
                tunable.id == "ema-factor"
                    && TunableState::from_wire(tunable.state) == TunableState::StoodBack
            })
        };
        if let Some(reason) = self.refused {
            let reason = words.say(reason);
            let values = [
                ("reason", reason.into()),
                ("value", state.ema_factor.into()),
            ];
            return words.tell(Key::TuneRefused, values);
        }
        let key = if stood_back(state) {
            Key::TuneStoodBack
        } else {
            Key::TuneInForce
        };
        words.tell(key, value(state.ema_factor))
    }

    /// What the value under way means, in numbers where there are any.
    fn numbers<'a>(
        &'a self,
        backend: Backend,
        value: u32,
        words: &'a Words,
    ) -> Element<'a, Message> {
        if backend == Backend::Lowpower {
            return text(words.say(Key::TuneReactionKernel)).into();
        }
        let picture = self.picture.as_deref();
        let tiles = [
            Some(says::reacts(value, words)),
            picture.and_then(|picture| says::changes(picture, words)),
            picture.and_then(|picture| says::met(picture, words)),
        ];
        row(tiles.into_iter().flatten().map(tile))
            .spacing(12)
            .into()
    }

    fn undo<'a>(&'a self, model: &'a Model, words: &'a Words) -> Element<'a, Message> {
        let label = match self.drafts.undoable() {
            None => words.say(Key::TuneUndo),
            Some((control, value)) => {
                let what = match control {
                    Control::Ema => words.say(Key::TuneWhatEma),
                    Control::Power => words.say(Key::TuneWhatPower),
                    Control::Cost(ifindex) => {
                        let track = model.track(ifindex);
                        let name = track.map_or_else(String::new, |t| model.name(t, words));
                        words.tell(Key::TuneWhatCost, [("uplink", name.into())])
                    }
                };
                let values = [("what", what.into()), ("value", value.into())];
                words.tell(Key::TuneUndoWhat, values)
            }
        };
        let message = self.drafts.undoable().map(|_| Message::Undo);
        parts::press("undo", label, false, message).into()
    }

    fn preview<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        // What is around it at 1280x800 leaves so much.
        let height = (room.size.height - 550.0).clamp(200.0, 400.0);
        let Some(picture) = &self.picture else {
            let key = if model.tracks.iter().all(|track| track.history.is_empty()) {
                Key::PreviewEmpty
            } else {
                Key::GameBusy
            };
            return container(quiet(words.say(key)))
                .center_x(Fill)
                .center_y(height)
                .into();
        };
        let chart = Chart {
            picture,
            number: self.number,
            model,
            words,
            undrawn: &self.undrawn,
            drawn: self.unseen.then_some(Message::Drawn),
        };
        column![
            bold(says::title(picture, words), theme::BODY),
            quiet(says::axis(picture, words)),
            canvas(chart).width(Fill).height(height),
            quiet(says::legend(picture, words)),
        ]
        .push(says::but(picture, words).map(text))
        .spacing(2)
        .into()
    }
}

/// The slider with its marks and the words at its ends.
fn rail(value: u32, standing: u32, words: &Words) -> Element<'_, Message> {
    let choose = |value| Message::Choose(Control::Ema, value);
    let most = *limits::EMA_FACTOR.end();
    let rail = slider(limits::EMA_FACTOR, value, choose)
        .shift_step(EMA_STEP)
        .height(theme::TARGET)
        .style(theme::rail_slider);
    let rail = focus("ema", rail).on_adjust(move |steps| {
        let moved = value.saturating_add_signed(steps.saturating_mul(EMA_STEP as i32));
        choose(moved.min(most))
    });
    let mark = |key, value: u32| Mark {
        value,
        text: words.tell(key, [("value", value.into())]),
    };
    let default = limits::EMA_FACTOR_DEFAULT;
    let mut marks = vec![mark(Key::TuneDefault, default)];
    if standing != value && standing != default {
        marks.insert(0, mark(Key::TuneMark, standing));
    }
    let ends = [Key::TuneCalm, Key::TuneSharp].map(|key| words.say(key));
    let ruler = Ruler { most, ends, marks };
    column![rail, canvas(ruler).width(Fill).height(28)].into()
}

fn reset(value: u32, words: &Words) -> Element<'_, Message> {
    let default = limits::EMA_FACTOR_DEFAULT;
    let label = words.tell(Key::TuneReset, [("value", default.into())]);
    let choose = Message::Choose(Control::Ema, default);
    parts::press(
        "ema-reset",
        label,
        false,
        (value != default).then_some(choose),
    )
    .into()
}

fn tile<'a>(tile: says::Tile) -> Element<'a, Message> {
    column![
        quiet(tile.title),
        bold(tile.value, theme::HEADING),
        quiet(tile.beside),
    ]
    .spacing(1)
    .width(Fill)
    .into()
}

fn in_force(state: &HelperState, control: Control) -> Option<u32> {
    match control {
        Control::Ema => Some(state.ema_factor),
        Control::Power => u32::try_from(state.power_cost_weight).ok(),
        Control::Cost(ifindex) => {
            let uplink = state.uplinks.iter().find(|u| u.ifindex == ifindex)?;
            Some(uplink.cost)
        }
    }
}

fn to_call(control: Control, value: u32) -> Call {
    match control {
        Control::Ema => Call::SetEma(value),
        Control::Power => Call::SetPower(value),
        Control::Cost(ifindex) => Call::SetCost(ifindex, value),
    }
}
