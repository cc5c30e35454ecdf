//! What the steering would have done with a recorded series. Nothing is measured here, and no route
//! is written.

use crate::steer::{Params, PathError, PowerCost, Steering};
use crate::trace::Series;
use std::fmt;

/// The steering in force after one probe round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// When the round was, in milliseconds from the first row.
    pub t_ms: u64,
    /// The path new flows go to, once there is one.
    pub leader: Option<usize>,
    /// One weight per path.
    pub weights: Vec<u16>,
    /// Whether the weights differ from the round before.
    pub weights_changed: bool,
}

/// An iterator over the probe rounds of a series.
///
/// Round `n` happens at `n * period` and takes the newest row there is by then, row
/// `n * period / dt` rounded down; rows in between are skipped. It ends with the rows. RTTs of a
/// second and more are lost probes, as they are live.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    series: &'a Series,
    steering: Steering,
    rtts_ns: Vec<Option<u64>>,
    t_ms: u64,
}

impl<'a> Replay<'a> {
    /// Replays `series` from a cold start; `costs` has one entry per path.
    ///
    /// # Errors
    /// [`ReplayError`] when the costs don't fit the paths, or when the period is shorter than the
    /// series' step: a row would count as several probes, and one lost packet could kill a path.
    pub fn new(
        series: &'a Series,
        params: Params,
        costs: &[PowerCost],
    ) -> Result<Self, ReplayError> {
        if costs.len() != series.path_count() {
            return Err(ReplayError::Costs {
                given: costs.len(),
                paths: series.path_count(),
            });
        }
        let (period_ms, step_ms) = (params.period.ms(), series.step_ms());
        if period_ms < step_ms {
            return Err(ReplayError::PeriodBelowStep { period_ms, step_ms });
        }
        let steering = Steering::new(params, costs).map_err(ReplayError::Paths)?;
        Ok(Self {
            series,
            steering,
            rtts_ns: vec![None; costs.len()],
            t_ms: 0,
        })
    }

    /// The steering as it stands after the last round returned.
    pub fn steering(&self) -> &Steering {
        &self.steering
    }

    /// The round's samples, as the last round returned took them: nanoseconds, `None` when lost.
    pub fn rtts_ns(&self) -> &[Option<u64>] {
        &self.rtts_ns
    }
}

impl Iterator for Replay<'_> {
    type Item = Round;

    fn next(&mut self) -> Option<Round> {
        let t_ms = self.t_ms;
        let newest = usize::try_from(t_ms / u64::from(self.series.step_ms())).ok()?;
        let row = self.series.row(newest)?;
        for (rtt_ns, rtt_us) in self.rtts_ns.iter_mut().zip(row) {
            *rtt_ns = rtt_us.map(|us| u64::from(us) * 1_000);
        }
        let change = self.steering.round(&self.rtts_ns).ok()?;
        self.t_ms += u64::from(self.steering.params().period.ms());
        Some(Round {
            t_ms,
            leader: self.steering.leader(),
            weights: self.steering.weights().to_vec(),
            weights_changed: change.weights_changed,
        })
    }
}

/// Why a series can't be replayed as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayError {
    /// Not one power cost per path.
    Costs {
        /// Costs given.
        given: usize,
        /// Paths in the series.
        paths: usize,
    },
    /// The period asked for is shorter than the step between rows.
    PeriodBelowStep {
        /// The period, in milliseconds.
        period_ms: u32,
        /// The step, in milliseconds.
        step_ms: u32,
    },
    /// The paths themselves are refused.
    Paths(PathError),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Costs { given, paths } => {
                write!(
                    f,
                    "{given} power costs for {paths} paths; give one per path"
                )
            }
            Self::PeriodBelowStep { period_ms, step_ms } => write!(
                f,
                "the series has a row every {step_ms} ms, so a period of {period_ms} ms would \
                 count rows twice; use {step_ms} ms or more"
            ),
            Self::Paths(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReplayError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steer::Period;

    fn params(period_ms: u32) -> Params {
        Params {
            period: Period::from_ms(period_ms).unwrap(),
            ..Params::default()
        }
    }

    fn taken(step_ms: u32, period_ms: u32, rows: u32) -> Vec<u64> {
        let rows: Vec<String> = (0..rows).map(|row| row.to_string()).collect();
        let text = format!("# dt_ms={step_ms}\n{}", rows.join("\n"));
        let series = Series::parse(&text).unwrap();
        let mut replay = Replay::new(&series, params(period_ms), &[PowerCost::NEUTRAL]).unwrap();
        let mut taken = Vec::new();
        while let Some(round) = replay.next() {
            assert_eq!(round.t_ms, u64::from(period_ms) * taken.len() as u64);
            taken.push(replay.rtts_ns()[0].unwrap() / 1_000);
        }
        taken
    }

    #[test]
    fn a_round_takes_the_newest_row_and_the_first_takes_the_first() {
        assert_eq!(taken(50, 200, 9), [0, 4, 8]);
        assert_eq!(taken(50, 50, 3), [0, 1, 2]);
        assert_eq!(taken(300, 500, 6), [0, 1, 3, 5]);
        assert_eq!(taken(1000, 1000, 2), [0, 1]);
    }

    #[test]
    fn a_period_below_the_step_is_refused_with_the_way_out() {
        let series = Series::parse("# dt_ms=1000\n5\n").unwrap();
        let error = Replay::new(&series, params(200), &[PowerCost::NEUTRAL]).unwrap_err();
        assert_eq!(
            error,
            ReplayError::PeriodBelowStep {
                period_ms: 200,
                step_ms: 1000
            }
        );
        assert!(error.to_string().contains("use 1000 ms or more"));
    }

    #[test]
    fn there_must_be_one_cost_per_path() {
        let series = Series::parse("# dt_ms=200\n5 6\n").unwrap();
        let error = Replay::new(&series, params(200), &[PowerCost::NEUTRAL]).unwrap_err();
        assert_eq!(error, ReplayError::Costs { given: 1, paths: 2 });
    }
}
