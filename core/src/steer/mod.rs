//! Which uplink new flows should take: the steadiest one, decided from probe samples, in integers.
//! Used where the kernel is stock. It neither probes nor writes routes, and reads no clock: the
//! caller says when a second is over.
//!
//! Each path keeps a level (an EMA of its RTT, half-life 2 s) and two averages of its deviation
//! from that level, moved once an epoch (a second): a fast one for what happens now, and a slow one
//! for how the path usually is. The smallest `3/32 level + (fast + slow) / 2`, times the path's power
//! cost, leads; a challenger must win by 15 % and 3 ms, five epochs after the last change. The leader
//! weighs 255, every other path 1. A second of losses removes a leader at once.
//!
//! The formula, where it comes from and what it is worth stand in `docs/STEERING.md`.
//!
//! # Live
//! Feed every outcome as it arrives, call [`settle`](Steering::settle) after a batch of them and
//! [`end_epoch`](Steering::end_epoch) once a second; write the weights when either says they
//! changed.
//!
//! ```
//! use evenkeel_core::steer::{Params, PowerCost, Sample, Steering};
//! let mut steering = Steering::new(Params::default(), &[PowerCost::NEUTRAL; 2])?;
//! for second in 0..3 {
//!     for probe in 0..5 {
//!         let wobble = if probe % 2 == 0 { 20_000_000 } else { 0 };
//!         steering.sample(0, Sample::Rtt(15_000_000 + wobble))?;
//!         steering.sample(1, Sample::Rtt(30_000_000))?;
//!         assert!(!steering.settle().weights_changed);
//!     }
//!     assert_eq!(steering.end_epoch().weights_changed, second == 2);
//! }
//! assert_eq!(steering.leader(), Some(1));
//! assert_eq!(steering.weights(), [1, 255]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Recorded
//! [`round`](Steering::round) takes one outcome per path and ends epochs by counting rounds. Use it
//! or the three live calls, not both on one `Steering`.

mod error;
mod params;
mod path;
mod reaction;

pub use error::PathError;
pub use params::{
    EPOCH_MS, Gains, LEADER_WEIGHT, MAX_PATHS, Params, Period, PowerCost, TIMEOUT_NS, UnknownPeriod,
};
pub use path::{PathState, Sample};
pub use reaction::{Reaction, reaction};

use crate::ema::{Factor, SCALE};
use params::{DWELL_EPOCHS, HYSTERESIS, LEAD_MARGIN_NS};
use path::Path;

/// The comparison of up to [`MAX_PATHS`] paths. Paths are known by their index.
#[derive(Debug, Clone)]
pub struct Steering {
    period: Period,
    slider: Factor,
    gains: Gains,
    paths: Vec<Path>,
    leader: Option<usize>,
    /// Epochs since the leader was chosen.
    held: u32,
    /// A path died or came back since the last decision.
    due: bool,
    rounds: u32,
    weights: Vec<u16>,
}

/// What a call changed. Nothing needs writing when `weights_changed` is false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct Change {
    /// Another path leads now, or none does.
    pub leader_changed: bool,
    /// [`Steering::weights`] returns something else than before.
    pub weights_changed: bool,
}

/// One path, as it stands. All times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathView {
    /// How far it can be trusted.
    pub state: PathState,
    /// Whether it leads.
    pub leads: bool,
    /// Its weight for new flows: 255, 1 or 0.
    pub weight: u16,
    /// `L`: the EMA of its RTT; `None` before the first answer.
    pub level_ns: Option<u64>,
    /// `Df`: the fast average of its deviation, moved by the slider.
    pub fast_jitter_ns: u64,
    /// `Ds`: the slow average of its deviation, moved by the slider.
    pub slow_jitter_ns: u64,
    /// What the comparison compares, power cost included; the smallest wins. Of no meaning while
    /// [`PathState::Warming`].
    pub score_ns: u64,
    /// What the score would be by the second under way alone: what both averages smooth. `None`
    /// while nothing was gathered since the last epoch.
    pub moment_ns: Option<u64>,
    /// Its power cost.
    pub cost: PowerCost,
    /// Epochs with samples it has been judged by.
    pub epochs: u64,
    /// Probes lost since the last answer.
    pub lost_in_a_row: u32,
}

impl Steering {
    /// One path per entry of `costs`, none of them known yet; all weights are 1.
    ///
    /// # Errors
    /// [`PathError::TooMany`] for more than [`MAX_PATHS`].
    pub fn new(params: Params, costs: &[PowerCost]) -> Result<Self, PathError> {
        check_count(costs.len())?;
        Ok(Self {
            period: params.period,
            slider: params.slider,
            gains: Gains::of(params.slider),
            paths: costs.iter().copied().map(Path::with_cost).collect(),
            leader: None,
            held: 0,
            due: false,
            rounds: 0,
            weights: vec![1; costs.len()],
        })
    }

    /// Takes one probe's outcome. Decides nothing by itself.
    ///
    /// # Errors
    /// [`PathError::Unknown`]; nothing was changed.
    pub fn sample(&mut self, path: usize, sample: Sample) -> Result<(), PathError> {
        let period = self.period;
        self.due |= self.path_mut(path)?.take(sample, period);
        Ok(())
    }

    /// Decides if a path died or came back since the last decision; otherwise does nothing.
    pub fn settle(&mut self) -> Change {
        if self.due {
            self.decide()
        } else {
            Change::default()
        }
    }

    /// Ends an epoch and decides. Call it once a second ([`EPOCH_MS`]), after the samples that
    /// arrived by then.
    pub fn end_epoch(&mut self) -> Change {
        for path in &mut self.paths {
            path.end_epoch(self.gains);
        }
        self.held = self.held.saturating_add(1);
        self.decide()
    }

    /// One recorded probe round: an RTT in nanoseconds or `None` (lost) per path, in order. Ends an
    /// epoch after every second's worth of rounds.
    ///
    /// # Errors
    /// [`PathError::Width`] when `rtts` has not one entry per path; nothing was changed.
    pub fn round(&mut self, rtts: &[Option<u64>]) -> Result<Change, PathError> {
        if rtts.len() != self.paths.len() {
            return Err(PathError::Width {
                given: rtts.len(),
                paths: self.paths.len(),
            });
        }
        for (path, rtt) in self.paths.iter_mut().zip(rtts) {
            self.due |= path.take((*rtt).into(), self.period);
        }
        self.rounds += 1;
        if self.rounds < self.period.rounds_per_epoch() {
            return Ok(self.settle());
        }
        self.rounds = 0;
        Ok(self.end_epoch())
    }

    /// Moves the slider. What the paths learnt stays; later epochs use the new factors.
    pub fn set_slider(&mut self, slider: Factor) {
        self.slider = slider;
        self.gains = Gains::of(slider);
    }

    /// Prices a path. Counts from the next decision on.
    ///
    /// # Errors
    /// [`PathError::Unknown`]; nothing was changed.
    pub fn set_cost(&mut self, path: usize, cost: PowerCost) -> Result<(), PathError> {
        self.path_mut(path)?.cost = cost;
        Ok(())
    }

    /// Makes a path as new, its cost excepted: for the one that recovered and would take minutes to
    /// be believed. A leader keeps leading while it is learnt again.
    ///
    /// # Errors
    /// [`PathError::Unknown`]; nothing was changed.
    pub fn forget(&mut self, path: usize) -> Result<Change, PathError> {
        let path = self.path_mut(path)?;
        *path = Path::with_cost(path.cost);
        let before = self.leader;
        Ok(self.reweigh(before))
    }

    /// Replaces the set of paths. Entry `i` says what the new path `i` is: `Some(old)` keeps
    /// everything known of the old path `old`, `None` is a new path at neutral cost. A leader that
    /// is left out is replaced at once.
    ///
    /// ```
    /// # use evenkeel_core::steer::{Params, PowerCost, Steering};
    /// # let mut steering = Steering::new(Params::default(), &[PowerCost::NEUTRAL; 2])?;
    /// let (old_keys, new_keys) = ([4, 7], [7, 9]); // interface indices
    /// let from = new_keys.map(|key| old_keys.iter().position(|old| *old == key));
    /// let change = steering.rearrange(&from)?;
    /// assert!(!change.leader_changed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PathError::TooMany`], [`PathError::Unknown`], or [`PathError::Twice`]; nothing was changed.
    pub fn rearrange(&mut self, from: &[Option<usize>]) -> Result<Change, PathError> {
        check_count(from.len())?;
        for (at, old) in from.iter().enumerate() {
            let Some(old) = *old else { continue };
            self.path(old)?;
            if from[..at].contains(&Some(old)) {
                return Err(PathError::Twice { path: old });
            }
        }
        self.paths = from
            .iter()
            .map(|old| {
                old.and_then(|old| self.paths.get(old).cloned())
                    .unwrap_or_default()
            })
            .collect();
        let before = self.leader;
        self.leader = before.and_then(|leader| from.iter().position(|old| *old == Some(leader)));
        if before.is_some() && self.leader.is_none() {
            return Ok(Change {
                leader_changed: true,
                ..self.decide()
            });
        }
        let kept = self.leader;
        Ok(self.reweigh(kept))
    }

    /// The path new flows go to, once one is known well enough.
    pub fn leader(&self) -> Option<usize> {
        self.leader
    }

    /// One weight per path, 0..=255, never all 0: 255 for the leader, 0 for a path that is gone or
    /// dead without a leader, 1 otherwise.
    pub fn weights(&self) -> &[u16] {
        &self.weights
    }

    /// One path as it stands.
    ///
    /// # Errors
    /// [`PathError::Unknown`].
    pub fn view(&self, path: usize) -> Result<PathView, PathError> {
        let known = self.path(path)?;
        Ok(PathView {
            state: known.state(),
            leads: self.leader == Some(path),
            weight: self.weights.get(path).copied().unwrap_or(1),
            level_ns: known.is_known().then_some(known.level),
            fast_jitter_ns: known.fast,
            slow_jitter_ns: known.slow,
            score_ns: known.score(),
            moment_ns: known.moment(),
            cost: known.cost,
            epochs: known.epochs,
            lost_in_a_row: known.lost_in_a_row,
        })
    }

    /// Every path as it stands, in order.
    pub fn views(&self) -> impl Iterator<Item = PathView> + '_ {
        (0..self.paths.len()).filter_map(|path| self.view(path).ok())
    }

    /// Number of paths, 0..=16.
    pub fn path_count(&self) -> usize {
        self.paths.len()
    }

    /// The period and the slider position in force.
    pub fn params(&self) -> Params {
        Params {
            period: self.period,
            slider: self.slider,
        }
    }

    fn path(&self, path: usize) -> Result<&Path, PathError> {
        let paths = self.paths.len();
        self.paths
            .get(path)
            .ok_or(PathError::Unknown { path, paths })
    }

    fn path_mut(&mut self, path: usize) -> Result<&mut Path, PathError> {
        let paths = self.paths.len();
        self.paths
            .get_mut(path)
            .ok_or(PathError::Unknown { path, paths })
    }

    fn decide(&mut self) -> Change {
        self.due = false;
        let before = self.leader;
        self.leader = before.filter(|leader| !self.paths[*leader].dead);
        let challenger = (0..self.paths.len())
            .filter(|path| self.paths[*path].competes())
            .min_by_key(|path| self.paths[*path].score());
        if let Some(best) = challenger
            && self
                .leader
                .is_none_or(|leader| self.overtakes(best, leader))
        {
            self.leader = Some(best);
            self.held = 0;
        }
        self.reweigh(before)
    }

    fn overtakes(&self, best: usize, leader: usize) -> bool {
        let needed = self.paths[best].score() * (SCALE + HYSTERESIS) + LEAD_MARGIN_NS * SCALE;
        needed < self.paths[leader].score() * SCALE && self.held >= DWELL_EPOCHS
    }

    fn reweigh(&mut self, leader_before: Option<usize>) -> Change {
        let weigh = |(at, path): (usize, &Path)| match self.leader {
            _ if path.gone => 0,
            None if path.dead => 0,
            Some(leader) if leader == at => LEADER_WEIGHT,
            _ => 1,
        };
        let mut weights: Vec<u16> = self.paths.iter().enumerate().map(weigh).collect();
        if weights.iter().all(|weight| *weight == 0) {
            weights.fill(1);
        }
        let weights_changed = weights != self.weights;
        self.weights = weights;
        Change {
            leader_changed: self.leader != leader_before,
            weights_changed,
        }
    }
}

fn check_count(given: usize) -> Result<(), PathError> {
    if given > MAX_PATHS {
        Err(PathError::TooMany { given })
    } else {
        Ok(())
    }
}
