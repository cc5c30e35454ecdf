//! The window. It shows what the helper says and asks for what the user presses; it decides
//! nothing about routes, and works without any privilege.

mod absent;
mod alone;
mod app;
mod bus;
mod chart;
mod compare;
mod display;
mod drafts;
mod focus;
mod gamepad;
mod hints;
mod history;
mod icons;
mod instance;
mod live;
mod model;
mod notify;
mod parts;
mod question;
mod reveal;
mod scale;
mod spatial;
mod speech;
#[cfg(test)]
mod tests;
mod theme;
mod tune;

use std::process::ExitCode;

use iced::advanced::widget::Id;
use iced::{Size, window};

use crate::config::Store;
use crate::words::{Language, Words};
use app::App;

/// The application id, the desktop file's name, and the icon's.
pub const APPLICATION_ID: &str = "io.github.evenkeel.Evenkeel";
/// The bundled fonts, regular and bold.
pub const FONTS: [&[u8]; 2] = [
    include_bytes!("../../../assets/fonts/EvenkeelSans-Regular.otf"),
    include_bytes!("../../../assets/fonts/EvenkeelSans-Bold.otf"),
];
/// The part of a screen that scrolls.
const PAGE: Id = Id::new("page");
/// The row of cards, where it scrolls.
const CARDS: Id = Id::new("cards");

const SIZE: Size = Size::new(1280.0, 800.0);
const MIN_SIZE: Size = Size::new(800.0, 500.0);

/// Opens the window and returns when it is closed.
pub fn run() -> ExitCode {
    if let Some(why) = display::missing(|name| std::env::var(name).ok()) {
        return refuse(&why);
    }
    if instance::raised_another() {
        return ExitCode::SUCCESS;
    }
    let program = iced::application(open, App::update, App::view)
        .title("Evenkeel")
        .subscription(App::subscription)
        .theme(App::theme)
        .settings(iced::Settings {
            id: Some(APPLICATION_ID.to_owned()),
            fonts: FONTS.map(Into::into).to_vec(),
            default_font: theme::FONT,
            default_text_size: theme::BODY.into(),
            ..iced::Settings::default()
        })
        .window(window::Settings {
            exit_on_close_request: false,
            size: SIZE,
            min_size: Some(MIN_SIZE),
            platform_specific: window::settings::PlatformSpecific {
                application_id: APPLICATION_ID.to_owned(),
                ..window::settings::PlatformSpecific::default()
            },
            ..window::Settings::default()
        });
    match program.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

/// The window as the user's settings want it.
fn open() -> App {
    let store = Store::of_user(|name| std::env::var(name).ok());
    App::open(Words::new(Language::of_system()), SIZE, store)
}

#[allow(
    clippy::print_stderr,
    reason = "the one place where the window speaks to a terminal"
)]
fn refuse(why: &str) -> ExitCode {
    eprintln!("evenkeel: the window did not open: {why}.");
    eprintln!("Use `evenkeel watch` for a view in the terminal, or `evenkeel --help`.");
    ExitCode::FAILURE
}
