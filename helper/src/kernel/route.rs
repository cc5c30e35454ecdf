//! Routes as values: their identity, their nexthops' weights, and the message that changes only
//! those weights.
//!
//! It is not for sending anything or for choosing which routes to steer.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use netlink_packet_core::Emitable;
use netlink_packet_route::{
    AddressFamily,
    route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteNextHop, RouteNextHopFlags,
        RouteVia,
    },
};
use serde::{Deserialize, Serialize};

/// Ticks per second of the times in `rta_cacheinfo` (`USER_HZ`, 100 on every Linux we run on).
const TICKS_PER_SECOND: i32 = 100;

/// The routing table of the machine's own addresses, never steered.
pub const TABLE_LOCAL: u32 = 255;

/// The routing table everybody uses.
pub const TABLE_MAIN: u32 = 254;

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// What the kernel finds a route by when it replaces one.
///
/// Two routes can share a key (`ip route append`; IPv6 routes from advertisements); such routes
/// can't be told apart in a replace request and are therefore never steered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteKey {
    /// The address family.
    pub family: Family,
    /// The routing table's number.
    pub table: u32,
    /// The destination; the unspecified address for a default route.
    pub destination: IpAddr,
    /// The destination's prefix length in bits.
    pub prefix_len: u8,
    /// The source prefix (`from`, IPv6 only), if the route has one.
    pub source: Option<(IpAddr, u8)>,
    /// Type of service (IPv4 only).
    pub tos: u8,
    /// The metric.
    pub metric: u32,
}

impl RouteKey {
    /// The key of a dumped route, or `None` for a family that isn't IP.
    pub fn of(message: &RouteMessage) -> Option<Self> {
        let (family, unspecified) = match message.header.address_family {
            AddressFamily::Inet => (Family::V4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            AddressFamily::Inet6 => (Family::V6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            _ => return None,
        };
        let mut key = Self {
            family,
            table: u32::from(message.header.table),
            destination: unspecified,
            prefix_len: message.header.destination_prefix_length,
            source: None,
            tos: message.header.tos,
            metric: 0,
        };
        let source_len = message.header.source_prefix_length;
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Destination(to) => key.destination = ip(to)?,
                RouteAttribute::Source(from) => key.source = Some((ip(from)?, source_len)),
                RouteAttribute::Table(table) => key.table = *table,
                RouteAttribute::Priority(metric) => key.metric = *metric,
                _ => {}
            }
        }
        Some(key)
    }

    /// Whether this is a default route.
    pub fn is_default(&self) -> bool {
        self.prefix_len == 0
    }
}

/// The route in the words of `ip route`: `default metric 100`, `-6 default table 7701 metric 9`.
impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.family == Family::V6 {
            f.write_str("-6 ")?;
        }
        if self.is_default() {
            f.write_str("default")?;
        } else {
            write!(f, "{}/{}", self.destination, self.prefix_len)?;
        }
        if let Some((from, len)) = self.source {
            write!(f, " from {from}/{len}")?;
        }
        if self.tos != 0 {
            write!(f, " tos {:#04x}", self.tos)?;
        }
        if self.table != TABLE_MAIN {
            write!(f, " table {}", self.table)?;
        }
        write!(f, " metric {}", self.metric)
    }
}

/// One nexthop of a multipath route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextHop {
    /// The interface it leaves by.
    pub ifindex: u32,
    /// Its weight, 1..=256.
    pub weight: u16,
    /// Its gateway, of either family, unless the destination is on the link.
    pub gateway: Option<IpAddr>,
}

/// A unicast route with its nexthops inline, as dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipathRoute {
    /// What the kernel finds it by.
    pub key: RouteKey,
    /// Its nexthops, in the kernel's order.
    pub nexthops: Vec<NextHop>,
    /// The route as the kernel sent it.
    message: RouteMessage,
}

impl MultipathRoute {
    /// The dumped route, or `None` if it has no inline nexthops or isn't IP.
    pub fn of(message: RouteMessage) -> Option<Self> {
        let key = RouteKey::of(&message)?;
        let nexthops = inline_nexthops(&message)?.iter().map(next_hop).collect();
        Some(Self {
            key,
            nexthops,
            message,
        })
    }

    /// The nexthops' weights, 1..=256 each, in order.
    pub fn weights(&self) -> Vec<u16> {
        self.nexthops.iter().map(|hop| hop.weight).collect()
    }

    /// Everything about the route except its weights, its age and the kernel's state flags.
    ///
    /// Two dumps with equal shapes are the same route, reweighted at most.
    pub fn shape(&self) -> Vec<u8> {
        let mut message = request_base(&self.message);
        message
            .attributes
            .retain(|a| !matches!(a, RouteAttribute::Expires(_)));
        for hop in nexthops_mut(&mut message) {
            hop.hops = 0;
        }
        let mut bytes = vec![0; message.buffer_len()];
        message.emit(&mut bytes);
        bytes
    }

    /// The request body that gives the route these weights and keeps everything else, or `None`
    /// unless there is one weight in 1..=256 per nexthop.
    ///
    /// An IPv6 route's remaining lifetime goes along, rounded to a second: a replace without it
    /// would make the route permanent.
    pub fn reweighted(&self, weights: &[u16]) -> Option<RouteMessage> {
        let in_range = weights.iter().all(|weight| (1..=256).contains(weight));
        if !in_range || weights.len() != self.nexthops.len() {
            return None;
        }
        let mut message = request_base(&self.message);
        for (hop, weight) in nexthops_mut(&mut message).zip(weights) {
            hop.hops = (weight - 1) as u8;
        }
        Some(message)
    }

    /// Whether an interface of the route is down, so that the kernel takes no change of the route.
    pub fn has_dead_nexthop(&self) -> bool {
        let hops = inline_nexthops(&self.message).unwrap_or_default();
        hops.iter()
            .any(|hop| hop.flags.contains(RouteNextHopFlags::Dead))
    }

    /// Whether the route's lifetime is over and the kernel is about to collect it.
    pub fn is_expired(&self) -> bool {
        is_expired(&self.message)
    }
}

/// The inline nexthops of a multipath route.
fn inline_nexthops(message: &RouteMessage) -> Option<&[RouteNextHop]> {
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::MultiPath(hops) => Some(hops.as_slice()),
            _ => None,
        })
}

fn nexthops_mut(message: &mut RouteMessage) -> impl Iterator<Item = &mut RouteNextHop> {
    message
        .attributes
        .iter_mut()
        .filter_map(|attribute| match attribute {
            RouteAttribute::MultiPath(hops) => Some(hops),
            _ => None,
        })
        .flatten()
}

fn next_hop(hop: &RouteNextHop) -> NextHop {
    NextHop {
        ifindex: hop.interface_index,
        weight: u16::from(hop.hops) + 1,
        gateway: gateway_of(&hop.attributes),
    }
}

/// The gateway among a route's or a nexthop's attributes.
pub fn gateway_of(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(to) => ip(to),
        RouteAttribute::Via(RouteVia::Inet(to)) => Some(IpAddr::V4(*to)),
        RouteAttribute::Via(RouteVia::Inet6(to)) => Some(IpAddr::V6(*to)),
        _ => None,
    })
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::V4(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}

/// One way out of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The interface.
    pub ifindex: u32,
    /// The gateway, of either family, unless the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The kernel doesn't use it.
    pub dead: bool,
    /// Its interface has no carrier.
    pub linkdown: bool,
    /// Its weight among the route's ways out, 1..=256.
    pub weight: u16,
}

/// A dumped route's ways out: one for each nexthop of a multipath route, else its own, if any.
pub fn exits(message: &RouteMessage) -> Vec<Exit> {
    if let Some(hops) = inline_nexthops(message) {
        let exit = |hop: &RouteNextHop| Exit {
            ifindex: hop.interface_index,
            gateway: gateway_of(&hop.attributes),
            dead: hop.flags.contains(RouteNextHopFlags::Dead),
            linkdown: hop.flags.contains(RouteNextHopFlags::Linkdown),
            weight: u16::from(hop.hops) + 1,
        };
        return hops.iter().map(exit).collect();
    }
    let mut attributes = message.attributes.iter();
    let ifindex = attributes.find_map(|attribute| match attribute {
        RouteAttribute::Oif(ifindex) => Some(*ifindex),
        _ => None,
    });
    let exit = |ifindex| Exit {
        ifindex,
        gateway: gateway_of(&message.attributes),
        dead: message.header.flags.contains(RouteFlags::Dead),
        linkdown: message.header.flags.contains(RouteFlags::Linkdown),
        weight: 1,
    };
    ifindex.map(exit).into_iter().collect()
}

/// Whether a route's lifetime is over and the kernel is about to collect it.
pub fn is_expired(message: &RouteMessage) -> bool {
    lifetime_ticks(message).is_some_and(|ticks| ticks < 0)
}

/// A dumped route without what only the kernel may say: state flags and cache facts.
fn request_base(dumped: &RouteMessage) -> RouteMessage {
    let mut message = dumped.clone();
    message.header.flags = RouteFlags::empty();
    message
        .attributes
        .retain(|attribute| !matches!(attribute, RouteAttribute::CacheInfo(_)));
    for hop in nexthops_mut(&mut message) {
        hop.flags &= RouteNextHopFlags::Onlink | RouteNextHopFlags::Pervasive;
    }
    if let Some(ticks) = lifetime_ticks(dumped).filter(|ticks| *ticks > 0) {
        let seconds = (ticks + TICKS_PER_SECOND / 2) / TICKS_PER_SECOND;
        message
            .attributes
            .retain(|attribute| !matches!(attribute, RouteAttribute::Expires(_)));
        message
            .attributes
            .push(RouteAttribute::Expires(seconds.max(1) as u32));
    }
    message
}

/// What is left of an IPv6 route's lifetime; `None` for a permanent route, negative when over.
fn lifetime_ticks(message: &RouteMessage) -> Option<i32> {
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            // The kernel's field is signed.
            RouteAttribute::CacheInfo(info) if info.expires != 0 => Some(info.expires as i32),
            _ => None,
        })
}

#[cfg(test)]
mod tests;
