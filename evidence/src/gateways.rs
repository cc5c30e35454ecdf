//! Probes the gateway of every uplink, at the pace of whoever calls. A gateway that never answers is
//! asked less often. Nothing is judged.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::task::{Context, Poll};
use std::time::Instant;

use evenkeel_probe::{Config, Event, Lasting};

use crate::clock::monotonic_ns;

/// Unanswered in a row, a gateway is taken for one that doesn't answer such probes: five seconds' worth
/// at the usual pace, so that an outage is seen for what it is first.
const SILENT_AFTER: u32 = 25;
/// Then it is asked this seldom: once in ten seconds at the usual pace.
const SELDOM: u32 = 50;

/// The outcome of one probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The uplink.
    pub ifindex: u32,
    /// When it was sent, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// Its round-trip time; `None` when it was lost.
    pub rtt_ns: Option<u64>,
    /// How long it waited in this machine's own queue before.
    pub queue_ns: u64,
}

/// See the module.
#[derive(Default)]
pub struct Gateways {
    probes: Vec<Probe>,
    unsent: Vec<Outcome>,
}

struct Probe {
    ifindex: u32,
    gateway: IpAddr,
    /// `None` where there can be no such interface.
    prober: Option<Lasting>,
    pace: Pace,
}

/// When a gateway is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Pace {
    unanswered: u32,
    passed_over: u32,
}

impl Pace {
    /// Whether this round asks.
    fn is_due(&mut self) -> bool {
        if self.unanswered < SILENT_AFTER {
            return true;
        }
        self.passed_over += 1;
        let due = self.passed_over >= SELDOM;
        if due {
            self.passed_over = 0;
        }
        due
    }

    fn learn(&mut self, answered: bool) {
        if answered {
            *self = Self::default();
        } else {
            self.unanswered = self.unanswered.saturating_add(1);
        }
    }
}

impl Gateways {
    /// Probes these gateways from now on; those that are probed already are not disturbed.
    pub fn follow(&mut self, gateways: &[(u32, IpAddr)]) {
        let is_wanted = |probe: &Probe| gateways.contains(&(probe.ifindex, probe.gateway));
        self.probes.retain(is_wanted);
        for (ifindex, gateway) in gateways {
            if !self.probes.iter().any(|probe| probe.ifindex == *ifindex) {
                self.probes.push(Probe {
                    ifindex: *ifindex,
                    gateway: *gateway,
                    prober: NonZeroU32::new(*ifindex)
                        .map(|ifindex| Lasting::new(Config::new(ifindex, *gateway))),
                    pace: Pace::default(),
                });
            }
        }
    }

    /// Forgets everything; what is under way is not told any more.
    pub fn stop(&mut self) {
        self.probes.clear();
        self.unsent.clear();
    }

    /// Sends a probe to each gateway that is due.
    pub fn send_round(&mut self) {
        for probe in &mut self.probes {
            if probe.pace.is_due() && probe.send() {
                probe.pace.learn(false);
                self.unsent.push(Outcome {
                    ifindex: probe.ifindex,
                    at_ns: monotonic_ns(),
                    rtt_ns: None,
                    queue_ns: 0,
                });
            }
        }
    }

    /// The next outcome of any of them.
    pub fn poll_outcome(&mut self, context: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.unsent.pop() {
            return Poll::Ready(outcome);
        }
        for probe in &mut self.probes {
            let Some(prober) = &mut probe.prober else {
                continue;
            };
            if let Poll::Ready(event) = prober.poll_event(context) {
                let outcome = outcome(probe.ifindex, event);
                probe.pace.learn(outcome.rtt_ns.is_some());
                return Poll::Ready(outcome);
            }
        }
        Poll::Pending
    }
}

impl Probe {
    /// Sends; true when there is no way out, which is as bad as no answer.
    fn send(&mut self) -> bool {
        let Some(prober) = &mut self.prober else {
            return false;
        };
        match prober.send() {
            Ok(sent) => !sent,
            Err(error) => {
                let ifindex = self.ifindex;
                log::debug!("the gateway of interface {ifindex} cannot be probed: {error}");
                false
            }
        }
    }
}

fn outcome(ifindex: u32, event: Event) -> Outcome {
    let (sent_at, rtt_ns, queue_ns) = match event {
        Event::Reply(reply) => (reply.sent_at, Some(reply.rtt_ns), reply.queue_ns),
        Event::Lost(lost) => (lost.sent_at, None, 0),
    };
    Outcome {
        ifindex,
        at_ns: monotonic_ns().saturating_sub(age_ns(sent_at)),
        rtt_ns,
        queue_ns,
    }
}

fn age_ns(moment: Instant) -> u64 {
    moment.elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_that_never_answers_is_asked_seldom_until_it_does() {
        let mut pace = Pace::default();
        let mut asked = |rounds: u32, answers: bool| {
            let mut asked = 0;
            for _ in 0..rounds {
                if pace.is_due() {
                    asked += 1;
                    pace.learn(answers);
                }
            }
            asked
        };
        assert_eq!(asked(SILENT_AFTER, false), SILENT_AFTER);
        assert_eq!(asked(SELDOM * 4, false), 4);
        assert_eq!(asked(SELDOM, true), 1);
        assert_eq!(asked(100, true), 100);
    }
}
