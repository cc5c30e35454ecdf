//! What is left of probes that are too old to be kept one by one: buckets of two widths with their
//! extremes, their median and their losses. Pure, bounded, and no spike is ever left out. The
//! probes themselves are in [`History`](super::History).

use std::collections::VecDeque;

use super::{DAY_NS, Sample};

/// How far the narrow buckets reach.
const FINE_REACH_NS: u64 = 4 * 3600 * 1_000_000_000;
/// Buckets of two seconds, for four hours and a little.
const FINE: Shape = Shape {
    width_ns: 2_000_000_000,
    most: 7_210,
};
/// Buckets of ten seconds, for the rest of the day.
const COARSE: Shape = Shape {
    width_ns: 10_000_000_000,
    most: 8_640,
};
/// Medians of a bucket's parts that are kept until it is full; more parts do not move its median.
const MOST_PARTS: usize = 64;

/// How wide buckets are, and how many are kept.
#[derive(Debug, Clone, Copy)]
struct Shape {
    width_ns: u64,
    most: usize,
}

/// Some time of probes in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// When it begins, `CLOCK_MONOTONIC` in nanoseconds.
    pub from_ns: u64,
    /// How long it is; 0 for a single probe.
    pub width_ns: u64,
    /// The fastest answer in microseconds; 0 when none came, as in the next two.
    pub min_us: u32,
    /// The median answer. Of wide buckets it is the median of their parts' medians.
    pub median_us: u32,
    /// The slowest answer.
    pub max_us: u32,
    /// Probes that were answered.
    pub answered: u32,
    /// Probes that were lost.
    pub lost: u32,
}

impl Bucket {
    /// A bucket of one probe.
    pub fn of(sample: Sample) -> Self {
        let rtt_us = sample.rtt_us.unwrap_or(0);
        Self {
            from_ns: sample.at_ns,
            width_ns: 0,
            min_us: rtt_us,
            median_us: rtt_us,
            max_us: rtt_us,
            answered: u32::from(sample.rtt_us.is_some()),
            lost: u32::from(sample.rtt_us.is_none()),
        }
    }

    /// The moment in its middle.
    pub fn middle_ns(&self) -> u64 {
        self.from_ns.saturating_add(self.width_ns / 2)
    }

    /// The first moment after it.
    pub fn end_ns(&self) -> u64 {
        self.from_ns.saturating_add(self.width_ns)
    }

    /// Takes `other` in; the median stays what it was unless there was none.
    pub fn merge(&mut self, other: &Self) {
        if other.answered > 0 {
            if self.answered == 0 {
                (self.min_us, self.median_us) = (other.min_us, other.median_us);
            }
            self.min_us = self.min_us.min(other.min_us);
            self.max_us = self.max_us.max(other.max_us);
        }
        self.answered = self.answered.saturating_add(other.answered);
        self.lost = self.lost.saturating_add(other.lost);
    }
}

/// A bucket as it is kept: what its level knows already is left out.
#[derive(Debug, Clone, Copy)]
struct Packed {
    from_ns: u64,
    min_us: u32,
    median_us: u32,
    max_us: u32,
    answered: u16,
    lost: u16,
}

impl Packed {
    fn new(bucket: &Bucket) -> Self {
        let count = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
        Self {
            from_ns: bucket.from_ns,
            min_us: bucket.min_us,
            median_us: bucket.median_us,
            max_us: bucket.max_us,
            answered: count(bucket.answered),
            lost: count(bucket.lost),
        }
    }

    fn open(self, width_ns: u64) -> Bucket {
        Bucket {
            from_ns: self.from_ns,
            width_ns,
            min_us: self.min_us,
            median_us: self.median_us,
            max_us: self.max_us,
            answered: self.answered.into(),
            lost: self.lost.into(),
        }
    }
}

/// The newest bucket, which is still being filled.
#[derive(Debug, Clone)]
struct Open {
    bucket: Bucket,
    medians: Vec<u32>,
}

impl Open {
    fn finished(&self) -> Bucket {
        let mut medians = self.medians.clone();
        let middle = medians.len() / 2;
        let median_us = match medians.get(middle) {
            Some(_) => *medians.select_nth_unstable(middle).1,
            None => 0,
        };
        Bucket {
            median_us,
            ..self.bucket
        }
    }

    fn take(&mut self, part: &Bucket) {
        self.bucket.merge(part);
        if part.answered > 0 && self.medians.len() < MOST_PARTS {
            self.medians.push(part.median_us);
        }
    }
}

/// Buckets of one width, oldest first.
#[derive(Debug, Clone)]
struct Level {
    shape: Shape,
    full: VecDeque<Packed>,
    open: Option<Open>,
}

impl Level {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            full: VecDeque::new(),
            open: None,
        }
    }

    /// Takes a part in; what has no place left here comes back.
    fn push(&mut self, part: &Bucket) -> Option<Bucket> {
        let from_ns = part.from_ns / self.shape.width_ns * self.shape.width_ns;
        match &mut self.open {
            Some(open) if open.bucket.from_ns == from_ns => open.take(part),
            Some(open) if from_ns < open.bucket.from_ns => self.amend(from_ns, part),
            _ => return self.begin(from_ns, part),
        }
        None
    }

    /// Takes in a part that came late, where its time is still kept.
    fn amend(&mut self, from_ns: u64, part: &Bucket) {
        let place = self.full.binary_search_by_key(&from_ns, |b| b.from_ns);
        if let Some(kept) = place.ok().and_then(|index| self.full.get_mut(index)) {
            let mut bucket = kept.open(self.shape.width_ns);
            bucket.merge(part);
            *kept = Packed::new(&bucket);
        }
    }

    fn begin(&mut self, from_ns: u64, part: &Bucket) -> Option<Bucket> {
        let empty = Packed {
            from_ns,
            min_us: 0,
            median_us: 0,
            max_us: 0,
            answered: 0,
            lost: 0,
        };
        let mut medians = Vec::new();
        if let Some(open) = self.open.take() {
            if self.full.capacity() == 0 {
                // All at once: growing by halves would hold on to twice as much.
                self.full.reserve_exact(self.shape.most + 1);
            }
            self.full.push_back(Packed::new(&open.finished()));
            medians = open.medians;
            medians.clear();
        }
        let bucket = empty.open(self.shape.width_ns);
        let mut open = Open { bucket, medians };
        open.take(part);
        self.open = Some(open);
        let surplus = self.full.len() > self.shape.most;
        surplus.then(|| self.pop()).flatten()
    }

    fn pop(&mut self) -> Option<Bucket> {
        let old = self.full.pop_front()?;
        Some(old.open(self.shape.width_ns))
    }

    /// Takes out the oldest bucket if it ends before `ns`.
    fn drop_before(&mut self, ns: u64) -> Option<Bucket> {
        let end_ns = self
            .full
            .front()?
            .from_ns
            .saturating_add(self.shape.width_ns);
        (end_ns <= ns).then(|| self.pop()).flatten()
    }

    fn between(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Bucket> + '_ {
        let width_ns = self.shape.width_ns;
        let ended = |b: &Packed| b.from_ns.saturating_add(width_ns) <= from_ns;
        let first = self.full.partition_point(ended);
        let end = self.full.partition_point(|b| b.from_ns <= to_ns);
        let open = self.open.iter().map(Open::finished);
        self.full
            .range(first..end.max(first))
            .map(move |packed| packed.open(width_ns))
            .chain(open)
            .filter(move |b| b.end_ns() > from_ns && b.from_ns <= to_ns)
    }

    fn oldest_ns(&self) -> Option<u64> {
        let open = self.open.as_ref().map(|open| open.bucket.from_ns);
        self.full.front().map(|bucket| bucket.from_ns).or(open)
    }
}

/// A day of one uplink, thinned.
#[derive(Debug, Clone)]
pub struct Thinned {
    fine: Level,
    coarse: Level,
}

impl Default for Thinned {
    fn default() -> Self {
        Self {
            fine: Level::new(FINE),
            coarse: Level::new(COARSE),
        }
    }
}

impl Thinned {
    /// Takes in the oldest probe of those that were kept one by one; the newest one was sent at
    /// `newest_ns`.
    pub fn push(&mut self, sample: Sample, newest_ns: u64) {
        if let Some(old) = self.fine.push(&Bucket::of(sample)) {
            let _ = self.coarse.push(&old);
        }
        // Whole wide buckets only, so that the two levels never overlap.
        let beyond_ns = sample.at_ns.saturating_sub(FINE_REACH_NS);
        let beyond_ns = beyond_ns / COARSE.width_ns * COARSE.width_ns;
        while let Some(old) = self.fine.drop_before(beyond_ns) {
            let _ = self.coarse.push(&old);
        }
        while self
            .coarse
            .drop_before(newest_ns.saturating_sub(DAY_NS))
            .is_some()
        {}
    }

    /// The buckets that reach into `from_ns..=to_ns`, oldest first.
    pub fn between(&self, from_ns: u64, to_ns: u64) -> impl Iterator<Item = Bucket> + '_ {
        let coarse = self.coarse.between(from_ns, to_ns);
        coarse.chain(self.fine.between(from_ns, to_ns))
    }

    /// Where it begins.
    pub fn oldest_ns(&self) -> Option<u64> {
        self.coarse.oldest_ns().or(self.fine.oldest_ns())
    }

    /// Bytes it holds on to.
    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        (self.fine.full.capacity() + self.coarse.full.capacity()) * size_of::<Packed>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP_NS: u64 = 200_000_000;

    fn thinned(rtts_us: impl IntoIterator<Item = Option<u32>>) -> Thinned {
        let mut thinned = Thinned::default();
        for (number, rtt_us) in rtts_us.into_iter().enumerate() {
            let at_ns = STEP_NS * number as u64;
            thinned.push(Sample { at_ns, rtt_us }, at_ns);
        }
        thinned
    }

    #[test]
    fn a_bucket_has_the_extremes_the_median_and_the_losses_of_its_probes() {
        let rtts = [5, 1, 9, 2, 8, 3, 7, 4, 6].map(Some);
        let thinned = thinned(rtts.into_iter().chain([None, Some(77)]));
        let buckets: Vec<_> = thinned.between(0, u64::MAX).collect();
        assert_eq!(buckets.len(), 2);
        let first = buckets[0];
        assert_eq!((first.min_us, first.median_us, first.max_us), (1, 5, 9));
        assert_eq!((first.answered, first.lost), (9, 1));
        assert_eq!(buckets[1].median_us, 77);
    }

    #[test]
    fn a_bucket_of_losses_has_no_answer_and_a_late_answer_finds_its_place() {
        let mut thinned = thinned((0..20).map(|_| None));
        let late = Sample {
            at_ns: STEP_NS + 1,
            rtt_us: Some(40),
        };
        thinned.push(late, late.at_ns);
        let first = thinned.between(0, 0).next().unwrap();
        assert_eq!((first.answered, first.lost), (1, 10));
        assert_eq!((first.min_us, first.median_us, first.max_us), (40, 40, 40));
    }

    #[test]
    fn two_days_leave_one_day_in_order_without_overlap_and_every_spike() {
        let probes = 2 * DAY_NS / STEP_NS;
        let spike = probes - 3 * 3600 * 5 * 4;
        let thinned = thinned((0..probes).map(|n| Some(if n == spike { 900_000 } else { 20_000 })));
        let buckets: Vec<_> = thinned.between(0, u64::MAX).collect();
        assert!(
            buckets
                .windows(2)
                .all(|pair| pair[0].end_ns() <= pair[1].from_ns)
        );
        let reach_ns = buckets.last().unwrap().end_ns() - buckets[0].from_ns;
        assert!(reach_ns >= DAY_NS - COARSE.width_ns, "{reach_ns}");
        assert!(reach_ns <= DAY_NS + 2 * COARSE.width_ns, "{reach_ns}");
        assert_eq!(buckets.iter().map(|b| b.max_us).max(), Some(900_000));
        let answered: u64 = buckets.iter().map(|b| u64::from(b.answered)).sum();
        assert!(answered.abs_diff(DAY_NS / STEP_NS) <= 120, "{answered}");
        assert!(thinned.bytes() < 400_000, "{}", thinned.bytes());
    }

    #[test]
    fn a_leap_to_the_end_of_time_empties_the_day_and_does_not_loop() {
        let mut thinned = thinned((0..100_000).map(Some));
        let last = Sample {
            at_ns: u64::MAX,
            rtt_us: Some(u32::MAX),
        };
        thinned.push(last, last.at_ns);
        let buckets: Vec<_> = thinned.between(0, u64::MAX).collect();
        assert_eq!(buckets.last().unwrap().max_us, u32::MAX);
        assert!(buckets.len() <= 2, "{}", buckets.len());
    }
}
