//! The real NetworkManager and the real systemd-networkd, managing the uplinks of a lab's `pc`, with
//! routers that advertise themselves, a stand-in for logind, and the events of a desktop's day: each
//! one a method. What the events do to others' routes is for tests to find out.
//!
//! A daemon runs in a mount namespace of its own, inside the lab's: its settings and its state lie on
//! the lab's tmpfs and are bound over the host's directories there, and `/sys` is read-only, which
//! tells both daemons that no udev will come.

pub mod adverts;
pub mod config;
pub mod defaults;
pub mod logind;
pub mod witness;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::command::Cmd;
use crate::error::{Context as _, LabError};
use crate::hold::LAB_DIR;
use crate::lab::{Lab, wait_until};
use crate::process::Proc;
use crate::rig::died;
use crate::spec::Routes;
use crate::tools;
use crate::topology::Uplink;

/// The interface that [`Manager::vpn_up`] makes.
pub const VPN_DEVICE: &str = "vpn0";
/// Metric of the VPN's default routes: better than any that a manager gives.
pub const VPN_METRIC: u32 = 50;
const START_TIMEOUT: Duration = Duration::from_secs(20);
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);

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

/// What NetworkManager is told about the price of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metered {
    /// It costs.
    Yes,
    /// It does not.
    No,
    /// NetworkManager guesses.
    Unknown,
}

/// Something that happens on a desktop and touches routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `nmcli device reapply`, or `networkctl reconfigure`.
    Reapply,
    /// `nmcli connection up`; NetworkManager only.
    ConnectionUp,
    /// `networkctl reload`; systemd-networkd only.
    Reload,
    /// The cable is taken out.
    CarrierLost,
    /// And put back.
    CarrierBack,
    /// A VPN comes with defaults of its own.
    VpnUp,
    /// And goes.
    VpnDown,
    /// The router says that it is none any more.
    RouterWithdrawn,
    /// And that it is one again.
    RouterBack,
    /// The machine is about to sleep.
    Suspend,
    /// And wakes.
    Resume,
}

impl Event {
    /// The events that a manager knows, in an order in which they can happen one after another.
    pub fn all(kind: Kind) -> Vec<Self> {
        let own = match kind {
            Kind::NetworkManager => Self::ConnectionUp,
            Kind::Networkd => Self::Reload,
        };
        vec![
            Self::Reapply,
            own,
            Self::CarrierLost,
            Self::CarrierBack,
            Self::VpnUp,
            Self::VpnDown,
            Self::RouterWithdrawn,
            Self::RouterBack,
            Self::Suspend,
            Self::Resume,
        ]
    }

    /// Does every uplink have its defaults when this has been dealt with?
    pub fn leaves_all_defaults(self, kind: Kind) -> bool {
        match self {
            Self::CarrierLost | Self::RouterWithdrawn => false,
            // NetworkManager takes its devices down before sleep; systemd-networkd doesn't care.
            Self::Suspend => kind == Kind::Networkd,
            _ => true,
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
    /// Starts NetworkManager over the uplinks of `pc`; returns when both families have their defaults.
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
        manager.wait_for_defaults(self)?;
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
            script += &format!("mount --bind {source} {target}; ");
        }
        for (name, text) in config::files(kind, &self.uplinks()) {
            let path = self.host_path(&format!("{LAB_DIR}/{kind:?}/settings/{name}"));
            // A profile that others may read or write is ignored.
            let mode = if name.ends_with(".nmconnection") {
                0o600
            } else {
                0o644
            };
            write(&path, &text, mode).context(|| format!("writing {name} in the lab"))?;
        }
        Ok(script + "exec \"$@\"")
    }
}

fn write(path: &Path, text: &str, mode: u32) -> std::io::Result<()> {
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

    /// Makes an event happen on an uplink (which matters to some of them) and returns when the orders
    /// are given, not when everything has settled.
    ///
    /// # Errors
    /// When an order is refused, or this manager does not know the event.
    pub fn cause(&mut self, lab: &Lab, event: Event, uplink: &str) -> Result<(), LabError> {
        match event {
            Event::Reapply if self.kind == Kind::Networkd => self.reconfigure(uplink),
            Event::Reapply => self.reapply(uplink),
            Event::ConnectionUp => self.connection_up(uplink),
            Event::Reload => self.reload(),
            Event::CarrierLost => lab.set_carrier(uplink, false),
            Event::CarrierBack => lab.set_carrier(uplink, true),
            Event::VpnUp => self.vpn_up(),
            Event::VpnDown => self.vpn_down(),
            Event::RouterWithdrawn => self.set_router_lifetime(uplink, 0),
            Event::RouterBack => self.set_router_lifetime(uplink, adverts::LIFETIME_S),
            Event::Suspend => self.suspend(),
            Event::Resume => self.resume(),
        }
    }

    /// `nmcli device reapply`: the profile is put onto the device again, without taking it down.
    ///
    /// # Errors
    /// When it is refused, or this is not NetworkManager.
    pub fn reapply(&self, uplink: &str) -> Result<(), LabError> {
        self.nmcli(&["device", "reapply", uplink])
    }

    /// `nmcli connection up`: the device goes through a whole activation.
    ///
    /// # Errors
    /// When it is refused, or this is not NetworkManager.
    pub fn connection_up(&self, uplink: &str) -> Result<(), LabError> {
        self.nmcli(&["connection", "up", uplink])
    }

    /// Says in the uplink's profile whether it is metered, and puts that into force.
    ///
    /// # Errors
    /// When it is refused, or this is not NetworkManager.
    pub fn set_metered(&self, uplink: &str, metered: Metered) -> Result<(), LabError> {
        let word = match metered {
            Metered::Yes => "yes",
            Metered::No => "no",
            Metered::Unknown => "unknown",
        };
        self.nmcli(&["connection", "modify", uplink, "connection.metered", word])?;
        self.reapply(uplink)
    }

    /// `networkctl reconfigure`: the link's settings are dropped and made anew.
    ///
    /// # Errors
    /// When it is refused, or this is not systemd-networkd.
    pub fn reconfigure(&self, uplink: &str) -> Result<(), LabError> {
        self.networkctl(&["reconfigure", uplink])
    }

    /// `networkctl reload`: settings files are read again, and links reconfigured where they changed.
    ///
    /// # Errors
    /// When it is refused, or this is not systemd-networkd.
    pub fn reload(&self) -> Result<(), LabError> {
        self.networkctl(&["reload"])
    }

    fn nmcli(&self, arguments: &[&str]) -> Result<(), LabError> {
        self.only(Kind::NetworkManager)?;
        self.run(&[&["nmcli", "--wait", "20"], arguments].concat())
    }

    fn networkctl(&self, arguments: &[&str]) -> Result<(), LabError> {
        self.only(Kind::Networkd)?;
        self.run(&[&["networkctl"], arguments].concat())
    }

    fn only(&self, kind: Kind) -> Result<(), LabError> {
        if self.kind == kind {
            return Ok(());
        }
        Err(LabError::Invalid(format!(
            "only {kind:?} knows this, and {:?} runs; nothing was changed",
            self.kind
        )))
    }

    fn cmd(&self, argv: &[&str]) -> Cmd {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        Cmd::new(self.holder, "pc", argv)
    }

    fn run(&self, argv: &[&str]) -> Result<(), LabError> {
        self.cmd(argv).text().map(|_| ())
    }

    /// Lets the uplink's router advertise another lifetime as a default router, at once. 0 withdraws
    /// it; [`adverts::LIFETIME_S`] is where it began.
    ///
    /// # Errors
    /// When there is no such uplink.
    pub fn set_router_lifetime(&mut self, uplink: &str, seconds: u16) -> Result<(), LabError> {
        let found = self.routers.iter_mut().find(|(one, _)| one.name == uplink);
        let (_, router) =
            found.ok_or_else(|| LabError::Invalid(format!("no router has `{uplink}`")))?;
        router.write(format!("{seconds}\n").as_bytes())
    }

    /// Announces the machine's sleep and waits until everybody who holds a delaying lock has let go of
    /// it, as logind does. `NetworkManager` then takes hardware down, but leaves software devices
    /// alone, which the lab's are; so for them that is done here, by hand.
    ///
    /// # Errors
    /// When nothing answers within logind's own patience, or an order is refused.
    pub fn suspend(&mut self) -> Result<(), LabError> {
        self.order_logind("sleep", logind::ASLEEP)?;
        if self.kind == Kind::Networkd {
            return Ok(());
        }
        for (uplink, _) in &self.routers {
            self.nmcli(&["device", "set", uplink.name, "managed", "no"])?;
            self.run(&["ip", "addr", "flush", "dev", uplink.name])?;
            self.run(&["ip", "link", "set", uplink.name, "down"])?;
        }
        Ok(())
    }

    /// Announces that the machine is awake again.
    ///
    /// # Errors
    /// When the stand-in has ended, or an order is refused.
    pub fn resume(&mut self) -> Result<(), LabError> {
        self.order_logind("wake", logind::AWAKE)?;
        if self.kind == Kind::Networkd {
            return Ok(());
        }
        for (uplink, _) in &self.routers {
            // It does not take a software device up that somebody else took down.
            self.run(&["ip", "link", "set", uplink.name, "up"])?;
            self.nmcli(&["device", "set", uplink.name, "managed", "yes"])?;
        }
        Ok(())
    }

    fn order_logind(&mut self, order: &str, answer: &str) -> Result<(), LabError> {
        let before = self.logind.stdout_text().matches(answer).count();
        self.logind.write(format!("{order}\n").as_bytes())?;
        let logind = &self.logind;
        wait_until(&format!("logind's `{answer}`"), START_TIMEOUT, || {
            Ok(logind.stdout_text().matches(answer).count() > before)
        })
    }

    /// Brings up a tunnel, [`VPN_DEVICE`], with a default route per family that is better than the
    /// uplinks'. What is sent into it is lost.
    ///
    /// # Errors
    /// When there is one already, or the kernel has no tunnels.
    pub fn vpn_up(&mut self) -> Result<(), LabError> {
        if self.vpn.is_some() {
            return Err(LabError::Invalid("the VPN is up already".into()));
        }
        let mut vpn = self.cmd(&["perl", "-e", TUNNEL, VPN_DEVICE]).spawn()?;
        vpn.wait_for("tunnel", START_TIMEOUT)?;
        let batch = format!(
            "addr add 10.99.0.2/24 dev {VPN_DEVICE}\naddr add fd99::2/64 dev {VPN_DEVICE} nodad\n\
             link set {VPN_DEVICE} up\n\
             route add default dev {VPN_DEVICE} metric {VPN_METRIC}\n\
             route add ::/0 dev {VPN_DEVICE} metric {VPN_METRIC}\n"
        );
        self.vpn = Some(vpn);
        self.cmd(&["ip", "-batch", "-"]).input(batch).text()?;
        Ok(())
    }

    /// Ends the VPN's process, and with it the tunnel and its routes.
    ///
    /// # Errors
    /// When there is none, or it does not end.
    pub fn vpn_down(&mut self) -> Result<(), LabError> {
        let none = || LabError::Invalid("there is no VPN".into());
        self.vpn.take().ok_or_else(none)?.kill().map(|_| ())
    }

    /// Waits until every uplink has a default route in both families, whoever made it but
    /// [`OURS`](Self::OURS).
    ///
    /// # Errors
    /// [`LabError::Timeout`] in words, with the routes there are.
    pub fn wait_for_defaults(&self, lab: &Lab) -> Result<(), LabError> {
        self.wait_for(lab, "a default per uplink and family", |_, _| true)
    }

    /// Waits until the managed defaults are as an event on an uplink leaves them. Where it changes none
    /// of them, that is at once; `NetworkManager` minds a lost carrier only after 6 s.
    ///
    /// # Errors
    /// As [`wait_for_defaults`](Self::wait_for_defaults).
    pub fn wait_after(&self, lab: &Lab, event: Event, uplink: &str) -> Result<(), LabError> {
        let what = format!("defaults as after {event:?}");
        self.wait_for(lab, &what, |family, device| match event {
            Event::CarrierLost => device != uplink,
            Event::RouterWithdrawn => device != uplink || family == 4,
            Event::Suspend => self.kind == Kind::Networkd,
            _ => true,
        })
    }

    fn wait_for(
        &self,
        lab: &Lab,
        what: &str,
        wanted: impl Fn(u8, &str) -> bool,
    ) -> Result<(), LabError> {
        let mut last = Vec::new();
        let outcome = wait_until(what, SETTLE_TIMEOUT, || {
            last = lab.default_routes()?;
            let has = |family, device| {
                last.iter().any(|route| {
                    route.family == family && route.device == device && route.protocol != Self::OURS
                })
            };
            let uplinks = lab.uplinks();
            let mut all = uplinks
                .iter()
                .flat_map(|one| [(4, one.name), (6, one.name)]);
            Ok(all.all(|(family, device)| has(family, device) == wanted(family, device)))
        });
        outcome.map_err(|e| LabError::Invalid(format!("{e}; there are {last:?}")))
    }

    /// The route protocol number of Evenkeel, whose defaults don't count as a manager's.
    pub const OURS: u8 = 77;
}

/// Makes a tunnel and keeps it while the program runs (`TUNSETIFF`, `IFF_TUN | IFF_NO_PI`). It is in
/// Perl, which every Debian has, because an ioctl of one's own is unsafe code in Rust.
const TUNNEL: &str = r#"$| = 1; open my $tun, "+<", "/dev/net/tun" or die "/dev/net/tun: $!\n";
ioctl $tun, 0x400454ca, pack "a16 S x22", $ARGV[0], 0x1001 or die "TUNSETIFF: $!\n";
print "tunnel\n"; sleep;"#;
