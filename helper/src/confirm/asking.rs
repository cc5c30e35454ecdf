//! The asking itself: the sockets of a question, what is sent each round, and what came back. What it
//! means is the parent module's to judge.

use std::future::poll_fn;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::task::{Context, Poll};
use std::time::Duration;

use evenkeel_probe::{Config, Event, Exit, Method, Prober, SendError};

use super::{Answers, Heard, Question, Told};

/// Longer than everything: no probe is given up before the end, so that a slow answer counts.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One question with its sockets.
pub(super) struct Asked {
    pub(super) question: Question,
    /// `None` where asking would prove nothing.
    gateway_by_rule: Option<Path>,
    anchor_by_rule: Path,
    /// Only where new flows go.
    anchor_as_new_flow: Option<Path>,
    gateway_by_interface: Path,
    anchor_by_interface: Path,
}

/// One way to one peer.
struct Path {
    config: Config,
    tcp_port: Option<u16>,
    /// Sockets are opened when they are first needed, and closed by the answer.
    icmp: Socket,
    tcp: Socket,
    attempts: usize,
    answers: Answers,
}

enum Socket {
    NotYet,
    Open(Box<Prober>),
    /// It can't be opened, or is no longer needed.
    Closed,
}

/// Waits until nothing is left to be answered. Pending for ever if somebody stays silent.
pub(super) async fn all_settled(asked: &mut [Asked]) {
    poll_fn(|context| {
        let mut settled = true;
        for one in asked.iter_mut() {
            // All are polled: each has its own answers to take.
            settled &= one.poll(context).is_ready();
        }
        if settled {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

impl Asked {
    /// `None` if there is no such interface.
    pub(super) fn new(question: Question, tcp_port: u16) -> Option<Self> {
        let ifindex = NonZeroU32::new(question.ifindex)?;
        let port = Some(tcp_port).filter(|port| *port != 0);
        let path = |target, exit, source, tcp_port| Path {
            config: Config {
                exit,
                source,
                timeout: TIMEOUT,
                ..Config::new(ifindex, target)
            },
            tcp_port,
            icmp: Socket::NotYet,
            tcp: Socket::NotYet,
            attempts: 0,
            answers: Answers::default(),
        };
        let (gateway, anchor) = (question.gateway, question.anchor);
        let source = Some(question.source);
        Some(Self {
            gateway_by_rule: (!is_link_local(gateway))
                .then(|| path(gateway, Exit::Routed, source, None)),
            anchor_by_rule: path(anchor, Exit::Routed, source, port),
            anchor_as_new_flow: question
                .is_target
                .then(|| path(anchor, Exit::Routed, None, port)),
            gateway_by_interface: path(gateway, Exit::Interface, None, None),
            anchor_by_interface: path(anchor, Exit::Interface, None, port),
            question,
        })
    }

    /// How many sockets are open for it.
    pub(super) fn sockets(&self) -> usize {
        let optional = [&self.gateway_by_rule, &self.anchor_as_new_flow];
        let always = [
            &self.anchor_by_rule,
            &self.gateway_by_interface,
            &self.anchor_by_interface,
        ];
        let all = always.into_iter().chain(optional.into_iter().flatten());
        all.map(Path::sockets).sum()
    }

    /// Asks once more through the new state who has not answered yet.
    pub(super) fn ask_new_state(&mut self, round: u32, room: &mut usize) {
        for path in self.new_state() {
            path.ask(round, room);
        }
    }

    /// Asks once more through the interface, where the new state has not answered yet.
    pub(super) fn ask_interface(&mut self, round: u32, room: &mut usize) {
        if self.gateway_by_rule.as_ref().is_some_and(Path::waits) {
            self.gateway_by_interface.ask(round, room);
        }
        if self.anchor_by_rule.waits() || self.anchor_as_new_flow.as_ref().is_some_and(Path::waits)
        {
            self.anchor_by_interface.ask(round, room);
        }
    }

    pub(super) fn heard(&self) -> Heard {
        let answers = |path: &Option<Path>| path.as_ref().map(|path| path.answers);
        Heard {
            gateway_by_rule: answers(&self.gateway_by_rule).unwrap_or_default(),
            anchor_by_rule: self.anchor_by_rule.answers,
            anchor_as_new_flow: answers(&self.anchor_as_new_flow).unwrap_or_default(),
            gateway_by_interface: self.gateway_by_interface.answers,
            anchor_by_interface: self.anchor_by_interface.answers,
        }
    }

    fn new_state(&mut self) -> impl Iterator<Item = &mut Path> {
        let optional = [&mut self.gateway_by_rule, &mut self.anchor_as_new_flow];
        optional
            .into_iter()
            .flatten()
            .chain([&mut self.anchor_by_rule])
    }

    /// Ready when the new state has nothing left to answer.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.gateway_by_interface.poll(context);
        self.anchor_by_interface.poll(context);
        let mut settled = true;
        for path in self.new_state() {
            path.poll(context);
            settled &= !path.waits();
        }
        if settled {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Path {
    /// True while an answer that counts can still come. A connection is only second best.
    fn waits(&self) -> bool {
        match (&self.icmp, &self.tcp) {
            (Socket::Open(_), _) => true,
            (_, Socket::Open(_)) => self.answers.icmp != Told::Answer,
            _ => false,
        }
    }

    fn sockets(&self) -> usize {
        usize::from(matches!(self.icmp, Socket::Open(_))) + self.attempts
    }

    fn ask(&mut self, round: u32, room: &mut usize) {
        if *room > 0 && self.icmp.open(&self.config, Method::Icmp) {
            *room -= 1;
        }
        let icmp = self.icmp.send();
        note(&mut self.answers.icmp, icmp);
        let mut tcp = Sent::No;
        // Connections are asked for half as often: each is a socket of its own until it is answered.
        let echo_first = round == 0 && matches!(self.icmp, Socket::Open(_));
        let is_due = round.is_multiple_of(2) && !echo_first && self.answers.icmp != Told::Answer;
        if let (Some(port), true) = (self.tcp_port, is_due && *room > 0) {
            self.tcp.open(&self.config, Method::Tcp { port });
            tcp = self.tcp.send();
            if tcp == Sent::Yes {
                self.attempts += 1;
                *room -= 1;
            }
            note(&mut self.answers.tcp, tcp);
        }
        if icmp == Sent::Gone || tcp == Sent::Gone {
            self.answers = Answers::default();
            self.close();
        }
    }

    /// Takes what has come.
    fn poll(&mut self, context: &mut Context<'_>) {
        if self.tcp.is_answered(context) {
            self.answers.tcp = Told::Answer;
            self.tcp = Socket::Closed;
            self.attempts = 0;
        }
        if self.icmp.is_answered(context) {
            self.answers.icmp = Told::Answer;
            self.close();
        }
    }

    fn close(&mut self) {
        self.icmp = Socket::Closed;
        self.tcp = Socket::Closed;
        self.attempts = 0;
    }
}

fn note(told: &mut Told, sent: Sent) {
    if matches!(sent, Sent::Yes | Sent::NoWay) && *told == Told::Nothing {
        *told = Told::Silence;
    }
}

/// What became of sending a probe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Yes,
    /// The kernel has no way out for it: as good as unanswered.
    NoWay,
    /// This machine could not send it; that says nothing about routes.
    No,
    /// There is no such interface or address any more.
    Gone,
}

impl Socket {
    /// Opens it unless that was tried. True if it is open since this call.
    fn open(&mut self, config: &Config, method: Method) -> bool {
        if !matches!(self, Self::NotYet) {
            return false;
        }
        let config = Config { method, ..*config };
        *self = match Prober::open(config) {
            Ok(prober) => Self::Open(Box::new(prober)),
            Err(error) => {
                log::debug!("{} cannot be asked by {method:?}: {error}", config.target);
                Self::Closed
            }
        };
        matches!(self, Self::Open(_))
    }

    /// Takes what has come; true if an answer is among it.
    fn is_answered(&mut self, context: &mut Context<'_>) -> bool {
        let Self::Open(prober) = self else {
            return false;
        };
        while let Poll::Ready(event) = prober.poll_event(context) {
            if matches!(event, Event::Reply(_)) {
                return true;
            }
        }
        false
    }

    fn send(&mut self) -> Sent {
        let Self::Open(prober) = self else {
            return Sent::No;
        };
        match prober.send() {
            Ok(_) => Sent::Yes,
            // A firewall's word and a route's prohibition look the same.
            Err(SendError::Unreachable(_) | SendError::Blocked(_)) => Sent::NoWay,
            Err(SendError::Busy | SendError::Os(_)) => Sent::No,
            Err(SendError::Gone(_)) => Sent::Gone,
        }
    }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}
