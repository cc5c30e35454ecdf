//! When to look at the kernel again: link, address and route notifications, made coarse.
//!
//! It is not for saying what changed: [`super::survey`] looks.

use rtnetlink::MulticastGroup;

use super::{error::NetlinkError, netlink::RouteSocket};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// The most datagrams gathered into one report, so that a storm still gets reported.
const MAX_DATAGRAMS: usize = 256;

/// What kind of thing changed since the last call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// A link appeared, went, or changed its state.
    pub links: bool,
    /// An address came or went.
    pub addresses: bool,
    /// A route was made, replaced or deleted, other than by our own requests.
    pub routes: bool,
}

impl Changed {
    const ALL: Self = Self {
        links: true,
        addresses: true,
        routes: true,
    };
    const NOTHING: Self = Self {
        links: false,
        addresses: false,
        routes: false,
    };

    /// What a datagram of notifications (message type and requester's port) says, our own
    /// requests left out.
    fn of(notifications: &[(u16, u32)], own_port: u32) -> Self {
        if notifications.is_empty() {
            return Self::ALL; // some were dropped: anything may have changed
        }
        let mut changed = Self::NOTHING;
        for (kind, _) in notifications.iter().filter(|(_, port)| *port != own_port) {
            match *kind {
                RTM_NEWLINK | RTM_DELLINK => changed.links = true,
                RTM_NEWADDR | RTM_DELADDR => changed.addresses = true,
                RTM_NEWROUTE | RTM_DELROUTE => changed.routes = true,
                _ => {}
            }
        }
        changed
    }

    fn or(self, other: Self) -> Self {
        Self {
            links: self.links || other.links,
            addresses: self.addresses || other.addresses,
            routes: self.routes || other.routes,
        }
    }
}

/// A subscription to the kernel's notifications.
#[derive(Debug)]
pub struct Watch {
    socket: RouteSocket,
    own_port: u32,
}

impl Watch {
    /// Subscribe. Needs a tokio runtime around it. `own_port` is
    /// [`super::door::Door::netlink_port`], whose route changes are no news to us.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn open(own_port: u32) -> Result<Self, NetlinkError> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
        ];
        let mask = groups
            .iter()
            .fold(0, |mask, group| mask | 1 << (*group as u32 - 1));
        Ok(Self {
            socket: RouteSocket::open(mask)?,
            own_port,
        })
    }

    /// Wait until something changed, and gather all that has been reported by then. Sleeps without
    /// a wake-up while nothing changes. Lost notifications (`ENOBUFS`) count as everything changed.
    /// Safe to cancel, as in `select!`.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`]; open a new one then.
    pub async fn changed(&mut self) -> Result<Changed, NetlinkError> {
        loop {
            let mut changed = Changed::of(&self.socket.notifications().await?, self.own_port);
            for _ in 1..MAX_DATAGRAMS {
                // What has already arrived, without waiting for more.
                let Some(more) = self.socket.notifications_now()? else {
                    break;
                };
                changed = changed.or(Changed::of(&more, self.own_port));
            }
            if changed != Changed::NOTHING {
                return Ok(changed);
            }
        }
    }
}
