//! The Tune screen: the sensitivity, the costs, and everything that is changed on this machine.

use iced::widget::{column, container, row, scrollable, slider, space, text};
use iced::{Alignment, Element, Fill};

use evenkeel_core::Factor;
use evenkeel_core::steer::reaction;
use evenkeel_dbus::{Backend, CostReason, TunableInfo, TunableState, limits};

use super::bus::Call;
use super::drafts::{Control, Drafts, Ticket};
use super::focus::focus;
use super::model::{Model, Track};
use super::parts::{self, Room, bold, quiet};
use super::speech;
use super::theme::{self, Ink};
use crate::state::HelperState;
use crate::steering;
use crate::words::{Key, Words};

/// One press of an arrow moves the slider by this much.
const EMA_STEP: u32 = 32;
/// What the buttons offer of an uplink's cost; the contract allows more.
const COSTS: [u32; 9] = [25, 50, 75, 100, 125, 150, 200, 300, 500];
/// What the buttons offer of the kernel's power cost weight.
const POWERS: [u32; 9] = [0, 10, 25, 50, 100, 150, 200, 500, 1000];
/// The kernel's own default.
const POWER_DEFAULT: u32 = 100;

/// What can be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A control was moved to a value.
    Choose(Control, u32),
    /// The hand rested since this change.
    Rested(Ticket),
    /// Put everything back as it was found.
    Revert,
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
}

impl Tune {
    /// Answers a message.
    pub fn update(&mut self, message: Message) -> Action {
        match message {
            Message::Choose(control, value) => Action::Wait(self.drafts.choose(control, value)),
            Message::Revert => {
                self.drafts.clear();
                Action::Call(Call::Revert)
            }
            Message::Rested(ticket) => self.drafts.rested(ticket).map_or(Action::None, |value| {
                Action::Call(to_call(ticket.control, value))
            }),
        }
    }

    /// A call of ours was answered.
    pub fn answered(&mut self, call: Call, accepted: bool) {
        let control = match call {
            Call::SetEma(_) => Control::Ema,
            Call::SetPower(_) => Control::Power,
            Call::SetCost(ifindex, _) => Control::Cost(ifindex),
            Call::EnterGameMode | Call::LeaveGameMode | Call::Forget(_) | Call::Revert => return,
        };
        if accepted {
            self.drafts.accepted(control);
        } else {
            self.drafts.refused(control);
        }
    }

    /// The helper said what is in force.
    pub fn heard(&mut self, state: &HelperState) {
        self.drafts.heard(|control| in_force(state, control));
    }

    /// The helper is gone.
    pub fn lose_helper(&mut self) {
        self.drafts.clear();
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
        let below = match state.backend {
            Backend::Ecmp => Some(self.costs(model, state, words, room)),
            Backend::Lowpower => Some(self.power(state, words, room)),
            Backend::Observe => None,
        };
        let changed = tunables(state, words, room);
        let second: Element<'a, Message> = match below {
            Some(below) if !room.is_compact() => row![below, changed].spacing(room.gap()).into(),
            Some(below) => column![below, changed].spacing(room.gap()).into(),
            None => changed,
        };
        let page = column![self.sensitivity(state, words, room), second].spacing(room.gap());
        scrollable(
            container(page).padding(iced::Padding::ZERO.right(if room.is_compact() {
                12
            } else {
                0
            })),
        )
        .id(super::PAGE)
        .style(theme::scroll)
        .height(Fill)
        .into()
    }

    fn sensitivity<'a>(
        &'a self,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let chosen = self.drafts.value(Control::Ema);
        let value = chosen.unwrap_or(state.ema_factor);
        let choose = |value| Message::Choose(Control::Ema, value);
        let rail = slider(limits::EMA_FACTOR, value, choose)
            .shift_step(EMA_STEP)
            .height(theme::TARGET)
            .style(theme::rail_slider);
        let rail = focus("ema", container(rail).padding([0, 8])).on_adjust(move |steps| {
            let moved = value.saturating_add_signed(steps.saturating_mul(EMA_STEP as i32));
            choose(moved.min(*limits::EMA_FACTOR.end()))
        });
        let standing = match chosen {
            Some(value) => words.tell(Key::TuneSetting, [("value", value.into())]),
            None => words.tell(Key::TuneInForce, [("value", state.ema_factor.into())]),
        };
        let default = limits::EMA_FACTOR_DEFAULT;
        let reset = parts::press(
            "ema-reset",
            words.tell(Key::TuneReset, [("value", default.into())]),
            false,
            (value != default).then(|| choose(default)),
        );
        let sets = match state.backend {
            Backend::Lowpower => Key::TuneSetsKernel,
            Backend::Ecmp => Key::TuneSetsSteering,
            Backend::Observe => Key::TuneSetsLater,
        };
        let top = row![
            column![
                bold(words.say(Key::TuneTitle), theme::HEADING),
                quiet(words.say(Key::TuneExplain)),
            ]
            .spacing(2)
            .width(Fill),
            column![
                bold(
                    value.to_string(),
                    if room.is_compact() { 30.0 } else { 40.0 }
                ),
                quiet(standing),
            ]
            .align_x(Alignment::End),
        ];
        let ends = row![
            quiet(words.say(Key::TuneCalm)),
            space().width(Fill),
            quiet(words.say(Key::TuneSharp)),
        ];
        let sentences = column![
            text(reaction_sentence(state.backend, value, words)).size(theme::BODY),
            quiet(words.say(sets)),
        ]
        .spacing(4)
        .width(Fill);
        let bottom = row![sentences, reset]
            .spacing(20)
            .align_y(Alignment::Center);
        let inside = column![top, rail, ends, bottom].spacing(8);
        parts::card(inside, room).width(Fill).into()
    }

    fn costs<'a>(
        &'a self,
        model: &'a Model,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let rows = model
            .tracks
            .iter()
            .map(|track| self.cost(model, track, state, words));
        let inside = column![
            bold(words.say(Key::CostTitle), theme::HEADING),
            quiet(words.say(Key::CostExplain)),
        ]
        .extend(rows)
        .spacing(8);
        parts::card(inside, room).width(Fill).into()
    }

    fn cost<'a>(
        &'a self,
        model: &'a Model,
        track: &'a Track,
        state: &'a HelperState,
        words: &'a Words,
    ) -> Element<'a, Message> {
        let control = Control::Cost(track.info.ifindex);
        let value = self.drafts.value(control).or(in_force(state, control));
        let value = value.unwrap_or(limits::UPLINK_COST_DEFAULT);
        let mark = theme::uplink_shape(track.slot);
        let mark = text(mark).style(theme::ink(Ink::Uplink(track.slot)));
        let why = speech::cost_reason_key(CostReason::from_wire(track.info.cost_reason));
        // What is being chosen has not been set yet.
        let why = why.filter(|_| value == track.info.cost);
        let name = column![text(model.name(track, words))]
            .push(why.map(|key| quiet(words.say(key))))
            .width(Fill);
        row![
            mark,
            name,
            quiet(words.say(speech::cost_key(value))),
            stepper(control, value, &COSTS),
        ]
        .spacing(10)
        .align_y(Alignment::Center)
        .into()
    }

    fn power<'a>(
        &'a self,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let value = self.drafts.value(Control::Power);
        let value = value
            .or(in_force(state, Control::Power))
            .unwrap_or(POWER_DEFAULT);
        let inside = column![
            row![
                container(bold(words.say(Key::PowerTitle), theme::HEADING)).width(Fill),
                stepper(Control::Power, value, &POWERS),
            ]
            .align_y(Alignment::Center),
            quiet(words.say(Key::PowerExplain)),
        ]
        .spacing(8);
        parts::card(inside, room).width(Fill).into()
    }
}

/// Minus, value, plus; left and right arrows do the same.
fn stepper<'a>(control: Control, value: u32, offered: &[u32]) -> Element<'a, Message> {
    let less = offered.iter().rfind(|offer| **offer < value).copied();
    let more = offered.iter().find(|offer| **offer > value).copied();
    let choose = move |value| Message::Choose(control, value);
    let side = |label: &'static str, next: Option<u32>| {
        let label = text(label)
            .size(theme::HEADING)
            .center()
            .width(Fill)
            .height(Fill);
        iced::widget::button(label)
            .width(theme::TARGET)
            .height(theme::TARGET)
            .padding(0)
            .style(theme::plain_button(false))
            .on_press_maybe(next.map(choose))
    };
    let number = container(bold(value.to_string(), theme::HEADING)).center_x(56);
    let all = row![side("−", less), number, side("+", more)].align_y(Alignment::Center);
    let id = match control {
        Control::Ema => "stepper-ema".to_owned(),
        Control::Power => "stepper-power".to_owned(),
        Control::Cost(ifindex) => format!("stepper-{ifindex}"),
    };
    focus(id, all)
        .on_adjust(move |steps| choose(if steps < 0 { less } else { more }.unwrap_or(value)))
        .into()
}

fn tunables<'a>(state: &'a HelperState, words: &'a Words, room: Room) -> Element<'a, Message> {
    let touched =
        |tunable: &&TunableInfo| TunableState::from_wire(tunable.state) != TunableState::Idle;
    let rows: Vec<_> = state
        .tunables
        .iter()
        .filter(touched)
        .map(|tunable| tunable_row(tunable, words))
        .collect();
    let held = |tunable: &TunableInfo| TunableState::from_wire(tunable.state) == TunableState::Held;
    let drains = steering::draining(state.draining);
    let any = state.game_mode || drains.is_some() || state.tunables.iter().any(held);
    let revert = words.say(Key::TunablesRevert);
    let revert = parts::press("revert", revert, false, any.then_some(Message::Revert));
    let top = row![
        container(bold(words.say(Key::TunablesTitle), theme::HEADING)).width(Fill),
        revert,
    ]
    .spacing(10)
    .align_y(Alignment::Center);
    let mut inside = column![top].spacing(8);
    if let Some((rules, minutes)) = drains {
        let values = [("rules", rules.into()), ("minutes", minutes.into())];
        inside = inside.push(text(words.tell(Key::Draining, values)));
        inside = inside.push(quiet(words.say(Key::TunablesDraining)));
    } else if rows.is_empty() {
        inside = inside.push(quiet(words.say(Key::TunablesNone)));
    }
    parts::card(inside.extend(rows), room).width(Fill).into()
}

fn tunable_row<'a>(tunable: &'a TunableInfo, words: &'a Words) -> Element<'a, Message> {
    let state = TunableState::from_wire(tunable.state);
    let ink = match state {
        TunableState::Held => Ink::Good,
        TunableState::StoodBack | TunableState::Vanished => Ink::Warn,
        TunableState::Failed => Ink::Bad,
        TunableState::Idle => Ink::Quiet,
    };
    let or_dash = |value: &str| {
        if value.is_empty() {
            "–".to_owned()
        } else {
            value.to_owned()
        }
    };
    let values = [
        ("original", or_dash(&tunable.original).into()),
        ("current", or_dash(&tunable.current).into()),
    ];
    let mut lines = column![
        row![
            text(speech::tunable_name(&tunable.id, words)).width(Fill),
            text(words.say(speech::tunable_key(state)))
                .size(theme::SMALL)
                .style(theme::ink(ink)),
        ]
        .spacing(10),
        quiet(words.tell(Key::TunableChange, values)),
    ];
    if !tunable.why_not.is_empty() {
        lines = lines.push(
            text(&tunable.why_not)
                .size(theme::SMALL)
                .style(theme::ink(ink)),
        );
    }
    lines.spacing(2).into()
}

fn reaction_sentence(backend: Backend, value: u32, words: &Words) -> String {
    if backend == Backend::Lowpower {
        return words.say(Key::TuneReactionKernel);
    }
    let Ok(factor) = Factor::new(value.into()) else {
        return String::new();
    };
    let reaction = reaction(factor);
    let values = [
        (
            "jitter",
            speech::duration(reaction.to_jitter_s, words).into(),
        ),
        ("loss", speech::duration(reaction.to_loss_s, words).into()),
    ];
    words.tell(Key::TuneReaction, values)
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
