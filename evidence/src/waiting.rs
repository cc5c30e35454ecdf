//! How late a program ran that was waiting for something. Work of its own in between does not count:
//! who is busy is not kept from running.

use std::time::{Duration, Instant};

/// Since when a program waits and does nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    since: Instant,
}

impl Waiting {
    /// It begins to wait now.
    pub fn begin() -> Self {
        Self {
            since: Instant::now(),
        }
    }

    /// Called when it runs again: how late that is for something that was due at `due`, in
    /// nanoseconds; 0 when it was not waiting yet by then.
    pub fn late_ns(self, due: Instant) -> u64 {
        self.late_at(due, Instant::now())
    }

    /// The same for something that has been there for `age_ns`.
    pub fn late_for(self, age_ns: u64) -> u64 {
        let now = Instant::now();
        let due = now.checked_sub(Duration::from_nanos(age_ns));
        due.map_or(0, |due| self.late_at(due, now))
    }

    fn late_at(self, due: Instant, now: Instant) -> u64 {
        if due < self.since {
            return 0;
        }
        now.saturating_duration_since(due).as_nanos() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_due_while_waiting_counts() {
        let ms = Duration::from_millis;
        let busy = Instant::now();
        let since = busy + ms(1);
        let waiting = Waiting { since };
        let now = since + ms(300);
        assert_eq!(waiting.late_at(since + ms(200), now), 100_000_000);
        assert_eq!(waiting.late_at(since, now), 300_000_000);
        assert_eq!(waiting.late_at(busy, now), 0, "busy when it was due");
        assert_eq!(waiting.late_at(now + ms(5), now), 0, "too early");
    }
}
