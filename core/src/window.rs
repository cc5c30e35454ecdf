//! The newest outcomes of one path, as many as asked for and no more. It has no clock: a window in
//! minutes is a number of probes to whoever knows the period.

use crate::jitter::mean_jitter;
use crate::stats::Summary;
use std::collections::VecDeque;

/// Most outcomes a window keeps: half an hour at 50 ms, three times over; 1.6 MB.
pub const MAX_OUTCOMES: usize = 108_000;

/// A bounded series of outcomes, oldest first: an RTT in nanoseconds, or `None` for a lost probe.
#[derive(Debug, Clone)]
pub struct Window {
    outcomes: VecDeque<Option<u64>>,
    most: usize,
}

impl Window {
    /// Keeps the newest `most` outcomes; 1 to [`MAX_OUTCOMES`], nearer numbers taken for others.
    pub fn new(most: usize) -> Self {
        Self {
            outcomes: VecDeque::new(),
            most: most.clamp(1, MAX_OUTCOMES),
        }
    }

    /// Adds the newest outcome and drops the oldest when full.
    pub fn push(&mut self, outcome: Option<u64>) {
        if self.outcomes.len() == self.most {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(outcome);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.outcomes.clear();
    }

    /// What is kept, oldest first.
    pub fn outcomes(&self) -> impl ExactSizeIterator<Item = Option<u64>> + '_ {
        self.outcomes.iter().copied()
    }

    /// The summary of what is kept.
    pub fn summary(&self, thresholds_ns: &[u64]) -> Summary {
        Summary::of(self.outcomes(), thresholds_ns)
    }

    /// [`mean_jitter`] of what is kept.
    pub fn mean_jitter(&self) -> Option<u64> {
        mean_jitter(self.outcomes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_and_no_more() {
        let mut window = Window::new(3);
        for rtt in [Some(1), None, Some(5), Some(8), Some(6)] {
            window.push(rtt);
        }
        assert_eq!(
            window.outcomes().collect::<Vec<_>>(),
            [Some(5), Some(8), Some(6)]
        );
        assert_eq!(window.summary(&[]).sent, 3);
        assert_eq!(window.mean_jitter(), Some(3)); // 2.5, halves up
        window.clear();
        assert_eq!(window.outcomes().len(), 0);
    }

    #[test]
    fn its_size_is_bounded_whatever_is_asked_for() {
        let mut window = Window::new(usize::MAX);
        (0..MAX_OUTCOMES + 10).for_each(|n| window.push(Some(n as u64)));
        assert_eq!(window.outcomes().len(), MAX_OUTCOMES);
        let mut smallest = Window::new(0);
        smallest.push(Some(1));
        assert_eq!(smallest.outcomes().len(), 1);
    }
}
