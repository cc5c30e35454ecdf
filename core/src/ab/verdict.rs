//! What the pairs' differences amount to at a look: better, worse, or no difference shown; by how
//! much, and how little could have been seen. It only looks when the plan says so: whoever looks
//! after every pair and stops at the first p below .05 is wrong one time in five.
//!
//! **Two looks, one promise.** With one look the verdict is the sign-flip test at 5 %. With two, the
//! first may spend `0.05 * ln(1 + (e - 1) * t)` of them, `t` being its share of all pairs: .038 after
//! 20 of 30 (Lan and `DeMets` 1983, Discrete sequential boundaries for clinical trials, Biometrika
//! 70:659, the function that follows Pocock). The last look gets what that leaves, and how much it is
//! needs no table: its p counts every way to turn the pairs around that would have been stopped at the
//! first look, or is as extreme as what happened (stagewise ordering: Armitage 1957; Tsiatis, Rosner
//! and Mehta 1984, Biometrics 40:797). So the chance of any false alarm is at most 5 %, exactly and
//! whatever the network does.
//!
//! **The interval** holds the effects that the same test, at the level of that look, would not reject
//! (repeated confidence intervals: Jennison and Turnbull 1989, J. R. Stat. Soc. B 51:305; which leave
//! out how an effect moves the first look's share).

use super::block::{Block, difference};
use super::flips::{Flips, as_extreme, slack};
use super::plan::Plan;

/// The most that false alarms may be, over all looks.
pub const ALPHA: f64 = 0.05;
/// Standard errors that an effect must exceed the interval's half width by to be found four times in
/// five: the normal distribution's 80 % quantile.
const FOUR_IN_FIVE: f64 = 0.841_621_233_572_914;

/// What a look says about B against A.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// B is steadier.
    Better,
    /// A is steadier.
    Worse,
    /// Chance alone does as much too often. It does not say that there is no difference.
    NoDifference,
}

/// A verdict with what it rests on. Ratios are spread of B over spread of A: .5 is half of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// True when the plan has no later look.
    pub last: bool,
    /// Pairs it rests on.
    pub pairs: u32,
    /// How often chance alone does as much, 0.0..=1.0, over all looks so far.
    pub p: f64,
    /// The geometric mean of the pairs' ratios.
    pub ratio: f64,
    /// The ratios that the pairs do not speak against, from and to, in 95 of 100 measurements around
    /// the true one; `None` where the pairs are too few to say.
    pub interval: Option<(f64, f64)>,
    /// A true ratio this small, or one that is as much larger than 1 (`1 / seen`), would have been
    /// found by four of five such measurements; `None` where the interval is.
    pub seen: Option<f64>,
}

impl Judged {
    /// True when no later look can change it: the measurement is over.
    pub fn is_final(&self) -> bool {
        self.last || self.verdict != Verdict::NoDifference
    }
}

/// The differences of whole pairs, each given as the blocks of A and of B, in the order measured.
pub fn differences<'a>(pairs: impl IntoIterator<Item = (&'a Block, &'a Block)>) -> Vec<f64> {
    pairs.into_iter().map(|(a, b)| difference(a, b)).collect()
}

/// Judges the differences (see [`difference`]) of all pairs so far. `None` between the looks, and for
/// numbers that are none. `seed` is the measurement's; the same one gives the same judgement again.
pub fn judge(plan: &Plan, differences: &[f64], seed: u64) -> Option<Judged> {
    let pairs = u32::try_from(differences.len()).ok()?;
    if !plan.is_look(pairs) || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let flips = Flips::new(plan.pairs(), seed);
    let look = Look::of(plan, &flips, differences);
    let mean = differences.iter().sum::<f64>() / f64::from(pairs);
    let verdict = match () {
        () if !look.significant => Verdict::NoDifference,
        () if mean < 0.0 => Verdict::Better,
        () => Verdict::Worse,
    };
    let interval = interval(&flips, differences, look.ways);
    let seen = interval.map(|(low, high)| {
        let error = (variance(differences, mean) / f64::from(pairs)).sqrt();
        (-((high - low) / 2.0 + FOUR_IN_FIVE * error)).exp()
    });
    Some(Judged {
        verdict,
        last: pairs == plan.pairs(),
        pairs,
        p: look.p,
        ratio: mean.exp(),
        interval: interval.map(|(low, high)| (low.exp(), high.exp())),
        seen,
    })
}

/// What the test says at a look, and at which level.
struct Look {
    p: f64,
    significant: bool,
    /// So many of the ways, the most extreme ones, are significant at this look.
    ways: usize,
}

impl Look {
    fn of(plan: &Plan, flips: &Flips, differences: &[f64]) -> Self {
        let count = flips.count() as f64;
        let sums = flips.sums(differences);
        let here = as_extreme(&sums, sums[0]);
        let first = plan.first_look().map(|first| {
            let share = f64::from(first) / f64::from(plan.pairs());
            (
                first,
                of(flips, ALPHA * (1.0 + (1_f64.exp() - 1.0) * share).ln()),
            )
        });
        match first {
            Some((pairs, ways)) if differences.len() > pairs as usize => {
                let before = flips.sums(&differences[..pairs as usize]);
                Self::last(&before, ways, &sums, of(flips, ALPHA))
            }
            Some((_, ways)) => Self {
                p: here as f64 / count,
                significant: here <= ways,
                ways,
            },
            None => Self {
                p: here as f64 / count,
                significant: here <= of(flips, ALPHA),
                ways: of(flips, ALPHA),
            },
        }
    }

    /// The last of two looks: `before` are the sums at the first one, where `ways` were significant.
    fn last(before: &[f64], ways: usize, sums: &[f64], limit: usize) -> Self {
        let stopped = most_extreme(before, ways);
        let bound = sums[0] - slack(sums);
        let counts = stopped.iter().zip(sums);
        let as_far = counts
            .filter(|(stopped, sum)| **stopped || **sum >= bound)
            .count();
        let mut order: Vec<usize> = (0..sums.len()).collect();
        order.sort_by(|one, other| sums[*other].total_cmp(&sums[*one]));
        let mut spent = stopped.iter().filter(|stopped| **stopped).count();
        let affordable = |way: &&usize| {
            spent += usize::from(!stopped[**way]);
            spent <= limit
        };
        Self {
            p: as_far as f64 / sums.len() as f64,
            significant: as_far <= limit,
            ways: order.iter().take_while(affordable).count(),
        }
    }
}

/// So many ways are a share of all.
fn of(flips: &Flips, share: f64) -> usize {
    (share * flips.count() as f64 + 1e-9) as usize
}

/// Which ways are significant when `limit` of them may be: those that at most `limit` are as extreme
/// as.
fn most_extreme(sums: &[f64], limit: usize) -> Vec<bool> {
    let mut falling = sums.to_vec();
    falling.sort_by(|one, other| other.total_cmp(one));
    let slack = slack(sums);
    let beyond = |sum: &f64| falling.get(limit).is_none_or(|bound| sum - slack > *bound);
    sums.iter().map(beyond).collect()
}

/// The effects, as logarithms, that are not rejected when the `ways` most extreme ways are
/// significant, half of them on each side.
fn interval(flips: &Flips, differences: &[f64], ways: usize) -> Option<(f64, f64)> {
    let (values, empty) = flips.typical_values(differences);
    // A way that turns nothing, or all, is always as extreme as what happened.
    let at = ways.checked_sub(empty)?;
    let low = values.get(at)?;
    let high = values
        .len()
        .checked_sub(at + 1)
        .and_then(|at| values.get(at))?;
    (low <= high).then_some((*low, *high))
}

fn variance(differences: &[f64], mean: f64) -> f64 {
    let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
    squares / (differences.len() as f64 - 1.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ab::draw::Draws;
    use proptest::prelude::*;

    fn one_look(pairs: u32) -> Plan {
        Plan::new(pairs, None, 10_000, 2_000, 100).unwrap()
    }

    /// Noise with heavy tails, about as wide as real pairs' differences.
    fn noise(draws: &mut Draws) -> f64 {
        let uniform = (draws.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let wide = if draws.below(10) == 0 { 4.0 } else { 1.0 };
        wide * (uniform - 0.5)
    }

    #[test]
    fn halves_everywhere_are_better_doubles_worse_and_noise_neither() {
        let plan = one_look(20);
        let mut draws = Draws::new(1);
        let noise: Vec<f64> = (0..20).map(|_| noise(&mut draws) / 4.0).collect();
        let shifted = |by: f64| noise.iter().map(|d| d + by).collect::<Vec<_>>();
        let better = judge(&plan, &shifted(0.5_f64.ln()), 7).unwrap();
        assert_eq!(better.verdict, Verdict::Better);
        assert!((better.ratio - 0.5).abs() < 0.1, "{better:?}");
        assert!(better.is_final() && better.last && better.pairs == 20);
        let worse = judge(&plan, &shifted(2_f64.ln()), 7).unwrap();
        assert_eq!(worse.verdict, Verdict::Worse);
        let same = judge(&plan, &shifted(0.0), 7).unwrap();
        assert_eq!(same.verdict, Verdict::NoDifference);
        let (low, high) = same.interval.unwrap();
        assert!(low < 1.0 && high > 1.0, "{same:?}");
    }

    #[test]
    fn nobody_looks_between_the_looks() {
        let plan = Plan::default();
        for pairs in 0..=40 {
            let judged = judge(&plan, &vec![-0.5; pairs], 3);
            assert_eq!(judged.is_some(), pairs == 20 || pairs == 30, "{pairs}");
        }
        assert!(judge(&plan, &[f64::NAN; 20], 3).is_none());
    }

    #[test]
    fn a_first_look_that_shows_nothing_is_not_the_end() {
        let plan = Plan::default();
        let turns: Vec<f64> = (0..30)
            .map(|i| if i % 2 == 0 { 0.3 } else { -0.3 })
            .collect();
        let first = judge(&plan, &turns[..20], 3).unwrap();
        assert!(!first.last && !first.is_final(), "{first:?}");
        assert!(judge(&plan, &turns, 3).unwrap().is_final());
        let clear = judge(&plan, &[-0.5; 20], 3).unwrap();
        assert!(!clear.last && clear.is_final(), "{clear:?}");
    }

    #[test]
    fn six_pairs_can_say_something_and_their_interval_is_that_of_all_ways() {
        let judged = judge(&one_look(6), &[-1.0, -2.0, -3.0, -4.0, -5.0, -6.0], 0).unwrap();
        assert!((judged.p - 2.0 / 64.0).abs() < 1e-12);
        assert_eq!(judged.verdict, Verdict::Better);
        // Nothing more extreme than the smallest and the largest pair can be left out.
        let (low, high) = judged.interval.unwrap();
        assert!((low.ln() + 6.0).abs() < 1e-9 && (high.ln() + 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_effect_that_could_be_seen_is_found_four_times_in_five() {
        let plan = one_look(20);
        let mut draws = Draws::new(11);
        let (mut found, mut seen) = (0, Vec::new());
        for seed in 0..100 {
            let noise: Vec<f64> = (0..20).map(|_| noise(&mut draws)).collect();
            seen.push(judge(&plan, &noise, seed).unwrap().seen.unwrap().ln());
        }
        let typical = seen.iter().sum::<f64>() / 100.0;
        for seed in 0..100 {
            let shifted: Vec<f64> = (0..20).map(|_| noise(&mut draws) + typical).collect();
            found += u32::from(judge(&plan, &shifted, seed).unwrap().verdict == Verdict::Better);
        }
        assert!((65..=95).contains(&found), "{found} of 100");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 100, ..ProptestConfig::default() })]

        #[test]
        fn verdict_p_and_interval_never_contradict_each_other(
            differences in prop::collection::vec(-2.0_f64..2.0, 30),
            shift in -1.0_f64..1.0,
            pairs in prop::sample::select(vec![6_u32, 8, 12, 13, 20, 30]),
            seed: u64,
        ) {
            let first = (pairs > 6).then_some(pairs * 2 / 3).filter(|first| *first >= 6);
            let shifted: Vec<f64> = differences.iter().map(|d| d + shift).collect();
            for plan in [one_look(pairs), Plan::new(pairs, first, 10_000, 2_000, 100).unwrap()] {
                let first = plan.first_look();
                if let Some(first) = first {
                    let early = judge(&plan, &shifted[..first as usize], seed).unwrap();
                    if early.is_final() {
                        continue;
                    }
                }
                let judged = judge(&plan, &shifted[..pairs as usize], seed).unwrap();
                let different = judged.verdict != Verdict::NoDifference;
                prop_assert_eq!(different, judged.p <= ALPHA + 1e-9, "{:?}", judged);
                let Some((low, high)) = judged.interval else { continue };
                prop_assert!(low <= judged.ratio && judged.ratio <= high, "{:?}", judged);
                let without_one = !(low..=high).contains(&1.0);
                prop_assert_eq!(different, without_one, "{:?}", judged);
                prop_assert!(judged.seen.unwrap() <= 1.0);
            }
        }

        #[test]
        fn turning_the_arms_around_turns_the_verdict_around(
            differences in prop::collection::vec(-2.0_f64..2.0, 20),
            seed: u64,
        ) {
            let plan = one_look(20);
            let turned: Vec<f64> = differences.iter().map(|d| -d).collect();
            let one = judge(&plan, &differences, seed).unwrap();
            let other = judge(&plan, &turned, seed).unwrap();
            let expected = match one.verdict {
                Verdict::Better => Verdict::Worse,
                Verdict::Worse => Verdict::Better,
                Verdict::NoDifference => Verdict::NoDifference,
            };
            prop_assert_eq!(other.verdict, expected);
            prop_assert!((one.ratio * other.ratio - 1.0).abs() < 1e-9);
            let ((low, high), (from, to)) = (one.interval.unwrap(), other.interval.unwrap());
            prop_assert!((low * to - 1.0).abs() < 1e-6 && (high * from - 1.0).abs() < 1e-6);
        }

        #[test]
        fn the_interval_moves_with_the_effect(
            differences in prop::collection::vec(-2.0_f64..2.0, 20),
            shift in -3.0_f64..3.0,
            seed: u64,
        ) {
            let plan = one_look(20);
            let shifted: Vec<f64> = differences.iter().map(|d| d + shift).collect();
            let one = judge(&plan, &differences, seed).unwrap().interval.unwrap();
            let other = judge(&plan, &shifted, seed).unwrap().interval.unwrap();
            prop_assert!((other.0.ln() - one.0.ln() - shift).abs() < 1e-6);
            prop_assert!((other.1.ln() - one.1.ln() - shift).abs() < 1e-6);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 6, ..ProptestConfig::default() })]

        /// Not by sampling: over every way the lot could have fallen for these sizes.
        #[test]
        fn two_looks_together_alarm_in_at_most_five_of_a_hundred_ways(
            sizes in prop::collection::vec(prop_oneof![0.0_f64..0.5, 0.0_f64..9.0], 8),
        ) {
            let plan = Plan::new(8, Some(6), 10_000, 2_000, 100).unwrap();
            let (mut alarms, mut at_first) = (0, 0);
            for way in 0..1_u32 << 8 {
                let signed = sizes.iter().enumerate();
                let differences: Vec<f64> = signed
                    .map(|(i, size)| if way >> i & 1 == 1 { -size } else { *size })
                    .collect();
                let first = judge(&plan, &differences[..6], 0).unwrap().is_final();
                let last = || judge(&plan, &differences, 0).unwrap().verdict;
                at_first += u32::from(first);
                alarms += u32::from(first || last() != Verdict::NoDifference);
            }
            // .0414 and .05 of 256.
            prop_assert!(at_first <= 10, "{at_first}");
            prop_assert!((6..=12).contains(&alarms), "{alarms}");
        }
    }
}
