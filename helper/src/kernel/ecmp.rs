//! The stock kernel's backend as arithmetic: which multipath routes can be steered, and which
//! nexthop weights express the steering's weights.
//!
//! It is not for netlink: it takes dumped routes and returns plain values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use evenkeel_dbus::limits::MAX_ROUTES;
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage, RouteType};

use super::route::{MultipathRoute, RouteKey, TABLE_LOCAL};

/// The most nexthops a steered route may have.
pub const MAX_NEXTHOPS: usize = 32;

/// The most skipped routes reported.
pub const MAX_SKIPPED: usize = 64;

/// A route as dumped, and whether it survives being read and written again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedRoute {
    /// The decoded route.
    pub message: RouteMessage,
    /// Whether encoding it again gives the kernel's bytes exactly; only such a route is safe to
    /// send back.
    pub exact: bool,
}

/// Why a multipath route isn't steered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// It uses nexthop objects (`nhid`); only inline nexthops can be reweighted.
    NexthopObjects,
    /// Its type isn't unicast, or it is in the table of local addresses.
    NotUnicast,
    /// A nexthop leaves by an interface that isn't an uplink.
    NotAnUplink {
        /// That interface.
        ifindex: u32,
    },
    /// All its nexthops leave by one interface.
    OneDevice,
    /// Another route has the same key, so the kernel couldn't tell which one to replace.
    Ambiguous,
    /// It carries something the helper can't copy exactly.
    NotCopyable,
    /// Its lifetime is over.
    Expired,
    /// It has more than [`MAX_NEXTHOPS`] nexthops.
    TooManyNexthops,
    /// There are already [`MAX_ROUTES`] routes to steer.
    TooManyRoutes,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NexthopObjects => f.write_str("it uses nexthop objects"),
            Self::NotUnicast => f.write_str("it isn't a unicast route"),
            Self::NotAnUplink { ifindex } => write!(f, "interface {ifindex} isn't an uplink"),
            Self::OneDevice => f.write_str("all its nexthops leave by one interface"),
            Self::Ambiguous => f.write_str("another route has the same destination and metric"),
            Self::NotCopyable => f.write_str("it carries something that can't be copied exactly"),
            Self::Expired => f.write_str("its lifetime is over"),
            Self::TooManyNexthops => write!(f, "it has more than {MAX_NEXTHOPS} nexthops"),
            Self::TooManyRoutes => write!(f, "there are more than {MAX_ROUTES} routes to steer"),
        }
    }
}

/// The multipath routes of a dump, sorted into those to steer and those to leave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Routes that can be steered, at most [`MAX_ROUTES`], in dump order.
    pub steerable: Vec<MultipathRoute>,
    /// Multipath routes that can't, with the reason, at most [`MAX_SKIPPED`].
    pub skipped: Vec<(RouteKey, SkipReason)>,
}

/// Sort the multipath routes of a dump of all tables, given the interfaces that are uplinks.
pub fn sort_routes(dump: &[DumpedRoute], uplinks: &BTreeSet<u32>) -> Sorted {
    let shared = shared_keys(dump);
    let mut sorted = Sorted::default();
    for route in dump {
        match judge(route, uplinks, &shared) {
            Verdict::NotMultipath => {}
            Verdict::Steer(_) if sorted.steerable.len() >= MAX_ROUTES => {
                skip(&mut sorted, &route.message, SkipReason::TooManyRoutes);
            }
            Verdict::Steer(multipath) => sorted.steerable.push(multipath),
            Verdict::Skip(why) => skip(&mut sorted, &route.message, why),
        }
    }
    sorted
}

fn skip(sorted: &mut Sorted, message: &RouteMessage, why: SkipReason) {
    if sorted.skipped.len() < MAX_SKIPPED {
        sorted
            .skipped
            .extend(RouteKey::of(message).map(|key| (key, why)));
    }
}

/// The keys that more than one route of a dump has.
pub fn shared_keys(dump: &[DumpedRoute]) -> BTreeSet<RouteKey> {
    let mut seen = BTreeSet::new();
    let keys = dump.iter().filter(|route| !is_cached(&route.message));
    keys.filter_map(|route| RouteKey::of(&route.message))
        .filter(|key| !seen.insert(key.clone()))
        .collect()
}

enum Verdict {
    NotMultipath,
    Steer(MultipathRoute),
    Skip(SkipReason),
}

fn judge(route: &DumpedRoute, uplinks: &BTreeSet<u32>, shared: &BTreeSet<RouteKey>) -> Verdict {
    let message = &route.message;
    if is_cached(message) {
        return Verdict::NotMultipath;
    }
    if is_nexthop_group(message) {
        return Verdict::Skip(SkipReason::NexthopObjects);
    }
    let Some(multipath) = MultipathRoute::of(message.clone()) else {
        return Verdict::NotMultipath;
    };
    let devices: BTreeSet<u32> = multipath.nexthops.iter().map(|hop| hop.ifindex).collect();
    let foreign = devices.difference(uplinks).next();
    let why = if message.header.kind != RouteType::Unicast || multipath.key.table == TABLE_LOCAL {
        SkipReason::NotUnicast
    } else if multipath.nexthops.len() > MAX_NEXTHOPS {
        SkipReason::TooManyNexthops
    } else if let Some(&ifindex) = foreign {
        SkipReason::NotAnUplink { ifindex }
    } else if devices.len() < 2 {
        SkipReason::OneDevice
    } else if shared.contains(&multipath.key) {
        SkipReason::Ambiguous
    } else if !route.exact {
        SkipReason::NotCopyable
    } else if multipath.is_expired() {
        SkipReason::Expired
    } else {
        return Verdict::Steer(multipath);
    };
    Verdict::Skip(why)
}

/// A cached exception (a path MTU, a redirect) rather than a route.
fn is_cached(message: &RouteMessage) -> bool {
    message.header.flags.contains(RouteFlags::Cloned)
}

/// A route through a nexthop GROUP. One through a single nexthop object names its interface and
/// is no multipath route; a group may come with its members (the default) or as a bare id.
fn is_nexthop_group(message: &RouteMessage) -> bool {
    let has = |wanted: fn(&RouteAttribute) -> bool| message.attributes.iter().any(wanted);
    has(|a| matches!(a, RouteAttribute::NhId(_)))
        && (has(|a| matches!(a, RouteAttribute::MultiPath(_)))
            || !has(|a| matches!(a, RouteAttribute::Oif(_))))
}

/// The nexthop weights, 1..=256, that express the steering's per-interface weights 0..=255.
///
/// A weight of 0 ("no new flows") can't be said inline: the kernel's smallest weight is 1, so a
/// gone uplink keeps about one new flow in 256 beside a leader at 255. Nexthops that leave by the
/// same interface share its weight evenly, each keeping at least 1. `None` if an interface of the
/// route has no weight.
pub fn nexthop_weights(route: &MultipathRoute, weights: &BTreeMap<u32, u16>) -> Option<Vec<u16>> {
    let mut sharing: BTreeMap<u32, (u16, u16)> = BTreeMap::new();
    for hop in &route.nexthops {
        sharing.entry(hop.ifindex).or_default().0 += 1;
    }
    route
        .nexthops
        .iter()
        .map(|hop| {
            let weight = *weights.get(&hop.ifindex)?;
            let (sharers, served) = sharing.get_mut(&hop.ifindex)?;
            let extra = u16::from(*served < weight % *sharers);
            *served += 1;
            Some((weight / *sharers + extra).clamp(1, 256))
        })
        .collect()
}
