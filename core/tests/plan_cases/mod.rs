//! A small system to begin a case of the plan with: two uplinks, the first in use.

use std::collections::BTreeSet;
use std::net::IpAddr;

use evenkeel_core::plan::{Abilities, Family, Found, SystemDefault, Uplink};

pub const MODERN: Abilities = Abilities {
    resilient_groups: true,
};

pub fn ip(text: &str) -> IpAddr {
    text.parse().expect("a constant address")
}

pub fn uplink(ifindex: u32, gateway: &str, addresses: &[(&str, u8)]) -> Uplink {
    let addresses = addresses.iter();
    Uplink {
        ifindex,
        gateway: ip(gateway),
        preferred_source: None,
        addresses: addresses
            .map(|(address, bits)| (ip(address), *bits))
            .collect(),
    }
}

/// Uplinks 2 (in use) and 3.
pub fn two_uplinks(family: Family) -> Found {
    let (uplinks, metric) = match family {
        Family::V4 => (
            vec![
                uplink(2, "10.1.0.1", &[("10.1.0.2", 24)]),
                uplink(3, "10.2.0.1", &[("10.2.0.2", 24)]),
            ],
            100,
        ),
        Family::V6 => (
            vec![
                uplink(2, "fe80::1", &[("2001:db8:1::2", 64)]),
                uplink(3, "fe80::1", &[("2001:db8:2::2", 64)]),
            ],
            1024,
        ),
    };
    Found {
        family,
        uplinks,
        system_default: Some(SystemDefault {
            metric,
            ifindexes: vec![2],
            merged: Vec::new(),
        }),
        foreign_rules: Vec::new(),
        taken: Vec::new(),
        ours: BTreeSet::new(),
    }
}

pub fn named(ifindex: u32) -> String {
    match ifindex {
        2 => "eth0".into(),
        3 => "wifi0".into(),
        other => format!("if{other}"),
    }
}
