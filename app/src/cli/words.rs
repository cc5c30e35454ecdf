//! The helper's numbers in English: one word for a kind, one sentence for what is in force. Not the
//! window's words, which are translated.

use evenkeel_dbus::{
    Backend, Holder, Lowpower, ProbeMethod, Reason, TunableState, UplinkInfo, UplinkKind,
    UplinkState,
};

use super::out::{escaped, percent};
use crate::state::HelperState;

/// What kind of link it is.
pub fn kind(kind: UplinkKind) -> &'static str {
    match kind {
        UplinkKind::Other => "other",
        UplinkKind::Ethernet => "Ethernet",
        UplinkKind::WiFi => "Wi-Fi",
        UplinkKind::Wwan => "cellular",
        UplinkKind::Tether => "tether",
    }
}

/// What the probes say of an uplink.
pub fn uplink_state(state: UplinkState) -> &'static str {
    match state {
        UplinkState::Idle => "not probed",
        UplinkState::Warming => "warming up",
        UplinkState::Alive => "alive",
        UplinkState::Dead => "dead",
        UplinkState::Gone => "gone",
    }
}

/// How an uplink is probed.
pub fn method(method: ProbeMethod) -> &'static str {
    match method {
        ProbeMethod::None => "none",
        ProbeMethod::IcmpDatagram => "ICMP",
        ProbeMethod::IcmpRaw => "ICMP (raw)",
        ProbeMethod::TcpConnect => "TCP",
    }
}

/// Where a tunable stands.
pub fn tunable_state(state: TunableState) -> &'static str {
    match state {
        TunableState::Idle => "untouched",
        TunableState::Held => "held",
        TunableState::StoodBack => "left to another program",
        TunableState::Failed => "failed",
        TunableState::Vanished => "vanished",
    }
}

/// What was found of the patched kernel.
pub fn lowpower(lowpower: Lowpower) -> &'static str {
    match lowpower {
        Lowpower::Absent => "stock kernel",
        Lowpower::Partial => "only one of the two lowpower sysctls",
        Lowpower::Unreadable => "lowpower sysctls that cannot be read",
        Lowpower::Present => "lowpower patch",
    }
}

/// What the backend does.
pub fn backend(backend: Backend) -> &'static str {
    match backend {
        Backend::Observe => "observe",
        Backend::Ecmp => "ecmp",
        Backend::Lowpower => "lowpower",
    }
}

/// Why the backend is what it is.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Ready => "everything needed is there",
        Reason::NoUplink => "no interface has a default gateway",
        Reason::OneUplink => "there is only one uplink, so there is no other to prefer",
        Reason::NoMultipathRoute => "no route goes over more than one uplink",
        Reason::NexthopObjects => {
            "the multipath route is made of nexthop objects, which this version leaves alone"
        }
        Reason::TooManyRoutes => "there are too many multipath routes; this looks like a router",
        Reason::ForeignNexthop => "a multipath route leaves by an interface that is no uplink",
        Reason::LowpowerPartial => "the kernel has only one of the two lowpower sysctls",
        Reason::LowpowerUnreadable => "the lowpower sysctls cannot be read",
        Reason::KernelUnreadable => "the kernel's links or routes cannot be read",
        Reason::NoDefault => "there is no default route",
        Reason::ForeignDefault => {
            "the best default route leaves by something that is no uplink, a VPN for one"
        }
        Reason::ForeignRules => "policy rules that somebody else made would be in the way",
        Reason::NumbersTaken => "somebody else uses the numbers of Evenkeel's routes and rules",
        Reason::SameSubnet => "two uplinks are in the same subnet",
        Reason::MetricTooSmall => {
            "the best default route has so small a metric that none is left before it"
        }
        Reason::Undone => "somebody undid our routes again and again, so we stepped back",
        Reason::NotConfirmed => {
            "the gateway or the anchor stopped answering with our routes, so they were taken back"
        }
        Reason::Unknown => "for a reason this version does not know; helper and client differ",
    }
}

/// The uplink that leads, when there is one.
pub fn leader(state: &HelperState) -> Option<&UplinkInfo> {
    let ifindex = state.leader?;
    state
        .uplinks
        .iter()
        .find(|uplink| uplink.ifindex == ifindex)
}

/// What is in force, in one sentence.
pub fn in_force(state: &HelperState) -> String {
    match (state.backend, state.game_mode) {
        (Backend::Observe, _) => {
            format!(
                "Only watching, nothing is steered: {}.",
                reason(state.reason)
            )
        }
        (Backend::Ecmp, false) => {
            "Game mode is off: new connections take the routes as the system set them.".to_owned()
        }
        (Backend::Ecmp, true) => match leader(state) {
            Some(uplink) => format!(
                "Game mode is on: {} of new connections go to {}, the steadiest uplink.",
                percent(uplink.share_permille),
                escaped(&uplink.name)
            ),
            None => "Game mode is on, but no uplink leads yet: new connections are spread evenly."
                .to_owned(),
        },
        (Backend::Lowpower, on) => format!(
            "The patched kernel chooses the path, with EMA factor {} and power cost weight {}; \
             game mode is {}.",
            state.ema_factor,
            state.power_cost_weight,
            if on { "on" } else { "off" }
        ),
    }
}

/// Who holds game mode, as in `kept for ann; a running program of uid 1001`. `name_of` turns a user
/// id into a name where there is one.
pub fn holders(holders: &[Holder], name_of: impl Fn(u32) -> Option<String>) -> String {
    let one = |holder: &Holder| {
        let user = name_of(holder.uid).map_or_else(
            || format!("user id {}", holder.uid),
            |name| escaped(&name).into_owned(),
        );
        if holder.kept {
            format!("kept for {user}")
        } else {
            format!("a running program of {user}")
        }
    };
    // One user may have several programs open; they read the same.
    let mut counted: Vec<(String, usize)> = Vec::new();
    for words in holders.iter().map(one) {
        match counted.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => counted.push((words, 1)),
        }
    }
    let with_count = |(words, count): (String, usize)| match count {
        1 => words,
        count => format!("{words} ({count} times)"),
    };
    counted
        .into_iter()
        .map(with_count)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_sentence_names_leader_and_share() {
        assert_eq!(
            in_force(&sample::steering()),
            "Game mode is on: 99.6 % of new connections go to wifi0, the steadiest uplink."
        );
    }

    #[test]
    fn the_sentence_says_why_nothing_is_steered() {
        let state = HelperState {
            backend: Backend::Observe,
            reason: Reason::OneUplink,
            ..sample::steering()
        };
        assert!(in_force(&state).contains("only one uplink"));
    }

    #[test]
    fn a_leader_that_is_not_among_the_uplinks_is_none() {
        let state = HelperState {
            leader: Some(99),
            ..sample::steering()
        };
        assert!(in_force(&state).contains("no uplink leads yet"));
    }

    #[test]
    fn holders_are_named_once_each() {
        let list = [
            Holder {
                uid: 1000,
                kept: true,
            },
            Holder {
                uid: 1001,
                kept: false,
            },
            Holder {
                uid: 1001,
                kept: false,
            },
        ];
        let name = |uid| (uid == 1000).then(|| "ann".to_owned());
        assert_eq!(
            holders(&list, name),
            "kept for ann; a running program of user id 1001 (2 times)"
        );
    }
}
