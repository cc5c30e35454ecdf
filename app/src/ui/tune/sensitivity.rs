//! The card of the sensitivity: the slider with its marks, what is in force and how far a change of it
//! is, undo and reset, what the value means, and its preview.

use iced::widget::{column, container, row, slider, stack, text};
use iced::{Alignment, Element, Fill};

use evenkeel_dbus::{Backend, TunableState, limits};

use super::ruler::{Mark, Ruler};
use super::{Message, Tune};
use crate::state::HelperState;
use crate::ui::drafts::{Control, Stage};
use crate::ui::drawing::{picture, sketch};
use crate::ui::eye;
use crate::ui::focus::focus;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::preview::{chart::Chart, says};
use crate::ui::theme;
use crate::words::{Key, Words};

/// One press of an arrow moves the slider by this much.
const EMA_STEP: u32 = 32;

impl Tune {
    /// The card.
    pub(super) fn sensitivity<'a>(
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
        let height = (room.size.height - 566.0).clamp(200.0, 760.0);
        let Some(shown) = &self.picture else {
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
            picture: shown,
            number: self.number,
            model,
            words,
        };
        let drawn = self.unseen.then_some(Message::Drawn);
        let eye = eye::view(&self.undrawn, drawn, Fill, height);
        column![
            bold(says::title(shown, words), theme::BODY),
            quiet(says::axis(shown, words)),
            stack![picture(chart, Fill, height), eye],
            quiet(says::legend(shown, words)),
        ]
        .push(says::but(shown, words).map(text))
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
    column![rail, sketch(ruler, Fill, 28)].into()
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
