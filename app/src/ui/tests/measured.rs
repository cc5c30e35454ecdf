//! The Measure screen: what can be begun, a measurement that fills, ends, is judged, is picked up by a
//! window that opens later; and what a lost helper, another user or a refusal make of it.

use std::sync::Arc;

use evenkeel_core::ab::Verdict;
use evenkeel_core::ab::draw::Draws;
use evenkeel_core::ab::plan::order;
use evenkeel_dbus::measurement::{
    LOST_US, MeasuredBlock, MeasuredSample, MeasurementReason, MeasurementState, Subject,
};
use evenkeel_dbus::{Backend, HelperError, Reason};
use iced::Size;
use zbus::OwnedObjectPath;

use super::journeys::{click, say, shows};
use super::{FIRST, Scene, lead_with, state, uplinks};
use crate::measure::history::History;
use crate::measure::tests::judged;
use crate::measure::{Found, Snapshot};
use crate::ui::app::{App, Message, Screen};
use crate::ui::bus::{Call, Event};
use crate::ui::measure::follow::{Event as Told, Touch};
use crate::ui::measure::{self, What};
use crate::words::{Key, Language};

const SIZE: Size = Size::new(1280.0, 800.0);

pub(super) fn path(number: u32) -> OwnedObjectPath {
    let path = format!("/io/github/evenkeel/Helper1/measurement/{number}");
    OwnedObjectPath::try_from(path).unwrap()
}

pub(super) fn own_uid() -> u32 {
    nix::unistd::Uid::current().as_raw()
}

/// The Measure screen of a machine with two uplinks.
pub(super) fn scene(language: Language, size: Size) -> Scene {
    let mut scene = Scene::ecmp(2, language, size);
    scene.play("5g2_urban", 10, usize::MAX);
    let _ = scene.app.update(Message::Show(Screen::Measure));
    scene
}

/// A measurement of game mode of this user's with so many blocks done.
pub(super) fn running(done: u32) -> Snapshot {
    let mut snapshot = judged(Verdict::Better);
    snapshot.owner = own_uid();
    snapshot.state = MeasurementState::Running;
    snapshot.progress.blocks_done = done;
    let arms = order(snapshot.seed, done / 2);
    let arm = arms[done as usize % 2];
    snapshot.progress.arm = u32::from(arm == evenkeel_core::ab::Arm::B);
    snapshot.progress.ends_ns = 6_000_000_000;
    snapshot.outcome = None;
    snapshot
}

/// The same with this verdict.
pub(super) fn ended(verdict: Verdict) -> Snapshot {
    let mut snapshot = judged(verdict);
    snapshot.owner = own_uid();
    if let Some(outcome) = snapshot
        .outcome
        .as_mut()
        .filter(|_| verdict != Verdict::Better)
    {
        (outcome.ratio, outcome.p) = (1.04, 0.71);
        outcome.interval = Some((0.81, 1.33));
        if verdict == Verdict::Worse {
            (outcome.ratio, outcome.p) = (1.8, 0.0004);
            outcome.interval = Some((1.3, 2.5));
        }
    }
    snapshot
}

/// The helper has this measurement, and this is told of it.
pub(super) fn follow(scene: &mut Scene, number: u32, snapshot: Snapshot) {
    scene.tell(|state| {
        if !state.measurements.contains(&path(number)) {
            state.measurements.push(path(number));
        }
    });
    let seen = Told::Seen(path(number), Box::new(snapshot), 0);
    tell(&mut scene.app, measure::Message::Followed(seen));
}

pub(super) fn tell(app: &mut App, message: measure::Message) {
    let _ = app.update(Message::Measure(message));
}

/// Its probes: both arms alike but for what comes late, which `calm` makes rarer in B.
pub(super) fn found(snapshot: &Snapshot, calm: bool) -> Arc<Found> {
    let mut draws = Draws::new(5);
    let (mut blocks, mut samples) = (Vec::new(), Vec::new());
    for pair in 0..snapshot.progress.blocks_done / 2 {
        for arm in order(snapshot.seed, pair) {
            let arm = u32::from(arm == evenkeel_core::ab::Arm::B);
            let number = blocks.len() as u32;
            for probe in 0..80 {
                let late = draws.below(100) < if arm == 1 && calm { 5 } else { 14 };
                let rtt_us = 18_000 + draws.below(4_000) as u32;
                let more = 4_000 + draws.below(90) as u32 * draws.below(1_000) as u32;
                let lost = draws.below(if arm == 1 && calm { 900 } else { 150 }) == 0;
                samples.push(MeasuredSample {
                    block: number,
                    at_ms: number * 10_000 + 2_000 + probe * 100,
                    rtt_us: match (lost, late) {
                        (true, _) => LOST_US,
                        (_, true) => rtt_us + more,
                        _ => rtt_us,
                    },
                });
            }
            blocks.push(MeasuredBlock {
                pair,
                arm,
                ifindex: FIRST + arm,
                sent: 80,
                ..MeasuredBlock::default()
            });
        }
    }
    Arc::new(Found::of(blocks, &samples))
}

/// A measurement that has ended with its figures.
pub(super) fn verdict(verdict: Verdict, language: Language, size: Size) -> Scene {
    let mut scene = scene(language, size);
    let snapshot = ended(verdict);
    let found = found(&snapshot, verdict == Verdict::Better);
    follow(&mut scene, 1, snapshot);
    tell(
        &mut scene.app,
        measure::Message::Fetched(path(1), Ok(found)),
    );
    scene
}

/// The Measure screen in every state with other controls.
pub(super) fn states(language: Language, size: Size) -> Vec<(&'static str, App)> {
    let chosen = scene(language, size).app;
    let mut setting = verdict(Verdict::Better, language, size).app;
    tell(&mut setting, measure::Message::Leave);
    tell(&mut setting, measure::Message::Take(What::Setting));
    let mut uplinks = scene(language, size).app;
    tell(&mut uplinks, measure::Message::Take(What::Uplinks));
    let mut held = scene(language, size);
    held.tell(|state| lead_with(state, Some(FIRST), true));
    let mut under_way = scene(language, size);
    follow(&mut under_way, 1, running(10));
    let mut judged = verdict(Verdict::NoDifference, language, size);
    judged.tell(|state| lead_with(state, Some(FIRST), true));
    vec![
        ("to be chosen", chosen),
        ("of a setting", setting),
        ("of uplinks", uplinks),
        ("while game mode is on", held.app),
        ("under way", under_way.app),
        ("judged", judged.app),
    ]
}

fn sent(app: &App, key: Key) -> Vec<String> {
    let sent = click(app, &say(key));
    sent.iter().map(|message| format!("{message:?}")).collect()
}

#[test]
fn one_press_begins_and_a_second_one_waits_for_the_answer() {
    let mut scene = scene(Language::English, SIZE);
    assert!(shows(&scene.app, &say(Key::MeasureAskGame)));
    assert_eq!(sent(&scene.app, Key::MeasureStart), ["Measure(Start)"]);
    tell(&mut scene.app, measure::Message::Start);
    assert!(sent(&scene.app, Key::MeasureStart).is_empty());
    tell(
        &mut scene.app,
        measure::Message::Begun(Subject::GameMode, Ok(path(1))),
    );
    follow(&mut scene, 1, running(0));
    assert!(shows(&scene.app, &say(Key::MeasureNoPeeking)));
}

#[test]
fn a_refusal_is_told_and_the_button_is_back() {
    let mut scene = scene(Language::English, SIZE);
    tell(&mut scene.app, measure::Message::Start);
    let refused = HelperError::NotAuthorized("polkit said no".to_owned());
    tell(
        &mut scene.app,
        measure::Message::Begun(Subject::GameMode, Err(refused)),
    );
    assert!(shows(&scene.app, &say(Key::NoticeNotAuthorized)));
    assert_eq!(sent(&scene.app, Key::MeasureStart), ["Measure(Start)"]);
}

#[test]
fn what_cannot_be_compared_says_why_and_cannot_be_begun() {
    let mut scene = scene(Language::English, SIZE);
    scene.tell(|state| lead_with(state, Some(FIRST), true));
    tell(&mut scene.app, measure::Message::Take(What::GameMode));
    assert!(shows(&scene.app, &say(Key::MeasureNotGameModeOn)));
    assert!(!shows(&scene.app, &say(Key::MeasureStart)));
    let off = format!("Measure(SwitchOff({:?}))", Call::LeaveGameMode);
    assert_eq!(sent(&scene.app, Key::MeasureGameOff), [off]);
    tell(&mut scene.app, measure::Message::Start);
    tell(&mut scene.app, measure::Message::Take(What::Uplinks));
    assert_eq!(sent(&scene.app, Key::MeasureStart), ["Measure(Start)"]);

    let alone = state(Backend::Observe, Reason::OneUplink, uplinks(1));
    let mut scene = Scene::new(alone, Language::English, SIZE);
    let _ = scene.app.update(Message::Show(Screen::Measure));
    assert!(shows(&scene.app, &say(Key::ReasonOneUplink)));
    assert!(shows(&scene.app, &say(Key::MeasureNothing)));
    assert!(!shows(&scene.app, &say(Key::MeasureStart)));
}

#[test]
fn a_measurement_fills_pauses_goes_on_and_ends_with_its_verdict() {
    let mut scene = scene(Language::English, SIZE);
    follow(&mut scene, 1, running(4));
    assert!(shows(&scene.app, "2 of 30 pairs are done."));
    assert!(shows(&scene.app, &say(Key::MeasureInForce)));
    let pause = sent(&scene.app, Key::MeasurePause);
    assert_eq!(pause, [format!("Measure(Touch({:?}))", Touch::Pause)]);
    let mut paused = running(4);
    paused.state = MeasurementState::Paused;
    paused.reason = MeasurementReason::Asked;
    paused.progress.interruptions = 2;
    follow(&mut scene, 1, paused.clone());
    assert!(shows(&scene.app, &say(Key::MeasureWhyAsked)));
    let go_on = sent(&scene.app, Key::MeasureResume);
    assert_eq!(go_on, [format!("Measure(Touch({:?}))", Touch::Resume)]);
    // What somebody else holds up is not resumed by its owner.
    paused.reason = MeasurementReason::UplinksChanged;
    follow(&mut scene, 1, paused);
    assert!(shows(&scene.app, &say(Key::MeasureWhyUplinks)));
    assert!(!shows(&scene.app, &say(Key::MeasureResume)));
    follow(&mut scene, 1, ended(Verdict::Better));
    let headline = "Better: game mode on is steadier than game mode off.";
    assert!(shows(&scene.app, headline));
    assert!(shows(&scene.app, &say(Key::MeasureFetching)));
    let probes = found(&ended(Verdict::Better), true);
    tell(
        &mut scene.app,
        measure::Message::Fetched(path(1), Ok(probes)),
    );
    assert!(shows(&scene.app, &say(Key::MeasureSave)));
    assert!(shows(&scene.app, &say(Key::TableMedian)));
}

#[test]
fn a_window_that_opens_later_picks_up_what_runs_and_what_has_ended() {
    for (snapshot, text) in [
        (running(10), say(Key::MeasureNoPeeking)),
        (
            ended(Verdict::NoDifference),
            "No difference shown between game mode off and game mode on.".to_owned(),
        ),
    ] {
        let mut scene = Scene::ecmp(2, Language::English, SIZE);
        follow(&mut scene, 3, snapshot);
        let _ = scene.app.update(Message::Show(Screen::Measure));
        assert!(shows(&scene.app, &text), "{text}");
    }
}

#[test]
fn cancelling_leads_back_and_leaves_a_line_among_the_earlier_results() {
    let mut scene = scene(Language::English, SIZE);
    follow(&mut scene, 1, running(10));
    let cancel = sent(&scene.app, Key::MeasureCancel);
    assert_eq!(cancel, [format!("Measure(Touch({:?}))", Touch::Cancel)]);
    let mut cancelled = running(10);
    cancelled.state = MeasurementState::Cancelled;
    cancelled.reason = MeasurementReason::Asked;
    follow(&mut scene, 1, cancelled);
    assert!(shows(&scene.app, &say(Key::MeasureStart)));
    assert!(shows(&scene.app, &say(Key::MeasureWordCancelled)));
    tell(&mut scene.app, measure::Message::Open(path(1)));
    assert!(shows(&scene.app, &say(Key::MeasureAllBefore)));
}

#[test]
fn what_did_not_help_is_switched_off_with_one_press_where_it_is_on() {
    for judged in [Verdict::Worse, Verdict::NoDifference] {
        let mut scene = verdict(judged, Language::English, SIZE);
        assert!(shows(&scene.app, &say(Key::MeasureIsOff)));
        assert!(!shows(&scene.app, &say(Key::MeasureGameOff)));
        scene.tell(|state| lead_with(state, Some(FIRST), true));
        let off = sent(&scene.app, Key::MeasureGameOff);
        let call = format!("Measure(SwitchOff({:?}))", Call::LeaveGameMode);
        assert_eq!(off, [call]);
    }
    let mut scene = verdict(Verdict::Better, Language::English, SIZE);
    scene.tell(|state| lead_with(state, Some(FIRST), true));
    assert!(!shows(&scene.app, &say(Key::MeasureGameOff)));
    // A setting.
    let mut scene = self::scene(Language::English, SIZE);
    let mut worse = ended(Verdict::Worse);
    worse.plan.subject = Subject::EmaFactor.to_wire();
    (worse.plan.a, worse.plan.b) = (512, 900);
    scene.tell(|state| state.ema_factor = 900);
    follow(&mut scene, 1, worse);
    let off = sent(&scene.app, Key::MeasureSettingOff);
    assert_eq!(
        off,
        [format!("Measure(SwitchOff({:?}))", Call::SetEma(512))]
    );
}

#[test]
fn the_verdict_is_left_by_its_button_and_by_going_back_and_does_not_come_back() {
    for back in [Message::Measure(measure::Message::Leave), Message::Back] {
        let mut scene = verdict(Verdict::Better, Language::English, SIZE);
        let _ = scene.app.update(back);
        assert!(shows(&scene.app, &say(Key::MeasureStart)));
        follow(&mut scene, 1, ended(Verdict::Better));
        assert!(shows(&scene.app, &say(Key::MeasureStart)));
        let again = sent(&scene.app, Key::MeasureWordBetter);
        assert_eq!(again.len(), 1, "{again:?}");
        assert!(again[0].starts_with("Measure(Open("), "{again:?}");
        let _ = scene.app.update(Message::Back);
        assert!(!shows(&scene.app, &say(Key::MeasureStart)), "back to Live");
    }
}

#[test]
fn a_measurement_of_another_user_is_said_and_keeps_the_button_away() {
    let mut scene = scene(Language::English, SIZE);
    let mut foreign = running(10);
    foreign.owner += 1;
    follow(&mut scene, 1, foreign);
    assert!(shows(&scene.app, &say(Key::MeasureForeign)));
    assert!(sent(&scene.app, Key::MeasureStart).is_empty());
    let mut ended = ended(Verdict::Worse);
    ended.owner += 1;
    follow(&mut scene, 1, ended);
    assert_eq!(sent(&scene.app, Key::MeasureStart), ["Measure(Start)"]);
    assert!(!shows(&scene.app, &say(Key::MeasureWordWorse)), "not ours");
}

#[test]
fn a_helper_that_is_lost_while_measuring_is_said_and_what_was_found_before_stays() {
    let mut scene = verdict(Verdict::Better, Language::English, SIZE);
    follow(&mut scene, 2, running(10));
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    let lost = format!("{} {}", say(Key::MeasureLost), say(Key::MeasureAllBefore));
    assert!(shows(&scene.app, &lost));
    assert!(shows(&scene.app, &say(Key::MeasureNoProbes)));
    // The next helper counts from 1 again, and has nothing to do with them.
    scene.tell(|state| state.measurements.clear());
    follow(&mut scene, 1, running(2));
    assert!(shows(&scene.app, "1 of 30 pairs are done."));
    let mut cancelled = running(2);
    cancelled.state = MeasurementState::Cancelled;
    follow(&mut scene, 1, cancelled);
    tell(&mut scene.app, measure::Message::Leave);
    for word in [
        Key::MeasureWordBetter,
        Key::MeasureWordNone,
        Key::MeasureWordCancelled,
    ] {
        assert!(shows(&scene.app, &say(word)), "{word:?}");
    }
}

#[test]
fn figures_that_cannot_be_fetched_are_said_once() {
    let mut scene = scene(Language::English, SIZE);
    follow(&mut scene, 1, ended(Verdict::Better));
    let gone = HelperError::NotSupported("there is no such measurement".to_owned());
    tell(
        &mut scene.app,
        measure::Message::Fetched(path(1), Err(gone)),
    );
    assert!(shows(&scene.app, &say(Key::MeasureNoProbes)));
    assert!(shows(&scene.app, "there is no such measurement"));
}

#[test]
fn what_was_saved_and_what_could_not_be_is_said() {
    let mut scene = verdict(Verdict::Better, Language::English, SIZE);
    let csv = click(&scene.app, "CSV");
    assert_eq!(format!("{csv:?}"), "[Measure(Save(Csv))]");
    let saved = "~/Documents/Evenkeel/evenkeel-2026-11-22-184000.csv";
    tell(
        &mut scene.app,
        measure::Message::Saved(Ok(saved.to_owned())),
    );
    assert!(shows(&scene.app, &format!("Saved: {saved}")));
    tell(
        &mut scene.app,
        measure::Message::Saved(Err("No space left".to_owned())),
    );
    assert!(shows(&scene.app, "Not saved. No space left"));
}

#[test]
fn no_more_measurements_are_remembered_than_can_be_shown() {
    let mut scene = scene(Language::English, SIZE);
    for number in 1..60 {
        scene.tell(|state| state.measurements.clear());
        follow(&mut scene, number, ended(Verdict::Better));
        let probes = found(&running(2), true);
        tell(
            &mut scene.app,
            measure::Message::Fetched(path(number), Ok(probes)),
        );
    }
    assert!(scene.app.remembered_measurements() <= 13);
}

#[test]
fn what_was_kept_is_listed_and_shown_with_the_names_of_its_time() {
    let folder = std::env::temp_dir().join(format!("evenkeel-kept-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let history = History::at(folder.clone());
    let mut snapshot = ended(Verdict::Worse);
    snapshot.plan.subject = Subject::Uplinks.to_wire();
    // Numbers of another boot, which other interfaces have now.
    (snapshot.plan.a, snapshot.plan.b) = (FIRST, 77);
    let then = [(FIRST, "wlan0"), (77, "ppp3")].map(|(number, name)| (number, name.to_owned()));
    let probes = found(&snapshot, false);
    let kept = history.keep(&snapshot, &probes, &then.into_iter().collect());
    assert!(kept.unwrap().is_some());
    let listed = history.list().unwrap();
    let listed: Vec<_> = listed.into_iter().map(Result::unwrap).collect();
    let id = listed[0].id.clone();

    let mut scene = scene(Language::English, SIZE);
    assert!(!shows(&scene.app, &say(Key::MeasureEarlier)));
    tell(&mut scene.app, measure::Message::Listed(Ok(listed)));
    assert!(shows(&scene.app, "Wi-Fi / ppp3"));
    let press = sent(&scene.app, Key::MeasureWordWorse);
    assert_eq!(press.len(), 1);
    assert!(press[0].starts_with("Measure(Recall("), "{press:?}");
    let opened = Arc::new(history.open(&id).unwrap());
    tell(&mut scene.app, measure::Message::Recalled(Ok(opened)));
    assert!(shows(&scene.app, "Worse: ppp3 is less steady than Wi-Fi."));
    assert!(shows(&scene.app, &say(Key::TableMedian)));
    // It is in memory now, and still only once in the list.
    tell(&mut scene.app, measure::Message::Leave);
    assert_eq!(sent(&scene.app, Key::MeasureWordWorse).len(), 1);
    let mut ui = super::simulate(scene.app.view(), SIZE);
    let second = iced_test::selector::id(iced::advanced::widget::Id::new("measure-earlier-1"));
    assert!(ui.find(second).is_err(), "it is listed twice");
    drop(ui);
    tell(
        &mut scene.app,
        measure::Message::Listed(Err("the disk is full".to_owned())),
    );
    let trouble = "Not all results could be kept or read. the disk is full";
    assert!(shows(&scene.app, trouble));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_history_is_read_when_the_screen_is_first_looked_at_and_not_before() {
    let mut app = Scene::ecmp(2, Language::English, SIZE).app;
    app.history = Some(History::at("/nonexistent/evenkeel".into()));
    let mut read = |screen| app.update(Message::Show(screen)).units();
    let idle = read(Screen::Settings);
    let (first, second) = (read(Screen::Measure), read(Screen::Measure));
    assert_eq!((first, second), (idle + 1, idle));
}
