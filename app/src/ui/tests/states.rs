//! Every screen in every state that helper and kernel can be in: pictures of each, in both languages.

use std::path::PathBuf;

use evenkeel_dbus::{Backend, HelperError, Reason};
use iced::{Size, window};

use super::pictures::{everywhere, in_every_theme};
use super::{Scene, state, uplinks};
use crate::config::Store;
use crate::state::HelperState;
use crate::ui::alone;
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, Event, FeedEvent};
use crate::words::Language;

/// A window on a machine on which settings are kept.
fn opened(language: Language, size: Size) -> App {
    let store = Store::at(PathBuf::from("/home/player/.config/evenkeel/settings.json"));
    let mut app = App::open(language, "6.18.1-arch1-1".to_owned(), Some(store), false);
    app.settings.welcomed = true;
    let resized = window::Event::Resized(size);
    let _ = app.update(Message::Window(resized));
    app
}

/// The same with a helper that says this.
fn helped(state: HelperState, language: Language, size: Size) -> Scene {
    let mut app = opened(language, size);
    let told = Event::State(Box::new(state.clone()));
    let _ = app.update(Message::Bus(told));
    let _ = app.update(Message::Feed(FeedEvent::Opened));
    Scene { app, state, size }
}

fn ecmp(uplinks_count: usize, language: Language, size: Size) -> Scene {
    let state = state(Backend::Ecmp, Reason::Ready, uplinks(uplinks_count));
    helped(state, language, size)
}

/// Every screen of it, each with its golden image, drawn by `picture`.
fn every_screen(
    name: &str,
    build: fn(Language, Size) -> Scene,
    picture: impl Fn(&str, &dyn Fn(Language, Size) -> App),
) {
    for screen in Screen::ALL {
        let name = format!("{screen:?}-{name}").to_lowercase();
        picture(&name, &|language, size| {
            let mut scene = build(language, size);
            let _ = scene.app.update(Message::Show(screen));
            if screen == Screen::Tune && scene.app.model.state.is_some() {
                scene.foresee(512);
            }
            scene.app
        });
    }
}

#[test]
fn every_screen_without_a_helper() {
    let build = |language, size| {
        let mut app = opened(language, size);
        let _ = app.update(Message::Bus(Event::NoHelper));
        let found = alone::Event::Uplinks(uplinks(3));
        let _ = app.update(Message::Alone(found));
        let _ = app.update(Message::Feed(FeedEvent::Opened));
        let state = state(Backend::Observe, Reason::Ready, uplinks(3));
        let mut scene = Scene { app, state, size };
        scene.play_on("drive3_trip_2_05_13_2023", 0, 600);
        scene
    };
    every_screen("absent", build, |name, app| everywhere(name, app));
}

#[test]
fn every_screen_with_one_uplink_to_observe() {
    let build = |language, size| {
        let state = state(Backend::Observe, Reason::OneUplink, uplinks(1));
        let mut scene = helped(state, language, size);
        scene.play("5g2_urban", 600, usize::MAX);
        scene
    };
    every_screen("observe", build, |name, app| everywhere(name, app));
}

#[test]
fn every_screen_with_several_uplinks_and_game_mode_off() {
    let build = |language, size| {
        let mut scene = ecmp(3, language, size);
        scene.play("drive3_trip_2_05_13_2023", 900, usize::MAX);
        scene
    };
    every_screen("ecmp", build, |name, app| everywhere(name, app));
}

#[test]
fn every_screen_on_a_patched_kernel() {
    let build = |language, size| {
        let state = state(Backend::Lowpower, Reason::Ready, uplinks(2));
        let mut scene = helped(state, language, size);
        scene.play("5g2_urban", 1200, usize::MAX);
        scene
    };
    every_screen("patched", build, |name, app| everywhere(name, app));
}

#[test]
fn every_screen_with_game_mode_on() {
    let build = |language, size| {
        let mut scene = ecmp(2, language, size);
        scene.play("5g2_urban", 1900, 900);
        scene
    };
    every_screen("on", build, |name, app| in_every_theme(name, app));
}

#[test]
fn every_screen_after_the_helper_was_lost() {
    let build = |language, size| {
        let mut scene = ecmp(2, language, size);
        scene.play("5g2_urban", 900, 300);
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        scene
    };
    every_screen("lost", build, |name, app| everywhere(name, app));
}

#[test]
fn every_screen_with_a_refusal() {
    let build = |language, size| {
        let mut scene = ecmp(2, language, size);
        scene.play("5g2_urban", 900, usize::MAX);
        let error = HelperError::ConflictingRoutes(
            "default via 192.168.1.1 dev enp0s13f0 metric 100 was replaced meanwhile".to_owned(),
        );
        let answer = Message::Answered(Call::EnterGameMode, Err(error));
        let _ = scene.app.update(answer);
        scene
    };
    every_screen("error", build, |name, app| everywhere(name, app));
}
