//! A router's advertisements: announces a prefix and a default router on one interface, answers
//! solicitations at once, and says what it is told to: a lifetime of 0 withdraws the default. Not a
//! `DHCPv6` server, and it announces no names.

use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use nix::net::if_::if_nametoindex;
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::{Context as _, LabError};

/// What the sender prints when it is ready to answer.
pub const READY: &str = "advertising";
/// Seconds for which a router says it is one (RFC 4861 allows 0 and up to 9000).
pub const LIFETIME_S: u16 = 1800;
/// Pause between two unasked advertisements.
const INTERVAL: Duration = Duration::from_secs(30);
/// Lifetime of the prefix, seconds.
const PREFIX_LIFETIME_S: u32 = 3600;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;

/// One advertisement (RFC 4861, 4.2) of a /64 prefix (4.6.2) for stateless addresses. The kernel fills
/// the checksum in.
fn message(lifetime_s: u16, prefix: Ipv6Addr) -> Vec<u8> {
    let mut bytes = vec![ROUTER_ADVERTISEMENT, 0, 0, 0];
    // Hop limit 64; no flags: addresses come from the prefix alone, preference medium.
    bytes.extend([64, 0]);
    bytes.extend(lifetime_s.to_be_bytes());
    bytes.extend([0; 8]); // reachable time and retransmission timer: unspecified
    // Prefix information, four units of eight bytes; on-link and autonomous.
    bytes.extend([3, 4, 64, 0xc0]);
    bytes.extend(PREFIX_LIFETIME_S.to_be_bytes());
    bytes.extend(PREFIX_LIFETIME_S.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(prefix.octets());
    bytes
}

/// Advertises on `interface` of this network namespace until standard input closes. A line of input
/// is a new lifetime in seconds, advertised at once; each is answered with a line.
///
/// # Errors
/// When the socket can't be made or a line is not a number from 0 to 9000.
pub fn serve(interface: &str, prefix: Ipv6Addr) -> Result<(), LabError> {
    let what = || format!("advertising on {interface}");
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6)).context(what)?;
    socket
        .bind_device(Some(interface.as_bytes()))
        .context(what)?;
    socket.set_multicast_hops_v6(255).context(what)?;
    socket.set_read_timeout(Some(INTERVAL)).context(what)?;
    let index = if_nametoindex(interface).context(what)?;
    let router = Arc::new(Router {
        socket,
        to: SocketAddrV6::new(ALL_NODES, 0, 0, index),
        prefix,
        lifetime_s: AtomicU16::new(LIFETIME_S),
    });
    router.advertise().context(what)?;
    let answering = Arc::clone(&router);
    std::thread::spawn(move || answering.answer());
    say(READY)?;
    for line in std::io::stdin().lines() {
        let line = line.context(|| "reading orders".into())?;
        let lifetime_s = line.trim().parse().ok().filter(|s| *s <= 9000);
        let lifetime_s = lifetime_s.ok_or_else(|| {
            LabError::Invalid(format!(
                "a router's lifetime is 0 to 9000 seconds, not `{line}`"
            ))
        })?;
        router.lifetime_s.store(lifetime_s, Ordering::SeqCst);
        router.advertise().context(what)?;
        say(&format!("lifetime {lifetime_s}"))?;
    }
    Ok(())
}

struct Router {
    socket: Socket,
    to: SocketAddrV6,
    prefix: Ipv6Addr,
    lifetime_s: AtomicU16,
}

impl Router {
    fn advertise(&self) -> std::io::Result<()> {
        let bytes = message(self.lifetime_s.load(Ordering::SeqCst), self.prefix);
        self.socket.send_to(&bytes, &self.to.into()).map(|_| ())
    }

    /// Answers every solicitation, and speaks up unasked when there was nothing for a while.
    fn answer(&self) {
        let mut buffer = [0; 1500];
        loop {
            let got = (&self.socket).read(&mut buffer);
            if matches!(got, Ok(n) if n == 0 || buffer[0] != ROUTER_SOLICITATION) {
                continue;
            }
            // A link without a carrier loses it, as a cable does; the next one is due soon.
            let _ = self.advertise();
        }
    }
}

fn say(line: &str) -> Result<(), LabError> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .context(|| format!("saying `{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advertisement_has_its_lifetime_and_its_prefix_where_the_rfc_puts_them() {
        let prefix = Ipv6Addr::new(0xfd01, 0, 0, 0, 0, 0, 0, 0);
        let bytes = message(1800, prefix);
        assert_eq!(bytes.len(), 16 + 32);
        assert_eq!((bytes[0], bytes[4], bytes[5]), (134, 64, 0));
        assert_eq!(bytes[6..8], [0x07, 0x08]);
        assert_eq!(bytes[16..20], [3, 4, 64, 0xc0]);
        assert_eq!(bytes[32..48], prefix.octets());
        assert_eq!(message(0, prefix)[6..8], [0, 0]);
    }
}
