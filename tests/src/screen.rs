//! A screen that nobody sees, for the window: Xvfb inside the lab, keys pressed and pictures taken.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::{Lab, Proc};

const PATIENCE: Duration = Duration::from_mins(1);
const SHOT: &str = "/run/evenkeel-screenshot.png";
const TOOLS: &[(&str, &str)] = &[
    ("Xvfb", "xvfb"),
    ("xdotool", "xdotool"),
    ("import", "imagemagick"),
];

/// Where a lab begins to look for a display number: at one of its own, since labs that stand side by
/// side share the host's numbers.
const FIRST: u32 = 100;
const SPREAD: u32 = 20_000;
const TRIES: u32 = 30;
/// A server that is coming up has its lock file for this long before its socket.
const COMING_UP: Duration = Duration::from_secs(30);

/// The files of a display. A killed server leaves them, and where the lab has no `/tmp` of its own,
/// labs share them.
fn files(lab: &Lab, number: u32) -> [PathBuf; 2] {
    [
        lab.host_path(&format!("/tmp/.X11-unix/X{number}")),
        lab.host_path(&format!("/tmp/.X{number}-lock")),
    ]
}

/// Whether nobody serves a display; what a killed server left of it is removed.
fn is_free(files: &[PathBuf; 2]) -> bool {
    let [socket, lock] = files;
    let fresh = |path: &Path| {
        let changed = std::fs::metadata(path).and_then(|meta| meta.modified());
        let age = changed.ok().and_then(|at| at.elapsed().ok());
        age.is_some_and(|age| age < COMING_UP)
    };
    if fresh(lock) || UnixStream::connect(socket).is_ok() {
        return false;
    }
    for path in files {
        let _ = std::fs::remove_file(path);
    }
    true
}

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Screen {
    display: String,
    files: [PathBuf; 2],
    server: Proc,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        for path in &self.files {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Screen {
    /// Starts a screen of 1280x800 as `user`.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or when no display number is free.
    pub fn start(lab: &Lab, user: &str) -> Result<Self, LabError> {
        crate::tools::require(TOOLS)?;
        let folder = lab.host_path("/tmp/.X11-unix");
        if !folder.exists() {
            // A server that isn't root's doesn't make it.
            std::fs::create_dir(&folder)
                .and_then(|()| std::fs::set_permissions(&folder, Permissions::from_mode(0o1777)))
                .context(|| format!("making {}", folder.display()))?;
        }
        let first = FIRST + lab.holder() % SPREAD;
        for number in first..first + TRIES {
            let files = files(lab, number);
            if !is_free(&files) {
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
                // Or it drops whoever is just connecting when its last client leaves.
                "-noreset",
            ];
            let mut server = lab.command_as(user, line)?.spawn()?;
            wait_until("the screen", PATIENCE, || {
                if server.is_running() {
                    Ok(UnixStream::connect(&files[0]).is_ok())
                } else {
                    Err(LabError::Invalid(format!(
                        "Xvfb ended: {}",
                        server.stderr_text()
                    )))
                }
            })?;
            return Ok(Self {
                display,
                files,
                server,
            });
        }
        Err(LabError::Invalid(format!(
            "none of {TRIES} display numbers from {first} on is free"
        )))
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
        wait_until("the window", PATIENCE, || self.try_focus(lab))
    }

    fn try_focus(&self, lab: &Lab) -> Result<bool, LabError> {
        let line = [
            "xdotool",
            "search",
            "--onlyvisible",
            "--name",
            "Evenkeel",
            "windowfocus",
        ];
        let command = lab.command("pc", line).env("DISPLAY", &self.display);
        Ok(command.output()?.success())
    }

    /// The same for the window of `client`; if that ends first, what it said is the error.
    ///
    /// # Errors
    /// When no window appears.
    pub fn focus_of(&self, lab: &Lab, client: &mut Proc) -> Result<(), LabError> {
        wait_until("the window", PATIENCE, || {
            if !client.is_running() {
                let why = client.stderr_text();
                return Err(LabError::Invalid(format!("the window ended: {why}")));
            }
            self.try_focus(lab)
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

    /// Clicks at a point of the screen.
    ///
    /// # Errors
    /// When it cannot be clicked.
    pub fn click(&self, lab: &Lab, x: u32, y: u32) -> Result<(), LabError> {
        let (x, y) = (x.to_string(), y.to_string());
        let line = ["xdotool", "mousemove", &x, &y, "click", "1"];
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
            std::fs::create_dir_all(directory).context(what)?;
        }
        std::fs::copy(lab.host_path(SHOT), target)
            .context(what)
            .map(drop)
    }
}
