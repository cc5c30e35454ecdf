//! Which sockets of this machine depend on which address or port, from the kernel's socket
//! diagnostics, and a watch on those that close.
//!
//! It is not for saying what follows from it. It needs no privilege. Sockets in other
//! network namespaces (containers) are not ours to see: their packets only pass through.

use evenkeel_core::plan::Sockets;

use super::{
    error::NetlinkError,
    netlink::{Scope, Socket},
};
use message::{Diagnosed, Transport, request};

mod message;
mod watch;

pub use watch::{Closed, SocketWatch};

/// The most sockets of one kind and family looked at.
pub const MAX_SOCKETS: usize = 262_144;

/// `SOCK_DIAG_BY_FAMILY`
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// The sockets of both families. A socket of IPv6 that speaks IPv4 counts as one of IPv4, and a
/// wildcard one of IPv6 that may speak both counts in both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenSockets {
    /// Those of IPv4.
    pub v4: Sockets,
    /// Those of IPv6.
    pub v6: Sockets,
}

impl OpenSockets {
    /// Look at all TCP, UDP and UDP-Lite sockets once.
    ///
    /// `sources` are the local addresses of TCP sockets with a peer (not listening, not past
    /// their end) and of UDP ones that are connected or bound to an address; loopback and
    /// multicast are left out. `wildcard_udp_ports` are the ports of UDP sockets without an
    /// address, a peer or an interface of their own. Other transports (SCTP, raw) aren't looked
    /// at.
    ///
    /// # Errors
    ///
    /// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_SOCKETS`] of one kind and family.
    /// Then it isn't known which are in use: assume all.
    pub async fn look() -> Result<Self, NetlinkError> {
        let mut found = Self::default();
        for transport in [Transport::Tcp, Transport::Udp, Transport::UdpLite] {
            for family in message::FAMILIES {
                // One socket per dump: the kernel answers the next request before the last ends.
                let mut socket = Socket::sock_diag(0)?;
                let body = request(family, transport);
                let scope = Scope {
                    what: "sockets",
                    limit: MAX_SOCKETS,
                };
                let mut keep = |payload: &[u8]| {
                    if let Some(one) = Diagnosed::parse(payload) {
                        found.add(transport, &one);
                    }
                };
                let dumped = socket
                    .dump(scope, SOCK_DIAG_BY_FAMILY, &body, &mut keep)
                    .await;
                match dumped {
                    // It has no such sockets: a kernel without UDP-Lite.
                    Err(NetlinkError::Gone | NetlinkError::Unsupported(_))
                        if transport == Transport::UdpLite => {}
                    dumped => dumped?,
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, transport: Transport, one: &Diagnosed) {
        if let Some(source) = one.source() {
            let side = if source.is_ipv4() {
                &mut self.v4
            } else {
                &mut self.v6
            };
            side.sources.insert(source);
        } else if transport == Transport::Udp
            && let Some(wildcard) = one.wildcard()
        {
            if wildcard.v4 {
                self.v4.wildcard_udp_ports.insert(wildcard.port);
            }
            if wildcard.v6 {
                self.v6.wildcard_udp_ports.insert(wildcard.port);
            }
        }
    }
}
