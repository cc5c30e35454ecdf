//! Two uplinks with game mode on, and how a test reads what that put into the kernel.

use std::collections::BTreeSet;

use evenkeel_core::plan::{Family, Found, Object, Plan, Sockets, plan};

use crate::plan_cases::{MODERN, named, two_uplinks};

pub fn planned(found: &Found) -> Plan {
    plan(found, MODERN).unwrap()
}

/// The two uplinks with game mode on and new flows on `target`.
pub fn entered(family: Family, target: u32, sockets: &Sockets) -> Found {
    let mut found = two_uplinks(family);
    found.ours = planned(&found).towards(target, &found, sockets).objects;
    found
}

/// Sockets on wildcard UDP ports.
pub fn ports(ports: impl IntoIterator<Item = u16>) -> Sockets {
    Sockets {
        sources: BTreeSet::new(),
        wildcard_udp_ports: ports.into_iter().collect(),
    }
}

/// The objects in words, sorted.
pub fn words(objects: &BTreeSet<Object>) -> BTreeSet<String> {
    objects.iter().map(|object| object.words(&named)).collect()
}

pub fn texts(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).into()).collect()
}
