//! What the list says as a whole: how many in the last hour, and whose fault. Pure.

use evenkeel_core::blame::{Culprit, Spike};

use crate::spikes::Spikes;
use crate::ui::blame;
use crate::words::{Key, Words};

/// What is summed up.
const HOUR_NS: u64 = 3600 * 1_000_000_000;

/// The last hour in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Spikes that ended in it.
    pub count: usize,
    /// By whom is blamed, most first; nobody who is not.
    pub blamed: Vec<(Culprit, usize)>,
}

/// Sums up the hour before `now_ns`.
pub fn tally(spikes: &Spikes, now_ns: u64) -> Tally {
    let from_ns = now_ns.saturating_sub(HOUR_NS);
    let recent: Vec<&Spike> = spikes.between(from_ns, u64::MAX).collect();
    let mut blamed: Vec<(Culprit, usize)> = blame::ORDER
        .map(|culprit| {
            let own = recent.iter().filter(|one| one.blame.culprit == culprit);
            (culprit, own.count())
        })
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    // Nobody comes last, however often.
    blamed.sort_by_key(|(culprit, count)| {
        let nobody = *culprit == Culprit::Unknown;
        (nobody, std::cmp::Reverse(*count))
    });
    Tally {
        count: recent.len(),
        blamed,
    }
}

impl Tally {
    /// It in a sentence.
    pub fn said(&self, words: &Words) -> String {
        if self.count == 0 {
            return words.say(Key::SpikesHourNone);
        }
        let parts: Vec<String> = self
            .blamed
            .iter()
            .map(|(culprit, count)| {
                let who = words.say(among(*culprit));
                let values = [("count", (*count).into()), ("who", who.into())];
                words.tell(Key::SpikesPart, values)
            })
            .collect();
        let parts = parts.join(", ");
        let values = [("count", self.count.into()), ("parts", parts.into())];
        words.tell(Key::SpikesHour, values)
    }
}

/// Those who are blamed for any of all spikes, in the order of [`blame::ORDER`].
pub fn blamed(spikes: &Spikes) -> Vec<Culprit> {
    let seen = |culprit: &Culprit| {
        let all = spikes.newest_first();
        all.iter().any(|spike| spike.blame.culprit == *culprit)
    };
    blame::ORDER.into_iter().filter(seen).collect()
}

/// Who is blamed, within a sentence.
fn among(culprit: Culprit) -> Key {
    match culprit {
        Culprit::Unknown => Key::AmongUnknown,
        Culprit::Device => Key::AmongDevice,
        Culprit::WiFi => Key::AmongWifi,
        Culprit::Line => Key::AmongLine,
        Culprit::Internet => Key::AmongInternet,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use evenkeel_core::blame::{Blame, Evidence, Rule};
    use evenkeel_dbus::spikes::records;

    fn spikes(all: &[(Culprit, u64)]) -> Spikes {
        let mut spikes = Spikes::default();
        for (culprit, from_ns) in all {
            let spike = Spike {
                uplink: Some(3),
                from_ns: *from_ns,
                until_ns: *from_ns,
                usual_ns: None,
                worst_ns: None,
                sent: 1,
                stood_out: 1,
                lost: 1,
                blame: Blame {
                    culprit: *culprit,
                    rule: Rule::Near,
                },
                evidence: Evidence::default(),
            };
            for record in records(&spike) {
                let _ = spikes.take(&record);
            }
        }
        spikes
    }

    #[test]
    fn the_last_hour_is_told_with_most_first_and_nobody_last() {
        let old = (Culprit::Device, 0);
        let hour: Vec<_> = (1..=9)
            .map(|at| match at {
                1..=4 => Culprit::Unknown,
                5 | 6 => Culprit::Internet,
                _ => Culprit::WiFi,
            })
            .zip(HOUR_NS + 1..)
            .collect();
        let all = [vec![old], hour].concat();
        let words = Words::new(Language::English);
        let told = tally(&spikes(&all), 2 * HOUR_NS);
        assert_eq!(
            told.said(&words),
            "9 spikes in the last hour: 3 Wi-Fi, 2 internet, 4 unknown."
        );
        assert_eq!(blamed(&spikes(&all)).len(), 4, "the old one is listed, too");
    }

    #[test]
    fn none_and_one_have_their_own_words() {
        let words = Words::new(Language::English);
        let none = tally(&Spikes::default(), HOUR_NS).said(&words);
        assert_eq!(none, "No spike in the last hour.");
        let one = tally(&spikes(&[(Culprit::Line, 5)]), 5).said(&words);
        assert_eq!(one, "One spike in the last hour: 1 router or line.");
        assert!(blamed(&Spikes::default()).is_empty());
    }
}
