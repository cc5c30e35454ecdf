//! The steering that this one was measured against and replaced: the reference of the comparison.
//! Nothing but the benchmark runs it.

use crate::corpus::Recording;
use crate::policies::Subject;
use evenkeel_core::Factor;
use evenkeel_core::ema::{SCALE, ema_update};
use evenkeel_core::steer::TIMEOUT_NS;

#[derive(Clone, Default)]
struct Path {
    known: bool,
    level: u64,
    fast: u64,
    slow: u64,
    epochs: u64,
    deviations: u64,
    samples: u64,
    lost: u32,
    answered: u32,
    dead: bool,
    gone: bool,
}

impl Path {
    fn score(&self) -> u64 {
        (self.level >> 4) + u64::midpoint(self.slow, self.fast) + 1
    }
}

/// The earlier algorithm at neutral costs.
#[derive(Clone)]
pub struct Recommended {
    paths: Vec<Path>,
    leader: Option<usize>,
    held: u32,
    rounds: u32,
    per_epoch: u32,
    level: Factor,
    fast: Factor,
    slow_up: Factor,
    slow_down: Factor,
}

fn factor(value: u64) -> Factor {
    Factor::new(value.min(SCALE) as i64).unwrap()
}

impl Recommended {
    pub fn new(recording: &Recording, slider: Factor) -> Self {
        let position = u64::from(slider.get());
        let fast = ((position * position) >> 12).clamp(1, SCALE);
        let period = recording.period;
        let level = 1024.0 * (1.0 - (-f64::from(period.ms()) / 2000.0).exp2());
        Self {
            paths: vec![Path::default(); recording.series.path_count()],
            leader: None,
            held: 0,
            rounds: 0,
            per_epoch: period.rounds_per_epoch(),
            level: factor(level.round() as u64),
            fast: factor(fast),
            slow_up: factor((fast >> 3).max(1)),
            slow_down: factor((fast >> 4).max(1)),
        }
    }

    /// Whether the path died or came back.
    fn take(&mut self, path: usize, rtt: Option<u64>) -> bool {
        let (dead_after, gone_after) = (self.per_epoch.max(3), 10 * self.per_epoch);
        let path = &mut self.paths[path];
        let Some(rtt) = rtt.filter(|rtt| *rtt < TIMEOUT_NS) else {
            path.lost += 1;
            path.answered = 0;
            if path.known {
                path.deviations += 100_000_000;
                path.samples += 1;
            }
            path.gone |= path.lost == gone_after;
            path.dead |= path.lost == dead_after;
            return path.lost == dead_after;
        };
        path.lost = 0;
        path.answered += 1;
        if !path.known {
            path.known = true;
            path.level = rtt;
            path.dead = false;
            path.gone = false;
            return false;
        }
        let revived = path.dead && path.answered >= gone_after;
        if revived {
            path.dead = false;
            path.gone = false;
        }
        path.level = ema_update(self.level, path.level, rtt);
        path.deviations += rtt.abs_diff(path.level).min(60_000_000);
        path.samples += 1;
        revived
    }

    fn end_epoch(&mut self) {
        for path in self.paths.iter_mut().filter(|path| path.samples > 0) {
            let mean = path.deviations / path.samples;
            let at_least = factor(SCALE / (path.epochs + 1));
            let slow = if mean > path.slow {
                self.slow_up
            } else {
                self.slow_down
            };
            path.slow = ema_update(slow.max(at_least), path.slow, mean);
            path.fast = ema_update(self.fast.max(at_least), path.fast, mean);
            path.epochs += 1;
            path.deviations = 0;
            path.samples = 0;
        }
        self.held += 1;
    }

    fn decide(&mut self) {
        self.leader = self.leader.filter(|leader| !self.paths[*leader].dead);
        let able = |path: &Path| path.known && !path.dead && path.epochs >= 3;
        let best = (0..self.paths.len())
            .filter(|path| able(&self.paths[*path]))
            .min_by_key(|path| self.paths[*path].score());
        let Some(best) = best else { return };
        let wins = |leader: usize| {
            let needed = self.paths[best].score() * (SCALE + 154) + 1_500_000 * SCALE;
            needed < self.paths[leader].score() * SCALE && self.held >= 5
        };
        if self.leader.is_none_or(wins) {
            self.leader = Some(best);
            self.held = 0;
        }
    }
}

impl Subject for Recommended {
    fn round(&mut self, rtts: &[Option<u64>]) {
        let mut due = false;
        for (path, rtt) in rtts.iter().enumerate() {
            due |= self.take(path, *rtt);
        }
        self.rounds += 1;
        if self.rounds.is_multiple_of(self.per_epoch) {
            self.end_epoch();
            due = true;
        }
        if due {
            self.decide();
        }
    }

    fn leader(&self) -> Option<usize> {
        self.leader
    }

    fn weights(&self) -> Vec<u16> {
        let weigh = |(at, path): (usize, &Path)| match self.leader {
            _ if path.gone => 0,
            None if path.dead => 0,
            Some(leader) if leader == at => 255,
            _ => 1,
        };
        let weights: Vec<u16> = self.paths.iter().enumerate().map(weigh).collect();
        if weights.iter().all(|weight| *weight == 0) {
            return vec![1; weights.len()];
        }
        weights
    }
}
