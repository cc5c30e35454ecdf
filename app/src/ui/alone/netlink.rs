//! Asks the kernel for links, addresses and routes, and hears that they changed; needs no privilege.
//! What the answers mean is not known here.

use std::io;
use std::time::Duration;

use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::MulticastGroup;
use rtnetlink::sys::protocols::NETLINK_ROUTE;
use rtnetlink::sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};
use tokio::time::Instant;

use crate::dump::{self, BUFFER_BYTES};

/// Messages that are looked at in one dump; a machine with more is a router.
const MAX_MESSAGES: usize = 8192;
/// Changes that come within this time are one.
const COALESCE: Duration = Duration::from_millis(300);

/// Notifications that are thrown away in one go; a storm goes on to be told.
const MAX_DRAINED: usize = 256;

/// What the kernel says of its links and routes.
#[derive(Debug, Default)]
pub struct Dump {
    /// Every interface.
    pub links: Vec<LinkMessage>,
    /// Every address of both families.
    pub addresses: Vec<AddressMessage>,
    /// Every route of both families.
    pub routes: Vec<RouteMessage>,
}

impl Dump {
    /// Asks for all of it.
    ///
    /// # Errors
    /// When the kernel cannot be asked or refuses.
    pub async fn take() -> io::Result<Self> {
        let mut dump = Self::default();
        dump.ask(RouteNetlinkMessage::GetLink(LinkMessage::default()))
            .await?;
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut address = AddressMessage::default();
            address.header.family = family;
            dump.ask(RouteNetlinkMessage::GetAddress(address)).await?;
            let mut route = RouteMessage::default();
            route.header.address_family = family;
            dump.ask(RouteNetlinkMessage::GetRoute(route)).await?;
        }
        Ok(dump)
    }

    /// On a socket of its own, so that nothing of one answer is left to the next.
    async fn ask(&mut self, request: RouteNetlinkMessage) -> io::Result<()> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        let raw = socket.socket_mut();
        raw.bind(&SocketAddr::new(0, 0))?;
        // Strict: the dump leaves out cached exceptions.
        raw.set_netlink_get_strict_chk(true)?;
        let bytes = dump::request(request);
        socket.send_to(&bytes, &SocketAddr::new(0, 0)).await?;
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        let mut left = MAX_MESSAGES;
        loop {
            buffer.clear();
            let from = socket.recv_from(&mut buffer).await?;
            if from.port_number() == 0 && !self.read(&buffer, &mut left)? {
                return Ok(());
            }
        }
    }

    /// Takes in one datagram; false when it was the last.
    fn read(&mut self, datagram: &[u8], left: &mut usize) -> io::Result<bool> {
        dump::read(datagram, |message| {
            self.keep(message);
            *left -= 1;
            if *left == 0 {
                return Err(io::Error::other(
                    "the kernel has more routes than a desktop",
                ));
            }
            Ok(())
        })
    }

    fn keep(&mut self, message: RouteNetlinkMessage) {
        match message {
            RouteNetlinkMessage::NewLink(link) => self.links.push(link),
            RouteNetlinkMessage::NewAddress(address) => self.addresses.push(address),
            RouteNetlinkMessage::NewRoute(route) => self.routes.push(route),
            _ => {}
        }
    }
}

/// Hears that links, addresses or routes changed.
pub struct Changes {
    socket: TokioSocket,
    /// When a change that was heard is told.
    due: Option<Instant>,
}

impl Changes {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel gives no socket.
    pub fn listen() -> io::Result<Self> {
        let mut socket = TokioSocket::new(NETLINK_ROUTE)?;
        let raw = socket.socket_mut();
        raw.bind(&SocketAddr::new(0, 0))?;
        for group in [
            MulticastGroup::Link,
            MulticastGroup::Ipv4Ifaddr,
            MulticastGroup::Ipv6Ifaddr,
            MulticastGroup::Ipv4Route,
            MulticastGroup::Ipv6Route,
        ] {
            raw.add_membership(group as u32)?;
        }
        Ok(Self { socket, due: None })
    }

    /// Waits for a change and for the ones that follow at once. Cancel-safe.
    pub async fn next(&mut self) {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        let due = if let Some(due) = self.due {
            due
        } else {
            // An error is an overrun: something changed.
            let _ = self.socket.recv_from(&mut buffer).await;
            *self.due.insert(Instant::now() + COALESCE)
        };
        tokio::time::sleep_until(due).await;
        self.due = None;
        let flags = nix::libc::MSG_DONTWAIT;
        for _ in 0..MAX_DRAINED {
            buffer.clear();
            if self
                .socket
                .socket_ref()
                .recv_from(&mut buffer, flags)
                .is_err()
            {
                return;
            }
        }
    }
}
