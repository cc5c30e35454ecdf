//! What a picture shows of a recorded series: the same as core's replay of it.

use evenkeel_core::replay::Replay;
use evenkeel_core::trace::Series;
use evenkeel_dbus::Reason;
use evenkeel_dbus::feed::{Frame, Record};

use super::*;
use crate::ui::tests;

const ROUND_NS: u64 = 200_000_000;

/// A model that heard `rounds`, one RTT in milliseconds per uplink each.
fn model(backend: Backend, rounds: &[Vec<Option<u32>>]) -> Model {
    let mut model = Model::default();
    let count = rounds.first().map_or(1, Vec::len);
    model.take_state(tests::state(backend, Reason::Ready, tests::uplinks(count)));
    for (number, round) in (1..).zip(rounds) {
        let sample = |(index, rtt_ms): (u32, &Option<u32>)| Record::Sample {
            ifindex: tests::FIRST + index,
            at_ns: number * ROUND_NS,
            rtt_ns: rtt_ms.map(|ms| u64::from(ms) * 1_000_000),
            user_clock: false,
        };
        let records = (0..).zip(round).map(sample).collect();
        let frame = Frame {
            number: 0,
            dropped: 0,
            records,
        };
        let _ = model.take_frame(&frame);
    }
    model
}

fn setting(model: &Model, factor: u32) -> Setting {
    let costs = model.tracks.iter().map(|track| (track.info.ifindex, 100));
    Setting {
        factor,
        costs: costs.collect(),
    }
}

fn picture(model: &Model, draft: u32, in_force: u32) -> Option<Picture> {
    let (draft, in_force) = (setting(model, draft), setting(model, in_force));
    let key = Key::of(model, draft, in_force)?;
    compute(&key.record(model))
}

/// The first uplink is unsteady from the 60th second on.
fn turning(rounds: usize) -> Vec<Vec<Option<u32>>> {
    let wobble = |n: usize| {
        if n >= 300 && n.is_multiple_of(2) {
            40
        } else {
            0
        }
    };
    (0..rounds)
        .map(|n| vec![Some(20 + wobble(n) as u32), Some(30)])
        .collect()
}

#[test]
fn a_picture_of_recorded_minutes_is_their_replay() {
    let rounds = turning(2000);
    let model = model(Backend::Ecmp, &rounds);
    let rows = rounds.iter().map(|row| {
        let row = row
            .iter()
            .map(|ms| ms.map_or(-1, |ms| i64::from(ms) * 1000));
        row.map(|us| us.to_string()).collect::<Vec<_>>().join(" ")
    });
    let text = format!("# dt_ms=200\n{}", rows.collect::<Vec<_>>().join("\n"));
    let series = Series::parse(&text).unwrap();
    for factor in [0, 300, 512, 1024] {
        let params = Params {
            slider: Factor::new(i64::from(factor)).unwrap(),
            ..Params::default()
        };
        let mut leads = vec![(0, None)];
        for round in Replay::new(&series, params, &[PowerCost::NEUTRAL; 2]).unwrap() {
            let leader = round.leader.map(|path| tests::FIRST + path as u32);
            if leads[leads.len() - 1].1 != leader {
                // Rounds began at the first probe, and a decision is in force after its round.
                leads.push((round.t_ms * 1_000_000 + 2 * ROUND_NS, leader));
            }
        }
        let shown = picture(&model, factor, 512).unwrap();
        assert_eq!(shown.draft.leads, leads[1..], "{factor}");
        assert_eq!(shown.draft.changes as usize, leads.len() - 2);
        assert_eq!(shown.is_settled(), factor == 512);
    }
}

#[test]
fn both_settings_are_shown_and_only_the_lines_depend_on_them() {
    let model = model(Backend::Ecmp, &turning(2000));
    let calm = picture(&model, 100, 512).unwrap();
    let sharp = picture(&model, 1024, 512).unwrap();
    assert_eq!(calm.in_force, sharp.in_force);
    assert_eq!(calm.measured, sharp.measured);
    assert_eq!(calm.top_us, sharp.top_us);
    assert_ne!(calm.draft.lines, sharp.draft.lines);
    let left = |picture: &Picture| picture.draft.leads.get(1).map_or(u64::MAX, |lead| lead.0);
    assert!(left(&sharp) < left(&calm));
    assert!(sharp.draft.p99_ns <= calm.draft.p99_ns);
}

#[test]
fn a_drafted_cost_is_previewed_too() {
    let model = model(Backend::Ecmp, &turning(250));
    let in_force = setting(&model, 512);
    let mut draft = in_force.clone();
    draft.costs[0].1 = 300;
    let key = Key::of(&model, draft, in_force).unwrap();
    let shown = compute(&key.record(&model)).unwrap();
    assert_eq!(shown.in_force.leads[0].1, Some(tests::FIRST));
    assert_eq!(shown.draft.leads[0].1, Some(tests::FIRST + 1));
}

#[test]
fn how_often_is_said_only_of_long_enough_times() {
    let course = |minutes: u64, changes| Course {
        led_ns: minutes * MINUTE_NS,
        changes,
        ..Course::default()
    };
    assert_eq!(course(1, 5).often(), Often::TooShort);
    let counted = |changes, minutes, hourly| Often::Counted {
        changes,
        minutes,
        hourly,
    };
    assert_eq!(course(9, 2).often(), counted(2, 9, None));
    assert_eq!(course(12, 3).often(), counted(3, 12, Some(15)));
    assert_eq!(course(30, 0).often(), counted(0, 30, Some(0)));
}

#[test]
fn the_kernels_lines_follow_its_macro_and_nobody_says_who_would_lead() {
    let model = model(Backend::Lowpower, &turning(600));
    let shown = picture(&model, 1024, 0).unwrap();
    assert!(shown.is_kernels());
    // All of the newest, and nothing but the first.
    assert_eq!(shown.draft.lines, shown.measured);
    let frozen = shown.in_force.lines[0].iter().map(|c| (c.min_us, c.max_us));
    assert!(frozen.into_iter().all(|values| values == (20_000, 20_000)));
    assert!(shown.draft.leads.is_empty() && shown.draft.p99_ns.is_none());
}

#[test]
fn an_uplink_without_probes_is_not_in_the_picture_and_no_probes_give_none() {
    assert_eq!(picture(&model(Backend::Ecmp, &[]), 512, 512), None);
    assert_eq!(picture(&Model::default(), 512, 512), None);
    let mut model = model(Backend::Ecmp, &turning(600));
    model.tracks[0].history = crate::ui::history::History::default();
    let shown = picture(&model, 512, 512).unwrap();
    assert_eq!(shown.uplinks, [tests::FIRST + 1]);
    assert_eq!((shown.measured.len(), shown.draft.lines.len()), (1, 1));
}

#[test]
fn the_span_holds_what_was_measured_up_to_half_an_hour() {
    let minutes = |seconds: u64| span(seconds * 1_000_000_000) / MINUTE_NS;
    assert_eq!([0, 60, 61, 250, 301].map(minutes), [1, 1, 2, 5, 6]);
    assert_eq!([1800, 5000].map(minutes), [30, 30]);
}

#[test]
fn new_measurements_change_the_key_at_a_bounded_rate() {
    let keys: Vec<Key> = (1..=100)
        .map(|rounds| {
            let model = model(Backend::Ecmp, &turning(rounds));
            let setting = setting(&model, 512);
            Key::of(&model, setting.clone(), setting).unwrap()
        })
        .collect();
    let changes = keys.windows(2).filter(|pair| pair[0] != pair[1]).count();
    // A hundred rounds are twenty seconds.
    assert_eq!(changes, 10);
}

#[test]
fn one_picture_at_a_time() {
    let mut pace = Pace::default();
    assert!(pace.begin());
    assert!(!pace.begin());
    pace.rested();
    assert!(pace.begin());
}
