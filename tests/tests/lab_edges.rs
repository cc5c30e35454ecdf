//! What the helper hears from a real `NetworkManager`, a real systemd-networkd and logind's stand-in, as the
//! helper's user and through its own code (the example `evenkeeld-hears`).

use std::time::Duration;

use evenkeel_lab::process::Proc;
use evenkeel_lab::{Event, Kind, Lab, LabError, LabSpec, Manager, Metered, Routes, tools};

type Outcome = Result<(), LabError>;

const HEARS: &str = "evenkeeld-hears";
const PATIENCE: Duration = Duration::from_secs(20);

/// A lab without a network manager, but with a bus.
fn lab() -> Result<Lab, LabError> {
    let mut lab = Lab::start(&LabSpec {
        routes: Routes::Managed,
        binaries: vec![tools::project_binary(&format!("examples/{HEARS}"))?],
        ..LabSpec::default()
    })?;
    lab.start_rig()?;
    Ok(lab)
}

fn managed(kind: Kind) -> Result<(Lab, Manager), LabError> {
    let lab = lab()?;
    let manager = lab.start_manager(kind)?;
    Ok((lab, manager))
}

/// What the example says to these words, as the helper's user.
fn said(lab: &Lab, words: &[&str]) -> Result<String, LabError> {
    let argv = [&[HEARS], words].concat();
    Ok(lab.command_as("evenkeel", argv)?.text()?.trim().to_owned())
}

fn listening(lab: &Lab) -> Result<Proc, LabError> {
    let argv = [HEARS, "listen", "wifi0", "usb0"];
    let mut hears = lab.command_as("evenkeel", argv)?.spawn()?;
    hears.wait_for("listening", PATIENCE)?;
    Ok(hears)
}

fn count(hears: &Proc, line: &str) -> usize {
    let said = hears.stdout_text();
    said.lines().filter(|one| *one == line).count()
}

#[test]
fn what_network_manager_says_about_cost_is_understood_and_heard_when_it_changes() -> Outcome {
    let (lab, manager) = managed(Kind::NetworkManager)?;
    let ask = || said(&lab, &["metered", "wifi0", "usb0", "nosuch0"]);
    let mut hears = listening(&lab)?;
    for (word, answer) in [
        (Metered::Yes, "yes"),
        (Metered::No, "no"),
        (Metered::Yes, "yes"),
        // It guesses then, and for Ethernet it guesses no.
        (Metered::Unknown, "no"),
    ] {
        manager.set_metered("usb0", word)?;
        assert_eq!(
            ask()?,
            format!("wifi0=no usb0={answer} nosuch0=unknown"),
            "{word:?}"
        );
        hears.wait_for(&format!("metered: wifi0=no usb0={answer}\n"), PATIENCE)?;
    }
    drop(manager);
    hears.wait_for("metered: wifi0=unknown usb0=unknown\n", PATIENCE)?;
    assert_eq!(ask()?, "wifi0=unknown usb0=unknown nosuch0=unknown");
    assert!(!lab.has_owner(Kind::NetworkManager.bus_name())?);
    Ok(())
}

#[test]
fn nobody_there_is_unknown_and_starts_nobody() -> Outcome {
    let lab = lab()?;
    let hears = listening(&lab)?;
    assert_eq!(said(&lab, &["metered", "usb0"])?, "usb0=unknown");
    for name in [
        Kind::NetworkManager.bus_name(),
        Kind::Networkd.bus_name(),
        "org.freedesktop.login1",
    ] {
        assert!(!lab.has_owner(name)?, "{name} was started");
    }
    assert_eq!(hears.stdout_text().lines().count(), 1, "it said more");
    Ok(())
}

#[test]
fn a_network_manager_is_named_by_its_netlink_port() -> Outcome {
    for (kind, name) in [
        (Kind::NetworkManager, "NetworkManager"),
        (Kind::Networkd, "systemd-networkd"),
    ] {
        let (lab, manager) = managed(kind)?;
        let pid = manager.pid_in_lab()?;
        // Libraries count a process's further sockets up above its number; those that the kernel
        // chooses are negative; and nobody has the highest number.
        let ports = [pid, (1 << 22) + pid, 0, 0xffff_efff, 0x3f_ffff];
        let ports = ports.map(|port| port.to_string());
        let words: Vec<&str> = ["who"]
            .into_iter()
            .chain(ports.iter().map(String::as_str))
            .collect();
        let expected = [
            name,
            name,
            "the kernel",
            "another program",
            "another program",
        ];
        assert_eq!(said(&lab, &words)?, expected.join("\n"));
    }
    Ok(())
}

#[test]
fn each_resume_is_heard_once_and_only_from_logind() -> Outcome {
    let lab = lab()?;
    let mut hears = listening(&lab)?;
    let said_first = hears.stdout_text();
    let own_name = said_first.split_whitespace().last().unwrap_or_default();
    // To all, and past all match rules to the listener alone.
    let forge = || -> Outcome {
        for destination in ["", own_name] {
            let destination = format!("--dest={destination}");
            let words = [
                "dbus-send",
                "--system",
                "--type=signal",
                &destination,
                "/org/freedesktop/login1",
                "org.freedesktop.login1.Manager.PrepareForSleep",
                "boolean:false",
            ];
            let words = words.into_iter().filter(|word| *word != "--dest=");
            lab.command_as("player", words)?.text()?;
        }
        Ok(())
    };
    forge()?;
    // logind comes after its listener.
    let mut manager = lab.start_networkd()?;
    forge()?;
    for n in 1..=2 {
        manager.cause(&lab, Event::Suspend, "usb0")?;
        manager.cause(&lab, Event::Resume, "usb0")?;
        hears.wait_for(&"awake\n".repeat(n), PATIENCE)?;
        // The second announcement of one resume.
        manager.cause(&lab, Event::Resume, "usb0")?;
        forge()?;
        assert_eq!(count(&hears, "awake"), n);
    }
    Ok(())
}
