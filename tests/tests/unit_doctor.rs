//! `evenkeel doctor` on a real installation under a real systemd: it finds a healthy one healthy, and
//! names what is broken and what mends it.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use evenkeel_lab::machine::{Machine, MachineSpec};
use evenkeel_lab::{Lab, LabSpec, Routes};
use serde_json::Value;

/// The exit code, and the findings that are not fine: what, and what to do.
fn doctor(machine: &Machine) -> (Option<i32>, Vec<(String, String)>) {
    let run = machine
        .command_as("player", ["evenkeel", "doctor", "--json"])
        .unwrap();
    let output = run.output().unwrap();
    let report: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["healthy"], output.status.code() == Some(0));
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().unwrap().iter();
    let wrong = all.filter(|finding| finding["level"] != "fine");
    let told = wrong.map(|finding| (word(finding, "what"), word(finding, "todo")));
    (output.status.code(), told.collect())
}

#[test]
fn a_healthy_installation_is_found_healthy_and_each_fault_is_named_with_its_cure() {
    let spec = LabSpec {
        routes: Routes::Separate,
        ..LabSpec::default()
    };
    let lab = Lab::start(&spec).unwrap();
    let machine = Machine::boot(&lab, &MachineSpec::default()).unwrap();

    let (code, told) = doctor(&machine);
    assert_eq!(code, Some(3), "{told:?}");
    assert!(
        told.iter()
            .any(|(_, todo)| todo.contains("sudo apt install ./evenkeel_*.deb")),
        "{told:?}"
    );

    machine.install().unwrap();
    assert_eq!(doctor(&machine), (Some(0), vec![]));
    let words = machine
        .command_as("player", ["evenkeel", "doctor"])
        .unwrap()
        .text()
        .unwrap();
    assert!(words.contains("wifi0, usb0"), "{words}");

    machine
        .shell("systemctl stop evenkeeld; systemctl mask evenkeeld")
        .unwrap();
    let (code, told) = doctor(&machine);
    assert_eq!(code, Some(3), "{told:?}");
    assert!(
        told.iter()
            .any(|(_, todo)| todo == "sudo systemctl unmask evenkeeld"),
        "{told:?}"
    );
    machine.shell("systemctl unmask evenkeeld").unwrap();

    let policy = "/usr/share/dbus-1/system.d/io.github.evenkeel.Helper1.conf";
    machine
        .shell(&format!("mv {policy} /run/kept; systemctl reload dbus"))
        .unwrap();
    let (_, told) = doctor(&machine);
    assert!(!told.is_empty());
    machine
        .shell(&format!(
            "mv /run/kept {policy}; systemctl reload dbus; systemctl reset-failed evenkeeld || true"
        ))
        .unwrap();

    let actions = "/usr/share/polkit-1/actions/io.github.evenkeel.helper1.policy";
    machine
        .shell(&format!("mv {actions} /run/kept; systemctl restart polkit"))
        .unwrap();
    let (code, told) = doctor(&machine);
    assert_eq!(code, Some(1), "{told:?}");
    assert!(
        told.iter()
            .any(|(what, _)| what.contains("polkit does not know io.github.evenkeel")),
        "{told:?}"
    );
    machine
        .shell(&format!("mv /run/kept {actions}; systemctl restart polkit"))
        .unwrap();
    assert_eq!(doctor(&machine), (Some(0), vec![]));
}
