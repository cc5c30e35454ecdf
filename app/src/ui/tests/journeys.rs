//! What can be done in the window, and what must come of it: by pointer and by keyboard alone.

use evenkeel_dbus::feed::Record;
use evenkeel_dbus::{Backend, HelperError, Reason};
use iced::advanced::widget::Id;
use iced::keyboard::key::Named;
use iced::{Rectangle, Size, keyboard};
use iced_test::selector::{self, Candidate};

use super::{FIRST, ROUND_NS, Scene, state, uplinks};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, Event, FeedEvent};
use crate::ui::drafts::Control;
use crate::ui::{live, tune};
use crate::words::{Key, Language, Words};

pub(super) const SIZE: Size = Size::new(1280.0, 800.0);
const SMALL: Size = Size::new(800.0, 500.0);

pub(super) fn scene() -> Scene {
    Scene::ecmp(2, Language::English, SIZE)
}

pub(super) fn say(key: Key) -> String {
    Words::new(Language::English).say(key)
}

/// What a click on the text `label` sends.
pub(super) fn click(app: &App, label: &str) -> Vec<Message> {
    let mut ui = super::simulate(app.view(), SIZE);
    let _ = ui.click(label).unwrap();
    ui.into_messages().collect()
}

/// What a key sends while the widget called `id` has the focus.
pub(super) fn press(
    app: &App,
    id: Option<&'static str>,
    key: impl Into<keyboard::Key>,
) -> Vec<Message> {
    let mut ui = super::simulate(app.view(), SIZE);
    if let Some(id) = id {
        // A click gives the focus too, as in the real window.
        let target = ui.find(selector::id(Id::new(id))).unwrap();
        let bounds = target.visible_bounds().unwrap();
        ui.point_at(bounds.center());
        let _ = ui.simulate(iced_test::simulator::click());
    }
    let _ = ui.tap_key(key);
    ui.into_messages().collect()
}

pub(super) fn shows(app: &App, text: &str) -> bool {
    super::simulate(app.view(), SIZE).find(text).is_ok()
}

#[test]
fn a_click_on_the_switch_asks_for_game_mode() {
    let scene = scene();
    let sent = click(&scene.app, &say(Key::GameMode));
    assert!(matches!(sent[..], [Message::ToggleGameMode]), "{sent:?}");
    assert_eq!(scene.app.switch(), Some(Call::EnterGameMode));
}

#[test]
fn a_second_press_while_the_first_is_under_way_does_nothing() {
    let mut scene = scene();
    let _ = scene.app.update(Message::ToggleGameMode);
    assert_eq!(scene.app.switch(), None);
    assert!(shows(&scene.app, &say(Key::GameBusy)));
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    assert_eq!(scene.app.switch(), Some(Call::EnterGameMode));
}

#[test]
fn a_switch_that_cannot_steer_is_disabled_and_says_why() {
    for reason in Reason::ALL
        .iter()
        .filter(|reason| **reason != Reason::Ready)
    {
        let state = state(Backend::Observe, *reason, uplinks(1));
        let scene = Scene::new(state, Language::English, SIZE);
        assert!(click(&scene.app, &say(Key::GameMode)).is_empty());
        assert!(press(&scene.app, None, keyboard::Key::Character("g".into())).is_empty());
        let why = say(crate::ui::speech::reason_key(*reason));
        assert!(shows(&scene.app, &why), "{reason:?}: {why}");
    }
}

#[test]
fn the_switch_says_who_holds_game_mode() {
    let mut scene = scene();
    scene.tell(|state| super::lead_with(state, Some(FIRST), true));
    assert!(shows(&scene.app, &say(Key::GameOnOther)));
    scene.tell(|state| state.holders[0].kept = true);
    assert!(shows(&scene.app, &say(Key::GameOnKept)));
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    assert!(shows(&scene.app, &say(Key::GameOnHere)));
    scene.tell(|state| super::lead_with(state, None, false));
    scene.tell(|state| super::lead_with(state, Some(FIRST), true));
    assert!(shows(&scene.app, &say(Key::GameOnOther)));
    assert_eq!(scene.app.switch(), Some(Call::LeaveGameMode));
}

#[test]
fn a_state_from_before_our_press_does_not_take_the_hold_away() {
    let mut scene = scene();
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    scene.tell(|state| state.ema_factor = 500);
    scene.tell(|state| super::lead_with(state, Some(FIRST), true));
    assert!(shows(&scene.app, &say(Key::GameOnHere)));
}

#[test]
fn a_refusal_is_told_in_words_and_can_be_put_away() {
    let mut scene = scene();
    let error = HelperError::ConflictingRoutes("somebody replaced the route".to_owned());
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Err(error)));
    assert!(shows(&scene.app, &say(Key::NoticeConflict)));
    assert!(shows(&scene.app, "somebody replaced the route"));
    let sent = click(&scene.app, &say(Key::NoticeClose));
    assert!(matches!(sent[..], [Message::CloseNotice]));
    let sent = press(&scene.app, None, Named::Escape);
    assert!(matches!(sent[..], [Message::Back]));
    let _ = scene.app.update(Message::Back);
    assert!(!shows(&scene.app, &say(Key::NoticeConflict)));
}

#[test]
fn a_lost_helper_keeps_the_measurements_and_coming_back_is_told() {
    let mut scene = scene();
    scene.play("5g2_urban", 100, 0);
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&scene.app, &say(Key::NoticeUnreachable)));
    assert!(shows(&scene.app, &say(Key::GameNoHelper)));
    assert_eq!(scene.app.switch(), None);
    assert!(!scene.app.model.tracks[0].history.is_empty());
    scene.tell(|state| super::lead_with(state, None, false));
    assert!(!shows(&scene.app, &say(Key::NoticeUnreachable)));
    assert_eq!(scene.app.switch(), Some(Call::EnterGameMode));
}

#[test]
fn what_a_restarted_helper_took_up_again_is_this_windows_still() {
    let lost = |taken_up: bool| {
        let mut scene = scene();
        let _ = scene
            .app
            .update(Message::Answered(Call::EnterGameMode, Ok(())));
        scene.tell(|state| super::lead_with(state, Some(FIRST), true));
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        scene.tell(|state| {
            super::lead_with(state, Some(FIRST), true);
            for holder in &mut state.holders {
                let own = nix::unistd::Uid::current().as_raw();
                holder.uid = if taken_up { own } else { own + 1 };
                holder.kept = false;
            }
        });
        scene
    };
    let scene = lost(true);
    assert!(shows(&scene.app, &say(Key::GameOnHere)));
    assert!(!shows(&scene.app, &say(Key::NoticeHelperBack)));
    let scene = lost(false);
    assert!(shows(&scene.app, &say(Key::GameOnOther)));
    assert!(shows(&scene.app, &say(Key::NoticeHelperBack)));
}

#[test]
fn a_helper_that_left_by_itself_is_no_loss_until_it_does_not_come_back() {
    let mut scene = scene();
    let _ = scene.app.update(Message::Bus(Event::Asleep));
    assert_eq!(scene.app.switch(), Some(Call::EnterGameMode));
    assert!(!shows(&scene.app, &say(Key::GameNoHelper)));
    let _ = scene.app.update(Message::Feed(FeedEvent::Broken));
    assert!(shows(&scene.app, &say(Key::GameNoHelper)));

    // With something held it can only have been killed or stopped.
    let mut scene = self::scene();
    let _ = scene
        .app
        .update(Message::Answered(Call::EnterGameMode, Ok(())));
    let _ = scene.app.update(Message::Bus(Event::Asleep));
    assert!(shows(&scene.app, &say(Key::GameNoHelper)));
}

#[test]
fn letters_work_as_shortcuts_also_on_a_korean_keyboard() {
    let scene = scene();
    let latin = |letter: &str| press(&scene.app, None, keyboard::Key::Character(letter.into()));
    assert!(matches!(latin("g")[..], [Message::ToggleGameMode]));
    assert!(matches!(latin("G")[..], [Message::ToggleGameMode]));
    let paused = latin("p");
    assert!(matches!(
        paused[..],
        [Message::Live(live::Message::TogglePause)]
    ));
    assert!(matches!(latin("2")[..], [Message::Show(Screen::Tune)]));
    let mut ui = scene.ui();
    let _ = ui.simulate([iced::Event::Keyboard(keyboard::Event::KeyPressed {
        key: keyboard::Key::Character("ㅎ".into()),
        modified_key: keyboard::Key::Character("ㅎ".into()),
        physical_key: keyboard::key::Physical::Code(keyboard::key::Code::KeyG),
        location: keyboard::Location::Standard,
        modifiers: keyboard::Modifiers::default(),
        repeat: false,
        text: None,
    })]);
    let sent: Vec<_> = ui.into_messages().collect();
    assert!(matches!(sent[..], [Message::ToggleGameMode]));
}

/// The bounds of everything that takes the keyboard's focus, in order.
fn reachable(app: &App, size: Size) -> Vec<Rectangle> {
    let mut found = Vec::new();
    let _ = super::simulate(app.view(), size).find(|candidate: Candidate<'_>| {
        if let Candidate::Focusable { bounds, .. } = candidate {
            found.push(bounds);
        }
        None::<()>
    });
    found
}

#[test]
fn enter_and_space_press_what_has_the_focus() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 10);
    for (id, expected) in [
        ("place-tune", Message::Show(Screen::Tune)),
        ("game-mode", Message::ToggleGameMode),
        (
            "span-1",
            Message::Live(live::Message::Show(live::Span::One)),
        ),
        (
            "span-30",
            Message::Live(live::Message::Show(live::Span::Thirty)),
        ),
        ("pause", Message::Live(live::Message::TogglePause)),
    ] {
        for key in [Named::Enter, Named::Space] {
            // The click that focuses sends one message, the key must send the same once more.
            let sent = press(&scene.app, Some(id), key);
            let all: Vec<String> = sent.iter().map(|message| format!("{message:?}")).collect();
            let expected = format!("{expected:?}");
            assert_eq!(all, [expected.clone(), expected], "{id}");
        }
    }
}

#[test]
fn arrows_adjust_the_slider_the_costs_and_the_read_out() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 10);
    let picked = press(&scene.app, Some("graph"), Named::ArrowLeft);
    // The click that gives the focus puts the read-out there, the key moves it.
    assert!(matches!(
        picked[..],
        [
            Message::Live(live::Message::PickAt(Some(_))),
            Message::Live(live::Message::Pick(-1))
        ]
    ));
    let _ = scene.app.update(Message::Show(Screen::Tune));
    let slid = press(&scene.app, Some("ema"), Named::ArrowRight);
    let last = format!("{:?}", slid.last());
    assert!(last.contains("Choose(Ema, 54"), "{last}");
    let cost = press(&scene.app, Some("stepper-10"), Named::ArrowRight);
    let chosen = tune::Message::Choose(Control::Cost(FIRST), 125);
    assert!(
        matches!(&cost[..], [Message::Tune(message)] if *message == chosen),
        "{cost:?}"
    );
}

#[test]
fn the_slider_is_sent_once_after_the_hand_rests_and_reads_back_the_helper() {
    let model = scene().app.model;
    let mut tune = tune::Tune::default();
    let choose = |value| tune::Message::Choose(Control::Ema, value);
    let tune::Action::Wait(first) = tune.update(choose(600), &model) else {
        panic!("no waiting");
    };
    let tune::Action::Wait(last) = tune.update(choose(640), &model) else {
        panic!("no waiting");
    };
    assert_eq!(
        tune.update(tune::Message::Rested(first), &model),
        tune::Action::None
    );
    let sent = tune.update(tune::Message::Rested(last), &model);
    assert_eq!(sent, tune::Action::Call(Call::SetEma(640)));
}

#[test]
fn everything_is_put_back_in_one_press_and_only_while_something_is_held() {
    let mut scene = scene();
    let _ = scene.app.update(Message::Show(Screen::Tune));
    assert!(click(&scene.app, &say(Key::TunablesRevert)).is_empty());
    scene.tell(|state| super::lead_with(state, Some(FIRST), true));
    let sent = click(&scene.app, &say(Key::TunablesRevert));
    assert!(matches!(sent[..], [Message::Tune(tune::Message::Revert)]));
    let action = tune::Tune::default().update(tune::Message::Revert, &scene.app.model);
    assert_eq!(action, tune::Action::Call(Call::Revert));
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(click(&scene.app, &say(Key::TunablesRevert)).is_empty());
    assert!(shows(&scene.app, &say(Key::TunablesNone)));
}

#[test]
fn a_hidden_window_wants_no_feed() {
    let mut scene = scene();
    assert!(scene.app.shows_graph());
    let _ = scene
        .app
        .update(Message::Window(iced::window::Event::Unfocused));
    assert!(scene.app.shows_graph());
    let _ = scene.app.update(Message::Minimized(true));
    assert!(!scene.app.shows_graph());
    let _ = scene
        .app
        .update(Message::Window(iced::window::Event::Focused));
    assert!(scene.app.shows_graph());
}

#[test]
fn a_window_that_is_shown_nowhere_wants_no_feed_until_it_is_drawn() {
    let mut scene = scene();
    for frame in 0..40 {
        let _ = scene.ui().snapshot(&scene.app.theme()).unwrap();
        scene.play("5g2_urban", frame % 2 + 1, 10);
    }
    assert!(scene.app.shows_graph());
    scene.play("5g2_urban", 40, 100);
    assert!(!scene.app.shows_graph());
    let mut ui = scene.ui();
    let _ = ui.snapshot(&scene.app.theme()).unwrap();
    let sent: Vec<_> = ui.into_messages().collect();
    assert!(matches!(sent[..], [Message::Live(live::Message::Drawn)]));
    let _ = scene.app.update(Message::Live(live::Message::Drawn));
    assert!(scene.app.shows_graph());
}

#[test]
fn extremes_of_the_feed_neither_panic_nor_grow() {
    let mut scene = scene();
    for number in 0..20_000_u64 {
        let at_ns = if number % 97 == 0 {
            u64::MAX - number
        } else {
            number * ROUND_NS
        };
        let rtt_ns = match number % 3 {
            0 => Some(u64::MAX),
            1 => Some(0),
            _ => None,
        };
        let sample = Record::Sample {
            ifindex: FIRST + (number % 5) as u32,
            at_ns,
            rtt_ns,
            user_clock: true,
        };
        let leader = Record::Leader {
            ifindex: (number % 2 == 0).then_some(FIRST),
            at_ns: number,
            game_mode: number % 4 < 2,
        };
        scene.send(vec![sample, leader]);
    }
    let model = &scene.app.model;
    assert_eq!(model.tracks.len(), 2);
    assert!(model.marks.len() <= crate::ui::model::MAX_MARKS);
    let _ = scene.ui().snapshot(&scene.app.theme()).unwrap();
}

#[test]
fn everything_to_press_is_reached_by_the_keyboard_and_large_enough_for_a_thumb() {
    for (size, language) in [(SIZE, Language::English), (SMALL, Language::Korean)] {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 10, 10);
        // Five places, the strip, the switch, two cards, three shapes, three windows, pause, the graph.
        let live = reachable(&scene.app, size);
        assert_eq!(live.len(), 17);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        // Five places, the strip, the switch, the slider, undo, reset, one stepper per uplink, put back.
        let tune = reachable(&scene.app, size);
        assert_eq!(tune.len(), 13);
        for bounds in live.into_iter().chain(tune) {
            let smaller = bounds.width.min(bounds.height);
            assert!(smaller >= crate::ui::theme::TARGET, "{bounds:?}");
        }
    }
}
