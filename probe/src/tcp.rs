//! One TCP connection attempt as a probe: start it, and see what came of it.
//! Not for waiting or counting (`prober`). The connection carries no data and is reset as soon as it is made.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::GetSockOpt;
use nix::{getsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket, Type};

use crate::Config;
use crate::error::{ProbeError, SendError};
use crate::icmp;

/// `struct tcp_info` (`linux/tcp.h`) up to `tcpi_total_retrans`, as 32-bit words: the part every kernel in use has.
type TcpInfoWords = [u32; 26];
/// Index of `tcpi_rtt` in microseconds: 8 bytes of flags, then the 16th word.
const RTT_US: usize = 17;
/// Index of `tcpi_total_retrans`.
const TOTAL_RETRANS: usize = 25;
/// `TCP_SYN_SENT` (`linux/tcp_states.h`).
const SYN_SENT: u8 = 2;

sockopt_impl!(
    /// `TCP_INFO`, shortened to `TcpInfoWords`.
    TcpInfo, GetOnly, libc::IPPROTO_TCP, libc::TCP_INFO, TcpInfoWords
);

/// What became of a connection attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Not decided yet.
    Pending,
    /// Accepted; the kernel's round-trip time of the handshake in nanoseconds (a multiple of 1000), if it has one.
    Accepted(Option<u64>),
    /// Refused with a reset: the target is up and answered, but the kernel takes no round-trip time from it.
    Refused,
    /// An answer that says nothing about the round trip (unreachable, or a repeated SYN was answered).
    Failed,
}

/// Starts a connection to `target`, bound as `config` says.
pub(crate) fn start(config: &Config, target: SocketAddr) -> Result<Socket, SendError> {
    let socket = Socket::new(
        Domain::for_address(target),
        Type::STREAM.nonblocking().cloexec(),
        Some(Protocol::TCP),
    )
    .map_err(|error| SendError::from(&error))?;
    icmp::bind(&socket, config).map_err(|error| match error {
        ProbeError::NoSuchSource => SendError::Gone(Errno::EADDRNOTAVAIL as i32),
        ProbeError::Os { source, .. } => SendError::from(&source),
        _ => SendError::Os(0),
    })?;
    // Closing resets the connection, so that ten probes per second leave no TIME_WAIT behind.
    socket
        .set_linger(Some(Duration::ZERO))
        .map_err(|error| SendError::from(&error))?;
    match socket.connect(&target.into()) {
        Ok(()) => Ok(socket),
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => Ok(socket),
        // A refusal can come back at once over a link that delivers synchronously.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(socket),
        Err(error) => Err(SendError::from(&error)),
    }
}

/// What became of the attempt, once the socket is writable.
pub(crate) fn outcome(socket: &Socket) -> Attempt {
    match socket.take_error() {
        Ok(None) => accepted(socket),
        Ok(Some(error)) | Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Attempt::Refused
        }
        Ok(Some(_)) | Err(_) => Attempt::Failed,
    }
}

fn accepted(socket: &Socket) -> Attempt {
    let Ok(words) = TcpInfo.get(&socket.as_fd()) else {
        return Attempt::Accepted(None);
    };
    read_info(&words)
}

fn read_info(words: &TcpInfoWords) -> Attempt {
    if words[0].to_ne_bytes()[0] == SYN_SENT {
        return Attempt::Pending;
    }
    if words[TOTAL_RETRANS] > 0 {
        // Nobody knows which SYN was answered.
        return Attempt::Failed;
    }
    let rtt_us = words[RTT_US];
    Attempt::Accepted((rtt_us > 0).then(|| u64::from(rtt_us) * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(state: u8, rtt_us: u32, retrans: u32) -> TcpInfoWords {
        let mut words = [0; 26];
        words[0] = u32::from_ne_bytes([state, 0, 0, 0]);
        words[RTT_US] = rtt_us;
        words[TOTAL_RETRANS] = retrans;
        words
    }

    #[test]
    fn a_handshake_gives_its_round_trip_in_nanoseconds() {
        assert_eq!(
            read_info(&info(1, 20_123, 0)),
            Attempt::Accepted(Some(20_123_000))
        );
        assert_eq!(read_info(&info(1, 0, 0)), Attempt::Accepted(None));
    }

    #[test]
    fn a_repeated_syn_gives_no_round_trip() {
        assert_eq!(read_info(&info(1, 20_123, 1)), Attempt::Failed);
    }

    #[test]
    fn an_unanswered_attempt_is_pending() {
        assert_eq!(read_info(&info(SYN_SENT, 0, 0)), Attempt::Pending);
    }

    #[test]
    fn the_layout_is_that_of_the_c_structure() {
        use std::mem::{offset_of, size_of};
        assert_eq!(offset_of!(libc::tcp_info, tcpi_rtt), RTT_US * 4);
        assert_eq!(
            offset_of!(libc::tcp_info, tcpi_total_retrans),
            TOTAL_RETRANS * 4
        );
        assert!(size_of::<libc::tcp_info>() >= size_of::<TcpInfoWords>());
    }
}
