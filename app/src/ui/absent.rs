//! What the window says while the helper is away: a calm banner above the page, and the page of a
//! screen that has nothing to show without it. Measuring without a helper is not done here.

use iced::widget::{Container, column, container, row, text};
use iced::{Alignment, Element, Fill};

use super::icons::{Icon, icon};
use super::model::{Link, Model};
use super::parts::{Room, bold, quiet};
use super::theme::{self, Ink};
use crate::installation::{Lack, Remedy};
use crate::words::{Key, Words};

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
    remedy: Option<Remedy>,
    words: &Words,
    room: Room,
) -> Element<'a, Message> {
    let remedy = remedy.filter(|_| absence != Absence::NoBus);
    let (title, more) = match (absence, remedy) {
        (Absence::NoBus, _) => (Key::AbsentNoBus, Key::AbsentAlone),
        (Absence::NeverSeen, None) => (Key::AbsentNotRunning, Key::AbsentAlone),
        (Absence::NeverSeen, Some(remedy)) => (lacks(remedy), helps(remedy)),
        (Absence::Lost, None) => (Key::NoticeUnreachable, Key::AbsentLost),
        (Absence::Lost, Some(_)) => (Key::NoticeUnreachable, Key::AbsentLostHelps),
    };
    let title = text(words.say(title)).font(theme::BOLD);
    let more = text(words.say(more)).size(theme::SMALL).style(theme::quiet);
    let command = remedy.map(|remedy| {
        let high = if room.is_compact() { 4 } else { 10 };
        command(remedy).padding([high, 14])
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

/// The command of a remedy, as something to be typed.
pub fn command<'a, Message: 'a>(remedy: Remedy) -> Container<'a, Message> {
    let command = text(remedy.command()).size(theme::SMALL).font(theme::BOLD);
    container(command).style(theme::command)
}

/// What the helper lacks.
pub fn lacks(remedy: Remedy) -> Key {
    match remedy.lack() {
        Lack::Package | Lack::Bundle | Lack::Source => Key::AbsentNotInstalled,
        Lack::Torn => Key::AbsentTorn,
        Lack::Stopped => Key::AbsentNotRunning,
        Lack::Silent => Key::AbsentSilent,
    }
}

/// What its command does, and where it is to be typed.
pub fn helps(remedy: Remedy) -> Key {
    match remedy.lack() {
        Lack::Package => Key::AbsentPackage,
        Lack::Bundle => Key::AbsentBundle,
        Lack::Source => Key::AbsentSource,
        Lack::Torn => Key::AbsentMend,
        Lack::Stopped => Key::AbsentStart,
        Lack::Silent => Key::AbsentRestart,
    }
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
