//! A netlink socket: one exchange at a time, bounded dumps, notifications.
//!
//! It is not for what is asked or answered. It is one of our own instead of rtnetlink's
//! connection because that one buffers without a bound and hides the raw bytes, which tell
//! whether a route can be copied exactly.

use std::io;

use futures_util::FutureExt;
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN,
};
use rtnetlink::sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols};

use super::wire::{Messages, outcome};
use crate::kernel::error::NetlinkError;

/// The kernel sends at most 32 KiB at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a dump is of, and where it ends at the latest.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) struct Scope {
    /// What is dumped, for messages: "routes".
    pub(in crate::kernel) what: &'static str,
    /// The most entries.
    pub(in crate::kernel) limit: usize,
}

/// A netlink socket. Its reads are cancel-safe in that a cancelled exchange leaves replies behind
/// that the next one skips.
pub struct Socket {
    channel: TokioSocket,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Socket {
    /// Open a socket for links, addresses, routes, rules and nexthops in the calling thread's
    /// network namespace, subscribed to `groups` (a mask of `1 << (RTNLGRP_* - 1)`; 0 for none).
    /// Needs a tokio runtime around it.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn route(groups: u32) -> Result<Self, NetlinkError> {
        Self::open(protocols::NETLINK_ROUTE, groups).map_err(NetlinkError::Socket)
    }

    /// Likewise for other sockets' state; `groups` is a mask of `1 << (SKNLGRP_* - 1)`.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn sock_diag(groups: u32) -> Result<Self, NetlinkError> {
        Self::open(protocols::NETLINK_SOCK_DIAG, groups).map_err(NetlinkError::Socket)
    }

    fn open(protocol: isize, groups: u32) -> io::Result<Self> {
        let mut socket = TokioSocket::new(protocol)?;
        let raw = socket.socket_mut();
        raw.bind(&SocketAddr::new(0, groups))?;
        // Strict: a dump leaves out the cached exceptions, and a typo is an error.
        raw.set_netlink_get_strict_chk(true)?;
        // An error need not carry the whole request back, but the kernel's words for it.
        raw.set_cap_ack(true)?;
        raw.set_ext_ack(true)?;
        let mut address = SocketAddr::new(0, 0);
        raw.get_address(&mut address)?;
        let port = address.port_number();
        Ok(Self {
            channel: socket,
            port,
            sequence: 0,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// The port the kernel knows this socket by; notifications of its requests carry it.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Ask for a change and wait until it is done. `kind` is the message type (`RTM_*`), `flags`
    /// what comes beside `NLM_F_REQUEST` and `NLM_F_ACK`.
    ///
    /// # Errors
    ///
    /// The kernel's refusal, or a failure of the socket.
    pub(in crate::kernel) async fn change(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
    ) -> Result<(), NetlinkError> {
        self.send(kind, NLM_F_REQUEST | NLM_F_ACK | flags, body)
            .await?;
        loop {
            let sequence = self.sequence;
            for message in Messages::of(self.receive().await?) {
                let message = message?;
                if message.sequence_number() == sequence && message.message_type() == NLMSG_ERROR {
                    return outcome(&message);
                }
            }
        }
    }

    /// Ask for one thing: its payload.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Gone`] if there is none, or any other refusal.
    pub(in crate::kernel) async fn get(
        &mut self,
        kind: u16,
        body: &[u8],
    ) -> Result<Vec<u8>, NetlinkError> {
        self.send(kind, NLM_F_REQUEST, body).await?;
        loop {
            let sequence = self.sequence;
            for message in Messages::of(self.receive().await?) {
                let message = message?;
                if message.sequence_number() != sequence {
                    continue;
                }
                if message.message_type() == NLMSG_ERROR {
                    outcome(&message)?;
                    let what = "a thing was asked for and only success answered";
                    return Err(NetlinkError::Garbled(what.to_owned()));
                }
                return Ok(message.payload().to_vec());
            }
        }
    }

    /// Dump everything a request asks for; `keep` sees each payload.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Unsteady`] if something changed meanwhile, [`NetlinkError::TooMany`] beyond
    /// the limit, a refusal, or a failure of the socket.
    pub(in crate::kernel) async fn dump(
        &mut self,
        Scope { what, limit }: Scope,
        kind: u16,
        body: &[u8],
        keep: &mut impl FnMut(&[u8]),
    ) -> Result<(), NetlinkError> {
        self.send(kind, NLM_F_REQUEST | NLM_F_DUMP, body).await?;
        let (mut count, mut interrupted) = (0, false);
        loop {
            let sequence = self.sequence;
            for message in Messages::of(self.receive().await?) {
                let message = message?;
                if message.sequence_number() != sequence {
                    continue;
                }
                interrupted |= message.flags() & NLM_F_DUMP_INTR != 0;
                match message.message_type() {
                    NLMSG_DONE | NLMSG_ERROR => {
                        outcome(&message)?;
                        return if interrupted {
                            Err(NetlinkError::Unsteady(what))
                        } else {
                            Ok(())
                        };
                    }
                    NLMSG_OVERRUN => return Err(NetlinkError::Unsteady(what)),
                    _ if count == limit => return Err(NetlinkError::TooMany { what, limit }),
                    _ => {
                        count += 1;
                        keep(message.payload());
                    }
                }
            }
        }
    }

    /// One datagram of notifications, read by `read`: message type, requester's port, payload.
    /// Empty if the kernel had to drop some. Cancel-safe.
    pub(in crate::kernel) async fn notifications<T>(
        &mut self,
        read: impl Fn(u16, u32, &[u8]) -> T,
    ) -> Result<Vec<T>, NetlinkError> {
        each(self.receive().await, read)
    }

    /// Like [`Self::notifications`], but `None` instead of waiting.
    pub(in crate::kernel) fn notifications_now<T>(
        &mut self,
        read: impl Fn(u16, u32, &[u8]) -> T,
    ) -> Result<Option<Vec<T>>, NetlinkError> {
        let datagram = self.receive().now_or_never();
        datagram.map(|datagram| each(datagram, read)).transpose()
    }

    /// The message types of a datagram that has already arrived, `None` if none has, empty if the
    /// kernel had to drop some. It asks the kernel itself: the runtime may not know of it yet.
    pub(in crate::kernel) fn arrived(&mut self) -> Result<Option<Vec<u16>>, NetlinkError> {
        self.buffer.clear();
        let socket = self.channel.socket_ref();
        match socket.recv_from(&mut self.buffer, nix::libc::MSG_DONTWAIT) {
            Ok((_, from)) if from.port_number() != 0 => self.arrived(),
            Ok(_) => each(Ok(&self.buffer), |kind, _, _| kind).map(Some),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(e) => each(Err(NetlinkError::Socket(e)), |kind, _, _| kind).map(Some),
        }
    }

    async fn send(&mut self, kind: u16, flags: u16, body: &[u8]) -> Result<(), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = 16 + body.len() as u32;
        let mut bytes = Vec::with_capacity(length as usize);
        bytes.extend(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(self.sequence.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(body);
        let sent = self
            .channel
            .send_to(&bytes, &SocketAddr::new(0, 0))
            .await
            .map_err(NetlinkError::Socket)?;
        if sent == bytes.len() {
            Ok(())
        } else {
            Err(NetlinkError::Garbled(
                "a request went out cut short".to_owned(),
            ))
        }
    }

    /// The next datagram from the kernel; from anyone else it is ignored.
    async fn receive(&mut self) -> Result<&[u8], NetlinkError> {
        loop {
            self.buffer.clear();
            let from = self
                .channel
                .recv_from(&mut self.buffer)
                .await
                .map_err(NetlinkError::Socket)?;
            if from.port_number() == 0 {
                return Ok(&self.buffer);
            }
        }
    }
}

/// The notifications of a datagram, none after an overrun.
fn each<T>(
    datagram: Result<&[u8], NetlinkError>,
    read: impl Fn(u16, u32, &[u8]) -> T,
) -> Result<Vec<T>, NetlinkError> {
    match datagram {
        Err(NetlinkError::Socket(e)) if e.raw_os_error() == Some(nix::libc::ENOBUFS) => {
            Ok(Vec::new())
        }
        datagram => Messages::of(datagram?)
            .map(|message| message.map(|m| read(m.message_type(), m.port_number(), m.payload())))
            .collect(),
    }
}
