//! When a probe was sent of which the log does not tell it: counted on from those it tells, at
//! their mean pace. Pure.

use super::Timing;

/// One probe a second, as ping and fping send unless somebody says otherwise.
const USUAL_STEP_NS: u64 = 1_000_000_000;

/// The times of numbered probes.
pub struct Pace {
    /// Where they come from.
    pub timing: Timing,
    /// Numbers with known times, by number.
    known: Vec<(i64, u64)>,
    first: i64,
    step_ns: u64,
}

impl Pace {
    /// `known` are numbers with their times in nanoseconds, by number; `spread_ns` is the mean step
    /// where the log tells that; `first` is the number that was sent at 0 when no time is known.
    pub fn of(known: Vec<(i64, u64)>, spread_ns: Option<u64>, first: i64) -> Self {
        let step_ns = match (known.first(), known.last()) {
            (Some((from, from_ns)), Some((to, to_ns))) if to > from => {
                Some(to_ns.saturating_sub(*from_ns) / from.abs_diff(*to))
            }
            _ => None,
        };
        let timing = match (known.is_empty(), spread_ns) {
            (false, _) => Timing::Recorded,
            (true, Some(_)) => Timing::Spread,
            (true, None) => Timing::Assumed,
        };
        Self {
            timing,
            known,
            first,
            step_ns: step_ns.or(spread_ns).unwrap_or(USUAL_STEP_NS),
        }
    }

    /// When the probe of this number was sent, in nanoseconds: counted from the nearest known one
    /// before it, else from the first known one.
    pub fn at(&self, number: i64) -> u64 {
        let place = self.known.partition_point(|(known, _)| *known <= number);
        let near = self.known.get(place.saturating_sub(1));
        let (from, from_ns) = near.copied().unwrap_or((self.first, 0));
        let away_ns = number.abs_diff(from).saturating_mul(self.step_ns);
        if number < from {
            from_ns.saturating_sub(away_ns)
        } else {
            from_ns.saturating_add(away_ns)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_counted_on_from_what_is() {
        let pace = Pace::of(vec![(2, 1_000), (4, 1_200)], None, 1);
        assert_eq!(pace.timing, Timing::Recorded);
        let times = [1, 2, 3, 4, 7].map(|number| pace.at(number));
        assert_eq!(times, [900, 1_000, 1_100, 1_200, 1_500]);
    }

    #[test]
    fn without_any_time_the_total_or_the_usual_pace_stands_in() {
        let spread = Pace::of(Vec::new(), Some(200), 1);
        assert_eq!((spread.timing, spread.at(3)), (Timing::Spread, 400));
        let assumed = Pace::of(Vec::new(), None, 0);
        assert_eq!(
            (assumed.timing, assumed.at(2)),
            (Timing::Assumed, 2_000_000_000)
        );
        assert_eq!(Pace::of(vec![(5, 70)], None, 0).at(i64::MAX), u64::MAX);
    }
}
