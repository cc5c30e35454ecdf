//! What the command line does when the helper, or even the bus, is not there: it says so in one
//! line, exits with 3, and a command to run is run all the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use cli_support::{Bus, evenkeel, ran, stderr, stdout};

const ASKING: [&[&str]; 12] = [
    &["plan"],
    &["plan", "--json"],
    &["forget", "eth0"],
    &["status"],
    &["status", "--json"],
    &["watch", "--count", "1"],
    &["set", "ema", "512"],
    &["set", "power-cost", "100"],
    &["set", "uplink-cost", "eth0", "100"],
    &["game-mode", "on"],
    &["game-mode", "off"],
    &["revert"],
];

#[test]
fn without_a_bus_every_question_exits_with_3() {
    for args in ASKING {
        let output = ran(args);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
        let said = stderr(&output);
        assert!(
            said.starts_with("evenkeel: the system bus cannot be reached ("),
            "{said}"
        );
        assert!(said.contains("nothing was changed"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn without_a_helper_on_the_bus_every_question_exits_with_3() {
    let bus = Bus::start();
    for args in ASKING {
        let output = bus.evenkeel().args(args).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        assert!(output.stdout.is_empty());
        assert!(
            said.starts_with("evenkeel: the helper evenkeeld cannot be reached ("),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        let helps = ["it is not installed; install it ", "it is installed but "];
        assert!(helps.iter().any(|helps| said.contains(helps)), "{said}");
    }
}

#[test]
fn numbers_outside_their_range_exit_with_2_before_anybody_is_asked() {
    for args in [
        ["set", "ema", "1025"],
        ["set", "ema", "-1"],
        ["set", "power-cost", "10001"],
        ["game-mode", "maybe", ""],
    ] {
        assert_eq!(ran(&args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn run_runs_the_command_all_the_same_and_passes_its_end_through() {
    for (script, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("kill -TERM $$", 143),
        ("kill -9 $$", 137),
    ] {
        let output = ran(&["run", "--", "sh", "-c", script]);
        assert_eq!(output.status.code(), Some(code), "{script}");
        let said = stderr(&output);
        assert!(said.starts_with("evenkeel: game mode is not on, the command runs without it: "));
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let output = ran(&["run", "echo", "--json", "a b"]);
    assert_eq!(stdout(&output), "--json a b\n");
}

#[test]
fn run_says_as_shells_do_what_cannot_be_run() {
    assert_eq!(ran(&["run", "/nonexistent/game"]).status.code(), Some(127));
    assert_eq!(ran(&["run", "/etc/passwd"]).status.code(), Some(126));
    assert_eq!(ran(&["run"]).status.code(), Some(2));
}

/// Whether a process's first thread blocks any signal.
fn holds_signals(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    blocked.is_some_and(|mask| mask.trim().chars().any(|digit| digit != '0'))
}

#[test]
fn run_passes_signals_on_and_leaves_the_commands_own_mask_alone() {
    for signal in ["TERM", "INT", "HUP", "USR1", "QUIT"] {
        let script = format!("trap 'exit 9' {signal}; echo ready; while :; do sleep 0.05; done");
        let mut child = evenkeel()
            .args(["run", "--", "sh", "-c", &script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let pid = child.id().to_string();
        assert!(holds_signals(&pid));
        assert!(
            Command::new("kill")
                .args(["-s", signal, &pid])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(9), "{signal}");
    }
    let output = ran(&["run", "grep", "SigBlk", "/proc/self/status"]);
    assert_eq!(stdout(&output), "SigBlk:\t0000000000000000\n");
}

/// A signal that arrives while the command starts must not end us and leave the command alone. It
/// cannot, if it is held back at every moment; the command looks as early as anybody can.
#[test]
fn run_holds_signals_back_also_while_the_command_starts() {
    let script = "sed -n s/SigBlk:.//p /proc/$PPID/status /proc/self/status";
    for _ in 0..20 {
        let output = ran(&["run", "--", "sh", "-c", script]);
        let said = stdout(&output);
        let [ours, own] = said.lines().collect::<Vec<_>>()[..] else {
            panic!("{said}")
        };
        assert!(ours.chars().any(|digit| digit != '0'), "{said}");
        assert!(own.chars().all(|digit| digit == '0'), "{said}");
    }
}

#[test]
fn run_gives_the_command_its_own_name_and_what_was_ignored_stays_ignored() {
    let output = ran(&["run", "--", "sh", "-c", "tr '\\0' ' ' < /proc/$$/cmdline"]);
    assert!(
        stdout(&output).starts_with("sh -c tr "),
        "{}",
        stdout(&output)
    );
    let script = "trap '' USR1; exec \"$0\" run -- grep SigIgn /proc/self/status";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_evenkeel")])
        .env("DBUS_SYSTEM_BUS_ADDRESS", cli_support::NO_BUS)
        .output()
        .unwrap();
    let said = stdout(&output);
    let mask = said.trim().rsplit('\t').next().unwrap();
    let mask = u64::from_str_radix(mask, 16).unwrap();
    // SIGUSR1 is number 10.
    assert_ne!(mask & (1 << 9), 0, "{said}");
}
