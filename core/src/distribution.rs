//! How the answers of some probes are spread: what share came within a time, how many fell into
//! each band. What the window draws and what goes into files is counted here. Nothing is drawn.

use crate::stats::{Quantile, quantile_of_sorted};

/// A share in hundredths of a percent.
pub type Share = u32;
/// All of it.
pub const WHOLE: Share = 10_000;

/// Answers in order of size, and how many probes were lost. Whatever unit went in comes out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distribution {
    sorted: Vec<u64>,
    lost: u64,
}

impl Distribution {
    /// The distribution of outcomes: an answer, or `None` for a lost probe.
    pub fn of(outcomes: impl IntoIterator<Item = Option<u64>>) -> Self {
        let mut lost = 0;
        let mut answers = Vec::new();
        for outcome in outcomes {
            match outcome {
                Some(answer) => answers.push(answer),
                None => lost += 1,
            }
        }
        Self::new(answers, lost)
    }

    /// The same from answers in any order and a number of lost probes.
    pub fn new(mut answers: Vec<u64>, lost: u64) -> Self {
        answers.sort_unstable();
        Self {
            sorted: answers,
            lost,
        }
    }

    /// The answers, smallest first.
    pub fn answers(&self) -> &[u64] {
        &self.sorted
    }

    /// Probes that were lost.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Probes whose outcome is known.
    pub fn sent(&self) -> u64 {
        self.sorted.len() as u64 + self.lost
    }

    /// A quantile of the answers; see [`quantile`](crate::stats::quantile). `None` without answers.
    pub fn quantile(&self, share: Quantile) -> Option<u64> {
        quantile_of_sorted(&self.sorted, share)
    }

    /// How many answers came within `time`, exactly that included.
    pub fn count_within(&self, time: u64) -> u64 {
        self.sorted.partition_point(|known| *known <= time) as u64
    }

    /// The share of all probes, lost ones too, that were answered within `time`.
    pub fn within(&self, time: u64) -> Share {
        self.share(self.count_within(time))
    }

    /// The share of all probes that were lost.
    pub fn lost_share(&self) -> Share {
        self.share(self.lost)
    }

    /// How many answers lie in each band `edges[n] <= answer < edges[n + 1]`; the edges ascend. The
    /// last band holds everything above, too. Answers below the first edge are in none.
    pub fn counts(&self, edges: &[u64]) -> Vec<u64> {
        let bands = edges.len().saturating_sub(1);
        let place = |edge: &u64| self.sorted.partition_point(|known| known < edge);
        let upto = |band: usize| match band + 1 {
            end if end == bands => self.sorted.len(),
            end => place(&edges[end]),
        };
        let from = |band: usize| place(&edges[band]);
        (0..bands)
            .map(|band| upto(band).saturating_sub(from(band)) as u64)
            .collect()
    }

    /// The share of all probes in each of `count` bands of `width` from 0 on; the last one holds
    /// everything above, too. Lost probes are in none.
    pub fn bands(&self, width: u64, count: usize) -> Vec<Share> {
        let edges: Vec<u64> = (0..=count as u64)
            .map(|n| n.saturating_mul(width))
            .collect();
        let counts = self.counts(&edges).into_iter();
        counts.map(|inside| self.share(inside)).collect()
    }

    /// So many probes as a share of all, rounded down; 0 when there are none.
    pub fn share(&self, count: u64) -> Share {
        let share = count
            .saturating_mul(u64::from(WHOLE))
            .checked_div(self.sent());
        share.unwrap_or(0) as Share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_spread_over_nothing() {
        let none = Distribution::default();
        assert_eq!((none.sent(), none.within(5), none.lost_share()), (0, 0, 0));
        assert_eq!(none.quantile(Quantile::MEDIAN), None);
        assert_eq!(none.bands(10, 2), [0, 0]);
        assert_eq!(none.counts(&[]), []);
        let lost = Distribution::of([None]);
        assert_eq!((lost.lost_share(), lost.within(u64::MAX)), (WHOLE, 0));
    }

    #[test]
    fn the_share_within_counts_lost_probes_as_never_answered() {
        let spread = Distribution::of([Some(30), Some(10), None, Some(20)]);
        let shares = [9, 10, 25, 30, u64::MAX].map(|time| spread.within(time));
        assert_eq!(shares, [0, 2_500, 5_000, 7_500, 7_500]);
        assert_eq!(spread.quantile(Quantile::MEDIAN), Some(20));
        assert_eq!(spread.answers(), [10, 20, 30]);
    }

    #[test]
    fn bands_hold_their_lower_edge_and_the_last_one_all_above() {
        let spread = Distribution::new(vec![5, 10, 19, 20, 900], 0);
        assert_eq!(spread.counts(&[0, 10, 20, 30]), [1, 2, 2]);
        assert_eq!(spread.counts(&[10, 20]), [4]);
        assert_eq!(spread.bands(10, 3), [2_000, 4_000, 4_000]);
    }
}
