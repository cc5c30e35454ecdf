//! How the answers of a time are spread: percentiles, shares per band of round trip, shares within
//! a round trip. Pure; how it is drawn is in `chart::spread`.

use evenkeel_core::distribution::Distribution;
pub use evenkeel_core::distribution::{Share, WHOLE};
use evenkeel_core::stats::Quantile;

use super::history::{Bucket, History};

/// The answers of one uplink in some time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// In microseconds.
    all: Distribution,
    /// True when a part of it is known from buckets only, which makes it an estimate.
    pub estimated: bool,
    /// Median, 95th and 99th percentile in microseconds, by `evenkeel_core::stats::quantile`;
    /// `None` when nothing was answered.
    pub marks_us: Option<[u32; 3]>,
}

impl Spread {
    /// The answers sent in `from_ns..=to_ns`.
    pub fn of(history: &History, from_ns: u64, to_ns: u64) -> Self {
        let (mut answers, mut lost, mut estimated) = (Vec::new(), 0, false);
        for bucket in history.buckets(from_ns, to_ns) {
            lost += u64::from(bucket.lost);
            estimated |= bucket.width_ns > 0;
            lay_out(&bucket, &mut answers);
        }
        let all = Distribution::new(answers, lost);
        let mark = |share| all.quantile(share).map(|us| us as u32);
        let marks = [Quantile::MEDIAN, Quantile::P95, Quantile::P99].map(mark);
        let marks_us = match marks {
            [Some(median), Some(p95), Some(p99)] => Some([median, p95, p99]),
            _ => None,
        };
        Self {
            all,
            estimated,
            marks_us,
        }
    }

    /// The slowest answer, in microseconds.
    pub fn worst_us(&self) -> Option<u32> {
        self.all.answers().last().map(|us| *us as u32)
    }

    /// The share of all probes in each of `count` bands of `width_us`; the last one holds
    /// everything above, too. Lost probes are in none.
    pub fn bands(&self, width_us: u32, count: usize) -> Vec<Share> {
        self.all.bands(u64::from(width_us), count)
    }

    /// The share of all probes that were answered within `us`.
    pub fn within(&self, us: u32) -> Share {
        self.all.within(u64::from(us))
    }

    /// The share that was lost.
    pub fn lost_share(&self) -> Share {
        self.all.lost_share()
    }
}

/// The answers of a bucket, as far as it still knows them: its extremes, and the others in even
/// steps between them and the median.
fn lay_out(bucket: &Bucket, into: &mut Vec<u64>) {
    let count = bucket.answered;
    if count < 3 {
        let ends = [bucket.min_us, bucket.max_us].map(u64::from);
        into.extend(ends.iter().take(count as usize));
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
        match place {
            place if place == last => max,
            place if place * 2 <= last => min + (median - min) * place * 2 / last,
            _ => median,
        }
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
        assert!(old.estimated && old.all.sent() == 12_000);
        assert!(!spread([Some(5)]).estimated);
    }
}
