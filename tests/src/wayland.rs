//! A Wayland screen that nobody sees: sway without outputs of its own, drawn by the processor. Keys
//! come through the virtual keyboard; there is no pointer.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::desk::Desk;
use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::users::PLAYER_USER;
use crate::{Cmd, Lab, Proc};

const DISPLAY: &str = "wayland-1";
const CONFIG: &str = "/run/evenkeel-sway.conf";
/// No bar, no borders, no X server: the window alone fills the screen.
const CONFIG_TEXT: &str = "xwayland disable\noutput HEADLESS-1 resolution 1280x800\n\
     default_border none\nfocus_follows_mouse no\n";
const PATIENCE: Duration = Duration::from_secs(20);
/// The keyboard comes and goes with each key; the window must have noticed before the key does.
const AROUND_KEYS_MS: &str = "500";
const TOOLS: &[(&str, &str)] = &[
    ("sway", "sway"),
    ("swaymsg", "sway"),
    ("grim", "grim"),
    ("wtype", "wtype"),
];

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Wayland {
    socket: String,
    _sway: Proc,
}

impl Wayland {
    /// Starts a screen of 1280x800 for the player.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or when the compositor does not come up.
    pub fn start(lab: &Lab, desk: &Desk) -> Result<Self, LabError> {
        crate::tools::require(TOOLS)?;
        let config = lab.host_path(CONFIG);
        fs::write(&config, CONFIG_TEXT).context(|| format!("writing {}", config.display()))?;
        let socket = format!("{}/sway.sock", desk.directory());
        let sway = lab.command_as(PLAYER_USER, ["sway", "--config", CONFIG])?;
        let mut sway = desk
            .seat(sway)
            .env("WLR_BACKENDS", "headless")
            .env("WLR_RENDERER", "pixman")
            .env("WLR_LIBINPUT_NO_DEVICES", "1")
            .env("SWAYSOCK", &socket)
            .spawn()?;
        let display = lab.host_path(&format!("{}/{DISPLAY}", desk.directory()));
        let orders = lab.host_path(&socket);
        wait_until("the compositor", PATIENCE, || {
            if sway.is_running() {
                Ok(display.exists() && orders.exists())
            } else {
                Err(crate::rig::died("sway", &sway))
            }
        })?;
        Ok(Self {
            socket,
            _sway: sway,
        })
    }

    /// Shows a program of the player's here.
    #[must_use]
    pub fn show(&self, command: Cmd) -> Cmd {
        command.env("WAYLAND_DISPLAY", DISPLAY)
    }

    /// Waits until a window is there and has the focus.
    ///
    /// # Errors
    /// When none appears.
    pub fn wait_for_window(&self, lab: &Lab) -> Result<(), LabError> {
        wait_until("the window", PATIENCE, || {
            let tree = lab
                .command_as(PLAYER_USER, ["swaymsg", "--raw", "-t", "get_tree"])?
                .env("SWAYSOCK", &self.socket)
                .text()?;
            Ok(tree.contains(r#""app_id": "io.github.evenkeel.Evenkeel""#))
        })
    }

    /// Presses one key, by its name.
    ///
    /// # Errors
    /// When it cannot be pressed.
    pub fn press(&self, lab: &Lab, desk: &Desk, key: &str) -> Result<(), LabError> {
        let keys = lab.command_as(
            PLAYER_USER,
            [
                "wtype",
                "-s",
                AROUND_KEYS_MS,
                "-k",
                key,
                "-s",
                AROUND_KEYS_MS,
            ],
        )?;
        self.show(desk.seat(keys)).text().map(drop)
    }

    /// Saves a picture of the whole screen.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub fn shoot(&self, lab: &Lab, desk: &Desk, target: &Path) -> Result<(), LabError> {
        let inside = format!("{}/shot.png", desk.directory());
        let grim = lab.command_as(PLAYER_USER, ["grim", &inside])?;
        self.show(desk.seat(grim)).text()?;
        let what = || format!("writing {}", target.display());
        if let Some(directory) = target.parent() {
            fs::create_dir_all(directory).context(what)?;
        }
        fs::copy(lab.host_path(&inside), target)
            .context(what)
            .map(drop)
    }
}
