//! Two measures of how much neighbouring RTTs differ: a plain mean and RFC 3550's running estimate.
//! Not the deviation the steering uses, which is taken from a moving level.

/// The mean of `|difference|` between probes that follow each other, rounded to the nearest
/// nanosecond, or `None` when no two neighbours were answered.
///
/// A lost probe has no neighbours: the pairs before and after it are left out, and no difference is
/// made up across the gap.
///
/// ```
/// use evenkeel_core::jitter::mean_jitter;
/// assert_eq!(mean_jitter([Some(10), Some(30), None, Some(90), Some(80)]), Some(15));
/// ```
pub fn mean_jitter(outcomes: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    let (mut sum, mut pairs, mut before) = (0_u128, 0_u128, None);
    for outcome in outcomes {
        if let (Some(before), Some(now)) = (before, outcome) {
            sum += u128::from(u64::abs_diff(before, now));
            pairs += 1;
        }
        before = outcome;
    }
    let rounded = (sum + pairs / 2).checked_div(pairs)?;
    Some(rounded as u64)
}

/// The interarrival jitter of RFC 3550, section 6.4.1, in the integers of its appendix A.8:
/// `J += (|D| - J) / 16`, kept as 16 times its value.
///
/// The RFC's `D` is the difference of two packets' transit times; here it is that of two round
/// trips, so it holds the jitter of both directions. As in the RFC it is taken between packets that
/// ARRIVED one after the other: a lost probe changes nothing, and the next answer is compared with
/// the last one before the gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interarrival {
    sixteenfold: u64,
    last_ns: Option<u64>,
}

impl Interarrival {
    /// Takes the next outcome: an RTT in nanoseconds, `None` when lost.
    pub fn push(&mut self, outcome: Option<u64>) {
        let Some(rtt) = outcome else { return };
        if let Some(last) = self.last_ns.replace(rtt) {
            let decay = self.sixteenfold.saturating_add(8) >> 4;
            self.sixteenfold = (self.sixteenfold - decay).saturating_add(rtt.abs_diff(last));
        }
    }

    /// The estimate, in nanoseconds; 0 before the second answer.
    pub fn ns(&self) -> u64 {
        self.sixteenfold >> 4
    }
}

impl Extend<Option<u64>> for Interarrival {
    fn extend<T: IntoIterator<Item = Option<u64>>>(&mut self, outcomes: T) {
        for outcome in outcomes {
            self.push(outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interarrival(outcomes: &[Option<u64>]) -> u64 {
        let mut jitter = Interarrival::default();
        jitter.extend(outcomes.iter().copied());
        jitter.ns()
    }

    #[test]
    fn one_answer_has_no_jitter() {
        assert_eq!(mean_jitter([Some(5)]), None);
        assert_eq!(mean_jitter([Some(5), None, Some(9)]), None);
        assert_eq!(interarrival(&[Some(5)]), 0);
    }

    #[test]
    fn a_loss_breaks_a_pair_of_the_mean_but_not_of_rfc_3550() {
        assert_eq!(mean_jitter([Some(0), Some(16), None, Some(160)]), Some(16));
        assert_eq!(interarrival(&[Some(0), None, None, Some(1600)]), 100);
    }

    #[test]
    fn a_constant_difference_is_approached_by_sixteenths() {
        let mut jitter = Interarrival::default();
        let mut exact = 0.0;
        for n in 0..200 {
            jitter.push(Some(if n % 2 == 0 { 10_000_000 } else { 26_000_000 }));
            if n > 0 {
                exact += (16_000_000.0 - exact) / 16.0;
            }
            assert!((jitter.ns() as f64 - exact).abs() <= 2.0, "{n}: {exact}");
        }
        assert!(jitter.ns() > 15_999_000);
    }

    #[test]
    fn extremes_don_t_overflow() {
        let wild = [Some(0), Some(u64::MAX)].repeat(50);
        assert_eq!(mean_jitter(wild.iter().copied()), Some(u64::MAX));
        assert!(interarrival(&wild) > u64::MAX >> 5);
    }
}
