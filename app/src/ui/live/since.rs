//! The card about what game mode has brought: two columns, before and now, and where the numbers
//! are from.

use iced::widget::{column, container, row, space, text};
use iced::{Alignment, Element, Fill};

use super::Message;
use crate::ui::compare::{Comparison, Met};
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// The card.
pub fn view<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let title = bold(words.say(Key::SinceTitle), theme::HEADING);
    let said = |key| text(words.say(key)).style(theme::quiet).into();
    let (told, compared) = match model.comparison {
        Comparison::Off => (said(Key::SinceOff), false),
        Comparison::Waiting => (said(Key::SinceWaiting), false),
        Comparison::Nothing => (said(Key::SinceNothing), true),
        Comparison::Found { average, leader } => (found(average, leader, words), true),
    };
    let source = compared.then(|| quiet(words.say(Key::SinceSource)));
    let inside = column![title, space().height(6), told, space().height(Fill)].push(source);
    parts::card(inside, room).width(Fill).height(Fill).into()
}

fn found<'a>(average: Met, leader: Met, words: &Words) -> Element<'a, Message> {
    let time = |us: u64| words.milliseconds(us * 1000);
    let share = |permille: u64| words.percent(permille as u32);
    let nearly_all = words.say(Key::CardP99);
    let jitter = words.say(Key::CardJitter);
    let loss = words.say(Key::CardLossShort);
    column![
        figure(nearly_all, average.p99_us, leader.p99_us, time),
        figure(jitter, average.jitter_us, leader.jitter_us, time),
        figure(loss, average.loss_permille, leader.loss_permille, share),
    ]
    .spacing(2)
    .into()
}

/// One line of before and after. What got worse has another colour and another arrow.
fn figure<'a>(
    name: String,
    before: u64,
    after: u64,
    unit: impl Fn(u64) -> String,
) -> Element<'a, Message> {
    let (ink, arrow) = match after.cmp(&before) {
        std::cmp::Ordering::Less => (Ink::Good, "↓"),
        std::cmp::Ordering::Equal => (Ink::Quiet, "→"),
        std::cmp::Ordering::Greater => (Ink::Warn, "↑"),
    };
    let small = |content: String| {
        text(content)
            .size(theme::SMALL)
            .style(theme::quiet)
            .wrapping(text::Wrapping::None)
    };
    row![
        container(small(name)).width(74),
        container(small(unit(before))).width(56).align_right(56),
        text(format!("{arrow} {}", unit(after)))
            .style(theme::ink(ink))
            .font(theme::BOLD)
            .wrapping(text::Wrapping::None),
    ]
    .spacing(8)
    .align_y(Alignment::Center)
    .into()
}
