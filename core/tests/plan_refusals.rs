//! Which systems are left as they are, and what is said about it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that can't build its case fails the test"
)]

mod plan_cases;

use std::collections::BTreeSet;

use evenkeel_core::plan::numbers::{MAX_SOURCES, SLOTS};
use evenkeel_core::plan::{Family, Found, Hop, Refusal, SystemDefault, Uplink, plan};
use plan_cases::{MODERN, ip, named, two_uplinks, uplink};

/// The refusal of the two uplinks, once `spoil` has made them unfit.
fn refusal(family: Family, spoil: impl FnOnce(&mut Found)) -> Refusal {
    let mut found = two_uplinks(family);
    spoil(&mut found);
    plan(&found, MODERN).unwrap_err()
}

fn v4(spoil: impl FnOnce(&mut Found)) -> Refusal {
    refusal(Family::V4, spoil)
}

fn default(metric: u32, ifindexes: &[u32]) -> SystemDefault {
    SystemDefault {
        metric,
        ifindexes: ifindexes.to_vec(),
        merged: Vec::new(),
    }
}

#[test]
fn two_uplinks_are_not_refused() {
    for family in [Family::V4, Family::V6] {
        assert!(plan(&two_uplinks(family), MODERN).is_ok());
    }
}

#[test]
fn no_default_is_refused() {
    assert_eq!(v4(|found| found.system_default = None), Refusal::NoDefault);
}

#[test]
fn a_default_to_nowhere_is_refused() {
    let refusal = v4(|found| found.system_default = Some(default(100, &[])));
    assert_eq!(refusal, Refusal::DefaultNowhere);
}

#[test]
fn the_users_own_multipath_route_is_left_to_those_who_steer_it() {
    let refusal = v4(|found| found.system_default = Some(default(100, &[2, 3])));
    assert_eq!(refusal, Refusal::AlreadyMultipath);
}

#[test]
fn a_default_merged_from_advertisements_is_nobodys_own_unless_it_leads_past_the_uplinks() {
    let merged = |ifindexes: &[u32]| {
        let mut default = default(1024, ifindexes);
        let hop = |ifindex: &u32| Hop {
            ifindex: *ifindex,
            gateway: ip("fe80::1"),
        };
        default.merged = ifindexes.iter().map(|ifindex| (hop(ifindex), 1)).collect();
        default
    };
    let mut found = two_uplinks(Family::V6);
    found.system_default = Some(merged(&[3, 2]));
    let plan = plan(&found, MODERN).unwrap();
    assert_eq!((plan.in_use, plan.metric), (3, 1023));
    assert_eq!(plan.spread, merged(&[3, 2]).merged);
    let foreign = refusal(Family::V6, |found| {
        found.system_default = Some(merged(&[2, 3, 9]));
    });
    assert_eq!(foreign, Refusal::ForeignDefault { ifindex: 9 });
}

#[test]
fn a_vpn_in_front_is_refused() {
    let refusal = v4(|found| found.system_default = Some(default(50, &[9])));
    assert_eq!(refusal, Refusal::ForeignDefault { ifindex: 9 });
    assert_eq!(
        refusal.words(&named),
        "The default route leaves by if9, which is not a physical uplink (a VPN?)."
    );
}

#[test]
fn unknown_policy_rules_are_refused_and_the_first_is_named() {
    let refusal = v4(|found| {
        found.foreign_rules = vec!["5210: from all fwmark 0x80000".into(), "5230: x".into()];
    });
    assert_eq!(
        refusal.to_string(),
        "There are policy rules of somebody else's: 5210: from all fwmark 0x80000 and 1 more."
    );
}

#[test]
fn what_others_wrote_is_repeated_on_one_line_and_within_bounds() {
    let refusal = v4(|found| found.foreign_rules = vec!["a\n\u{1b}[2J".repeat(1000)]);
    let text = refusal.to_string();
    assert!(text.chars().count() < 250, "{text}");
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

#[test]
fn numbers_that_are_taken_are_refused() {
    let refusal = v4(|found| found.taken = vec!["table 7701 has a route of protocol 3".into()]);
    assert_eq!(
        refusal.to_string(),
        "Somebody else uses Evenkeel's numbers: table 7701 has a route of protocol 3."
    );
}

#[test]
fn one_uplink_is_refused() {
    let refusal = v4(|found| drop(found.uplinks.pop()));
    assert_eq!(refusal, Refusal::OneUplink { ifindex: 2 });
    assert_eq!(
        refusal.words(&named),
        "eth0 is the only uplink with a default route of its own."
    );
}

#[test]
fn an_uplink_without_an_address_is_none_to_choose() {
    let refusal = v4(|found| found.uplinks[1].addresses.clear());
    assert_eq!(refusal, Refusal::OneUplink { ifindex: 2 });
}

#[test]
fn an_uplink_in_use_without_an_address_is_refused() {
    let refusal = v4(|found| found.uplinks[0].addresses.clear());
    assert_eq!(refusal, Refusal::NoAddress { ifindex: 2 });
}

#[test]
fn the_same_subnet_on_two_uplinks_is_refused_however_it_is_cut() {
    for (address, bits) in [("10.1.0.9", 24), ("10.1.0.200", 30), ("10.9.9.9", 8)] {
        let refusal = v4(|found| {
            let far = uplink(3, "10.2.0.1", &[("192.0.2.2", 24), (address, bits)]);
            found.uplinks[1] = far;
        });
        let Refusal::SameSubnet { ifindexes, network } = refusal else {
            panic!("{refusal:?}");
        };
        assert_eq!(
            (ifindexes, network.to_string()),
            ((2, 3), "10.1.0.0/24".into())
        );
    }
}

#[test]
fn no_metric_left_before_the_systems_default_is_refused() {
    for (family, metric) in [(Family::V4, 0), (Family::V6, 0), (Family::V6, 1)] {
        let refusal = refusal(family, |found| {
            found.system_default = Some(default(metric, &[2]));
        });
        assert_eq!(refusal, Refusal::MetricTooSmall { metric });
    }
    for (family, metric) in [(Family::V4, 1), (Family::V6, 2)] {
        let mut found = two_uplinks(family);
        found.system_default = Some(default(metric, &[2]));
        assert_eq!(plan(&found, MODERN).map(|plan| plan.metric), Ok(metric - 1));
    }
}

fn many(count: u32) -> Vec<Uplink> {
    let address = |n: u32| format!("10.{n}.0.2");
    (2..2 + count)
        .map(|n| uplink(n, &format!("10.{n}.0.1"), &[(&address(n), 24)]))
        .collect()
}

#[test]
fn more_uplinks_than_slots_are_refused() {
    let refusal = v4(|found| found.uplinks = many(SLOTS + 1));
    assert_eq!(refusal, Refusal::ManyUplinks { count: 17 });
    let mut found = two_uplinks(Family::V4);
    found.uplinks = many(SLOTS);
    let slots = plan(&found, MODERN).map(|plan| plan.uplinks.len());
    assert_eq!(slots, Ok(SLOTS as usize));
}

#[test]
fn more_addresses_than_source_rules_are_refused() {
    let refusal = v4(|found| {
        let addresses = (1..=65).map(|n| (ip(&format!("10.3.0.{n}")), 24));
        found.uplinks[1].addresses = addresses.collect();
    });
    let count = MAX_SOURCES + 1;
    assert_eq!(refusal, Refusal::ManyAddresses { ifindex: 3, count });
}

#[test]
fn every_refusal_has_its_own_number() {
    let refusals = [
        v4(|found| found.system_default = None),
        v4(|found| found.system_default = Some(default(100, &[]))),
        v4(|found| found.system_default = Some(default(100, &[2, 3]))),
        v4(|found| found.system_default = Some(default(100, &[9]))),
        v4(|found| found.foreign_rules = vec!["x".into()]),
        v4(|found| found.taken = vec!["x".into()]),
        v4(|found| drop(found.uplinks.pop())),
        v4(|found| found.uplinks = many(SLOTS + 1)),
        v4(|found| found.uplinks[0].addresses.clear()),
        v4(|found| {
            let addresses = (1..=65).map(|n| (ip(&format!("10.3.0.{n}")), 24));
            found.uplinks[1].addresses = addresses.collect();
        }),
        v4(|found| found.uplinks[1].addresses = vec![(ip("10.1.0.7"), 24)]),
        v4(|found| found.system_default = Some(default(0, &[2]))),
    ];
    let codes: Vec<u32> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes, (1..=12).collect::<Vec<u32>>());
    let words: BTreeSet<String> = refusals.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), refusals.len());
}
