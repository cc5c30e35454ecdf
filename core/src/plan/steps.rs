//! The way from what is in the kernel to what shall be, in an order in which no running flow
//! changes its uplink at any step. What shall be is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::MAIN_TABLE;
use super::model::{Family, Object, Rule, Selector, Via};

/// One write to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make it. There is nothing of its kind and number yet.
    Add(Object),
    /// Put `to` in the place of `from`, in one write that has no gap. Both have the same kind and
    /// number. It must not make `to` if `from` has vanished in the meantime.
    Replace {
        /// What is there.
        from: Object,
        /// What shall be there.
        to: Object,
    },
    /// Take it away.
    Remove(Object),
}

/// What there can only be one of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Nexthop(u32),
    Group(u32),
    Route(Family, u32, u32),
    Rule(Rule),
}

/// The steps from `there` to `wanted`, at most as many as both have objects.
///
/// First what holds running flows is added: nexthops, tables, the rule that asks the main table
/// first, the rules of sources, pins and forwarded packets, the group. Then the default in the
/// main table changes, or the group's weights. Then what isn't wanted any more is removed, in the
/// reverse order: the default first, so that what falls back to the system's falls from a pin to
/// where it already was.
///
/// The kernel can't change a group's number of buckets. A group made with another one (by another
/// version of Evenkeel) is removed with its default and made anew; for that moment new flows go
/// where the system sends them, and unpinned wildcard sockets too.
pub fn steps(there: &BTreeSet<Object>, wanted: &BTreeSet<Object>) -> Vec<Step> {
    let lost = unchangeable(there, wanted);
    let present: BTreeMap<Key, &Object> = there
        .difference(&lost)
        .map(|object| (key(object), object))
        .collect();
    let kept: BTreeSet<Key> = wanted.iter().map(key).collect();

    let mut changes: Vec<(u8, Step)> = wanted
        .iter()
        .filter_map(|object| {
            let step = match present.get(&key(object)) {
                Some(same) if *same == object => return None,
                Some(other) => Step::Replace {
                    from: (*other).clone(),
                    to: object.clone(),
                },
                None => Step::Add(object.clone()),
            };
            Some((rank(object), step))
        })
        .collect();
    // They free the group's number just before it is used again.
    let (defaults, groups): (Vec<_>, Vec<_>) =
        lost.iter().partition(|object| rank(object) == DEFAULT);
    let freeing = defaults.into_iter().chain(groups);
    changes.extend(freeing.map(|object| (GROUP_FREED, Step::Remove(object.clone()))));
    changes.sort_by_key(|(rank, _)| *rank);

    let mut removals: Vec<&Object> = present
        .iter()
        .filter(|(key, _)| !kept.contains(key))
        .map(|(_, object)| *object)
        .collect();
    removals.sort_by_key(|object| std::cmp::Reverse(rank(object)));

    let changes = changes.into_iter().map(|(_, step)| step);
    changes
        .chain(removals.into_iter().cloned().map(Step::Remove))
        .collect()
}

/// What has to go before the group that is wanted can be made: one of its number with another
/// bucket count, and the routes over it, which the kernel removes with it.
fn unchangeable(there: &BTreeSet<Object>, wanted: &BTreeSet<Object>) -> BTreeSet<Object> {
    let groups = |objects: &BTreeSet<Object>| -> BTreeMap<u32, u16> {
        let groups = objects.iter().filter_map(|object| match object {
            Object::Group(group) => Some((group.id, group.buckets)),
            _ => None,
        });
        groups.collect()
    };
    let wanted = groups(wanted);
    let mut lost = groups(there);
    lost.retain(|id, buckets| wanted.get(id).is_some_and(|other| other != buckets));
    let is_lost = |object: &&Object| match object {
        Object::Group(group) => lost.contains_key(&group.id),
        Object::Route(route) => match route.via {
            Via::Group(id) => lost.contains_key(&id),
            Via::Hop { .. } | Via::Spread(_) => false,
        },
        Object::Nexthop(_) | Object::Rule(_) => false,
    };
    there.iter().filter(is_lost).cloned().collect()
}

const GROUP_FREED: u8 = 6;
const GROUP: u8 = 7;
const DEFAULT: u8 = 8;

/// The place of an object's kind in the order.
fn rank(object: &Object) -> u8 {
    match object {
        Object::Nexthop(_) => 0,
        Object::Route(route) if route.table != MAIN_TABLE => 1,
        Object::Rule(rule) => match rule.selector {
            Selector::All => 2,
            Selector::From(_) => 3,
            Selector::UdpPort(_) => 4,
            Selector::Forwarded => 5,
        },
        Object::Group(_) => GROUP,
        Object::Route(_) => DEFAULT,
    }
}

fn key(object: &Object) -> Key {
    match object {
        Object::Nexthop(nexthop) => Key::Nexthop(nexthop.id),
        Object::Group(group) => Key::Group(group.id),
        Object::Route(route) => Key::Route(route.family, route.table, route.metric),
        Object::Rule(rule) => Key::Rule(rule.clone()),
    }
}
