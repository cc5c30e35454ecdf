//! Adding, replacing and removing the objects of a plan, one at a time, and knowing them again.
//!
//! It is not for deciding which, nor for their order. Everything made here carries
//! [`PROTOCOL`](evenkeel_core::plan::numbers::PROTOCOL); nothing without it is ever touched.

use evenkeel_core::plan::{Object, Via};
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};

use self::{nexthop::DumpedNexthop, route::Purpose};
use super::{
    error::NetlinkError,
    netlink::{
        RTM_DELNEXTHOP, RTM_DELROUTE, RTM_DELRULE, RTM_GETNEXTHOP, RTM_NEWNEXTHOP, RTM_NEWROUTE,
        RTM_NEWRULE, Socket,
        wire::{Body, emitted},
    },
};

pub mod nexthop;
pub mod ours;
#[cfg(test)]
mod recorded;
pub mod route;
pub mod rule;
mod rule_words;

const ADD: u16 = NLM_F_CREATE | NLM_F_EXCL;
/// Without `NLM_F_CREATE`, so that what vanished is not resurrected.
const REPLACE: u16 = NLM_F_REPLACE;

/// Add an object.
///
/// A gateway that lies in none of its interface's networks is taken on trust, as the system's own
/// default takes it.
///
/// # Errors
///
/// [`NetlinkError::Exists`] if its place is taken, by whomever; or any other refusal.
pub async fn add(socket: &mut Socket, object: &Object) -> Result<(), NetlinkError> {
    make(socket, object, ADD).await
}

/// Put an object in the place of ours with the same number (nexthop, group) or the same family,
/// table and metric (route).
///
/// # Errors
///
/// [`NetlinkError::Gone`] if there is none of ours; [`NetlinkError::Unsupported`] for a rule,
/// which the kernel can only add and remove; or any other refusal.
pub async fn replace(socket: &mut Socket, object: &Object) -> Result<(), NetlinkError> {
    match object {
        Object::Rule(_) => {
            let why = ": a rule is added and removed, never replaced";
            return Err(NetlinkError::Unsupported(why.to_owned()));
        }
        Object::Nexthop(nexthop) => require(socket, nexthop.id, is_ours).await?,
        Object::Group(group) => require(socket, group.id, is_ours).await?,
        Object::Route(_) => {}
    }
    make(socket, object, REPLACE).await
}

/// Remove an object. That it is gone already is as good.
///
/// # Errors
///
/// Any refusal.
pub async fn remove(socket: &mut Socket, object: &Object) -> Result<(), NetlinkError> {
    let removed = match object {
        Object::Nexthop(nexthop) => remove_nexthop(socket, nexthop.id, is_ours).await,
        Object::Group(group) => remove_nexthop(socket, group.id, is_ours).await,
        Object::Route(route) => {
            let message = route::message(route, Purpose::Remove);
            socket.change(RTM_DELROUTE, 0, &emitted(&message)).await
        }
        Object::Rule(rule) => {
            let body = rule::body(rule);
            socket.change(RTM_DELRULE, 0, body.bytes()).await
        }
    };
    match removed {
        Err(NetlinkError::Gone) => Ok(()),
        removed => removed,
    }
}

/// Remove the nexthop object with a number if it is one of `these`: the kernel itself looks at
/// nothing but the number.
///
/// # Errors
///
/// [`NetlinkError::Gone`] if there is none of these, or any other refusal.
pub(super) async fn remove_nexthop(
    socket: &mut Socket,
    id: u32,
    these: fn(&DumpedNexthop) -> bool,
) -> Result<(), NetlinkError> {
    require(socket, id, these).await?;
    socket
        .change(RTM_DELNEXTHOP, 0, nexthop::id_body(id).bytes())
        .await
}

async fn require(
    socket: &mut Socket,
    id: u32,
    these: fn(&DumpedNexthop) -> bool,
) -> Result<(), NetlinkError> {
    let found = socket
        .get(RTM_GETNEXTHOP, nexthop::id_body(id).bytes())
        .await?;
    match DumpedNexthop::parse(&found) {
        Some(nexthop) if these(&nexthop) => Ok(()),
        _ => Err(NetlinkError::Gone),
    }
}

fn is_ours(nexthop: &DumpedNexthop) -> bool {
    ours::our_nexthop(nexthop).is_some()
}

async fn make(socket: &mut Socket, object: &Object, flags: u16) -> Result<(), NetlinkError> {
    match object {
        Object::Group(group) => new_nexthop(socket, flags, &nexthop::group_body(group)).await,
        Object::Rule(rule) => {
            let body = rule::body(rule);
            socket.change(RTM_NEWRULE, flags, body.bytes()).await
        }
        Object::Nexthop(nexthop) => {
            let made = new_nexthop(socket, flags, &nexthop::nexthop_body(nexthop, false)).await;
            match made {
                Err(NetlinkError::GatewayUnreachable) => {
                    new_nexthop(socket, flags, &nexthop::nexthop_body(nexthop, true)).await
                }
                made => made,
            }
        }
        Object::Route(route) => {
            let message = emitted(&route::message(route, Purpose::Make));
            match socket.change(RTM_NEWROUTE, flags, &message).await {
                Err(NetlinkError::GatewayUnreachable) if !matches!(route.via, Via::Group(_)) => {
                    let message = emitted(&route::message(route, Purpose::MakeOnlink));
                    socket.change(RTM_NEWROUTE, flags, &message).await
                }
                made => made,
            }
        }
    }
}

pub(super) async fn new_nexthop(
    socket: &mut Socket,
    flags: u16,
    body: &Body,
) -> Result<(), NetlinkError> {
    socket.change(RTM_NEWNEXTHOP, flags, body.bytes()).await
}
