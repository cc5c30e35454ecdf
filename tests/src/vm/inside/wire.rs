//! A small network for watching which nexthop a kernel picks, packet by packet: a namespace `near`
//! with two links to a namespace `far`, and a multipath route over both. Neighbours are permanent, so
//! that nothing but the selection decides. Each packet tells its number, and the link that it came in
//! by is known by the socket that hears it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use socket2::{Domain, Protocol, Socket, Type};

use super::bench::{Knob, Outcome};
use crate::error::{Context as _, LabError};
use crate::flows::Family;
use crate::hold::inside;
use crate::tools::LAB_PATH;

/// Where flows go.
const FAR_V4: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);
const FAR_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 6, 0, 0, 0, 0, 9);
/// An address of `near` that no nexthop has.
pub const FOREIGN_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 77);
/// Where flows are heard, and where load goes unheard.
const HEARD_PORT: u16 = 9;
const LOAD_PORT: u16 = 10;
/// How long the last packets may take.
const LATE: Duration = Duration::from_secs(5);
/// Cache entries belong to one processor: everything is sent on this one.
const PROCESSOR: usize = 0;

/// What the route to the far side looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `nexthop ... weight N nexthop ... weight N`
    Weights(u16, u16),
    /// A group of nexthop objects with equal weights.
    Objects,
}

/// Packets to send, each flow from a port of its own.
#[derive(Debug, Clone, Copy)]
pub struct Flows {
    /// IP version.
    pub family: Family,
    /// How many flows.
    pub count: usize,
    /// Packets of each.
    pub packets: usize,
    /// The source they are bound to.
    pub source: Option<IpAddr>,
    /// Before each packet. Packets without a pause are a load of their own, and leave the
    /// load that should be there no processor.
    pub pace: Duration,
}

impl Flows {
    /// So many flows of one packet, bound to no source.
    pub fn of(count: usize) -> Self {
        Self {
            family: Family::V4,
            count,
            packets: 1,
            source: None,
            pace: Duration::ZERO,
        }
    }

    /// The same beside load: slow enough to weigh nothing.
    pub fn beside_load(count: usize) -> Self {
        Self {
            pace: Duration::from_millis(5),
            ..Self::of(count)
        }
    }
}

/// A pattern of load on one link.
#[derive(Debug, Clone, Copy)]
pub struct Pattern {
    /// Of the datagrams.
    pub bytes: usize,
    /// Datagrams that go at once.
    pub burst: usize,
    /// From one burst to the next.
    pub period: Duration,
}

/// 1400 bytes every millisecond.
pub const BUSY: Pattern = Pattern {
    bytes: 1400,
    burst: 1,
    period: Duration::from_millis(1),
};

/// See the module. Dropping it removes the namespaces.
#[derive(Debug)]
pub struct Wire {
    /// By link and IP version.
    heard: [[UdpSocket; 2]; 2],
    _unheard: [UdpSocket; 2],
}

fn ip(line: &str) -> Outcome {
    tool("ip", line)
}

/// Runs a tool with the words of a line; it must succeed.
///
/// # Errors
/// What it said.
pub fn tool(program: &str, line: &str) -> Outcome {
    let output = Command::new(program)
        .args(line.split_whitespace())
        .env("PATH", LAB_PATH)
        .output()
        .context(|| format!("starting {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(LabError::Invalid(format!("`{program} {line}`: {said}")))
}

fn batch(namespace: &str, lines: &str) -> Outcome {
    let mut child = Command::new("ip")
        .args(["-n", namespace, "-batch", "-"])
        .env("PATH", LAB_PATH)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| "starting ip".into())?;
    if let Some(mut input) = child.stdin.take() {
        input
            .write_all(lines.as_bytes())
            .context(|| "telling ip".into())?;
    }
    let output = child.wait_with_output().context(|| "awaiting ip".into())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(())
    } else {
        Err(LabError::Invalid(format!(
            "`ip -batch` in {namespace}: {said}"
        )))
    }
}

impl Wire {
    /// Builds it anew: fresh namespaces know no flow and have measured nothing.
    ///
    /// # Errors
    /// What the kernel or `ip` refused.
    pub fn build(route: Route) -> Result<Self, LabError> {
        for namespace in ["near", "far"] {
            let _ = ip(&format!("netns del {namespace}"));
            ip(&format!("netns add {namespace}"))?;
            inside(&format!("/run/netns/{namespace}"), || {
                for (path, value) in [
                    ("ipv4/conf/all/rp_filter", "0"),
                    ("ipv4/conf/default/rp_filter", "0"),
                    ("ipv6/conf/default/accept_dad", "0"),
                    // Flows differ in their ports alone.
                    ("ipv4/fib_multipath_hash_policy", "1"),
                    ("ipv6/fib_multipath_hash_policy", "1"),
                ] {
                    let path = format!("/proc/sys/net/{path}");
                    std::fs::write(&path, value).context(|| format!("writing {path}"))?;
                }
                Ok(())
            })?;
        }
        let mut near = format!("link set lo up\naddr add {FOREIGN_V4}/32 dev lo\n");
        let mut far = String::from(
            "link set lo up\nroute add local 203.0.113.0/24 dev lo\n\
             route add local 2001:db8:6::/64 dev lo\n",
        );
        for n in 1..=2 {
            let _ = write!(
                near,
                "link add l{n} address 02:00:00:00:01:0{n} type veth peer name r{n} \
                 address 02:00:00:00:02:0{n} netns far\n\
                 addr add 10.0.{n}.1/24 dev l{n}\naddr add fd00:{n}::1/64 dev l{n} nodad\n\
                 link set l{n} up\n"
            );
            let _ = write!(
                far,
                "addr add 10.0.{n}.2/24 dev r{n}\naddr add fd00:{n}::2/64 dev r{n} nodad\n\
                 link set r{n} up\n\
                 neigh replace 10.0.{n}.1 lladdr 02:00:00:00:01:0{n} dev r{n} nud permanent\n\
                 neigh replace fd00:{n}::1 lladdr 02:00:00:00:01:0{n} dev r{n} nud permanent\n"
            );
        }
        batch("near", &near)?;
        batch("far", &far)?;
        let mut near = String::new();
        for n in 1..=2 {
            let _ = write!(
                near,
                "neigh replace 10.0.{n}.2 lladdr 02:00:00:00:02:0{n} dev l{n} nud permanent\n\
                 neigh replace fd00:{n}::2 lladdr 02:00:00:00:02:0{n} dev l{n} nud permanent\n"
            );
        }
        batch("near", &(near + &route_lines(route)))?;
        let (heard, unheard) = inside("/run/netns/far", || {
            let heard = [
                [listener(Family::V4, "r1")?, listener(Family::V6, "r1")?],
                [listener(Family::V4, "r2")?, listener(Family::V6, "r2")?],
            ];
            let unheard = ["0.0.0.0", "::"].map(|address| {
                let all: IpAddr = address.parse().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                socket(family_of(all), SocketAddr::new(all, LOAD_PORT), None)
            });
            let [v4, v6] = unheard;
            Ok((heard, [v4?, v6?]))
        })?;
        Ok(Self {
            heard,
            _unheard: unheard,
        })
    }

    /// Replaces the route by an equal one: IPv6 takes new values only then.
    ///
    /// # Errors
    /// When `ip` refuses.
    pub fn replace(&self, route: Route) -> Outcome {
        batch("near", &route_lines(route))
    }

    /// Sets a sysctl of `near` and throws its route cache away.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set(&self, knob: Knob, value: i64) -> Outcome {
        self.near(|| {
            let text = format!("{value}\n");
            knob.write(&text)
                .context(|| format!("writing {value} to {}", knob.path()))?;
            let flush = "/proc/sys/net/ipv4/route/flush";
            std::fs::write(flush, "1\n").context(|| format!("writing {flush}"))
        })
    }

    /// Has the devices leave a packet its route, as a loopback does and a card does not by default.
    ///
    /// # Errors
    /// When `tc` refuses.
    pub fn keep_routes(&self) -> Outcome {
        for link in ["l1", "l2"] {
            tool(
                "tc",
                &format!("-n near qdisc replace dev {link} root handle 1: prio"),
            )?;
            tool(
                "tc",
                &format!(
                    "-n near filter add dev {link} parent 1: protocol all prio 9 handle 1 flow hash \
                     keys dst divisor 3 baseclass 1:1"
                ),
            )?;
        }
        Ok(())
    }

    /// Runs `work` in `near`, on the processor that sends everything.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn near<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        inside("/run/netns/near", || {
            pin()?;
            work()
        })
    }

    /// Sends flows and says by which link each packet came, in the order they were sent: 0 or 1.
    ///
    /// # Errors
    /// When a packet can't be sent or is lost.
    pub fn send(&self, flows: Flows) -> Result<Vec<usize>, LabError> {
        let total = flows.count * flows.packets;
        let mut links = vec![None; total];
        self.near(|| {
            let far = destination(flows.family);
            let mut sockets = Vec::new();
            for number in 0..total {
                let flow = number / flows.packets;
                if flow == sockets.len() {
                    let from = SocketAddr::new(flows.source.unwrap_or(any(flows.family)), 0);
                    sockets.push(socket(flows.family, from, None)?);
                }
                // Before the first one too: what went before it may have left the load no processor.
                std::thread::sleep(flows.pace);
                let bytes = (number as u32).to_be_bytes();
                sockets[flow]
                    .send_to(&bytes, (far, HEARD_PORT))
                    .context(|| format!("sending packet {number}"))?;
                self.hear(flows.family, &mut links)?;
            }
            let deadline = Instant::now() + LATE;
            while links.contains(&None) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
                self.hear(flows.family, &mut links)?;
            }
            Ok(())
        })?;
        let lost = links.iter().filter(|link| link.is_none()).count();
        if lost > 0 {
            return Err(LabError::Invalid(format!(
                "{lost} of {total} packets were lost"
            )));
        }
        Ok(links.into_iter().flatten().collect())
    }

    /// Takes what has come in.
    fn hear(&self, family: Family, links: &mut [Option<usize>]) -> Outcome {
        for (link, sockets) in self.heard.iter().enumerate() {
            let socket = &sockets[usize::from(family == Family::V6)];
            let mut number = [0; 4];
            loop {
                match socket.recv(&mut number) {
                    Ok(4) => {
                        let at = u32::from_be_bytes(number) as usize;
                        if let Some(place) = links.get_mut(at) {
                            *place = Some(link);
                        }
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(LabError::io("hearing packets", error)),
                }
            }
        }
        Ok(())
    }

    /// Loads one link (0 or 1) until the value is dropped.
    ///
    /// # Errors
    /// When the socket can't be made.
    pub fn load(&self, family: Family, link: usize, pattern: Pattern) -> Result<Load, LabError> {
        let device = format!("l{}", link + 1);
        let socket = self.near(|| {
            let from = SocketAddr::new(any(family), 0);
            socket(family, from, Some(&device))
        })?;
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let far = destination(family);
        let thread = std::thread::spawn(move || {
            let _ = pin();
            let bytes = vec![0; pattern.bytes];
            let mut next = Instant::now();
            while !until.load(Ordering::Relaxed) {
                for _ in 0..pattern.burst {
                    let _ = socket.send_to(&bytes, (far, LOAD_PORT));
                }
                next += pattern.period;
                // One that could not keep up does not catch up.
                next = next.max(Instant::now());
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Ok(Load {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in ["near", "far"] {
            let _ = ip(&format!("netns del {namespace}"));
        }
    }
}

/// Load on a link. Dropping it ends it.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn pin() -> Outcome {
    let mut one = CpuSet::new();
    one.set(PROCESSOR)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &one))
        .context(|| "staying on one processor".into())
}

fn route_lines(route: Route) -> String {
    match route {
        Route::Weights(first, second) => format!(
            "route replace 203.0.113.0/24 nexthop via 10.0.1.2 dev l1 weight {first} \
             nexthop via 10.0.2.2 dev l2 weight {second}\n\
             route replace 2001:db8:6::/64 nexthop via fd00:1::2 dev l1 weight {first} \
             nexthop via fd00:2::2 dev l2 weight {second}\n"
        ),
        Route::Objects => "nexthop replace id 1 via 10.0.1.2 dev l1\n\
                           nexthop replace id 2 via 10.0.2.2 dev l2\n\
                           nexthop replace id 10 group 1/2\n\
                           nexthop replace id 3 via fd00:1::2 dev l1\n\
                           nexthop replace id 4 via fd00:2::2 dev l2\n\
                           nexthop replace id 11 group 3/4\n\
                           route replace 203.0.113.0/24 nhid 10\n\
                           route replace 2001:db8:6::/64 nhid 11\n"
            .to_owned(),
    }
}

fn destination(family: Family) -> IpAddr {
    match family {
        Family::V4 => FAR_V4.into(),
        Family::V6 => FAR_V6.into(),
    }
}

fn any(family: Family) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn family_of(address: IpAddr) -> Family {
    if address.is_ipv4() {
        Family::V4
    } else {
        Family::V6
    }
}

fn listener(family: Family, device: &str) -> Result<UdpSocket, LabError> {
    let socket = socket(
        family,
        SocketAddr::new(any(family), HEARD_PORT),
        Some(device),
    )?;
    let what = || format!("listening on {device}");
    socket.set_nonblocking(true).context(what)?;
    Ok(socket)
}

fn socket(family: Family, from: SocketAddr, device: Option<&str>) -> Result<UdpSocket, LabError> {
    let what = || format!("making a socket at {from}");
    let domain = match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP)).context(what)?;
    if family == Family::V6 {
        socket.set_only_v6(true).context(what)?;
    }
    if let Some(device) = device {
        socket.bind_device(Some(device.as_bytes())).context(what)?;
    }
    socket.bind(&from.into()).context(what)?;
    Ok(socket.into())
}
