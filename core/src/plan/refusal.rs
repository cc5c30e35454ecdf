//! Why a family is left as it is, in words and as a number.

use std::error::Error;
use std::fmt;

use super::model::Prefix;
use super::numbers::{MAX_SOURCES, SLOTS};

/// The longest text of somebody else's that a refusal repeats, in characters.
const QUOTE: usize = 160;

/// Why there is no plan for a family. Nothing is changed in it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no default route at all.
    NoDefault,
    /// The best default leads nowhere (`unreachable`, `blackhole`).
    DefaultNowhere,
    /// The best default has several nexthops already, and not from routers' advertisements. It is the
    /// user's own and is steered in place, without a plan.
    AlreadyMultipath,
    /// The best default leaves by something that is no uplink: a VPN, as a rule.
    ForeignDefault {
        /// The interface it leaves by.
        ifindex: u32,
    },
    /// Somebody else's policy rules might send packets past ours, or ours past theirs.
    ForeignRules {
        /// The first of them, in the words of `ip rule`.
        first: String,
        /// How many there are.
        count: usize,
    },
    /// Somebody else uses numbers of ours.
    NumbersTaken {
        /// The first use, in words.
        first: String,
        /// How many there are.
        count: usize,
    },
    /// There is nothing to choose between.
    OneUplink {
        /// The only uplink.
        ifindex: u32,
    },
    /// There are more uplinks than tables for them. Leaving one out would let its running
    /// connections follow the new default.
    ManyUplinks {
        /// How many there are.
        count: usize,
    },
    /// The uplink in use has no address that packets could come from.
    NoAddress {
        /// The uplink.
        ifindex: u32,
    },
    /// An uplink has more addresses than source rules are made for.
    ManyAddresses {
        /// The uplink.
        ifindex: u32,
        /// How many rules it would take.
        count: usize,
    },
    /// Two uplinks are in networks that share addresses: neither the kernel nor we could tell
    /// whose neighbour one of those is.
    SameSubnet {
        /// The two uplinks, the smaller ifindex first.
        ifindexes: (u32, u32),
        /// The network of the first that overlaps one of the second's.
        network: Prefix,
    },
    /// No smaller metric is left for a default route to stand before the system's.
    MetricTooSmall {
        /// The metric of the system's best default.
        metric: u32,
    },
}

impl Refusal {
    /// Its number on the bus. A number never changes its meaning, and none is used again.
    pub fn code(&self) -> u32 {
        match self {
            Self::NoDefault => 1,
            Self::DefaultNowhere => 2,
            Self::AlreadyMultipath => 3,
            Self::ForeignDefault { .. } => 4,
            Self::ForeignRules { .. } => 5,
            Self::NumbersTaken { .. } => 6,
            Self::OneUplink { .. } => 7,
            Self::ManyUplinks { .. } => 8,
            Self::NoAddress { .. } => 9,
            Self::ManyAddresses { .. } => 10,
            Self::SameSubnet { .. } => 11,
            Self::MetricTooSmall { .. } => 12,
        }
    }

    /// It in a sentence, with what `name` calls an interface.
    pub fn words(&self, name: &dyn Fn(u32) -> String) -> String {
        match self {
            Self::NoDefault => "There is no default route.".into(),
            Self::DefaultNowhere => {
                "The default route leads nowhere (unreachable or blackhole).".into()
            }
            Self::AlreadyMultipath => {
                "The default route already has several nexthops; its weights are steered in place."
                    .into()
            }
            Self::ForeignDefault { ifindex } => format!(
                "The default route leaves by {}, which is not a physical uplink (a VPN?).",
                name(*ifindex)
            ),
            Self::ForeignRules { first, count } => format!(
                "There are policy rules of somebody else's: {}{}.",
                quoted(first),
                others(*count)
            ),
            Self::NumbersTaken { first, count } => format!(
                "Somebody else uses Evenkeel's numbers: {}{}.",
                quoted(first),
                others(*count)
            ),
            Self::OneUplink { ifindex } => format!(
                "{} is the only uplink with a default route of its own.",
                name(*ifindex)
            ),
            Self::ManyUplinks { count } => {
                format!("There are {count} uplinks; at most {SLOTS} are handled.")
            }
            Self::NoAddress { ifindex } => {
                format!("{}, the uplink in use, has no address.", name(*ifindex))
            }
            Self::ManyAddresses { ifindex, count } => format!(
                "{} has addresses for {count} source rules; at most {MAX_SOURCES} are made.",
                name(*ifindex)
            ),
            Self::SameSubnet {
                ifindexes: (one, other),
                network,
            } => format!(
                "{} and {} are in the same network, {network}.",
                name(*one),
                name(*other)
            ),
            Self::MetricTooSmall { metric } => format!(
                "The default route has metric {metric}; no smaller one is left to go before it."
            ),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(&|ifindex| format!("Interface {ifindex}")))
    }
}

impl Error for Refusal {}

/// `text` on one line, cut to [`QUOTE`] characters.
fn quoted(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut cut: String = chars.by_ref().take(QUOTE).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}

fn others(count: usize) -> String {
    match count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}
