//! One path's memory: level, two jitter averages, and whether it answers. Not the comparison
//! between paths.

use super::params::{
    DEVIATION_CAP_NS, Gains, LEVEL_SHARE, LOSS_NS, MIN_EPOCHS, Period, PowerCost, SLOW_START,
    TIMEOUT_NS,
};
use crate::ema::{Factor, SCALE, ema_update};

/// The outcome of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// The answer came after this many nanoseconds. At [`TIMEOUT_NS`] and above it counts as lost.
    Rtt(u64),
    /// No answer in time.
    Lost,
}

impl From<Option<u64>> for Sample {
    /// `None` is a lost probe, `Some` an RTT in nanoseconds.
    fn from(rtt_ns: Option<u64>) -> Self {
        rtt_ns.map_or(Self::Lost, Self::Rtt)
    }
}

/// How far a path can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathState {
    /// Too little is known: no answer yet, or fewer than three epochs.
    Warming,
    /// Known and answering: it can lead.
    Alive,
    /// A second of losses: it can't lead, and is not back until ten seconds answered.
    Dead,
    /// Ten seconds of losses: it gets no new flows.
    Gone,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    pub(super) cost: PowerCost,
    pub(super) level: u64,
    pub(super) fast: u64,
    pub(super) slow: u64,
    pub(super) epochs: u64,
    pub(super) lost_in_a_row: u32,
    pub(super) dead: bool,
    pub(super) gone: bool,
    answered_in_a_row: u32,
    /// Since it is known; what matters is none, one, or more.
    answers: u32,
    deviations: u64,
    samples: u64,
}

impl Path {
    pub(super) fn with_cost(cost: PowerCost) -> Self {
        Self {
            cost,
            ..Self::default()
        }
    }

    /// Takes one probe's outcome; true when it killed or revived the path, which calls for a
    /// decision before the epoch ends.
    pub(super) fn take(&mut self, sample: Sample, period: Period) -> bool {
        match sample {
            Sample::Rtt(rtt) if rtt < TIMEOUT_NS => self.answer(rtt, period),
            Sample::Rtt(_) | Sample::Lost => self.loss(period),
        }
    }

    fn loss(&mut self, period: Period) -> bool {
        self.lost_in_a_row = self.lost_in_a_row.saturating_add(1);
        self.answered_in_a_row = 0;
        if self.is_known() {
            self.gather(LOSS_NS);
        }
        if self.lost_in_a_row == period.gone_after() {
            self.gone = true;
        }
        let died = self.lost_in_a_row == period.dead_after();
        self.dead |= died;
        died
    }

    fn answer(&mut self, rtt: u64, period: Period) -> bool {
        self.lost_in_a_row = 0;
        self.answered_in_a_row = self.answered_in_a_row.saturating_add(1);
        self.answers = self.answers.saturating_add(1);
        if self.answers == 1 {
            self.level = rtt;
            self.dead = false;
            self.gone = false;
            return false;
        }
        let revived = self.dead && self.answered_in_a_row >= period.gone_after();
        if revived {
            self.dead = false;
            self.gone = false;
        }
        if self.answers == 2 {
            // The first answer stood in only: it carries the neighbour's resolution and whatever had
            // to wake up, which says nothing about the path.
            self.level = rtt;
            return revived;
        }
        // The patch's order: the deviation is measured from the level that already holds the sample.
        self.level = ema_update(period.level_factor(), self.level, rtt);
        self.gather(rtt.abs_diff(self.level).min(DEVIATION_CAP_NS));
        revived
    }

    fn gather(&mut self, deviation: u64) {
        self.deviations = self.deviations.saturating_add(deviation);
        self.samples += 1;
    }

    /// Folds what was gathered into both averages. An epoch without samples changes nothing.
    pub(super) fn end_epoch(&mut self, gains: Gains) {
        if self.samples == 0 {
            return;
        }
        let mean = self.deviations / self.samples;
        // Running means at first: the slider says how soon they turn into averages of a fixed reach.
        // The fast one's epochs count alike; of the slow one's, the later ones count more.
        let fast = Factor::saturating(SCALE / (self.epochs + 1));
        let slow = Factor::saturating(SLOW_START * SCALE / (self.epochs + SLOW_START));
        self.fast = ema_update(gains.fast.max(fast), self.fast, mean);
        self.slow = ema_update(gains.slow.max(slow), self.slow, mean);
        self.epochs += 1;
        self.deviations = 0;
        self.samples = 0;
    }

    /// Whether it may be chosen as leader.
    pub(super) fn competes(&self) -> bool {
        self.state() == PathState::Alive
    }

    /// The smaller the better: three 32nds of the level plus the mean of both jitters, in
    /// nanoseconds, times the cost in percent.
    pub(super) fn score(&self) -> u64 {
        self.score_with(u64::midpoint(self.slow, self.fast))
    }

    /// The score by what was gathered since the last epoch alone; `None` before anything was.
    pub(super) fn moment(&self) -> Option<u64> {
        let mean = self.deviations.checked_div(self.samples)?;
        Some(self.score_with(mean))
    }

    fn score_with(&self, jitter: u64) -> u64 {
        // Every term is below 2^30 and the cost below 2^14.
        (((LEVEL_SHARE * self.level) >> 5) + jitter + 1) * u64::from(self.cost.get()) / 100
    }

    pub(super) fn state(&self) -> PathState {
        if self.gone {
            PathState::Gone
        } else if self.dead {
            PathState::Dead
        } else if self.is_known() && self.epochs >= MIN_EPOCHS {
            PathState::Alive
        } else {
            PathState::Warming
        }
    }

    pub(super) fn is_known(&self) -> bool {
        self.answers > 0
    }
}
