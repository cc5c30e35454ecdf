//! `make demo`: the whole program on a network of its own. With a display the window opens on it;
//! on a terminal `evenkeel watch` runs; with neither the story is played once and checked.

use std::io::IsTerminal as _;
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::endings::Endings;
use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::scene::Scene;
use crate::screen::Screen;
use crate::{Cmd, LabSpec, Proc, Routes, Snapshot};

const STEADY: &str = "both delay_us=7000 jitter_us=800 loss_ppm=0";
const OTHER: &str = "both delay_us=25000 jitter_us=1000 loss_ppm=0";
const UNSTEADY: &str = "both delay_us=7000 jitter_us=20000 loss_ppm=0";
/// How often an open demo looks whether it has ended.
const TICK: Duration = Duration::from_millis(200);
/// How long a client that is asked to end may take to give the terminal back.
const PARTING: Duration = Duration::from_secs(3);
/// How often the open demo makes the first uplink unsteady, or steady again.
const SCENE_CHANGE: Duration = Duration::from_secs(45);

/// How the demo is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The window, on the display there is.
    Window,
    /// `evenkeel watch`, in this terminal.
    Terminal,
    /// The story, played once and checked.
    Story,
}

impl Mode {
    /// What the surroundings allow.
    pub fn detect() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if set("DISPLAY") || set("WAYLAND_DISPLAY") {
            Self::Window
        } else if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
            Self::Terminal
        } else {
            Self::Story
        }
    }
}

/// Shows the demo; the story is about the weights of [`Routes::Multipath`]. `say` prints a line; a picture of the window is saved as `picture`.
/// Returns the signal that ended an open demo, if one did.
///
/// # Errors
/// What did not happen as it should.
pub fn show(
    mode: Mode,
    routes: Routes,
    picture: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<Option<Signal>, LabError> {
    let person = number_in("SUDO_UID");
    let scene = Scene::start(&LabSpec {
        keep_uid: person,
        routes,
        ..LabSpec::default()
    })?;
    scene.lab.link("wifi0")?.set(STEADY)?;
    scene.lab.link("usb0")?.set(OTHER)?;
    match mode {
        Mode::Story => story(scene, picture, say).map(|()| None),
        Mode::Terminal => {
            say("a picture of the window first, which takes about ten seconds ...");
            let screen = Screen::start(&scene.lab, "player")?;
            let mut window = window(&scene, &screen)?;
            screen.focus_of(&scene.lab, &mut window)?;
            std::thread::sleep(Duration::from_secs(8));
            shoot(&scene, &screen, picture, say)?;
            let client = scene.evenkeel("player", &["watch"])?.terminal();
            let ended = live(&scene, &client, say)?;
            say_where(picture, say);
            Ok(ended)
        }
        Mode::Window => {
            say(&format!("to look inside: {}", scene.lab.enter_command()));
            let window = scene.evenkeel(&person_name(&scene)?, &[])?;
            live(&scene, &for_the_display(scene.settled(window)?), say)
        }
    }
}

/// The number in an environment variable.
fn number_in(name: &str) -> Option<u32> {
    std::env::var(name).ok()?.parse().ok()
}

/// Saves a picture of the window, for the one who called sudo.
fn shoot(
    scene: &Scene,
    screen: &Screen,
    picture: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<(), LabError> {
    screen.shoot(&scene.lab, picture)?;
    if let Some(uid) = number_in("SUDO_UID") {
        chown(picture, Some(uid), number_in("SUDO_GID"))
            .context(|| format!("giving {} away", picture.display()))?;
    }
    say_where(picture, say);
    Ok(())
}

fn say_where(picture: &Path, say: &mut dyn FnMut(&str)) {
    say(&format!(
        "a picture of the window is in {}",
        picture.display()
    ));
}

/// The user whose display it is: the one who called sudo, or root.
fn person_name(scene: &Scene) -> Result<String, LabError> {
    let Ok(name) = std::env::var("SUDO_USER") else {
        return Ok("root".into());
    };
    scene.lab.set_session(&name, crate::SessionState::Active)?;
    Ok(name)
}

fn for_the_display(mut command: Cmd) -> Cmd {
    let names = [
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XDG_RUNTIME_DIR",
        "XAUTHORITY",
        "LANG",
        "LC_ALL",
    ];
    for name in names {
        if let Ok(value) = std::env::var(name) {
            command = command.env(name, &value);
        }
    }
    command
}

/// Shows a client and changes the scene now and then until the client ends, or a signal asks us to:
/// then the client is asked first, for it may have the terminal to give back.
fn live(
    scene: &Scene,
    client: &Cmd,
    say: &mut dyn FnMut(&str),
) -> Result<Option<Signal>, LabError> {
    let mut endings = Endings::watch()?;
    let mut client = client.spawn()?;
    let (mut unsteady, mut since) = (false, Instant::now());
    while client.is_running() {
        let asked = endings.within(TICK);
        if asked.is_some() {
            let _ = client.terminate(PARTING);
            return Ok(asked);
        }
        if since.elapsed() > SCENE_CHANGE {
            (unsteady, since) = (!unsteady, Instant::now());
            scene
                .lab
                .link("wifi0")?
                .set(if unsteady { UNSTEADY } else { STEADY })?;
            log_change(unsteady, say);
        }
    }
    Ok(None)
}

fn log_change(unsteady: bool, say: &mut dyn FnMut(&str)) {
    // On a terminal the live view owns the screen; it shows the change by itself.
    if !std::io::stdout().is_terminal() {
        say(if unsteady {
            "wifi0 is unsteady now"
        } else {
            "wifi0 is steady again"
        });
    }
}

fn window(scene: &Scene, screen: &Screen) -> Result<Proc, LabError> {
    scene.window(screen)?.spawn()
}

fn story(mut scene: Scene, picture: &Path, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let screen = Screen::start(&scene.lab, "player")?;
    let before = scene.lab.snapshot()?;
    say("a lab with two uplinks, a real bus, a real polkit and the real helper is up");

    let mut client = window(&scene, &screen)?;
    screen.focus_of(&scene.lab, &mut client)?;
    within(5, "both uplinks' RTT", || Ok(measured(&scene)? == 2))?;
    say("the window is open; both uplinks are measured");

    screen.press(&scene.lab, "g")?;
    within(15, "wifi0 to lead", || leads(&scene, "wifi0"))?;
    say("game mode on: new connections take wifi0, the faster of two steady uplinks");

    scene.lab.link("wifi0")?.set(UNSTEADY)?;
    say("20 ms of jitter on wifi0 ...");
    let onset = Instant::now();
    within(15, "usb0 to lead", || leads(&scene, "usb0"))?;
    say(&format!(
        "... and after {:.1} s usb0 leads",
        onset.elapsed().as_secs_f32()
    ));
    for line in scene
        .routes()?
        .lines()
        .filter(|line| line.contains("weight"))
    {
        say(&format!("    ip route: {}", line.trim()));
    }
    std::thread::sleep(Duration::from_secs(3));
    shoot(&scene, &screen, picture, say)?;

    screen.press(&scene.lab, "g")?;
    restored(&scene, &before)?;
    say("game mode off: routes, rules, nexthops and sysctls are byte for byte as before");

    screen.press(&scene.lab, "g")?;
    within(15, "usb0 to lead again", || leads(&scene, "usb0"))?;
    client.kill()?;
    restored(&scene, &before)?;
    say("game mode on, then the window killed: everything is as before");

    for by_restart in [true, false] {
        let _holder = scene
            .evenkeel("player", &["run", "--", "sleep", "600"])?
            .spawn()?;
        within(20, "usb0 to lead", || leads(&scene, "usb0"))?;
        scene.end_helper(Signal::SIGKILL)?;
        if before.must_equal(&scene.lab.snapshot()?).is_ok() {
            return Err(LabError::Invalid(
                "the killed helper had changed nothing".into(),
            ));
        }
        if by_restart {
            scene.start_helper()?;
        } else {
            let _ = scene.restore()?;
        }
        restored(&scene, &before)?;
        let how = if by_restart {
            "started again"
        } else {
            "cleaned up after by --restore"
        };
        say(&format!(
            "the helper killed in game mode, then {how}: everything is as before"
        ));
    }
    Ok(())
}

fn within(
    seconds: u64,
    what: &str,
    question: impl FnMut() -> Result<bool, LabError>,
) -> Result<(), LabError> {
    wait_until(what, Duration::from_secs(seconds), question)
}

fn measured(scene: &Scene) -> Result<usize, LabError> {
    let status = scene.status()?;
    let uplinks = status["uplinks"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    Ok(uplinks
        .iter()
        .filter(|uplink| uplink["rtt_ns"].as_u64() > Some(0))
        .count())
}

/// True when the routes of both families say so.
fn leads(scene: &Scene, name: &str) -> Result<bool, LabError> {
    Ok(scene
        .routes()?
        .matches(&format!("dev {name} weight 255"))
        .count()
        == 2)
}

fn restored(scene: &Scene, before: &Snapshot) -> Result<(), LabError> {
    // The last look's difference is the error, if it never becomes the same.
    let same = within(5, "the old state", || {
        Ok(before.must_equal(&scene.lab.snapshot()?).is_ok())
    });
    same.or_else(|_| before.must_equal(&scene.lab.snapshot()?))
}
