//! Which links lead to the internet, from what the kernel says of links and routes. The helper
//! judges alike. Only [`kind`] looks at files: the kernel tells it nowhere else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use evenkeel_core::plan::numbers::PROTOCOL;
use evenkeel_core::uplink::{MODEM_DRIVERS, TETHER_DRIVERS, VIRTUAL_KINDS};
use evenkeel_dbus::{UplinkInfo, UplinkKind, limits};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkInfo, LinkMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteProtocol, RouteType, RouteVia,
};

use super::netlink::Dump;

/// Where the kernel describes interfaces.
const CLASS_NET: &str = "/sys/class/net";
/// The table of the kernel's own addresses.
const TABLE_LOCAL: u32 = 255;
/// The table that ordinary routes are in.
const TABLE_MAIN: u32 = 254;
/// The most addresses that are told of one uplink.
const MAX_ADDRESSES: usize = 8;
/// The longest description of an interface that is read.
const MAX_BYTES: u64 = 4096;

/// The uplinks by ifindex, as the helper would tell of them; nothing is known of their probes.
pub fn uplinks(dump: &Dump, kind: impl Fn(&str) -> UplinkKind) -> Vec<UplinkInfo> {
    let gateways = gateways(&dump.routes);
    let mut found: Vec<UplinkInfo> = dump
        .links
        .iter()
        .filter(|link| !link.header.flags.contains(LinkFlags::Loopback) && !is_virtual(link))
        .filter_map(|link| {
            let ifindex = link.header.index;
            let gateways = gateways.get(&ifindex)?;
            let name = name(link);
            Some(UplinkInfo {
                ifindex,
                kind: kind(&name).to_wire(),
                addresses: addresses(ifindex, &dump.addresses),
                gateways: gateways.values().map(|(_, to)| to.to_string()).collect(),
                carrier: link.header.flags.contains(LinkFlags::LowerUp),
                cost: limits::UPLINK_COST_DEFAULT,
                name: plain(&name),
                ..UplinkInfo::default()
            })
        })
        .collect();
    found.sort_by_key(|uplink| uplink.ifindex);
    found.truncate(limits::MAX_UPLINKS);
    found
}

/// How good a route is as the source of "the" gateway: the main table's first, then the smaller
/// metric. Smaller is better.
type Rank = (bool, u32);

/// The best default gateway of each family (true for IPv6), by ifindex.
fn gateways(routes: &[RouteMessage]) -> BTreeMap<u32, BTreeMap<bool, (Rank, IpAddr)>> {
    let mut found: BTreeMap<u32, BTreeMap<bool, (Rank, IpAddr)>> = BTreeMap::new();
    for route in routes {
        let (mut table, mut metric) = (u32::from(route.header.table), 0);
        for attribute in &route.attributes {
            match attribute {
                RouteAttribute::Table(number) => table = *number,
                RouteAttribute::Priority(number) => metric = *number,
                _ => {}
            }
        }
        let usable = route.header.destination_prefix_length == 0
            && route.header.kind == RouteType::Unicast
            && table != TABLE_LOCAL
            && route.header.protocol != RouteProtocol::from(PROTOCOL);
        if !usable {
            continue;
        }
        let rank = (table != TABLE_MAIN, metric);
        for (ifindex, gateway) in exits(route) {
            let best = found.entry(ifindex).or_default();
            let family = gateway.is_ipv6();
            if best.get(&family).is_none_or(|(known, _)| rank < *known) {
                let _ = best.insert(family, (rank, gateway));
            }
        }
    }
    found
}

/// The ways out of a route that have a gateway.
fn exits(route: &RouteMessage) -> Vec<(u32, IpAddr)> {
    let mut exits = Vec::new();
    let mut own = None;
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::MultiPath(hops) => {
                let hops = hops.iter();
                exits.extend(
                    hops.filter_map(|hop| Some((hop.interface_index, gateway(&hop.attributes)?))),
                );
            }
            RouteAttribute::Oif(ifindex) => own = Some(*ifindex),
            _ => {}
        }
    }
    if let (Some(ifindex), Some(gateway)) = (own, gateway(&route.attributes)) {
        exits.push((ifindex, gateway));
    }
    exits
}

fn gateway(attributes: &[RouteAttribute]) -> Option<IpAddr> {
    attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(RouteAddress::Inet(v4))
        | RouteAttribute::Via(RouteVia::Inet(v4)) => Some(IpAddr::V4(*v4)),
        RouteAttribute::Gateway(RouteAddress::Inet6(v6))
        | RouteAttribute::Via(RouteVia::Inet6(v6)) => Some(IpAddr::V6(*v6)),
        _ => None,
    })
}

fn is_virtual(link: &LinkMessage) -> bool {
    link.attributes.iter().any(|attribute| {
        let LinkAttribute::LinkInfo(infos) = attribute else {
            return false;
        };
        infos.iter().any(|info| match info {
            LinkInfo::Kind(kind) => VIRTUAL_KINDS.contains(&kind.to_string().as_str()),
            _ => false,
        })
    })
}

fn name(link: &LinkMessage) -> String {
    let names = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.clone()),
            _ => None,
        });
    names.unwrap_or_default()
}

/// A name fit for every place it may be shown, as the helper sends it.
fn plain(name: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let fit = |c: char| if fits(c) { c } else { '_' };
    name.chars().take(15).map(fit).collect()
}

fn addresses(ifindex: u32, all: &[AddressMessage]) -> Vec<String> {
    let mine = all.iter().filter(|one| one.header.index == ifindex);
    let shown = mine.filter_map(|message| {
        let (mut local, mut any) = (None, None);
        for attribute in &message.attributes {
            match attribute {
                AddressAttribute::Local(ip) => local = Some(*ip),
                AddressAttribute::Address(ip) => any = Some(*ip),
                _ => {}
            }
        }
        let ip = local.or(any)?;
        let link_local = matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local());
        (!link_local).then(|| format!("{ip}/{}", message.header.prefix_len))
    });
    shown.take(MAX_ADDRESSES).collect()
}

/// What kind of link the interface of this name is.
pub fn kind(name: &str) -> UplinkKind {
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        return UplinkKind::Other;
    }
    let directory = Path::new(CLASS_NET).join(name);
    let wireless = ["wireless", "phy80211"]
        .iter()
        .any(|entry| directory.join(entry).exists());
    let described = read_short(&directory.join("uevent"));
    let device = described
        .lines()
        .find_map(|line| line.strip_prefix("DEVTYPE="));
    let driver = directory.join("device/driver").read_link().ok();
    let driver = driver.as_deref().and_then(Path::file_name);
    let driver = driver.and_then(|name| name.to_str());
    kind_of(wireless, device, driver)
}

fn kind_of(wireless: bool, device: Option<&str>, driver: Option<&str>) -> UplinkKind {
    let driven_by = |drivers: &[&str]| driver.is_some_and(|driver| drivers.contains(&driver));
    match device {
        _ if wireless => UplinkKind::WiFi,
        Some("wlan") => UplinkKind::WiFi,
        Some("wwan") => UplinkKind::Wwan,
        _ if driven_by(&MODEM_DRIVERS) => UplinkKind::Wwan,
        Some("bluetooth") => UplinkKind::Tether,
        _ if driven_by(&TETHER_DRIVERS) => UplinkKind::Tether,
        None if driver.is_some() => UplinkKind::Ethernet,
        _ => UplinkKind::Other,
    }
}

fn read_short(path: &Path) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(MAX_BYTES).read_to_string(&mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use netlink_packet_route::AddressFamily;
    use netlink_packet_route::link::InfoKind;
    use netlink_packet_route::route::RouteNextHop;

    use super::*;

    fn link(ifindex: u32, name: &str, kind: Option<InfoKind>) -> LinkMessage {
        let mut link = LinkMessage::default();
        link.header.index = ifindex;
        link.header.flags = LinkFlags::Up | LinkFlags::LowerUp;
        link.attributes = vec![LinkAttribute::IfName(name.to_owned())];
        if let Some(kind) = kind {
            let info = vec![LinkInfo::Kind(kind)];
            link.attributes.push(LinkAttribute::LinkInfo(info));
        }
        link
    }

    fn by(last: u8) -> RouteAttribute {
        RouteAttribute::Gateway(RouteAddress::Inet(Ipv4Addr::new(10, 0, 0, last)))
    }

    fn default_route(attributes: Vec<RouteAttribute>) -> RouteMessage {
        let mut route = RouteMessage::default();
        route.header.address_family = AddressFamily::Inet;
        route.header.table = TABLE_MAIN as u8;
        route.header.kind = RouteType::Unicast;
        route.attributes = attributes;
        route
    }

    fn names(dump: &Dump) -> Vec<(String, Vec<String>)> {
        uplinks(dump, |_| UplinkKind::Other)
            .into_iter()
            .map(|uplink| (uplink.name, uplink.gateways))
            .collect()
    }

    #[test]
    fn every_way_out_of_a_multipath_route_is_an_uplink() {
        let hop = |ifindex: u32, last: u8| {
            let mut hop = RouteNextHop::default();
            hop.interface_index = ifindex;
            hop.attributes = vec![by(last)];
            hop
        };
        let dump = Dump {
            links: vec![link(3, "usb0", None), link(2, "wifi0", None)],
            addresses: Vec::new(),
            routes: vec![default_route(vec![RouteAttribute::MultiPath(vec![
                hop(2, 1),
                hop(3, 2),
            ])])],
        };
        let gateway = |last: u8| vec![format!("10.0.0.{last}")];
        let expected = [
            ("wifi0".to_owned(), gateway(1)),
            ("usb0".to_owned(), gateway(2)),
        ];
        assert_eq!(names(&dump), expected);
    }

    #[test]
    fn the_smallest_metric_of_the_main_table_names_the_gateway() {
        let route = |last, metric, table: u32| {
            default_route(vec![
                by(last),
                RouteAttribute::Oif(2),
                RouteAttribute::Priority(metric),
                RouteAttribute::Table(table),
            ])
        };
        let dump = Dump {
            links: vec![link(2, "eth0", None)],
            addresses: Vec::new(),
            routes: vec![
                route(1, 0, 77),
                route(2, 600, 254),
                route(3, 100, 254),
                route(4, 0, 255),
            ],
        };
        assert_eq!(
            names(&dump),
            [("eth0".to_owned(), vec!["10.0.0.3".to_owned()])]
        );
    }

    #[test]
    fn tunnels_loopback_our_own_routes_and_links_without_a_gateway_are_no_uplinks() {
        let mut own = default_route(vec![by(1), RouteAttribute::Oif(5)]);
        own.header.protocol = RouteProtocol::from(PROTOCOL);
        let mut loopback = link(1, "lo", None);
        loopback.header.flags |= LinkFlags::Loopback;
        let mut dump = Dump {
            links: vec![
                loopback,
                link(2, "wg0", Some(InfoKind::Wireguard)),
                link(3, "eth0", None),
                link(5, "eth1", None),
            ],
            addresses: Vec::new(),
            routes: vec![own],
        };
        for ifindex in [1, 2] {
            let attributes = vec![by(1), RouteAttribute::Oif(ifindex)];
            dump.routes.push(default_route(attributes));
        }
        assert_eq!(names(&dump), []);
    }

    #[test]
    fn a_name_is_made_fit_to_be_shown() {
        assert_eq!(plain("wlan0"), "wlan0");
        assert_eq!(plain("a\u{1b}[31m%n;$(x)long"), "a__31m_n___x_lo");
    }

    #[test]
    fn kinds_are_told_by_what_the_kernel_says_of_the_device() {
        assert_eq!(kind_of(true, None, Some("r8169")), UplinkKind::WiFi);
        assert_eq!(kind_of(false, None, Some("r8169")), UplinkKind::Ethernet);
        assert_eq!(kind_of(false, None, Some("rndis_host")), UplinkKind::Tether);
        assert_eq!(
            kind_of(false, Some("wwan"), Some("qmi_wwan")),
            UplinkKind::Wwan
        );
        assert_eq!(kind_of(false, Some("bridge"), None), UplinkKind::Other);
        assert_eq!(kind_of(false, None, None), UplinkKind::Other);
        assert_eq!(kind("../../etc"), UplinkKind::Other);
    }
}
