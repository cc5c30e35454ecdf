//! Populations of real flows in a lab, and the census of what a change of routes did to them: which
//! stayed, which moved to another uplink, which died, and where new ones go. It changes no route.
//!
//! A flow's uplink is known by the public address that the server reports, so a flow that left by
//! the wrong uplink shows: with another address it has *moved*; with its old address there the
//! router drops it, and it is *dead*.
//!
//! ```no_run
//! use std::time::Duration;
//! use evenkeel_lab::flows::{Family, Flows, Kind, Pace};
//! # use evenkeel_lab::{Lab, LabSpec, LabError};
//! # fn main() -> Result<(), LabError> {
//! let lab = Lab::start(&LabSpec::default())?;
//! let flows = Flows::start(&lab)?;
//! flows.open(Kind::UdpWildcard, Family::V4, 200, Pace::Every(Duration::from_secs(1)))?;
//! // ... change routes ...
//! for census in flows.census() {
//!     assert_eq!((census.moved, census.dead), (0, 0));
//! }
//! let new = flows.fresh(Kind::Tcp, Family::V6, 2000)?;
//! assert!(new.part("usb0") > 0.97);
//! # Ok(()) }
//! ```

mod exchange;
mod flow;
mod population;
pub mod server;
mod target;
pub mod warm;
pub mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

pub use exchange::{PATIENCE, TRIES};
pub use population::Flows;

/// How a flow's socket was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A TCP connection.
    Tcp,
    /// UDP, `connect`ed: the kernel chose its source once.
    UdpConnected,
    /// UDP, bound to no address, `sendto`: the kernel chooses the source of every packet.
    UdpWildcard,
    /// UDP, bound to an uplink's own address, `sendto`. A population alternates over the uplinks.
    UdpBound,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::Tcp,
        Self::UdpConnected,
        Self::UdpWildcard,
        Self::UdpBound,
    ];
}

/// The Internet Protocol's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::V4, Self::V6];

    /// 4 or 6.
    pub const fn number(self) -> u32 {
        match self {
            Self::V4 => 4,
            Self::V6 => 6,
        }
    }
}

/// What a flow does between censuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Nothing.
    Quiet,
    /// An exchange each interval; the flows of a population spread over it.
    Every(Duration),
}

/// What became of the flows of one kind and family since they were opened (or since
/// [`Flows::settle`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Census {
    /// The kind.
    pub kind: Kind,
    /// The family.
    pub family: Family,
    /// Answered, and every answer so far showed the first one's uplink.
    pub unchanged: usize,
    /// Answered, but this answer or one before it showed another uplink.
    pub moved: usize,
    /// No answer to [`TRIES`] questions, or the connection was reset.
    pub dead: usize,
}

impl Census {
    /// Its flows.
    pub fn total(&self) -> usize {
        self.unchanged + self.moved + self.dead
    }
}

/// Where flows went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shares {
    /// The kind.
    pub kind: Kind,
    /// The family.
    pub family: Family,
    /// Flows per uplink; each uplink of the lab has an entry.
    pub by_uplink: BTreeMap<&'static str, usize>,
    /// Flows that could not be opened or got no answer.
    pub failed: usize,
}

impl Shares {
    /// The flows that took `uplink`.
    pub fn on(&self, uplink: &str) -> usize {
        self.by_uplink.get(uplink).copied().unwrap_or_default()
    }

    /// All flows, failed ones too.
    pub fn total(&self) -> usize {
        self.by_uplink.values().sum::<usize>() + self.failed
    }

    /// The part of all flows that took `uplink`, 0 to 1.
    pub fn part(&self, uplink: &str) -> f64 {
        self.on(uplink) as f64 / self.total().max(1) as f64
    }
}
