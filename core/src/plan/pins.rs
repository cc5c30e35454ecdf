//! Pins: which wildcard UDP port is kept on which uplink. Such a socket has no address that a
//! source rule could know it by, and asks the routes anew for every packet; its port is all there
//! is to hold it by.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::MAIN_TABLE;
use super::model::{Action, Found, Object, Selector, Via};
use super::numbers::MAX_PINS;
use super::slots;

/// The decision about pins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pins {
    /// The uplink of each pinned port, by ifindex.
    pub ports: BTreeMap<u16, u32>,
    /// How many open ports found no place among the [`MAX_PINS`]. What they carry may move.
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

/// The pins that are in the kernel, as port and uplink; those to uplinks that are gone left out.
pub fn pins_in(found: &Found) -> BTreeMap<u16, u32> {
    let slots = slots::known(found);
    let owners: BTreeMap<u32, u32> = slots
        .iter()
        .map(|(ifindex, slot)| (*slot, *ifindex))
        .collect();
    let pins = found.ours.iter().filter_map(|object| match object {
        Object::Rule(rule) => match (rule.selector, rule.action) {
            (Selector::UdpPort(port), Action::Table(table)) => {
                Some((port, *owners.get(&slots::of_table(table)?)?))
            }
            _ => None,
        },
        _ => None,
    });
    pins.collect()
}

/// The pins for the wildcard ports `open` when new flows cease to go to `from`, by ifindex.
///
/// Those of `there` stay as long as their port is open, also one to the uplink that new flows go
/// to next. Without it that socket would depend on the group's bucket, which another flow may hold
/// elsewhere, and it would have to be pinned again at the next change; staying costs no write. An
/// open port without a pin gets one to `from`. Where [`MAX_PINS`] don't suffice, the highest
/// ports go first: those that the kernel hands out to clients, before the known ones of services.
/// Without `from` nothing is pinned anew.
pub fn pins_for(there: &BTreeMap<u16, u32>, open: &BTreeSet<u16>, from: Option<u32>) -> Pins {
    let kept = there.iter().filter(|(port, _)| open.contains(port));
    let mut ports: BTreeMap<u16, u32> = kept.map(|(port, uplink)| (*port, *uplink)).collect();
    let Some(from) = from else {
        return Pins { ports, left_out: 0 };
    };
    let unpinned: Vec<u16> = open
        .iter()
        .rev()
        .copied()
        .filter(|port| *port != 0 && !ports.contains_key(port))
        .collect();
    let room = MAX_PINS.saturating_sub(ports.len());
    ports.extend(unpinned.iter().take(room).map(|port| (*port, from)));
    Pins {
        ports,
        left_out: unpinned.len().saturating_sub(room),
    }
}
