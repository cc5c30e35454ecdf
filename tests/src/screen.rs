//! A screen that nobody sees, for the window: Xvfb inside the lab, keys pressed and pictures taken.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::{Lab, Proc};

const PATIENCE: Duration = Duration::from_secs(20);
const SHOT: &str = "/run/evenkeel-screenshot.png";
const TOOLS: &[(&str, &str)] = &[
    ("Xvfb", "xvfb"),
    ("xdotool", "xdotool"),
    ("import", "imagemagick"),
];

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Screen {
    display: String,
    _server: Proc,
}

impl Screen {
    /// Starts a screen of 1280x800 as `user`.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or when no display number is free.
    pub fn start(lab: &Lab, user: &str) -> Result<Self, LabError> {
        crate::tools::require(TOOLS)?;
        for number in 90..120 {
            if !free(number) {
                continue;
            }
            let display = format!(":{number}");
            let line = [
                "Xvfb",
                &display,
                "-screen",
                "0",
                "1280x800x24",
                "-nolisten",
                "tcp",
                "-nolisten",
                "local",
                "-ac",
            ];
            let mut server = lab.command_as(user, line)?.spawn()?;
            let socket = lab.host_path(&format!("/tmp/.X11-unix/X{number}"));
            wait_until("the screen", PATIENCE, || {
                if server.is_running() {
                    Ok(socket.exists())
                } else {
                    Err(LabError::Invalid(format!(
                        "Xvfb ended: {}",
                        server.stderr_text()
                    )))
                }
            })?;
            return Ok(Self {
                display,
                _server: server,
            });
        }
        Err(LabError::Invalid(
            "no display number from 90 to 119 is free".into(),
        ))
    }

    /// The display's name, for `DISPLAY`.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Gives the window the focus; without a window manager nobody else does.
    ///
    /// # Errors
    /// When no window appears.
    pub fn focus(&self, lab: &Lab) -> Result<(), LabError> {
        let line = [
            "xdotool",
            "search",
            "--onlyvisible",
            "--name",
            "Evenkeel",
            "windowfocus",
        ];
        wait_until("the window", PATIENCE, || {
            Ok(lab
                .command("pc", line)
                .env("DISPLAY", &self.display)
                .output()?
                .success())
        })
    }

    /// Presses one key.
    ///
    /// # Errors
    /// When it cannot be pressed.
    pub fn press(&self, lab: &Lab, key: &str) -> Result<(), LabError> {
        let line = ["xdotool", "key", key];
        lab.command("pc", line)
            .env("DISPLAY", &self.display)
            .text()
            .map(drop)
    }

    /// Saves a picture of the whole screen.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub fn shoot(&self, lab: &Lab, target: &Path) -> Result<(), LabError> {
        let line = ["import", "-window", "root", SHOT];
        let _ = lab
            .command("pc", line)
            .env("DISPLAY", &self.display)
            .text()?;
        let what = || format!("writing {}", target.display());
        if let Some(directory) = target.parent() {
            fs::create_dir_all(directory).context(what)?;
        }
        fs::copy(lab.host_path(SHOT), target)
            .context(what)
            .map(drop)
    }
}

/// Is nobody there? A server that was killed, as all are that end with their lab, leaves its socket
/// and its lock in the host's /tmp; those are removed.
fn free(number: u32) -> bool {
    let socket = format!("/tmp/.X11-unix/X{number}");
    match UnixStream::connect(&socket) {
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            let lock = format!("/tmp/.X{number}-lock");
            [socket, lock]
                .iter()
                .all(|path| match fs::remove_file(path) {
                    Ok(()) => true,
                    Err(error) => error.kind() == ErrorKind::NotFound,
                })
        }
        _ => false,
    }
}
