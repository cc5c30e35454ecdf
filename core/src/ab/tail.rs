//! The ratio of two arms' 99th percentiles with an interval. A description, no verdict: a 99th
//! percentile hangs on a handful of packets that often come together, so its interval is too narrow
//! more often than it says (resampled pairs alarm 9 to 16 times in 100 at a nominal 5).

use super::block::LOST_US;
use super::draw::Draws;

/// Resampled measurements behind an interval.
const RESAMPLED: usize = 1_000;
/// The interval leaves out so many of them on each side.
const LEFT_OUT: usize = RESAMPLED / 40;

/// Outcomes of the blocks of A and B of one pair: microseconds, or `None` for a lost probe.
pub type PairOutcomes<'a> = [&'a [Option<u32>]; 2];

/// A ratio, B over A.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailRatio {
    /// 99th percentile of A in microseconds, lost probes counting [`LOST_US`].
    pub p99_a_us: f64,
    /// The same of B.
    pub p99_b_us: f64,
    /// B's over A's.
    pub ratio: f64,
    /// The lower end of the interval that holds 95 of 100 resampled ratios.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The ratio over all pairs, and its interval from drawing pairs with replacement (percentile
/// bootstrap: Efron 1979, Annals of Statistics 7:1). Quantiles are of type 7, as in
/// [`stats`](crate::stats), not rounded. `None` when an arm has no outcome, or only zeros.
pub fn tail_ratio(pairs: &[PairOutcomes<'_>], seed: u64) -> Option<TailRatio> {
    let arms = [0, 1].map(|arm| Falling::of(pairs, arm));
    let all = vec![1; pairs.len()];
    let [p99_a_us, p99_b_us] = [arms[0].p99(&all)?, arms[1].p99(&all)?];
    let ratio = (p99_a_us > 0.0).then(|| p99_b_us / p99_a_us)?;
    let mut draws = Draws::new(seed);
    let mut ratios: Vec<f64> = (0..RESAMPLED)
        .filter_map(|_| {
            let mut times = vec![0; pairs.len()];
            for _ in pairs {
                times[draws.below(pairs.len())] += 1;
            }
            let [a, b] = [arms[0].p99(&times)?, arms[1].p99(&times)?];
            (a > 0.0).then(|| b / a)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let out = LEFT_OUT.min(ratios.len().checked_sub(1)? / 2);
    Some(TailRatio {
        p99_a_us,
        p99_b_us,
        ratio,
        low: ratios[out],
        high: ratios[ratios.len() - 1 - out],
    })
}

/// One arm's values, largest first, each with its pair.
struct Falling {
    values: Vec<(u32, usize)>,
    /// How many values each pair brought.
    counts: Vec<usize>,
}

impl Falling {
    fn of(pairs: &[PairOutcomes<'_>], arm: usize) -> Self {
        let of_pair = |(at, pair): (usize, &PairOutcomes<'_>)| {
            let late = move |one: &Option<u32>| (one.unwrap_or(LOST_US).min(LOST_US), at);
            pair[arm].iter().map(late).collect::<Vec<_>>()
        };
        let mut values: Vec<(u32, usize)> = pairs.iter().enumerate().flat_map(of_pair).collect();
        values.sort_by(|one, other| other.cmp(one));
        let counts = pairs.iter().map(|pair| pair[arm].len()).collect();
        Self { values, counts }
    }

    /// The 99th percentile when each pair counts so many times.
    fn p99(&self, times: &[usize]) -> Option<f64> {
        let total: usize = self
            .counts
            .iter()
            .zip(times)
            .map(|(n, times)| n * times)
            .sum();
        let position = total.checked_sub(1)? as f64 * 0.99;
        let below = position.floor();
        // From the top: the place of the value above the position, and the one below it.
        let from_top = total - 1 - below as usize;
        let low = self.nth(from_top, times)?;
        let high = self.nth(from_top.saturating_sub(1), times)?;
        Some(low + (high - low) * (position - below))
    }

    /// The value at a place from the top, 0 being the largest.
    fn nth(&self, place: usize, times: &[usize]) -> Option<f64> {
        let mut passed = 0;
        let mut values = self.values.iter();
        let found = values.find(|(_, pair)| {
            passed += times[*pair];
            passed > place
        });
        found.map(|(value, _)| f64::from(*value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Quantile, quantile};
    use proptest::prelude::*;

    #[test]
    fn twice_as_slow_is_a_ratio_of_two_with_an_interval_around_it() {
        let a: Vec<Option<u32>> = (1..=100).map(|n| Some(n * 100)).collect();
        let b: Vec<Option<u32>> = (1..=100).map(|n| Some(n * 200)).collect();
        let pairs: Vec<PairOutcomes<'_>> = (0..20).map(|_| [a.as_slice(), b.as_slice()]).collect();
        let tail = tail_ratio(&pairs, 1).unwrap();
        assert!((tail.ratio - 2.0).abs() < 1e-9);
        assert!((tail.low - 2.0).abs() < 1e-9 && (tail.high - 2.0).abs() < 1e-9);
        assert_eq!(tail_ratio(&pairs, 1), Some(tail));
    }

    #[test]
    fn nothing_has_no_ratio() {
        assert_eq!(tail_ratio(&[], 1), None);
        let some: &[Option<u32>] = &[Some(5)];
        assert_eq!(tail_ratio(&[[some, &[]]], 1), None);
        assert_eq!(tail_ratio(&[[&[Some(0)], some]], 1), None);
    }

    proptest! {
        #[test]
        fn the_percentiles_are_those_of_the_table(
            a in prop::collection::vec(prop::option::weighted(0.9, 1_u32..500_000), 1..300),
            b in prop::collection::vec(prop::option::weighted(0.9, 1_u32..500_000), 1..300),
            cut in 0.0_f64..1.0,
        ) {
            let split = |all: &[Option<u32>]| (all.len() as f64 * cut) as usize;
            let (a1, a2) = a.split_at(split(&a));
            let (b1, b2) = b.split_at(split(&b));
            let tail = tail_ratio(&[[a1, b1], [a2, b2]], 3).unwrap();
            for (ours, arm) in [(tail.p99_a_us, &a), (tail.p99_b_us, &b)] {
                let late = arm.iter().map(|one| u64::from(one.unwrap_or(LOST_US)));
                let mut late: Vec<u64> = late.collect();
                let theirs = quantile(&mut late, Quantile::P99).unwrap() as f64;
                prop_assert!((ours - theirs).abs() <= 0.5 + 1e-6, "{ours} {theirs}");
            }
            prop_assert!(tail.low <= tail.high);
        }
    }
}
