//! What the helper says in sentences of its own (refusals, problems, why a setting is not as wanted),
//! in the user's language. The helper speaks English: in English its own sentence is the most exact
//! one. In other languages the sentence is made from the code that comes with it, and the helper's
//! own is quoted only where it holds something that no code can: what the kernel said, who it was.

use evenkeel_dbus::measurement::Subject;
use evenkeel_dbus::{Backend, FamilyInfo, HelperError, Reason, TunableInfo, TunableState};
use zbus::DBusError as _;

use super::bus::Call;
use super::speech;
use crate::state::HelperState;
use crate::words::{Key, Language, Words};

/// How much of a sentence of the helper's can be said in another language.
enum Known {
    /// All that matters is said by the code's own sentence.
    Whole,
    /// This says the same.
    Same(String),
    /// Only the helper knows.
    Not,
}

/// What is shown for a sentence of the helper's, beside the code's own; empty for nothing.
fn beside(sentence: &str, known: Known, words: &Words) -> String {
    if sentence.is_empty() || words.language() == Language::English {
        return sentence.to_owned();
    }
    match known {
        Known::Whole => String::new(),
        Known::Same(said) => said,
        Known::Not => words.tell(Key::HelperSaid, [("said", sentence.into())]),
    }
}

/// Heading and more of a refused call; `state` is the helper's at the time.
pub fn refusal(
    call: Call,
    error: &HelperError,
    state: Option<&HelperState>,
    words: &Words,
) -> (Key, String) {
    let key = match (error, call) {
        (HelperError::OutOfRange(_), Call::Forget(_) | Call::SetCost(..)) => Key::NoticeUplinkGone,
        _ => error_key(error),
    };
    let known = match error {
        HelperError::NotSupported(_) => match call {
            Call::EnterGameMode => {
                let reason = state.map(|state| speech::reason_key(state.reason));
                reason.map_or(Known::Whole, |key| Known::Same(words.say(key)))
            }
            Call::SetPower(_) => Known::Same(words.say(Key::NoticeNoPower)),
            _ => Known::Whole,
        },
        error => by_error(error),
    };
    (key, beside(&error.message(), known, words))
}

/// The same, for a call whose refusal says nothing about the call.
pub fn refused(error: &HelperError, words: &Words) -> (Key, String) {
    (
        error_key(error),
        beside(&error.message(), by_error(error), words),
    )
}

/// What was asked of the helper about measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To begin one.
    Begin(Subject),
    /// To pause one, to go on with it, or to end it.
    Touch,
    /// For what one found.
    Found,
}

/// Heading and more of a refusal about measurements; `state` is the helper's at the time.
pub fn unmeasured(
    asked: Asked,
    error: &HelperError,
    state: Option<&HelperState>,
    words: &Words,
) -> (Key, String) {
    let backend = state.map(|state| state.backend);
    let key = match (asked, error) {
        (Asked::Begin(Subject::Uplinks | Subject::UplinkCost), HelperError::OutOfRange(_)) => {
            Key::NoticeUplinkGone
        }
        // Only one is under way at a time, and nothing else of it is limited.
        (Asked::Begin(_), HelperError::LimitsExceeded(_)) => Key::NoticeMeasuring,
        (Asked::Begin(Subject::GameMode), HelperError::Busy(_))
            if state.is_some_and(|state| state.game_mode) =>
        {
            Key::NoticeGameModeHeld
        }
        (Asked::Begin(_), HelperError::NotSupported(_)) => Key::NoticeNotMeasurable,
        (Asked::Touch | Asked::Found, HelperError::NotSupported(_)) => Key::NoticeMeasurementGone,
        (Asked::Found, HelperError::Busy(_)) => Key::NoticeStillMeasuring,
        _ => error_key(error),
    };
    let known = match (asked, error) {
        (Asked::Begin(subject), HelperError::NotSupported(_)) => match (subject, backend) {
            (Subject::PowerCost, _) => Known::Same(words.say(Key::NoticeNoPower)),
            (_, Some(Backend::Observe)) => {
                let reason = state.map(|state| speech::reason_key(state.reason));
                reason.map_or(Known::Whole, |key| Known::Same(words.say(key)))
            }
            (_, Some(Backend::Lowpower)) => Known::Same(words.say(Key::MeasureNotKernel)),
            (_, Some(Backend::Ecmp)) => Known::Same(words.say(Key::NoticeResilient)),
            (_, None) => Known::Whole,
        },
        _ => by_error(error),
    };
    (key, beside(&error.message(), known, words))
}

/// What a refusal means.
pub fn error_key(error: &HelperError) -> Key {
    match error {
        HelperError::ZBus(_) if error.is_unreachable() => Key::NoticeUnreachable,
        HelperError::ZBus(_) => Key::NoticeBus,
        HelperError::NotAuthorized(_) => Key::NoticeNotAuthorized,
        HelperError::OutOfRange(_) => Key::NoticeOutOfRange,
        HelperError::NotSupported(_) => Key::NoticeNotSupported,
        HelperError::Busy(_) => Key::NoticeBusy,
        HelperError::LimitsExceeded(_) => Key::NoticeLimits,
        HelperError::ConflictingRoutes(_) => Key::NoticeConflict,
        HelperError::Kernel(_) => Key::NoticeKernel,
    }
}

fn by_error(error: &HelperError) -> Known {
    match error {
        HelperError::ZBus(_) if error.is_unreachable() => Known::Whole,
        HelperError::ZBus(_) | HelperError::Kernel(_) => Known::Not,
        HelperError::NotAuthorized(_)
        | HelperError::OutOfRange(_)
        | HelperError::NotSupported(_)
        | HelperError::Busy(_)
        | HelperError::LimitsExceeded(_)
        | HelperError::ConflictingRoutes(_) => Known::Whole,
    }
}

/// What went wrong on its own, from the error's name and the helper's sentence.
pub fn problem(name: &str, sentence: &str, words: &Words) -> String {
    if words.language() == Language::English {
        return sentence.to_owned();
    }
    let Some(error) = by_name(name, sentence) else {
        return beside(sentence, Known::Not, words);
    };
    let (key, more) = refused(&error, words);
    format!("{} {more}", words.say(key)).trim_end().to_owned()
}

/// The error that travels under this name.
fn by_name(name: &str, sentence: &str) -> Option<HelperError> {
    let sentence = sentence.to_owned();
    let all = [
        HelperError::NotAuthorized(sentence.clone()),
        HelperError::OutOfRange(sentence.clone()),
        HelperError::NotSupported(sentence.clone()),
        HelperError::Busy(sentence.clone()),
        HelperError::LimitsExceeded(sentence.clone()),
        HelperError::ConflictingRoutes(sentence.clone()),
        HelperError::Kernel(sentence),
    ];
    all.into_iter().find(|error| error.name().as_str() == name)
}

/// The particulars of why an IP version is not steered; empty where the reason's own sentence says
/// all there is.
pub fn particulars(family: &FamilyInfo, state: &HelperState, words: &Words) -> String {
    let known = match Reason::from_wire(family.reason) {
        Reason::Ready
        | Reason::NoUplink
        | Reason::OneUplink
        | Reason::NoMultipathRoute
        | Reason::NexthopObjects
        | Reason::TooManyRoutes
        | Reason::ForeignNexthop
        | Reason::LowpowerPartial
        | Reason::LowpowerUnreadable
        | Reason::NoDefault
        | Reason::MetricTooSmall => Known::Whole,
        Reason::SameSubnet => match named(&family.detail, state).as_slice() {
            [one, other] => {
                let values = [("one", (*one).into()), ("other", (*other).into())];
                Known::Same(words.tell(Key::DetailSameSubnet, values))
            }
            _ => Known::Whole,
        },
        Reason::KernelUnreadable
        | Reason::ForeignDefault
        | Reason::ForeignRules
        | Reason::NumbersTaken
        | Reason::Undone
        | Reason::NotConfirmed
        | Reason::Unknown => Known::Not,
    };
    beside(&family.detail, known, words)
}

/// The uplinks that a sentence names, in its order.
fn named<'a>(sentence: &str, state: &'a HelperState) -> Vec<&'a str> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c));
    let uplink = |word: &str| state.uplinks.iter().find(|uplink| uplink.name == word);
    let words = sentence.split(word).filter(|word| !word.is_empty());
    words
        .filter_map(|word| Some(uplink(word)?.name.as_str()))
        .collect()
}

/// Why a tunable is not as wanted; empty where its state says all there is.
pub fn why_not(tunable: &TunableInfo, words: &Words) -> String {
    let known = match TunableState::from_wire(tunable.state) {
        TunableState::Held | TunableState::StoodBack | TunableState::Vanished => Known::Whole,
        TunableState::Idle if !tunable.wanted.is_empty() => {
            Known::Same(words.say(Key::TunablePutBack))
        }
        // The power cost's own card says it.
        TunableState::Idle if tunable.id == "power-cost" => Known::Whole,
        TunableState::Idle | TunableState::Failed => Known::Not,
    };
    beside(&tunable.why_not, known, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the helper says; nothing of ours has it.
    const RAW: &str = "the gadget 7 is out of order";

    fn korean() -> Words {
        Words::new(Language::Korean)
    }

    fn english() -> Words {
        Words::new(Language::English)
    }

    fn is_korean(text: &str) -> bool {
        text.chars().any(|c| ('가'..='힣').contains(&c))
    }

    fn errors() -> [HelperError; 9] {
        let raw = || RAW.to_owned();
        [
            HelperError::ZBus(zbus::fdo::Error::ServiceUnknown(raw()).into()),
            HelperError::ZBus(zbus::fdo::Error::AccessDenied(raw()).into()),
            HelperError::NotAuthorized(raw()),
            HelperError::OutOfRange(raw()),
            HelperError::NotSupported(raw()),
            HelperError::Busy(raw()),
            HelperError::LimitsExceeded(raw()),
            HelperError::ConflictingRoutes(raw()),
            HelperError::Kernel(raw()),
        ]
    }

    const CALLS: [Call; 7] = [
        Call::EnterGameMode,
        Call::LeaveGameMode,
        Call::SetEma(1),
        Call::SetPower(1),
        Call::SetCost(2, 1),
        Call::Forget(2),
        Call::Revert,
    ];

    fn state() -> HelperState {
        let uplinks = super::super::tests::uplinks(2);
        super::super::tests::state(Backend::Observe, Reason::OneUplink, uplinks)
    }

    /// Only what no code can say is quoted.
    fn quotes(error: &HelperError) -> bool {
        matches!(error, HelperError::Kernel(_))
            || matches!(error, HelperError::ZBus(_)) && !error.is_unreachable()
    }

    #[test]
    fn every_refusal_of_every_call_has_words_in_both_languages() {
        let state = state();
        for error in errors() {
            for call in CALLS {
                for known in [None, Some(&state)] {
                    let (key, more) = refusal(call, &error, known, &english());
                    assert!(
                        !english().say(key).is_empty() && more.contains(RAW),
                        "{error:?}"
                    );
                    let (key, more) = refusal(call, &error, known, &korean());
                    assert!(is_korean(&korean().say(key)), "{error:?} on {call:?}");
                    assert_eq!(more.contains(RAW), quotes(&error), "{error:?}: {more}");
                    assert!(more.is_empty() || is_korean(&more), "{error:?}: {more}");
                }
            }
        }
    }

    #[test]
    fn every_refusal_about_a_measurement_has_words_in_both_languages() {
        let mut state = state();
        let begins = Subject::ALL.iter().map(|subject| Asked::Begin(*subject));
        for asked in begins.chain([Asked::Touch, Asked::Found]) {
            for error in errors() {
                for backend in [Backend::Observe, Backend::Ecmp, Backend::Lowpower] {
                    state.backend = backend;
                    for known in [None, Some(&state)] {
                        let (key, more) = unmeasured(asked, &error, known, &english());
                        let said = english().say(key);
                        assert!(!said.is_empty() && more.contains(RAW), "{error:?}");
                        let (key, more) = unmeasured(asked, &error, known, &korean());
                        assert!(is_korean(&korean().say(key)), "{error:?} on {asked:?}");
                        assert_eq!(more.contains(RAW), quotes(&error), "{error:?}: {more}");
                        assert!(more.is_empty() || is_korean(&more), "{error:?}: {more}");
                    }
                }
            }
        }
    }

    #[test]
    fn why_nothing_is_measured_is_said_and_not_that_too_many_programs_are_there() {
        let mut state = state();
        let of = |asked, error: HelperError, state: &HelperState| {
            unmeasured(asked, &error, Some(state), &korean())
        };
        let raw = || RAW.to_owned();
        let game_mode = Asked::Begin(Subject::GameMode);
        let running = of(game_mode, HelperError::LimitsExceeded(raw()), &state);
        assert_eq!(running.0, Key::NoticeMeasuring);
        state.game_mode = true;
        let held = of(game_mode, HelperError::Busy(raw()), &state);
        assert_eq!(held.0, Key::NoticeGameModeHeld);
        // The helper has too much to do; game mode is none of the uplinks' business.
        let busy = of(
            Asked::Begin(Subject::Uplinks),
            HelperError::Busy(raw()),
            &state,
        );
        assert_eq!(busy.0, Key::NoticeBusy);
        let gone = of(Asked::Touch, HelperError::NotSupported(raw()), &state);
        assert_eq!(gone.0, Key::NoticeMeasurementGone);
        let (key, more) = of(game_mode, HelperError::NotSupported(raw()), &state);
        assert_eq!(key, Key::NoticeNotMeasurable);
        assert_eq!(more, korean().say(Key::ReasonOneUplink));
        state.backend = Backend::Lowpower;
        let (_, more) = of(game_mode, HelperError::NotSupported(raw()), &state);
        assert_eq!(more, korean().say(Key::MeasureNotKernel));
    }

    #[test]
    fn a_refused_game_mode_names_the_reason_in_the_users_language() {
        let error = HelperError::NotSupported(RAW.to_owned());
        let (_, more) = refusal(Call::EnterGameMode, &error, Some(&state()), &korean());
        assert_eq!(more, korean().say(Key::ReasonOneUplink));
    }

    #[test]
    fn every_problem_that_the_helper_tells_by_itself_has_words_in_both_languages() {
        for error in errors().into_iter().skip(2) {
            let name = error.name().to_string();
            assert_eq!(problem(&name, RAW, &english()), RAW);
            let said = problem(&name, RAW, &korean());
            assert!(is_korean(&said), "{name}: {said}");
            assert_eq!(said.contains(RAW), quotes(&error), "{name}: {said}");
        }
        let newer = problem("io.github.evenkeel.Error.Newer", RAW, &korean());
        assert!(is_korean(&newer) && newer.contains(RAW), "{newer}");
    }

    #[test]
    fn every_reason_has_words_in_both_languages_and_quotes_only_what_it_must() {
        for reason in Reason::ALL {
            let key = speech::reason_key(*reason);
            assert!(!english().say(key).is_empty(), "{reason:?}");
            assert!(is_korean(&korean().say(key)), "{reason:?}");
            let family = FamilyInfo {
                reason: reason.to_wire(),
                detail: RAW.to_owned(),
                ..FamilyInfo::default()
            };
            assert_eq!(particulars(&family, &state(), &english()), RAW);
            let said = particulars(&family, &state(), &korean());
            assert!(said.is_empty() || is_korean(&said), "{reason:?}: {said}");
            let unknowable = matches!(
                reason,
                Reason::KernelUnreadable
                    | Reason::ForeignDefault
                    | Reason::ForeignRules
                    | Reason::NumbersTaken
                    | Reason::Undone
                    | Reason::NotConfirmed
                    | Reason::Unknown
            );
            assert_eq!(said.contains(RAW), unknowable, "{reason:?}: {said}");
        }
    }

    #[test]
    fn two_uplinks_of_one_network_are_named_in_the_users_language() {
        let family = FamilyInfo {
            reason: Reason::SameSubnet.to_wire(),
            detail: "enp0s13f0 and wlan0 are in the same network, 192.168.1.0/24.".to_owned(),
            ..FamilyInfo::default()
        };
        let said = particulars(&family, &state(), &korean());
        assert!(
            said.contains("enp0s13f0") && said.contains("wlan0"),
            "{said}"
        );
        assert!(!said.contains("same network"), "{said}");
    }

    #[test]
    fn every_state_of_a_tunable_has_words_in_both_languages() {
        for stands in TunableState::ALL {
            for wanted in ["", "3:1"] {
                let tunable = TunableInfo {
                    state: stands.to_wire(),
                    wanted: wanted.to_owned(),
                    why_not: RAW.to_owned(),
                    ..TunableInfo::default()
                };
                assert!(is_korean(&korean().say(speech::tunable_key(*stands))));
                assert_eq!(why_not(&tunable, &english()), RAW);
                let said = why_not(&tunable, &korean());
                assert!(said.is_empty() || is_korean(&said), "{stands:?}: {said}");
                let unknowable = match stands {
                    TunableState::Failed => true,
                    TunableState::Idle => wanted.is_empty(),
                    _ => false,
                };
                assert_eq!(said.contains(RAW), unknowable, "{stands:?}: {said}");
            }
        }
    }

    #[test]
    fn where_the_helper_says_nothing_nothing_is_added() {
        let silent = TunableInfo {
            state: TunableState::Failed.to_wire(),
            ..TunableInfo::default()
        };
        assert_eq!(why_not(&silent, &korean()), "");
        assert_eq!(particulars(&FamilyInfo::default(), &state(), &korean()), "");
    }
}
