//! The built package in the lab: what it grants, and what it does. These need `make test-flatpak`.

mod desktop;

use std::time::Duration;

use evenkeel_lab::anchor::Anchor;
use evenkeel_lab::eye::Eye;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::sandbox::{self, Sandbox, grants};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::{LabError, LabSpec, Proc, SessionState};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::GRANTS;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);
/// What brings the helper on the systems that this can be built on, known by the host's os-release.
const INSTALLS: &str = "sudo apt install ./evenkeel_*.deb";
/// The settings of one who has seen the page of the first start.
const WELCOMED: &str = r#"{"welcomed": true}"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The window in the sandbox on a screen of its own, past the page of the first start.
fn window(scene: &Scene, sandbox: &Sandbox, screen: &Screen) -> Result<Proc, LabError> {
    sandbox.settings("player", WELCOMED)?;
    let command = sandbox.evenkeel("player", &[])?;
    let window = command.env("DISPLAY", screen.display()).spawn()?;
    screen
        .focus(&scene.lab)
        .map_err(|error| LabError::Invalid(format!("{error}: {}", window.stderr_text())))?;
    Ok(window)
}

fn picture(scene: &Scene, screen: &Screen, name: &str) -> Outcome {
    let path = sandbox::built()?.join(format!("pictures/{name}.png"));
    screen.shoot(&scene.lab, &path)
}

fn measured(scene: &Scene) -> Result<usize, LabError> {
    let status = scene.status()?;
    let uplinks = status["uplinks"].as_array().cloned().unwrap_or_default();
    let answered = |uplink: &&Value| uplink["rtt_ns"].as_u64() > Some(0);
    Ok(uplinks.iter().filter(answered).count())
}

fn leads(scene: &Scene, uplink: &str) -> Result<bool, LabError> {
    let weight = format!("dev {uplink} weight 255");
    Ok(scene.routes()?.matches(&weight).count() == 2)
}

#[test]
fn the_package_grants_exactly_the_known_list() -> Outcome {
    let metadata = sandbox::metadata()?;
    assert_eq!(
        grants(&metadata),
        GRANTS.map(String::from).into(),
        "{metadata}"
    );
    Ok(())
}

#[test]
fn inside_the_sandbox_the_helper_says_what_it_says_outside() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let said = sandbox.evenkeel("player", &["status", "--json"])?.text()?;
    assert_eq!(json(&said), scene.status()?);
    Ok(())
}

#[test]
fn probes_arrive_inside_the_sandbox() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let mut watch = sandbox.evenkeel("player", &["watch", "--plain"])?.spawn()?;
    watch.wait_for("usb0", PATIENCE)?;
    wait_until("both uplinks' RTT", PATIENCE, || Ok(measured(&scene)? == 2))
}

#[test]
fn game_mode_is_switched_from_the_sandbox_by_the_person_at_the_seat_alone() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let before = scene.lab.snapshot()?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    scene.lab.set_session("guest", SessionState::Inactive)?;
    let refused = sandbox.evenkeel("guest", &["game-mode", "on"])?.output()?;
    assert!(!refused.success(), "{refused:?}");
    assert_eq!(scene.status()?["game_mode"], false);

    sandbox.evenkeel("player", &["game-mode", "on"])?.text()?;
    assert_eq!(scene.status()?["game_mode"], true);
    wait_until("a leader", PATIENCE, || {
        Ok(leads(&scene, "wifi0")? || leads(&scene, "usb0")?)
    })?;
    sandbox.evenkeel("player", &["game-mode", "off"])?.text()?;
    assert_eq!(scene.status()?["game_mode"], false);
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn what_a_sandbox_holds_ends_when_it_is_killed() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let before = scene.lab.snapshot()?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let line = ["run", "--", "sleep", "600"];
    let _game = sandbox.evenkeel("player", &line)?.spawn()?;
    wait_until("game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == true)
    })?;
    sandbox.kill("player")?;
    wait_until("the end of game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == false)
    })?;
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn nothing_on_the_system_bus_but_the_helper_is_seen_from_the_sandbox() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let line = ["run", "--", "sleep", "600"];
    let _game = sandbox.evenkeel("player", &line)?.spawn()?;
    wait_until("game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == true)
    })?;
    // The sandbox's only door to the bus; polkit is on the other side of it as the helper is.
    let bus = sandbox.system_bus("player")?;
    let seen = |name: &str| -> Result<bool, LabError> {
        let name = format!("string:{name}");
        let line = [
            "dbus-send",
            &bus,
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            &name,
        ];
        Ok(scene
            .lab
            .command_as("player", line)?
            .text()?
            .contains("true"))
    };
    assert!(seen("io.github.evenkeel.Helper1")?);
    assert!(!seen("org.freedesktop.PolicyKit1")?);
    assert!(scene.lab.has_owner("org.freedesktop.PolicyKit1")?);
    Ok(())
}

#[test]
fn without_a_helper_it_says_so_and_notices_when_one_appears() -> Outcome {
    let mut scene = Scene::start(&LabSpec::default())?;
    scene.end_helper(Signal::SIGTERM)?;
    let before = scene.lab.snapshot()?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let status = sandbox.evenkeel("player", &["status"])?.output()?;
    assert!(!status.success(), "{status:?}");
    assert!(status.stderr.contains(INSTALLS), "{status:?}");

    let anchor = Anchor::put_up(&scene.lab)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let mut window = window(&scene, &sandbox, &screen)?;
    Eye::open(&scene.lab, &screen)?.wait_for_pixels(PATIENCE)?;
    // It watches by itself meanwhile.
    anchor.wait_for_probes()?;
    picture(&scene, &screen, "without-helper")?;
    assert!(window.is_running(), "{}", window.stderr_text());
    before.must_equal(&scene.lab.snapshot()?)?;

    scene.start_helper()?;
    wait_until("the window to ask for probes", PATIENCE, || {
        Ok(measured(&scene)? == 2)
    })?;
    picture(&scene, &screen, "with-helper")
}

#[test]
fn the_window_in_the_sandbox_switches_game_mode() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let before = scene.lab.snapshot()?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    let screen = Screen::start(&scene.lab, "player")?;
    let _window = window(&scene, &sandbox, &screen)?;
    wait_until("both uplinks' RTT", PATIENCE, || Ok(measured(&scene)? == 2))?;
    screen.press(&scene.lab, "g")?;
    wait_until("game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == true)
    })?;
    picture(&scene, &screen, "game-mode")?;
    sandbox.kill("player")?;
    wait_until("the end of game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == false)
    })?;
    before.must_equal(&scene.lab.snapshot()?)
}
