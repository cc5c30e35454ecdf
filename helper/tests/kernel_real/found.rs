//! What a plan starts from: the system's own defaults and uplinks, rules and numbers of others.

use std::{collections::BTreeSet, fmt::Write, net::IpAddr};

use evenkeel_core::plan::{Family, Step, SystemDefault};
use evenkeeld::kernel::{door::Door, error::NetlinkError, survey::survey};

use crate::{
    lab::Lab,
    objects::{add_all, everything, found, hop, lab},
};

#[test]
fn uplinks_and_the_systems_default_are_those_without_ours() {
    let lab = lab();
    lab.ip("addr add 10.1.0.77/32 dev wifi0");
    lab.ip("-6 addr add fd01::77/128 dev wifi0 preferred_lft 0 nodad");
    let with_ours = lab.run(async |roots| {
        let without = survey(&roots).await.unwrap();
        let mut door = Door::open(roots.clone()).unwrap();
        for family in [Family::V4, Family::V6] {
            add_all(&mut door, &everything(&lab, family)).await;
        }
        let with = survey(&roots).await.unwrap();
        // The steering in place and the view see no more than before, either.
        assert_eq!(
            (&with.uplinks, &with.routes, &with.skipped),
            (&without.uplinks, &without.routes, &without.skipped)
        );
        for (with, without) in [(&with.v4, &without.v4), (&with.v6, &without.v6)] {
            assert_eq!(with.uplinks, without.uplinks);
            assert_eq!(with.system_default, without.system_default);
            assert!(!with.ours.is_empty() && without.ours.is_empty());
        }
        with
    });
    let default = SystemDefault {
        metric: 100,
        ifindexes: vec![lab.ifindex("wifi0")],
        merged: Vec::new(),
    };
    assert_eq!(with_ours.v4.system_default.as_ref(), Some(&default));
    assert_eq!(with_ours.v6.system_default.as_ref(), Some(&default));
    let [wifi, usb] = with_ours.v4.uplinks.as_slice() else {
        panic!("two uplinks: {:?}", with_ours.v4)
    };
    assert_eq!(
        (wifi.gateway, wifi.preferred_source),
        (
            hop(&lab, Family::V4, 1).gateway,
            Some("10.1.0.2".parse().unwrap())
        )
    );
    let address = |text: &str, length| (text.parse().unwrap(), length);
    assert_eq!(
        wifi.addresses,
        [address("10.1.0.2", 24), address("10.1.0.77", 32)]
    );
    assert_eq!(usb.addresses, [address("10.2.0.2", 24)]);
    let six = &with_ours.v6.uplinks[0];
    assert_eq!(
        (six.gateway, six.preferred_source),
        (hop(&lab, Family::V6, 1).gateway, None)
    );
    let mut addresses = six.addresses.clone();
    addresses.sort();
    assert_eq!(
        addresses,
        [address("fd01::2", 64), address("fd01::77", 128)]
    );
}

#[test]
fn an_uplink_without_a_carrier_or_a_gateway_is_none() {
    let lab = lab();
    lab.ip("link add ppp9 type veth peer name far9");
    lab.ip("link set ppp9 up");
    lab.ip("link set far9 up");
    lab.ip("route add default dev ppp9 metric 300");
    lab.run(async |roots| {
        assert_eq!(found(&roots, Family::V4).await.uplinks.len(), 2);
        lab.unplug("wifi0", "far0");
        for family in [Family::V4, Family::V6] {
            let found = found(&roots, family).await;
            let uplinks: Vec<_> = found.uplinks.iter().map(|uplink| uplink.ifindex).collect();
            assert_eq!(uplinks, [lab.ifindex("usb0")]);
            // The kernel still uses it, and a plan must know.
            assert_eq!(found.system_default.unwrap().metric, 100);
        }
        Lab::set_sysctl("net.ipv4.conf.wifi0.ignore_routes_with_linkdown", "1");
        assert_eq!(
            found(&roots, Family::V4)
                .await
                .system_default
                .unwrap()
                .metric,
            200
        );
        lab.ip("route add default dev ppp9 metric 50");
        let default = found(&roots, Family::V4).await.system_default.unwrap();
        assert_eq!(
            (default.metric, default.ifindexes),
            (50, vec![lab.ifindex("ppp9")])
        );
    });
}

#[test]
fn a_default_over_a_virtual_link_is_the_systems_but_no_uplinks() {
    let lab = lab();
    // As a VPN's stop-gap against leaks.
    lab.ip("link add guard0 type ifb");
    lab.ip("addr add 100.85.0.2/24 dev guard0");
    lab.ip("link set guard0 up");
    lab.ip("route add default via 100.85.0.1 dev guard0 metric 98");
    lab.run(async |roots| {
        let found = found(&roots, Family::V4).await;
        let default = found.system_default.unwrap();
        assert_eq!(default.ifindexes, [lab.ifindex("guard0")]);
        assert_eq!(found.uplinks.len(), 2);
        lab.ip("route add unreachable default metric 1");
        lab.ip("-6 route add unreachable default metric 1");
        for family in [Family::V4, Family::V6] {
            let default = self::found(&roots, family).await.system_default.unwrap();
            assert_eq!((default.metric, default.ifindexes), (1, Vec::new()));
        }
    });
}

#[test]
fn rules_of_others_are_told_in_the_words_of_ip() {
    let lab = lab();
    let rules = [
        "not from all fwmark 0xca6c lookup 51820",
        "from 10.9.0.0/16 to 192.0.2.0/24 fwmark 0x10/0xff iif wifi0 oif usb0 uidrange 1000-1002 ipproto tcp sport 5000-5010 dport 443 lookup main suppress_prefixlength 0",
        "from all lookup 100 proto 18",
        "from all unreachable",
        "from all tos 0x10 blackhole",
    ];
    for (number, rule) in rules.iter().enumerate() {
        let (selector, protocol) = match rule.split_once(" proto ") {
            Some((selector, protocol)) => (selector, format!("protocol {protocol}")),
            None => (*rule, String::new()),
        };
        lab.ip(&format!(
            "rule add pref {} {protocol} {selector}",
            100 + number
        ));
    }
    lab.ip("-6 rule add pref 50 from fd01::/64 lookup 9");
    lab.run(async |roots| {
        let found4 = found(&roots, Family::V4).await;
        let told: Vec<_> = rules
            .iter()
            .enumerate()
            .map(|(number, rule)| format!("{}: {rule}", 100 + number))
            .collect();
        assert_eq!(found4.foreign_rules, told);
        assert_eq!(found4.taken, [""; 0]);
        let six = found(&roots, Family::V6).await;
        assert_eq!(six.foreign_rules, ["50: from fd01::/64 lookup 9"]);
    });
}

#[test]
fn what_others_have_at_our_numbers_is_reported_and_never_removed() {
    let lab = lab();
    // The same as ours, but for the protocol number.
    lab.ip("rule add pref 32762 iif lo from 10.1.0.2 lookup 7701");
    lab.ip("rule add pref 9 protocol 77 from 10.1.0.2 lookup 100");
    lab.ip("-6 rule add pref 32761 lookup main");
    lab.ip("route add default table 7701 via 10.1.0.1 src 10.1.0.2 metric 1024");
    lab.ip("-6 route add default table 7702 via fd02::1 dev usb0 metric 1024");
    lab.ip("route add 192.0.2.0/24 proto 77 via 10.1.0.1");
    lab.ip("-6 route add fd09::/64 table 7703 dev wifi0");
    lab.ip("nexthop add id 77011 via 10.2.0.1 dev usb0");
    lab.ip("nexthop add id 77010 group 77011 proto 77");
    lab.ip("nexthop add id 5 via 10.2.0.1 dev usb0 proto 77");
    lab.ip("nexthop add id 77028 via 10.2.0.1 dev usb0");
    let before = lab.routing();
    lab.run(async |roots| {
        let four = found(&roots, Family::V4).await;
        let expected = [
            "route default table 7701 metric 1024 is in our table",
            "route 192.0.2.0/24 metric 0 has our protocol number 77",
            "rule 9: from 10.1.0.2 lookup 100 proto 77 has our protocol number",
            "rule 32762: from 10.1.0.2 iif lo lookup 7701 has our preference",
            "nexthop 5 has our protocol number 77",
            "nexthop 77010 has our protocol number 77",
            "nexthop 77011 is one of our numbers",
            "nexthop 77028 is one of our numbers",
        ];
        let mut taken = four.taken.clone();
        taken.sort();
        let mut sorted = expected.map(str::to_owned);
        sorted.sort();
        assert_eq!(taken, sorted);
        assert_eq!(four.foreign_rules.len(), 2);
        let six = found(&roots, Family::V6).await;
        let mut taken = six.taken.clone();
        taken.sort();
        assert_eq!(
            taken,
            [
                "route -6 default table 7702 metric 1024 is in our table",
                "route -6 fd09::/64 table 7703 metric 1024 is in our table",
                "rule 32761: from all lookup main has our preference",
            ]
        );
        assert!(four.ours.is_empty() && six.ours.is_empty());
        let mut door = Door::open(roots).unwrap();
        assert_eq!(door.restore_all().await.unwrap(), [""; 0]);
        // Even a removal of what isn't ours removes nothing.
        let objects = [Family::V4, Family::V6].map(|family| everything(&lab, family));
        let objects = objects.into_iter().flatten();
        let steps: Vec<_> = objects.map(Step::Remove).collect();
        door.take_steps(&steps).await.into_result().unwrap();
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn changes_while_looking_lose_nothing_of_ours() {
    let lab = lab();
    let storms = [
        ("-4", "192.0.2.", "10.1.0.1"),
        ("-6", "2001:db8::", "fd01::1"),
    ];
    let storms = storms.map(|(family, prefix, gateway)| {
        let name = format!("evkk-race{family}-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        std::fs::write(&file, storm(prefix, gateway)).unwrap();
        (family, file)
    });
    let mut looks = 0;
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        let objects = [Family::V4, Family::V6].map(|family| everything(&lab, family));
        for objects in &objects {
            add_all(&mut door, objects).await;
        }
        let ours = objects.map(|objects| objects.into_iter().collect::<BTreeSet<_>>());
        let mut others = storms
            .each_ref()
            .map(|(family, file)| lab.start_ip(&format!("{family} -batch {}", file.display())));
        while others
            .iter_mut()
            .any(|one| one.try_wait().unwrap().is_none())
        {
            match survey(&roots).await {
                Ok(survey) => {
                    looks += 1;
                    assert_eq!([&survey.v4.ours, &survey.v6.ours], ours.each_ref());
                    assert_eq!(survey.v4.uplinks.len(), 2);
                    assert_eq!(survey.v6.uplinks.len(), 2);
                }
                Err(busy) => assert!(matches!(busy, NetlinkError::Unsteady(_)), "{busy:?}"),
            }
        }
        for other in &mut others {
            assert!(other.wait().unwrap().success());
        }
    });
    for (_, file) in &storms {
        std::fs::remove_file(file).unwrap();
    }
    assert!(looks > 0, "not one look came to its end");
}

/// Commands for `ip -batch` that make and delete routes and rules, 250 of each at a time.
fn storm(prefix: &str, gateway: &str) -> String {
    let mut batch = String::new();
    for round in 0..6000 {
        let verb = if round / 250 % 2 == 0 { "add" } else { "del" };
        let number = round % 250;
        writeln!(batch, "route {verb} {prefix}{number} via {gateway}").unwrap();
        let preference = 1000 + number;
        writeln!(
            batch,
            "rule {verb} pref {preference} from {prefix}1 lookup 100"
        )
        .unwrap();
    }
    batch
}

#[test]
fn of_two_routers_defaults_with_one_metric_the_preferred_one_counts() {
    let lab = Lab::with_uplinks();
    lab.ip("-6 route add default via fd01::1 dev wifi0 metric 1024 pref low");
    // Without a gateway, as a second one from an advertisement, it makes no multipath route.
    lab.ip("-6 route append default dev usb0 metric 1024 pref high");
    lab.run(async |roots| {
        let found = found(&roots, Family::V6).await;
        assert_eq!(
            found.system_default.unwrap().ifindexes,
            [lab.ifindex("usb0")]
        );
    });
}

#[test]
fn an_address_counts_once_it_is_known_to_be_the_only_one() {
    let lab = lab();
    lab.run(async |roots| {
        Lab::set_sysctl("net.ipv6.conf.usb0.dad_transmits", "100");
        lab.ip("-6 addr add fd02::5/64 dev usb0");
        let address: IpAddr = "fd02::5".parse().unwrap();
        let found = found(&roots, Family::V6).await;
        let usb = lab.ifindex("usb0");
        let usb = found
            .uplinks
            .iter()
            .find(|uplink| uplink.ifindex == usb)
            .unwrap();
        assert!(
            !usb.addresses.iter().any(|(ip, _)| *ip == address),
            "{usb:?}"
        );
        lab.ip("-6 addr replace fd02::6/64 dev usb0 nodad");
        let found = self::found(&roots, Family::V6).await;
        let address = ("fd02::6".parse().unwrap(), 64);
        assert!(
            found
                .uplinks
                .iter()
                .any(|uplink| uplink.addresses.contains(&address))
        );
    });
}
