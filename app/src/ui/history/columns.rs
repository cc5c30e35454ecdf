//! A history as a graph needs it: extremes per column of pixels, and runs of lost probes.

use super::{Bucket, GAP_NS, History};

/// A run of lost probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// When the first lost probe was sent.
    pub from_ns: u64,
    /// When the last one was sent.
    pub to_ns: u64,
    /// How many there were.
    pub lost: u32,
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
    /// The median, where a bucket is wider than a column and the line would else zigzag.
    pub median_us: Option<u32>,
    /// True when the line must not be joined to the column before it.
    pub after_gap: bool,
}

impl History {
    /// Smallest and largest answer per column of `column_ns`, for `from_ns..=to_ns`. No spike is
    /// ever left out; columns without an answer are.
    pub fn columns(&self, from_ns: u64, to_ns: u64, column_ns: u64) -> Vec<Column> {
        let column_ns = column_ns.max(1);
        let mut columns: Vec<Column> = Vec::new();
        let mut before: Option<Bucket> = None;
        let answered = self.buckets(from_ns, to_ns);
        for bucket in answered.filter(|bucket| bucket.answered > 0) {
            let index = bucket.middle_ns() / column_ns;
            let after_gap = before.is_none_or(|before| is_gap(&before, &bucket));
            before = Some(bucket);
            match columns.last_mut() {
                Some(last) if last.index == index => {
                    last.min_us = last.min_us.min(bucket.min_us);
                    last.max_us = last.max_us.max(bucket.max_us);
                    last.median_us = None;
                }
                _ => columns.push(Column {
                    index,
                    min_us: bucket.min_us,
                    max_us: bucket.max_us,
                    median_us: (bucket.width_ns > column_ns).then_some(bucket.median_us),
                    after_gap,
                }),
            }
        }
        columns
    }

    /// The runs of lost probes in `from_ns..=to_ns`. Of a bucket that lost only some, its middle.
    pub fn outages(&self, from_ns: u64, to_ns: u64) -> Vec<Outage> {
        let mut outages: Vec<Outage> = Vec::new();
        let mut running = false;
        for bucket in self.buckets(from_ns, to_ns) {
            if bucket.lost == 0 {
                running = false;
                continue;
            }
            let whole = bucket.answered == 0;
            let (from, to) = if whole {
                (bucket.from_ns, bucket.end_ns())
            } else {
                (bucket.middle_ns(), bucket.middle_ns())
            };
            match outages.last_mut() {
                Some(last) if running && whole && from.saturating_sub(last.to_ns) <= GAP_NS => {
                    last.to_ns = last.to_ns.max(to);
                    last.lost = last.lost.saturating_add(bucket.lost);
                }
                _ => outages.push(Outage {
                    from_ns: from,
                    to_ns: to,
                    lost: bucket.lost,
                }),
            }
            running = whole;
        }
        outages
    }
}

fn is_gap(before: &Bucket, after: &Bucket) -> bool {
    let pause_ns = after.from_ns.saturating_sub(before.end_ns());
    pause_ns > GAP_NS.max(before.width_ns)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STEP_NS, history};
    use super::super::{MAX_SAMPLES, Sample};
    use super::*;

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
    fn old_probes_are_columns_of_their_own_with_a_median_and_keep_their_spikes() {
        let mut rtts = vec![Some(20_000); MAX_SAMPLES + 3_000];
        rtts[1_234] = Some(900_000);
        rtts[1_300] = None;
        let history = history(rtts);
        let columns = history.columns(0, u64::MAX, STEP_NS);
        assert!(columns.iter().filter(|c| c.after_gap).count() == 1);
        assert_eq!(columns[0].median_us, Some(20_000));
        let spikes: Vec<_> = columns.iter().filter(|c| c.max_us == 900_000).collect();
        assert_eq!(spikes.len(), 1);
        assert_eq!(spikes[0].median_us, Some(20_000));
        let outages = history.outages(0, u64::MAX);
        assert_eq!(outages.len(), 1);
        assert_eq!(outages[0].from_ns, outages[0].to_ns);
        let away = outages[0].from_ns.abs_diff(STEP_NS * 1_301);
        assert!(away <= 1_000_000_000, "{away}");
    }
}
