//! A measurement in words for the terminal: the arms' names, the verdict in a sentence, the advice.
//! Tables and figures come from elsewhere.

use std::collections::BTreeMap;

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{ARM_OFF, MeasurementReason, MeasurementState, Subject};

use super::super::out::escaped;
use crate::measure::{Found, Outcome, Snapshot};
use crate::state::HelperState;

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

    /// What both arms are called.
    pub fn arms(&self, snapshot: &Snapshot) -> [String; 2] {
        [0, 1].map(|arm| self.arm(snapshot, arm).unwrap_or_default())
    }

    /// An interface's name; `if` and its number when it has gone.
    pub fn uplink(&self, ifindex: u32) -> String {
        let known = self.uplinks.get(&ifindex);
        known.cloned().unwrap_or_else(|| format!("if{ifindex}"))
    }

    /// What an arm is called: 0 is A, 1 is B; there are no others.
    pub fn arm(&self, snapshot: &Snapshot, arm: u32) -> Option<String> {
        let plan = snapshot.plan;
        let value = match arm {
            0 => plan.a,
            1 => plan.b,
            _ => return None,
        };
        let set = |what: &str| match value {
            ARM_OFF => format!("{what} not set"),
            value => format!("{what} {value}"),
        };
        Some(match snapshot.subject() {
            Subject::GameMode if value == 1 => "game mode on".to_owned(),
            Subject::GameMode => "game mode off".to_owned(),
            Subject::EmaFactor => set("EMA factor"),
            Subject::PowerCost => set("power cost weight"),
            Subject::UplinkCost => {
                let what = set(&format!("cost of {}", self.uplink(plan.ifindex)));
                if value == ARM_OFF {
                    what
                } else {
                    format!("{what} %")
                }
            }
            Subject::Uplinks => self.uplink(value),
            Subject::Unknown => format!("arm {}", if arm == 0 { 'A' } else { 'B' }),
        })
    }
}

/// The verdict, or why there is none.
pub fn verdict(snapshot: &Snapshot, names: &Names) -> String {
    let [a, b] = names.arms(snapshot);
    let Some(outcome) = snapshot.outcome else {
        return match snapshot.state {
            MeasurementState::Cancelled => {
                "Cancelled: no verdict. Everything is as it was before.".to_owned()
            }
            MeasurementState::Failed => format!(
                "No verdict: {}. Everything is as it was before.",
                reason(snapshot.reason)
            ),
            _ => "No verdict yet.".to_owned(),
        };
    };
    let word = match outcome.verdict {
        Verdict::Better => format!("Better: {b} is steadier than {a}."),
        Verdict::Worse => format!("Worse: {b} is less steady than {a}."),
        Verdict::NoDifference => format!("No difference shown between {a} and {b}."),
    };
    let mut out = format!(
        "{word} The spread (p95 - p50) was {} with {b}{}; p = {}, {} pairs of blocks.",
        change(outcome.ratio),
        uncertainty(&outcome),
        probability(outcome.p),
        outcome.pairs
    );
    if outcome.verdict == Verdict::NoDifference {
        out.push_str(&blind_spot(&outcome));
    }
    out
}

fn uncertainty(outcome: &Outcome) -> String {
    outcome.interval.map_or_else(String::new, |(low, high)| {
        format!(" (95 % interval: {} to {})", change(low), change(high))
    })
}

/// What such a measurement could not have seen.
fn blind_spot(outcome: &Outcome) -> String {
    match outcome.seen {
        Some(seen) => format!(
            " That does not prove that there is none: four of five such measurements see a spread \
             that is {} or {}, anything less is easily missed.",
            change(seen),
            change(1.0 / seen)
        ),
        None => " There were too few pairs to see anything but the coarsest difference.".to_owned(),
    }
}

/// A ratio as people say it.
fn change(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    match () {
        () if ratio >= 3.0 => format!("{ratio:.1} times as large"),
        () if percent >= 0.5 => format!("{percent:.0} % larger"),
        () if percent <= -0.5 => format!("{:.0} % smaller", -percent),
        () => "the same".to_owned(),
    }
}

fn probability(p: f64) -> String {
    if p < 0.001 {
        "less than .001".to_owned()
    } else {
        format!("{p:.3}").trim_start_matches('0').to_owned()
    }
}

/// What to do with a setting that does not help.
pub fn advice(snapshot: &Snapshot) -> Option<String> {
    if !snapshot.is_b_for_nothing() {
        return None;
    }
    let what = match snapshot.subject() {
        Subject::GameMode => "Suggestion: leave game mode off here (`evenkeel game-mode off`).",
        _ => "Suggestion: do without this setting here (`evenkeel revert` puts back what is kept).",
    };
    Some(what.to_owned())
}

/// Verdict, change of the spread and number of pairs in a few words, for a list.
pub fn short(snapshot: &Snapshot) -> (String, String, String) {
    let Some(outcome) = snapshot.outcome else {
        return ("-".to_owned(), "-".to_owned(), "-".to_owned());
    };
    let word = match outcome.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NoDifference => "no different",
    };
    let spread = change(outcome.ratio);
    (word.to_owned(), spread, outcome.pairs.to_string())
}

/// Which uplinks the arms' flows took, where that says anything.
pub fn ways(snapshot: &Snapshot, found: &Found, names: &Names) -> Option<String> {
    if snapshot.subject() == Subject::Uplinks || found.blocks.is_empty() {
        return None;
    }
    let of_arm = |arm: u32| {
        let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
        for block in found.blocks.iter().filter(|block| block.arm == arm) {
            *counts.entry(block.ifindex).or_default() += 1;
        }
        let told = counts.into_iter().map(|(ifindex, count)| match ifindex {
            0 => format!("elsewhere {count}"),
            _ => format!("{} {count}", names.uplink(ifindex)),
        });
        told.collect::<Vec<_>>().join(", ")
    };
    let [a, b] = names.arms(snapshot);
    Some(format!(
        "New flows took, in blocks: {a}: {}; {b}: {}",
        of_arm(0),
        of_arm(1)
    ))
}

/// Why a measurement waits, or ended without a verdict: a clause without a full stop.
pub fn reason(reason: MeasurementReason) -> &'static str {
    match reason {
        MeasurementReason::None => "it goes on",
        MeasurementReason::Asked => "its owner asked for it",
        MeasurementReason::GameModeHeld => {
            "somebody holds game mode; it goes on when they leave it"
        }
        MeasurementReason::UplinksChanged => {
            "an uplink came, went or got another gateway; it goes on when all is as it was"
        }
        MeasurementReason::SettingChanged => "somebody changed a setting meanwhile",
        MeasurementReason::SteppedBack => {
            "our routes were undone, or the network stopped answering through them"
        }
        MeasurementReason::Refused => "the kernel refused a change; `evenkeel status` says which",
        MeasurementReason::NoAnswers => "the anchor answers no probe",
        MeasurementReason::WaitedTooLong => "it was paused for more than an hour",
        MeasurementReason::Interrupted => {
            "it was interrupted again and again; is this machine asleep or very busy?"
        }
        MeasurementReason::Unknown => {
            "for a reason this version does not know; helper and client differ"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::measure::tests::judged;
    use evenkeel_dbus::measurement::MeasuredBlock;

    fn names() -> Names {
        Names::of(&sample::steering())
    }

    #[test]
    fn a_verdict_is_a_sentence_with_its_uncertainty() {
        assert_eq!(
            verdict(&judged(Verdict::Better), &names()),
            "Better: game mode on is steadier than game mode off. The spread (p95 - p50) was 45 % \
             smaller with game mode on (95 % interval: 62 % smaller to 20 % smaller); p = .002, 20 \
             pairs of blocks."
        );
        assert!(verdict(&judged(Verdict::Worse), &names()).starts_with("Worse: game mode on is"));
    }

    #[test]
    fn no_difference_says_what_could_not_have_been_seen() {
        let said = verdict(&judged(Verdict::NoDifference), &names());
        assert!(said.starts_with("No difference shown between game mode off and game mode on."));
        assert!(
            said.ends_with(
                "That does not prove that there is none: four of five such measurements see a \
                 spread that is 36 % smaller or 56 % larger, anything less is easily missed."
            ),
            "{said}"
        );
        let mut few = judged(Verdict::NoDifference);
        few.outcome.as_mut().unwrap().seen = None;
        few.outcome.as_mut().unwrap().interval = None;
        assert!(verdict(&few, &names()).ends_with("coarsest difference."));
    }

    #[test]
    fn what_does_not_help_is_offered_to_be_switched_off() {
        assert_eq!(advice(&judged(Verdict::Better)), None);
        for verdict in [Verdict::Worse, Verdict::NoDifference] {
            let said = advice(&judged(verdict)).unwrap();
            assert!(said.contains("evenkeel game-mode off"), "{said}");
        }
    }

    #[test]
    fn an_end_without_a_verdict_says_why_and_that_all_is_as_before() {
        let mut ended = judged(Verdict::Better);
        ended.outcome = None;
        ended.state = MeasurementState::Cancelled;
        assert!(verdict(&ended, &names()).starts_with("Cancelled"));
        ended.state = MeasurementState::Failed;
        for why in MeasurementReason::ALL {
            ended.reason = *why;
            let said = verdict(&ended, &names());
            assert!(said.ends_with("Everything is as it was before."), "{said}");
        }
    }

    #[test]
    fn every_arm_has_a_name() {
        let mut snapshot = judged(Verdict::Better);
        let mut arm = |subject: Subject, value| {
            snapshot.plan.subject = subject.to_wire();
            snapshot.plan.ifindex = 4;
            snapshot.plan.a = value;
            names().arm(&snapshot, 0).unwrap()
        };
        assert_eq!(arm(Subject::GameMode, 0), "game mode off");
        assert_eq!(arm(Subject::EmaFactor, 700), "EMA factor 700");
        assert_eq!(arm(Subject::EmaFactor, ARM_OFF), "EMA factor not set");
        assert_eq!(arm(Subject::UplinkCost, 150), "cost of wwan0 150 %");
        assert_eq!(arm(Subject::Uplinks, 3), "wifi0");
        assert_eq!(arm(Subject::Uplinks, 77), "if77");
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
        assert_eq!(
            ways(&snapshot, &found, &names()).as_deref(),
            Some(
                "New flows took, in blocks: game mode off: wifi0 2; game mode on: elsewhere 1, \
                 wwan0 1"
            )
        );
        snapshot.plan.subject = Subject::Uplinks.to_wire();
        assert_eq!(ways(&snapshot, &found, &names()), None);
    }
}
