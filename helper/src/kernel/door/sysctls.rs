//! The door's sysctl half: hold one, give it back, notice others' changes.

use evenkeel_dbus::TunableState;

use super::{
    Door, Note, TunableStatus,
    claim::{Claim, claim},
};
use crate::kernel::{
    error::{DoorError, Undone},
    journal::SysctlEntry,
    sysctl::{Knob, SysctlError},
};

impl Door {
    /// Hold a sysctl at `value`. The value already in force is not written again, but held.
    ///
    /// For what a write reaches, see [`crate::kernel::lowpower`].
    ///
    /// # Errors
    ///
    /// `OutOfRange`; `NotSupported` (no such sysctl); `StoodBack` (someone else changed it while
    /// we held it; release it first); `Journal`; `Kernel`, which says what was undone.
    pub fn set_sysctl(&mut self, knob: Knob, value: i64) -> Result<bool, DoorError> {
        let max = knob.max();
        if !(0..=i64::from(max)).contains(&value) {
            return Err(DoorError::OutOfRange { knob, value, max });
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
        Some(TunableStatus {
            id: knob.id().to_owned(),
            current,
            original: entry.map(|e| e.original.to_string()).unwrap_or_default(),
            wanted: note.map(|n| n.wanted.clone()).unwrap_or_default(),
            state: note.map_or(TunableState::Idle, |n| n.state),
            why: note.map_or(unreadable, |n| n.why.clone()),
        })
    }
}
