//! Our default routes as the kernel's messages.
//!
//! It is not for sending them, nor for routes of others: [`crate::kernel::route`] has those.

use std::net::IpAddr;

use evenkeel_core::plan::{
    Family, Hop, Route, Via,
    numbers::{GROUP, PROTOCOL, SYSTEM_TABLE},
};
use netlink_packet_route::{
    AddressFamily,
    route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop,
        RouteNextHopFlags, RouteProtocol, RouteScope, RouteType,
    },
};

use super::{ours::is_our_table, rule::is_of};
use crate::kernel::route::{Family as KeyFamily, RouteKey, TABLE_MAIN, gateway_of};

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To make or replace a route.
    Make,
    /// Likewise, taking the gateway's being on the link on trust.
    MakeOnlink,
    /// To remove exactly this one.
    Remove,
}

/// The message about a route.
pub(super) fn message(route: &Route, purpose: Purpose) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: match route.family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        },
        protocol: RouteProtocol::Other(PROTOCOL),
        scope: match purpose {
            // "Any": a removal without it would look for one scope only.
            Purpose::Remove => RouteScope::NoWhere,
            _ => RouteScope::Universe,
        },
        kind: RouteType::Unicast,
        flags: match purpose {
            Purpose::MakeOnlink => RouteFlags::Onlink,
            _ => RouteFlags::empty(),
        },
        ..RouteHeader::default()
    };
    message.attributes = vec![
        RouteAttribute::Table(route.table),
        RouteAttribute::Priority(route.metric),
    ];
    match &route.via {
        Via::Group(id) => message.attributes.push(RouteAttribute::NhId(*id)),
        Via::Hop { hop, source } => {
            message.attributes.extend([
                RouteAttribute::Gateway(wrapped(hop.gateway)),
                RouteAttribute::Oif(hop.ifindex),
            ]);
            let source = source.map(wrapped).map(RouteAttribute::PrefSource);
            message.attributes.extend(source);
        }
        // A removal that names no way out takes them all, also when one has gone already.
        Via::Spread(_) if purpose == Purpose::Remove => {}
        Via::Spread(hops) => {
            let hops = hops
                .iter()
                .map(|(hop, weight)| next_hop(hop, *weight, purpose));
            message
                .attributes
                .push(RouteAttribute::MultiPath(hops.collect()));
        }
    }
    message
}

fn next_hop(hop: &Hop, weight: u16, purpose: Purpose) -> RouteNextHop {
    let mut message = RouteNextHop::default();
    message.interface_index = hop.ifindex;
    // The kernel counts from 0.
    message.hops = u8::try_from(weight.saturating_sub(1)).unwrap_or(u8::MAX);
    if purpose == Purpose::MakeOnlink {
        message.flags = RouteNextHopFlags::Onlink;
    }
    let gateway = RouteAttribute::Gateway(wrapped(hop.gateway));
    message.attributes.push(gateway);
    message
}

fn wrapped(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(v4) => RouteAddress::Inet(v4),
        IpAddr::V6(v6) => RouteAddress::Inet6(v6),
    }
}

/// The default route of our making in a dumped message; `None` for any other route.
///
/// Ours are the default routes with our protocol number that have nothing but what we give them:
/// in one of our tables over one gateway, or in the main table over one gateway or our group, or over
/// several gateways in the table that has the copy of the system's own.
pub(super) fn ours(message: &RouteMessage) -> Option<Route> {
    let header = &message.header;
    let plain = header.protocol == RouteProtocol::Other(PROTOCOL)
        && header.kind == RouteType::Unicast
        && (
            header.destination_prefix_length,
            header.source_prefix_length,
        ) == (0, 0)
        && header.tos == 0;
    if !plain {
        return None;
    }
    let key = RouteKey::of(message)?;
    let family = match key.family {
        KeyFamily::V4 => Family::V4,
        KeyFamily::V6 => Family::V6,
    };
    let via = match group_of(message) {
        Some(GROUP) if family == Family::V4 => Via::Group(GROUP),
        Some(_) => return None,
        None => single_hop(message)
            .or_else(|| spread(message))
            .filter(|via| match via {
                Via::Hop { hop, .. } => is_of(family, hop.gateway),
                Via::Spread(hops) => hops.iter().all(|(hop, _)| is_of(family, hop.gateway)),
                Via::Group(_) => false,
            })?,
    };
    let at_home = match via {
        Via::Hop { .. } => key.table == TABLE_MAIN || is_our_table(key.table),
        Via::Group(_) => key.table == TABLE_MAIN,
        Via::Spread(_) => key.table == SYSTEM_TABLE,
    };
    at_home.then_some(Route {
        family,
        table: key.table,
        metric: key.metric,
        via,
    })
}

/// The nexthop object a route leads through.
fn group_of(message: &RouteMessage) -> Option<u32> {
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::NhId(id) => Some(*id),
            _ => None,
        })
}

/// Where a route with one gateway and nothing unusual leads.
fn single_hop(message: &RouteMessage) -> Option<Via> {
    let (mut ifindex, mut source) = (None, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(index) => ifindex = Some(*index),
            RouteAttribute::PrefSource(RouteAddress::Inet(v4)) => source = Some((*v4).into()),
            RouteAttribute::PrefSource(RouteAddress::Inet6(v6)) => source = Some((*v6).into()),
            RouteAttribute::Table(_)
            | RouteAttribute::Priority(_)
            | RouteAttribute::Gateway(_)
            | RouteAttribute::CacheInfo(_)
            | RouteAttribute::Preference(_) => {}
            _ => return None,
        }
    }
    let gateway = gateway_of(&message.attributes)?;
    Some(Via::Hop {
        hop: Hop {
            ifindex: ifindex?,
            gateway,
        },
        source,
    })
}

/// Where a route with several gateways and nothing unusual leads.
fn spread(message: &RouteMessage) -> Option<Via> {
    let mut hops = None;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::MultiPath(list) => hops = Some(list),
            RouteAttribute::Table(_)
            | RouteAttribute::Priority(_)
            | RouteAttribute::CacheInfo(_)
            | RouteAttribute::Preference(_) => {}
            _ => return None,
        }
    }
    let hop = |one: &RouteNextHop| match one.attributes.as_slice() {
        [RouteAttribute::Gateway(_)] => {
            let gateway = gateway_of(&one.attributes)?;
            let ifindex = one.interface_index;
            Some((Hop { ifindex, gateway }, u16::from(one.hops) + 1))
        }
        _ => None,
    };
    hops?
        .iter()
        .map(hop)
        .collect::<Option<_>>()
        .map(Via::Spread)
}
