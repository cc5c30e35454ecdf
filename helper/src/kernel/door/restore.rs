//! Giving the routes back: on release, at startup and shutdown, and for `--restore`.
//!
//! It is not for sysctls; their half is short enough to stand in one piece.

use std::collections::BTreeMap;

use evenkeel_dbus::TunableState;

use super::{
    Door,
    seen::{Seen, Sight, text, tunable_id},
};
use crate::kernel::{
    error::{DoorError, NetlinkError, Undone},
    journal::RouteEntry,
    route::RouteKey,
};

/// The routes that could not be restored, with the reason.
type Failures = BTreeMap<RouteKey, String>;

impl Door {
    /// Give the routes back: restore those still ours, forget those gone or somebody else's. Says
    /// whether any was held.
    ///
    /// # Errors
    ///
    /// `Kernel` or `Journal` for the first route that failed; all were tried. The originals of
    /// those that failed (an interface that is down, for one) are kept for another try: call
    /// again when a link changes.
    pub async fn release_routes(&mut self) -> Result<bool, DoorError> {
        if self.journal.is_none() {
            return Ok(false); // nothing can be held
        }
        let held = !self.journal()?.contents().routes.is_empty();
        self.restore_routes(&mut Vec::new()).await.map(|()| held)
    }

    /// [`Door::release_routes`], saying what was done.
    pub(super) async fn restore_routes(&mut self, said: &mut Vec<String>) -> Result<(), DoorError> {
        let entries = self.journal()?.contents().routes.clone();
        if entries.is_empty() {
            self.route_notes.clear();
            return Ok(());
        }
        let seen = Seen::look().await?;
        self.route_notes.clear();
        let mut failures = Failures::new();
        let written = self
            .put_routes_back(&entries, &seen, said, &mut failures)
            .await;
        if !written.is_empty() {
            check_restored(&written, &Seen::look().await?, said, &mut failures);
        }
        self.journal()?.update(|contents| {
            contents
                .routes
                .retain(|entry| failures.contains_key(&entry.key));
        })?;
        self.note_failures(&entries, &failures)
    }

    /// Write the originals of the routes that are still ours. Returns those written.
    async fn put_routes_back<'a>(
        &mut self,
        entries: &'a [RouteEntry],
        seen: &Seen,
        said: &mut Vec<String>,
        failures: &mut Failures,
    ) -> Vec<&'a RouteEntry> {
        let mut written = Vec::new();
        for entry in entries {
            let id = tunable_id(&entry.key);
            let original = text(&entry.original);
            match seen.sight(entry) {
                Sight::Gone => said.push(format!("{id}: it is gone; left that way")),
                Sight::Foreign(why) => {
                    said.push(format!(
                        "{id}: {why}; left alone, its weights were {original}"
                    ));
                }
                Sight::Original => said.push(format!("{id}: already at its original {original}")),
                Sight::Ours(route) => match self.write(&route, &entry.original).await {
                    Ok(()) => written.push(entry),
                    Err(NetlinkError::Gone) => said.push(format!("{id}: it is gone")),
                    Err(cause) => {
                        failures.insert(entry.key.clone(), cause.to_string());
                    }
                },
            }
        }
        written
    }

    /// Note the routes that could not be restored; the first one is the error.
    fn note_failures(
        &mut self,
        entries: &[RouteEntry],
        failures: &Failures,
    ) -> Result<(), DoorError> {
        for entry in entries {
            if let Some(why) = failures.get(&entry.key) {
                let (wanted, state) = (&entry.original, TunableState::Failed);
                self.note_route(&entry.key, entry.ours.last(), wanted, state, why);
            }
        }
        match failures.first_key_value() {
            None => Ok(()),
            Some((key, cause)) => Err(DoorError::Kernel {
                tunable: tunable_id(key),
                cause: cause.clone(),
                undone: Undone::NotAll,
            }),
        }
    }
}

/// Whether what was written back is there.
fn check_restored(
    written: &[&RouteEntry],
    seen: &Seen,
    said: &mut Vec<String>,
    failures: &mut Failures,
) {
    for entry in written {
        let id = tunable_id(&entry.key);
        match seen.sight(entry) {
            Sight::Original => said.push(format!("{id}: restored to {}", text(&entry.original))),
            Sight::Ours(_) => {
                failures.insert(entry.key.clone(), "the kernel kept our weights".to_owned());
            }
            Sight::Gone => said.push(format!("{id}: it went while it was restored")),
            Sight::Foreign(why) => said.push(format!("{id}: {why}; left alone")),
        }
    }
}
