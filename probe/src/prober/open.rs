//! Opening a prober: checks the configuration and finds the kind of socket that is allowed.
//! Not for sending or receiving.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use socket2::Socket;
use tokio::io::Interest;

use super::{MAX_ATTEMPTS, Prober};
use crate::error::ProbeError;
use crate::icmp::{self, Buffers, IcmpSocket, OpenError};
use crate::method::{Fallback, Method, MethodInUse, Transport, Why};
use crate::watch::watch;
use crate::window::Window;
use crate::{Config, Counters, Family};

const TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(10);

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
        if !icmp::interface_exists(config.ifindex) {
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
}

enum Opened {
    Icmp(Box<IcmpSocket>, MethodInUse),
    TcpOnly(Why),
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
