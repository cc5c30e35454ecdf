//! What is asked when the window is closed while it holds game mode: keep it or end it.

use iced::widget::{column, container, row, stack, text};
use iced::{Center, Element, Fill, Task};

use super::focus;
use super::parts::{self, Room, bold, quiet};
use super::theme;
use crate::words::{Key, Words};

/// What ends a game mode that was kept.
const COMMAND: &str = "evenkeel game-mode off";

/// What can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Leave game mode on, close the window.
    Keep,
    /// End game mode, close the window.
    End,
    /// Don't close.
    Stay,
    /// Whether the answer counts for next time too.
    Remember(bool),
}

/// Puts the focus on the first answer.
pub fn focus_first<M: Send + 'static>() -> Task<M> {
    iced::widget::operation::focus("close-keep")
}

/// The question above `behind`, which cannot be reached meanwhile.
pub fn view<'a, M: Clone + 'a>(
    behind: Element<'a, M>,
    remember: bool,
    words: &Words,
    room: Room,
    answer: impl Fn(Message) -> M + 'a,
) -> Element<'a, M> {
    let press = |id, key, message| {
        let answer = answer(message);
        parts::press(id, words.say(key), message == Message::Keep, Some(answer))
    };
    let answers = row![
        press("close-keep", Key::QuestionKeep, Message::Keep),
        press("close-end", Key::QuestionEnd, Message::End),
        press("close-stay", Key::QuestionStay, Message::Stay),
    ]
    .spacing(room.gap());
    let mark = if remember { "●" } else { "○" };
    let always = format!("{mark}  {}", words.say(Key::QuestionRemember));
    let always = parts::press(
        "close-remember",
        always,
        remember,
        Some(answer(Message::Remember(!remember))),
    );
    let inside = column![
        bold(words.say(Key::QuestionTitle), theme::TITLE),
        text(words.say(Key::QuestionExplain)).size(theme::BODY),
        quiet(words.tell(Key::QuestionLater, [("command", COMMAND.into())])),
        answers.wrap().vertical_spacing(room.gap()),
        always,
    ]
    .spacing(16);
    let card = container(inside)
        .max_width(640)
        .padding(2.0 * room.gap())
        .style(theme::card);
    let above = container(card)
        .width(Fill)
        .height(Fill)
        .align_x(Center)
        .align_y(Center)
        .padding(room.gap())
        .style(theme::veil);
    stack![focus::inert(behind), above].into()
}
