//! The Tune screen by pointer, finger and keys: the slider, its default, undo, and what is said of
//! the value under way.

use std::time::Duration;

use evenkeel_dbus::HelperError;
use futures_util::StreamExt;
use iced::advanced::widget::Id;
use iced::keyboard::key::Named;
use iced::{Point, touch};
use iced_test::selector;

use super::journeys::{SIZE, click, press, say, scene, shows};
use super::{FIRST, Scene};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::Call;
use crate::ui::drafts::Control;
use crate::ui::{preview, tune};
use crate::words::{Key, Language, Words};

fn tuning() -> Scene {
    let mut scene = scene();
    scene.play("5g2_urban", 900, 10);
    let _ = scene.app.update(Message::Show(Screen::Tune));
    scene
}

fn told(key: Key, value: u32) -> String {
    Words::new(Language::English).tell(key, [("value", value.into())])
}

fn choose(scene: &mut Scene, control: Control, value: u32) {
    let message = tune::Message::Choose(control, value);
    let _ = scene.app.update(Message::Tune(message));
}

/// Runs what the window started beside itself until it says something, and tells it.
fn settle(app: &mut App, message: Message) -> Vec<Message> {
    let task = app.update(message);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    let Some(stream) = iced_test::runtime::task::into_stream(task) else {
        return Vec::new();
    };
    let said = runtime.block_on(stream.collect::<Vec<_>>());
    said.into_iter()
        .filter_map(|action| match action {
            iced_test::runtime::Action::Output(message) => Some(message),
            _ => None,
        })
        .collect()
}

/// The middle of the slider's rail, at this share of its width.
fn on_the_rail(app: &App, share: f32) -> Point {
    let mut ui = super::simulate(app.view(), SIZE);
    let rail = ui.find(selector::id(Id::new("ema"))).unwrap();
    let bounds = rail.visible_bounds().unwrap();
    Point::new(bounds.x + bounds.width * share, bounds.center_y())
}

fn chosen(messages: &[Message]) -> Vec<u32> {
    let value = |message: &Message| match message {
        Message::Tune(tune::Message::Choose(Control::Ema, value)) => Some(*value),
        _ => None,
    };
    messages.iter().filter_map(value).collect()
}

#[test]
fn a_finger_moves_the_slider() {
    let scene = tuning();
    let (from, to) = (on_the_rail(&scene.app, 0.5), on_the_rail(&scene.app, 0.25));
    let finger = |position: Point, pressed: bool| {
        let id = touch::Finger(1);
        iced::Event::Touch(if pressed {
            touch::Event::FingerPressed { id, position }
        } else {
            touch::Event::FingerMoved { id, position }
        })
    };
    let mut ui = scene.ui();
    ui.point_at(from);
    let _ = ui.simulate([finger(from, true)]);
    ui.point_at(to);
    let _ = ui.simulate([finger(to, false)]);
    let sent: Vec<Message> = ui.into_messages().collect();
    let last = *chosen(&sent).last().unwrap();
    assert!((230..280).contains(&last), "{sent:?}");
}

#[test]
fn the_pointer_and_the_arrows_move_the_slider() {
    let scene = tuning();
    let mut ui = scene.ui();
    ui.point_at(on_the_rail(&scene.app, 0.75));
    let _ = ui.simulate(iced_test::simulator::click());
    let sent: Vec<Message> = ui.into_messages().collect();
    assert!((740..800).contains(&chosen(&sent)[0]), "{sent:?}");
    let keys = press(&scene.app, Some("ema"), Named::ArrowLeft);
    let last = *chosen(&keys).last().unwrap();
    assert_eq!(last, 512 - 32, "{keys:?}");
}

#[test]
fn a_value_under_way_is_told_until_the_helper_has_it() {
    let mut scene = tuning();
    assert!(shows(&scene.app, &told(Key::TuneInForce, 512)));
    choose(&mut scene, Control::Ema, 300);
    assert!(shows(&scene.app, &told(Key::TuneChoosing, 300)));
    // The hand rests, and the window asks.
    let choose = Message::Tune(tune::Message::Choose(Control::Ema, 301));
    let rested = settle(&mut scene.app, choose);
    let ticket = rested
        .into_iter()
        .find(|m| matches!(m, Message::Tune(tune::Message::Rested(_))));
    let _ = scene.app.update(ticket.unwrap());
    assert!(shows(&scene.app, &told(Key::TuneAsking, 301)));
    let _ = scene
        .app
        .update(Message::Answered(Call::SetEma(301), Ok(())));
    assert!(shows(&scene.app, &told(Key::TuneInForce, 301)));
    scene.tell(|state| state.ema_factor = 301);
    assert!(shows(&scene.app, &told(Key::TuneInForce, 301)));
    let undo = Words::new(Language::English).tell(
        Key::TuneUndoWhat,
        [
            ("what", say(Key::TuneWhatEma).into()),
            ("value", 512.into()),
        ],
    );
    assert!(shows(&scene.app, &undo));
}

#[test]
fn a_refusal_says_why_and_what_is_still_in_force_until_the_next_choice() {
    let mut scene = tuning();
    let choose_300 = Message::Tune(tune::Message::Choose(Control::Ema, 300));
    for message in settle(&mut scene.app, choose_300) {
        let _ = scene.app.update(message);
    }
    let error = HelperError::NotAuthorized("no".to_owned());
    let _ = scene
        .app
        .update(Message::Answered(Call::SetEma(300), Err(error)));
    let refused = Words::new(Language::English).tell(
        Key::TuneRefused,
        [
            ("reason", say(Key::NoticeNotAuthorized).into()),
            ("value", 512.into()),
        ],
    );
    assert!(shows(&scene.app, &refused));
    assert!(shows(&scene.app, &say(Key::TuneUndo)));
    choose(&mut scene, Control::Ema, 400);
    assert!(!shows(&scene.app, &refused));
}

/// Chooses, waits, asks, and the helper agrees.
fn set(scene: &mut Scene, message: tune::Message) {
    for message in settle(&mut scene.app, Message::Tune(message)) {
        if matches!(message, Message::Tune(tune::Message::Rested(_))) {
            let _ = scene.app.update(message);
        }
    }
    for value in [0, 300, 512] {
        let _ = scene
            .app
            .update(Message::Answered(Call::SetEma(value), Ok(())));
    }
}

#[test]
fn undo_takes_back_a_change_and_a_reset_by_button_and_by_keys() {
    let mut scene = tuning();
    set(&mut scene, tune::Message::Choose(Control::Ema, 300));
    scene.tell(|state| state.ema_factor = 300);
    let reset = click(&scene.app, &told(Key::TuneReset, 512));
    assert_eq!(chosen(&reset), [512]);
    let by_key = press(&scene.app, Some("ema-reset"), Named::Enter);
    assert_eq!(chosen(&by_key), [512, 512]);
    set(&mut scene, tune::Message::Choose(Control::Ema, 512));
    scene.tell(|state| state.ema_factor = 512);
    for value in [300, 512] {
        let undo = press(&scene.app, Some("undo"), Named::Space);
        assert!(matches!(undo[..], [Message::Tune(tune::Message::Undo), _]));
        set(&mut scene, tune::Message::Undo);
        scene.tell(|state| state.ema_factor = value);
        assert!(shows(&scene.app, &told(Key::TuneInForce, value)));
    }
    assert!(click(&scene.app, &say(Key::TuneUndo)).is_empty());
}

#[test]
fn control_and_z_undo() {
    let mut scene = tuning();
    set(&mut scene, tune::Message::Choose(Control::Ema, 300));
    let mut ui = scene.ui();
    let _ = ui.simulate([iced::Event::Keyboard(iced::keyboard::Event::KeyPressed {
        key: iced::keyboard::Key::Character("z".into()),
        modified_key: iced::keyboard::Key::Character("z".into()),
        physical_key: iced::keyboard::key::Physical::Code(iced::keyboard::key::Code::KeyZ),
        location: iced::keyboard::Location::Standard,
        modifiers: iced::keyboard::Modifiers::CTRL,
        repeat: false,
        text: None,
    })]);
    let sent: Vec<Message> = ui.into_messages().collect();
    assert!(matches!(sent[..], [Message::Tune(tune::Message::Undo)]));
}

#[test]
fn a_preview_is_computed_beside_the_window_one_at_a_time_and_only_while_it_shows() {
    let mut scene = scene();
    scene.play("5g2_urban", 900, 10);
    assert!(settle(&mut scene.app, Message::CloseNotice).is_empty());
    let began = settle(&mut scene.app, Message::Show(Screen::Tune));
    let pictured =
        |message: &Message| matches!(message, Message::Tune(tune::Message::Pictured(Some(_))));
    assert_eq!(began.iter().filter(|m| pictured(m)).count(), 1, "{began:?}");
    // Until the rest is over there is no other one, however far the slider moves.
    for value in 0..40 {
        choose(&mut scene, Control::Ema, value);
    }
    let moved = Message::Tune(tune::Message::Choose(Control::Ema, 40));
    assert!(!settle(&mut scene.app, moved).iter().any(pictured));
    let mut after = Vec::new();
    for message in began {
        after.extend(settle(&mut scene.app, message));
    }
    let last = after.into_iter().rfind(pictured);
    let Some(Message::Tune(tune::Message::Pictured(Some(picture)))) = last else {
        panic!("no preview of the last value");
    };
    assert_eq!((picture.drafted(), picture.standing()), (40, 512));
    assert!(preview::REST >= Duration::from_millis(200));
}

#[test]
fn the_screen_says_how_often_the_uplink_would_have_changed() {
    let mut scene = scene();
    let _ = scene.app.update(Message::Show(Screen::Tune));
    assert!(shows(&scene.app, &say(Key::PreviewEmpty)));
    scene.play("5g2_urban", 300, 10);
    scene.foresee(512);
    assert!(shows(&scene.app, &say(Key::OftenShort)));
    scene.play("5g2_urban", 1800, 10);
    choose(&mut scene, Control::Ema, 1024);
    scene.foresee(1024);
    for number in ["11 times in 6 min", "in force: never", "28 ms"] {
        assert!(shows(&scene.app, number), "{number}");
    }
}

#[test]
fn a_preview_that_nobody_sees_ends_the_feed_until_it_is_drawn_again() {
    let mut scene = tuning();
    scene.foresee(512);
    assert!(scene.app.shows_graph());
    for _ in 0..20 {
        scene.send(Vec::new());
    }
    assert!(!scene.app.shows_graph());
    let mut ui = scene.ui();
    let _ = ui.snapshot(&scene.app.theme()).unwrap();
    let sent: Vec<_> = ui.into_messages().collect();
    assert!(matches!(sent[..], [Message::Tune(tune::Message::Drawn)]));
    let _ = scene.app.update(Message::Tune(tune::Message::Drawn));
    assert!(scene.app.shows_graph());
}

#[test]
fn a_cost_is_undone_too_and_named() {
    let mut scene = tuning();
    let cost = Control::Cost(FIRST);
    for message in settle(
        &mut scene.app,
        Message::Tune(tune::Message::Choose(cost, 150)),
    ) {
        let _ = scene.app.update(message);
    }
    assert!(shows(&scene.app, "Undo: Ethernet cost 100"));
}
