//! What holds for the steering whatever happens: any sequence of samples and calls.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that can't build its case fails the test"
)]

use evenkeel_core::Factor;
use evenkeel_core::steer::{
    LEADER_WEIGHT, MAX_PATHS, Params, PathState, Period, PowerCost, Sample, Steering, TIMEOUT_NS,
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
