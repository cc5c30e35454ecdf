//! What a sandbox asks its desktop through: the real portal with GTK's backend, on a [`Desk`], unpacked
//! by `make test-flatpak` and not installed, for then other tests' session buses would start them. Behind
//! them stands a [`Herald`]. What a window must make of it is the tests' business.

use std::fs;
use std::os::unix::fs::chown;

use crate::desk::Desk;
use crate::error::{Context as _, LabError};
use crate::herald::{Herald, Note};
use crate::screen::Screen;
use crate::users::PLAYER_USER;
use crate::{Cmd, Lab, Proc, sandbox};

/// Where the unpacked portals are mounted in the lab.
const PORTALS: &str = "/run/evenkeel-portals";
const PERMISSIONS: (&str, &str) = (
    "xdg-permission-store",
    "org.freedesktop.impl.portal.PermissionStore",
);
const BACKEND: (&str, &str) = (
    "xdg-desktop-portal-gtk",
    "org.freedesktop.impl.portal.desktop.gtk",
);
const FRONT: (&str, &str) = ("xdg-desktop-portal", "org.freedesktop.portal.Desktop");

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Portals<'a> {
    lab: &'a Lab,
    desk: &'a Desk,
    herald: Herald,
    processes: Vec<Proc>,
}

impl<'a> Portals<'a> {
    /// Starts them. The desktop prefers nothing yet.
    ///
    /// # Errors
    /// When they were not unpacked, or do not come up.
    pub fn start(lab: &'a Lab, desk: &'a Desk, screen: &Screen) -> Result<Self, LabError> {
        let unpacked = sandbox::built()?.join("portals");
        let inside = lab.host_path(PORTALS);
        fs::create_dir_all(&inside).context(|| format!("making {}", inside.display()))?;
        let unpacked = sandbox::utf8(&unpacked)?;
        lab.command("pc", ["mount", "--bind", unpacked, PORTALS])
            .text()?;

        let herald = Herald::start(lab, desk)?;
        let mut processes = Vec::new();
        for (program, name) in [PERMISSIONS, BACKEND, FRONT] {
            let path = format!("{PORTALS}/usr/libexec/{program}");
            let command = lab.command_as(PLAYER_USER, [path.as_str()])?;
            let process = environment(desk.seat(command))
                .env("DISPLAY", screen.display())
                .spawn()?;
            desk.wait_for_owner(lab, name).map_err(|error| {
                LabError::Invalid(format!("{error}; {program}: {}", process.stderr_text()))
            })?;
            processes.push(process);
        }
        Ok(Self {
            lab,
            desk,
            herald,
            processes,
        })
    }

    /// Sets what the player chose in the desktop's settings: `default`, `prefer-dark` or `prefer-light`.
    ///
    /// # Errors
    /// When the desktop's settings can't be written.
    pub fn prefer(&self, scheme: &str) -> Result<(), LabError> {
        let player = self.lab.user(PLAYER_USER)?;
        let mut folder = self.lab.host_path(self.desk.directory()).join("config");
        let what = || "writing the desktop's settings".to_owned();
        for name in ["glib-2.0", "settings"] {
            folder.push(name);
            fs::create_dir_all(&folder).context(what)?;
            chown(&folder, Some(player.uid), Some(player.gid)).context(what)?;
        }
        let text = format!("[org/gnome/desktop/interface]\ncolor-scheme='{scheme}'\n");
        let fresh = folder.join("new");
        fs::write(&fresh, text).context(what)?;
        chown(&fresh, Some(player.uid), Some(player.gid)).context(what)?;
        fs::rename(fresh, folder.join("keyfile")).context(what)
    }

    /// The notifications that were shown so far.
    ///
    /// # Errors
    /// When the stand-in wrote something else.
    pub fn shown(&self) -> Result<Vec<Note>, LabError> {
        self.herald.shown()
    }

    /// What the portals complained of, for a test that fails.
    pub fn complaints(&self) -> String {
        self.processes.iter().map(Proc::stderr_text).collect()
    }
}

fn environment(command: Cmd) -> Cmd {
    command
        .env("LD_LIBRARY_PATH", &format!("{PORTALS}/usr/lib"))
        .env(
            "XDG_DESKTOP_PORTAL_DIR",
            &format!("{PORTALS}/usr/share/xdg-desktop-portal/portals"),
        )
        .env("XDG_CURRENT_DESKTOP", "gnome")
        // The names and icons of sandboxed applications, as a desktop with Flatpak has them.
        .env(
            "XDG_DATA_DIRS",
            &format!("{}/exports/share:/usr/share", sandbox::INSTALLATION),
        )
        .env("GSETTINGS_BACKEND", "keyfile")
}
