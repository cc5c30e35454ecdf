//! What the command line asks of the helper, and what it makes of the answers, against a stand-in
//! on a private bus.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;
#[path = "cli_support/fake.rs"]
mod fake;

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use cli_support::{Bus, stderr, stdout};
use evenkeel_dbus::{Draining, FamilyInfo, HelperError, Holder, PlanStep, Reason, Way};
use fake::Helper;

struct Rig {
    helper: Helper,
    bus: Bus,
}

impl Rig {
    fn new() -> Self {
        let bus = Bus::start();
        Self {
            helper: Helper::start(&bus.address),
            bus,
        }
    }

    fn ran(&self, args: &[&str]) -> Output {
        self.bus.evenkeel().args(args).output().unwrap()
    }
}

#[test]
fn changes_are_asked_to_be_kept() {
    let rig = Rig::new();
    for (args, call) in [
        (&["set", "ema", "300"][..], "SetEmaFactor 300 1"),
        (&["set", "power-cost", "0"], "SetPowerCostWeight 0 1"),
        (
            &["set", "uplink-cost", "wwan0", "150"],
            "SetUplinkCost 4 150 1",
        ),
        (&["set", "uplink-cost", "3", "150"], "SetUplinkCost 3 150 1"),
        (&["game-mode", "on"], "EnterGameMode 1"),
        (&["game-mode", "off"], "LeaveGameMode"),
        (&["forget", "wwan0"], "Forget 4"),
        (&["forget", "3"], "Forget 3"),
        (&["revert"], "Revert"),
    ] {
        let output = rig.ran(args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        assert_eq!(rig.helper.calls().last().unwrap(), call);
    }
    let asked = rig.helper.calls().len();
    for args in [
        &["set", "uplink-cost", "eth7", "150"][..],
        &["forget", "eth7"],
    ] {
        let output = rig.ran(args);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("there are: wifi0, wwan0"));
    }
    assert_eq!(rig.helper.calls().len(), asked);
}

#[test]
fn what_to_measure_becomes_the_numbers_of_one_call() {
    let rig = Rig::new();
    let off = u32::MAX;
    for (args, numbers) in [
        (
            &["--game-mode"][..],
            [0, 0, 0, 1, 30, 20, 10_000, 2_000, 100],
        ),
        (
            &["--ema", "256", "768", "--pairs", "20"],
            [1, 0, 256, 768, 20, 13, 10_000, 2_000, 100],
        ),
        (
            &["--uplinks", "wwan0", "3", "--pairs", "8"],
            [4, 0, 4, 3, 8, 0, 10_000, 2_000, 100],
        ),
        (
            &["--tunable", "uplink-cost:wwan0=150", "--first-look", "0"],
            [3, 4, off, 150, 30, 0, 10_000, 2_000, 100],
        ),
        (
            &[
                "--tunable",
                "ema-factor=0",
                "--block",
                "2.5",
                "--settle",
                "0",
            ],
            [1, 0, off, 0, 30, 20, 2_500, 0, 100],
        ),
    ] {
        let output = rig.ran(&[&["measure"], args].concat());
        assert_eq!(
            output.status.code(),
            Some(5),
            "{args:?}: {}",
            stderr(&output)
        );
        let asked = format!("StartMeasurement {numbers:?}");
        assert_eq!(rig.helper.calls().last(), Some(&asked));
    }
    let asked = rig.helper.calls().len();
    for args in [
        &["measure"][..],
        &["measure", "--game-mode", "--ema", "1", "2"],
        &["measure", "--ema", "1"],
        &["measure", "--ema", "1", "1025"],
        &["measure", "--game-mode", "--pairs", "5"],
        &["measure", "--game-mode", "--first-look", "30"],
        &["measure", "--game-mode", "--block", "0.5"],
        &["measure", "--game-mode", "--block", "-1"],
        &["measure", "--game-mode", "--settle", "9"],
        &["measure", "--uplinks", "eth7", "wifi0"],
        &["measure", "--tunable", "colour=1"],
        &["measure", "--tunable", "ema-factor"],
        &["measure", "--show", "--pairs", "8"],
        &["measure", "--show", "--history"],
    ] {
        let output = rig.ran(args);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
    let output = rig.ran(&["measure", "--show"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nothing was measured"));
    assert_eq!(rig.helper.calls().len(), asked);
}

#[test]
fn every_refusal_has_its_exit_code_and_its_sentence() {
    let rig = Rig::new();
    let why = || "because of the test; nothing was changed".to_owned();
    for (error, code) in [
        (HelperError::NotAuthorized(why()), 4),
        (HelperError::OutOfRange(why()), 2),
        (HelperError::NotSupported(why()), 5),
        (HelperError::Busy(why()), 6),
        (HelperError::LimitsExceeded(why()), 6),
        (HelperError::ConflictingRoutes(why()), 1),
        (HelperError::Kernel(why()), 1),
    ] {
        rig.helper.said.lock().unwrap().refuse = Some(error);
        for args in [
            &["game-mode", "on"][..],
            &["set", "ema", "1"],
            &["forget", "wifi0"],
            &["measure", "--game-mode"],
            &["watch", "--count", "1"],
        ] {
            let output = rig.ran(args);
            assert_eq!(output.status.code(), Some(code), "{args:?}");
            assert_eq!(stderr(&output), format!("evenkeel: {}\n", why()));
            assert!(output.stdout.is_empty());
        }
        let output = rig.ran(&["run", "true"]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stderr(&output).lines().count(), 1);
    }
}

#[test]
fn status_asks_for_nothing_but_properties() {
    let rig = Rig::new();
    let text = stdout(&rig.ran(&["status"]));
    assert!(text.starts_with("Game mode is off:"), "{text}");
    assert!(text.contains("* ") && text.contains("wifi0"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&rig.ran(&["status", "--json"]))).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["leader_ifindex"], 3);
    assert_eq!(json["uplinks"][1]["name"], "wwan0");
    assert!(rig.helper.calls().is_empty(), "it only reads");
}

#[test]
fn plan_shows_the_helpers_steps_and_asks_for_nothing() {
    let rig = Rig::new();
    {
        let mut said = rig.helper.said.lock().unwrap();
        said.families = vec![
            FamilyInfo {
                family: 4,
                way: Way::Group.to_wire(),
                ..FamilyInfo::default()
            },
            FamilyInfo {
                family: 6,
                reason: Reason::NoDefault.to_wire(),
                ..FamilyInfo::default()
            },
        ];
        said.plan = vec![PlanStep {
            family: 4,
            step: "ip route add default metric 99 nhid 7".into(),
        }];
    }
    assert_eq!(
        stdout(&rig.ran(&["plan"])),
        "IPv4: game mode would steer by a default route of Evenkeel's own through a resilient \
         nexthop group:\n  ip route add default metric 99 nhid 7\n\
         IPv6: nothing would be done: there is no default route.\n\
         Nothing was changed; this only asks.\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&rig.ran(&["plan", "--json"]))).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["families"][0]["way"], "group");
    let steps = &json["families"][0]["steps"];
    assert_eq!(steps[0], "ip route add default metric 99 nhid 7");
    assert_eq!(json["families"][1]["reason"], "no-default");
    assert!(rig.helper.calls().is_empty(), "it only reads");
}

#[test]
fn draining_is_told_by_status_watch_and_revert() {
    let rig = Rig::new();
    rig.helper.said.lock().unwrap().draining = Draining {
        rules: 2,
        seconds_left: 90,
    };
    let kept = "2 rules still keep running connections on their uplink, 2 min at most";
    for args in [
        &["status"][..],
        &["watch", "--count", "1"],
        &["game-mode", "off"],
        &["revert"],
    ] {
        let text = stdout(&rig.ran(args));
        assert!(text.contains(kept), "{args:?}: {text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&rig.ran(&["status", "--json"]))).unwrap();
    assert_eq!(json["draining"]["rules"], 2);
    assert_eq!(json["draining"]["seconds_left"], 90);
}

#[test]
fn game_mode_off_says_who_still_holds_it() {
    let rig = Rig::new();
    {
        let mut said = rig.helper.said.lock().unwrap();
        said.game_mode = true;
        said.holders = vec![Holder {
            uid: 4_000_000_000,
            kept: true,
        }];
    }
    let text = stdout(&rig.ran(&["game-mode", "off"]));
    assert!(
        text.contains("game mode stays on: kept for user id 4000000000."),
        "{text}"
    );
}

#[test]
fn run_holds_game_mode_on_a_name_of_its_own_for_as_long_as_the_command_lives() {
    let rig = Rig::new();
    for ending in ["exit", "kill -9"] {
        let mut child = rig
            .bus
            .evenkeel()
            .args(["run", "--", "sh", "-c", "echo ready; read line; exit 0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        let (call, caller) = rig
            .helper
            .said
            .lock()
            .unwrap()
            .calls
            .last()
            .unwrap()
            .clone();
        assert_eq!(call, "EnterGameMode 0");
        assert!(rig.helper.is_there(&caller));
        if ending == "exit" {
            drop(child.stdin.take());
        } else {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        // The bus notices on its own; the hold must not need a word from us.
        while rig.helper.is_there(&caller) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    assert_eq!(rig.helper.calls(), ["EnterGameMode 0", "EnterGameMode 0"]);
}

#[test]
fn run_enters_game_mode_anew_when_the_helper_was_restarted() {
    let Rig { helper, bus } = Rig::new();
    let mut child = bus
        .evenkeel()
        .args(["run", "--", "sh", "-c", "echo ready; read line; exit 0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    drop(helper);
    let helper = Helper::start(&bus.address);
    while helper.calls().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(helper.calls(), ["EnterGameMode 0"]);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn watch_prints_a_line_per_uplink_and_second_when_it_is_no_terminal() {
    let rig = Rig::new();
    let output = rig.ran(&["watch", "--count", "2"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let of = |name: &str| text.lines().filter(|line| line.contains(name)).count();
    assert!(
        text.lines().next().unwrap().contains("Game mode is off"),
        "{text}"
    );
    assert_eq!((of("wifi0"), of("wwan0")), (2, 2), "{text}");
    assert!(
        text.contains("* wifi0") && text.contains("now 20.0 ms"),
        "{text}"
    );
    assert!(
        text.contains("now    lost") && text.contains("loss 100.0 %"),
        "{text}"
    );
    assert_eq!(rig.helper.calls(), ["Subscribe 1"]);
}

#[test]
fn watch_waits_for_a_helper_that_goes_away() {
    let Rig { helper, bus } = Rig::new();
    let mut child = bus
        .evenkeel()
        .args(["watch", "--for", "60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |words: &str| lines.any(|line| line.unwrap().contains(words));
    assert!(until("wifi0"));
    drop(helper);
    assert!(until("the helper is gone, waiting for it"));
    let _helper = Helper::start(&bus.address);
    assert!(until("Game mode is off"));
    assert!(until("wifi0"));
    child.kill().unwrap();
    child.wait().unwrap();
}
