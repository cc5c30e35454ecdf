//! Pictures of the Live screen with everything that can be on its graph.

use evenkeel_dbus::UplinkState;

use super::looking_back::{look_at_the_clock, reading, tell};
use super::pictures::{everywhere, whole_everywhere};
use super::{FIRST, ROUND_NS, Scene};
use crate::ui::app::Message;
use crate::ui::bus::{Event, FeedEvent};
use crate::ui::chart::Shape;
use crate::ui::live::{self, Span};

const SECOND_NS: u64 = 1_000_000_000;

#[test]
fn pictures_of_the_read_out_with_its_cause() {
    everywhere("live-readout", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 1900, 1700);
        look_at_the_clock(&mut scene);
        tell(&mut scene, live::Message::Show(Span::Five));
        tell(&mut scene, live::Message::PickAt(Some(1700 * ROUND_NS)));
        scene.app
    });
}

#[test]
fn pictures_of_a_window_that_was_scrolled_back() {
    whole_everywhere("live-scrolled", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.play("drive3_trip_2_05_13_2023", 1500, 400);
        look_at_the_clock(&mut scene);
        tell(&mut scene, live::Message::Scroll(-100 * SECOND_NS as i64));
        tell(&mut scene, live::Message::Pick(-1));
        for _ in 0..25 {
            tell(&mut scene, live::Message::Pick(-1));
        }
        scene.app
    });
}

#[test]
fn pictures_of_events() {
    everywhere("live-events", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.play("drive3_trip_2_05_13_2023", 900, 700);
        look_at_the_clock(&mut scene);
        let away = scene.state.uplinks.pop();
        scene.tell(|state| state.uplinks[1].carrier = false);
        scene.play_on("drive3_trip_2_05_13_2023", 900, 960);
        scene.tell(|state| state.uplinks[1].carrier = true);
        scene.tell(|state| state.uplinks.extend(away));
        scene.play_on("drive3_trip_2_05_13_2023", 960, 1060);
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        let back = reading(scene.app.model.now_ns + 8 * SECOND_NS, 0);
        let _ = scene.app.update(Message::Feed(FeedEvent::Clock(back)));
        scene.tell(|state| super::lead_with(state, Some(FIRST + 2), true));
        let _ = scene.app.update(Message::Feed(FeedEvent::Opened));
        scene.play_on("drive3_trip_2_05_13_2023", 1100, 1150);
        let woken = reading(scene.app.model.now_ns, 5_000 * SECOND_NS);
        let _ = scene.app.update(Message::Feed(FeedEvent::Clock(woken)));
        scene.play_on("drive3_trip_2_05_13_2023", 1150, 1160);
        tell(&mut scene, live::Message::TogglePause);
        scene.app
    });
}

#[test]
fn pictures_of_how_answers_are_spread() {
    for (name, shape) in [("live-bars", Shape::Histogram), ("live-curve", Shape::Cdf)] {
        everywhere(name, |language, size| {
            let mut scene = Scene::ecmp(3, language, size);
            scene.play("drive3_trip_2_05_13_2023", 1500, 100);
            tell(&mut scene, live::Message::Show(Span::Five));
            tell(&mut scene, live::Message::Draw(shape));
            tell(&mut scene, live::Message::PickAt(Some(70_000)));
            scene.app
        });
    }
    whole_everywhere("live-bars-two", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 900, 300);
        tell(&mut scene, live::Message::Draw(Shape::Histogram));
        scene.app
    });
    whole_everywhere("live-bars-empty", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.send(super::frame(
            &super::Round {
                rtts_ns: vec![None, None],
                weights: vec![1, 1],
                estimates: vec![[0; 3]; 2],
            },
            5 * SECOND_NS,
            false,
        ));
        let state = scene.app.model.tracks[0].state();
        assert_eq!(state, UplinkState::Alive);
        tell(&mut scene, live::Message::Draw(Shape::Histogram));
        scene.app
    });
}
