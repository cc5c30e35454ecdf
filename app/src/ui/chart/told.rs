//! What happened and why, in words: for the marks on the graph and for its read-out.

use crate::ui::blame;
use crate::ui::cause::Cause;
use crate::ui::events::{Event, What};
use crate::ui::model::Model;
use crate::ui::speech;
use crate::words::{Key, Words};

/// An event in a few words.
pub fn event(model: &Model, event: &Event, words: &Words) -> String {
    let uplink = |key| words.tell(key, [("uplink", name(model, event.who, words).into())]);
    match event.what {
        What::Came => uplink(Key::EventCame),
        What::Left => uplink(Key::EventLeft),
        What::CarrierLost => uplink(Key::EventCarrierLost),
        What::CarrierBack => uplink(Key::EventCarrierBack),
        What::Silent => uplink(Key::EventSilent),
        What::Answers => uplink(Key::EventAnswers),
        What::HelperLost => words.say(Key::EventHelperLost),
        What::HelperBack => words.say(Key::EventHelperBack),
        What::Slept(seconds) => {
            let time = speech::duration(seconds, words);
            words.tell(Key::EventSlept, [("time", time.into())])
        }
    }
}

/// A cause in a few words.
pub fn cause(model: &Model, cause: &Cause, words: &Words) -> String {
    let uplink = |key, ifindex| words.tell(key, [("uplink", name(model, ifindex, words).into())]);
    match cause {
        Cause::Spike(blamed) => blame::brief(*blamed, words),
        Cause::Event(told) => event(model, told, words),
        Cause::Leader(Some(ifindex)) => uplink(Key::CauseLeader, Some(*ifindex)),
        Cause::Leader(None) => words.say(Key::CauseNoLeader),
        Cause::GameMode(true) => words.say(Key::CauseGameOn),
        Cause::GameMode(false) => words.say(Key::CauseGameOff),
        Cause::AllLost => words.say(Key::CauseAllLost),
        Cause::OnlyLost(ifindex) => uplink(Key::CauseOnlyLost, Some(*ifindex)),
        Cause::AllSlow => words.say(Key::CauseAllSlow),
        Cause::OnlySlow(ifindex) => uplink(Key::CauseOnlySlow, Some(*ifindex)),
        Cause::Alone => words.say(Key::CauseAlone),
    }
}

fn name(model: &Model, ifindex: Option<u32>, words: &Words) -> String {
    let track = ifindex.and_then(|ifindex| model.drawn().find(|t| t.info.ifindex == ifindex));
    track.map_or_else(|| words.say(Key::EventSomeUplink), |t| model.name(t, words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn every_event_and_cause_is_said_and_names_its_uplink() {
        let mut model = Model::default();
        let uplink = evenkeel_dbus::UplinkInfo {
            ifindex: 3,
            name: "wlan7".to_owned(),
            carrier: true,
            ..evenkeel_dbus::UplinkInfo::default()
        };
        let one = vec![uplink];
        let ready = evenkeel_dbus::Reason::Ready;
        model.take_state(crate::ui::tests::state(
            evenkeel_dbus::Backend::Ecmp,
            ready,
            one,
        ));
        let about = [
            What::Came,
            What::Left,
            What::CarrierLost,
            What::CarrierBack,
            What::Silent,
            What::Answers,
        ];
        for language in Language::ALL {
            let words = Words::new(language);
            for what in about {
                let told = |who| {
                    event(
                        &model,
                        &Event {
                            at_ns: 0,
                            what,
                            who,
                        },
                        &words,
                    )
                };
                assert!(told(Some(3)).contains("wlan7"), "{what:?}");
                assert!(!told(Some(99)).is_empty());
            }
            for told in [
                Cause::Leader(Some(3)),
                Cause::OnlyLost(3),
                Cause::OnlySlow(3),
            ] {
                assert!(cause(&model, &told, &words).contains("wlan7"), "{told:?}");
            }
        }
        let words = Words::new(Language::English);
        let slept = Event {
            at_ns: 0,
            what: What::Slept(3_600),
            who: None,
        };
        assert_eq!(event(&model, &slept, &words), "slept for 60 min");
    }
}
