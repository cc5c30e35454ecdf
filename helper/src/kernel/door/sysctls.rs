//! The door's sysctl half: hold one, give it back, notice others' changes.

use evenkeel_core::plan::{Family, Object, Route, Via};
use evenkeel_dbus::TunableState;

use super::{
    Door, Note, TunableStatus,
    claim::{Claim, claim},
};
use crate::kernel::{
    ecmp::DumpedRoute,
    error::{DoorError, Undone},
    journal::SysctlEntry,
    netlink,
    objects::{self, ours::our_route},
    sysctl::{Knob, SysctlError},
};

/// A route of our own that has copies of the sysctls for each of its IPv6 nexthops.
fn renewable(dumped: &DumpedRoute) -> Option<Object> {
    let ours = our_route(&dumped.message)?;
    let spreads = matches!(
        &ours,
        Object::Route(Route {
            family: Family::V6,
            via: Via::Spread(_),
            ..
        })
    );
    spreads.then_some(ours)
}

impl Door {
    /// Hold a sysctl at `value`. The value already in force is not written again, but held.
    ///
    /// For what a write reaches, see [`crate::kernel::lowpower`].
    ///
    /// # Errors
    ///
    /// `OutOfRange`; `Untouchable` (what is in force is out of range, so it could not be put back);
    /// `NotSupported` (no such sysctl); `StoodBack` (someone else changed it while
    /// we held it; release it first); `Journal`; `Kernel`, which says what was undone.
    pub fn set_sysctl(&mut self, knob: Knob, value: i64) -> Result<bool, DoorError> {
        if !knob.takes(value) {
            return Err(DoorError::OutOfRange { knob, value });
        }
        let current = self
            .tree
            .read(knob)
            .map_err(|e| DoorError::sysctl(knob, &e))?;
        self.step_back_from_sysctl(knob, current)?;
        if let Some(note) = self.stood_back_from(knob) {
            let why = note.why.clone();
            return Err(DoorError::StoodBack {
                tunable: knob.id().to_owned(),
                why,
            });
        }
        if !knob.takes(current) {
            let max = knob.max();
            return Err(DoorError::Untouchable { knob, current, max });
        }
        self.journal()?
            .update(|contents| contents.intend_sysctl(knob, current, value))?;
        if current != value
            && let Err(cause) = self.write_and_flush(knob, value)
        {
            return Err(self.undo_sysctl(knob, current, value, &cause)?);
        }
        self.note_sysctl(knob, value, value, TunableState::Held, "");
        Ok(current != value)
    }

    /// Give a sysctl back: restore its original if the value is still ours, and forget it. Says
    /// whether it was held.
    ///
    /// # Errors
    ///
    /// `Kernel` or `Journal`; then the original is still kept, and calling again tries again.
    pub fn release_sysctl(&mut self, knob: Knob) -> Result<bool, DoorError> {
        if self.journal.is_none() {
            return Ok(false); // nothing can be held
        }
        let held = self.journal()?.contents().sysctl(knob).is_some();
        self.restore_sysctl(knob, &mut Vec::new()).map(|()| held)
    }

    /// [`Door::release_sysctl`], saying what was done.
    pub(super) fn restore_sysctl(
        &mut self,
        knob: Knob,
        said: &mut Vec<String>,
    ) -> Result<(), DoorError> {
        let Some(entry) = self.journal()?.contents().sysctl(knob).cloned() else {
            self.sysctl_notes.remove(&knob);
            return Ok(());
        };
        match self.put_back(&entry) {
            Ok(done) => {
                said.push(format!("{}: {done}", knob.id()));
                self.journal()?
                    .update(|contents| contents.forget_sysctl(knob))?;
                self.sysctl_notes.remove(&knob);
                Ok(())
            }
            Err(cause) => {
                let note = Note {
                    current: String::new(),
                    wanted: entry.original.to_string(),
                    state: TunableState::Failed,
                    why: cause.to_string(),
                };
                self.sysctl_notes.insert(knob, note);
                Err(DoorError::Kernel {
                    tunable: knob.id().to_owned(),
                    cause: cause.to_string(),
                    undone: Undone::NotAll,
                })
            }
        }
    }

    /// Put an original back if what is in force is ours. Says what was done.
    fn put_back(&self, entry: &SysctlEntry) -> Result<String, SysctlError> {
        let SysctlEntry {
            knob,
            original,
            ours,
        } = entry;
        let current = match self.tree.read(*knob) {
            Err(SysctlError::Absent { .. }) => return Ok("it is no longer there".to_owned()),
            read => read?,
        };
        match claim(&current, original, ours) {
            Claim::Foreign => Ok(format!(
                "left at {current}, which somebody else set; it was {original}"
            )),
            Claim::Original => {
                // A kill may have come between the write and the flush.
                self.tree.flush_route_cache()?;
                Ok(format!("already at its original {original}"))
            }
            Claim::Ours if !knob.takes(*original) => Ok(format!(
                "left at {current}: its original {original} is outside 0 to {}, which the helper \
                 never writes",
                Knob::max(*knob)
            )),
            Claim::Ours => {
                self.write_and_flush(*knob, *original)?;
                Ok(format!("restored to {original}"))
            }
        }
    }

    /// Notice what somebody else did to the sysctls held.
    pub(super) fn refresh_sysctls(&mut self) -> Result<(), DoorError> {
        for knob in Knob::ALL {
            if self.journal()?.contents().sysctl(knob).is_none() {
                continue;
            }
            match self.tree.read(knob) {
                Ok(current) => self.step_back_from_sysctl(knob, current)?,
                Err(cause) => {
                    if let Some(note) = self.sysctl_notes.get_mut(&knob) {
                        note.current = String::new();
                        note.state = TunableState::Failed;
                        note.why = cause.to_string();
                    }
                }
            }
        }
        Ok(())
    }

    /// If we hold the sysctl and `current` is neither the original nor ours, let go of it.
    fn step_back_from_sysctl(&mut self, knob: Knob, current: i64) -> Result<(), DoorError> {
        let Some(entry) = self.journal()?.contents().sysctl(knob).cloned() else {
            return Ok(());
        };
        if claim(&current, &entry.original, &entry.ours) == Claim::Foreign {
            self.journal()?
                .update(|contents| contents.forget_sysctl(knob))?;
            let why = format!("somebody else set it to {current} while it was held");
            let wanted = entry.ours.last().copied().unwrap_or(entry.original);
            self.note_sysctl(knob, current, wanted, TunableState::StoodBack, &why);
        }
        Ok(())
    }

    /// Let a written value reach IPv6: multipath routes of our own making take it when they are
    /// replaced, by themselves. Nobody else's is touched.
    ///
    /// What fails is only logged: the value is in force, and applies to that route later.
    pub async fn renew_v6_routes(&mut self) {
        let ours = match netlink::dump_routes().await {
            Ok(routes) => routes.iter().filter_map(renewable).collect(),
            Err(cause) => {
                log::warn!("our IPv6 routes keep the values before: {cause}");
                Vec::new()
            }
        };
        for route in ours {
            if let Err(cause) = objects::replace(&mut self.socket, &route).await {
                log::warn!("an IPv6 route of ours keeps the values before: {cause}");
            }
        }
    }

    fn write_and_flush(&self, knob: Knob, value: i64) -> Result<(), SysctlError> {
        self.tree.write(knob, value)?;
        self.tree.flush_route_cache()
    }

    /// After a step towards `value` failed: put `before` back, and say so.
    fn undo_sysctl(
        &mut self,
        knob: Knob,
        before: i64,
        value: i64,
        cause: &SysctlError,
    ) -> Result<DoorError, DoorError> {
        let undone = match self.tree.read(knob) {
            Ok(current) if current == before => Undone::NothingToUndo,
            _ if self.tree.write(knob, before).is_ok() => Undone::All,
            _ => Undone::NotAll,
        };
        if undone != Undone::NotAll {
            let journal = self.journal()?;
            let is_new = journal
                .contents()
                .sysctl(knob)
                .is_some_and(|e| e.original == before);
            if is_new {
                journal.update(|contents| contents.forget_sysctl(knob))?;
            }
        }
        let current = self.tree.read(knob).unwrap_or(before);
        let why = cause.to_string();
        self.note_sysctl(knob, current, value, TunableState::Failed, &why);
        Ok(DoorError::Kernel {
            tunable: knob.id().to_owned(),
            cause: why,
            undone,
        })
    }

    fn note_sysctl(&mut self, knob: Knob, current: i64, wanted: i64, s: TunableState, why: &str) {
        let (current, wanted, why) = (current.to_string(), wanted.to_string(), why.to_owned());
        self.sysctl_notes.insert(
            knob,
            Note {
                current,
                wanted,
                state: s,
                why,
            },
        );
    }

    fn stood_back_from(&self, knob: Knob) -> Option<&Note> {
        self.sysctl_notes
            .get(&knob)
            .filter(|note| note.state == TunableState::StoodBack)
    }

    pub(super) fn sysctl_status(&self, knob: Knob) -> Option<TunableStatus> {
        let (current, unreadable) = match self.tree.read(knob) {
            Ok(value) => (value.to_string(), String::new()),
            Err(SysctlError::Absent { .. }) => return None,
            Err(e) => (String::new(), e.to_string()),
        };
        let entry = self
            .journal
            .as_ref()
            .and_then(|journal| journal.contents().sysctl(knob));
        let note = self.sysctl_notes.get(&knob);
        let why = note.map_or(unreadable, |n| n.why.clone());
        // Whoever set it, it has to be seen.
        let danger = current.parse().ok().filter(|value| !knob.takes(*value));
        let why = match danger {
            Some(_) => format!("{current} {}", knob.outside()),
            None => why,
        };
        Some(TunableStatus {
            id: knob.id().to_owned(),
            current,
            original: entry.map(|e| e.original.to_string()).unwrap_or_default(),
            wanted: note.map(|n| n.wanted.clone()).unwrap_or_default(),
            state: note.map_or(TunableState::Idle, |n| n.state),
            why,
        })
    }
}
