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

use super::{
    Roots,
    error::DoorError,
    journal::{Journal, JournalError},
    netlink::Socket,
    route::{MultipathRoute, RouteKey},
    sysctl::{Knob, SysctlTree},
};

mod claim;
pub(crate) mod objects;
mod restore;
mod routes;
mod seen;
mod sysctls;

pub use objects::Taken;

/// The most routes remembered for [`Door::status`].
const MAX_NOTES: usize = 64;

/// Where one tunable stands, as texts to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunableStatus {
    /// `ema-factor`, `power-cost`, or `route:` and the route in the words of `ip route`.
    pub id: String,
    /// The value in force; empty if it can't be read. Weights read `255:1`, in nexthop order.
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

/// What the door remembers of a tunable since it was first asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Note {
    current: String,
    wanted: String,
    state: TunableState,
    why: String,
}

/// The door. One at a time per runtime directory: opening takes a lock that ends with it.
#[derive(Debug)]
pub struct Door {
    roots: Roots,
    tree: SysctlTree,
    socket: Socket,
    journal: Option<Journal>,
    sysctl_notes: BTreeMap<Knob, Note>,
    route_notes: BTreeMap<RouteKey, Note>,
}

impl Door {
    /// Open the journal, and the netlink socket that changes go through. Needs a tokio runtime
    /// around it. Nothing is changed or restored: call [`Door::restore_all`] once before anything
    /// else.
    ///
    /// A journal that can't be used doesn't keep the helper from observing: `open` succeeds, and
    /// every change is refused with [`DoorError::Journal`] until the cause is gone.
    ///
    /// # Errors
    ///
    /// [`DoorError::Kernel`] if there is no netlink socket.
    pub fn open(roots: Roots) -> Result<Self, DoorError> {
        let socket = Socket::route(0).map_err(|e| DoorError::reading("routes", &e))?;
        let mut door = Self {
            tree: SysctlTree::new(&roots.proc_sys),
            roots,
            socket,
            journal: None,
            sysctl_notes: BTreeMap::new(),
            route_notes: BTreeMap::new(),
        };
        if let Err(e) = door.journal() {
            log::warn!("nothing can be changed: {e}");
        }
        Ok(door)
    }

    /// Why no change can be made at all, or `None` when the journal is usable.
    pub fn blocked(&mut self) -> Option<JournalError> {
        self.journal().err()
    }

    /// The netlink port our route changes come from; [`super::watch::Watch`] ignores its echoes.
    pub fn netlink_port(&self) -> u32 {
        self.socket.port()
    }

    /// Give everything back: what startup, shutdown and `--restore` do.
    ///
    /// Returns a sentence for each object of ours, which is removed, and for each tunable that the
    /// journal held: restored, left alone and why, or gone. Without a runtime directory no tunable
    /// can have been captured.
    ///
    /// # Errors
    ///
    /// The first failure, of `Kernel` or `Journal`; everything was tried. What failed stays in the
    /// journal for another call.
    pub async fn restore_all(&mut self) -> Result<Vec<String>, DoorError> {
        let mut said = Vec::new();
        // They need no journal, so that nothing can keep them.
        let removed = self.remove_objects_saying(&mut said).await;
        self.restore_captured(removed, said).await
    }

    /// Give back what was captured: [`Door::restore_all`] without our own objects, which running
    /// connections may need.
    ///
    /// # Errors
    ///
    /// As [`Door::restore_all`].
    pub async fn restore_tunables(&mut self) -> Result<Vec<String>, DoorError> {
        self.restore_captured(Ok(()), Vec::new()).await
    }

    async fn restore_captured(
        &mut self,
        mut result: Result<(), DoorError>,
        mut said: Vec<String>,
    ) -> Result<Vec<String>, DoorError> {
        match self.journal() {
            Err(JournalError::NoDirectory { .. }) => return result.map(|()| said),
            Err(e) => return Err(result.err().unwrap_or_else(|| e.into())),
            Ok(_) => {}
        }
        for knob in Knob::ALL {
            result = result.and(self.restore_sysctl(knob, &mut said));
        }
        if !said.is_empty() {
            self.renew_v6_routes().await;
        }
        result = result.and(self.restore_routes(&mut said).await);
        result.map(|()| said)
    }

    /// Leaves a word for the helper that is started next, where the journal is. A stop of the unit
    /// takes that directory away, a restart doesn't.
    ///
    /// # Errors
    ///
    /// When there is no usable journal, or the file system failed.
    pub fn leave_word(&mut self, word: &[u8]) -> Result<(), JournalError> {
        self.journal()?.leave_word(word)
    }

    /// Takes the word that the last helper left; found once.
    ///
    /// # Errors
    ///
    /// As [`Door::leave_word`].
    pub fn take_word(&mut self) -> Result<Option<Vec<u8>>, JournalError> {
        self.journal()?.take_word()
    }

    /// Look at everything held again, after the kernel reported changes: notices what somebody
    /// else changed and what vanished. Writes nothing to the kernel.
    ///
    /// Returns whether any status is different from before; then it is time to plan again.
    ///
    /// # Errors
    ///
    /// `Kernel` if the state can't be read, `Journal` if that can't be written.
    pub async fn refresh(&mut self) -> Result<bool, DoorError> {
        if self.journal.is_none() {
            return Ok(false); // nothing can be held
        }
        let before = (self.sysctl_notes.clone(), self.route_notes.clone());
        self.refresh_sysctls()?;
        if !self.journal()?.contents().routes.is_empty() {
            let seen = seen::Seen::look().await?;
            self.refresh_routes(&seen)?;
        }
        Ok(before != (self.sysctl_notes.clone(), self.route_notes.clone()))
    }

    /// Where every tunable stands: the sysctls that this kernel has, then the routes, held and
    /// left alone and those of the last survey that nobody touched.
    pub fn status(&self, surveyed: &[MultipathRoute]) -> Vec<TunableStatus> {
        let sysctls = Knob::ALL
            .into_iter()
            .filter_map(|knob| self.sysctl_status(knob));
        sysctls.chain(self.route_status(surveyed)).collect()
    }

    /// The journal, opened if it wasn't.
    fn journal(&mut self) -> Result<&mut Journal, JournalError> {
        match &mut self.journal {
            Some(journal) => Ok(journal),
            missing @ None => Ok(missing.insert(Journal::open(&self.roots.runtime_dir)?)),
        }
    }
}
