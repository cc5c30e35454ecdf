//! What this kernel can do, asked by doing it: a group of one nexthop that drops everything,
//! which needs no interface and that no route uses, is made and removed again.
//!
//! It never goes by a version number. What a killed helper leaves of it carries our protocol
//! number, harms nothing, and is removed with everything else of ours.

use std::collections::BTreeMap;

use evenkeel_core::plan::{
    Abilities, Group,
    numbers::{FIRST_NEXTHOP, PROTOCOL, SLOTS},
};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};

use super::{
    error::NetlinkError,
    netlink::Socket,
    objects::{
        new_nexthop,
        nexthop::{DumpedNexthop, Shape, blackhole_body, group_body},
        remove_nexthop,
    },
};

const MEMBER: u32 = FIRST_NEXTHOP + SLOTS;
const GROUP: u32 = MEMBER + 1;

/// The numbers of the nexthop objects this is tried with.
pub const NEXTHOPS: [u32; 2] = [MEMBER, GROUP];

/// Try what the kernel can do. The kernel is as before, whatever comes of it.
///
/// # Errors
///
/// [`NetlinkError`] if it can't be tried: without `CAP_NET_ADMIN`, or with the numbers in use by
/// somebody else.
pub async fn abilities(socket: &mut Socket) -> Result<Abilities, NetlinkError> {
    clean_up(socket).await?;
    let tried = try_group(socket).await;
    clean_up(socket).await?;
    Ok(Abilities {
        resilient_groups: tried?,
    })
}

/// Remove what a killed helper may have left.
pub(super) async fn clean_up(socket: &mut Socket) -> Result<(), NetlinkError> {
    for id in [GROUP, MEMBER] {
        match remove_nexthop(socket, id, is_left_over).await {
            Ok(()) | Err(NetlinkError::Gone | NetlinkError::Unsupported(_)) => {}
            Err(refused) => return Err(refused),
        }
    }
    Ok(())
}

/// Whether a nexthop object was left by a killed helper that tried what the kernel can do.
pub fn is_left_over(nexthop: &DumpedNexthop) -> bool {
    let right_shape = match &nexthop.shape {
        Shape::Blackhole => nexthop.id == MEMBER,
        Shape::Group(_) => nexthop.id == GROUP,
        Shape::Hop(_) | Shape::Other => false,
    };
    right_shape && nexthop.protocol == PROTOCOL
}

async fn try_group(socket: &mut Socket) -> Result<bool, NetlinkError> {
    let add = NLM_F_CREATE | NLM_F_EXCL;
    // A kernel that doesn't know the high byte of a weight refuses it for not being zero.
    let group = Group {
        id: GROUP,
        members: BTreeMap::from([(MEMBER, u16::MAX)]),
        buckets: 1,
        idle_timer_s: 1,
    };
    let mut tried = new_nexthop(socket, add, &blackhole_body(MEMBER)).await;
    if tried.is_ok() {
        tried = new_nexthop(socket, add, &group_body(&group)).await;
    }
    match tried {
        Ok(()) => Ok(true),
        Err(NetlinkError::Unsupported(_) | NetlinkError::Refused { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}
