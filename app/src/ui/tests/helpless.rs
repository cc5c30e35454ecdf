//! The window without a helper: the one command that brings it, and the address that is asked
//! meanwhile.

use evenkeel_dbus::BUS_NAME;
use futures_util::StreamExt as _;
use iced::Size;
use iced::keyboard::key::Named;

use zbus::fdo::DBusProxy;

use super::journeys::{SIZE, scene, shows};
use super::lacks_helper;
use super::person::Person;
use super::pictures::{OTHERS, check};
use super::session::Bus;
use crate::config::Target;
use crate::installation::Remedy;
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::Event;
use crate::ui::settings::target;
use crate::ui::{absent, alone, bus};
use crate::words::{Key, Language, Words};

fn without(remedy: Remedy, language: Language, size: Size) -> App {
    let mut app = App::new(Words::new(language), size);
    lacks_helper(&mut app, remedy);
    app
}

#[test]
fn the_banner_shows_the_one_command_that_helps_and_what_it_is_for() {
    for language in Language::ALL {
        let words = Words::new(language);
        for remedy in Remedy::ALL {
            let app = without(remedy, language, SIZE);
            assert!(shows(&app, &words.say(absent::lacks(remedy))));
            assert!(shows(&app, &words.say(absent::helps(remedy))));
            for other in Remedy::ALL {
                assert_eq!(shows(&app, other.command()), other == remedy, "{remedy:?}");
            }
        }
    }
}

#[test]
fn every_command_has_its_place_in_every_window_in_both_languages() {
    for language in Language::ALL {
        for remedy in Remedy::ALL {
            for size in OTHERS.into_iter().chain([SIZE]) {
                let mut app = without(remedy, language, size);
                for screen in [Screen::Live, Screen::Tune, Screen::Settings] {
                    let _ = app.update(Message::Show(screen));
                    check(&app, &format!("{remedy:?} on {screen:?}"), size);
                }
                app.settings.welcomed = false;
                check(&app, &format!("{remedy:?} on the first page"), size);
            }
        }
    }
}

#[test]
fn the_first_page_and_the_settings_show_the_same_command() {
    let command = Remedy::Bundle.command();
    let mut app = without(Remedy::Bundle, Language::English, SIZE);
    app.settings.welcomed = false;
    assert!(shows(&app, command));
    app.settings.welcomed = true;
    let _ = app.update(Message::Show(Screen::Settings));
    assert!(shows(&app, command));
}

#[test]
fn a_helper_that_is_lost_is_waited_for_before_a_command_is_shown() {
    let words = Words::new(Language::English);
    let mut scene = scene();
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&scene.app, &words.say(Key::AbsentLost)));
    let _ = scene
        .app
        .update(Message::Bus(Event::Remedy(Remedy::Restart)));
    assert!(shows(&scene.app, &words.say(Key::AbsentLostHelps)));
    assert!(shows(&scene.app, Remedy::Restart.command()));
    // It is there again, and then lost again: what helped before may not help now.
    scene.tell(|_| ());
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&scene.app, &words.say(Key::AbsentLost)));
}

#[test]
fn without_a_bus_no_command_is_promised_to_help() {
    let mut app = App::new(Words::new(Language::English), SIZE);
    let _ = app.update(Message::Bus(Event::Remedy(Remedy::Start)));
    let _ = app.update(Message::Bus(Event::NoBus));
    for remedy in Remedy::ALL {
        assert!(!shows(&app, remedy.command()));
    }
}

/// The bus tells that a helper can be started now, and the window calls it without being asked. This
/// one does not come up, so that the command is another one from then on.
#[tokio::test]
async fn a_helper_that_was_just_installed_is_called_at_once() {
    let folder = std::env::temp_dir().join(format!("evenkeel-services-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let daemon = Bus::with_services(&folder);
    let connection = daemon.connect().await;
    let (mut sender, mut events) = iced::futures::channel::mpsc::channel(4);
    let followed = connection.clone();
    let following = tokio::spawn(async move { bus::follow_on(&followed, &mut sender).await });
    let before = match events.next().await {
        Some(Event::Remedy(remedy)) => remedy,
        other => panic!("{other:?}"),
    };
    assert_ne!(before, Remedy::Restart);
    assert!(matches!(events.next().await, Some(Event::NoHelper)));

    let service = format!("[D-BUS Service]\nName={BUS_NAME}\nExec=/bin/false\n");
    std::fs::write(folder.join(format!("{BUS_NAME}.service")), service).unwrap();
    let names = DBusProxy::new(&connection).await.unwrap();
    names.reload_config().await.unwrap();
    let after = events.next().await;
    assert!(
        matches!(after, Some(Event::Remedy(Remedy::Restart))),
        "{after:?}"
    );
    following.abort();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_typed_address_is_asked_from_then_on_and_a_wrong_one_changes_nothing() {
    let mut app = without(Remedy::Deb, Language::English, SIZE);
    let _ = app.update(Message::Show(Screen::Settings));
    let mut person = Person::at(app, SIZE);
    for (text, expected) in [
        ("9.9.9.9", "9.9.9.9"),
        ("nowhere", "9.9.9.9"),
        ("127.0.0.1", "9.9.9.9"),
        ("2620:fe::9", "2620:fe::9"),
        ("", ""),
    ] {
        person.tell(Message::Typing(target::Message::Typed(text.to_owned())));
        person.tell(Message::Typing(target::Message::Done));
        assert_eq!(person.app.settings.target.to_string(), expected, "{text}");
    }
}

#[test]
fn the_address_is_part_of_what_is_measured_so_that_a_new_one_begins_anew() {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let hash = |target: &str| {
        let wish = alone::Wish {
            grace: std::time::Duration::ZERO,
            probes: true,
            target: target.parse::<Target>().unwrap(),
        };
        let mut hasher = DefaultHasher::new();
        wish.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash("9.9.9.9"), hash("9.9.9.9"));
    assert_ne!(hash("9.9.9.9"), hash(""));
}

#[test]
fn the_field_takes_the_arrows_and_escape_leaves_it() {
    let mut app = without(Remedy::Deb, Language::English, SIZE);
    let _ = app.update(Message::Show(Screen::Settings));
    let mut person = Person::at(app, SIZE);
    let id = person.place("target").id;
    person.focus(&id);
    person.key(Named::ArrowLeft);
    assert_eq!(person.focused().map(|place| place.id), Some(id));
    person.key(Named::Escape);
    assert!(person.focused().is_none());
    let sent = person.sent();
    assert!(
        sent.is_empty(),
        "Escape left the field and nothing else: {sent:?}"
    );
}
