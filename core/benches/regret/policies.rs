//! The choices that are compared: some that know the future, and the steering. Not the measure.

use crate::corpus::Recording;
use evenkeel_core::Factor;
use evenkeel_core::regret::{Flow, Flows, cost_on};
use evenkeel_core::steer::{Params, PowerCost, Steering};

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

/// Something that steers, probe round by probe round.
pub trait Subject: Clone {
    /// Takes a round's outcomes, nanoseconds or lost, one per path.
    fn round(&mut self, rtts: &[Option<u64>]);
    /// The path new flows go to, once there is one.
    fn leader(&self) -> Option<usize>;
    /// One weight per path.
    fn weights(&self) -> Vec<u16>;
}

impl Subject for Steering {
    fn round(&mut self, rtts: &[Option<u64>]) {
        let _change = Self::round(self, rtts).unwrap();
    }

    fn leader(&self) -> Option<usize> {
        Self::leader(self)
    }

    fn weights(&self) -> Vec<u16> {
        Self::weights(self).to_vec()
    }
}

/// This crate's steering from a cold start, at neutral costs.
pub fn current(recording: &Recording, slider: Factor) -> Steering {
    let params = Params {
        period: recording.period,
        slider,
    };
    let costs = vec![PowerCost::NEUTRAL; recording.series.path_count()];
    Steering::new(params, &costs).unwrap()
}

/// The samples of each probe round of a series, chosen as [`evenkeel_core::replay`] chooses them.
pub fn rounds(recording: &Recording) -> impl Iterator<Item = Vec<Option<u64>>> {
    let period_ms = recording.period.ms() as usize;
    let step_ms = recording.series.step_ms() as usize;
    (0..).map_while(move |round| {
        let row = recording.series.row(round * period_ms / step_ms)?;
        let ns = |us: &Option<u32>| us.map(|us| u64::from(us) * 1_000);
        Some(row.iter().map(ns).collect())
    })
}

/// The weights in force over a whole series, one entry per probe round.
pub struct Timeline {
    weights: Vec<Vec<u16>>,
    period_ms: u64,
    step_ms: u64,
    leader_changes: u32,
}

impl Timeline {
    /// Lets `subject` steer through a series.
    pub fn of(recording: &Recording, mut subject: impl Subject) -> Self {
        let mut leader_changes = 0;
        let mut led = None;
        let weights = rounds(recording)
            .map(|rtts| {
                subject.round(&rtts);
                let leader = subject.leader();
                leader_changes += u32::from(led.is_some() && leader.is_some() && leader != led);
                led = leader.or(led);
                subject.weights()
            })
            .collect();
        Self {
            weights,
            period_ms: recording.period.ms().into(),
            step_ms: recording.series.step_ms().into(),
            leader_changes,
        }
    }

    /// Its regret: a flow draws by the weights of the newest round at its start.
    pub fn regret(&self, flows: &Flows) -> Option<f64> {
        flows.regret(|flow| {
            let round = flow.first_row as u64 * self.step_ms / self.period_ms;
            let newest = self.weights.len() - 1;
            &self.weights[usize::try_from(round).unwrap_or(newest).min(newest)]
        })
    }

    /// How often new flows were sent to another path, per hour of the series.
    pub fn leader_changes_an_hour(&self) -> f64 {
        let hours = (self.weights.len() as u64 * self.period_ms) as f64 / 3_600_000.0;
        f64::from(self.leader_changes) / hours
    }
}
