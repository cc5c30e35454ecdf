//! Probes every uplink at one pace and counts the epochs. All of it on the helper's one thread and
//! one beat, so that a round costs one wake-up and not one for each uplink. It judges nothing.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::task::Poll;
use std::time::{Duration, Instant};

use evenkeel_core::steer::Period;
use evenkeel_dbus::ProbeMethod;
use evenkeel_evidence::{Gateways, Waiting, monotonic_ns};
use evenkeel_probe::{Clock, Event, Lasting, Method, Transport};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::config::Config;
use crate::kernel::survey::Uplink;
use crate::view::Probing;

/// What the sampler heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A probe was answered, or given up after a second, or could not even be sent.
    Outcome {
        /// The uplink.
        ifindex: u32,
        /// When the probe was sent, `CLOCK_MONOTONIC` in nanoseconds.
        at_ns: u64,
        /// Its round-trip time in nanoseconds, `None` when it was lost.
        rtt_ns: Option<u64>,
        /// True when the kernel gave no timestamps for it.
        user_clock: bool,
        /// How long it waited in this machine's own queue before, in nanoseconds.
        queue_ns: u64,
        /// How long its answer waited for us, in nanoseconds.
        late_ns: u64,
    },
    /// The same for a probe to an uplink's gateway.
    Gateway(evenkeel_evidence::Outcome),
    /// A beat is over: probes have left, so much later than they should have, in nanoseconds.
    BeatEnded(u64),
    /// A second is over.
    EpochEnded,
}

/// See the module.
pub struct Sampler {
    config: Config,
    period: Period,
    probes: Vec<Probe>,
    /// The same uplinks' gateways.
    gateways: Gateways,
    /// Runs while probes are sent.
    beat: Option<Interval>,
    beats: u32,
    /// What a beat brought besides: its end, and probes that could not be sent, at most one for each
    /// uplink.
    waiting: VecDeque<Heard>,
}

/// One uplink's prober.
struct Probe {
    ifindex: u32,
    target: IpAddr,
    /// `None` where there can be no such interface.
    prober: Option<Lasting>,
}

impl Sampler {
    /// A sampler that sends nothing yet.
    pub fn new(config: Config, period: Period) -> Self {
        Self {
            config,
            period,
            probes: Vec::new(),
            gateways: Gateways::default(),
            beat: None,
            beats: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Probes these uplinks from now on; those that are probed already are not disturbed.
    pub fn start(&mut self, uplinks: &[Uplink]) {
        if self.beat.is_none() {
            let mut beat = interval(Duration::from_millis(u64::from(self.period.ms())));
            // Late beats are not caught up with: a burst of probes would measure itself.
            beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
            self.beat = Some(beat);
            self.beats = 0;
        }
        let target_of = |uplink: &Uplink| self.config.anchor(uplink.gateway_v4.is_none());
        self.probes.retain(|probe| {
            let is_it = |uplink: &Uplink| {
                uplink.ifindex == probe.ifindex && target_of(uplink) == probe.target
            };
            uplinks.iter().any(is_it)
        });
        let gateways: Vec<(u32, IpAddr)> = uplinks.iter().filter_map(gateway_of).collect();
        self.gateways.follow(&gateways);
        for uplink in uplinks {
            if self
                .probes
                .iter()
                .all(|probe| probe.ifindex != uplink.ifindex)
            {
                let (ifindex, target) = (uplink.ifindex, target_of(uplink));
                self.probes
                    .push(Probe::new(ifindex, target, self.config.tcp_port));
            }
        }
    }

    /// Sends no more probes; what is under way is forgotten.
    pub fn stop(&mut self) {
        self.probes.clear();
        self.gateways.stop();
        self.waiting.clear();
        self.beat = None;
    }

    /// True while probes are sent.
    pub fn is_running(&self) -> bool {
        self.beat.is_some()
    }

    /// How an uplink is being probed, if it is.
    pub fn probing(&self, ifindex: u32) -> Option<Probing> {
        let probe = self.probes.iter().find(|probe| probe.ifindex == ifindex)?;
        let prober = probe.prober.as_ref().and_then(Lasting::prober);
        let method = prober.map_or(ProbeMethod::None, |prober| {
            match prober.method().transport {
                Transport::IcmpDatagram => ProbeMethod::IcmpDatagram,
                Transport::IcmpRaw => ProbeMethod::IcmpRaw,
                Transport::TcpConnect => ProbeMethod::TcpConnect,
            }
        });
        Some(Probing {
            method,
            target: probe.target,
        })
    }

    /// The internet address that uplinks are probed against.
    pub fn anchor(&self, v6: bool) -> IpAddr {
        self.config.anchor(v6)
    }

    /// The TCP port asked there where ICMP is filtered.
    pub fn tcp_port(&self) -> u16 {
        self.config.tcp_port
    }

    /// Milliseconds between two probes of one uplink.
    pub fn period_ms(&self) -> u32 {
        self.period.ms()
    }

    /// The next thing heard; waits for ever while nothing is probed. Safe to cancel.
    pub async fn next(&mut self) -> Heard {
        if let Some(heard) = self.waiting.pop_front() {
            return heard;
        }
        let waiting = Waiting::begin();
        let Self {
            beat: Some(beat),
            probes,
            gateways,
            ..
        } = self
        else {
            return std::future::pending().await;
        };
        let due = tokio::select! {
            biased;
            heard = answers(probes, gateways, waiting) => return heard,
            due = beat.tick() => due,
        };
        let late_ns = waiting.late_ns(due.into_std());
        self.send_round();
        self.beats += 1;
        if self.beats >= self.period.rounds_per_epoch() {
            self.beats = 0;
            self.waiting.push_back(Heard::EpochEnded);
        }
        Heard::BeatEnded(late_ns)
    }

    fn send_round(&mut self) {
        for probe in &mut self.probes {
            self.waiting.extend(probe.send());
        }
        self.gateways.send_round();
    }
}

impl Probe {
    fn new(ifindex: u32, target: IpAddr, tcp_port: u16) -> Self {
        let prober = NonZeroU32::new(ifindex).map(|ifindex| {
            let mut config = evenkeel_probe::Config::new(ifindex, target);
            config.method = Method::Auto {
                tcp_port: Some(tcp_port),
            };
            Lasting::new(config)
        });
        Self {
            ifindex,
            target,
            prober,
        }
    }

    /// Sends; what is known at once. A probe that finds no way out is as lost as one that is never
    /// answered. One that a full queue or a firewall of this machine held up says nothing about the
    /// uplink.
    fn send(&mut self) -> Option<Heard> {
        match self.prober.as_mut()?.send() {
            Ok(true) => return None,
            Ok(false) => {}
            Err(error) => {
                log::debug!("interface {} cannot be probed: {error}", self.ifindex);
                return None;
            }
        }
        let (ifindex, at_ns) = (self.ifindex, monotonic_ns());
        Some(Heard::Outcome {
            ifindex,
            at_ns,
            rtt_ns: None,
            user_clock: false,
            queue_ns: 0,
            late_ns: 0,
        })
    }
}

/// The gateway of the family that the uplink is probed in.
fn gateway_of(uplink: &Uplink) -> Option<(u32, IpAddr)> {
    let v4 = uplink.gateway_v4.map(IpAddr::V4);
    let gateway = v4.or(uplink.gateway_v6.map(IpAddr::V6))?;
    Some((uplink.ifindex, gateway))
}

/// The next answer or loss of any uplink.
async fn answers(probes: &mut [Probe], gateways: &mut Gateways, waiting: Waiting) -> Heard {
    poll_fn(|context| {
        for probe in probes.iter_mut() {
            let Some(prober) = &mut probe.prober else {
                continue;
            };
            if let Poll::Ready(event) = prober.poll_event(context) {
                return Poll::Ready(heard(probe.ifindex, event, waiting));
            }
        }
        gateways.poll_outcome(context).map(Heard::Gateway)
    })
    .await
}

fn heard(ifindex: u32, event: Event, waiting: Waiting) -> Heard {
    let (sent_at, reply) = match event {
        Event::Reply(reply) => (reply.sent_at, Some(reply)),
        Event::Lost(lost) => (lost.sent_at, None),
    };
    let at_ns = monotonic_ns().saturating_sub(age_ns(sent_at));
    Heard::Outcome {
        ifindex,
        at_ns,
        rtt_ns: reply.map(|reply| reply.rtt_ns),
        user_clock: reply.is_some_and(|reply| reply.clock == Clock::User),
        queue_ns: reply.map_or(0, |reply| reply.queue_ns),
        late_ns: reply.map_or(0, |reply| waiting.late_for(reply.late_ns)),
    }
}

fn age_ns(moment: Instant) -> u64 {
    moment.elapsed().as_nanos() as u64
}
