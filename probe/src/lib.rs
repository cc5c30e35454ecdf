//! Round-trip probes bound to one uplink, timed by the kernel.
//!
//! A [`Prober`] sends ICMP echo requests (or makes TCP connections) through one interface and reports each
//! probe exactly once: answered with its round-trip time, or lost. It is for a tokio `current_thread` runtime
//! and wakes the program once per answer. It sets no pace and judges no path: the caller calls
//! [`Prober::send`] when it wants a probe, and decides what the figures mean.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use evenkeel_probe::{Config, Event, Prober};
//! let ifindex = std::num::NonZeroU32::new(2).ok_or("no such interface")?;
//! let mut prober = Prober::open(Config::new(ifindex, "192.0.2.1".parse()?))?;
//! prober.send()?;
//! match prober.event().await {
//!     Event::Reply(reply) => println!("probe {} took {} ns", reply.seq, reply.rtt_ns),
//!     Event::Lost(lost) => println!("probe {} was lost", lost.seq),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Lasting`] prober opens itself, and anew after its interface went. Several probers are awaited together
//! with [`next_event`]. Everything here is cancel-safe: a dropped future
//! loses no event.

mod error;
mod icmp;
mod lasting;
mod method;
mod packet;
mod prober;
mod tcp;
mod timing;
mod watch;
mod window;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

pub use error::{ProbeError, SendError};
pub use lasting::Lasting;
pub use method::{Method, MethodInUse, Transport, Why};
pub use prober::{Prober, next_event};
pub use timing::Clock;

/// What to probe, from where, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The interface that is probed; [`Config::exit`] says how strictly.
    pub ifindex: NonZeroU32,
    /// Who chooses the way out.
    pub exit: Exit,
    /// The address to probe. A link-local IPv6 address is taken to be on that interface.
    pub target: IpAddr,
    /// The source address; `None` lets the kernel choose anew for each probe.
    pub source: Option<IpAddr>,
    /// How to probe.
    pub method: Method,
    /// After this long without an answer a probe is lost: 10 ms to 10 s. An answer that arrived before its
    /// loss was reported still counts.
    pub timeout: Duration,
}

impl Config {
    /// ICMP with no change to TCP, bound to the interface, the kernel's choice of source, and a timeout
    /// of 1 s.
    pub fn new(ifindex: NonZeroU32, target: IpAddr) -> Self {
        Self {
            ifindex,
            exit: Exit::Interface,
            target,
            source: None,
            method: Method::Auto { tcp_port: None },
            timeout: Duration::from_secs(1),
        }
    }
}

/// Who chooses the interface that probes leave by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exit {
    /// The caller: probes leave by the interface, and answers count only if they arrive on it.
    #[default]
    Interface,
    /// The kernel's policy rules and routes, as for any program: by the source address if one is given,
    /// else as for a new flow. The interface must exist all the same, and is that of link-local addresses.
    Routed,
}

/// The end of one probe. Each successful [`Prober::send`] leads to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It was answered in time.
    Reply(Reply),
    /// It was not.
    Lost(Lost),
}

/// An answered probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// The number [`Prober::send`] gave.
    pub seq: u64,
    /// When it was sent.
    pub sent_at: Instant,
    /// Round-trip time in nanoseconds.
    pub rtt_ns: u64,
    /// Which clock measured it.
    pub clock: Clock,
    /// How long the answer had been here when this program took it, in nanoseconds; 0 where the kernel
    /// gave no stamp. It is no part of the round trip.
    pub late_ns: u64,
    /// How long the probe waited in this machine's own queue before its interface took it, in
    /// nanoseconds; 0 where the kernel gave no stamps. It is no part of the round trip either.
    pub queue_ns: u64,
    /// What carried it.
    pub transport: Transport,
}

/// A probe without an answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// The number [`Prober::send`] gave.
    pub seq: u64,
    /// When it was sent.
    pub sent_at: Instant,
    /// What carried it.
    pub transport: Transport,
}

/// What arrived but was not the first answer to a probe, counted since the prober was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Answers after their probe had been reported lost.
    pub late: u64,
    /// Second and later answers to one probe.
    pub duplicate: u64,
    /// Other programs' replies and other messages.
    pub foreign: u64,
    /// Replies whose contents do not fit a probe of ours.
    pub malformed: u64,
    /// Errors the socket reported while reading.
    pub socket_errors: u64,
}

/// The IP version of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}
