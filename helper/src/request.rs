//! What the bus interface asks of the actor, and what it gets back.

use std::os::fd::OwnedFd;

use evenkeel_dbus::HelperError;
use tokio::sync::oneshot;

use crate::lease::{Caller, Change};

/// A call from the bus: valid, and allowed by polkit.
#[derive(Debug)]
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// What for.
    pub ask: Ask,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Answer, HelperError>>,
}

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Open a feed.
    Subscribe {
        /// Frames a second at the most.
        max_hz: u32,
    },
    /// Hold a change.
    Hold {
        /// Which.
        change: Change,
        /// True when the helper keeps it for the caller's user.
        kept: bool,
    },
    /// End the caller's game mode.
    LeaveGameMode,
    /// Judge an uplink anew.
    Forget {
        /// The uplink.
        ifindex: u32,
    },
    /// End everything the caller holds.
    Revert,
}

/// A yes.
#[derive(Debug)]
pub enum Answer {
    /// Done.
    Done,
    /// The listener's end of a feed.
    Feed(OwnedFd),
}
