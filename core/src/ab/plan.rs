//! How a measurement goes: pairs of blocks, one block of each arm in an order drawn by lot, and the
//! one or two moments at which its outcome may be looked at. Ranges are checked here once.

use super::draw::Draws;
use crate::OutOfRange;
use crate::range::checked;

/// Fewest pairs: with five, chance alone gives the most extreme outcome one time in sixteen, so
/// nothing could ever be shown.
pub const MIN_PAIRS: u32 = 6;
/// Most pairs: a sign is a bit of a word.
pub const MAX_PAIRS: u32 = 60;
/// Shortest and longest block in milliseconds.
pub const BLOCK_MS: (u32, u32) = (1_000, 60_000);
/// Shortest and longest time between two probes in milliseconds.
pub const PERIOD_MS: (u32, u32) = (50, 1_000);
/// Fewest probes that count in a block: a 95th percentile of fewer is the largest value.
pub const MIN_BLOCK_PROBES: u32 = 20;
/// Most probes that count in a whole measurement.
pub const MAX_PROBES: u32 = 40_000;

/// What is compared. A is what there was, B is what shall be better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arm {
    /// The first.
    A,
    /// The second.
    B,
}

impl Arm {
    /// Both, in this order.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// A plan whose numbers are in range and fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Plan {
    pairs: u32,
    first_look: Option<u32>,
    block_ms: u32,
    settle_ms: u32,
    period_ms: u32,
}

impl Default for Plan {
    /// 30 pairs of 10 s blocks, looked at after 20 and after all; the first 2 s of a block dropped, a
    /// probe every 100 ms. Ten minutes, or six and a half if the first look shows a difference.
    fn default() -> Self {
        Self {
            pairs: 30,
            first_look: Some(20),
            block_ms: 10_000,
            settle_ms: 2_000,
            period_ms: 100,
        }
    }
}

impl Plan {
    /// A plan of `pairs` ([`MIN_PAIRS`]..=[`MAX_PAIRS`]) pairs of blocks of `block_ms`
    /// ([`BLOCK_MS`]), of which the first `settle_ms` are dropped, probed every `period_ms`
    /// ([`PERIOD_MS`]). `first_look`, if any, is after so many pairs, at least [`MIN_PAIRS`] and fewer
    /// than all.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first number that is outside its range, given those before it.
    pub fn new(
        pairs: u32,
        first_look: Option<u32>,
        block_ms: u32,
        settle_ms: u32,
        period_ms: u32,
    ) -> Result<Self, OutOfRange> {
        let within = |what, value: u32, (min, max): (u32, u32)| {
            checked(what, value.into(), min.into(), max.into()).map(drop)
        };
        within("number of pairs", pairs, (MIN_PAIRS, MAX_PAIRS))?;
        if let Some(first) = first_look {
            within("pairs before the first look", first, (MIN_PAIRS, pairs - 1))?;
        }
        within("length of a block in milliseconds", block_ms, BLOCK_MS)?;
        within("time between probes in milliseconds", period_ms, PERIOD_MS)?;
        let counted_ms = MIN_BLOCK_PROBES * period_ms;
        within(
            "length of a block in milliseconds",
            block_ms,
            (counted_ms.max(BLOCK_MS.0), BLOCK_MS.1),
        )?;
        within(
            "time to settle in milliseconds",
            settle_ms,
            (0, block_ms - counted_ms),
        )?;
        let plan = Self {
            pairs,
            first_look,
            block_ms,
            settle_ms,
            period_ms,
        };
        let probes = plan.blocks() * plan.block_probes();
        within("number of probes in all", probes, (1, MAX_PROBES))?;
        Ok(plan)
    }

    /// Pairs in all.
    pub const fn pairs(&self) -> u32 {
        self.pairs
    }

    /// The number of pairs after which one looks for the first time, if that is before the end.
    pub const fn first_look(&self) -> Option<u32> {
        self.first_look
    }

    /// The length of a block.
    pub const fn block_ms(&self) -> u32 {
        self.block_ms
    }

    /// What is dropped at its beginning.
    pub const fn settle_ms(&self) -> u32 {
        self.settle_ms
    }

    /// The time from probe to probe.
    pub const fn period_ms(&self) -> u32 {
        self.period_ms
    }

    /// Blocks in all.
    pub const fn blocks(&self) -> u32 {
        2 * self.pairs
    }

    /// Probes of a block that count.
    pub const fn block_probes(&self) -> u32 {
        (self.block_ms - self.settle_ms) / self.period_ms
    }

    /// How long all blocks take, without any pause.
    pub const fn total_ms(&self) -> u32 {
        self.blocks() * self.block_ms
    }

    /// True when the outcome is looked at after so many pairs.
    pub fn is_look(&self, pairs: u32) -> bool {
        pairs == self.pairs || Some(pairs) == self.first_look
    }
}

/// The order of the arms inside a pair, by lot: `seed` is the measurement's, `pair` counts from 0.
pub const fn order(seed: u64, pair: u32) -> [Arm; 2] {
    let mut draws = Draws::new(seed ^ ((pair as u64) << 32));
    if draws.next_u64() >> 63 == 0 {
        [Arm::A, Arm::B]
    } else {
        [Arm::B, Arm::A]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_default_is_a_plan_like_any_other() {
        let plan = Plan::default();
        assert_eq!(Plan::new(30, Some(20), 10_000, 2_000, 100), Ok(plan));
        assert_eq!((plan.blocks(), plan.block_probes()), (60, 80));
        assert_eq!(plan.total_ms(), 600_000);
        let looks: Vec<u32> = (0..=40).filter(|pairs| plan.is_look(*pairs)).collect();
        assert_eq!(looks, [20, 30]);
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let what = |plan: Result<Plan, OutOfRange>| plan.unwrap_err().what;
        assert_eq!(
            what(Plan::new(5, None, 10_000, 2_000, 100)),
            "number of pairs"
        );
        assert_eq!(
            what(Plan::new(61, None, 10_000, 2_000, 100)),
            "number of pairs"
        );
        for first in [5, 20, 21] {
            let plan = Plan::new(20, Some(first), 10_000, 2_000, 100);
            assert_eq!(what(plan), "pairs before the first look");
        }
        let length = "length of a block in milliseconds";
        assert_eq!(what(Plan::new(20, None, 999, 0, 50)), length);
        assert_eq!(what(Plan::new(20, None, 60_001, 0, 50)), length);
        assert_eq!(what(Plan::new(20, None, 1_999, 0, 100)), length);
        let period = "time between probes in milliseconds";
        assert_eq!(what(Plan::new(20, None, 10_000, 0, 49)), period);
        assert_eq!(what(Plan::new(20, None, 60_000, 0, 1_001)), period);
        let settle = "time to settle in milliseconds";
        assert_eq!(what(Plan::new(20, None, 10_000, 8_001, 100)), settle);
        let probes = "number of probes in all";
        assert_eq!(what(Plan::new(60, None, 60_000, 0, 50)), probes);
    }

    proptest! {
        #[test]
        fn every_plan_leaves_enough_probes_and_not_too_many(
            pairs in 0_u32..80,
            first in prop::option::of(0_u32..80),
            block_ms in 0_u32..70_000,
            settle_ms in 0_u32..70_000,
            period_ms in 0_u32..1_200,
        ) {
            if let Ok(plan) = Plan::new(pairs, first, block_ms, settle_ms, period_ms) {
                prop_assert!(plan.block_probes() >= MIN_BLOCK_PROBES);
                prop_assert!(plan.blocks() * plan.block_probes() <= MAX_PROBES);
                prop_assert!(plan.is_look(pairs));
            }
        }

        #[test]
        fn the_order_is_drawn_evenly_and_again_the_same(seed: u64) {
            let first_is_a = (0..60).filter(|pair| order(seed, *pair)[0] == Arm::A).count();
            // Ten of sixty or fewer: one seed in two million.
            prop_assert!((10..=50).contains(&first_is_a), "{first_is_a}");
            for pair in 0..60 {
                let [first, second] = order(seed, pair);
                prop_assert_eq!(first, second.other());
                prop_assert_eq!(order(seed, pair), [first, second]);
            }
        }
    }
}
