//! The status for people. Not the asking, not the JSON.

use std::fmt::Write;

use evenkeel_dbus::{
    Backend, CostReason, FamilyInfo, Metered, ProbeMethod, TunableInfo, TunableState, UplinkInfo,
    UplinkKind, UplinkState, Way,
};

use super::super::out::{escaped, millis_or_dash, percent, table};
use super::super::words;
use super::report::has_estimates;
use crate::state::HelperState;
use crate::steering::family_name;

/// The whole status, lines ended. `name_of` turns a user id into a name where there is one.
pub fn status(state: &HelperState, name_of: impl Fn(u32) -> Option<String>) -> String {
    let mut out = format!("{}\n\n", words::in_force(state));
    out.push_str(&uplinks(state));
    out.push('\n');
    out.extend(state.families.iter().map(family));
    if let Some(draining) = words::draining(state.draining) {
        let _ = writeln!(out, "Draining: {draining}");
    }
    if state.game_mode || !state.holders.is_empty() {
        let holders = words::holders(&state.holders, name_of);
        // Writing to a String cannot fail.
        let _ = writeln!(out, "Game mode held by: {holders}");
    }
    let setting = match state.backend {
        Backend::Lowpower => "kernel's EMA factor",
        Backend::Ecmp | Backend::Observe => "EMA slider",
    };
    let _ = writeln!(out, "{setting}: {} of 1024", state.ema_factor);
    let _ = writeln!(
        out,
        "Kernel: {} ({}), backend {}, helper {}",
        escaped(&state.kernel_release),
        words::lowpower(state),
        words::backend(state.backend),
        escaped(&state.version)
    );
    out.push_str(&tunables(&state.tunables));
    if let Some((name, message)) = &state.last_error {
        let _ = writeln!(
            out,
            "\nLast error: {} ({})",
            escaped(message),
            escaped(name)
        );
    }
    out
}

fn uplinks(state: &HelperState) -> String {
    if state.uplinks.is_empty() {
        return "No uplinks: no interface has a default gateway.\n".to_owned();
    }
    let head = [
        "",
        "UPLINK",
        "KIND",
        "STATE",
        "RTT",
        "JITTER",
        "SHARE",
        "METERED",
        "COST",
        "PROBED BY",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(
        state
            .uplinks
            .iter()
            .map(|uplink| uplink_row(uplink, state.leader)),
    );
    let mut out = table(&rows, &[4, 5, 6]);
    if !state.sampling {
        out.push_str("Not probed now (nobody is watching); `evenkeel watch` measures.\n");
    }
    out
}

fn family(family: &FamilyInfo) -> String {
    let name = family_name(family.family);
    if !family.in_force {
        return format!("{name}: not steered, {}\n", words::why_not(family));
    }
    let by = words::way(Way::from_wire(family.way));
    let mut line = format!("{name}: steered by {by}");
    // Writing to a String cannot fail.
    if family.pinned > 0 {
        let _ = write!(line, "; {} UDP ports kept on their uplink", family.pinned);
    }
    if family.unpinned > 0 {
        let _ = write!(line, "; {} more UDP ports may move", family.unpinned);
    }
    line + "\n"
}

fn uplink_row(uplink: &UplinkInfo, leader: Option<u32>) -> Vec<String> {
    let known = has_estimates(uplink);
    let method = ProbeMethod::from_wire(uplink.method);
    let probed = match method {
        ProbeMethod::None => "-".to_owned(),
        _ => format!("{} {}", words::method(method), escaped(&uplink.target)),
    };
    vec![
        if leader == Some(uplink.ifindex) {
            "*"
        } else {
            " "
        }
        .to_owned(),
        escaped(&uplink.name).into_owned(),
        words::kind(UplinkKind::from_wire(uplink.kind)).to_owned(),
        standing(uplink),
        millis_or_dash(known.then_some(uplink.rtt_ns)),
        millis_or_dash(known.then_some(uplink.jitter_ns)),
        percent(uplink.share_permille),
        words::metered(Metered::from_wire(uplink.metered)).to_owned(),
        words::cost(uplink.cost, CostReason::from_wire(uplink.cost_reason)),
        probed,
    ]
}

/// What the probes say of it, and that it has no carrier.
fn standing(uplink: &UplinkInfo) -> String {
    let state = words::uplink_state(UplinkState::from_wire(uplink.state));
    if uplink.carrier {
        state.to_owned()
    } else {
        format!("{state}, no carrier")
    }
}

fn tunables(tunables: &[TunableInfo]) -> String {
    let mut out = String::new();
    for tunable in tunables {
        let state = TunableState::from_wire(tunable.state);
        let _ = write!(
            out,
            "\n{}: {}\n  now       {}\n",
            escaped(&tunable.id),
            words::tunable_state(state),
            escaped(&tunable.current)
        );
        if !tunable.original.is_empty() && tunable.original != tunable.current {
            let _ = writeln!(out, "  original  {}", escaped(&tunable.original));
        }
        if !tunable.wanted.is_empty() && tunable.wanted != tunable.current {
            let _ = writeln!(out, "  wanted    {}", escaped(&tunable.wanted));
        }
        if !tunable.why_not.is_empty() {
            let _ = writeln!(out, "  why       {}", escaped(&tunable.why_not));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn shown(state: &HelperState) -> String {
        status(state, |uid| (uid == 1000).then(|| "ann".to_owned()))
    }

    #[test]
    fn the_status_of_two_uplinks_reads_like_this() {
        assert_eq!(
            shown(&sample::steering()),
            "\
Game mode is on: 99.6 % of new connections go to wifi0, the steadiest uplink.

   UPLINK  KIND      STATE           RTT   JITTER   SHARE  METERED  COST             PROBED BY
*  wifi0   Wi-Fi     alive       20.1 ms  0.42 ms  99.6 %  no       100 %            ICMP 10.1.0.1
   wwan0   cellular  not probed        -        -   0.4 %  yes      200 % (metered)  -

IPv4: steered by a default route of Evenkeel's own through a resilient nexthop group; 3 UDP ports kept on their uplink
IPv6: steered by a single default route of Evenkeel's own; 3 UDP ports kept on their uplink
Game mode held by: kept for ann
EMA slider: 512 of 1024
Kernel: 6.12.0 (stock kernel), backend ecmp, helper 0.1.0

route:default: held
  now       nexthop wifi0 weight 255 nexthop wwan0 weight 1
  original  nexthop wifi0 weight 1 nexthop wwan0 weight 1
"
        );
    }

    #[test]
    fn it_says_that_nobody_is_watching() {
        let state = HelperState {
            sampling: false,
            ..sample::steering()
        };
        assert!(shown(&state).contains("Not probed now"));
    }

    #[test]
    fn it_tells_the_last_error_and_why_a_setting_is_not_as_wanted() {
        let mut state = sample::steering();
        state.tunables[0].state = TunableState::StoodBack.to_wire();
        state.tunables[0].why_not = "changed by another program".into();
        state.last_error = Some(("io.github.evenkeel.Error.Kernel".into(), "it broke".into()));
        let text = shown(&state);
        assert!(text.contains("route:default: left to another program\n"));
        assert!(text.contains("  why       changed by another program\n"));
        assert!(text.contains("Last error: it broke (io.github.evenkeel.Error.Kernel)\n"));
    }

    #[test]
    fn it_says_why_an_ip_version_is_not_steered_and_what_is_draining() {
        let mut state = sample::planned();
        state.draining = sample::draining();
        state.uplinks[1].carrier = false;
        let text = shown(&state);
        assert!(
            text.contains("IPv4: not steered, game mode is off\n"),
            "{text}"
        );
        assert!(
            text.contains("IPv6: not steered, two uplinks are in the same subnet (wifi0 and"),
            "{text}"
        );
        assert!(text.contains("Draining: 5 rules still keep"), "{text}");
        assert!(text.contains("not probed, no carrier"), "{text}");
    }

    #[test]
    fn ports_that_may_move_are_counted() {
        let mut state = sample::steering();
        state.families[0].unpinned = 12;
        assert!(shown(&state).contains("; 12 more UDP ports may move\n"));
    }

    #[test]
    fn a_hostile_name_cannot_reach_the_terminal() {
        let mut state = sample::steering();
        state.uplinks[0].name = "\u{1b}[31mx".into();
        state.families[1] = sample::same_subnet();
        state.families[1].detail = "\u{1b}[31mx".into();
        assert!(!shown(&state).contains('\u{1b}'));
    }

    #[test]
    fn no_uplinks_is_said_in_words() {
        let state = HelperState {
            uplinks: vec![],
            leader: None,
            ..sample::steering()
        };
        assert!(shown(&state).contains("No uplinks"));
    }
}
