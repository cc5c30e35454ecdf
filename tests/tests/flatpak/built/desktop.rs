//! The window in the sandbox among what a desktop has: a session bus, portals, another start.

use std::time::Duration;

use evenkeel_lab::desk::{Desk, brightness};
use evenkeel_lab::eye::Eye;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::portals::Portals;
use evenkeel_lab::sandbox::{self, APPLICATION, Sandbox};
use evenkeel_lab::scene::Scene;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::{LabError, LabSpec, Proc};

use super::{Outcome, PATIENCE, WELCOMED, measured};

/// A picture brighter than this is one of the light theme.
const LIGHT: f64 = 0.6;

/// The window in the sandbox, among what a desktop has: a session bus and portals.
fn on_a_desktop<T>(
    settings: &str,
    run: impl FnOnce(&Scene, &Sandbox, &Desk, &Screen, &Portals) -> Result<T, LabError>,
) -> Result<T, LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    let sandbox = Sandbox::mount(&scene.lab)?;
    sandbox.settings("player", settings)?;
    let desk = Desk::start(&scene.lab, "{}")?;
    let screen = Screen::start(&scene.lab, "player")?;
    let portals = Portals::start(&scene.lab, &desk, &screen)?;
    run(&scene, &sandbox, &desk, &screen, &portals)
        .map_err(|error| LabError::Invalid(format!("{error}; {}", portals.complaints())))
}

#[test]
fn a_second_start_in_the_sandbox_brings_the_first_window_to_the_front_and_ends() -> Outcome {
    on_a_desktop(WELCOMED, |scene, sandbox, desk, screen, _| {
        let start = || -> Result<Proc, LabError> {
            let window = sandbox.window(desk)?;
            window.env("DISPLAY", screen.display()).spawn()
        };
        let mut first = start()?;
        screen.focus(&scene.lab)?;
        desk.wait_for_owner(&scene.lab, APPLICATION)?;
        let eye = Eye::open(&scene.lab, screen)?;
        eye.wait_for_activation(PATIENCE, || {
            let mut second = start()?;
            assert!(second.wait(PATIENCE)?.success(), "{}", second.stderr_text());
            Ok(())
        })?;
        assert!(first.is_running());
        Ok(())
    })
}

#[test]
fn the_window_in_the_sandbox_follows_the_desktops_preference() -> Outcome {
    on_a_desktop(WELCOMED, |scene, sandbox, desk, screen, portals| {
        portals.prefer("prefer-light")?;
        let window = sandbox.window(desk)?;
        let _window = window.env("DISPLAY", screen.display()).spawn()?;
        screen.focus(&scene.lab)?;
        for (scheme, light) in [("prefer-light", true), ("prefer-dark", false)] {
            portals.prefer(scheme)?;
            let path = sandbox::built()?.join(format!("pictures/{scheme}.png"));
            wait_until(scheme, PATIENCE, || {
                screen.shoot(&scene.lab, &path)?;
                Ok((brightness(&scene.lab, &path)? > LIGHT) == light)
            })?;
        }
        Ok(())
    })
}

#[test]
fn news_reach_the_desktop_from_the_sandbox_in_the_applications_name() -> Outcome {
    let settings = r#"{"welcomed": true, "notify": true}"#;
    on_a_desktop(settings, |scene, sandbox, desk, screen, portals| {
        let window = sandbox.window(desk)?;
        let _window = window.env("DISPLAY", screen.display()).spawn()?;
        screen.focus(&scene.lab)?;
        wait_until("both uplinks' RTT", PATIENCE, || Ok(measured(scene)? == 2))?;
        // Nobody looks, and somebody else switches.
        Eye::open(&scene.lab, screen)?.minimize()?;
        for word in ["on", "off"] {
            let _ = scene.evenkeel("player", &["game-mode", word])?.text()?;
            std::thread::sleep(Duration::from_secs(1));
        }
        wait_until("a notification", PATIENCE, || {
            Ok(portals.shown()?.iter().any(|note| {
                note.summary == "Game mode has ended" && note.application == APPLICATION
            }))
        })
        .map_err(|error| LabError::Invalid(format!("{error}: {:?}", portals.shown())))
    })
}
