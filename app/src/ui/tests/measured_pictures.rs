//! Pictures of the Measure screen: what to compare, a measurement under way and held up, every verdict.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{MeasurementReason, MeasurementState, Subject};
use iced::Size;

use super::measured::{ended, follow, found, path, running, scene, tell, verdict};
use super::pictures::{everywhere, in_every_theme, whole_everywhere};
use super::{FIRST, lead_with};
use crate::export::Kind;
use crate::ui::app::App;
use crate::ui::measure::{self, What};
use crate::words::Language;

#[test]
fn pictures_of_a_measurement_under_way() {
    in_every_theme("measure-runs", |language, size| {
        let mut scene = scene(language, size);
        follow(&mut scene, 1, running(23));
        scene.app
    });
}

#[test]
fn pictures_of_a_measurement_that_waits() {
    everywhere("measure-waits", |language, size| {
        let mut scene = scene(language, size);
        let mut paused = running(22);
        paused.state = MeasurementState::Paused;
        paused.reason = MeasurementReason::UplinksChanged;
        paused.progress.interruptions = 2;
        (paused.progress.arm, paused.progress.ends_ns) = (2, 0);
        follow(&mut scene, 1, paused);
        scene.app
    });
}

#[test]
fn pictures_of_something_better() {
    in_every_theme("measure-better", |language, size| {
        verdict(Verdict::Better, language, size).app
    });
}

#[test]
fn pictures_of_no_difference_with_game_mode_on() {
    everywhere("measure-same", |language, size| {
        let mut scene = verdict(Verdict::NoDifference, language, size);
        scene.tell(|state| lead_with(state, Some(FIRST), true));
        tell(&mut scene.app, measure::Message::Graph(Kind::Histogram));
        scene.app
    });
}

fn worse(language: Language, size: Size) -> App {
    let mut scene = scene(language, size);
    let mut snapshot = ended(Verdict::Worse);
    snapshot.plan.subject = Subject::UplinkCost.to_wire();
    snapshot.plan.ifindex = FIRST;
    (snapshot.plan.a, snapshot.plan.b) = (evenkeel_dbus::measurement::ARM_OFF, 150);
    let found = found(&snapshot, false);
    follow(&mut scene, 1, snapshot);
    tell(
        &mut scene.app,
        measure::Message::Fetched(path(1), Ok(found)),
    );
    tell(&mut scene.app, measure::Message::Graph(Kind::Tail));
    let saved = "~/Documents/Evenkeel/evenkeel-2026-11-22-184000.csv".to_owned();
    tell(&mut scene.app, measure::Message::Saved(Ok(saved)));
    scene.app
}

#[test]
fn pictures_of_something_worse() {
    everywhere("measure-worse", worse);
}

#[test]
fn a_measurement_that_failed_is_whole_everywhere() {
    whole_everywhere("measure-failed", |language, size| {
        let mut scene = scene(language, size);
        let mut failed = running(20);
        failed.state = MeasurementState::Failed;
        failed.reason = MeasurementReason::Interrupted;
        follow(&mut scene, 1, failed);
        scene.app
    });
}

#[test]
fn pictures_of_other_things_to_compare() {
    everywhere("measure-setting", |language, size| {
        let mut scene = verdict(Verdict::Better, language, size);
        tell(&mut scene.app, measure::Message::Leave);
        tell(&mut scene.app, measure::Message::Take(What::Setting));
        scene.app
    });
    for what in [What::Sensitivity, What::Uplinks] {
        whole_everywhere("measure-what", |language, size| {
            let mut scene = scene(language, size);
            tell(&mut scene.app, measure::Message::Take(what));
            scene.app
        });
    }
}
