//! The model under uplinks that come, go and change their numbers, clocks that jump, and feeds that
//! make no sense.

use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{Backend, Reason, UplinkInfo, UplinkState};
use proptest::prelude::*;

use super::{Link, MAX_MARKS, MAX_PAST, Model};
use crate::state::HelperState;
use crate::ui::clock::Reading;
use crate::ui::compare::Comparison;
use crate::ui::events::{Event, MAX_EVENTS, What};
use crate::ui::tests;

const STEP_NS: u64 = 200_000_000;

fn uplink(ifindex: u32, name: &str) -> UplinkInfo {
    UplinkInfo {
        ifindex,
        name: name.to_owned(),
        state: UplinkState::Alive.to_wire(),
        carrier: true,
        ..UplinkInfo::default()
    }
}

fn state(uplinks: Vec<UplinkInfo>) -> HelperState {
    tests::state(Backend::Ecmp, Reason::Ready, uplinks)
}

fn frame(records: Vec<Record>) -> Frame {
    Frame {
        number: 0,
        dropped: 0,
        records,
    }
}

fn sample(ifindex: u32, at_ns: u64, rtt_ns: Option<u64>) -> Record {
    Record::Sample {
        ifindex,
        at_ns,
        rtt_ns,
        user_clock: false,
    }
}

fn estimate(ifindex: u32, at_ns: u64, state: UplinkState) -> Record {
    Record::Estimate {
        ifindex,
        at_ns,
        state,
        share_permille: 500,
        rtt_ns: 20_000_000,
        jitter_ns: 1_000_000,
        slow_jitter_ns: 1_000_000,
    }
}

fn happened(model: &Model) -> Vec<(What, Option<u32>)> {
    let events = model.events.between(0, u64::MAX);
    events.map(|event: Event| (event.what, event.who)).collect()
}

#[test]
fn ten_thousand_uplink_changes_leave_a_bounded_model() {
    let mut model = Model::default();
    for change in 0..10_000_u32 {
        let count = change % 20;
        let uplinks = (0..count).map(|n| uplink(change * 7 + n * 3, &format!("usb{}", change + n)));
        model.take_state(state(uplinks.collect()));
        let at_ns = u64::from(change) * STEP_NS;
        let probes = model.tracks.iter().map(|track| track.info.ifindex);
        let mut records: Vec<_> = probes.map(|n| sample(n, at_ns, Some(9_000_000))).collect();
        records.push(Record::Leader {
            ifindex: Some(change),
            at_ns,
            game_mode: change % 3 == 0,
        });
        if model.take_frame(&frame(records)) {
            model.refresh(Some((at_ns.saturating_sub(60_000_000_000), at_ns)));
        }
    }
    assert!(model.tracks.len() <= 16 && model.past.len() <= MAX_PAST);
    assert!(model.marks.len() <= MAX_MARKS);
    assert!(model.events.between(0, u64::MAX).count() <= MAX_EVENTS);
    let bytes: usize = model.drawn().map(|track| track.history.bytes()).sum();
    assert!(bytes < 4_000_000, "{bytes}");
    let slots: std::collections::BTreeSet<_> = model.drawn().map(|track| track.slot).collect();
    assert_eq!(slots.len(), model.drawn().count());
}

#[test]
fn an_uplink_that_comes_back_under_another_number_keeps_what_was_measured() {
    let mut model = Model::default();
    model.take_state(state(vec![uplink(3, "wlan0"), uplink(4, "usb0")]));
    assert!(happened(&model).is_empty());
    let led = Record::Leader {
        ifindex: Some(4),
        at_ns: STEP_NS,
        game_mode: true,
    };
    let _ = model.take_frame(&frame(vec![sample(4, STEP_NS, Some(7_000)), led]));
    let slot = model.tracks[1].slot;
    model.take_state(state(vec![uplink(3, "wlan0")]));
    assert_eq!(model.past.len(), 1);
    model.take_state(state(vec![uplink(3, "wlan0"), uplink(9, "usb0")]));
    let back = model.track(9).unwrap();
    assert!(!back.history.is_empty());
    assert_eq!((back.slot, model.past.len()), (slot, 0));
    assert_eq!(model.marks.back().unwrap().leader, Some(9));
    assert_eq!(
        happened(&model),
        [(What::Left, Some(9)), (What::Came, Some(9))]
    );
}

#[test]
fn each_turn_of_an_uplink_is_told_once_and_an_old_property_tells_nothing() {
    let mut model = Model::default();
    model.take_state(state(vec![uplink(3, "wlan0")]));
    let turns = [
        (1, UplinkState::Alive),
        (2, UplinkState::Dead),
        (3, UplinkState::Gone),
        (4, UplinkState::Alive),
    ];
    for (step, state) in turns {
        let _ = model.take_frame(&frame(vec![estimate(3, step * STEP_NS, state)]));
    }
    let told = [(What::Silent, Some(3)), (What::Answers, Some(3))];
    assert_eq!(happened(&model), told);
    let mut stale = uplink(3, "wlan0");
    stale.state = UplinkState::Dead.to_wire();
    model.take_state(state(vec![stale]));
    assert_eq!(happened(&model), told);
    let mut pulled = uplink(3, "wlan0");
    pulled.carrier = false;
    model.take_state(state(vec![pulled]));
    model.take_state(state(vec![uplink(3, "wlan0")]));
    let carrier = [What::CarrierLost, What::CarrierBack].map(|what| (what, Some(3)));
    assert_eq!(happened(&model)[2..], carrier);
}

#[test]
fn a_helper_that_was_away_and_a_sleep_are_events() {
    let reading = |monotonic_ns: u64, slept_ns: u64| Reading {
        monotonic_ns,
        boottime_ns: monotonic_ns + slept_ns,
        local_ns: i128::from(monotonic_ns + slept_ns),
    };
    let mut model = Model::default();
    model.lose_helper(Link::NoHelper);
    model.take_state(state(vec![uplink(3, "wlan0")]));
    assert!(happened(&model).is_empty());
    model.take_clock(reading(STEP_NS, 0));
    model.lose_helper(Link::NoHelper);
    model.take_state(state(vec![uplink(3, "wlan0")]));
    model.take_clock(reading(2 * STEP_NS, 3_600_000_000_000));
    let told = [What::HelperLost, What::HelperBack, What::Slept(3_600)];
    assert_eq!(happened(&model), told.map(|what| (what, None)));
    let at: Vec<_> = model.events.between(0, u64::MAX).map(|e| e.at_ns).collect();
    assert_eq!(at, [STEP_NS, STEP_NS, 2 * STEP_NS]);
}

#[test]
fn what_claims_to_be_from_the_far_future_is_not_believed() {
    let mut model = Model::default();
    model.take_state(state(vec![uplink(3, "wlan0")]));
    model.take_clock(Reading {
        monotonic_ns: STEP_NS,
        boottime_ns: STEP_NS,
        local_ns: 0,
    });
    let _ = model.take_frame(&frame(vec![
        sample(3, u64::MAX, Some(1_000)),
        sample(3, STEP_NS, Some(2_000)),
    ]));
    assert_eq!(model.now_ns, STEP_NS);
    assert_eq!(model.tracks[0].history.between(0, u64::MAX).count(), 1);
}

#[test]
fn without_the_helpers_estimates_the_figures_come_from_the_last_seconds() {
    let mut model = Model::default();
    model.take_state(state(vec![uplink(3, "wlan0")]));
    let probes = (1..=50).map(|n| sample(3, n * STEP_NS, Some((10 + n % 2 * 4) * 1_000_000)));
    let _ = model.take_frame(&frame(probes.collect()));
    model.refresh(Some((0, model.now_ns)));
    let figures = model.tracks[0].figures;
    assert!(
        figures
            .rtt_ns
            .is_some_and(|ns| (11_900_000..12_100_000).contains(&ns))
    );
    assert_eq!(figures.jitter_ns, Some(4_000_000));
    assert_eq!(figures.loss_permille, Some(0));
}

/// Anything that may come in.
#[derive(Debug, Clone)]
enum Input {
    State(Vec<(u32, bool, u32)>),
    Frame(Vec<Record>),
    Clock(u64, u64, i64),
    Lost,
}

#[test]
fn game_mode_that_is_on_is_never_asked_for() {
    let mut model = Model::default();
    model.take_state(state(vec![uplink(1, "eth0"), uplink(2, "wlan0")]));
    assert_eq!(model.comparison, Comparison::Off);
    // The helper tells it before the feed does.
    let mut on = state(vec![uplink(1, "eth0"), uplink(2, "wlan0")]);
    on.game_mode = true;
    model.take_state(on);
    assert_eq!(model.comparison, Comparison::Waiting);
}

fn moment() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_000_000_000_000_u64, any::<u64>()]
}

fn record() -> impl Strategy<Value = Record> {
    let ifindex = 0..8_u32;
    prop_oneof![
        (ifindex.clone(), moment(), any::<Option<u64>>())
            .prop_map(|(ifindex, at_ns, rtt_ns)| sample(ifindex, at_ns, rtt_ns)),
        (ifindex.clone(), moment(), 0..5_usize, any::<[u64; 3]>()).prop_map(
            |(ifindex, at_ns, state, [rtt_ns, jitter_ns, slow_jitter_ns])| Record::Estimate {
                ifindex,
                at_ns,
                state: UplinkState::ALL[state],
                share_permille: 1000,
                rtt_ns,
                jitter_ns,
                slow_jitter_ns,
            }
        ),
        (proptest::option::of(ifindex), moment(), any::<bool>()).prop_map(
            |(ifindex, at_ns, game_mode)| Record::Leader {
                ifindex,
                at_ns,
                game_mode
            }
        ),
    ]
}

fn input() -> impl Strategy<Value = Input> {
    let uplinks = proptest::collection::vec((0..8_u32, any::<bool>(), 0..5_u32), 0..8);
    prop_oneof![
        uplinks.prop_map(Input::State),
        proptest::collection::vec(record(), 0..40).prop_map(Input::Frame),
        (any::<u64>(), any::<u64>(), any::<i64>()).prop_map(|(a, b, c)| Input::Clock(a, b, c)),
        Just(Input::Lost),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_comes_in_the_model_neither_panics_nor_grows(
        inputs in proptest::collection::vec(input(), 0..60),
    ) {
        let mut model = Model::default();
        for input in inputs {
            match input {
                Input::State(uplinks) => {
                    let uplinks = uplinks.into_iter().map(|(ifindex, carrier, state)| UplinkInfo {
                        carrier,
                        state,
                        ..uplink(ifindex, &format!("eth{}", ifindex % 5))
                    });
                    model.take_state(state(uplinks.collect()));
                }
                Input::Frame(records) => {
                    let _ = model.take_frame(&frame(records));
                }
                Input::Clock(monotonic_ns, boottime_ns, local) => model.take_clock(Reading {
                    monotonic_ns,
                    boottime_ns,
                    local_ns: local.into(),
                }),
                Input::Lost => model.lose_helper(Link::NoBus),
            }
            model.refresh(Some((0, u64::MAX)));
            let kept = model.kept();
            prop_assert!(kept.oldest_ns <= kept.now_ns);
        }
        prop_assert!(model.tracks.len() <= 16 && model.past.len() <= MAX_PAST);
        prop_assert!(model.events.between(0, u64::MAX).count() <= MAX_EVENTS);
        let in_order = model.marks.iter().is_sorted_by_key(|mark| mark.at_ns);
        prop_assert!(in_order);
    }
}
