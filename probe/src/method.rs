//! Which way to probe: what the caller may ask for, what is in use and why, and when `Auto` changes its mind.
//! Not for sockets: decisions are made from counts alone.

use std::fmt;

/// The caller's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// ICMP echo; fails to open where neither kind of ICMP socket is allowed.
    Icmp,
    /// ICMP echo through a raw socket, even where a datagram socket is allowed (needs `CAP_NET_RAW`).
    IcmpRaw,
    /// A TCP connection attempt per probe, to this port (1..=65535).
    Tcp {
        /// The target's port.
        port: u16,
    },
    /// ICMP echo; changes to TCP connections where ICMP is forbidden here, or goes unanswered while TCP is answered.
    Auto {
        /// The port for TCP (1..=65535); `None` never changes to TCP.
        tcp_port: Option<u16>,
    },
}

/// What carries the probes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// ICMP echo through a datagram socket; needs no privilege where `ping_group_range` allows it.
    IcmpDatagram,
    /// ICMP echo through a raw socket (`CAP_NET_RAW`).
    IcmpRaw,
    /// A TCP connection attempt per probe.
    TcpConnect,
}

/// Why that transport is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The caller asked for it.
    Requested,
    /// It is the first choice of `Auto` or `Icmp`.
    Preferred,
    /// `net.ipv4.ping_group_range` forbids ICMP datagram sockets to this process.
    DatagramForbidden,
    /// Neither kind of ICMP socket is allowed to this process.
    IcmpForbidden,
    /// ICMP echo went unanswered while TCP connections were answered.
    IcmpUnanswered,
    /// TCP connections went unanswered as well, so ICMP is tried again.
    TcpUnanswered,
}

/// The transport in use and the reason for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodInUse {
    /// What carries the probes.
    pub transport: Transport,
    /// Why.
    pub why: Why,
}

impl fmt::Display for MethodInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::IcmpDatagram => "ICMP echo (datagram socket)",
            Transport::IcmpRaw => "ICMP echo (raw socket)",
            Transport::TcpConnect => "TCP connect",
        };
        let why = match self.why {
            Why::Requested => "as requested",
            Why::Preferred => "the first choice",
            Why::DatagramForbidden => "ping_group_range forbids ICMP datagram sockets",
            Why::IcmpForbidden => "ICMP sockets are not allowed to this process",
            Why::IcmpUnanswered => "ICMP echo goes unanswered, TCP is answered",
            Why::TcpUnanswered => "TCP stopped being answered, ICMP is tried again",
        };
        write!(f, "{transport}: {why}")
    }
}

/// ICMP losses in a row before TCP is tried beside it.
pub(crate) const ICMP_LOSSES_BEFORE_TRIAL: u32 = 5;
/// TCP answers during a trial, with no ICMP answer among them, before TCP takes over.
pub(crate) const TCP_ANSWERS_TO_CHANGE: u32 = 3;
/// TCP losses in a row before ICMP gets another chance.
pub(crate) const TCP_LOSSES_TO_RETURN: u32 = 5;

/// What `Auto` sends each round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// ICMP only.
    Icmp,
    /// ICMP, which counts, and TCP beside it, which only shows whether the path is up.
    Trial,
    /// TCP only.
    Tcp,
}

/// What became of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    IcmpAnswered,
    IcmpLost,
    TcpAnswered,
    TcpLost,
}

/// `Auto`'s memory. An outage loses both kinds, so it never causes a change; only TCP answers do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fallback {
    phase: Phase,
    /// Consecutive outcomes that argue for leaving the phase.
    run: u32,
}

impl Fallback {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Icmp,
            run: 0,
        }
    }

    pub(crate) fn phase(self) -> Phase {
        self.phase
    }

    /// The state after one more outcome.
    pub(crate) fn after(self, outcome: Outcome) -> Self {
        use Outcome::{IcmpAnswered, IcmpLost, TcpAnswered, TcpLost};
        let more = self.run.saturating_add(1);
        let (phase, run) = match (self.phase, outcome) {
            (Phase::Icmp | Phase::Trial, IcmpAnswered) => (Phase::Icmp, 0),
            (Phase::Icmp, IcmpLost) if more >= ICMP_LOSSES_BEFORE_TRIAL => (Phase::Trial, 0),
            (Phase::Icmp, IcmpLost) => (Phase::Icmp, more),
            (Phase::Trial, TcpAnswered) if more >= TCP_ANSWERS_TO_CHANGE => (Phase::Tcp, 0),
            (Phase::Trial, TcpAnswered) => (Phase::Trial, more),
            (Phase::Trial, TcpLost) => (Phase::Trial, 0),
            (Phase::Tcp, TcpLost) if more >= TCP_LOSSES_TO_RETURN => (Phase::Trial, 0),
            (Phase::Tcp, TcpLost) => (Phase::Tcp, more),
            (Phase::Tcp, TcpAnswered) => (Phase::Tcp, 0),
            // Stragglers of the phase before.
            (Phase::Icmp, TcpAnswered | TcpLost)
            | (Phase::Trial, IcmpLost)
            | (Phase::Tcp, IcmpAnswered | IcmpLost) => (self.phase, self.run),
        };
        Self { phase, run }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{IcmpAnswered, IcmpLost, TcpAnswered, TcpLost};
    use super::*;
    use proptest::prelude::*;

    fn after(outcomes: &[Outcome]) -> Phase {
        outcomes
            .iter()
            .fold(Fallback::new(), |f, &o| f.after(o))
            .phase()
    }

    fn filtered() -> Vec<Outcome> {
        let mut o = vec![IcmpLost; ICMP_LOSSES_BEFORE_TRIAL as usize];
        o.extend([TcpAnswered, IcmpLost, TcpAnswered, IcmpLost, TcpAnswered]);
        o
    }

    #[test]
    fn icmp_filtered_while_tcp_answers_changes_to_tcp() {
        assert_eq!(after(&[IcmpLost; 4]), Phase::Icmp);
        assert_eq!(after(&[IcmpLost; 5]), Phase::Trial);
        assert_eq!(after(&filtered()), Phase::Tcp);
    }

    #[test]
    fn an_outage_of_any_length_does_not_change_the_transport() {
        let mut outage = vec![IcmpLost; 5];
        outage.extend([IcmpLost, TcpLost].repeat(500));
        assert_eq!(after(&outage), Phase::Trial);
        outage.push(IcmpAnswered);
        assert_eq!(after(&outage), Phase::Icmp);
    }

    #[test]
    fn one_icmp_answer_during_the_trial_ends_it() {
        let mut o = vec![IcmpLost; 5];
        o.extend([TcpAnswered, TcpAnswered, IcmpAnswered, TcpAnswered]);
        assert_eq!(after(&o), Phase::Icmp);
    }

    #[test]
    fn answers_of_tcp_must_come_in_a_row() {
        let mut o = vec![IcmpLost; 5];
        o.extend([TcpAnswered, TcpAnswered, TcpLost, TcpAnswered, TcpAnswered]);
        assert_eq!(after(&o), Phase::Trial);
    }

    #[test]
    fn tcp_going_silent_gives_icmp_another_chance() {
        let mut o = filtered();
        o.extend([TcpLost; 4]);
        assert_eq!(after(&o), Phase::Tcp);
        o.push(TcpLost);
        assert_eq!(after(&o), Phase::Trial);
    }

    proptest! {
        #[test]
        fn tcp_is_never_chosen_without_three_tcp_answers(outcomes in proptest::collection::vec(0..3u8, 0..100)) {
            let o: Vec<_> = outcomes.iter().map(|n| [IcmpAnswered, IcmpLost, TcpLost][usize::from(*n)]).collect();
            prop_assert_ne!(after(&o), Phase::Tcp);
        }
    }
}
