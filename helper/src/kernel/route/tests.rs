//! What a change of weights must keep, on routes of all sorts.

use netlink_packet_core::{DefaultNla, Parseable};
use netlink_packet_route::route::{
    RouteCacheInfo, RouteHeader, RouteMetric, RoutePreference, RouteProtocol, RouteScope, RouteType,
};
use proptest::prelude::*;

use super::*;

fn address(v6: bool) -> BoxedStrategy<RouteAddress> {
    if v6 {
        any::<u128>()
            .prop_map(|bits| RouteAddress::Inet6(bits.into()))
            .boxed()
    } else {
        any::<u32>()
            .prop_map(|bits| RouteAddress::Inet(bits.into()))
            .boxed()
    }
}

fn nexthop(v6: bool) -> impl Strategy<Value = RouteNextHop> {
    let via = prop_oneof![
        address(v6).prop_map(RouteAttribute::Gateway),
        any::<u128>().prop_map(|bits| RouteAttribute::Via(RouteVia::Inet6(bits.into()))),
    ];
    (any::<u8>(), any::<u8>(), 1..100_u32, prop::option::of(via)).prop_map(
        |(flags, hops, ifindex, via)| {
            let mut hop = RouteNextHop::default();
            hop.flags = RouteNextHopFlags::from_bits_retain(flags);
            hop.hops = hops;
            hop.interface_index = ifindex;
            hop.attributes.extend(via);
            hop
        },
    )
}

fn attribute(v6: bool) -> impl Strategy<Value = RouteAttribute> {
    prop_oneof![
        address(v6).prop_map(RouteAttribute::Destination),
        address(v6).prop_map(RouteAttribute::PrefSource),
        any::<u32>().prop_map(RouteAttribute::Table),
        any::<u32>().prop_map(RouteAttribute::Priority),
        any::<u32>().prop_map(|mtu| RouteAttribute::Metrics(vec![
            RouteMetric::Mtu(mtu),
            RouteMetric::InitCwnd(20),
        ])),
        (0..4_u8).prop_map(|p| RouteAttribute::Preference(RoutePreference::from(p))),
        // Something this version of the decoder doesn't know.
        prop::collection::vec(any::<u8>(), 0..20)
            .prop_map(|bytes| RouteAttribute::Other(DefaultNla::new(60, bytes))),
    ]
}

fn lifetime() -> impl Strategy<Value = RouteAttribute> {
    prop_oneof![Just(0_i32), any::<i32>()].prop_map(|ticks| {
        let mut bytes = [0; 32];
        bytes[8..12].copy_from_slice(&ticks.to_ne_bytes());
        RouteAttribute::CacheInfo(RouteCacheInfo::parse(&bytes).unwrap())
    })
}

prop_compose! {
    fn route()(v6 in any::<bool>())(
        hops in prop::collection::vec(nexthop(v6), 1..8),
        mut attributes in prop::collection::vec(attribute(v6), 0..6),
        age in prop::option::of(lifetime()),
        (prefix, tos, flags) in (0..33_u8, any::<u8>(), any::<u32>()),
        v6 in Just(v6),
    ) -> RouteMessage {
        attributes.push(RouteAttribute::MultiPath(hops));
        attributes.extend(age);
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family: if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet },
            destination_prefix_length: prefix,
            tos,
            table: 254,
            protocol: RouteProtocol::Other(77),
            scope: RouteScope::Universe,
            kind: RouteType::Unicast,
            flags: RouteFlags::from_bits_retain(flags),
            ..RouteHeader::default()
        };
        message.attributes = attributes;
        message
    }
}

/// Everything that a change of weights must keep.
fn kept(message: &RouteMessage) -> (RouteHeader, Vec<RouteAttribute>) {
    let header = RouteHeader {
        flags: RouteFlags::empty(),
        ..message.header.clone()
    };
    let mut attributes = message.attributes.clone();
    attributes.retain(|attribute| {
        !matches!(
            attribute,
            RouteAttribute::CacheInfo(_) | RouteAttribute::Expires(_)
        )
    });
    for attribute in &mut attributes {
        if let RouteAttribute::MultiPath(hops) = attribute {
            for hop in hops {
                hop.hops = 0;
                hop.flags &= RouteNextHopFlags::Onlink | RouteNextHopFlags::Pervasive;
            }
        }
    }
    (header, attributes)
}

proptest! {
    #[test]
    fn a_reweighted_route_differs_in_its_weights_alone(
        message in route(), seed in prop::collection::vec(1..=256_u16, 8),
    ) {
        let before = MultipathRoute::of(message.clone()).unwrap();
        let weights = &seed[..before.nexthops.len()];
        let request = before.reweighted(weights).unwrap();
        let mut bytes = vec![0; request.buffer_len()];
        request.emit(&mut bytes);
        let read = RouteMessage::parse(&bytes).unwrap();
        prop_assert_eq!(kept(&read), kept(&message));
        prop_assert_eq!(read.header.flags, RouteFlags::empty());
        let state = RouteNextHopFlags::Onlink | RouteNextHopFlags::Pervasive;
        let hops = inline_nexthops(&read).unwrap();
        prop_assert!(hops.iter().all(|hop| state.contains(hop.flags)));
        let after = MultipathRoute::of(read).unwrap();
        prop_assert_eq!(after.weights(), weights);
        prop_assert_eq!(after.shape(), before.shape());
        prop_assert_eq!(after.key, before.key);
    }

    #[test]
    fn the_shape_changes_with_anything_but_weights_age_and_state(
        message in route(), extra in attribute(false),
    ) {
        let before = MultipathRoute::of(message.clone()).unwrap();
        let mut other = message.clone();
        other.attributes.push(extra);
        prop_assert_ne!(MultipathRoute::of(other).unwrap().shape(), before.shape());
        let mut reversed = message.clone();
        for hop in nexthops_mut(&mut reversed) {
            hop.interface_index += 1;
        }
        prop_assert_ne!(MultipathRoute::of(reversed).unwrap().shape(), before.shape());
        let mut protocol = message;
        protocol.header.protocol = RouteProtocol::Static;
        prop_assert_ne!(MultipathRoute::of(protocol).unwrap().shape(), before.shape());
    }

    #[test]
    fn weights_that_do_not_fit_make_no_request(
        message in route(), wrong in prop_oneof![Just(0_u16), 257..=u16::MAX],
    ) {
        let route = MultipathRoute::of(message).unwrap();
        let count = route.nexthops.len();
        prop_assert_eq!(route.reweighted(&vec![1; count + 1]), None);
        prop_assert_eq!(route.reweighted(&vec![1; count - 1]), None);
        let mut weights = vec![1; count];
        weights[count - 1] = wrong;
        prop_assert_eq!(route.reweighted(&weights), None);
    }

    #[test]
    fn a_lifetime_goes_along_rounded_to_a_second(message in route(), ticks in 1..i32::MAX - 50) {
        let mut message = message;
        message.attributes.retain(|a| !matches!(a, RouteAttribute::CacheInfo(_)));
        let mut bytes = [0; 32];
        bytes[8..12].copy_from_slice(&ticks.to_ne_bytes());
        let age = RouteCacheInfo::parse(&bytes).unwrap();
        message.attributes.push(RouteAttribute::CacheInfo(age));
        let route = MultipathRoute::of(message).unwrap();
        let request = route.reweighted(&route.weights()).unwrap();
        let expires = request.attributes.iter().find_map(|a| match a {
            RouteAttribute::Expires(seconds) => Some(i64::from(*seconds)),
            _ => None,
        });
        let off = (expires.unwrap() * 100 - i64::from(ticks)).abs();
        prop_assert!(off <= 50 || expires == Some(1));
        prop_assert!(!route.is_expired());
    }
}

#[test]
fn keys_read_like_ip_route() {
    let mut message = RouteMessage::default();
    message.header.address_family = AddressFamily::Inet6;
    message.header.table = 254;
    let default = RouteKey::of(&message).unwrap();
    assert_eq!(default.to_string(), "-6 default metric 0");
    message.header.address_family = AddressFamily::Inet;
    message.header.destination_prefix_length = 8;
    message.header.tos = 0x10;
    let to = RouteAddress::Inet(Ipv4Addr::new(10, 0, 0, 0));
    message.attributes.push(RouteAttribute::Destination(to));
    message.attributes.push(RouteAttribute::Table(7701));
    message.attributes.push(RouteAttribute::Priority(9));
    let other = RouteKey::of(&message).unwrap();
    assert_eq!(other.to_string(), "10.0.0.0/8 tos 0x10 table 7701 metric 9");
    let json = serde_json::to_string(&other).unwrap();
    assert_eq!(serde_json::from_str::<RouteKey>(&json).unwrap(), other);
}
