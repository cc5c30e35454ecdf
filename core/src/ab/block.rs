//! One block of probes as numbers, and what a pair of blocks says. The measure of a block is its
//! spread, `p95 - p50`: how much longer than usual an unlucky packet takes.

use crate::stats::{Quantile, quantile};

use super::plan::MIN_BLOCK_PROBES;

/// A lost probe counts like an answer after this long, which is when probes are given up.
pub const LOST_US: u32 = 1_000_000;
/// A spread below this counts as this. Nobody feels less, timestamps are hardly finer, and the
/// logarithm of nothing has no value.
pub const FLOOR_US: u32 = 100;

/// What the probes of one block amount to. All times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Probes whose outcome is known.
    pub sent: u32,
    /// Those that were lost.
    pub lost: u32,
    /// The median, lost probes counting [`LOST_US`].
    pub p50_us: u32,
    /// The 95th percentile, likewise.
    pub p95_us: u32,
}

impl Block {
    /// Summarises outcomes: a round-trip time in microseconds, or `None` for a lost probe. `None` for
    /// fewer than [`MIN_BLOCK_PROBES`]: such a block says nothing and is to be measured again.
    pub fn of(outcomes: &[Option<u32>]) -> Option<Self> {
        if outcomes.len() < MIN_BLOCK_PROBES as usize {
            return None;
        }
        let late = |outcome: &Option<u32>| u64::from(outcome.unwrap_or(LOST_US).min(LOST_US));
        let mut values: Vec<u64> = outcomes.iter().map(late).collect();
        Some(Self {
            sent: outcomes.len() as u32,
            lost: outcomes.iter().filter(|outcome| outcome.is_none()).count() as u32,
            p50_us: quantile(&mut values, Quantile::MEDIAN)? as u32,
            p95_us: quantile(&mut values, Quantile::P95)? as u32,
        })
    }

    /// `p95 - p50`, between [`FLOOR_US`] and [`LOST_US`]. A block that lost half of its probes has the
    /// largest spread: it is as bad as can be, not steady.
    pub fn spread_us(&self) -> u32 {
        if self.p50_us >= LOST_US || 2 * self.lost >= self.sent {
            return LOST_US;
        }
        (self.p95_us - self.p50_us).clamp(FLOOR_US, LOST_US)
    }
}

/// What one pair says: `ln(spread of B / spread of A)`, below 0 when B was steadier. Between -9.3 and
/// 9.3.
pub fn difference(a: &Block, b: &Block) -> f64 {
    f64::from(b.spread_us()).ln() - f64::from(a.spread_us()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answers(values: impl IntoIterator<Item = u32>) -> Vec<Option<u32>> {
        values.into_iter().map(Some).collect()
    }

    #[test]
    fn a_known_block_has_the_textbook_numbers() {
        // 0 to 100 ms in steps of 1 ms.
        let block = Block::of(&answers((0..=100).map(|ms| ms * 1000))).unwrap();
        assert_eq!((block.sent, block.lost), (101, 0));
        assert_eq!((block.p50_us, block.p95_us), (50_000, 95_000));
        assert_eq!(block.spread_us(), 45_000);
    }

    #[test]
    fn lost_probes_are_the_slowest_of_all() {
        let mut outcomes = answers([20_000; 94]);
        outcomes.extend([None; 6]);
        let block = Block::of(&outcomes).unwrap();
        assert_eq!((block.sent, block.lost), (100, 6));
        assert_eq!(block.spread_us(), LOST_US - 20_000);
    }

    #[test]
    fn a_block_that_lost_half_or_all_is_the_worst_and_not_the_steadiest() {
        for lost in [50, 51, 100] {
            let mut outcomes = answers(vec![20_000; 100 - lost]);
            outcomes.extend(vec![None; lost]);
            assert_eq!(Block::of(&outcomes).unwrap().spread_us(), LOST_US, "{lost}");
        }
    }

    #[test]
    fn no_spread_at_all_counts_as_the_floor_so_that_two_such_blocks_are_equal() {
        let still = Block::of(&answers([20_000; 40])).unwrap();
        assert_eq!(still.spread_us(), FLOOR_US);
        assert!(difference(&still, &still).abs() < 1e-12);
    }

    #[test]
    fn too_few_probes_say_nothing() {
        assert_eq!(Block::of(&answers([20_000; 19])), None);
        assert_eq!(Block::of(&[]), None);
    }

    proptest! {
        #[test]
        fn every_block_has_a_spread_in_range_and_every_pair_a_finite_difference(
            a in prop::collection::vec(prop::option::of(any::<u32>()), 20..200),
            b in prop::collection::vec(prop::option::of(0_u32..100_000), 20..200),
        ) {
            let (a, b) = (Block::of(&a).unwrap(), Block::of(&b).unwrap());
            for block in [a, b] {
                prop_assert!((FLOOR_US..=LOST_US).contains(&block.spread_us()));
            }
            let d = difference(&a, &b);
            prop_assert!(d.abs() < 9.3);
            prop_assert!((d + difference(&b, &a)).abs() < 1e-12);
        }

        #[test]
        fn halving_what_exceeds_the_median_halves_the_spread(
            values in prop::collection::vec(10_000_u32..900_000, 41..42),
        ) {
            let block = Block::of(&answers(values.clone())).unwrap();
            let halved = values.iter().map(|v| match v.checked_sub(block.p50_us) {
                Some(excess) => block.p50_us + excess / 2,
                None => *v,
            });
            let halved = Block::of(&answers(halved)).unwrap();
            prop_assert_eq!(halved.p50_us, block.p50_us);
            let expected = (block.p95_us - block.p50_us) / 2;
            prop_assert!((halved.p95_us - halved.p50_us).abs_diff(expected) <= 1);
        }
    }
}
