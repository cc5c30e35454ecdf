//! What a plan puts into the kernel, piece by piece, and in which order.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that can't build its case fails the test"
)]

mod plan_cases;
mod plan_entered;

use std::collections::BTreeSet;

use evenkeel_core::plan::numbers::GROUP;
use evenkeel_core::plan::{Abilities, Family, Object, Pins, Sockets, Step, plan, steps};
use plan_cases::{ip, named, two_uplinks, uplink};
use plan_entered::{entered, planned, ports, texts, words};

const OLDER: Abilities = Abilities {
    resilient_groups: false,
};

#[test]
fn ipv4_gets_tables_rules_and_a_staged_group() {
    let found = two_uplinks(Family::V4);
    let objects = planned(&found).objects(2, &Pins::default());
    let wanted = texts(&[
        "nexthop id 77011 via 10.1.0.1 dev eth0 protocol 77",
        "nexthop id 77012 via 10.2.0.1 dev wifi0 protocol 77",
        "nexthop id 77010 group 77011,65535/77012,1 type resilient buckets 65535 idle_timer 5 \
         protocol 77",
        "route default table 7701 proto 77 metric 1024 via 10.1.0.1 dev eth0",
        "route default table 7702 proto 77 metric 1024 via 10.2.0.1 dev wifi0",
        "route default proto 77 metric 99 nhid 77010",
        "rule pref 32761 protocol 77 lookup main suppress_prefixlength 0",
        "rule pref 32762 protocol 77 iif lo from 10.1.0.2 lookup 7701",
        "rule pref 32762 protocol 77 iif lo from 10.2.0.2 lookup 7702",
        "rule pref 32764 protocol 77 not iif lo lookup 7701",
    ]);
    assert_eq!(words(&objects), wanted);
}

#[test]
fn ipv6_gets_the_networks_and_a_single_nexthop() {
    let mut found = two_uplinks(Family::V6);
    found.uplinks[0]
        .addresses
        .push((ip("2001:db8:1::dead:1"), 64));
    found.uplinks[0].addresses.push((ip("fd00::7"), 128));
    let objects = planned(&found).objects(3, &Pins::default());
    let wanted = texts(&[
        "route default table 7701 proto 77 metric 1024 via fe80::1 dev eth0",
        "route default table 7702 proto 77 metric 1024 via fe80::1 dev wifi0",
        "route default proto 77 metric 1023 via fe80::1 dev wifi0",
        "rule pref 32761 protocol 77 lookup main suppress_prefixlength 0",
        "rule pref 32762 protocol 77 iif lo from 2001:db8:1::/64 lookup 7701",
        "rule pref 32762 protocol 77 iif lo from fd00::7 lookup 7701",
        "rule pref 32762 protocol 77 iif lo from 2001:db8:2::/64 lookup 7702",
        "rule pref 32764 protocol 77 not iif lo lookup 7701",
    ]);
    assert_eq!(words(&objects), wanted);
}

#[test]
fn an_older_kernel_gets_a_single_nexthop() {
    let plan = plan(&two_uplinks(Family::V4), OLDER).unwrap();
    let words = words(&plan.objects(3, &Pins::default()));
    assert!(words.contains("route default proto 77 metric 99 via 10.2.0.1 dev wifi0"));
    assert!(
        !words.iter().any(|line| line.contains("nexthop")),
        "{words:?}"
    );
}

#[test]
fn a_preferred_source_is_kept_where_the_kernel_would_take_another() {
    let mut found = two_uplinks(Family::V4);
    found.uplinks[1].addresses.insert(0, (ip("172.16.0.5"), 24));
    found.uplinks[1].preferred_source = Some(ip("10.2.0.2"));
    assert!(
        planned(&found).resilient,
        "the kernel takes the one near the gateway"
    );
    found.uplinks[1].preferred_source = Some(ip("172.16.0.5"));
    let plan = planned(&found);
    assert!(!plan.resilient, "no nexthop of a group can say that");
    let words = words(&plan.objects(3, &Pins::default()));
    let main = "route default proto 77 metric 99 via 10.2.0.1 dev wifi0 src 172.16.0.5";
    assert!(words.contains(main), "{words:?}");
}

#[test]
fn an_address_that_claims_everything_stands_for_itself() {
    let mut found = two_uplinks(Family::V6);
    found.uplinks.truncate(1);
    found
        .uplinks
        .push(uplink(3, "fe80::2", &[("2001:db8:2::2", 128)]));
    found.uplinks[0].addresses = vec![(ip("2001:db8:1::2"), 128)];
    let sources = &planned(&found).uplinks[&2].sources;
    assert_eq!(sources.iter().next().unwrap().to_string(), "2001:db8:1::2");
}

#[test]
fn an_unknown_target_is_the_uplink_in_use() {
    let plan = planned(&two_uplinks(Family::V4));
    let none = Pins::default();
    assert_eq!(plan.objects(9, &none), plan.objects(2, &none));
}

#[test]
fn an_uplink_keeps_its_slot_when_others_come_and_go() {
    for family in [Family::V4, Family::V6] {
        let mut found = entered(family, 2, &Sockets::default());
        assert_eq!(planned(&found).uplinks[&3].slot, 1);
        let (gateway, address) = match family {
            Family::V4 => ("10.9.0.1", ("10.9.0.2", 24)),
            Family::V6 => ("fe80::1", ("2001:db8:9::2", 64)),
        };
        // One with a smaller ifindex comes instead of the first.
        found.uplinks[0] = uplink(1, gateway, &[address]);
        found.system_default.as_mut().unwrap().ifindexes = vec![1];
        let plan = planned(&found);
        let slots: Vec<_> = plan.uplinks.iter().map(|(of, to)| (*of, to.slot)).collect();
        // Not slot 0, to which rules of the one that went still point.
        assert_eq!(slots, [(1, 2), (3, 1)]);
    }
}

#[test]
fn a_slot_is_known_even_when_somebody_flushed_the_table() {
    for (family, kinds) in [(Family::V4, 2), (Family::V6, 1)] {
        let mut found = entered(family, 2, &Sockets::default());
        let gone = |object: &Object, kinds: u32| match object {
            Object::Route(_) => true,
            Object::Nexthop(_) | Object::Group(_) => kinds > 1,
            Object::Rule(_) => false,
        };
        for kinds in 1..=kinds {
            found.ours.retain(|object| !gone(object, kinds));
            found.uplinks.reverse();
            let slots = planned(&found).uplinks;
            assert_eq!((slots[&2].slot, slots[&3].slot), (0, 1));
        }
    }
}

#[test]
fn a_change_of_leader_is_pins_and_one_replacement() {
    for (family, way) in [
        (
            Family::V4,
            "ip nexthop replace id 77010 group 77011,1/77012,65535 type resilient buckets 65535 \
             idle_timer 5 protocol 77",
        ),
        (
            Family::V6,
            "ip -6 route replace default proto 77 metric 1023 via fe80::1 dev wifi0",
        ),
    ] {
        let found = entered(family, 2, &Sockets::default());
        let aim = planned(&found).towards(3, &found, &ports([5000]));
        let steps = steps(&found.ours, &aim.objects);
        let words: Vec<String> = steps.iter().map(|step| step.words(&named)).collect();
        let six = if family == Family::V6 { "-6 " } else { "" };
        let pin = format!(
            "ip {six}rule add pref 32763 protocol 77 iif lo ipproto udp sport 5000 lookup 7701"
        );
        assert_eq!(words, [pin.as_str(), way]);
    }
}

#[test]
fn leaving_begins_with_the_default_and_ends_with_what_it_stood_on() {
    let found = entered(Family::V4, 3, &ports([5000]));
    let steps = steps(&found.ours, &BTreeSet::new());
    let words: Vec<String> = steps.iter().map(|step| step.words(&named)).collect();
    let beginnings: Vec<String> = words
        .iter()
        .map(|line| line.split(' ').take(5).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        beginnings,
        [
            "ip route del default proto",
            "ip nexthop del id 77010",
            "ip rule del pref 32764",
            "ip rule del pref 32763",
            "ip rule del pref 32762",
            "ip rule del pref 32762",
            "ip rule del pref 32761",
            "ip route del default table",
            "ip route del default table",
            "ip nexthop del id 77011",
            "ip nexthop del id 77012",
        ]
    );
}

#[test]
fn another_metric_of_the_systems_default_is_followed_without_a_gap() {
    let mut found = entered(Family::V4, 3, &Sockets::default());
    found.system_default.as_mut().unwrap().metric = 50;
    let wanted = planned(&found)
        .towards(3, &found, &Sockets::default())
        .objects;
    let steps = steps(&found.ours, &wanted);
    let words: Vec<String> = steps.iter().map(|step| step.words(&named)).collect();
    assert_eq!(
        words,
        [
            "ip route add default proto 77 metric 49 nhid 77010",
            "ip route del default proto 77 metric 99 nhid 77010",
        ]
    );
}

#[test]
fn a_group_with_another_bucket_count_is_made_anew() {
    let found = entered(Family::V4, 3, &Sockets::default());
    let older = found.ours.iter().cloned().map(|object| match object {
        Object::Group(mut group) => {
            group.buckets = 8192;
            Object::Group(group)
        }
        other => other,
    });
    let steps = steps(&older.collect(), &found.ours);
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Remove(Object::Route(_)) => "- route",
            Step::Remove(Object::Group(group)) if group.id == GROUP => "- group",
            Step::Add(Object::Group(_)) => "+ group",
            Step::Add(Object::Route(_)) => "+ route",
            _ => "?",
        })
        .collect();
    assert_eq!(kinds, ["- route", "- group", "+ group", "+ route"]);
}
