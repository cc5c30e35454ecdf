//! The game's own line on Live: what it says, when it is looked for, and that the graph has room for it.

use std::net::SocketAddr;

use evenkeel_core::flows::GameLine;
use iced::window;

use super::super::journeys::{scene, shows};
use super::super::looking_back::tell;
use super::super::{ROUND_NS, Scene};
use super::{ROUNDS, has};
use crate::ui::app::{App, Message, Screen};
use crate::ui::game::Told;
use crate::ui::live::{Message as Live, Span};

fn peer() -> SocketAddr {
    "198.51.100.4:27015".parse().unwrap()
}

pub fn game(line: GameLine) -> Message {
    Message::Game(Told::Runs {
        name: "cs2".to_owned(),
        line,
        at_ns: ROUND_NS,
    })
}

/// A UDP game whose server answered once a second, with a jump.
pub fn plays(scene: &mut Scene) {
    let _ = scene.app.update(game(GameLine::Peer(peer())));
    for second in 1..=ROUNDS as u64 / 5 {
        let ms = 38 + second * 7 % 5 + if second % 97 == 0 { 55 } else { 0 };
        let told = Told::Asked {
            peer: peer(),
            at_ns: second * 5 * ROUND_NS,
            rtt_ns: Some(ms * 1_000_000),
        };
        let _ = scene.app.update(Message::Game(told));
    }
}

#[test]
fn the_games_line_shows_on_live_and_goes_with_the_game() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 5);
    assert!(!has(&scene.app, "cs2"));
    let measured = GameLine::Measured {
        peer: peer(),
        rtt_us: 21_400,
        rttvar_us: 900,
        retransmits: 2,
    };
    let _ = scene.app.update(game(measured));
    assert!(shows(&scene.app, "cs2"));
    assert!(shows(
        &scene.app,
        "21 ms now · 0.9 ms jitter · 2 sent again"
    ));
    let _ = scene.app.update(game(GameLine::PeerUnknown { sockets: 3 }));
    assert!(has(&scene.app, "cannot be known from outside"));
    let _ = scene.app.update(Message::Game(Told::Nothing));
    assert!(!has(&scene.app, "cs2"));
}

#[test]
fn the_game_is_looked_for_only_while_live_can_be_seen() {
    use iced::advanced::subscription::into_recipes;
    let running = |app: &App| into_recipes(app.subscription()).len();
    let mut scene = scene();
    scene.play("5g2_urban", 10, 5);
    let seen = running(&scene.app);
    scene.show(Screen::Tune);
    assert_eq!(running(&scene.app), seen - 1);
    scene.show(Screen::Live);
    let _ = scene.app.update(Message::Window(window::Event::Unfocused));
    let beside = running(&scene.app);
    let _ = scene.app.update(Message::Minimized(true));
    assert_eq!(running(&scene.app), beside - 1);
    let _ = scene.app.update(Message::Window(window::Event::Focused));
    scene.app.settings.strip = true;
    assert_eq!(running(&scene.app), seen - 1);
}

#[test]
fn the_games_line_fits_on_the_graph_when_it_is_slower_than_the_uplinks() {
    let mut scene = scene();
    scene.play("5g2_urban", ROUNDS, 900);
    let before = scene.app.model.telling_us();
    plays(&mut scene);
    let slow = GameLine::Measured {
        peer: "203.0.113.7:443".parse().unwrap(),
        rtt_us: 700_000,
        rttvar_us: 1,
        retransmits: 0,
    };
    let told = Told::Runs {
        name: "cs2".to_owned(),
        line: slow,
        at_ns: (ROUNDS as u64 - 2) * ROUND_NS,
    };
    let _ = scene.app.update(Message::Game(told));
    tell(&mut scene, Live::Show(Span::Five));
    assert!(before < 700_000);
    assert_eq!(scene.app.model.telling_us(), 700_000);
}
