//! What several screens are made of: buttons that can be reached, cards, texts, the big switch.

use iced::advanced::widget::Id;
use iced::widget::{button, column, container, row, space, text};
use iced::{Alignment, Element, Fill, Length, Padding, Size};

use super::focus::{Focus, focus};
use super::theme::{self, Ink};

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Room {
    /// The window in logical pixels.
    pub size: Size,
}

impl Room {
    /// True on small screens: tighter spacing, fewer words.
    pub fn is_compact(self) -> bool {
        self.size.width < 1000.0 || self.size.height < 640.0
    }

    /// The width of the rail.
    pub fn rail(self) -> f32 {
        if self.is_compact() { 84.0 } else { 92.0 }
    }

    /// Between cards, and around the page.
    pub fn gap(self) -> f32 {
        if self.is_compact() { 10.0 } else { 16.0 }
    }

    /// What is left for a page.
    pub fn page_width(self) -> f32 {
        self.size.width - self.rail() - 2.0 * self.gap()
    }
}

/// Small quiet text.
pub fn quiet<'a, Message: 'a>(content: impl text::IntoFragment<'a>) -> Element<'a, Message> {
    text(content).size(theme::SMALL).style(theme::quiet).into()
}

/// Bold text.
pub fn bold<'a, Message: 'a>(
    content: impl text::IntoFragment<'a>,
    size: f32,
) -> Element<'a, Message> {
    text(content).size(size).font(theme::BOLD).into()
}

/// A card around `content`.
pub fn card<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    room: Room,
) -> container::Container<'a, Message> {
    let padding = card_padding(room);
    container(content).padding(padding).style(theme::card)
}

/// Between the edge of a card and what is in it.
pub fn card_padding(room: Room) -> f32 {
    if room.is_compact() { 12.0 } else { 18.0 }
}

/// How far above the lower edge of a line its letters stand, as a part of their size.
const STAND: f32 = 0.19;

/// A large number and its small unit on one base line; without a number there is no unit.
pub fn amount<'a, Message: 'a>(
    number: Option<String>,
    unit: String,
    size: f32,
) -> Element<'a, Message> {
    let raised = Padding::ZERO.bottom(STAND * (size - theme::SMALL));
    let unit = number
        .is_some()
        .then(|| container(quiet(unit)).padding(raised));
    row![bold(number.unwrap_or_else(|| "–".to_owned()), size)]
        .push(unit)
        .spacing(5)
        .align_y(Alignment::End)
        .into()
}

/// A word in a coloured pill.
pub fn badge<'a, Message: 'a>(content: String, ink: Ink) -> Element<'a, Message> {
    container(
        text(content)
            .size(theme::SMALL)
            .font(theme::BOLD)
            .wrapping(text::Wrapping::None),
    )
    .padding([2, 8])
    .style(theme::badge(ink))
    .into()
}

/// Beside the label of a button.
const PADDING: f32 = 18.0;

/// A button that can be reached; disabled without a message.
pub fn press<'a, Message: Clone + 'a>(
    id: impl Into<Id>,
    label: String,
    chosen: bool,
    message: Option<Message>,
) -> Focus<'a, Message> {
    let label = text(label)
        .size(theme::BODY)
        .wrapping(text::Wrapping::None)
        .center()
        .height(Fill);
    // A single digit is as wide as a thumb too.
    let least = space().width(theme::TARGET - 2.0 * PADDING);
    let label = column![label, least].align_x(Alignment::Center);
    let button = button(label)
        .height(theme::TARGET)
        .padding([0.0, PADDING])
        .style(theme::plain_button(chosen))
        .on_press_maybe(message.clone());
    focus(id, button).on_press(message)
}

/// A row of buttons of which one is in force.
pub fn choices<'a, T, Message, const N: usize>(
    name: &str,
    offered: [(T, String); N],
    chosen: T,
    message: impl Fn(T) -> Message,
) -> Element<'a, Message>
where
    T: Copy + PartialEq,
    Message: Clone + 'a,
{
    let buttons = offered
        .into_iter()
        .enumerate()
        .map(|(index, (value, label))| {
            let id = format!("{name}-{index}");
            press(id, label, value == chosen, Some(message(value))).into()
        });
    row(buttons).spacing(8).into()
}

/// Minus, what is chosen in `width`, plus; left and right arrows do the same. `step` says what -1 and
/// 1 do, nothing at the ends.
pub fn stepper<'a, Message: Clone + 'a>(
    id: impl Into<Id>,
    shown: String,
    width: f32,
    step: impl Fn(i32) -> Option<Message>,
) -> Element<'a, Message> {
    let [less, more] = [step(-1), step(1)];
    let side = |label: &'static str, next: Option<Message>| {
        let label = text(label)
            .size(theme::HEADING)
            .center()
            .width(Fill)
            .height(Fill);
        button(label)
            .width(theme::TARGET)
            .height(theme::TARGET)
            .padding(0)
            .style(theme::plain_button(false))
            .on_press_maybe(next)
    };
    let shown = container(bold(shown, theme::HEADING)).center_x(width);
    let all = row![side("−", less.clone()), shown, side("+", more.clone())];
    focus(id, all.align_y(Alignment::Center))
        .on_adjust(move |steps| {
            if steps < 0 {
                less.clone()
            } else {
                more.clone()
            }
        })
        .into()
}

/// The one thing to press on a page.
pub fn big_press<'a, Message: Clone + 'a>(
    id: impl Into<Id>,
    label: String,
    message: Option<Message>,
) -> Focus<'a, Message> {
    let label = text(label)
        .size(theme::HEADING)
        .font(theme::BOLD)
        .center()
        .height(Fill);
    let button = button(label)
        .height(60)
        .padding([0, 40])
        .style(theme::main_button)
        .on_press_maybe(message.clone());
    focus(id, button).on_press(message)
}

/// The one big switch. Without a message it is disabled, and `line` says why.
pub fn game_mode<'a, Message: Clone + 'a>(
    title: String,
    line: String,
    on: bool,
    message: Option<Message>,
    room: Room,
) -> Element<'a, Message> {
    let words = column![bold(title, theme::HEADING), text(line).size(theme::SMALL)]
        .spacing(2)
        .width(Fill);
    let enabled = message.is_some();
    let inside = row![words, knob(on, enabled)]
        .spacing(12)
        .align_y(Alignment::Center);
    let (width, height) = if room.is_compact() {
        (300.0, 64.0)
    } else {
        (360.0, 80.0)
    };
    // At least this high, and higher where the line is long.
    let inside = row![inside, space().width(1).height(height)].align_y(Alignment::Center);
    let button = button(inside)
        .width(width)
        .padding([6, 18])
        .style(theme::game_mode(on))
        .on_press_maybe(message.clone());
    focus("game-mode", button).on_press(message).into()
}

/// The switch itself: the knob's side says on or off, the colour repeats it.
fn knob<'a, Message: 'a>(on: bool, enabled: bool) -> Element<'a, Message> {
    let side = if on {
        iced::alignment::Horizontal::Right
    } else {
        iced::alignment::Horizontal::Left
    };
    let knob = container(space().width(30).height(30)).style(theme::knob(on, enabled));
    container(knob)
        .width(68)
        .height(38)
        .padding(4)
        .align_x(side)
        .style(theme::switch(on, enabled))
        .into()
}

/// A bar filled to `permille` thousandths.
pub fn bar<'a, Message: 'a>(permille: u32, ink: Ink) -> Element<'a, Message> {
    let permille = permille.min(1000) as u16;
    let part = |portion: u16| {
        container(space().height(8)).width(match portion {
            0 => Length::Fixed(0.0),
            portion => Length::FillPortion(portion),
        })
    };
    let filled = row![
        part(permille).style(theme::fill(ink)),
        part(1000 - permille)
    ];
    container(filled).width(Fill).style(theme::groove).into()
}
