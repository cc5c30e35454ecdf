//! What counts as an uplink, by the names that the kernel gives to links and drivers, and where
//! uplinks are probed when nobody says otherwise. Looking at links is done elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The internet address that IPv4 uplinks are probed against.
pub const ANCHOR_V4: Ipv4Addr = Ipv4Addr::new(1, 1, 1, 1);
/// The same for IPv6.
pub const ANCHOR_V6: Ipv6Addr = Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111);
/// The TCP port asked there where ICMP is filtered.
pub const ANCHOR_TCP_PORT: u16 = 443;

/// The kinds of links (`IFLA_INFO_KIND`) that ride on another or lead nowhere: a default route over
/// one is a VPN's, or a VPN's stop-gap against leaks.
pub const VIRTUAL_KINDS: [&str; 22] = [
    "dummy",
    "erspan",
    "geneve",
    "gre",
    "gretap",
    "ifb",
    "ip6erspan",
    "ip6gre",
    "ip6gretap",
    "ip6tnl",
    "ipip",
    "l2tpeth",
    "nlmon",
    "ovpn",
    "sit",
    "tun",
    "vcan",
    "vti",
    "vti6",
    "vxlan",
    "wireguard",
    "xfrm",
];

/// Drivers of cellular modems that look like a network card.
pub const MODEM_DRIVERS: [&str; 8] = [
    "cdc_mbim",
    "huawei_cdc_ncm",
    "iosm",
    "mhi_net",
    "qmi_wwan",
    "sierra_net",
    "t7xx",
    "wwan_hwsim",
];

/// Drivers of phones that share their connection.
pub const TETHER_DRIVERS: [&str; 5] = ["bnep", "cdc_ether", "cdc_ncm", "ipheth", "rndis_host"];
