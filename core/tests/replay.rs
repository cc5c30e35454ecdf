//! Recorded series replayed, against an independent reading of the algorithm
//! (`reference/steering.py replay`), and the sampling rule against the vectors, which were made from the same series.
#![allow(
    clippy::unwrap_used,
    reason = "a series that can't be read fails the test"
)]

mod support;

use evenkeel_core::Factor;
use evenkeel_core::replay::{Replay, Round};
use evenkeel_core::steer::{Params, Period, PowerCost};
use evenkeel_core::trace::Series;
use support::{under_tests, unpack};

fn series(name: &str) -> Series {
    Series::parse(&unpack(&under_tests("traces").join(name))).unwrap()
}

fn replay<'a>(series: &'a Series, period_ms: u32, slider: i64, costs: &[i64]) -> Replay<'a> {
    let params = Params {
        period: Period::from_ms(period_ms).unwrap(),
        slider: Factor::new(slider).unwrap(),
    };
    let costs: Vec<PowerCost> = costs
        .iter()
        .map(|cost| PowerCost::new(*cost).unwrap())
        .collect();
    Replay::new(series, params, &costs).unwrap()
}

/// Rounds, changes of weights, and the times of those changes added up.
fn figures(replay: Replay<'_>) -> (usize, usize, u64) {
    let (mut rounds, mut changes, mut times) = (0, 0, 0);
    for round in replay {
        rounds += 1;
        changes += usize::from(round.weights_changed);
        times += if round.weights_changed { round.t_ms } else { 0 };
    }
    (rounds, changes, times)
}

#[test]
fn a_dying_path_is_left_taken_out_and_brought_back_at_the_right_rounds() {
    let series = series("5g2_rural_dying_n8.csv.gz");
    assert_eq!(series.family(), "R2b weak LTE/5G + ok 5G");
    let rounds: Vec<Round> = replay(&series, 200, 512, &[100, 100]).collect();
    assert_eq!(rounds.len(), 1810);
    let changes: Vec<_> = rounds
        .iter()
        .filter(|round| round.weights_changed)
        .map(|round| (round.t_ms, round.leader, round.weights[0], round.weights[1]))
        .collect();
    let expected = [
        (2_800, Some(0), 255, 1),
        (19_800, Some(1), 1, 255),
        (203_800, Some(1), 0, 255),
        (214_200, Some(1), 1, 255),
        (328_800, Some(1), 0, 255),
        (339_400, Some(1), 1, 255),
    ];
    assert_eq!(changes, expected);
}

#[test]
fn three_carriers_with_a_cost_and_another_period_match_the_independent_reading() {
    let series = series("drive3_trip_2_05_13_2023.csv.gz");
    assert_eq!(
        figures(replay(&series, 500, 512, &[100, 150, 100])),
        (3297, 37, 31_398_500)
    );
    assert_eq!(
        figures(replay(&series, 200, 768, &[100; 3])),
        (8241, 28, 21_753_800)
    );
}

/// The vectors lose about 1 % of the probes on top of what the series has; all the rest must agree.
#[test]
fn rows_are_taken_as_the_vectors_took_them() {
    for (name, vector, period_ms) in [
        ("5g2_rural_dying_n8", "5g2_rural_dying_n8_t200_s512", 200),
        ("5g2_rural_dying_n8", "5g2_rural_dying_n8_t1000_s512", 1000),
        (
            "drive3_trip_2_05_13_2023",
            "drive3_trip_2_05_13_2023_t1000_s512",
            1000,
        ),
    ] {
        let series = series(&format!("{name}.csv.gz"));
        let text = unpack(&under_tests("golden").join(format!("{vector}.csv.gz")));
        let mut replay = replay(&series, period_ms, 512, &vec![100; series.path_count()]);
        let (mut samples, mut lost_on_top) = (0, 0);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let _round = replay.next().unwrap();
            let theirs = line.split(';').next().unwrap().split(' ');
            for (theirs, ours) in theirs
                .map(|rtt| rtt.parse::<u64>().ok())
                .zip(replay.rtts_ns())
            {
                let ours = ours.filter(|rtt| *rtt < evenkeel_core::steer::TIMEOUT_NS);
                samples += 1;
                lost_on_top += usize::from(theirs.is_none() && ours.is_some());
                assert!(
                    theirs.is_none() || theirs == ours,
                    "{vector}: {theirs:?} {ours:?}"
                );
            }
        }
        assert!(
            samples > 700 && lost_on_top * 50 < samples,
            "{vector}: {lost_on_top}"
        );
    }
}
