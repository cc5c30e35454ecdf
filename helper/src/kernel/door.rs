//! The one door for changes: captured, journaled, applied, read back, or undone.
//!
//! It is not for deciding what to want, for leases, or for probing whether a gateway still
//! answers: the actor does that and calls [`Door::release_routes`] if it doesn't.
//!
//! While a tunable is held, the journal has its original and every value we may have written. Only
//! one of those is ever written over; anything else was somebody else's doing and stays
//! ([`TunableState::StoodBack`]) until the tunable is released, which forgets the matter.

use std::collections::BTreeMap;

use evenkeel_dbus::TunableState;

use super::{Roots, error::DoorError, sysctl::Knob};

/// Where one tunable stands, as texts to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunableStatus {
    /// `ema-factor`, `power-cost`, or `route:` and the route in the words of `ip route`.
    pub id: String,
    /// The value in force when last looked at; empty if the tunable isn't there.
    pub current: String,
    /// The captured original; empty when nothing is captured.
    pub original: String,
    /// The value last asked for; empty when nothing is.
    pub wanted: String,
    /// Where it stands.
    pub state: TunableState,
    /// Why it isn't as wanted; empty when it is.
    pub why: String,
}

/// The door. One at a time per runtime directory: opening takes a lock that ends with it.
#[derive(Debug)]
pub struct Door {
    roots: Roots,
}

impl Door {
    /// Open the journal and the netlink socket for writes. Needs a tokio runtime around it.
    /// Nothing is changed or restored: call [`Door::restore_all`] once before anything else.
    ///
    /// A journal that can't be used doesn't stop the helper from observing: `open` succeeds, and
    /// every change is refused with [`DoorError::Journal`] until the cause is gone.
    ///
    /// # Errors
    ///
    /// [`DoorError::Kernel`] if there is no netlink socket.
    pub fn open(roots: Roots) -> Result<Self, DoorError> {
        Ok(Self { roots })
    }

    /// Why no change can be made at all, or `None` when the journal is usable.
    pub fn blocked(&self) -> Option<String> {
        None
    }

    /// The netlink port our route changes come from; [`super::watch::Watch`] ignores its echoes.
    pub fn netlink_port(&self) -> u32 {
        0
    }

    /// Hold a sysctl at `value`. Writing the value that is already in force changes nothing, but
    /// holds it.
    ///
    /// # Errors
    ///
    /// `OutOfRange`; `NotSupported` (no such sysctl); `StoodBack` (someone else changed it while
    /// we held it; release it first); `Journal`; `Kernel`, which says what was undone.
    pub async fn set_sysctl(&mut self, knob: Knob, value: i64) -> Result<(), DoorError> {
        unimplemented!()
    }

    /// Hold the steerable routes at these weights, given per uplink: the keys are the uplinks'
    /// ifindexes, the values 0..=255 as the steering gives them.
    ///
    /// Looks at the routes anew each time; captures those not held yet; writes only what differs.
    /// A route that someone else changed, or that vanished, is left alone and shows in
    /// [`Door::status`]; that is not an error.
    ///
    /// # Errors
    ///
    /// `NotSupported` (no route to steer); `Journal`; `Kernel` (a refusal: the routes already
    /// rewritten by this call were put back, or the error says that they were not).
    pub async fn set_weights(&mut self, weights: &BTreeMap<u32, u16>) -> Result<(), DoorError> {
        unimplemented!()
    }

    /// Give a sysctl back: restore its original if the value is still ours, and forget it.
    ///
    /// # Errors
    ///
    /// `Kernel` or `Journal`; then the original is still kept, and calling again tries again.
    pub async fn release_sysctl(&mut self, knob: Knob) -> Result<(), DoorError> {
        unimplemented!()
    }

    /// Give the routes back: restore those still ours, forget those gone or somebody else's.
    ///
    /// # Errors
    ///
    /// `Kernel` or `Journal` for the first route that failed; all were tried. The originals of
    /// those that failed (an interface that is down, for one) are kept for another try: call
    /// again when a link changes.
    pub async fn release_routes(&mut self) -> Result<(), DoorError> {
        unimplemented!()
    }

    /// Give everything back: what startup, shutdown and `--restore` do.
    ///
    /// Returns a line in English for each tunable that the journal held: restored, left alone and
    /// why, gone, or failed.
    ///
    /// # Errors
    ///
    /// The first failure; everything was tried.
    pub async fn restore_all(&mut self) -> Result<Vec<String>, DoorError> {
        unimplemented!()
    }

    /// Look at everything held again, after the kernel reported changes: notices what somebody
    /// else changed and what vanished. Writes nothing to the kernel.
    ///
    /// Returns whether any status is different from before.
    ///
    /// # Errors
    ///
    /// `Kernel` if the state can't be read.
    pub async fn refresh(&mut self) -> Result<bool, DoorError> {
        unimplemented!()
    }

    /// Where every tunable stands: both sysctls (if the kernel has them), then the routes held or
    /// left alone, in a stable order. As of the last call of another method.
    pub fn status(&self) -> Vec<TunableStatus> {
        unimplemented!()
    }
}
