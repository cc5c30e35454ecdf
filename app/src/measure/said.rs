//! A measurement in the user's words, wherever it is shown: what the arms are called, the verdict with
//! its uncertainty, why it waits or has none. What an uplink is called is asked of whoever knows.
//! Figures come from elsewhere, and nothing is drawn.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{ARM_OFF, MeasurementReason, MeasurementState, Subject};

use super::{Found, Outcome, Snapshot};
use crate::words::{Key, Words};

/// From this ratio on it is told as so many times as much.
const TIMES: f64 = 3.0;

/// Tells an uplink's name by its ifindex.
pub type Names<'a> = &'a dyn Fn(u32) -> String;

/// What both arms are called.
pub fn arms(snapshot: &Snapshot, names: Names<'_>, words: &Words) -> [String; 2] {
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
                let uplink = names(plan.ifindex).into();
                match value {
                    ARM_OFF => words.tell(Key::MeasureArmCostOff, [("uplink", uplink)]),
                    value => {
                        let values = [("uplink", uplink), ("value", value.into())];
                        words.tell(Key::MeasureArmCost, values)
                    }
                }
            }
            Subject::Uplinks => names(value),
            Subject::Unknown if value == plan.a => "A".to_owned(),
            Subject::Unknown => "B".to_owned(),
        }
    })
}

/// Both of them in a line.
pub fn versus(snapshot: &Snapshot, names: Names<'_>, words: &Words) -> String {
    let [a, b] = arms(snapshot, names, words);
    words.tell(Key::MeasureVersus, [("a", a.into()), ("b", b.into())])
}

/// The verdict in a sentence, or that there is none.
pub fn headline(snapshot: &Snapshot, names: Names<'_>, words: &Words) -> String {
    let [a, b] = arms(snapshot, names, words);
    let values = [("a", a.into()), ("b", b.into())];
    match snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => words.tell(Key::MeasureBetter, values),
        Some(Verdict::Worse) => words.tell(Key::MeasureWorse, values),
        Some(Verdict::NoDifference) => words.tell(Key::MeasureNoDifference, values),
        None if snapshot.state == MeasurementState::Cancelled => words.say(Key::MeasureCancelled),
        None => words.say(Key::MeasureNoVerdict),
    }
}

/// By how much B differs.
pub fn difference(
    snapshot: &Snapshot,
    outcome: &Outcome,
    names: Names<'_>,
    words: &Words,
) -> String {
    let [_, b] = arms(snapshot, names, words);
    let change = change(outcome.ratio, words);
    words.tell(
        Key::MeasureChange,
        [("change", change.into()), ("b", b.into())],
    )
}

/// How sure that is.
pub fn certainty(outcome: &Outcome, words: &Words) -> String {
    let pairs = ("pairs", outcome.pairs.into());
    let thousand = outcome.p * 1_000.0;
    let rests = if thousand < 1.0 {
        words.tell(Key::MeasureRestsRare, [pairs])
    } else {
        let chance = words.number(thousand, 0);
        words.tell(Key::MeasureRests, [pairs, ("chance", chance.into())])
    };
    let Some((low, high)) = outcome.interval else {
        return rests;
    };
    let [low, high] = [low, high].map(|ratio| change(ratio, words).into());
    let interval = words.tell(Key::MeasureInterval, [("low", low), ("high", high)]);
    format!("{interval} {rests}")
}

/// What such a measurement could not have seen.
pub fn blind_spot(outcome: &Outcome, words: &Words) -> String {
    let Some(seen) = outcome.seen else {
        return words.say(Key::MeasureBlind);
    };
    let [less, more] = [seen, 1.0 / seen].map(|ratio| change(ratio, words).into());
    words.tell(Key::MeasureSees, [("less", less), ("more", more)])
}

/// What the verdict rests on, sentence by sentence; nothing without one.
pub fn because(snapshot: &Snapshot, names: Names<'_>, words: &Words) -> Vec<String> {
    let Some(outcome) = snapshot.outcome else {
        return Vec::new();
    };
    let mut said = vec![difference(snapshot, &outcome, names, words)];
    if outcome.verdict == Verdict::NoDifference {
        said.push(blind_spot(&outcome, words));
    }
    said.push(certainty(&outcome, words));
    said
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

/// Which uplinks the arms' blocks took, where that says anything.
pub fn ways(snapshot: &Snapshot, found: &Found, names: Names<'_>, words: &Words) -> Option<String> {
    if snapshot.subject() == Subject::Uplinks || found.blocks.is_empty() {
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
                ifindex => names(ifindex),
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
