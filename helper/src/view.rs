//! Turns what the actor knows into what the bus shows. Pure.

use std::collections::BTreeMap;
use std::net::IpAddr;

use evenkeel_dbus::limits::UPLINK_COST_DEFAULT;
use evenkeel_dbus::{ProbeMethod, TunableInfo, UplinkInfo, UplinkState};

use crate::kernel::door::TunableStatus;
use crate::kernel::route::{Family, MultipathRoute};
use crate::kernel::survey::{Survey, Uplink};
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
    let v4 = uplink.addresses_v4.iter().map(|(address, length)| format!("{address}/{length}"));
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
        method: probing.map_or(ProbeMethod::None, |probing| probing.method).to_wire(),
        target: probing.map(|probing| probing.target.to_string()).unwrap_or_default(),
        share_permille: shares.get(&uplink.ifindex).map_or(0, |share| u32::from(*share)),
        cost: costs.get(&uplink.ifindex).copied().unwrap_or(UPLINK_COST_DEFAULT),
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

/// Share of new flows in thousandths, by ifindex: from the weights of the first steerable route
/// (IPv4 before IPv6), or everything on the one uplink there is. Without such a route the kernel
/// sends everything by the best metric, which a survey does not compare: no share is claimed.
pub fn shares(survey: &Survey) -> BTreeMap<u32, u16> {
    let of_family = |family| survey.routes.iter().find(move |route| route.key.family == family);
    if let Some(route) = of_family(Family::V4).or_else(|| of_family(Family::V6)) {
        return shares_of(route);
    }
    match survey.uplinks.as_slice() {
        [only] => BTreeMap::from([(only.ifindex, 1000)]),
        _ => BTreeMap::new(),
    }
}

fn shares_of(route: &MultipathRoute) -> BTreeMap<u32, u16> {
    let total: u32 = route.nexthops.iter().map(|hop| u32::from(hop.weight)).sum();
    let mut weights: BTreeMap<u32, u32> = BTreeMap::new();
    for hop in &route.nexthops {
        *weights.entry(hop.ifindex).or_default() += u32::from(hop.weight);
    }
    let permille = |weight: u32| ((weight * 1000 + total / 2) / total.max(1)) as u16;
    weights.into_iter().map(|(ifindex, weight)| (ifindex, permille(weight))).collect()
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
