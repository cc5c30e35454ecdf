//! Measurements in the user's words: what the arms are called, the verdict with its uncertainty, why
//! it waits or has none. Figures come from elsewhere, and nothing is drawn.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{ARM_OFF, MeasurementReason, MeasurementState, Subject};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Seen;
use super::offer::WhyNot;
use crate::measure::{Found, Outcome, Snapshot};
use crate::ui::model::Model;
use crate::ui::speech;
use crate::words::{Key, Words};

/// From this ratio on it is told as so many times as much.
const TIMES: f64 = 3.0;

/// An uplink's name; `if` and its number when nobody knows it any more.
pub fn uplink(ifindex: u32, model: &Model, words: &Words) -> String {
    let mut known = model.tracks.iter().chain(&model.past);
    let track = known.find(|track| track.info.ifindex == ifindex);
    track.map_or_else(|| format!("if{ifindex}"), |track| model.name(track, words))
}

/// What both arms are called.
pub fn arms(snapshot: &Snapshot, model: &Model, words: &Words) -> [String; 2] {
    let plan = snapshot.plan;
    [plan.a, plan.b].map(|value| {
        let set = |on: Key, off: Key| match value {
            ARM_OFF => words.say(off),
            value => words.tell(on, [("value", value.into())]),
        };
        match snapshot.subject() {
            Subject::GameMode if value == 1 => words.say(Key::MeasureArmGameOn),
            Subject::GameMode => words.say(Key::MeasureArmGameOff),
            Subject::EmaFactor => set(Key::MeasureArmEma, Key::MeasureArmEmaOff),
            Subject::PowerCost => set(Key::MeasureArmPower, Key::MeasureArmPowerOff),
            Subject::UplinkCost => {
                let uplink = uplink(plan.ifindex, model, words).into();
                match value {
                    ARM_OFF => words.tell(Key::MeasureArmCostOff, [("uplink", uplink)]),
                    value => {
                        let values = [("uplink", uplink), ("value", value.into())];
                        words.tell(Key::MeasureArmCost, values)
                    }
                }
            }
            Subject::Uplinks => uplink(value, model, words),
            Subject::Unknown if value == plan.a => "A".to_owned(),
            Subject::Unknown => "B".to_owned(),
        }
    })
}

/// Both of them in a line.
pub fn versus(snapshot: &Snapshot, model: &Model, words: &Words) -> String {
    let [a, b] = arms(snapshot, model, words);
    words.tell(Key::MeasureVersus, [("a", a.into()), ("b", b.into())])
}

/// The verdict in a sentence, or why there is none.
pub fn headline(seen: &Seen, model: &Model, words: &Words) -> String {
    let snapshot = &seen.snapshot;
    let [a, b] = arms(snapshot, model, words);
    let values = [("a", a.into()), ("b", b.into())];
    match snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => words.tell(Key::MeasureBetter, values),
        Some(Verdict::Worse) => words.tell(Key::MeasureWorse, values),
        Some(Verdict::NoDifference) => words.tell(Key::MeasureNoDifference, values),
        None if snapshot.state == MeasurementState::Cancelled => words.say(Key::MeasureCancelled),
        None => words.say(Key::MeasureNoVerdict),
    }
}

/// What the verdict rests on, or why there is none, sentence by sentence.
pub fn because(seen: &Seen, model: &Model, words: &Words) -> Vec<String> {
    let snapshot = &seen.snapshot;
    let Some(outcome) = snapshot.outcome else {
        let why = match snapshot.state {
            _ if seen.lost => words.say(Key::MeasureLost),
            MeasurementState::Cancelled => return vec![words.say(Key::MeasureAllBefore)],
            _ => words.say(reason_key(snapshot.reason)),
        };
        return vec![why, words.say(Key::MeasureAllBefore)];
    };
    let [_, b] = arms(snapshot, model, words);
    let change = change(outcome.ratio, words);
    let values = [("change", change.into()), ("b", b.into())];
    let mut said = vec![words.tell(Key::MeasureChange, values)];
    said.push(certainty(&outcome, words));
    if outcome.verdict == Verdict::NoDifference {
        said.push(blind_spot(&outcome, words));
    }
    said
}

fn certainty(outcome: &Outcome, words: &Words) -> String {
    let values = [
        ("chance", chance(outcome.p, words).into()),
        ("pairs", outcome.pairs.into()),
    ];
    let rests = words.tell(Key::MeasureRests, values);
    let Some((low, high)) = outcome.interval else {
        return rests;
    };
    let [low, high] = [low, high].map(|ratio| change(ratio, words).into());
    let interval = words.tell(Key::MeasureInterval, [("low", low), ("high", high)]);
    format!("{interval} {rests}")
}

/// What such a measurement could not have seen.
fn blind_spot(outcome: &Outcome, words: &Words) -> String {
    let Some(seen) = outcome.seen else {
        return words.say(Key::MeasureBlind);
    };
    let [less, more] = [seen, 1.0 / seen].map(|ratio| change(ratio, words).into());
    words.tell(Key::MeasureSees, [("less", less), ("more", more)])
}

/// A ratio as people say it.
pub fn change(ratio: f64, words: &Words) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let permille = |percent: f64| words.percent((percent.round() * 10.0) as u32).into();
    match () {
        () if ratio >= TIMES => {
            let times = words.number(ratio, 1);
            words.tell(Key::MeasureTimes, [("times", times.into())])
        }
        () if percent >= 0.5 => words.tell(Key::MeasureMore, [("percent", permille(percent))]),
        () if percent <= -0.5 => words.tell(Key::MeasureLess, [("percent", permille(-percent))]),
        () => words.say(Key::MeasureSame),
    }
}

/// How often chance does as much, in a thousand.
fn chance(p: f64, words: &Words) -> String {
    let thousand = p * 1_000.0;
    if thousand < 1.0 {
        words.say(Key::MeasureLessThanOne)
    } else {
        words.number(thousand, 0)
    }
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
    if seen.snapshot.subject() == Subject::Uplinks || found.blocks.is_empty() {
        return None;
    }
    let taken = [0, 1].map(|arm| {
        let mut counts: Vec<(u32, u32)> = Vec::new();
        for block in found.blocks.iter().filter(|block| block.arm == arm) {
            match counts.iter_mut().find(|(known, _)| *known == block.ifindex) {
                Some((_, count)) => *count += 1,
                None => counts.push((block.ifindex, 1)),
            }
        }
        let told = counts.into_iter().map(|(ifindex, count)| {
            let name = match ifindex {
                0 => words.say(Key::MeasureElsewhere),
                ifindex => uplink(ifindex, model, words),
            };
            format!("{name} {}", words.number(count.into(), 0))
        });
        told.collect::<Vec<_>>().join(", ")
    });
    let [a, b] = taken;
    Some(words.tell(Key::MeasureWays, [("a", a.into()), ("b", b.into())]))
}

/// Why it waits, or ended without a verdict.
pub fn reason_key(reason: MeasurementReason) -> Key {
    match reason {
        MeasurementReason::None => Key::MeasureWhyNone,
        MeasurementReason::Asked => Key::MeasureWhyAsked,
        MeasurementReason::GameModeHeld => Key::MeasureWhyGameMode,
        MeasurementReason::UplinksChanged => Key::MeasureWhyUplinks,
        MeasurementReason::SettingChanged => Key::MeasureWhySetting,
        MeasurementReason::SteppedBack => Key::MeasureWhySteppedBack,
        MeasurementReason::Refused => Key::MeasureWhyRefused,
        MeasurementReason::NoAnswers => Key::MeasureWhyNoAnswers,
        MeasurementReason::WaitedTooLong => Key::MeasureWhyTooLong,
        MeasurementReason::Interrupted => Key::MeasureWhyInterrupted,
        MeasurementReason::Unknown => Key::MeasureWhyUnknown,
    }
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
