//! Packets on their way are not lost and do not stray while the leader changes: 5,000 a second, and a
//! thousand changes' worth of writes.
//!
//! The helper changes its leader every few seconds at most, so after some real changes it is stopped
//! (`SIGSTOP`) and `ip` writes what it would: `route change` is the same request, a replacement that
//! creates nothing, and each change pins a port first.

#![allow(
    clippy::print_stderr,
    reason = "the counts are figures to be read, too"
)]

use std::fmt::Write as _;
use std::time::Duration;

use evenkeel_lab::blast::{Blast, BlastReport, BlastSpec, Source};
use evenkeel_lab::flows::Family;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{LabError, Proc};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

/// Changes of the leader that `ip` writes, in each family.
const CHANGES: usize = 1000;
/// Between two changes.
const PAUSE: Duration = Duration::from_millis(5);
/// Packets a second of each stream; there are five of each family.
const RATE: u32 = 500;

/// Streams that run before the helper does anything (wildcard sockets and sockets bound to the uplink
/// in use), and streams that need it (bound to the other one, and wildcard ones on the leader).
fn streams(scene: &Scene, sources: &[Source]) -> Result<Vec<(Family, Source, Blast)>, LabError> {
    let mut all = Vec::new();
    for &source in sources {
        for family in Family::BOTH {
            let spec = BlastSpec {
                family,
                source,
                sockets: 20,
                per_second: RATE,
            };
            all.push((family, source, Blast::start(&scene.lab, &spec)?));
        }
    }
    Ok(all)
}

/// The lines that make `to` the leader, as the helper would.
fn change(scene: &Scene, family: Family, to: &str, port: u16) -> Result<String, LabError> {
    let uplink = scene.lab.uplink(to)?;
    let table = 7700 + u32::from(uplink.number);
    let via: std::net::IpAddr = match family {
        Family::V4 => uplink.gateway_v4().into(),
        Family::V6 => uplink.gateway_v6().into(),
    };
    let pin = format!("pref 32763 protocol 77 iif lo ipproto udp sport {port} lookup {table}");
    Ok(format!(
        "rule add {pin}\n\
         route change default proto 77 metric 99 via {via} dev {to}\n\
         rule del {pin}\n"
    ))
}

/// One `ip` that is told a family's changes one after another.
fn writer(scene: &Scene, family: Family) -> Result<Proc, LabError> {
    let option = match family {
        Family::V4 => "-4",
        Family::V6 => "-6",
    };
    scene
        .lab
        .command("pc", ["ip", option, "-batch", "-"])
        .spawn()
}

#[test]
fn no_packet_is_lost_or_astray_while_the_leader_changes_a_thousand_times() -> Outcome {
    let scene = Scene::start(&separate(2))?;
    let (wifi, usb) = (scene.lab.uplink("wifi0")?, scene.lab.uplink("usb0")?);
    scene.lab.link("wifi0")?.set("both delay_us=25000")?;
    scene.lab.link("usb0")?.set("both delay_us=2000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let mut all = streams(&scene, &[Source::Wildcard, Source::Uplink(wifi)])?;
    std::thread::sleep(Duration::from_secs(1));
    scene.must("EnterGameMode", &[1])?;
    scene.wait_until_led_to("usb0")?;
    all.extend(streams(&scene, &[Source::Wildcard, Source::Uplink(usb)])?);

    // A real change and back.
    let ifindex = i64::from(scene.view()?.uplink("usb0")?.ifindex);
    scene.must("SetUplinkCost", &[ifindex, 10_000, 1])?;
    scene.wait_until_led_to("wifi0")?;
    scene.must("SetUplinkCost", &[ifindex, 1, 1])?;
    scene.wait_until_led_to("usb0")?;

    // A thousand more.
    scene.helper()?.signal(Signal::SIGSTOP)?;
    let before = scene.lab.ours()?;
    // Sockets that nobody pins: every packet takes the way that new flows take at that moment.
    let following = streams(&scene, &[Source::Wildcard])?;
    let mut writers = Family::BOTH.map(|family| writer(&scene, family));
    for number in 1..=CHANGES {
        let to = if number % 2 == 0 { "usb0" } else { "wifi0" };
        for (family, writer) in Family::BOTH.into_iter().zip(&mut writers) {
            let lines = change(&scene, family, to, number as u16)?;
            if let Ok(writer) = writer {
                writer.write(lines.as_bytes())?;
            }
        }
        std::thread::sleep(PAUSE);
    }
    for writer in writers {
        let mut writer = writer?;
        writer.close_input();
        let status = writer.wait(Duration::from_secs(20))?;
        assert!(status.success(), "ip: {}", writer.stderr_text());
    }
    assert_eq!(
        scene.lab.ours()?,
        before,
        "the last change leads where it was"
    );
    scene.helper()?.signal(Signal::SIGCONT)?;

    for (family, _, blast) in following {
        let report = blast.stop(&scene.lab)?;
        let text = format!("{family:?}, following: {report:?}");
        eprintln!("{text}");
        assert!(
            report
                .by_uplink
                .values()
                .all(|count| *count > report.sent / 4),
            "{text}"
        );
        assert_eq!((report.lost(), report.refused), (0, 0), "{text}");
    }
    let mut reports: Vec<(Family, Source, BlastReport)> = Vec::new();
    for (family, source, blast) in all {
        reports.push((family, source, blast.stop(&scene.lab)?));
    }
    let mut text = String::new();
    for (family, source, report) in &reports {
        let source = match source {
            Source::Wildcard => "wildcard",
            Source::Uplink(uplink) => uplink.name,
        };
        let _ = writeln!(
            text,
            "{family:?} {source}: {} sent, {} refused, {} lost, {} astray, foreign {:?}, {:?}",
            report.sent,
            report.refused,
            report.lost(),
            report.astray,
            report.foreign,
            report.by_uplink
        );
    }
    eprint!("{text}");
    for (family, _, report) in &reports {
        assert!(report.sent > u64::from(RATE) * 5, "{text}");
        assert_eq!((report.refused, report.repeated), (0, 0), "{text}");
        if *family == Family::V4 {
            assert_eq!((report.lost(), report.astray), (0, 0), "{text}");
        } else {
            assert!(
                report.lost() + report.astray <= most_v6(report.sent),
                "{text}"
            );
        }
    }
    Ok(())
}

/// The most packets of a stream that IPv6 may lose or misdirect: none has been seen to.
fn most_v6(_sent: u64) -> u64 {
    0
}
