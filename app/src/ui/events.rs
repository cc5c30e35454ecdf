//! What happened besides the probes, each at its moment: uplinks that came and went, a helper that
//! was away, a sleep. Leader and game mode are the model's marks. Pure and bounded.

use std::collections::VecDeque;

/// Events that are remembered.
pub const MAX_EVENTS: usize = 512;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// An uplink appeared.
    Came,
    /// It went away.
    Left,
    /// Its cable was pulled, its radio lost the network.
    CarrierLost,
    /// And the link is back.
    CarrierBack,
    /// Its probes are answered no more.
    Silent,
    /// And are again.
    Answers,
    /// The helper is gone; nothing is measured.
    HelperLost,
    /// It is back.
    HelperBack,
    /// The computer slept for so many seconds, of which the graph shows none.
    Slept(u32),
}

impl What {
    /// True for what is bad news.
    pub fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::Left | Self::CarrierLost | Self::Silent | Self::HelperLost
        )
    }
}

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// What.
    pub what: What,
    /// The uplink's ifindex, where it is about one.
    pub who: Option<u32>,
}

/// The newest [`MAX_EVENTS`], oldest first.
#[derive(Debug, Default)]
pub struct Events {
    list: VecDeque<Event>,
}

impl Events {
    /// Adds an event. Events are told in order; one that claims to be older than the last is put
    /// at the last one's moment.
    pub fn push(&mut self, mut event: Event) {
        if let Some(last) = self.list.back() {
            event.at_ns = event.at_ns.max(last.at_ns);
        }
        self.list.push_back(event);
        if self.list.len() > MAX_EVENTS {
            let _ = self.list.pop_front();
        }
    }

    /// The events in `from_ns..=to_ns`, oldest first.
    pub fn between(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Event> + '_ {
        let first = self.list.partition_point(|e| e.at_ns < from_ns);
        let end = self.list.partition_point(|e| e.at_ns <= to_ns);
        self.list.range(first..end.max(first)).copied()
    }

    /// An uplink got another number.
    pub fn renumber(&mut self, from: u32, to: u32) {
        let about = self.list.iter_mut().filter(|event| event.who == Some(from));
        about.for_each(|event| event.who = Some(to));
    }

    /// Changes with every event, so that a picture knows when it is stale.
    pub fn stamp(&self) -> (usize, u64) {
        let newest = self.list.back().map_or(0, |event| event.at_ns);
        (self.list.len(), newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ns: u64) -> Event {
        Event {
            at_ns,
            what: What::Came,
            who: Some(7),
        }
    }

    #[test]
    fn events_are_bounded_in_order_and_found_by_time() {
        let mut events = Events::default();
        for number in 0..10_000 {
            events.push(event(if number % 3 == 0 { 0 } else { number }));
        }
        assert_eq!(events.list.len(), MAX_EVENTS);
        assert!(events.list.iter().is_sorted_by_key(|e| e.at_ns));
        assert_eq!(events.between(9_998, 9_998).count(), 2);
        assert_eq!(events.between(5, 4).count(), 0);
    }

    #[test]
    fn an_uplink_keeps_its_events_under_a_new_number() {
        let mut events = Events::default();
        events.push(event(1));
        events.renumber(7, 9);
        assert_eq!(events.between(0, 9).next().unwrap().who, Some(9));
    }
}
