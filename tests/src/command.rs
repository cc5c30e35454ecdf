//! Running programs inside a lab: as which user, in which network namespace, with what captured.
//! Everything started here belongs to the lab's pid namespace and ends with it at the latest.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::process::Proc;
use crate::tools::LAB_PATH;
use crate::users::User;

/// How long [`Cmd::output`] waits unless told otherwise.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What ends a terminal's programs all at once, as `env` takes it.
const ENDINGS: &str = "HUP,INT,QUIT,TERM";

/// Shell words that enter the control group `$0` and become the arguments.
const ENTER_GROUP: &str = r#"echo $$ > "$0/cgroup.procs" && exec "$@""#;

/// Capabilities of a program, besides what its user gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caps {
    AsTheUserHas,
    /// Only `CAP_NET_ADMIN`, ambient, and no way to gain more: like the helper's unit.
    NetAdmin,
}

/// A program to run in a lab. Made by [`Lab::command`](crate::Lab::command).
#[derive(Debug, Clone)]
pub struct Cmd {
    holder: u32,
    namespace: String,
    argv: Vec<String>,
    user: Option<User>,
    caps: Caps,
    control_group: Option<String>,
    env: Vec<(String, String)>,
    directory: Option<PathBuf>,
    input: Option<Vec<u8>>,
    timeout: Duration,
    terminal: bool,
}

/// What a finished program left.
#[derive(Debug, Clone)]
pub struct Output {
    /// The command line.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Did it exit with 0?
    pub fn success(&self) -> bool {
        self.status.success()
    }

    /// The output, if the program exited with 0.
    ///
    /// # Errors
    /// [`LabError::Command`] with what it wrote to standard error.
    pub fn ok(self) -> Result<Self, LabError> {
        if self.success() {
            return Ok(self);
        }
        let said = if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        Err(LabError::Command {
            command: self.command.clone(),
            status: self.status.to_string(),
            stderr: said.trim().to_owned(),
        })
    }
}

impl Cmd {
    pub(crate) fn new(holder: u32, namespace: &str, argv: Vec<String>) -> Self {
        Self {
            holder,
            namespace: namespace.to_owned(),
            argv,
            user: None,
            caps: Caps::AsTheUserHas,
            control_group: None,
            env: Vec::new(),
            directory: None,
            input: None,
            timeout: DEFAULT_TIMEOUT,
            terminal: false,
        }
    }

    /// Run as this user, with the user's groups and `HOME` (default: root).
    #[must_use]
    pub fn user(mut self, user: &User) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Give it `CAP_NET_ADMIN` and nothing else, as the helper's unit does.
    #[must_use]
    pub fn net_admin(mut self) -> Self {
        self.caps = Caps::NetAdmin;
        self
    }

    /// Put it into this control group (a path of the lab) before it starts.
    #[must_use]
    pub(crate) fn control_group(mut self, path: &str) -> Self {
        self.control_group = Some(path.to_owned());
        self
    }

    /// Add an environment variable. Nothing is inherited but what is set here, `PATH`, `LANG`,
    /// `HOME`, `USER` and `LOGNAME`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Run in this directory (default: `/`).
    #[must_use]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Feed this to standard input (default: empty).
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// How long [`output`](Self::output) waits before it kills the program (default: 30 s).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Leave standard input, output and error connected to ours: for a person at a terminal.
    #[must_use]
    pub fn terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// The program and its arguments, for messages.
    pub fn line(&self) -> String {
        self.argv.join(" ")
    }

    /// nsenter must outlive the program, whose parent it is: where process 1 takes no orphans (many a
    /// container), a program without its parent would never be gone, nor would the lab. So a signal
    /// to everything on the terminal must not reach nsenter.
    fn out_of_reach(&self) -> Command {
        if self.terminal {
            // The program belongs to those that may use the terminal, and so does nsenter.
            let mut command = Command::new("env");
            command.args([&format!("--ignore-signal={ENDINGS}"), "nsenter"]);
            return command;
        }
        let mut command = Command::new("nsenter");
        command.process_group(0);
        command
    }

    fn build(&self) -> Command {
        let mut command = self.out_of_reach();
        let holder = self.holder;
        command.args([
            "--target",
            &holder.to_string(),
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
        ]);
        command.arg(format!(
            "--net=/proc/{holder}/root/run/netns/{}",
            self.namespace
        ));
        let directory = self.directory.clone().unwrap_or_else(|| "/".into());
        command.arg(format!("--wd=/proc/{holder}/root{}", directory.display()));
        match &self.control_group {
            // A process may not enter a group below the cgroup namespace's root from outside it, so
            // this one keeps the host's view of control groups.
            Some(group) => command.args(["--", "sh", "-c", ENTER_GROUP, group]),
            None => command.args(["--cgroup", "--"]),
        };
        // When nsenter is killed, so is what it runs.
        command.args(["setpriv", "--pdeathsig", "KILL"]);
        if let Some(user) = &self.user {
            command
                .arg(format!("--reuid={}", user.uid))
                .arg(format!("--regid={}", user.gid));
            command.arg("--init-groups");
        }
        if self.caps == Caps::NetAdmin {
            command.args(["--no-new-privs", "--inh-caps=-all,+net_admin"]);
            command.args([
                "--ambient-caps=-all,+net_admin",
                "--bounding-set=-all,+net_admin",
            ]);
        }
        command.arg("--");
        if self.terminal {
            command.args(["env", &format!("--default-signal={ENDINGS}")]);
        }
        command.args(&self.argv).env_clear().env("PATH", LAB_PATH);
        command.env("LANG", "C.UTF-8");
        let (name, home) = self
            .user
            .as_ref()
            .map_or(("root", "/root"), |user| (&user.name, &user.home));
        command
            .env("USER", name)
            .env("LOGNAME", name)
            .env("HOME", home);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the program and returns at once.
    ///
    /// # Errors
    /// When it can't be started at all. A program that isn't there shows as exit status 127.
    pub fn spawn(&self) -> Result<Proc, LabError> {
        let mut command = self.build();
        if !self.terminal {
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
        }
        let child = command
            .spawn()
            .context(|| format!("starting `{}`", self.line()))?;
        Ok(Proc::new(self.line(), child, self.input.as_deref()))
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// [`LabError::Timeout`] when it doesn't end in time (it is killed then). A failing program is
    /// not an error here: see [`Output::ok`].
    pub fn output(&self) -> Result<Output, LabError> {
        let mut with_input = self.clone();
        with_input.input.get_or_insert_default();
        let mut process = with_input.spawn()?;
        let status = process.wait(self.timeout)?;
        Ok(Output {
            command: self.line(),
            status,
            stdout: process.stdout_text(),
            stderr: process.stderr_text(),
        })
    }

    /// Runs the program to its end; it must exit with 0. Returns its standard output.
    ///
    /// # Errors
    /// As [`output`](Self::output), and [`LabError::Command`] when it fails.
    pub fn text(&self) -> Result<String, LabError> {
        Ok(self.output()?.ok()?.stdout)
    }
}
