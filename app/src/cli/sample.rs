//! A helper's state for the tests of the pure parts. Compiled for tests only.

use evenkeel_dbus::{
    Backend, CostReason, Draining, FamilyInfo, Holder, Lowpower, Metered, PatchKind, PlanStep,
    ProbeMethod, Reason, TunableInfo, TunableState, UplinkInfo, UplinkKind, UplinkState, Way,
};

use crate::state::HelperState;

/// Two uplinks on a stock kernel, game mode on, the first one leads.
pub fn steering() -> HelperState {
    HelperState {
        version: "0.1.0".into(),
        kernel_release: "6.12.0".into(),
        lowpower: Lowpower::Absent,
        patch: PatchKind::None,
        backend: Backend::Ecmp,
        reason: Reason::Ready,
        families: vec![steered(4, Way::Group), steered(6, Way::Single)],
        plan: Vec::new(),
        draining: Draining::default(),
        uplinks: vec![wifi(), modem()],
        leader: Some(3),
        ema_factor: 512,
        power_cost_weight: 100,
        game_mode: true,
        holders: vec![Holder {
            uid: 1000,
            kept: true,
        }],
        sampling: true,
        probe_period_ms: 200,
        measurements: Vec::new(),
        tunables: vec![TunableInfo {
            id: "route:default".into(),
            current: "nexthop wifi0 weight 255 nexthop wwan0 weight 1".into(),
            original: "nexthop wifi0 weight 1 nexthop wwan0 weight 1".into(),
            wanted: "nexthop wifi0 weight 255 nexthop wwan0 weight 1".into(),
            state: TunableState::Held.to_wire(),
            why_not: String::new(),
        }],
        last_error: None,
    }
}

/// The same machine before game mode: IPv4 would get a group, IPv6 stays as it is.
pub fn planned() -> HelperState {
    let step = |step: &str| PlanStep {
        family: 4,
        step: step.into(),
    };
    HelperState {
        families: vec![
            FamilyInfo {
                in_force: false,
                pinned: 0,
                ..steered(4, Way::Group)
            },
            same_subnet(),
        ],
        plan: vec![
            step("ip rule add from 10.1.0.2 lookup 1003 protocol 77"),
            step("ip route add default proto 77 metric 99 nhid 770001"),
        ],
        game_mode: false,
        holders: Vec::new(),
        ..steering()
    }
}

/// An IP version that is steered.
pub fn steered(family: u32, way: Way) -> FamilyInfo {
    FamilyInfo {
        family,
        way: way.to_wire(),
        reason: Reason::Ready.to_wire(),
        detail: String::new(),
        in_force: true,
        pinned: 3,
        unpinned: 0,
    }
}

/// IPv6 that cannot be steered.
pub fn same_subnet() -> FamilyInfo {
    FamilyInfo {
        family: 6,
        reason: Reason::SameSubnet.to_wire(),
        detail: "wifi0 and wwan0 are in the same network, fd00::/64.".into(),
        ..FamilyInfo::default()
    }
}

/// What is kept a while after game mode.
pub fn draining() -> Draining {
    Draining {
        rules: 5,
        seconds_left: 1_650,
    }
}

/// A steady uplink.
pub fn wifi() -> UplinkInfo {
    UplinkInfo {
        ifindex: 3,
        name: "wifi0".into(),
        kind: UplinkKind::WiFi.to_wire(),
        addresses: vec!["10.1.0.2/24".into()],
        gateways: vec!["10.1.0.1".into()],
        state: UplinkState::Alive.to_wire(),
        method: ProbeMethod::IcmpDatagram.to_wire(),
        target: "10.1.0.1".into(),
        rtt_ns: 20_100_000,
        jitter_ns: 420_000,
        slow_jitter_ns: 500_000,
        share_permille: 996,
        cost: 100,
        cost_reason: CostReason::Neutral.to_wire(),
        metered: Metered::No.to_wire(),
        carrier: true,
        leader: true,
        ..UplinkInfo::default()
    }
}

/// An uplink that nobody probes yet.
pub fn modem() -> UplinkInfo {
    UplinkInfo {
        ifindex: 4,
        name: "wwan0".into(),
        kind: UplinkKind::Wwan.to_wire(),
        gateways: vec!["10.2.0.1".into()],
        share_permille: 4,
        cost: 200,
        cost_reason: CostReason::Metered.to_wire(),
        metered: Metered::Yes.to_wire(),
        carrier: true,
        ..UplinkInfo::default()
    }
}
