//! Every screen in every state, both languages, many sizes, drawn without a display. The pictures
//! land in the target directory for people to look at; the tests hold that all of them can be drawn
//! and that nothing reaches beyond the window.

use std::path::PathBuf;

use evenkeel_dbus::{Backend, CostReason, Draining, Reason, TunableInfo, TunableState, Way};
use iced::{Rectangle, Size};
use iced_test::selector::Candidate;

use super::{Scene, charge, family, same_subnet, simulate, state, uplinks};
use crate::config::ThemeChoice;
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, Event};
use crate::ui::drafts::Control;
use crate::ui::{live, tune};
use crate::words::{Language, Words};

const LARGE: Size = Size::new(1280.0, 800.0);
const WIDE: Size = Size::new(1920.0, 1080.0);
const SMALL: Size = Size::new(800.0, 500.0);
/// The largest window, 1280x800 with texts of 115, 130 and 150 percent, and shapes of the usual
/// sizes turned and halved.
const BETWEEN: [Size; 6] = [
    Size::new(2560.0, 1440.0),
    Size::new(1113.0, 696.0),
    Size::new(985.0, 615.0),
    Size::new(853.0, 533.0),
    Size::new(800.0, 1280.0),
    Size::new(1280.0, 500.0),
];

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let folder = target
        .unwrap_or_else(std::env::temp_dir)
        .join("evenkeel-pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(super) fn draw(app: &App, name: &str, language: Language, size: Size) {
    check(app, name, size);
    let mut ui = simulate(app.view(), size);
    let snapshot = ui.snapshot(&app.theme()).unwrap();
    let name = format!("{name}-{language:?}-{}", size.width).to_lowercase();
    let path = folder().join(format!("{name}.png"));
    let _ = std::fs::remove_file(path.with_file_name(format!("{name}-tiny-skia.png")));
    assert!(snapshot.matches_image(path).unwrap());
}

/// No text may reach beyond the window, except along what scrolls.
fn check(app: &App, name: &str, size: Size) {
    let mut ui = simulate(app.view(), size);
    let (mut cut, mut aside) = (Vec::new(), Vec::new());
    let (mut scrolls, mut sideways) = (false, false);
    let _ = ui.find(|candidate: Candidate<'_>| {
        match candidate {
            Candidate::Scrollable {
                bounds,
                content_bounds,
                ..
            } => {
                scrolls = true;
                sideways |= content_bounds.width > bounds.width + 0.5;
            }
            Candidate::Text {
                content,
                bounds,
                visible_bounds,
                ..
            } => {
                if !whole(bounds, visible_bounds) {
                    cut.push(content.to_owned());
                }
                if bounds.x < 0.0 || bounds.x + bounds.width > size.width + 0.5 {
                    aside.push(content.to_owned());
                }
            }
            _ => {}
        }
        None::<()>
    });
    let what = format!("{name} at {}x{}", size.width, size.height);
    assert!(scrolls || cut.is_empty(), "{what}: {cut:?} are cut");
    assert!(
        sideways || aside.is_empty(),
        "{what}: {aside:?} are cut at the side"
    );
}

fn whole(bounds: Rectangle, visible: Option<Rectangle>) -> bool {
    visible.is_some_and(|visible| {
        (visible.width - bounds.width).abs() < 0.5 && (visible.height - bounds.height).abs() < 0.5
    })
}

pub(super) fn everywhere(name: &str, build: impl Fn(Language, Size) -> App) {
    for language in Language::ALL {
        for size in [LARGE, WIDE, SMALL] {
            let mut app = build(language, size);
            draw(&app, name, language, size);
            if size == LARGE {
                for theme in [ThemeChoice::Light, ThemeChoice::HighContrast] {
                    app.choose(|settings| settings.theme = theme);
                    draw(&app, &format!("{name}-{theme:?}"), language, size);
                }
            }
        }
        let mut app = build(language, LARGE);
        for size in BETWEEN {
            let event = iced::window::Event::Resized(size);
            let _ = app.update(Message::Window(event));
            check(&app, name, size);
        }
    }
}

#[test]
fn the_question_on_closing_and_a_gamepads_hints() {
    let held = |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 300, 100);
        let _ = scene
            .app
            .update(Message::Answered(Call::EnterGameMode, Ok(())));
        let _ = scene
            .app
            .update(Message::Pad(crate::ui::gamepad::Action::Scroll(0)));
        scene.app
    };
    everywhere("hints", held);
    everywhere("question", |language, size| {
        let mut app = held(language, size);
        let _ = app.update(Message::CloseAsked);
        app
    });
}

#[test]
fn live_with_two_uplinks_in_game_mode() {
    everywhere("live-two", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 1900, 900);
        scene.app
    });
}

#[test]
fn live_with_three_uplinks_and_an_effect() {
    everywhere("live-three", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.play("drive3_trip_2_05_13_2023", 1500, 100);
        scene.app
    });
}

#[test]
fn live_with_a_dead_uplink() {
    everywhere("live-dead", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("S9_dead_path-1", 1500, 200);
        scene.app
    });
}

#[test]
fn live_with_four_uplinks_paused_over_thirty_minutes() {
    everywhere("live-four", |language, size| {
        let mut scene = Scene::ecmp(4, language, size);
        scene.play("S7_four_paths-1", 9000, 500);
        let show = live::Message::Show(live::Span::Thirty);
        let _ = scene.app.update(Message::Live(show));
        let _ = scene.app.update(Message::Live(live::Message::TogglePause));
        for _ in 0..20 {
            let _ = scene.app.update(Message::Live(live::Message::Pick(-1)));
        }
        scene.app
    });
}

#[test]
fn live_with_one_uplink_watching_only() {
    everywhere("live-one", |language, size| {
        let state = state(Backend::Observe, Reason::OneUplink, uplinks(1));
        let mut scene = Scene::new(state, language, size);
        scene.play("5g2_urban", 600, usize::MAX);
        scene.app
    });
}

#[test]
fn live_with_a_metered_uplink_and_one_without_a_cable() {
    everywhere("live-metered", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.tell(|state| charge(&mut state.uplinks[2]));
        scene.play("drive3_trip_2_05_13_2023", 1500, 100);
        scene.tell(|state| {
            state.uplinks[0].carrier = false;
            state.families[1] = same_subnet(6);
        });
        scene.app
    });
    everywhere("live-metered-two", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.tell(|state| charge(&mut state.uplinks[1]));
        scene.play("5g2_urban", 900, 300);
        scene.app
    });
}

#[test]
fn live_over_the_users_own_route() {
    everywhere("live-own", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.tell(|state| {
            state.families = vec![family(4, Way::UserRoute), family(6, Way::UserRoute)];
        });
        scene.play("5g2_urban", 900, 300);
        scene.app
    });
    everywhere("live-unpinned", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.tell(|state| {
            state.families[0].unpinned = 12;
            state.families[1] = same_subnet(6);
        });
        scene.play("5g2_urban", 900, 300);
        scene.app
    });
}

#[test]
fn live_and_tune_while_draining() {
    for (name, screen) in [("draining", Screen::Live), ("tune-draining", Screen::Tune)] {
        everywhere(name, |language, size| {
            let mut scene = Scene::ecmp(2, language, size);
            scene.tell(|state| {
                charge(&mut state.uplinks[1]);
                state.draining = Draining {
                    rules: 14,
                    seconds_left: 1_650,
                };
            });
            scene.play("5g2_urban", 900, usize::MAX);
            let _ = scene.app.update(Message::Show(screen));
            scene.foresee(512);
            scene.app
        });
    }
}

#[test]
fn live_refused_for_the_same_subnet() {
    everywhere("live-refused", |language, size| {
        let mut state = state(Backend::Observe, Reason::SameSubnet, uplinks(2));
        state.families = vec![same_subnet(4), same_subnet(6)];
        let mut scene = Scene::new(state, language, size);
        scene.play("5g2_urban", 600, usize::MAX);
        scene.app
    });
}

#[test]
fn live_before_the_first_answer_and_without_uplinks() {
    everywhere("live-first", |language, size| {
        Scene::ecmp(3, language, size).app
    });
    everywhere("live-none", |language, size| {
        let state = state(Backend::Observe, Reason::NoUplink, Vec::new());
        Scene::new(state, language, size).app
    });
}

#[test]
fn tune_on_both_backends() {
    everywhere("tune-ecmp", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.tell(|state| {
            state.uplinks[1].cost = 150;
            state.uplinks[1].cost_reason = CostReason::Set.to_wire();
            charge(&mut state.uplinks[2]);
        });
        scene.play("drive3_trip_2_05_13_2023", 3600, 100);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        scene.foresee(512);
        scene.app
    });
    everywhere("tune-drafted", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 9000, 100);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        let choose = tune::Message::Choose(Control::Ema, 840);
        let _ = scene.app.update(Message::Tune(choose));
        scene.foresee(840);
        scene.app
    });
    everywhere("tune-first", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        scene.app
    });
    everywhere("tune-one", |language, size| {
        let state = state(Backend::Observe, Reason::OneUplink, uplinks(1));
        let mut scene = Scene::new(state, language, size);
        scene.play("5g2_urban", 600, usize::MAX);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        scene.foresee(512);
        scene.app
    });
    everywhere("tune-lowpower", |language, size| {
        let state = state(Backend::Lowpower, Reason::Ready, uplinks(2));
        let mut scene = Scene::new(state, language, size);
        scene.play("5g2_urban", 1200, usize::MAX);
        scene.tell(|state| {
            state.ema_factor = 300;
            state.game_mode = true;
            state.tunables.push(TunableInfo {
                id: "ema-factor".to_owned(),
                current: "300".to_owned(),
                original: "512".to_owned(),
                wanted: "700".to_owned(),
                state: TunableState::StoodBack.to_wire(),
                why_not: "somebody wrote 300".to_owned(),
            });
        });
        let _ = scene.app.update(Message::Show(Screen::Tune));
        let choose = tune::Message::Choose(Control::Ema, 60);
        let _ = scene.app.update(Message::Tune(choose));
        scene.foresee(60);
        scene.app
    });
}

#[test]
fn no_helper_and_a_lost_helper() {
    everywhere("absent", |language, size| {
        let mut app = App::new(Words::new(language), size);
        let _ = app.update(Message::Bus(Event::NoHelper));
        app
    });
    everywhere("lost", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("5g2_urban", 900, 300);
        let _ = scene.app.update(Message::Bus(Event::NoHelper));
        scene.app
    });
}
