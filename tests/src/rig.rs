//! The bus and polkit rig: a real `dbus-daemon` of type system at the standard path, a real polkitd,
//! sessions as logind describes them, and the helper as its unit would run it. All of it in the lab's
//! private mounts. What the helper does is not this file's business.
//!
//! polkit finds a client's session by its control group, so every user of the lab has one, named as
//! logind would name it. polkitd runs in the lab's cgroup namespace and therefore sees neither the
//! session that started the lab nor where on the host the lab's groups are.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::command::Cmd;
use crate::error::{Context as _, LabError};
use crate::guard::CGROUP_DIR;
use crate::hold::{LAB_DIR, directory, file, tmpfs};
use crate::lab::{Lab, wait_until};
use crate::process::Proc;
use crate::tools;
use crate::users::{HELPER_USER, PLAYER_USER};

/// The helper's name on the bus.
pub const HELPER_NAME: &str = "io.github.evenkeel.Helper1";
/// polkit's name on the bus.
const POLKIT_NAME: &str = "org.freedesktop.PolicyKit1";
/// An action of the lab's own, with which the rig itself is tested: only an active session may.
pub const FIXTURE_ACTION: &str = "io.github.evenkeel.lab.probe";

const ACTIONS_DIR: &str = "/usr/share/polkit-1/actions";
const RULES_DIRS: [&str; 2] = ["/etc/polkit-1/rules.d", "/usr/share/polkit-1/rules.d"];
const POLKIT_OWN_ACTIONS: &str = "org.freedesktop.policykit.policy";
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// What logind would say about a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// At the seat, in the foreground.
    Active,
    /// Logged in, but somebody else has the seat.
    Inactive,
    /// Not logged in.
    None,
}

/// How to start the helper.
#[derive(Debug, Clone, Default)]
pub struct HelperOptions {
    /// Arguments, for example `--config FILE`.
    pub arguments: Vec<String>,
    /// Environment variables, for example `RUST_LOG`.
    pub env: Vec<(String, String)>,
}

/// The running parts of the rig.
#[derive(Debug)]
pub struct Rig {
    bus: Proc,
    polkit: Option<Proc>,
}

/// Puts the bus configuration, polkit's actions and its (empty) rules into the lab. Called by the
/// holder, before anything runs.
///
/// # Errors
/// When a file of `packaging` can't be copied.
pub(crate) fn install_files(packaging: &Path) -> Result<(), LabError> {
    for path in [
        "/run/dbus",
        "/run/systemd/sessions",
        "/run/systemd/users",
        "/run/systemd/seats",
    ] {
        directory(path)?;
    }
    let policies = format!("{LAB_DIR}/dbus/system.d");
    directory(&policies)?;
    file(&format!("{LAB_DIR}/dbus/system.conf"), BUS_CONFIG)?;
    copy_all(&packaging.join("dbus"), "conf", &policies)?;

    if !Path::new(ACTIONS_DIR).is_dir() {
        // No polkit on this machine: a lab without a rig works; starting the rig will say so.
        return Ok(());
    }
    let own = fs::read_to_string(format!("{ACTIONS_DIR}/{POLKIT_OWN_ACTIONS}")).unwrap_or_default();
    tmpfs(ACTIONS_DIR)?;
    file(&format!("{ACTIONS_DIR}/{POLKIT_OWN_ACTIONS}"), &own)?;
    file(
        &format!("{ACTIONS_DIR}/{FIXTURE_ACTION}.policy"),
        FIXTURE_POLICY,
    )?;
    copy_all(&packaging.join("polkit"), "policy", ACTIONS_DIR)?;
    for path in RULES_DIRS
        .into_iter()
        .filter(|path| Path::new(path).is_dir())
    {
        tmpfs(path)?;
    }
    if Path::new(RULES_DIRS[0]).is_dir() {
        let rule = format!("polkit.addAdminRule(() => [\"unix-user:{PLAYER_USER}\"]);\n");
        file(&format!("{}/50-lab.rules", RULES_DIRS[0]), &rule)?;
        copy_all(&packaging.join("polkit"), "rules", RULES_DIRS[0])?;
    }
    Ok(())
}

fn copy_all(from: &Path, extension: &str, to: &str) -> Result<(), LabError> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|found| found == extension) {
            let name = path.file_name().unwrap_or_default();
            let target = Path::new(to).join(name);
            fs::copy(&path, &target).context(|| format!("copying {}", path.display()))?;
        }
    }
    Ok(())
}

/// The control group of a user's session, as the lab sees it.
pub(crate) fn session_group(uid: u32) -> String {
    format!(
        "{CGROUP_DIR}/user.slice/user-{uid}.slice/session-{}.scope",
        session_id(uid)
    )
}

fn session_id(uid: u32) -> String {
    format!("lab{uid}")
}

/// Makes the control group of a user's session. Where there are no control groups, starting the rig
/// reports it.
pub(crate) fn make_session_group(uid: u32) {
    let _ = fs::create_dir_all(session_group(uid));
}

impl Lab {
    /// Starts the bus and polkitd, and logs `player` in at the seat.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or what a daemon said when it failed.
    pub fn start_rig(&mut self) -> Result<(), LabError> {
        tools::require(tools::RIG_TOOLS)?;
        tools::polkitd()?;
        if !self
            .host_path(&session_group(self.user(PLAYER_USER)?.uid))
            .is_dir()
        {
            return Err(LabError::Invalid(
                "the rig needs control groups (v2) that root may make; this machine or container \
                 has none"
                    .into(),
            ));
        }
        let config = format!("--config-file={LAB_DIR}/dbus/system.conf");
        let argv = [
            "dbus-daemon",
            &config,
            "--nofork",
            "--nopidfile",
            "--nosyslog",
        ];
        let mut bus = self.command("pc", argv).spawn()?;
        let socket = self.host_path("/run/dbus/system_bus_socket");
        // A socket that is there may not be listened at yet.
        wait_until("the bus to listen", START_TIMEOUT, || {
            if bus.is_running() {
                Ok(UnixStream::connect(&socket).is_ok())
            } else {
                Err(died("dbus-daemon", &bus))
            }
        })?;
        self.rig = Some(Rig { bus, polkit: None });
        self.set_session(PLAYER_USER, SessionState::Active)?;
        self.start_polkit()
    }

    /// Starts polkitd and waits until it answers. Does nothing when it runs.
    ///
    /// # Errors
    /// When it doesn't come up.
    pub fn start_polkit(&mut self) -> Result<(), LabError> {
        let running = self
            .rig_mut()?
            .polkit
            .as_mut()
            .is_some_and(Proc::is_running);
        if running {
            return Ok(());
        }
        let mut polkit = self
            .command("pc", [tools::polkitd()?, "--no-debug"])
            .spawn()?;
        wait_until("polkitd's name on the bus", START_TIMEOUT, || {
            if !polkit.is_running() {
                return Err(died("polkitd", &polkit));
            }
            self.has_owner(POLKIT_NAME)
        })?;
        self.rig_mut()?.polkit = Some(polkit);
        Ok(())
    }

    /// Kills polkitd; it stays away until [`start_polkit`](Self::start_polkit).
    ///
    /// # Errors
    /// When the rig doesn't run.
    pub fn stop_polkit(&mut self) -> Result<(), LabError> {
        if let Some(mut polkit) = self.rig_mut()?.polkit.take() {
            polkit.kill()?;
        }
        wait_until("the end of polkitd's name", START_TIMEOUT, || {
            Ok(!self.has_owner(POLKIT_NAME)?)
        })
    }

    /// Kills the bus daemon, as a crash of it would.
    ///
    /// # Errors
    /// When the rig doesn't run.
    pub fn stop_bus(&mut self) -> Result<(), LabError> {
        self.rig_mut()?.bus.kill().map(|_| ())
    }

    fn rig_mut(&mut self) -> Result<&mut Rig, LabError> {
        self.rig
            .as_mut()
            .ok_or_else(|| LabError::Invalid("the rig doesn't run; call `start_rig` first".into()))
    }

    /// Has the name an owner on the lab's bus?
    ///
    /// # Errors
    /// When the bus doesn't answer.
    pub fn has_owner(&self, name: &str) -> Result<bool, LabError> {
        let argument = format!("string:{name}");
        let argv = [
            "dbus-send",
            "--system",
            "--print-reply=literal",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.NameHasOwner",
            &argument,
        ];
        Ok(self.command("pc", argv).text()?.contains("true"))
    }

    /// Tells polkit, through logind's files, whether a user is at the seat. Works while polkit runs.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_session(&self, user: &str, state: SessionState) -> Result<(), LabError> {
        let found = self.user(user)?;
        for (path, text) in session_files(&found.name, found.uid, state) {
            let path = self.host_path(&path);
            let what = || format!("writing {}", path.display());
            match text {
                Some(text) => fs::write(&path, text).context(what)?,
                None => match fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        return Err(LabError::io(what(), e));
                    }
                    _ => {}
                },
            }
        }
        Ok(())
    }

    /// A program to run in `pc` as a user of the lab; its session is the user's.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn command_as<S: Into<String>>(
        &self,
        user: &str,
        argv: impl IntoIterator<Item = S>,
    ) -> Result<Cmd, LabError> {
        let user = self.user(user)?;
        let home = if self.host_path(&user.home).is_dir() {
            &user.home
        } else {
            "/"
        };
        let mut command = self.command("pc", argv).directory(home).user(&user);
        let group = session_group(user.uid);
        if self.host_path(&group).is_dir() {
            command = command.control_group(&group);
        }
        Ok(command)
    }

    /// The helper's command line as its unit runs it: user `evenkeel`, only `CAP_NET_ADMIN`, no new
    /// privileges, `/run/evenkeel` (0700) as its directory.
    ///
    /// # Errors
    /// [`LabError::Invalid`] when `evenkeeld` isn't built.
    pub fn helper_command(&self, options: &HelperOptions) -> Result<Cmd, LabError> {
        if !self
            .spec()
            .binaries
            .iter()
            .any(|path| path.ends_with("evenkeeld"))
        {
            tools::project_binary("evenkeeld")?;
        }
        let mut argv = vec![
            "evenkeeld".to_owned(),
            "--runtime-dir".into(),
            "/run/evenkeel".into(),
        ];
        argv.extend(options.arguments.iter().cloned());
        let mut command = self
            .command("pc", argv)
            .user(&self.user(HELPER_USER)?)
            .net_admin();
        for (name, value) in &options.env {
            command = command.env(name, value);
        }
        Ok(command)
    }

    /// Starts the helper and waits until it owns its name.
    ///
    /// # Errors
    /// What it said when it ended, or a timeout.
    pub fn start_helper(&self, options: &HelperOptions) -> Result<Proc, LabError> {
        let mut helper = self.helper_command(options)?.spawn()?;
        wait_until("the helper's name on the bus", START_TIMEOUT, || {
            if !helper.is_running() {
                return Err(died("evenkeeld", &helper));
            }
            self.has_owner(HELPER_NAME)
        })?;
        Ok(helper)
    }
}

pub(crate) fn died(name: &str, process: &Proc) -> LabError {
    let said = format!("{}{}", process.stdout_text(), process.stderr_text());
    LabError::Invalid(format!("{name} ended at once; it said: {}", said.trim()))
}

/// logind's files about a user with one session; `None` for a file that must not be there.
pub(crate) fn session_files(
    name: &str,
    uid: u32,
    state: SessionState,
) -> Vec<(String, Option<String>)> {
    let session = session_id(uid);
    let (word, active, here) = match state {
        SessionState::Active => ("active", 1, true),
        SessionState::Inactive => ("online", 0, true),
        SessionState::None => ("offline", 0, false),
    };
    let session_file = format!(
        "UID={uid}\nUSER={name}\nACTIVE={active}\nIS_DISPLAY=1\nSTATE={word}\nREMOTE=0\n\
         TYPE=wayland\nCLASS=user\nSEAT=seat0\nLEADER=1\n"
    );
    let active_sessions = if active == 1 { session.as_str() } else { "" };
    let user_file = format!(
        "NAME={name}\nSTATE={word}\nDISPLAY={session}\nSESSIONS={session}\nSEATS=seat0\n\
         ACTIVE_SESSIONS={active_sessions}\nONLINE_SESSIONS={session}\n"
    );
    vec![
        (
            format!("/run/systemd/sessions/{session}"),
            here.then_some(session_file),
        ),
        (
            format!("/run/systemd/users/{uid}"),
            here.then_some(user_file),
        ),
    ]
}

const BUS_CONFIG: &str = include_str!("../fixtures/system-bus.conf");
const FIXTURE_POLICY: &str = include_str!("../fixtures/lab.policy");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logged_out_user_has_no_files() {
        assert!(
            session_files("me", 5, SessionState::None)
                .iter()
                .all(|(_, text)| text.is_none())
        );
    }

    #[test]
    fn only_an_active_session_is_marked_active() {
        let text = |state| session_files("me", 5, state)[0].1.clone().unwrap();
        assert!(text(SessionState::Active).contains("\nACTIVE=1\n"));
        assert!(text(SessionState::Inactive).contains("\nACTIVE=0\n"));
    }
}
