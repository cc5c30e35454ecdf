//! The places whose content the window does not have yet: what they are for, said honestly, and
//! what can be used today.

use iced::widget::{column, container, row, scrollable, text};
use iced::{Alignment, Center, Element, Fill};

use super::icons::{Icon, icon};
use super::parts::{self, Room, badge, bold};
use super::theme::{self, Ink};
use crate::words::{Key, Words};

/// What one of these places says.
struct Place {
    mark: Icon,
    title: Key,
    what: Key,
    live: Key,
    terminal: Key,
    command: &'static str,
}

const MEASURE: Place = Place {
    mark: Icon::Measure,
    title: Key::LaterMeasureTitle,
    what: Key::LaterMeasureWhat,
    live: Key::LaterMeasureLive,
    terminal: Key::LaterMeasureTerminal,
    command: "evenkeel measure --game-mode",
};

/// The Measure screen; `live` leads to the Live screen.
pub fn measure<'a, Message: Clone + 'a>(
    live: Message,
    words: &Words,
    room: Room,
) -> Element<'a, Message> {
    view(&MEASURE, live, words, room)
}

fn view<'a, Message: Clone + 'a>(
    place: &Place,
    live: Message,
    words: &Words,
    room: Room,
) -> Element<'a, Message> {
    let top = row![
        icon(place.mark, Ink::Good),
        bold(words.say(place.title), theme::TITLE),
        badge(words.say(Key::LaterBadge), Ink::Warn),
    ]
    .spacing(14)
    .align_y(Alignment::Center);
    let go = parts::press("later-live", words.say(Key::LaterGo), false, Some(live));
    let today = row![text(words.say(place.live)).width(Fill), go]
        .spacing(16)
        .align_y(Alignment::Center);
    let inside = column![
        top.wrap(),
        text(words.say(place.what)),
        bold(words.say(Key::LaterToday), theme::HEADING),
        today,
        text(words.say(place.terminal)),
        parts::command(place.command),
    ]
    .spacing(room.gap());
    let card = container(inside)
        .padding(2.0 * room.gap() + 4.0)
        .max_width(760)
        .style(theme::card);
    let page = scrollable(container(card).width(Fill).align_x(Center))
        .id(super::PAGE)
        .style(theme::scroll);
    container(page).center_y(Fill).into()
}
