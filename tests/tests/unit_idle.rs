//! The helper leaves when nothing is held and nobody asks, is back with the next call, and no call is
//! lost over it. Where nothing could start it again, it stays.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fs;
use std::time::Duration;

use evenkeel_lab::Lab;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::Machine;
use evenkeel_lab::race::{Outcome, VOLLEY};
use evenkeel_lab::topology::ANCHOR_V4;

const PATIENCE: Duration = Duration::from_secs(20);
/// Twelve blocks of a second and a warming up, on a machine that has other things to do as well.
const MEASURED: Duration = Duration::from_mins(1);
/// Instead of half a minute.
const IDLE_EXIT_MS: u32 = 100;
/// Each way of calling.
const VOLLEYS: u32 = 60;

fn machine() -> (Lab, Machine) {
    let (lab, machine) = Machine::installed().unwrap();
    // The unit's limit of starts is for helpers that leave after half a minute.
    let drop_in = format!(
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=\n\
         ExecStart=/usr/libexec/evenkeeld --idle-exit-ms {IDLE_EXIT_MS}\n"
    );
    machine.change_unit(&drop_in).unwrap();
    (lab, machine)
}

fn ask(machine: &Machine) {
    let status = machine
        .command_as("player", ["evenkeel", "status"])
        .unwrap();
    status.text().unwrap();
}

fn wait_for(machine: &Machine, state: &str) {
    wait_until(&format!("the unit to be {state}"), PATIENCE, || {
        Ok(machine.unit("ActiveState")? == state)
    })
    .unwrap_or_else(|error| panic!("{error}\n{}", machine.journal()));
}

/// Longer than it takes an idle helper to leave, several times.
fn linger() {
    std::thread::sleep(Duration::from_millis(u64::from(IDLE_EXIT_MS) * 10));
}

#[test]
fn it_leaves_when_idle_stays_while_something_is_held_or_heard_and_comes_back_with_a_call() {
    let (lab, machine) = machine();
    let before = lab.snapshot().unwrap();
    for _ in 0..3 {
        ask(&machine);
        wait_for(&machine, "inactive");
        assert_eq!(machine.unit("Result").unwrap(), "success");
    }
    // A listener.
    let mut watch = machine
        .command_as("player", ["evenkeel", "watch", "--plain"])
        .unwrap()
        .spawn()
        .unwrap();
    wait_for(&machine, "active");
    linger();
    assert_eq!(machine.unit("ActiveState").unwrap(), "active");
    watch.kill().unwrap();
    wait_for(&machine, "inactive");
    // A setting that is kept for its user, though nobody is there.
    assert_eq!(
        machine.call("player", "SetEmaFactor", &[700, 1]).unwrap(),
        "ok"
    );
    linger();
    assert_eq!(machine.unit("ActiveState").unwrap(), "active");
    assert_eq!(machine.call("player", "EnterGameMode", &[1]).unwrap(), "ok");
    linger();
    let first = machine.helper().unwrap();
    ask(&machine);
    assert_eq!(machine.helper().unwrap(), first, "the same helper");
    assert_eq!(machine.call("player", "Revert", &[]).unwrap(), "ok");
    wait_for(&machine, "inactive");
    before.must_equal(&lab.snapshot().unwrap()).unwrap();
}

#[test]
fn it_stays_while_something_is_measured_and_until_its_figures_were_fetched() {
    let (lab, machine) = machine();
    let before = lab.snapshot().unwrap();
    let touch = |method: &str| {
        let argv = ["evenkeel-lab", "call", "--measurement", "1", method];
        let said = machine.command_as("player", argv).unwrap().text().unwrap();
        said.trim().to_owned()
    };
    let status = machine.command_as("player", ["evenkeel", "status", "--json"]);
    let status = status.unwrap().text().unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let uplinks = status["uplinks"].as_array().unwrap();
    let ifindex = |at: usize| u32::try_from(uplinks[at]["ifindex"].as_u64().unwrap()).unwrap();
    let numbers = [4, 0, ifindex(0), ifindex(1), 60, 0, 1_000, 0, 50];
    let begun = machine
        .call("player", "StartMeasurement", &numbers)
        .unwrap();
    assert_eq!(begun, "ok");
    let first = machine.helper().unwrap();
    linger();
    assert_eq!(touch("Pause"), "ok");
    linger();
    assert_eq!(touch("Cancel"), "ok");
    linger();
    // Nobody has fetched what was measured.
    assert_eq!(machine.helper().unwrap(), first, "the same helper");
    assert_eq!(touch("Samples"), "ok");
    wait_for(&machine, "inactive");
    assert_eq!(machine.unit("Result").unwrap(), "success");
    before.must_equal(&lab.snapshot().unwrap()).unwrap();
}

#[test]
fn it_stays_while_a_measurements_arm_is_in_force_and_leaves_after_its_verdict() {
    let (lab, machine) = machine();
    let settings = machine.path("/etc/evenkeel");
    fs::create_dir_all(&settings).unwrap();
    let anchor = format!("anchor-v4 = \"{ANCHOR_V4}\"\n");
    fs::write(settings.join("evenkeeld.toml"), anchor).unwrap();
    let steady = "both delay_us=10000 jitter_us=0";
    lab.link("usb0").unwrap().set(steady).unwrap();
    let unsteady = "both delay_us=10000 jitter_us=30000";
    lab.link("wifi0").unwrap().set(unsteady).unwrap();
    let before = lab.snapshot().unwrap();
    let short = "--pairs 6 --first-look 0 --block 1 --settle 0 --period-ms 50";
    let line = format!("evenkeel measure --game-mode {short}");
    let mut client = machine.command_as("player", line.split(' ')).unwrap();
    client = client.env("XDG_STATE_HOME", "/tmp/player-state");
    let mut client = client.spawn().unwrap();
    wait_until(
        "an arm in force",
        PATIENCE,
        || Ok(lab.snapshot()? != before),
    )
    .unwrap();
    let first = machine.helper().unwrap();
    // Nothing is asked of the helper by anybody but its client, and that may go as well.
    linger();
    assert_eq!(machine.helper().unwrap(), first, "the same helper");
    client.wait_for("Better: game mode on", MEASURED).unwrap();
    assert!(client.wait(PATIENCE).unwrap().success());
    // The client has fetched every probe: nothing keeps the helper.
    wait_for(&machine, "inactive");
    assert_eq!(machine.unit("Result").unwrap(), "success");
    before.must_equal(&lab.snapshot().unwrap()).unwrap();

    // A client that was killed: the helper stays for whoever comes to fetch them.
    let mut client = machine.command_as("player", line.split(' ')).unwrap();
    client = client.env("XDG_STATE_HOME", "/tmp/player-state");
    let mut client = client.spawn().unwrap();
    wait_until(
        "an arm in force",
        PATIENCE,
        || Ok(lab.snapshot()? != before),
    )
    .unwrap();
    client.kill().unwrap();
    let blocks = ["evenkeel-lab", "call", "--measurement", "1", "Blocks"];
    wait_until("its end", MEASURED, || {
        let said = machine.command_as("player", blocks)?.text()?;
        Ok(said.trim() == "ok")
    })
    .unwrap();
    linger();
    assert_eq!(machine.unit("ActiveState").unwrap(), "active");
    let shown = machine.command_as("player", ["evenkeel", "measure", "--show"]);
    let shown = shown.unwrap().env("XDG_STATE_HOME", "/tmp/player-state");
    let shown = shown.timeout(PATIENCE).text().unwrap();
    assert!(shown.starts_with("Better: game mode on"), "{shown}");
    wait_for(&machine, "inactive");
    before.must_equal(&lab.snapshot().unwrap()).unwrap();
}

#[test]
fn no_call_is_lost_however_many_race_the_exit() {
    let (_lab, machine) = machine();
    let mut split = 0;
    for what in ["read", "end", "hold"] {
        let (volleys, around) = (VOLLEYS.to_string(), IDLE_EXIT_MS.to_string());
        let argv = ["evenkeel-lab", "race", &volleys, &around, what];
        let race = machine.command_as("player", argv).unwrap();
        let said = race.timeout(Duration::from_mins(3)).text().unwrap();
        let outcome: Outcome = serde_json::from_str(said.trim()).unwrap();
        println!("{what} {said}");
        let journal = || machine.journal();
        assert!(outcome.lost.is_empty(), "{outcome:?}\n{}", journal());
        assert_eq!(outcome.forgotten, 0, "{outcome:?}\n{}", journal());
        assert_eq!(outcome.answered, VOLLEYS * VOLLEY);
        // Otherwise nothing was raced.
        assert!(outcome.helpers > VOLLEYS / 10, "{outcome:?}");
        split += outcome.split;
    }
    let journal = machine.journal();
    let handed = journal
        .lines()
        .filter(|line| line.contains("taken up again"));
    let handed = handed.count();
    println!(
        "{split} volleys began with one helper and ended with the next, {handed} holds were handed over"
    );
}

#[test]
fn where_the_bus_cannot_start_it_the_helper_runs_from_boot_on_and_stays() {
    let (_lab, machine) = machine();
    let activation =
        machine.path("/usr/share/dbus-1/system-services/io.github.evenkeel.Helper1.service");
    fs::remove_file(activation).unwrap();
    machine.shell("systemctl reload dbus").unwrap();
    let nobody = machine
        .command_as("player", ["evenkeel", "status"])
        .unwrap()
        .output()
        .unwrap();
    assert_eq!(
        nobody.status.code(),
        Some(3),
        "nothing starts it:\n{}",
        nobody.stderr
    );
    // What a boot does.
    machine.shell("systemctl enable evenkeeld; systemctl start multi-user.target; systemctl start evenkeeld").unwrap();
    linger();
    assert_eq!(machine.unit("ActiveState").unwrap(), "active");
    ask(&machine);
}
