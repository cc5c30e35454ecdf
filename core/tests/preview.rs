//! A preview of a recorded series is what a replay of it says, bit for bit; and whatever was
//! recorded, a preview ends and keeps its own numbers straight.
#![allow(
    clippy::unwrap_used,
    reason = "a series that can't be read fails the test"
)]

mod support;

use evenkeel_core::Factor;
use evenkeel_core::preview::{Player, Probe, Recording, preview};
use evenkeel_core::replay::Replay;
use evenkeel_core::steer::{Params, Period, PowerCost};
use evenkeel_core::trace::Series;
use proptest::prelude::*;
use support::{under_tests, unpack};

fn params(period_ms: u32, slider: i64) -> Params {
    Params {
        period: Period::from_ms(period_ms).unwrap(),
        slider: Factor::new(slider).unwrap(),
    }
}

/// The probes of one path, sent `offset_ns` after each round began.
fn recorded(series: &Series, path: usize, period_ms: u32, offset_ns: u64) -> Vec<Probe> {
    let step = |t_ms: u64| usize::try_from(t_ms / u64::from(series.step_ms())).unwrap();
    let times = (0..).map(|round: u64| round * u64::from(period_ms));
    times
        .map_while(|t_ms| {
            let row = series.row(step(t_ms))?;
            Some(Probe {
                at_ns: t_ms * 1_000_000 + offset_ns,
                rtt_ns: row[path].map(|us| u64::from(us) * 1_000),
            })
        })
        .collect()
}

/// Plays both side by side; every round must agree in leader, weights and every estimate.
fn compare(series: &Series, params: Params, costs: &[PowerCost], offsets_ns: &[u64]) {
    let period_ms = params.period.ms();
    let probes: Vec<Vec<Probe>> = (0..series.path_count())
        .map(|path| recorded(series, path, period_ms, offsets_ns[path]))
        .collect();
    let recordings: Vec<Recording<'_>> = probes
        .iter()
        .zip(costs)
        .map(|(probes, cost)| Recording {
            probes,
            cost: *cost,
        })
        .collect();
    let mut replay = Replay::new(series, params, costs).unwrap();
    let mut player = Player::new(params, &recordings).unwrap();
    let (mut leads, mut last) = (Vec::new(), None);
    while let Some(round) = replay.next() {
        let played = player.next().unwrap();
        assert_eq!(player.steering().leader(), round.leader);
        assert_eq!(player.steering().weights(), round.weights);
        let views: Vec<_> = player.steering().views().collect();
        let expected: Vec<_> = replay.steering().views().collect();
        assert_eq!(views, expected, "at {} ms", round.t_ms);
        if round.leader != last {
            last = round.leader;
            leads.push((
                played.from_ns + u64::from(period_ms) * 1_000_000,
                round.leader,
            ));
        }
    }
    assert_eq!(player.next(), None);
    let found = preview(params, &recordings).unwrap();
    let found: Vec<_> = found
        .leads
        .iter()
        .map(|lead| (lead.from_ns, lead.leader))
        .collect();
    assert_eq!(found, leads);
}

#[test]
fn a_preview_of_a_recorded_series_is_its_replay_bit_for_bit() {
    for name in [
        "5g2_rural_dying_n8.csv.gz",
        "S6_step-swap-1.csv.gz",
        "drive3_trip_2_05_13_2023.csv.gz",
    ] {
        let series = Series::parse(&unpack(&under_tests("traces").join(name))).unwrap();
        for (slider, offset_ns) in [(0, 0), (512, 13_000_000), (1024, 55_000_000)] {
            let costs = vec![PowerCost::NEUTRAL; series.path_count()];
            let offsets: Vec<u64> = (0..)
                .map(|path| path * offset_ns)
                .take(series.path_count())
                .collect();
            compare(&series, params(200, slider), &costs, &offsets);
        }
    }
}

fn rtt_ms() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![
        6 => (1_u32..60).prop_map(Some),
        2 => Just(None),
        1 => (0_u32..3_000).prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_preview_of_any_series_is_its_replay_bit_for_bit(
        rows in prop::collection::vec(prop::collection::vec(rtt_ms(), 3), 1..400),
        slider in 0_i64..=1024,
        period_ms in prop::sample::select(Period::ALL_MS.to_vec()),
        costs in prop::collection::vec(1_i64..=1000, 3),
        offsets_ms in prop::collection::vec(0_u64..50, 2),
    ) {
        let period_ms = u32::from(period_ms);
        let mut text = format!("# dt_ms={period_ms}\n");
        for row in &rows {
            let row: Vec<String> = row
                .iter()
                .map(|rtt| rtt.map_or("-1".to_owned(), |ms| (ms * 1_000).to_string()))
                .collect();
            text += &(row.join(" ") + "\n");
        }
        let series = Series::parse(&text).unwrap();
        let costs: Vec<PowerCost> =
            costs.into_iter().map(|cost| PowerCost::new(cost).unwrap()).collect();
        // The first path's first probe begins the first round.
        let offsets: Vec<u64> =
            [0].into_iter().chain(offsets_ms.into_iter().map(|ms| ms * 1_000_000)).collect();
        compare(&series, params(period_ms, slider), &costs, &offsets);
    }

    #[test]
    fn whatever_was_recorded_a_preview_ends_and_adds_up(
        paths in prop::collection::vec(
            prop::collection::vec((any::<u64>(), prop::option::of(any::<u64>())), 0..60),
            0..5,
        ),
        near in any::<bool>(),
        slider in 0_i64..=1024,
    ) {
        let span_ns = if near { 60_000_000_000 } else { u64::MAX };
        let paths: Vec<Vec<Probe>> = paths
            .into_iter()
            .map(|probes| {
                let mut probes: Vec<Probe> = probes
                    .into_iter()
                    .map(|(at_ns, rtt_ns)| Probe { at_ns: at_ns % span_ns, rtt_ns })
                    .collect();
                probes.sort_by_key(|probe| probe.at_ns);
                probes
            })
            .collect();
        let recordings: Vec<Recording<'_>> = paths
            .iter()
            .map(|probes| Recording { probes, cost: PowerCost::NEUTRAL })
            .collect();
        let found = preview(params(200, slider), &recordings).unwrap();
        let all: usize = paths.iter().map(Vec::len).sum();
        prop_assert!(found.sent as usize <= all && found.lost <= found.sent);
        prop_assert!(found.changes as usize <= found.leads.len());
        prop_assert!(found.leads.iter().all(|lead| lead.leader.is_none_or(|path| path < paths.len())));
        for (judged, probes) in found.judged.iter().zip(&paths) {
            prop_assert!(judged.len() <= probes.len());
        }
    }
}
