//! Turns what the actor knows into what the bus shows. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use evenkeel_core::plan::{Family as PlanFamily, Found, Object, target_in};
use evenkeel_dbus::limits::UPLINK_COST_DEFAULT;
use evenkeel_dbus::{
    Backend, CostReason, HelperError, Metered as MeteredInfo, ProbeMethod, Reason, TunableInfo,
    TunableState, UplinkInfo, UplinkState,
};
use zbus::DBusError;

use crate::kernel::door::TunableStatus;
use crate::kernel::lowpower::Lowpower;
use crate::kernel::route::Family;
use crate::kernel::survey::{Metered, Survey, Uplink};
use crate::public::PublicState;
use crate::session::{Session, uplink_state};

/// How an uplink is being probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probing {
    /// The kind of probe.
    pub method: ProbeMethod,
    /// Who is asked.
    pub target: IpAddr,
}

/// One uplink as the bus shows it.
pub fn uplink(
    uplink: &Uplink,
    session: &Session,
    probing: Option<Probing>,
    shares: &BTreeMap<u32, u16>,
    costs: &BTreeMap<u32, u32>,
) -> UplinkInfo {
    let v4 = uplink
        .addresses_v4
        .iter()
        .map(|(address, length)| format!("{address}/{length}"));
    let v6 = uplink
        .addresses_v6
        .iter()
        .filter(|(address, _)| !address.is_unicast_link_local())
        .map(|(address, length)| format!("{address}/{length}"));
    let gateways = [
        uplink.gateway_v4.map(|gateway| gateway.to_string()),
        uplink.gateway_v6.map(|gateway| gateway.to_string()),
    ];
    let mut info = UplinkInfo {
        ifindex: uplink.ifindex,
        name: uplink.name.clone(),
        kind: uplink.kind.to_wire(),
        addresses: v4.chain(v6).collect(),
        gateways: gateways.into_iter().flatten().collect(),
        state: UplinkState::Idle.to_wire(),
        method: probing
            .map_or(ProbeMethod::None, |probing| probing.method)
            .to_wire(),
        target: probing
            .map(|probing| probing.target.to_string())
            .unwrap_or_default(),
        share_permille: shares
            .get(&uplink.ifindex)
            .map_or(0, |share| u32::from(*share)),
        cost: costs
            .get(&uplink.ifindex)
            .copied()
            .unwrap_or(UPLINK_COST_DEFAULT),
        metered: match uplink.metered {
            Metered::Unknown => MeteredInfo::Unknown,
            Metered::No => MeteredInfo::No,
            Metered::Yes => MeteredInfo::Yes,
        }
        .to_wire(),
        carrier: uplink.carrier,
        leader: session.leader() == Some(uplink.ifindex),
        ..UplinkInfo::default()
    };
    if let Some(path) = session.view(uplink.ifindex).filter(|_| probing.is_some()) {
        info.state = uplink_state(path.state).to_wire();
        info.rtt_ns = path.level_ns.unwrap_or(0);
        info.jitter_ns = path.fast_jitter_ns;
        info.slow_jitter_ns = path.slow_jitter_ns;
    }
    info
}

/// Why an uplink costs what it does; `set` are the costs that somebody asked for.
pub fn cost_reason(uplink: &Uplink, set: &BTreeMap<u32, u32>) -> CostReason {
    if set.contains_key(&uplink.ifindex) {
        CostReason::Set
    } else if uplink.metered == Metered::Yes {
        CostReason::Metered
    } else {
        CostReason::Neutral
    }
}

/// An interface's name; `if` and its number when it is no uplink.
pub fn interface_name(survey: &Survey, ifindex: u32) -> String {
    let mut uplinks = survey.uplinks.iter();
    uplinks
        .find(|uplink| uplink.ifindex == ifindex)
        .map_or_else(|| format!("if{ifindex}"), |uplink| uplink.name.clone())
}

/// True when the user made a multipath default in this family that can be steered in place.
pub fn has_user_default(survey: &Survey, family: PlanFamily) -> bool {
    let family = match family {
        PlanFamily::V4 => Family::V4,
        PlanFamily::V6 => Family::V6,
    };
    survey
        .routes
        .iter()
        .any(|route| route.key.family == family && route.key.is_default())
}

/// Share of new flows in thousandths, by ifindex: all of them where a default of ours leads, else
/// from the weights of the first steerable route, else all of them where the system's best default
/// leads (IPv4 before IPv6 each time). Past the uplinks, by a VPN for one, no share is claimed.
pub fn shares(survey: &Survey) -> BTreeMap<u32, u16> {
    let led = target_in(&survey.v4.ours).or_else(|| target_in(&survey.v6.ours));
    if let Some(leader) = led {
        return BTreeMap::from([(leader, 1000)]);
    }
    let of_family = |family| {
        survey
            .routes
            .iter()
            .find(move |route| route.key.family == family)
    };
    if let Some(route) = of_family(Family::V4).or_else(|| of_family(Family::V6)) {
        let hops = route.nexthops.iter();
        return shares_of(hops.map(|hop| (hop.ifindex, hop.weight)));
    }
    let defaults = [&survey.v4, &survey.v6].map(|found| found.system_default.as_ref());
    let best = defaults.into_iter().flatten().next();
    let Some(best) = best else {
        return BTreeMap::new();
    };
    let is_uplink = |ifindex: &u32| survey.uplinks.iter().any(|one| one.ifindex == *ifindex);
    if !best.ifindexes.iter().all(is_uplink) {
        return BTreeMap::new();
    }
    match best.ifindexes.as_slice() {
        [only] => BTreeMap::from([(*only, 1000)]),
        _ => shares_of(
            best.merged
                .iter()
                .map(|(hop, weight)| (hop.ifindex, *weight)),
        ),
    }
}

fn shares_of(hops: impl Iterator<Item = (u32, u16)>) -> BTreeMap<u32, u16> {
    let mut weights: BTreeMap<u32, u32> = BTreeMap::new();
    for (ifindex, weight) in hops {
        *weights.entry(ifindex).or_default() += u32::from(weight);
    }
    let total: u32 = weights.values().sum();
    let permille = |weight: u32| ((weight * 1000 + total / 2) / total.max(1)) as u16;
    weights
        .into_iter()
        .map(|(ifindex, weight)| (ifindex, permille(weight)))
        .collect()
}

/// What the survey says of the kernel; the rest is left at its default. `slider` is the steering's
/// sensitivity, which is in force where the kernel has none of its own.
pub fn kernel(survey: &Survey, (backend, reason): (Backend, Reason), slider: u32) -> PublicState {
    let (ema_factor, power_cost_weight) = match survey.lowpower {
        Lowpower::Present {
            ema_factor,
            power_cost,
            ..
        } => (ema_factor, power_cost),
        _ => (slider, UPLINK_COST_DEFAULT as i32),
    };
    PublicState {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel_release: survey.kernel_release.clone(),
        lowpower: survey.lowpower.to_contract().to_wire(),
        patch_kind: survey.lowpower.kind().to_wire(),
        backend: backend.to_wire(),
        backend_reason: reason.to_wire(),
        ema_factor,
        power_cost_weight,
        ..PublicState::default()
    }
}

/// An error's name and sentence as the bus shows them.
pub fn error(error: &HelperError) -> (String, String) {
    (error.name().to_string(), error.message())
}

/// What is in the kernel of our own routes and rules in one family, if anything is.
pub fn own_routes(survey: &Survey, found: &Found) -> Option<TunableInfo> {
    let rules = found
        .ours
        .iter()
        .filter(|object| matches!(object, Object::Rule(_)))
        .count();
    let lead = target_in(&found.ours).map(|ifindex| interface_name(survey, ifindex));
    let current = match lead {
        Some(name) => format!("default dev {name}, {rules} rules"),
        None if found.ours.is_empty() => return None,
        None => format!("{rules} rules"),
    };
    let family = match found.family {
        PlanFamily::V4 => "IPv4",
        PlanFamily::V6 => "IPv6",
    };
    Some(TunableInfo {
        id: format!("own:{family}"),
        wanted: current.clone(),
        current,
        state: TunableState::Held.to_wire(),
        ..TunableInfo::default()
    })
}

/// One tunable as the bus shows it.
pub fn tunable(status: TunableStatus) -> TunableInfo {
    TunableInfo {
        id: status.id,
        current: status.current,
        original: status.original,
        wanted: status.wanted,
        state: status.state.to_wire(),
        why_not: status.why,
    }
}
