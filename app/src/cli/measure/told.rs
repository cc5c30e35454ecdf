//! A measurement in words for the terminal: those of `measure::said`, without the marks that hold Korean
//! words together in the window, and the advice with what to type. Tables and figures come from
//! elsewhere.

use std::collections::BTreeMap;

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{MeasurementReason, MeasurementState};

use super::super::out::escaped;
use crate::measure::after::{After, Off, Setting, after};
use crate::measure::{Found, Snapshot, said};
use crate::state::HelperState;
use crate::words::{Key, Words};

/// What interfaces are called.
#[derive(Debug, Clone, Default)]
pub struct Names {
    uplinks: BTreeMap<u32, String>,
}

impl Names {
    /// The uplinks of now.
    pub fn of(state: &HelperState) -> Self {
        let named = |uplink: &evenkeel_dbus::UplinkInfo| {
            (uplink.ifindex, escaped(&uplink.name).into_owned())
        };
        Self {
            uplinks: state.uplinks.iter().map(named).collect(),
        }
    }

    /// Those of a measurement that was kept.
    pub fn known(uplinks: &BTreeMap<u32, String>) -> Self {
        let named = |(ifindex, name): (&u32, &String)| (*ifindex, escaped(name).into_owned());
        Self {
            uplinks: uplinks.iter().map(named).collect(),
        }
    }

    /// All names by ifindex.
    pub fn uplinks(&self) -> &BTreeMap<u32, String> {
        &self.uplinks
    }

    /// An interface's name; `if` and its number when it has gone.
    pub fn uplink(&self, ifindex: u32) -> String {
        let known = self.uplinks.get(&ifindex);
        known.cloned().unwrap_or_else(|| format!("if{ifindex}"))
    }

    /// What both arms are called.
    pub fn arms(&self, snapshot: &Snapshot, words: &Words) -> [String; 2] {
        said::arms(snapshot, &|ifindex| self.uplink(ifindex), words).map(plain)
    }
}

fn plain(text: impl Into<String>) -> String {
    text.into().replace('\u{2060}', "")
}

/// The verdict with what it rests on, or why there is none, sentence by sentence.
pub fn verdict(snapshot: &Snapshot, names: &Names, words: &Words) -> Vec<String> {
    let of = |ifindex| names.uplink(ifindex);
    let mut all = vec![said::headline(snapshot, &of, words)];
    if snapshot.outcome.is_none() {
        if snapshot.state == MeasurementState::Failed {
            all.push(words.say(said::reason_key(snapshot.reason)));
        }
        if snapshot.has_ended() {
            all.push(words.say(Key::MeasureAllBefore));
        }
    }
    all.extend(said::because(snapshot, &of, words));
    all.into_iter().map(plain).collect()
}

/// What to do with a setting that does not help: how to switch it off where it is in force. Without the
/// helper nobody knows whether it is.
pub fn advice(
    snapshot: &Snapshot,
    names: &Names,
    state: Option<&HelperState>,
    words: &Words,
) -> Option<String> {
    let without = || plain(words.say(Key::MeasureAdvice));
    let Some(state) = state else {
        return snapshot.is_b_for_nothing().then(without);
    };
    match after(snapshot, names.uplinks(), state) {
        After::Nothing | After::SwitchOn => None,
        After::IsOff => {
            let is_off = plain(words.say(Key::MeasureIsOff));
            Some(format!("{} {is_off}", without()))
        }
        After::SwitchOff(off) => Some(format!("{} → {}", without(), command(off, state))),
    }
}

/// What to type to switch it off.
fn command(off: Off, state: &HelperState) -> String {
    match off {
        Off::GameMode => "evenkeel game-mode off".to_owned(),
        Off::Set(Setting::Ema, value) => format!("evenkeel set ema {value}"),
        Off::Set(Setting::Power, value) => format!("evenkeel set power-cost {value}"),
        Off::Set(Setting::Cost(ifindex), value) => {
            let uplink = Names::of(state).uplink(ifindex);
            format!("evenkeel set uplink-cost {uplink} {value}")
        }
    }
}

/// Verdict, change of the spread and number of pairs in a few words, for a list.
pub fn short(snapshot: &Snapshot, words: &Words) -> [String; 3] {
    let Some(outcome) = snapshot.outcome else {
        return ["-", "-", "-"].map(str::to_owned);
    };
    let word = match outcome.verdict {
        Verdict::Better => Key::MeasureWordBetter,
        Verdict::Worse => Key::MeasureWordWorse,
        Verdict::NoDifference => Key::MeasureWordSame,
    };
    let change = said::change(outcome.ratio, words);
    [words.say(word), change, outcome.pairs.to_string()].map(plain)
}

/// Which uplinks the arms' flows took, where that says anything.
pub fn ways(snapshot: &Snapshot, found: &Found, names: &Names, words: &Words) -> Option<String> {
    let of = |ifindex| names.uplink(ifindex);
    said::ways(snapshot, found, &of, words).map(plain)
}

/// Why a measurement waits.
pub fn reason(reason: MeasurementReason, words: &Words) -> String {
    plain(words.say(said::reason_key(reason)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::measure::tests::judged;
    use crate::words::Language;
    use evenkeel_dbus::CostReason;
    use evenkeel_dbus::measurement::{ARM_OFF, MeasuredBlock, Subject};

    fn names() -> Names {
        Names::of(&sample::steering())
    }

    fn english() -> Words {
        Words::new(Language::English)
    }

    fn sentence(snapshot: &Snapshot) -> String {
        verdict(snapshot, &names(), &english()).join(" ")
    }

    #[test]
    fn a_verdict_is_told_with_its_uncertainty() {
        let better = sentence(&judged(Verdict::Better));
        assert!(
            better.starts_with("Better: game mode on is steadier than game mode off. "),
            "{better}"
        );
        for part in ["45% less", "62% less", "20% less", "20 pairs", "2 of 1,000"] {
            assert!(better.contains(part), "{part} in {better}");
        }
        assert!(sentence(&judged(Verdict::Worse)).starts_with("Worse: game mode on is"));
    }

    #[test]
    fn no_difference_says_what_could_not_have_been_seen() {
        let said = sentence(&judged(Verdict::NoDifference));
        assert!(said.starts_with("No difference shown between game mode off and game mode on."));
        for part in ["Four of five", "36% less or 56% more", "does not prove"] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let mut few = judged(Verdict::NoDifference);
        few.outcome.as_mut().unwrap().seen = None;
        few.outcome.as_mut().unwrap().interval = None;
        assert!(sentence(&few).contains("coarsest difference."));
    }

    #[test]
    fn what_does_not_help_is_offered_to_be_switched_off_where_it_is_on() {
        let mut state = sample::steering();
        let advised = |snapshot: &Snapshot, state: Option<&HelperState>| {
            advice(snapshot, &names(), state, &english())
        };
        assert_eq!(advised(&judged(Verdict::Better), Some(&state)), None);
        assert_eq!(advised(&judged(Verdict::Better), None), None);
        for verdict in [Verdict::Worse, Verdict::NoDifference] {
            state.game_mode = true;
            let said = advised(&judged(verdict), Some(&state)).unwrap();
            assert!(said.ends_with("→ evenkeel game-mode off"), "{said}");
            state.game_mode = false;
            let said = advised(&judged(verdict), Some(&state)).unwrap();
            assert!(said.ends_with("there is nothing to switch off."), "{said}");
            let said = advised(&judged(verdict), None).unwrap();
            assert!(said.ends_with("you can do without it."), "{said}");
        }
        state.ema_factor = 900;
        state.uplinks[1].cost = 150;
        state.uplinks[1].cost_reason = CostReason::Set.to_wire();
        for (subject, ifindex, value, command) in [
            (Subject::EmaFactor, 0, 900, "evenkeel set ema 512"),
            (
                Subject::UplinkCost,
                4,
                150,
                "evenkeel set uplink-cost wwan0 100",
            ),
        ] {
            let mut worse = judged(Verdict::Worse);
            worse.plan.subject = subject.to_wire();
            (worse.plan.ifindex, worse.plan.a, worse.plan.b) = (ifindex, ARM_OFF, value);
            let said = advised(&worse, Some(&state)).unwrap();
            assert!(said.ends_with(&format!("→ {command}")), "{said}");
        }
    }

    #[test]
    fn an_end_without_a_verdict_says_why_and_that_all_is_as_before() {
        let mut ended = judged(Verdict::Better);
        ended.outcome = None;
        ended.state = MeasurementState::Cancelled;
        assert!(sentence(&ended).starts_with("Cancelled"));
        ended.state = MeasurementState::Failed;
        for why in MeasurementReason::ALL {
            ended.reason = *why;
            let said = sentence(&ended);
            assert!(said.ends_with("Everything is as it was before."), "{said}");
            assert!(said.contains(&reason(*why, &english())), "{said}");
        }
    }

    #[test]
    fn every_arm_has_a_name_in_both_languages_and_no_mark_of_the_windows() {
        let mut snapshot = judged(Verdict::Better);
        for language in Language::ALL {
            let words = Words::new(language);
            let mut arm = |subject: Subject, value| {
                snapshot.plan.subject = subject.to_wire();
                snapshot.plan.ifindex = 4;
                snapshot.plan.a = value;
                let [a, _] = names().arms(&snapshot, &words);
                assert!(!a.is_empty() && !a.contains('\u{2060}'), "{a}");
                a
            };
            let _ = arm(Subject::GameMode, 0);
            let _ = arm(Subject::PowerCost, ARM_OFF);
            assert!(arm(Subject::EmaFactor, 700).contains("700"));
            assert!(!arm(Subject::EmaFactor, ARM_OFF).contains("4294967295"));
            let cost = arm(Subject::UplinkCost, 150);
            assert!(cost.contains("wwan0") && cost.contains("150"), "{cost}");
            assert_eq!(arm(Subject::Uplinks, 3), "wifi0");
            assert_eq!(arm(Subject::Uplinks, 77), "if77");
            let _ = arm(Subject::GameMode, 0);
            for verdict in [Verdict::Better, Verdict::Worse, Verdict::NoDifference] {
                let all = self::verdict(&judged(verdict), &names(), &words);
                assert!(!all.concat().contains('\u{2060}'), "{all:?}");
            }
        }
    }

    #[test]
    fn the_ways_that_new_flows_took_are_counted_by_arm() {
        let block = |pair, arm, ifindex| MeasuredBlock {
            pair,
            arm,
            ifindex,
            ..MeasuredBlock::default()
        };
        let blocks = vec![
            block(0, 0, 3),
            block(0, 1, 4),
            block(1, 1, 0),
            block(1, 0, 3),
        ];
        let found = Found::of(blocks, &[]);
        let mut snapshot = judged(Verdict::Worse);
        let told = ways(&snapshot, &found, &names(), &english()).unwrap();
        assert!(
            told.ends_with("A: wifi0 2. B: wwan0 1, elsewhere 1."),
            "{told}"
        );
        snapshot.plan.subject = Subject::Uplinks.to_wire();
        assert_eq!(ways(&snapshot, &found, &names(), &english()), None);
    }
}
