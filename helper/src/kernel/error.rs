//! What can go wrong at the kernel's edge, in words, and which of the contract's errors it is.
//!
//! It is not for the journal's and the sysctls' own errors: they stand beside their code.

use std::io;

use evenkeel_dbus::HelperError;
use thiserror::Error;

use super::{journal::JournalError, sysctl::Knob, sysctl::SysctlError};

/// A netlink exchange that failed.
#[derive(Debug, Error)]
pub enum NetlinkError {
    /// The socket itself failed.
    #[error("netlink socket: {0}")]
    Socket(#[source] io::Error),
    /// The kernel sent something that isn't netlink, or ended a reply early.
    #[error("netlink: {0}")]
    Garbled(String),
    /// A dump was interrupted by changes each time it was tried.
    #[error("netlink: the {0} kept changing while they were read")]
    Unsteady(&'static str),
    /// More entries than the helper is willing to hold.
    #[error("more than {limit} {what}: too many to look at")]
    TooMany {
        /// What there were too many of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// What was to be changed isn't there.
    #[error("it is gone")]
    Gone,
    /// The place of what was to be added is taken.
    #[error("somebody else's is in its place{0}")]
    Exists(String),
    /// The kernel doesn't know how.
    #[error("the kernel can't do that{0}")]
    Unsupported(String),
    /// One of the route's interfaces is down, so the kernel takes no change of it.
    #[error("an interface of the route is down")]
    LinkDown,
    /// One of the route's gateways can't be reached from its interface's addresses.
    #[error("a gateway of the route is not reachable on its interface")]
    GatewayUnreachable,
    /// The process lacks `CAP_NET_ADMIN` in this network namespace.
    #[error("not permitted: CAP_NET_ADMIN is missing in this network namespace")]
    NotPermitted,
    /// Any other refusal.
    #[error("the kernel refused: {cause}{sentence}")]
    Refused {
        /// The error number, in words.
        #[source]
        cause: io::Error,
        /// `. Kernel: ` and what the kernel said about it; empty if it said nothing.
        sentence: String,
    },
}

impl NetlinkError {
    /// Words for the error number the kernel answered a change with, and its sentence about it,
    /// empty if there is none.
    pub(super) fn from_errno(errno: i32, sentence: &str) -> Self {
        use nix::errno::Errno;
        let sentence = match sentence {
            "" => String::new(),
            said => format!(". Kernel: {said}"),
        };
        match Errno::from_raw(errno) {
            // ENODEV: the interface went, and its routes with it.
            Errno::ENOENT | Errno::ESRCH | Errno::ENODEV => Self::Gone,
            Errno::ENETDOWN => Self::LinkDown,
            Errno::EHOSTUNREACH | Errno::ENETUNREACH => Self::GatewayUnreachable,
            Errno::EPERM | Errno::EACCES => Self::NotPermitted,
            Errno::EEXIST => Self::Exists(sentence),
            Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => Self::Unsupported(sentence),
            _ => Self::Refused {
                cause: io::Error::from_raw_os_error(errno),
                sentence,
            },
        }
    }
}

/// A change that wasn't made, or was undone again.
#[derive(Debug, Error)]
pub enum DoorError {
    /// The value isn't one the helper writes.
    #[error(
        "{}: {value} {}; nothing was changed",
        knob.id(),
        knob.outside()
    )]
    OutOfRange {
        /// The sysctl asked for.
        knob: Knob,
        /// The value asked for.
        value: i64,
    },
    /// Somebody else set a value that the helper never writes, so it could not put it back.
    #[error(
        "{}: it is {current}, which {}; it can't be captured to be put back, so nothing was \
         changed; set it to 0 to {max} yourself first (sudo sysctl -w {}=N)",
        knob.id(), knob.outside(), knob.path().replace('/', ".")
    )]
    Untouchable {
        /// The sysctl asked for.
        knob: Knob,
        /// The value in force.
        current: i64,
        /// The largest value the helper writes.
        max: u32,
    },
    /// There is nothing here to change that way.
    #[error("{why}; nothing was changed")]
    NotSupported {
        /// What is missing.
        why: String,
    },
    /// Someone else changed the tunable while it was held, so it is theirs until released.
    #[error("{tunable}: {why}; it was left alone")]
    StoodBack {
        /// The tunable's id.
        tunable: String,
        /// What was found.
        why: String,
    },
    /// The originals can't be kept safely, so nothing may be changed.
    #[error("{0}; nothing was changed")]
    Journal(#[from] JournalError),
    /// The kernel refused a step.
    #[error("{tunable}: {cause}; {}", undone.words())]
    Kernel {
        /// The tunable's id, or what was being read.
        tunable: String,
        /// What the kernel said.
        cause: String,
        /// What became of the steps before it.
        undone: Undone,
    },
}

/// What became of the earlier steps when one failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// No step had been made.
    NothingToUndo,
    /// Everything is as it was before the call.
    All,
    /// Something could not be put back; the journal keeps its original for another try.
    NotAll,
    /// The steps before it were left, for a new plan to go on from.
    Not,
}

impl Undone {
    fn words(self) -> &'static str {
        match self {
            Self::NothingToUndo => "nothing was changed",
            Self::All => "what had been done was undone, so nothing is changed",
            Self::Not => {
                "the steps before it were taken; what they made can be removed at any time"
            }
            Self::NotAll => {
                "not everything could be put back; the originals are kept and will be tried again"
            }
        }
    }
}

impl DoorError {
    /// The contract's error for this one, with the same sentence.
    pub fn to_contract(&self) -> HelperError {
        let sentence = self.to_string();
        match self {
            Self::OutOfRange { .. } => HelperError::OutOfRange(sentence),
            Self::NotSupported { .. } => HelperError::NotSupported(sentence),
            Self::StoodBack { .. } => HelperError::ConflictingRoutes(sentence),
            Self::Journal(JournalError::InUse { .. }) => HelperError::Busy(sentence),
            Self::Journal(_) | Self::Kernel { .. } | Self::Untouchable { .. } => {
                HelperError::Kernel(sentence)
            }
        }
    }

    /// A failed look at the kernel's state, before anything was changed.
    pub(crate) fn reading(what: &str, cause: &NetlinkError) -> Self {
        Self::Kernel {
            tunable: what.to_owned(),
            cause: cause.to_string(),
            undone: Undone::NothingToUndo,
        }
    }

    /// A failed look at a sysctl, before anything was changed.
    pub(crate) fn sysctl(knob: Knob, cause: &SysctlError) -> Self {
        match cause {
            SysctlError::Absent { .. } => Self::NotSupported {
                why: cause.to_string(),
            },
            _ => Self::Kernel {
                tunable: knob.id().to_owned(),
                cause: cause.to_string(),
                undone: Undone::NothingToUndo,
            },
        }
    }
}
