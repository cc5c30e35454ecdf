//! The lab's network as plain values: names, addresses, and the `ip -batch` and `nft` scripts that
//! build it. Nothing here runs anything.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::spec::{LabSpec, Routes};

/// Address of the server that every uplink reaches, IPv4 (documentation range).
pub const ANCHOR_V4: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// Address of the server that every uplink reaches, IPv6 (documentation range).
pub const ANCHOR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 6, 0, 0, 0, 0, 1);
/// TCP and UDP port of the server that sends everything back.
pub const ECHO_PORT: u16 = 7;
/// TCP and UDP port of the server that answers with the source address it saw, as text.
pub const WHOAMI_PORT: u16 = 77;
/// First address of the /15 whose every address is the server's: a destination of its own for every
/// flow, since a kernel that hashes addresses only sends all flows to one server the same way.
pub const WIDE_V4: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
/// First address of the /64 whose every address is the server's.
pub const WIDE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 5, 0, 0, 0, 0, 0);

const NAMES: [&str; 4] = ["wifi0", "usb0", "eth0", "lte0"];

/// One uplink of the `pc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uplink {
    /// 1-based number.
    pub number: u8,
    /// Interface name in `pc`.
    pub name: &'static str,
}

impl Uplink {
    /// Address of the `pc` on this uplink, in a /24.
    pub fn host_v4(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 0, 2)
    }
    /// Gateway of this uplink.
    pub fn gateway_v4(self) -> Ipv4Addr {
        Ipv4Addr::new(10, self.number, 0, 1)
    }
    /// Address of the `pc` on this uplink, in a /64.
    pub fn host_v6(self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd00 + u16::from(self.number), 0, 0, 0, 0, 0, 0, 2)
    }
    /// Gateway of this uplink.
    pub fn gateway_v6(self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd00 + u16::from(self.number), 0, 0, 0, 0, 0, 0, 1)
    }
    /// Prefix of this uplink's network, a /64.
    pub fn prefix_v6(self) -> Ipv6Addr {
        Ipv6Addr::new(0xfd00 + u16::from(self.number), 0, 0, 0, 0, 0, 0, 0)
    }
    /// What the server sees as the source of traffic of this uplink (after masquerading).
    pub fn public_v4(self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 4 * self.number + 2)
    }
    /// What the server sees as the source of traffic of this uplink (after masquerading).
    pub fn public_v6(self) -> Ipv6Addr {
        Ipv6Addr::new(0x2001, 0xdb8, 0x100 + u16::from(self.number), 0, 0, 0, 0, 2)
    }
    /// Is this what the server sees of this uplink?
    pub fn is_public(self, address: IpAddr) -> bool {
        address == self.public_v4() || address == self.public_v6()
    }
    fn server_v4(self) -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 4 * self.number + 1)
    }
    fn server_v6(self) -> Ipv6Addr {
        Ipv6Addr::new(0x2001, 0xdb8, 0x100 + u16::from(self.number), 0, 0, 0, 0, 1)
    }
    /// The namespace of this uplink's emulator, with the interfaces `near` and `far`.
    pub fn emulator_ns(self) -> String {
        format!("em{}", self.number)
    }
    /// The namespace of this uplink's router, with the interfaces `lan` and `wan`.
    pub fn router_ns(self) -> String {
        format!("r{}", self.number)
    }
}

/// The uplinks of a lab with `count` of them (at most 4).
pub fn uplinks(count: u8) -> Vec<Uplink> {
    (1..=count.min(4))
        .map(|number| Uplink {
            number,
            name: NAMES[usize::from(number) - 1],
        })
        .collect()
}

/// Names of all network namespaces, `pc` first.
pub fn namespaces(spec: &LabSpec) -> Vec<String> {
    let mut names = vec!["pc".to_owned()];
    for uplink in uplinks(spec.uplinks) {
        names.push(uplink.emulator_ns());
        names.push(uplink.router_ns());
    }
    names.push("srv".to_owned());
    names
}

/// Sysctls (path under `/proc/sys`, value) to write in a namespace before any interface exists.
///
/// IPv4 settings of a new namespace come from the host, so the ones that matter are all set: the lab
/// behaves alike on a host with containers or strict filters.
pub fn sysctls(namespace: &str, spec: &LabSpec) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = Vec::new();
    let mut set = |path: &str, value: &str| list.push((path.to_owned(), value.to_owned()));
    let router = namespace.starts_with('r');
    for scope in ["all", "default"] {
        set(&format!("net/ipv6/conf/{scope}/accept_dad"), "0");
        set(&format!("net/ipv4/conf/{scope}/rp_filter"), "0");
        if namespace.starts_with("em") {
            set(&format!("net/ipv6/conf/{scope}/disable_ipv6"), "1");
        }
        if router {
            set(&format!("net/ipv6/conf/{scope}/forwarding"), "1");
        }
    }
    set("net/ipv4/ip_forward", if router { "1" } else { "0" });
    if namespace == "pc" {
        let range = if spec.ping_group {
            "0 2147483647"
        } else {
            "1 0"
        };
        set("net/ipv4/ping_group_range", range);
    }
    list
}

/// `ip -batch` input per namespace, in the order in which to run them.
pub fn batches(spec: &LabSpec) -> Vec<(String, String)> {
    let links = uplinks(spec.uplinks);
    let mut batches = Vec::new();
    let mut pc = String::from("link set lo up\n");
    let mut srv = String::from("link set lo up\n");
    srv += "route add local 203.0.113.0/24 dev lo\n";
    srv += "route add local 2001:db8:6::/64 dev lo\n";
    let _ = writeln!(srv, "route add local {WIDE_V4}/15 dev lo");
    let _ = writeln!(srv, "route add local {WIDE_V6}/64 dev lo");
    let _ = writeln!(srv, "addr add {ANCHOR_V4}/32 dev lo");
    let _ = writeln!(srv, "addr add {ANCHOR_V6}/128 dev lo nodad");
    for link in &links {
        batches.push((link.router_ns(), router_batch(*link)));
        let name = link.name;
        let _ = writeln!(
            pc,
            "link add {name} gso_max_segs 1 type veth peer name near netns {}",
            link.emulator_ns()
        );
        if spec.routes != Routes::Managed {
            let _ = write!(
                pc,
                "addr add {}/24 dev {name}\naddr add {}/64 dev {name} nodad\nlink set {name} up\n",
                link.host_v4(),
                link.host_v6()
            );
        }
        let wan = format!("w{}", link.number);
        let _ = write!(
            srv,
            "addr add {}/30 dev {wan}\naddr add {}/64 dev {wan} nodad\nlink set {wan} up\n",
            link.server_v4(),
            link.server_v6()
        );
    }
    batches.push(("srv".into(), srv));
    pc += &default_routes(spec.routes, &links);
    batches.push(("pc".into(), pc));
    for link in links {
        batches.push((
            link.emulator_ns(),
            "link set near gso_max_segs 1\nlink set far gso_max_segs 1\nlink set near up\n\
             link set far up\n"
                .into(),
        ));
    }
    batches
}

fn router_batch(link: Uplink) -> String {
    format!(
        "link set lo up\n\
         link add lan gso_max_segs 1 type veth peer name far netns {em}\n\
         link add wan type veth peer name w{n} netns srv\n\
         addr add {gw4}/24 dev lan\naddr add {gw6}/64 dev lan nodad\nlink set lan up\n\
         addr add {pub4}/30 dev wan\naddr add {pub6}/64 dev wan nodad\nlink set wan up\n\
         route add default via {srv4}\nroute add ::/0 via {srv6}\n",
        em = link.emulator_ns(),
        n = link.number,
        gw4 = link.gateway_v4(),
        gw6 = link.gateway_v6(),
        pub4 = link.public_v4(),
        pub6 = link.public_v6(),
        srv4 = link.server_v4(),
        srv6 = link.server_v6(),
    )
}

fn default_routes(routes: Routes, links: &[Uplink]) -> String {
    let mut text = String::new();
    match routes {
        Routes::None | Routes::Managed => {}
        Routes::Multipath if links.len() > 1 => {
            let (mut v4, mut v6) = (String::new(), String::new());
            for link in links {
                let _ = write!(
                    v4,
                    " nexthop via {} dev {} weight 1",
                    link.gateway_v4(),
                    link.name
                );
                let _ = write!(
                    v6,
                    " nexthop via {} dev {} weight 1",
                    link.gateway_v6(),
                    link.name
                );
            }
            let _ = write!(
                text,
                "route add default metric 100{v4}\nroute add ::/0 metric 100{v6}\n"
            );
        }
        Routes::Multipath | Routes::Separate => {
            for link in links {
                let metric = 100 * u32::from(link.number);
                let _ = write!(
                    text,
                    "route add default via {} dev {name} metric {metric}\n\
                     route add ::/0 via {} dev {name} metric {metric}\n",
                    link.gateway_v4(),
                    link.gateway_v6(),
                    name = link.name
                );
            }
        }
    }
    text
}

/// The nft ruleset of an uplink's router. The counter `foreign` counts what came from the `pc` with
/// a source that is not of this uplink (and was dropped), as an internet provider would.
pub fn ruleset(link: Uplink) -> String {
    let n = link.number;
    format!(
        "table inet lab {{
  counter foreign {{ }}
  chain filter_forward {{
    type filter hook forward priority 0;
    iifname \"lan\" ip saddr != 10.{n}.0.0/24 counter name foreign drop
    iifname \"lan\" ip6 saddr != fd{n:02x}::/64 counter name foreign drop
  }}
  chain masquerade_wan {{
    type nat hook postrouting priority 100;
    oifname \"wan\" masquerade
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_uplinks_have_distinct_names_addresses_and_gateways() {
        let links = uplinks(9);
        assert_eq!(links.len(), 4);
        for (i, a) in links.iter().enumerate() {
            for b in &links[..i] {
                assert_ne!(a.name, b.name);
                assert_ne!(a.gateway_v4(), b.gateway_v4());
                assert_ne!(a.public_v4(), b.public_v4());
                assert_ne!(a.gateway_v6(), b.gateway_v6());
                assert_ne!(a.public_v6(), b.public_v6());
            }
        }
    }

    #[test]
    fn a_single_uplink_gets_a_plain_default_and_no_multipath() {
        let spec = LabSpec::with_uplinks(1);
        let pc = batches(&spec)
            .into_iter()
            .find(|(ns, _)| ns == "pc")
            .unwrap()
            .1;
        assert!(pc.contains("route add default via 10.1.0.1 dev wifi0 metric 100"));
        assert!(!pc.contains("nexthop"));
    }

    #[test]
    fn the_default_is_one_multipath_route_per_family() {
        let pc = batches(&LabSpec::default())
            .into_iter()
            .find(|(ns, _)| ns == "pc")
            .unwrap()
            .1;
        assert_eq!(pc.matches("metric 100 nexthop").count(), 2);
        assert!(pc.contains("nexthop via fd02::1 dev usb0 weight 1"));
    }

    #[test]
    fn only_routers_forward() {
        let spec = LabSpec::default();
        for ns in namespaces(&spec) {
            let forward = sysctls(&ns, &spec).contains(&("net/ipv4/ip_forward".into(), "1".into()));
            assert_eq!(forward, ns == "r1" || ns == "r2", "{ns}");
        }
    }
}
