//! What happens to interfaces, as the kernel announces it: carriers, switches, addresses, default
//! routes. Sleeps while nothing happens. Whose fault anything is, is not asked here.

use std::collections::BTreeMap;
use std::io;

use evenkeel_core::blame::Happening;
use evenkeel_core::plan::numbers::PROTOCOL;
use rtnetlink::MulticastGroup;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, AsyncSocketExt as _, SocketAddr, TokioSocket};

use crate::wire::{Message, attribute, messages, number16, number32};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;

/// `struct ifinfomsg`, `struct ifaddrmsg` and `struct rtmsg`.
const LINK_BYTES: usize = 16;
const ROUTE_BYTES: usize = 12;
/// Flags of an interface (`linux/if.h`).
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 1 << 16;
const RTN_UNICAST: u8 = 1;
const RTA_OIF: u16 = 4;
const RTA_MULTIPATH: u16 = 9;
/// `struct rtnexthop`.
const HOP_BYTES: usize = 8;
/// The kernel sends at most 32 KiB at once.
const BUFFER_BYTES: usize = 32 * 1024;

/// What is known of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    up: bool,
    carrier: bool,
}

/// The state of each interface that is followed, and what its changes mean.
#[derive(Debug, Clone, Default)]
struct Links(BTreeMap<u32, State>);

impl Links {
    /// Follows these interfaces: index, and whether it has a carrier now.
    fn follow(&mut self, interfaces: &[(u32, bool)]) {
        let is_followed = |ifindex: &u32| interfaces.iter().any(|(one, _)| one == ifindex);
        self.0.retain(|ifindex, _| is_followed(ifindex));
        for (ifindex, carrier) in interfaces {
            let state = State {
                up: true,
                carrier: *carrier,
            };
            let _ = self.0.entry(*ifindex).or_insert(state);
        }
    }

    /// What a message says of interfaces that are followed.
    fn take(&mut self, message: &Message<'_>) -> Vec<(u32, Happening)> {
        let payload = message.payload;
        match message.kind {
            RTM_NEWLINK | RTM_DELLINK => self.take_link(message).into_iter().collect(),
            RTM_DELADDR => {
                let ifindex = payload.get(4..).and_then(number32);
                let ours = ifindex.filter(|ifindex| self.0.contains_key(ifindex));
                ours.map(|ifindex| (ifindex, Happening::AddressChanged))
                    .into_iter()
                    .collect()
            }
            RTM_NEWROUTE | RTM_DELROUTE => {
                let exits = default_exits(payload).into_iter();
                let ours = exits.filter(|ifindex| self.0.contains_key(ifindex));
                ours.map(|ifindex| (ifindex, Happening::RouteChanged))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn take_link(&mut self, message: &Message<'_>) -> Option<(u32, Happening)> {
        let payload = message.payload.get(..LINK_BYTES)?;
        // Bridges announce their ports likewise, under a family of their own.
        if payload[0] != 0 {
            return None;
        }
        let ifindex = number32(&payload[4..])?;
        let flags = number32(&payload[8..])?;
        let exists = message.kind == RTM_NEWLINK;
        let now = State {
            up: exists && flags & IFF_UP != 0,
            carrier: exists && flags & IFF_LOWER_UP != 0,
        };
        let before = std::mem::replace(self.0.get_mut(&ifindex)?, now);
        let what = match (before, now) {
            // Unplugged, it is switched off as well.
            (State { carrier: true, .. }, _) if !exists => Happening::CarrierLost,
            (State { up: true, .. }, State { up: false, .. }) => Happening::SwitchedOff,
            (
                State { carrier: true, .. },
                State {
                    carrier: false,
                    up: true,
                },
            ) => Happening::CarrierLost,
            _ => return None,
        };
        Some((ifindex, what))
    }
}

/// The interfaces that a default route leaves by; none if it is ours or no default.
fn default_exits(payload: &[u8]) -> Vec<u32> {
    let Some(header) = payload.get(..ROUTE_BYTES) else {
        return Vec::new();
    };
    if header[1] != 0 || header[7] != RTN_UNICAST || header[5] == PROTOCOL {
        return Vec::new();
    }
    let attributes = &payload[ROUTE_BYTES..];
    let mut exits: Vec<u32> = attribute(attributes, RTA_OIF)
        .and_then(number32)
        .into_iter()
        .collect();
    let mut hops = attribute(attributes, RTA_MULTIPATH).unwrap_or_default();
    while let (Some(length), Some(ifindex)) = (number16(hops), hops.get(4..).and_then(number32)) {
        exits.push(ifindex);
        let length = usize::from(length).max(HOP_BYTES).next_multiple_of(4);
        hops = hops.get(length..).unwrap_or_default();
    }
    exits
}

/// A subscription to the kernel's announcements.
pub struct LinkEvents {
    socket: TokioSocket,
    links: Links,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for LinkEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkEvents")
            .field("links", &self.links)
            .finish_non_exhaustive()
    }
}

impl LinkEvents {
    /// Subscribes, in the calling thread's network namespace. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub fn open() -> io::Result<Self> {
        let groups = [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
        ];
        let mask = groups
            .iter()
            .fold(0, |mask, group| mask | 1 << (*group as u32 - 1));
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        socket.socket_mut().bind(&SocketAddr::new(0, mask))?;
        Ok(Self {
            socket,
            links: Links::default(),
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// Follows these interfaces from now on: index, and whether it has a carrier now.
    pub fn follow(&mut self, interfaces: &[(u32, bool)]) {
        self.links.follow(interfaces);
    }

    /// Waits until something is announced and tells what happened to interfaces that are followed;
    /// often nothing. Safe to cancel. Announcements that were lost in a storm are passed over.
    ///
    /// # Errors
    /// When the socket broke; open a new one then.
    pub async fn next(&mut self) -> io::Result<Vec<(u32, Happening)>> {
        self.buffer.clear();
        match self.socket.recv_from(&mut self.buffer).await {
            Ok(from) if from.port_number() == 0 => {}
            Ok(_) => return Ok(Vec::new()),
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
        let messages = messages(&self.buffer);
        Ok(messages
            .flat_map(|message| self.links.take(&message))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::add_attribute;
    use proptest::prelude::*;

    fn followed() -> Links {
        let mut links = Links::default();
        links.follow(&[(3, true), (4, false)]);
        links
    }

    fn take(links: &mut Links, kind: u16, payload: &[u8]) -> Vec<(u32, Happening)> {
        links.take(&Message {
            kind,
            sequence: 0,
            payload,
        })
    }

    fn link(ifindex: u32, flags: u32) -> Vec<u8> {
        [[0; 4], ifindex.to_ne_bytes(), flags.to_ne_bytes(), [0; 4]].concat()
    }

    const WELL: u32 = IFF_UP | IFF_LOWER_UP;

    #[test]
    fn a_carrier_that_goes_is_told_once_and_so_is_a_switch() {
        let mut links = followed();
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, WELL)), []);
        let lost = [(3, Happening::CarrierLost)];
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, IFF_UP)), lost);
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, IFF_UP)), []);
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, WELL)), []);
        let off = [(3, Happening::SwitchedOff)];
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, 0)), off);
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(3, WELL)), []);
        assert_eq!(take(&mut links, RTM_DELLINK, &link(3, WELL)), lost);
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(4, IFF_UP)), []);
        assert_eq!(take(&mut links, RTM_NEWLINK, &link(9, IFF_UP)), []);
    }

    #[test]
    fn a_port_announced_by_its_bridge_is_no_news() {
        let mut bridged = link(3, IFF_UP);
        bridged[0] = 7;
        assert_eq!(take(&mut followed(), RTM_NEWLINK, &bridged), []);
    }

    fn route(destination: u8, protocol: u8, exits: &[u32]) -> Vec<u8> {
        let mut body = vec![
            2,
            destination,
            0,
            0,
            254,
            protocol,
            0,
            RTN_UNICAST,
            0,
            0,
            0,
            0,
        ];
        match exits {
            [one] => add_attribute(&mut body, RTA_OIF, &one.to_ne_bytes()),
            many => {
                let hops: Vec<u8> = many
                    .iter()
                    .flat_map(|exit| [[8, 0, 0, 0], exit.to_ne_bytes()].concat())
                    .collect();
                add_attribute(&mut body, RTA_MULTIPATH, &hops);
            }
        }
        body
    }

    #[test]
    fn only_default_routes_that_are_not_ours_are_told() {
        let changed = |exits: &[u32]| -> Vec<(u32, Happening)> {
            exits
                .iter()
                .map(|exit| (*exit, Happening::RouteChanged))
                .collect()
        };
        let mut links = followed();
        let mut route_of = |kind, route: &[u8]| take(&mut links, kind, route);
        assert_eq!(route_of(RTM_NEWROUTE, &route(0, 3, &[3])), changed(&[3]));
        assert_eq!(
            route_of(RTM_DELROUTE, &route(0, 3, &[3, 4, 9])),
            changed(&[3, 4])
        );
        assert_eq!(route_of(RTM_NEWROUTE, &route(24, 3, &[3])), []);
        assert_eq!(route_of(RTM_NEWROUTE, &route(0, PROTOCOL, &[3])), []);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(
            kind in 16_u16..26,
            payload in proptest::collection::vec(any::<u8>(), 0..120),
        ) {
            let _ = take(&mut followed(), kind, &payload);
        }
    }
}
