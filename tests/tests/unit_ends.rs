//! The unit file under a real systemd: however the helper ends while game mode is on, the kernel is as
//! it was, to the byte.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::{Machine, UNIT};
use evenkeel_lab::{Lab, Snapshot};

/// The watchdog's ten seconds, and what a busy machine adds.
const PATIENCE: Duration = Duration::from_secs(40);

struct Playing {
    lab: Lab,
    machine: Machine,
    before: Snapshot,
}

impl Playing {
    /// Game mode is on, kept for the player, and routes of ours are in the kernel.
    fn start(drop_in: &str) -> Self {
        let (lab, machine) = Machine::installed().unwrap();
        machine.change_unit(drop_in).unwrap();
        let before = lab.snapshot().unwrap();
        let playing = Self {
            lab,
            machine,
            before,
        };
        playing.enter();
        playing
    }

    fn enter(&self) {
        assert_eq!(
            self.machine.call("player", "EnterGameMode", &[1]).unwrap(),
            "ok"
        );
        let text = self
            .lab
            .command("pc", ["ip", "route", "show", "table", "all"])
            .text()
            .unwrap();
        assert!(
            text.contains("proto 77"),
            "game mode changed nothing:\n{text}"
        );
    }

    fn is_restored(&self) {
        wait_until("the old state", PATIENCE, || {
            Ok(self.before.must_equal(&self.lab.snapshot()?).is_ok())
        })
        .or_else(|_| self.before.must_equal(&self.lab.snapshot()?))
        .unwrap_or_else(|error| panic!("{error}\n{}", self.machine.journal()));
    }

    fn wait_for(&self, property: &str, value: &str) {
        wait_until(&format!("{property} {value}"), PATIENCE, || {
            Ok(self.machine.unit(property)? == value)
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", self.machine.journal()));
    }

    fn signal(&self, signal: &str) {
        let pid = self.machine.helper().unwrap();
        self.machine
            .shell(&format!("kill -{signal} {pid}"))
            .unwrap();
    }
}

#[test]
fn a_killed_helpers_changes_are_put_back_by_the_unit_alone() {
    let playing = Playing::start("[Service]\nRestart=no\n");
    playing.signal("KILL");
    playing.wait_for("ActiveState", "failed");
    playing.is_restored();
    assert_eq!(playing.machine.unit("Result").unwrap(), "signal");
    assert!(!playing.machine.path("/run/evenkeel").exists());
}

#[test]
fn a_killed_helper_is_started_again_and_serves() {
    let playing = Playing::start("");
    playing.signal("KILL");
    playing.wait_for("NRestarts", "1");
    playing.wait_for("ActiveState", "active");
    playing.is_restored();
    playing.enter();
    assert_eq!(playing.machine.call("player", "Revert", &[]).unwrap(), "ok");
    playing.is_restored();
}

#[test]
fn a_helper_that_hangs_is_ended_put_back_and_started_again() {
    let playing = Playing::start("");
    let watchdog = playing.machine.unit("WatchdogUSec").unwrap();
    assert_ne!(watchdog, "0", "armed while game mode is on");
    playing.signal("STOP");
    playing.wait_for("NRestarts", "1");
    playing.wait_for("ActiveState", "active");
    playing.is_restored();
    assert!(
        playing.machine.journal().contains("atchdog"),
        "{}",
        playing.machine.journal()
    );
    playing.enter();
}

#[test]
fn stopping_the_unit_puts_everything_back_and_leaves_nothing_behind() {
    let playing = Playing::start("");
    playing
        .machine
        .shell(&format!("systemctl stop {UNIT}"))
        .unwrap();
    playing
        .before
        .must_equal(&playing.lab.snapshot().unwrap())
        .unwrap();
    assert_eq!(playing.machine.unit("Result").unwrap(), "success");
    assert_eq!(playing.machine.unit("ActiveState").unwrap(), "inactive");
    assert!(!playing.machine.path("/run/evenkeel").exists());
}
