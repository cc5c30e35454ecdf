//! Closing the window, what it asks first, and starting it a second time.

use evenkeel_dbus::HelperError;
use iced::keyboard::Modifiers;
use iced::keyboard::key::Named;

use super::Scene;
use super::person::{Person, letter};
use super::walk::{LARGE, asked, by_every_hand};
use crate::ui::app::Message;
use crate::ui::bus::{Call, Event};
use crate::ui::gamepad::Action;
use crate::ui::{instance, question};
use crate::words::Language;

#[test]
fn the_question_is_answered_alike_by_every_hand_and_leaves_nothing_else_in_reach() {
    let prepare = || Person::at(asked(Language::English, LARGE), LARGE);
    for (id, expected) in [
        ("close-keep", "Close(Keep)"),
        ("close-end", "Close(End)"),
        ("close-stay", "Close(Stay)"),
        ("close-remember", "Close(Remember(true))"),
    ] {
        by_every_hand(prepare, id, expected);
    }
    let mut person = prepare();
    assert_eq!(person.places().len(), 4);
    for key in ["g", "p", "2"] {
        person.key(letter(key));
    }
    person.chord(letter("2"), Modifiers::CTRL);
    for action in [Action::GameMode, Action::Pause, Action::Place(1)] {
        person.pad(action);
    }
    let sent = person.sent();
    assert_eq!(sent.len(), 3, "only the gamepad's own messages: {sent:?}");
    for back in [true, false] {
        let mut person = prepare();
        if back {
            person.pad(Action::Back);
        } else {
            person.key(Named::Escape);
        }
        assert!(person.places().len() > 4, "the question is gone");
    }
}

#[test]
fn closing_asks_only_while_this_window_holds_game_mode_and_only_once() {
    let exits = |person: &mut Person| person.windows.iter().any(|asked| asked == "Action::Exit");
    let scene = || Scene::ecmp(2, Language::English, LARGE);
    let mut person = Person::at(scene().app, LARGE);
    person.tell(Message::CloseAsked);
    assert!(exits(&mut person), "nothing is held");

    let mut foreign = scene();
    foreign.tell(|state| super::lead_with(state, Some(super::FIRST), true));
    let mut person = Person::at(foreign.app, LARGE);
    person.tell(Message::CloseAsked);
    assert!(exits(&mut person), "somebody else holds it");

    let mut person = Person::at(scene().app, LARGE);
    person.tell(Message::Answered(Call::EnterGameMode, Ok(())));
    person.tell(Message::CloseAsked);
    assert!(!exits(&mut person));
    assert!(person.focused().is_some_and(|place| place.ring));
    person.tell(Message::CloseAsked);
    assert!(exits(&mut person), "asked twice");
}

#[test]
fn an_answer_that_is_remembered_is_not_asked_for_again() {
    let mut person = Person::at(asked(Language::English, LARGE), LARGE);
    person.tell(Message::Close(question::Message::Remember(true)));
    person.tell(Message::Close(question::Message::End));
    person.windows.clear();
    let _ = person.app.update(Message::Bus(Event::NoHelper));
    person.tell(Message::Answered(Call::EnterGameMode, Ok(())));
    person.tell(Message::CloseAsked);
    assert_eq!(person.windows, ["Action::Exit"]);
}

#[test]
fn a_helper_that_refuses_to_keep_game_mode_leaves_the_window_open() {
    let mut person = Person::at(asked(Language::English, LARGE), LARGE);
    let refused = HelperError::LimitsExceeded("16 holders are there".to_owned());
    person.tell(Message::Kept(Err(refused)));
    assert!(person.places().len() > 4, "the question is gone");
    assert!(!person.windows.iter().any(|asked| asked == "Action::Exit"));
    person.tell(Message::Kept(Ok(())));
    assert!(person.windows.iter().any(|asked| asked == "Action::Exit"));
}

#[test]
fn a_second_start_brings_this_window_to_the_front() {
    let scene = Scene::ecmp(2, Language::English, LARGE);
    let mut person = Person::at(scene.app, LARGE);
    person.tell(Message::Instance(instance::Event::Second));
    assert_eq!(person.windows, ["Action::Exit"]);
    person.windows.clear();
    person.tell(Message::Instance(instance::Event::Raise(false)));
    assert!(!person.windows.is_empty());
}

#[test]
fn another_start_shows_the_window_as_that_start_would_have() {
    let scene = Scene::ecmp(2, Language::English, LARGE);
    let mut person = Person::at(scene.app, LARGE);
    for strip in [true, true, false, false, true] {
        person.windows.clear();
        person.tell(Message::Instance(instance::Event::Raise(strip)));
        assert_eq!(person.app.settings.strip, strip);
        assert!(!person.windows.is_empty(), "it comes to the front, too");
    }
}

#[test]
fn another_start_as_a_strip_does_not_hide_the_question() {
    let mut person = Person::at(asked(Language::English, LARGE), LARGE);
    person.tell(Message::Instance(instance::Event::Raise(true)));
    assert!(!person.app.settings.strip);
    assert_eq!(person.places().len(), 4);
}
