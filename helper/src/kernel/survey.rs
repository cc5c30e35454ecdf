//! One look at the kernel: what it is, which interfaces lead out, which routes can be steered.
//!
//! It is not for changing anything, nor for watching: [`super::watch`] says when to look again.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use evenkeel_dbus::{UplinkKind, limits::MAX_UPLINKS};
use netlink_packet_route::{
    address::{AddressAttribute, AddressMessage},
    link::{LinkAttribute, LinkFlags, LinkMessage},
    route::{RouteAttribute, RouteMessage, RouteType},
};

use super::{
    Roots,
    ecmp::{self, DumpedRoute, SkipReason},
    error::NetlinkError,
    lowpower::Lowpower,
    netlink,
    route::{Family, MultipathRoute, RouteKey, TABLE_LOCAL, TABLE_MAIN, gateway_of},
    sysctl::SysctlTree,
    sysfs,
};

/// The most addresses kept for one uplink and family.
pub const MAX_ADDRESSES: usize = 16;

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The kernel's release, as `uname -r` says it.
    pub kernel_release: String,
    /// What there is of the patched kernel.
    pub lowpower: Lowpower,
    /// Interfaces with a default gateway, by ifindex, at most [`MAX_UPLINKS`].
    pub uplinks: Vec<Uplink>,
    /// How many more uplinks there are than [`MAX_UPLINKS`]; they are left alone.
    pub uplinks_left_out: usize,
    /// The multipath routes that can be steered, at most 16.
    pub routes: Vec<MultipathRoute>,
    /// The multipath routes that can't, with the reason.
    pub skipped: Vec<(RouteKey, SkipReason)>,
}

/// An interface with a default gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// The kernel's index of it.
    pub ifindex: u32,
    /// Its name, at most 15 of `[A-Za-z0-9_.-]`; anything else in it reads `_`.
    pub name: String,
    /// What kind of link it is.
    pub kind: UplinkKind,
    /// Whether it is set up (`ip link set up`).
    pub up: bool,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// Its IPv4 addresses with prefix length, at most [`MAX_ADDRESSES`].
    pub addresses_v4: Vec<(Ipv4Addr, u8)>,
    /// Its IPv6 addresses with prefix length, link-local ones included, at most [`MAX_ADDRESSES`].
    pub addresses_v6: Vec<(Ipv6Addr, u8)>,
    /// Its IPv4 default gateway; the main table's, then the smallest metric's, if there are more.
    pub gateway_v4: Option<Ipv4Addr>,
    /// Its IPv6 default gateway, chosen likewise; often link-local.
    pub gateway_v6: Option<Ipv6Addr>,
}

/// Look at everything once.
///
/// # Errors
///
/// [`NetlinkError`] when the kernel can't be asked or has more links, addresses or routes than the
/// helper looks at (1024, 4096 and 8192).
pub async fn survey(roots: &Roots) -> Result<Survey, NetlinkError> {
    unimplemented!()
}
