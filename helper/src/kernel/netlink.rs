//! rtnetlink, as little as needed: bounded dumps of links, addresses and routes, and the one
//! change there is, replacing a route that exists.
//!
//! It is not for judging what it carries. It speaks over a socket of its own instead of
//! rtnetlink's connection because that one buffers without a bound and hides the raw bytes, which
//! tell whether a route can be copied exactly.

use std::io;

use futures_util::FutureExt;
use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REPLACE, NLM_F_REQUEST, NLMSG_DONE,
    NLMSG_ERROR, NLMSG_OVERRUN, NetlinkBuffer, NetlinkMessage, Parseable, parse_i32,
};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::AddressMessage,
    link::LinkMessage,
    route::{RouteHeader, RouteMessage},
};
use rtnetlink::sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket, protocols};

use super::{ecmp::DumpedRoute, error::NetlinkError};

/// The most links looked at.
pub const MAX_LINKS: usize = 1024;

/// The most addresses looked at, both families together.
pub const MAX_ADDRESSES: usize = 4096;

/// The most routes looked at, both families and all tables together. More means a router with a
/// full table, which is not what the helper is for.
pub const MAX_ROUTES: usize = 8192;

/// How often a dump is begun anew when changes interrupted it.
const DUMP_ATTEMPTS: usize = 5;

/// The kernel sends at most 32 KiB at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// A routing netlink socket. Its reads are cancel-safe in that a cancelled exchange leaves
/// replies behind that the next one skips.
pub struct RouteSocket {
    socket: TokioSocket,
    port: u32,
    sequence: u32,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for RouteSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteSocket")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl RouteSocket {
    /// Open a socket in the calling thread's network namespace, subscribed to `groups` (a mask of
    /// `1 << (RTNLGRP_* - 1)`; 0 for none). Needs a tokio runtime around it.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn open(groups: u32) -> Result<Self, NetlinkError> {
        let open = || -> io::Result<Self> {
            let mut socket = TokioSocket::new(protocols::NETLINK_ROUTE)?;
            let raw = socket.socket_mut();
            raw.bind(&SocketAddr::new(0, groups))?;
            // Strict: a dump leaves out the cached exceptions, and a typo is an error.
            raw.set_netlink_get_strict_chk(true)?;
            // An error need not carry the whole request back.
            raw.set_cap_ack(true)?;
            let mut address = SocketAddr::new(0, 0);
            raw.get_address(&mut address)?;
            let port = address.port_number();
            Ok(Self {
                socket,
                port,
                sequence: 0,
                buffer: Vec::with_capacity(BUFFER_BYTES),
            })
        };
        open().map_err(NetlinkError::Socket)
    }

    /// The port the kernel knows this socket by; notifications of its requests carry it.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Replace an existing route by `message`, never creating one.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Gone`] if there is no such route, or any other refusal.
    pub async fn replace_route(&mut self, message: RouteMessage) -> Result<(), NetlinkError> {
        // Without NLM_F_CREATE, so that a route that vanished is not resurrected.
        let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE;
        self.send(RouteNetlinkMessage::NewRoute(message), flags)
            .await?;
        loop {
            let sequence = self.sequence;
            for message in Messages::of(self.receive().await?) {
                let message = message?;
                if message.sequence_number() != sequence || message.message_type() != NLMSG_ERROR {
                    continue;
                }
                return match error_code(&message)? {
                    0 => Ok(()),
                    code => Err(NetlinkError::from_errno(code.saturating_neg())),
                };
            }
        }
    }

    /// One datagram of notifications: for each, its message type and the port of the requester.
    /// Empty if the kernel had to drop some. Cancel-safe.
    pub(super) async fn notifications(&mut self) -> Result<Vec<(u16, u32)>, NetlinkError> {
        headers(self.receive().await)
    }

    /// Like [`Self::notifications`], but `None` instead of waiting.
    pub(super) fn notifications_now(&mut self) -> Result<Option<Vec<(u16, u32)>>, NetlinkError> {
        self.receive().now_or_never().map(headers).transpose()
    }

    /// Dump everything `request` asks for; `keep` sees each payload. At most `limit` messages.
    async fn dump(
        &mut self,
        what: &'static str,
        limit: usize,
        request: RouteNetlinkMessage,
        keep: &mut impl FnMut(&[u8]),
    ) -> Result<(), NetlinkError> {
        self.send(request, NLM_F_REQUEST | NLM_F_DUMP).await?;
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
                        return match error_code(&message)? {
                            0 if interrupted => Err(NetlinkError::Unsteady(what)),
                            0 => Ok(()),
                            code => Err(NetlinkError::from_errno(code.saturating_neg())),
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

    async fn send(&mut self, body: RouteNetlinkMessage, flags: u16) -> Result<(), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(body);
        message.header.flags = flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        let sent = self
            .socket
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
                .socket
                .recv_from(&mut self.buffer)
                .await
                .map_err(NetlinkError::Socket)?;
            if from.port_number() == 0 {
                return Ok(&self.buffer);
            }
        }
    }
}

/// The message types and requesters' ports in a datagram of notifications, empty after an overrun.
fn headers(datagram: Result<&[u8], NetlinkError>) -> Result<Vec<(u16, u32)>, NetlinkError> {
    match datagram {
        Err(NetlinkError::Socket(e)) if e.raw_os_error() == Some(nix::libc::ENOBUFS) => {
            Ok(Vec::new())
        }
        datagram => Messages::of(datagram?)
            .map(|message| message.map(|m| (m.message_type(), m.port_number())))
            .collect(),
    }
}

/// Every link.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_LINKS`].
pub async fn dump_links() -> Result<Vec<LinkMessage>, NetlinkError> {
    let requests = [RouteNetlinkMessage::GetLink(LinkMessage::default())];
    collect("links", MAX_LINKS, &requests, |bytes| {
        LinkMessage::parse(bytes).ok()
    })
    .await
}

/// Every address of both families.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_ADDRESSES`].
pub async fn dump_addresses() -> Result<Vec<AddressMessage>, NetlinkError> {
    let requests = [AddressFamily::Inet, AddressFamily::Inet6].map(|family| {
        let mut message = AddressMessage::default();
        message.header.family = family;
        RouteNetlinkMessage::GetAddress(message)
    });
    collect("addresses", MAX_ADDRESSES, &requests, |bytes| {
        AddressMessage::parse(bytes).ok()
    })
    .await
}

/// Every route of both families and all tables, without cached exceptions.
///
/// # Errors
///
/// [`NetlinkError`]; [`NetlinkError::TooMany`] beyond [`MAX_ROUTES`].
pub async fn dump_routes() -> Result<Vec<DumpedRoute>, NetlinkError> {
    let requests = [AddressFamily::Inet, AddressFamily::Inet6].map(|address_family| {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            address_family,
            ..RouteHeader::default()
        };
        RouteNetlinkMessage::GetRoute(message)
    });
    collect("routes", MAX_ROUTES, &requests, decode_route).await
}

/// A route and whether its encoding gives the kernel's bytes again; `None` if it can't be decoded.
fn decode_route(bytes: &[u8]) -> Option<DumpedRoute> {
    let message = RouteMessage::parse(bytes).ok()?;
    let mut again = vec![0; message.buffer_len()];
    message.emit(&mut again);
    Some(DumpedRoute {
        exact: again == bytes,
        message,
    })
}

/// Dump on a socket of its own, so that a refused or cancelled dump leaves nothing behind.
async fn collect<T>(
    what: &'static str,
    limit: usize,
    requests: &[RouteNetlinkMessage],
    decode: impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, NetlinkError> {
    for _ in 0..DUMP_ATTEMPTS {
        match attempt(what, limit, requests, &decode).await {
            Err(NetlinkError::Unsteady(_)) => {}
            other => return other,
        }
    }
    Err(NetlinkError::Unsteady(what))
}

async fn attempt<T>(
    what: &'static str,
    limit: usize,
    requests: &[RouteNetlinkMessage],
    decode: &impl Fn(&[u8]) -> Option<T>,
) -> Result<Vec<T>, NetlinkError> {
    let mut socket = RouteSocket::open(0)?;
    let mut found = Vec::new();
    let mut seen = 0;
    for request in requests {
        let mut keep = |bytes: &[u8]| {
            seen += 1;
            found.extend(decode(bytes));
        };
        socket.dump(what, limit, request.clone(), &mut keep).await?;
    }
    if seen > limit {
        Err(NetlinkError::TooMany { what, limit })
    } else {
        Ok(found)
    }
}

/// The error number (negative, 0 for success) that ends an exchange.
fn error_code(message: &NetlinkBuffer<&[u8]>) -> Result<i32, NetlinkError> {
    let payload = message.payload();
    if payload.is_empty() {
        return Ok(0); // a bare "done"
    }
    let code = payload.get(..4).map(parse_i32);
    code.and_then(Result::ok)
        .ok_or_else(|| NetlinkError::Garbled("an answer without an error number".to_owned()))
}

/// The netlink messages of one datagram.
struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    fn of(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<NetlinkBuffer<&'a [u8]>, NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        match NetlinkBuffer::new_checked(rest) {
            Ok(whole) => {
                let length = whole.length() as usize;
                // Messages are aligned to 4 bytes; the last one may lack its padding.
                self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
                Some(Ok(NetlinkBuffer::new(&rest[..length])))
            }
            Err(e) => Some(Err(NetlinkError::Garbled(e.to_string()))),
        }
    }
}
