//! What the Tune screen says of a patched kernel: what it really does, what was measured, its figures,
//! and a value that somebody else set out of range.

use evenkeel_core::ab;
use evenkeel_dbus::measurement::Subject;
use evenkeel_dbus::{Backend, Figures, PatchKind, Reason};
use iced::Size;

use super::journeys::{click, shows};
use super::pictures::{everywhere, whole_everywhere};
use super::{Scene, measured, state, uplinks};
use crate::kernel_check::forbidden::Why;
use crate::kernel_check::{Counts, Device, Failed, Report, SCHEMA, Verdict};
use crate::measure::Snapshot;
use crate::ui::app::{App, Message, Screen};
use crate::ui::tune::{self, Tried};
use crate::words::{Key, Language, Words};

const SIZE: Size = Size::new(1280.0, 800.0);

/// What was tried out, on ordinary cards and on devices that keep a packet's route.
pub(super) fn found(ordinary: Verdict, keeping: Verdict) -> Report {
    let device = |verdict| Device {
        verdict,
        unbound: Counts::default(),
        foreign: Counts::default(),
    };
    Report {
        schema: SCHEMA,
        kernel_release: "6.12.57-lowpower".to_owned(),
        sysctls: None,
        ordinary: device(ordinary),
        keeping: device(keeping),
    }
}

/// The window hears of it.
pub(super) fn tell(app: &mut App, outcome: Result<Report, Failed>, measured: Option<Snapshot>) {
    let measured = measured.map(Box::new);
    let tried = Box::new(Tried { outcome, measured });
    let _ = app.update(Message::Tune(tune::Message::Tried(tried)));
}

fn tuning(patch: PatchKind, language: Language, size: Size) -> Scene {
    let mut state = state(Backend::Lowpower, Reason::Ready, uplinks(2));
    state.patch = patch;
    let mut scene = Scene::new(state, language, size);
    scene.play("5g2_urban", 1200, usize::MAX);
    let _ = scene.app.update(Message::Show(Screen::Tune));
    scene
}

fn costed(verdict: ab::Verdict) -> Snapshot {
    let mut snapshot = measured::ended(verdict);
    snapshot.plan.subject = Subject::PowerCost.to_wire();
    (snapshot.plan.a, snapshot.plan.b) = (0, 100);
    snapshot
}

fn sent(scene: &mut Scene, figures: Figures) {
    scene.tell(|state| {
        for (number, uplink) in state.uplinks.iter_mut().enumerate() {
            uplink.figures = figures.to_wire();
            uplink.load_bytes_s = 148_300 - 131_000 * number as u64;
            uplink.variability_bytes_s = 21_900 - 20_000 * number as u64;
        }
    });
}

#[test]
fn a_patched_kernel_that_was_tried_out() {
    everywhere("tune-kernel", |language, size| {
        let mut scene = tuning(PatchKind::Steady, language, size);
        sent(&mut scene, Figures::Kernel);
        let outcome = Ok(found(Verdict::SteadyWins, Verdict::NoEffect));
        tell(&mut scene.app, outcome, Some(costed(ab::Verdict::Better)));
        scene.foresee(512);
        scene.app
    });
    whole_everywhere("tune-kernel-outside", |language, size| {
        let mut scene = tuning(PatchKind::Original, language, size);
        sent(&mut scene, Figures::Estimated);
        scene.tell(|state| state.power_cost_weight = -2_147_483_648);
        let forbidden = Err(Failed::Forbidden(Why::AppArmor));
        tell(&mut scene.app, forbidden, None);
        scene.foresee(512);
        scene.app
    });
}

#[test]
fn each_outcome_has_its_sentence_in_both_languages() {
    for language in Language::ALL {
        let words = Words::new(language);
        let mut scene = tuning(PatchKind::Original, language, SIZE);
        assert!(shows(&scene.app, &words.say(Key::KernelTrying)));
        for (outcome, key) in [
            (
                Ok(found(Verdict::NoEffect, Verdict::NoEffect)),
                Key::KernelNoEffect,
            ),
            (
                Ok(found(Verdict::FirstOnly, Verdict::FirstOnly)),
                Key::KernelFirstOnly,
            ),
            (
                Ok(found(Verdict::BusyWins, Verdict::BusyWins)),
                Key::KernelBusyWins,
            ),
            (
                Ok(found(Verdict::SteadyWins, Verdict::NoEffect)),
                Key::KernelSteadyWins,
            ),
            (
                Ok(found(Verdict::Unclear, Verdict::Unclear)),
                Key::KernelUnclear,
            ),
            (Err(Failed::Broken("x".to_owned())), Key::KernelBroken),
            (Err(Failed::Forbidden(Why::Flatpak)), Key::KernelFlatpak),
        ] {
            tell(&mut scene.app, outcome, None);
            assert!(shows(&scene.app, &words.say(key)), "{key:?} {language:?}");
        }
        for (keeping, more) in [
            (Verdict::BusyWins, Key::KernelKeepingBusy),
            (Verdict::SteadyWins, Key::KernelKeepingSteady),
        ] {
            tell(&mut scene.app, Ok(found(Verdict::FirstOnly, keeping)), None);
            let both = [Key::KernelFirstOnly, more]
                .map(|key| words.say(key))
                .join(" ");
            assert!(shows(&scene.app, &both), "{both}");
        }
        let command = "sudo evenkeel doctor --kernel";
        let forbidden = words.tell(Key::KernelForbidden, [("command", command.into())]);
        tell(
            &mut scene.app,
            Err(Failed::Forbidden(Why::CloneSysctl)),
            None,
        );
        assert!(shows(&scene.app, &forbidden), "{forbidden}");
    }
}

#[test]
fn whose_patch_it_is_and_that_it_is_experimental_is_always_said() {
    for (patch, key) in [
        (PatchKind::None, Key::KernelOriginal),
        (PatchKind::Original, Key::KernelOriginal),
        (PatchKind::Steady, Key::KernelOurs),
        (PatchKind::Busy, Key::KernelOursBusy),
    ] {
        for language in Language::ALL {
            let words = Words::new(language);
            let scene = tuning(patch, language, SIZE);
            assert!(shows(&scene.app, &words.say(key)), "{patch:?} {language:?}");
        }
    }
}

#[test]
fn the_last_measurement_is_told_and_so_is_that_there_is_none() {
    let words = Words::new(Language::English);
    let mut scene = tuning(PatchKind::Original, Language::English, SIZE);
    let outcome = || Ok(found(Verdict::NoEffect, Verdict::NoEffect));
    tell(&mut scene.app, outcome(), None);
    assert!(shows(&scene.app, &words.say(Key::KernelUnmeasured)));
    tell(
        &mut scene.app,
        outcome(),
        Some(costed(ab::Verdict::NoDifference)),
    );
    assert!(!shows(&scene.app, &words.say(Key::KernelUnmeasured)));
    let (a, b) = (
        words.tell(Key::MeasureArmPower, [("value", 0_u32.into())]),
        words.tell(Key::MeasureArmPower, [("value", 100_u32.into())]),
    );
    let what = words.tell(Key::MeasureVersus, [("a", a.into()), ("b", b.into())]);
    let verdict = words.say(Key::MeasureWordSame);
    let told = [("what", what.into()), ("verdict", verdict.into())];
    assert!(shows(&scene.app, &words.tell(Key::KernelMeasured, told)));
}

#[test]
fn a_stock_kernel_is_not_tried_out_and_has_no_card() {
    let words = Words::new(Language::English);
    let mut scene = Scene::ecmp(2, Language::English, SIZE);
    let _ = scene.app.update(Message::Show(Screen::Tune));
    assert!(!shows(&scene.app, &words.say(Key::KernelTitle)));
}

#[test]
fn it_is_tried_once_until_the_button_asks_again() {
    let words = Words::new(Language::English);
    let mut scene = tuning(PatchKind::Original, Language::English, SIZE);
    let trying = words.say(Key::KernelTrying);
    assert!(shows(&scene.app, &trying));
    tell(
        &mut scene.app,
        Ok(found(Verdict::FirstOnly, Verdict::BusyWins)),
        None,
    );
    let _ = scene.app.update(Message::Show(Screen::Live));
    let _ = scene.app.update(Message::Show(Screen::Tune));
    scene.tell(|state| state.ema_factor = 700);
    assert!(!shows(&scene.app, &trying), "a slider turns nothing around");
    let pressed = click(&scene.app, &words.say(Key::KernelAgain));
    assert!(
        matches!(
            pressed.as_slice(),
            [Message::Tune(tune::Message::TryKernel)]
        ),
        "{pressed:?}"
    );
    for message in pressed {
        let _ = scene.app.update(message);
    }
    assert!(shows(&scene.app, &trying));
    assert!(
        !shows(&scene.app, &words.say(Key::KernelAgain)),
        "not twice at once"
    );
    // Another direction is another kernel, as far as this goes.
    tell(
        &mut scene.app,
        Ok(found(Verdict::FirstOnly, Verdict::BusyWins)),
        None,
    );
    scene.tell(|state| state.patch = PatchKind::Busy);
    assert!(shows(&scene.app, &trying));
}

#[test]
fn a_cost_out_of_range_is_shown_as_it_is_and_cannot_be_moved() {
    for language in Language::ALL {
        let words = Words::new(language);
        let mut scene = tuning(PatchKind::Original, language, SIZE);
        assert!(shows(&scene.app, "+"));
        for value in [-33, 10_001, 3_000_000] {
            scene.tell(|state| state.power_cost_weight = value);
            let number = words.number(f64::from(value), 0);
            let told = words.tell(Key::PowerOutside, [("value", number.into())]);
            assert!(shows(&scene.app, &told), "{told}");
            assert!(!shows(&scene.app, "+"), "{value}");
        }
        scene.tell(|state| state.power_cost_weight = 10_000);
        assert!(shows(&scene.app, "+"));
    }
}

#[test]
fn the_figures_say_whether_they_are_the_kernels_or_estimated() {
    let words = Words::new(Language::English);
    let mut scene = tuning(PatchKind::Steady, Language::English, SIZE);
    let sources = [
        (Figures::Kernel, Key::KernelFiguresTold),
        (Figures::Estimated, Key::KernelFiguresEstimated),
    ];
    for (_, key) in sources {
        assert!(!shows(&scene.app, &words.say(key)), "there are none yet");
    }
    for (figures, key) in sources {
        sent(&mut scene, figures);
        assert!(shows(&scene.app, &words.say(key)));
        let load = [("load", "148.3".into()), ("variability", "21.9".into())];
        assert!(shows(&scene.app, &words.tell(Key::KernelFigures, load)));
    }
}
