//! Pins: what is kept on which uplink though no address of an uplink's says so. Nearly always that
//! is a wildcard UDP socket: it asks the routes anew for every packet, and its port is all there is
//! to hold it by. The other kind is a socket with an address of no uplink (any more).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::decide::{MAIN_TABLE, sources};
use super::model::{AS_THE_SYSTEM, Action, Found, Object, Prefix, Selector, Sockets, Via};
use super::numbers::{MAX_PINS, MAX_SOURCES, SYSTEM_TABLE};
use super::slots;

/// The decision about pins. Uplinks are given by ifindex, or [`AS_THE_SYSTEM`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins {
    /// The uplink of each pinned wildcard UDP port.
    pub ports: BTreeMap<u16, u32>,
    /// The uplink of each pinned address, or network, that is no uplink's own.
    pub sources: BTreeMap<Prefix, u32>,
    /// How many ports and addresses found no place: at most [`MAX_PINS`] and [`MAX_SOURCES`] are
    /// pinned. What they carry may move.
    pub left_out: usize,
}

/// Where new flows go by what is in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Led {
    /// By the system's own default: there is none of ours.
    Freely,
    /// To this uplink, by ifindex.
    To(u32),
    /// By a group of ours that lost the uplink it led to: by what it has left.
    Apart,
}

/// Where our default sends new flows.
pub(super) fn led(ours: &BTreeSet<Object>) -> Led {
    let defaults = ours.iter().filter_map(|object| match object {
        Object::Route(route) if route.table == MAIN_TABLE => Some(route),
        _ => None,
    });
    let Some(first) = defaults.min_by_key(|route| route.metric) else {
        return Led::Freely;
    };
    match &first.via {
        Via::Hop { hop, .. } => Led::To(hop.ifindex),
        Via::Group(id) => heaviest(ours, *id).map_or(Led::Apart, Led::To),
        Via::Spread(_) => Led::Apart,
    }
}

/// The uplink of the group's one member that outweighs all others.
fn heaviest(ours: &BTreeSet<Object>, group: u32) -> Option<u32> {
    let members = ours.iter().find_map(|object| match object {
        Object::Group(found) if found.id == group => Some(&found.members),
        _ => None,
    })?;
    let weight = members.values().max()?;
    let mut heaviest = members.iter().filter(|(_, other)| *other == weight);
    let (id, _) = heaviest.next()?;
    if heaviest.next().is_some() {
        return None;
    }
    ours.iter().find_map(|object| match object {
        Object::Nexthop(nexthop) if nexthop.id == *id => Some(nexthop.hop.ifindex),
        _ => None,
    })
}

/// The uplink that our default in the kernel leads new flows to, by ifindex. `None` without a
/// default of ours, or if it isn't clear because that uplink has just gone.
pub fn target_in(ours: &BTreeSet<Object>) -> Option<u32> {
    match led(ours) {
        Led::To(ifindex) => Some(ifindex),
        Led::Freely | Led::Apart => None,
    }
}

/// The pins that are in the kernel; those to uplinks that are gone left out.
pub fn pins_in(found: &Found) -> Pins {
    let slots = slots::known(found);
    let owners: BTreeMap<u32, u32> = slots
        .iter()
        .map(|(ifindex, slot)| (*slot, *ifindex))
        .collect();
    let own = own_networks(found);
    let mut pins = Pins::default();
    for object in &found.ours {
        let Object::Rule(rule) = object else {
            continue;
        };
        let Action::Table(table) = rule.action else {
            continue;
        };
        let owner = if table == SYSTEM_TABLE {
            Some(&AS_THE_SYSTEM)
        } else {
            slots::of_table(table).and_then(|slot| owners.get(&slot))
        };
        let Some(owner) = owner else {
            continue;
        };
        match rule.selector {
            Selector::UdpPort(port) => drop(pins.ports.insert(port, *owner)),
            Selector::From(prefix) if !own.iter().any(|network| network.overlaps(prefix)) => {
                pins.sources.insert(prefix, *owner);
            }
            Selector::From(_) | Selector::All | Selector::Forwarded => {}
        }
    }
    pins
}

/// The pins when new flows cease to go to `from`, by ifindex or [`AS_THE_SYSTEM`].
///
/// Those in the kernel stay as long as a socket is there for them, also one to the uplink that new
/// flows go to next. Without it that socket would depend on the group's bucket, which another flow
/// may hold elsewhere, and it would have to be pinned again at the next change; staying costs no
/// write. What isn't pinned yet is pinned to `from`, where it is now. Where the room doesn't
/// suffice, the highest ports go first: those that the kernel hands out to clients, before the
/// known ones of services. Without `from` nothing is pinned anew.
pub fn pins_for(found: &Found, sockets: &Sockets, from: Option<u32>) -> Pins {
    let open = &sockets.wildcard_udp_ports;
    let mut pins = pins_in(found);
    pins.ports.retain(|port, _| open.contains(port));
    pins.sources.retain(|prefix, _| {
        sockets
            .sources
            .iter()
            .any(|source| prefix.contains(*source))
    });
    let Some(from) = from else {
        return pins;
    };
    let ports = open.iter().rev().copied();
    let ports = ports.filter(|port| *port != 0 && !pins.ports.contains_key(port));
    let ports: Vec<u16> = ports.collect();
    let own = own_networks(found);
    let held = |source: &IpAddr| {
        let mut networks = own.iter().chain(pins.sources.keys());
        networks.any(|network| network.contains(*source))
    };
    let strays = sockets.sources.iter().copied();
    let strays = strays.filter(|source| goes_far(*source) && !held(source));
    let strays: Vec<Prefix> = strays.map(Prefix::host).collect();

    let room = MAX_PINS.saturating_sub(pins.ports.len());
    let source_room = MAX_SOURCES.saturating_sub(pins.sources.len());
    pins.ports
        .extend(ports.iter().take(room).map(|port| (*port, from)));
    pins.sources.extend(
        strays
            .iter()
            .take(source_room)
            .map(|source| (*source, from)),
    );
    pins.left_out = ports.len().saturating_sub(room) + strays.len().saturating_sub(source_room);
    pins
}

/// The networks that have source rules because an uplink is in them.
fn own_networks(found: &Found) -> BTreeSet<Prefix> {
    let uplinks = found.uplinks.iter();
    uplinks
        .flat_map(|uplink| sources(found.family, uplink))
        .collect()
}

/// Whether a socket with this address could use a default route at all.
fn goes_far(source: IpAddr) -> bool {
    let near = match source {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !near && !source.is_loopback() && !source.is_unspecified() && !source.is_multicast()
}
