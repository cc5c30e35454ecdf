//! The numbers on the cards and beside the graph, summed up once a second, so that they can be read.

use evenkeel_core::jitter::mean_jitter;
use evenkeel_dbus::UplinkState;

use super::{Mark, Model, Track};
use crate::ui::compare::{self, Comparison};
use crate::ui::history::History;
use crate::ui::spread::Spread;
use crate::ui::verdict::{self, Signs};

/// The time that the loss on a card is counted over.
const LOSS_WINDOW_NS: u64 = 60_000_000_000;
/// The time that a round trip and its jitter are taken from where the feed has no estimates.
const RECENT_NS: u64 = 5_000_000_000;
/// What is this many times slower than nearly all answers is a spike that may be cut off.
const SPIKE_FACTOR: u32 = 3;

/// The numbers of one uplink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Its round trip now: the helper's estimate, or the mean of the last seconds. In nanoseconds.
    pub rtt_ns: Option<u64>,
    /// Its jitter now, likewise.
    pub jitter_ns: Option<u64>,
    /// Median of the answers in the shown window, in microseconds.
    pub p50_us: Option<u32>,
    /// 95th percentile of them.
    pub p95_us: Option<u32>,
    /// 99th percentile of them.
    pub p99_us: Option<u32>,
    /// The slowest of them.
    pub worst_us: Option<u32>,
    /// Lost probes in thousandths, over a minute; `None` before the first probe.
    pub loss_permille: Option<u32>,
}

impl Model {
    /// Sums up everything, once a second. `window` is what the graph shows from and to, `None`
    /// when that is still the same.
    pub fn refresh(&mut self, window: Option<(u64, u64)>) {
        self.refreshed_at_ns = self.now_ns;
        if let Some((from_ns, to_ns)) = window {
            self.summed += 1;
            for track in self.tracks.iter_mut().chain(&mut self.past) {
                track.sum_up_window(from_ns, to_ns);
            }
            let game = self.game.as_ref();
            self.game_us = game.map_or(0, |game| game.telling_us(from_ns, to_ns));
        }
        self.sum_up_now();
        self.compare();
    }

    /// Sums up what is now, whatever the graph shows.
    pub(super) fn sum_up_now(&mut self) {
        let now_ns = self.now_ns;
        for track in &mut self.tracks {
            track.sum_up_now(now_ns);
        }
        self.judge();
    }

    /// What game mode has brought until now.
    pub(super) fn compare(&mut self) {
        let histories: Vec<(u32, &History)> = self
            .tracks
            .iter()
            .map(|track| (track.info.ifindex, &track.history))
            .collect();
        let compared = compare::since_game_mode(&histories, &self.marks, self.now_ns);
        self.comparison = match compared {
            // The feed tells it with its next frame.
            Comparison::Off if self.game_mode() => Comparison::Waiting,
            compared => compared,
        };
    }

    /// The height that the graph should show, in microseconds: all answers, except that a few
    /// spikes must not press everything else flat.
    pub fn telling_us(&self) -> u32 {
        let telling = |figures: &Figures| {
            let usual = figures.p95_us?.saturating_mul(SPIKE_FACTOR);
            Some(figures.worst_us?.min(usual))
        };
        let uplinks = self.drawn().filter_map(|track| telling(&track.figures));
        uplinks.max().unwrap_or(0).max(self.game_us)
    }

    /// Counts how often the shown window was summed up, so that a picture knows when it is stale.
    pub fn summed(&self) -> u64 {
        self.summed
    }

    /// The marks as a slice, oldest first.
    pub fn all_marks(&self) -> Vec<Mark> {
        self.marks.iter().copied().collect()
    }

    fn judge(&mut self) {
        let linked = self.tracks.iter().any(|track| track.info.carrier);
        let mut signs = Vec::new();
        for track in &mut self.tracks {
            // A cable that is out is no trouble while there is another uplink.
            let counts = track.info.carrier || !linked;
            let idle = track.state() == UplinkState::Idle;
            if !counts || idle || (track.answers() && !track.figures.is_known()) {
                track.standing = verdict::Standing::default();
                continue;
            }
            let sign = track.signs();
            track.standing = verdict::standing(&sign);
            signs.push(sign);
        }
        let before = self.tracks.iter().any(|track| !track.history.is_empty());
        self.verdict = verdict::verdict(&signs, before);
    }
}

impl Figures {
    fn is_known(&self) -> bool {
        self.rtt_ns.is_some() || self.loss_permille.is_some()
    }
}

impl Track {
    fn sum_up_window(&mut self, from_ns: u64, to_ns: u64) {
        self.spread = Spread::of(&self.history, from_ns, to_ns);
        let mark = |index: usize| self.spread.marks_us.map(|marks| marks[index]);
        self.figures.p50_us = mark(0);
        self.figures.p95_us = mark(1);
        self.figures.p99_us = mark(2);
        self.figures.worst_us = self.spread.worst_us();
    }

    fn sum_up_now(&mut self, now_ns: u64) {
        let (lost, sent) = self
            .history
            .loss(now_ns.saturating_sub(LOSS_WINDOW_NS), now_ns);
        let loss = (lost * 1000).checked_div(sent);
        self.figures.loss_permille = loss.map(|share| share as u32);
        let estimated = |ns: u64| (ns > 0).then_some(ns);
        self.figures.rtt_ns = estimated(self.info.rtt_ns);
        self.figures.jitter_ns = estimated(self.info.jitter_ns);
        if self.figures.rtt_ns.is_none() {
            let from_ns = now_ns.saturating_sub(RECENT_NS);
            let recent = self.history.between(from_ns, now_ns);
            let recent: Vec<Option<u64>> = recent
                .map(|sample| sample.rtt_us.map(|us| u64::from(us) * 1000))
                .collect();
            let answers: Vec<u64> = recent.iter().flatten().copied().collect();
            let sum: u64 = answers.iter().sum();
            self.figures.rtt_ns = sum.checked_div(answers.len() as u64);
            self.figures.jitter_ns = mean_jitter(recent);
        }
    }

    fn signs(&self) -> Signs {
        let us = |ns: Option<u64>| u32::try_from(ns.unwrap_or(0) / 1000).unwrap_or(u32::MAX);
        Signs {
            ifindex: self.info.ifindex,
            rtt_us: us(self.figures.rtt_ns),
            jitter_us: us(self.figures.jitter_ns),
            loss_permille: self.figures.loss_permille.unwrap_or(0),
            // The estimates of an uplink that lost everything for a minute are those of before.
            answers: self.answers() && self.figures.loss_permille != Some(1000),
            leads: self.info.leader,
            before: self.standing,
        }
    }
}
