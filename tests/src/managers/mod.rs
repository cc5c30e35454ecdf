//! The real `NetworkManager` and the real systemd-networkd, managing the uplinks of a lab's `pc`, with
//! routers that advertise themselves, a stand-in for logind, and (in `events`) what
//! happens on a desktop in a day. What the events do to others' routes is for tests to find out.
//!
//! A daemon runs in a mount namespace of its own, inside the lab's: its settings and its state lie on
//! the lab's tmpfs and are bound over the host's directories there, and `/sys` is read-only, which
//! tells both daemons that no udev will come.

pub mod adverts;
pub mod config;
pub mod defaults;
pub mod events;
pub mod logind;
pub mod witness;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::error::{Context as _, LabError};
use crate::hold::LAB_DIR;
use crate::lab::{Lab, wait_until};
use crate::process::Proc;
use crate::rig::died;
use crate::spec::Routes;
use crate::tools;
use crate::topology::Uplink;

pub use events::{Event, Metered};

const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Which network manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `NetworkManager`.
    NetworkManager,
    /// `systemd-networkd`.
    Networkd,
}

impl Kind {
    /// Its name on the bus.
    pub fn bus_name(self) -> &'static str {
        match self {
            Self::NetworkManager => "org.freedesktop.NetworkManager",
            Self::Networkd => "org.freedesktop.network1",
        }
    }

    /// Where its settings lie, and where its state, if it keeps one outside `/run`.
    fn directories(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::NetworkManager => ("/etc/NetworkManager", Some("/var/lib/NetworkManager")),
            Self::Networkd => ("/etc/systemd/network", None),
        }
    }

    fn argv(self) -> Result<Vec<&'static str>, LabError> {
        match self {
            Self::NetworkManager => {
                tools::require(tools::NETWORK_MANAGER_TOOLS)?;
                Ok(vec!["NetworkManager", "--debug", "--log-level=INFO"])
            }
            Self::Networkd => {
                tools::require(tools::NETWORKD_TOOLS)?;
                Ok(vec![tools::networkd()?])
            }
        }
    }
}

/// A network manager at work, with what belongs to it. Dropping it ends all of that; the addresses
/// and routes it made stay until the lab ends.
#[derive(Debug)]
pub struct Manager {
    kind: Kind,
    holder: u32,
    daemon: Proc,
    logind: Proc,
    routers: Vec<(Uplink, Proc)>,
    vpn: Option<Proc>,
}

impl Lab {
    /// Starts `NetworkManager` over the uplinks of `pc`; returns when both families have their defaults.
    /// Needs a running rig and [`Routes::Managed`].
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or what a daemon said when it failed.
    pub fn start_network_manager(&self) -> Result<Manager, LabError> {
        self.start_manager(Kind::NetworkManager)
    }

    /// The same with systemd-networkd.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or what a daemon said when it failed.
    pub fn start_networkd(&self) -> Result<Manager, LabError> {
        self.start_manager(Kind::Networkd)
    }

    /// Starts the one or the other.
    ///
    /// # Errors
    /// As [`start_network_manager`](Self::start_network_manager).
    pub fn start_manager(&self, kind: Kind) -> Result<Manager, LabError> {
        if self.rig.is_none() || self.spec().routes != Routes::Managed {
            return Err(LabError::Invalid(
                "a network manager needs a lab with `Routes::Managed` and a running rig; it was not \
                 started"
                    .into(),
            ));
        }
        tools::require(tools::MANAGER_TOOLS)?;
        let argv = kind.argv()?;
        let mut logind = self.command("pc", ["evenkeel-lab", "logind"]).spawn()?;
        logind.wait_for(logind::READY, START_TIMEOUT)?;
        let mut routers = Vec::new();
        for uplink in self.uplinks() {
            let prefix = uplink.prefix_v6().to_string();
            let argv = ["evenkeel-lab", "advertise", "lan", &prefix];
            let mut router = self.command(&uplink.router_ns(), argv).spawn()?;
            router.wait_for(adverts::READY, START_TIMEOUT)?;
            routers.push((uplink, router));
        }
        let script = self.prepare_mounts(kind)?;
        let words = ["unshare", "--mount", "sh", "-c", &script, "sh"];
        let mut daemon = self
            .command("pc", words.into_iter().chain(argv))
            .env("SYSTEMD_LOG_TARGET", "console")
            .spawn()?;
        wait_until(
            "the network manager's name on the bus",
            START_TIMEOUT,
            || {
                if !daemon.is_running() {
                    return Err(died(kind.bus_name(), &daemon));
                }
                self.has_owner(kind.bus_name())
            },
        )?;
        let manager = Manager {
            kind,
            holder: self.holder(),
            daemon,
            logind,
            routers,
            vpn: None,
        };
        self.wait_for_defaults()?;
        Ok(manager)
    }

    /// Writes the daemon's settings; returns the shell words that put them in place and then become the
    /// program given as arguments.
    fn prepare_mounts(&self, kind: Kind) -> Result<String, LabError> {
        let (settings, state) = kind.directories();
        let mut script = "set -e; mount -o remount,bind,ro /sys; ".to_owned();
        for (target, source) in [(Some(settings), "settings"), (state, "state")] {
            let Some(target) = target else { continue };
            let source = format!("{LAB_DIR}/{kind:?}/{source}");
            let path = self.host_path(&source);
            fs::create_dir_all(&path).context(|| format!("making {source} in the lab"))?;
            let _ = write!(script, "mount --bind {source} {target}; ");
        }
        for (name, text) in config::files(kind, &self.uplinks()) {
            let path = self.host_path(&format!("{LAB_DIR}/{kind:?}/settings/{name}"));
            // A profile that others may read or write is ignored.
            let mode = if name.ends_with(".nmconnection") {
                0o600
            } else {
                0o644
            };
            write_file(&path, &text, mode).context(|| format!("writing {name} in the lab"))?;
        }
        Ok(script + "exec \"$@\"")
    }
}

fn write_file(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

impl Manager {
    /// Which one it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The daemon's process.
    pub fn daemon(&self) -> &Proc {
        &self.daemon
    }

    /// The daemon's process number as programs in the lab see it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pid_in_lab(&self) -> Result<u32, LabError> {
        let pid = self.daemon.pid().unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))
            .context(|| format!("looking for process {pid}"))?;
        let numbers = status.lines().find(|line| line.starts_with("NSpid:"));
        numbers
            .and_then(|line| line.split_whitespace().last()?.parse().ok())
            .ok_or_else(|| LabError::Invalid(format!("process {pid} has no number in the lab")))
    }

    /// Waits until the managed defaults are as an event on an uplink leaves them. Where it changes none
    /// of them, that is at once; `NetworkManager` minds a lost carrier only after 6 s.
    ///
    /// # Errors
    /// As [`Lab::wait_for_defaults`].
    pub fn wait_after(&self, lab: &Lab, event: Event, uplink: &str) -> Result<(), LabError> {
        let what = format!("defaults as after {event:?}");
        defaults::wait_for(lab, &what, |family, device| match event {
            Event::CarrierLost => device != uplink,
            Event::RouterWithdrawn => device != uplink || family == 4,
            Event::Suspend => self.kind == Kind::Networkd,
            _ => true,
        })
    }
}
