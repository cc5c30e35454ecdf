//! From probes with times of their own to the even rows that a replay needs. Pure.

use std::fmt;

use evenkeel_core::steer::MAX_PATHS;
use evenkeel_core::trace::{MAX_RTTS, Series as Trace};

use super::{Recording, Series};

/// A path that was not asked for this long counts as lost, as a probe does that is not answered.
const SILENCE_NS: u64 = 1_000_000_000;

/// Why a recording has no even rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GridError {
    /// It has figures only.
    NoProbes,
    /// More series than a replay takes.
    TooManyPaths(usize),
    /// The series were not recorded at the same time.
    Apart,
    /// Probes are further apart than the rows; both in milliseconds.
    TooSparse {
        /// What was asked for.
        step_ms: u32,
        /// The typical gap between two probes.
        found_ms: u64,
    },
    /// More rows than a replay takes.
    TooLong,
}

impl fmt::Display for GridError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProbes => f.write_str("it has averages only, no single round trips to replay"),
            Self::TooManyPaths(found) => {
                write!(
                    f,
                    "{found} series, but a replay takes {MAX_PATHS} at the most"
                )
            }
            Self::Apart => f.write_str("its series were not recorded at the same time"),
            Self::TooSparse { step_ms, found_ms } => write!(
                f,
                "it has a probe every {found_ms} ms, so a period of {step_ms} ms would count probes \
                 twice; use --period-ms {found_ms} or more"
            ),
            Self::TooLong => f.write_str("it is too long to replay; cut it into parts"),
        }
    }
}

impl std::error::Error for GridError {}

/// The recording as rows `step_ms` apart, one path a series, over the time that all series share.
/// A row takes the newest probe of each path sent by then, half a step of grace included.
///
/// # Errors
/// [`GridError`].
pub fn on_a_grid(recording: &Recording, step_ms: u32) -> Result<Trace, GridError> {
    let series: Vec<&Series> = recording
        .series
        .iter()
        .filter(|one| !one.probes.is_empty())
        .collect();
    if series.is_empty() {
        return Err(GridError::NoProbes);
    }
    if series.len() > MAX_PATHS {
        return Err(GridError::TooManyPaths(series.len()));
    }
    let step_ns = u64::from(step_ms.max(1)) * 1_000_000;
    let ends = |one: &&Series| Some((one.probes.first()?.sent_ns, one.probes.last()?.sent_ns));
    let from_ns = series
        .iter()
        .filter_map(ends)
        .map(|(first, _)| first)
        .max()
        .unwrap_or(0);
    let to_ns = series
        .iter()
        .filter_map(ends)
        .map(|(_, last)| last)
        .min()
        .unwrap_or(0);
    if to_ns < from_ns {
        return Err(GridError::Apart);
    }
    for one in &series {
        let gap_ns = typical_gap(one);
        // A timer's tenth is no other pace.
        if gap_ns > step_ns + step_ns / 10 {
            let found_ms = gap_ns.div_ceil(1_000_000);
            return Err(GridError::TooSparse { step_ms, found_ms });
        }
    }
    let rows = (to_ns - from_ns) / step_ns + 1;
    if rows.saturating_mul(series.len() as u64) > MAX_RTTS as u64 {
        return Err(GridError::TooLong);
    }
    let silence_ns = SILENCE_NS.max(2 * step_ns);
    let mut places = vec![0; series.len()];
    let mut rtts_us = Vec::new();
    for row in 0..rows {
        let at_ns = from_ns + row * step_ns;
        for (place, one) in places.iter_mut().zip(&series) {
            while one
                .probes
                .get(*place + 1)
                .is_some_and(|next| next.sent_ns <= at_ns + step_ns / 2)
            {
                *place += 1;
            }
            let newest = &one.probes[*place];
            let fresh = at_ns.saturating_sub(newest.sent_ns) <= silence_ns;
            let rtt_ns = newest.rtt_ns.filter(|_| fresh);
            rtts_us.push(rtt_ns.map(|ns| u32::try_from(ns / 1000).unwrap_or(u32::MAX)));
        }
    }
    let name = series
        .iter()
        .map(|one| one.name.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    Trace::from_rows(&name, step_ms, series.len(), rtts_us).map_err(|_| GridError::TooLong)
}

/// The median gap between neighbouring probes, in nanoseconds; 0 for a single one.
fn typical_gap(series: &Series) -> u64 {
    let pairs = series.probes.windows(2);
    let mut gaps: Vec<u64> = pairs
        .map(|pair| pair[1].sent_ns.saturating_sub(pair[0].sent_ns))
        .collect();
    let middle = gaps.len() / 2;
    if gaps.is_empty() {
        return 0;
    }
    *gaps.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Format, Probe, Timing};

    fn series(probes: &[(u64, Option<u64>)]) -> Series {
        Series {
            probes: probes
                .iter()
                .map(|(sent_ms, rtt_ms)| Probe {
                    sent_ns: sent_ms * 1_000_000,
                    rtt_ns: rtt_ms.map(|ms| ms * 1_000_000),
                })
                .collect(),
            ..Series::named("x")
        }
    }

    fn recording(series: Vec<Series>) -> Recording {
        Recording {
            format: Format::Ping,
            timing: Timing::Recorded,
            started_unix_ms: None,
            series,
            left_out: Vec::new(),
        }
    }

    fn rows(trace: &Trace) -> Vec<Vec<Option<u32>>> {
        (0..trace.row_count())
            .map(|row| trace.row(row).unwrap().to_vec())
            .collect()
    }

    #[test]
    fn each_row_takes_the_newest_probe_and_the_shared_time_counts() {
        let one = series(&[(0, Some(1)), (201, Some(2)), (399, None), (605, Some(4))]);
        let two = series(&[(190, Some(7)), (410, Some(8)), (620, Some(9))]);
        let trace = on_a_grid(&recording(vec![one, two]), 200).unwrap();
        let expected = [
            [Some(2000), Some(7000)],
            [None, Some(8000)],
            [Some(4000), Some(9000)],
        ];
        assert_eq!(rows(&trace), expected);
        assert_eq!((trace.step_ms(), trace.path_count()), (200, 2));
    }

    #[test]
    fn a_long_silence_is_a_loss() {
        let mut probes: Vec<_> = (0..20).map(|n| (n * 200, Some(5))).collect();
        probes.push((10_000, Some(5)));
        let trace = on_a_grid(&recording(vec![series(&probes)]), 200).unwrap();
        let rows = rows(&trace);
        assert_eq!(
            (rows[24][0], rows[25][0], rows[50][0]),
            (Some(5000), None, Some(5000))
        );
    }

    #[test]
    fn what_cannot_be_replayed_is_told_with_the_way_out() {
        let slow = recording(vec![series(&[
            (0, Some(1)),
            (1000, Some(1)),
            (2000, Some(1)),
        ])]);
        let error = on_a_grid(&slow, 200).unwrap_err();
        assert!(error.to_string().contains("--period-ms 1000"), "{error}");
        assert!(on_a_grid(&slow, 1000).is_ok());
        let apart = recording(vec![series(&[(0, None)]), series(&[(5, None)])]);
        assert_eq!(on_a_grid(&apart, 200), Err(GridError::Apart));
        assert_eq!(
            on_a_grid(&recording(vec![series(&[])]), 200),
            Err(GridError::NoProbes)
        );
        let many = recording(vec![series(&[(0, None)]); 17]);
        assert_eq!(on_a_grid(&many, 200), Err(GridError::TooManyPaths(17)));
        let long = recording(vec![series(&[
            (0, None),
            (1, None),
            (1, None),
            (u64::MAX / 1_000_000, None),
        ])]);
        assert_eq!(on_a_grid(&long, 200), Err(GridError::TooLong));
    }
}
