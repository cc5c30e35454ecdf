//! What the Wi-Fi drivers announce, and a station's counters, through nl80211. Needs no privilege.
//! Where no Wi-Fi driver is loaded there is no nl80211, and nothing here opens. It judges nothing.

mod message;

use std::io;

use evenkeel_core::blame::{Happening, Radio};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR};
use rtnetlink::sys::protocols::NETLINK_GENERIC;
use rtnetlink::sys::{AsyncSocket as _, AsyncSocketExt as _, Socket, SocketAddr, TokioSocket};

use crate::wire::{Message, messages, number32, request};
use message::Family;

/// The kernel sends at most 32 KiB at once.
const BUFFER_BYTES: usize = 32 * 1024;
/// Datagrams of one answer that are read.
const MAX_DATAGRAMS: usize = 64;

/// A subscription to what the Wi-Fi drivers announce.
pub struct RadioEvents {
    socket: TokioSocket,
    family: Family,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for RadioEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RadioEvents")
            .field("family", &self.family)
            .finish_non_exhaustive()
    }
}

impl RadioEvents {
    /// Subscribes, in the calling thread's network namespace. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// When there is no nl80211 (`NotFound`), or the kernel gives no socket.
    pub fn open() -> io::Result<Self> {
        let family = family()?;
        let mut socket = TokioSocket::new(NETLINK_GENERIC)?;
        let raw = socket.socket_mut();
        raw.bind(&SocketAddr::new(0, 0))?;
        for group in &family.groups {
            raw.add_membership(*group)?;
        }
        Ok(Self {
            socket,
            family,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// Waits until something is announced and tells what it was, often nothing of interest. Safe to
    /// cancel. Announcements that were lost in a storm are passed over.
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
        let announced = messages(&self.buffer).filter(|message| message.kind == self.family.id);
        Ok(announced
            .filter_map(|message| message::happening(message.payload))
            .collect())
    }

    /// What is needed to read counters elsewhere.
    pub fn stations(&self) -> Stations {
        Stations(self.family.id)
    }
}

/// The way to the counters of Wi-Fi stations.
#[derive(Debug, Clone, Copy)]
pub struct Stations(u16);

impl Stations {
    /// The counters of the access point that an interface is connected to; `None` without one. Some
    /// drivers ask their firmware, which takes its time: not for a thread that must not wait.
    ///
    /// # Errors
    /// When the kernel cannot be asked or refuses.
    pub fn read(self, ifindex: u32) -> io::Result<Option<Radio>> {
        let body = message::stations_request(ifindex);
        let mut found = None;
        ask(self.0, NLM_F_REQUEST | NLM_F_DUMP, &body, |one| {
            found = found.or_else(|| message::station(one.payload));
        })?;
        Ok(found)
    }
}

/// The names of the Wi-Fi networks that this machine is in now; none where there is no Wi-Fi. For those
/// who must not tell them.
pub fn networks() -> Vec<String> {
    let mut names = Vec::new();
    let Ok(family) = family() else { return names };
    let body = message::interfaces_request();
    let asked = ask(family.id, NLM_F_REQUEST | NLM_F_DUMP, &body, |one| {
        names.extend(message::network(one.payload));
    });
    if let Err(error) = asked {
        log::warn!("the names of Wi-Fi networks cannot be read: {error}");
    }
    names
}

fn family() -> io::Result<Family> {
    let mut found = None;
    let body = message::family_request();
    ask(message::GENL_ID_CTRL, NLM_F_REQUEST, &body, |one| {
        found = message::family(one.payload);
    })?;
    found.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Asks on a socket of its own and lets `keep` see the parts of the answer: one, or those of a dump.
fn ask(kind: u16, flags: u16, body: &[u8], mut keep: impl FnMut(Message<'_>)) -> io::Result<()> {
    const SEQUENCE: u32 = 1;
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind(&SocketAddr::new(0, 0))?;
    // The kernel answers within the call that asks; without an answer there never will be one.
    socket.set_non_blocking(true)?;
    let bytes = request(kind, flags, SEQUENCE, body);
    socket.send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    for _ in 0..MAX_DATAGRAMS {
        buffer.clear();
        let _ = socket.recv_from(&mut buffer, 0)?;
        for message in messages(&buffer).filter(|message| message.sequence == SEQUENCE) {
            match message.kind {
                NLMSG_DONE => return Ok(()),
                NLMSG_ERROR => {
                    let code = number32(message.payload).map_or(0, u32::cast_signed);
                    return Err(io::Error::from_raw_os_error(code.saturating_neg()));
                }
                _ => keep(message),
            }
        }
        if flags & NLM_F_DUMP == 0 {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_wi_fi_it_is_not_found_and_with_it_it_opens() {
        match RadioEvents::open() {
            Ok(events) => assert_eq!(events.family.groups.len(), 2),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound),
        }
    }
}
