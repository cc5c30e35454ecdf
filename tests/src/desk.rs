//! What a player's desktop gives a window besides a screen: a session bus, a runtime directory and
//! a home with settings of its own, so that nothing of the host is read or written.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::users::PLAYER_USER;
use crate::{Cmd, Lab, Proc};

const DIRECTORY: &str = "/run/evenkeel-desk";
const PATIENCE: Duration = Duration::from_secs(20);
const TOOLS: &[(&str, &str)] = &[
    ("dbus-daemon", "dbus"),
    ("identify", "imagemagick"),
    ("convert", "imagemagick"),
];

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Desk {
    _bus: Proc,
}

impl Desk {
    /// Prepares it for the player. `settings` is the JSON of the window's settings file.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or when the bus does not come up.
    pub fn start(lab: &Lab, settings: &str) -> Result<Self, LabError> {
        crate::tools::require(TOOLS)?;
        let player = lab.user(PLAYER_USER)?;
        let config = format!("{DIRECTORY}/config/evenkeel");
        let host = lab.host_path(&config);
        fs::create_dir_all(&host).context(|| format!("making {}", host.display()))?;
        let file = host.join("settings.json");
        fs::write(&file, settings).context(|| format!("writing {}", file.display()))?;
        for path in [DIRECTORY, &format!("{DIRECTORY}/config"), &config] {
            let path = lab.host_path(path);
            let what = || format!("giving {} to the player", path.display());
            chown(&path, Some(player.uid), Some(player.gid)).context(what)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).context(what)?;
        }
        let address = format!("--address=unix:path={DIRECTORY}/bus");
        let line = [
            "dbus-daemon",
            "--session",
            "--nofork",
            "--nopidfile",
            "--nosyslog",
            &address,
        ];
        let mut bus = lab.command_as(PLAYER_USER, line)?.spawn()?;
        let socket = lab.host_path(&format!("{DIRECTORY}/bus"));
        wait_until("the session bus", PATIENCE, || {
            if bus.is_running() {
                Ok(socket.exists())
            } else {
                Err(crate::rig::died("dbus-daemon", &bus))
            }
        })?;
        Ok(Self { _bus: bus })
    }

    /// The player's runtime directory, as the lab sees it.
    pub fn directory(&self) -> &'static str {
        DIRECTORY
    }

    /// Waits until somebody owns a name on the session bus.
    ///
    /// # Errors
    /// When nobody does in time.
    pub fn wait_for_owner(&self, lab: &Lab, name: &str) -> Result<(), LabError> {
        let argument = format!("string:{name}");
        let line = [
            "dbus-send",
            "--session",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            &argument,
        ];
        wait_until(name, PATIENCE, || {
            let asked = self.seat(lab.command_as(PLAYER_USER, line)?).text()?;
            Ok(asked.contains("true"))
        })
    }

    /// Puts a program of the player's on this desk.
    #[must_use]
    pub fn seat(&self, command: Cmd) -> Cmd {
        command
            .env("XDG_RUNTIME_DIR", DIRECTORY)
            .env("XDG_CONFIG_HOME", &format!("{DIRECTORY}/config"))
            .env(
                "DBUS_SESSION_BUS_ADDRESS",
                &format!("unix:path={DIRECTORY}/bus"),
            )
    }
}

/// How many colours a picture has; one alone is an empty screen.
///
/// # Errors
/// When the picture cannot be read.
pub fn colours(lab: &Lab, picture: &Path) -> Result<u32, LabError> {
    identify(lab, picture, "%k")
}

/// How bright a picture is, from 0 (black) to 1 (white).
///
/// # Errors
/// When the picture cannot be read.
pub fn brightness(lab: &Lab, picture: &Path) -> Result<f64, LabError> {
    identify(lab, picture, "%[fx:mean]")
}

/// Which part of an area of a picture has this colour, or one so near that only the edge of a line
/// can be meant: from 0 to 1. The area is `WIDTHxHEIGHT+X+Y`.
///
/// # Errors
/// When the picture cannot be read.
pub fn share_of(lab: &Lab, picture: &Path, colour: &str, area: &str) -> Result<f64, LabError> {
    let path = picture.display().to_string();
    let fuzz = ["-fuzz", "4%"];
    let others = ["-fill", "black", "+opaque", colour];
    let those = ["-fill", "white", "-opaque", colour];
    let cut = ["convert", &path, "-crop", area, "+repage"];
    let told = ["-format", "%[fx:mean]", "info:"];
    let line: Vec<&str> = [&cut[..], &fuzz, &others, &those, &told].concat();
    number(&lab.command("pc", line).text()?)
}

fn identify<T: FromStr>(lab: &Lab, picture: &Path, format: &str) -> Result<T, LabError> {
    let path = picture.display().to_string();
    // The path is the host's, which the lab sees too.
    let text = lab
        .command("pc", ["identify", "-format", format, &path])
        .text()?;
    number(&text)
}

fn number<T: FromStr>(text: &str) -> Result<T, LabError> {
    let parsed = text.trim().parse();
    parsed.map_err(|_| LabError::Invalid(format!("ImageMagick printed {text:?}")))
}
