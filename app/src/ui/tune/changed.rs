//! Everything that is changed on this machine, or could be: what it does, its values, who has it.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Fill};

use evenkeel_dbus::{TunableInfo, TunableState};

use super::Message;
use crate::state::HelperState;
use crate::steering;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::speech;
use crate::ui::theme::{self, Ink};
use crate::ui::told;
use crate::words::{Key, Words};

/// The card. What was touched comes first.
pub fn view<'a>(state: &'a HelperState, words: &'a Words, room: Room) -> Element<'a, Message> {
    let stage = |tunable: &TunableInfo| TunableState::from_wire(tunable.state);
    let (idle, touched): (Vec<_>, Vec<_>) = state
        .tunables
        .iter()
        .partition(|tunable| stage(tunable) == TunableState::Idle);
    let held = touched.iter().any(|t| stage(t) == TunableState::Held);
    let drains = steering::draining(state.draining);
    let any = state.game_mode || drains.is_some() || held;
    let revert = words.say(Key::TunablesRevert);
    let revert = parts::press("revert", revert, false, any.then_some(Message::Revert));
    let top = row![
        container(bold(words.say(Key::TunablesTitle), theme::HEADING)).width(Fill),
        revert,
    ]
    .spacing(10)
    .align_y(Alignment::Center);
    let mut inside = column![top].spacing(10);
    if let Some((rules, minutes)) = drains {
        let values = [("rules", rules.into()), ("minutes", minutes.into())];
        inside = inside.push(text(words.tell(Key::Draining, values)));
        inside = inside.push(quiet(words.say(Key::TunablesDraining)));
    } else if touched.is_empty() {
        inside = inside.push(quiet(words.say(Key::TunablesNone)));
    }
    let mut explained = None;
    for tunable in touched.into_iter().chain(idle) {
        // What IPv4 and IPv6 have in common is said once.
        let does = Some(speech::tunable_does_key(&tunable.id));
        let new = does.filter(|_| explained != does);
        explained = does;
        inside = inside.push(line(tunable, new, words));
    }
    if held {
        inside = inside.push(quiet(words.say(Key::TunablesHow)));
    }
    parts::card(inside, room).width(Fill).into()
}

fn line<'a>(tunable: &'a TunableInfo, does: Option<Key>, words: &'a Words) -> Element<'a, Message> {
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
    let current = or_dash(&tunable.current);
    let change = if state == TunableState::Idle || tunable.original.is_empty() {
        words.tell(Key::TunableValue, [("current", current.into())])
    } else {
        let original = or_dash(&tunable.original);
        let values = [("original", original.into()), ("current", current.into())];
        words.tell(Key::TunableChange, values)
    };
    let stands = text(words.say(speech::tunable_key(state)))
        .size(theme::SMALL)
        .style(theme::ink(ink));
    let why = told::why_not(tunable, words);
    let why = (!why.is_empty()).then(|| text(why).size(theme::SMALL).style(theme::ink(ink)));
    let standing = row![quiet(change), stands].spacing(12);
    column![text(speech::tunable_name(&tunable.id, words))]
        .push(does.map(|key| quiet(words.say(key))))
        .push(standing.wrap().vertical_spacing(2))
        .push(why)
        .spacing(2)
        .into()
}
