//! The unit's limits under as much as the contract allows at once: sixteen uplinks, sixteen holders, four
//! listeners of one user, all the ports that are kept. One more is refused; the helper is far from its
//! limits, is not ended, and puts everything back.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use std::fmt::Write as _;
use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::machine::Machine;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_mins(1);
const UPLINKS: usize = 16;
const HOLDERS: usize = 16;
const FEEDS: usize = 4;
/// Those of the lab are there already.
const OF_THE_LAB: usize = 2;
/// Opens so many UDP sockets that are bound to no address, says so and waits.
const PORTS: &str = r#"
use Socket;
my @open;
for (1 .. 600) {
    socket(my $s, PF_INET, SOCK_DGRAM, 0) or die $!;
    bind($s, sockaddr_in(20000 + $_, INADDR_ANY)) or die $!;
    push @open, $s;
}
$| = 1;
print "open\n";
sleep 600;
"#;

fn status(machine: &Machine) -> Value {
    let run = machine.command_as("player", ["evenkeel", "status", "--json"]);
    serde_json::from_str(&run.unwrap().text().unwrap()).unwrap()
}

fn count(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

/// A number of `/proc/PID/status`.
fn field(text: &str, name: &str) -> u64 {
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

#[test]
fn the_helper_stays_within_the_units_limits_with_everything_that_is_allowed_at_once() {
    let (lab, machine) = Machine::installed().unwrap();
    let mut more = String::new();
    for n in OF_THE_LAB..UPLINKS {
        let _ = writeln!(
            more,
            "ip link add up{n} type veth peer name far{n}; ip link set far{n} up; ip link set up{n} up; \
             ip addr add 10.77.{n}.2/24 dev up{n}; ip route add default via 10.77.{n}.1 dev up{n} metric {}",
            1000 + n
        );
    }
    machine.shell(&more).unwrap();
    let before = lab.snapshot().unwrap();
    let perl = machine.command_as("player", ["perl", "-e", PORTS]).unwrap();
    let mut ports = perl.spawn().unwrap();
    ports.wait_for("open", PATIENCE).unwrap();

    let start = |argv: &[&str]| {
        let run = machine.command_as("player", argv.iter().copied()).unwrap();
        run.spawn().unwrap()
    };
    let hold = ["evenkeel", "run", "--", "sleep", "600"];
    let mut holders: Vec<_> = (0..HOLDERS).map(|_| start(&hold)).collect();
    wait_until("all holders", PATIENCE, || {
        Ok(count(&status(&machine)["game_mode_holders"]) == HOLDERS)
    })
    .unwrap();
    let watch = ["evenkeel", "watch", "--plain"];
    let listeners: Vec<_> = (0..FEEDS).map(|_| start(&watch)).collect();
    for listener in &listeners {
        wait_until("every listener hears", PATIENCE, || {
            Ok(listener.stdout_text().lines().count() > 20)
        })
        .unwrap();
    }
    assert_eq!(count(&status(&machine)["uplinks"]), UPLINKS);
    let one_more = machine.call("player", "EnterGameMode", &[1]).unwrap();
    assert!(one_more.contains("LimitsExceeded"), "{one_more}");

    let pid = machine.helper().unwrap();
    let said = machine.shell(&format!("cat /proc/{pid}/status")).unwrap();
    let (peak_kib, threads) = (field(&said, "VmHWM:"), field(&said, "Threads:"));
    let limit = |property: &str| machine.unit(property).unwrap().parse::<u64>().unwrap();
    let (memory_kib, tasks) = (limit("MemoryMax") / 1024, limit("TasksMax"));
    let files = machine
        .shell(&format!("ls /proc/{pid}/fd | wc -l"))
        .unwrap();
    let files: u64 = files.trim().parse().unwrap();
    println!(
        "{peak_kib} of {memory_kib} KiB, {threads} of {tasks} tasks, {files} of {} files",
        limit("LimitNOFILE")
    );
    assert!(peak_kib * 2 < memory_kib, "{peak_kib} of {memory_kib} KiB");
    assert!(threads * 2 < tasks, "{threads} of {tasks}");
    assert!(files * 2 < limit("LimitNOFILE"), "{files}");
    assert_eq!(machine.unit("NRestarts").unwrap(), "0");

    drop(listeners);
    for holder in &mut holders {
        holder.kill().unwrap();
    }
    ports.kill().unwrap();
    assert_eq!(machine.call("player", "Revert", &[]).unwrap(), "ok");
    wait_until("the old state", PATIENCE, || {
        Ok(before.must_equal(&lab.snapshot()?).is_ok())
    })
    .or_else(|_| before.must_equal(&lab.snapshot().unwrap()))
    .unwrap();
}
