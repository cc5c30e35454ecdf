//! A spike on the feed: how it is cut into records, and how it is put together again. What a spike
//! is, and whose fault it was, is known in the core.

use evenkeel_core::blame::{Blame, Culprit, Evidence, Measure, Rule, Spike};

use crate::feed::Record;

/// Spikes that may be half received at once; the oldest one goes first.
const MAX_OPEN: usize = 32;

/// The records that carry a spike, in this order: its evidence, then the spike itself.
pub fn records(spike: &Spike) -> Vec<Record> {
    let ifindex = spike.uplink.unwrap_or(0);
    let at_ns = spike.from_ns;
    let all: Vec<(u8, u64)> = spike
        .evidence
        .all()
        .map(|(measure, value)| (measure.code(), value))
        .collect();
    let seen = all.chunks(3).map(|chunk| {
        let mut seen = [(0, 0); 3];
        seen[..chunk.len()].copy_from_slice(chunk);
        Record::Seen {
            ifindex,
            at_ns,
            seen,
        }
    });
    let whole = Record::Spike {
        ifindex: spike.uplink,
        at_ns,
        length_ns: spike.length_ns(),
        usual_ns: spike.usual_ns,
        worst_ns: spike.worst_ns,
        sent: clamped(spike.sent),
        stood_out: clamped(spike.stood_out),
        lost: clamped(spike.lost),
        culprit: spike.blame.culprit.code(),
        rule: spike.blame.rule.code(),
    };
    seen.chain([whole]).collect()
}

fn clamped(count: u32) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Puts spikes together from the records of one feed.
#[derive(Debug, Clone, Default)]
pub struct Spikes {
    open: Vec<((u32, u64), Evidence)>,
}

impl Spikes {
    /// Takes the next record; the spike when it was the last of one. Evidence that was dropped on the
    /// way is missing from it, as if it could not have been read. Other records change nothing.
    pub fn take(&mut self, record: &Record) -> Option<Spike> {
        match *record {
            Record::Seen {
                ifindex,
                at_ns,
                seen,
            } => {
                let at = self.place((ifindex, at_ns));
                for (code, value) in seen {
                    if let Some(measure) = Measure::from_code(code) {
                        self.open[at].1.set(measure, value);
                    }
                }
                None
            }
            Record::Spike {
                ifindex,
                at_ns,
                length_ns,
                usual_ns,
                worst_ns,
                sent,
                stood_out,
                lost,
                culprit,
                rule,
            } => {
                let key = (ifindex.unwrap_or(0), at_ns);
                let at = self.open.iter().position(|(one, _)| *one == key);
                let evidence = at.map(|at| self.open.remove(at).1);
                Some(Spike {
                    uplink: ifindex,
                    from_ns: at_ns,
                    until_ns: at_ns.saturating_add(length_ns),
                    usual_ns,
                    worst_ns,
                    sent: sent.into(),
                    stood_out: stood_out.into(),
                    lost: lost.into(),
                    blame: Blame {
                        culprit: Culprit::from_code(culprit),
                        rule: Rule::from_code(rule),
                    },
                    evidence: evidence.unwrap_or_default(),
                })
            }
            _ => None,
        }
    }

    fn place(&mut self, key: (u32, u64)) -> usize {
        if let Some(at) = self.open.iter().position(|(one, _)| *one == key) {
            return at;
        }
        if self.open.len() == MAX_OPEN {
            let _ = self.open.remove(0);
        }
        self.open.push((key, Evidence::default()));
        self.open.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::{MAX_RECORDS, decode, encode};

    fn spike(from_ns: u64, uplink: Option<u32>) -> Spike {
        let seen = [(Measure::GatewayWorstNs, 71_000_000), (Measure::Scans, 0)];
        Spike {
            uplink,
            from_ns,
            until_ns: from_ns + 1_234_567,
            usual_ns: uplink.map(|_| 20_000_000),
            worst_ns: Some(90_000_000),
            sent: 7,
            stood_out: 5,
            lost: 1,
            blame: Blame {
                culprit: Culprit::Line,
                rule: Rule::Near,
            },
            evidence: seen.into_iter().collect(),
        }
    }

    #[test]
    fn what_goes_over_the_feed_comes_out_again_even_when_two_are_mixed() {
        let sent = [spike(5, Some(3)), spike(5, None), spike(6, Some(3))];
        let mut mixed: Vec<Record> = Vec::new();
        let parts: Vec<Vec<Record>> = sent.iter().map(records).collect();
        for at in 0..parts[0].len() {
            mixed.extend(parts.iter().map(|part| part[at]));
        }
        let frame = decode(&encode(0, 0, &mixed)).unwrap();
        let mut spikes = Spikes::default();
        let came: Vec<Spike> = frame
            .records
            .iter()
            .filter_map(|record| spikes.take(record))
            .collect();
        assert_eq!(came, sent);
        assert!(spikes.open.is_empty());
    }

    #[test]
    fn a_spike_with_everything_seen_is_small_and_whole() {
        let mut full = spike(5, Some(3));
        full.evidence = Measure::ALL.iter().map(|measure| (*measure, 9)).collect();
        let records = records(&full);
        assert!(records.len() <= MAX_RECORDS / 4);
        let mut spikes = Spikes::default();
        let came = records.iter().find_map(|record| spikes.take(record));
        assert_eq!(came, Some(full));
    }

    #[test]
    fn evidence_that_was_dropped_is_missing_and_the_spike_is_not() {
        let all = records(&spike(5, Some(3)));
        let mut spikes = Spikes::default();
        let came = all.last().and_then(|last| spikes.take(last)).unwrap();
        assert_eq!(came.evidence, Evidence::default());
        assert_eq!(came.blame.culprit, Culprit::Line);
    }

    #[test]
    fn evidence_whose_spike_never_comes_is_bounded() {
        let mut spikes = Spikes::default();
        for at_ns in 0..1000 {
            let _ = spikes.take(&records(&spike(at_ns, Some(3)))[0]);
        }
        assert_eq!(spikes.open.len(), MAX_OPEN);
    }
}
