//! A measurement that is ended at any moment of it, by whomever: while it warms up, settles, probes either
//! arm, waits, or is between its looks. Rules, routes, nexthops and sysctls are as before, both families.

use std::time::Duration;

use evenkeel_dbus::measurement::{MeasurementReason as Reason, MeasurementState as State};
use evenkeel_lab::flows::Family;
use evenkeel_lab::measured::Measured;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{LabError, LabSpec, Proc, Snapshot};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_secs(10);
const BLOCK_MS: u64 = 2_000;
const SETTLE_MS: u64 = 1_000;
/// A moment is over so many milliseconds before the next one begins: acting takes a while.
const MARGIN_MS: u64 = 400;
/// Pairs before the first look. So few can't end it, however large the difference.
const FIRST_LOOK: u32 = 6;

/// Game mode off against on, so many pairs that none is the last.
const GAME_MODE: [i64; 4] = [0, 0, 0, 1];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Warming,
    /// In the settling time of this arm's block.
    Settling(u32),
    /// Probes of this arm's block are counted.
    Probing(u32),
    /// Its owner asked for a pause.
    Paused,
    /// A game began meanwhile.
    HeldUp,
    /// The first look was taken, and showed nothing.
    BetweenLooks,
}

const MOMENTS: [Moment; 8] = [
    Moment::Warming,
    Moment::Settling(0),
    Moment::Settling(1),
    Moment::Probing(0),
    Moment::Probing(1),
    Moment::Paused,
    Moment::HeldUp,
    Moment::BetweenLooks,
];

impl Moment {
    /// Is it now?
    fn is(self, it: &Measured) -> bool {
        let left_ms = it.block_left_ms();
        let in_block = |arm| it.state == State::Running && it.progress.arm == arm;
        let probing_ms = BLOCK_MS - SETTLE_MS;
        match self {
            Self::Warming => it.state == State::Warming,
            Self::Settling(arm) => in_block(arm) && left_ms > probing_ms + MARGIN_MS,
            Self::Probing(arm) => in_block(arm) && (MARGIN_MS..probing_ms).contains(&left_ms),
            Self::Paused => it.state == State::Paused && it.reason == Reason::Asked,
            Self::HeldUp => it.state == State::Paused && it.reason == Reason::GameModeHeld,
            Self::BetweenLooks => {
                it.state == State::Running && it.progress.blocks_done >= 2 * FIRST_LOOK
            }
        }
    }

    /// Block, settling time and probing period in milliseconds: short ones where many are waited for.
    const fn times(self) -> [u64; 3] {
        match self {
            Self::BetweenLooks => [1_000, 0, 50],
            _ => [BLOCK_MS, SETTLE_MS, 50],
        }
    }

    /// Whether what the measurement changes is in force then: game mode is, in B's blocks.
    const fn is_in_force(self) -> bool {
        matches!(self, Self::Settling(1) | Self::Probing(1))
    }
}

/// The uplink in use is unsteady, so that game mode leads new flows to the other one.
fn scene(spec: &LabSpec) -> Result<(Scene, Snapshot), LabError> {
    let scene = Scene::start(spec)?;
    let unsteady = "both delay_us=10000 jitter_us=30000";
    scene.lab.link("wifi0")?.set(unsteady)?;
    let steady = "both delay_us=10000 jitter_us=0";
    scene.lab.link("usb0")?.set(steady)?;
    ready(&scene)?;
    let before = scene.lab.snapshot()?;
    Ok((scene, before))
}

/// Waits until the helper knows what it would build.
fn ready(scene: &Scene) -> Outcome {
    if *scene.lab.spec() == separate(2) {
        scene.wait_for_plan(&Family::BOTH)?;
    }
    Ok(())
}

/// Begins a measurement over the bus.
fn begin(scene: &Scene, arms: [i64; 4], moment: Moment) -> Outcome {
    let plan = [60, FIRST_LOOK.into()];
    let times = moment.times().map(|ms| ms as i64);
    let numbers: Vec<i64> = [&arms[..], &plan, &times].concat();
    scene.must("StartMeasurement", &numbers)
}

/// Brings a measurement that has begun to the moment. Returns the game, where there has to be one.
fn bring(scene: &Scene, moment: Moment) -> Result<(u64, Option<Proc>), LabError> {
    let is_running = |it: &Measured| it.state == State::Running;
    let game = match moment {
        Moment::Paused => {
            let it = scene.wait_for_measured("a block", is_running)?;
            assert_eq!(scene.touch("player", it.number, "Pause")?, "ok");
            None
        }
        Moment::HeldUp => {
            scene.wait_for_measured("a block", is_running)?;
            let line = ["run", "--", "sleep", "600"];
            Some(scene.evenkeel("player", &line)?.spawn()?)
        }
        _ => None,
    };
    let what = format!("{moment:?}");
    let it = scene.wait_for_measured(&what, |it| moment.is(it))?;
    Ok((it.number, game))
}

fn must_differ(before: &Snapshot, scene: &Scene, moment: Moment) -> Outcome {
    match before.must_equal(&scene.lab.snapshot()?) {
        Ok(()) => Err(LabError::Invalid(format!(
            "{moment:?}: nothing was in force"
        ))),
        Err(_) => Ok(()),
    }
}

/// Kills the helper at every moment; by turns the next helper and `--restore` find what it left.
fn kill_the_helper(spec: &LabSpec) -> Outcome {
    let (mut scene, before) = scene(spec)?;
    for (number, moment) in (0..).zip(MOMENTS) {
        begin(&scene, GAME_MODE, moment)?;
        let (_, game) = bring(&scene, moment)?;
        scene.end_helper(Signal::SIGKILL)?;
        if moment.is_in_force() {
            must_differ(&before, &scene, moment)?;
        }
        // A game asks the next helper for game mode.
        let by_restore = game.is_some() || number % 2 == 0;
        if by_restore {
            scene.restore()?;
            before.must_equal(&scene.lab.snapshot()?)?;
        }
        if let Some(mut game) = game {
            game.terminate(PATIENCE)?;
        }
        scene.start_helper()?;
        scene.wait_until_as_before(&before)?;
        assert_eq!(scene.measured()?, None, "{moment:?}: it ended with it");
        ready(&scene)?;
    }
    Ok(())
}

#[test]
fn a_helper_killed_at_any_moment_leaves_routes_of_our_own_to_nobody() -> Outcome {
    kill_the_helper(&separate(2))
}

#[test]
fn a_helper_killed_at_any_moment_leaves_the_weights_of_the_users_route_as_they_were() -> Outcome {
    kill_the_helper(&LabSpec::default())
}

/// The measurement is the helper's: whoever watches it may go, and whoever comes may end it.
#[test]
fn a_client_killed_at_any_moment_changes_nothing_and_another_one_ends_it() -> Outcome {
    let (scene, before) = scene(&separate(2))?;
    for moment in MOMENTS {
        let [block, settle, period] = moment.times();
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let (block, settle) = (seconds(block), seconds(settle));
        let (period, first) = (period.to_string(), FIRST_LOOK.to_string());
        let line = ["measure", "--game-mode", "--pairs", "60", "--first-look"];
        let times = ["--block", &block, "--settle", &settle];
        let rest = [&first[..], times[0], times[1], times[2], times[3]];
        let line = [&line[..], &rest, &["--period-ms", &period]].concat();
        let mut client = scene.evenkeel("player", &line)?.spawn()?;
        scene.wait_for_measured("it to begin", |it| it.state == State::Warming)?;
        let (number, game) = bring(&scene, moment)?;
        let then = scene.measured()?;
        client.kill()?;
        // Longer than it takes the bus to tell the helper.
        std::thread::sleep(Duration::from_millis(300));
        let now = scene.measured()?;
        let place = |it: Option<Measured>| {
            let is_under_way = |it: &Measured| matches!(it.state, State::Warming | State::Running);
            it.map(|it| (it.number, it.state == State::Paused, is_under_way(&it)))
        };
        assert_eq!(place(now), place(then), "{moment:?}");
        if let Some(mut game) = game {
            game.terminate(PATIENCE)?;
        }
        assert_eq!(scene.touch("player", number, "Cancel")?, "ok");
        if moment == Moment::HeldUp {
            // What the game's connections might need stays for a moment.
            scene.wait_until_as_before(&before)?;
        }
        before.must_equal(&scene.lab.snapshot()?)?;
    }
    Ok(())
}

#[test]
fn whoever_watches_is_told_that_the_helper_has_gone_and_the_measurement_with_it() -> Outcome {
    let (mut scene, before) = scene(&separate(2))?;
    let line = ["measure", "--game-mode"];
    let mut client = scene.evenkeel("player", &line)?.spawn()?;
    scene.wait_for_measured("a block", |it| it.state == State::Running)?;
    scene.end_helper(Signal::SIGKILL)?;
    let status = client.wait(PATIENCE)?;
    let said = client.stderr_text();
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(
        said.contains("the helper has ended and the measurement with it"),
        "{said}"
    );
    assert_eq!(client.stdout_text(), "", "there is no verdict to show");
    scene.start_helper()?;
    scene.wait_until_as_before(&before)
}

fn ifindex(scene: &Scene, name: &str) -> Result<i64, LabError> {
    let status = scene.status()?;
    let uplinks = status["uplinks"].as_array().into_iter().flatten();
    let found = uplinks
        .filter(|uplink| uplink["name"] == name)
        .find_map(|uplink| uplink["ifindex"].as_i64());
    found.ok_or_else(|| LabError::Invalid(format!("no {name} in {status}")))
}

/// Whatever is compared: two positions of the slider, a setting off and on, two uplinks.
#[test]
fn whatever_is_compared_is_put_back_when_it_is_cancelled_or_the_helper_killed() -> Outcome {
    const OFF: i64 = u32::MAX as i64;
    let (mut scene, before) = scene(&separate(2))?;
    let [wifi, usb] = [ifindex(&scene, "wifi0")?, ifindex(&scene, "usb0")?];
    let (slider, cost) = ([1, 0, 256, 768], [3, usb, OFF, 300]);
    for (number, arms) in (0..).zip([slider, [1, 0, OFF, 900], cost, [4, 0, wifi, usb]]) {
        // Both arms of the first three steer, those of the last one touch nothing.
        let steers = arms[0] != 4;
        for (cancelled, moment) in [
            (true, Moment::Settling(number % 2)),
            (false, Moment::Probing(1 - number % 2)),
        ] {
            begin(&scene, arms, moment)?;
            let (measurement, _) = bring(&scene, moment)?;
            if steers {
                must_differ(&before, &scene, moment)?;
            } else {
                before.must_equal(&scene.lab.snapshot()?)?;
            }
            if cancelled {
                assert_eq!(scene.touch("player", measurement, "Cancel")?, "ok");
                before.must_equal(&scene.lab.snapshot()?)?;
            } else {
                scene.end_helper(Signal::SIGKILL)?;
                scene.restore()?;
                before.must_equal(&scene.lab.snapshot()?)?;
                scene.start_helper()?;
                ready(&scene)?;
            }
        }
    }
    Ok(())
}
