//! How the answers of a time are spread: percentiles, shares per band of round trip, shares within
//! a round trip. Pure; how it is drawn is in `chart::spread`.

use evenkeel_core::stats::{Quantile, quantile};

use super::history::{Bucket, History};

/// A share in hundredths of a percent.
pub type Share = u32;
/// All of it.
pub const WHOLE: Share = 10_000;

/// The answers of one uplink in some time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    sorted_us: Vec<u32>,
    /// Probes that were lost.
    pub lost: u64,
    /// True when a part of it is known from buckets only, which makes it an estimate.
    pub estimated: bool,
    /// Median, 95th and 99th percentile in microseconds, by `evenkeel_core::stats::quantile`;
    /// `None` when nothing was answered.
    pub marks_us: Option<[u32; 3]>,
}

impl Spread {
    /// The answers sent in `from_ns..=to_ns`.
    pub fn of(history: &History, from_ns: u64, to_ns: u64) -> Self {
        let mut spread = Self::default();
        for bucket in history.buckets(from_ns, to_ns) {
            spread.lost += u64::from(bucket.lost);
            spread.estimated |= bucket.width_ns > 0;
            lay_out(&bucket, &mut spread.sorted_us);
        }
        spread.sorted_us.sort_unstable();
        let mut values: Vec<u64> = spread.sorted_us.iter().copied().map(u64::from).collect();
        let mut mark = |share| quantile(&mut values, share).map(|us| us as u32);
        let marks = [Quantile::MEDIAN, Quantile::P95, Quantile::P99].map(&mut mark);
        if let [Some(median), Some(p95), Some(p99)] = marks {
            spread.marks_us = Some([median, p95, p99]);
        }
        spread
    }

    /// The slowest answer, in microseconds.
    pub fn worst_us(&self) -> Option<u32> {
        self.sorted_us.last().copied()
    }

    /// Probes whose outcome is known.
    pub fn sent(&self) -> u64 {
        self.sorted_us.len() as u64 + self.lost
    }

    /// The share of all probes in each of `count` bands of `width_us`; the last one holds
    /// everything above, too. Lost probes are in none.
    pub fn bands(&self, width_us: u32, count: usize) -> Vec<Share> {
        let mut from = 0;
        let last = count.saturating_sub(1);
        let ends = (1..=count as u64).map(|band| band * u64::from(width_us));
        ends.enumerate()
            .map(|(index, end_us)| {
                let upto = if index == last {
                    self.sorted_us.len()
                } else {
                    self.sorted_us.partition_point(|us| u64::from(*us) < end_us)
                };
                let inside = upto - from;
                from = upto;
                self.share(inside as u64)
            })
            .collect()
    }

    /// The share of all probes that were answered within `us`.
    pub fn within(&self, us: u32) -> Share {
        let inside = self.sorted_us.partition_point(|known| *known <= us);
        self.share(inside as u64)
    }

    /// The share that was lost.
    pub fn lost_share(&self) -> Share {
        self.share(self.lost)
    }

    fn share(&self, count: u64) -> Share {
        let share = count
            .saturating_mul(u64::from(WHOLE))
            .checked_div(self.sent());
        share.unwrap_or(0) as Share
    }
}

/// The answers of a bucket, as far as it still knows them: its extremes, and the others in even
/// steps between them and the median.
fn lay_out(bucket: &Bucket, into: &mut Vec<u32>) {
    let count = bucket.answered;
    if count < 3 {
        into.extend([bucket.min_us, bucket.max_us].iter().take(count as usize));
        return;
    }
    let last = u64::from(count - 1);
    let (min, median, max) = (
        u64::from(bucket.min_us),
        u64::from(bucket.median_us.clamp(bucket.min_us, bucket.max_us)),
        u64::from(bucket.max_us),
    );
    into.extend((0..=last).map(|place| {
        // A single slow answer of many is a spike: between median and it lies no even slope.
        let us = match place {
            place if place == last => max,
            place if place * 2 <= last => min + (median - min) * place * 2 / last,
            _ => median,
        };
        us as u32
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::history::Sample;

    fn spread(rtts_us: impl IntoIterator<Item = Option<u32>>) -> Spread {
        let mut history = History::default();
        for (number, rtt_us) in rtts_us.into_iter().enumerate() {
            let at_ns = (number as u64 + 1) * 200_000_000;
            history.push(Sample { at_ns, rtt_us });
        }
        Spread::of(&history, 0, u64::MAX)
    }

    #[test]
    fn nothing_measured_and_nothing_answered_have_no_percentiles() {
        assert_eq!(spread([]).marks_us, None);
        assert_eq!(spread([]).bands(1_000, 3), [0, 0, 0]);
        let lost = spread([None, None]);
        assert_eq!((lost.marks_us, lost.lost_share()), (None, WHOLE));
        assert_eq!(lost.within(u32::MAX), 0);
    }

    #[test]
    fn bands_and_losses_together_are_all_probes() {
        let spread = spread((0..100).map(|n| (n % 10 != 0).then_some(n * 1_000)));
        let bands = spread.bands(25_000, 4);
        assert_eq!(bands, [2_200, 2_300, 2_200, 2_300]);
        assert_eq!(bands.iter().sum::<u32>() + spread.lost_share(), WHOLE);
    }

    #[test]
    fn the_last_band_holds_everything_above() {
        let spread = spread([Some(1_000), Some(u32::MAX)]);
        assert_eq!(spread.bands(2_000, 3), [5_000, 0, 5_000]);
    }

    #[test]
    fn the_share_within_grows_to_what_was_answered() {
        let spread = spread([Some(10), Some(20), Some(30), None]);
        let shares = [5, 10, 25, 30, u32::MAX].map(|us| spread.within(us));
        assert_eq!(shares, [0, 2_500, 5_000, 7_500, 7_500]);
        assert_eq!(spread.marks_us, Some([20, 29, 30]));
    }

    #[test]
    fn what_is_known_from_buckets_is_called_an_estimate_and_keeps_count_and_extremes() {
        let bucket = Bucket {
            from_ns: 0,
            width_ns: 10,
            min_us: 10,
            median_us: 20,
            max_us: 900,
            answered: 50,
            lost: 1,
        };
        let mut values = Vec::new();
        lay_out(&bucket, &mut values);
        assert_eq!(values.len(), 50);
        assert_eq!((values[0], values[25], values[49]), (10, 20, 900));
        assert_eq!(values.iter().filter(|us| **us > 20).count(), 1);
        let old = spread((0..12_000).map(|_| Some(5)));
        assert!(old.estimated && old.sent() == 12_000);
        assert!(!spread([Some(5)]).estimated);
    }
}
