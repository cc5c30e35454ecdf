//! What shall be in the kernel for one family, or why nothing shall. How to get there is
//! [`steps`](super::steps).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::model::{
    AS_THE_SYSTEM, Abilities, Action, Family, Found, Group, Hop, Nexthop, Object, Prefix, Route,
    Rule, Selector, SystemDefault, Uplink, Via,
};
use super::numbers::{
    BUCKETS, GROUP, IDLE_TIMER_S, MAX_SOURCES, OTHER_WEIGHT, PREFERENCE_FORWARDED, PREFERENCE_MAIN,
    PREFERENCE_PORT, PREFERENCE_SOURCE, SLOTS, SYSTEM_TABLE, TABLE_METRIC, TARGET_WEIGHT,
};
use super::pins::{Pins, target_in};
use super::refusal::Refusal;
use super::slots;

/// The main table.
pub(super) const MAIN_TABLE: u32 = 254;

/// One family's state with game mode on, but for the uplink that new flows go to and the pins,
/// which change while it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The family.
    pub family: Family,
    /// The uplink of the system's own default, by ifindex; of one that is spread over several, the
    /// first. Forwarded packets stay where the system's default leads.
    pub in_use: u32,
    /// The ways out of the system's own default with their weights, if there are several: merged from
    /// routers' advertisements. Empty otherwise.
    pub spread: Vec<(Hop, u16)>,
    /// The metric of our default in the main table.
    pub metric: u32,
    /// Whether new flows are led by a resilient group, which keeps even an unpinned flow on its
    /// uplink while it talks. Otherwise a single nexthop leads them, replaced in one write.
    ///
    /// The group has a price. Its buckets know destinations, not flows: as long as one is asked
    /// for again and again, new flows to it stay on the old uplink, too (connects once a second did
    /// so without end). A wildcard socket that is opened there is where the next change does not
    /// expect it, and is pinned to the wrong uplink. A single nexthop has neither flaw; all it
    /// leaves to chance is a socket that opens between the reading of the sockets and the change.
    pub resilient: bool,
    /// The uplinks, by ifindex.
    pub uplinks: BTreeMap<u32, Planned>,
}

/// One uplink of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its number; its table and its nexthop are counted by it.
    pub slot: u32,
    /// Its gateway.
    pub gateway: IpAddr,
    /// The source its routes prefer, as the system's own default does. `None` leaves it to the
    /// kernel: in IPv6 a fixed one would end the privacy addresses.
    pub source: Option<IpAddr>,
    /// The networks whose packets it keeps.
    pub sources: BTreeSet<Prefix>,
}

/// The plan for a family, from what there is. What is ours in the kernel decides which slot an uplink
/// has, and that a single uplink is enough where our default leads to it already: the others may come
/// back, and running flows of this one must not follow the system's default to them.
///
/// # Errors
/// A [`Refusal`]; the family has to be left, or put back, to what the system made it.
pub fn plan(found: &Found, abilities: Abilities) -> Result<Plan, Refusal> {
    let system = system_uplink(found)?;
    let in_use = system.uplink;
    if let Some(first) = found.foreign_rules.first() {
        return Err(Refusal::ForeignRules {
            first: first.clone(),
            count: found.foreign_rules.len(),
        });
    }
    if let Some(first) = found.taken.first() {
        return Err(Refusal::NumbersTaken {
            first: first.clone(),
            count: found.taken.len(),
        });
    }
    if in_use.addresses.is_empty() {
        let ifindex = in_use.ifindex;
        return Err(Refusal::NoAddress { ifindex });
    }
    // Nothing can be sent from an uplink without an address, so it is none to choose.
    let usable: Vec<&Uplink> = found
        .uplinks
        .iter()
        .filter(|uplink| !uplink.addresses.is_empty())
        .collect();
    match usable.len() {
        0 | 1 if target_in(&found.ours) != Some(in_use.ifindex) => {
            let ifindex = in_use.ifindex;
            return Err(Refusal::OneUplink { ifindex });
        }
        count if count > SLOTS as usize => return Err(Refusal::ManyUplinks { count }),
        _ => {}
    }
    no_shared_subnet(&usable)?;
    let slots = slots::assign(found, &usable);
    let mut uplinks = BTreeMap::new();
    for uplink in &usable {
        let Some(slot) = slots.get(&uplink.ifindex) else {
            continue;
        };
        uplinks.insert(uplink.ifindex, planned(found.family, uplink, *slot)?);
    }
    Ok(Plan {
        family: found.family,
        in_use: in_use.ifindex,
        metric: metric(found, system.default, usable.len())?,
        resilient: abilities.resilient_groups
            && system.spread.is_empty()
            && found.family == Family::V4
            && usable.iter().all(|uplink| source_is_the_kernels(uplink)),
        spread: system.spread,
        uplinks,
    })
}

/// The system's best default, and where it leads.
pub(super) struct System<'a> {
    default: &'a SystemDefault,
    /// The uplink it leaves by, or the first of several.
    uplink: &'a Uplink,
    /// See [`Plan::spread`].
    spread: Vec<(Hop, u16)>,
}

impl System<'_> {
    /// The one uplink that all flows are on without us, by ifindex.
    pub(super) fn alone(&self) -> Option<u32> {
        self.spread.is_empty().then_some(self.uplink.ifindex)
    }
}

/// The system's best default and the uplinks it leaves by.
pub(super) fn system_uplink(found: &Found) -> Result<System<'_>, Refusal> {
    let default = found.system_default.as_ref().ok_or(Refusal::NoDefault)?;
    let (first, others) = match default.ifindexes.as_slice() {
        [] => return Err(Refusal::DefaultNowhere),
        [_, _, ..] if default.merged.is_empty() => return Err(Refusal::AlreadyMultipath),
        [first, others @ ..] => (*first, others),
    };
    let uplink = |ifindex: u32| {
        let mut uplinks = found.uplinks.iter();
        let found = uplinks.find(|uplink| uplink.ifindex == ifindex);
        found.ok_or(Refusal::ForeignDefault { ifindex })
    };
    let mut system = System {
        default,
        uplink: uplink(first)?,
        spread: Vec::new(),
    };
    for other in others {
        uplink(*other)?;
    }
    // Nothing can come from a member without an address: a router that has only just appeared.
    let usable = |hop: &Hop| uplink(hop.ifindex).is_ok_and(|one| !one.addresses.is_empty());
    let members = default.merged.iter().filter(|(hop, _)| usable(hop));
    let members: Vec<(Hop, u16)> = members.copied().collect();
    if let Some((hop, _)) = members.first() {
        system.uplink = uplink(hop.ifindex)?;
    }
    if members
        .iter()
        .any(|(hop, _)| hop.ifindex != system.uplink.ifindex)
    {
        system.spread = members;
    }
    Ok(system)
}

/// The metric that goes just before `metric`. IPv6 has no metric 0: the kernel makes 1024 of it.
/// The metric of our default. With one uplink left it keeps the one it has: when the other uplink
/// comes back with a better default, nothing moves before the next plan.
fn metric(found: &Found, default: &SystemDefault, uplinks: usize) -> Result<u32, Refusal> {
    let before = metric_before(found.family, default.metric)?;
    let ours = found.ours.iter().filter_map(|object| match object {
        Object::Route(route) if route.table == MAIN_TABLE => Some(route.metric),
        _ => None,
    });
    let kept = ours.min().filter(|_| uplinks == 1);
    Ok(kept.map_or(before, |kept| kept.min(before)))
}

fn metric_before(family: Family, metric: u32) -> Result<u32, Refusal> {
    let least = match family {
        Family::V4 => 0,
        Family::V6 => 1,
    };
    metric
        .checked_sub(1)
        .filter(|before| *before >= least)
        .ok_or(Refusal::MetricTooSmall { metric })
}

fn no_shared_subnet(uplinks: &[&Uplink]) -> Result<(), Refusal> {
    let networks = |uplink: &Uplink| -> Vec<Prefix> {
        let networks = uplink.addresses.iter();
        networks.map(|(ip, bits)| Prefix::of(*ip, *bits)).collect()
    };
    for (position, one) in uplinks.iter().enumerate() {
        for other in &uplinks[position + 1..] {
            let theirs = networks(other);
            let shared = networks(one)
                .into_iter()
                .find(|network| theirs.iter().any(|their| network.overlaps(*their)));
            if let Some(network) = shared {
                return Err(Refusal::SameSubnet {
                    ifindexes: (one.ifindex, other.ifindex),
                    network,
                });
            }
        }
    }
    Ok(())
}

pub(super) fn planned(family: Family, uplink: &Uplink, slot: u32) -> Result<Planned, Refusal> {
    let sources = sources(family, uplink);
    if sources.len() > MAX_SOURCES {
        return Err(Refusal::ManyAddresses {
            ifindex: uplink.ifindex,
            count: sources.len(),
        });
    }
    Ok(Planned {
        slot,
        gateway: uplink.gateway,
        source: uplink.preferred_source,
        sources,
    })
}

/// In IPv4 each address. In IPv6 the network of each, because privacy addresses come and go in
/// it; but an address that claims everything stands for itself only.
pub(super) fn sources(family: Family, uplink: &Uplink) -> BTreeSet<Prefix> {
    let addresses = uplink.addresses.iter();
    addresses
        .map(|(address, bits)| match family {
            Family::V6 if *bits > 0 => Prefix::of(*address, *bits),
            Family::V4 | Family::V6 => Prefix::host(*address),
        })
        .collect()
}

/// Whether the source that the uplink's default prefers is the one the kernel would take by
/// itself, as it does for a nexthop of a group, which can't name one: the first address in the
/// gateway's network, or else the first.
fn source_is_the_kernels(uplink: &Uplink) -> bool {
    let mut addresses = uplink.addresses.iter();
    let own = addresses
        .find(|(address, bits)| Prefix::of(*address, *bits).contains(uplink.gateway))
        .or_else(|| uplink.addresses.first())
        .map(|(address, _)| *address);
    uplink.preferred_source.is_none() || uplink.preferred_source == own
}

impl Plan {
    /// Everything of ours that shall be in the kernel while new flows go to `target` (by ifindex)
    /// and what is in `pins` keeps to the uplinks given there. A target that is not in the plan is
    /// replaced by the uplink in use; a pin to such an uplink is left out.
    pub fn objects(&self, target: u32, pins: &Pins) -> BTreeSet<Object> {
        let target = self.target_or_in_use(target);
        let mut objects = self.base();
        for (ifindex, planned) in &self.uplinks {
            objects.extend(planned.pins(self.family, *ifindex, pins));
        }
        let as_the_system = pins_to(self.family, SYSTEM_TABLE, AS_THE_SYSTEM, pins);
        if !self.spread.is_empty() || !as_the_system.is_empty() {
            objects.extend(self.copy());
        }
        objects.extend(as_the_system);
        let via = if self.resilient {
            objects.extend(self.group(target));
            Some(Via::Group(GROUP))
        } else {
            self.uplinks.get(&target).map(|planned| Via::Hop {
                hop: planned.hop(target),
                source: planned.source,
            })
        };
        objects.extend(via.map(|via| {
            Object::Route(Route {
                family: self.family,
                table: MAIN_TABLE,
                metric: self.metric,
                via,
            })
        }));
        objects
    }

    /// Whether `ifindex` is an uplink of the plan, or [`AS_THE_SYSTEM`].
    pub fn leads_to(&self, ifindex: u32) -> bool {
        ifindex == AS_THE_SYSTEM || self.uplinks.contains_key(&ifindex)
    }

    /// The copy of the system's own default.
    fn copy(&self) -> Option<Object> {
        let via = if self.spread.is_empty() {
            self.uplinks.get(&self.in_use).map(|planned| Via::Hop {
                hop: planned.hop(self.in_use),
                source: planned.source,
            })
        } else {
            Some(Via::Spread(self.spread.clone()))
        };
        via.map(|via| {
            Object::Route(Route {
                family: self.family,
                table: SYSTEM_TABLE,
                metric: TABLE_METRIC,
                via,
            })
        })
    }

    /// `target`, or the uplink in use if the plan has no such uplink.
    pub(super) fn target_or_in_use(&self, target: u32) -> u32 {
        if self.uplinks.contains_key(&target) {
            target
        } else {
            self.in_use
        }
    }

    /// What doesn't depend on the target: the tables and the rules, without pins.
    fn base(&self) -> BTreeSet<Object> {
        let mut objects = BTreeSet::from([main_rule(self.family)]);
        for (ifindex, planned) in &self.uplinks {
            objects.insert(planned.route(self.family, *ifindex));
            objects.extend(planned.source_rules(self.family));
        }
        let forwarded = match self.uplinks.get(&self.in_use) {
            Some(planned) if self.spread.is_empty() => Some(slots::table(planned.slot)),
            Some(_) => Some(SYSTEM_TABLE),
            None => None,
        };
        objects.extend(forwarded.map(|table| {
            let selector = Selector::Forwarded;
            rule_to(self.family, PREFERENCE_FORWARDED, selector, table)
        }));
        objects
    }

    /// The group that leads new flows to `target`, with its members. It always has all uplinks: a
    /// group that begins with one marks no bucket as used, and its flows would move.
    fn group(&self, target: u32) -> Vec<Object> {
        let members = self.uplinks.iter().map(|(ifindex, planned)| {
            let weight = if *ifindex == target {
                TARGET_WEIGHT
            } else {
                OTHER_WEIGHT
            };
            (slots::nexthop(planned.slot), weight)
        });
        let group = Object::Group(Group {
            id: GROUP,
            members: members.collect(),
            buckets: BUCKETS,
            idle_timer_s: IDLE_TIMER_S,
        });
        let nexthops = self.uplinks.iter().map(|(ifindex, planned)| {
            Object::Nexthop(Nexthop {
                id: slots::nexthop(planned.slot),
                hop: planned.hop(*ifindex),
            })
        });
        nexthops.chain([group]).collect()
    }
}

impl Planned {
    fn hop(&self, ifindex: u32) -> Hop {
        Hop {
            ifindex,
            gateway: self.gateway,
        }
    }

    /// The default route of its table.
    pub(super) fn route(&self, family: Family, ifindex: u32) -> Object {
        Object::Route(Route {
            family,
            table: slots::table(self.slot),
            metric: TABLE_METRIC,
            via: Via::Hop {
                hop: self.hop(ifindex),
                source: self.source,
            },
        })
    }

    /// The rules by which its addresses keep to it.
    pub(super) fn source_rules(&self, family: Family) -> impl Iterator<Item = Object> {
        let prefixes = self.sources.iter();
        prefixes.map(move |prefix| self.rule(family, PREFERENCE_SOURCE, Selector::From(*prefix)))
    }

    /// The rules by which what is pinned to it keeps to it.
    pub(super) fn pins(&self, family: Family, ifindex: u32, pins: &Pins) -> Vec<Object> {
        pins_to(family, slots::table(self.slot), ifindex, pins)
    }

    fn rule(&self, family: Family, preference: u32, selector: Selector) -> Object {
        rule_to(family, preference, selector, slots::table(self.slot))
    }
}

/// The rules of those pins that are to `owner`, whose table this is.
fn pins_to(family: Family, table: u32, owner: u32, pins: &Pins) -> Vec<Object> {
    let ports = pins.ports.iter().filter(|(_, to)| **to == owner);
    let ports = ports.map(|(port, _)| (PREFERENCE_PORT, Selector::UdpPort(*port)));
    let sources = pins.sources.iter().filter(|(_, to)| **to == owner);
    let sources = sources.map(|(prefix, _)| (PREFERENCE_SOURCE, Selector::From(*prefix)));
    ports
        .chain(sources)
        .map(|(preference, selector)| rule_to(family, preference, selector, table))
        .collect()
}

fn rule_to(family: Family, preference: u32, selector: Selector, table: u32) -> Object {
    Object::Rule(Rule {
        family,
        preference,
        selector,
        action: Action::Table(table),
    })
}

/// The rule that has everything but defaults looked up in the main table first.
pub(super) fn main_rule(family: Family) -> Object {
    Object::Rule(Rule {
        family,
        preference: PREFERENCE_MAIN,
        selector: Selector::All,
        action: Action::MainWithoutDefaults,
    })
}
