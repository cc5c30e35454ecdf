//! A helper's state for the tests of the pure parts. Compiled for tests only.

use evenkeel_dbus::{
    Backend, Draining, Holder, Lowpower, ProbeMethod, Reason, TunableInfo, TunableState,
    UplinkInfo, UplinkKind, UplinkState,
};

use crate::state::HelperState;

/// Two uplinks on a stock kernel, game mode on, the first one leads.
pub fn steering() -> HelperState {
    HelperState {
        version: "0.1.0".into(),
        kernel_release: "6.12.0".into(),
        lowpower: Lowpower::Absent,
        backend: Backend::Ecmp,
        reason: Reason::Ready,
        families: Vec::new(),
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
        cost_reason: 0,
        metered: 0,
        carrier: true,
        leader: true,
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
        cost: 150,
        cost_reason: 0,
        metered: 0,
        carrier: true,
        ..UplinkInfo::default()
    }
}
