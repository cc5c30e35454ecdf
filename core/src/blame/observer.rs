//! Watches the outcomes of all uplinks, gathers what happens beside them, and hands out each spike
//! when it is over and everything about it is known. It keeps no clock: every call says when.

use super::baseline::{Baseline, Usual};
use super::evidence::{Evidence, Measure};
use super::journal::{Event, Journal, Radio, Reading, Window};
use super::rules::{Culprit, judge};
use super::series::{Series, Sum};
use super::spike::Spike;

/// A spike is over when nothing stood out for so long, in nanoseconds.
pub const QUIET_NS: u64 = 1_000_000_000;
/// What goes on for longer is no spike but a new state of the path, and its usual from then on.
pub const MAX_LENGTH_NS: u64 = 10_000_000_000;
/// Woken up so late, this machine stood still for a player, in nanoseconds: two to three frames.
pub const STALL_NS: u64 = 40_000_000;
/// Being woken up later than this is remembered as evidence.
const LATE_NS: u64 = 2_000_000;
/// Having waited in the own queue for longer than this is remembered as evidence.
const QUEUED_NS: u64 = 1_000_000;
/// After so long the outcome of every probe is known, and of the readings beside it.
const SETTLED_NS: u64 = 1_200_000_000;
/// Probes of one beat leave within this.
const BEAT_NS: u64 = 50_000_000;
/// The most uplinks that are watched.
const MAX_PATHS: usize = 16;
/// Spikes that are remembered to see whether a standstill is told already.
const MAX_TOLD: usize = 16;

/// An uplink to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// Its ifindex.
    pub ifindex: u32,
    /// Whether it is Wi-Fi.
    pub wireless: bool,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Observer {
    paths: Vec<Path>,
    journal: Journal,
    stall: Option<Stall>,
    /// Spikes of uplinks that went away in the middle.
    cut_short: Vec<Spike>,
    /// When this machine was to blame already.
    told: Vec<(u64, u64)>,
}

#[derive(Debug, Clone)]
struct Path {
    watched: Watched,
    anchor: Series,
    gateway: Series,
    anchor_baseline: Baseline,
    gateway_baseline: Baseline,
    open: Option<Episode>,
}

/// A spike that goes on, or was over just now.
#[derive(Debug, Clone, Copy)]
struct Episode {
    /// When the first and the last probe that stood out were sent.
    from_ns: u64,
    last_ns: u64,
    until_ns: u64,
    usual: Usual,
    gateway_usual: Option<Usual>,
}

#[derive(Debug, Clone, Copy)]
struct Stall {
    window: Window,
    worst_ns: u64,
}

impl Observer {
    /// Watches these uplinks from now on, at most 16; what is known of those that stay is kept.
    pub fn follow(&mut self, uplinks: &[Watched]) {
        for at in (0..self.paths.len()).rev() {
            let ifindex = self.paths[at].watched.ifindex;
            if uplinks.iter().any(|uplink| uplink.ifindex == ifindex) {
                continue;
            }
            if let Some(episode) = self.paths[at].open.take() {
                let spike = self.finish(at, &episode);
                self.cut_short.push(spike);
            }
            let _ = self.paths.remove(at);
        }
        for uplink in uplinks.iter().take(MAX_PATHS) {
            if let Some(path) = self.path(uplink.ifindex) {
                path.watched = *uplink;
            } else if self.paths.len() < MAX_PATHS {
                self.paths.push(Path::new(*uplink));
            }
        }
    }

    /// Takes the outcome of a probe to the anchor, sent at `at_ns`: an RTT, `None` when lost, and the
    /// time it waited in this machine's own queue before. Both together are what a program feels.
    pub fn anchor(&mut self, ifindex: u32, at_ns: u64, rtt_ns: Option<u64>, queue_ns: u64) {
        if queue_ns >= QUEUED_NS && self.path(ifindex).is_some() {
            self.journal.queued(ifindex, at_ns, queue_ns);
        }
        if let Some(path) = self.path(ifindex) {
            path.take(at_ns, felt(rtt_ns, queue_ns));
        }
    }

    /// Takes the outcome of a probe to the gateway.
    pub fn gateway(&mut self, ifindex: u32, at_ns: u64, rtt_ns: Option<u64>, queue_ns: u64) {
        if let Some(path) = self.path(ifindex) {
            let rtt_ns = felt(rtt_ns, queue_ns);
            path.gateway.push(at_ns, rtt_ns);
            path.gateway_baseline.push(rtt_ns);
        }
    }

    /// This program ran at `at_ns`, so much later than it should have.
    pub fn late(&mut self, at_ns: u64, late_ns: u64) {
        if late_ns >= LATE_NS {
            self.journal.late(at_ns, late_ns);
        }
        if late_ns < STALL_NS {
            return;
        }
        let from_ns = at_ns.saturating_sub(late_ns);
        let until_ns = at_ns;
        let stall = self.stall.get_or_insert(Stall {
            window: Window { from_ns, until_ns },
            worst_ns: late_ns,
        });
        if at_ns.saturating_sub(stall.window.from_ns) <= MAX_LENGTH_NS {
            stall.window.from_ns = stall.window.from_ns.min(from_ns);
            stall.window.until_ns = stall.window.until_ns.max(until_ns);
            stall.worst_ns = stall.worst_ns.max(late_ns);
        }
    }

    /// Something happened.
    pub fn happened(&mut self, event: Event) {
        self.journal.happened(event);
    }

    /// Takes the kernel's counters.
    pub fn read(&mut self, reading: Reading) {
        self.journal.read(reading);
    }

    /// Takes a Wi-Fi station's counters.
    pub fn radio(&mut self, ifindex: u32, at_ns: u64, radio: Radio) {
        self.journal.radio(ifindex, at_ns, radio);
    }

    /// True while a spike goes on or waits for what belongs to it: worth reading counters at each
    /// beat instead of once a second.
    pub fn is_open(&self) -> bool {
        self.stall.is_some() || self.paths.iter().any(|path| path.open.is_some())
    }

    /// The spikes that are over and fully known at `now_ns`, in the order of their beginnings.
    pub fn finished(&mut self, now_ns: u64) -> Vec<Spike> {
        let mut spikes = std::mem::take(&mut self.cut_short);
        for at in 0..self.paths.len() {
            let over = |episode: &mut Episode| is_over(episode.last_ns, now_ns);
            if let Some(episode) = self.paths[at].open.take_if(over) {
                spikes.push(self.finish(at, &episode));
            }
        }
        let over = |stall: &mut Stall| is_over(stall.window.until_ns, now_ns);
        if let Some(stall) = self.stall.take_if(over) {
            let is_told =
                |(from_ns, until_ns): &(u64, u64)| stall.window.meets(*from_ns, *until_ns);
            if !self.told.iter().any(is_told) {
                spikes.push(self.standstill(stall));
            }
        }
        spikes.sort_by_key(|spike| (spike.from_ns, spike.uplink));
        spikes
    }

    fn path(&mut self, ifindex: u32) -> Option<&mut Path> {
        let mut paths = self.paths.iter_mut();
        paths.find(|path| path.watched.ifindex == ifindex)
    }

    fn finish(&mut self, at: usize, episode: &Episode) -> Spike {
        let path = &self.paths[at];
        let watched = path.watched;
        let probes = Window {
            from_ns: episode.from_ns.saturating_sub(BEAT_NS),
            until_ns: episode.last_ns.saturating_add(BEAT_NS),
        };
        let whole = Window {
            from_ns: episode.from_ns,
            until_ns: episode.until_ns,
        };
        let sum = path.anchor.sum(probes, &episode.usual);
        let mut evidence = Evidence::default();
        evidence.set(Measure::Wireless, watched.wireless.into());
        note_gateway(path, probes, episode.gateway_usual, &sum, &mut evidence);
        self.note_others(at, probes, &mut evidence);
        self.journal.note_machine(whole, &mut evidence);
        self.journal
            .note_link(watched.ifindex, whole, &mut evidence);
        if watched.wireless {
            self.journal
                .note_radio(watched.ifindex, whole, &mut evidence);
        }
        let blame = judge(Some(sum.most_excess_ns), &evidence);
        if blame.culprit == Culprit::Device {
            self.told.push((episode.from_ns, episode.until_ns));
            let too_many = self.told.len().saturating_sub(MAX_TOLD);
            drop(self.told.drain(..too_many));
        }
        Spike {
            uplink: Some(watched.ifindex),
            from_ns: episode.from_ns,
            until_ns: episode.until_ns,
            usual_ns: Some(episode.usual.rtt_ns),
            worst_ns: sum.worst_ns,
            sent: sum.sent,
            stood_out: sum.stood_out,
            lost: sum.lost,
            blame,
            evidence,
        }
    }

    /// How the other uplinks fared meanwhile: at their gateways, where those answer.
    fn note_others(&self, at: usize, probes: Window, evidence: &mut Evidence) {
        let (mut others, mut hit) = (0, 0);
        for (other, path) in self.paths.iter().enumerate() {
            if other == at {
                continue;
            }
            let open = path.open.as_ref();
            let anchor = open.map(|episode| episode.usual);
            let anchor = anchor.or_else(|| path.anchor_baseline.usual());
            let gateway = match open {
                Some(episode) => episode.gateway_usual,
                None => path.gateway_baseline.usual(),
            };
            let sum = match (gateway, anchor) {
                (Some(usual), _) => path.gateway.sum(probes, &usual),
                (None, Some(usual)) => path.anchor.sum(probes, &usual),
                (None, None) => continue,
            };
            others += u64::from(sum.sent > 0);
            hit += u64::from(sum.stood_out > 0);
        }
        evidence.set(Measure::OtherUplinks, others);
        evidence.set(Measure::OtherUplinksHit, hit);
    }

    fn standstill(&self, stall: Stall) -> Spike {
        let mut evidence = Evidence::default();
        self.journal.note_machine(stall.window, &mut evidence);
        Spike {
            uplink: None,
            from_ns: stall.window.from_ns,
            until_ns: stall.window.until_ns,
            usual_ns: None,
            worst_ns: Some(stall.worst_ns),
            sent: 0,
            stood_out: 0,
            lost: 0,
            blame: judge(None, &evidence),
            evidence,
        }
    }
}

fn felt(rtt_ns: Option<u64>, queue_ns: u64) -> Option<u64> {
    rtt_ns.map(|rtt| rtt.saturating_add(queue_ns))
}

fn is_over(last_ns: u64, now_ns: u64) -> bool {
    now_ns.saturating_sub(last_ns) >= QUIET_NS + SETTLED_NS
}

fn note_gateway(
    path: &Path,
    probes: Window,
    usual: Option<Usual>,
    anchor: &Sum,
    evidence: &mut Evidence,
) {
    let Some(usual) = usual else { return };
    let gateway = path.gateway.sum(probes, &usual);
    // One that hardly ever answers says nothing by being silent.
    let (Some(near), Some(all)) = (gateway.mean_excess_ns(), anchor.mean_excess_ns()) else {
        return;
    };
    evidence.set(Measure::GatewaySent, gateway.sent.into());
    evidence.set(Measure::GatewayLost, gateway.lost.into());
    evidence.set(Measure::GatewayUsualNs, usual.rtt_ns);
    evidence.set_if(Measure::GatewayWorstNs, gateway.worst_ns);
    let share = near.saturating_mul(1000).checked_div(all);
    evidence.set_if(Measure::GatewaySharePermille, share);
}

impl Path {
    fn new(watched: Watched) -> Self {
        Self {
            watched,
            anchor: Series::default(),
            gateway: Series::default(),
            anchor_baseline: Baseline::default(),
            gateway_baseline: Baseline::default(),
            open: None,
        }
    }

    fn take(&mut self, at_ns: u64, rtt_ns: Option<u64>) {
        self.anchor.push(at_ns, rtt_ns);
        let until_ns = at_ns.saturating_add(rtt_ns.unwrap_or(0));
        match &mut self.open {
            Some(open) => {
                // Losses are known a second late, so the first one may come after later answers.
                let goes_on = at_ns <= open.from_ns.saturating_add(MAX_LENGTH_NS);
                if goes_on && open.usual.stands_out(rtt_ns) {
                    open.from_ns = open.from_ns.min(at_ns);
                    open.last_ns = open.last_ns.max(at_ns);
                    open.until_ns = open.until_ns.max(until_ns);
                }
            }
            none => {
                let usual = self.anchor_baseline.usual();
                if let Some(usual) = usual.filter(|usual| usual.stands_out(rtt_ns)) {
                    *none = Some(Episode {
                        from_ns: at_ns,
                        last_ns: at_ns,
                        until_ns,
                        usual,
                        gateway_usual: self.gateway_baseline.usual(),
                    });
                }
            }
        }
        self.anchor_baseline.push(rtt_ns);
    }
}

#[cfg(test)]
#[path = "observer_tests.rs"]
mod tests;
