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
use serde_json::Value;

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
        assert!(self.steers(), "game mode changed nothing");
    }

    /// Whether routes of ours are in the kernel.
    fn steers(&self) -> bool {
        let argv = ["ip", "route", "show", "table", "all"];
        let text = self.lab.command("pc", argv).text().unwrap();
        text.contains("proto 77")
    }

    fn status(&self) -> Value {
        let run = self
            .machine
            .command_as("player", ["evenkeel", "status", "--json"])
            .unwrap();
        serde_json::from_str(&run.text().unwrap()).unwrap()
    }

    /// Waits until game mode is in force again and so many hold it.
    fn is_held_again_by(&self, holders: usize) {
        wait_until("game mode again", PATIENCE, || {
            let now = self.status();
            let held = now["game_mode_holders"].as_array().map(Vec::len);
            Ok(held == Some(holders) && self.steers())
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", self.machine.journal()));
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

#[test]
fn what_is_held_goes_on_after_a_restart_as_an_upgrade_does_it_and_ends_with_its_holders() {
    let playing = Playing::start("");
    let machine = &playing.machine;
    assert_eq!(
        machine.call("player", "SetEmaFactor", &[700, 1]).unwrap(),
        "ok"
    );
    let run = ["evenkeel", "run", "--", "sleep", "600"];
    let mut client = machine.command_as("player", run).unwrap().spawn().unwrap();
    playing.is_held_again_by(2);
    let first = machine.helper().unwrap();
    machine
        .shell(&format!("systemctl try-restart {UNIT}"))
        .unwrap();
    assert_ne!(machine.helper().unwrap(), first);
    playing.is_held_again_by(2);
    assert_eq!(playing.status()["ema_factor"], 700);
    assert!(
        machine.journal().contains("taken up again"),
        "{}",
        machine.journal()
    );
    assert!(!machine.path("/run/evenkeel/handover.json").exists());
    // The client that was there before is still watched over.
    client.kill().unwrap();
    playing.is_held_again_by(1);
    assert_eq!(machine.call("player", "Revert", &[]).unwrap(), "ok");
    playing.is_restored();
    machine
        .shell(&format!("systemctl try-restart {UNIT}"))
        .unwrap();
    assert_eq!(playing.status()["game_mode"], false);
    playing.is_restored();
}

#[test]
fn a_client_that_leaves_during_the_restart_holds_nothing_afterwards() {
    let playing = Playing::start("");
    let machine = &playing.machine;
    // Nothing but the client's hold.
    assert_eq!(machine.call("player", "Revert", &[]).unwrap(), "ok");
    let run = ["evenkeel", "run", "--", "sleep", "600"];
    let mut client = machine.command_as("player", run).unwrap().spawn().unwrap();
    playing.is_held_again_by(1);
    // The helper is down for as long as the restart hangs here.
    playing
        .machine
        .shell(
            "mkdir -p /run/systemd/system/evenkeeld.service.d
             printf '[Service]\\nExecStartPre=/bin/sleep 2\\n' >/run/systemd/system/evenkeeld.service.d/slow.conf
             systemctl daemon-reload",
        )
        .unwrap();
    machine
        .shell(&format!("systemctl --no-block try-restart {UNIT}"))
        .unwrap();
    playing.wait_for("ActiveState", "activating");
    client.kill().unwrap();
    playing.wait_for("ActiveState", "active");
    playing.is_restored();
    assert_eq!(playing.status()["game_mode"], false);
}

#[test]
fn after_a_stop_and_after_a_crash_nothing_is_taken_up() {
    let playing = Playing::start("");
    let machine = &playing.machine;
    machine.shell(&format!("systemctl stop {UNIT}")).unwrap();
    playing.is_restored();
    assert_eq!(playing.status()["game_mode"], false, "the bus started it");
    playing.enter();
    playing.signal("KILL");
    playing.wait_for("NRestarts", "1");
    playing.wait_for("ActiveState", "active");
    playing.is_restored();
    assert_eq!(playing.status()["game_mode"], false);
}
