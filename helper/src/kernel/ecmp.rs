//! The stock kernel's backend as arithmetic: which multipath routes can be steered, and which
//! nexthop weights express the steering's weights.
//!
//! It is not for netlink: it takes dumped routes and returns plain values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use evenkeel_dbus::limits::MAX_ROUTES;
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteMessage, RouteProtocol, RouteType,
};

use super::objects::ours::our_route;
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
fn shared_keys(dump: &[DumpedRoute]) -> BTreeSet<RouteKey> {
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
    // One that was merged from advertisements isn't the user's: whoever made it makes it anew with
    // each of them, and the plan puts a default of ours before it.
    let from_routers = message.header.protocol == RouteProtocol::Ra;
    if is_cached(message) || from_routers || our_route(message).is_some() {
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
pub(super) fn is_cached(message: &RouteMessage) -> bool {
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

#[cfg(test)]
pub(in crate::kernel) mod tests {
    use std::net::Ipv4Addr;

    use netlink_packet_route::{
        AddressFamily,
        route::{RouteAddress, RouteHeader, RouteNextHop},
    };
    use proptest::prelude::*;

    use super::*;

    /// An IPv4 multipath default route with `(ifindex, weight)` nexthops.
    pub fn multipath(hops: &[(u32, u16)]) -> MultipathRoute {
        MultipathRoute::of(message(0, hops)).unwrap()
    }

    fn message(metric: u32, hops: &[(u32, u16)]) -> RouteMessage {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: AddressFamily::Inet,
            table: 254,
            kind: RouteType::Unicast,
            ..RouteHeader::default()
        };
        let hops = hops.iter().map(|(ifindex, weight)| {
            let mut hop = RouteNextHop::default();
            hop.interface_index = *ifindex;
            hop.hops = (weight - 1) as u8;
            let gateway = RouteAddress::Inet(Ipv4Addr::new(10, 0, *ifindex as u8, 1));
            hop.attributes.push(RouteAttribute::Gateway(gateway));
            hop
        });
        message.attributes.push(RouteAttribute::Priority(metric));
        message
            .attributes
            .push(RouteAttribute::MultiPath(hops.collect()));
        message
    }

    fn dumped(message: RouteMessage) -> DumpedRoute {
        DumpedRoute {
            message,
            exact: true,
        }
    }

    fn reasons(dump: &[DumpedRoute], uplinks: &[u32]) -> (usize, Vec<SkipReason>) {
        let sorted = sort_routes(dump, &uplinks.iter().copied().collect());
        (
            sorted.steerable.len(),
            sorted.skipped.iter().map(|(_, why)| *why).collect(),
        )
    }

    #[test]
    fn the_leader_gets_255_and_the_others_1() {
        let weights = BTreeMap::from([(1, 255), (2, 1), (3, 0)]);
        let route = multipath(&[(2, 9), (1, 9), (3, 9)]);
        assert_eq!(nexthop_weights(&route, &weights), Some(vec![1, 255, 1]));
    }

    #[test]
    fn a_route_over_an_interface_without_a_weight_gets_none() {
        let route = multipath(&[(1, 1), (2, 1)]);
        assert_eq!(nexthop_weights(&route, &BTreeMap::from([(1, 255)])), None);
    }

    #[test]
    fn more_than_sixteen_routes_are_left_alone_with_the_reason() {
        let dump: Vec<_> = (0..20)
            .map(|m| dumped(message(m, &[(1, 1), (2, 1)])))
            .collect();
        assert_eq!(
            reasons(&dump, &[1, 2]),
            (16, vec![SkipReason::TooManyRoutes; 4])
        );
    }

    #[test]
    fn what_cannot_be_copied_or_is_too_wide_is_skipped() {
        let inexact = DumpedRoute {
            exact: false,
            ..dumped(message(1, &[(1, 1), (2, 1)]))
        };
        assert_eq!(
            reasons(&[inexact], &[1, 2]),
            (0, vec![SkipReason::NotCopyable])
        );
        let wide: Vec<_> = (0..33).map(|i| (1 + i % 2, 1)).collect();
        let wide = dumped(message(1, &wide));
        assert_eq!(
            reasons(&[wide], &[1, 2]),
            (0, vec![SkipReason::TooManyNexthops])
        );
    }

    #[test]
    fn routes_of_the_local_table_or_another_type_are_not_steered() {
        let mut local = message(1, &[(1, 1), (2, 1)]);
        local.header.table = 255;
        let mut multicast = message(2, &[(1, 1), (2, 1)]);
        multicast.header.kind = RouteType::Multicast;
        let dump = [dumped(local), dumped(multicast)];
        assert_eq!(
            reasons(&dump, &[1, 2]),
            (0, vec![SkipReason::NotUnicast; 2])
        );
    }

    #[test]
    fn what_was_merged_from_advertisements_is_no_users_route() {
        let mut merged = message(1024, &[(1, 1), (2, 1)]);
        merged.header.protocol = RouteProtocol::Ra;
        assert_eq!(reasons(&[dumped(merged)], &[1, 2]), (0, vec![]));
    }

    #[test]
    fn cached_exceptions_are_no_routes() {
        let mut cached = message(1, &[(1, 1), (2, 1)]);
        cached.header.flags = RouteFlags::Cloned;
        let dump = [dumped(message(1, &[(1, 1), (2, 1)])), dumped(cached)];
        assert_eq!(reasons(&dump, &[1, 2]), (1, vec![]));
    }

    proptest! {
        #[test]
        fn nexthop_weights_fit_the_kernel_and_add_up_per_interface(
            hops in prop::collection::vec((1..5_u32, 1..=256_u16), 1..=MAX_NEXTHOPS),
            wanted in prop::collection::vec(0..=255_u16, 4),
        ) {
            let route = multipath(&hops);
            let weights: BTreeMap<u32, u16> = (1..).zip(wanted).collect();
            let given = nexthop_weights(&route, &weights).unwrap();
            prop_assert_eq!(given.len(), hops.len());
            prop_assert!(given.iter().all(|weight| (1..=256).contains(weight)));
            for (ifindex, wanted) in weights {
                let mine = route.nexthops.iter().zip(&given).filter(|(h, _)| h.ifindex == ifindex);
                let mine: Vec<u16> = mine.map(|(_, weight)| *weight).collect();
                // Even shares, and never less than the 1 that each must have.
                let count = mine.len() as u16;
                if count > 0 {
                    prop_assert_eq!(mine.iter().sum::<u16>(), wanted.max(count));
                    let (least, most) = (mine.iter().min(), mine.iter().max());
                    prop_assert!(most.unwrap() - least.unwrap() <= 1);
                }
            }
        }
    }
}
