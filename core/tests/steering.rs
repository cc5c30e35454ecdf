//! What must hold for the steering whatever happens: any sequence of samples and calls, and the
//! behaviour at the slider's ends.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that can't build its case fails the test"
)]

use evenkeel_core::Factor;
use evenkeel_core::steer::{
    LEADER_WEIGHT, MAX_PATHS, Params, PathError, PathState, Period, PowerCost, Sample, Steering,
    TIMEOUT_NS,
};
use proptest::prelude::*;

const MS: u64 = 1_000_000;

fn steering(slider: i64, period_ms: u32, paths: usize) -> Steering {
    let params = Params {
        period: Period::from_ms(period_ms).unwrap(),
        slider: Factor::new(slider).unwrap(),
    };
    Steering::new(params, &vec![PowerCost::NEUTRAL; paths]).unwrap()
}

/// A steady path 0 leads a wobbling path 1, after 20 s.
fn led_by_0(slider: i64) -> Steering {
    led_by_0_for(100, slider)
}

fn led_by_0_for(rounds: u32, slider: i64) -> Steering {
    let mut steering = steering(slider, 200, 2);
    for round in 0..rounds {
        let wobble = if round % 2 == 0 { 0 } else { 4 * MS };
        let _change = steering
            .round(&[Some(20 * MS), Some(30 * MS + wobble)])
            .unwrap();
    }
    assert_eq!(steering.leader(), Some(0));
    steering
}

/// Rounds until path 1 leads, when path 0 alternates by 20 ms from now on.
fn rounds_to_leave_jitter(slider: i64) -> u32 {
    // 20 min: the running means of a cold start are over.
    let mut steering = led_by_0_for(5 * 1200, slider);
    for round in 0..5 * 3600 {
        let jitter = if round % 2 == 0 { 20 * MS } else { 60 * MS };
        let wobble = if round % 2 == 0 { 0 } else { 4 * MS };
        let _change = steering
            .round(&[Some(jitter), Some(30 * MS + wobble)])
            .unwrap();
        if steering.leader() == Some(1) {
            return round + 1;
        }
    }
    panic!("slider {slider} stays on a jittery path for an hour");
}

#[derive(Debug, Clone)]
enum Call {
    Sample(usize, Option<u64>),
    Settle,
    EndEpoch,
    Slider(i64),
    Cost(usize, i64),
    Forget(usize),
    Rearrange(Vec<Option<usize>>),
}

fn call() -> impl Strategy<Value = Call> {
    let rtt = prop_oneof![
        5 => (1_u64..200).prop_map(|ms| Some(ms * MS)),
        2 => Just(None),
        1 => (0..10_000 * MS).prop_map(Some),
        1 => any::<u64>().prop_map(Some),
    ];
    let from = prop::collection::vec(prop::option::of(0_usize..5), 0..5);
    prop_oneof![
        60 => (0_usize..5, rtt).prop_map(|(path, rtt)| Call::Sample(path, rtt)),
        10 => Just(Call::Settle),
        10 => Just(Call::EndEpoch),
        1 => (0_i64..=1024).prop_map(Call::Slider),
        1 => (0_usize..5, 0_i64..=10_000).prop_map(|(path, cost)| Call::Cost(path, cost)),
        1 => (0_usize..5).prop_map(Call::Forget),
        1 => from.prop_map(Call::Rearrange),
    ]
}

/// Whether the call changed the weights, as it says; a refused call changes nothing.
fn apply(steering: &mut Steering, call: Call) -> bool {
    let change = match call {
        Call::Sample(path, rtt) => {
            let known = path < steering.path_count();
            assert_eq!(steering.sample(path, rtt.into()).is_ok(), known);
            return false;
        }
        Call::Settle => steering.settle(),
        Call::EndEpoch => steering.end_epoch(),
        Call::Slider(slider) => {
            steering.set_slider(Factor::new(slider).unwrap());
            return false;
        }
        Call::Cost(path, cost) => {
            let _known = steering.set_cost(path, PowerCost::new(cost).unwrap());
            return false;
        }
        Call::Forget(path) => steering.forget(path).unwrap_or_default(),
        Call::Rearrange(from) => {
            let (before, paths) = (steering.weights().to_vec(), steering.path_count());
            let Ok(change) = steering.rearrange(&from) else {
                assert_eq!(
                    (steering.weights(), steering.path_count()),
                    (&before[..], paths)
                );
                return false;
            };
            change
        }
    };
    change.weights_changed
}

fn check_invariants(steering: &Steering) {
    let weights = steering.weights();
    let views: Vec<_> = steering.views().collect();
    assert_eq!(weights.len(), views.len());
    assert!(
        weights.is_empty() || weights.iter().any(|weight| *weight > 0),
        "all weights zero"
    );
    assert!(
        weights
            .iter()
            .all(|weight| [0, 1, LEADER_WEIGHT].contains(weight))
    );
    let leaders: Vec<usize> = (0..views.len()).filter(|path| views[*path].leads).collect();
    assert_eq!(leaders, steering.leader().into_iter().collect::<Vec<_>>());
    for (path, view) in views.iter().enumerate() {
        assert_eq!(weights[path], view.weight);
        assert_eq!(
            view.weight == LEADER_WEIGHT,
            view.leads,
            "only the leader weighs 255"
        );
        assert!(view.level_ns.unwrap_or(0) < TIMEOUT_NS);
        assert!(view.fast_jitter_ns <= 100 * MS && view.slow_jitter_ns <= 100 * MS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_breaks_an_invariant(
        slider in 0_i64..=1024,
        period in prop::sample::select(Period::ALL_MS.to_vec()),
        paths in 0_usize..5,
        calls in prop::collection::vec(call(), 0..400),
    ) {
        let mut steering = steering(slider, u32::from(period), paths);
        for call in calls {
            let before = steering.weights().to_vec();
            let decides = matches!(call, Call::Settle | Call::EndEpoch);
            let changed = apply(&mut steering, call);
            prop_assert_eq!(changed, before != steering.weights());
            check_invariants(&steering);
            if decides {
                let leader = steering.leader().map(|leader| steering.view(leader).unwrap());
                prop_assert!(leader.is_none_or(|leader| {
                    matches!(leader.state, PathState::Alive | PathState::Warming)
                }), "a dead path leads");
            }
        }
    }

    #[test]
    fn a_round_is_its_samples_and_the_end_of_an_epoch_every_second(
        rounds in prop::collection::vec(
            prop::array::uniform3(prop::option::weighted(0.8, 0..2_000 * MS)), 1..200),
    ) {
        let mut recorded = steering(512, 250, 3);
        let mut live = recorded.clone();
        for (n, rtts) in rounds.iter().enumerate() {
            let told = recorded.round(rtts).unwrap();
            for (path, rtt) in rtts.iter().enumerate() {
                live.sample(path, Sample::from(*rtt)).unwrap();
            }
            let change = if n % 4 == 3 { live.end_epoch() } else { live.settle() };
            prop_assert_eq!(told, change);
            prop_assert_eq!(recorded.views().collect::<Vec<_>>(), live.views().collect::<Vec<_>>());
        }
    }
}

#[test]
fn sixteen_paths_at_the_limits_of_every_number_stay_in_bounds() {
    let mut steering = steering(1024, 50, MAX_PATHS);
    for path in 0..MAX_PATHS {
        steering
            .set_cost(path, PowerCost::new(10_000).unwrap())
            .unwrap();
    }
    for round in 0..20_000 {
        let rtt = if round % 2 == 0 { TIMEOUT_NS - 1 } else { 0 };
        let _change = steering.round(&[Some(rtt); MAX_PATHS]).unwrap();
        check_invariants(&steering);
    }
    assert!(steering.leader().is_some());
}

#[test]
fn every_slider_position_leaves_a_jittery_path_and_a_sharper_one_no_later() {
    let rounds = [0, 256, 512, 768, 1024].map(rounds_to_leave_jitter);
    assert!(
        rounds.is_sorted_by(|calmer, sharper| calmer >= sharper),
        "{rounds:?}"
    );
    println!("rounds of 200 ms: {rounds:?}");
    assert!(rounds[0] > 5 * 60, "the calm end is calm: {rounds:?}");
    assert!(
        rounds[2] <= 15 * 5,
        "the default leaves within 15 s: {rounds:?}"
    );
    assert!(rounds[4] <= 5 * 5, "the sharp end is sharp: {rounds:?}");
}

#[test]
fn a_silent_leader_is_left_after_a_second_at_every_slider_position() {
    for slider in [0, 512, 1024] {
        let mut steering = led_by_0(slider);
        for lost in 1..=5 {
            let change = steering.round(&[None, Some(30 * MS)]).unwrap();
            assert_eq!(
                change.leader_changed,
                lost == 5,
                "slider {slider}, {lost} lost"
            );
        }
        assert_eq!(
            (steering.leader(), steering.weights()),
            (Some(1), [1, 255].as_slice())
        );
        assert_eq!(steering.view(0).unwrap().state, PathState::Dead);
    }
}

#[test]
fn a_path_gone_for_ten_seconds_gets_no_new_flows_until_it_answered_for_ten() {
    let mut steering = led_by_0(512);
    for _ in 0..50 {
        let _change = steering.round(&[None, Some(30 * MS)]).unwrap();
    }
    assert_eq!(
        (steering.view(0).unwrap().state, steering.weights()),
        (PathState::Gone, [0, 255].as_slice())
    );
    for answered in 1..=50 {
        let _change = steering.round(&[Some(20 * MS), Some(30 * MS)]).unwrap();
        assert_eq!(
            steering.weights()[0] == 1,
            answered == 50,
            "{answered} answered"
        );
    }
}

#[test]
fn when_every_path_is_silent_all_weigh_the_same() {
    let mut steering = led_by_0(512);
    for _ in 0..60 {
        let _change = steering.round(&[None, None]).unwrap();
    }
    assert_eq!(
        (steering.leader(), steering.weights()),
        (None, [1, 1].as_slice())
    );
}

#[test]
fn an_answer_after_the_timeout_is_a_loss() {
    let mut late = led_by_0(512);
    let mut lost = late.clone();
    for _ in 0..4 {
        let _change = late.round(&[Some(TIMEOUT_NS), Some(30 * MS)]).unwrap();
        let _change = lost.round(&[None, Some(30 * MS)]).unwrap();
    }
    assert_eq!(
        late.views().collect::<Vec<_>>(),
        lost.views().collect::<Vec<_>>()
    );
    assert_eq!(late.view(0).unwrap().lost_in_a_row, 4);
    let _change = late.round(&[Some(TIMEOUT_NS - 1), Some(30 * MS)]).unwrap();
    assert_eq!(late.view(0).unwrap().lost_in_a_row, 0);
}

#[test]
fn the_slider_moves_without_losing_what_was_learnt() {
    let mut moved = led_by_0(512);
    let before: Vec<_> = moved.views().collect();
    moved.set_slider(Factor::NEWEST);
    assert_eq!(moved.views().collect::<Vec<_>>(), before);
    assert_eq!(moved.params().slider, Factor::NEWEST);
    let mut stayed = led_by_0(512);
    for round in 0..5 {
        let rtts = [
            Some(if round % 2 == 0 { 20 * MS } else { 60 * MS }),
            Some(30 * MS),
        ];
        let _change = moved.round(&rtts).unwrap();
        let _change = stayed.round(&rtts).unwrap();
    }
    assert!(moved.view(0).unwrap().fast_jitter_ns > stayed.view(0).unwrap().fast_jitter_ns);
}

#[test]
fn a_dear_path_loses_the_lead_and_a_free_one_wins_it() {
    let mut steering = led_by_0(512);
    steering
        .set_cost(0, PowerCost::new(10_000).unwrap())
        .unwrap();
    for _ in 0..5 {
        let _change = steering.round(&[Some(20 * MS), Some(30 * MS)]).unwrap();
    }
    assert_eq!(steering.leader(), Some(1));
    steering.set_cost(0, PowerCost::new(0).unwrap()).unwrap();
    for _ in 0..5 * 5 {
        let _change = steering.round(&[Some(20 * MS), Some(30 * MS)]).unwrap();
    }
    assert_eq!(steering.leader(), Some(0));
}

#[test]
fn a_forgotten_path_is_new_again_and_a_forgotten_leader_keeps_leading() {
    let mut steering = led_by_0(512);
    for _ in 0..50 {
        let _change = steering.round(&[Some(20 * MS), None]).unwrap();
    }
    assert_eq!(steering.weights(), [255, 0]);
    assert!(steering.forget(1).unwrap().weights_changed);
    let view = steering.view(1).unwrap();
    assert_eq!(
        (view.state, view.level_ns, view.weight),
        (PathState::Warming, None, 1)
    );
    let change = steering.forget(0).unwrap();
    assert!(!change.leader_changed && !change.weights_changed);
    assert_eq!(steering.leader(), Some(0));
}

#[test]
fn paths_that_stay_keep_everything_when_others_come_and_go() {
    let mut steering = led_by_0(512);
    let stays = steering.view(1).unwrap();
    let change = steering.rearrange(&[None, Some(1)]).unwrap();
    assert!(change.leader_changed, "the leader left");
    assert_eq!(
        (steering.leader(), steering.weights()),
        (Some(1), [1, 255].as_slice())
    );
    let now = steering.view(1).unwrap();
    assert_eq!(
        (now.level_ns, now.slow_jitter_ns, now.epochs),
        (stays.level_ns, stays.slow_jitter_ns, stays.epochs)
    );
    assert_eq!(steering.view(0).unwrap().level_ns, None);
    let change = steering.rearrange(&[Some(1), None, None]).unwrap();
    assert!(!change.leader_changed && change.weights_changed);
    assert_eq!(
        (steering.leader(), steering.weights()),
        (Some(0), [255, 1, 1].as_slice())
    );
}

#[test]
fn a_path_that_cannot_be_meant_is_refused_and_changes_nothing() {
    let mut steering = led_by_0(512);
    let before: Vec<_> = steering.views().collect();
    let unknown = PathError::Unknown { path: 2, paths: 2 };
    assert_eq!(steering.sample(2, Sample::Lost), Err(unknown));
    assert_eq!(steering.set_cost(2, PowerCost::NEUTRAL), Err(unknown));
    assert_eq!(steering.forget(2), Err(unknown));
    assert_eq!(steering.view(2), Err(unknown));
    assert_eq!(steering.rearrange(&[Some(2)]), Err(unknown));
    assert_eq!(
        steering.rearrange(&[Some(1), Some(1)]),
        Err(PathError::Twice { path: 1 })
    );
    assert_eq!(
        steering.rearrange(&[None; 17]),
        Err(PathError::TooMany { given: 17 })
    );
    assert_eq!(
        steering.round(&[None]),
        Err(PathError::Width { given: 1, paths: 2 })
    );
    assert_eq!(steering.views().collect::<Vec<_>>(), before);
    assert!(Steering::new(Params::default(), &[PowerCost::NEUTRAL; 17]).is_err());
}
