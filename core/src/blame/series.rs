//! The newest outcomes of one path with their times, bounded, and what they amount to in a window.

use std::collections::VecDeque;

use super::baseline::Usual;
use super::journal::Window;

/// Outcomes kept: twice as long as a spike can be, at the fastest pace that probes are sent.
const MOST: usize = 512;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Series(VecDeque<(u64, Option<u64>)>);

/// What the outcomes in a window amount to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) sent: u32,
    pub(super) lost: u32,
    pub(super) stood_out: u32,
    /// Those that say something: all but losses where losses are usual.
    pub(super) telling: u32,
    pub(super) worst_ns: Option<u64>,
    /// The sum of all excesses over the usual, and the largest one.
    pub(super) excess_ns: u64,
    pub(super) most_excess_ns: u64,
}

impl Sum {
    /// The mean excess of a probe; `None` when no probe says anything.
    pub(super) fn mean_excess_ns(&self) -> Option<u64> {
        self.excess_ns.checked_div(u64::from(self.telling))
    }
}

impl Series {
    pub(super) fn push(&mut self, at_ns: u64, rtt_ns: Option<u64>) {
        if self.0.len() == MOST {
            let _ = self.0.pop_front();
        }
        self.0.push_back((at_ns, rtt_ns));
    }

    /// Sums up the probes sent in the window, seen from what was usual before.
    pub(super) fn sum(&self, window: Window, usual: &Usual) -> Sum {
        let mut sum = Sum::default();
        for (at_ns, rtt_ns) in &self.0 {
            if !(window.from_ns..=window.until_ns).contains(at_ns) {
                continue;
            }
            let excess = usual.excess_ns(*rtt_ns);
            sum.sent += 1;
            sum.lost += u32::from(rtt_ns.is_none());
            sum.stood_out += u32::from(usual.stands_out(*rtt_ns));
            sum.telling += u32::from(rtt_ns.is_some() || !usual.lossy);
            sum.worst_ns = sum.worst_ns.max(*rtt_ns);
            sum.excess_ns = sum.excess_ns.saturating_add(excess);
            sum.most_excess_ns = sum.most_excess_ns.max(excess);
        }
        sum
    }
}
