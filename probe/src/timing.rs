//! From timestamps to one round-trip time: which clock can be trusted for a probe. Also reads the two clocks.
//! Not for sockets: it takes the stamps as plain numbers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Which clock a round-trip time was measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The kernel's own stamps (or its TCP round-trip estimate): free of scheduling delay.
    Kernel,
    /// This program's monotonic clock: includes the delay until the program ran again.
    User,
}

/// One moment on both clocks. Kernel stamps are in real time, intervals are safe only in monotonic time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) mono: Instant,
    /// Nanoseconds since the Unix epoch (`CLOCK_REALTIME`).
    pub(crate) real_ns: i64,
    /// How far apart the two readings may be, in nanoseconds.
    pub(crate) doubt_ns: i64,
}

/// A pair of readings at most this far apart is good; otherwise we were preempted between them and read again.
const GOOD_PAIR: Duration = Duration::from_micros(20);
/// Steps of the real-time clock below this pass unnoticed, in nanoseconds.
const STEP_TOLERANCE_NS: i64 = 100_000;

impl Moment {
    /// Reads both clocks, at most three times.
    pub(crate) fn now() -> Self {
        let mut best = Self::read();
        for _ in 0..2 {
            if best.doubt_ns <= nanos(GOOD_PAIR) {
                break;
            }
            let again = Self::read();
            if again.doubt_ns < best.doubt_ns {
                best = again;
            }
        }
        best
    }

    fn read() -> Self {
        let mono = Instant::now();
        // Before 1970 the stamps mean nothing; zero makes `round_trip` reject them.
        let real_ns = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, nanos);
        Self {
            mono,
            real_ns,
            doubt_ns: nanos(mono.elapsed()),
        }
    }
}

/// The kernel's stamps of one probe, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamps {
    /// When the packet entered the queueing layer; every device gives it.
    pub(crate) queued: Option<i64>,
    /// When the driver took the packet; preferred, but not every driver gives it.
    pub(crate) sent: Option<i64>,
    /// When the reply arrived.
    pub(crate) received: Option<i64>,
}

impl Stamps {
    /// How long the packet was in the queueing layer.
    pub(crate) fn queue_ns(&self) -> Option<u64> {
        u64::try_from(self.sent?.checked_sub(self.queued?)?).ok()
    }
}

/// The round-trip time in nanoseconds and the clock it came from.
///
/// The kernel's interval lies inside the user-space one, so stamps that are missing, out of that frame, or
/// taken across a step of the real-time clock give way to the monotonic measure.
pub(crate) fn round_trip(sent: Moment, got: Moment, stamps: Stamps) -> (u64, Clock) {
    let user = got.mono.saturating_duration_since(sent.mono);
    let user_ns = nanos(user);
    let tolerance = STEP_TOLERANCE_NS
        .saturating_add(sent.doubt_ns)
        .saturating_add(got.doubt_ns);
    let step = got
        .real_ns
        .saturating_sub(sent.real_ns)
        .saturating_sub(user_ns)
        .saturating_abs();
    if step <= tolerance
        && let (Some(tx), Some(rx)) = (stamps.sent.or(stamps.queued), stamps.received)
        && tx >= sent.real_ns.saturating_sub(tolerance)
        && rx <= got.real_ns.saturating_add(tolerance)
        && let Ok(rtt) = u64::try_from(rx.saturating_sub(tx))
    {
        return (rtt, Clock::Kernel);
    }
    (user_ns as u64, Clock::User)
}

/// Nanoseconds of a duration, capped at the 292 years an `i64` holds.
pub(crate) fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: i64 = 1_700_000_000_000_000_000;
    const MS: i64 = 1_000_000;

    /// A probe of 20 ms in user time whose real-time clock jumped by `step_ns` meanwhile.
    fn frame(step_ns: i64) -> (Moment, Moment) {
        let mono = Instant::now();
        let sent = Moment {
            mono,
            real_ns: T0,
            doubt_ns: 100,
        };
        let got = Moment {
            mono: mono + Duration::from_millis(20),
            real_ns: T0 + 20 * MS + step_ns,
            doubt_ns: 100,
        };
        (sent, got)
    }

    fn stamps(queued: Option<i64>, sent: Option<i64>, received: Option<i64>) -> Stamps {
        let at = |ns: Option<i64>| ns.map(|ns| T0 + ns);
        Stamps {
            queued: at(queued),
            sent: at(sent),
            received: at(received),
        }
    }

    #[test]
    fn the_kernel_interval_is_taken_from_driver_to_arrival() {
        let (sent, got) = frame(0);
        let s = stamps(Some(MS), Some(2 * MS), Some(18 * MS));
        assert_eq!(round_trip(sent, got, s), (16_000_000, Clock::Kernel));
    }

    #[test]
    fn the_own_queue_is_what_lies_between_its_two_stamps() {
        let queue = |queued, sent| stamps(queued, sent, None).queue_ns();
        assert_eq!(queue(Some(MS), Some(31 * MS)), Some(30_000_000));
        assert_eq!(queue(None, Some(MS)), None);
        assert_eq!(queue(Some(MS), None), None);
        assert_eq!(queue(Some(2 * MS), Some(MS)), None);
    }

    #[test]
    fn the_queueing_stamp_stands_in_for_a_driver_without_stamps() {
        let (sent, got) = frame(0);
        let s = stamps(Some(MS), None, Some(18 * MS));
        assert_eq!(round_trip(sent, got, s), (17_000_000, Clock::Kernel));
    }

    #[test]
    fn a_missing_stamp_falls_back_to_user_time() {
        let (sent, got) = frame(0);
        for s in [
            stamps(None, None, Some(MS)),
            stamps(Some(MS), Some(MS), None),
            Stamps::default(),
        ] {
            assert_eq!(round_trip(sent, got, s), (20_000_000, Clock::User));
        }
    }

    #[test]
    fn a_clock_step_either_way_falls_back_to_user_time() {
        for step in [-5 * MS, -MS, MS, 3_600_000 * MS] {
            let (sent, got) = frame(step);
            let s = stamps(None, Some(MS), Some(19 * MS + step));
            assert_eq!(
                round_trip(sent, got, s),
                (20_000_000, Clock::User),
                "step {step}"
            );
        }
    }

    #[test]
    fn stamps_of_another_probe_are_refused() {
        let (sent, got) = frame(0);
        for s in [
            stamps(None, Some(-100 * MS), Some(19 * MS)),
            stamps(None, Some(MS), Some(30 * MS)),
            stamps(None, Some(9 * MS), Some(8 * MS)),
        ] {
            assert_eq!(round_trip(sent, got, s), (20_000_000, Clock::User));
        }
    }

    proptest! {
        #[test]
        fn a_round_trip_never_exceeds_user_time_by_more_than_the_tolerances(
            real in any::<i64>(), tx in any::<i64>(), rx in any::<i64>(), doubt in 0..1000i64
        ) {
            let (sent, got) = frame(0);
            let (sent, got) = (Moment { doubt_ns: doubt, ..sent }, Moment { real_ns: real, ..got });
            let (rtt, _) = round_trip(sent, got, Stamps { queued: None, sent: Some(tx), received: Some(rx) });
            prop_assert!(rtt <= 20_000_000 + 4 * (STEP_TOLERANCE_NS as u64 + 2000));
        }
    }
}
