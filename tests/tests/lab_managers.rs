//! The lab's network managers are real: they make the defaults a desktop has, and what they and the
//! kernel do to others' rules, routes and nexthops is seen and named.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the helpers of these tests fail the test, as its own body would, and tell what they saw"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::managers::defaults::OURS;
use evenkeel_lab::managers::witness::{Notice, Witness};
use evenkeel_lab::{Event, Kind, Lab, LabError, LabSpec, Manager, Metered, Routes};

type Outcome = Result<(), LabError>;

fn managed(kind: Kind) -> Result<(Lab, Manager), LabError> {
    let mut lab = Lab::start(&LabSpec {
        routes: Routes::Managed,
        ..LabSpec::default()
    })?;
    lab.start_rig()?;
    let manager = lab.start_manager(kind)?;
    Ok((lab, manager))
}

/// Rules, tables, nexthops and defaults with a protocol number that no manager knows.
fn put_in(lab: &Lab) -> Outcome {
    let defaults = lab.default_routes()?;
    let best = |family| {
        let of_it = defaults.iter().filter(|route| route.family == family);
        of_it.map(|route| route.metric).min().unwrap() - 1
    };
    let (mut v4, mut v6, mut hops) = (String::new(), String::new(), String::new());
    for uplink in lab.uplinks() {
        let (n, name) = (uplink.number, uplink.name);
        let v6_gateway = defaults
            .iter()
            .find(|route| route.family == 6 && route.device == name)
            .and_then(|route| route.gateway)
            .unwrap();
        let gateway = uplink.gateway_v4();
        let _ = write!(
            v4,
            "rule add pref 32762 from {} lookup 770{n} protocol 77\n\
             route add default via {gateway} dev {name} table 770{n} proto 77\n\
             nexthop add id 7701{n} via {gateway} dev {name} protocol 77\n",
            uplink.host_v4()
        );
        let _ = write!(
            v6,
            "rule add pref 32762 from {}/64 lookup 770{n} protocol 77\n\
             route add default via {v6_gateway} dev {name} table 770{n} proto 77\n",
            uplink.prefix_v6()
        );
        let _ = write!(hops, " nexthop via {v6_gateway} dev {name}");
    }
    let _ = write!(
        v4,
        "nexthop add id 77010 group 77011/77012 type resilient buckets 128 idle_timer 120 proto 77\n\
         route add default proto 77 metric {} nhid 77010\n",
        best(4)
    );
    let _ = writeln!(v6, "route add default proto 77 metric {}{hops}", best(6));
    // A group of nexthops has no family, so `ip` must not be told one for it.
    for (family, batch) in [("-oneline", v4), ("-6", v6)] {
        let argv = ["ip", family, "-batch", "-"];
        lab.command("pc", argv).input(batch).text()?;
    }
    assert_eq!(ours(lab)?.len(), 4 + 4 + 3 + 2 + 2, "{:#?}", ours(lab)?);
    Ok(())
}

fn take_out(lab: &Lab) -> Outcome {
    for words in [
        "-4 rule flush protocol 77",
        "-6 rule flush protocol 77",
        "nexthop flush protocol 77",
        "-4 route flush table all proto 77",
        "-6 route flush table all proto 77",
    ] {
        // Nothing to flush is an error to `ip`.
        lab.command("pc", ["ip"].into_iter().chain(words.split(' ')))
            .output()?;
    }
    assert_eq!(ours(lab)?, BTreeSet::new());
    Ok(())
}

/// What there is with our protocol number, one line each.
fn ours(lab: &Lab) -> Result<BTreeSet<String>, LabError> {
    let mut found = BTreeSet::new();
    for (words, name) in [
        ("-4 rule", "v4 rule"),
        ("-6 rule", "v6 rule"),
        ("-4 -N route show table all proto 77", "v4"),
        ("-6 -N route show table all proto 77", "v6"),
        ("nexthop show proto 77", "nexthop"),
    ] {
        let text = lab
            .command("pc", ["ip", "-o"].into_iter().chain(words.split(' ')))
            .text()?;
        for line in text.lines() {
            if name.ends_with("rule") && !line.contains("proto 77") {
                continue;
            }
            // A multipath route's nexthops, each for itself.
            let (route, hops) = line.split_once('\\').unwrap_or((line, ""));
            let parts: Vec<&str> = if hops.is_empty() {
                vec![""]
            } else {
                hops.split('\\').collect()
            };
            for part in parts {
                let words: Vec<&str> = route
                    .split_whitespace()
                    .chain(part.split_whitespace())
                    .filter(|word| !word.starts_with("linkdown"))
                    .collect();
                found.insert(format!("{name} {}", words.join(" ")));
            }
        }
    }
    Ok(found)
}

/// What an event did.
struct Seen {
    /// Of ours: gone, and new.
    gone: BTreeSet<String>,
    new: BTreeSet<String>,
    notices: Vec<Notice>,
    /// The managers' own process number in the lab.
    pid: u32,
}

impl Seen {
    fn is_gone(&self, what: &str) -> bool {
        self.gone.iter().any(|line| line.contains(what))
    }

    /// Notices of a kind about objects with a protocol number.
    fn told(&self, kind: &str, protocol: u8) -> Vec<&Notice> {
        let of_it = |notice: &&Notice| notice.kind == kind && notice.protocol == protocol;
        self.notices.iter().filter(of_it).collect()
    }
}

/// Waits until nothing was noticed for a second.
fn settle(witness: &Witness) {
    let began = Instant::now();
    let (mut count, mut quiet) = (witness.notices().len(), began);
    while quiet.elapsed() < Duration::from_secs(1) && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
        let now = witness.notices().len();
        if now != count {
            (count, quiet) = (now, Instant::now());
        }
    }
}

/// Lets every event happen to `usb0` with all our objects in place and hands what it did to `check`.
fn through_every_event(kind: Kind, check: impl Fn(Event, &Seen)) -> Outcome {
    let (lab, mut manager) = managed(kind)?;
    let witness = lab.witness()?;
    let pid = manager.pid_in_lab()?;
    put_in(&lab)?;
    for event in Event::all(kind) {
        settle(&witness);
        let (before, from) = (ours(&lab)?, witness.notices().len());
        manager.cause(&lab, event, "usb0")?;
        settle(&witness);
        manager.wait_after(&lab, event, "usb0")?;
        settle(&witness);
        let after = ours(&lab)?;
        let seen = Seen {
            gone: before.difference(&after).cloned().collect(),
            new: after.difference(&before).cloned().collect(),
            notices: witness.notices()[from..].to_vec(),
            pid,
        };
        eprintln!("\n{kind:?} (process {pid}), {event:?}:");
        for notice in &seen.notices {
            eprintln!("{notice}");
        }
        for (sign, lines) in [("gone", &seen.gone), ("new", &seen.new)] {
            for line in lines {
                eprintln!("  {sign}: {line}");
            }
        }
        check(event, &seen);
        if event == Event::Suspend {
            assert!(asleep(&lab)?, "logind's stand-in says that we are awake");
        }
        if event.leaves_all_defaults(kind) {
            take_out(&lab)?;
            put_in(&lab)?;
        }
    }
    assert!(!asleep(&lab)?);
    Ok(())
}

/// What logind's property says to the helper's user.
fn asleep(lab: &Lab) -> Result<bool, LabError> {
    let value = property(
        lab,
        "org.freedesktop.login1",
        "/org/freedesktop/login1",
        "org.freedesktop.login1.Manager",
        "PreparingForSleep",
    )?;
    Ok(value == "boolean true")
}

fn property(
    lab: &Lab,
    name: &str,
    path: &str,
    interface: &str,
    property: &str,
) -> Result<String, LabError> {
    let destination = format!("--dest={name}");
    let (interface, property) = (format!("string:{interface}"), format!("string:{property}"));
    let argv = [
        "dbus-send",
        "--system",
        "--print-reply=literal",
        &destination,
        path,
        "org.freedesktop.DBus.Properties.Get",
        &interface,
        &property,
    ];
    let said = lab.command_as("evenkeel", argv)?.text()?;
    let words: Vec<&str> = said.split_whitespace().skip(1).collect();
    Ok(words.join(" "))
}

/// What the kernel alone does to us when a carrier goes, whoever manages the link.
fn a_lost_carrier_takes_the_nexthop_without_a_word(seen: &Seen) {
    assert!(seen.is_gone("id 77012 "), "{:?}", seen.gone);
    assert!(
        seen.new
            .iter()
            .any(|line| line.starts_with("nexthop id 77010 group 77011 ")),
        "{:?}",
        seen.new
    );
    assert!(!seen.is_gone("rule") && !seen.is_gone("v6 default metric"));
    assert_eq!(seen.told("RTM_DELNEXTHOP", 77), Vec::<&Notice>::new());
    assert_eq!(seen.told("RTM_NEWNEXTHOP", 77), Vec::<&Notice>::new());
    assert!(
        seen.notices
            .iter()
            .any(|n| n.about == "usb0 up, no carrier")
    );
}

fn the_routers_default_goes_by_the_managers_hand(seen: &Seen) {
    let told = seen.told("RTM_DELROUTE", 9);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].requester, told[0].family), (seen.pid, 6));
    assert_eq!(
        seen.gone,
        BTreeSet::new(),
        "our routes are not the router's"
    );
}

#[test]
fn network_manager_spares_our_main_route_and_rules_but_not_a_tables_route() -> Outcome {
    through_every_event(Kind::NetworkManager, |event, seen| match event {
        Event::ConnectionUp => {
            assert_eq!(seen.gone.len(), 2, "{:?}", seen.gone);
            assert!(seen.is_gone("v4 default via 10.2.0.1 dev usb0 table 7702"));
            assert!(
                seen.gone
                    .iter()
                    .any(|line| line.starts_with("v6") && line.contains("7702"))
            );
            // The kernel tells of the IPv6 one, and not of the IPv4 one.
            let told = seen.told("RTM_DELROUTE", 77);
            assert_eq!(told.len(), 1, "{told:?}");
            assert_eq!((told[0].family, told[0].requester), (6, 0));
            // The routes that come back name their maker.
            let told = seen.told("RTM_NEWROUTE", 4);
            assert!(
                told.iter().all(|notice| notice.requester == seen.pid),
                "{told:?}"
            );
            assert!(!told.is_empty());
        }
        Event::CarrierLost => a_lost_carrier_takes_the_nexthop_without_a_word(seen),
        Event::RouterWithdrawn => the_routers_default_goes_by_the_managers_hand(seen),
        Event::Suspend => {
            assert!(!seen.is_gone("rule"), "{:?}", seen.gone);
            assert!(seen.is_gone("v4 default nhid 77010"), "{:?}", seen.gone);
        }
        Event::CarrierBack | Event::Resume => assert!(!seen.is_gone("rule"), "{:?}", seen.gone),
        _ => assert_eq!(seen.gone, BTreeSet::new(), "{event:?}"),
    })
}

#[test]
fn a_short_loss_of_carrier_changes_nothing_for_network_manager_and_takes_our_nexthop() -> Outcome {
    let (lab, mut manager) = managed(Kind::NetworkManager)?;
    let defaults = lab.default_routes()?;
    put_in(&lab)?;
    let (before, witness) = (ours(&lab)?, lab.witness()?);
    manager.cause(&lab, Event::CarrierLost, "usb0")?;
    let lost = || {
        let mut notices = witness.notices().into_iter();
        Ok(notices.any(|notice| notice.about == "usb0 up, no carrier"))
    };
    wait_until("the loss of the carrier", Duration::from_secs(5), lost)?;
    manager.cause(&lab, Event::CarrierBack, "usb0")?;
    settle(&witness);
    let mut now = lab.default_routes()?;
    now.retain(|route| route.protocol != OURS);
    assert_eq!(now, defaults);
    let after = ours(&lab)?;
    let gone: Vec<_> = before.difference(&after).collect();
    assert!(
        gone.iter().any(|line| line.contains("id 77012 ")),
        "{gone:?}"
    );
    assert!(
        !gone
            .iter()
            .any(|line| line.contains("table") || line.contains("rule")),
        "{gone:?}"
    );
    let told = witness.notices();
    assert!(told.iter().all(|notice| notice.requester == 0), "{told:?}");
    assert!(
        told.iter().all(|notice| notice.protocol != OURS),
        "{told:?}"
    );
    Ok(())
}

#[test]
fn networkd_takes_every_foreign_rule_away_and_all_that_the_link_carries() -> Outcome {
    through_every_event(Kind::Networkd, |event, seen| match event {
        Event::Reapply => {
            for what in [
                "v4 rule",
                "v6 rule",
                "nexthop id 77010",
                "v4 default nhid",
                "table 7702",
            ] {
                assert!(seen.is_gone(what), "{what} is still there; {:?}", seen.gone);
            }
            assert!(
                !seen.is_gone("id 77011 ") && !seen.is_gone("table 7701 "),
                "{:?}",
                seen.gone
            );
            // All of it at its own request, so that it can be named.
            let rules = seen.told("RTM_DELRULE", 77);
            assert_eq!(rules.len(), 4, "{rules:?}");
            for notice in [rules, seen.told("RTM_DELROUTE", 77)].concat() {
                assert_eq!(notice.requester, seen.pid, "{notice}");
            }
        }
        Event::CarrierLost => a_lost_carrier_takes_the_nexthop_without_a_word(seen),
        Event::RouterWithdrawn => the_routers_default_goes_by_the_managers_hand(seen),
        // What it does after sleep has changed between versions.
        Event::CarrierBack | Event::Resume => {}
        _ => assert_eq!(seen.gone, BTreeSet::new(), "{event:?}"),
    })
}

#[test]
fn every_uplink_has_the_defaults_of_its_manager_in_both_families() -> Outcome {
    // Family, device, protocol, metric, multipath; static is 4 and a router's advertisement 9.
    let expected = |v6: [u32; 2], multipath| {
        [
            (4, "usb0", 4, 100, false),
            (4, "wifi0", 4, 600, false),
            (6, "usb0", 9, v6[0], multipath),
            (6, "wifi0", 9, v6[1], multipath),
        ]
    };
    // networkd gives both routers the same metric, and the kernel makes one route of them.
    for (kind, expected, name) in [
        (
            Kind::NetworkManager,
            expected([100, 600], false),
            "NetworkManager",
        ),
        (
            Kind::Networkd,
            expected([1024, 1024], true),
            "systemd-network",
        ),
    ] {
        let (lab, manager) = managed(kind)?;
        let mut routes = lab.default_routes()?;
        routes.sort();
        let seen: Vec<_> = routes
            .iter()
            .map(|r| {
                (
                    r.family,
                    r.device.as_str(),
                    r.protocol,
                    r.metric,
                    r.multipath,
                )
            })
            .collect();
        assert_eq!(seen, expected, "{kind:?}");
        let comm = format!("/proc/{}/comm", manager.pid_in_lab()?);
        assert_eq!(lab.command("pc", ["cat", &comm]).text()?.trim(), name);
        // The bus knows the number too, and tells it to the helper, which may not look into /proc.
        let name = format!("string:{}", kind.bus_name());
        let argv = [
            "dbus-send",
            "--system",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.GetConnectionUnixProcessID",
            &name,
        ];
        let said = lab.command_as("evenkeel", argv)?.text()?;
        assert_eq!(said.trim(), format!("uint32 {}", manager.pid_in_lab()?));
        // The addresses work, through each router.
        for target in ["203.0.113.1", "2001:db8:6::1"] {
            for uplink in lab.uplinks() {
                let argv = ["ping", "-c1", "-W5", "-I", uplink.name, target];
                lab.command("pc", argv).text()?;
            }
        }
    }
    Ok(())
}

#[test]
fn network_manager_tells_the_helpers_user_what_is_metered() -> Outcome {
    let (lab, manager) = managed(Kind::NetworkManager)?;
    let name = Kind::NetworkManager.bus_name();
    let argv = [
        "dbus-send",
        "--system",
        "--print-reply=literal",
        "--dest=org.freedesktop.NetworkManager",
        "/org/freedesktop/NetworkManager",
        "org.freedesktop.NetworkManager.GetDeviceByIpIface",
        "string:usb0",
    ];
    let path = lab.command_as("evenkeel", argv)?.text()?;
    let interface = "org.freedesktop.NetworkManager.Device";
    let metered = || property(&lab, name, path.trim(), interface, "Metered");
    // NMMetered: 1 yes, 2 no, 3 guessed yes, 4 guessed no.
    for (word, value) in [
        (Metered::Yes, "uint32 1"),
        (Metered::No, "uint32 2"),
        (Metered::Unknown, "uint32 4"),
    ] {
        manager.set_metered("usb0", word)?;
        assert_eq!(metered()?, value, "{word:?}");
    }
    Ok(())
}

#[test]
fn a_network_manager_needs_bare_uplinks_and_the_bus() -> Outcome {
    for routes in [Routes::Separate, Routes::Managed] {
        let mut lab = Lab::start(&LabSpec {
            routes,
            ..LabSpec::default()
        })?;
        if routes != Routes::Managed {
            lab.start_rig()?;
        }
        let refused = lab.start_networkd().map(drop).unwrap_err().to_string();
        assert!(refused.contains("it was not started"), "{refused}");
    }
    Ok(())
}

#[test]
fn each_manager_knows_its_own_orders_only() -> Outcome {
    let (lab, mut manager) = managed(Kind::Networkd)?;
    for event in [Event::ConnectionUp, Event::VpnDown] {
        assert!(manager.cause(&lab, event, "usb0").is_err(), "{event:?}");
    }
    assert!(manager.set_router_lifetime("eth0", 0).is_err());
    Ok(())
}

/// Every file of the host that a manager could have written to, with its time of change.
fn host_files() -> Vec<(PathBuf, Option<SystemTime>)> {
    let mut found = Vec::new();
    let mut todo: Vec<PathBuf> = [
        "/etc/NetworkManager",
        "/etc/systemd/network",
        "/var/lib/NetworkManager",
        "/run/NetworkManager",
        "/run/systemd",
        "/etc/resolv.conf",
        "/etc/hostname",
    ]
    .map(PathBuf::from)
    .into();
    while let Some(path) = todo.pop() {
        let changed = std::fs::symlink_metadata(&path).and_then(|meta| meta.modified());
        let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
        todo.extend(entries.map(|entry| entry.path()));
        found.push((path, changed.ok()));
    }
    found.sort();
    found
}

#[test]
fn nothing_of_a_manager_reaches_the_host_or_outlives_the_lab() -> Outcome {
    let mounts = || std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = (mounts(), host_files());
    for kind in [Kind::NetworkManager, Kind::Networkd] {
        let (lab, mut manager) = managed(kind)?;
        manager.vpn_up()?;
        let pid = manager.daemon().pid().unwrap();
        assert!(Path::new(&format!("/proc/{pid}")).exists());
        assert!(
            (mounts(), host_files()) == before,
            "{kind:?} is seen outside"
        );
        // The daemon sees a read-only /sys; the rest of the lab does not.
        lab.command("pc", ["test", "-w", "/sys"]).text()?;
        drop(lab);
        assert!(
            !Path::new(&format!("/proc/{pid}")).exists(),
            "{kind:?} lives on"
        );
        drop(manager);
    }
    assert!((mounts(), host_files()) == before, "something was left");
    Ok(())
}
