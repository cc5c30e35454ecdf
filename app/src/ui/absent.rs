//! What the window says while the helper is away: a calm banner above the page, and the page of a
//! screen that has nothing to show without it. Measuring without a helper is not done here.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Fill};

use super::icons::{Icon, icon};
use super::model::{Link, Model};
use super::parts::{Room, bold, quiet};
use super::theme::{self, Ink};
use crate::words::{Key, Words};

/// What starts the helper where it is installed.
const COMMAND: &str = "sudo systemctl enable --now evenkeeld";

/// Why there is no helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The system bus does not answer.
    NoBus,
    /// It has not been there since the window opened.
    NeverSeen,
    /// It was there.
    Lost,
}

/// Why there is none; `None` while there is one, or while nobody knows yet.
pub fn absence(model: &Model) -> Option<Absence> {
    match (model.link, model.state.is_some()) {
        (Link::Searching | Link::Present, _) => None,
        (_, true) => Some(Absence::Lost),
        (Link::NoBus, false) => Some(Absence::NoBus),
        (Link::NoHelper, false) => Some(Absence::NeverSeen),
    }
}

/// The banner above the page.
pub fn banner<'a, Message: 'a>(
    absence: Absence,
    words: &Words,
    room: Room,
) -> Element<'a, Message> {
    let (title, more) = match absence {
        Absence::NoBus => (Key::AbsentNoBus, Key::AbsentAlone),
        Absence::NeverSeen => (Key::AbsentNotRunning, Key::AbsentStart),
        Absence::Lost => (Key::NoticeUnreachable, Key::AbsentLost),
    };
    let title = text(words.say(title)).font(theme::BOLD);
    let more = text(words.say(more)).size(theme::SMALL).style(theme::quiet);
    let command = (absence == Absence::NeverSeen).then(|| {
        let command = text(COMMAND).size(theme::SMALL).font(theme::BOLD);
        let high = if room.is_compact() { 4 } else { 10 };
        container(command).padding([high, 14]).style(theme::command)
    });
    let mark = icon(Icon::Away, Ink::Warn);
    let inside = if room.is_compact() {
        row![mark, column![title].push(command).spacing(4).width(Fill)]
    } else {
        row![mark, column![title, more].spacing(2).width(Fill)].push(command)
    };
    let inside = inside.spacing(14).align_y(Alignment::Center);
    container(inside)
        .width(Fill)
        .padding([10, 16])
        .style(theme::notice)
        .into()
}

/// The page of a screen that has nothing to show yet, and `what` it waits for.
pub fn page<'a, Message: 'a>(
    model: &Model,
    what: Key,
    words: &Words,
    room: Room,
) -> Element<'a, Message> {
    let (title, more) = match model.link {
        Link::Searching | Link::Present => (Key::InForceSearching, None),
        Link::NoBus | Link::NoHelper => (what, Some(Key::AbsentWaiting)),
    };
    let inside = column![bold(words.say(title), theme::HEADING)]
        .push(more.map(|more| quiet(words.say(more))))
        .spacing(8)
        .align_x(Alignment::Center)
        .max_width(560);
    container(inside).center(Fill).padding(room.gap()).into()
}
