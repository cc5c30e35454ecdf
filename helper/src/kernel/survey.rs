//! One look at the kernel: what it is, which interfaces lead out, which routes can be steered.
//!
//! It is not for changing anything, nor for watching: [`super::watch`] says when to look again.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use evenkeel_core::plan::{Family, Found};
use evenkeel_core::uplink::VIRTUAL_KINDS;
use evenkeel_dbus::{UplinkKind, limits::MAX_UPLINKS};
use netlink_packet_route::{
    address::{AddressAttribute, AddressMessage},
    link::{LinkAttribute, LinkFlags, LinkInfo, LinkMessage},
    route::RouteType,
};

use super::{
    Roots,
    ecmp::{self, DumpedRoute, SkipReason, Sorted},
    error::NetlinkError,
    found::Look,
    lowpower::Lowpower,
    netlink,
    objects::ours::our_route,
    route::{MultipathRoute, RouteKey, TABLE_LOCAL, TABLE_MAIN, exits},
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
    /// What a plan for IPv4 starts from.
    pub v4: Found,
    /// What a plan for IPv6 starts from.
    pub v6: Found,
}

/// Whether data over an uplink costs money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metered {
    /// Nobody said.
    #[default]
    Unknown,
    /// It doesn't.
    No,
    /// It does, or whoever said so guesses it.
    Yes,
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
    /// Whether its data costs money: unknown to the kernel, filled in by who asks `NetworkManager`.
    pub metered: Metered,
}

/// Look at everything once.
///
/// # Errors
///
/// [`NetlinkError`] when the kernel can't be asked, or has more links, addresses or routes than
/// the helper looks at ([`netlink::MAX_LINKS`] and its neighbours).
pub async fn survey(roots: &Roots) -> Result<Survey, NetlinkError> {
    let routes = netlink::dump_routes().await?;
    let rules = netlink::dump_rules().await?;
    let nexthops = netlink::dump_nexthops().await?;
    let links = netlink::dump_links().await?;
    let addresses = netlink::dump_addresses().await?;
    let is_tunnel = |name: &str| sysfs::is_tunnel(&roots.sys_class_net, name);
    let kind = |name: &str| sysfs::kind(&roots.sys_class_net, name);
    let mut uplinks = find_uplinks(&links, &addresses, &routes, is_tunnel, kind);
    let uplinks_left_out = uplinks.len().saturating_sub(MAX_UPLINKS);
    uplinks.truncate(MAX_UPLINKS);
    let indexes = uplinks.iter().map(|uplink| uplink.ifindex).collect();
    let Sorted { steerable, skipped } = ecmp::sort_routes(&routes, &indexes);
    let look = Look {
        interfaces: &uplinks,
        addresses: &addresses,
        routes: &routes,
        rules: &rules,
        nexthops: &nexthops,
    };
    let (v4, v6) = (look.found(Family::V4), look.found(Family::V6));
    Ok(Survey {
        kernel_release: kernel_release(),
        lowpower: Lowpower::read(&SysctlTree::new(&roots.proc_sys)),
        uplinks,
        uplinks_left_out,
        routes: steerable,
        skipped,
        v4,
        v6,
    })
}

/// `uname -r`, or nothing if the kernel won't say.
fn kernel_release() -> String {
    nix::sys::utsname::uname()
        .map(|names| names.release().to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The interfaces that a default route with a gateway leaves by, by ifindex, loopback and tunnels
/// left out. `is_tunnel` and `kind` are asked by the interface's true name.
pub fn find_uplinks(
    links: &[LinkMessage],
    addresses: &[AddressMessage],
    routes: &[DumpedRoute],
    is_tunnel: impl Fn(&str) -> bool,
    kind: impl Fn(&str) -> UplinkKind,
) -> Vec<Uplink> {
    let gateways = default_gateways(routes);
    let mut uplinks = Vec::new();
    for link in links {
        let Some(gateway) = gateways.get(&link.header.index) else {
            continue;
        };
        let name = link_name(link);
        if link.header.flags.contains(LinkFlags::Loopback) || is_virtual(link) || is_tunnel(name) {
            continue;
        }
        uplinks.push(Uplink {
            ifindex: link.header.index,
            name: sanitised(name),
            kind: kind(name),
            up: link.header.flags.contains(LinkFlags::Up),
            carrier: link.header.flags.contains(LinkFlags::LowerUp),
            addresses_v4: Vec::new(),
            addresses_v6: Vec::new(),
            gateway_v4: gateway.v4.map(|(_, to)| to),
            gateway_v6: gateway.v6.map(|(_, to)| to),
            metered: Metered::Unknown,
        });
    }
    uplinks.sort_by_key(|uplink| uplink.ifindex);
    for address in addresses {
        let index = address.header.index;
        if let Ok(at) = uplinks.binary_search_by_key(&index, |uplink| uplink.ifindex) {
            add_address(&mut uplinks[at], address);
        }
    }
    uplinks
}

/// How good a default route is as the source of "the" gateway: the main table first, then the
/// smaller metric. Smaller is better.
type Rank = (bool, u32);

/// The best gateway of each family on one interface, with its rank.
#[derive(Default)]
struct Gateways {
    v4: Option<(Rank, Ipv4Addr)>,
    v6: Option<(Rank, Ipv6Addr)>,
}

/// The gateways of all unicast default routes, by ifindex.
fn default_gateways(routes: &[DumpedRoute]) -> BTreeMap<u32, Gateways> {
    let mut found: BTreeMap<u32, Gateways> = BTreeMap::new();
    for route in routes {
        let message = &route.message;
        let Some(key) = RouteKey::of(message) else {
            continue;
        };
        if !key.is_default()
            || key.table == TABLE_LOCAL
            || message.header.kind != RouteType::Unicast
            || our_route(message).is_some()
        {
            continue;
        }
        let rank = (key.table != TABLE_MAIN, key.metric);
        for exit in exits(message) {
            let Some(gateway) = exit.gateway else {
                continue;
            };
            let gateways = found.entry(exit.ifindex).or_default();
            match gateway {
                IpAddr::V4(to) => keep_better(&mut gateways.v4, (rank, to)),
                IpAddr::V6(to) => keep_better(&mut gateways.v6, (rank, to)),
            }
        }
    }
    found
}

fn keep_better<T>(kept: &mut Option<(Rank, T)>, candidate: (Rank, T)) {
    if kept.as_ref().is_none_or(|(rank, _)| candidate.0 < *rank) {
        *kept = Some(candidate);
    }
}

/// See [`VIRTUAL_KINDS`].
fn is_virtual(link: &LinkMessage) -> bool {
    let mut infos = link
        .attributes
        .iter()
        .filter_map(|attribute| match attribute {
            LinkAttribute::LinkInfo(infos) => Some(infos),
            _ => None,
        });
    infos.any(|infos| {
        infos.iter().any(|info| {
            let LinkInfo::Kind(kind) = info else {
                return false;
            };
            VIRTUAL_KINDS.contains(&kind.to_string().as_str())
        })
    })
}

fn link_name(link: &LinkMessage) -> &str {
    let name = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.as_str()),
            _ => None,
        });
    name.unwrap_or_default()
}

/// A name fit for logs and terminals: at most 15 of `[A-Za-z0-9_.-]`, anything else reads `_`.
pub(super) fn sanitised(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    name.chars()
        .take(15)
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

fn add_address(uplink: &mut Uplink, address: &AddressMessage) {
    let length = address.header.prefix_len;
    // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL ours.
    let local = address
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Local(ip) => Some(*ip),
            _ => None,
        });
    let any = address
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Address(ip) => Some(*ip),
            _ => None,
        });
    match local.or(any) {
        Some(IpAddr::V4(ip)) if uplink.addresses_v4.len() < MAX_ADDRESSES => {
            uplink.addresses_v4.push((ip, length));
        }
        Some(IpAddr::V6(ip)) if uplink.addresses_v6.len() < MAX_ADDRESSES => {
            uplink.addresses_v6.push((ip, length));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use netlink_packet_route::{
        AddressFamily,
        link::InfoKind,
        route::{RouteAddress, RouteAttribute, RouteMessage},
    };

    use super::*;

    fn link(ifindex: u32, name: &str) -> LinkMessage {
        let mut link = LinkMessage::default();
        link.header.index = ifindex;
        link.header.flags = LinkFlags::Up | LinkFlags::LowerUp;
        link.attributes.push(LinkAttribute::IfName(name.to_owned()));
        link
    }

    fn default_via(ifindex: u32, gateway: Ipv4Addr, table: u8, metric: u32) -> DumpedRoute {
        let mut message = RouteMessage::default();
        message.header.address_family = AddressFamily::Inet;
        message.header.table = table;
        message.header.kind = RouteType::Unicast;
        message.attributes = vec![
            RouteAttribute::Gateway(RouteAddress::Inet(gateway)),
            RouteAttribute::Oif(ifindex),
            RouteAttribute::Priority(metric),
        ];
        DumpedRoute {
            message,
            exact: true,
        }
    }

    fn uplinks(links: &[LinkMessage], routes: &[DumpedRoute]) -> Vec<Uplink> {
        let is_tunnel = |name: &str| name.starts_with("tun");
        find_uplinks(links, &[], routes, is_tunnel, |_| UplinkKind::Other)
    }

    #[test]
    fn the_main_tables_gateway_wins_then_the_smaller_metric() {
        let gateway = |last| Ipv4Addr::new(10, 0, 0, last);
        let routes = [
            default_via(2, gateway(1), 77, 0),
            default_via(2, gateway(2), 254, 600),
            default_via(2, gateway(3), 254, 100),
            default_via(2, gateway(4), 254, 100),
            default_via(2, gateway(5), 255, 0),
        ];
        let found = uplinks(&[link(2, "wlan0")], &routes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].gateway_v4, Some(gateway(3)));
        assert!(found[0].up && found[0].carrier);
    }

    #[test]
    fn tunnels_loopback_and_links_without_a_gateway_are_no_uplinks() {
        let gateway = Ipv4Addr::new(10, 0, 0, 1);
        let mut loopback = link(1, "lo");
        loopback.header.flags |= LinkFlags::Loopback;
        let links = [loopback, link(2, "tun0"), link(3, "eth0"), link(4, "eth1")];
        let mut unreachable = default_via(4, gateway, 254, 0);
        unreachable.message.header.kind = RouteType::Unreachable;
        let routes = [
            default_via(1, gateway, 254, 0),
            default_via(2, gateway, 254, 1),
            unreachable,
        ];
        assert_eq!(uplinks(&links, &routes), []);
    }

    #[test]
    fn a_link_that_rides_on_another_is_no_uplink() {
        let gateway = Ipv4Addr::new(10, 0, 0, 1);
        let routes = [default_via(2, gateway, 254, 0)];
        for (kind, uplink) in [
            (InfoKind::Dummy, false),
            (InfoKind::Wireguard, false),
            (InfoKind::Tun, false),
            (InfoKind::Other("ovpn".to_owned()), false),
            (InfoKind::Veth, true),
            (InfoKind::Bridge, true),
        ] {
            let mut link = link(2, "x0");
            let infos = vec![LinkInfo::Kind(kind.clone())];
            link.attributes.push(LinkAttribute::LinkInfo(infos));
            assert_eq!(uplinks(&[link], &routes).len() == 1, uplink, "{kind}");
        }
    }

    #[test]
    fn names_are_made_fit_for_logs_and_terminals() {
        assert_eq!(sanitised("wlan0"), "wlan0");
        assert_eq!(sanitised("br-lan.7_x"), "br-lan.7_x");
        assert_eq!(sanitised("a\u{1b}[31m%n;$(x)"), "a__31m_n___x_");
        assert_eq!(sanitised("0123456789abcdefgh"), "0123456789abcde");
    }
}
