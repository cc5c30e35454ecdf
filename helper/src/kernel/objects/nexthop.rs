//! Nexthop objects and resilient groups as the kernel's messages, which no crate we use knows.
//!
//! It is not for sending them. A weight of 1..=65535 travels as `weight - 1` in two bytes: the
//! low one where it always was, the high one where kernels before 6.12 want a zero.

use std::collections::BTreeMap;

use evenkeel_core::plan::{Group, Hop, Nexthop, Object, numbers::PROTOCOL};

use crate::kernel::netlink::wire::{Attributes, Body, address, number16, number32, octets};

const AF_UNSPEC: u8 = 0;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The bytes of `struct nhmsg`.
const HEADER_BYTES: usize = 8;

const NHA_ID: u16 = 1;
const NHA_GROUP: u16 = 2;
const NHA_GROUP_TYPE: u16 = 3;
const NHA_BLACKHOLE: u16 = 4;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;
const NHA_RES_GROUP: u16 = 12;

const NHA_RES_GROUP_BUCKETS: u16 = 1;
const NHA_RES_GROUP_IDLE_TIMER: u16 = 2;

/// `NEXTHOP_GRP_TYPE_RES`
const RESILIENT: u16 = 1;

/// The bytes of `struct nexthop_grp`.
const MEMBER_BYTES: usize = 8;

/// `RTNH_F_ONLINK`: take the gateway's being on the link on trust.
const ONLINK: u32 = 4;

/// Ticks per second of the group's timers (`USER_HZ`, 100 on every Linux we run on).
const TICKS_PER_SECOND: u32 = 100;

/// A nexthop object as dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedNexthop {
    /// Its number.
    pub id: u32,
    /// The routing protocol number it carries.
    pub protocol: u8,
    /// What it is, as far as that could be of our making.
    pub shape: Shape,
}

/// What a nexthop object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A gateway on an interface.
    Hop(Hop),
    /// A resilient group.
    Group(Group),
    /// Drops everything.
    Blackhole,
    /// Something that we never make.
    Other,
}

impl DumpedNexthop {
    /// The body of a request for all nexthop objects.
    pub(in crate::kernel) fn dump_request() -> Vec<u8> {
        vec![0; HEADER_BYTES]
    }

    /// The object in a dumped payload; `None` if it has no number.
    pub(in crate::kernel) fn parse(payload: &[u8]) -> Option<Self> {
        let (family, protocol) = (*payload.first()?, *payload.get(2)?);
        let attributes = Attributes::of(payload.get(HEADER_BYTES..)?);
        let find = |wanted| {
            let mut all = attributes.clone();
            all.find(|(kind, _)| *kind == wanted).map(|(_, v)| v)
        };
        let id = number32(find(NHA_ID)?)?;
        let plain = |kind: u16| matches!(kind, NHA_ID | NHA_OIF | NHA_GATEWAY);
        let shape = if let Some(members) = find(NHA_GROUP) {
            let kind = find(NHA_GROUP_TYPE).and_then(number16);
            let resilient = find(NHA_RES_GROUP).filter(|_| kind == Some(RESILIENT));
            let group = resilient.and_then(|timers| group(id, members, timers));
            group.map_or(Shape::Other, Shape::Group)
        } else if find(NHA_BLACKHOLE).is_some() {
            Shape::Blackhole
        } else if attributes.clone().all(|(kind, _)| plain(kind)) {
            let ifindex = find(NHA_OIF).and_then(number32);
            let gateway = find(NHA_GATEWAY).and_then(address);
            let hop = ifindex.zip(gateway);
            hop.filter(|(_, to)| family == if to.is_ipv4() { AF_INET } else { AF_INET6 })
                .map_or(Shape::Other, |(ifindex, gateway)| {
                    Shape::Hop(Hop { ifindex, gateway })
                })
        } else {
            Shape::Other
        };
        Some(Self {
            id,
            protocol,
            shape,
        })
    }

    /// The object in a plan's words, if its shape is one of a plan's.
    pub fn object(&self) -> Option<Object> {
        match &self.shape {
            Shape::Hop(hop) => Some(Object::Nexthop(Nexthop {
                id: self.id,
                hop: *hop,
            })),
            Shape::Group(group) => Some(Object::Group(group.clone())),
            Shape::Blackhole | Shape::Other => None,
        }
    }
}

fn group(id: u32, members: &[u8], timers: &[u8]) -> Option<Group> {
    let members: Option<BTreeMap<u32, u16>> = members
        .chunks(MEMBER_BYTES)
        .map(|member| {
            let low = u16::from(*member.get(4)?);
            let high = u16::from(*member.get(5)?);
            // 65536, which a kernel of today takes, isn't one of ours.
            Some((number32(member)?, (high << 8 | low).checked_add(1)?))
        })
        .collect();
    let find = |wanted| {
        let mut all = Attributes::of(timers);
        all.find(|(kind, _)| *kind == wanted).map(|(_, v)| v)
    };
    Some(Group {
        id,
        members: members?,
        buckets: number16(find(NHA_RES_GROUP_BUCKETS)?)?,
        idle_timer_s: number32(find(NHA_RES_GROUP_IDLE_TIMER)?)? / TICKS_PER_SECOND,
    })
}

/// `struct nhmsg` of something of ours.
fn header(family: u8, flags: u32) -> Body {
    let mut bytes = vec![family, 0, PROTOCOL, 0];
    bytes.extend(flags.to_ne_bytes());
    Body::new(&bytes)
}

/// The body that makes or replaces a nexthop.
pub(super) fn nexthop_body(nexthop: &Nexthop, onlink: bool) -> Body {
    let Nexthop { id, hop } = nexthop;
    let family = if hop.gateway.is_ipv4() {
        AF_INET
    } else {
        AF_INET6
    };
    header(family, if onlink { ONLINK } else { 0 })
        .with(NHA_ID, &id.to_ne_bytes())
        .with(NHA_OIF, &hop.ifindex.to_ne_bytes())
        .with(NHA_GATEWAY, &octets(hop.gateway))
}

/// The body that makes a nexthop which drops everything and needs no interface.
pub(in crate::kernel) fn blackhole_body(id: u32) -> Body {
    header(AF_INET, 0)
        .with(NHA_ID, &id.to_ne_bytes())
        .with(NHA_BLACKHOLE, &[])
}

/// The body that makes or replaces a group. The kernel refuses to replace one by one with another
/// number of buckets.
pub(in crate::kernel) fn group_body(group: &Group) -> Body {
    let mut members = Vec::with_capacity(group.members.len() * MEMBER_BYTES);
    for (id, weight) in &group.members {
        let [low, high] = weight.saturating_sub(1).to_le_bytes();
        members.extend(id.to_ne_bytes());
        members.extend([low, high, 0, 0]);
    }
    let ticks = group.idle_timer_s.saturating_mul(TICKS_PER_SECOND);
    let timers = Body::new(&[])
        .with(NHA_RES_GROUP_BUCKETS, &group.buckets.to_ne_bytes())
        .with(NHA_RES_GROUP_IDLE_TIMER, &ticks.to_ne_bytes());
    header(AF_UNSPEC, 0)
        .with(NHA_ID, &group.id.to_ne_bytes())
        .with(NHA_GROUP, &members)
        .with(NHA_GROUP_TYPE, &RESILIENT.to_ne_bytes())
        .with_nested(NHA_RES_GROUP, &timers)
}

/// The body that asks for a nexthop object, or for its removal.
pub(in crate::kernel) fn id_body(id: u32) -> Body {
    Body::new(&[0; HEADER_BYTES]).with(NHA_ID, &id.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::objects::recorded::{bytes, sorted};

    fn hop() -> Nexthop {
        Nexthop {
            id: 77_011,
            hop: Hop {
                ifindex: 3,
                gateway: "10.1.0.1".parse().unwrap(),
            },
        }
    }

    fn group_of(first: u16, second: u16) -> Group {
        Group {
            id: 77_010,
            members: BTreeMap::from([(77_011, first), (77_012, second)]),
            buckets: 8192,
            idle_timer_s: 120,
        }
    }

    #[test]
    fn requests_say_what_ip_says() {
        // iproute2 6.1: nexthop add id 77011 via 10.1.0.1 dev wifi0 proto 77
        let recorded = "02004d00 00000000 08000100d32c0100 080006000a010001 0800050003000000";
        let ours = nexthop_body(&hop(), false);
        assert_eq!(
            sorted(ours.bytes(), HEADER_BYTES),
            sorted(&bytes(recorded), HEADER_BYTES)
        );
        // nexthop add id 77010 group 77011,256/77012,1 type resilient buckets 8192
        //   idle_timer 120 proto 77
        let recorded = "00004d00 00000000 08000100d22c0100 \
            14000200d32c0100ff000000d42c010000000000 \
            14000c800600010000200000 08000200e02e0000 0600030001000000";
        let ours = group_body(&group_of(256, 1));
        assert_eq!(
            sorted(ours.bytes(), HEADER_BYTES),
            sorted(&bytes(recorded), HEADER_BYTES)
        );
    }

    #[test]
    fn the_kernels_answers_are_read() {
        // Linux 6.18, a group of the weights 65535 and 1.
        let dumped = bytes(
            "00004d00 00000000 08000100d22c0100 0600030001000000 \
             14000200d32c0100feff0000d42c010000000000 \
             28000c800600010000200000 08000200e02e0000 0800030000000000 \
             0c000400000000000000000008000e0000000000",
        );
        let found = DumpedNexthop::parse(&dumped).unwrap();
        assert_eq!(found.protocol, PROTOCOL);
        assert_eq!(found.object(), Some(Object::Group(group_of(65_535, 1))));
        let dumped = bytes("02fd4d00 00000000 08000100d32c0100 0800050003000000 080006000a010001");
        let found = DumpedNexthop::parse(&dumped).unwrap();
        assert_eq!(found.object(), Some(Object::Nexthop(hop())));
    }

    #[test]
    fn what_we_never_make_is_no_object_of_a_plan() {
        let shape = |hex: &str| DumpedNexthop::parse(&bytes(hex)).unwrap().shape;
        let blackhole = "02004d00 00000000 08000100d32c0100 04000400";
        assert_eq!(shape(blackhole), Shape::Blackhole);
        let device_only = "02004d00 00000000 08000100d32c0100 0800050003000000";
        assert_eq!(shape(device_only), Shape::Other);
        let for_bridges = "02004d00 00000000 08000100d32c0100 080006000a010001 04000b00";
        assert_eq!(shape(for_bridges), Shape::Other);
        let hashed = "00004d00 00000000 08000100d22c0100 0600030000000000 0c000200d32c010000000000";
        assert_eq!(shape(hashed), Shape::Other);
        assert_eq!(DumpedNexthop::parse(&bytes("02004d00 00000000")), None);
    }

    proptest! {
        #[test]
        fn every_group_comes_back_as_it_was_sent(
            members in prop::collection::btree_map(any::<u32>(), 1..=u16::MAX, 1..16),
            buckets in any::<u16>(),
            idle_timer_s in 0..=86_400_u32,
        ) {
            let group = Group { id: 77_010, members, buckets, idle_timer_s };
            let found = DumpedNexthop::parse(group_body(&group).bytes()).unwrap();
            prop_assert_eq!(found.object(), Some(Object::Group(group)));
        }

        #[test]
        fn no_bytes_whatever_break_the_reader(
            bytes in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let found = DumpedNexthop::parse(&bytes);
            prop_assert!(found.is_none() || bytes.len() > HEADER_BYTES);
        }
    }
}
