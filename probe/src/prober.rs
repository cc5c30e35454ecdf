//! The prober: sends probes and turns what comes back, or does not, into events.
//! Not for packet formats, clock choice or the choice of transport: those are pure and live beside this file.
//!
//! Wake-ups: the transmit stamp is fetched from the error queue right after sending, while nobody sleeps on
//! the socket, so it wakes nobody; the loss timer is disarmed by the answer before it can fire. What remains
//! is one wake-up per answer. (A driver that stamps later than `send` returns costs one more.)

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Sleep;

use crate::error::{ProbeError, SendError};
use crate::icmp::{self, Buffers, IcmpSocket, OpenError};
use crate::method::{Fallback, Method, MethodInUse, Outcome, Phase, Transport, Why};
use crate::packet::Received;
use crate::tcp::{self, Attempt};
use crate::timing::{self, Clock, Moment, Stamps};
use crate::watch::watch;
use crate::window::{Answer, Entry, Way, Window};
use crate::{Config, Counters, Event, Family, Lost, Reply};

/// Most connection attempts under way at once; each holds a file descriptor.
const MAX_ATTEMPTS: usize = 32;
/// Most packets or stamps read in one go, so that a flood cannot starve the rest of the program.
const READS_PER_POLL: usize = 64;
const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(10);

/// A connection attempt under way.
struct Probe {
    /// The probe it carries, or `None` if it only shows beside ICMP whether the path is up.
    seq: Option<u64>,
    started: Instant,
    /// `None` once it failed; the probe then waits for its timeout.
    socket: Option<AsyncFd<Socket>>,
}

/// Probes one target through one interface. See the crate's description.
pub struct Prober {
    config: Config,
    icmp: Option<AsyncFd<IcmpSocket>>,
    icmp_transport: MethodInUse,
    tcp: Option<SocketAddr>,
    /// `Auto`'s memory; `None` where the transport never changes.
    fallback: Option<Fallback>,
    method: MethodInUse,
    window: Window,
    attempts: VecDeque<Probe>,
    buffers: Buffers,
    /// The kernel's number for the next echo request.
    next_key: u32,
    counters: Counters,
    /// The loss timer and its deadline; absent while nothing is under way.
    timer: Pin<Box<Option<Sleep>>>,
    armed_for: Option<Instant>,
}

impl Prober {
    /// Opens the sockets; sends nothing. Call it inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    /// See [`ProbeError`]; in each case nothing is left open.
    ///
    /// # Panics
    /// Outside a tokio runtime, as tokio does.
    pub fn open(config: Config) -> Result<Self, ProbeError> {
        if !TIMEOUTS.contains(&config.timeout) {
            return Err(ProbeError::BadTimeout(config.timeout));
        }
        if config
            .source
            .is_some_and(|source| Family::of(source) != Family::of(config.target))
        {
            return Err(ProbeError::MixedFamilies);
        }
        let port = match config.method {
            Method::Tcp { port }
            | Method::Auto {
                tcp_port: Some(port),
            } => Some(port),
            Method::Icmp | Method::IcmpRaw | Method::Auto { tcp_port: None } => None,
        };
        if port == Some(0) {
            return Err(ProbeError::BadPort);
        }
        let tcp = port.map(|port| icmp::socket_address(&config, port));
        // The kernel binds a socket to any index, even one without an interface.
        // (nix 0.31 takes the null pointer for success, hence the look at the name.)
        let name = nix::net::if_::if_indextoname(config.ifindex.get());
        if !name.is_ok_and(|name| !name.is_empty()) {
            return Err(ProbeError::NoSuchInterface(config.ifindex.get()));
        }
        let (icmp, method) = match open_icmp(&config, token())? {
            Opened::Icmp(socket, method) => {
                let fd = watch(*socket, Interest::READABLE);
                (
                    Some(fd.map_err(ProbeError::os("watch the ICMP socket"))?),
                    method,
                )
            }
            Opened::TcpOnly(why) => {
                check_source(&config)?;
                (
                    None,
                    MethodInUse {
                        transport: Transport::TcpConnect,
                        why,
                    },
                )
            }
        };
        Ok(Self {
            fallback: (icmp.is_some() && tcp.is_some()).then(Fallback::new),
            config,
            icmp,
            icmp_transport: method,
            tcp,
            method,
            window: Window::new(0),
            attempts: VecDeque::with_capacity(MAX_ATTEMPTS),
            buffers: Buffers::new(),
            next_key: 0,
            counters: Counters::default(),
            timer: Box::pin(None),
            armed_for: None,
        })
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What carries the probes now, and why. `Auto` may change it; each event tells what carried its probe.
    pub fn method(&self) -> MethodInUse {
        self.method
    }

    /// What arrived and was ignored.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Sends one probe now, without waiting, and returns its number: 0, 1, 2, ...
    ///
    /// # Errors
    /// See [`SendError`]; no number is used up and no event will come. After [`SendError::Gone`] open a new prober.
    pub fn send(&mut self) -> Result<u64, SendError> {
        let seq = self.window.next_seq();
        if self.window.is_full() {
            return Err(SendError::Busy);
        }
        match self.phase() {
            Phase::Icmp => self.send_echo()?,
            Phase::Trial => {
                self.send_echo()?;
                // A trial that cannot start says nothing about TCP; the next round tries again.
                let _ = self.connect(None);
            }
            Phase::Tcp => {
                let sent = Moment::now();
                self.connect(Some(seq))?;
                self.window.push(sent, Way::Tcp);
            }
        }
        Ok(seq)
    }

    /// Waits for the next event. Pending for ever while nothing is under way. Cancel-safe.
    pub async fn event(&mut self) -> Event {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Like [`Prober::event`], for callers that poll several probers themselves.
    pub fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            if let Poll::Ready(event) = self.poll_icmp(cx) {
                return Poll::Ready(event);
            }
            if let Poll::Ready(event) = self.poll_attempts(cx) {
                return Poll::Ready(event);
            }
            let now = Instant::now();
            if self.next_deadline().is_some_and(|at| at <= now)
                && let Some(reply) = self.overdue_answer()
            {
                return Poll::Ready(Event::Reply(reply));
            }
            self.drop_old_attempts(now);
            if let Some(entry) = self.window.expire(now, self.config.timeout) {
                return Poll::Ready(Event::Lost(self.give_up(entry)));
            }
            ready!(self.poll_timer(cx));
        }
    }

    fn phase(&self) -> Phase {
        match (&self.fallback, &self.icmp) {
            (Some(fallback), _) => fallback.phase(),
            (None, Some(_)) => Phase::Icmp,
            (None, None) => Phase::Tcp,
        }
    }

    fn send_echo(&mut self) -> Result<(), SendError> {
        let Some(icmp) = &self.icmp else {
            return Err(SendError::Os(0));
        };
        let socket = icmp.get_ref();
        let sent = Moment::now();
        let seq = self.window.next_seq();
        // An error left over from an earlier probe is reported by the next call; the second one counts.
        let result = socket.send(seq).or_else(|_| {
            self.next_key = 0;
            socket.restart_keys()?;
            socket.send(seq)
        });
        if let Err(error) = result {
            let _ = socket.restart_keys();
            self.next_key = 0;
            return Err(SendError::from(&error));
        }
        self.window.push(sent, Way::Icmp { key: self.next_key });
        self.next_key = self.next_key.wrapping_add(1);
        self.collect_stamps();
        Ok(())
    }

    fn connect(&mut self, seq: Option<u64>) -> Result<(), SendError> {
        let Some(target) = self.tcp else {
            return Err(SendError::Os(0));
        };
        if self.attempts.len() >= MAX_ATTEMPTS {
            return Err(SendError::Busy);
        }
        let started = Instant::now();
        let socket = tcp::start(&self.config, target)?;
        let socket = watch(socket, Interest::WRITABLE).map_err(|error| SendError::from(&error))?;
        self.attempts.push_back(Probe {
            seq,
            started,
            socket: Some(socket),
        });
        Ok(())
    }

    /// Empties the error queue into the probes under way.
    fn collect_stamps(&mut self) {
        let Some(icmp) = &self.icmp else { return };
        for _ in 0..READS_PER_POLL {
            match icmp.get_ref().receive_stamp(&mut self.buffers) {
                Ok(Some(stamp)) => {
                    let _ = self.window.stamp(stamp.key, |entry| {
                        // A number from before a restart would bring a stamp from before this probe.
                        if stamp.at_ns >= entry.sent.real_ns - entry.sent.doubt_ns {
                            let place = if stamp.from_driver {
                                &mut entry.stamps.sent
                            } else {
                                &mut entry.stamps.queued
                            };
                            *place = place.or(Some(stamp.at_ns));
                        }
                    });
                }
                Ok(None) => {}
                Err(_) => break,
            }
        }
    }

    fn poll_icmp(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for _ in 0..READS_PER_POLL {
            let Some(icmp) = &self.icmp else {
                return Poll::Pending;
            };
            // An error here means the runtime is shutting down: nothing will ever be ready.
            let Ok(mut guard) = ready!(icmp.poll_read_ready(cx)) else {
                return Poll::Pending;
            };
            let read = icmp.get_ref().receive(&mut self.buffers);
            if is_empty(&read) {
                guard.clear_ready();
            } else if let Some(reply) = self.take_read(&read) {
                return Poll::Ready(Event::Reply(reply));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// An answer that has arrived although the runtime has not told us yet: if this program could not run
    /// for a while, time passed for the timer and for the network alike.
    fn overdue_answer(&mut self) -> Option<Reply> {
        for _ in 0..READS_PER_POLL {
            let Some(icmp) = &self.icmp else { break };
            let read = icmp.get_ref().receive(&mut self.buffers);
            if is_empty(&read) {
                break;
            }
            let reply = self.take_read(&read);
            if reply.is_some() {
                return reply;
            }
        }
        let mut at = 0;
        while let Some(probe) = self.attempts.get_mut(at) {
            let attempt = probe
                .socket
                .as_ref()
                .map(|socket| tcp::outcome(socket.get_ref()));
            match attempt {
                Some(Attempt::Accepted(_) | Attempt::Refused) => {
                    let reply = self.take_attempt(at, attempt);
                    if reply.is_some() {
                        return reply;
                    }
                }
                _ => at += 1,
            }
        }
        None
    }

    fn take_read(&mut self, read: &io::Result<(Received, Option<i64>)>) -> Option<Reply> {
        match *read {
            Ok((Received::Reply(seq), received_ns)) => return self.take_reply(seq, received_ns),
            Ok((Received::Foreign, _)) => self.counters.foreign += 1,
            Ok((Received::Malformed, _)) => self.counters.malformed += 1,
            Err(_) => self.counters.socket_errors += 1,
        }
        None
    }

    fn take_reply(&mut self, seq: u64, received_ns: Option<i64>) -> Option<Reply> {
        let got = Moment::now();
        if self
            .window
            .waiting(seq)
            .is_some_and(|entry| entry.stamps.sent.is_none())
        {
            self.collect_stamps();
        }
        if self
            .window
            .waiting(seq)
            .is_some_and(|entry| entry.way == Way::Tcp)
        {
            self.counters.malformed += 1;
            return None;
        }
        let entry = self.first_answer(seq)?;
        let stamps = Stamps {
            received: received_ns,
            ..entry.stamps
        };
        let (rtt_ns, clock) = timing::round_trip(entry.sent, got, stamps);
        self.learn(Outcome::IcmpAnswered);
        let transport = self.transport_of(entry.way);
        Some(Reply {
            seq,
            sent_at: entry.sent.mono,
            rtt_ns,
            clock,
            transport,
        })
    }

    fn first_answer(&mut self, seq: u64) -> Option<Entry> {
        match self.window.answer(seq) {
            Answer::First(entry) => return Some(entry),
            Answer::Duplicate => self.counters.duplicate += 1,
            Answer::Late => self.counters.late += 1,
            Answer::NeverSent => self.counters.malformed += 1,
        }
        None
    }

    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let mut at = 0;
        while let Some(probe) = self.attempts.get_mut(at) {
            let Some(attempt) = probe.poll(cx) else {
                at += 1;
                continue;
            };
            if matches!(attempt, Attempt::Failed | Attempt::Pending) {
                probe.socket = None;
                at += 1;
            } else if let Some(reply) = self.take_attempt(at, Some(attempt)) {
                return Poll::Ready(Event::Reply(reply));
            }
        }
        Poll::Pending
    }

    /// Removes attempt number `at`, which was answered, and gives the reply if it carried a probe.
    fn take_attempt(&mut self, at: usize, attempt: Option<Attempt>) -> Option<Reply> {
        let seq = self.attempts.remove(at)?.seq;
        self.learn(Outcome::TcpAnswered);
        let entry = self.first_answer(seq?)?;
        let user_ns = timing::nanos(entry.sent.mono.elapsed()) as u64;
        let (rtt_ns, clock) = match attempt {
            Some(Attempt::Accepted(Some(rtt_ns))) => (rtt_ns, Clock::Kernel),
            _ => (user_ns, Clock::User),
        };
        let transport = Transport::TcpConnect;
        Some(Reply {
            seq: entry.seq,
            sent_at: entry.sent.mono,
            rtt_ns,
            clock,
            transport,
        })
    }

    /// Ends trial attempts without an answer in time; those that carry a probe end with it.
    fn drop_old_attempts(&mut self, now: Instant) {
        while let Some(probe) = self.attempts.front()
            && probe.started + self.config.timeout <= now
            && probe.seq.is_none()
        {
            let _ = self.attempts.pop_front();
            self.learn(Outcome::TcpLost);
        }
    }

    fn give_up(&mut self, entry: Entry) -> Lost {
        let outcome = match entry.way {
            Way::Icmp { .. } => Outcome::IcmpLost,
            Way::Tcp => {
                self.attempts.retain(|probe| probe.seq != Some(entry.seq));
                Outcome::TcpLost
            }
        };
        self.learn(outcome);
        Lost {
            seq: entry.seq,
            sent_at: entry.sent.mono,
            transport: self.transport_of(entry.way),
        }
    }

    fn transport_of(&self, way: Way) -> Transport {
        match way {
            Way::Icmp { .. } => self.icmp_transport.transport,
            Way::Tcp => Transport::TcpConnect,
        }
    }

    /// Lets `Auto` draw its conclusion from an outcome.
    fn learn(&mut self, outcome: Outcome) {
        let Some(before) = self.fallback else { return };
        let after = before.after(outcome);
        self.fallback = Some(after);
        match (before.phase(), after.phase()) {
            (Phase::Icmp | Phase::Trial, Phase::Tcp) => {
                self.method = MethodInUse {
                    transport: Transport::TcpConnect,
                    why: Why::IcmpUnanswered,
                };
            }
            (Phase::Tcp, Phase::Icmp | Phase::Trial) => {
                self.method = MethodInUse {
                    why: Why::TcpUnanswered,
                    ..self.icmp_transport
                };
            }
            _ => {}
        }
    }

    /// When the next probe or trial is to be given up.
    fn next_deadline(&mut self) -> Option<Instant> {
        let timeout = self.config.timeout;
        let attempt = self
            .attempts
            .front()
            .filter(|probe| probe.seq.is_none())
            .map(|probe| probe.started + timeout);
        match (self.window.deadline(timeout), attempt) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Ready when the next deadline has passed; pending without a timer while nothing is under way.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = self.next_deadline();
        if deadline != self.armed_for {
            self.timer
                .set(deadline.map(|at| tokio::time::sleep_until(at.into())));
            self.armed_for = deadline;
        }
        let Some(sleep) = self.timer.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        ready!(sleep.poll(cx));
        self.timer.set(None);
        self.armed_for = None;
        Poll::Ready(())
    }
}

impl Probe {
    /// The attempt's outcome, or `None` while it waits.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<Attempt> {
        let socket = self.socket.as_ref()?;
        while let Poll::Ready(ready) = socket.poll_write_ready(cx) {
            let Ok(mut guard) = ready else { return None };
            match tcp::outcome(socket.get_ref()) {
                Attempt::Pending => guard.clear_ready(),
                decided => return Some(decided),
            }
        }
        None
    }
}

/// Waits for the next event of any of `probers`: its index and the event. Pending for ever while nothing is
/// under way anywhere. Cancel-safe.
pub async fn next_event(probers: &mut [Prober]) -> (usize, Event) {
    poll_fn(|cx| {
        for (index, prober) in probers.iter_mut().enumerate() {
            if let Poll::Ready(event) = prober.poll_event(cx) {
                return Poll::Ready((index, event));
            }
        }
        Poll::Pending
    })
    .await
}

enum Opened {
    Icmp(Box<IcmpSocket>, MethodInUse),
    TcpOnly(Why),
}

fn is_empty<T>(read: &io::Result<T>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Opens the ICMP socket the method asks for, or says why there is only TCP.
fn open_icmp(config: &Config, token: u64) -> Result<Opened, ProbeError> {
    let (kinds, tcp_allowed): (&[_], bool) = match config.method {
        Method::Tcp { .. } => return Ok(Opened::TcpOnly(Why::Requested)),
        Method::IcmpRaw => (&[(Transport::IcmpRaw, Why::Requested)], false),
        Method::Icmp | Method::Auto { .. } => (
            &[
                (Transport::IcmpDatagram, Why::Preferred),
                (Transport::IcmpRaw, Why::DatagramForbidden),
            ],
            matches!(config.method, Method::Auto { tcp_port: Some(_) }),
        ),
    };
    for &(transport, why) in kinds {
        match IcmpSocket::open(config, transport, token) {
            Ok(socket) => {
                return Ok(Opened::Icmp(
                    Box::new(socket),
                    MethodInUse { transport, why },
                ));
            }
            Err(OpenError::Forbidden) => {}
            Err(OpenError::Other(error)) => return Err(error),
        }
    }
    if tcp_allowed {
        Ok(Opened::TcpOnly(Why::IcmpForbidden))
    } else {
        Err(ProbeError::IcmpForbidden)
    }
}

/// TCP sockets are opened per probe; a wrong source should still be told at once.
fn check_source(config: &Config) -> Result<(), ProbeError> {
    let domain = socket2::Domain::for_address(icmp::socket_address(config, 0));
    let socket = Socket::new(domain, socket2::Type::STREAM.cloexec(), None)
        .map_err(ProbeError::os("open a TCP socket"))?;
    icmp::bind(&socket, config)
}

/// 64 bits from the operating system's randomness, by way of the standard library's hash keys.
fn token() -> u64 {
    RandomState::new().build_hasher().finish()
}
