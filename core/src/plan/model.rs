//! The words of a plan: what there is, what shall be, and the objects both are made of. Plain
//! values; nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// An IP version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A network: the bits of `address` behind `length` are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Its first address.
    pub address: IpAddr,
    /// How many bits it fixes, 0..=32 or 0..=128.
    pub length: u8,
}

/// Something that Evenkeel puts into the kernel. Each carries [`super::PROTOCOL`], which is how it
/// is known again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// One way out, as a member for [`Group`].
    Nexthop(Nexthop),
    /// A resilient group of nexthops, IPv4 only.
    Group(Group),
    /// A default route.
    Route(Route),
    /// A policy rule.
    Rule(Rule),
}

/// A nexthop object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nexthop {
    /// Its number.
    pub id: u32,
    /// The way out.
    pub hop: Hop,
}

/// A resilient nexthop group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Its number.
    pub id: u32,
    /// Its members, by nexthop number, with weights 1..=65535.
    pub members: BTreeMap<u32, u16>,
    /// How many buckets the flows are spread over. The kernel can't change it later.
    pub buckets: u16,
    /// Seconds of silence after which a bucket may change its member.
    pub idle_timer_s: u32,
}

/// A gateway on an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hop {
    /// The interface.
    pub ifindex: u32,
    /// The gateway; it says the family.
    pub gateway: IpAddr,
}

/// A default route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The family.
    pub family: Family,
    /// The table.
    pub table: u32,
    /// The metric; in IPv6 never 0, which the kernel would turn into 1024.
    pub metric: u32,
    /// Where it leads.
    pub via: Via,
}

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Over one gateway; `source` is the address preferred for sockets that have none yet.
    Hop {
        /// The way out.
        hop: Hop,
        /// The preferred source, if one is set.
        source: Option<IpAddr>,
    },
    /// Over a nexthop group, by its number.
    Group(u32),
    /// Over several gateways with weights 1..=256, in the kernel's order, which decides what goes
    /// where. Only as a copy of the system's own, in [`super::numbers::SYSTEM_TABLE`].
    Spread(Vec<(Hop, u16)>),
}

/// A policy rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The family.
    pub family: Family,
    /// Its place; the smallest is asked first.
    pub preference: u32,
    /// Whom it is for.
    pub selector: Selector,
    /// Where it sends them.
    pub action: Action,
}

/// Whom a rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Selector {
    /// Everybody.
    All,
    /// This machine's own packets from this network (`iif lo from …`). Without `iif lo` it would
    /// also take a guest's packets that pass through with an address of the same network.
    From(Prefix),
    /// This machine's own UDP packets from this port (`iif lo ipproto udp sport …`). Without
    /// `iif lo` it would also take a container's from the same port.
    UdpPort(u16),
    /// Packets of others that pass through (`not iif lo`).
    Forwarded,
}

/// Where a rule sends packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// To a table.
    Table(u32),
    /// To the main table, its default routes left out (`suppress_prefixlength 0`).
    MainWithoutDefaults,
}

/// A physical interface with a default route of the system's own, in one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uplink {
    /// The interface.
    pub ifindex: u32,
    /// The gateway of its best default in the main table.
    pub gateway: IpAddr,
    /// The source address which that default prefers (`src`), if it names one. Ours must prefer
    /// the same, or a socket without an address would change its own.
    pub preferred_source: Option<IpAddr>,
    /// Its addresses with the networks they stand for on the link, in the kernel's order;
    /// link-local ones left out.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// The best default route in the main table that isn't ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemDefault {
    /// Its metric.
    pub metric: u32,
    /// The interfaces it leaves by: more than one for a multipath route; empty for one without
    /// (`unreachable`, `blackhole`).
    pub ifindexes: Vec<u32>,
    /// Its ways out with their weights 1..=256, in the kernel's order, if it was merged from several
    /// routers' advertisements (as systemd-networkd does); empty for any other. Nobody chose such
    /// weights, and in IPv6 a change of them harms running flows, so ours goes before it.
    pub merged: Vec<(Hop, u16)>,
}

/// In the place of an ifindex: where the system's own default leads, spread over uplinks as it may be.
/// What was there before game mode stays there, whichever uplink that is for whom.
pub const AS_THE_SYSTEM: u32 = 0;

/// What there is in one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The family.
    pub family: Family,
    /// The uplinks in it, by ifindex. Those without a carrier or set down are left out.
    pub uplinks: Vec<Uplink>,
    /// The best default that isn't ours.
    pub system_default: Option<SystemDefault>,
    /// Policy rules that are neither the kernel's three nor ours, in the words of `ip rule`.
    pub foreign_rules: Vec<String>,
    /// Numbers of ours (protocol, table, preference or nexthop) that somebody else uses, in words.
    pub taken: Vec<String>,
    /// What is in the kernel with our protocol and of our making.
    pub ours: BTreeSet<Object>,
}

/// What the kernel can do, by its own answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Resilient nexthop groups with weights of 16 bits (Linux 6.12).
    pub resilient_groups: bool,
}

/// Which sockets of this machine depend on what, in one family.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sockets {
    /// Local addresses of connected and bound sockets that have a peer or may have one.
    pub sources: BTreeSet<IpAddr>,
    /// Ports of UDP sockets that are bound to no address and connected to nobody.
    pub wildcard_udp_ports: BTreeSet<u16>,
}
