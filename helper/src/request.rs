//! What the bus interface asks of the actor, and what it gets back.

use std::os::fd::OwnedFd;

use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::{MeasuredBlock, MeasuredSample};
use tokio::sync::oneshot;
use zbus::OwnedObjectPath;

use crate::lease::{Caller, Change};
use crate::measure::wish::Wish;

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
    /// Begin a measurement.
    Measure(Wish),
    /// Something about a measurement.
    Touch {
        /// Its number.
        number: u64,
        /// What.
        touch: Touch,
    },
}

/// What can be asked of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// Put everything back for a while.
    Pause,
    /// Go on.
    Resume,
    /// Put everything back and end it.
    Cancel,
    /// Its blocks.
    Blocks,
    /// Its samples.
    Samples,
}

/// A yes.
#[derive(Debug)]
pub enum Answer {
    /// Done.
    Done,
    /// The listener's end of a feed.
    Feed(OwnedFd),
    /// A measurement that has begun.
    Measurement(OwnedObjectPath),
    /// The blocks of one that has ended.
    Blocks(Vec<MeasuredBlock>),
    /// The samples of one that has ended.
    Samples(Vec<MeasuredSample>),
}
