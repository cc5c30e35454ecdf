//! The Measure screen of the real window on the lab, with the real helper: begun with one press, held
//! up, outlived, cancelled; and a verdict that is picked up, whose probes are written to a file.

use std::path::PathBuf;
use std::time::Duration;

use evenkeel_dbus::measurement::{MeasurementReason as Reason, MeasurementState as State};
use evenkeel_lab::desk::{Desk, colours};
use evenkeel_lab::eye::Eye;
use evenkeel_lab::flows::Family;
use evenkeel_lab::measured::Measured;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{Cmd, LabError, Snapshot};

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);
/// The first page was seen.
const SETTINGS: &str = r#"{"welcomed": true}"#;
/// The key of the Measure screen.
const MEASURE: &str = "3";
/// Five places, the strip and the switch come before a page.
const TABS_TO_PAGE: usize = 7;
/// Fewer colours than this are no screen of ours.
const COLOURS: u32 = 100;

fn picture(name: &str) -> PathBuf {
    let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join("evenkeel-window").join(name)
}

/// Two uplinks, and the one in use is unsteady.
fn scene() -> Result<(Scene, Snapshot), LabError> {
    let scene = Scene::start(&separate(2))?;
    let unsteady = "both delay_us=10000 jitter_us=30000";
    scene.lab.link("wifi0")?.set(unsteady)?;
    scene
        .lab
        .link("usb0")?
        .set("both delay_us=10000 jitter_us=0")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let before = scene.lab.snapshot()?;
    Ok((scene, before))
}

/// The window with a home of its own.
fn window(scene: &Scene, desk: &Desk, screen: &Screen) -> Result<Cmd, LabError> {
    let below = |name: &str| format!("{}/{name}", desk.directory());
    let window = desk.seat(scene.evenkeel("player", &[])?);
    Ok(window
        .env("HOME", &below("home"))
        .env("XDG_DATA_HOME", &below("data"))
        .env("XDG_STATE_HOME", &below("state"))
        .env("DISPLAY", screen.display()))
}

/// Goes on to the widget with this number on the page, from 1 on, and presses it.
fn press_on_page(scene: &Scene, screen: &Screen, number: usize) -> Outcome {
    // The first Tab after a place was shown by its key begins at the first place.
    for _ in 0..TABS_TO_PAGE + number {
        screen.press(&scene.lab, "Tab")?;
    }
    screen.press(&scene.lab, "Return")
}

fn is_running(measured: &Measured) -> bool {
    measured.state == State::Running
}

#[test]
fn one_press_measures_game_mode_and_it_is_held_up_outlived_and_cancelled() -> Outcome {
    let (scene, before) = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let mut first = window(&scene, &desk, &screen)?.spawn()?;
    screen
        .focus(&scene.lab)
        .inspect_err(|_| eprintln!("{}", first.stderr_text()))?;
    screen.press(&scene.lab, MEASURE)?;
    press_on_page(&scene, &screen, 1)?;
    scene.wait_for_measured("it to run", is_running)?;
    screen.press(&scene.lab, "p")?;
    let paused = |it: &Measured| it.state == State::Paused && it.reason == Reason::Asked;
    scene.wait_for_measured("a pause", paused)?;
    before.must_equal(&scene.lab.snapshot()?)?;
    screen.press(&scene.lab, "p")?;
    scene.wait_for_measured("it to go on", is_running)?;

    Eye::open(&scene.lab, &screen)?.close()?;
    assert!(first.wait(PATIENCE)?.success(), "{}", first.stderr_text());
    assert!(
        scene.measured()?.is_some_and(|it| is_running(&it)),
        "it goes on"
    );
    let _second = window(&scene, &desk, &screen)?.spawn()?;
    screen.focus(&scene.lab)?;
    screen.press(&scene.lab, MEASURE)?;
    let shown = picture("measure-runs.png");
    screen.shoot(&scene.lab, &shown)?;
    assert!(
        colours(&scene.lab, &shown)? > COLOURS,
        "{}",
        shown.display()
    );
    // Pause, then cancel.
    press_on_page(&scene, &screen, 2)?;
    scene.wait_for_measured("its end", |it| it.state == State::Cancelled)?;
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn a_verdict_is_picked_up_and_its_probes_are_written_to_a_file() -> Outcome {
    let (scene, before) = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    // Game mode off and on: eight pairs of blocks of a second.
    scene.measure([0, 0, 0, 1, 8])?;
    scene.wait_for_measured("its end", |it| it.state == State::Finished)?;
    let _window = window(&scene, &desk, &screen)?.spawn()?;
    screen.focus(&scene.lab)?;
    screen.press(&scene.lab, MEASURE)?;
    std::thread::sleep(Duration::from_secs(2));
    let shown = picture("measure-verdict.png");
    screen.shoot(&scene.lab, &shown)?;
    assert!(
        colours(&scene.lab, &shown)? > COLOURS,
        "{}",
        shown.display()
    );
    // Game mode helps here: switch it on, measure again, CSV.
    press_on_page(&scene, &screen, 3)?;
    let folder = scene
        .lab
        .host_path(&format!("{}/data/evenkeel", desk.directory()));
    let written = || -> Option<PathBuf> {
        let mut entries = std::fs::read_dir(&folder).ok()?.flatten();
        entries.next().map(|entry| entry.path())
    };
    scene.wait_for("a file", || Ok(written().is_some()))?;
    let file = written().unwrap_or_default();
    scene.wait_for("the whole file", || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // A line above, and 16 blocks of 20 probes.
        Ok(text.lines().count() == 1 + 16 * 20)
    })?;
    assert_eq!(file.extension().and_then(|it| it.to_str()), Some("csv"));
    // It was kept as well, for windows and terminals to come.
    let kept = format!("{}/state/evenkeel/measurements", desk.directory());
    let kept = std::fs::read_dir(scene.lab.host_path(&kept));
    assert_eq!(kept.map(Iterator::count).unwrap_or(0), 1);
    screen.shoot(&scene.lab, &picture("measure-saved.png"))?;
    scene.wait_until_as_before(&before)
}
