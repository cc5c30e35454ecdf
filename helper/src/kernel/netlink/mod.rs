//! Netlink, as little as needed: bounded dumps of links, addresses, routes, rules and nexthops.
//!
//! It is not for judging what it carries, nor for changes: those are in [`super::objects`].

use netlink_packet_core::{Emitable, NLM_F_REPLACE, Parseable};
use netlink_packet_route::{
    AddressFamily,
    address::AddressMessage,
    link::LinkMessage,
    route::{RouteHeader, RouteMessage},
};
use rtnetlink::MulticastGroup;

use evenkeel_core::plan::Family;

use super::{
    ecmp::DumpedRoute,
    error::NetlinkError,
    objects::{nexthop::DumpedNexthop, rule::DumpedRule},
};

mod socket;
pub(in crate::kernel) mod wire;

pub(in crate::kernel) use socket::Scope;
pub use socket::Socket;

/// The most links looked at.
pub const MAX_LINKS: usize = 1024;

/// The most addresses looked at, both families together.
pub const MAX_ADDRESSES: usize = 4096;

/// The most routes looked at, both families and all tables together. More means a router with a
/// full table, which is not what the helper is for.
pub const MAX_ROUTES: usize = 8192;

/// The most policy rules looked at in one family. Our own are at most some 1,600.
pub const MAX_RULES: usize = 4096;

/// The most nexthop objects looked at.
pub const MAX_NEXTHOPS: usize = 1024;

/// How often a dump is begun anew when changes interrupted it.
const DUMP_ATTEMPTS: usize = 5;

pub(in crate::kernel) const RTM_NEWLINK: u16 = 16;
pub(in crate::kernel) const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
pub(in crate::kernel) const RTM_NEWADDR: u16 = 20;
pub(in crate::kernel) const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
pub(in crate::kernel) const RTM_NEWROUTE: u16 = 24;
pub(in crate::kernel) const RTM_DELROUTE: u16 = 25;
const RTM_GETROUTE: u16 = 26;
pub(in crate::kernel) const RTM_NEWRULE: u16 = 32;
pub(in crate::kernel) const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;
pub(in crate::kernel) const RTM_NEWNEXTHOP: u16 = 104;
pub(in crate::kernel) const RTM_DELNEXTHOP: u16 = 105;
pub(in crate::kernel) const RTM_GETNEXTHOP: u16 = 106;

/// What tells that entries moved up in a dump that goes by their number: some of those that stayed
/// may then have been passed over, and the kernel doesn't mark the dump as interrupted.
#[derive(Debug)]
struct Losses {
    groups: &'static [MulticastGroup],
    kind: u16,
}

/// The kernel finds its place in IPv4 routes by their destination, which no deletion disturbs.
const LOST_ROUTES: Losses = Losses {
    groups: &[MulticastGroup::Ipv6Route],
    kind: RTM_DELROUTE,
};
const LOST_RULES: Losses = Losses {
    groups: &[MulticastGroup::Ipv4Rule, MulticastGroup::Ipv6Rule],
    kind: RTM_DELRULE,
};

impl Losses {
    /// A socket that hears of them from now on.
    fn listen(&self) -> Result<Socket, NetlinkError> {
        let groups = self.groups.iter().map(|group| *group as u32);
        Socket::route(groups.fold(0, |mask, group| mask | 1 << (group - 1)))
    }

    /// Whether `listener` has heard of one, or may have missed one.
    fn heard(&self, listener: &mut Socket) -> Result<bool, NetlinkError> {
        while let Some(kinds) = listener.arrived()? {
            if kinds.is_empty() || kinds.contains(&self.kind) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

const BOTH: [AddressFamily; 2] = [AddressFamily::Inet, AddressFamily::Inet6];

impl Socket {
    /// Replace an existing route by `message`, never creating one.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Gone`] if there is no such route, or any other refusal.
    pub async fn replace_route(&mut self, message: &RouteMessage) -> Result<(), NetlinkError> {
        // Without NLM_F_CREATE, so that a route that vanished is not resurrected.
        self.change(RTM_NEWROUTE, NLM_F_REPLACE, &wire::emitted(message))
            .await
    }
}

/// Every link.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_LINKS`].
pub async fn dump_links() -> Result<Vec<LinkMessage>, NetlinkError> {
    let scope = Scope {
        what: "links",
        limit: MAX_LINKS,
    };
    let requests = [wire::emitted(&LinkMessage::default())];
    collect(scope, RTM_GETLINK, &requests, |bytes| {
        LinkMessage::parse(bytes).ok()
    })
    .await
}

/// Every address of both families.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_ADDRESSES`].
pub async fn dump_addresses() -> Result<Vec<AddressMessage>, NetlinkError> {
    let scope = Scope {
        what: "addresses",
        limit: MAX_ADDRESSES,
    };
    let requests = BOTH.map(|family| {
        let mut message = AddressMessage::default();
        message.header.family = family;
        wire::emitted(&message)
    });
    collect(scope, RTM_GETADDR, &requests, |bytes| {
        AddressMessage::parse(bytes).ok()
    })
    .await
}

/// Every route of both families and all tables, without cached exceptions.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_ROUTES`].
pub async fn dump_routes() -> Result<Vec<DumpedRoute>, NetlinkError> {
    let scope = Scope {
        what: "routes",
        limit: MAX_ROUTES,
    };
    let requests = BOTH.map(|address_family| {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family,
            ..RouteHeader::default()
        };
        wire::emitted(&message)
    });
    collect_while_none_goes(scope, RTM_GETROUTE, &requests, decode_route, &LOST_ROUTES).await
}

/// Every policy rule of both families, in the order they are asked; none of a family that the
/// kernel was started without.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_RULES`].
pub async fn dump_rules() -> Result<Vec<DumpedRule>, NetlinkError> {
    let scope = Scope {
        what: "rules",
        limit: MAX_RULES,
    };
    let mut rules = Vec::new();
    for family in [Family::V4, Family::V6] {
        let requests = [DumpedRule::dump_request(family)];
        let parse = DumpedRule::parse;
        match collect_while_none_goes(scope, RTM_GETRULE, &requests, parse, &LOST_RULES).await {
            Err(NetlinkError::Unsupported(_)) => {}
            found => rules.extend(found?),
        }
    }
    Ok(rules)
}

/// Every nexthop object; none on a kernel without them (before 5.3).
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_NEXTHOPS`].
pub async fn dump_nexthops() -> Result<Vec<DumpedNexthop>, NetlinkError> {
    let scope = Scope {
        what: "nexthops",
        limit: MAX_NEXTHOPS,
    };
    let requests = [DumpedNexthop::dump_request()];
    match collect(scope, RTM_GETNEXTHOP, &requests, DumpedNexthop::parse).await {
        Err(NetlinkError::Unsupported(_)) => Ok(Vec::new()),
        nexthops => nexthops,
    }
}

/// A route and whether its encoding gives the kernel's bytes again; `None` if it can't be decoded.
fn decode_route(bytes: &[u8]) -> Option<DumpedRoute> {
    let message = RouteMessage::parse(bytes).ok()?;
    let mut again = vec![0; message.buffer_len()];
    message.emit(&mut again);
    Some(DumpedRoute {
        exact: again == bytes,
        message,
    })
}

/// Dump on a socket of its own, so that a refused or cancelled dump leaves nothing behind.
async fn collect<T>(
    scope: Scope,
    kind: u16,
    requests: &[Vec<u8>],
    decode: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, NetlinkError> {
    for _ in 0..DUMP_ATTEMPTS {
        match attempt(scope, kind, requests, &decode).await {
            Err(NetlinkError::Unsteady(_)) => {}
            other => return other,
        }
    }
    Err(NetlinkError::Unsteady(scope.what))
}

/// Likewise, but begun anew, too, when an entry was deleted meanwhile.
async fn collect_while_none_goes<T>(
    scope: Scope,
    kind: u16,
    requests: &[Vec<u8>],
    decode: impl Fn(&[u8]) -> Option<T>,
    losses: &Losses,
) -> Result<Vec<T>, NetlinkError> {
    for _ in 0..DUMP_ATTEMPTS {
        let mut listener = losses.listen()?;
        match attempt(scope, kind, requests, &decode).await {
            Err(NetlinkError::Unsteady(_)) => {}
            found if found.is_err() || !losses.heard(&mut listener)? => return found,
            _ => {}
        }
    }
    Err(NetlinkError::Unsteady(scope.what))
}

async fn attempt<T>(
    scope: Scope,
    kind: u16,
    requests: &[Vec<u8>],
    decode: &impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, NetlinkError> {
    let Scope { what, limit } = scope;
    let mut socket = Socket::route(0)?;
    let mut found = Vec::new();
    let mut seen = 0;
    for request in requests {
        let mut keep = |bytes: &[u8]| {
            seen += 1;
            found.extend(decode(bytes));
        };
        socket.dump(scope, kind, request, &mut keep).await?;
    }
    if seen > limit {
        Err(NetlinkError::TooMany { what, limit })
    } else {
        Ok(found)
    }
}
