//! What is usual for one path, by itself: no other path and no fixed number of milliseconds says
//! whether 60 ms are a spike. It remembers outcomes and judges one more; it keeps no time.

use std::collections::VecDeque;

use crate::stats::{Quantile, quantile};

/// The least excess over the usual round trip that can be a spike: half a frame at 60 Hz. Below it a
/// player sees nothing, however calm the path is.
pub const FLOOR_NS: u64 = 8_000_000;
/// How many median deviations off is standing out. For a normal distribution this is four standard
/// deviations: one probe in 16,000, or about one an hour at five probes a second.
const DEVIATIONS: u64 = 6;
/// What a lost probe is reckoned as beside late ones: the steering's own value.
pub const LOSS_EXCESS_NS: u64 = 100_000_000;
/// Outcomes that are remembered: ten seconds at the helper's usual pace.
const MEMORY: usize = 50;
/// Answers before anything is judged: two seconds at the usual pace.
pub const MIN_ANSWERS: usize = 10;
/// Where more than one probe in so many is lost anyway, another loss is no spike.
const LOSSY_ONE_IN: usize = 10;

/// What is usual for a path at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// The median round trip, in nanoseconds.
    pub rtt_ns: u64,
    /// The median distance from it, in nanoseconds.
    pub deviation_ns: u64,
    /// True where losses are usual, so that one more says nothing.
    pub lossy: bool,
}

impl Usual {
    /// Whether an outcome is a spike on this path: later than usual by more than six median deviations
    /// and [`FLOOR_NS`], or lost where losses aren't usual.
    pub fn stands_out(&self, rtt_ns: Option<u64>) -> bool {
        match rtt_ns {
            None => !self.lossy,
            Some(rtt) => {
                let off = self.deviation_ns.saturating_mul(DEVIATIONS).max(FLOOR_NS);
                rtt.saturating_sub(self.rtt_ns) > off
            }
        }
    }

    /// How much later than usual an outcome is, in nanoseconds; 0 when that is within three median
    /// deviations or a millisecond. A loss counts as [`LOSS_EXCESS_NS`], or nothing where it is usual.
    pub fn excess_ns(&self, rtt_ns: Option<u64>) -> u64 {
        const NOISE_NS: u64 = 1_000_000;
        match rtt_ns {
            None if self.lossy => 0,
            None => LOSS_EXCESS_NS,
            Some(rtt) => {
                let excess = rtt.saturating_sub(self.rtt_ns);
                let noise = self.deviation_ns.saturating_mul(3).max(NOISE_NS);
                if excess > noise { excess } else { 0 }
            }
        }
    }
}

/// The newest outcomes of a path.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The newest answers, however long ago: an outage takes nothing from what is usual.
    answers: VecDeque<u64>,
    /// Whether the newest probes were lost.
    lost: VecDeque<bool>,
}

impl Baseline {
    /// What is usual by now; `None` before [`MIN_ANSWERS`].
    pub fn usual(&self) -> Option<Usual> {
        if self.answers.len() < MIN_ANSWERS {
            return None;
        }
        let mut values: Vec<u64> = self.answers.iter().copied().collect();
        let rtt_ns = quantile(&mut values, Quantile::MEDIAN)?;
        for value in &mut values {
            *value = value.abs_diff(rtt_ns);
        }
        let deviation_ns = quantile(&mut values, Quantile::MEDIAN)?;
        let lost = self.lost.iter().filter(|lost| **lost).count();
        Some(Usual {
            rtt_ns,
            deviation_ns,
            lossy: lost * LOSSY_ONE_IN > self.lost.len(),
        })
    }

    /// Takes the next outcome: an RTT in nanoseconds, `None` when lost.
    pub fn push(&mut self, rtt_ns: Option<u64>) {
        if let Some(rtt) = rtt_ns {
            push_bounded(&mut self.answers, rtt);
        }
        push_bounded(&mut self.lost, rtt_ns.is_none());
    }
}

fn push_bounded<T>(ring: &mut VecDeque<T>, value: T) {
    if ring.len() == MEMORY {
        let _ = ring.pop_front();
    }
    ring.push_back(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn after(outcomes: impl IntoIterator<Item = Option<u64>>) -> Option<Usual> {
        let mut baseline = Baseline::default();
        for outcome in outcomes {
            baseline.push(outcome);
        }
        baseline.usual()
    }

    #[test]
    fn nothing_is_judged_before_ten_answers() {
        assert_eq!(after([Some(20 * MS); 9]), None);
        assert!(after([Some(20 * MS); 10]).is_some());
        assert_eq!(after([None; 60]), None);
    }

    #[test]
    fn a_calm_path_spikes_above_half_a_frame_and_not_before() {
        let usual = after([Some(20 * MS); 50]).unwrap();
        assert!(!usual.stands_out(Some(28 * MS)));
        assert!(usual.stands_out(Some(28 * MS + 1)));
        assert!(usual.stands_out(None));
        assert!(!usual.stands_out(Some(0)));
    }

    #[test]
    fn a_path_that_always_jitters_does_not_spike_by_jittering() {
        // Uniform between 10 and 60 ms.
        let usual = after((0..50).map(|n| Some((10 + n) * MS))).unwrap();
        assert!(!usual.stands_out(Some(60 * MS)));
        assert!(usual.stands_out(Some(150 * MS)));
        assert_eq!(usual.excess_ns(Some(60 * MS)), 0);
        assert_eq!(usual.excess_ns(Some(134 * MS + MS / 2)), 100 * MS);
    }

    #[test]
    fn where_losses_are_usual_one_more_is_no_spike() {
        let lossy = |every: usize| {
            let outcomes = (0..50).map(|n| (n % every != 0).then_some(20 * MS));
            after(outcomes).unwrap()
        };
        assert!(!lossy(5).stands_out(None));
        assert_eq!(lossy(5).excess_ns(None), 0);
        assert!(lossy(20).stands_out(None));
        assert_eq!(lossy(20).excess_ns(None), LOSS_EXCESS_NS);
    }

    #[test]
    fn an_outage_does_not_make_the_usual_forgotten_and_a_new_level_becomes_usual() {
        let outage = [Some(20 * MS); 50].into_iter().chain([None; 500]);
        assert_eq!(after(outage).unwrap().rtt_ns, 20 * MS);
        let moved = [Some(20 * MS); 50].into_iter().chain([Some(90 * MS); 26]);
        assert_eq!(after(moved).unwrap().rtt_ns, 90 * MS);
    }
}
