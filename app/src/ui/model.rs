//! What the window knows: the helper's state, the bounded history of every uplink, and what
//! changed when. Pure: values come in from the bus, screens read them. It has no clock; "now" is
//! the newest thing the feed told.

use std::collections::VecDeque;

use evenkeel_core::stats::Summary;
use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{Backend, Reason, UplinkInfo, UplinkKind, UplinkState, limits};

use super::compare::{self, Comparison};
use super::history::{History, Sample};
use crate::state::HelperState;

/// Changes of leader or game mode that are remembered.
pub const MAX_MARKS: usize = 512;
/// The time that the loss on a card is counted over.
pub const LOSS_WINDOW_NS: u64 = 60_000_000_000;
/// Figures are summed up anew after this time.
const REFRESH_NS: u64 = 1_000_000_000;
/// What is this many times slower than nearly all answers is a spike that may be cut off.
const SPIKE_FACTOR: u32 = 3;
/// An estimate from the feed is preferred to the property for this time.
const ESTIMATE_FRESH_NS: u64 = 5_000_000_000;

/// Whether there is a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Link {
    /// Not known yet.
    #[default]
    Searching,
    /// The system bus does not answer.
    NoBus,
    /// The bus is there, the helper is not.
    NoHelper,
    /// It answers.
    Present,
}

/// Leader and game mode from one moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// When it began, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// The leader's ifindex.
    pub leader: Option<u32>,
    /// True while game mode is on.
    pub game_mode: bool,
}

/// The numbers beside the graph, of the window it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// The newest answer in microseconds.
    pub now_us: Option<u32>,
    /// 99th percentile of the answers, in microseconds.
    pub p99_us: Option<u32>,
    /// Slowest answer in microseconds.
    pub worst_us: Option<u32>,
    /// 95th percentile of the answers, in microseconds.
    pub p95_us: Option<u32>,
    /// Lost probes in thousandths, over [`LOSS_WINDOW_NS`]; `None` before the first probe.
    pub loss_permille: Option<u32>,
}

/// One uplink with what was measured of it.
#[derive(Debug, Clone)]
pub struct Track {
    /// What the helper says of it; estimates are the feed's while it runs.
    pub info: UplinkInfo,
    /// Its probes.
    pub history: History,
    /// Which colour and shape it has.
    pub slot: usize,
    /// The numbers beside the graph.
    pub figures: Figures,
    estimated_at_ns: u64,
}

impl Track {
    /// What the probes say of it.
    pub fn state(&self) -> UplinkState {
        UplinkState::from_wire(self.info.state)
    }

    /// What kind of link it is.
    pub fn kind(&self) -> UplinkKind {
        UplinkKind::from_wire(self.info.kind)
    }
}

/// Everything the window knows.
#[derive(Debug, Default)]
pub struct Model {
    /// Whether there is a helper.
    pub link: Link,
    /// What it said last; kept while it is away, so that nothing jumps.
    pub state: Option<HelperState>,
    /// The uplinks, in the helper's order.
    pub tracks: Vec<Track>,
    /// Changes of leader and game mode, oldest first.
    pub marks: VecDeque<Mark>,
    /// The newest moment the feed told of.
    pub now_ns: u64,
    /// What game mode has brought, from probes.
    pub comparison: Comparison,
    resync: bool,
    refreshed_at_ns: u64,
}

impl Model {
    /// Takes in the helper's properties.
    pub fn take_state(&mut self, state: HelperState) {
        self.link = Link::Present;
        self.take_uplinks(&state.uplinks);
        self.state = Some(state);
        self.compare();
    }

    /// Takes in the uplinks; without a helper the window finds them itself.
    pub fn take_uplinks(&mut self, uplinks: &[UplinkInfo]) {
        let mut old = std::mem::take(&mut self.tracks);
        for info in uplinks.iter().take(limits::MAX_UPLINKS) {
            let known = old.iter().position(|t| t.info.ifindex == info.ifindex);
            let mut track = match known {
                Some(index) => old.swap_remove(index),
                None => Track {
                    info: info.clone(),
                    history: History::default(),
                    slot: usize::MAX,
                    figures: Figures::default(),
                    estimated_at_ns: 0,
                },
            };
            let before = std::mem::replace(&mut track.info, info.clone());
            let fresh = self.now_ns.saturating_sub(track.estimated_at_ns) < ESTIMATE_FRESH_NS;
            if track.estimated_at_ns > 0 && fresh {
                track.info.rtt_ns = before.rtt_ns;
                track.info.jitter_ns = before.jitter_ns;
                track.info.slow_jitter_ns = before.slow_jitter_ns;
            }
            self.tracks.push(track);
        }
        self.give_slots();
    }

    /// The helper is gone; what was measured stays.
    pub fn lose_helper(&mut self, link: Link) {
        self.link = link;
        if self.marks.back().is_some_and(|mark| mark.game_mode) {
            self.mark(None, false, self.now_ns);
        }
        if let Some(state) = &mut self.state {
            state.game_mode = false;
            state.holders.clear();
            state.leader = None;
        }
        for track in &mut self.tracks {
            track.info.state = UplinkState::Idle.to_wire();
            track.info.leader = false;
            track.info.share_permille = 0;
        }
        self.compare();
    }

    /// A feed begins: changes may have been missed since the last one.
    pub fn begin_feed(&mut self) {
        self.resync = true;
    }

    /// Takes in one frame. True when it is time to [`refresh`](Self::refresh), once a second.
    pub fn take_frame(&mut self, frame: &Frame) -> bool {
        for record in &frame.records {
            self.take_record(record);
        }
        if std::mem::take(&mut self.resync)
            && let Some(state) = &self.state
        {
            let (leader, game_mode) = (state.leader, state.game_mode);
            self.mark(leader, game_mode, self.now_ns);
        }
        self.now_ns.saturating_sub(self.refreshed_at_ns) >= REFRESH_NS
    }

    /// Sums up the numbers beside a graph of `from_ns..=to_ns`.
    pub fn refresh(&mut self, from_ns: u64, to_ns: u64) {
        self.refreshed_at_ns = self.now_ns;
        for track in &mut self.tracks {
            track.figures = figures(&track.history, from_ns, to_ns, self.now_ns);
        }
        self.compare();
    }

    /// True when pressing the switch can do something.
    pub fn can_steer(&self) -> bool {
        self.state.as_ref().is_some_and(|state| {
            self.link == Link::Present
                && state.reason == Reason::Ready
                && state.backend != Backend::Observe
        })
    }

    /// True while game mode is on, whoever holds it.
    pub fn game_mode(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.game_mode)
    }

    /// The uplink with this ifindex.
    pub fn track(&self, ifindex: u32) -> Option<&Track> {
        self.tracks.iter().find(|t| t.info.ifindex == ifindex)
    }

    /// The height that the graph should show, in microseconds: all answers, except that a few
    /// spikes must not press everything else flat.
    pub fn telling_us(&self) -> u32 {
        let telling = |figures: &Figures| {
            let usual = figures.p95_us?.saturating_mul(SPIKE_FACTOR);
            Some(figures.worst_us?.min(usual))
        };
        let all = self.tracks.iter();
        all.filter_map(|track| telling(&track.figures))
            .max()
            .unwrap_or(0)
    }

    fn take_record(&mut self, record: &Record) {
        match *record {
            Record::Sample {
                ifindex,
                at_ns,
                rtt_ns,
                ..
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(track) = self.track_mut(ifindex) {
                    let rtt_us = rtt_ns.map(to_us);
                    track.history.push(Sample { at_ns, rtt_us });
                }
            }
            Record::Estimate {
                ifindex,
                at_ns,
                state,
                share_permille,
                rtt_ns,
                jitter_ns,
                slow_jitter_ns,
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(track) = self.track_mut(ifindex) {
                    track.estimated_at_ns = at_ns;
                    track.info.state = state.to_wire();
                    track.info.share_permille = share_permille.into();
                    track.info.rtt_ns = rtt_ns;
                    track.info.jitter_ns = jitter_ns;
                    track.info.slow_jitter_ns = slow_jitter_ns;
                }
            }
            Record::Leader {
                ifindex,
                at_ns,
                game_mode,
            } => self.mark(ifindex, game_mode, at_ns),
        }
    }

    fn track_mut(&mut self, ifindex: u32) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|t| t.info.ifindex == ifindex)
    }

    fn mark(&mut self, leader: Option<u32>, game_mode: bool, at_ns: u64) {
        let same = |last: &Mark| last.leader == leader && last.game_mode == game_mode;
        if self.marks.back().is_some_and(same) {
            return;
        }
        self.marks.push_back(Mark {
            at_ns,
            leader,
            game_mode,
        });
        if self.marks.len() > MAX_MARKS {
            let _ = self.marks.pop_front();
        }
    }

    fn compare(&mut self) {
        let histories: Vec<_> = self
            .tracks
            .iter()
            .map(|track| (track.info.ifindex, &track.history))
            .collect();
        self.comparison = compare::since_game_mode(&histories, &self.marks, self.now_ns);
    }

    /// Every uplink keeps its colour; a new one takes the first that is free.
    fn give_slots(&mut self) {
        for index in 0..self.tracks.len() {
            if self.tracks[index].slot == usize::MAX {
                let taken = |slot: &usize| self.tracks.iter().any(|t| t.slot == *slot);
                let free = (0..limits::MAX_UPLINKS).find(|slot| !taken(slot));
                self.tracks[index].slot = free.unwrap_or(0);
            }
        }
    }
}

fn figures(history: &History, from_ns: u64, to_ns: u64, now_ns: u64) -> Figures {
    let answers = history.between(from_ns, to_ns);
    let summary = Summary::of(answers.map(|s| s.rtt_us.map(u64::from)), &[]);
    let (lost, sent) = history.loss(now_ns.saturating_sub(LOSS_WINDOW_NS), now_ns);
    Figures {
        now_us: history.newest().and_then(|sample| sample.rtt_us),
        p99_us: summary.spread.map(|spread| spread.p99_ns as u32),
        worst_us: summary.spread.map(|spread| spread.max_ns as u32),
        p95_us: summary.spread.map(|spread| spread.p95_ns as u32),
        loss_permille: (lost * 1000).checked_div(sent).map(|share| share as u32),
    }
}

/// Microseconds of a time in nanoseconds; what is beyond an hour is no round trip of ours.
fn to_us(ns: u64) -> u32 {
    u32::try_from(ns / 1000).unwrap_or(u32::MAX)
}
