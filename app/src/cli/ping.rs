//! Probes targets for `evenkeel table --ping` and `evenkeel report --ping`: ICMP echo without a
//! privilege, timed by the kernel, all targets on one beat. Routes are the system's own.

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::num::NonZeroU32;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use evenkeel_probe::{Config, Event, Method, Prober, SendError, next_event};
use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;
use tokio::time::{MissedTickBehavior, interval_at};

use super::exit::{Exit, Failure};
use super::out::escaped;
use crate::logs::{Probe, Series};

/// Milliseconds between two probes of a target, as the window sends them.
const USUAL_MS: u32 = 200;
/// The same on loopback, where nobody is bothered.
const LOOPBACK_MS: u32 = 10;
/// How often the progress is told.
const TELL: Duration = Duration::from_millis(500);

/// What to probe.
#[derive(Debug)]
pub struct Wanted {
    /// Addresses or names.
    pub targets: Vec<String>,
    /// Probes for each.
    pub count: u32,
    /// Milliseconds between two of them; `None` for the usual.
    pub interval_ms: Option<u32>,
}

/// Probes the targets as often as asked, or until Ctrl-C; what is known by then is returned, with
/// when it began in milliseconds since 1970.
///
/// # Errors
/// [`Exit::Usage`] for a target that is none; [`Exit::Failed`] when it cannot be probed.
pub async fn probe(wanted: &Wanted) -> Result<(Vec<Series>, u64), Failure> {
    let mut targets = Vec::new();
    for target in &wanted.targets {
        targets.push(Target::open(target, wanted.count).await?);
    }
    let loopback = targets.iter().all(|target| target.address.is_loopback());
    let usual_ms = if loopback { LOOPBACK_MS } else { USUAL_MS };
    let pace = Duration::from_millis(u64::from(wanted.interval_ms.unwrap_or(usual_ms)));
    let started_unix_ms = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64);
    let progress = io::stderr().is_terminal();
    let mut probers: Vec<Prober> = targets
        .iter_mut()
        .filter_map(|target| target.prober.take())
        .collect();
    let begun = Instant::now();
    let mut beat = interval_at(begun.into(), pace);
    // A late beat is not caught up with: a burst would measure itself.
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = begun;
    let stop = tokio::signal::ctrl_c();
    tokio::pin!(stop);
    while targets
        .iter()
        .any(|target| target.left > 0 || target.open > 0)
    {
        let sending = targets.iter().any(|target| target.left > 0);
        tokio::select! {
            biased;
            (index, event) = next_event(&mut probers) => targets[index].take(event, begun),
            _ = beat.tick(), if sending => {
                for (target, prober) in targets.iter_mut().zip(&mut probers) {
                    target.send(prober, begun)?;
                }
            }
            _ = &mut stop => break,
        }
        if progress && told.elapsed() >= TELL {
            told = Instant::now();
            let left = targets.iter().map(|target| target.left).max().unwrap_or(0);
            let _ = write!(io::stderr(), "\r{}/{} ", wanted.count - left, wanted.count);
        }
    }
    if progress {
        let _ = write!(io::stderr(), "\r\u{1b}[K");
    }
    let series: Vec<Series> = targets.into_iter().map(Target::finish).collect();
    if series.iter().all(|series| series.probes.is_empty()) {
        let message = "stopped before any probe had ended; there is nothing to show";
        return Err(Failure::new(Exit::Failed, message));
    }
    Ok((series, started_unix_ms))
}

struct Target {
    name: String,
    address: IpAddr,
    prober: Option<Prober>,
    /// Probes still to be sent.
    left: u32,
    /// Probes under way.
    open: u32,
    probes: Vec<Probe>,
}

impl Target {
    async fn open(name: &str, count: u32) -> Result<Self, Failure> {
        let shown = escaped(name).into_owned();
        let unknown =
            |why: String| Failure::new(Exit::Usage, format!("{shown} cannot be probed: {why}"));
        let address = match name.parse() {
            Ok(address) => address,
            Err(_) => tokio::net::lookup_host((name, 0))
                .await
                .map_err(|error| unknown(error.to_string()))?
                .next()
                .ok_or_else(|| unknown("it has no address".to_owned()))?
                .ip(),
        };
        let failed =
            |why: String| Failure::new(Exit::Failed, format!("{shown} cannot be probed: {why}"));
        let ifindex = way_out(address).map_err(failed)?;
        let config = Config {
            exit: evenkeel_probe::Exit::Routed,
            method: Method::Icmp,
            ..Config::new(ifindex, address)
        };
        let prober = Prober::open(config).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            address,
            prober: Some(prober),
            left: count,
            open: 0,
            probes: Vec::new(),
        })
    }

    /// Sends the next probe. One that has no way out is as bad as one that is never answered; one
    /// that this machine holds back is none, and is sent on a later beat.
    fn send(&mut self, prober: &mut Prober, begun: Instant) -> Result<(), Failure> {
        if self.left == 0 {
            return Ok(());
        }
        match prober.send() {
            Ok(_) => self.open += 1,
            Err(SendError::Busy) => return Ok(()),
            Err(SendError::Gone(_) | SendError::Unreachable(_)) => self.probes.push(Probe {
                sent_ns: begun.elapsed().as_nanos() as u64,
                rtt_ns: None,
            }),
            Err(error @ (SendError::Blocked(_) | SendError::Os(_))) => {
                let message = format!("{} cannot be probed: {error}", escaped(&self.name));
                return Err(Failure::new(Exit::Failed, message));
            }
        }
        self.left -= 1;
        Ok(())
    }

    fn take(&mut self, event: Event, begun: Instant) {
        let (sent_at, rtt_ns) = match event {
            Event::Reply(reply) => (reply.sent_at, Some(reply.rtt_ns)),
            Event::Lost(lost) => (lost.sent_at, None),
        };
        self.open = self.open.saturating_sub(1);
        self.probes.push(Probe {
            sent_ns: sent_at.saturating_duration_since(begun).as_nanos() as u64,
            rtt_ns,
        });
    }

    fn finish(mut self) -> Series {
        self.probes.sort_by_key(|probe| probe.sent_ns);
        Series {
            probes: self.probes,
            ..Series::named(&self.name)
        }
    }
}

/// The interface the system's routes lead over to an address.
fn way_out(address: IpAddr) -> Result<NonZeroU32, String> {
    let any: SocketAddr = match address {
        IpAddr::V4(_) => ([0; 4], 0).into(),
        IpAddr::V6(_) => ([0; 16], 0).into(),
    };
    let no_way = |error: io::Error| format!("there is no way to it ({error})");
    // Connecting sends nothing; it only asks the routes.
    let socket = UdpSocket::bind(any).map_err(no_way)?;
    socket.connect((address, 9)).map_err(no_way)?;
    let own = socket.local_addr().map_err(no_way)?.ip();
    let interfaces = getifaddrs().map_err(|error| no_way(error.into()))?;
    let holds = |known: &nix::ifaddrs::InterfaceAddress| {
        let known = known.address.as_ref()?;
        let v4 = known.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        let v6 = known.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip()));
        Some(v4.or(v6)? == own)
    };
    let found = interfaces.into_iter().find(|one| holds(one) == Some(true));
    let name = found
        .ok_or("no interface has the address it would be sent from")?
        .interface_name;
    let index = if_nametoindex(name.as_str()).map_err(|error| no_way(error.into()))?;
    NonZeroU32::new(index).ok_or_else(|| "its interface has no number".to_owned())
}
