//! The window. It shows what the helper says and asks for what the user presses; it decides
//! nothing about routes, and works without any privilege.

mod abreast;
mod absent;
mod alone;
mod app;
mod blame;
mod bus;
mod cause;
mod chart;
mod clock;
mod compare;
mod display;
mod drafts;
mod drawing;
mod events;
mod eye;
mod focus;
mod frame;
mod game;
mod gamepad;
mod ghost;
mod hints;
mod history;
mod icons;
mod instance;
mod live;
mod measure;
mod model;
mod notify;
pub mod off_screen;
pub(crate) mod page;
mod parts;
mod portal;
mod preview;
mod question;
mod reveal;
mod scale;
mod settings;
mod spatial;
mod speech;
mod spikes;
mod spread;
mod strip;
#[cfg(test)]
mod tests;
pub(crate) mod theme;
mod told;
mod tune;
mod verdict;
mod welcome;

use std::process::ExitCode;

use iced::advanced::widget::Id;
use iced::window;

use crate::config::{Settings, Store};
use crate::measure::history::History;
use crate::words::Language;
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
/// A list beside the part of a screen that scrolls.
const LIST: Id = Id::new("list");
/// The row of cards, where it scrolls.
const CARDS: Id = Id::new("cards");

/// Opens the window, as a strip where that is asked for, and returns when it is closed.
pub fn run(strip: bool) -> ExitCode {
    if let Some(why) = display::missing(|name| std::env::var(name).ok()) {
        return refuse(&why);
    }
    if instance::raised_another(strip) {
        return ExitCode::SUCCESS;
    }
    // Read here for the size alone; the window reads the same file once more when it opens.
    let mut wanted = store().map_or_else(Settings::default, |mut store| store.load().settings);
    wanted.strip |= strip;
    let program = iced::application(move || open(strip), App::update, App::view)
        .title("Evenkeel")
        .subscription(App::subscription)
        .theme(App::theme)
        .scale_factor(App::scale_factor)
        .settings(iced::Settings {
            id: Some(APPLICATION_ID.to_owned()),
            fonts: FONTS.map(Into::into).to_vec(),
            default_font: theme::FONT,
            default_text_size: theme::BODY.into(),
            ..iced::Settings::default()
        })
        .window(window::Settings {
            exit_on_close_request: false,
            size: frame::size(&wanted),
            min_size: Some(frame::least_size(&wanted)),
            platform_specific: window::settings::PlatformSpecific {
                application_id: APPLICATION_ID.to_owned(),
                ..window::settings::PlatformSpecific::default()
            },
            ..window::Settings::default()
        });
    display::refuse_instead_of_panicking(|why| {
        let _ = refuse(why);
    });
    match program.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

/// The window as the user's settings want it.
fn open(strip: bool) -> App {
    let kernel = nix::sys::utsname::uname().ok();
    let release = kernel.map(|kernel| kernel.release().to_string_lossy().into_owned());
    let kernel = release.unwrap_or_default();
    let mut app = App::open(Language::of_system(), kernel, store(), strip);
    app.history = History::of_user(|name| std::env::var(name).ok());
    app.saves_to = measure::save::folders;
    app
}

fn store() -> Option<Store> {
    Store::of_user(|name| std::env::var(name).ok())
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
