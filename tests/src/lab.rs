//! A running lab: starts the holder, the emulators and the server, and hands out handles. How the
//! network looks is `topology`'s business; bus, polkit and helper are `rig`'s.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use nix::unistd::Uid;

use crate::command::Cmd;
use crate::echo;
use crate::error::{Context as _, LabError};
use crate::hold::{self, LAB_DIR};
use crate::link::Link;
use crate::process::{Proc, child_of};
use crate::rig::Rig;
use crate::snapshot::Snapshot;
use crate::spec::LabSpec;
use crate::tools::{self, LAB_PATH};
use crate::topology::{self, Uplink};
use crate::users::{self, User};

/// How long a lab may take to stand up on a loaded machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running lab. Dropping it ends every process in it and frees its namespaces and mounts; so does
/// the death, by any cause, of the process that holds this value.
#[derive(Debug)]
pub struct Lab {
    spec: LabSpec,
    pub(crate) rig: Option<Rig>,
    processes: Vec<Proc>,
    holder: u32,
    leash: Option<ChildStdin>,
    guard: Child,
}

impl Lab {
    /// Builds a lab; returns when its network, emulators (with no delay yet) and server are up.
    /// Other programs of the project that are already built are put into the lab's `PATH`.
    ///
    /// # Errors
    /// [`LabError::NotRoot`], [`LabError::MissingTool`], or whatever failed. Nothing remains then.
    pub fn start(spec: &LabSpec) -> Result<Self, LabError> {
        spec.validate()?;
        if !Uid::effective().is_root() {
            return Err(LabError::NotRoot);
        }
        tools::require(tools::NETWORK_TOOLS)?;
        let own_binary = tools::project_binary("evenkeel-lab")?;
        let mut spec = spec.clone();
        spec.binaries.push(own_binary.clone());
        for name in ["evenkeeld", "evenkeel"] {
            let given = spec.binaries.iter().any(|path| path.ends_with(name));
            if let (false, Ok(path)) = (given, tools::project_binary(name)) {
                spec.binaries.push(path);
            }
        }
        let (guard, leash, holder) = start_holder(&own_binary, &spec)?;
        let mut lab = Self {
            spec,
            rig: None,
            processes: Vec::new(),
            holder,
            leash: Some(leash),
            guard,
        };
        lab.start_emulators()?;
        let mut server = lab.command("srv", ["evenkeel-lab", "serve"]).spawn()?;
        server.wait_for(echo::READY, START_TIMEOUT)?;
        lab.processes.push(server);
        Ok(lab)
    }

    fn start_emulators(&mut self) -> Result<(), LabError> {
        // Real-time priority keeps the emulator exact while the tests keep the machine busy; where
        // it is not allowed, the emulator is only less exact.
        let fifo = self
            .command("pc", ["chrt", "--fifo", "50", "true"])
            .output()?
            .success();
        for uplink in self.uplinks() {
            let socket = format!("{LAB_DIR}/link/{}.sock", uplink.name);
            let seed = (self.spec.seed << 8 | u64::from(uplink.number)).to_string();
            let mut argv = if fifo {
                vec!["chrt", "--fifo", "50"]
            } else {
                Vec::new()
            };
            argv.extend(["evenkeel-lab", "emulate", "near", "far", "--seed", &seed]);
            argv.extend(["--control", &socket]);
            let process = self.command(&uplink.emulator_ns(), argv).spawn()?;
            self.processes.push(process);
        }
        for uplink in self.uplinks() {
            let link = self.link(uplink.name)?;
            wait_until("the emulator's control socket", START_TIMEOUT, || {
                Ok(link.state().is_ok())
            })?;
        }
        Ok(())
    }

    /// The description this lab was built from.
    pub fn spec(&self) -> &LabSpec {
        &self.spec
    }

    /// Process number of the lab's first process, as the host sees it.
    pub fn holder(&self) -> u32 {
        self.holder
    }

    /// The uplinks, in order.
    pub fn uplinks(&self) -> Vec<Uplink> {
        topology::uplinks(self.spec.uplinks)
    }

    /// The uplink with the interface `name` in `pc`.
    ///
    /// # Errors
    /// [`LabError::Invalid`] if there is none.
    pub fn uplink(&self, name: &str) -> Result<Uplink, LabError> {
        self.uplinks()
            .into_iter()
            .find(|uplink| uplink.name == name)
            .ok_or_else(|| {
                LabError::Invalid(format!(
                    "this lab has no uplink `{name}`; nothing was changed"
                ))
            })
    }

    /// The emulator of the uplink `name`.
    ///
    /// # Errors
    /// [`LabError::Invalid`] if there is no such uplink.
    pub fn link(&self, name: &str) -> Result<Link, LabError> {
        let name = self.uplink(name)?.name;
        Ok(Link::at(
            self.host_path(&format!("{LAB_DIR}/link/{name}.sock")),
        ))
    }

    /// A path of the lab as the host can open it.
    pub fn host_path(&self, inside: &str) -> PathBuf {
        format!("/proc/{}/root{inside}", self.holder).into()
    }

    /// The path of a network namespace (`pc`, `em1`, `r1`, ..., `srv`) as the host can open it.
    pub fn namespace_path(&self, namespace: &str) -> PathBuf {
        self.host_path(&format!("/run/netns/{namespace}"))
    }

    /// A program to run in the network namespace `namespace`.
    pub fn command<S: Into<String>>(
        &self,
        namespace: &str,
        argv: impl IntoIterator<Item = S>,
    ) -> Cmd {
        Cmd::new(
            self.holder,
            namespace,
            argv.into_iter().map(Into::into).collect(),
        )
    }

    /// Runs `work` in a thread that has entered a network namespace: for sockets made in Rust.
    ///
    /// # Errors
    /// The error of entering, or of `work`.
    pub fn inside<T: Send>(
        &self,
        namespace: &str,
        work: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        hold::inside(&self.namespace_path(namespace).to_string_lossy(), work)
    }

    /// A user of the lab: `evenkeel`, `player`, `guest`, `nobody`, or any of the host's.
    ///
    /// # Errors
    /// [`LabError::Invalid`] if there is none of that name.
    pub fn user(&self, name: &str) -> Result<User, LabError> {
        users::lookup(&self.passwd()?, name)
            .ok_or_else(|| LabError::Invalid(format!("the lab has no user `{name}`")))
    }

    /// The lab's `passwd` file.
    ///
    /// # Errors
    /// When the lab has ended.
    pub fn passwd(&self) -> Result<String, LabError> {
        let path = self.host_path("/etc/passwd");
        fs::read_to_string(&path).context(|| format!("reading {}", path.display()))
    }

    /// How many packets of the uplink's `pc` side its router dropped for a source that isn't its own.
    ///
    /// # Errors
    /// When the router's counter can't be read.
    pub fn foreign_drops(&self, uplink: &str) -> Result<u64, LabError> {
        let router = self.uplink(uplink)?.router_ns();
        let argv = ["nft", "list", "counter", "inet", "lab", "foreign"];
        let text = self.command(&router, argv).text()?;
        let mut words = text
            .split_whitespace()
            .skip_while(|word| *word != "packets");
        words
            .nth(1)
            .and_then(|count| count.parse().ok())
            .ok_or_else(|| {
                LabError::Invalid(format!(
                    "nft printed no packet count for `{router}`: {text}"
                ))
            })
    }

    /// Takes the uplink's cable out or puts it back: the interface in `pc` loses or gets its carrier.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn set_carrier(&self, uplink: &str, up: bool) -> Result<(), LabError> {
        let namespace = self.uplink(uplink)?.emulator_ns();
        let state = if up { "up" } else { "down" };
        self.command(&namespace, ["ip", "link", "set", "near", state])
            .text()
            .map(|_| ())
    }

    /// Rules, routes, nexthops and sysctls of `pc`.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn snapshot(&self) -> Result<Snapshot, LabError> {
        Snapshot::take(self, "pc")
    }

    /// The command that opens a shell in `pc`, for a person.
    pub fn enter_command(&self) -> String {
        format!(
            "sudo nsenter -t {} -m -n -p -i -u -C -- env PATH={LAB_PATH} bash",
            self.holder
        )
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Closing the leash ends the holder, and with it everything. What is left is to reap.
        self.leash = None;
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.guard.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                // On a busy machine; it goes on without us, and removes the control group.
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn start_holder(
    own_binary: &std::path::Path,
    spec: &LabSpec,
) -> Result<(Child, ChildStdin, u32), LabError> {
    let json = serde_json::to_string(spec)
        .map_err(|e| LabError::Invalid(format!("describing the lab: {e}")))?;
    let mut guard = Command::new(own_binary)
        .args(["guard", &json])
        .env_clear()
        .env("PATH", LAB_PATH)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| "starting the lab's guard".into())?;
    let leash = guard.stdin.take();
    let mut said = String::new();
    if let Some(out) = guard.stdout.take() {
        let _ = BufReader::new(out).read_line(&mut said);
    }
    let holder = child_of(guard.id());
    match (leash, holder) {
        (Some(leash), Some(holder)) if said.trim() == hold::READY => Ok((guard, leash, holder)),
        _ => {
            let mut why = String::new();
            if let Some(mut stderr) = guard.stderr.take() {
                let _ = stderr.read_to_string(&mut why);
            }
            let status = guard
                .wait()
                .map_or_else(|e| e.to_string(), |s| s.to_string());
            Err(LabError::Command {
                command: "evenkeel-lab guard".into(),
                status,
                stderr: why.trim().to_owned(),
            })
        }
    }
}

/// Asks again and again until the answer is yes.
///
/// # Errors
/// [`LabError::Timeout`] if it doesn't become so in time, or the question's own error.
pub fn wait_until(
    what: &str,
    timeout: Duration,
    mut question: impl FnMut() -> Result<bool, LabError>,
) -> Result<(), LabError> {
    let deadline = Instant::now() + timeout;
    while !question()? {
        if Instant::now() > deadline {
            return Err(LabError::Timeout {
                what: what.to_owned(),
                seconds: timeout.as_secs(),
            });
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
