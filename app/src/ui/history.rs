//! What was measured of one uplink: the newest probes one by one, a day of older ones thinned. Pure:
//! no clock, no bus, no pixels. How it is summed up for a graph is in `columns`.

mod columns;
mod thin;

use std::collections::VecDeque;

pub use columns::{Column, Outage};
pub use thin::Bucket;
use thin::Thinned;

/// Probes of one uplink kept one by one: 30 minutes at one probe every 200 ms.
pub const MAX_SAMPLES: usize = 9000;
/// How far back anything is kept.
pub const DAY_NS: u64 = 24 * 3600 * 1_000_000_000;
/// A pause between two samples that is drawn as a gap instead of a line.
pub const GAP_NS: u64 = 3_000_000_000;

/// One probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it was sent, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// Its round-trip time in microseconds, `None` when it was lost.
    pub rtt_us: Option<u32>,
}

/// The newest [`MAX_SAMPLES`] probes of one uplink, and what is left of those of the day before.
#[derive(Debug, Clone, Default)]
pub struct History {
    samples: VecDeque<Sample>,
    thinned: Thinned,
}

impl History {
    /// Adds a probe. Probes are expected in the order they were sent; an older one is put into its
    /// place, because an answer that came late may be reported after the next probe.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.capacity() == 0 {
            self.samples.reserve_exact(MAX_SAMPLES + 1);
        }
        let place = match self.samples.back() {
            Some(newest) if newest.at_ns > sample.at_ns => self
                .samples
                .partition_point(|known| known.at_ns <= sample.at_ns),
            _ => self.samples.len(),
        };
        self.samples.insert(place, sample);
        if self.samples.len() > MAX_SAMPLES
            && let Some(oldest) = self.samples.pop_front()
        {
            let newest_ns = self.samples.back().map_or(oldest.at_ns, |s| s.at_ns);
            self.thinned.push(oldest, newest_ns);
        }
    }

    /// True when nothing was measured yet.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// Where it begins.
    pub fn oldest_ns(&self) -> Option<u64> {
        let newest = self.samples.front().map(|sample| sample.at_ns);
        self.thinned.oldest_ns().or(newest)
    }

    /// When the newest probe was sent.
    pub fn newest_ns(&self) -> Option<u64> {
        self.samples.back().map(|sample| sample.at_ns)
    }

    /// The probes sent in `from_ns..=to_ns` that are still kept one by one, oldest first.
    pub fn between(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Sample> + '_ {
        let first = self.samples.partition_point(|s| s.at_ns < from_ns);
        let end = self.samples.partition_point(|s| s.at_ns <= to_ns);
        self.samples.range(first..end.max(first)).copied()
    }

    /// Everything that is known of `from_ns..=to_ns`, oldest first: buckets, then buckets of one
    /// probe each. A bucket that only reaches into that time comes whole.
    pub fn buckets(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Bucket> + '_ {
        let single = self.between(from_ns, to_ns).map(Bucket::of);
        self.thinned.between(from_ns, to_ns).chain(single)
    }

    /// What is known of the moment `at_ns`: all probes within `around_ns` of it, or else what lies
    /// nearest, if that is within `reach_ns`.
    pub fn at(&self, at_ns: u64, around_ns: u64, reach_ns: u64) -> Option<Bucket> {
        let reach_ns = reach_ns.max(around_ns);
        let near = |ns: u64| (at_ns.saturating_sub(ns), at_ns.saturating_add(ns));
        let distance = |bucket: &Bucket| {
            let before = bucket.from_ns.saturating_sub(at_ns);
            before.max(at_ns.saturating_sub(bucket.end_ns()))
        };
        let (from_ns, to_ns) = near(around_ns);
        let mut within = self.buckets(from_ns, to_ns);
        if let Some(mut whole) = within.next() {
            for bucket in within {
                whole.merge(&bucket);
                whole.width_ns = bucket.end_ns() - whole.from_ns;
            }
            return Some(whole);
        }
        let (from_ns, to_ns) = near(reach_ns);
        self.buckets(from_ns, to_ns).min_by_key(distance)
    }

    /// Lost probes and all probes sent in `from_ns..=to_ns`.
    pub fn loss(&self, from_ns: u64, to_ns: u64) -> (u64, u64) {
        self.buckets(from_ns, to_ns)
            .fold((0, 0), |(lost, all), bucket| {
                let (gone, came) = (u64::from(bucket.lost), u64::from(bucket.answered));
                (lost + gone, all + gone + came)
            })
    }

    /// Bytes it holds on to.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.samples.capacity() * size_of::<Sample>() + self.thinned.bytes()
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const STEP_NS: u64 = 200_000_000;

    pub fn history(rtts_us: impl IntoIterator<Item = Option<u32>>) -> History {
        let mut history = History::default();
        for (number, rtt_us) in rtts_us.into_iter().enumerate() {
            let at_ns = STEP_NS * (number as u64 + 1);
            history.push(Sample { at_ns, rtt_us });
        }
        history
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_newest() {
        let history = history((0..MAX_SAMPLES as u32 + 500).map(Some));
        assert_eq!(history.samples.len(), MAX_SAMPLES);
        let newest = history.samples.back().unwrap().rtt_us;
        assert_eq!(newest, Some(MAX_SAMPLES as u32 + 499));
    }

    #[test]
    fn a_late_answer_finds_its_place_in_time() {
        let mut history = history([Some(1), Some(2)]);
        history.push(Sample {
            at_ns: STEP_NS + 1,
            rtt_us: Some(9),
        });
        let order: Vec<_> = history.between(0, u64::MAX).map(|s| s.rtt_us).collect();
        assert_eq!(order, [Some(1), Some(9), Some(2)]);
    }

    #[test]
    fn a_moment_gathers_what_lies_around_it_and_else_the_nearest_within_reach() {
        let history = history([Some(1), Some(9), None]);
        let near = history.at(STEP_NS * 2 + 5, 10, STEP_NS).unwrap();
        assert_eq!((near.min_us, near.max_us, near.lost), (9, 9, 0));
        let all = history.at(STEP_NS * 2, STEP_NS, STEP_NS).unwrap();
        assert_eq!((all.min_us, all.max_us, all.lost), (1, 9, 1));
        assert_eq!(history.at(STEP_NS * 4, 0, STEP_NS).unwrap().lost, 1);
        assert_eq!(history.at(STEP_NS * 60, 0, STEP_NS), None);
        assert_eq!(History::default().at(7, 0, u64::MAX), None);
    }

    #[test]
    fn a_day_is_kept_in_half_a_megabyte_and_can_be_looked_back_into() {
        let probes = DAY_NS / STEP_NS + 5_000;
        let history = history((0..probes).map(|n| (n % 100 != 0).then_some(20_000)));
        assert!(history.bytes() < 600_000, "{}", history.bytes());
        let newest_ns = history.samples.back().unwrap().at_ns;
        let oldest_ns = history.oldest_ns().unwrap();
        let reach_ns = newest_ns - oldest_ns;
        assert!(reach_ns.abs_diff(DAY_NS) < 60_000_000_000, "{reach_ns}");
        let (lost, all) = history.loss(oldest_ns, newest_ns);
        assert!(all.abs_diff(DAY_NS / STEP_NS) < 300, "{all}");
        assert!((9..=10).contains(&(lost * 1000 / all)), "{lost} of {all}");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(12))]
        #[test]
        fn no_feed_makes_it_panic_grow_or_lose_its_order(
            probes in proptest::collection::vec(
                (proptest::prelude::any::<u64>(), 0u32..64, proptest::option::of(0..=u32::MAX)),
                MAX_SAMPLES..MAX_SAMPLES + 2_000,
            ),
        ) {
            let mut history = History::default();
            for (at_ns, shift, rtt_us) in probes {
                history.push(Sample { at_ns: at_ns >> shift, rtt_us });
            }
            let known: Vec<_> = history.buckets(0, u64::MAX).map(|b| b.from_ns).collect();
            proptest::prop_assert!(known.is_sorted());
            proptest::prop_assert!(history.bytes() < 600_000);
            let _ = history.columns(0, u64::MAX, 1 << 40);
            let _ = history.outages(0, u64::MAX);
            let _ = history.at(1 << 50, 1 << 40, u64::MAX);
        }
    }
}
