//! Measurements from end to end, with short blocks: what is planted is found, what isn't there is not,
//! and however one ends, rules, routes, nexthops and sysctls are as they were.

#![allow(
    clippy::print_stderr,
    reason = "the moments are drawn, and a failure must name its own"
)]

use std::time::Duration;

use evenkeel_core::ab::draw::Draws;
use evenkeel_dbus::measurement::{MeasurementReason as Reason, MeasurementState as State};
use evenkeel_lab::flows::Family;
use evenkeel_lab::measured::Measured;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{LabError, LabSpec, SessionState, Snapshot};
use nix::sys::signal::Signal;
use serde_json::Value;

type Outcome = Result<(), LabError>;

/// Game mode off against on, so many pairs that none is the last for long.
const GAME_MODE: [i64; 5] = [0, 0, 0, 1, 60];
/// 24 s of blocks, and a warming up.
const PATIENCE: Duration = Duration::from_mins(2);
const SEED: u64 = 0x000e_7e2c_ee15_0006;

/// The uplink in use is unsteady, or as steady as the other one.
fn scene(spec: &LabSpec, jitter_us: u32) -> Result<(Scene, Snapshot), LabError> {
    let scene = Scene::start(spec)?;
    let wifi = format!("both delay_us=10000 jitter_us={jitter_us}");
    scene.lab.link("wifi0")?.set(&wifi)?;
    scene
        .lab
        .link("usb0")?
        .set("both delay_us=10000 jitter_us=0")?;
    if *spec == separate(2) {
        scene.wait_for_plan(&Family::BOTH)?;
    }
    let before = scene.lab.snapshot()?;
    Ok((scene, before))
}

/// `evenkeel measure` with short blocks, to its end.
fn measured(scene: &Scene, what: &[&str]) -> Result<Value, LabError> {
    let short = ["--pairs", "8", "--first-look", "0", "--block", "1.5"];
    let rest = ["--settle", "0.4", "--period-ms", "50", "--json"];
    let line = [&["measure"], what, &short, &rest].concat();
    let mut client = scene.evenkeel("player", &line)?.spawn()?;
    let status = client.wait(PATIENCE)?;
    let (out, errors) = (client.stdout_text(), client.stderr_text());
    serde_json::from_str(&out)
        .map_err(|error| LabError::Invalid(format!("{status}: {error}: {out}{errors}")))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn is_running(measured: &Measured) -> bool {
    measured.state == State::Running && measured.progress.blocks_done > 0
}

#[test]
fn a_planted_improvement_is_found_and_everything_is_put_back() -> Outcome {
    let (scene, before) = scene(&separate(2), 30_000)?;
    let said = measured(&scene, &["--game-mode"])?;
    assert_eq!(said["verdict"], "better", "{said:#}");
    assert!(number(&said["ratio"]) < 0.5, "{said:#}");
    assert!(number(&said["ratio_high"]) < 1.0, "{said:#}");
    assert_eq!(said["pairs"], 8);
    // Each flow took what a new flow takes: the system's uplink, and the leader.
    for block in said["blocks"].as_array().into_iter().flatten() {
        let uplink = if block["arm"] == "a" { "wifi0" } else { "usb0" };
        assert_eq!(block["uplink"], uplink, "{block}");
    }
    for arm in said["arms"].as_array().into_iter().flatten() {
        assert_eq!(arm["sent"], 8 * 22, "{arm}");
    }
    scene.wait_until_as_before(&before)
}

#[test]
fn an_improvement_that_is_not_there_is_not_found() -> Outcome {
    let (scene, before) = scene(&separate(2), 0)?;
    let said = measured(&scene, &["--game-mode"])?;
    // Of equals one in 128 is that extreme.
    assert!(number(&said["p"]) > 0.01, "{said:#}");
    assert!(
        number(&said["ratio_low"]) <= 1.0 && number(&said["ratio_high"]) >= 1.0,
        "{said:#}"
    );
    if said["verdict"] == "no-difference" {
        let sentence = said["sentence"].as_str().unwrap_or_default();
        assert!(sentence.contains("Four of five such tests"), "{sentence}");
        assert!(said["advice"].is_string(), "{said:#}");
    }
    scene.wait_until_as_before(&before)
}

#[test]
fn two_uplinks_are_compared_without_touching_anything() -> Outcome {
    let (scene, before) = scene(&LabSpec::default(), 30_000)?;
    let line = [
        "measure",
        "--uplinks",
        "wifi0",
        "usb0",
        "--pairs",
        "6",
        "--block",
        "1",
    ];
    let rest = ["--settle", "0", "--period-ms", "50"];
    let mut client = scene
        .evenkeel("player", &[&line[..], &rest].concat())?
        .spawn()?;
    scene.wait_for_measured("two blocks", |measured| measured.progress.blocks_done >= 2)?;
    before.must_equal(&scene.lab.snapshot()?)?;
    client.wait_for(
        "Better: usb0 is steadier than wifi0",
        Duration::from_secs(40),
    )?;
    client.wait_for("stdev", Duration::from_secs(5))?;
    Ok(())
}

#[test]
fn on_a_terminal_a_bar_fills_in_place_and_what_came_out_follows() -> Outcome {
    let (scene, _) = scene(&LabSpec::default(), 30_000)?;
    let line =
        "evenkeel measure --uplinks wifi0 usb0 --pairs 6 --block 1 --settle 0 --period-ms 50";
    let argv = ["script", "-q", "-f", "-e", "-c", line, "/dev/null"];
    let mut terminal = scene.lab.command_as("player", argv)?.spawn()?;
    let status = terminal.wait(PATIENCE)?;
    let shown = terminal.stdout_text();
    assert!(status.success(), "{status}: {shown}");
    let (bar, result) = shown
        .split_once("Better: usb0")
        .ok_or_else(|| LabError::Invalid(format!("no verdict in {shown:?}")))?;
    // A line, drawn anew from its beginning each time.
    assert_eq!(bar.matches('\n').count(), 1, "{bar:?}");
    let frames = bar.split('\r').filter(|frame| frame.contains('░'));
    let full: Vec<usize> = frames.map(|frame| frame.matches('█').count()).collect();
    assert!(full.is_sorted() && full.first() == Some(&0), "{full:?}");
    let steps: std::collections::BTreeSet<usize> = full.into_iter().collect();
    assert!(steps.len() > 6, "twelve blocks: {steps:?} in {bar:?}");
    assert!(bar.contains("left at most"), "{bar:?}");
    assert!(
        result.contains("p99") && result.contains("stdev"),
        "{result}"
    );
    Ok(())
}

#[test]
fn the_weights_of_the_users_own_route_are_switched_and_put_back() -> Outcome {
    let (scene, before) = scene(&LabSpec::default(), 30_000)?;
    scene.measure(GAME_MODE)?;
    scene.wait_for("the leader's weight", || {
        Ok(scene.routes()?.contains("dev usb0 weight 255"))
    })?;
    let measured = scene.wait_for_measured("a whole pair", |it| it.progress.blocks_done >= 2)?;
    assert_eq!(scene.touch("player", measured.number, "Cancel")?, "ok");
    before.must_equal(&scene.lab.snapshot()?)?;
    let measured = scene.wait_for_measured("its end", |it| it.state == State::Cancelled)?;
    assert_eq!(measured.result.verdict, 0);
    assert_eq!(scene.status()?["sampling"], false);
    Ok(())
}

#[test]
fn a_client_that_is_killed_leaves_it_alone_and_another_one_finds_the_verdict() -> Outcome {
    let (scene, before) = scene(&separate(2), 30_000)?;
    let line = [
        "measure",
        "--game-mode",
        "--pairs",
        "6",
        "--block",
        "1",
        "--settle",
        "0",
    ];
    let line = [&line[..], &["--period-ms", "50"]].concat();
    let mut client = scene.evenkeel("player", &line)?.spawn()?;
    scene.wait_for_measured("a block", is_running)?;
    client.kill()?;
    let blocks = scene
        .wait_for_measured("a block", is_running)?
        .progress
        .blocks_done;
    scene.wait_for_measured("more blocks", |it| it.progress.blocks_done > blocks)?;
    let shown = scene.evenkeel("player", &["measure", "--show"])?.text()?;
    assert!(
        shown.starts_with("Better: game mode on is steadier"),
        "{shown}"
    );
    let again = scene.evenkeel("nobody", &["measure", "--show"])?.output()?;
    assert!(
        again.stderr.contains("observe"),
        "without a session: {again:?}"
    );
    scene.wait_until_as_before(&before)
}

#[test]
fn ctrl_c_cancels_and_puts_everything_back_at_once() -> Outcome {
    let (scene, before) = scene(&separate(2), 30_000)?;
    let mut client = scene
        .evenkeel("player", &["measure", "--game-mode"])?
        .spawn()?;
    scene.wait_for("our default", || {
        Ok(scene.lab.led_to(Family::V4)?.is_some())
    })?;
    client.signal(Signal::SIGINT)?;
    client.wait_for("Everything is as it was before.", Duration::from_secs(10))?;
    before.must_equal(&scene.lab.snapshot()?)
}

/// Everything that can stand in the way, one after the other.
#[test]
fn it_waits_for_game_mode_and_uplinks_and_ends_when_a_setting_changes() -> Outcome {
    let (scene, before) = scene(&separate(2), 30_000)?;
    scene.measure(GAME_MODE)?;
    let said = scene.call(
        "player",
        "StartMeasurement",
        &[0, 0, 0, 1, 6, 0, 1_000, 0, 50],
    )?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.LimitsExceeded"),
        "{said}"
    );
    let one = scene.wait_for_measured("a block", is_running)?.number;

    let paused_for = |why| move |it: &Measured| it.state == State::Paused && it.reason == why;
    let mut game = scene
        .evenkeel("player", &["run", "--", "sleep", "600"])?
        .spawn()?;
    scene.wait_for_measured("a pause for the game", paused_for(Reason::GameModeHeld))?;
    assert_eq!(scene.status()?["game_mode"], true, "the game's hold stays");
    game.terminate(Duration::from_secs(10))?;
    scene.wait_for_measured("it to go on", is_running)?;

    assert_eq!(scene.touch("player", one, "Pause")?, "ok");
    scene.wait_for_measured("a pause", paused_for(Reason::Asked))?;
    before.must_equal(&scene.lab.snapshot()?)?;
    assert_eq!(scene.touch("player", one, "Resume")?, "ok");
    scene.wait_for_measured("it to go on", is_running)?;

    let usb = |verb: &str| {
        let script = format!(
            "ip -4 route {verb} default via 10.2.0.1 dev usb0 metric 200; \
             ip -6 route {verb} default via fd02::1 dev usb0 metric 200"
        );
        scene
            .lab
            .command("pc", ["sh", "-c", &script])
            .text()
            .map(drop)
    };
    usb("del")?;
    scene.wait_for_measured("a pause for usb0", paused_for(Reason::UplinksChanged))?;
    usb("add")?;
    scene.wait_for_measured("it to go on", is_running)?;

    for method in ["Blocks", "Samples"] {
        let said = scene.touch("player", one, method)?;
        assert!(said.starts_with("io.github.evenkeel.Error.Busy"), "{said}");
    }
    scene.lab.set_session("guest", SessionState::Active)?;
    for method in ["Pause", "Resume", "Cancel"] {
        let said = scene.touch("guest", one, method)?;
        assert!(said.contains("belongs to another user"), "{method}: {said}");
        let said = scene.touch("nobody", one, method)?;
        assert!(
            said.starts_with("io.github.evenkeel.Error.NotAuthorized"),
            "{method}: {said}"
        );
    }

    assert_eq!(scene.call("guest", "SetEmaFactor", &[700, 1])?, "ok");
    let ended = scene.wait_for_measured("its end", |it| it.state == State::Failed)?;
    assert_eq!(ended.reason, Reason::SettingChanged);
    scene.wait_until_as_before(&before)?;
    let said = scene.touch("player", one, "Cancel")?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.NotSupported"),
        "{said}"
    );

    scene.must("EnterGameMode", &[1])?;
    let said = scene.call(
        "player",
        "StartMeasurement",
        &[0, 0, 0, 1, 6, 0, 1_000, 0, 50],
    )?;
    assert!(said.starts_with("io.github.evenkeel.Error.Busy"), "{said}");
    scene.must("LeaveGameMode", &[])?;
    scene.measure([1, 0, 256, 768, 60])?;
    scene.wait_for_measured("a block", is_running)?;
    assert!(scene.lab.led_to(Family::V4)?.is_some(), "both arms steer");
    assert_eq!(scene.status()?["game_mode"], false, "but nobody said so");
    scene.must("Revert", &[])?;
    scene.wait_for_measured("its end", |it| it.state == State::Cancelled)?;
    scene.wait_until_as_before(&before)
}

#[test]
fn however_the_helper_ends_at_any_moment_everything_is_as_before() -> Outcome {
    eprintln!("seed {SEED:#x}");
    let mut draws = Draws::new(SEED);
    let (mut scene, before) = scene(&separate(2), 30_000)?;
    let mut hits = 0;
    for round in 0..12 {
        scene.measure(GAME_MODE)?;
        // From the end of the warming up on, over one block and its switch.
        let delay = Duration::from_millis(4_800 + draws.below(1_600) as u64);
        eprintln!("round {round}: after {delay:?}");
        std::thread::sleep(delay);
        match round % 3 {
            0 => {
                scene.end_helper(Signal::SIGKILL)?;
                hits += usize::from(before.must_equal(&scene.lab.snapshot()?).is_err());
                scene.restore()?;
                before.must_equal(&scene.lab.snapshot()?)?;
                scene.start_helper()?;
            }
            1 => {
                scene.end_helper(Signal::SIGKILL)?;
                hits += usize::from(before.must_equal(&scene.lab.snapshot()?).is_err());
                scene.start_helper()?;
                scene.wait_until_as_before(&before)?;
            }
            _ => {
                scene.end_helper(Signal::SIGTERM)?;
                before.must_equal(&scene.lab.snapshot()?)?;
                scene.start_helper()?;
            }
        }
        assert_eq!(scene.measured()?, None, "it ended with its helper");
        scene.wait_for_plan(&Family::BOTH)?;
    }
    assert!(hits > 0, "no kill found anything in force");
    Ok(())
}

#[test]
fn cancelling_at_any_moment_puts_everything_back_at_once() -> Outcome {
    eprintln!("seed {SEED:#x}");
    let mut draws = Draws::new(SEED + 1);
    for spec in [separate(2), LabSpec::default()] {
        let (scene, before) = scene(&spec, 30_000)?;
        for round in 0..6 {
            scene.measure(GAME_MODE)?;
            let delay = Duration::from_millis(4_800 + draws.below(2_500) as u64);
            eprintln!("round {round}: after {delay:?}");
            std::thread::sleep(delay);
            let number = scene.measured()?.map_or(0, |measured| measured.number);
            assert_eq!(scene.touch("player", number, "Cancel")?, "ok");
            before.must_equal(&scene.lab.snapshot()?)?;
        }
        // The oldest made room.
        let last = scene.measured()?.map_or(0, |measured| measured.number);
        for (number, kept) in [(last, true), (last - 3, true), (last - 4, false)] {
            let said = scene.touch("player", number, "Samples")?;
            assert_eq!(said == "ok", kept, "{number}: {said}");
        }
    }
    Ok(())
}
