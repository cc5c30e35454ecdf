//! A steady stream of numbered UDP packets from `pc` to the server, and where each of them went: for
//! what happens while routes change. One way only; whether flows stay alive is `flows`' question.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::{Context as _, LabError};
use crate::flows::{Family, server, warm};
use crate::lab::Lab;
use crate::topology::{Uplink, WIDE_V4, WIDE_V6};

/// Packets of a stream at most: more than half an hour at 5,000 a second.
const MOST_PACKETS: usize = 10_000_000;
/// The last packets have arrived when none came for this long.
const SILENCE: Duration = Duration::from_millis(500);

/// Where the packets' sockets are bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// To no address: the kernel chooses source and uplink of every packet.
    Wildcard,
    /// To an uplink's own address.
    Uplink(Uplink),
}

/// A stream's description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlastSpec {
    /// The family.
    pub family: Family,
    /// The source.
    pub source: Source,
    /// Sockets that take turns, each with a destination of its own; 1 to 1000.
    pub sockets: u16,
    /// Packets per second, all sockets together; 1 to 100,000.
    pub per_second: u32,
}

/// What became of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlastReport {
    /// Packets the kernel took.
    pub sent: u64,
    /// Packets the kernel refused (no route at that moment).
    pub refused: u64,
    /// Different packets that arrived.
    pub received: u64,
    /// Packets that arrived more than once.
    pub repeated: u64,
    /// Packets that arrived by another uplink than their socket's: the one it is bound to, or for a
    /// wildcard socket the one of its first packet.
    pub astray: u64,
    /// Arrivals per uplink.
    pub by_uplink: BTreeMap<&'static str, u64>,
    /// What each uplink's router dropped meanwhile for a source that is not its own: packets that left
    /// by the wrong uplink. All traffic of `pc` counts here, not only the stream's.
    pub foreign: BTreeMap<&'static str, u64>,
}

impl BlastReport {
    /// Packets the kernel took and that did not arrive.
    pub fn lost(&self) -> u64 {
        self.sent.saturating_sub(self.received)
    }
}

/// A running stream.
#[derive(Debug)]
pub struct Blast {
    stop: Arc<AtomicBool>,
    sender: Option<JoinHandle<(u64, u64)>>,
    receiver: Option<JoinHandle<Arrivals>>,
    foreign_before: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Arrivals {
    seen: Vec<bool>,
    received: u64,
    repeated: u64,
    astray: u64,
    by_uplink: BTreeMap<&'static str, u64>,
}

impl Blast {
    /// Starts a stream.
    ///
    /// # Errors
    /// [`LabError::Invalid`] for a wrong description, or when sockets can't be made.
    pub fn start(lab: &Lab, spec: &BlastSpec) -> Result<Self, LabError> {
        let possible =
            (1..=1000).contains(&spec.sockets) && (1..=100_000).contains(&spec.per_second);
        if !possible {
            return Err(LabError::Invalid(format!(
                "a stream has 1 to 1000 sockets and 1 to 100,000 packets a second, not {} and {}; \
                 nothing was sent",
                spec.sockets, spec.per_second
            )));
        }
        server::raise_open_files()?;
        warm::up(lab)?;
        let (any, wide): (IpAddr, IpAddr) = match spec.family {
            Family::V4 => (Ipv4Addr::UNSPECIFIED.into(), WIDE_V4.into()),
            Family::V6 => (Ipv6Addr::UNSPECIFIED.into(), WIDE_V6.into()),
        };
        let inbox = lab.inside("srv", || server::receiver(SocketAddr::new(any, 0)))?;
        let what = || "preparing the stream's receiver".to_owned();
        inbox
            .set_read_timeout(Some(Duration::from_millis(50)))
            .context(what)?;
        let port = inbox.local_addr().context(what)?.port();
        let (own, home) = match (spec.source, spec.family) {
            (Source::Wildcard, _) => (any, None),
            (Source::Uplink(uplink), Family::V4) => (uplink.host_v4().into(), Some(uplink)),
            (Source::Uplink(uplink), Family::V6) => (uplink.host_v6().into(), Some(uplink)),
        };
        let sockets = lab.inside("pc", || {
            let one = || UdpSocket::bind(SocketAddr::new(own, 0));
            let all: std::io::Result<Vec<_>> = (0..spec.sockets).map(|_| one()).collect();
            all.context(|| format!("binding the stream's sockets to {own}"))
        })?;
        let outlets: Vec<_> = sockets
            .into_iter()
            .zip(1..)
            .map(|(socket, n)| (socket, SocketAddr::new(nth(wide, n), port)))
            .collect();
        let foreign_before = foreign(lab)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (end, rate) = (Arc::clone(&stop), spec.per_second);
        let sender = std::thread::spawn(move || send(&outlets, rate, &end));
        let (end, uplinks) = (Arc::clone(&stop), lab.uplinks());
        let homes = vec![home; usize::from(spec.sockets)];
        let receiver = std::thread::spawn(move || receive(&inbox, homes, &uplinks, &end));
        Ok(Self {
            stop,
            sender: Some(sender),
            receiver: Some(receiver),
            foreign_before,
        })
    }

    /// Ends the stream and waits for what is still under way.
    ///
    /// # Errors
    /// When a router's counter can't be read.
    pub fn stop(mut self, lab: &Lab) -> Result<BlastReport, LabError> {
        self.stop.store(true, Ordering::Relaxed);
        let broken = || LabError::Invalid("the stream's thread panicked".into());
        let sender = self.sender.take().and_then(|thread| thread.join().ok());
        let (sent, refused) = sender.ok_or_else(broken)?;
        let receiver = self.receiver.take().and_then(|thread| thread.join().ok());
        let arrivals = receiver.ok_or_else(broken)?;
        let mut foreign = foreign(lab)?;
        for (uplink, count) in &mut foreign {
            *count -= self.foreign_before.get(uplink).copied().unwrap_or_default();
        }
        Ok(BlastReport {
            sent,
            refused,
            received: arrivals.received,
            repeated: arrivals.repeated,
            astray: arrivals.astray,
            by_uplink: arrivals.by_uplink,
            foreign,
        })
    }
}

impl Drop for Blast {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn nth(first: IpAddr, n: u16) -> IpAddr {
    match first {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() + u32::from(n)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() + u128::from(n)).into(),
    }
}

fn foreign(lab: &Lab) -> Result<BTreeMap<&'static str, u64>, LabError> {
    let uplinks = lab.uplinks().into_iter();
    uplinks
        .map(|uplink| Ok((uplink.name, lab.foreign_drops(uplink.name)?)))
        .collect()
}

/// Sends until told to stop; returns how many the kernel took and refused. Packets that are late are
/// sent at once, so that the rate holds on average.
fn send(outlets: &[(UdpSocket, SocketAddr)], per_second: u32, stop: &AtomicBool) -> (u64, u64) {
    let begun = Instant::now();
    let (mut sent, mut refused) = (0, 0);
    for ((socket, to), number) in outlets.iter().cycle().zip(0..MOST_PACKETS as u64) {
        let due = begun + Duration::from_nanos(number * 1_000_000_000 / u64::from(per_second));
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            // Sleeping is not more exact than this.
            std::thread::sleep(early.max(Duration::from_micros(500)));
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
        match socket.send_to(&number.to_be_bytes(), to) {
            Ok(_) => sent += 1,
            Err(_) => refused += 1,
        }
    }
    (sent, refused)
}

fn receive(
    inbox: &UdpSocket,
    mut homes: Vec<Option<Uplink>>,
    uplinks: &[Uplink],
    stop: &AtomicBool,
) -> Arrivals {
    let mut arrivals = Arrivals::default();
    let mut last = Instant::now();
    let mut bytes = [0; 8];
    loop {
        let Ok((8, from)) = inbox.recv_from(&mut bytes) else {
            if stop.load(Ordering::Relaxed) && last.elapsed() > SILENCE {
                return arrivals;
            }
            continue;
        };
        last = Instant::now();
        let number = u64::from_be_bytes(bytes) as usize;
        if number >= MOST_PACKETS {
            continue;
        }
        let sockets = homes.len();
        let uplink = uplinks.iter().find(|uplink| uplink.is_public(from.ip()));
        arrivals.note(number, uplink, &mut homes[number % sockets]);
    }
}

impl Arrivals {
    fn note(&mut self, number: usize, uplink: Option<&Uplink>, home: &mut Option<Uplink>) {
        if self.seen.len() <= number {
            self.seen.resize(number + 1, false);
        }
        if std::mem::replace(&mut self.seen[number], true) {
            self.repeated += 1;
        } else {
            self.received += 1;
        }
        if let Some(uplink) = uplink {
            *self.by_uplink.entry(uplink.name).or_default() += 1;
        }
        if home.is_none() {
            *home = uplink.copied();
        }
        self.astray += u64::from(home.as_ref() != uplink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::uplinks;

    #[test]
    fn a_packet_by_another_uplink_is_astray_and_one_that_comes_twice_is_counted_once() {
        let [wifi, usb]: [Uplink; 2] = uplinks(2).try_into().unwrap();
        let (mut arrivals, mut bound, mut wildcard) = (Arrivals::default(), Some(wifi), None);
        arrivals.note(0, Some(&wifi), &mut bound);
        arrivals.note(1, Some(&usb), &mut wildcard);
        assert_eq!(arrivals.astray, 0);
        arrivals.note(2, Some(&usb), &mut bound);
        arrivals.note(3, Some(&wifi), &mut wildcard);
        arrivals.note(3, Some(&usb), &mut wildcard);
        assert_eq!(
            (arrivals.received, arrivals.repeated, arrivals.astray),
            (4, 1, 2)
        );
        assert_eq!(arrivals.by_uplink["usb0"], 3);
    }
}
