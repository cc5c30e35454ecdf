//! What is kept where it is: the pins at a change of leader, and what remains when game mode ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that can't build its case fails the test"
)]

mod plan_cases;
mod plan_entered;

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_core::plan::numbers::{MAX_PINS, MAX_SOURCES};
use evenkeel_core::plan::{
    AS_THE_SYSTEM, Family, Found, Hop, Object, Pins, Sockets, SystemDefault, Uplink, pins_for,
    pins_in, plan, remains, target_in,
};
use plan_cases::{MODERN, ip, two_uplinks, uplink};
use plan_entered::{entered, planned, ports, texts, words};

#[test]
fn the_target_is_read_from_the_kernel() {
    assert_eq!(target_in(&BTreeSet::new()), None);
    for family in [Family::V4, Family::V6] {
        for target in [2, 3] {
            let found = entered(family, target, &Sockets::default());
            assert_eq!(target_in(&found.ours), Some(target));
        }
    }
}

#[test]
fn a_group_that_lost_its_target_leads_nowhere_in_particular() {
    let mut found = two_uplinks(Family::V4);
    found
        .uplinks
        .push(uplink(4, "10.4.0.1", &[("10.4.0.2", 24)]));
    let plan = planned(&found);
    found.ours = plan.objects(3, &Pins::default());
    found.ours = found
        .ours
        .into_iter()
        .map(|object| match object {
            Object::Group(mut group) => {
                group.members.remove(&77_012);
                Object::Group(group)
            }
            other => other,
        })
        .collect();
    assert_eq!(target_in(&found.ours), None);
    let aim = plan.towards(2, &found, &ports([40_000]));
    found.ours = aim.objects;
    assert_eq!(pins_in(&found), Pins::default());
}

#[test]
fn a_change_of_leader_pins_open_ports_to_the_old_one_and_keeps_pins() {
    let mut found = two_uplinks(Family::V4);
    let plan = planned(&found);
    let mut pins_after = |target: u32, open: &[u16]| {
        found.ours = plan
            .towards(target, &found, &ports(open.iter().copied()))
            .objects;
        pins_in(&found).ports
    };
    assert_eq!(
        pins_after(2, &[5000]),
        BTreeMap::new(),
        "it goes on where it was"
    );
    assert_eq!(pins_after(3, &[5000]), BTreeMap::from([(5000, 2)]));
    assert_eq!(pins_after(3, &[5000, 6000]), BTreeMap::from([(5000, 2)]));
    let both = BTreeMap::from([(5000, 2), (6000, 3)]);
    assert_eq!(
        pins_after(2, &[5000, 6000]),
        both,
        "also to the next target"
    );
    assert_eq!(pins_after(3, &[5000, 6000]), both);
    assert_eq!(
        pins_after(3, &[6000]),
        BTreeMap::from([(6000, 3)]),
        "closed"
    );
}

#[test]
fn entering_straight_towards_another_uplink_pins_to_the_one_in_use() {
    let found = entered(Family::V6, 3, &ports([5000]));
    assert_eq!(pins_in(&found).ports, BTreeMap::from([(5000, 2)]));
}

#[test]
fn pins_are_bounded_and_the_ports_of_services_are_left_out_first() {
    let found = entered(Family::V4, 2, &Sockets::default());
    let room = u16::try_from(MAX_PINS).unwrap();
    let sockets = ports((0..=9).chain(50_000 - room..50_000 - 5));
    let pins = pins_for(&found, &sockets, Some(2));
    assert_eq!((pins.ports.len(), pins.left_out), (MAX_PINS, 4));
    let least: Vec<u16> = pins.ports.keys().copied().take(6).collect();
    assert_eq!(least, [5, 6, 7, 8, 9, 50_000 - room]);
    assert_eq!(planned(&found).towards(3, &found, &sockets).left_out, 4);
}

#[test]
fn pins_in_the_kernel_go_before_new_ones() {
    let room = u16::try_from(MAX_PINS).unwrap();
    let found = entered(Family::V4, 3, &ports(1..=room));
    let sockets = ports((1..=room).chain([60_000]));
    let pins = pins_for(&found, &sockets, Some(3));
    assert!(pins.ports.values().all(|uplink| *uplink == 2));
    assert_eq!((pins.ports.len(), pins.left_out), (MAX_PINS, 1));
}

#[test]
fn an_address_of_no_uplink_is_pinned_while_a_socket_uses_it() {
    let mut found = entered(Family::V4, 2, &Sockets::default());
    let mut sockets = Sockets::default();
    for source in ["172.17.0.1", "127.0.0.1", "169.254.3.3", "10.2.0.2"] {
        sockets.sources.insert(ip(source));
    }
    let plan = planned(&found);
    found.ours = plan.towards(3, &found, &sockets).objects;
    let rule = "rule pref 32762 protocol 77 iif lo from 172.17.0.1 lookup 7701";
    assert!(words(&found.ours).contains(rule));
    assert_eq!(pins_in(&found).sources.len(), 1, "{:?}", pins_in(&found));
    found.ours = plan.towards(3, &found, &Sockets::default()).objects;
    assert_eq!(pins_in(&found), Pins::default());
}

#[test]
fn pinned_addresses_are_bounded() {
    let found = entered(Family::V4, 2, &Sockets::default());
    let sources = (1..=100).map(|n| ip(&format!("172.17.0.{n}")));
    let sockets = Sockets {
        sources: sources.collect(),
        ..Sockets::default()
    };
    let pins = pins_for(&found, &sockets, Some(2));
    assert_eq!(
        (pins.sources.len(), pins.left_out),
        (MAX_SOURCES, 100 - MAX_SOURCES)
    );
}

#[test]
fn what_remains_is_what_sockets_use_off_the_systems_uplink() {
    let found = entered(Family::V4, 3, &ports([5000]));
    let mut sockets = ports([5000, 6000]);
    sockets.sources.extend([ip("10.1.0.2"), ip("10.2.0.2")]);
    let wanted = texts(&[
        "route default table 7702 proto 77 metric 1024 via 10.2.0.1 dev wifi0",
        "rule pref 32761 protocol 77 lookup main suppress_prefixlength 0",
        "rule pref 32762 protocol 77 iif lo from 10.2.0.2 lookup 7702",
        "rule pref 32763 protocol 77 iif lo ipproto udp sport 6000 lookup 7702",
    ]);
    assert_eq!(words(&remains(&found, &sockets).objects), wanted);
    assert!(remains(&found, &Sockets::default()).objects.is_empty());
}

#[test]
fn nothing_remains_past_a_vpn() {
    let mut found = entered(Family::V4, 3, &Sockets::default());
    let mut sockets = Sockets::default();
    sockets.sources.insert(ip("10.2.0.2"));
    assert!(!remains(&found, &sockets).objects.is_empty());
    found.foreign_rules = vec!["32500: not from all fwmark 0xca6c lookup 51820".into()];
    assert!(remains(&found, &sockets).objects.is_empty());
    found.foreign_rules.clear();
    found.system_default.as_mut().unwrap().ifindexes = vec![9];
    assert!(remains(&found, &sockets).objects.is_empty());
}

#[test]
fn the_leader_that_is_the_only_one_left_keeps_its_default_until_the_other_is_back() {
    for family in [Family::V4, Family::V6] {
        let both = entered(family, 3, &Sockets::default());
        let mut left = both.clone();
        left.uplinks.remove(0);
        let metric = both.system_default.as_ref().unwrap().metric;
        left.system_default = Some(SystemDefault {
            metric: metric + 100,
            ifindexes: vec![3],
            merged: Vec::new(),
        });
        let kept = planned(&left);
        assert_eq!(kept.metric, metric - 1, "as before the other one went");
        left.ours = kept.towards(3, &left, &Sockets::default()).objects;
        assert_eq!(target_in(&left.ours), Some(3));

        let mut other = left.clone();
        other.ours = entered(family, 2, &Sockets::default()).ours;
        assert!(
            plan(&other, MODERN).is_err(),
            "the one that was led to is gone"
        );
    }
}

/// Two IPv6 uplinks that share the system's default, merged from their routers' advertisements.
fn merged() -> Found {
    let mut found = two_uplinks(Family::V6);
    let default = found.system_default.as_mut().unwrap();
    let hops = found.uplinks.iter();
    let hops = hops.map(|uplink| (hop(uplink), if uplink.ifindex == 2 { 1 } else { 3 }));
    default.merged = hops.rev().collect();
    default.ifindexes = vec![2, 3];
    found
}

fn hop(uplink: &Uplink) -> Hop {
    Hop {
        ifindex: uplink.ifindex,
        gateway: uplink.gateway,
    }
}

#[test]
fn with_a_merged_default_old_ports_and_guests_stay_as_the_system_spreads_them() {
    let mut found = merged();
    let aim = planned(&found).towards(3, &found, &ports([40_000]));
    assert_eq!(
        words(&aim.objects),
        texts(&[
            "route default table 7701 proto 77 metric 1024 via fe80::1 dev eth0",
            "route default table 7702 proto 77 metric 1024 via fe80::1 dev wifi0",
            "route default table 7717 proto 77 metric 1024 nexthop via fe80::1 dev wifi0 weight 3 \
             nexthop via fe80::1 dev eth0 weight 1",
            "route default proto 77 metric 1023 via fe80::1 dev wifi0",
            "rule pref 32761 protocol 77 lookup main suppress_prefixlength 0",
            "rule pref 32762 protocol 77 iif lo from 2001:db8:1::/64 lookup 7701",
            "rule pref 32762 protocol 77 iif lo from 2001:db8:2::/64 lookup 7702",
            "rule pref 32763 protocol 77 iif lo ipproto udp sport 40000 lookup 7717",
            "rule pref 32764 protocol 77 not iif lo lookup 7717",
        ])
    );
    found.ours = aim.objects;
    assert_eq!(
        pins_in(&found).ports,
        BTreeMap::from([(40_000, AS_THE_SYSTEM)])
    );
    // The port that opened on the leader stays there at the next change; the old one as it was.
    let aim = planned(&found).towards(2, &found, &ports([40_000, 40_001]));
    found.ours = aim.objects;
    let pinned = BTreeMap::from([(40_000, AS_THE_SYSTEM), (40_001, 3)]);
    assert_eq!(pins_in(&found).ports, pinned);
}

#[test]
fn with_one_router_left_what_was_before_goes_as_the_system_and_comes_back_with_it() {
    let mut found = merged();
    let open = ports([40_000]);
    found.ours = planned(&found).towards(3, &found, &open).objects;
    let whole = found.ours.clone();
    let mut one = found.clone();
    one.uplinks.remove(0);
    one.system_default = Some(SystemDefault {
        metric: 1024,
        ifindexes: vec![3],
        merged: Vec::new(),
    });
    one.ours = planned(&one).towards(3, &one, &open).objects;
    let copy = "route default table 7717 proto 77 metric 1024 via fe80::1 dev wifi0";
    assert!(words(&one.ours).contains(copy), "{:#?}", words(&one.ours));
    found.ours = one.ours;
    assert_eq!(planned(&found).towards(3, &found, &open).objects, whole);
}

#[test]
fn with_a_merged_default_the_rules_of_every_used_address_remain() {
    let mut found = merged();
    found.ours = planned(&found).towards(3, &found, &ports([40_000])).objects;
    let mut sockets = ports([40_000, 40_001]);
    sockets.sources.insert(ip("2001:db8:1::2"));
    sockets.sources.insert(ip("2001:db8:2::2"));
    let left = words(&remains(&found, &sockets).objects);
    let wanted = texts(&[
        "route default table 7701 proto 77 metric 1024 via fe80::1 dev eth0",
        "route default table 7702 proto 77 metric 1024 via fe80::1 dev wifi0",
        "rule pref 32761 protocol 77 lookup main suppress_prefixlength 0",
        "rule pref 32762 protocol 77 iif lo from 2001:db8:1::/64 lookup 7701",
        "rule pref 32762 protocol 77 iif lo from 2001:db8:2::/64 lookup 7702",
        "rule pref 32763 protocol 77 iif lo ipproto udp sport 40001 lookup 7702",
    ]);
    assert_eq!(left, wanted);
    assert!(remains(&found, &ports([40_000])).objects.is_empty());
}
