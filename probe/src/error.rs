//! What can go wrong when opening a prober or sending a probe, in words a user can act on.

use std::io;
use std::time::Duration;

use nix::errno::Errno;

/// Why a prober could not be opened. Nothing was sent and nothing is left open.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No interface has this index (any more).
    #[error("no interface has index {0}; list the interfaces again and open a new prober")]
    NoSuchInterface(u32),
    /// Neither kind of ICMP socket is allowed to this process, and TCP was not an option.
    #[error(
        "this process may open no ICMP socket; add its group to the sysctl net.ipv4.ping_group_range, \
         give it CAP_NET_RAW, or probe by TCP"
    )]
    IcmpForbidden,
    /// The source address is of the other IP version than the target.
    #[error("source and target addresses are of different IP versions")]
    MixedFamilies,
    /// The source address is not assigned to this machine.
    #[error("the source address is not assigned to this machine; read the addresses again")]
    NoSuchSource,
    /// Port 0 was given.
    #[error("TCP port 0 cannot be probed; use 1..=65535")]
    BadPort,
    /// The timeout is out of range.
    #[error("a timeout of {0:?} is out of range; use 10 ms to 10 s")]
    BadTimeout(Duration),
    /// The kernel refused one of the steps.
    #[error("cannot {step}: {source}")]
    Os {
        /// What was being done.
        step: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl ProbeError {
    /// For `map_err`: names the step that failed.
    pub(crate) fn os<E: Into<io::Error>>(step: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Os {
            step,
            source: error.into(),
        }
    }
}

/// Why a probe could not be sent. No sequence number was used; probes under way are unaffected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The interface was removed, or the source address was. This prober is of no more use: open a new one.
    #[error("the interface or its address is gone (errno {0}); open a new prober when it is back")]
    Gone(i32),
    /// The interface is down or has no route to the target now. Later probes may succeed.
    #[error("the link is down or has no route to the target (errno {0}); later probes may succeed")]
    Unreachable(i32),
    /// This machine's firewall refused the packet.
    #[error(
        "this machine's firewall refused the probe (errno {0}); allow outgoing probes or use another method"
    )]
    Blocked(i32),
    /// The local queue is full, or `CAPACITY` probes are under way. Later probes may succeed.
    #[error("too many probes or packets are queued on this machine; send more slowly")]
    Busy,
    /// Anything else the kernel said.
    #[error("the kernel refused the probe (errno {0})")]
    Os(i32),
}

impl From<&io::Error> for SendError {
    fn from(error: &io::Error) -> Self {
        let raw = error.raw_os_error().unwrap_or(0);
        match Errno::from_raw(raw) {
            Errno::ENODEV | Errno::ENXIO | Errno::EADDRNOTAVAIL => Self::Gone(raw),
            Errno::ENETDOWN | Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EINVAL => {
                Self::Unreachable(raw)
            }
            Errno::EPERM | Errno::EACCES => Self::Blocked(raw),
            Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EMFILE | Errno::ENFILE => {
                Self::Busy
            }
            _ => Self::Os(raw),
        }
    }
}
