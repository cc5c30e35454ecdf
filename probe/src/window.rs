//! The probes under way: a fixed table of sequence numbers, send times and stamps.
//! Not for sockets or clocks: time is passed in. The table never grows and never allocates after `new`.

use std::time::{Duration, Instant};

use crate::timing::{Moment, Stamps};

/// Most probes under way at once: at the default timeout of 1 s, room for 256 probes per second.
pub(crate) const CAPACITY: u64 = 256;

/// How a probe left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// An echo request; the kernel's count of our sends identifies its stamps.
    Icmp {
        /// The kernel's number for this send (`SOF_TIMESTAMPING_OPT_ID`).
        key: u32,
    },
    /// A TCP connection attempt.
    Tcp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Answered,
    Lost,
}

/// One probe as it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) sent: Moment,
    pub(crate) way: Way,
    pub(crate) stamps: Stamps,
    state: State,
}

/// What an answer means.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The first answer in time.
    First(Entry),
    /// An answer to a probe that had one already.
    Duplicate,
    /// An answer to a probe already reported lost, or so old that we no longer know.
    Late,
    /// A sequence number that was never sent.
    NeverSent,
}

/// Probes `oldest..next` may be waiting; a slot keeps its last probe until it is used again.
pub(crate) struct Window {
    slots: Box<[Option<Entry>]>,
    oldest: u64,
    next: u64,
}

impl Window {
    /// An empty window whose first probe has number `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            slots: vec![None; CAPACITY as usize].into_boxed_slice(),
            oldest: first,
            next: first,
        }
    }

    /// The number the next probe will get.
    pub(crate) fn next_seq(&self) -> u64 {
        self.next
    }

    /// True while the next probe would need the slot of one that still waits.
    pub(crate) fn is_full(&self) -> bool {
        self.next.wrapping_sub(self.oldest) >= CAPACITY
    }

    /// Enters the next probe. The caller has checked `is_full`; otherwise the oldest one is forgotten.
    pub(crate) fn push(&mut self, sent: Moment, way: Way) {
        let seq = self.next;
        *self.slot(seq) = Some(Entry {
            seq,
            sent,
            way,
            stamps: Stamps::default(),
            state: State::Waiting,
        });
        self.next = seq.wrapping_add(1);
    }

    /// Applies `set` to the waiting echo request with this key. False if there is none.
    pub(crate) fn stamp(&mut self, key: u32, set: impl FnOnce(&mut Entry)) -> bool {
        // Newest first: a stamp normally belongs to the probe just sent.
        let mut seq = self.next;
        while seq != self.oldest {
            seq = seq.wrapping_sub(1);
            if let Some(entry) = self.slot(seq)
                && entry.way == (Way::Icmp { key })
            {
                set(entry);
                return true;
            }
        }
        false
    }

    /// The waiting probe with this number.
    pub(crate) fn waiting(&mut self, seq: u64) -> Option<Entry> {
        self.slot(seq)
            .filter(|entry| entry.seq == seq && entry.state == State::Waiting)
    }

    /// Takes an answer to probe `seq`.
    pub(crate) fn answer(&mut self, seq: u64) -> Answer {
        if seq.wrapping_sub(self.next) < u64::MAX / 2 {
            return Answer::NeverSent;
        }
        let answer = match self.slot(seq) {
            Some(entry) if entry.seq == seq => match entry.state {
                State::Waiting => {
                    entry.state = State::Answered;
                    Answer::First(*entry)
                }
                State::Answered => Answer::Duplicate,
                State::Lost => Answer::Late,
            },
            _ => Answer::Late,
        };
        self.settle();
        answer
    }

    /// Gives up the oldest waiting probe if it was sent `timeout` or longer before `now`.
    pub(crate) fn expire(&mut self, now: Instant, timeout: Duration) -> Option<Entry> {
        if self.deadline(timeout)? > now {
            return None;
        }
        let oldest = self.oldest;
        let entry = self.slot(oldest).as_mut()?;
        entry.state = State::Lost;
        let lost = *entry;
        self.settle();
        Some(lost)
    }

    /// When the oldest waiting probe is to be given up.
    pub(crate) fn deadline(&mut self, timeout: Duration) -> Option<Instant> {
        if self.oldest == self.next {
            return None;
        }
        let oldest = self.oldest;
        self.slot(oldest).map(|entry| entry.sent.mono + timeout)
    }

    /// Moves `oldest` past probes that no longer wait.
    fn settle(&mut self) {
        while self.oldest != self.next {
            let oldest = self.oldest;
            if self.waiting(oldest).is_some() {
                break;
            }
            self.oldest = oldest.wrapping_add(1);
        }
    }

    fn slot(&mut self, seq: u64) -> &mut Option<Entry> {
        &mut self.slots[(seq % CAPACITY) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TIMEOUT: Duration = Duration::from_secs(1);

    fn at(start: Instant, ms: u64) -> Moment {
        Moment {
            mono: start + Duration::from_millis(ms),
            real_ns: 0,
            doubt_ns: 0,
        }
    }

    fn key(seq: u64) -> Way {
        Way::Icmp { key: seq as u32 }
    }

    #[test]
    fn each_probe_is_answered_once() {
        let start = Instant::now();
        let mut w = Window::new(0);
        w.push(at(start, 0), key(0));
        assert!(matches!(w.answer(0), Answer::First(e) if e.seq == 0));
        assert!(matches!(w.answer(0), Answer::Duplicate));
        assert!(matches!(w.answer(1), Answer::NeverSent));
        assert!(w.deadline(TIMEOUT).is_none());
    }

    #[test]
    fn an_answer_after_the_timeout_is_late() {
        let start = Instant::now();
        let mut w = Window::new(0);
        w.push(at(start, 0), key(0));
        w.push(at(start, 100), key(1));
        let now = start + TIMEOUT;
        assert_eq!(w.expire(now, TIMEOUT).map(|e| e.seq), Some(0));
        assert!(w.expire(now, TIMEOUT).is_none());
        assert!(matches!(w.answer(0), Answer::Late));
        assert!(matches!(w.answer(1), Answer::First(_)));
    }

    #[test]
    fn answers_out_of_order_keep_the_oldest_waiting() {
        let start = Instant::now();
        let mut w = Window::new(0);
        (0..3).for_each(|i| w.push(at(start, i * 10), key(i)));
        assert!(matches!(w.answer(1), Answer::First(_)));
        assert_eq!(w.deadline(TIMEOUT), Some(start + TIMEOUT));
        assert!(matches!(w.answer(0), Answer::First(_)));
        assert_eq!(
            w.deadline(TIMEOUT),
            Some(start + TIMEOUT + Duration::from_millis(20))
        );
    }

    #[test]
    fn a_full_window_says_so_until_its_oldest_probe_leaves() {
        let start = Instant::now();
        let mut w = Window::new(0);
        (0..CAPACITY).for_each(|i| w.push(at(start, 0), key(i)));
        assert!(w.is_full());
        assert!(matches!(w.answer(7), Answer::First(_)));
        assert!(w.is_full());
        assert!(matches!(w.answer(0), Answer::First(_)));
        assert!(!w.is_full());
    }

    #[test]
    fn sequence_numbers_wrap_at_every_width() {
        let start = Instant::now();
        for first in [
            u64::from(u16::MAX) - 1,
            u64::from(u32::MAX) - 1,
            u64::MAX - 1,
        ] {
            let mut w = Window::new(first);
            for i in 0..4u64 {
                let seq = first.wrapping_add(i);
                w.push(at(start, i), key(seq));
                assert!(w.stamp(seq as u32, |e| e.stamps.sent = Some(1)));
                assert!(
                    matches!(w.answer(seq), Answer::First(e) if e.seq == seq && e.stamps.sent == Some(1))
                );
            }
            assert!(w.deadline(TIMEOUT).is_none());
        }
    }

    #[test]
    fn a_stamp_without_its_probe_is_refused() {
        let mut w = Window::new(0);
        assert!(!w.stamp(0, |_| ()));
        w.push(at(Instant::now(), 0), Way::Tcp);
        assert!(!w.stamp(0, |_| ()));
    }

    proptest! {
        #[test]
        fn every_probe_ends_exactly_once(ops in proptest::collection::vec((0..3u8, 0..400u64), 1..600)) {
            let start = Instant::now();
            let mut w = Window::new(u64::MAX - 100);
            let (mut sent, mut ended, mut ms) = (0u64, 0u64, 0u64);
            for (op, n) in ops {
                ms += n / 4;
                match op {
                    0 if !w.is_full() => { w.push(at(start, ms), Way::Tcp); sent += 1; }
                    1 => if let Answer::First(_) = w.answer((u64::MAX - 100).wrapping_add(n)) { ended += 1 },
                    _ => while w.expire(start + Duration::from_millis(ms), TIMEOUT).is_some() { ended += 1 },
                }
            }
            while w.expire(start + Duration::from_millis(ms) + TIMEOUT, TIMEOUT).is_some() { ended += 1 }
            prop_assert_eq!(sent, ended);
        }
    }
}
