//! How the steering behaves: at the slider's ends, at deaths and returns, and when it is changed while
//! it runs.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that can't build its case fails the test"
)]

use evenkeel_core::Factor;
use evenkeel_core::steer::{
    Params, PathError, PathState, Period, PowerCost, Sample, Steering, TIMEOUT_NS,
};

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

/// Path 0 is the steadier one, but its first probe waits for the neighbour's address.
#[test]
fn a_slow_first_answer_does_not_decide_who_leads() {
    for first in [None, Some(60 * MS), Some(900 * MS)] {
        let mut steering = steering(512, 200, 2);
        for round in 0..20 {
            let wobble = if round % 2 == 0 { 0 } else { 2 * MS };
            let rtts = [
                first.filter(|_| round == 0).or(Some(20 * MS)),
                Some(20 * MS + wobble),
            ];
            let _change = steering.round(&rtts).unwrap();
        }
        assert_eq!(steering.leader(), Some(0), "{first:?}");
    }
}

/// Rounds until path 0 leads, when it wobbles by 40 ms for `bad` rounds and is steady ever after;
/// path 1 always wobbles by 16 ms.
fn rounds_to_forgive(bad: u32) -> u32 {
    let mut steering = steering(512, 200, 2);
    for round in 0..5 * 3600 {
        let wobble = |ms: u64| Some((20 + if round % 2 == 0 { 0 } else { ms }) * MS);
        let path_0 = if round < bad { wobble(40) } else { wobble(0) };
        let _change = steering.round(&[path_0, wobble(16)]).unwrap();
        if steering.leader() == Some(0) {
            return round + 1;
        }
    }
    panic!("path 0 is not forgiven {bad} bad rounds in an hour");
}

#[test]
fn a_bad_start_is_soon_forgotten_and_a_bad_quarter_of_an_hour_is_not() {
    let start = rounds_to_forgive(10 * 5);
    println!("rounds of 200 ms: {start}");
    assert!(start <= (10 + 17) * 5, "{start}");
    let quarter = rounds_to_forgive(900 * 5);
    println!("rounds of 200 ms: {quarter}");
    assert!(quarter >= (900 + 60) * 5, "{quarter}");
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
fn before_anyone_leads_a_silent_path_gets_no_new_flows() {
    let mut steering = steering(512, 200, 2);
    for _ in 0..5 {
        let _change = steering.round(&[None, Some(30 * MS)]).unwrap();
    }
    assert_eq!(
        (steering.leader(), steering.weights()),
        (None, [0, 1].as_slice())
    );
    let _change = steering.round(&[Some(20 * MS), Some(30 * MS)]).unwrap();
    assert_eq!(
        steering.view(0).unwrap().state,
        PathState::Warming,
        "its first answer revives it"
    );
}

#[test]
fn a_leader_holds_for_five_epochs_unless_it_dies() {
    let mut steering = led_by_0(1024);
    let mut changes = Vec::new();
    // Whoever leads is made bad at once.
    for epoch in 0..40 {
        let leader = steering.leader();
        for probe in 0..5 {
            let bad = Some(if probe % 2 == 0 { 20 * MS } else { 120 * MS });
            let rtts = if leader == Some(0) {
                [bad, Some(20 * MS)]
            } else {
                [Some(20 * MS), bad]
            };
            let change = steering.round(&rtts).unwrap();
            changes.extend(change.leader_changed.then_some(epoch));
        }
    }
    assert!(changes.len() > 3, "{changes:?}");
    assert!(
        changes.windows(2).all(|pair| pair[1] - pair[0] >= 5),
        "{changes:?}"
    );
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
