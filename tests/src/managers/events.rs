//! What happens on a desktop with a network manager in a day, each event an order or two: profiles put on
//! again, cables, VPNs, routers, sleep. What comes of it is for tests to find out.

use super::{Kind, Manager, START_TIMEOUT, adverts, logind};
use crate::command::Cmd;
use crate::error::LabError;
use crate::lab::{Lab, wait_until};

/// The interface that [`Manager::vpn_up`] makes.
pub const VPN_DEVICE: &str = "vpn0";
/// Metric of the VPN's default routes: better than any that a manager gives.
pub const VPN_METRIC: u32 = 50;

/// What `NetworkManager` is told about the price of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metered {
    /// It costs.
    Yes,
    /// It does not.
    No,
    /// `NetworkManager` guesses.
    Unknown,
}

/// Something that happens on a desktop and touches routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `nmcli device reapply`, or `networkctl reconfigure`.
    Reapply,
    /// `nmcli connection up`; `NetworkManager` only.
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

impl Manager {
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
    /// When it is refused, or this is not `NetworkManager`.
    pub fn reapply(&self, uplink: &str) -> Result<(), LabError> {
        self.nmcli(&["device", "reapply", uplink])
    }

    /// `nmcli connection up`: the device goes through a whole activation.
    ///
    /// # Errors
    /// When it is refused, or this is not `NetworkManager`.
    pub fn connection_up(&self, uplink: &str) -> Result<(), LabError> {
        self.nmcli(&["connection", "up", uplink])
    }

    /// Says in the uplink's profile whether it is metered, and puts that into force.
    ///
    /// # Errors
    /// When it is refused, or this is not `NetworkManager`.
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
}

/// Makes a tunnel and keeps it while the program runs (`TUNSETIFF`, `IFF_TUN | IFF_NO_PI`). It is in
/// Perl, which every Debian has, because an ioctl of one's own is unsafe code in Rust.
const TUNNEL: &str = r#"$| = 1; open my $tun, "+<", "/dev/net/tun" or die "/dev/net/tun: $!\n";
ioctl $tun, 0x400454ca, pack "a16 S x22", $ARGV[0], 0x1001 or die "TUNSETIFF: $!\n";
print "tunnel\n"; sleep;"#;
