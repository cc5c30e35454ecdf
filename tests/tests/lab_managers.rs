//! The lab's network managers are real: they make the defaults a desktop has, and what they and the
//! kernel do to others' rules, routes and nexthops is seen and named.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "the helpers of these tests fail the test, as its own body would, and tell what they saw"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use evenkeel_lab::managers::witness::{Notice, Witness};
use evenkeel_lab::{Event, Kind, Lab, LabError, LabSpec, Manager, Routes};

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

/// Waits until nothing was noticed for 1.5 s; what was noticed since `from`, and the time to the last
/// of it that was not a mere link or address message.
fn settle_for(witness: &Witness, from: usize, q: u64) -> Vec<Notice> {
    let began = Instant::now();
    let mut count = from;
    let mut quiet = Instant::now();
    while quiet.elapsed() < Duration::from_millis(q) && began.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
        let now = witness.notices().len();
        if now != count {
            (count, quiet) = (now, Instant::now());
        }
    }
    witness.notices()[from..].to_vec()
}

fn settle(witness: &Witness, from: usize) -> Vec<Notice> { settle_for(witness, from, 2500) }
fn explore(kind: Kind) -> Outcome {
    let (lab, mut manager) = managed(kind)?;
    let pid = manager.pid_in_lab()?;
    eprintln!("{kind:?} pid {pid}");
    eprintln!("{}", lab.command("pc", ["cat", "/proc/net/netlink"]).text()?);
    eprintln!("{}", lab.command("pc", ["ps", "axf"]).text()?);
    if kind == Kind::NetworkManager {
    for d in ["wifi0","usb0"] {
        for m in [evenkeel_lab::Metered::Yes, evenkeel_lab::Metered::No, evenkeel_lab::Metered::Unknown] {
        let t = Instant::now();
        manager.set_metered(d, m)?;
        let t = t.elapsed();
        let o = lab.command_as("evenkeel", ["dbus-send","--system","--print-reply","--dest=org.freedesktop.NetworkManager","/org/freedesktop/NetworkManager","org.freedesktop.NetworkManager.GetDeviceByIpIface",&format!("string:{d}")])?.output()?;
        eprintln!("{} {}", o.stdout, o.stderr);
        let path = o.stdout.split('"').nth(1).unwrap_or("/x").to_owned();
        let o = lab.command_as("evenkeel", ["dbus-send","--system","--print-reply","--dest=org.freedesktop.NetworkManager",&path,"org.freedesktop.DBus.Properties.Get","string:org.freedesktop.NetworkManager.Device","string:Metered"])?.output()?;
        eprintln!("{d} {m:?} {t:?} {} {}", o.stdout, o.stderr);
        }
    }
    }
    let witness = lab.witness()?;
    std::thread::sleep(Duration::from_secs(3));
    put_in(&lab)?;
    settle(&witness, 0);
    eprintln!("after put_in {:#?}", ours(&lab)?);
    for event in Event::all(kind) {
        let before = ours(&lab)?;
        let from = witness.notices().len();
        let t0 = witness.notices().last().map(|n| n.at).unwrap_or_default();
        let start = Instant::now();
        manager.cause(&lab, event, "usb0")?;
        let took = start.elapsed();
        let notices = settle_for(&witness, from, if event == Event::CarrierLost {9000} else {2500});
        eprintln!("=== {event:?} (order took {took:?}, t0 {t0:?})");
        for n in &notices {
            eprintln!("{n}");
        }
        let after = ours(&lab)?;
        for gone in before.difference(&after) {
            eprintln!("  GONE {gone}");
        }
        for new in after.difference(&before) {
            eprintln!("  NEW {new}");
        }
        for r in lab.default_routes()? {
            if r.protocol != 77 {
                eprintln!("  {r:?}");
            }
        }
        if event.leaves_all_defaults(kind) {
            manager.wait_for_defaults(&lab)?;
            take_out(&lab)?;
            put_in(&lab)?;
            settle(&witness, witness.notices().len());
        }
    }
    eprintln!("{}\n{}", manager.daemon().stdout_text(), manager.daemon().stderr_text());
    Ok(())
}

#[test]
fn explore_nm() -> Outcome {
    explore(Kind::NetworkManager)
}

#[test]
fn explore_nd() -> Outcome {
    explore(Kind::Networkd)
}
