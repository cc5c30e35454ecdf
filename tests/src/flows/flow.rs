//! One flow: a socket, its destination, and what its answers said. When to ask is `exchange`'s
//! business.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::wire::{self, ANSWER_BYTES, Answer, FLOW_PORT};
use super::{Family, Kind, Pace};

/// Answers taken at once; far more than there can be.
const MOST_ANSWERS: usize = 1000;

#[derive(Debug)]
enum Wire {
    Tcp {
        stream: TcpStream,
        partial: Vec<u8>,
    },
    /// `to` is `None` for a connected socket.
    Udp {
        socket: UdpSocket,
        to: Option<SocketAddr>,
    },
}

/// What asking came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Sent,
    /// Try again soon: connecting, no room, or no route at this moment.
    NotNow,
    /// The connection is no more.
    Broken,
}

#[derive(Debug)]
pub(super) struct Flow {
    pub kind: Kind,
    pub family: Family,
    wire: Wire,
    number: u64,
    /// The first question of the running exchange.
    since: u64,
    /// The source seen by the newest answer to the running exchange.
    pub answer: Option<IpAddr>,
    /// The source of its first exchange.
    pub home: Option<IpAddr>,
    /// Has any answer ever shown another source than `home`?
    pub strayed: bool,
    pub broken: bool,
    interval: Option<Duration>,
    due: Instant,
}

impl Flow {
    /// Makes the socket in the network namespace of the calling thread. `source` is for
    /// [`Kind::UdpBound`]. Nothing is sent but a TCP connection's first packet.
    pub fn open(kind: Kind, target: IpAddr, source: IpAddr) -> io::Result<Self> {
        let to = SocketAddr::new(target, FLOW_PORT);
        let stream = kind == Kind::Tcp;
        let domain = Domain::for_address(to);
        let kind_of_socket = if stream { Type::STREAM } else { Type::DGRAM };
        let socket = Socket::new(domain, kind_of_socket, None)?;
        socket.set_nonblocking(true)?;
        let (family, any) = if to.is_ipv4() {
            (Family::V4, IpAddr::from(Ipv4Addr::UNSPECIFIED))
        } else {
            socket.set_only_v6(true)?;
            (Family::V6, Ipv6Addr::UNSPECIFIED.into())
        };
        let wire = match kind {
            Kind::Tcp => {
                socket.set_tcp_nodelay(true)?;
                // Closing resets: thousands of waiting pairs would hide the next flows' ports.
                socket.set_linger(Some(Duration::ZERO))?;
                connect(&socket, to)?;
                let stream = socket.into();
                let partial = Vec::new();
                Wire::Tcp { stream, partial }
            }
            Kind::UdpConnected => {
                connect(&socket, to)?;
                let socket = socket.into();
                Wire::Udp { socket, to: None }
            }
            Kind::UdpWildcard | Kind::UdpBound => {
                let own = if kind == Kind::UdpBound { source } else { any };
                socket.bind(&SocketAddr::new(own, 0).into())?;
                let socket = socket.into();
                Wire::Udp {
                    socket,
                    to: Some(to),
                }
            }
        };
        Ok(Self {
            kind,
            family,
            wire,
            number: 0,
            since: 1,
            answer: None,
            home: None,
            strayed: false,
            broken: false,
            interval: None,
            due: Instant::now(),
        })
    }

    /// From now on it asks by itself at this pace, first after `phase`.
    pub fn keep(&mut self, pace: Pace, phase: Duration) {
        self.interval = match pace {
            Pace::Quiet => None,
            Pace::Every(interval) => Some(interval),
        };
        self.due = Instant::now() + phase;
    }

    /// The local port.
    pub fn port(&self) -> Option<u16> {
        let address = match &self.wire {
            Wire::Tcp { stream, .. } => stream.local_addr(),
            Wire::Udp { socket, .. } => socket.local_addr(),
        };
        address.ok().map(|address| address.port())
    }

    /// Begins an exchange: answers to earlier questions don't count for it.
    pub fn begin(&mut self) {
        self.listen();
        self.since = self.number + 1;
        self.answer = None;
    }

    /// Is the running exchange still without an answer that may come?
    pub fn pending(&self) -> bool {
        self.answer.is_none() && !self.broken
    }

    /// Sends the next question.
    pub fn ask(&mut self) -> Asked {
        let question = wire::question(self.number + 1);
        let sent = match &mut self.wire {
            Wire::Tcp { stream, .. } => stream.write(&question),
            Wire::Udp { socket, to: None } => socket.send(&question),
            Wire::Udp {
                socket,
                to: Some(to),
            } => socket.send_to(&question, *to),
        };
        match sent {
            Ok(_) => {
                self.number += 1;
                Asked::Sent
            }
            Err(e) if self.kind == Kind::Tcp && !passing(&e) => {
                self.broken = true;
                Asked::Broken
            }
            Err(_) => Asked::NotNow,
        }
    }

    /// Takes all answers that have come.
    pub fn listen(&mut self) {
        for _ in 0..MOST_ANSWERS {
            match self.next_answer() {
                Ok(Some(answer)) => self.heed(answer),
                Ok(None) => return,
                // A UDP socket reports an earlier packet's fate once; then there may be more.
                Err(_) if self.kind != Kind::Tcp => {}
                Err(_) => {
                    self.broken = true;
                    return;
                }
            }
        }
    }

    fn heed(&mut self, answer: Answer) {
        if answer.number >= self.since {
            self.answer = Some(answer.seen);
        }
        self.strayed |= self.home.is_some_and(|home| home != answer.seen);
    }

    fn next_answer(&mut self) -> io::Result<Option<Answer>> {
        let mut bytes = [0; ANSWER_BYTES];
        let got = match &mut self.wire {
            Wire::Udp { socket, .. } => socket.recv(&mut bytes),
            Wire::Tcp { stream, partial } => {
                let mut chunk = [0; 8 * ANSWER_BYTES];
                while partial.len() < ANSWER_BYTES {
                    match stream.read(&mut chunk) {
                        Ok(0) => return Err(ErrorKind::ConnectionReset.into()),
                        Ok(n) => partial.extend_from_slice(&chunk[..n]),
                        Err(e) if passing(&e) => return Ok(None),
                        Err(e) => return Err(e),
                    }
                }
                bytes.copy_from_slice(&partial[..ANSWER_BYTES]);
                partial.drain(..ANSWER_BYTES);
                Ok(ANSWER_BYTES)
            }
        };
        match got {
            Ok(ANSWER_BYTES) => Ok(Some(wire::read_answer(bytes))),
            Ok(_) => Err(ErrorKind::InvalidData.into()),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Asks if its time has come.
    pub fn tend(&mut self, now: Instant) {
        let Some(interval) = self.interval else {
            return;
        };
        if self.broken || now < self.due {
            return;
        }
        // After a stall the missed questions are not made up for.
        self.due = (self.due + interval).max(now);
        self.listen();
        self.ask();
    }
}

fn connect(socket: &Socket, to: SocketAddr) -> io::Result<()> {
    match socket.connect(&to.into()) {
        Err(e) if e.raw_os_error() == Some(nix::libc::EINPROGRESS) => Ok(()),
        other => other,
    }
}

/// Errors of a TCP socket that say nothing about its connection.
fn passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected
    )
}
