//! Measurements in the user's words, as `measure::said` has them, with the names that the window gives
//! uplinks; and what only the window says. Figures come from elsewhere, and nothing is drawn.

use std::collections::BTreeMap;

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::MeasurementState;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Seen;
use super::offer::WhyNot;
pub use crate::measure::said::{change, reason_key};
use crate::measure::{Found, Snapshot, said};
use crate::ui::model::Model;
use crate::ui::speech;
use crate::words::{Key, Words};

/// An uplink's name; `if` and its number when nobody knows it any more.
pub fn uplink(ifindex: u32, model: &Model, words: &Words) -> String {
    let mut known = model.tracks.iter().chain(&model.past);
    let track = known.find(|track| track.info.ifindex == ifindex);
    track.map_or_else(|| format!("if{ifindex}"), |track| model.name(track, words))
}

/// Interfaces' names by ifindex, as they were when something was measured.
pub type Uplinks = BTreeMap<u32, String>;

/// What uplinks are called that had these names when they were measured; those of now have others.
pub fn names<'a>(
    then: &'a Uplinks,
    model: &'a Model,
    words: &'a Words,
) -> impl Fn(u32) -> String + 'a {
    move |ifindex| {
        let Some(name) = then.get(&ifindex) else {
            return uplink(ifindex, model, words);
        };
        let mut known = model.tracks.iter().chain(&model.past);
        let track = known.find(|track| track.info.name == *name);
        track.map_or_else(|| name.clone(), |track| model.name(track, words))
    }
}

/// What both arms are called.
pub fn arms(seen: &Seen, model: &Model, words: &Words) -> [String; 2] {
    said::arms(&seen.snapshot, &names(&seen.uplinks, model, words), words)
}

/// Both of them in a line.
pub fn versus(snapshot: &Snapshot, then: &Uplinks, model: &Model, words: &Words) -> String {
    said::versus(snapshot, &names(then, model, words), words)
}

/// The verdict in a sentence, or why there is none.
pub fn headline(seen: &Seen, model: &Model, words: &Words) -> String {
    let names = names(&seen.uplinks, model, words);
    said::headline(&seen.snapshot, &names, words)
}

/// A sentence under the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sentence {
    /// For everybody.
    Plain(String),
    /// For those who want to know it exactly.
    Small(String),
}

/// What the verdict rests on, or why there is none, sentence by sentence.
pub fn because(seen: &Seen, model: &Model, words: &Words) -> Vec<Sentence> {
    let snapshot = &seen.snapshot;
    let Some(outcome) = snapshot.outcome else {
        let why = match snapshot.state {
            _ if seen.lost => words.say(Key::MeasureLost),
            MeasurementState::Cancelled => {
                return vec![Sentence::Plain(words.say(Key::MeasureAllBefore))];
            }
            _ => words.say(reason_key(snapshot.reason)),
        };
        let before = words.say(Key::MeasureAllBefore);
        return vec![Sentence::Plain(format!("{why} {before}"))];
    };
    let names = names(&seen.uplinks, model, words);
    let difference = said::difference(snapshot, &outcome, &names, words);
    let mut all = vec![Sentence::Plain(difference)];
    if outcome.verdict == Verdict::NoDifference {
        all.push(Sentence::Plain(said::blind_spot(&outcome, words)));
    }
    all.push(Sentence::Small(said::certainty(&outcome, words)));
    all
}

/// How the arms' 99th percentiles compare: a description.
pub fn tail(found: &Found, arms: &[String; 2], words: &Words) -> Option<String> {
    let tail = found.tail?;
    let number = |value: f64| words.number(value, 2).into();
    let [a, b] = arms.clone();
    let values = [
        ("a", a.into()),
        ("b", b.into()),
        ("ratio", number(tail.value)),
        ("low", number(tail.low)),
        ("high", number(tail.high)),
    ];
    Some(words.tell(Key::MeasureTail, values))
}

/// Which uplinks the arms' blocks took, where that says anything.
pub fn ways(seen: &Seen, found: &Found, model: &Model, words: &Words) -> Option<String> {
    let names = names(&seen.uplinks, model, words);
    said::ways(&seen.snapshot, found, &names, words)
}

/// Why something cannot be compared here.
pub fn why_not_key(why: WhyNot) -> Key {
    match why {
        WhyNot::Watching(reason) => speech::reason_key(reason),
        WhyNot::GameModeOn => Key::MeasureNotGameModeOn,
        WhyNot::KernelChooses => Key::MeasureNotKernel,
        WhyNot::OneUplink => Key::MeasureNotOneUplink,
    }
}

/// Minutes and seconds.
pub fn clock(ms: u64) -> String {
    let seconds = ms.div_ceil(1_000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// When it began, in local time.
pub fn began(snapshot: &Snapshot, words: &Words) -> String {
    let seconds = i64::try_from(snapshot.started_at).unwrap_or(0);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let at = at.to_zoned(TimeZone::system());
    let values = [
        ("month", i64::from(at.month()).into()),
        ("day", i64::from(at.day()).into()),
        ("time", at.strftime("%H:%M").to_string().into()),
    ];
    words.tell(Key::MeasureBegan, values)
}
