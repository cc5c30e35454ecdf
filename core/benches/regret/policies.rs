//! The choices that are compared: some that know the future, and the steering. Not the measure.

use crate::corpus::Recording;
use evenkeel_core::Factor;
use evenkeel_core::regret::{Flow, Flows, cost_on};
use evenkeel_core::replay::Replay;
use evenkeel_core::steer::{Params, PowerCost};

/// How far the oracle sees, in milliseconds.
const FORESIGHT_MS: usize = 60_000;

/// One path for every flow: the one that costs least in hindsight.
pub fn best_single(recording: &Recording, flows: &Flows) -> Option<f64> {
    (0..recording.series.path_count())
        .filter_map(|path| flows.regret(|_| only(path, recording)))
        .min_by(f64::total_cmp)
}

/// Each flow takes the path that a flow of 60 s from the same start would find cheapest.
pub fn oracle(recording: &Recording, flows: &Flows) -> Option<f64> {
    let series = &recording.series;
    let rows = (FORESIGHT_MS / series.step_ms() as usize).max(1);
    flows.regret(|flow| {
        let cost = |path: &usize| cost_on(series, *path, Flow { rows, ..flow });
        let best = (0..series.path_count()).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        only(best.unwrap_or(0), recording)
    })
}

fn only(path: usize, recording: &Recording) -> Vec<u16> {
    let mut weights = vec![0; recording.series.path_count()];
    weights[path] = 1;
    weights
}

/// The weights a steering had in force over a whole series, one entry per probe round.
pub struct Timeline {
    rounds: Vec<Vec<u16>>,
    period_ms: u64,
    step_ms: u64,
    leader_changes: u32,
}

impl Timeline {
    /// Of this crate's steering, at a slider position.
    pub fn of_steering(recording: &Recording, slider: Factor) -> Self {
        let params = Params {
            period: recording.period,
            slider,
        };
        let costs = vec![PowerCost::NEUTRAL; recording.series.path_count()];
        let replay = Replay::new(&recording.series, params, &costs).unwrap();
        Self::of_rounds(recording, replay.map(|round| (round.leader, round.weights)))
    }

    /// Of anything that says leader and weights round by round.
    pub fn of_rounds(
        recording: &Recording,
        rounds: impl Iterator<Item = (Option<usize>, Vec<u16>)>,
    ) -> Self {
        let mut leader_changes = 0;
        let mut led = None;
        let rounds = rounds
            .map(|(leader, weights)| {
                leader_changes += u32::from(led.is_some() && leader != led);
                led = leader.or(led);
                weights
            })
            .collect();
        Self {
            rounds,
            period_ms: recording.period.ms().into(),
            step_ms: recording.series.step_ms().into(),
            leader_changes,
        }
    }

    /// Its regret: a flow draws by the weights of the newest round at its start.
    pub fn regret(&self, flows: &Flows) -> Option<f64> {
        flows.regret(|flow| {
            let round = flow.first_row as u64 * self.step_ms / self.period_ms;
            let newest = self.rounds.len() - 1;
            &self.rounds[usize::try_from(round).unwrap_or(newest).min(newest)]
        })
    }

    /// How often new flows were sent to another path, per hour of the series.
    pub fn leader_changes_an_hour(&self) -> f64 {
        let hours = (self.rounds.len() as u64 * self.period_ms) as f64 / 3_600_000.0;
        f64::from(self.leader_changes) / hours
    }
}
