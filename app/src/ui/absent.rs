//! The page without a helper: what is missing and the one thing to do.

use iced::Element;
use iced::widget::{column, container, text};
use iced::{Center, Fill};

use super::model::Link;
use super::parts::{Room, bold, quiet};
use super::theme;
use crate::words::{Key, Words};

/// What starts the helper.
const COMMAND: &str = "sudo systemctl enable --now evenkeeld";

/// The page, or nothing but a line while it is not known yet.
pub fn view<'a, Message: 'a>(link: Link, words: &Words, room: Room) -> Element<'a, Message> {
    let why = match link {
        Link::NoBus => Key::AbsentNoBus,
        Link::NoHelper => Key::AbsentNotRunning,
        Link::Searching | Link::Present => {
            return container(quiet(words.say(Key::InForceSearching)))
                .center(Fill)
                .into();
        }
    };
    let mut inside = column![
        bold(words.say(Key::AbsentTitle), theme::TITLE),
        text(words.say(why)).size(theme::BODY).center(),
    ]
    .spacing(16)
    .align_x(Center)
    .max_width(640);
    if link == Link::NoHelper {
        let command = container(text(COMMAND).size(theme::BODY).font(theme::BOLD));
        inside = inside
            .push(text(words.say(Key::AbsentDo)))
            .push(command.padding([14, 22]).style(theme::command));
    }
    let inside = inside.push(quiet(words.say(Key::AbsentWaiting)));
    let card = container(inside)
        .padding(2.0 * room.gap() + 8.0)
        .style(theme::card);
    container(card).center(Fill).into()
}
