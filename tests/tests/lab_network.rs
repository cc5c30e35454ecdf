//! The lab's network does what it says: delays, losses, dropped foreign sources, masquerading.

use std::net::IpAddr;

use evenkeel_lab::topology::{ANCHOR_V4, ANCHOR_V6};
use evenkeel_lab::{Lab, LabError, LabSpec, Output, Routes};

type Outcome = Result<(), LabError>;

fn ping(lab: &Lab, device: &str, target: IpAddr, count: u32) -> Result<Output, LabError> {
    let (count, target) = (count.to_string(), target.to_string());
    let argv = [
        "ping", "-i", "0.02", "-W", "2", "-c", &count, "-I", device, &target,
    ];
    lab.command("pc", argv).output()
}

/// Median round-trip time in milliseconds.
fn median_ms(output: &Output) -> f64 {
    let mut times: Vec<f64> = output
        .stdout
        .lines()
        .filter_map(|line| {
            line.split_once("time=")?
                .1
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    assert!(!times.is_empty(), "no reply: {output:?}");
    times[times.len() / 2]
}

fn anchors() -> [IpAddr; 2] {
    [ANCHOR_V4.into(), ANCHOR_V6.into()]
}

#[test]
fn each_uplink_has_the_delay_it_was_given_in_both_families() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    lab.link("wifi0")?.set("both delay_us=20000")?;
    lab.link("usb0")?.set("both delay_us=5000")?;
    for target in anchors() {
        let slow = median_ms(&ping(&lab, "wifi0", target, 15)?);
        let fast = median_ms(&ping(&lab, "usb0", target, 15)?);
        // Set 30 ms apart.
        assert!(slow > fast + 15.0, "{slow} and {fast} ms to {target}");
    }
    lab.link("wifi0")?.set("both delay_us=0")?;
    let now = median_ms(&ping(&lab, "wifi0", anchors()[0], 15)?);
    let fast = median_ms(&ping(&lab, "usb0", anchors()[0], 15)?);
    assert!(
        now + 5.0 < fast,
        "a change at run time had no effect: {now} and {fast}"
    );
    Ok(())
}

#[test]
fn equal_seeds_lose_the_same_packets() -> Outcome {
    let lost = |seed| -> Result<Vec<u32>, LabError> {
        let lab = Lab::start(&LabSpec {
            seed,
            ..LabSpec::with_uplinks(1)
        })?;
        lab.link("wifi0")?.set("up loss_ppm=300000")?;
        let output = ping(&lab, "wifi0", anchors()[0], 50)?;
        let counters = lab.link("wifi0")?.state()?.counters;
        let answered = |n: &u32| output.stdout.contains(&format!("icmp_seq={n} "));
        let lost: Vec<u32> = (1..=50).filter(|n| !answered(n)).collect();
        assert_eq!(
            counters[0].lost,
            lost.len() as u64,
            "the emulator counts what it loses"
        );
        assert_eq!(counters[1].lost, 0);
        Ok(lost)
    };
    let first = lost(3)?;
    assert!((5..30).contains(&first.len()), "{first:?} of 50 at 30 %");
    assert_eq!(first, lost(3)?);
    assert_ne!(first, lost(4)?);
    Ok(())
}

#[test]
fn a_black_hole_takes_one_uplink_and_not_the_other() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    lab.link("wifi0")?.set("down blackhole=1")?;
    let dead = lab.command(
        "pc",
        ["ping", "-c2", "-W1", "-i0.1", "-I", "wifi0", "203.0.113.1"],
    );
    assert!(!dead.output()?.success());
    assert!(ping(&lab, "usb0", anchors()[0], 2)?.success());
    lab.link("wifi0")?.set("down blackhole=0")?;
    assert!(
        ping(&lab, "wifi0", anchors()[0], 5)?
            .stdout
            .contains("time=")
    );
    Ok(())
}

/// The counter `name` of the `Icmp:` lines of `/proc/net/snmp`: one with names, one with values.
fn counter(snmp: &str, name: &str) -> u64 {
    let mut lines = snmp.lines().filter(|line| line.starts_with("Icmp:"));
    let mut words = || lines.next().unwrap_or_default().split_whitespace();
    let pair = words().zip(words()).find(|(known, _)| *known == name);
    pair.and_then(|(_, value)| value.parse().ok())
        .unwrap_or(u64::MAX)
}

#[test]
fn a_foreign_source_is_dropped_and_counted_by_the_router_that_saw_it() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    assert_eq!(
        (lab.foreign_drops("wifi0")?, lab.foreign_drops("usb0")?),
        (0, 0)
    );
    // Leave by wifi0 with the address of usb0.
    for (target, source, gateway) in [
        ("203.0.113.1", "10.2.0.2", "10.1.0.1"),
        ("2001:db8:6::1", "fd02::2", "fd01::1"),
    ] {
        lab.command(
            "pc",
            ["ip", "route", "add", target, "via", gateway, "dev", "wifi0"],
        )
        .text()?;
        let argv = ["ping", "-c3", "-i0.05", "-W1", "-I", source, target];
        assert!(
            !lab.command("pc", argv).output()?.success(),
            "{source} got an answer"
        );
    }
    let v4 = lab.command("srv", ["cat", "/proc/net/snmp"]).text()?;
    let v6 = lab.command("srv", ["cat", "/proc/net/snmp6"]).text()?;
    assert_eq!(
        counter(&v4, "InEchos"),
        0,
        "a foreign packet reached the server"
    );
    assert!(v6.contains("Icmp6InEchos                    \t0\n"), "{v6}");
    assert_eq!(
        (lab.foreign_drops("wifi0")?, lab.foreign_drops("usb0")?),
        (6, 0)
    );
    Ok(())
}

#[test]
fn the_server_sees_each_uplinks_public_address_and_gets_all_bytes_back() -> Outcome {
    use nix::sys::socket::{setsockopt, sockopt::BindToDevice};
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpStream};

    use evenkeel_lab::topology::{ECHO_PORT, WHOAMI_PORT};

    let lab = Lab::start(&LabSpec::with_uplinks(4))?;
    for uplink in lab.uplinks() {
        for (anchor, public) in [
            (IpAddr::from(ANCHOR_V4), IpAddr::from(uplink.public_v4())),
            (ANCHOR_V6.into(), uplink.public_v6().into()),
        ] {
            lab.inside("pc", || {
                let connect = |port| {
                    let address = SocketAddr::new(anchor, port);
                    let family = socket2::Domain::for_address(address);
                    let socket = socket2::Socket::new(family, socket2::Type::STREAM, None).unwrap();
                    setsockopt(&socket, BindToDevice, &uplink.name.into()).unwrap();
                    socket.connect(&address.into()).unwrap();
                    TcpStream::from(socket)
                };
                let mut seen = String::new();
                connect(WHOAMI_PORT).read_to_string(&mut seen).unwrap();
                assert_eq!(seen.trim(), public.to_string(), "by {}", uplink.name);

                // More than one segment: checksums and sizes are right without offloads.
                let mut stream = connect(ECHO_PORT);
                let sent: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
                let mut got = vec![0; sent.len()];
                let mut writer = stream.try_clone().unwrap();
                std::thread::scope(|scope| {
                    scope.spawn(|| writer.write_all(&sent).unwrap());
                    stream.read_exact(&mut got).unwrap();
                });
                assert!(got == sent, "{} changed the bytes", uplink.name);
                Ok(())
            })?;
        }
    }
    Ok(())
}

#[test]
fn the_default_routes_are_as_described() -> Outcome {
    let routes = |spec: LabSpec| -> Result<[String; 2], LabError> {
        let lab = Lab::start(&spec)?;
        let show = |family| {
            lab.command("pc", ["ip", family, "route", "show", "default"])
                .text()
        };
        Ok([show("-4")?, show("-6")?])
    };
    for text in routes(LabSpec::with_uplinks(3))? {
        assert_eq!(text.matches("nexthop via").count(), 3, "{text}");
        assert_eq!(text.matches("weight 1").count(), 3, "{text}");
        assert_eq!(text.matches("default").count(), 1, "{text}");
    }
    for text in routes(LabSpec {
        routes: Routes::Separate,
        ..LabSpec::default()
    })? {
        assert_eq!(text.matches("default via").count(), 2, "{text}");
        assert!(!text.contains("nexthop"), "{text}");
    }
    for text in routes(LabSpec::with_uplinks(1))? {
        assert_eq!(text.matches("default via").count(), 1, "{text}");
    }
    for text in routes(LabSpec {
        routes: Routes::None,
        ..LabSpec::default()
    })? {
        assert_eq!(text, "");
    }
    Ok(())
}

#[test]
fn a_snapshot_sees_routes_rules_and_sysctls_and_is_equal_when_they_are_back() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    let before = lab.snapshot()?;
    assert!(
        before.sysctls.len() > 100,
        "only {} sysctls",
        before.sysctls.len()
    );
    before.must_equal(&lab.snapshot()?)?;
    let run = |words: &str| lab.command("pc", words.split(' ')).text();

    run(
        "ip route change default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 9 nexthop via 10.2.0.1 dev usb0 weight 1",
    )?;
    run("ip -6 rule add pref 77 from fd01::/64 lookup main")?;
    run("sysctl -qw net.ipv4.fib_multipath_use_neigh=1")?;
    let text = before.difference(&lab.snapshot()?);
    for part in [
        "weight 9",
        "+ 77:",
        "+ net/ipv4/fib_multipath_use_neigh = 1",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }

    run(
        "ip route change default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 1 nexthop via 10.2.0.1 dev usb0 weight 1",
    )?;
    run("ip -6 rule del pref 77")?;
    run("sysctl -qw net.ipv4.fib_multipath_use_neigh=0")?;
    before.must_equal(&lab.snapshot()?)
}

#[test]
fn without_the_ping_group_only_root_may_ping() -> Outcome {
    let lab = Lab::start(&LabSpec {
        ping_group: false,
        ..LabSpec::with_uplinks(1)
    })?;
    let range = lab
        .command("pc", ["cat", "/proc/sys/net/ipv4/ping_group_range"])
        .text()?;
    assert_eq!(range.split_whitespace().collect::<Vec<_>>(), ["1", "0"]);
    Ok(())
}

#[test]
fn a_lab_with_five_uplinks_is_refused() {
    let error = Lab::start(&LabSpec::with_uplinks(5))
        .unwrap_err()
        .to_string();
    assert!(error.contains("1 to 4 uplinks"), "{error}");
}
