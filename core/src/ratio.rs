//! How many times as large one series' 99th percentile is as another's, with an interval. It
//! describes two recordings; whether one setting is better than another is not told by it, not even
//! between the arms of a measurement: a 99th percentile hangs on a handful of packets that often come
//! together, so such an interval is too narrow more often than it says. Drawn from pairs it alarmed 9 to
//! 16 times in 100 at a nominal 5; of recordings made one after the other, it excluded 1 in 41 of 100
//! comparisons of equals.

use crate::ab::draw::Draws;

/// Answers that each series needs at least.
pub const ENOUGH: usize = 500;
/// Answers of one stretch that is drawn as a whole, because neighbours resemble each other: 10 s
/// at five a second.
const STRETCH: usize = 50;
/// Stretches of a series at the most; longer series have longer ones.
const MOST_STRETCHES: usize = 200;
/// How often the series are drawn anew.
const DRAWS: usize = 1_000;
/// Draws left out at each end of the interval: 2.5 of 100.
const TAIL: usize = DRAWS / 40;
/// What the draws come from.
const SEED: u64 = 0x5eed;

/// The second series' 99th percentile divided by the first's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// Of the series as they are.
    pub value: f64,
    /// 95 of 100 drawn ones are not below this,
    pub low: f64,
    /// nor above this.
    pub high: f64,
}

/// The ratio of the 99th percentiles of `after` and `before`, answers in the order they were sent;
/// `None` with fewer than [`ENOUGH`] of either, or when the first percentile is 0. The percentiles are
/// those of [`stats`](crate::stats), type 7, not rounded.
///
/// The interval is a bootstrap of whole stretches (Carlstein 1986): each series is cut into
/// stretches of at least 50 answers, and as many are drawn with replacement. The same series always
/// give the same interval. Takes a time like sorting does.
pub fn p99_ratio(before: &[u64], after: &[u64]) -> Option<Ratio> {
    let [before, after] = [before, after].map(|answers| {
        let stretches = (answers.len() / STRETCH).clamp(1, MOST_STRETCHES);
        let of = |place: usize| place as u64 * stretches as u64 / answers.len() as u64;
        let answers = answers.iter().enumerate();
        Falling::of(answers.map(|(place, answer)| (of(place) as u32, *answer)))
    });
    let (before, after) = (before?, after?);
    drawn(&before, &after, |draws| {
        [&before, &after].map(|series| draw(series.sizes.len(), draws))
    })
}

/// The same between the arms of a measurement: `a` and `b` hold each answer with the number of the pair
/// that it belongs to, whatever the numbers are, and whole pairs are drawn (Efron 1979, Annals of
/// Statistics 7:1).
pub fn p99_ratio_of_pairs(a: &[(u32, u64)], b: &[(u32, u64)]) -> Option<Ratio> {
    let mut pairs: Vec<u32> = a.iter().chain(b).map(|(pair, _)| *pair).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let [a, b] = [a, b].map(|answers| {
        let answers = answers.iter();
        Falling::of(answers.map(|(pair, answer)| {
            let place = pairs.partition_point(|known| known < pair);
            (place as u32, *answer)
        }))
    });
    drawn(&a?, &b?, |draws| {
        let times = draw(pairs.len(), draws);
        [times.clone(), times]
    })
}

fn drawn(
    before: &Falling,
    after: &Falling,
    mut times: impl FnMut(&mut Draws) -> [Vec<u64>; 2],
) -> Option<Ratio> {
    let once = |series: &Falling| vec![1; series.sizes.len()];
    let value = ratio(before.p99(&once(before))?, after.p99(&once(after))?)?;
    let mut draws = Draws::new(SEED);
    // A draw may hold nothing but pairs that lost every probe of an arm; it says nothing.
    let mut drawn: Vec<f64> = (0..DRAWS)
        .filter_map(|_| {
            let [of_before, of_after] = times(&mut draws);
            ratio(before.p99(&of_before)?, after.p99(&of_after)?)
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let out = TAIL.min(drawn.len().checked_sub(1)? / 2);
    Some(Ratio {
        value,
        low: drawn[out],
        high: drawn[drawn.len() - 1 - out],
    })
}

fn ratio(before: f64, after: f64) -> Option<f64> {
    (before > 0.0).then(|| after / before)
}

/// How often each of so many stretches was drawn, when as many are.
fn draw(stretches: usize, draws: &mut Draws) -> Vec<u64> {
    let mut times = vec![0; stretches];
    for _ in 0..stretches {
        times[draws.below(stretches)] += 1;
    }
    times
}

/// A series that can be drawn anew quickly: largest answers first, each with its stretch.
struct Falling {
    values: Vec<(u64, u32)>,
    /// How many answers each stretch has.
    sizes: Vec<u64>,
}

impl Falling {
    /// Of answers with their stretches; `None` when they are too few.
    fn of(answers: impl Iterator<Item = (u32, u64)>) -> Option<Self> {
        let mut values: Vec<(u64, u32)> =
            answers.map(|(stretch, answer)| (answer, stretch)).collect();
        if values.len() < ENOUGH {
            return None;
        }
        let last = values.iter().map(|(_, stretch)| *stretch).max()?;
        let mut sizes = vec![0; last as usize + 1];
        for (_, stretch) in &values {
            sizes[*stretch as usize] += 1;
        }
        values.sort_unstable_by(|one, other| other.cmp(one));
        Some(Self { values, sizes })
    }

    /// The 99th percentile when each stretch counts so many times.
    fn p99(&self, times: &[u64]) -> Option<f64> {
        let counts = self.sizes.iter().zip(times);
        let total: u64 = counts.map(|(size, times)| size * times).sum();
        let position = total.checked_sub(1)? as f64 * 0.99;
        let below = position.floor();
        // From the top: the place of the value below the position, and the one above it.
        let from_top = total - 1 - below as u64;
        let mut passed = 0;
        let mut above = None;
        for (value, stretch) in &self.values {
            passed += times.get(*stretch as usize).copied().unwrap_or(0);
            if above.is_none() && passed > from_top.saturating_sub(1) {
                above = Some(*value);
            }
            if passed > from_top {
                let (low, high) = (*value as f64, above? as f64);
                return Some(low + (high - low) * (position - below));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Quantile, quantile};
    use proptest::prelude::*;

    fn noise(count: usize, seed: u64, spread: u64) -> Vec<u64> {
        let mut draws = Draws::new(seed);
        (0..count)
            .map(|_| 1_000_000 + draws.next_u64() % spread)
            .collect()
    }

    #[test]
    fn the_interval_holds_the_value_and_is_the_same_every_time() {
        let (one, other) = (noise(2_000, 1, 100_000), noise(3_000, 2, 100_000));
        let found = p99_ratio(&one, &other).unwrap();
        assert!(
            found.low <= found.value && found.value <= found.high,
            "{found:?}"
        );
        assert!(found.low < 1.0 && found.high > 1.0, "{found:?}");
        assert_eq!(p99_ratio(&one, &other), Some(found));
    }

    #[test]
    fn a_tail_twice_as_long_is_told_as_about_twice() {
        let one = noise(2_000, 1, 100_000);
        let twice: Vec<u64> = noise(2_000, 2, 100_000).iter().map(|ns| ns * 2).collect();
        let found = p99_ratio(&one, &twice).unwrap();
        assert!(found.low > 1.9 && found.high < 2.1, "{found:?}");
    }

    #[test]
    fn spikes_in_one_stretch_only_make_the_interval_wide() {
        let calm = noise(1_000, 1, 100);
        let mut burst = noise(1_000, 2, 100);
        burst[500..550].fill(9_000_000);
        let found = p99_ratio(&calm, &burst).unwrap();
        assert!(found.value > 8.0 && found.low < 1.1, "{found:?}");
    }

    #[test]
    fn too_few_answers_and_a_percentile_of_nothing_give_no_ratio() {
        let enough = noise(ENOUGH, 1, 100);
        assert!(p99_ratio(&enough, &enough).is_some());
        assert_eq!(p99_ratio(&enough[1..], &enough), None);
        assert_eq!(p99_ratio(&enough, &[]), None);
        assert_eq!(p99_ratio(&[0; ENOUGH], &enough), None);
    }

    #[test]
    fn a_tail_that_is_twice_as_long_in_every_pair_leaves_no_doubt() {
        let of = |step: u64| -> Vec<(u32, u64)> {
            let answers = (0..20).flat_map(|pair| (1..=100).map(move |n| (pair, n * step)));
            answers.collect()
        };
        let found = p99_ratio_of_pairs(&of(100), &of(200)).unwrap();
        for ratio in [found.value, found.low, found.high] {
            assert!((ratio - 2.0).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn what_both_arms_of_a_pair_suffer_is_not_taken_for_a_difference_of_the_arms() {
        // Whole pairs are bad, in both arms alike; drawn apart they would speak for one or the other.
        let arm: Vec<(u32, u64)> = (0..20)
            .flat_map(|pair| (0..50).map(move |n| (pair, n * if pair < 2 { 90 } else { 10 })))
            .collect();
        let together = p99_ratio_of_pairs(&arm, &arm).unwrap();
        assert!((together.low - 1.0).abs() < 1e-9 && (together.high - 1.0).abs() < 1e-9);
        let answers: Vec<u64> = arm.iter().map(|(_, answer)| *answer).collect();
        let apart = p99_ratio(&answers, &answers).unwrap();
        assert!(apart.low < 0.8 && apart.high > 1.2, "{apart:?}");
    }

    #[test]
    fn a_pair_without_an_answer_in_one_arm_is_no_trouble() {
        let a: Vec<(u32, u64)> = (0..600)
            .map(|n| (n % 6 * 700_000_000, 100 + u64::from(n)))
            .collect();
        let b: Vec<(u32, u64)> = (0..600)
            .map(|n| (n % 5 * 700_000_000, 100 + u64::from(n)))
            .collect();
        let found = p99_ratio_of_pairs(&a, &b).unwrap();
        assert!(found.low <= found.value && found.value <= found.high);
        assert_eq!(p99_ratio_of_pairs(&a, &b[..ENOUGH - 1]), None);
        assert_eq!(p99_ratio_of_pairs(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn the_percentiles_are_those_of_the_table(
            before in prop::collection::vec(1_u64..500_000_000, ENOUGH..900),
            after in prop::collection::vec(1_u64..500_000_000, ENOUGH..900),
        ) {
            let p99 = |answers: &[u64]| quantile(&mut answers.to_vec(), Quantile::P99).unwrap() as f64;
            let expected = p99(&after) / p99(&before);
            let pairs = |answers: &[u64]| -> Vec<(u32, u64)> {
                (0..).map(|n: u32| n / 70).zip(answers.iter().copied()).collect()
            };
            for found in [
                p99_ratio(&before, &after).unwrap(),
                p99_ratio_of_pairs(&pairs(&before), &pairs(&after)).unwrap(),
            ] {
                prop_assert!((found.value / expected - 1.0).abs() < 1e-6, "{found:?} {expected}");
                prop_assert!(found.low <= found.high);
            }
        }
    }
}
