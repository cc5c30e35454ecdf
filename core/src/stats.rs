//! Summary statistics of probe outcomes, and quantiles by one stated definition. It judges nothing:
//! no verdicts, no colours. Jitter between neighbours is in [`jitter`](crate::jitter).

/// A share of a distribution, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantile(u16);

impl Quantile {
    /// Half of the values lie at or below it.
    pub const MEDIAN: Self = Self(500);
    /// 95 of 100 values lie at or below it.
    pub const P95: Self = Self(950);
    /// 99 of 100 values lie at or below it.
    pub const P99: Self = Self(990);

    /// A share of 0..=1000 thousandths: 0 is the minimum, 1000 the maximum.
    ///
    /// # Errors
    /// [`OutOfRange`](crate::OutOfRange) above 1000.
    pub fn per_mille(share: u16) -> Result<Self, crate::OutOfRange> {
        crate::range::checked("quantile in thousandths", i64::from(share), 0, 1000)
            .map(|share| Self(share as u16))
    }

    /// The place of the value at or below it among so many, and the thousandths of the way to the
    /// next one.
    fn position(self, count: usize) -> Option<(usize, u16)> {
        let last = count.checked_sub(1)? as u64;
        let position = u128::from(last) * u128::from(self.0);
        Some(((position / 1000) as usize, (position % 1000) as u16))
    }
}

/// The quantile of `values`, or `None` when there are none. Reorders them.
///
/// Definition: type 7 of Hyndman and Fan (1996), the default of R and `NumPy`. With the values in
/// order and numbered from 0, it is the value at position `(n - 1) * share`; between two positions
/// the straight line between their values, rounded to the nearest whole number, halves up. Integer
/// arithmetic throughout, so the result is exact. Takes time proportional to `n`.
///
/// ```
/// use evenkeel_core::stats::{Quantile, quantile};
/// assert_eq!(quantile(&mut [40, 10, 20, 30], Quantile::MEDIAN), Some(25));
/// assert_eq!(quantile(&mut [], Quantile::P99), None);
/// ```
pub fn quantile(values: &mut [u64], quantile: Quantile) -> Option<u64> {
    let (at, part) = quantile.position(values.len())?;
    let (_, low, above) = values.select_nth_unstable(at);
    let low = *low;
    if part == 0 {
        return Some(low);
    }
    let high = above.iter().min().copied().unwrap_or(low);
    Some(between(low, high, part))
}

/// [`quantile`] of values that are in order already, at once.
pub fn quantile_of_sorted(sorted: &[u64], quantile: Quantile) -> Option<u64> {
    let (at, part) = quantile.position(sorted.len())?;
    let low = *sorted.get(at)?;
    let high = sorted.get(at + 1).copied().unwrap_or(low);
    Some(between(low, high, part))
}

/// So many thousandths of the way from `low` to `high`.
fn between(low: u64, high: u64, part: u16) -> u64 {
    let rise = u128::from(high.saturating_sub(low)) * u128::from(part);
    low + ((rise + 500) / 1000) as u64
}

/// How answers are spread. Whatever unit went in comes out; here always nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The smallest answer.
    pub min_ns: u64,
    /// The arithmetic mean, rounded to the nearest.
    pub mean_ns: u64,
    /// The median; see [`quantile`] for the definition of all quantiles.
    pub median_ns: u64,
    /// The 95th percentile.
    pub p95_ns: u64,
    /// The 99th percentile. With fewer than 100 answers it leans on the largest one alone.
    pub p99_ns: u64,
    /// The largest answer.
    pub max_ns: u64,
    /// The standard deviation with divisor `n`, as `ping` reports it (mdev). Computed in floating
    /// point, rounded to the nearest.
    pub stdev_ns: u64,
}

impl Spread {
    /// The spread of `values`, or `None` when there are none. Reorders them.
    pub fn of(values: &mut [u64]) -> Option<Self> {
        let count = values.len() as u64;
        let min_ns = *values.iter().min()?;
        let max_ns = *values.iter().max()?;
        let sum: u128 = values.iter().copied().map(u128::from).sum();
        let n = u128::from(count);
        let mean = sum as f64 / count as f64;
        let squares: f64 = values
            .iter()
            .map(|value| (*value as f64 - mean).powi(2))
            .sum();
        Some(Self {
            min_ns,
            mean_ns: ((sum + n / 2) / n) as u64,
            median_ns: quantile(values, Quantile::MEDIAN)?,
            p95_ns: quantile(values, Quantile::P95)?,
            p99_ns: quantile(values, Quantile::P99)?,
            max_ns,
            stdev_ns: (squares / count as f64).sqrt().round() as u64,
        })
    }
}

/// How many answers took longer than a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// The threshold.
    pub threshold_ns: u64,
    /// Answers strictly above it. Lost probes are not among them: add [`Summary::lost`] for "over
    /// the threshold or lost".
    pub count: u64,
}

/// What there is to say about a run of probes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Probes whose outcome is known.
    pub sent: u64,
    /// Those that were lost.
    pub lost: u64,
    /// The spread of the answers; `None` when none came.
    pub spread: Option<Spread>,
    /// One entry per threshold asked for, in that order.
    pub over: Vec<Over>,
}

impl Summary {
    /// Summarises outcomes: an RTT in nanoseconds, or `None` for a lost probe. Holds a copy of the
    /// answers while it works, so the caller bounds the memory: see [`window`](crate::window).
    pub fn of(outcomes: impl IntoIterator<Item = Option<u64>>, thresholds_ns: &[u64]) -> Self {
        let mut lost = 0;
        let mut answers: Vec<u64> = Vec::new();
        for outcome in outcomes {
            match outcome {
                Some(rtt) => answers.push(rtt),
                None => lost += 1,
            }
        }
        let over = |threshold_ns: &u64| Over {
            threshold_ns: *threshold_ns,
            count: answers.iter().filter(|rtt| *rtt > threshold_ns).count() as u64,
        };
        Self {
            sent: answers.len() as u64 + lost,
            lost,
            over: thresholds_ns.iter().map(over).collect(),
            spread: Spread::of(&mut answers),
        }
    }

    /// Probes that were answered.
    pub fn answered(&self) -> u64 {
        self.sent - self.lost
    }

    /// Lost probes as a share, 0.0..=1.0; 0 when none were sent.
    pub fn loss(&self) -> f64 {
        if self.sent == 0 {
            0.0
        } else {
            self.lost as f64 / self.sent as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_nothing_out() {
        let empty = Summary::of([], &[5]);
        assert_eq!((empty.sent, empty.spread), (0, None));
        assert_eq!(
            empty.over,
            [Over {
                threshold_ns: 5,
                count: 0
            }]
        );
        assert!(empty.loss() == 0.0);
        let all_lost = Summary::of([None, None], &[]);
        assert_eq!(
            (all_lost.sent, all_lost.lost, all_lost.spread),
            (2, 2, None)
        );
    }

    #[test]
    fn a_known_series_has_the_textbook_numbers() {
        // Mean 5, population variance 4.
        let outcomes = [2, 4, 4, 4, 5, 5, 7, 9]
            .map(Some)
            .into_iter()
            .chain([None, None]);
        let summary = Summary::of(outcomes, &[4, 5, 9]);
        let spread = summary.spread.unwrap();
        assert_eq!((summary.sent, summary.lost, summary.answered()), (10, 2, 8));
        assert_eq!((spread.min_ns, spread.mean_ns, spread.max_ns), (2, 5, 9));
        assert_eq!((spread.median_ns, spread.stdev_ns), (5, 2)); // 4.5, halves up
        assert_eq!(
            summary.over.iter().map(|o| o.count).collect::<Vec<_>>(),
            [4, 2, 0]
        );
        assert!((summary.loss() - 0.2).abs() < 1e-12);
    }

    #[test]
    fn quantiles_follow_type_7() {
        // R: quantile(c(15, 20, 35, 40, 50), c(.05, .3, .4, .5, 1)) is 16, 23, 29, 35, 50.
        let mut values = [50, 15, 40, 20, 35];
        for (share, expected) in [
            (0, 15),
            (50, 16),
            (300, 23),
            (400, 29),
            (500, 35),
            (1000, 50),
        ] {
            let share = Quantile::per_mille(share).unwrap();
            assert_eq!(quantile(&mut values, share), Some(expected));
            let sorted = [15, 20, 35, 40, 50];
            assert_eq!(quantile_of_sorted(&sorted, share), Some(expected));
        }
        assert!(Quantile::per_mille(1001).is_err());
    }

    #[test]
    fn extremes_don_t_overflow() {
        let spread = Spread::of(&mut [0, u64::MAX, u64::MAX]).unwrap();
        assert_eq!((spread.min_ns, spread.max_ns), (0, u64::MAX));
        assert_eq!(
            quantile(&mut [0, u64::MAX], Quantile::MEDIAN),
            Some(1 << 63)
        );
        assert_eq!(quantile_of_sorted(&[], Quantile::P99), None);
        assert_eq!(spread.mean_ns, 12_297_829_382_473_034_410);
    }
}
