//! Writes down what rtnetlink tells everybody in `pc`: what was added or taken away, when, and at
//! whose request. For tests that must name who did it; the helper has a decoder of its own.

use std::fmt;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, setsockopt,
    socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::error::{Context as _, LabError};
use crate::lab::Lab;

/// Notices kept; later ones are dropped.
const NOTICES_MAX: usize = 100_000;
/// Links, addresses, routes and rules of both families, and nexthops, as bits of `nl_groups`.
const GROUPS: u32 = bit(1) | bit(5) | bit(7) | bit(8) | bit(9) | bit(11) | bit(19) | bit(32);

const fn bit(group: u32) -> u32 {
    1 << (group - 1)
}

/// One message of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Time since the witness began.
    pub at: Duration,
    /// `RTM_...`.
    pub kind: &'static str,
    /// The port id of the request that caused it: usually the process number, seen from the lab. 0
    /// for what the kernel did by itself.
    pub requester: u32,
    /// 4, 6, or 0.
    pub family: u8,
    /// Protocol number of a route, rule or nexthop.
    pub protocol: u8,
    /// The rest, in short.
    pub about: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} ms {:<14} by {:<10} v{} proto {:<3} {}",
            self.at.as_millis(),
            self.kind,
            self.requester,
            self.family,
            self.protocol,
            self.about
        )
    }
}

/// See the module. Dropping it ends it.
#[derive(Debug)]
pub struct Witness {
    notices: Arc<Mutex<Vec<Notice>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Lab {
    /// Begins to write down what happens to the links, addresses, routes, rules and nexthops of `pc`.
    ///
    /// # Errors
    /// When the socket can't be made.
    pub fn witness(&self) -> Result<Witness, LabError> {
        let socket = self.inside("pc", || open().context(|| "listening to rtnetlink".into()))?;
        let (notices, end) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (notices, end) = (Arc::clone(&notices), Arc::clone(&end));
            std::thread::spawn(move || listen(&socket, &notices, &end))
        };
        Ok(Witness {
            notices,
            end,
            thread: Some(thread),
        })
    }
}

impl Witness {
    /// What was noticed so far.
    pub fn notices(&self) -> Vec<Notice> {
        let notices = self.notices.lock();
        notices.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn open() -> nix::Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::milliseconds(50))?;
    setsockopt(&socket, sockopt::RcvBuf, &(1 << 20))?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
    Ok(socket)
}

fn listen(socket: &OwnedFd, notices: &Mutex<Vec<Notice>>, end: &AtomicBool) {
    let start = Instant::now();
    let mut buffer = vec![0; 1 << 16];
    while !end.load(Ordering::SeqCst) {
        let Ok(n) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) else {
            continue;
        };
        let mut kept = notices.lock().unwrap_or_else(PoisonError::into_inner);
        let room = NOTICES_MAX.saturating_sub(kept.len());
        kept.extend(decode(&buffer[..n], start.elapsed()).into_iter().take(room));
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// All messages of one datagram.
fn decode(mut bytes: &[u8], at: Duration) -> Vec<Notice> {
    let mut found = Vec::new();
    while let (Some(length), Some(kind), Some(requester)) =
        (u32_at(bytes, 0), u16_at(bytes, 4), u32_at(bytes, 12))
    {
        let length = length as usize;
        let Some(body) = bytes.get(16..length) else {
            break;
        };
        found.extend(notice(kind, body).map(|mut notice| {
            (notice.at, notice.requester) = (at, requester);
            notice
        }));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

/// A message of a kind we know. The numbers are those of `linux/rtnetlink.h` and its neighbours.
fn notice(kind: u16, body: &[u8]) -> Option<Notice> {
    let (kind, header) = match kind {
        16 => ("RTM_NEWLINK", 16),
        17 => ("RTM_DELLINK", 16),
        20 => ("RTM_NEWADDR", 8),
        21 => ("RTM_DELADDR", 8),
        24 => ("RTM_NEWROUTE", 12),
        25 => ("RTM_DELROUTE", 12),
        32 => ("RTM_NEWRULE", 12),
        33 => ("RTM_DELRULE", 12),
        104 => ("RTM_NEWNEXTHOP", 8),
        105 => ("RTM_DELNEXTHOP", 8),
        _ => return None,
    };
    let attributes = body.get(header..)?;
    let number = |wanted| attribute(attributes, wanted).and_then(|value| u32_at(value, 0));
    let mut protocol = 0;
    let about = match &kind[7..] {
        "LINK" => {
            let flags = u32_at(body, 8)?;
            let name = attribute(attributes, 3).unwrap_or_default();
            let name = String::from_utf8_lossy(name);
            let up = if flags & 1 == 0 { "down" } else { "up" };
            let running = if flags & 0x40 == 0 {
                "no carrier"
            } else {
                "running"
            };
            format!("{} {up}, {running}", name.trim_end_matches('\0'))
        }
        "ADDR" => format!("if{} /{}", u32_at(body, 4)?, body[1]),
        "NEXTHOP" => {
            protocol = body[2];
            format!("id {}", number(1).unwrap_or(0))
        }
        "RULE" => {
            protocol = attribute(attributes, 21).map_or(0, |value| value[0]);
            format!(
                "pref {} table {}",
                number(6).unwrap_or(0),
                number(15).unwrap_or(body[4].into())
            )
        }
        _ => {
            protocol = body[5];
            let id = number(30).map_or_else(String::new, |id| format!(" nhid {id}"));
            let device = number(4).map_or_else(String::new, |n| format!(" if{n}"));
            format!(
                "{}/{} table {} metric {}{device}{id}",
                destination(attribute(attributes, 1).unwrap_or_default()),
                body[1],
                number(15).unwrap_or(body[4].into()),
                number(6).unwrap_or(0),
            )
        }
    };
    let family = match body[0] {
        2 => 4,
        10 => 6,
        _ => 0,
    };
    Some(Notice {
        at: Duration::ZERO,
        kind,
        requester: 0,
        family,
        protocol,
        about,
    })
}

fn destination(bytes: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(v4).to_string();
    }
    <[u8; 16]>::try_from(bytes).map_or_else(
        |_| "default".into(),
        |v6| std::net::Ipv6Addr::from(v6).to_string(),
    )
}

/// The value of the first attribute of a type.
fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let length = usize::from(u16_at(bytes, 0)?);
        let value = bytes.get(4..length)?;
        // The upper two bits say how the value is made, not what it is.
        if u16_at(bytes, 2)? & 0x3fff == wanted {
            return Some(value).filter(|value| !value.is_empty());
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `RTM_DELROUTE` of an IPv4 default, table 254, protocol 77, metric 99, as the kernel sends it.
    fn message() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(36_u32.to_ne_bytes());
        bytes.extend(25_u16.to_ne_bytes());
        bytes.extend(0_u16.to_ne_bytes());
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(42_u32.to_ne_bytes());
        bytes.extend([2, 0, 0, 0, 254, 77, 0, 1, 0, 0, 0, 0]);
        bytes.extend(8_u16.to_ne_bytes());
        bytes.extend(6_u16.to_ne_bytes());
        bytes.extend(99_u32.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_deleted_route_is_named_with_its_requester() {
        let twice = [message(), message()].concat();
        let notices = decode(&twice, Duration::from_millis(5));
        assert_eq!(notices.len(), 2);
        let notice = &notices[1];
        assert_eq!(
            (
                notice.kind,
                notice.requester,
                notice.family,
                notice.protocol
            ),
            ("RTM_DELROUTE", 42, 4, 77)
        );
        assert_eq!(notice.about, "default/0 table 254 metric 99");
    }

    #[test]
    fn cut_messages_are_left_out() {
        let whole = message();
        for n in 0..whole.len() {
            assert_eq!(decode(&whole[..n], Duration::ZERO), []);
        }
    }
}
