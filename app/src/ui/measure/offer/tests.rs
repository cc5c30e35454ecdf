//! What is offered, and the numbers that a choice becomes.

use super::*;
use crate::cli::sample;
use evenkeel_dbus::TunableInfo;
use evenkeel_dbus::measurement::{ARM_OFF, Subject};

fn stock() -> HelperState {
    HelperState {
        game_mode: false,
        ..sample::steering()
    }
}

fn backed(backend: Backend, reason: Reason) -> HelperState {
    HelperState {
        backend,
        reason,
        ..stock()
    }
}

fn numbers(draft: Draft, state: &HelperState) -> (Subject, u32, u32, u32) {
    let plan = draft.plan(state).expect("a plan");
    let subject = Subject::from_wire(plan.subject);
    (subject, plan.ifindex, plan.a, plan.b)
}

#[test]
fn one_press_measures_game_mode_where_that_is_possible_and_else_the_first_thing_that_is() {
    let draft = Draft::default();
    assert_eq!(numbers(draft, &stock()), (Subject::GameMode, 0, 0, 1));
    let patched = backed(Backend::Lowpower, Reason::Ready);
    assert_eq!(numbers(draft, &patched), (Subject::EmaFactor, 0, 512, 768));
    let watching = backed(Backend::Observe, Reason::SameSubnet);
    assert_eq!(numbers(draft, &watching), (Subject::Uplinks, 0, 3, 4));
    let mut alone = backed(Backend::Observe, Reason::OneUplink);
    alone.uplinks.truncate(1);
    assert_eq!(draft.what(&alone), What::GameMode);
    assert_eq!(
        draft.choice(&alone),
        Err(WhyNot::Watching(Reason::OneUplink))
    );
    let held = sample::steering();
    assert_eq!(why_not(What::GameMode, &held), Some(WhyNot::GameModeOn));
    assert_eq!(
        draft.what(&held),
        What::GameMode,
        "it is to be switched off"
    );
    assert_eq!(draft.plan(&held), None);
    assert!(is_any_possible(&held) && !is_any_possible(&alone));
}

#[test]
fn what_is_offered_is_what_the_helper_would_take() {
    let possible = |state: &HelperState| What::ALL.map(|what| why_not(what, state).is_none());
    assert_eq!(possible(&stock()), [true; 4]);
    let patched = backed(Backend::Lowpower, Reason::Ready);
    assert_eq!(possible(&patched), [false, true, true, true]);
    let watching = backed(Backend::Observe, Reason::SameSubnet);
    assert_eq!(possible(&watching), [false, false, true, false]);
    assert_eq!(
        settings(&stock()),
        [Setting::Cost(3), Setting::Cost(4), Setting::Ema]
    );
    assert_eq!(settings(&patched), [Setting::Ema, Setting::Power]);
    assert!(settings(&watching).is_empty());
}

#[test]
fn a_setting_in_use_is_measured_against_what_there_is_without_it() {
    let mut state = stock();
    let draft = Draft {
        what: Some(What::Setting),
        ..Draft::default()
    };
    let expected = (Subject::UplinkCost, 3, ARM_OFF, 150);
    assert_eq!(numbers(draft, &state), expected);
    state.ema_factor = 900;
    assert_eq!(numbers(draft, &state), (Subject::EmaFactor, 0, 512, 900));
    let other = Draft {
        value: Some(640),
        ..draft
    };
    let expected = (Subject::EmaFactor, 0, ARM_OFF, 640);
    assert_eq!(numbers(other, &state), expected);
    // The value that there is anyway is no other arm.
    let same = Draft {
        value: Some(512),
        ..draft
    };
    assert_eq!(numbers(same, &state), (Subject::EmaFactor, 0, 512, 900));
    let mut patched = backed(Backend::Lowpower, Reason::Ready);
    patched.power_cost_weight = 40;
    patched.tunables = vec![TunableInfo {
        id: "power-cost".into(),
        current: "40".into(),
        original: "100".into(),
        ..TunableInfo::default()
    }];
    assert_eq!(numbers(draft, &patched), (Subject::PowerCost, 0, 100, 40));
}

#[test]
fn the_arms_are_never_the_same() {
    let mut state = stock();
    for a in [None, Some(0), Some(256), Some(768), Some(1024)] {
        for b in [None, Some(0), Some(256), Some(768), Some(1024)] {
            for set in [0, 256, 512, 768, 1024] {
                state.ema_factor = set;
                let draft = Draft {
                    what: Some(What::Sensitivity),
                    factors: [a, b],
                    ..Draft::default()
                };
                let [one, other] = draft.factors(&state);
                assert_ne!(one, other, "{a:?} {b:?} {set}");
            }
        }
    }
    for uplinks in [[Some(3), Some(3)], [Some(4), None], [Some(99), Some(4)]] {
        let draft = Draft {
            uplinks,
            ..Draft::default()
        };
        let [one, other] = draft.uplinks(&state).expect("two uplinks");
        assert_ne!(one, other, "{uplinks:?}");
    }
    state.uplinks.truncate(1);
    assert_eq!(Draft::default().uplinks(&state), None);
}

#[test]
fn only_a_route_of_the_users_own_moves_running_connections() {
    let mut state = stock();
    assert!(!moves_running(&state));
    state.families = vec![sample::steered(4, Way::UserRoute)];
    assert!(moves_running(&state));
}

#[test]
fn every_length_is_a_plan_with_two_looks_and_the_usual_one_is_the_terminals() {
    let pairs = Length::ALL.map(|length| (length.plan().pairs(), length.plan().first_look()));
    assert_eq!(pairs, [(12, Some(8)), (30, Some(20)), (60, Some(40))]);
    assert_eq!(Length::Usual.plan(), Plan::default());
}
