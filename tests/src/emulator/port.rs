//! One end of the emulator: a raw packet socket on one interface that reports kernel arrival times.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind,
    recvmsg, send, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime};

use crate::error::{Context as _, LabError};

/// Kernel buffer per socket.
const BUFFER_BYTES: usize = 8 << 20;

/// A packet socket on one interface of the current network namespace.
#[derive(Debug)]
pub struct Port {
    socket: OwnedFd,
    control: Vec<u8>,
}

/// A frame that passed an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Its length in bytes.
    pub length: usize,
    /// When, in nanoseconds of [`now_ns`]'s clock, if the kernel said.
    pub at_ns: Option<i64>,
    /// Whether this host sent it.
    pub is_outgoing: bool,
}

/// Wall-clock time in nanoseconds: the clock of the kernel's arrival times.
pub fn now_ns() -> i64 {
    // CLOCK_REALTIME exists on every kernel; it cannot fail.
    clock_gettime(ClockId::CLOCK_REALTIME).map_or(0, to_ns)
}

fn to_ns(time: TimeSpec) -> i64 {
    time.tv_sec() * 1_000_000_000 + time.tv_nsec()
}

impl Port {
    /// Opens the interface `name`.
    ///
    /// # Errors
    /// When there is no such interface, or without `CAP_NET_RAW`.
    pub fn open(name: &str) -> Result<Self, LabError> {
        let what = || format!("opening a packet socket on `{name}`");
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        // The kernel's list of interfaces holds ready link addresses with the index in them. Their
        // protocol is zero, with which bind() keeps the socket's own (all protocols).
        let address: LinkAddr = getifaddrs()
            .context(what)?
            .filter(|interface| interface.interface_name == name)
            .find_map(|interface| interface.address?.as_link_addr().copied())
            .ok_or_else(|| LabError::Invalid(format!("there is no interface `{name}` here")))?;
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            flags,
            SockProtocol::EthAll,
        )
        .context(what)?;
        bind(socket.as_raw_fd(), &address).context(what)?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).context(what)?;
        // Without the capability to force it, the system's limit applies, which is only slower.
        if setsockopt(&socket, sockopt::RcvBufForce, &BUFFER_BYTES).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &BUFFER_BYTES);
        }
        let mut port = Self {
            socket,
            control: nix::cmsg_space!(TimeSpec),
        };
        // Until bind() it heard all interfaces.
        while port.receive(&mut [0; 64]).is_some() {}
        Ok(port)
    }

    /// Takes the next frame that came in, if one waits: its length in `buffer` and its arrival time.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Option<(usize, i64)> {
        loop {
            let passed = self.hear(buffer)?;
            if !passed.is_outgoing {
                return Some((passed.length, passed.at_ns.unwrap_or_else(now_ns)));
            }
        }
    }

    /// Takes the next frame that passed, in or out, if one waits.
    pub fn hear(&mut self, buffer: &mut [u8]) -> Option<Passed> {
        loop {
            let mut slices = [IoSliceMut::new(buffer)];
            let message = recvmsg::<LinkAddr>(
                self.socket.as_raw_fd(),
                &mut slices,
                Some(&mut self.control),
                MsgFlags::MSG_DONTWAIT,
            );
            let message = match message {
                Ok(message) => message,
                // "Network is down" is reported once when the interface goes down.
                Err(Errno::EINTR | Errno::ENETDOWN) => continue,
                Err(_) => return None,
            };
            let at_ns = message.cmsgs().ok().and_then(|mut list| {
                list.find_map(|item| match item {
                    ControlMessageOwned::ScmTimestampns(time) => Some(to_ns(time)),
                    _ => None,
                })
            });
            return Some(Passed {
                length: message.bytes,
                at_ns,
                is_outgoing: message
                    .address
                    .is_some_and(|from| from.pkttype() == PACKET_OUTGOING),
            });
        }
    }

    /// Sends a frame; a full or downed interface loses it, as a link does.
    pub fn send(&self, frame: &[u8]) -> bool {
        send(self.socket.as_raw_fd(), frame, MsgFlags::MSG_DONTWAIT).is_ok()
    }
}

/// `sll_pkttype` of a frame that this host sent itself.
const PACKET_OUTGOING: u8 = 4;

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
