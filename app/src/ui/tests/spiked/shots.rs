//! Pictures of the Spikes screen, and of Live with spikes and a game.

use evenkeel_core::blame::Culprit;
use evenkeel_core::flows::GameLine;

use super::super::looking_back::tell;
use super::super::pictures::{everywhere, in_every_theme, whole_everywhere};
use super::super::{Scene, state, uplinks};
use super::game::{game, plays};
use super::{evening, many, open, with};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::Event;
use crate::ui::live::{Message as Live, Span};
use crate::ui::{alone, spikes};
use crate::words::Words;

#[test]
fn the_list_in_every_theme() {
    in_every_theme("spikes-list", |language, size| {
        with(&evening(), language, size).app
    });
}

#[test]
fn spikes_without_a_helper_and_after_it_left() {
    everywhere("spikes-list-lost", |language, size| {
        let mut scene = with(&evening(), language, size);
        open(&mut scene, &evening()[4]);
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        scene.app
    });
    whole_everywhere("spikes-alone", |language, size| {
        let mut app = App::new(Words::new(language), size);
        let _ = app.update(Message::Bus(Event::NoHelper));
        let _ = app.update(Message::Alone(alone::Event::Uplinks(uplinks(2))));
        let state = state(
            evenkeel_dbus::Backend::Observe,
            evenkeel_dbus::Reason::Ready,
            uplinks(2),
        );
        let mut scene = Scene { app, state, size };
        scene.play_on("5g2_urban", 0, 300);
        scene.spikes(&evening()[..3]).show(Screen::Spikes);
        scene.app
    });
}

#[test]
fn every_spike_can_be_read_in_every_window() {
    for index in 0..evening().len() {
        whole_everywhere("an opened spike", |language, size| {
            let mut scene = with(&evening(), language, size);
            open(&mut scene, &evening()[index]);
            scene.app
        });
    }
}

#[test]
fn an_unknown_and_a_filter_and_a_long_list() {
    everywhere("spikes-unknown", |language, size| {
        let mut scene = with(&evening(), language, size);
        let only = spikes::Message::Only(Some(Culprit::Unknown));
        let _ = scene.app.update(Message::Spikes(only));
        scene.app
    });
    whole_everywhere("spikes-long", |language, size| {
        with(&many(), language, size).app
    });
}

#[test]
fn live_with_spikes_and_a_game() {
    everywhere("live-spikes", |language, size| {
        let mut scene = with(&evening(), language, size);
        plays(&mut scene);
        scene.show(Screen::Live);
        tell(&mut scene, Live::Show(Span::Five));
        tell(&mut scene, Live::TogglePause);
        for _ in 0..2 {
            tell(&mut scene, Live::Pick(-1));
        }
        scene.app
    });
    whole_everywhere("live-game-unknown", |language, size| {
        let mut scene = with(&evening(), language, size);
        let unknown = GameLine::PeerUnknown { sockets: 2 };
        let _ = scene.app.update(game(unknown));
        scene.show(Screen::Live);
        scene.app
    });
}
