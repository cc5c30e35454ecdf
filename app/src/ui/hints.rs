//! The line that says what a gamepad's buttons do, shown while a gamepad is in use.

use iced::widget::{container, row, text};
use iced::{Alignment, Element};

use super::parts::quiet;
use super::theme;
use crate::words::{Key, Words};

/// The buttons by the names printed on them, and what they do.
const BUTTONS: [(&str, Key); 6] = [
    ("A", Key::PadPress),
    ("B", Key::PadBack),
    ("X", Key::PadPause),
    ("Y", Key::PadGameMode),
    ("LB RB", Key::PadPlaces),
    ("LT RT", Key::PadReadOut),
];

/// The line.
pub fn view<'a, Message: 'a>(words: &Words) -> Element<'a, Message> {
    let buttons = BUTTONS.into_iter().map(|(name, key)| {
        let name = text(name).size(theme::SMALL).font(theme::BOLD);
        let cap = container(name).padding([1, 8]).style(theme::cap);
        row![cap, quiet(words.say(key))]
            .spacing(6)
            .align_y(Alignment::Center)
            .into()
    });
    row(buttons).spacing(18).wrap().vertical_spacing(4).into()
}
