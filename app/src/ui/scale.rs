//! The height of the graph: round steps that grow at once and shrink only after a while, so that
//! the picture does not jump.

/// How long a smaller height must have been enough before it is taken.
const CALM_NS: u64 = 10_000_000_000;
/// Head room above the largest value.
const HEAD_ROOM: f64 = 1.1;
/// The heights, in microseconds.
const STEPS_US: [u32; 13] = [
    12_000, 20_000, 40_000, 60_000, 80_000, 120_000, 160_000, 200_000, 300_000, 400_000, 600_000,
    1_000_000, 2_000_000,
];

/// The height in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    top_us: u32,
    smaller_since_ns: Option<u64>,
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            top_us: STEPS_US[2],
            smaller_since_ns: None,
        }
    }
}

impl Scale {
    /// The value at the upper edge, in microseconds.
    pub fn top_us(self) -> u32 {
        self.top_us
    }

    /// The height that shows `largest_us`, without looking back.
    pub fn fitted(largest_us: u32) -> Self {
        Self {
            top_us: step_for(largest_us),
            smaller_since_ns: None,
        }
    }

    /// The height for another part of the past: as it is, unless that is too low or more than twice
    /// too high, so that scrolling does not make the picture jump.
    #[must_use]
    pub fn moved(self, largest_us: u32) -> Self {
        let fitting = Self::fitted(largest_us);
        let wasted = fitting.top_us.saturating_mul(2) < self.top_us;
        if fitting.top_us > self.top_us || wasted {
            fitting
        } else {
            self
        }
    }

    /// Takes in the largest value that shows now.
    #[must_use]
    pub fn follow(self, largest_us: u32, now_ns: u64) -> Self {
        let fitting = step_for(largest_us);
        if fitting >= self.top_us {
            return Self {
                top_us: fitting,
                smaller_since_ns: None,
            };
        }
        let since_ns = self.smaller_since_ns.unwrap_or(now_ns);
        if now_ns.saturating_sub(since_ns) >= CALM_NS {
            return Self {
                top_us: fitting,
                smaller_since_ns: None,
            };
        }
        Self {
            smaller_since_ns: Some(since_ns),
            ..self
        }
    }
}

/// The smallest step with head room above `largest_us`; probes are given up after a second, so
/// the last step is beyond anything they report.
fn step_for(largest_us: u32) -> u32 {
    let wanted = f64::from(largest_us) * HEAD_ROOM;
    let fitting = STEPS_US.iter().find(|step| f64::from(**step) >= wanted);
    fitting.copied().unwrap_or(STEPS_US[STEPS_US.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_is_shown_at_once_and_the_height_stays_until_it_is_calm() {
        let scale = Scale::default().follow(20_000, 0).follow(500_000, 1);
        assert_eq!(scale.top_us(), 600_000);
        let soon = scale.follow(20_000, 2).follow(20_000, CALM_NS / 2);
        assert_eq!(soon.top_us(), 600_000);
        assert_eq!(soon.follow(20_000, CALM_NS + 2).top_us(), 40_000);
    }

    #[test]
    fn a_value_that_comes_back_starts_the_waiting_anew() {
        let scale = Scale::fitted(500_000).follow(20_000, 0);
        let again = scale.follow(500_000, CALM_NS - 1).follow(20_000, CALM_NS);
        assert_eq!(again.follow(20_000, CALM_NS + 1).top_us(), 600_000);
    }

    #[test]
    fn values_around_one_step_do_not_make_the_height_flutter() {
        let mut scale = Scale::default();
        let mut changes = 0;
        for round in 0..600_u64 {
            let value = if round % 3 == 0 { 37_000 } else { 35_000 };
            let next = scale.follow(value, round * 200_000_000);
            changes += u32::from(next.top_us() != scale.top_us());
            scale = next;
        }
        assert_eq!(changes, 1);
    }

    #[test]
    fn scrolling_changes_the_height_only_where_it_is_too_low_or_much_too_high() {
        let scale = Scale::fitted(100_000);
        assert_eq!(scale.top_us(), 120_000);
        assert_eq!(scale.moved(60_000).top_us(), 120_000);
        assert_eq!(scale.moved(50_000).top_us(), 120_000);
        assert_eq!(scale.moved(30_000).top_us(), 40_000);
        assert_eq!(scale.moved(130_000).top_us(), 160_000);
    }

    #[test]
    fn no_value_is_too_large() {
        assert_eq!(Scale::fitted(u32::MAX).top_us(), 2_000_000);
    }
}
