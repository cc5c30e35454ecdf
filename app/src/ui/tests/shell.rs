//! What is around the screens: places, settings, the first start, the banner, the strip. Pictures
//! of each, and what a choice does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use evenkeel_dbus::{Backend, Reason};
use futures_util::StreamExt;
use iced::Size;
use iced::keyboard::{self, key::Named};

use super::golden;
use super::journeys::{SIZE, click, press, say, scene, shows};
use super::pictures::{check, everywhere, whole_everywhere};
use super::{FIRST, Scene, lacks_helper, lead_with, state, uplinks};
use crate::config::{Choice, LanguageChoice, OnClose, Settings, Store, Target, ThemeChoice};
use crate::installation::Remedy;
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::Event;
use crate::ui::theme::Look;
use crate::ui::{alone, live, strip};
use crate::words::{Key, Language, Words};

/// A settings file in a folder of its own, with this in it.
fn store(content: Option<&str>) -> Store {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("evenkeel-window-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("settings.json");
    if let Some(content) = content {
        std::fs::write(&path, content).unwrap();
    }
    Store::at(path)
}

fn open(content: Option<&str>) -> (App, PathBuf) {
    let store = store(content);
    let path = store.path().to_owned();
    let app = App::open(Language::English, "6.18.1".to_owned(), Some(store), false);
    (app, path)
}

fn written(path: &Path) -> Settings {
    Store::at(path.to_owned()).load().settings
}

fn played(language: Language, size: Size) -> Scene {
    let mut scene = Scene::ecmp(2, language, size);
    scene.play("5g2_urban", 900, 300);
    scene
}

#[test]
fn pictures_of_settings_that_could_not_be_read() {
    whole_everywhere("settings-bad", |language, size| {
        let store = store(Some("{\n  theme: dark\n}"));
        let mut app = App::open(language, "6.18.1-arch1-1".to_owned(), Some(store), false);
        resize(&mut app, size);
        lacks_helper(&mut app, Remedy::Restart);
        let _ = app.update(Message::Choose(Choice::Welcomed));
        let _ = app.update(Message::Show(Screen::Settings));
        app
    });
}

#[test]
fn pictures_of_the_first_start() {
    everywhere("welcome", |language, size| {
        let mut scene = played(language, size);
        scene.app.settings.welcomed = false;
        scene.app
    });
    everywhere("welcome-alone", |language, size| {
        let store = store(None);
        let mut app = App::open(language, "6.18.1-arch1-1".to_owned(), Some(store), false);
        resize(&mut app, size);
        lacks_helper(&mut app, Remedy::Bundle);
        let found = alone::Event::Uplinks(uplinks(3));
        let _ = app.update(Message::Alone(found));
        app
    });
}

#[tokio::test]
async fn the_first_page_finds_the_uplinks_before_anything_is_measured() {
    let looks = alone::Wish {
        grace: std::time::Duration::ZERO,
        probes: false,
        target: Target::default(),
    };
    let mut events = std::pin::pin!(alone::measure(&looks));
    // No feed is opened, as it would be for probes.
    let first = events.next().await;
    assert!(matches!(first, Some(alone::Event::Uplinks(_))), "{first:?}");
}

#[test]
fn no_uplink_is_said_only_after_a_look() {
    let (mut app, _) = open(None);
    resize(&mut app, SIZE);
    let _ = app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&app, &say(Key::WelcomeLooking)));
    let _ = app.update(Message::Alone(alone::Event::Uplinks(Vec::new())));
    assert!(shows(&app, &say(Key::WelcomeNoUplinks)));
    let _ = app.update(Message::Choose(Choice::Welcomed));
    assert!(shows(&app, &say(Key::NoUplinks)));
}

#[test]
fn pictures_without_a_bus() {
    everywhere("absent-bus", |language, size| {
        let mut app = App::new(Words::new(language), size);
        let _ = app.update(Message::Bus(Event::Remedy(Remedy::Mend)));
        let _ = app.update(Message::Bus(Event::NoBus));
        app
    });
}

#[test]
fn pictures_of_the_strip() {
    let mut differences = Vec::new();
    for language in Language::ALL {
        for (width, height) in [(480, 96), (360, 72), (900, 140)] {
            let mut scene = played(language, Size::new(width as f32, height as f32));
            scene.app.settings.strip = true;
            for name in ["strip", "strip-lost"] {
                check(&scene.app, name, scene.size);
                for theme in [
                    ThemeChoice::Dark,
                    ThemeChoice::Light,
                    ThemeChoice::HighContrast,
                ] {
                    scene.app.settings.theme = theme;
                    let name = format!("{name}-{width}-{language:?}-{theme:?}").to_lowercase();
                    differences.extend(golden::compare(&scene.app, &name, scene.size).err());
                }
                let _ = scene.app.update(Message::Bus(Event::NoHelper));
            }
        }
    }
    golden::hold(&differences);
}

fn resize(app: &mut App, size: Size) {
    let event = iced::window::Event::Resized(size);
    let _ = app.update(Message::Window(event));
}

#[test]
fn every_place_is_reached_by_pointer_and_by_its_number() {
    let mut scene = scene();
    for (label, digit, screen) in [
        (Key::NavTune, "2", Screen::Tune),
        (Key::NavMeasure, "3", Screen::Measure),
        (Key::NavSpikes, "4", Screen::Spikes),
        (Key::NavSettings, "5", Screen::Settings),
        (Key::NavLive, "1", Screen::Live),
    ] {
        for sent in [
            click(&scene.app, &say(label)),
            press(&scene.app, None, keyboard::Key::Character(digit.into())),
        ] {
            assert!(
                matches!(sent[..], [Message::Show(to)] if to == screen),
                "{sent:?}"
            );
        }
        let _ = scene.app.update(Message::Show(screen));
    }
    assert!(press(&scene.app, None, keyboard::Key::Character("6".into())).is_empty());
}

#[test]
fn the_first_start_shows_one_page_once() {
    let (mut app, path) = open(None);
    resize(&mut app, SIZE);
    for key in [
        Key::WelcomeTitle,
        Key::WelcomeFound,
        Key::WelcomeWill,
        Key::WelcomeGo,
    ] {
        let mut ui = super::simulate(app.view(), SIZE);
        let found = ui.find(say(key).as_str()).unwrap();
        let seen = found
            .visible_bounds()
            .is_some_and(|bounds| bounds.height > 10.0);
        assert!(seen, "{key:?}");
    }
    assert!(
        !app.shows_graph(),
        "nothing is measured for a page without a graph"
    );
    for sent in [
        click(&app, &say(Key::WelcomeGo)),
        press(&app, None, Named::Enter),
    ] {
        assert!(
            matches!(sent[..], [Message::Choose(Choice::Welcomed)]),
            "{sent:?}"
        );
    }
    let _ = app.update(Message::Choose(Choice::Welcomed));
    assert!(!shows(&app, &say(Key::WelcomeTitle)));
    assert!(written(&path).welcomed);
    let store = Some(Store::at(path));
    let again = App::open(Language::English, String::new(), store, false);
    assert!(!shows(&again, &say(Key::WelcomeTitle)));
}

#[test]
fn a_choice_takes_effect_at_once_and_is_kept() {
    let (mut app, path) = open(Some(r#"{"welcomed": true}"#));
    let _ = app.update(Message::Show(Screen::Settings));
    for (label, expected) in [
        (
            Key::LanguageKorean,
            Choice::Language(LanguageChoice::Korean),
        ),
        (Key::ThemeLight, Choice::Theme(ThemeChoice::Light)),
        (Key::CloseKeep, Choice::OnClose(OnClose::Keep)),
        (Key::ChoiceOn, Choice::Notify(true)),
    ] {
        let sent = click(&app, &say(label));
        assert!(
            matches!(sent[..], [Message::Choose(choice)] if choice == expected),
            "{sent:?}"
        );
    }
    for choice in [
        Choice::Language(LanguageChoice::Korean),
        Choice::Theme(ThemeChoice::Light),
        Choice::OnClose(OnClose::Keep),
        Choice::RefreshHz(5),
        Choice::Notify(true),
    ] {
        let _ = app.update(Message::Choose(choice));
    }
    assert_eq!(Look::of(&app.theme()), Look::Light);
    assert!(shows(
        &app,
        &Words::new(Language::Korean).say(Key::SettingsTitle)
    ));
    let kept = written(&path);
    assert_eq!(kept, app.settings);
    assert_eq!(
        (kept.refresh_hz, kept.notify, kept.on_close),
        (5, true, OnClose::Keep)
    );
    let system = Choice::Language(LanguageChoice::System);
    let _ = app.update(Message::Choose(system));
    assert!(shows(&app, &say(Key::SettingsTitle)));
}

#[test]
fn the_desktops_preference_counts_only_while_it_is_asked_for() {
    let (mut app, _) = open(None);
    assert_eq!(Look::of(&app.theme()), Look::Dark);
    let _ = app.update(Message::Desktop(Look::HighContrast));
    assert_eq!(Look::of(&app.theme()), Look::HighContrast);
    let _ = app.update(Message::Choose(Choice::Theme(ThemeChoice::Light)));
    let _ = app.update(Message::Desktop(Look::Dark));
    assert_eq!(Look::of(&app.theme()), Look::Light);
}

#[test]
fn a_bad_settings_file_is_told_and_stays_until_something_is_chosen() {
    let bad = "{ theme: dark }";
    let (mut app, path) = open(Some(bad));
    let _ = app.update(Message::Show(Screen::Settings));
    app.settings.welcomed = true;
    assert!(shows(&app, &say(Key::NoticeSettings)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
    let _ = app.update(Message::Choose(Choice::Notify(true)));
    assert!(written(&path).notify);
    let kept = path.with_file_name("settings.json.bad");
    assert_eq!(std::fs::read_to_string(kept).unwrap(), bad);
}

#[test]
fn a_choice_that_cannot_be_kept_still_holds_and_is_told() {
    let (mut app, path) = open(Some(r#"{"welcomed": true}"#));
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path.parent().unwrap(), "a file where the folder was").unwrap();
    let _ = app.update(Message::Choose(Choice::Theme(ThemeChoice::Light)));
    assert_eq!(Look::of(&app.theme()), Look::Light);
    assert!(shows(&app, &say(Key::NoticeUnsaved)));
}

#[test]
fn the_window_becomes_a_strip_and_back_and_keeps_both_sizes() {
    let (mut app, path) = open(Some(r#"{"welcomed": true}"#));
    let state = state(Backend::Ecmp, Reason::Ready, uplinks(2));
    let _ = app.update(Message::Bus(Event::State(Box::new(state))));
    let _ = app.update(Message::Remember(Size::new(1600.0, 900.0)));
    let sent = press(&app, Some("shrink"), Named::Enter);
    assert!(
        matches!(sent[..], [Message::Shrink(true), Message::Shrink(true)]),
        "{sent:?}"
    );
    let _ = app.update(Message::Shrink(true));
    assert!(app.shows_graph(), "the strip is fed on every screen");
    resize(&mut app, Size::new(480.0, 96.0));
    let _ = app.update(Message::Remember(Size::new(600.0, 110.0)));
    let sent = press(&app, None, keyboard::Key::Character("c".into()));
    assert!(matches!(sent[..], [Message::Shrink(false)]), "{sent:?}");
    let sent = press(&app, None, Named::Escape);
    assert!(matches!(sent[..], [Message::Back]), "{sent:?}");
    let _ = app.update(Message::Back);
    assert!(!app.settings.strip);
    let _ = app.update(Message::Shrink(true));
    let _ = app.update(Message::Strip(strip::Message::Grow));
    let kept = written(&path);
    assert!(!kept.strip);
    assert_eq!((kept.window.width, kept.strip_window.width), (1600, 600));
}

#[test]
fn a_strip_can_be_asked_for_at_the_start() {
    let store = store(None);
    let app = App::open(Language::English, String::new(), Some(store), true);
    assert!(app.settings.strip);
    assert!(!shows(&app, &say(Key::WelcomeTitle)));
}

#[test]
fn the_strip_shows_the_leader_and_else_the_first_that_answers() {
    let mut scene = scene();
    assert_eq!(
        strip::counts(&scene.app.model).map(|t| t.info.ifindex),
        Some(FIRST)
    );
    scene.tell(|state| lead_with(state, Some(FIRST + 1), true));
    let track = strip::counts(&scene.app.model);
    assert_eq!(track.map(|t| t.info.ifindex), Some(FIRST + 1));
}

#[test]
fn a_strip_that_is_shown_nowhere_wants_no_feed_until_it_is_drawn() {
    let mut scene = Scene::ecmp(2, Language::English, Size::new(480.0, 96.0));
    scene.app.settings.strip = true;
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
    assert!(
        matches!(sent[..], [Message::Strip(strip::Message::Drawn)]),
        "{sent:?}"
    );
    let _ = scene.app.update(Message::Strip(strip::Message::Drawn));
    assert!(scene.app.shows_graph());
}

#[test]
fn texts_grow_and_the_window_keeps_its_size() {
    let (mut app, path) = open(Some(r#"{"welcomed": true}"#));
    resize(&mut app, SIZE);
    let _ = app.update(Message::Choose(Choice::TextPercent(150)));
    assert!((app.scale_factor() - 1.5).abs() < 0.001);
    // The toolkit tells sizes in the larger pixels from now on.
    resize(&mut app, Size::new(800.0, 520.0));
    assert!((app.scale_factor() - 1.5).abs() < 0.001);
    resize(&mut app, Size::new(600.0, 400.0));
    assert!((app.scale_factor() - 1.125).abs() < 0.001);
    assert_eq!(written(&path).text_percent, 150);
}

#[test]
fn a_lost_helper_keeps_the_graphs_through_a_restart() {
    let mut scene = played(Language::English, SIZE);
    let before = scene.app.model.tracks[0]
        .history
        .between(0, u64::MAX)
        .last();
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(shows(&scene.app, &say(Key::AbsentLost)));
    let _ = scene.app.update(Message::Live(live::Message::TogglePause));
    scene.tell(|state| lead_with(state, None, false));
    assert!(!shows(&scene.app, &say(Key::AbsentLost)));
    assert_eq!(
        scene.app.model.tracks[0]
            .history
            .between(0, u64::MAX)
            .last(),
        before
    );
}
