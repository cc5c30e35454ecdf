//! The prober: sends probes and turns what comes back, or does not, into events.
//! Not for packet formats, clock choice or the choice of transport: those are pure and live beside this file.
//!
//! Wake-ups: the transmit stamp is fetched from the error queue right after sending, while nobody sleeps on
//! the socket, so it wakes nobody; the loss timer is disarmed by the answer before it can fire. What remains
//! is one wake-up per answer. (A driver that stamps later than `send` returns costs one more.)

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Sleep;

use crate::error::SendError;
use crate::icmp::{self, Buffers, IcmpSocket};
use crate::method::{Fallback, MethodInUse, Outcome, Phase, Transport, Why};
use crate::tcp::{self};
use crate::timing::Moment;
use crate::watch::watch;
use crate::window::{Entry, Way, Window};
use crate::{Config, Counters, Event, Lost};

/// Most connection attempts under way at once; each holds a file descriptor.
const MAX_ATTEMPTS: usize = 32;
/// Most packets or stamps read in one go, so that a flood cannot starve the rest of the program.
const READS_PER_POLL: usize = 64;

mod open;
mod receive;

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
        if self.window.is_full() {
            return Err(SendError::Busy);
        }
        self.send_in_phase().map_err(|error| match error {
            // Without its interface an IPv6 socket only says that there is no route.
            SendError::Unreachable(raw) if !icmp::interface_exists(self.config.ifindex) => {
                SendError::Gone(raw)
            }
            error => error,
        })
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

    fn send_in_phase(&mut self) -> Result<u64, SendError> {
        let seq = self.window.next_seq();
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
