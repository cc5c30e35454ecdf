//! Stepping the read-out along the graph: a step that would pass a spike ends on it. Pure.

use crate::spikes::Spikes;
use crate::ui::chart::middle_ns;

/// The moment one step of `by_ns` from `at_ns` leads to.
pub fn step(at_ns: u64, by_ns: i64, spikes: &Spikes) -> u64 {
    let to_ns = at_ns.saturating_add_signed(by_ns);
    let (low, high) = (at_ns.min(to_ns), at_ns.max(to_ns));
    // What overlaps reaches further than what has its middle there.
    let passed = spikes
        .between(low, high)
        .map(middle_ns)
        .filter(|middle_ns| *middle_ns > low && *middle_ns < high);
    let nearest = passed.min_by_key(|middle_ns| middle_ns.abs_diff(at_ns));
    nearest.unwrap_or(to_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::blame::{Blame, Culprit, Evidence, Rule, Spike};
    use evenkeel_dbus::spikes::records;

    fn spikes() -> Spikes {
        let mut spikes = Spikes::default();
        for from_ns in [1_000, 1_030, 5_000] {
            let spike = Spike {
                uplink: Some(3),
                from_ns,
                until_ns: from_ns + 20,
                usual_ns: None,
                worst_ns: None,
                sent: 1,
                stood_out: 1,
                lost: 1,
                blame: Blame {
                    culprit: Culprit::Line,
                    rule: Rule::Near,
                },
                evidence: Evidence::default(),
            };
            for record in records(&spike) {
                let _ = spikes.take(&record);
            }
        }
        spikes
    }

    #[test]
    fn every_spike_on_the_way_is_stepped_on_once_and_none_holds_the_read_out() {
        let spikes = spikes();
        for (by_ns, way) in [
            (
                1_000,
                vec![500, 1_010, 1_040, 2_040, 3_040, 4_040, 5_010, 6_010],
            ),
            (
                -1_000,
                vec![5_500, 5_010, 4_010, 3_010, 2_010, 1_040, 1_010, 10],
            ),
        ] {
            for pair in way.windows(2) {
                assert_eq!(step(pair[0], by_ns, &spikes), pair[1]);
            }
        }
        assert_eq!(step(10, -1_000, &spikes), 0);
    }
}
