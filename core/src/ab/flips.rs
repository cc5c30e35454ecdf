//! The sign-flip test: how often the pairs' differences would add up to as much if nothing but the
//! lot had decided which arm came first. It draws no conclusion.
//!
//! With up to [`EXACT_PAIRS`] pairs every way to turn pairs around is counted, with more a fixed
//! number of drawn ways, the one that happened among them: the share is then never too small
//! (Phipson and Smyth 2010, Permutation p-values should never be zero, Stat. Appl. Genet. Mol. Biol.
//! 9:39).
//!
//! All looks of a measurement use the same ways, so what one look has decided can be replayed by the
//! next one.

use super::draw::Draws;

/// Up to so many pairs all ways are counted, 4,096 at most.
pub const EXACT_PAIRS: u32 = 12;
/// So many ways are drawn for more pairs.
pub const DRAWN: usize = 2_000;
/// Keeps the drawn ways apart from the drawn orders of a measurement with the same seed.
const STREAM: u64 = 0x5bd1_e995_97f4_a7c1;

/// Ways to turn pairs around: bit `i` of a word says that pair `i` is turned. The first word is what
/// happened: none is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flips {
    words: Vec<u64>,
}

impl Flips {
    /// The ways for a measurement of so many pairs in all, at most 64.
    pub fn new(pairs: u32, seed: u64) -> Self {
        if pairs <= EXACT_PAIRS {
            return Self {
                words: (0..1_u64 << pairs).collect(),
            };
        }
        let mut draws = Draws::new(seed ^ STREAM);
        let drawn = (1..DRAWN).map(|_| draws.next_u64());
        Self {
            words: std::iter::once(0).chain(drawn).collect(),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.words.len()
    }

    /// The absolute sum of the differences in each way; the first is what happened. `differences` may
    /// be fewer than the pairs in all.
    pub fn sums(&self, differences: &[f64]) -> Vec<f64> {
        let turned = |word: &u64| {
            let signed = differences.iter().enumerate();
            let sum: f64 = signed
                .map(|(i, d)| if is_set(*word, i) { -d } else { *d })
                .sum();
            sum.abs()
        };
        self.words.iter().map(turned).collect()
    }

    /// The means over the turned pairs of each way and over the others, in order, and how many such
    /// sets of pairs were empty.
    ///
    /// These are the true effect's typical values: it lies below the smallest, between any two
    /// neighbours and above the largest equally often (Hartigan 1969, Using subsample values as
    /// typical values, J. Am. Stat. Assoc. 64:1303). So their quantiles are what the test, asked about
    /// every effect in turn, would not reject.
    pub fn typical_values(&self, differences: &[f64]) -> (Vec<f64>, usize) {
        let total: f64 = differences.iter().sum();
        let mut values = Vec::with_capacity(2 * self.words.len());
        let mut empty = 0;
        for word in &self.words {
            let turned = differences
                .iter()
                .enumerate()
                .filter(|(i, _)| is_set(*word, *i));
            let (sum, count) = turned.fold((0.0, 0_usize), |(sum, n), (_, d)| (sum + d, n + 1));
            for (sum, count) in [(sum, count), (total - sum, differences.len() - count)] {
                if count == 0 {
                    empty += 1;
                } else {
                    values.push(sum / count as f64);
                }
            }
        }
        values.sort_by(f64::total_cmp);
        (values, empty)
    }
}

fn is_set(word: u64, pair: usize) -> bool {
    word >> pair & 1 == 1
}

/// How many of `sums` are at least as large as `sum`. Sums that differ only by rounding are equal.
pub fn as_extreme(sums: &[f64], sum: f64) -> usize {
    let bound = sum - slack(sums);
    sums.iter().filter(|other| **other >= bound).count()
}

/// Additions in another order may differ by so much.
pub fn slack(sums: &[f64]) -> f64 {
    1e-9 * sums.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every way, by counting in signs, without bits.
    fn plain_p(differences: &[f64]) -> f64 {
        let mut sums = vec![0.0];
        for d in differences {
            sums = sums
                .iter()
                .flat_map(|sum: &f64| [sum + d, sum - d])
                .collect();
        }
        let observed: f64 = differences.iter().sum::<f64>().abs();
        let extreme = sums
            .iter()
            .filter(|sum| sum.abs() >= observed - 1e-9)
            .count();
        extreme as f64 / sums.len() as f64
    }

    fn p(differences: &[f64], seed: u64) -> f64 {
        let flips = Flips::new(differences.len() as u32, seed);
        let sums = flips.sums(differences);
        as_extreme(&sums, sums[0]) as f64 / flips.count() as f64
    }

    #[test]
    fn six_pairs_that_agree_are_two_ways_in_sixty_four() {
        assert!((p(&[1.0; 6], 0) - 2.0 / 64.0).abs() < 1e-12);
        assert!((p(&[0.0; 6], 0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn darwins_plants_have_their_published_probability() {
        // Fisher 1935, section 21: the differences of Darwin's 15 pairs in eighths of an inch;
        // 1,726 of 2^15 ways are as extreme: p = .0527. Drawn ways come close.
        let plants = [
            49., -67., 8., 16., 6., 23., 28., 41., 14., 29., 56., 24., 75., 60., -48.,
        ];
        assert!((plain_p(&plants) - 1726.0 / 32768.0).abs() < 1e-9);
        for seed in 0..20 {
            assert!((p(&plants, seed) - 0.0527).abs() < 0.02);
        }
    }

    proptest! {
        #[test]
        fn few_pairs_are_counted_exactly(
            differences in prop::collection::vec(-5.0_f64..5.0, 1..=10),
            seed: u64,
        ) {
            prop_assert!((p(&differences, seed) - plain_p(&differences)).abs() < 1e-9);
        }

        #[test]
        fn the_test_does_not_care_which_arm_is_called_a(
            differences in prop::collection::vec(-5.0_f64..5.0, 1..40),
            seed: u64,
        ) {
            let turned: Vec<f64> = differences.iter().map(|d| -d).collect();
            prop_assert!((p(&differences, seed) - p(&turned, seed)).abs() < 1e-9);
        }

        #[test]
        fn no_outcome_is_rarer_than_one_way_of_all(
            differences in prop::collection::vec(-5.0_f64..5.0, 1..40),
            seed: u64,
        ) {
            let ways = Flips::new(differences.len() as u32, seed).count();
            prop_assert!(p(&differences, seed) >= 1.0 / ways as f64);
        }
    }
}
