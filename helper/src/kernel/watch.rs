//! When to look at the kernel again: link, address, route, rule and nexthop notifications, made
//! coarse.
//!
//! It is not for saying what changed: [`super::survey`] looks.

use evenkeel_core::plan::numbers::PROTOCOL;
use rtnetlink::MulticastGroup;

use super::{
    error::NetlinkError,
    netlink::{
        RTM_DELADDR, RTM_DELLINK, RTM_DELNEXTHOP, RTM_DELROUTE, RTM_DELRULE, RTM_NEWADDR,
        RTM_NEWLINK, RTM_NEWNEXTHOP, RTM_NEWROUTE, RTM_NEWRULE, Socket,
    },
    objects::rule,
};

/// The most datagrams gathered into one report, so that a storm still gets reported.
const MAX_DATAGRAMS: usize = 256;

/// What kind of thing changed since the last call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each kind of thing there is, in any combination"
)]
pub struct Changed {
    /// A link appeared, went, or changed its state.
    pub links: bool,
    /// An address came or went.
    pub addresses: bool,
    /// A route was made, replaced or deleted, other than by our own requests.
    pub routes: bool,
    /// A policy rule was made or deleted, likewise.
    pub rules: bool,
    /// A nexthop object was made, replaced or deleted, likewise. The kernel says nothing when it
    /// deletes them because a link went down; that shows as a change of the link.
    pub nexthops: bool,
    /// The netlink port whose request deleted something with our protocol number;
    /// [`super::undoer`] makes a name of it. 0 is the kernel, on its own account. If there were
    /// several, the last that isn't 0.
    pub undone_by: Option<u32>,
}

/// What matters of one notification.
#[derive(Debug, Clone, Copy)]
struct News {
    kind: u16,
    port: u32,
    /// What it is about carries our protocol number.
    ours: bool,
}

impl News {
    fn of(kind: u16, port: u32, payload: &[u8]) -> Self {
        let protocol = match kind {
            // `rtm_protocol` and `nh_protocol`; in a rule it is an attribute.
            RTM_DELROUTE => payload.get(5).copied(),
            RTM_DELNEXTHOP => payload.get(2).copied(),
            RTM_DELRULE => rule::protocol(payload),
            _ => None,
        };
        Self {
            kind,
            port,
            ours: protocol == Some(PROTOCOL),
        }
    }
}

impl Changed {
    /// Everything may have changed, by whomever.
    pub const ALL: Self = Self {
        links: true,
        addresses: true,
        routes: true,
        rules: true,
        nexthops: true,
        undone_by: None,
    };
    const NOTHING: Self = Self {
        links: false,
        addresses: false,
        routes: false,
        rules: false,
        nexthops: false,
        undone_by: None,
    };

    /// What a datagram of notifications says, our own requests left out.
    fn of(notifications: &[News], own_port: u32) -> Self {
        if notifications.is_empty() {
            return Self::ALL; // some were dropped: anything may have changed
        }
        let others = notifications.iter().filter(|news| news.port != own_port);
        others.fold(Self::NOTHING, |so_far, news| {
            let mut changed = Self::NOTHING;
            match news.kind {
                RTM_NEWLINK | RTM_DELLINK => changed.links = true,
                RTM_NEWADDR | RTM_DELADDR => changed.addresses = true,
                RTM_NEWROUTE | RTM_DELROUTE => changed.routes = true,
                RTM_NEWRULE | RTM_DELRULE => changed.rules = true,
                RTM_NEWNEXTHOP | RTM_DELNEXTHOP => changed.nexthops = true,
                _ => {}
            }
            changed.undone_by = news.ours.then_some(news.port);
            so_far.or(changed)
        })
    }

    /// This, and then `later`.
    #[must_use]
    pub fn or(self, later: Self) -> Self {
        let told = later.undone_by.filter(|port| *port != 0);
        Self {
            links: self.links || later.links,
            addresses: self.addresses || later.addresses,
            routes: self.routes || later.routes,
            rules: self.rules || later.rules,
            nexthops: self.nexthops || later.nexthops,
            undone_by: told.or(self.undone_by).or(later.undone_by),
        }
    }
}

/// A subscription to the kernel's notifications.
#[derive(Debug)]
pub struct Watch {
    socket: Socket,
    own_port: u32,
}

impl Watch {
    /// Subscribe. Needs a tokio runtime around it. `own_port` is
    /// [`super::door::Door::netlink_port`], whose changes are no news to us.
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
            MulticastGroup::Ipv4Rule,
            MulticastGroup::Ipv6Rule,
            MulticastGroup::Nexthop,
        ];
        let mask = groups
            .iter()
            .fold(0, |mask, group| mask | 1 << (*group as u32 - 1));
        Ok(Self {
            socket: Socket::route(mask)?,
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
            let mut changed =
                Changed::of(&self.socket.notifications(News::of).await?, self.own_port);
            for _ in 1..MAX_DATAGRAMS {
                // What has already arrived, without waiting for more.
                let Some(more) = self.socket.notifications_now(News::of)? else {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A notification about something that isn't ours.
    fn news(kind: u16, port: u32) -> News {
        News {
            kind,
            port,
            ours: false,
        }
    }

    /// A route's deletion, with this protocol number.
    fn deletion(protocol: u8, port: u32) -> News {
        let mut payload = [0; 12];
        payload[5] = protocol;
        News::of(RTM_DELROUTE, port, &payload)
    }

    #[test]
    fn our_own_requests_are_no_news_and_lost_ones_are_everything() {
        assert_eq!(Changed::of(&[], 7), Changed::ALL);
        let own = [news(RTM_NEWROUTE, 7), deletion(PROTOCOL, 7)];
        assert_eq!(Changed::of(&own, 7), Changed::NOTHING);
        let mixed = [news(RTM_NEWROUTE, 7), news(RTM_DELADDR, 0)];
        assert_eq!(
            Changed::of(&mixed, 7),
            Changed {
                addresses: true,
                ..Changed::NOTHING
            }
        );
        assert_eq!(Changed::of(&[news(999, 0)], 7), Changed::NOTHING);
    }

    #[test]
    fn whoever_deletes_ours_is_remembered_before_the_kernel_is() {
        let by = |all: &[News]| Changed::of(all, 7).undone_by;
        assert_eq!(by(&[deletion(PROTOCOL, 0)]), Some(0));
        let both = [
            deletion(PROTOCOL, 0),
            deletion(PROTOCOL, 55),
            deletion(4, 66),
            deletion(PROTOCOL, 0),
        ];
        assert_eq!(by(&both), Some(55));
        assert_eq!(by(&[deletion(4, 66)]), None);
        assert!(!News::of(RTM_DELRULE, 1, &[]).ours);
    }
}
