//! The screens in their states, in both languages: at 1280x800 as their golden images show them,
//! and with no text cut in windows of other sizes.

use std::collections::BTreeSet;

use evenkeel_dbus::{Backend, CostReason, Draining, Reason, TunableInfo, TunableState, Way};
use iced::{Rectangle, Size};
use iced_test::selector::Candidate;

use super::looking_back::reading;
use super::{
    Scene, charge, family, golden, kernel, lacks_helper, same_subnet, simulate, state, uplinks,
};
use crate::config::ThemeChoice;
use crate::installation::Remedy;
use crate::kernel_check::Verdict;
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, FeedEvent};
use crate::ui::drafts::Control;
use crate::ui::{live, tune};
use crate::words::{Language, Words};

/// The size of the golden images.
pub const SIZE: Size = Size::new(1280.0, 800.0);
/// The smallest and the largest window, usual ones between, 1280x800 with texts of 115, 130 and 150
/// percent, larger windows at scale 2, and shapes turned and halved.
pub const OTHERS: [Size; 11] = [
    Size::new(800.0, 500.0),
    Size::new(1920.0, 1080.0),
    Size::new(2560.0, 1440.0),
    Size::new(1113.0, 696.0),
    Size::new(985.0, 615.0),
    Size::new(853.0, 533.0),
    Size::new(1280.0, 720.0),
    Size::new(960.0, 540.0),
    Size::new(800.0, 1280.0),
    Size::new(1280.0, 500.0),
    Size::new(1000.0, 700.0),
];

/// Every text can be drawn, and none may reach beyond the window, except along what scrolls.
pub fn check(app: &App, name: &str, size: Size) {
    let mut ui = simulate(app.view(), size);
    let font = ttf_parser::Face::parse(crate::ui::FONTS[0], 0).unwrap();
    // The word joiner is nothing to be drawn.
    let drawn = |c: char| c.is_control() || c == '\u{2060}' || font.glyph_index(c).is_some();
    let (mut cut, mut aside, mut blank) = (Vec::new(), Vec::new(), BTreeSet::new());
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
                blank.extend(content.chars().filter(|c| !drawn(*c)));
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
    assert!(blank.is_empty(), "{what}: {blank:?} are not in the font");
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

/// This state, built for each language, has its golden images in the dark and the light theme, and
/// no text is cut in a window of any size.
pub fn everywhere(name: &str, build: impl Fn(Language, Size) -> App) {
    pictured(name, &[ThemeChoice::Dark, ThemeChoice::Light], build);
}

/// [`everywhere`], with high contrast too.
pub fn in_every_theme(name: &str, build: impl Fn(Language, Size) -> App) {
    pictured(
        name,
        &[
            ThemeChoice::Dark,
            ThemeChoice::Light,
            ThemeChoice::HighContrast,
        ],
        build,
    );
}

/// No text is cut in a window of any size, in a state that looks much like one with golden images.
pub fn whole_everywhere(name: &str, build: impl Fn(Language, Size) -> App) {
    pictured(name, &[], build);
}

fn pictured(name: &str, themes: &[ThemeChoice], build: impl Fn(Language, Size) -> App) {
    let mut differences = Vec::new();
    for language in Language::ALL {
        let mut app = build(language, SIZE);
        tell_the_time(&mut app);
        check(&app, name, SIZE);
        for theme in themes {
            app.settings.theme = *theme;
            let name = format!("{name}-{language:?}-{theme:?}").to_lowercase();
            differences.extend(golden::compare(&app, &name, SIZE).err());
        }
        for size in OTHERS {
            let event = iced::window::Event::Resized(size);
            let _ = app.update(Message::Window(event));
            check(&app, name, size);
        }
    }
    golden::hold(&differences);
}

/// As a window always knows it once there is a graph.
fn tell_the_time(app: &mut App) {
    if app.model.clock.monotonic_ns().is_none() && !app.model.tracks.is_empty() {
        let now = reading(app.model.now_ns, 0);
        let _ = app.update(Message::Feed(FeedEvent::Clock(now)));
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
fn live_with_three_uplinks_and_an_effect() {
    whole_everywhere("live-three", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.play("drive3_trip_2_05_13_2023", 1500, 100);
        scene.app
    });
}

#[test]
fn live_with_a_dead_uplink() {
    whole_everywhere("live-dead", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.play("S9_dead_path-1", 1500, 200);
        scene.app
    });
}

#[test]
fn live_with_four_uplinks_paused_over_thirty_minutes() {
    whole_everywhere("live-four", |language, size| {
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
fn live_with_a_metered_uplink_and_one_without_a_cable() {
    whole_everywhere("live-metered", |language, size| {
        let mut scene = Scene::ecmp(3, language, size);
        scene.tell(|state| charge(&mut state.uplinks[2]));
        scene.play("drive3_trip_2_05_13_2023", 1500, 100);
        scene.tell(|state| {
            state.uplinks[0].carrier = false;
            state.families[1] = same_subnet(6);
        });
        scene.app
    });
    whole_everywhere("live-metered-two", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.tell(|state| charge(&mut state.uplinks[1]));
        scene.play("5g2_urban", 900, 300);
        scene.app
    });
}

#[test]
fn live_over_the_users_own_route() {
    whole_everywhere("live-own", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        scene.tell(|state| {
            state.families = vec![family(4, Way::UserRoute), family(6, Way::UserRoute)];
        });
        scene.play("5g2_urban", 900, 300);
        scene.app
    });
    whole_everywhere("live-unpinned", |language, size| {
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
    whole_everywhere("live-none", |language, size| {
        let state = state(Backend::Observe, Reason::NoUplink, Vec::new());
        Scene::new(state, language, size).app
    });
}

#[test]
fn tune_on_both_backends() {
    in_every_theme("tune-costs", |language, size| {
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
    whole_everywhere("tune-first", |language, size| {
        let mut scene = Scene::ecmp(2, language, size);
        let _ = scene.app.update(Message::Show(Screen::Tune));
        scene.app
    });
    whole_everywhere("tune-one", |language, size| {
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
        let outcome = Ok(kernel::found(Verdict::FirstOnly, Verdict::BusyWins));
        kernel::tell(&mut scene.app, outcome, None);
        let choose = tune::Message::Choose(Control::Ema, 60);
        let _ = scene.app.update(Message::Tune(choose));
        scene.foresee(60);
        scene.app
    });
}

#[test]
fn live_on_a_patched_kernel_in_game_mode() {
    everywhere("live-lowpower", |language, size| {
        let state = state(Backend::Lowpower, Reason::Ready, uplinks(2));
        let mut scene = Scene::new(state, language, size);
        scene.play("5g2_urban", 1200, 600);
        scene.app
    });
}

#[test]
fn before_anything_is_known_without_a_helper() {
    everywhere("absent", |language, size| {
        let mut app = App::new(Words::new(language), size);
        lacks_helper(&mut app, Remedy::Deb);
        app
    });
}
