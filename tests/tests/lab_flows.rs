//! The census of flows sees what changes of routes do to real sockets. Plain `ip` commands stand in
//! for the helper; what they do to flows is a matter of the kernel (6.16 and later for IPv4 without
//! source rules), and known. The instrument is what is tested.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of these tests fail the test, as its own body would"
)]

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use evenkeel_lab::blast::{Blast, BlastReport, BlastSpec, Source};
use evenkeel_lab::flows::{Census, Family, Flows, Kind, Pace};
use evenkeel_lab::topology::Uplink;
use evenkeel_lab::{Lab, LabError, LabSpec};

type Outcome = Result<(), LabError>;

/// Flows of each kind and family.
const FLOWS: usize = 60;
const GENTLE: Pace = Pace::Every(Duration::from_secs(2));

/// Runs lines of `ip`, or of `ip -6`, in the pc.
fn ip(lab: &Lab, family: Family, lines: &str) -> Outcome {
    let option = match family {
        Family::V4 => "-4",
        Family::V6 => "-6",
    };
    let batch = lab.command("pc", ["ip", option, "-batch", "-"]);
    batch.input(lines).text().map(|_| ())
}

fn gateway(uplink: Uplink, family: Family) -> IpAddr {
    match family {
        Family::V4 => uplink.gateway_v4().into(),
        Family::V6 => uplink.gateway_v6().into(),
    }
}

fn host(uplink: Uplink, family: Family) -> IpAddr {
    match family {
        Family::V4 => uplink.host_v4().into(),
        Family::V6 => uplink.host_v6().into(),
    }
}

/// The line that gives the multipath default weights for wifi0 and usb0.
fn weights_line(lab: &Lab, family: Family, weights: [u16; 2]) -> String {
    let mut line = "route replace default metric 100".to_owned();
    for (uplink, weight) in lab.uplinks().into_iter().zip(weights) {
        let (via, dev) = (gateway(uplink, family), uplink.name);
        write!(line, " nexthop via {via} dev {dev} weight {weight}").unwrap();
    }
    line + "\n"
}

fn weigh(lab: &Lab, family: Family, weights: [u16; 2]) -> Outcome {
    ip(lab, family, &weights_line(lab, family, weights))
}

/// Every source keeps to its own uplink.
fn source_rules(lab: &Lab) -> Outcome {
    for family in Family::BOTH {
        let mut lines = String::new();
        for uplink in lab.uplinks() {
            let (name, table) = (uplink.name, 100 + u16::from(uplink.number));
            let (via, source) = (gateway(uplink, family), host(uplink, family));
            writeln!(
                lines,
                "route add default via {via} dev {name} table {table}\n\
                 rule add pref 1000 from {source} lookup {table}"
            )
            .unwrap();
        }
        ip(lab, family, &lines)?;
    }
    Ok(())
}

fn open_all(flows: &Flows, family: Family) -> Outcome {
    for kind in Kind::ALL {
        let shares = flows.open(kind, family, FLOWS, GENTLE)?;
        assert_eq!((shares.failed, shares.total()), (0, FLOWS), "{shares:?}");
        for uplink in ["wifi0", "usb0"] {
            assert!(shares.part(uplink) > 0.2, "{shares:?}");
        }
    }
    Ok(())
}

fn all_unchanged(list: &[Census]) {
    for census in list {
        assert_eq!((census.moved, census.dead), (0, 0), "{census:?}");
    }
}

fn of(list: &[Census], kind: Kind, family: Family) -> Census {
    let mut found = list.iter().filter(|c| (c.kind, c.family) == (kind, family));
    let census = *found.next().unwrap();
    assert_eq!(census.total(), FLOWS);
    census
}

#[test]
fn flows_stay_where_they_are_while_nothing_changes() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    source_rules(&lab)?;
    let flows = Flows::start(&lab)?;
    for family in Family::BOTH {
        open_all(&flows, family)?;
    }
    // Long enough for each flow to have talked by itself.
    std::thread::sleep(Duration::from_secs(3));
    let list = flows.census();
    assert_eq!(list.len(), 8);
    all_unchanged(&list);
    for uplink in ["wifi0", "usb0"] {
        assert_eq!(lab.foreign_drops(uplink)?, 0);
    }
    Ok(())
}

#[test]
fn ipv4_weights_without_source_rules_move_wildcard_flows_alone() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    let flows = Flows::start(&lab)?;
    open_all(&flows, Family::V4)?;
    weigh(&lab, Family::V4, [255, 1])?;
    let list = flows.census();
    for kind in [Kind::Tcp, Kind::UdpConnected, Kind::UdpBound] {
        let census = of(&list, kind, Family::V4);
        assert_eq!(census.unchanged, FLOWS, "{census:?}");
    }
    let wildcard = of(&list, Kind::UdpWildcard, Family::V4);
    assert!(
        wildcard.moved > FLOWS / 5 && wildcard.dead == 0,
        "{wildcard:?}"
    );

    // A flow that came back has still been away, until it is settled where it is.
    weigh(&lab, Family::V4, [1, 1])?;
    let back = of(&flows.census(), Kind::UdpWildcard, Family::V4);
    assert!(back.moved >= wildcard.moved, "{back:?}");
    flows.settle();
    all_unchanged(&flows.census());
    Ok(())
}

#[test]
fn ipv6_weights_without_source_rules_kill_flows() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    let flows = Flows::start(&lab)?;
    for kind in [Kind::Tcp, Kind::UdpConnected] {
        flows.open(kind, Family::V6, FLOWS, Pace::Quiet)?;
    }
    weigh(&lab, Family::V6, [255, 1])?;
    for census in flows.census() {
        assert!(census.dead > FLOWS / 5, "{census:?}");
        assert_eq!(census.moved, 0, "{census:?}");
    }
    assert!(lab.foreign_drops("wifi0")? > 0);
    Ok(())
}

#[test]
fn with_source_rules_weights_move_wildcard_flows_alone_in_both_families() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    source_rules(&lab)?;
    let flows = Flows::start(&lab)?;
    for family in Family::BOTH {
        open_all(&flows, family)?;
    }
    for family in Family::BOTH {
        weigh(&lab, family, [255, 1])?;
    }
    let list = flows.census();
    for family in Family::BOTH {
        for kind in [Kind::Tcp, Kind::UdpConnected, Kind::UdpBound] {
            let census = of(&list, kind, family);
            assert_eq!(census.unchanged, FLOWS, "{census:?}");
        }
        let wildcard = of(&list, Kind::UdpWildcard, family);
        assert!(
            wildcard.moved > FLOWS / 5 && wildcard.dead == 0,
            "{wildcard:?}"
        );
    }
    Ok(())
}

#[test]
fn without_a_carrier_flows_are_dead_and_with_it_those_that_can_are_back() -> Outcome {
    // With a second uplink the kernel leaves an IPv6 gateway that does not answer, and does not return
    // to it as soon as it could.
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    let flows = Flows::start(&lab)?;
    for family in Family::BOTH {
        for kind in [Kind::Tcp, Kind::UdpConnected, Kind::UdpWildcard] {
            let shares = flows.open(kind, family, FLOWS, GENTLE)?;
            assert_eq!(shares.on("wifi0"), FLOWS, "{shares:?}");
        }
    }
    lab.set_carrier("wifi0", false)?;
    for census in flows.census() {
        assert_eq!(census.dead, FLOWS, "{census:?}");
    }
    lab.set_carrier("wifi0", true)?;
    // The kernel takes IPv6 gateways up again in its own time.
    let udp_is_back = || {
        let list = flows.census();
        let mut udp = list.iter().filter(|census| census.kind != Kind::Tcp);
        Ok(udp.all(|census| census.unchanged == FLOWS))
    };
    evenkeel_lab::lab::wait_until(
        "all UDP flows' return",
        Duration::from_secs(30),
        udp_is_back,
    )
}

#[test]
fn an_answer_to_an_earlier_question_is_no_sign_of_life() -> Outcome {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    lab.link("wifi0")?.set("both delay_us=200000")?;
    let flows = Flows::start(&lab)?;
    let often = Pace::Every(Duration::from_millis(100));
    flows.open(Kind::UdpConnected, Family::V4, FLOWS, often)?;
    std::thread::sleep(Duration::from_secs(1));
    // Each flow has answers under way when its questions stop arriving.
    lab.link("wifi0")?.set("up blackhole=1")?;
    let census = of(&flows.census(), Kind::UdpConnected, Family::V4);
    assert_eq!(census.dead, FLOWS, "{census:?}");
    Ok(())
}

#[test]
fn new_flows_follow_the_weights() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    source_rules(&lab)?;
    let flows = Flows::start(&lab)?;
    let kinds = [Kind::Tcp, Kind::UdpConnected, Kind::UdpWildcard];
    for (wifi0, usb0) in [(1, 1), (255, 1), (1, 255)] {
        for family in Family::BOTH {
            weigh(&lab, family, [wifi0, usb0])?;
            for kind in kinds {
                let shares = flows.fresh(kind, family, 300)?;
                assert_eq!((shares.failed, shares.total()), (0, 300), "{shares:?}");
                let expected = f64::from(usb0) / f64::from(wifi0 + usb0);
                let off = (shares.part("usb0") - expected).abs();
                assert!(off < 0.12, "{shares:?} at {wifi0}:{usb0}");
            }
            // A bound flow's uplink is its source's.
            assert_eq!(flows.fresh(Kind::UdpBound, family, 300)?.on("usb0"), 150);
        }
    }
    Ok(())
}

#[test]
fn new_flows_to_one_server_take_one_uplink() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    source_rules(&lab)?;
    let flows = Flows::start(&lab)?;
    for family in Family::BOTH {
        let one = vec![flows.targets(family, 1)[0]; 50];
        let shares = flows.fresh_to(Kind::Tcp, family, &one)?;
        assert!(shares.by_uplink.values().any(|&n| n == 50), "{shares:?}");
    }
    Ok(())
}

fn stream(
    lab: &Lab,
    family: Family,
    source: Source,
    meanwhile: impl FnOnce() -> Outcome,
) -> Result<BlastReport, LabError> {
    let spec = BlastSpec {
        family,
        source,
        sockets: 20,
        per_second: 2000,
    };
    let blast = Blast::start(lab, &spec)?;
    meanwhile()?;
    let report = blast.stop(lab)?;
    assert!(report.sent > 1000, "{report:?}");
    assert_eq!(report.repeated, 0, "{report:?}");
    Ok(report)
}

/// A stream during which the weights change again and again.
fn stormy_stream(lab: &Lab, family: Family, source: Source) -> Result<BlastReport, LabError> {
    weigh(lab, family, [1, 1])?;
    let storm: String = (0..100)
        .flat_map(|_| [[255, 1], [1, 255]].map(|w| weights_line(lab, family, w)))
        .collect();
    stream(lab, family, source, || {
        for _ in 0..5 {
            ip(lab, family, &storm)?;
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    })
}

#[test]
fn a_bound_stream_is_counted_whole_while_weights_change_under_source_rules() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    source_rules(&lab)?;
    let usb = lab.uplink("usb0")?;
    for family in Family::BOTH {
        let report = stormy_stream(&lab, family, Source::Uplink(usb))?;
        assert_eq!((report.lost(), report.astray), (0, 0), "{report:?}");
        assert_eq!(report.by_uplink["usb0"], report.sent, "{report:?}");
        assert_eq!(report.refused, 0, "{report:?}");
    }
    Ok(())
}

#[test]
fn a_streams_packets_on_the_wrong_uplink_are_counted() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    // Without source rules IPv6 sends a bound source by either uplink, where its router drops it.
    let usb = lab.uplink("usb0")?;
    let report = stream(&lab, Family::V6, Source::Uplink(usb), || {
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    })?;
    assert!(report.lost() > 0, "{report:?}");
    assert_eq!(report.foreign["wifi0"], report.lost(), "{report:?}");
    // Changing weights, too: what is lost is what the routers saw.
    let report = stormy_stream(&lab, Family::V6, Source::Uplink(usb))?;
    assert!(report.lost() > 0, "{report:?}");
    assert_eq!(report.foreign["wifi0"], report.lost(), "{report:?}");

    let report = stormy_stream(&lab, Family::V4, Source::Wildcard)?;
    assert!(report.astray > 0, "{report:?}");
    assert_eq!(report.lost(), 0, "{report:?}");
    Ok(())
}

#[test]
fn a_stream_with_an_impossible_rate_is_refused() -> Outcome {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    let spec = BlastSpec {
        family: Family::V4,
        source: Source::Wildcard,
        sockets: 1,
        per_second: 0,
    };
    let error = Blast::start(&lab, &spec).unwrap_err().to_string();
    assert!(error.contains("nothing was sent"), "{error}");
    Ok(())
}
