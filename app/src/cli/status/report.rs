//! The JSON of `evenkeel status --json`: a stable schema of its own, so that the contract on the
//! bus can grow without breaking scripts. Fields are only ever added; units stand in the names.
//! Not the asking, not the text for people.

use evenkeel_dbus::{
    Backend, CostReason, Draining, FamilyInfo, Figures, Holder, Lowpower, Metered, PatchKind,
    ProbeMethod, Reason, TunableInfo, TunableState, UplinkInfo, UplinkKind, UplinkState, Way,
};
use serde::Serialize;

use super::super::words;
use crate::state::HelperState;

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// The whole status.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    /// Always [`SCHEMA`].
    schema: u32,
    helper_version: &'a str,
    kernel_release: &'a str,
    /// `absent`, `partial`, `unreadable` or `present`.
    lowpower: Lowpower,
    /// `none`, `original`, `steady` or `busy`: whose patch, and which path it prefers.
    lowpower_patch: PatchKind,
    /// `observe`, `ecmp` or `lowpower`.
    backend: Backend,
    /// `ready`, or why the backend cannot do more; see the interface XML.
    backend_reason: Reason,
    /// What is in force, one English sentence; for people, not for parsing.
    in_force: String,
    game_mode: bool,
    game_mode_holders: &'a [Holder],
    /// True while the uplinks are probed.
    sampling: bool,
    probe_period_ms: u32,
    /// 0..=1024.
    ema_factor: u32,
    /// Only with backend `lowpower`, else null.
    power_cost_weight: Option<i32>,
    leader_ifindex: Option<u32>,
    /// Each IP version by itself.
    families: Vec<Family<'a>>,
    /// Rules that still keep running connections after game mode, and the seconds after which they
    /// go at the latest; null when there are none.
    draining: Option<Draining>,
    uplinks: Vec<Uplink<'a>>,
    tunables: Vec<Tunable<'a>>,
    last_error: Option<LastError<'a>>,
}

/// One IP version; `evenkeel plan --json` shows it too.
#[derive(Debug, Serialize)]
pub struct Family<'a> {
    /// 4 or 6.
    #[serde(rename = "family")]
    number: u32,
    /// `none`, `user-route`, `group` or `single`.
    way: Way,
    /// `ready`, or why it cannot be steered; see the interface XML.
    reason: Reason,
    /// The reason's particulars in English; null when there are none.
    detail: Option<&'a str>,
    in_force: bool,
    /// UDP ports kept on their uplink.
    pinned: u32,
    /// UDP ports beyond the limit, which may move.
    unpinned: u32,
}

#[derive(Debug, Serialize)]
struct Uplink<'a> {
    ifindex: u32,
    name: &'a str,
    kind: UplinkKind,
    addresses: &'a [String],
    gateways: &'a [String],
    state: UplinkState,
    probe_method: ProbeMethod,
    /// Null while it is not probed.
    probe_target: Option<&'a str>,
    /// The three estimates are null while the uplink is not probed.
    rtt_ns: Option<u64>,
    jitter_ns: Option<u64>,
    slow_jitter_ns: Option<u64>,
    share_permille: u32,
    cost_percent: u32,
    /// `neutral`, `metered` or `set`.
    cost_reason: CostReason,
    /// `unknown`, `no` or `yes`.
    metered: Metered,
    carrier: bool,
    leader: bool,
    /// `kernel`, `estimated` or `none`: where the next two come from.
    figures: Figures,
    /// With a patched kernel while somebody listens, else null.
    load_bytes_s: Option<u64>,
    variability_bytes_s: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Tunable<'a> {
    id: &'a str,
    current: &'a str,
    /// Null when nothing is captured.
    original: Option<&'a str>,
    /// Null when nothing is asked for.
    wanted: Option<&'a str>,
    state: TunableState,
    /// Null when it is as wanted.
    why_not: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct LastError<'a> {
    name: &'a str,
    message: &'a str,
}

impl<'a> Report<'a> {
    /// The report of one state.
    pub fn of(state: &'a HelperState) -> Self {
        Self {
            schema: SCHEMA,
            helper_version: &state.version,
            kernel_release: &state.kernel_release,
            lowpower: state.lowpower,
            lowpower_patch: state.patch,
            backend: state.backend,
            backend_reason: state.reason,
            in_force: words::in_force(state),
            game_mode: state.game_mode,
            game_mode_holders: &state.holders,
            sampling: state.sampling,
            probe_period_ms: state.probe_period_ms,
            ema_factor: state.ema_factor,
            power_cost_weight: (state.backend == Backend::Lowpower)
                .then_some(state.power_cost_weight),
            leader_ifindex: state.leader,
            families: state.families.iter().map(Family::of).collect(),
            draining: (state.draining.rules > 0).then_some(state.draining),
            uplinks: state
                .uplinks
                .iter()
                .map(|uplink| Uplink::of(uplink, state.leader))
                .collect(),
            tunables: state.tunables.iter().map(Tunable::of).collect(),
            last_error: state
                .last_error
                .as_ref()
                .map(|(name, message)| LastError { name, message }),
        }
    }
}

impl<'a> Family<'a> {
    /// The report of one IP version.
    pub fn of(family: &'a FamilyInfo) -> Self {
        Self {
            number: family.family,
            way: Way::from_wire(family.way),
            reason: Reason::from_wire(family.reason),
            detail: not_empty(&family.detail),
            in_force: family.in_force,
            pinned: family.pinned,
            unpinned: family.unpinned,
        }
    }
}

impl<'a> Uplink<'a> {
    fn of(uplink: &'a UplinkInfo, leader: Option<u32>) -> Self {
        let figures = Figures::from_wire(uplink.figures);
        let told = |figure: u64| (figures != Figures::None).then_some(figure);
        let known = has_estimates(uplink);
        Self {
            ifindex: uplink.ifindex,
            name: &uplink.name,
            kind: UplinkKind::from_wire(uplink.kind),
            addresses: &uplink.addresses,
            gateways: &uplink.gateways,
            state: UplinkState::from_wire(uplink.state),
            probe_method: ProbeMethod::from_wire(uplink.method),
            probe_target: not_empty(&uplink.target),
            rtt_ns: known.then_some(uplink.rtt_ns),
            jitter_ns: known.then_some(uplink.jitter_ns),
            slow_jitter_ns: known.then_some(uplink.slow_jitter_ns),
            share_permille: uplink.share_permille,
            cost_percent: uplink.cost,
            cost_reason: CostReason::from_wire(uplink.cost_reason),
            metered: Metered::from_wire(uplink.metered),
            carrier: uplink.carrier,
            leader: leader == Some(uplink.ifindex),
            figures,
            load_bytes_s: told(uplink.load_bytes_s),
            variability_bytes_s: told(uplink.variability_bytes_s),
        }
    }
}

impl<'a> Tunable<'a> {
    fn of(tunable: &'a TunableInfo) -> Self {
        Self {
            id: &tunable.id,
            current: &tunable.current,
            original: not_empty(&tunable.original),
            wanted: not_empty(&tunable.wanted),
            state: TunableState::from_wire(tunable.state),
            why_not: not_empty(&tunable.why_not),
        }
    }
}

/// Whether an uplink is probed and has answered; estimates left over from earlier probing say
/// nothing about now.
pub fn has_estimates(uplink: &UplinkInfo) -> bool {
    UplinkState::from_wire(uplink.state) != UplinkState::Idle && uplink.rtt_ns != 0
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn the_schema_is_the_documented_one() {
        let state = sample::steering();
        let report = serde_json::to_value(Report::of(&state)).unwrap();
        assert_eq!(
            report,
            json!({
                "schema": 1,
                "helper_version": "0.1.0",
                "kernel_release": "6.12.0",
                "lowpower": "absent",
                "lowpower_patch": "none",
                "backend": "ecmp",
                "backend_reason": "ready",
                "in_force": words::in_force(&state),
                "game_mode": true,
                "game_mode_holders": [{"uid": 1000, "kept": true}],
                "sampling": true,
                "probe_period_ms": 200,
                "ema_factor": 512,
                "power_cost_weight": null,
                "leader_ifindex": 3,
                "families": [
                    {
                        "family": 4, "way": "group", "reason": "ready", "detail": null,
                        "in_force": true, "pinned": 3, "unpinned": 0
                    },
                    {
                        "family": 6, "way": "single", "reason": "ready", "detail": null,
                        "in_force": true, "pinned": 3, "unpinned": 0
                    }
                ],
                "draining": null,
                "uplinks": [
                    {
                        "ifindex": 3, "name": "wifi0", "kind": "wi-fi",
                        "addresses": ["10.1.0.2/24"], "gateways": ["10.1.0.1"],
                        "state": "alive", "probe_method": "icmp-datagram",
                        "probe_target": "10.1.0.1",
                        "rtt_ns": 20_100_000, "jitter_ns": 420_000, "slow_jitter_ns": 500_000,
                        "share_permille": 996, "cost_percent": 100, "cost_reason": "neutral",
                        "metered": "no", "carrier": true, "leader": true,
                        "figures": "none", "load_bytes_s": null, "variability_bytes_s": null
                    },
                    {
                        "ifindex": 4, "name": "wwan0", "kind": "wwan",
                        "addresses": [], "gateways": ["10.2.0.1"],
                        "state": "idle", "probe_method": "none", "probe_target": null,
                        "rtt_ns": null, "jitter_ns": null, "slow_jitter_ns": null,
                        "share_permille": 4, "cost_percent": 200, "cost_reason": "metered",
                        "metered": "yes", "carrier": true, "leader": false,
                        "figures": "none", "load_bytes_s": null, "variability_bytes_s": null
                    }
                ],
                "tunables": [{
                    "id": "route:default",
                    "current": "nexthop wifi0 weight 255 nexthop wwan0 weight 1",
                    "original": "nexthop wifi0 weight 1 nexthop wwan0 weight 1",
                    "wanted": "nexthop wifi0 weight 255 nexthop wwan0 weight 1",
                    "state": "held",
                    "why_not": null
                }],
                "last_error": null
            })
        );
    }

    #[test]
    fn what_is_draining_is_there_while_it_is() {
        let state = HelperState {
            draining: sample::draining(),
            ..sample::planned()
        };
        let report = serde_json::to_value(Report::of(&state)).unwrap();
        let draining = json!({"rules": 5, "seconds_left": 1650});
        assert_eq!(report["draining"], draining);
        assert_eq!(report["families"][1]["reason"], "same-subnet");
    }

    #[test]
    fn the_power_cost_weight_is_there_with_the_patched_kernel_only() {
        let state = HelperState {
            backend: Backend::Lowpower,
            ..sample::steering()
        };
        let report = serde_json::to_value(Report::of(&state)).unwrap();
        assert_eq!(report["power_cost_weight"], Value::from(100));
    }

    #[test]
    fn estimates_of_an_uplink_that_is_not_probed_are_not_shown() {
        let stale = UplinkInfo {
            state: 0,
            ..sample::wifi()
        };
        assert!(!has_estimates(&stale));
        assert!(has_estimates(&sample::wifi()));
    }
}
