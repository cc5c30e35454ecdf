//! Probes every uplink at the helper's pace and judges what comes back as the helper would, but for
//! the eye only: nothing is changed anywhere. Which links are uplinks is not asked here.

use std::future::poll_fn;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::task::Poll;
use std::time::{Duration, Instant};

use evenkeel_core::blame::Watched;
use evenkeel_core::steer::{Params, PathState, PowerCost, Sample, Steering};
use evenkeel_core::uplink::ANCHOR_TCP_PORT;
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::spikes;
use evenkeel_dbus::{ProbeMethod, UplinkInfo, UplinkKind, UplinkState};
use evenkeel_evidence::{Gateways, Outcome, Waiting, Witness, monotonic_ns};
use evenkeel_probe::{Clock, Config, Event, Lasting, Method, Reply, Transport};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::Target;

/// Records that wait to be shown, at most; a window that takes none has stopped looking.
const MAX_RECORDS: usize = 4096;

/// See the module.
pub struct Pulse {
    steering: Steering,
    probes: Vec<Probe>,
    gateways: Gateways,
    /// Looks at the kernel beside the probes, and tells of spikes.
    witness: Witness,
    beat: Interval,
    beats: u32,
    records: Vec<Record>,
}

struct Probe {
    ifindex: u32,
    target: IpAddr,
    /// `None` where there can be no such interface.
    prober: Option<Lasting>,
}

impl Default for Pulse {
    fn default() -> Self {
        let params = Params::default();
        let mut beat = interval(Duration::from_millis(u64::from(params.period.ms())));
        // Late beats are not caught up with: a burst of probes would measure itself.
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Self {
            steering: fresh(params, 0),
            probes: Vec::new(),
            gateways: Gateways::default(),
            witness: Witness::default(),
            beat,
            beats: 0,
            records: Vec::new(),
        }
    }
}

/// None of the paths is known yet. There are never more than the core takes.
fn fresh(params: Params, paths: usize) -> Steering {
    Steering::new(params, &vec![PowerCost::NEUTRAL; paths]).unwrap_or_else(|_| fresh(params, 0))
}

impl Pulse {
    /// Probes these uplinks from now on; what is known of those that stay is kept.
    pub fn follow(&mut self, uplinks: &[UplinkInfo], target: Target) {
        let target = |uplink: &UplinkInfo| -> IpAddr {
            let has = |mark: char| uplink.gateways.iter().any(|one| one.contains(mark));
            target.address(has('.'), has(':'))
        };
        let mut old: Vec<_> = std::mem::take(&mut self.probes)
            .into_iter()
            .map(Some)
            .collect();
        let mut from = Vec::new();
        for uplink in uplinks {
            let target = target(uplink);
            let same = |probe: &Option<Probe>| {
                let probe = probe.as_ref();
                probe.is_some_and(|one| one.ifindex == uplink.ifindex && one.target == target)
            };
            let known = old.iter().position(same);
            let kept = known.and_then(|index| old[index].take());
            from.push(known);
            self.probes
                .push(kept.unwrap_or_else(|| Probe::new(uplink.ifindex, target)));
        }
        if self.steering.rearrange(&from).is_err() {
            self.steering = fresh(self.steering.params(), self.probes.len());
        }
        let gateways: Vec<(u32, IpAddr)> = uplinks.iter().filter_map(gateway_of).collect();
        self.gateways.follow(&gateways);
        let watched: Vec<Watched> = uplinks.iter().map(watched).collect();
        self.witness.follow(&watched);
    }

    /// Adds what is known of their probes to `uplinks`.
    pub fn describe(&self, uplinks: &mut [UplinkInfo]) {
        for uplink in uplinks {
            let at = self.probes.iter().position(|p| p.ifindex == uplink.ifindex);
            let Some(at) = at else { continue };
            let probe = &self.probes[at];
            uplink.target = probe.target.to_string();
            let prober = probe.prober.as_ref().and_then(Lasting::prober);
            let method = prober.map_or(ProbeMethod::None, |prober| {
                match prober.method().transport {
                    Transport::IcmpDatagram => ProbeMethod::IcmpDatagram,
                    Transport::IcmpRaw => ProbeMethod::IcmpRaw,
                    Transport::TcpConnect => ProbeMethod::TcpConnect,
                }
            });
            uplink.method = method.to_wire();
            uplink.leader = self.steering.leader() == Some(at);
            if let Ok(view) = self.steering.view(at) {
                uplink.state = state(view.state).to_wire();
                uplink.rtt_ns = view.level_ns.unwrap_or(0);
                uplink.jitter_ns = view.fast_jitter_ns;
                uplink.slow_jitter_ns = view.slow_jitter_ns;
            }
        }
    }

    /// What was heard since the last call.
    pub fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }

    /// Goes on until a beat is over; true when the steadiest uplink or an uplink's life changed.
    /// Waits for ever without uplinks. Safe to cancel.
    pub async fn beat(&mut self) -> bool {
        if self.probes.is_empty() {
            return std::future::pending().await;
        }
        loop {
            let waiting = Waiting::begin();
            tokio::select! {
                biased;
                (index, event) = answers(&mut self.probes) => self.take(index, event, waiting),
                outcome = poll_fn(|context| self.gateways.poll_outcome(context)) => {
                    self.take_gateway(outcome);
                }
                due = self.beat.tick() => {
                    self.witness.late(waiting.late_ns(due.into_std()));
                    return self.end_beat();
                }
                () = self.witness.next() => {}
            }
        }
    }

    fn take(&mut self, index: usize, event: Event, waiting: Waiting) {
        let (sent_at, reply) = match event {
            Event::Reply(reply) => (reply.sent_at, Some(reply)),
            Event::Lost(lost) => (lost.sent_at, None),
        };
        let late_ns = reply.map_or(0, |reply| waiting.late_for(reply.late_ns));
        self.note(index, age_before_now(sent_at), reply, late_ns);
    }

    fn take_gateway(&mut self, outcome: Outcome) {
        self.witness.gateway(outcome);
        self.record(Record::Gateway {
            ifindex: outcome.ifindex,
            at_ns: outcome.at_ns,
            rtt_ns: outcome.rtt_ns,
        });
    }

    fn note(&mut self, index: usize, at_ns: u64, reply: Option<Reply>, late_ns: u64) {
        let rtt_ns = reply.map(|reply| reply.rtt_ns);
        let _ = self.steering.sample(index, Sample::from(rtt_ns));
        let ifindex = self.probes[index].ifindex;
        let outcome = Outcome {
            ifindex,
            at_ns,
            rtt_ns,
            queue_ns: reply.map_or(0, |reply| reply.queue_ns),
        };
        self.witness.anchor(outcome, late_ns);
        self.record(Record::Sample {
            ifindex,
            at_ns,
            rtt_ns,
            user_clock: reply.is_some_and(|reply| reply.clock == Clock::User),
        });
    }

    fn record(&mut self, record: Record) {
        if self.records.len() < MAX_RECORDS {
            self.records.push(record);
        }
    }

    fn end_beat(&mut self) -> bool {
        for index in 0..self.probes.len() {
            if self.probes[index].send() {
                self.note(index, monotonic_ns(), None, 0);
            }
        }
        self.gateways.send_round();
        for spike in self.witness.beat() {
            for record in spikes::records(&spike) {
                self.record(record);
            }
        }
        self.beats += 1;
        let mut changed = self.steering.settle().leader_changed;
        if self.beats >= self.steering.params().period.rounds_per_epoch() {
            self.beats = 0;
            changed |= self.steering.end_epoch().leader_changed;
            self.estimate();
        }
        changed
    }

    fn estimate(&mut self) {
        let at_ns = monotonic_ns();
        for index in 0..self.probes.len() {
            let Ok(view) = self.steering.view(index) else {
                continue;
            };
            self.record(Record::Estimate {
                ifindex: self.probes[index].ifindex,
                at_ns,
                state: state(view.state),
                share_permille: 0,
                rtt_ns: view.level_ns.unwrap_or(0),
                jitter_ns: view.fast_jitter_ns,
                slow_jitter_ns: view.slow_jitter_ns,
            });
        }
    }
}

impl Probe {
    fn new(ifindex: u32, target: IpAddr) -> Self {
        let prober = NonZeroU32::new(ifindex).map(|ifindex| {
            let mut config = Config::new(ifindex, target);
            config.method = Method::Auto {
                tcp_port: Some(ANCHOR_TCP_PORT),
            };
            Lasting::new(config)
        });
        Self {
            ifindex,
            target,
            prober,
        }
    }

    /// Sends a probe; true when none could leave because there is no way out, which is as bad as
    /// one that is never answered.
    fn send(&mut self) -> bool {
        let Some(prober) = &mut self.prober else {
            return false;
        };
        match prober.send() {
            Ok(sent) => !sent,
            Err(error) => {
                log::debug!("interface {} cannot be probed: {error}", self.ifindex);
                false
            }
        }
    }
}

/// The next answer or loss of any uplink, with the uplink's place.
async fn answers(probes: &mut [Probe]) -> (usize, Event) {
    poll_fn(|context| {
        for (index, probe) in probes.iter_mut().enumerate() {
            let Some(prober) = &mut probe.prober else {
                continue;
            };
            if let Poll::Ready(event) = prober.poll_event(context) {
                return Poll::Ready((index, event));
            }
        }
        Poll::Pending
    })
    .await
}

fn state(state: PathState) -> UplinkState {
    match state {
        PathState::Warming => UplinkState::Warming,
        PathState::Alive => UplinkState::Alive,
        PathState::Dead => UplinkState::Dead,
        PathState::Gone => UplinkState::Gone,
    }
}

/// The gateway of the family that the uplink is probed in.
fn gateway_of(uplink: &UplinkInfo) -> Option<(u32, IpAddr)> {
    let gateways = uplink.gateways.iter();
    let gateways = gateways.filter_map(|gateway| gateway.parse::<IpAddr>().ok());
    let best = gateways.min_by_key(IpAddr::is_ipv6)?;
    Some((uplink.ifindex, best))
}

fn watched(uplink: &UplinkInfo) -> Watched {
    Watched {
        ifindex: uplink.ifindex,
        wireless: UplinkKind::from_wire(uplink.kind) == UplinkKind::WiFi,
    }
}

fn age_before_now(moment: Instant) -> u64 {
    monotonic_ns().saturating_sub(moment.elapsed().as_nanos() as u64)
}
