//! Multipath routes: found, reweighted in place, put back exactly.

use std::collections::BTreeMap;

use evenkeel_dbus::{Backend, Reason, TunableState};
use evenkeeld::kernel::{door::Door, ecmp::SkipReason, error::DoorError, survey::survey};

use crate::lab::{Lab, backend_of};

/// The weights 255 for `leader` and 1 for the other of the two uplinks.
pub fn lead(lab: &Lab, leader: &str) -> BTreeMap<u32, u16> {
    ["wifi0", "usb0"]
        .map(|name| (lab.ifindex(name), if name == leader { 255 } else { 1 }))
        .into()
}

#[test]
fn a_survey_finds_the_uplinks_and_the_multipath_routes_of_both_families() {
    let lab = Lab::with_multipath();
    let found = lab.run(async |roots| survey(&roots).await).unwrap();
    assert_eq!(
        found.kernel_release,
        std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap()
            .trim()
    );
    let names: Vec<_> = found
        .uplinks
        .iter()
        .map(|uplink| uplink.name.as_str())
        .collect();
    assert_eq!(names, ["wifi0", "usb0"]);
    let wifi = &found.uplinks[0];
    assert_eq!(wifi.ifindex, lab.ifindex("wifi0"));
    assert!(wifi.up && wifi.carrier);
    assert_eq!(wifi.gateway_v4, Some("10.1.0.1".parse().unwrap()));
    assert_eq!(wifi.gateway_v6, Some("fd01::1".parse().unwrap()));
    assert_eq!(wifi.addresses_v4, [("10.1.0.2".parse().unwrap(), 24)]);
    assert!(
        wifi.addresses_v6
            .contains(&("fd01::2".parse().unwrap(), 64))
    );
    let routes: Vec<_> = found
        .routes
        .iter()
        .map(|route| route.key.to_string())
        .collect();
    assert_eq!(routes, ["default metric 100", "-6 default metric 100"]);
    assert_eq!(found.routes[0].weights(), [1, 1]);
    assert_eq!(found.skipped, []);
    assert_eq!(backend_of(&found), (Backend::Ecmp, Reason::Ready));
}

#[test]
fn without_a_multipath_route_there_are_no_weights_to_steer_but_routes_to_build() {
    let lab = Lab::with_uplinks();
    let backend = || lab.run(async |roots| backend_of(&survey(&roots).await.unwrap()));
    assert_eq!(backend(), (Backend::Observe, Reason::NoUplink));
    lab.ip("route add default via 10.1.0.1 metric 100");
    assert_eq!(backend(), (Backend::Observe, Reason::OneUplink));
    lab.ip("route add default via 10.2.0.1 metric 200");
    assert_eq!(backend(), (Backend::Ecmp, Reason::Ready));
    let before = lab.routing();
    let weights = lead(&lab, "usb0");
    let refused = lab.run(async |roots| Door::open(roots).unwrap().set_weights(&weights).await);
    assert!(
        matches!(refused, Err(DoorError::NotSupported { .. })),
        "{refused:?}"
    );
    assert_eq!(lab.routing(), before);
}

#[test]
fn routes_that_cannot_be_steered_are_skipped_with_the_reason() {
    let lab = Lab::with_multipath();
    lab.ip("link add other0 type veth peer name other1");
    lab.ip("link set other0 up");
    let over = |dev: &str| format!("nexthop via 10.1.0.1 dev wifi0 nexthop dev {dev}");
    lab.ip(&format!("route add 192.0.2.0/24 {}", over("other0")));
    lab.ip(
        "route add 198.51.100.0/24 nexthop via 10.1.0.1 dev wifi0 nexthop via 10.1.0.3 dev wifi0",
    );
    lab.ip("nexthop add id 1 via 10.1.0.1 dev wifi0");
    lab.ip("nexthop add id 2 via 10.2.0.1 dev usb0");
    lab.ip("nexthop add id 3 group 1/2");
    lab.ip("route add 203.0.113.0/24 nhid 3");
    lab.ip("route add 203.0.113.7/32 nhid 1");
    // Two routes with one key: the kernel would replace the first, whichever was meant.
    lab.ip("route add 10.9.0.0/16 metric 7 via 10.1.0.1");
    lab.ip(&format!(
        "route append 10.9.0.0/16 metric 7 {}",
        over("usb0").replace("dev usb0", "via 10.2.0.1 dev usb0")
    ));
    let found = lab.run(async |roots| survey(&roots).await).unwrap();
    let mut skipped: Vec<_> = found
        .skipped
        .iter()
        .map(|(key, why)| (key.to_string(), *why))
        .collect();
    skipped.sort_by(|a, b| a.0.cmp(&b.0));
    let ifindex = lab.ifindex("other0");
    let expected = [
        ("10.9.0.0/16 metric 7", SkipReason::Ambiguous),
        ("192.0.2.0/24 metric 0", SkipReason::NotAnUplink { ifindex }),
        ("198.51.100.0/24 metric 0", SkipReason::OneDevice),
        ("203.0.113.0/24 metric 0", SkipReason::NexthopObjects),
    ];
    assert_eq!(skipped, expected.map(|(key, why)| (key.to_owned(), why)));
    assert_eq!(found.routes.len(), 2);
}

#[test]
fn weights_reach_the_kernel_and_release_puts_every_byte_back() {
    let lab = Lab::with_multipath();
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&usb).await.unwrap();
        for family in ["-4", "-6"] {
            let route = lab.default_route(family);
            assert!(
                route.contains("dev wifi0 weight 1") && route.contains("dev usb0 weight 255"),
                "{route}"
            );
        }
        door.set_weights(&wifi).await.unwrap();
        for family in ["-4", "-6"] {
            let route = lab.default_route(family);
            assert!(
                route.contains("dev wifi0 weight 255") && route.contains("dev usb0 weight 1"),
                "{route}"
            );
        }
        assert!(lab.journal().exists());
        let status = door.status(&[]);
        assert_eq!(status.len(), 2);
        assert_eq!(status[0].id, "route:default metric 100");
        assert_eq!(
            (status[0].current.as_str(), status[0].original.as_str()),
            ("255:1", "1:1")
        );
        assert_eq!(
            (status[0].wanted.as_str(), status[0].state),
            ("255:1", TunableState::Held)
        );
        door.release_routes().await.unwrap();
        assert_eq!(door.status(&[]), []);
    });
    assert_eq!(lab.routing(), before);
    assert!(!lab.journal().exists());
}

#[test]
fn every_other_attribute_survives_the_change_and_the_return() {
    let lab = Lab::with_uplinks();
    lab.ip("addr add 10.1.0.77/32 dev wifi0");
    let hops = "nexthop via 10.1.0.1 dev wifi0 weight 3 nexthop via 10.2.0.1 dev usb0 weight 7";
    let hops6 = "nexthop via fd01::1 dev wifi0 weight 3 nexthop via fd02::1 dev usb0 weight 7";
    for route in [
        &format!(
            "default metric 100 proto dhcp src 10.1.0.77 mtu 1400 advmss 1300 initcwnd 20 rto_min 50ms congctl reno {hops}"
        ),
        &format!("default table 7701 proto 77 mtu lock 1280 quickack 1 features ecn {hops}"),
        &format!("10.7.0.0/16 tos 0x10 metric 5 scope global {hops}"),
        // On-link gateways, a gateway of the other family, three nexthops, realms.
        "10.8.0.0/16 nexthop via 172.31.0.1 dev wifi0 weight 256 onlink nexthop via 172.31.0.2 dev usb0 onlink nexthop via 10.1.0.9 dev wifi0",
        "10.6.0.0/16 nexthop via inet6 fd01::1 dev wifi0 nexthop via 10.2.0.1 dev usb0 weight 9",
        "10.5.0.0/16 nexthop via 10.1.0.1 dev wifi0 realm 5 nexthop via 10.2.0.1 dev usb0 realm 6",
    ] {
        lab.ip(&format!("route add {route}"));
    }
    for route in [
        &format!("default metric 100 proto dhcp pref high mtu 1400 src fd01::2 {hops6}"),
        &format!("default metric 90 pref low table 7702 hoplimit 33 {hops6}"),
        &format!("2001:db8::/32 from fd01::/64 metric 7 {hops6}"),
        "2001:db8:1::/48 nexthop via fe80::1 dev wifi0 onlink nexthop via fe80::2 dev usb0 weight 4 nexthop via fe80::3 dev usb0",
    ] {
        lab.ip(&format!("-6 route add {route}"));
    }
    let before = lab.routing();
    let (usb, wifi) = (lead(&lab, "usb0"), lead(&lab, "wifi0"));
    lab.run(async |roots| {
        let found = survey(&roots).await.unwrap();
        assert_eq!(
            (found.routes.len(), found.skipped.len()),
            (10, 0),
            "{:?}",
            found.skipped
        );
        let mut door = Door::open(roots).unwrap();
        for weights in [&usb, &wifi, &usb] {
            door.set_weights(weights).await.unwrap();
        }
        let without_weights = |text: &str| -> String {
            let weight = |word: &&str| word.parse::<u16>().is_err();
            text.lines()
                .map(|l| l.split(' ').filter(weight).collect::<Vec<_>>().join(" ") + "\n")
                .collect()
        };
        let during = lab.routing();
        assert_ne!(during, before);
        assert_eq!(without_weights(&during), without_weights(&before));
        door.release_routes().await.unwrap();
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn an_expiring_route_keeps_expiring() {
    let lab = Lab::with_uplinks();
    lab.ip("-6 route add default metric 100 expires 5000 nexthop via fd01::1 dev wifi0 nexthop via fd02::1 dev usb0");
    let expiry = || -> Vec<u32> {
        let route = lab.default_route("-6");
        let words: Vec<_> = route.split_whitespace().collect();
        words
            .windows(2)
            .filter(|w| w[0] == "expires")
            .map(|w| w[1].trim_end_matches("sec").parse().unwrap())
            .collect()
    };
    let before = expiry();
    assert!(!before.is_empty());
    let weights = lead(&lab, "usb0");
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&weights).await.unwrap();
        assert!(lab.default_route("-6").contains("weight 255"));
        door.release_routes().await.unwrap();
    });
    let after = expiry();
    assert_eq!(after.len(), before.len());
    for (before, after) in before.iter().zip(&after) {
        assert!(
            (4900..=before + 1).contains(after),
            "{before} s became {after} s"
        );
    }
}

#[test]
fn weights_already_in_force_are_not_written_or_captured() {
    let lab = Lab::with_multipath();
    let weights = BTreeMap::from([(lab.ifindex("wifi0"), 1), (lab.ifindex("usb0"), 0)]);
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        door.set_weights(&weights).await.unwrap();
        assert!(!lab.journal().exists());
        assert_eq!(door.status(&[])[0].state, TunableState::Idle);
    });
}
