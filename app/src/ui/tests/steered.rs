//! What the window says of steering: which IP versions, what may move, what drains, what an uplink
//! costs and why; and judging an uplink anew.

use evenkeel_dbus::{Backend, CostReason, Draining, FamilyInfo, Reason, UplinkState, Way};
use iced::keyboard::key::Named;

use super::journeys::{SIZE, click, press, say, scene, shows};
use super::{FIRST, Scene, charge, family, same_subnet, state, uplinks};
use crate::ui::app::{Message, Screen};
use crate::ui::bus::{Call, Event};
use crate::ui::drafts::Control;
use crate::ui::{live, tune};
use crate::words::{Key, Language, Words};

#[test]
fn an_uplink_can_be_judged_anew_while_it_is_probed() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 10);
    let label = say(Key::CardForget);
    let expected = Message::Live(live::Message::Forget(FIRST));
    let sent = click(&scene.app, &label);
    assert_eq!(format!("{sent:?}"), format!("[{expected:?}]"));
    let second = Message::Live(live::Message::Forget(FIRST + 1));
    for key in [Named::Enter, Named::Space] {
        let sent = press(&scene.app, Some("forget-11"), key);
        assert_eq!(format!("{sent:?}"), format!("[{second:?}, {second:?}]"));
    }
    let mut live = live::Live::default();
    let call = live.update(live::Message::Forget(FIRST), &mut scene.app.model);
    assert_eq!(call, Some(Call::Forget(FIRST)));
    let mut idle = super::journeys::scene();
    idle.tell(|state| {
        for uplink in &mut state.uplinks {
            uplink.state = UplinkState::Idle.to_wire();
        }
    });
    assert!(!shows(&idle.app, &label));
    let _ = scene.app.update(Message::Bus(Event::NoHelper));
    assert!(!shows(&scene.app, &label));
}

/// The sentences beside what is in force, with game mode on.
fn notes(families: Vec<FamilyInfo>, kernel: &str) -> (String, Vec<String>) {
    let mut scene = scene();
    scene.tell(|state| {
        kernel.clone_into(&mut state.kernel_release);
        state.families = families;
        super::lead_with(state, Some(FIRST), true);
    });
    let words = Words::new(Language::English);
    let said = (
        scene.app.model.in_force(&words),
        scene.app.model.notes(&words),
    );
    let whole = format!("{} {}", said.0, said.1.join(" "));
    assert!(shows(&scene.app, whole.trim_end()), "{whole}");
    said
}

#[test]
fn the_window_says_what_is_steered_and_what_may_move() {
    let unpinned = FamilyInfo {
        unpinned: 12,
        ..family(4, Way::Group)
    };
    let own = || vec![family(4, Way::UserRoute), family(6, Way::UserRoute)];
    let stay = "Running connections stay put.";
    for (families, kernel, steered, expected) in [
        (
            vec![family(4, Way::Group), family(6, Way::Single)],
            "6.18.1",
            "new IPv4 and IPv6 connections",
            vec![stay.to_owned()],
        ),
        (
            vec![family(4, Way::Single), same_subnet(6)],
            "6.18.1",
            "new IPv4 connections",
            vec![
                format!("IPv6 is not steered. {}", say(Key::ReasonSameSubnet)),
                stay.to_owned(),
            ],
        ),
        (
            vec![unpinned.clone(), family(6, Way::Single)],
            "6.18.1",
            "new IPv4 and IPv6 connections",
            vec![
                "Running connections stay where they are, except on 12 open UDP ports beyond \
                 the limit."
                    .to_owned(),
            ],
        ),
        (
            own(),
            "6.18.1",
            "new IPv4 and IPv6 connections",
            vec![
                "IPv4, on your own route: UDP sockets bound to no address may move, the rest \
                 stays."
                    .to_owned(),
                "IPv6, on your own route: running connections may move unless source rules \
                 hold them."
                    .to_owned(),
            ],
        ),
        (
            own(),
            "6.12.9",
            "new IPv4 and IPv6 connections",
            vec![
                "IPv4 and IPv6, on your own route: running connections may move unless source \
                 rules hold them."
                    .to_owned(),
            ],
        ),
        (
            vec![unpinned, family(6, Way::UserRoute)],
            "6.18.1",
            "new IPv4 and IPv6 connections",
            vec![
                "IPv6, on your own route: running connections may move unless source rules \
                 hold them."
                    .to_owned(),
                "12 open UDP ports beyond the limit may move.".to_owned(),
            ],
        ),
        (
            vec![same_subnet(4), same_subnet(6)],
            "6.18.1",
            "nothing can be steered now",
            ["IPv4", "IPv6"]
                .map(|name| format!("{name} is not steered. {}", say(Key::ReasonSameSubnet)))
                .into(),
        ),
    ] {
        let (in_force, said) = notes(families, kernel);
        assert!(in_force.contains(steered), "{in_force}");
        assert_eq!(said, expected);
    }
}

#[test]
fn what_drains_after_game_mode_is_told_and_can_be_ended() {
    let mut scene = scene();
    let words = Words::new(Language::English);
    assert!(scene.app.model.notes(&words).is_empty());
    scene.tell(|state| {
        state.draining = Draining {
            rules: 3,
            seconds_left: 1_790,
        };
    });
    let told = "3 rules still keep running connections on their uplink, at most 30 min.";
    assert_eq!(scene.app.model.notes(&words), [told]);
    let _ = scene.app.update(Message::Show(Screen::Tune));
    assert!(shows(&scene.app, told));
    assert!(shows(&scene.app, &say(Key::TunablesDraining)));
    let sent = click(&scene.app, &say(Key::TunablesRevert));
    assert!(matches!(sent[..], [Message::Tune(tune::Message::Revert)]));
}

#[test]
fn a_refusal_shows_its_particulars() {
    let mut state = state(Backend::Observe, Reason::SameSubnet, uplinks(2));
    state.families = vec![same_subnet(4)];
    let scene = Scene::new(state, Language::English, SIZE);
    let words = Words::new(Language::English);
    assert_eq!(scene.app.model.notes(&words), [same_subnet(4).detail]);
}

#[test]
fn a_metered_uplink_and_one_without_a_carrier_are_marked() {
    let mut scene = scene();
    scene.play("5g2_urban", 10, 10);
    assert!(!shows(&scene.app, &say(Key::CardMetered)));
    scene.tell(|state| {
        charge(&mut state.uplinks[1]);
        state.uplinks[0].carrier = false;
    });
    // Nothing avoids it before game mode, and nothing does while it leads.
    assert!(shows(&scene.app, &say(Key::CardMeteredShort)));
    scene.tell(|state| super::lead_with(state, Some(FIRST + 1), true));
    assert!(shows(&scene.app, &say(Key::CardMeteredShort)));
    scene.tell(|state| super::lead_with(state, Some(FIRST), true));
    assert!(shows(&scene.app, &say(Key::CardMetered)));
    assert!(shows(&scene.app, &say(Key::CardNoCable)));
    scene.tell(|state| {
        state.uplinks[1].cost_reason = CostReason::Set.to_wire();
        state.uplinks[1].carrier = false;
    });
    assert!(shows(&scene.app, &say(Key::CardMeteredShort)));
    assert!(!shows(&scene.app, &say(Key::CardMetered)));
    assert!(shows(&scene.app, &say(Key::CardNoLink)));
}

#[test]
fn a_cost_says_why_until_another_is_chosen() {
    let mut scene = scene();
    scene.tell(|state| charge(&mut state.uplinks[1]));
    let _ = scene.app.update(Message::Show(Screen::Tune));
    assert!(shows(&scene.app, &say(Key::CostMetered)));
    assert!(!shows(&scene.app, &say(Key::CostSet)));
    let choose = tune::Message::Choose(Control::Cost(FIRST + 1), 150);
    let _ = scene.app.update(Message::Tune(choose));
    assert!(!shows(&scene.app, &say(Key::CostMetered)));
    scene.tell(|state| state.uplinks[0].cost_reason = CostReason::Set.to_wire());
    assert!(shows(&scene.app, &say(Key::CostSet)));
}
