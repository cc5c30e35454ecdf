//! What the window knows: the helper's state, the bounded history of every uplink, and what
//! changed when. Pure: values come in from the bus, screens read them. It has no clock; "now" is
//! the newest thing the feed told. What is summed up of it once a second is in `figures`.

mod figures;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{Backend, Draining, Reason, UplinkInfo, UplinkKind, UplinkState, limits};

use super::clock::{Clock, Reading};
use super::compare::Comparison;
use super::events::{Event, Events, What};
use super::game::{Game, Told};
use super::history::{DAY_NS, History, Sample};
use super::live::Kept;
use super::spread::Spread;
use super::verdict::{Standing, Verdict};
use crate::installation::Remedy;
use crate::spikes::Spikes;
use crate::state::HelperState;
pub use figures::Figures;

/// Changes of leader or game mode that are remembered.
pub const MAX_MARKS: usize = 512;
/// Uplinks that went away and are still drawn.
const MAX_PAST: usize = 4;
/// Figures are summed up anew after this time.
const REFRESH_NS: u64 = 1_000_000_000;
/// What claims to have been measured this far in the future is not believed.
const AHEAD_NS: u64 = 60_000_000_000;
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

/// One uplink with what was measured of it.
#[derive(Debug, Clone)]
pub struct Track {
    /// What the helper says of it; estimates are the feed's while it runs.
    pub info: UplinkInfo,
    /// Its probes.
    pub history: History,
    /// Which colour and shape it has.
    pub slot: usize,
    /// The numbers on its card and beside the graph.
    pub figures: Figures,
    /// How its answers are spread in the shown window.
    pub spread: Spread,
    /// Whether it is a problem.
    pub standing: Standing,
    estimated_at_ns: u64,
    told: UplinkState,
}

impl Track {
    fn new(info: UplinkInfo) -> Self {
        Self {
            info,
            history: History::default(),
            slot: usize::MAX,
            figures: Figures::default(),
            spread: Spread::default(),
            standing: Standing::default(),
            estimated_at_ns: 0,
            told: UplinkState::Idle,
        }
    }

    /// What the probes say of it.
    pub fn state(&self) -> UplinkState {
        UplinkState::from_wire(self.info.state)
    }

    /// What kind of link it is.
    pub fn kind(&self) -> UplinkKind {
        UplinkKind::from_wire(self.info.kind)
    }

    /// True while its probes are answered.
    pub fn answers(&self) -> bool {
        self.info.carrier && matches!(self.state(), UplinkState::Alive | UplinkState::Warming)
    }

    /// What happened to it if it is in `state` now; told once.
    fn turn(&mut self, state: UplinkState) -> Option<What> {
        let down = |state| matches!(state, UplinkState::Dead | UplinkState::Gone);
        let before = std::mem::replace(&mut self.told, state);
        match (down(before), down(state)) {
            (false, true) => Some(What::Silent),
            (true, false) if state != UplinkState::Idle => Some(What::Answers),
            _ => None,
        }
    }
}

/// Everything the window knows.
#[derive(Debug, Default)]
pub struct Model {
    /// Whether there is a helper.
    pub link: Link,
    /// What it said last; kept while it is away, so that nothing jumps.
    pub state: Option<HelperState>,
    /// What would bring it while it is not there, once that is known.
    pub remedy: Option<Remedy>,
    /// The uplinks, in the helper's order.
    pub tracks: Vec<Track>,
    /// Uplinks that went away, the last one last; what was measured of them still shows.
    pub past: VecDeque<Track>,
    /// Changes of leader and game mode, oldest first.
    pub marks: VecDeque<Mark>,
    /// What else happened.
    pub events: Events,
    /// The spikes that were told of, with whose fault each was.
    pub spikes: Spikes,
    /// The running game's own connection, while somebody looks.
    pub game: Option<Game>,
    /// The time of day.
    pub clock: Clock,
    /// The newest moment the feed told of.
    pub now_ns: u64,
    /// What game mode has brought, from probes.
    pub comparison: Comparison,
    /// Whether the network is the problem.
    pub verdict: Verdict,
    looked: bool,
    resync: bool,
    refreshed_at_ns: u64,
    summed: u64,
    /// The height that the game's line needs in the shown window, in microseconds.
    game_us: u32,
}

impl Model {
    /// Takes in the helper's properties.
    pub fn take_state(&mut self, state: HelperState) {
        let first = self.state.is_none() && self.tracks.is_empty();
        if self.state.is_some() && self.link != Link::Present {
            self.happened(What::HelperBack, None);
        }
        self.link = Link::Present;
        self.remedy = None;
        let switched = self.game_mode() != state.game_mode;
        self.sort_in(&state.uplinks, first);
        self.state = Some(state);
        self.sum_up_now();
        if switched {
            self.compare();
        }
    }

    /// Takes in the uplinks; without a helper the window finds them itself.
    pub fn take_uplinks(&mut self, uplinks: &[UplinkInfo]) {
        self.looked = true;
        self.sort_in(uplinks, self.tracks.is_empty());
        self.sum_up_now();
    }

    /// True when somebody looked for uplinks, so that none means that there is none.
    pub fn knows_uplinks(&self) -> bool {
        self.looked || self.state.is_some()
    }

    fn sort_in(&mut self, uplinks: &[UplinkInfo], first: bool) {
        let mut old = std::mem::take(&mut self.tracks);
        for info in uplinks.iter().take(limits::MAX_UPLINKS) {
            let track = self.take_uplink(info, &mut old, first);
            self.tracks.push(track);
        }
        for track in old {
            self.happened(What::Left, Some(track.info.ifindex));
            if !track.history.is_empty() {
                self.past.push_back(track);
            }
            if self.past.len() > MAX_PAST {
                let _ = self.past.pop_front();
            }
        }
        self.give_slots();
    }

    /// What becomes of an uplink the helper names: `old` are those that were there, and `first` is
    /// true when nothing was known before.
    fn take_uplink(&mut self, info: &UplinkInfo, old: &mut Vec<Track>, first: bool) -> Track {
        let here = find(&*old, info);
        let known = match here {
            Some(index) => Some(old.swap_remove(index)),
            None => find(&self.past, info).and_then(|index| self.past.remove(index)),
        };
        let came = here.is_none();
        let mut track = known.unwrap_or_else(|| Track::new(info.clone()));
        let before = std::mem::replace(&mut track.info, info.clone());
        if before.ifindex != info.ifindex {
            self.renumber(before.ifindex, info.ifindex);
        }
        if came && !first {
            self.happened(What::Came, Some(info.ifindex));
        } else if before.carrier != info.carrier {
            let what = if info.carrier {
                What::CarrierBack
            } else {
                What::CarrierLost
            };
            self.happened(what, Some(info.ifindex));
        }
        let fresh = self.now_ns.saturating_sub(track.estimated_at_ns) < ESTIMATE_FRESH_NS;
        if track.estimated_at_ns > 0 && fresh {
            track.info.rtt_ns = before.rtt_ns;
            track.info.jitter_ns = before.jitter_ns;
            track.info.slow_jitter_ns = before.slow_jitter_ns;
        } else if let Some(what) = track.turn(track.state()) {
            self.happened(what, Some(info.ifindex));
        }
        track
    }

    /// The helper is gone; what was measured stays.
    pub fn lose_helper(&mut self, link: Link) {
        if self.link == Link::Present {
            self.happened(What::HelperLost, None);
        }
        self.link = link;
        if self.marks.back().is_some_and(|mark| mark.game_mode) {
            self.mark(None, false, self.now_ns);
        }
        if let Some(state) = &mut self.state {
            state.game_mode = false;
            state.holders.clear();
            state.leader = None;
            // What it had changed it put back, or its unit did after it.
            state.tunables.clear();
            state.draining = Draining::default();
        }
        for track in &mut self.tracks {
            track.info.state = UplinkState::Idle.to_wire();
            track.told = UplinkState::Idle;
            track.info.leader = false;
            track.info.share_permille = 0;
        }
        self.sum_up_now();
        self.compare();
    }

    /// Takes in what was found of the running game.
    pub fn take_game(&mut self, told: Told) {
        self.game = Game::after(self.game.take(), told);
    }

    /// Takes in what the clocks say.
    pub fn take_clock(&mut self, reading: Reading) {
        if let Some(seconds) = self.clock.take(reading) {
            self.happened(What::Slept(seconds), None);
        }
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

    /// Everything that may show on a graph: the uplinks that are there, then those that were.
    pub fn drawn(&self) -> impl Iterator<Item = &Track> + Clone {
        self.tracks.iter().chain(&self.past)
    }

    /// What is kept of all uplinks together.
    pub fn kept(&self) -> Kept {
        let oldest = self.drawn().filter_map(|track| track.history.oldest_ns());
        let day_ns = self.now_ns.saturating_sub(DAY_NS);
        Kept {
            oldest_ns: oldest.min().unwrap_or(self.now_ns).max(day_ns),
            now_ns: self.now_ns,
        }
    }

    fn take_record(&mut self, record: &Record) {
        let (Record::Sample { at_ns, .. }
        | Record::Estimate { at_ns, .. }
        | Record::Leader { at_ns, .. }
        | Record::Gateway { at_ns, .. }
        | Record::Seen { at_ns, .. }
        | Record::Spike { at_ns, .. }) = *record;
        let now_ns = self.clock.monotonic_ns();
        if now_ns.is_some_and(|now_ns| at_ns > now_ns.saturating_add(AHEAD_NS)) {
            return;
        }
        match *record {
            Record::Sample {
                ifindex, rtt_ns, ..
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(track) = self.track_mut(ifindex) {
                    let rtt_us = rtt_ns.map(to_us);
                    track.history.push(Sample { at_ns, rtt_us });
                }
            }
            Record::Estimate {
                ifindex,
                state,
                share_permille,
                rtt_ns,
                jitter_ns,
                slow_jitter_ns,
                ..
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                let Some(track) = self.track_mut(ifindex) else {
                    return;
                };
                track.estimated_at_ns = at_ns;
                track.info.state = state.to_wire();
                track.info.share_permille = share_permille.into();
                track.info.rtt_ns = rtt_ns;
                track.info.jitter_ns = jitter_ns;
                track.info.slow_jitter_ns = slow_jitter_ns;
                if let Some(what) = track.turn(state) {
                    let who = Some(ifindex);
                    self.events.push(Event { at_ns, what, who });
                }
            }
            Record::Leader {
                ifindex, game_mode, ..
            } => self.mark(ifindex, game_mode, at_ns),
            Record::Seen { .. } | Record::Spike { .. } => {
                let _ = self.spikes.take(record);
            }
            // Whether the gateway was slow is part of a spike's evidence; nothing draws it.
            Record::Gateway { .. } => {}
        }
    }

    /// Remembers what happened just now.
    fn happened(&mut self, what: What, who: Option<u32>) {
        let at_ns = self.now_ns.max(self.clock.monotonic_ns().unwrap_or(0));
        self.events.push(Event { at_ns, what, who });
    }

    fn renumber(&mut self, from: u32, to: u32) {
        self.events.renumber(from, to);
        let led = self.marks.iter_mut().filter(|m| m.leader == Some(from));
        led.for_each(|mark| mark.leader = Some(to));
    }

    fn track_mut(&mut self, ifindex: u32) -> Option<&mut Track> {
        self.tracks.iter_mut().find(|t| t.info.ifindex == ifindex)
    }

    fn mark(&mut self, leader: Option<u32>, game_mode: bool, at_ns: u64) {
        let same = |last: &Mark| last.leader == leader && last.game_mode == game_mode;
        if self.marks.back().is_some_and(same) {
            return;
        }
        let before_ns = self.marks.back().map_or(0, |mark| mark.at_ns);
        self.marks.push_back(Mark {
            at_ns: at_ns.max(before_ns),
            leader,
            game_mode,
        });
        if self.marks.len() > MAX_MARKS {
            let _ = self.marks.pop_front();
        }
    }

    /// Every uplink keeps its colour; a new one takes the first that is free.
    fn give_slots(&mut self) {
        for index in 0..self.tracks.len() {
            if self.tracks[index].slot == usize::MAX {
                let taken = |slot: &usize| self.drawn().any(|t| t.slot == *slot);
                let free = (0..limits::MAX_UPLINKS + MAX_PAST).find(|slot| !taken(slot));
                self.tracks[index].slot = free.unwrap_or(0);
            }
        }
    }
}

/// The track of the uplink that `info` describes: by its number, or by its name where it got
/// another number when it came back.
fn find<'a, I>(tracks: I, info: &UplinkInfo) -> Option<usize>
where
    I: IntoIterator<Item = &'a Track> + Copy,
{
    let number = |track: &Track| track.info.ifindex == info.ifindex;
    let name = |track: &Track| !info.name.is_empty() && track.info.name == info.name;
    let by_number = tracks.into_iter().position(number);
    by_number.or_else(|| tracks.into_iter().position(name))
}

/// Microseconds of a time in nanoseconds; what is beyond an hour is no round trip of ours.
fn to_us(ns: u64) -> u32 {
    u32::try_from(ns / 1000).unwrap_or(u32::MAX)
}
