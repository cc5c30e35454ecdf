//! What can be done with the graph of the Live screen, and what must come of it: pausing, scrolling
//! back, the read-out, the shapes; by pointer, finger and keys.

use iced::advanced::widget::Id;
use iced::keyboard::key::Named;
use iced::{Event, Point, Rectangle, mouse, touch};
use iced_test::selector;

use super::journeys::{SIZE, press, say, scene, shows};
use super::{ROUND_NS, Scene, simulate};
use crate::ui::app::{App, Message};
use crate::ui::bus::{Event as BusEvent, FeedEvent};
use crate::ui::chart::Shape;
use crate::ui::clock::Reading;
use crate::ui::live::Message as Live;
use crate::words::Key;

const SECOND_NS: u64 = 1_000_000_000;

/// It was 20:58:00 when the feed began.
pub fn reading(at_ns: u64, slept_ns: u64) -> Reading {
    let evening_ns = (20 * 3600 + 58 * 60) * i128::from(SECOND_NS);
    Reading {
        monotonic_ns: at_ns,
        boottime_ns: at_ns + slept_ns,
        local_ns: evening_ns + i128::from(at_ns + slept_ns),
    }
}

/// Tells the time of the newest probe.
pub fn look_at_the_clock(scene: &mut Scene) {
    let now = reading(scene.app.model.now_ns, 0);
    let _ = scene.app.update(Message::Feed(FeedEvent::Clock(now)));
}

/// Says something to the screen.
pub fn tell(scene: &mut Scene, message: Live) {
    let _ = scene.app.update(Message::Live(message));
}

/// Five minutes of two uplinks.
fn five_minutes() -> Scene {
    let mut scene = scene();
    scene.play("5g2_urban", 1500, 1000);
    look_at_the_clock(&mut scene);
    scene
}

fn graph(app: &App) -> Rectangle {
    let mut ui = simulate(app.view(), SIZE);
    let graph = ui.find(selector::id(Id::new("graph"))).unwrap();
    graph.visible_bounds().unwrap()
}

/// What these events on the graph send to the screen.
fn sent(app: &App, events: impl IntoIterator<Item = Event>) -> Vec<Live> {
    let mut ui = simulate(app.view(), SIZE);
    for event in events {
        if let Event::Mouse(mouse::Event::CursorMoved { position }) = event {
            ui.point_at(position);
        }
        let _ = ui.simulate([event]);
    }
    ui.into_messages()
        .filter_map(|message| match message {
            Message::Live(message) => Some(message),
            _ => None,
        })
        .collect()
}

fn moved(position: Point) -> Event {
    Event::Mouse(mouse::Event::CursorMoved { position })
}

fn button(down: bool) -> Event {
    Event::Mouse(if down {
        mouse::Event::ButtonPressed(mouse::Button::Left)
    } else {
        mouse::Event::ButtonReleased(mouse::Button::Left)
    })
}

fn finger(to: touch::Event) -> Event {
    Event::Touch(to)
}

const THUMB: touch::Finger = touch::Finger(1);

fn scrolled(sent: &[Live]) -> i64 {
    let by = sent.iter().map(|message| match message {
        Live::Scroll(by_ns) => *by_ns,
        other => panic!("{other:?}"),
    });
    by.sum()
}

#[test]
fn dragging_moves_the_window_as_far_as_the_hand_went_and_is_no_click() {
    let scene = five_minutes();
    let center = graph(&scene.app).center();
    let at = |dx: f32| Point::new(center.x + dx, center.y);
    let by_mouse = [
        moved(at(0.0)),
        button(true),
        moved(at(40.0)),
        moved(at(120.0)),
        button(false),
    ];
    let by_finger = [
        finger(touch::Event::FingerPressed {
            id: THUMB,
            position: at(0.0),
        }),
        finger(touch::Event::FingerMoved {
            id: THUMB,
            position: at(40.0),
        }),
        finger(touch::Event::FingerMoved {
            id: THUMB,
            position: at(120.0),
        }),
        finger(touch::Event::FingerLifted {
            id: THUMB,
            position: at(120.0),
        }),
    ];
    let second = [
        finger(touch::Event::FingerPressed {
            id: touch::Finger(2),
            position: at(0.0),
        }),
        finger(touch::Event::FingerMoved {
            id: touch::Finger(3),
            position: at(90.0),
        }),
    ];
    let (mouse, touched) = (sent(&scene.app, by_mouse), sent(&scene.app, by_finger));
    assert_eq!(mouse, touched);
    // A minute on 1,066 columns: 120 of them are 6.7 seconds.
    let seconds = scrolled(&mouse) / SECOND_NS as i64;
    assert_eq!(seconds, -6);
    assert!(sent(&scene.app, second).is_empty());
}

#[test]
fn a_tap_puts_the_read_out_and_a_second_one_takes_it_away() {
    let mut scene = five_minutes();
    let center = graph(&scene.app).center();
    let tap = || {
        [
            finger(touch::Event::FingerPressed {
                id: THUMB,
                position: center,
            }),
            finger(touch::Event::FingerLifted {
                id: THUMB,
                position: center,
            }),
        ]
    };
    let first = sent(&scene.app, tap());
    let [Live::PickAt(Some(at_ns))] = first[..] else {
        panic!("{first:?}");
    };
    assert!(scene.app.model.now_ns.abs_diff(at_ns + 30 * SECOND_NS) < 5 * SECOND_NS);
    tell(&mut scene, first[0]);
    assert_eq!(sent(&scene.app, tap()), [Live::PickAt(None)]);
    let click = [moved(center), button(true), button(false)];
    assert_eq!(sent(&scene.app, click), [Live::PickAt(None)]);
}

#[test]
fn the_wheel_turns_back_in_time_over_the_graph_only() {
    let scene = five_minutes();
    let turn = Event::Mouse(mouse::Event::WheelScrolled {
        delta: mouse::ScrollDelta::Lines { x: 0.0, y: 1.0 },
    });
    let center = graph(&scene.app).center();
    let over = sent(&scene.app, [moved(center), turn.clone()]);
    assert_eq!(
        (scrolled(&over) - SECOND_NS as i64 / 2) / SECOND_NS as i64,
        -5
    );
    let beside = sent(&scene.app, [moved(Point::new(300.0, 40.0)), turn]);
    assert!(beside.is_empty(), "{beside:?}");
}

#[test]
fn keys_scroll_wherever_the_focus_is_and_move_the_read_out_on_the_graph() {
    let scene = five_minutes();
    for (key, expected) in [
        (Named::PageUp, Live::Page(-1)),
        (Named::PageDown, Live::Page(1)),
        (Named::Home, Live::Oldest),
        (Named::End, Live::Now),
    ] {
        for id in [None, Some("graph"), Some("span-5")] {
            let sent = press(&scene.app, id, key);
            let last = sent.last().map(|message| format!("{message:?}"));
            let expected = format!("{:?}", Message::Live(expected));
            assert_eq!(last, Some(expected), "{id:?}");
        }
    }
}

#[test]
fn a_window_that_was_scrolled_stands_still_says_which_time_it_is_and_comes_back() {
    let mut scene = five_minutes();
    let now = say(Key::Now);
    assert!(!shows(&scene.app, &now));
    tell(&mut scene, Live::Page(-1));
    let title = "Round trip in ms, 21:01:06 – 21:02:06";
    assert!(shows(&scene.app, title) && shows(&scene.app, &now));
    scene.play_on("5g2_urban", 1500, 1530);
    assert!(shows(&scene.app, title));
    let clicked = super::journeys::click(&scene.app, &now);
    assert!(matches!(clicked[..], [Message::Live(Live::TogglePause)]));
    tell(&mut scene, Live::TogglePause);
    assert!(shows(&scene.app, "Round trip in ms, last 1 min"));
    // Before the beginning there is nothing to see, and after now there is nothing at all.
    tell(&mut scene, Live::Oldest);
    assert!(shows(&scene.app, "Round trip in ms, 20:58:00 – 20:59:00"));
    tell(&mut scene, Live::Scroll(i64::MIN));
    assert!(shows(&scene.app, "Round trip in ms, 20:58:00 – 20:59:00"));
    tell(&mut scene, Live::Scroll(i64::MAX));
    assert!(!shows(&scene.app, &now));
}

#[test]
fn the_read_out_takes_the_window_along_at_its_edge() {
    let mut scene = five_minutes();
    for _ in 0..70 {
        tell(&mut scene, Live::Pick(-1));
    }
    assert!(shows(&scene.app, &say(Key::Now)));
    for _ in 0..200 {
        tell(&mut scene, Live::Pick(1));
    }
    assert!(!shows(&scene.app, &say(Key::Now)));
}

#[test]
fn the_shape_of_the_graph_is_chosen_by_pointer_and_keys() {
    let mut scene = five_minutes();
    for (id, shape, title) in [
        (
            "shape-bars",
            Shape::Histogram,
            "How often each round trip came, last 1 min",
        ),
        (
            "shape-curve",
            Shape::Cdf,
            "Share answered within a time, last 1 min",
        ),
        ("shape-line", Shape::Line, "Round trip in ms, last 1 min"),
    ] {
        let sent = press(&scene.app, Some(id), Named::Enter);
        let expected = format!("{:?}", Message::Live(Live::Draw(shape)));
        let all: Vec<_> = sent.iter().map(|message| format!("{message:?}")).collect();
        assert_eq!(all, [expected.clone(), expected]);
        tell(&mut scene, Live::Draw(shape));
        assert!(shows(&scene.app, title), "{title}");
    }
}

#[test]
fn where_round_trips_run_to_the_right_nothing_scrolls_and_the_read_out_is_a_round_trip() {
    let mut scene = five_minutes();
    tell(&mut scene, Live::Draw(Shape::Cdf));
    let center = graph(&scene.app).center();
    let dragged = [
        moved(center),
        button(true),
        moved(Point::new(center.x + 90.0, center.y)),
        button(false),
    ];
    assert!(sent(&scene.app, dragged).is_empty());
    let clicked = sent(&scene.app, [moved(center), button(true), button(false)]);
    assert!(
        matches!(clicked[..], [Live::PickAt(Some(us))] if us < 100_000),
        "{clicked:?}"
    );
    tell(&mut scene, Live::Pick(-1));
    tell(&mut scene, Live::Pick(1));
    let _ = scene.ui().snapshot(&scene.app.theme()).unwrap();
}

#[test]
fn without_a_single_answer_the_shapes_say_so() {
    let mut scene = scene();
    tell(&mut scene, Live::Draw(Shape::Histogram));
    assert!(shows(&scene.app, &say(Key::GraphEmpty)));
    let nothing = super::Round {
        rtts_ns: vec![None, None],
        weights: vec![1, 1],
        estimates: vec![[0; 3]; 2],
    };
    scene.send(super::frame(&nothing, 5 * ROUND_NS * 5, false));
    assert!(shows(&scene.app, &say(Key::SpreadEmpty)));
}

#[test]
fn the_verdict_stands_above_the_cards() {
    let mut fresh = scene();
    assert!(shows(&fresh.app, &say(Key::VerdictListening)));
    fresh.play("5g2_urban", 600, usize::MAX);
    let words = crate::words::Words::new(crate::words::Language::English);
    let (headline, figures) = crate::ui::live::said(&fresh.app.model, &words);
    assert!(shows(&fresh.app, &headline) && headline != say(Key::VerdictListening));
    assert!(shows(&fresh.app, &figures.unwrap()));
    fresh.tell(|state| {
        for uplink in &mut state.uplinks {
            uplink.carrier = false;
        }
    });
    assert!(shows(&fresh.app, &say(Key::VerdictNothing)));
    let _ = fresh.app.update(Message::Bus(BusEvent::NoHelper));
    assert!(shows(&fresh.app, &say(Key::VerdictResting)));
}
