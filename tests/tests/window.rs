//! The real window, driven from start to end on the lab: under X11 and under Wayland, with the real
//! helper and without one.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use evenkeel_lab::anchor::Anchor;
use evenkeel_lab::desk::{Desk, colours};
use evenkeel_lab::eye::Eye;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::wayland::Wayland;
use evenkeel_lab::{Cmd, LabError, LabSpec};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);
/// The name a window has, on the session bus too.
const APPLICATION: &str = "io.github.evenkeel.Evenkeel";
/// The first page was seen.
const SETTINGS: &str = r#"{"welcomed": true}"#;
/// In the middle of the big switch of a window of 1280x800.
const SWITCH: (u32, u32) = (1080, 58);
/// Before the switch come five places and the strip.
const TABS_TO_SWITCH: usize = 7;
/// Fewer colours than this are no screen of ours.
const COLOURS: u32 = 100;

/// A first start.
const FIRST_START: &str = "{}";

/// Where the pictures of a run are left for people to look at.
fn picture(name: &str) -> PathBuf {
    let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join("evenkeel-window").join(name)
}

fn scene() -> Result<Scene, LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    for (uplink, state) in [
        ("wifi0", "both delay_us=5000"),
        ("usb0", "both delay_us=25000"),
    ] {
        scene.lab.link(uplink)?.set(state)?;
    }
    Ok(scene)
}

fn window(scene: &Scene, desk: &Desk) -> Result<Cmd, LabError> {
    Ok(desk.seat(scene.evenkeel("player", &[])?))
}

/// Both uplinks have been measured, which the helper does only for a window that shows them.
fn wait_for_measurements(scene: &Scene) -> Outcome {
    wait_until("both uplinks to be measured", PATIENCE, || {
        let uplinks = scene.view()?.uplinks;
        Ok(uplinks.iter().filter(|uplink| uplink.rtt_ns > 0).count() == 2)
    })
}

fn wait_for_game_mode(scene: &Scene, on: bool) -> Outcome {
    let what = if on {
        "game mode"
    } else {
        "the end of game mode"
    };
    wait_until(what, PATIENCE, || Ok(scene.view()?.game_mode == on))
}

/// What a player does: sees the uplinks, switches game mode by its key and then on the switch itself
/// with `on_switch`, goes to Tune and moves the slider; each time the helper did it.
fn drive(
    scene: &Scene,
    press: impl Fn(&str) -> Outcome,
    on_switch: impl Fn() -> Outcome,
    shoot: impl Fn(&str) -> Result<PathBuf, LabError>,
) -> Outcome {
    wait_for_measurements(scene)?;
    press("g")?;
    wait_for_game_mode(scene, true)?;
    let shown = shoot("live.png")?;
    assert!(
        colours(&scene.lab, &shown)? > COLOURS,
        "{} is empty",
        shown.display()
    );
    on_switch()?;
    wait_for_game_mode(scene, false)?;
    // The focus is on the switch; the slider comes next.
    press("2")?;
    press("Tab")?;
    press("Right")?;
    wait_until("the slider's value at the helper", PATIENCE, || {
        Ok(scene.status()?["ema_factor"].as_u64() > Some(512))
    })?;
    let shown = shoot("tune.png")?;
    assert!(
        colours(&scene.lab, &shown)? > COLOURS,
        "{} is empty",
        shown.display()
    );
    Ok(())
}

#[test]
fn a_player_gets_from_the_first_look_to_the_slider_under_x11() -> Outcome {
    let scene = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let window = window(&scene, &desk)?
        .env("DISPLAY", screen.display())
        .spawn()?;
    screen
        .focus(&scene.lab)
        .inspect_err(|_| eprintln!("{}", window.stderr_text()))?;
    drive(
        &scene,
        |key| screen.press(&scene.lab, key),
        || screen.click(&scene.lab, SWITCH.0, SWITCH.1),
        |name| {
            let path = picture(&format!("x11-{name}"));
            screen.shoot(&scene.lab, &path).map(|()| path)
        },
    )
}

#[test]
fn a_player_gets_from_the_first_look_to_the_slider_under_wayland() -> Outcome {
    let scene = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let wayland = Wayland::start(&scene.lab, &desk)?;
    let _window = wayland.show(window(&scene, &desk)?).spawn()?;
    wayland.wait_for_window(&scene.lab)?;
    drive(
        &scene,
        |key| wayland.press(&scene.lab, &desk, key),
        || {
            for _ in 0..TABS_TO_SWITCH {
                wayland.press(&scene.lab, &desk, "Tab")?;
            }
            wayland.press(&scene.lab, &desk, "space")
        },
        |name| {
            let path = picture(&format!("wayland-{name}"));
            wayland.shoot(&scene.lab, &desk, &path).map(|()| path)
        },
    )?;
    desk.wait_for_owner(&scene.lab, APPLICATION)?;
    let mut second = wayland.show(window(&scene, &desk)?).spawn()?;
    assert!(second.wait(PATIENCE)?.success(), "{}", second.stderr_text());
    Ok(())
}

#[test]
fn a_second_start_brings_the_first_window_to_the_front_and_ends_well() -> Outcome {
    let scene = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let start = || {
        window(&scene, &desk)?
            .env("DISPLAY", screen.display())
            .spawn()
    };
    let mut first = start()?;
    screen.focus(&scene.lab)?;
    let eye = Eye::open(&scene.lab, &screen)?;
    desk.wait_for_owner(&scene.lab, APPLICATION)?;
    eye.wait_for_activation(PATIENCE, || {
        let mut second = start()?;
        assert!(second.wait(PATIENCE)?.success(), "{}", second.stderr_text());
        Ok(())
    })?;
    assert!(first.is_running());
    Ok(())
}

#[test]
fn closing_in_game_mode_asks_and_what_is_kept_outlives_the_window() -> Outcome {
    let scene = scene()?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let mut window = window(&scene, &desk)?
        .env("DISPLAY", screen.display())
        .spawn()?;
    screen.focus(&scene.lab)?;
    wait_for_measurements(&scene)?;
    screen.press(&scene.lab, "g")?;
    wait_for_game_mode(&scene, true)?;
    let eye = Eye::open(&scene.lab, &screen)?;
    eye.close()?;
    std::thread::sleep(Duration::from_secs(1));
    assert!(window.is_running(), "it asks first");
    screen.shoot(&scene.lab, &picture("x11-question.png"))?;
    // The focus is on keeping.
    screen.press(&scene.lab, "Return")?;
    assert!(window.wait(PATIENCE)?.success());
    assert!(scene.view()?.game_mode, "kept without a window");
    let off = scene.evenkeel("player", &["game-mode", "off"])?;
    off.text()?;
    wait_for_game_mode(&scene, false)
}

#[test]
fn the_first_page_sends_nothing_before_it_is_left() -> Outcome {
    let mut scene = scene()?;
    scene.end_helper(Signal::SIGTERM)?;
    let desk = Desk::start(&scene.lab, FIRST_START)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let anchor = Anchor::put_up(&scene.lab)?;
    let _window = window(&scene, &desk)?
        .env("DISPLAY", screen.display())
        .spawn()?;
    screen.focus(&scene.lab)?;
    std::thread::sleep(Duration::from_secs(4));
    screen.shoot(&scene.lab, &picture("x11-first.png"))?;
    assert_eq!(anchor.asked()?, 0);
    screen.press(&scene.lab, "Return")?;
    anchor.wait_for_probes()
}

#[test]
fn without_a_helper_the_window_measures_by_itself_while_it_shows_and_stops_for_a_helper() -> Outcome
{
    let mut scene = scene()?;
    scene.end_helper(Signal::SIGTERM)?;
    let desk = Desk::start(&scene.lab, SETTINGS)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let before = scene.lab.snapshot()?;
    {
        let anchor = Anchor::put_up(&scene.lab)?;
        assert_eq!(anchor.asked()?, 0);
    }
    let window = window(&scene, &desk)?
        .env("DISPLAY", screen.display())
        .spawn()?;
    screen.focus(&scene.lab)?;
    let anchor = Anchor::of(&scene.lab);
    anchor.wait_for_probes()?;
    // Two uplinks and five probes a second each, not more.
    let (from, begun) = (anchor.asked()?, std::time::Instant::now());
    std::thread::sleep(Duration::from_secs(5));
    let asked = anchor.asked()? - from;
    let allowed = 10.0 * (begun.elapsed().as_secs_f64() + 1.0);
    assert!(
        (asked as f64) <= allowed,
        "{asked} probes, {allowed} allowed"
    );
    screen.shoot(&scene.lab, &picture("x11-alone.png"))?;

    let eye = Eye::open(&scene.lab, &screen)?;
    screen.press(&scene.lab, "2")?;
    anchor.wait_for_silence()?;
    screen.press(&scene.lab, "1")?;
    anchor.wait_for_probes()?;
    eye.minimize()?;
    anchor.wait_for_silence()?;
    eye.restore()?;
    screen.focus(&scene.lab)?;
    anchor.wait_for_probes()?;
    before.must_equal(&scene.lab.snapshot()?)?;

    scene.start_helper()?;
    let anchor = Anchor::of(&scene.lab);
    wait_for_measurements(&scene)?;
    anchor.wait_for_silence()?;
    screen.shoot(&scene.lab, &picture("x11-helper-came.png"))?;
    drop(window);
    Ok(())
}

#[test]
fn the_desktop_file_is_valid_and_names_what_the_window_calls_itself() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets");
    let file = format!("{folder}/io.github.evenkeel.Evenkeel.desktop");
    let said = Command::new("desktop-file-validate")
        .arg(&file)
        .output()
        .expect("desktop-file-validate (package desktop-file-utils) must be installed");
    let words = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.status.success() && words.is_empty(), "{words}");
    let text = std::fs::read_to_string(&file).unwrap();
    for field in ["Icon", "StartupWMClass"] {
        let line = format!("{field}={APPLICATION}");
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    assert!(std::fs::exists(format!("{folder}/{APPLICATION}.svg")).unwrap());
}
