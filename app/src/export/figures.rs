//! The figures of one series as the table shows them: those of its probes, or those a program told
//! that keeps no probes. Nothing is formatted here.

use evenkeel_core::stats::Summary;
use serde::Serialize;

use crate::logs::{Series, Told};

/// The thresholds that may be counted over when nobody names any, in milliseconds tenfold.
const LADDER_TENTHS_MS: [u64; 13] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];
/// How many of them are.
const CHOSEN: usize = 3;

/// Figures in nanoseconds. `None` is what is not known, or does not exist without answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Figures {
    /// Probes whose outcome is known.
    pub sent: u64,
    /// Those that were lost.
    pub lost: u64,
    /// The smallest answer.
    pub min_ns: Option<u64>,
    /// The mean.
    pub mean_ns: Option<u64>,
    /// The median, as all quantiles by `evenkeel_core::stats::quantile`.
    pub median_ns: Option<u64>,
    /// The 95th percentile.
    pub p95_ns: Option<u64>,
    /// The 99th percentile.
    pub p99_ns: Option<u64>,
    /// The largest answer.
    pub max_ns: Option<u64>,
    /// The standard deviation with divisor n, as ping's mdev.
    pub stdev_ns: Option<u64>,
    /// Answers over each threshold asked for, lost probes not among them.
    pub over: Vec<Option<u64>>,
}

impl Figures {
    /// The figures of outcomes: a round trip in nanoseconds, `None` for a lost probe.
    pub fn of(outcomes: impl IntoIterator<Item = Option<u64>>, thresholds_ns: &[u64]) -> Self {
        let summary = Summary::of(outcomes, thresholds_ns);
        let spread = summary.spread;
        Self {
            sent: summary.sent,
            lost: summary.lost,
            min_ns: spread.map(|spread| spread.min_ns),
            mean_ns: spread.map(|spread| spread.mean_ns),
            median_ns: spread.map(|spread| spread.median_ns),
            p95_ns: spread.map(|spread| spread.p95_ns),
            p99_ns: spread.map(|spread| spread.p99_ns),
            max_ns: spread.map(|spread| spread.max_ns),
            stdev_ns: spread.map(|spread| spread.stdev_ns),
            over: summary.over.iter().map(|over| Some(over.count)).collect(),
        }
    }

    /// The figures of a series, from its probes where it has any.
    pub fn of_series(series: &Series, thresholds_ns: &[u64]) -> Self {
        match series.told {
            Some(told) if series.probes.is_empty() => Self::told(told, thresholds_ns),
            _ => Self::of(series.outcomes(), thresholds_ns),
        }
    }

    fn told(told: Told, thresholds_ns: &[u64]) -> Self {
        let answered = told.sent > told.lost;
        let known = |ns: u64| answered.then_some(ns);
        // What lies between the least and the largest can be counted where they are on one side.
        let over = |threshold_ns: &u64| match told {
            _ if !answered || told.max_ns <= *threshold_ns => Some(0),
            _ if told.min_ns > *threshold_ns => Some(told.sent - told.lost),
            _ => None,
        };
        Self {
            sent: told.sent,
            lost: told.lost,
            min_ns: known(told.min_ns),
            mean_ns: known(told.mean_ns),
            max_ns: known(told.max_ns),
            stdev_ns: known(told.stdev_ns),
            over: thresholds_ns.iter().map(over).collect(),
            ..Self::default()
        }
    }
}

/// Three thresholds in nanoseconds that tell slow answers from usual ones: the next of 0.1, 0.2, 0.5,
/// 1, ... ms that are more than twice the smallest median (or mean) of the series.
pub fn thresholds_for<'a>(series: impl IntoIterator<Item = &'a Series>) -> Vec<u64> {
    let usual = series.into_iter().filter_map(|series| {
        let figures = Figures::of_series(series, &[]);
        figures.median_ns.or(figures.mean_ns)
    });
    let usual_ns = usual.min().unwrap_or(0);
    let ladder = LADDER_TENTHS_MS.map(|tenths| tenths * 100_000);
    let most = ladder.len() - CHOSEN;
    let from = ladder.partition_point(|step_ns| *step_ns <= usual_ns.saturating_mul(2));
    ladder[from.min(most)..][..CHOSEN].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Probe;

    fn series(rtts_us: &[u64]) -> Series {
        let probe = |us: &u64| Probe {
            sent_ns: 0,
            rtt_ns: Some(us * 1000),
        };
        Series {
            probes: rtts_us.iter().map(probe).collect(),
            ..Series::named("x")
        }
    }

    #[test]
    fn thresholds_lie_above_what_is_usual() {
        let ms = |series: &[Series]| {
            let found = thresholds_for(series);
            found.iter().map(|ns| *ns as f64 / 1e6).collect::<Vec<_>>()
        };
        assert_eq!(ms(&[series(&[40, 50, 60])]), [0.2, 0.5, 1.0]);
        assert_eq!(
            ms(&[series(&[20_000]), series(&[9_000_000])]),
            [50.0, 100.0, 200.0]
        );
        assert_eq!(ms(&[series(&[9_000_000])]), [200.0, 500.0, 1000.0]);
        assert_eq!(ms(&[]), [0.1, 0.2, 0.5]);
    }

    #[test]
    fn averages_alone_leave_percentiles_open_but_not_what_follows_from_them() {
        let told = Told {
            sent: 10,
            lost: 2,
            min_ns: 20,
            mean_ns: 30,
            max_ns: 50,
            stdev_ns: 5,
        };
        let series = Series {
            told: Some(told),
            ..Series::named("hop")
        };
        let figures = Figures::of_series(&series, &[10, 30, 60]);
        assert_eq!((figures.median_ns, figures.p99_ns), (None, None));
        assert_eq!(
            (figures.max_ns, figures.over),
            (Some(50), vec![Some(8), None, Some(0)])
        );
        let silent = Told { lost: 10, ..told };
        let series = Series {
            told: Some(silent),
            ..series
        };
        let figures = Figures::of_series(&series, &[10]);
        assert_eq!((figures.min_ns, figures.over), (None, vec![Some(0)]));
    }
}
