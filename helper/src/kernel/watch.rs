//! When to look at the kernel again: link, address and route notifications, made coarse.
//!
//! It is not for saying what changed: [`super::survey`] looks.

use super::error::NetlinkError;

/// What kind of thing changed since the last call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    /// A link appeared, went, or changed its state.
    pub links: bool,
    /// An address came or went.
    pub addresses: bool,
    /// A route was made, replaced or deleted, other than by our own requests.
    pub routes: bool,
}

/// A subscription to the kernel's notifications.
#[derive(Debug)]
pub struct Watch {}

impl Watch {
    /// Subscribe. Needs a tokio runtime around it. `own_port` is [`super::door::Door::netlink_port`].
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`].
    pub fn open(own_port: u32) -> Result<Self, NetlinkError> {
        unimplemented!()
    }

    /// Wait until something changed, and gather all that has been reported by then. Sleeps without
    /// a wake-up while nothing changes. Lost notifications (`ENOBUFS`) count as everything changed.
    /// Safe to cancel, as in `select!`.
    ///
    /// # Errors
    ///
    /// [`NetlinkError::Socket`]; open a new one then.
    pub async fn changed(&mut self) -> Result<Changed, NetlinkError> {
        unimplemented!()
    }
}
