//! Opens what asks the peer of a connection for its round trip. Not for when to ask.

use std::net::IpAddr;
use std::num::NonZeroU32;

use evenkeel_probe::{Config, Exit, Prober};

/// Asks by ICMP, on the way that a program's own packets to this address go. `None` where that cannot
/// be asked.
pub fn prober(peer: IpAddr) -> Option<Prober> {
    // Any interface that exists will do: the routes choose the one to leave by.
    let loopback = nix::net::if_::if_nametoindex("lo").ok()?;
    let config = Config {
        exit: Exit::Routed,
        ..Config::new(NonZeroU32::new(loopback)?, peer)
    };
    Prober::open(config).ok()
}
