//! A machine: a real systemd as process 1 of namespaces of its own, with a real bus and polkit, in a
//! copy of this system's files that nothing it does gets out of. Its network is the lab's `pc`. For
//! tests of what is installed; the helper's own tests need only the lab's rig.

pub mod init;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::Cmd;
use crate::error::{Context as _, LabError};
use crate::guard::CGROUP_DIR;
use crate::install::{Installer, source_tree};
use crate::lab::{Lab, wait_until};
use crate::process::{Proc, child_of};
use crate::rig::{self, SessionState};
use crate::tools;
use crate::tree::Tree;
use crate::users::{self, User};
use crate::{LabSpec, Routes};

/// The helper's unit.
pub const UNIT: &str = "evenkeeld.service";
/// Programs every machine needs, with their Debian package.
const TOOLS: &[(&str, &str)] = &[
    ("unshare", "util-linux"),
    ("systemctl", "systemd"),
    ("systemd-sysusers", "systemd"),
    ("dbus-daemon", "dbus"),
    ("busctl", "systemd"),
];
/// What installing and removing anything changes.
const BOOKS: &[&str] = &[
    "/var/lib/dpkg/",
    "/var/lib/rpm/",
    "/root/.rpmdb",
    "/var/lib/pacman/",
    "/var/lib/systemd/",
    "/var/cache/",
    "/var/log/",
    "/etc/passwd-",
    "/etc/group-",
    "/etc/shadow-",
    "/etc/gshadow-",
    "/etc/.pwd.lock",
];
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// What a machine should look like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSpec {
    /// A read-only `/usr` and an overlay on `/etc`, as `SteamOS` has.
    pub immutable: bool,
    /// Paths that are not there.
    pub without: Vec<String>,
}

/// A running machine. Dropping it, or the lab, ends it.
#[derive(Debug)]
pub struct Machine {
    pid: u32,
    process: Proc,
}

impl Machine {
    /// A lab with ordinary routes, and in it a machine with everything of ours installed.
    ///
    /// # Errors
    /// When either does not come up.
    pub fn installed() -> Result<(Lab, Self), LabError> {
        let spec = LabSpec {
            routes: Routes::Separate,
            ..LabSpec::default()
        };
        let lab = Lab::start(&spec)?;
        let machine = Self::boot(&lab, &MachineSpec::default())?;
        machine.install()?;
        Ok((lab, machine))
    }

    /// Changes the installed unit by a drop-in.
    ///
    /// # Errors
    /// When it can't be written, or systemd does not read it.
    pub fn change_unit(&self, drop_in: &str) -> Result<(), LabError> {
        let place = self.path("/run/systemd/system/evenkeeld.service.d");
        let what = || format!("writing below {}", place.display());
        fs::create_dir(&place).context(what)?;
        fs::write(place.join("trial.conf"), drop_in).context(what)?;
        self.shell("systemctl daemon-reload")?;
        Ok(())
    }

    /// Boots a machine in the lab; returns when its bus and polkit answer. One per lab.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or what it said when it failed.
    pub fn boot(lab: &Lab, spec: &MachineSpec) -> Result<Self, LabError> {
        tools::require(TOOLS)?;
        tools::polkitd()?;
        let group = format!("{CGROUP_DIR}/machine");
        let inside = lab.host_path(&group);
        fs::create_dir_all(&inside).context(|| format!("making {}", inside.display()))?;
        let json = serde_json::to_string(spec)
            .map_err(|e| LabError::Invalid(format!("describing the machine: {e}")))?;
        let argv = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--ipc",
            "--uts",
            "--cgroup",
            "--propagation",
            "private",
            "--",
            "evenkeel-lab",
            "machine",
            &json,
        ];
        let mut process = lab.command("pc", argv).control_group(&group).spawn()?;
        let mut pid = None;
        wait_until("the machine's systemd", START_TIMEOUT, || {
            if !process.is_running() {
                return Err(rig::died("the machine", &process));
            }
            pid = process.pid().and_then(child_of);
            let up = |pid: &u32| {
                fs::read_to_string(format!("/proc/{pid}/comm"))
                    .is_ok_and(|name| name.trim() == "systemd")
            };
            Ok(pid.as_ref().is_some_and(up))
        })?;
        let pid =
            pid.ok_or_else(|| LabError::Invalid("the machine has no first process".into()))?;
        let machine = Self { pid, process };
        wait_until("the machine's bus and polkit", START_TIMEOUT, || {
            let asked = [
                "busctl",
                "--quiet",
                "call",
                "org.freedesktop.PolicyKit1",
                "/org/freedesktop/PolicyKit1/Authority",
                "org.freedesktop.DBus.Peer",
                "Ping",
            ];
            Ok(machine.command(asked).output()?.success())
        })
        .map_err(|error| {
            LabError::Invalid(format!("{error}; {}", machine.process.stderr_text()))
        })?;
        machine.set_session(users::PLAYER_USER, SessionState::Active)?;
        Ok(machine)
    }

    /// Process number of its systemd, as the host sees it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// A path of the machine as the host can open it.
    pub fn path(&self, inside: &str) -> PathBuf {
        format!("/proc/{}/root{inside}", self.pid).into()
    }

    /// A program to run in the machine as root.
    pub fn command<S: Into<String>>(&self, argv: impl IntoIterator<Item = S>) -> Cmd {
        Cmd::new(self.pid, "pc", argv.into_iter().map(Into::into).collect())
    }

    /// Shell words to run in the machine as root; they must succeed. Returns what they print.
    ///
    /// # Errors
    /// As [`Cmd::text`].
    pub fn shell(&self, words: &str) -> Result<String, LabError> {
        self.command(["sh", "-euc", words])
            .timeout(Duration::from_mins(2))
            .text()
    }

    /// A user of the machine.
    ///
    /// # Errors
    /// [`LabError::Invalid`] if there is none of that name.
    pub fn user(&self, name: &str) -> Result<User, LabError> {
        let path = self.path("/etc/passwd");
        let text = fs::read_to_string(&path).context(|| format!("reading {}", path.display()))?;
        users::lookup(&text, name)
            .ok_or_else(|| LabError::Invalid(format!("the machine has no user `{name}`")))
    }

    /// Tells polkit, through logind's files, whether a user is at the seat.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_session(&self, user: &str, state: SessionState) -> Result<(), LabError> {
        let user = self.user(user)?;
        let group = self.path(&rig::session_group(user.uid));
        fs::create_dir_all(&group).context(|| format!("making {}", group.display()))?;
        for (path, text) in rig::session_files(&user.name, user.uid, state) {
            let path = self.path(&path);
            if let Some(text) = text {
                fs::write(&path, text).context(|| format!("writing {}", path.display()))?;
            } else {
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }

    /// A program to run as a user, in the user's session if there is one.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn command_as<S: Into<String>>(
        &self,
        user: &str,
        argv: impl IntoIterator<Item = S>,
    ) -> Result<Cmd, LabError> {
        let user = self.user(user)?;
        let group = rig::session_group(user.uid);
        let command = self.command(argv).user(&user);
        Ok(if self.path(&group).is_dir() {
            command.control_group(&group)
        } else {
            command
        })
    }

    /// Installs what is built, as a package below `/usr` would, and tells systemd and the bus.
    ///
    /// # Errors
    /// What the scripts said.
    pub fn install(&self) -> Result<(), LabError> {
        Installer::new("make", "/usr", &self.path("")).run("install")?;
        let script = source_tree().join("scripts/settle.sh");
        let words = fs::read(&script).context(|| format!("reading {}", script.display()))?;
        let run = self.command(["sh", "-s", "installed"]).input(words);
        run.text().map(|_| ())
    }

    /// Calls a method of the helper with numbers as a user; `ok` or the error.
    ///
    /// # Errors
    /// When the call can't be made at all.
    pub fn call(&self, user: &str, method: &str, numbers: &[u32]) -> Result<String, LabError> {
        let mut argv = vec!["evenkeel-lab".to_owned(), "call".into(), method.into()];
        argv.extend(numbers.iter().map(u32::to_string));
        Ok(self.command_as(user, argv)?.text()?.trim().to_owned())
    }

    /// `systemctl show` of one property of the helper's unit.
    ///
    /// # Errors
    /// When systemd doesn't answer.
    pub fn unit(&self, property: &str) -> Result<String, LabError> {
        let argv = ["systemctl", "show", "--value", "-p", property, UNIT];
        Ok(self.command(argv).text()?.trim().to_owned())
    }

    /// The helper's process number inside the machine; 0 when it doesn't run.
    ///
    /// # Errors
    /// When systemd doesn't answer.
    pub fn helper(&self) -> Result<u32, LabError> {
        let pid = self.unit("MainPID")?;
        pid.parse()
            .map_err(|_| LabError::Invalid(format!("systemd says the helper is process {pid}")))
    }

    /// Every file that differs from this system's, or is gone (a device stands for it). Package managers'
    /// own books, logs, caches and spare copies of the user database are left out.
    ///
    /// # Errors
    /// What could not be read.
    pub fn files(&self) -> Result<Tree, LabError> {
        let mut tree = Tree::of(&self.path(init::CHANGES), BOOKS)?;
        tree.forget_what_stands_in(Path::new("/"))?;
        Ok(tree)
    }

    /// What the helper's unit wrote to the journal.
    pub fn journal(&self) -> String {
        let argv = ["journalctl", "--no-pager", "-o", "cat", "-u", UNIT];
        self.command(argv)
            .text()
            .unwrap_or_else(|error| error.to_string())
    }
}
