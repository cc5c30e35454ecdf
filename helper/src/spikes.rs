//! The spikes of the last while, for listeners that come later: a window opened after the game. What
//! a spike is, is judged in the core; what is seen around it is gathered in `evenkeel_evidence`.

use std::collections::VecDeque;

use evenkeel_core::blame::{Spike, Watched};
use evenkeel_dbus::UplinkKind;
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::spikes::records;

use crate::kernel::survey::Uplink;

/// Spikes that are remembered; the oldest one goes first.
const MAX_KEPT: usize = 32;

/// See the module.
#[derive(Debug, Default)]
pub struct Kept(VecDeque<Spike>);

impl Kept {
    /// Remembers a spike; the records that tell of it.
    pub fn keep(&mut self, spike: Spike) -> Vec<Record> {
        let told = records(&spike);
        if self.0.len() == MAX_KEPT {
            let _ = self.0.pop_front();
        }
        self.0.push_back(spike);
        told
    }

    /// The records that tell of all of them, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.0.iter().flat_map(records).collect()
    }
}

/// The uplinks as they are watched.
pub fn watched(uplinks: &[Uplink]) -> Vec<Watched> {
    let watched = uplinks.iter().map(|uplink| Watched {
        ifindex: uplink.ifindex,
        wireless: uplink.kind == UplinkKind::WiFi,
    });
    watched.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::blame::{Evidence, judge};

    #[test]
    fn the_newest_are_kept_and_told_in_order() {
        let mut kept = Kept::default();
        for from_ns in 0..100 {
            let evidence = Evidence::default();
            let told = kept.keep(Spike {
                uplink: None,
                from_ns,
                until_ns: from_ns,
                usual_ns: None,
                worst_ns: None,
                sent: 0,
                stood_out: 0,
                lost: 0,
                blame: judge(None, &evidence),
                evidence,
            });
            assert_eq!(told.len(), 1);
        }
        let records = kept.records();
        assert_eq!(records.len(), MAX_KEPT);
        let oldest = 100 - MAX_KEPT as u64;
        assert!(matches!(records[0], Record::Spike { at_ns, .. } if at_ns == oldest));
    }
}
