//! The flow of one block: which uplink a new flow would take now, and probes that stay on it, as a
//! flow does. It sets no pace and counts nothing.
//!
//! A game's flow lives on the uplink it began on. Which one that is, the kernel says: a UDP socket is
//! bound to nothing but a new port and connected, which sends nothing, and the source address it got
//! is an uplink's. So routes, rules, weights and the hash over them are the kernel's own. Its usual
//! hash takes only addresses, and a game's server has another one than the anchor; therefore the
//! destination is drawn, too, from the anchor's own network, the same for both blocks of a pair. The
//! probes go to the anchor, bound to that uplink, from a new socket, and so with a new port or echo
//! identifier: whoever balances load by flow on the way sees a new flow as well.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::time::Instant;

use evenkeel_probe::{Config, Event, Exit, Method, Prober, SendError};

use super::course::{Outcome, Sent};
use crate::kernel::survey::Uplink;

/// A port that programs connect to; nothing is sent there.
const SOME_PORT: u16 = 27_015;

/// Where a block's flow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Where a new flow goes now, to a destination drawn by this number.
    NewFlow(u64),
    /// Through this uplink.
    Uplink(u32),
}

/// What the sampler asks, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// The anchor for IPv4.
    pub v4: IpAddr,
    /// The anchor for IPv6.
    pub v6: IpAddr,
    /// The TCP port asked there where ICMP is filtered.
    pub tcp_port: u16,
}

/// See the module.
pub struct Flow {
    /// `None` where there was no way, or no socket for it: every probe is lost then.
    prober: Option<Prober>,
    ifindex: Option<u32>,
}

impl Flow {
    /// Opens a flow; sends nothing.
    pub fn open(way: Way, uplinks: &[Uplink], targets: Targets) -> Self {
        let v4_of = |uplink: &Uplink| uplink.gateway_v4.is_some();
        let (config, ifindex) = match way {
            Way::Uplink(ifindex) => {
                let uplink = uplinks.iter().find(|uplink| uplink.ifindex == ifindex);
                let target = if uplink.is_some_and(v4_of) {
                    targets.v4
                } else {
                    targets.v6
                };
                (bound(ifindex, target), Some(ifindex))
            }
            Way::NewFlow(draw) => {
                let target = if uplinks.iter().any(v4_of) {
                    targets.v4
                } else {
                    targets.v6
                };
                match source_of_new_flow(neighbour(target, draw)) {
                    Ok(source) => as_new_flow(source, target, uplinks),
                    Err(error) => {
                        log::debug!("a new flow finds no way: {error}");
                        (None, None)
                    }
                }
            }
        };
        let open = |mut config: Config| {
            config.method = Method::Auto {
                tcp_port: Some(targets.tcp_port),
            };
            Prober::open(config)
                .map_err(|error| log::debug!("a flow cannot be probed: {error}"))
                .ok()
        };
        Self {
            prober: config.and_then(open),
            ifindex,
        }
    }

    /// The uplink it goes through; `None` when that is none of them.
    pub fn ifindex(&self) -> Option<u32> {
        self.ifindex
    }

    /// Sends one probe.
    pub fn send(&mut self) -> Sent {
        let Some(prober) = &mut self.prober else {
            return Sent::Lost;
        };
        match prober.send() {
            Ok(_) => Sent::Flying,
            Err(SendError::Gone(_) | SendError::Unreachable(_)) => Sent::Lost,
            Err(SendError::Blocked(_) | SendError::Busy | SendError::Os(_)) => Sent::NotAtAll,
        }
    }

    /// The next outcome; waits for ever while no probe is under way. Safe to cancel.
    pub async fn outcome(&mut self) -> Outcome {
        let Some(prober) = &mut self.prober else {
            return std::future::pending().await;
        };
        match prober.event().await {
            Event::Reply(reply) => outcome(reply.sent_at, Some(reply.rtt_ns)),
            Event::Lost(lost) => outcome(lost.sent_at, None),
        }
    }
}

fn outcome(at: Instant, rtt_ns: Option<u64>) -> Outcome {
    Outcome {
        at,
        rtt_us: rtt_ns.map(|ns| u32::try_from((ns + 500) / 1_000).unwrap_or(u32::MAX - 1)),
    }
}

fn bound(ifindex: u32, target: IpAddr) -> Option<Config> {
    NonZeroU32::new(ifindex).map(|ifindex| Config::new(ifindex, target))
}

/// Probes like a flow that got this source address: through its uplink, or, past the uplinks, as the
/// routes say.
fn as_new_flow(
    source: IpAddr,
    target: IpAddr,
    uplinks: &[Uplink],
) -> (Option<Config>, Option<u32>) {
    let has = |uplink: &&Uplink| match source {
        IpAddr::V4(source) => uplink
            .addresses_v4
            .iter()
            .any(|(address, _)| *address == source),
        IpAddr::V6(source) => uplink
            .addresses_v6
            .iter()
            .any(|(address, _)| *address == source),
    };
    if let Some(uplink) = uplinks.iter().find(has) {
        return (bound(uplink.ifindex, target), Some(uplink.ifindex));
    }
    let any = uplinks
        .first()
        .and_then(|uplink| bound(uplink.ifindex, target));
    let routed = any.map(|config| Config {
        exit: Exit::Routed,
        source: Some(source),
        ..config
    });
    (routed, None)
}

/// The source address that the kernel gives a new flow to `destination`. Sends nothing.
fn source_of_new_flow(destination: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match destination {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(destination, SOME_PORT))?;
    Ok(socket.local_addr()?.ip())
}

/// An address in the anchor's own network, a /24 or a /64, which leaves by the same routes.
fn neighbour(anchor: IpAddr, draw: u64) -> IpAddr {
    match anchor {
        IpAddr::V4(anchor) => {
            let [a, b, c, _] = anchor.octets();
            Ipv4Addr::new(a, b, c, 1 + (draw % 254) as u8).into()
        }
        IpAddr::V6(anchor) => {
            let network = u128::from(anchor) >> 64 << 64;
            Ipv6Addr::from(network | u128::from(draw | 1)).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_destination_is_a_host_in_the_anchors_network() {
        let v4: IpAddr = "203.0.113.9".parse().unwrap();
        let v6: IpAddr = "2001:db8:6::1".parse().unwrap();
        for draw in [0, 253, 254, u64::MAX] {
            let IpAddr::V4(there) = neighbour(v4, draw) else {
                panic!()
            };
            assert_eq!(there.octets()[..3], [203, 0, 113]);
            assert!((1..=254).contains(&there.octets()[3]));
            let IpAddr::V6(there) = neighbour(v6, draw) else {
                panic!()
            };
            assert_eq!(there.segments()[..4], [0x2001, 0xdb8, 6, 0]);
        }
        assert_ne!(neighbour(v4, 1), neighbour(v4, 2));
    }

    #[test]
    fn the_kernel_names_the_source_of_a_new_flow_without_a_packet() {
        let source = source_of_new_flow(Ipv4Addr::LOCALHOST.into()).unwrap();
        assert_eq!(source, IpAddr::from(Ipv4Addr::LOCALHOST));
    }
}
