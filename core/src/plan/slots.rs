//! Which uplink has which slot: the number that its table and nexthop are made from. An uplink
//! keeps the slot that our objects in the kernel give it, so that nothing of it need be moved.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Action, Found, Object, Selector, Uplink, Via};
use super::numbers::{FIRST_NEXTHOP, FIRST_TABLE, SLOTS};

/// The table of a slot.
pub(super) fn table(slot: u32) -> u32 {
    FIRST_TABLE + slot
}

/// The nexthop number of a slot.
pub(super) fn nexthop(slot: u32) -> u32 {
    FIRST_NEXTHOP + slot
}

/// The slot of a table, if it is one of ours.
pub(super) fn of_table(table: u32) -> Option<u32> {
    table.checked_sub(FIRST_TABLE).filter(|slot| *slot < SLOTS)
}

fn of_nexthop(id: u32) -> Option<u32> {
    id.checked_sub(FIRST_NEXTHOP).filter(|slot| *slot < SLOTS)
}

/// The slot of each uplink that has one in the kernel already, by ifindex. Its table's route says
/// so; where somebody flushed that, its nexthop does, and then its source rules.
pub(super) fn known(found: &Found) -> BTreeMap<u32, u32> {
    let routes = found.ours.iter().filter_map(|object| match object {
        Object::Route(route) => match &route.via {
            Via::Hop { hop, .. } => Some((hop.ifindex, of_table(route.table)?)),
            Via::Group(_) | Via::Spread(_) => None,
        },
        _ => None,
    });
    let nexthops = found.ours.iter().filter_map(|object| match object {
        Object::Nexthop(nexthop) => Some((nexthop.hop.ifindex, of_nexthop(nexthop.id)?)),
        _ => None,
    });
    let rules = found.ours.iter().filter_map(|object| match object {
        Object::Rule(rule) => match (rule.selector, rule.action) {
            (Selector::From(prefix), Action::Table(table)) => {
                let mut owners = found.uplinks.iter().filter(|uplink| {
                    let mut addresses = uplink.addresses.iter();
                    addresses.any(|(address, _)| prefix.contains(*address))
                });
                Some((owners.next()?.ifindex, of_table(table)?))
            }
            _ => None,
        },
        _ => None,
    });
    let present: BTreeSet<u32> = found.uplinks.iter().map(|uplink| uplink.ifindex).collect();
    let mut slots = BTreeMap::new();
    let mut given = BTreeSet::new();
    for (ifindex, slot) in routes.chain(nexthops).chain(rules) {
        if present.contains(&ifindex) && !slots.contains_key(&ifindex) && given.insert(slot) {
            slots.insert(ifindex, slot);
        }
    }
    slots
}

/// A slot for each of `uplinks`, of which there are at most [`SLOTS`], by ifindex. A slot that
/// something of ours still points at is only given to a newcomer when no other is left: a rule to
/// its table may be removed after the newcomer's route has been put there.
pub(super) fn assign(found: &Found, uplinks: &[&Uplink]) -> BTreeMap<u32, u32> {
    let known = known(found);
    let kept: BTreeSet<u32> = uplinks
        .iter()
        .filter_map(|uplink| known.get(&uplink.ifindex).copied())
        .collect();
    let mentioned: BTreeSet<u32> = found.ours.iter().filter_map(mentioned).collect();
    let (stale, untouched): (Vec<u32>, Vec<u32>) = (0..SLOTS)
        .filter(|slot| !kept.contains(slot))
        .partition(|slot| mentioned.contains(slot));
    let mut free = untouched.into_iter().chain(stale);
    uplinks
        .iter()
        .filter_map(|uplink| {
            let slot = known.get(&uplink.ifindex).copied();
            Some((uplink.ifindex, slot.or_else(|| free.next())?))
        })
        .collect()
}

/// The slot an object of ours has to do with.
fn mentioned(object: &Object) -> Option<u32> {
    match object {
        Object::Nexthop(nexthop) => of_nexthop(nexthop.id),
        Object::Route(route) => of_table(route.table),
        Object::Rule(rule) => match rule.action {
            Action::Table(table) => of_table(table),
            Action::MainWithoutDefaults => None,
        },
        Object::Group(_) => None,
    }
}
