//! A finished spike: when, how bad, whose fault, and what was seen. Only a value.

use super::evidence::Evidence;
use super::rules::Blame;

/// A time in which probes stood out from what is usual for their path, or in which this machine was
/// too busy to take their answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spike {
    /// The uplink's ifindex; `None` when the whole machine stood still and the network did not.
    pub uplink: Option<u32>,
    /// When the first probe that stood out was sent, `CLOCK_MONOTONIC` in nanoseconds.
    pub from_ns: u64,
    /// When the last of them was answered, or sent if it was lost.
    pub until_ns: u64,
    /// The path's usual round trip before it, in nanoseconds; `None` for a machine's standstill.
    pub usual_ns: Option<u64>,
    /// The longest round trip in it; `None` when none was answered. For a machine's standstill: how
    /// late it woke up.
    pub worst_ns: Option<u64>,
    /// Probes sent to the anchor from the first that stood out to the last.
    pub sent: u32,
    /// Those of them that stood out, lost ones included.
    pub stood_out: u32,
    /// Those of them that were lost.
    pub lost: u32,
    /// Whose fault it was.
    pub blame: Blame,
    /// What was seen.
    pub evidence: Evidence,
}

impl Spike {
    /// How long it lasted, in nanoseconds.
    pub fn length_ns(&self) -> u64 {
        self.until_ns.saturating_sub(self.from_ns)
    }

    /// Whether it has any moment in common with `from_ns..=until_ns`.
    pub fn overlaps(&self, from_ns: u64, until_ns: u64) -> bool {
        self.from_ns <= until_ns && from_ns <= self.until_ns
    }
}
