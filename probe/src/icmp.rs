//! An ICMP socket, bound to one interface or routed, with kernel timestamps: opening, sending, reading replies and stamps.
//! Not for deciding what a reply means (`packet`, `window`) or for waiting (`prober`).

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SetSockOpt, SockaddrStorage, TimestampingFlag, cmsg_space,
    recvmsg, sockopt,
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, SockAddr, SockFilter, Socket, Type};

use crate::error::ProbeError;
use crate::method::Transport;
use crate::packet::{self, Received};
use crate::watch::KeepsItsDescriptor;
use crate::{Config, Exit, Family};

/// More than any header and echo reply we use; longer packets are cut and cannot be ours.
const BUFFER_BYTES: usize = 256;
/// `SOF_TIMESTAMPING_TX_SCHED` (`linux/net_tstamp.h`), which nix does not name: stamps before queueing.
const TX_SCHED: TimestampingFlag = TimestampingFlag::from_bits_retain(1 << 8);
/// `SO_EE_ORIGIN_TIMESTAMPING` (`linux/errqueue.h`).
const ORIGIN_TIMESTAMPING: u8 = 4;
/// `SCM_TSTAMP_SND` and `SCM_TSTAMP_SCHED` (`linux/errqueue.h`).
const STAMP_SENT: u32 = 0;
const STAMP_QUEUED: u32 = 1;

/// A transmit stamp from the socket's error queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TxStamp {
    /// The kernel's number of the send it belongs to.
    pub(crate) key: u32,
    /// True for the driver's stamp, false for the queueing layer's.
    pub(crate) from_driver: bool,
    /// Nanoseconds since the Unix epoch.
    pub(crate) at_ns: i64,
}

/// The socket with its addresses. `buffer` and `control` live elsewhere, so that it can sit inside an `AsyncFd`.
pub(crate) struct IcmpSocket {
    socket: Socket,
    family: Family,
    raw: bool,
    target: SockAddr,
    target_ip: IpAddr,
    ident: u16,
    token: u64,
}

/// Space for one received packet and its control messages, allocated once.
pub(crate) struct Buffers {
    data: [u8; BUFFER_BYTES],
    control: Vec<u8>,
}

impl Buffers {
    pub(crate) fn new() -> Self {
        // Three timestamps and an extended error with the offender's address, the larger of the two families.
        let control = vec![
            0;
            cmsg_space::<[libc::timespec; 3]>()
                + cmsg_space::<libc::sock_extended_err>()
                + cmsg_space::<libc::sockaddr_in6>()
        ];
        Self {
            data: [0; BUFFER_BYTES],
            control,
        }
    }
}

impl IcmpSocket {
    /// Opens a datagram or a raw ICMP socket as `config` says. `EACCES` or `EPERM` mean it is not allowed.
    pub(crate) fn open(
        config: &Config,
        transport: Transport,
        token: u64,
    ) -> Result<Self, OpenError> {
        let family = Family::of(config.target);
        let raw = transport == Transport::IcmpRaw;
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let kind = if raw { Type::RAW } else { Type::DGRAM };
        let socket =
            Socket::new(domain, kind.nonblocking().cloexec(), Some(protocol)).map_err(|error| {
                match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EACCES | Errno::EPERM) => OpenError::Forbidden,
                    _ => OpenError::Other(ProbeError::Os {
                        step: "open an ICMP socket",
                        source: error,
                    }),
                }
            })?;
        let ident = token as u16;
        if raw {
            // Without it every echo reply on this machine would wake us.
            socket
                .attach_filter(&reply_filter(family, ident))
                .map_err(ProbeError::os("attach the reply filter"))?;
        }
        bind(&socket, config)?;
        let icmp = Self {
            socket,
            family,
            raw,
            target: socket_address(config, 0).into(),
            target_ip: config.target,
            ident,
            token,
        };
        icmp.set_stamps(true)
            .map_err(ProbeError::os("ask for kernel timestamps"))?;
        Ok(icmp)
    }

    /// Sends echo request `seq`.
    pub(crate) fn send(&self, seq: u64) -> io::Result<()> {
        let packet = packet::echo_request(self.family, self.ident, seq, self.token);
        self.socket.send_to(&packet, &self.target).map(drop)
    }

    /// Makes the kernel count our sends from 0 again. After a failed send nobody knows whether it was counted.
    pub(crate) fn restart_keys(&self) -> io::Result<()> {
        self.set_stamps(false)?;
        Ok(self.set_stamps(true)?)
    }

    /// Reads one packet: what it is, and when the kernel received it. `WouldBlock` when there is none.
    pub(crate) fn receive(&self, buffers: &mut Buffers) -> io::Result<(Received, Option<i64>)> {
        let mut parts = [IoSliceMut::new(&mut buffers.data)];
        let message = recvmsg::<SockaddrStorage>(
            self.as_raw_fd(),
            &mut parts,
            Some(&mut buffers.control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let received_ns = message
            .cmsgs()
            .ok()
            .into_iter()
            .flatten()
            .find_map(|c| match c {
                ControlMessageOwned::ScmTimestampsns(stamps) => real_ns(stamps.system),
                _ => None,
            });
        let from_target = message.address.as_ref().and_then(ip_of) == Some(self.target_ip);
        let length = message.bytes.min(BUFFER_BYTES);
        if !from_target {
            return Ok((Received::Foreign, received_ns));
        }
        let bytes = &buffers.data[..length];
        let icmp = if self.raw && self.family == Family::V4 {
            packet::ipv4_payload(bytes)
        } else {
            Some(bytes)
        };
        let what = icmp.map_or(Received::Malformed, |icmp| {
            packet::read_reply(self.family, self.token, icmp)
        });
        Ok((what, received_ns))
    }

    /// Reads one transmit stamp off the error queue. `Ok(None)` for anything else that was there.
    pub(crate) fn receive_stamp(&self, buffers: &mut Buffers) -> io::Result<Option<TxStamp>> {
        let mut parts = [IoSliceMut::new(&mut buffers.data)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let message = recvmsg::<SockaddrStorage>(
            self.as_raw_fd(),
            &mut parts,
            Some(&mut buffers.control),
            flags,
        )?;
        let (mut at_ns, mut id) = (None, None);
        for c in message.cmsgs().ok().into_iter().flatten() {
            match c {
                ControlMessageOwned::ScmTimestampsns(stamps) => at_ns = real_ns(stamps.system),
                ControlMessageOwned::Ipv4RecvErr(e, _) | ControlMessageOwned::Ipv6RecvErr(e, _)
                    if e.ee_origin == ORIGIN_TIMESTAMPING
                        && matches!(e.ee_info, STAMP_SENT | STAMP_QUEUED) =>
                {
                    id = Some((e.ee_data, e.ee_info == STAMP_SENT));
                }
                _ => {}
            }
        }
        Ok(id.zip(at_ns).map(|((key, from_driver), at_ns)| TxStamp {
            key,
            from_driver,
            at_ns,
        }))
    }

    /// Software stamps of departure and arrival. Turning the numbering off and on restarts it at 0.
    fn set_stamps(&self, numbered: bool) -> nix::Result<()> {
        let mut flags = TimestampingFlag::SOF_TIMESTAMPING_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_RX_SOFTWARE
            | TimestampingFlag::SOF_TIMESTAMPING_TX_SOFTWARE
            | TX_SCHED
            // The stamp comes without a copy of the packet, so it needs no privilege beyond ours.
            | TimestampingFlag::SOF_TIMESTAMPING_OPT_TSONLY;
        flags.set(TimestampingFlag::SOF_TIMESTAMPING_OPT_ID, numbered);
        sockopt::Timestamping.set(&self.socket, &flags)
    }
}

impl KeepsItsDescriptor for IcmpSocket {}

impl AsRawFd for IcmpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for IcmpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Why an ICMP socket could not be opened: forbidden (another way may do) or broken.
pub(crate) enum OpenError {
    Forbidden,
    Other(ProbeError),
}

impl From<ProbeError> for OpenError {
    fn from(error: ProbeError) -> Self {
        Self::Other(error)
    }
}

/// True if an interface has this index. Binding does not tell: the kernel binds a socket to any index.
pub(crate) fn interface_exists(ifindex: NonZeroU32) -> bool {
    // nix 0.31 takes the C library's null pointer for success, hence the look at the name.
    nix::net::if_::if_indextoname(ifindex.get()).is_ok_and(|name| !name.is_empty())
}

/// Binds to the interface unless the kernel is to route, and to the source address if one was given.
pub(crate) fn bind(socket: &Socket, config: &Config) -> Result<(), ProbeError> {
    if config.exit == Exit::Interface {
        // By index, not by name: a name can change hands between the caller's look-up and now.
        socket
            .bind_device_by_index_v4(Some(config.ifindex))
            .map_err(ProbeError::os("bind to the interface"))?;
    }
    if let Some(source) = config.source {
        let address = with_scope(source, 0, config.ifindex.get());
        socket.bind(&address.into()).map_err(|error| {
            match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EADDRNOTAVAIL) => ProbeError::NoSuchSource,
                _ => ProbeError::Os {
                    step: "bind to the source address",
                    source: error,
                },
            }
        })?;
    }
    Ok(())
}

/// The target with a port.
pub(crate) fn socket_address(config: &Config, port: u16) -> SocketAddr {
    with_scope(config.target, port, config.ifindex.get())
}

/// A link-local IPv6 address means nothing without its interface.
fn with_scope(ip: IpAddr, port: u16, ifindex: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            SocketAddrV6::new(v6, port, 0, ifindex).into()
        }
        _ => SocketAddr::new(ip, port),
    }
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(v4.ip().into());
    }
    address.as_sockaddr_in6().map(|v6| v6.ip().into())
}

/// Nanoseconds since the epoch; `None` for the zero that stands for "no stamp".
fn real_ns(stamp: TimeSpec) -> Option<i64> {
    let ns = stamp
        .tv_sec()
        .checked_mul(1_000_000_000)?
        .checked_add(stamp.tv_nsec())?;
    (ns > 0).then_some(ns)
}

/// Accepts echo replies with our identifier. A raw IPv4 socket sees the IP header first, an IPv6 one does not.
fn reply_filter(family: Family, ident: u16) -> [SockFilter; 7] {
    /// Classic BPF opcodes (`linux/bpf_common.h`).
    const LDX_IPV4_HEADER_LEN: u16 = 0xb1;
    const LDX_CONSTANT: u16 = 0x01;
    const LOAD_BYTE_X: u16 = 0x50;
    const LOAD_HALF_X: u16 = 0x48;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let start = match family {
        Family::V4 => LDX_IPV4_HEADER_LEN,
        Family::V6 => LDX_CONSTANT,
    };
    [
        SockFilter::new(start, 0, 0, 0),
        SockFilter::new(LOAD_BYTE_X, 0, 0, 0),
        SockFilter::new(JUMP_EQUAL, 0, 2, u32::from(packet::reply_type(family))),
        SockFilter::new(LOAD_HALF_X, 0, 0, 4),
        SockFilter::new(JUMP_EQUAL, 1, 0, u32::from(ident)),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ]
}
