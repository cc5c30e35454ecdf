//! The packets of a trial: small ones to many addresses, one flow each, and large ones to make a path
//! busy. All of them are for addresses that are set aside for tests, and none leaves the namespace.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::BindToDevice};

/// Where everything goes: set aside for measurements of devices (RFC 2544).
pub const NETWORK: (Ipv4Addr, u8) = (Ipv4Addr::new(198, 18, 0, 0), 15);
/// Flows of one count.
pub const FLOWS: u32 = 400;
/// Nobody hears it: discard.
const PORT: u16 = 9;
/// Rounds of load before the first flow, so that averages have settled.
const WARM_UP: u32 = 100;
/// Large packets for each small one.
const LOAD_PACKETS: u64 = 4;
const LOAD_BYTES: usize = 1100;
const FLOW_BYTES: usize = 20;
/// Between two rounds: long enough that jiffies pass, short enough that a trial takes seconds.
const ROUND: Duration = Duration::from_micros(500);

/// How flows come to their source address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The kernel chooses.
    Unbound,
    /// This one.
    From(Ipv4Addr),
}

/// Sends one small packet to each of [`FLOWS`] addresses, while the named device, if any, is busy.
/// Says how many packets of load that device was given.
///
/// # Errors
/// When a packet cannot be sent.
pub fn flows(source: Source, busy: Option<&str>) -> io::Result<u64> {
    let socket = UdpSocket::bind((
        match source {
            Source::Unbound => Ipv4Addr::UNSPECIFIED,
            Source::From(address) => address,
        },
        0,
    ))?;
    let load = busy.map(Load::open).transpose()?;
    let mut sent = 0;
    let mut make_busy = || -> io::Result<()> {
        if let Some(load) = &load {
            sent += load.round()?;
        }
        thread::sleep(ROUND);
        Ok(())
    };
    if busy.is_some() {
        for _ in 0..WARM_UP {
            make_busy()?;
        }
    }
    for number in 0..FLOWS {
        make_busy()?;
        socket.send_to(&[0; FLOW_BYTES], destination(number))?;
    }
    Ok(sent)
}

/// A destination of its own for each flow, the same ones under each condition.
fn destination(number: u32) -> SocketAddrV4 {
    // An odd factor visits each address once, and scatters them.
    let host = number.wrapping_mul(40_503) & 0xFFFF;
    SocketAddrV4::new(Ipv4Addr::from_bits(NETWORK.0.to_bits() | host), PORT)
}

/// Sends one packet by this device.
///
/// # Errors
/// When it cannot be sent.
pub fn prime(device: &str) -> io::Result<()> {
    let load = Load::open(device)?;
    load.socket.send_to(&[0; FLOW_BYTES], load.to).map(|_| ())
}

struct Load {
    socket: UdpSocket,
    to: SocketAddrV4,
}

impl Load {
    /// What is bound to a device takes that nexthop of the route, whatever the kernel prefers.
    fn open(device: &str) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        setsockopt(&socket, BindToDevice, &OsString::from(device))?;
        // In the other half of the network, so that no flow has the same destination.
        let to = Ipv4Addr::from_bits(NETWORK.0.to_bits() | 0x1_0001);
        Ok(Self {
            socket,
            to: SocketAddrV4::new(to, PORT),
        })
    }

    fn round(&self) -> io::Result<u64> {
        for _ in 0..LOAD_PACKETS {
            self.socket.send_to(&[0; LOAD_BYTES], self.to)?;
        }
        Ok(LOAD_PACKETS)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_flow_has_a_destination_of_its_own_inside_the_network() {
        let all: BTreeSet<_> = (0..FLOWS).map(destination).collect();
        assert_eq!(all.len(), FLOWS as usize);
        for to in all {
            let prefix = u32::MAX << (32 - NETWORK.1);
            assert_eq!(to.ip().to_bits() & prefix, NETWORK.0.to_bits(), "{to}");
        }
    }
}
