//! The helper's numbers in English: one word for a kind, one sentence for what is in force. Not the
//! window's words, which are translated.

use evenkeel_dbus::{
    Backend, CostReason, Draining, FamilyInfo, Holder, Lowpower, Metered, PatchKind, ProbeMethod,
    Reason, TunableState, UplinkInfo, UplinkKind, UplinkState, Way,
};

use super::out::{escaped, percent};
use crate::state::HelperState;
use crate::steering::{self, family_name};

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
pub fn lowpower(state: &HelperState) -> &'static str {
    match state.lowpower {
        Lowpower::Absent => "stock kernel",
        Lowpower::Partial => "only one of the two lowpower sysctls",
        Lowpower::Unreadable => "lowpower sysctls that cannot be read",
        Lowpower::Present => match state.patch {
            PatchKind::None | PatchKind::Original => "lowpower patch",
            PatchKind::Steady => "Evenkeel's lowpower patch",
            PatchKind::Busy => "Evenkeel's lowpower patch, preferring the busy path",
        },
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
    reason.words()
}

/// How new flows of one IP version are steered.
pub fn way(way: Way) -> &'static str {
    match way {
        Way::None => "nothing",
        Way::UserRoute => "the weights of your own multipath route",
        Way::Group => "a default route of Evenkeel's own through a resilient nexthop group",
        Way::Single => "a single default route of Evenkeel's own",
    }
}

/// Whether traffic over an uplink costs money.
pub fn metered(metered: Metered) -> &'static str {
    match metered {
        Metered::Unknown => "-",
        Metered::No => "no",
        Metered::Yes => "yes",
    }
}

/// A cost with why it is that, as in `200 % (metered)`.
pub fn cost(percent: u32, reason: CostReason) -> String {
    match reason {
        CostReason::Neutral => format!("{percent} %"),
        CostReason::Metered => format!("{percent} % (metered)"),
        CostReason::Set => format!("{percent} % (set)"),
    }
}

/// Why one IP version is not steered, with the particulars; no full stop.
pub fn why_not(family: &FamilyInfo) -> String {
    let why = steering::refusal(family).map_or("game mode is off", reason);
    if family.detail.is_empty() {
        return why.to_owned();
    }
    // The helper's particulars are sentences; here they stand in brackets.
    let detail = family.detail.trim_end_matches('.');
    format!("{why} ({})", escaped(detail))
}

/// What is kept for running connections after game mode, if anything is.
pub fn draining(draining: Draining) -> Option<String> {
    let (rules, minutes) = steering::draining(draining)?;
    let keep = if rules == 1 {
        "rule still keeps"
    } else {
        "rules still keep"
    };
    Some(format!(
        "{rules} {keep} running connections on their uplink, {minutes} min at most; `evenkeel \
         revert` ends that at once."
    ))
}

/// What is worth a line of its own beside [`in_force`]: what is draining, or the IP version that
/// game mode does not steer.
pub fn aside(state: &HelperState) -> Option<String> {
    if let Some(draining) = draining(state.draining) {
        return Some(draining);
    }
    let alone: Vec<_> = steering::left_alone(state)
        .map(|family| {
            let name = family_name(family.family);
            format!("{name} is not steered: {}.", why_not(family))
        })
        .collect();
    (state.game_mode && !alone.is_empty()).then(|| alone.join(" "))
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
        (Backend::Ecmp, true) if leader(state).is_some() && steering::steered(state).is_empty() => {
            "Game mode is on, but nothing is steered now.".to_owned()
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
    fn game_mode_that_can_steer_nothing_now_claims_nothing() {
        let mut state = sample::steering();
        state.families = vec![sample::same_subnet()];
        assert_eq!(
            in_force(&state),
            "Game mode is on, but nothing is steered now."
        );
        assert!(aside(&state).unwrap().starts_with("IPv6 is not steered: "));
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
    fn one_ip_version_that_is_not_steered_gets_a_line_and_draining_comes_first() {
        let mut state = sample::steering();
        assert_eq!(aside(&state), None);
        state.families[1] = sample::same_subnet();
        assert_eq!(
            aside(&state).unwrap(),
            "IPv6 is not steered: two uplinks are in the same subnet (wifi0 and wwan0 are in the \
             same network, fd00::/64)."
        );
        state.draining = sample::draining();
        assert_eq!(
            aside(&state).unwrap(),
            "5 rules still keep running connections on their uplink, 28 min at most; `evenkeel \
             revert` ends that at once."
        );
        state.draining.rules = 1;
        assert!(aside(&state).unwrap().starts_with("1 rule still keeps"));
    }

    #[test]
    fn a_cost_says_why() {
        assert_eq!(cost(100, CostReason::Neutral), "100 %");
        assert_eq!(cost(200, CostReason::Metered), "200 % (metered)");
        assert_eq!(cost(150, CostReason::Set), "150 % (set)");
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
