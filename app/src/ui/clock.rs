//! Which time of day a moment of the feed was, and when the computer slept. The feed counts on
//! `CLOCK_MONOTONIC`, which stands still in sleep and knows no zone; [`Reading::now`] is the one
//! place where the clocks are asked; what is made of readings is pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Between two looks at the clocks while a feed runs.
const LOOK: Duration = Duration::from_secs(1);
/// Changes of the wall clock that are remembered: sleeps, a new zone, the clock set by hand.
const MAX_STRETCHES: usize = 64;
/// The wall clock is called changed when it moves by more than this against the monotonic one.
const MOVED_NS: i128 = 2_000_000_000;
/// A shorter sleep is not worth a mark.
const SLEPT_NS: u64 = 5_000_000_000;
const DAY_S: i128 = 24 * 3600;

/// All clocks at one moment.
#[allow(clippy::struct_field_names, reason = "names say the unit")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// `CLOCK_MONOTONIC` in nanoseconds.
    pub monotonic_ns: u64,
    /// `CLOCK_BOOTTIME` in nanoseconds, which goes on in sleep.
    pub boottime_ns: u64,
    /// Local time in nanoseconds since 1970 began here.
    pub local_ns: i128,
}

impl Reading {
    /// Asks the clocks; `None` where the kernel has none of them.
    pub fn now() -> Option<Self> {
        let ns = |clock| {
            let time = clock_gettime(clock).ok()?;
            let (s, ns) = (time.tv_sec(), time.tv_nsec());
            Some(u64::try_from(s).ok()? * 1_000_000_000 + u64::try_from(ns).ok()?)
        };
        let now = jiff::Zoned::now();
        let zone_ns = i128::from(now.offset().seconds()) * 1_000_000_000;
        Some(Self {
            monotonic_ns: ns(ClockId::CLOCK_MONOTONIC)?,
            boottime_ns: ns(ClockId::CLOCK_BOOTTIME)?,
            local_ns: now.timestamp().as_nanosecond() + zone_ns,
        })
    }

    fn asleep_ns(&self) -> u64 {
        self.boottime_ns.saturating_sub(self.monotonic_ns)
    }
}

/// Looks at the clocks, but not at every frame.
#[derive(Debug, Default)]
pub struct Glance {
    looked: Option<Instant>,
}

impl Glance {
    /// A reading, if the last one is a second old.
    pub fn due(&mut self) -> Option<Reading> {
        if self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return None;
        }
        self.looked = Some(Instant::now());
        Reading::now()
    }
}

/// From one moment on, what to add for the local time.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    from_ns: u64,
    add_ns: i128,
}

/// What the readings have told.
#[derive(Debug, Default)]
pub struct Clock {
    newest: Option<Reading>,
    stretches: VecDeque<Stretch>,
}

impl Clock {
    /// Takes a reading in. The seconds the computer slept since the last one, if it did.
    pub fn take(&mut self, reading: Reading) -> Option<u32> {
        let add_ns = reading.local_ns - i128::from(reading.monotonic_ns);
        let known = self.stretches.back().map(|stretch| stretch.add_ns);
        if known.is_none_or(|known| (known - add_ns).abs() > MOVED_NS) {
            let from_ns = reading.monotonic_ns;
            self.stretches.push_back(Stretch { from_ns, add_ns });
            if self.stretches.len() > MAX_STRETCHES {
                let _ = self.stretches.pop_front();
            }
        }
        let before = self.newest.replace(reading)?;
        let slept_ns = reading.asleep_ns().saturating_sub(before.asleep_ns());
        let seconds = u32::try_from(slept_ns / 1_000_000_000).unwrap_or(u32::MAX);
        (slept_ns >= SLEPT_NS).then_some(seconds)
    }

    /// The last reading's `CLOCK_MONOTONIC`.
    pub fn monotonic_ns(&self) -> Option<u64> {
        self.newest.map(|reading| reading.monotonic_ns)
    }

    /// The nearest full second of a moment, as [`of_day`](Self::of_day): for axes, whose moments
    /// are rounded to columns.
    pub fn near(&self, at_ns: u64) -> Option<(u8, u8, u8)> {
        self.of_day(at_ns.saturating_add(500_000_000))
    }

    /// Hour, minute and second at `at_ns`; `None` before the first reading.
    pub fn of_day(&self, at_ns: u64) -> Option<(u8, u8, u8)> {
        let later = self.stretches.partition_point(|s| s.from_ns <= at_ns);
        let stretch = self.stretches.get(later.saturating_sub(1))?;
        let local_s = (i128::from(at_ns) + stretch.add_ns).div_euclid(1_000_000_000);
        let of_day = local_s.rem_euclid(DAY_S);
        let (hour, minute) = (of_day / 3600, of_day / 60 % 60);
        Some((hour as u8, minute as u8, (of_day % 60) as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    /// `slept` seconds of sleep, at monotonic second `at`; boot was at 12:00:00 local time.
    fn reading(at: u64, slept: u64) -> Reading {
        Reading {
            monotonic_ns: at * SECOND_NS,
            boottime_ns: (at + slept) * SECOND_NS,
            local_ns: i128::from((12 * 3600 + at + slept) * SECOND_NS),
        }
    }

    #[test]
    fn moments_before_and_after_a_sleep_have_their_own_time_of_day() {
        let mut clock = Clock::default();
        assert_eq!(clock.of_day(7), None);
        assert_eq!(clock.take(reading(60, 0)), None);
        assert_eq!(clock.take(reading(61, 0)), None);
        assert_eq!(clock.take(reading(62, 3600)), Some(3600));
        assert_eq!(clock.of_day(61 * SECOND_NS), Some((12, 1, 1)));
        assert_eq!(clock.of_day(63 * SECOND_NS), Some((13, 1, 3)));
        assert_eq!(clock.of_day(0), Some((12, 0, 0)));
    }

    #[test]
    fn a_clock_that_is_set_is_no_sleep_and_midnight_is_passed() {
        let mut clock = Clock::default();
        let _ = clock.take(reading(0, 0));
        let mut set = reading(10, 0);
        set.local_ns += i128::from(12 * 3600 * SECOND_NS);
        assert_eq!(clock.take(set), None);
        assert_eq!(clock.of_day(10 * SECOND_NS), Some((0, 0, 10)));
        assert_eq!(clock.of_day(9 * SECOND_NS), Some((12, 0, 9)));
    }

    #[test]
    fn readings_without_sense_neither_panic_nor_grow() {
        let mut clock = Clock::default();
        for number in 0..1_000_i128 {
            let _ = clock.take(Reading {
                monotonic_ns: u64::MAX,
                boottime_ns: if number % 2 == 0 { 0 } else { u64::MAX },
                local_ns: i128::from(i64::MIN) * number,
            });
        }
        assert!(clock.stretches.len() <= MAX_STRETCHES);
        assert!(clock.of_day(u64::MAX).is_some());
    }

    #[test]
    fn this_machine_has_the_clocks() {
        assert!(Reading::now().is_some_and(|reading| reading.local_ns > 0));
    }
}
