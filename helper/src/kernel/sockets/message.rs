//! The kernel's socket diagnostics as bytes: what is asked, and what of the answer matters.

use std::net::IpAddr;

use crate::kernel::netlink::wire::{Attributes, address, number32};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Both families' numbers.
pub(super) const FAMILIES: [u8; 2] = [AF_INET, AF_INET6];

/// The bytes of `struct inet_diag_req_v2`.
const REQUEST_BYTES: usize = 56;

/// The bytes of `struct inet_diag_msg`.
const MESSAGE_BYTES: usize = 72;

/// States of a socket (`TCP_*`; UDP uses the first and `TCP_CLOSE`).
const ESTABLISHED: u8 = 1;
const CLOSE: u8 = 7;

/// States in which a TCP socket has a peer: established, opening, and closing, but not
/// `TIME_WAIT`, which needs no route any more, nor `CLOSE` and `LISTEN`.
const WITH_A_PEER: [u8; 9] = [1, 2, 3, 4, 5, 8, 9, 11, 12];

/// `INET_DIAG_SKV6ONLY`
const V6_ONLY: u16 = 11;

/// A transport whose sockets are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp,
    Udp,
    UdpLite,
}

impl Transport {
    fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::UdpLite => 136,
        }
    }

    /// The states asked for, a bit each.
    fn states(self) -> u32 {
        let states: &[u8] = match self {
            Self::Tcp => &WITH_A_PEER,
            Self::Udp | Self::UdpLite => &[ESTABLISHED, CLOSE],
        };
        states.iter().fold(0, |mask, state| mask | 1 << state)
    }
}

/// The body of a request for all sockets of a family and a transport.
pub(super) fn request(family: u8, transport: Transport) -> Vec<u8> {
    let mut bytes = vec![family, transport.number(), 0, 0];
    bytes.extend(transport.states().to_ne_bytes());
    bytes.resize(REQUEST_BYTES, 0);
    bytes
}

/// One socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Diagnosed {
    is_v6: bool,
    state: u8,
    /// Its local port.
    pub(super) port: u16,
    /// Its local address.
    local: IpAddr,
    /// The interface it is bound to; 0 for none.
    ifindex: u32,
    v6_only: bool,
}

/// A UDP socket without an address, a peer or an interface, and the families it may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wildcard {
    pub(super) port: u16,
    pub(super) v4: bool,
    pub(super) v6: bool,
}

impl Diagnosed {
    /// The socket in an answer or a notification; `None` if it isn't IP or too short.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let message = payload.get(..MESSAGE_BYTES)?;
        let is_v6 = match message[0] {
            AF_INET => false,
            AF_INET6 => true,
            _ => return None,
        };
        let mut attributes = Attributes::of(&payload[MESSAGE_BYTES..]);
        let v6_only = attributes.any(|(kind, value)| kind == V6_ONLY && value != [0]);
        Some(Self {
            is_v6,
            state: message[1],
            // In the network's order, as nothing else here is.
            port: u16::from_be_bytes([message[4], message[5]]),
            local: address(&message[8..if is_v6 { 24 } else { 12 }])?,
            ifindex: number32(&message[40..44])?,
            v6_only,
        })
    }

    /// The local address that the socket keeps, if it has one that a route matters for.
    pub(super) fn source(&self) -> Option<IpAddr> {
        let local = self.local.to_canonical();
        let routed = !(local.is_unspecified() || local.is_loopback() || local.is_multicast());
        routed.then_some(local)
    }

    /// What the socket is, if it could leave by any interface and from any address.
    pub(super) fn wildcard(&self) -> Option<Wildcard> {
        // `::ffff:0.0.0.0` is a socket of IPv6 bound to any address of IPv4.
        let local = self.local.to_canonical();
        let free =
            local.is_unspecified() && self.state == CLOSE && self.ifindex == 0 && self.port != 0;
        free.then_some(Wildcard {
            port: self.port,
            v4: local.is_ipv4() || !self.v6_only,
            v6: local.is_ipv6() && self.is_v6,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An answer about a socket, with `INET_DIAG_SKV6ONLY` as told.
    fn answer(state: u8, port: u16, local: &str, ifindex: u32, v6_only: Option<u8>) -> Diagnosed {
        let local: IpAddr = local.parse().unwrap();
        let mut bytes = vec![0; MESSAGE_BYTES];
        bytes[0] = if local.is_ipv6() { AF_INET6 } else { AF_INET };
        bytes[1] = state;
        bytes[4..6].copy_from_slice(&port.to_be_bytes());
        match local {
            IpAddr::V4(v4) => bytes[8..12].copy_from_slice(&v4.octets()),
            IpAddr::V6(v6) => bytes[8..24].copy_from_slice(&v6.octets()),
        }
        bytes[40..44].copy_from_slice(&ifindex.to_ne_bytes());
        if let Some(value) = v6_only {
            bytes.extend([5, 0, 11, 0, value, 0, 0, 0]);
        }
        Diagnosed::parse(&bytes).unwrap()
    }

    #[test]
    fn a_socket_with_an_address_is_a_source_in_the_family_it_speaks() {
        let source = |local: &str| answer(1, 5000, local, 0, None).source();
        assert_eq!(source("10.1.0.2"), Some("10.1.0.2".parse().unwrap()));
        assert_eq!(source("::ffff:10.1.0.2"), Some("10.1.0.2".parse().unwrap()));
        assert_eq!(source("fd01::2"), Some("fd01::2".parse().unwrap()));
        for unrouted in [
            "0.0.0.0",
            "::",
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "224.0.0.1",
        ] {
            assert_eq!(source(unrouted), None, "{unrouted}");
        }
    }

    #[test]
    fn only_a_socket_that_could_leave_anywhere_is_a_wildcard() {
        let families = |found: Option<Wildcard>| found.map(|w| (w.port, w.v4, w.v6));
        let unbound = |local, only| families(answer(7, 5000, local, 0, only).wildcard());
        assert_eq!(unbound("0.0.0.0", None), Some((5000, true, false)));
        assert_eq!(unbound("::", Some(0)), Some((5000, true, true)));
        assert_eq!(unbound("::", Some(1)), Some((5000, false, true)));
        assert_eq!(
            unbound("::ffff:0.0.0.0", Some(0)),
            Some((5000, true, false))
        );
        assert_eq!(unbound("10.1.0.2", None), None);
        assert_eq!(answer(1, 5000, "0.0.0.0", 0, None).wildcard(), None);
        assert_eq!(answer(7, 5000, "0.0.0.0", 3, None).wildcard(), None);
        assert_eq!(answer(7, 0, "0.0.0.0", 0, None).wildcard(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_break_the_reader(
            bytes in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let one = Diagnosed::parse(&bytes);
            prop_assert!(one.is_none() || bytes.len() >= MESSAGE_BYTES);
        }
    }
}
