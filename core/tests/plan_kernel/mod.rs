//! A model of the kernel's routing in one family, for the plan's tests: rules, tables, nexthop
//! objects, what they take with them when they go, and which way a packet takes. The uplinks and
//! the system's own routes are in `links`.

mod links;
mod world;

pub use links::{LAN_HOST, Link, REMOTE, SPECIFIC};
pub use world::{Care, Flow, Kind, World};

use std::collections::BTreeMap;
use std::net::IpAddr;

use evenkeel_core::plan::numbers::PROTOCOL;
use evenkeel_core::plan::{
    Action, Family, Group, Hop, Nexthop, Object, Prefix, Route, Rule, Selector, Step, Via,
};

pub const MAIN: u32 = 254;
/// The protocol of the system's own routes (`dhcp`).
const SYSTEM: u8 = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
struct StoredRule {
    rule: Rule,
    protocol: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct StoredRoute {
    /// The interface, for a route that isn't over a group.
    ifindex: Option<u32>,
    gateway: Option<IpAddr>,
    source: Option<IpAddr>,
    group: Option<u32>,
    /// Several ways out with weights; `ifindex` and `gateway` are none then.
    spread: Vec<(Hop, u16)>,
    protocol: u8,
}

/// A table, a destination and a metric: there is one route for each.
type RouteKey = (u32, Prefix, u32);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kernel {
    pub family: Family,
    pub links: BTreeMap<u32, Link>,
    rules: Vec<StoredRule>,
    routes: BTreeMap<RouteKey, StoredRoute>,
    nexthops: BTreeMap<u32, Hop>,
    groups: BTreeMap<u32, Group>,
    /// Whether the system merges its routes of one metric into one over several ways.
    merges: bool,
    /// The buckets in use: a busy one keeps its member.
    held: BTreeMap<u16, u32>,
}

/// What a lookup goes by.
#[derive(Debug, Clone, Copy)]
pub struct Packet {
    /// Made by this machine, rather than passing through.
    pub own: bool,
    pub source: Option<IpAddr>,
    pub destination: IpAddr,
    pub udp_port: Option<u16>,
    /// The bucket its flow falls into.
    pub bucket: u16,
}

/// Where a packet leaves, and from which address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub ifindex: u32,
    pub source: Option<IpAddr>,
}

impl Kernel {
    pub fn new(family: Family, links: Vec<Link>, merges: bool) -> Self {
        let mut kernel = Self {
            family,
            links: BTreeMap::new(),
            rules: Vec::new(),
            routes: BTreeMap::new(),
            nexthops: BTreeMap::new(),
            groups: BTreeMap::new(),
            merges,
            held: BTreeMap::new(),
        };
        let rule = Rule {
            family,
            preference: 32_766,
            selector: Selector::All,
            action: Action::Table(MAIN),
        };
        kernel.rules.push(StoredRule { rule, protocol: 2 });
        for link in links {
            let ifindex = link.ifindex;
            kernel.links.insert(ifindex, link);
            kernel.link_up(ifindex);
        }
        kernel
    }

    /// It without anything of ours: what must be left after a recovery.
    pub fn bare(&self) -> Self {
        let mut bare = self.clone();
        bare.rules.retain(|stored| stored.protocol != PROTOCOL);
        bare.routes.retain(|_, route| route.protocol != PROTOCOL);
        bare.nexthops.clear();
        bare.groups.clear();
        bare.held.clear();
        bare
    }

    /// Everything of ours, as a dump would show it.
    pub fn ours(&self) -> std::collections::BTreeSet<Object> {
        let rules = self
            .rules
            .iter()
            .filter(|stored| stored.protocol == PROTOCOL);
        let rules = rules.map(|stored| Object::Rule(stored.rule.clone()));
        let routes = self
            .routes
            .iter()
            .filter(|(_, route)| route.protocol == PROTOCOL);
        let routes = routes.map(|((table, _, metric), route)| {
            let via = match (route.group, route.ifindex, route.gateway) {
                (Some(group), ..) => Via::Group(group),
                (None, None, None) => Via::Spread(route.spread.clone()),
                (None, Some(ifindex), Some(gateway)) => Via::Hop {
                    hop: Hop { ifindex, gateway },
                    source: route.source,
                },
                _ => panic!("a route of ours that leads nowhere: {route:?}"),
            };
            Object::Route(Route {
                family: self.family,
                table: *table,
                metric: *metric,
                via,
            })
        });
        let nexthops = self.nexthops.iter();
        let nexthops = nexthops.map(|(id, hop)| Object::Nexthop(Nexthop { id: *id, hop: *hop }));
        let groups = self.groups.values().cloned().map(Object::Group);
        rules.chain(routes).chain(nexthops).chain(groups).collect()
    }

    /// One write.
    ///
    /// # Panics
    /// On what the kernel would answer with an error.
    pub fn apply(&mut self, step: &Step) {
        match step {
            Step::Add(object) => self.add(object, false),
            Step::Replace { from, to } => {
                assert!(self.ours().contains(from), "ENOENT: {from:?}");
                self.add(to, true);
            }
            Step::Remove(object) => {
                assert!(self.ours().contains(object), "ENOENT: {object:?}");
                self.remove(object);
            }
        }
    }

    fn add(&mut self, object: &Object, replace: bool) {
        match object {
            Object::Nexthop(nexthop) => {
                let old = self.nexthops.insert(nexthop.id, nexthop.hop);
                assert_eq!(old.is_some(), replace, "{object:?}");
            }
            Object::Group(group) => {
                assert!(!group.members.is_empty(), "EINVAL: {group:?}");
                for member in group.members.keys() {
                    assert!(self.nexthops.contains_key(member), "EINVAL: {group:?}");
                }
                let old = self.groups.insert(group.id, group.clone());
                assert_eq!(old.is_some(), replace, "{object:?}");
                if let Some(old) = old {
                    assert_eq!(old.buckets, group.buckets, "EINVAL: {group:?}");
                }
                self.held
                    .retain(|_, member| group.members.contains_key(member));
            }
            Object::Route(route) => {
                let (hop, source, group) = match &route.via {
                    Via::Hop { hop, source } => (Some(hop), *source, None),
                    Via::Group(id) => (None, None, Some(*id)),
                    Via::Spread(_) => (None, None, None),
                };
                let spread = match &route.via {
                    Via::Spread(hops) => hops.clone(),
                    _ => Vec::new(),
                };
                if let Some(id) = group {
                    assert!(self.groups.contains_key(&id), "EINVAL: {route:?}");
                }
                let stored = StoredRoute {
                    ifindex: hop.map(|hop| hop.ifindex),
                    gateway: hop.map(|hop| hop.gateway),
                    source,
                    group,
                    spread,
                    protocol: PROTOCOL,
                };
                let key = (route.table, self.everywhere(), route.metric);
                let old = self.routes.insert(key, stored);
                assert_eq!(old.is_some(), replace, "{object:?}");
            }
            Object::Rule(rule) => {
                assert!(!replace, "rules can't be replaced: {rule:?}");
                let stored = StoredRule {
                    rule: rule.clone(),
                    protocol: PROTOCOL,
                };
                assert!(!self.rules.contains(&stored), "EEXIST: {rule:?}");
                let before = |other: &StoredRule| other.rule.preference <= rule.preference;
                let place = self.rules.partition_point(before);
                self.rules.insert(place, stored);
            }
        }
    }

    /// Takes `object` away, and what goes with it.
    pub fn remove(&mut self, object: &Object) {
        match object {
            Object::Nexthop(nexthop) => self.drop_nexthop(nexthop.id),
            Object::Group(group) => self.drop_group(group.id),
            Object::Route(route) => {
                let key = (route.table, self.everywhere(), route.metric);
                self.routes.remove(&key);
            }
            Object::Rule(rule) => self.rules.retain(|stored| stored.rule != *rule),
        }
    }

    fn drop_nexthop(&mut self, id: u32) {
        self.nexthops.remove(&id);
        self.held.retain(|_, member| *member != id);
        for group in self.groups.values_mut() {
            group.members.remove(&id);
        }
        let empty = self
            .groups
            .values()
            .filter(|group| group.members.is_empty());
        let empty: Vec<u32> = empty.map(|group| group.id).collect();
        for group in empty {
            self.drop_group(group);
        }
    }

    fn drop_group(&mut self, id: u32) {
        self.groups.remove(&id);
        self.held.clear();
        self.routes.retain(|_, route| route.group != Some(id));
    }

    /// The destination of a default route.
    fn everywhere(&self) -> Prefix {
        Prefix::of(LAN_HOST.at(self.family), 0)
    }

    /// The way of a packet; none where it finds no route.
    pub fn way(&self, packet: Packet) -> Option<Way> {
        self.resolved(packet).map(|(way, _)| way)
    }

    /// The way of a packet, and the member of a group that it is taken by.
    fn resolved(&self, packet: Packet) -> Option<(Way, Option<u32>)> {
        let mut rules = self
            .rules
            .iter()
            .filter(|stored| matches(&stored.rule, packet));
        rules.find_map(|stored| match stored.rule.action {
            Action::Table(table) => self.resolved_in(table, 0, packet),
            Action::MainWithoutDefaults => self.resolved_in(MAIN, 1, packet),
        })
    }

    /// The same in a table, by a route to a network of at least `least` bits.
    fn resolved_in(&self, table: u32, least: u8, packet: Packet) -> Option<(Way, Option<u32>)> {
        let routes = self.routes.iter().filter(|((of, to, _), _)| {
            *of == table && to.length >= least && to.contains(packet.destination)
        });
        let ((_, to, _), best) =
            routes.min_by_key(|((_, to, metric), _)| (u8::MAX - to.length, *metric))?;
        let member = best.group.map(|group| self.member(group, packet.bucket));
        let hop = member.map(|member| self.nexthops[&member]);
        let hop = hop.or_else(|| share(&best.spread, packet.bucket));
        let ifindex = hop.map(|hop| hop.ifindex).or(best.ifindex)?;
        let gateway = hop.map(|hop| hop.gateway).or(best.gateway);
        let link = self.links.get(&ifindex);
        let own = || link.map(|link| link.source_towards(gateway.filter(|_| to.length == 0)));
        let source = packet.source.or(best.source).or_else(own);
        let way = Way {
            ifindex,
            source: source.filter(|_| packet.own),
        };
        Some((way, member))
    }

    /// The member that a bucket of a group leads to.
    fn member(&self, group: u32, bucket: u16) -> u32 {
        if let Some(member) = self.held.get(&bucket) {
            return *member;
        }
        let group = &self.groups[&group];
        let total: u64 = group
            .members
            .values()
            .map(|weight| u64::from(*weight))
            .sum();
        let mut sum = 0;
        for (member, weight) in &group.members {
            sum += u64::from(*weight);
            let end = (u64::from(group.buckets) * sum + total / 2) / total;
            if u64::from(bucket) < end {
                return *member;
            }
        }
        panic!("bucket {bucket} is beyond {group:?}");
    }

    /// A packet is sent: the bucket it goes through, if any, is busy from now on.
    pub fn send(&mut self, packet: Packet) {
        if let Some((_, Some(member))) = self.resolved(packet) {
            self.held.insert(packet.bucket, member);
        }
    }
}

/// The way out that a bucket falls to.
fn share(spread: &[(Hop, u16)], bucket: u16) -> Option<Hop> {
    let total: u64 = spread.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut sum = 0;
    spread.iter().find_map(|(hop, weight)| {
        sum += u64::from(*weight);
        (u64::from(bucket) * total < (1 << 16) * sum).then_some(*hop)
    })
}

fn matches(rule: &Rule, packet: Packet) -> bool {
    match rule.selector {
        Selector::All => true,
        Selector::From(prefix) => {
            packet.own && packet.source.is_some_and(|source| prefix.contains(source))
        }
        Selector::UdpPort(port) => packet.own && packet.udp_port == Some(port),
        Selector::Forwarded => !packet.own,
    }
}
