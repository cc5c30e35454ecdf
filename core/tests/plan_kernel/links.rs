//! The system's side of the model: links with their addresses and default routes, coming and
//! going, and a VPN.

use std::net::IpAddr;

use evenkeel_core::plan::{Family, Found, Hop, Prefix, SystemDefault, Uplink};

use super::{Kernel, MAIN, SYSTEM, StoredRoute};

/// An address in both families.
#[derive(Debug, Clone, Copy)]
pub struct Both(&'static str, &'static str);

impl Both {
    pub fn at(self, family: Family) -> IpAddr {
        let text = match family {
            Family::V4 => self.0,
            Family::V6 => self.1,
        };
        text.parse().expect("a constant address")
    }
}

/// A host in the world.
pub const REMOTE: Both = Both("203.0.113.9", "2001:db8:ffff::9");
/// A host behind a route of the user's own in the main table.
pub const SPECIFIC: Both = Both("198.51.100.7", "2001:db8:aaaa::7");
/// A neighbour on the first link.
pub const LAN_HOST: Both = Both("10.2.0.77", "2001:db8:2::77");
/// The interface of the VPN.
const VPN: u32 = 99;

/// An interface that can be an uplink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub ifindex: u32,
    pub gateway: IpAddr,
    /// The metric of its default.
    pub metric: u32,
    /// The source its default prefers.
    pub preferred_source: Option<IpAddr>,
    pub addresses: Vec<(IpAddr, u8)>,
    pub up: bool,
}

impl Link {
    /// A link whose networks no other has; `prefers` picks one of its three addresses.
    pub fn numbered(family: Family, ifindex: u32, metric: u32, prefers: Option<usize>) -> Self {
        let texts = match family {
            Family::V4 => [
                (format!("10.{ifindex}.0.2"), 24),
                (format!("10.{ifindex}.0.3"), 24),
                (format!("172.20.{ifindex}.2"), 24),
            ],
            Family::V6 => [
                (format!("2001:db8:{ifindex}::2"), 64),
                (format!("2001:db8:{ifindex}::abcd:1"), 64),
                (format!("fd00:{ifindex}::5"), 128),
            ],
        };
        let addresses = texts.map(|(text, bits)| (text.parse().expect("an address"), bits));
        let gateway = match family {
            Family::V4 => format!("10.{ifindex}.0.1"),
            Family::V6 => format!("fe80::{ifindex}"),
        };
        Self {
            ifindex,
            gateway: gateway.parse().expect("an address"),
            metric,
            preferred_source: prefers.map(|index| addresses[index].0),
            addresses: addresses.to_vec(),
            up: true,
        }
    }

    /// The source that the kernel takes by itself on the way to a neighbour.
    pub fn source_towards(&self, neighbour: Option<IpAddr>) -> IpAddr {
        let near = |(address, bits): &&(IpAddr, u8)| {
            neighbour.is_some_and(|to| Prefix::of(*address, *bits).contains(to))
        };
        let near = self.addresses.iter().find(near);
        near.unwrap_or(&self.addresses[0]).0
    }

    fn routes(&self, family: Family) -> Vec<(Prefix, u32, StoredRoute)> {
        let route = |gateway, source| StoredRoute {
            ifindex: Some(self.ifindex),
            gateway,
            source,
            group: None,
            spread: Vec::new(),
            protocol: SYSTEM,
        };
        let networks = self.addresses.iter().map(|(address, bits)| {
            let prefix = Prefix::of(*address, *bits);
            (prefix, 256, route(None, None))
        });
        let everywhere = Prefix::of(REMOTE.at(family), 0);
        let default = route(Some(self.gateway), self.preferred_source);
        let bits = match family {
            Family::V4 => 24,
            Family::V6 => 48,
        };
        let specific = Prefix::of(SPECIFIC.at(family), bits);
        let further = route(Some(self.gateway), None);
        networks
            .chain([
                (everywhere, self.metric, default),
                (specific, self.metric, further),
            ])
            .collect()
    }
}

impl Kernel {
    pub fn link_up(&mut self, ifindex: u32) {
        let link = self.links.get_mut(&ifindex).expect("a link");
        link.up = true;
        for (to, metric, route) in link.routes(self.family) {
            let key = (MAIN, to, metric);
            match self.routes.get_mut(&key) {
                Some(there) if self.merges && route.gateway.is_some() => there.merge(&route),
                _ => drop(self.routes.insert(key, route)),
            }
        }
    }

    /// The link's routes and nexthops go, without a word about the nexthops.
    pub fn link_down(&mut self, ifindex: u32) {
        self.links.get_mut(&ifindex).expect("a link").up = false;
        self.drop_routes(|_, of| of == ifindex);
        let gone = self
            .nexthops
            .iter()
            .filter(|(_, hop)| hop.ifindex == ifindex);
        let gone: Vec<u32> = gone.map(|(id, _)| *id).collect();
        for id in gone {
            self.drop_nexthop(id);
        }
    }

    /// Takes away the routes, or the shares of them, to such interfaces.
    fn drop_routes(&mut self, gone: impl Fn(&StoredRoute, u32) -> bool) {
        for route in self.routes.values_mut() {
            let whole = route.clone();
            route.spread.retain(|(hop, _)| !gone(&whole, hop.ifindex));
            if let [(only, _)] = route.spread[..] {
                route.spread.clear();
                (route.ifindex, route.gateway) = (Some(only.ifindex), Some(only.gateway));
            }
        }
        self.routes.retain(|_, route| match route.ifindex {
            Some(ifindex) => !gone(route, ifindex),
            None => route.group.is_some() || !route.spread.is_empty(),
        });
    }

    /// The link's own routes get another metric, if no other has it or they are merged then.
    pub fn set_metric(&mut self, ifindex: u32, metric: u32) {
        if !self.merges && self.links.values().any(|link| link.metric == metric) {
            return;
        }
        let link = self.links.get_mut(&ifindex).expect("a link");
        link.metric = metric;
        if link.up {
            self.drop_routes(|route, of| of == ifindex && route.protocol == SYSTEM);
            self.link_up(ifindex);
        }
    }

    /// A VPN takes the best default, or gives it back.
    pub fn set_vpn(&mut self, on: bool) {
        let key = (MAIN, self.everywhere(), 1);
        if on {
            let route = StoredRoute {
                ifindex: Some(VPN),
                gateway: None,
                source: None,
                group: None,
                spread: Vec::new(),
                protocol: SYSTEM,
            };
            self.routes.insert(key, route);
        } else {
            self.routes.remove(&key);
        }
    }

    /// What a discovery finds.
    pub fn found(&self) -> Found {
        let links = self.links.values().filter(|link| link.up);
        let everywhere = self.everywhere();
        let defaults = self
            .routes
            .iter()
            .filter(|((table, to, _), route)| {
                *table == MAIN && *to == everywhere && route.protocol == SYSTEM
            })
            .min_by_key(|((_, _, metric), _)| *metric);
        Found {
            family: self.family,
            uplinks: links
                .map(|link| Uplink {
                    ifindex: link.ifindex,
                    gateway: link.gateway,
                    preferred_source: link.preferred_source,
                    addresses: link.addresses.clone(),
                })
                .collect(),
            system_default: defaults.map(|((_, _, metric), route)| SystemDefault {
                metric: *metric,
                ifindexes: route.ifindexes(),
                merged: route.spread.clone(),
            }),
            foreign_rules: Vec::new(),
            taken: Vec::new(),
            ours: self.ours(),
        }
    }
}

impl StoredRoute {
    /// One more way out, of the same weight.
    fn merge(&mut self, other: &Self) {
        let hop = |route: &Self| {
            let (ifindex, gateway) = (route.ifindex?, route.gateway?);
            Some((Hop { ifindex, gateway }, 1))
        };
        let hops = hop(self).into_iter().chain(hop(other));
        let mut spread = self.spread.clone();
        for hop in hops.collect::<Vec<_>>() {
            if !spread.contains(&hop) {
                spread.push(hop);
            }
        }
        if spread.len() > 1 {
            (self.ifindex, self.gateway, self.spread) = (None, None, spread);
        }
    }

    fn ifindexes(&self) -> Vec<u32> {
        let all = self.spread.iter().map(|(hop, _)| hop.ifindex);
        all.chain(self.ifindex).collect()
    }
}
