//! Whose fault a spike was, as the window shows it: a word, a colour and a drawing for each answer,
//! the rule in words, and what a player can do. Who is blamed is decided in the core.

pub mod facts;
mod mark;

use evenkeel_core::blame::{Blame, Culprit, Rule, Spike};

use super::model::Model;
use super::theme::Ink;
use crate::words::{Key, Words};
pub use mark::{badge, paint};

/// Where what goes wrong most often comes first: the order of lists and filters.
pub const ORDER: [Culprit; 5] = [
    Culprit::WiFi,
    Culprit::Line,
    Culprit::Internet,
    Culprit::Device,
    Culprit::Unknown,
];

/// Who is blamed, as a heading.
pub fn who(culprit: Culprit) -> Key {
    match culprit {
        Culprit::Unknown => Key::WhoUnknown,
        Culprit::Device => Key::WhoDevice,
        Culprit::WiFi => Key::WhoWifi,
        Culprit::Line => Key::WhoLine,
        Culprit::Internet => Key::WhoInternet,
    }
}

/// The colour that repeats it.
pub fn ink(culprit: Culprit) -> Ink {
    match culprit {
        Culprit::Unknown => Ink::Quiet,
        Culprit::Device => Ink::Uplink(1),
        Culprit::WiFi => Ink::Uplink(3),
        Culprit::Line => Ink::Uplink(2),
        Culprit::Internet => Ink::Uplink(4),
    }
}

/// The name of a rule.
pub fn rule(rule: Rule) -> Key {
    match rule {
        Rule::Stalled => Key::RuleStalled,
        Rule::SwitchedOff => Key::RuleSwitchedOff,
        Rule::Disconnected => Key::RuleDisconnected,
        Rule::Roamed => Key::RuleRoamed,
        Rule::CarrierLost => Key::RuleCarrierLost,
        Rule::OwnQueue => Key::RuleOwnQueue,
        Rule::ReceiveQueueFull => Key::RuleReceiveQueueFull,
        Rule::Starved => Key::RuleStarved,
        Rule::EverywhereAtOnce => Key::RuleEverywhereAtOnce,
        Rule::Scanned => Key::RuleScanned,
        Rule::ChannelSwitched => Key::RuleChannelSwitched,
        Rule::Retried => Key::RuleRetried,
        Rule::WeakSignal => Key::RuleWeakSignal,
        Rule::LinkErrors => Key::RuleLinkErrors,
        Rule::LineFull => Key::RuleLineFull,
        Rule::Near => Key::RuleNear,
        Rule::Beyond => Key::RuleBeyond,
        Rule::Unexplained => Key::RuleUnexplained,
    }
}

/// Why the rule blames whom it blames, in a sentence.
pub fn why(rule: Rule) -> Key {
    match rule {
        Rule::Stalled => Key::WhyStalled,
        Rule::SwitchedOff => Key::WhySwitchedOff,
        Rule::Disconnected => Key::WhyDisconnected,
        Rule::Roamed => Key::WhyRoamed,
        Rule::CarrierLost => Key::WhyCarrierLost,
        Rule::OwnQueue => Key::WhyOwnQueue,
        Rule::ReceiveQueueFull => Key::WhyReceiveQueueFull,
        Rule::Starved => Key::WhyStarved,
        Rule::EverywhereAtOnce => Key::WhyEverywhereAtOnce,
        Rule::Scanned => Key::WhyScanned,
        Rule::ChannelSwitched => Key::WhyChannelSwitched,
        Rule::Retried => Key::WhyRetried,
        Rule::WeakSignal => Key::WhyWeakSignal,
        Rule::LinkErrors => Key::WhyLinkErrors,
        Rule::LineFull => Key::WhyLineFull,
        Rule::Near => Key::WhyNear,
        Rule::Beyond => Key::WhyBeyond,
        Rule::Unexplained => Key::WhyUnexplained,
    }
}

/// What a player can do about it.
pub fn advice(blame: Blame) -> Key {
    match (blame.culprit, blame.rule) {
        (_, Rule::SwitchedOff) => Key::AdviceSwitchedOff,
        (_, Rule::OwnQueue | Rule::LineFull) => Key::AdviceFull,
        (_, Rule::Scanned) => Key::AdviceScan,
        (Culprit::Line, Rule::CarrierLost | Rule::LinkErrors) => Key::AdviceCable,
        (Culprit::Unknown, _) => Key::AdviceUnknown,
        (Culprit::Device, _) => Key::AdviceDevice,
        (Culprit::WiFi, _) => Key::AdviceWifi,
        (Culprit::Line, _) => Key::AdviceLine,
        (Culprit::Internet, _) => Key::AdviceInternet,
    }
}

/// Who and by which rule, in a few words.
pub fn brief(blame: Blame, words: &Words) -> String {
    let who = words.say(who(blame.culprit));
    let rule = words.say(rule(blame.rule));
    words.tell(
        Key::BlamedBrief,
        [("who", who.into()), ("rule", rule.into())],
    )
}

/// How bad it was: the worst round trip beside the usual one, and what was lost.
pub fn how_bad(spike: &Spike, words: &Words) -> String {
    let time = |ns| words.milliseconds(ns).into();
    let lost = || ("count", spike.lost.into());
    match (spike.worst_ns, spike.usual_ns) {
        (Some(worst), None) => words.tell(Key::SpikeStood, [("time", time(worst))]),
        (Some(worst), Some(usual)) if spike.lost == 0 => {
            let values = [("worst", time(worst)), ("usual", time(usual))];
            words.tell(Key::SpikeWorst, values)
        }
        (Some(worst), Some(_)) => words.tell(Key::SpikeWorstLost, [("worst", time(worst)), lost()]),
        (None, _) => words.tell(Key::SpikeLost, [lost()]),
    }
}

/// What the uplink of a spike is called, and its shape; for the whole machine its own word.
pub fn where_(spike: &Spike, model: &Model, words: &Words) -> String {
    let Some(ifindex) = spike.uplink else {
        return words.say(Key::SpikeMachine);
    };
    let track = model.drawn().find(|track| track.info.ifindex == ifindex);
    track.map_or_else(
        || words.say(Key::SpikeFormer),
        |track| {
            let shape = super::theme::uplink_shape(track.slot);
            format!("{shape} {}", model.name(track, words))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use evenkeel_core::blame::Evidence;

    #[test]
    fn everybody_and_every_rule_has_words_of_its_own_in_both_languages() {
        for language in Language::ALL {
            let words = Words::new(language);
            let mut said: Vec<String> = ORDER.map(|one| words.say(who(one))).to_vec();
            said.extend(Rule::ALL.iter().map(|one| words.say(rule(*one))));
            said.extend(Rule::ALL.iter().map(|one| words.say(why(*one))));
            let count = said.len();
            said.sort();
            said.dedup();
            assert_eq!(said.len(), count, "{language:?}");
        }
        assert_eq!(ORDER.len(), Culprit::ALL.len());
        for culprit in Culprit::ALL {
            assert!(ORDER.contains(&culprit));
        }
    }

    #[test]
    fn colours_of_those_blamed_differ() {
        for (at, one) in ORDER.iter().enumerate() {
            let same = |other: &Culprit| ink(*other) == ink(*one);
            assert!(!ORDER[..at].iter().any(same), "{one}");
        }
    }

    #[test]
    fn advice_fits_what_was_seen_and_not_only_whom_it_hit() {
        let advised = |culprit, rule| advice(Blame { culprit, rule });
        assert_eq!(
            advised(Culprit::WiFi, Rule::CarrierLost),
            Key::AdviceWifi,
            "there is no cable"
        );
        assert_eq!(advised(Culprit::Line, Rule::CarrierLost), Key::AdviceCable);
        assert_eq!(advised(Culprit::Line, Rule::LineFull), Key::AdviceFull);
        assert_eq!(advised(Culprit::Line, Rule::Near), Key::AdviceLine);
        assert_eq!(
            advised(Culprit::Unknown, Rule::Unexplained),
            Key::AdviceUnknown
        );
    }

    #[test]
    fn how_bad_it_was_is_told_for_delays_losses_and_standstills() {
        let words = Words::new(Language::English);
        let mut spike = Spike {
            uplink: Some(3),
            from_ns: 0,
            until_ns: 0,
            usual_ns: Some(20_000_000),
            worst_ns: Some(92_000_000),
            sent: 9,
            stood_out: 5,
            lost: 0,
            blame: Blame {
                culprit: Culprit::Line,
                rule: Rule::Near,
            },
            evidence: Evidence::default(),
        };
        assert_eq!(how_bad(&spike, &words), "92 ms, usually 20 ms");
        spike.lost = 2;
        assert_eq!(how_bad(&spike, &words), "92 ms, 2 lost");
        spike.worst_ns = None;
        assert_eq!(how_bad(&spike, &words), "2 lost, no answer");
        (spike.worst_ns, spike.usual_ns, spike.lost) = (Some(92_000_000), None, 0);
        assert_eq!(how_bad(&spike, &words), "stood still for 92 ms");
        let model = Model::default();
        assert_eq!(where_(&spike, &model, &words), "a former uplink");
        spike.uplink = None;
        assert_eq!(where_(&spike, &model, &words), "the whole machine");
    }
}
