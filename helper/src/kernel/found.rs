//! What there is in one family, in a plan's words, from one look's dumps.
//!
//! It is not for looking or for judging: [`super::survey`] looks, the plan judges. Every object
//! is sorted into ours, the kernel's and somebody else's.

use std::collections::BTreeSet;
use std::net::IpAddr;

use evenkeel_core::plan::{Family, Found, Hop, SystemDefault, Uplink, numbers::PROTOCOL};
use netlink_packet_route::{
    AddressFamily,
    address::{AddressAttribute, AddressFlags, AddressMessage},
    route::{RouteAttribute, RouteMessage, RouteProtocol, RouteType},
};

use super::{
    abilities,
    ecmp::{DumpedRoute, is_cached},
    objects::{
        nexthop::DumpedNexthop,
        ours::{is_our_nexthop, is_our_preference, is_our_table, our_nexthop, our_route, our_rule},
        rule::{DumpedRule, is_of},
    },
    route::{Exit, Family as KeyFamily, RouteKey, TABLE_MAIN, exits, is_expired},
    survey::Uplink as Interface,
};

/// The most foreign rules, and the most numbers taken, that are put into words.
pub const MAX_WORDS: usize = 64;

/// The dumps of one look.
#[derive(Debug)]
pub struct Look<'a> {
    /// The interfaces that could be uplinks.
    pub interfaces: &'a [Interface],
    /// Every address.
    pub addresses: &'a [AddressMessage],
    /// Every route.
    pub routes: &'a [DumpedRoute],
    /// Every policy rule.
    pub rules: &'a [DumpedRule],
    /// Every nexthop object.
    pub nexthops: &'a [DumpedNexthop],
}

impl Look<'_> {
    /// What there is in a family.
    ///
    /// An uplink's addresses are in the kernel's order, without link-local ones and those that
    /// duplicate address detection has not passed. Deprecated and temporary ones count: running
    /// connections use them. One with a peer (a point-to-point link) stands for itself alone.
    ///
    /// Nexthop objects are listed with IPv4, the only family they are used in.
    pub fn found(&self, family: Family) -> Found {
        let mut found = Found {
            family,
            uplinks: Vec::new(),
            system_default: None,
            foreign_rules: Vec::new(),
            taken: Vec::new(),
            ours: BTreeSet::new(),
        };
        self.sort_routes(&mut found);
        self.sort_rules(&mut found);
        if family == Family::V4 {
            self.sort_nexthops(&mut found);
        }
        let defaults = self.defaults(family);
        // One over an uplink whose cable is out may stand for a while, or for ever. It leads nowhere,
        // but the kernel goes on using it, so ours must go before it, too.
        let leading = defaults.iter().find(|one| !self.is_cut_off(one.message));
        found.system_default = leading.or(defaults.first()).map(|best| SystemDefault {
            metric: defaults.first().unwrap_or(best).key.metric,
            ifindexes: self.leading(best.message),
            merged: self.merged(family, best.message),
        });
        let usable = self.interfaces.iter().filter(|one| one.up && one.carrier);
        found.uplinks = usable
            .filter_map(|interface| self.uplink(family, interface.ifindex, &defaults))
            .collect();
        found
    }

    fn sort_routes(&self, found: &mut Found) {
        for route in self.routes.iter().map(|route| &route.message) {
            let Some(key) = RouteKey::of(route).filter(|key| is_key_of(found.family, key)) else {
                continue;
            };
            if is_cached(route) {
                continue;
            }
            if let Some(route) = our_route(route) {
                found.ours.insert(route);
            } else if route.header.protocol == RouteProtocol::Other(PROTOCOL) {
                taken(
                    found,
                    format!("route {key} has our protocol number {PROTOCOL}"),
                );
            } else if is_our_table(key.table) {
                taken(found, format!("route {key} is in our table"));
            }
        }
    }

    fn sort_rules(&self, found: &mut Found) {
        for rule in self.rules {
            if rule.family != found.family || rule.is_the_kernels() {
                continue;
            }
            if let Some(rule) = our_rule(rule) {
                found.ours.insert(rule);
                continue;
            }
            let words = rule.words();
            if rule.protocol == PROTOCOL {
                taken(found, format!("rule {words} has our protocol number"));
            } else if is_our_preference(rule.preference) {
                taken(found, format!("rule {words} has our preference"));
            }
            if found.foreign_rules.len() < MAX_WORDS {
                found.foreign_rules.push(words);
            }
        }
    }

    fn sort_nexthops(&self, found: &mut Found) {
        for nexthop in self.nexthops {
            let DumpedNexthop { id, protocol, .. } = nexthop;
            if abilities::is_left_over(nexthop) {
                continue; // removed before the next probe, and with everything else of ours
            }
            if let Some(object) = our_nexthop(nexthop) {
                found.ours.insert(object);
            } else if *protocol == PROTOCOL {
                taken(
                    found,
                    format!("nexthop {id} has our protocol number {PROTOCOL}"),
                );
            } else if is_our_nexthop(*id) || abilities::NEXTHOPS.contains(id) {
                taken(found, format!("nexthop {id} is one of our numbers"));
            }
        }
    }

    /// The default routes of the main table that aren't ours and that the kernel uses, the best
    /// first.
    fn defaults(&self, family: Family) -> Vec<Default<'_>> {
        let mut defaults: Vec<Default> = self
            .routes
            .iter()
            .filter_map(|route| {
                let message = &route.message;
                let key = RouteKey::of(message).filter(|key| is_key_of(family, key))?;
                let counts = key.is_default()
                    && key.table == TABLE_MAIN
                    && (key.tos, &key.source) == (0, &None)
                    && !is_cached(message)
                    && !is_expired(message)
                    && !is_dead(message)
                    && our_route(message).is_none();
                counts.then_some(Default { key, message })
            })
            .collect();
        // Stable: of equal ones the kernel takes the first.
        defaults.sort_by_key(|default| (default.key.metric, preference(default.message)));
        defaults
    }

    /// Whether a route leaves by nothing but physical interfaces that are down or have no carrier. A
    /// VPN's is never taken for that: it may stand on purpose, to stop everything.
    fn is_cut_off(&self, route: &RouteMessage) -> bool {
        let ifindexes = ifindexes(route);
        !ifindexes.is_empty() && ifindexes.iter().all(|ifindex| self.is_unplugged(*ifindex))
    }

    /// Whether an interface is a physical one that is down or has no carrier.
    fn is_unplugged(&self, ifindex: u32) -> bool {
        let mut interfaces = self.interfaces.iter();
        let interface = interfaces.find(|one| one.ifindex == ifindex);
        interface.is_some_and(|one| !one.up || !one.carrier)
    }

    /// The interfaces a default leaves by, each once. Of one that was merged from advertisements those
    /// without a carrier don't count, as their routers have none to say it to.
    fn leading(&self, route: &RouteMessage) -> Vec<u32> {
        let mut all = ifindexes(route);
        if is_merged(route) && !self.is_cut_off(route) {
            all.retain(|ifindex| !self.is_unplugged(*ifindex));
        }
        all
    }

    /// The ways out of a default that was merged from several routers' advertisements.
    fn merged(&self, family: Family, route: &RouteMessage) -> Vec<(Hop, u16)> {
        if !is_merged(route) {
            return Vec::new();
        }
        let live = exits(route).into_iter();
        let live = live.filter(|exit| !exit.dead && !self.is_unplugged(exit.ifindex));
        let hop = |exit: Exit| {
            let gateway = exit.gateway.filter(|to| is_of(family, *to))?;
            let ifindex = exit.ifindex;
            Some((Hop { ifindex, gateway }, exit.weight))
        };
        live.filter_map(hop).collect()
    }

    fn uplink(&self, family: Family, ifindex: u32, defaults: &[Default]) -> Option<Uplink> {
        let (message, gateway) = defaults.iter().find_map(|default| {
            let mut exits = exits(default.message).into_iter();
            let exit =
                exits.find(|exit| exit.ifindex == ifindex && !exit.dead && !exit.linkdown)?;
            let gateway = exit.gateway.filter(|to| is_of(family, *to))?;
            Some((default.message, gateway))
        })?;
        let of_family = |address: &&AddressMessage| {
            address.header.index == ifindex && address.header.family == address_family(family)
        };
        Some(Uplink {
            ifindex,
            gateway,
            addresses: self
                .addresses
                .iter()
                .filter(of_family)
                .filter_map(usable_address)
                .collect(),
            preferred_source: preferred_source(message),
        })
    }
}

/// A default route of the system's own.
struct Default<'a> {
    key: RouteKey,
    message: &'a RouteMessage,
}

fn taken(found: &mut Found, words: String) {
    if found.taken.len() < MAX_WORDS {
        found.taken.push(words);
    }
}

fn is_key_of(family: Family, key: &RouteKey) -> bool {
    (family == Family::V4) == (key.family == KeyFamily::V4)
}

fn address_family(family: Family) -> AddressFamily {
    match family {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}

/// Whether a route has several ways out that routers' advertisements gave it.
fn is_merged(route: &RouteMessage) -> bool {
    route.header.protocol == RouteProtocol::Ra && exits(route).len() > 1
}

/// The interfaces a route leaves by, each once.
fn ifindexes(message: &RouteMessage) -> Vec<u32> {
    if message.header.kind != RouteType::Unicast {
        return Vec::new(); // unreachable ones name the loopback interface in IPv6
    }
    let live = exits(message).into_iter().filter(|exit| !exit.dead);
    let all: BTreeSet<u32> = live.map(|exit| exit.ifindex).collect();
    all.into_iter().collect()
}

/// Whether the kernel passes the route over: every way out is dead. One without a carrier is used
/// all the same, unless the system says `ignore_routes_with_linkdown`, which makes it dead.
fn is_dead(message: &RouteMessage) -> bool {
    let exits = exits(message);
    message.header.kind == RouteType::Unicast
        && !exits.is_empty()
        && exits.iter().all(|exit| exit.dead)
}

/// An IPv6 router's preference; smaller is better.
fn preference(message: &RouteMessage) -> u8 {
    use netlink_packet_route::route::RoutePreference::{High, Low};
    let found = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::Preference(preference) => Some(*preference),
            _ => None,
        });
    match found {
        Some(High) => 0,
        Some(Low) => 2,
        _ => 1,
    }
}

fn preferred_source(message: &RouteMessage) -> Option<IpAddr> {
    use netlink_packet_route::route::RouteAddress::{Inet, Inet6};
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::PrefSource(Inet(v4)) => Some(IpAddr::V4(*v4)),
            RouteAttribute::PrefSource(Inet6(v6)) => Some(IpAddr::V6(*v6)),
            _ => None,
        })
}

/// An address that sockets can use, with the length of the network it stands for on its link.
fn usable_address(message: &AddressMessage) -> Option<(IpAddr, u8)> {
    let (mut local, mut peer) = (None, None);
    let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => peer = Some(*ip),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    let address = local.or(peer)?;
    let is_link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let untested =
        flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic);
    if is_link_local || untested || flags.contains(AddressFlags::Dadfailed) {
        return None;
    }
    let whole = if address.is_ipv4() { 32 } else { 128 };
    let alone = peer.is_some_and(|peer| peer != address);
    Some((
        address,
        if alone {
            whole
        } else {
            message.header.prefix_len
        },
    ))
}
