//! Statistics against the plainest way of computing each.

use evenkeel_core::jitter::{Interarrival, mean_jitter};
use evenkeel_core::stats::{Quantile, Summary, quantile};
use proptest::prelude::*;

fn outcomes() -> impl Strategy<Value = Vec<Option<u64>>> {
    let rtt = prop_oneof![0_u64..50, 0_u64..2_000_000_000];
    prop::collection::vec(prop::option::weighted(0.85, rtt), 0..300)
}

/// Type 7, by sorting and in floating point.
fn by_sorting(answers: &[u64], share: u16) -> Option<f64> {
    let mut sorted = answers.to_vec();
    sorted.sort_unstable();
    let position = (sorted.len().checked_sub(1)?) as f64 * f64::from(share) / 1000.0;
    let (low, high) = (
        sorted[position.floor() as usize],
        sorted[position.ceil() as usize],
    );
    Some(low as f64 + (high - low) as f64 * position.fract())
}

fn close(ours: u64, theirs: f64) -> bool {
    (ours as f64 - theirs).abs() <= 0.5 + theirs * 1e-9
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_quantile_is_what_sorting_gives(outcomes in outcomes(), share in 0_u16..=1000) {
        let mut answers: Vec<u64> = outcomes.into_iter().flatten().collect();
        let theirs = by_sorting(&answers, share);
        let ours = quantile(&mut answers, Quantile::per_mille(share).unwrap());
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            prop_assert!(close(ours, theirs), "{ours} {theirs}");
        }
    }

    #[test]
    fn a_summary_is_what_counting_gives(
        outcomes in outcomes(),
        thresholds in prop::collection::vec(0_u64..2_000_000_000, 0..4),
    ) {
        let answers: Vec<u64> = outcomes.iter().copied().flatten().collect();
        let summary = Summary::of(outcomes.iter().copied(), &thresholds);
        prop_assert_eq!(summary.sent as usize, outcomes.len());
        prop_assert_eq!(summary.lost as usize, outcomes.len() - answers.len());
        for (over, threshold) in summary.over.iter().zip(&thresholds) {
            prop_assert_eq!(over.threshold_ns, *threshold);
            prop_assert_eq!(over.count as usize, answers.iter().filter(|a| *a > threshold).count());
        }
        let Some(spread) = summary.spread else {
            prop_assert!(answers.is_empty());
            return Ok(());
        };
        let n = answers.len() as f64;
        let mean = answers.iter().map(|a| *a as f64).sum::<f64>() / n;
        let of_squares = answers.iter().map(|a| (*a as f64).powi(2)).sum::<f64>() / n;
        prop_assert_eq!(Some(spread.min_ns), answers.iter().copied().min());
        prop_assert_eq!(Some(spread.max_ns), answers.iter().copied().max());
        prop_assert!(close(spread.mean_ns, mean));
        // The textbook's other formula loses digits where the mean is large.
        let stdev = (of_squares - mean * mean).max(0.0).sqrt();
        prop_assert!((spread.stdev_ns as f64 - stdev).abs() <= 1.0 + mean * 1e-6);
        for (ours, share) in [(spread.median_ns, 500), (spread.p95_ns, 950), (spread.p99_ns, 990)] {
            prop_assert!(close(ours, by_sorting(&answers, share).unwrap_or(0.0)));
        }
    }

    #[test]
    fn mean_jitter_counts_answered_neighbours_only(outcomes in outcomes()) {
        let differences: Vec<u64> = outcomes
            .windows(2)
            .filter_map(|pair| Some(pair[0]?.abs_diff(pair[1]?)))
            .collect();
        let ours = mean_jitter(outcomes);
        prop_assert_eq!(ours.is_none(), differences.is_empty());
        if let Some(ours) = ours {
            let mean = differences.iter().sum::<u64>() as f64 / differences.len() as f64;
            prop_assert!(close(ours, mean), "{ours} {mean}");
        }
    }

    #[test]
    fn rfc_3550_jitter_follows_its_formula_over_arrived_packets(outcomes in outcomes()) {
        let mut ours = Interarrival::default();
        let (mut theirs, mut last) = (0.0, None);
        for outcome in outcomes {
            ours.push(outcome);
            if let Some(rtt) = outcome && let Some(last) = last.replace(rtt) {
                theirs += (u64::abs_diff(rtt, last) as f64 - theirs) / 16.0;
            }
            prop_assert!((ours.ns() as f64 - theirs).abs() <= 2.0, "{} {theirs}", ours.ns());
        }
    }
}
