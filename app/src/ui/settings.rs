//! The Settings screen: what the user chooses about this window, and what is installed. Not the
//! helper's settings: those are on the Tune screen.

mod facts;
pub mod target;

pub use facts::Facts;

use iced::widget::{column, container, row, scrollable, text};
use iced::{Alignment, Element, Fill, Padding};

use super::abreast::abreast;
use super::parts::{self, Room, bold, quiet};
use super::theme;
use crate::config::{
    Choice, LanguageChoice, OnClose, REFRESH_HZ, Settings, TEXT_PERCENT, ThemeChoice,
};
use crate::words::{Key, Words};
use target::Typing;

/// What is done on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Something was chosen.
    Choose(Choice),
    /// In the field for the address.
    Target(target::Message),
}

/// From this width of the page on there is room for two cards beside each other.
const ABREAST: f32 = 1040.0;

/// The screen below the header.
pub fn view<'a>(
    settings: &'a Settings,
    typing: &Typing,
    facts: Facts<'a>,
    words: &'a Words,
    room: Room,
) -> Element<'a, Message> {
    let chosen = parts::card(choices(settings, typing, words), room).width(Fill);
    let found = parts::card(facts::view(facts, words), room).width(Fill);
    let page: Element<'a, Message> = if room.page_width() < ABREAST {
        column![chosen, found].spacing(room.gap()).into()
    } else {
        abreast([(8, chosen.into()), (5, found.into())], room.gap())
    };
    // Where it may have to scroll.
    let beside_bar = if room.size.height < 780.0 { 12 } else { 0 };
    scrollable(container(page).padding(Padding::ZERO.right(beside_bar)))
        .id(super::PAGE)
        .style(theme::scroll)
        .height(Fill)
        .into()
}

fn choices<'a>(settings: &Settings, typing: &Typing, words: &Words) -> Element<'a, Message> {
    let say = |key| words.say(key);
    let system = || say(Key::ChoiceSystem);
    let language = parts::choices(
        "language",
        [
            (LanguageChoice::System, system()),
            (LanguageChoice::English, say(Key::LanguageEnglish)),
            (LanguageChoice::Korean, say(Key::LanguageKorean)),
        ],
        settings.language,
        Choice::Language,
    );
    let look = parts::choices(
        "theme",
        [
            (ThemeChoice::System, system()),
            (ThemeChoice::Dark, say(Key::ThemeDark)),
            (ThemeChoice::Light, say(Key::ThemeLight)),
            (ThemeChoice::HighContrast, say(Key::ThemeContrast)),
        ],
        settings.theme,
        Choice::Theme,
    );
    let size = parts::choices(
        "text",
        TEXT_PERCENT.map(|percent| (percent, words.percent(percent * 10))),
        settings.text_percent,
        Choice::TextPercent,
    );
    let refresh = parts::choices(
        "refresh",
        REFRESH_HZ.map(|hz| (hz, words.number(hz.into(), 0))),
        settings.refresh_hz,
        Choice::RefreshHz,
    );
    let notify = parts::choices(
        "notify",
        [(false, say(Key::ChoiceOff)), (true, say(Key::ChoiceOn))],
        settings.notify,
        Choice::Notify,
    );
    let close = parts::choices(
        "close",
        [
            (OnClose::Ask, say(Key::CloseAsk)),
            (OnClose::Keep, say(Key::CloseKeep)),
            (OnClose::End, say(Key::CloseEnd)),
        ],
        settings.on_close,
        Choice::OnClose,
    );
    let line = |title, hint, choices| {
        let said = column![text(words.say(title)), quiet(words.say(hint))].spacing(2);
        let choices: Element<'a, Choice> = choices;
        row![said.width(Fill), choices.map(Message::Choose)]
            .spacing(16)
            .align_y(Alignment::Center)
    };
    let field = typing.field(settings.target).map(Message::Target);
    let target = row![typing.said(settings.target, words), field]
        .spacing(16)
        .align_y(Alignment::Center);
    column![
        bold(words.say(Key::SettingsTitle), theme::HEADING),
        line(Key::SettingsLanguage, Key::SettingsLanguageHint, language),
        line(Key::SettingsTheme, Key::SettingsThemeHint, look),
        line(Key::SettingsText, Key::SettingsTextHint, size),
        line(Key::SettingsRefresh, Key::SettingsRefreshHint, refresh),
        target,
        line(Key::SettingsNotify, Key::SettingsNotifyHint, notify),
        line(Key::SettingsClose, Key::SettingsCloseHint, close),
    ]
    .spacing(14)
    .into()
}
