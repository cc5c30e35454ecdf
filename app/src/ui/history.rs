//! What was measured of one uplink, bounded, and how it is thinned out for drawing. Pure: no clock,
//! no bus, no pixels.

use std::collections::VecDeque;

/// Samples kept of one uplink: 30 minutes at one probe every 200 ms.
pub const MAX_SAMPLES: usize = 9000;
/// A pause between two samples that is drawn as a gap instead of a line.
pub const GAP_NS: u64 = 3_000_000_000;

/// One probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it was sent, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// Its round-trip time in microseconds, `None` when it was lost.
    pub rtt_us: Option<u32>,
}

/// The newest [`MAX_SAMPLES`] probes of one uplink, oldest first.
#[derive(Debug, Clone, Default)]
pub struct History {
    samples: VecDeque<Sample>,
}

/// A run of lost probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// When the first lost probe was sent.
    pub from_ns: u64,
    /// When the last one was sent.
    pub to_ns: u64,
    /// How many there were.
    pub lost: usize,
}

/// The extremes of one column of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Number of the column, counted from the beginning of the clock, so that a column keeps its
    /// samples while the graph moves on.
    pub index: u64,
    /// Smallest round trip in it, in microseconds.
    pub min_us: u32,
    /// Largest one.
    pub max_us: u32,
    /// True when the line must not be joined to the column before it.
    pub after_gap: bool,
}

impl History {
    /// Adds a probe. Probes are expected in the order they were sent; an older one is put into its
    /// place, because an answer that came late may be reported after the next probe.
    pub fn push(&mut self, sample: Sample) {
        let newer = self
            .samples
            .iter()
            .rev()
            .take_while(|known| known.at_ns > sample.at_ns)
            .count();
        self.samples.insert(self.samples.len() - newer, sample);
        if self.samples.len() > MAX_SAMPLES {
            let _ = self.samples.pop_front();
        }
    }

    /// True when nothing was measured yet.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The newest probe.
    pub fn newest(&self) -> Option<Sample> {
        self.samples.back().copied()
    }

    /// The probes sent in `from_ns..=to_ns`, oldest first.
    pub fn between(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Sample> + '_ {
        let first = self.samples.partition_point(|s| s.at_ns < from_ns);
        let end = self.samples.partition_point(|s| s.at_ns <= to_ns);
        self.samples.range(first..end.max(first)).copied()
    }

    /// The probe nearest in time to `at_ns`, if one lies within `reach_ns`.
    pub fn nearest(&self, at_ns: u64, reach_ns: u64) -> Option<Sample> {
        let next = self.samples.partition_point(|s| s.at_ns < at_ns);
        [next.checked_sub(1), Some(next)]
            .into_iter()
            .flatten()
            .filter_map(|index| self.samples.get(index))
            .min_by_key(|s| s.at_ns.abs_diff(at_ns))
            .filter(|s| s.at_ns.abs_diff(at_ns) <= reach_ns)
            .copied()
    }

    /// Lost probes and all probes sent in `from_ns..=to_ns`.
    pub fn loss(&self, from_ns: u64, to_ns: u64) -> (usize, usize) {
        self.between(from_ns, to_ns)
            .fold((0, 0), |(lost, all), sample| {
                (lost + usize::from(sample.rtt_us.is_none()), all + 1)
            })
    }

    /// Smallest and largest answer per column of `column_ns`, for `from_ns..=to_ns`. No spike is
    /// ever left out; columns without an answer are.
    pub fn columns(&self, from_ns: u64, to_ns: u64, column_ns: u64) -> Vec<Column> {
        let column_ns = column_ns.max(1);
        let mut columns: Vec<Column> = Vec::new();
        let mut answered_at: Option<u64> = None;
        for sample in self.between(from_ns, to_ns) {
            let Some(rtt_us) = sample.rtt_us else {
                continue;
            };
            let index = sample.at_ns / column_ns;
            let after_gap = answered_at.is_none_or(|before| sample.at_ns.abs_diff(before) > GAP_NS);
            answered_at = Some(sample.at_ns);
            match columns.last_mut() {
                Some(last) if last.index == index => {
                    last.min_us = last.min_us.min(rtt_us);
                    last.max_us = last.max_us.max(rtt_us);
                }
                _ => columns.push(Column {
                    index,
                    min_us: rtt_us,
                    max_us: rtt_us,
                    after_gap,
                }),
            }
        }
        columns
    }

    /// The runs of lost probes in `from_ns..=to_ns`.
    pub fn outages(&self, from_ns: u64, to_ns: u64) -> Vec<Outage> {
        let mut outages: Vec<Outage> = Vec::new();
        let mut running = false;
        for sample in self.between(from_ns, to_ns) {
            if sample.rtt_us.is_some() {
                running = false;
                continue;
            }
            match outages.last_mut() {
                Some(last) if running && sample.at_ns - last.to_ns <= GAP_NS => {
                    last.to_ns = sample.at_ns;
                    last.lost += 1;
                }
                _ => outages.push(Outage {
                    from_ns: sample.at_ns,
                    to_ns: sample.at_ns,
                    lost: 1,
                }),
            }
            running = true;
        }
        outages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_NS: u64 = 200_000_000;

    fn history(rtts_us: impl IntoIterator<Item = Option<u32>>) -> History {
        let mut history = History::default();
        for (number, rtt_us) in rtts_us.into_iter().enumerate() {
            let at_ns = STEP_NS * (number as u64 + 1);
            history.push(Sample { at_ns, rtt_us });
        }
        history
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_newest() {
        let history = history((0..MAX_SAMPLES as u32 + 500).map(Some));
        assert_eq!(history.samples.len(), MAX_SAMPLES);
        let newest = history.newest().unwrap().rtt_us;
        assert_eq!(newest, Some(MAX_SAMPLES as u32 + 499));
    }

    #[test]
    fn a_late_answer_finds_its_place_in_time() {
        let mut history = history([Some(1), Some(2)]);
        history.push(Sample {
            at_ns: STEP_NS + 1,
            rtt_us: Some(9),
        });
        let order: Vec<_> = history.between(0, u64::MAX).map(|s| s.rtt_us).collect();
        assert_eq!(order, [Some(1), Some(9), Some(2)]);
    }

    #[test]
    fn thinning_keeps_every_spike_and_every_trough() {
        let mut rtts = vec![Some(20_000); MAX_SAMPLES];
        rtts[4321] = Some(900_000);
        rtts[7000] = Some(1_000);
        let history = history(rtts);
        let columns = history.columns(0, u64::MAX, 30 * 60 * 1_000_000_000 / 800);
        assert!(columns.len() <= 802, "{} columns", columns.len());
        assert_eq!(columns.iter().map(|c| c.max_us).max(), Some(900_000));
        assert_eq!(columns.iter().map(|c| c.min_us).min(), Some(1_000));
    }

    #[test]
    fn every_lost_probe_is_in_an_outage_and_neighbours_share_one() {
        let history = history([Some(1), None, None, Some(1), None]);
        let outages = history.outages(0, u64::MAX);
        assert_eq!(outages.iter().map(|o| o.lost).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(history.loss(0, u64::MAX), (3, 5));
    }

    #[test]
    fn a_column_keeps_its_samples_when_the_window_moves_on() {
        let history = history((0..100).map(Some));
        let early = history.columns(0, STEP_NS * 90, STEP_NS * 5);
        let late = history.columns(STEP_NS * 10, STEP_NS * 100, STEP_NS * 5);
        let in_both = |columns: &[Column]| -> Vec<(u64, u32, u32)> {
            let inner = columns.iter().filter(|c| (4..=16).contains(&c.index));
            inner.map(|c| (c.index, c.min_us, c.max_us)).collect()
        };
        assert_eq!(in_both(&early), in_both(&late));
        assert!(!in_both(&early).is_empty());
    }

    #[test]
    fn a_pause_in_the_measuring_is_a_gap_and_not_a_line() {
        let mut history = history([Some(1), Some(1)]);
        history.push(Sample {
            at_ns: STEP_NS * 2 + GAP_NS + 1,
            rtt_us: Some(1),
        });
        let columns = history.columns(0, u64::MAX, STEP_NS);
        let gaps: Vec<_> = columns.iter().map(|c| c.after_gap).collect();
        assert_eq!(gaps, [true, false, true]);
    }

    #[test]
    fn the_nearest_probe_is_found_only_within_reach() {
        let history = history([Some(1), Some(2)]);
        let near = history.nearest(STEP_NS * 2 + 5, STEP_NS);
        assert_eq!(near.unwrap().rtt_us, Some(2));
        assert_eq!(history.nearest(STEP_NS * 60, STEP_NS), None);
        assert_eq!(History::default().nearest(7, u64::MAX), None);
    }
}
