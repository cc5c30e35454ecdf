//! The spikes that a feed told of, newest first, as many as are worth keeping. The command line lists
//! them and the window shows them; how either looks is not decided here.

use evenkeel_core::blame::Spike;
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::spikes::Spikes as Assembly;

/// Spikes that are kept; the oldest one goes first.
pub const MAX_SPIKES: usize = 256;

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Spikes {
    assembly: Assembly,
    /// Newest first.
    kept: Vec<Spike>,
    /// How many there ever were.
    taken: u64,
}

impl Spikes {
    /// Takes the next record of a feed; the spike if it was the last of one that is new. One that the
    /// helper tells again to a new listener is known already. Other records change nothing.
    pub fn take(&mut self, record: &Record) -> Option<&Spike> {
        let spike = self.assembly.take(record)?;
        let same = |known: &Spike| (known.uplink, known.from_ns) == (spike.uplink, spike.from_ns);
        if self.kept.iter().any(same) {
            return None;
        }
        let older = |known: &Spike| known.from_ns > spike.from_ns;
        let at = self.kept.partition_point(older);
        self.kept.insert(at, spike);
        self.kept.truncate(MAX_SPIKES);
        self.taken += 1;
        self.kept.get(at)
    }

    /// All of them, newest first.
    pub fn newest_first(&self) -> &[Spike] {
        &self.kept
    }

    /// Those that have any moment in common with a stretch of time, newest first.
    pub fn between(&self, from_ns: u64, until_ns: u64) -> impl Iterator<Item = &Spike> {
        let within = move |spike: &&Spike| spike.overlaps(from_ns, until_ns);
        self.kept.iter().filter(within)
    }

    /// The one of this uplink, or of the whole machine, that began then.
    pub fn find(&self, uplink: Option<u32>, from_ns: u64) -> Option<&Spike> {
        let same = |spike: &&Spike| (spike.uplink, spike.from_ns) == (uplink, from_ns);
        self.kept.iter().find(same)
    }

    /// Changes with every spike, so that a picture knows when it is stale.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::blame::{Evidence, Measure, judge};
    use evenkeel_dbus::spikes::records;

    fn spike(uplink: u32, from_ns: u64) -> Spike {
        let evidence: Evidence = [(Measure::GatewaySharePermille, 900)].into_iter().collect();
        Spike {
            uplink: Some(uplink),
            from_ns,
            until_ns: from_ns + 1000,
            usual_ns: Some(20_000_000),
            worst_ns: None,
            sent: 1,
            stood_out: 1,
            lost: 1,
            blame: judge(Some(100_000_000), &evidence),
            evidence,
        }
    }

    fn take_all(spikes: &mut Spikes, spike: &Spike) -> usize {
        let taken = records(spike);
        taken
            .iter()
            .filter(|record| spikes.take(record).is_some())
            .count()
    }

    #[test]
    fn the_newest_comes_first_whatever_came_first_and_none_twice() {
        let mut spikes = Spikes::default();
        for from_ns in [5_000, 9_000, 1_000] {
            assert_eq!(take_all(&mut spikes, &spike(3, from_ns)), 1);
        }
        assert_eq!(take_all(&mut spikes, &spike(3, 9_000)), 0);
        assert_eq!(take_all(&mut spikes, &spike(4, 9_000)), 1);
        let order: Vec<u64> = spikes
            .newest_first()
            .iter()
            .map(|one| one.from_ns)
            .collect();
        assert_eq!(order, [9_000, 9_000, 5_000, 1_000]);
        assert_eq!(spikes.between(5_500, 6_500).count(), 1);
        assert_eq!(spikes.between(6_001, 8_999).count(), 0);
        assert_eq!(spikes.newest_first()[3], spike(3, 1_000));
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut spikes = Spikes::default();
        for from_ns in 0..2 * MAX_SPIKES as u64 {
            let _ = take_all(&mut spikes, &spike(3, from_ns));
        }
        assert_eq!(spikes.newest_first().len(), MAX_SPIKES);
        assert_eq!(spikes.newest_first()[0].from_ns, 2 * MAX_SPIKES as u64 - 1);
    }
}
