//! A watch on UDP sockets that close, so that what was kept for them ends without polling.
//!
//! It is not for those that open: nobody says so.

use std::collections::BTreeSet;

use super::message::Diagnosed;
use crate::kernel::{error::NetlinkError, netlink::Socket};

/// `SKNLGRP_INET_UDP_DESTROY` and `SKNLGRP_INET6_UDP_DESTROY`, as a mask.
const GROUPS: u32 = 1 << (2 - 1) | 1 << (4 - 1);

/// The most datagrams gathered into one report, so that a storm still gets reported.
const MAX_DATAGRAMS: usize = 1024;

/// What closed since the last call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// UDP sockets on these ports. Others may still be open on them: look.
    Ports(BTreeSet<u16>),
    /// Some were missed: any may have closed.
    Some,
}

/// A subscription to the ends of UDP sockets in one network namespace.
#[derive(Debug)]
pub struct SocketWatch {
    socket: Socket,
}

impl SocketWatch {
    /// Subscribe, in the calling thread's network namespace. Needs a tokio runtime around it.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn open() -> Result<Self, NetlinkError> {
        Ok(Self {
            socket: Socket::sock_diag(GROUPS)?,
        })
    }

    /// Wait until a UDP socket closed, and gather all that has been reported by then. Sleeps
    /// without a wake-up while none does. Safe to cancel, as in `select!`.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`]; open a new one then.
    pub async fn closed(&mut self) -> Result<Closed, NetlinkError> {
        loop {
            let mut closed = Some(BTreeSet::new());
            add(&mut closed, self.socket.notifications(port).await?);
            for _ in 1..MAX_DATAGRAMS {
                let Some(more) = self.socket.notifications_now(port)? else {
                    break;
                };
                add(&mut closed, more);
            }
            match closed {
                None => return Ok(Closed::Some),
                Some(ports) if !ports.is_empty() => return Ok(Closed::Ports(ports)),
                Some(_) => {}
            }
        }
    }
}

/// The port in a notification; `None` for a socket that never had one.
fn port(_kind: u16, _requester: u32, payload: &[u8]) -> Option<u16> {
    let port = Diagnosed::parse(payload)?.port;
    (port != 0).then_some(port)
}

fn add(closed: &mut Option<BTreeSet<u16>>, ports: Vec<Option<u16>>) {
    if ports.is_empty() {
        *closed = None; // some were dropped
    }
    if let Some(closed) = closed {
        closed.extend(ports.into_iter().flatten());
    }
}
