//! A plan's objects, one kind at a time: made, found again, replaced, removed without a trace.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::UdpSocket,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use evenkeel_core::plan::{
    Action, Family, Found, Group, Hop, Nexthop, Object, Prefix, Route, Rule, Selector, Step, Via,
    numbers::{
        FIRST_NEXTHOP, FIRST_TABLE, GROUP, PREFERENCE_FORWARDED, PREFERENCE_MAIN, PREFERENCE_PORT,
        PREFERENCE_SOURCE,
    },
};
use evenkeeld::kernel::{
    Roots, abilities::NEXTHOPS, door::Door, error::NetlinkError, netlink::dump_nexthops,
    survey::survey,
};

use crate::lab::Lab;

/// The way out over the uplink with this number, 1 or 2.
pub fn hop(lab: &Lab, family: Family, number: u32) -> Hop {
    let gateway = match family {
        Family::V4 => format!("10.{number}.0.1"),
        Family::V6 => format!("fd0{number}::1"),
    };
    let ifindex = lab.ifindex(if number == 1 { "wifi0" } else { "usb0" });
    Hop {
        ifindex,
        gateway: gateway.parse().unwrap(),
    }
}

pub fn route(family: Family, table: u32, metric: u32, via: Via) -> Object {
    Object::Route(Route {
        family,
        table,
        metric,
        via,
    })
}

pub fn rule(family: Family, preference: u32, selector: Selector, action: Action) -> Object {
    Object::Rule(Rule {
        family,
        preference,
        selector,
        action,
    })
}

pub fn nexthop(lab: &Lab, number: u32) -> Object {
    Object::Nexthop(Nexthop {
        id: FIRST_NEXTHOP + number - 1,
        hop: hop(lab, Family::V4, number),
    })
}

pub fn group(first: u16, second: u16) -> Object {
    Object::Group(Group {
        id: GROUP,
        members: BTreeMap::from([(FIRST_NEXTHOP, first), (FIRST_NEXTHOP + 1, second)]),
        buckets: 65_535,
        idle_timer_s: 5,
    })
}

/// One of everything of a family, in an order in which it can be added.
pub fn everything(lab: &Lab, family: Family) -> Vec<Object> {
    let (source, from) = match family {
        Family::V4 => ("10.1.0.2", ("10.1.0.2", 32)),
        Family::V6 => ("fd01::2", ("fd01::", 64)),
    };
    let from = Selector::From(Prefix {
        address: from.0.parse().unwrap(),
        length: from.1,
    });
    let via = |number, source| Via::Hop {
        hop: hop(lab, family, number),
        source,
    };
    let source = Some(source.parse().unwrap());
    let tables = [
        route(family, FIRST_TABLE, 1024, via(1, source)),
        route(family, FIRST_TABLE + 1, 1024, via(2, None)),
    ];
    let rules = [
        rule(
            family,
            PREFERENCE_MAIN,
            Selector::All,
            Action::MainWithoutDefaults,
        ),
        rule(family, PREFERENCE_SOURCE, from, Action::Table(FIRST_TABLE)),
        rule(
            family,
            PREFERENCE_PORT,
            Selector::UdpPort(27_005),
            Action::Table(FIRST_TABLE + 1),
        ),
        rule(
            family,
            PREFERENCE_FORWARDED,
            Selector::Forwarded,
            Action::Table(FIRST_TABLE),
        ),
    ];
    let leading = match family {
        Family::V4 => vec![
            nexthop(lab, 1),
            nexthop(lab, 2),
            group(65_535, 1),
            route(family, 254, 99, Via::Group(GROUP)),
        ],
        Family::V6 => vec![route(family, 254, 99, via(2, None))],
    };
    tables.into_iter().chain(rules).chain(leading).collect()
}

pub async fn found(roots: &Roots, family: Family) -> Found {
    let survey = survey(roots).await.unwrap();
    match family {
        Family::V4 => survey.v4,
        Family::V6 => survey.v6,
    }
}

/// Take steps that must all succeed.
pub async fn take(door: &mut Door, steps: &[Step]) {
    door.take_steps(steps).await.into_result().unwrap();
}

pub async fn add_all(door: &mut Door, objects: &[Object]) {
    let steps: Vec<_> = objects.iter().cloned().map(Step::Add).collect();
    take(door, &steps).await;
}

/// Two uplinks with a default each, of which ours shall be better.
pub fn lab() -> Lab {
    let lab = Lab::with_uplinks();
    for (dev, number, metric) in [("wifi0", 1, 100), ("usb0", 2, 200)] {
        lab.ip(&format!(
            "route add default via 10.{number}.0.1 dev {dev} proto dhcp src 10.{number}.0.2 metric {metric}"
        ));
        lab.ip(&format!(
            "-6 route add default via fd0{number}::1 dev {dev} proto ra metric {metric}"
        ));
    }
    lab
}

#[test]
fn every_object_is_found_again_as_it_was_made_and_leaves_no_trace() {
    for family in [Family::V4, Family::V6] {
        let lab = lab();
        let before = lab.routing();
        let objects = everything(&lab, family);
        lab.run(async |roots| {
            let mut door = Door::open(roots.clone()).unwrap();
            let mut there = BTreeSet::new();
            for object in &objects {
                add_all(&mut door, std::slice::from_ref(object)).await;
                there.insert(object.clone());
                let found = found(&roots, family).await;
                assert_eq!(found.ours, there, "after {object:?}");
                assert_eq!(found.taken, [""; 0]);
                assert_eq!(found.foreign_rules, [""; 0]);
                let again = door.take_steps(&[Step::Add(object.clone())]).await;
                let (_, cause) = again.refused.unwrap();
                assert!(matches!(cause, NetlinkError::Exists(_)), "{cause:?}");
            }
            for object in objects.iter().rev() {
                take(&mut door, &[Step::Remove(object.clone())]).await;
                there.remove(object);
                assert_eq!(
                    found(&roots, family).await.ours,
                    there,
                    "without {object:?}"
                );
                // That it is gone already is as good.
                take(&mut door, &[Step::Remove(object.clone())]).await;
            }
        });
        assert_eq!(lab.routing(), before);
    }
}

#[test]
fn ip_shows_them_as_the_recipe_does() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        for family in [Family::V4, Family::V6] {
            add_all(&mut door, &everything(&lab, family)).await;
        }
    });
    let rules = "0:\tfrom all lookup local\n\
        32761:\tfrom all lookup main suppress_prefixlength 0 proto 77\n\
        32762:\tfrom SOURCE iif lo lookup 7701 proto 77\n\
        32763:\tfrom all iif lo ipproto udp sport 27005 lookup 7702 proto 77\n\
        32764:\tnot from all iif lo lookup 7701 proto 77\n\
        32766:\tfrom all lookup main\n";
    let last = "32767:\tfrom all lookup default\n";
    assert_eq!(
        lab.ip("-4 rule"),
        rules.replace("SOURCE", "10.1.0.2") + last
    );
    assert_eq!(lab.ip("-6 rule"), rules.replace("SOURCE", "fd01::/64"));
    assert_eq!(
        lab.ip("-4 route show table 7701"),
        "default via 10.1.0.1 dev wifi0 proto 77 src 10.1.0.2 metric 1024 \n"
    );
    assert_eq!(
        lab.ip("-6 route show table 7701"),
        "default via fd01::1 dev wifi0 proto 77 src fd01::2 metric 1024 pref medium\n"
    );
    let main = lab.default_route("-4");
    assert!(
        main.starts_with("default nhid 77010 proto 77 metric 99 "),
        "{main}"
    );
    let main = lab.default_route("-6");
    assert!(
        main.starts_with("default via fd02::1 dev usb0 proto 77 metric 99 "),
        "{main}"
    );
    let nexthops = lab.ip("nexthop");
    assert!(
        nexthops.contains("id 77011 via 10.1.0.1 dev wifi0 scope link proto 77"),
        "{nexthops}"
    );
    assert!(
        nexthops.contains("type resilient buckets 65535 idle_timer 5 ")
            && nexthops.contains("id 77010 group 77011,"),
        "{nexthops}"
    );
}

#[test]
fn a_replaced_object_takes_the_place_of_ours_and_resurrects_nothing() {
    let lab = lab();
    let before = lab.routing();
    for family in [Family::V4, Family::V6] {
        let via = |number, source| Via::Hop {
            hop: hop(&lab, family, number),
            source,
        };
        let mut changes = vec![
            (
                route(family, FIRST_TABLE, 1024, via(1, None)),
                route(family, FIRST_TABLE, 1024, via(2, None)),
            ),
            (
                route(family, 254, 99, via(1, None)),
                route(family, 254, 99, via(2, None)),
            ),
        ];
        if family == Family::V4 {
            let moved = Object::Nexthop(Nexthop {
                id: FIRST_NEXTHOP,
                hop: Hop {
                    gateway: "10.1.0.9".parse().unwrap(),
                    ..hop(&lab, family, 1)
                },
            });
            changes.push((nexthop(&lab, 1), moved));
        }
        lab.run(async |roots| {
            let mut door = Door::open(roots.clone()).unwrap();
            for (from, to) in changes {
                let step = Step::Replace {
                    from: from.clone(),
                    to: to.clone(),
                };
                let refused = door.take_steps(std::slice::from_ref(&step)).await.refused;
                let (_, cause) = refused.unwrap();
                assert!(matches!(cause, NetlinkError::Gone), "{cause:?}");
                assert_eq!(found(&roots, family).await.ours, BTreeSet::new());
                add_all(&mut door, &[from]).await;
                take(&mut door, &[step]).await;
                assert_eq!(
                    found(&roots, family).await.ours,
                    BTreeSet::from([to.clone()])
                );
                take(&mut door, &[Step::Remove(to)]).await;
            }
        });
    }
    assert_eq!(lab.routing(), before);
}

#[test]
fn weights_of_16_bits_reach_the_kernel_and_come_back() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        add_all(
            &mut door,
            &[nexthop(&lab, 1), nexthop(&lab, 2), group(1, 65_535)],
        )
        .await;
        let mut from = group(1, 65_535);
        for (first, second) in [(65_535, 1), (256, 257), (1, 1), (40_000, 3)] {
            let to = group(first, second);
            take(
                &mut door,
                &[Step::Replace {
                    from,
                    to: to.clone(),
                }],
            )
            .await;
            assert!(found(&roots, Family::V4).await.ours.contains(&to), "{to:?}");
            from = to;
        }
    });
}

#[test]
fn a_group_with_other_buckets_is_refused_in_the_kernels_words() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        add_all(
            &mut door,
            &[nexthop(&lab, 1), nexthop(&lab, 2), group(1, 1)],
        )
        .await;
        let Object::Group(mut other) = group(1, 1) else {
            unreachable!("a group is a group")
        };
        other.buckets = 8192;
        let step = Step::Replace {
            from: group(1, 1),
            to: Object::Group(other),
        };
        let refused = door.take_steps(&[step]).await.into_result().unwrap_err();
        let sentence = refused.to_string();
        assert!(
            sentence.starts_with("ip nexthop replace id 77010 "),
            "{sentence}"
        );
        assert!(
            sentence.contains("Kernel: Can not change number of buckets"),
            "{sentence}"
        );
        assert!(sentence.ends_with("; nothing was changed"), "{sentence}");
    });
}

#[test]
fn a_refusal_stops_the_steps_and_says_which_were_taken() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        // The group's second member is missing.
        let objects = [nexthop(&lab, 1), group(1, 1), nexthop(&lab, 2)];
        let taken = door.take_steps(&objects.clone().map(Step::Add)).await;
        assert_eq!(taken.count, 1);
        let sentence = taken.into_result().unwrap_err().to_string();
        assert!(
            sentence.contains("what they made can be removed"),
            "{sentence}"
        );
        let there = BTreeSet::from([nexthop(&lab, 1)]);
        assert_eq!(found(&roots, Family::V4).await.ours, there);
    });
}

#[test]
fn a_gateway_outside_its_interfaces_networks_is_taken_on_trust() {
    let lab = Lab::with_uplinks();
    let before = lab.routing();
    let outside = |family, gateway: &str| Hop {
        gateway: gateway.parse().unwrap(),
        ..hop(&lab, family, 1)
    };
    let (v4, v6) = (
        outside(Family::V4, "192.0.2.1"),
        outside(Family::V6, "2001:db8::1"),
    );
    let via = |hop| Via::Hop { hop, source: None };
    let objects = [
        Object::Nexthop(Nexthop {
            id: FIRST_NEXTHOP,
            hop: v4,
        }),
        route(Family::V4, FIRST_TABLE, 1024, via(v4)),
        route(Family::V6, FIRST_TABLE, 1024, via(v6)),
        // Link-local, as most routers of IPv6 are.
        route(
            Family::V6,
            FIRST_TABLE + 1,
            1024,
            via(outside(Family::V6, "fe80::1")),
        ),
    ];
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        add_all(&mut door, &objects).await;
        let survey = survey(&roots).await.unwrap();
        let there: BTreeSet<_> = survey.v4.ours.union(&survey.v6.ours).cloned().collect();
        assert_eq!(there, objects.clone().into());
        for object in objects.into_iter().rev() {
            take(&mut door, &[Step::Remove(object)]).await;
        }
    });
    assert_eq!(lab.routing(), before);
}

#[test]
fn what_the_kernel_can_do_is_found_out_without_a_trace() {
    let lab = lab();
    let before = lab.routing();
    // As a killed helper may have left it.
    lab.ip(&format!(
        "nexthop add id {} blackhole proto 77",
        NEXTHOPS[0]
    ));
    lab.run(async |roots| {
        let found = found(&roots, Family::V4).await;
        assert_eq!((found.taken, found.ours), (Vec::new(), BTreeSet::new()));
        let abilities = Door::open(roots).unwrap().abilities().await.unwrap();
        // True of the kernels these tests run on, 6.12 and later.
        assert!(abilities.resilient_groups);
    });
    assert_eq!(lab.routing(), before);
    lab.ip(&format!(
        "nexthop add id {} blackhole proto 77",
        NEXTHOPS[0]
    ));
    lab.run(async |roots| Door::open(roots).unwrap().restore_all().await)
        .unwrap();
    assert_eq!(lab.routing(), before);
}

#[test]
fn everything_of_ours_is_removed_by_its_protocol_number_with_the_default_first() {
    let lab = lab();
    let before = lab.routing();
    lab.run(async |roots| {
        let mut door = Door::open(roots).unwrap();
        for family in [Family::V4, Family::V6] {
            add_all(&mut door, &everything(&lab, family)).await;
        }
    });
    let said = lab.run(async |roots| Door::open(roots).unwrap().restore_all().await);
    assert_eq!(lab.routing(), before);
    let said = said.unwrap();
    assert_eq!(said.len(), 17, "{said:#?}");
    let of_main = |line: &String| line.contains(" metric 99 ");
    assert!(said[..2].iter().all(of_main), "{said:#?}");
    assert!(!said[2..].iter().any(of_main), "{said:#?}");
    assert_eq!(
        said[0],
        "removed: route default proto 77 metric 99 nhid 77010"
    );
    let again = lab.run(async |roots| Door::open(roots).unwrap().restore_all().await);
    assert_eq!(again.unwrap(), [""; 0]);
}

#[test]
fn carrier_loss_takes_the_nexthops_and_the_next_look_sees_it() {
    let lab = lab();
    lab.run(async |roots| {
        let mut door = Door::open(roots.clone()).unwrap();
        add_all(&mut door, &everything(&lab, Family::V4)).await;
        lab.unplug("usb0", "far1");
        let now = found(&roots, Family::V4).await;
        assert!(!now.ours.contains(&nexthop(&lab, 2)), "{:?}", now.ours);
        assert!(now.ours.contains(&nexthop(&lab, 1)));
        let uplinks: Vec<_> = now.uplinks.iter().map(|uplink| uplink.ifindex).collect();
        assert_eq!(uplinks, [lab.ifindex("wifi0")]);
        lab.unplug("wifi0", "far0");
        let now = found(&roots, Family::V4).await;
        assert!(!now.ours.iter().any(|one| matches!(one, Object::Group(_))));
        assert!(
            !now.ours
                .contains(&route(Family::V4, 254, 99, Via::Group(GROUP)))
        );
    });
    assert_eq!(lab.run(async |_| dump_nexthops().await).unwrap(), []);
}

#[test]
fn while_a_default_is_replaced_every_lookup_finds_one() {
    for (family, target) in [(Family::V4, "192.0.2.1:9"), (Family::V6, "[2001:db8::1]:9")] {
        let lab = Lab::with_uplinks(); // without a default of the system's own to fall back on
        let leading = |number| {
            let hop = hop(&lab, family, number);
            route(family, 254, 99, Via::Hop { hop, source: None })
        };
        let defaults = [leading(1), leading(2)];
        lab.run(async |roots| {
            add_all(&mut Door::open(roots).unwrap(), &defaults[..1]).await;
        });
        let (done, mut lookups) = (AtomicBool::new(false), 0);
        thread::scope(|scope| {
            scope.spawn(|| {
                lab.run(async |roots| {
                    let mut door = Door::open(roots).unwrap();
                    for round in 0..1000 {
                        let (from, to) = (&defaults[round % 2], &defaults[1 - round % 2]);
                        let (from, to) = (from.clone(), to.clone());
                        take(&mut door, &[Step::Replace { from, to }]).await;
                    }
                });
                done.store(true, Ordering::Relaxed);
            });
            lab.run(async |_| {
                while !done.load(Ordering::Relaxed) {
                    let any = if family == Family::V4 {
                        "0.0.0.0:0"
                    } else {
                        "[::]:0"
                    };
                    let socket = UdpSocket::bind(any).unwrap();
                    socket.connect(target).unwrap();
                    lookups += 1;
                }
            });
        });
        assert!(lookups > 0);
    }
}
