//! Every screen in every state that helper and kernel can be in: pictures of each, in both languages.

use std::path::PathBuf;

use evenkeel_dbus::{Backend, HelperError, Reason};
use iced::{Size, window};

use super::pictures::{everywhere, in_every_theme};
use super::{Scene, lacks_helper, state, uplinks};
use crate::config::Store;
use crate::installation::Remedy;
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

/// The screens with graphs, and those without.
const DRAWN: [Screen; 2] = [Screen::Live, Screen::Tune];
const SAID: [Screen; 3] = [Screen::Measure, Screen::Spikes, Screen::Settings];

/// These screens of it, each with its golden image, drawn by `picture`.
fn pictures(
    name: &str,
    screens: &[Screen],
    build: fn(Language, Size) -> Scene,
    picture: impl Fn(&str, &dyn Fn(Language, Size) -> App),
) {
    for screen in screens.iter().copied() {
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

fn without_a_helper(language: Language, size: Size) -> Scene {
    let mut app = opened(language, size);
    lacks_helper(&mut app, Remedy::Deb);
    let found = alone::Event::Uplinks(uplinks(3));
    let _ = app.update(Message::Alone(found));
    let _ = app.update(Message::Feed(FeedEvent::Opened));
    let state = state(Backend::Observe, Reason::Ready, uplinks(3));
    let mut scene = Scene { app, state, size };
    scene.play_on("drive3_trip_2_05_13_2023", 0, 600);
    scene
}

fn with_one_uplink_to_observe(language: Language, size: Size) -> Scene {
    let state = state(Backend::Observe, Reason::OneUplink, uplinks(1));
    let mut scene = helped(state, language, size);
    scene.play("5g2_urban", 600, usize::MAX);
    scene
}

fn with_several_uplinks_and_game_mode_off(language: Language, size: Size) -> Scene {
    let mut scene = ecmp(3, language, size);
    scene.play("drive3_trip_2_05_13_2023", 900, usize::MAX);
    scene
}

fn on_a_patched_kernel(language: Language, size: Size) -> Scene {
    let state = state(Backend::Lowpower, Reason::Ready, uplinks(2));
    let mut scene = helped(state, language, size);
    scene.play("5g2_urban", 1200, usize::MAX);
    scene
}

fn with_game_mode_on(language: Language, size: Size) -> Scene {
    let mut scene = ecmp(2, language, size);
    scene.play("5g2_urban", 1900, 900);
    scene
}

fn after_the_helper_was_lost(language: Language, size: Size) -> Scene {
    let mut scene = ecmp(2, language, size);
    scene.play("5g2_urban", 900, 300);
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    scene
}

fn with_a_refusal(language: Language, size: Size) -> Scene {
    let mut scene = ecmp(2, language, size);
    scene.play("5g2_urban", 900, usize::MAX);
    let error = HelperError::ConflictingRoutes(
        "default via 192.168.1.1 dev enp0s13f0 metric 100 was replaced meanwhile".to_owned(),
    );
    let answer = Message::Answered(Call::EnterGameMode, Err(error));
    let _ = scene.app.update(answer);
    scene
}

#[test]
fn screens_with_graphs_without_a_helper() {
    pictures("absent", &DRAWN, without_a_helper, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn other_screens_without_a_helper() {
    pictures("absent", &SAID, without_a_helper, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn screens_with_graphs_with_one_uplink_to_observe() {
    pictures(
        "observe",
        &DRAWN,
        with_one_uplink_to_observe,
        |name, app| everywhere(name, app),
    );
}

#[test]
fn other_screens_with_one_uplink_to_observe() {
    pictures("observe", &SAID, with_one_uplink_to_observe, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn screens_with_graphs_with_several_uplinks_and_game_mode_off() {
    pictures(
        "ecmp",
        &DRAWN,
        with_several_uplinks_and_game_mode_off,
        |name, app| everywhere(name, app),
    );
}

#[test]
fn other_screens_with_several_uplinks_and_game_mode_off() {
    pictures(
        "ecmp",
        &SAID,
        with_several_uplinks_and_game_mode_off,
        |name, app| everywhere(name, app),
    );
}

#[test]
fn screens_with_graphs_on_a_patched_kernel() {
    pictures("patched", &DRAWN, on_a_patched_kernel, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn other_screens_on_a_patched_kernel() {
    pictures("patched", &SAID, on_a_patched_kernel, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn screens_with_graphs_with_game_mode_on() {
    pictures("on", &DRAWN, with_game_mode_on, |name, app| {
        in_every_theme(name, app);
    });
}

#[test]
fn other_screens_with_game_mode_on() {
    pictures("on", &SAID, with_game_mode_on, |name, app| {
        in_every_theme(name, app);
    });
}

#[test]
fn screens_with_graphs_after_the_helper_was_lost() {
    pictures("lost", &DRAWN, after_the_helper_was_lost, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn other_screens_after_the_helper_was_lost() {
    pictures("lost", &SAID, after_the_helper_was_lost, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn screens_with_graphs_with_a_refusal() {
    pictures("error", &DRAWN, with_a_refusal, |name, app| {
        everywhere(name, app);
    });
}

#[test]
fn other_screens_with_a_refusal() {
    pictures("error", &SAID, with_a_refusal, |name, app| {
        everywhere(name, app);
    });
}
