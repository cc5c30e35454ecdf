//! Whose is it? What in the kernel is of our making, by its protocol number, its place and its
//! shape together.
//!
//! It is not for finding it. What has our number but not our shape is somebody else's, to be told
//! of and left alone.

use evenkeel_core::plan::{
    Object,
    numbers::{
        FIRST_NEXTHOP, FIRST_TABLE, GROUP, PREFERENCE_FORWARDED, PREFERENCE_MAIN, PREFERENCE_PORT,
        PREFERENCE_SOURCE, PROTOCOL, SLOTS, SYSTEM_TABLE,
    },
};
use netlink_packet_route::route::RouteMessage;

use super::{nexthop::DumpedNexthop, route, rule::DumpedRule};
use crate::kernel::route::TABLE_MAIN;

const PREFERENCES: [u32; 4] = [
    PREFERENCE_MAIN,
    PREFERENCE_SOURCE,
    PREFERENCE_PORT,
    PREFERENCE_FORWARDED,
];

/// Whether a table is one of ours.
pub fn is_our_table(table: u32) -> bool {
    (FIRST_TABLE..FIRST_TABLE + SLOTS).contains(&table) || table == SYSTEM_TABLE
}

/// Whether a rule's preference is one of ours.
pub fn is_our_preference(preference: u32) -> bool {
    PREFERENCES.contains(&preference)
}

/// Whether a nexthop object's number is one of ours.
pub fn is_our_nexthop(id: u32) -> bool {
    id == GROUP || (FIRST_NEXTHOP..FIRST_NEXTHOP + SLOTS).contains(&id)
}

/// The default route of our making in a dumped message; `None` for any other route.
pub fn our_route(message: &RouteMessage) -> Option<Object> {
    route::ours(message).map(Object::Route)
}

/// The rule of our making, or `None` for any other: one that a plan has words for, at one of our
/// preferences, to one of our tables or the main one.
pub fn our_rule(rule: &DumpedRule) -> Option<Object> {
    let at_home = rule.protocol == PROTOCOL
        && is_our_preference(rule.preference)
        && (rule.table == TABLE_MAIN || is_our_table(rule.table));
    let rule = rule.object().filter(|_| at_home)?;
    Some(Object::Rule(rule))
}

/// The nexthop object of our making, or `None` for any other: a gateway of IPv4 at one of our
/// numbers, or a resilient group at the group's.
pub fn our_nexthop(nexthop: &DumpedNexthop) -> Option<Object> {
    let at_home = nexthop.protocol == PROTOCOL && is_our_nexthop(nexthop.id);
    let object = nexthop.object().filter(|_| at_home)?;
    let fits = match &object {
        Object::Group(group) => group.id == GROUP,
        Object::Nexthop(one) => one.id != GROUP && one.hop.gateway.is_ipv4(),
        Object::Route(_) | Object::Rule(_) => false,
    };
    fits.then_some(object)
}
