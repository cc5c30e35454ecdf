//! What each uplink costs, and the patched kernel's one weight.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Fill};

use evenkeel_dbus::{CostReason, PatchKind, limits};

use super::{Message, Tune, in_force};
use crate::state::HelperState;
use crate::ui::drafts::Control;
use crate::ui::model::{Model, Track};
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::speech;
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// What the buttons offer of an uplink's cost; the contract allows more.
const COSTS: [u32; 9] = [25, 50, 75, 100, 125, 150, 200, 300, 500];
/// What the buttons offer of the kernel's power cost weight.
const POWERS: [u32; 9] = [0, 10, 25, 50, 100, 150, 200, 500, 1000];
/// Width of a value between its buttons.
const VALUE: f32 = 56.0;

impl Tune {
    /// The card with a row for each uplink.
    pub(super) fn costs<'a>(
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
        .spacing(10);
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
        let name = row![mark, text(model.name(track, words))].spacing(8);
        column![
            row![
                container(name).width(Fill),
                stepper(control, value, &COSTS, words)
            ]
            .spacing(10)
            .align_y(Alignment::Center),
            quiet(words.say(speech::cost_key(value))),
        ]
        .push(why.map(|key| quiet(words.say(key))))
        .into()
    }

    /// The card with the kernel's weight.
    pub(super) fn power<'a>(
        &'a self,
        state: &'a HelperState,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let title = container(bold(words.say(Key::PowerTitle), theme::HEADING)).width(Fill);
        let standing = in_force(state, Control::Power);
        let Some(standing) = standing.filter(|value| limits::POWER_COST.contains(value)) else {
            // Somebody set it; it can't be put back, so it can't be changed either.
            let value = state.power_cost_weight;
            let number = words.number(value.into(), 0);
            let outside = words.tell(Key::PowerOutside, [("value", number.clone().into())]);
            let inside = column![
                row![title, bold(number, theme::HEADING)].align_y(Alignment::Center),
                text(outside).style(theme::ink(Ink::Warn)),
            ];
            return parts::card(inside.spacing(8), room).width(Fill).into();
        };
        let value = self.drafts.value(Control::Power).unwrap_or(standing);
        let says = match state.patch {
            PatchKind::None | PatchKind::Original => Key::PowerSays,
            PatchKind::Steady | PatchKind::Busy => Key::PowerSaysOurs,
        };
        let inside = column![
            row![title, stepper(Control::Power, value, &POWERS, words)].align_y(Alignment::Center),
            text(words.say(says)).size(theme::BODY),
            quiet(words.say(Key::PowerExplain)),
        ]
        .spacing(8);
        parts::card(inside, room).width(Fill).into()
    }
}

/// Minus, value, plus.
fn stepper<'a>(
    control: Control,
    value: u32,
    offered: &[u32],
    words: &'a Words,
) -> Element<'a, Message> {
    let less = offered.iter().rfind(|offer| **offer < value).copied();
    let more = offered.iter().find(|offer| **offer > value).copied();
    let id = match control {
        Control::Ema => "stepper-ema".to_owned(),
        Control::Power => "stepper-power".to_owned(),
        Control::Cost(ifindex) => format!("stepper-{ifindex}"),
    };
    let step = |steps: i32| if steps < 0 { less } else { more };
    parts::stepper(id, words.number(value.into(), 0), VALUE, |steps| {
        step(steps).map(|value| Message::Choose(control, value))
    })
}
