//! The door's route half: hold the steerable routes at given weights, notice others' changes.
//!
//! It is not for giving them back: see [`super::restore`].

use std::collections::{BTreeMap, BTreeSet};

use evenkeel_dbus::TunableState;

use super::{
    Door, MAX_NOTES, Note, TunableStatus,
    seen::{Seen, Sight, hex, text, tunable_id},
};
use crate::kernel::{
    ecmp,
    error::{DoorError, NetlinkError, Undone},
    journal::RouteEntry,
    route::{MultipathRoute, RouteKey},
};

/// One route's way from the weights it has to those it shall have.
struct Step {
    route: MultipathRoute,
    before: Vec<u16>,
    after: Vec<u16>,
}

impl Door {
    /// Hold the steerable routes at these weights, given per uplink: the keys are the uplinks'
    /// ifindexes, the values 0..=255 as the steering gives them ([`ecmp::nexthop_weights`] says
    /// what becomes of 0).
    ///
    /// Looks at the routes anew each time; captures those not held yet; writes only what differs,
    /// and says whether anything did.
    /// A route that someone else changed, or that vanished, is left alone and shows in
    /// [`Door::status`]; that is not an error.
    ///
    /// # Errors
    ///
    /// `NotSupported` (no route to steer); `Journal`; `Kernel` (a refusal: the routes already
    /// rewritten by this call were put back, or the error says that they were not).
    pub async fn set_weights(&mut self, weights: &BTreeMap<u32, u16>) -> Result<bool, DoorError> {
        self.journal()?;
        let seen = Seen::look().await?;
        self.refresh_routes(&seen)?;
        let uplinks = weights.keys().copied().collect();
        let steerable = ecmp::sort_routes(&seen.routes, &uplinks).steerable;
        if steerable.is_empty() {
            return Err(DoorError::NotSupported {
                why: "no multipath route over two or more uplinks is here to steer".to_owned(),
            });
        }
        let steps = self.plan(steerable, weights);
        self.journal()?.update(|contents| {
            for Step {
                route,
                before,
                after,
            } in &steps
            {
                contents.intend_route(&route.key, &hex(&route.shape()), before, after);
            }
        })?;
        self.take(&steps).await.map(|()| !steps.is_empty())
    }

    /// The steps that lead to `weights`, without routes somebody else changed while we held them.
    /// What is already as wanted is only noted.
    fn plan(&mut self, steerable: Vec<MultipathRoute>, weights: &BTreeMap<u32, u16>) -> Vec<Step> {
        let mut steps = Vec::new();
        for route in steerable {
            let Some(after) = ecmp::nexthop_weights(&route, weights) else {
                continue;
            };
            let note = self.route_notes.get(&route.key);
            if note.is_some_and(|note| note.state == TunableState::StoodBack) {
                continue;
            }
            let before = route.weights();
            if before != after && route.has_dead_nexthop() {
                // The kernel uses the others meanwhile, and takes no change until it is back.
                let why = "an interface of the route is down";
                self.note_route(&route.key, Some(&before), &after, TunableState::Failed, why);
            } else if before == after {
                let held = self.entry(&route.key).is_some();
                let state = if held {
                    TunableState::Held
                } else {
                    TunableState::Idle
                };
                self.note_route(&route.key, Some(&before), &after, state, "");
            } else {
                steps.push(Step {
                    route,
                    before,
                    after,
                });
            }
        }
        steps
    }

    /// Take all steps and read them back; undo all of them if the kernel refuses one.
    async fn take(&mut self, steps: &[Step]) -> Result<(), DoorError> {
        let mut taken = Vec::new();
        for step in steps {
            match self.write(&step.route, &step.after).await {
                Ok(()) => taken.push(step),
                // The dump at the end notices that it is gone.
                Err(NetlinkError::Gone) => {}
                Err(cause) => {
                    return Err(self.undo(steps, &taken, step, &cause.to_string()).await?);
                }
            }
        }
        if steps.is_empty() {
            return Ok(());
        }
        let seen = Seen::look().await?;
        for step in &taken {
            if seen.weights(&step.route.key).as_ref() == Some(&step.before) {
                let cause = "the kernel kept the old weights";
                return Err(self.undo(steps, &taken, step, cause).await?);
            }
        }
        for Step { route, after, .. } in steps {
            self.note_route(&route.key, Some(after), after, TunableState::Held, "");
        }
        // Whatever isn't ours now was changed, or vanished, between our write and this look.
        self.refresh_routes(&seen)
    }

    /// Put back what was taken before `failed` was refused because of `cause`, and say so.
    async fn undo(
        &mut self,
        steps: &[Step],
        taken: &[&Step],
        failed: &Step,
        cause: &str,
    ) -> Result<DoorError, DoorError> {
        for step in taken {
            if let Err(e) = self.write(&step.route, &step.before).await {
                log::warn!("{} could not be put back: {e}", tunable_id(&step.route.key));
            }
        }
        let seen = Seen::look().await?;
        let is_back = |step: &Step| {
            let now = seen.weights(&step.route.key);
            now.is_none_or(|weights| weights == step.before)
        };
        let undone = match taken {
            [] => Undone::NothingToUndo,
            _ if taken.iter().all(|step| is_back(step)) => Undone::All,
            _ => Undone::NotAll,
        };
        for step in steps.iter().filter(|step| !is_back(step)).chain([failed]) {
            let (key, state) = (&step.route.key, TunableState::Failed);
            self.note_route(key, seen.weights(key).as_ref(), &step.after, state, cause);
        }
        // What has its original has nothing of ours left.
        self.journal()?.update(|contents| {
            contents
                .routes
                .retain(|e| seen.weights(&e.key).as_ref() != Some(&e.original));
        })?;
        let tunable = tunable_id(&failed.route.key);
        Ok(DoorError::Kernel {
            tunable,
            cause: cause.to_owned(),
            undone,
        })
    }

    /// Notice what others did to the routes held: let go of those changed or gone.
    pub(super) fn refresh_routes(&mut self, seen: &Seen) -> Result<(), DoorError> {
        let mut lost = BTreeSet::new();
        for entry in self.journal()?.contents().routes.clone() {
            let key = &entry.key;
            let wanted = entry.ours.last().unwrap_or(&entry.original);
            let current = seen.weights(key);
            match seen.sight(&entry) {
                Sight::Gone => {
                    lost.insert(key.clone());
                    let why = "the route was deleted while it was held";
                    self.note_route(key, None, wanted, TunableState::Vanished, why);
                }
                Sight::Foreign(why) => {
                    lost.insert(key.clone());
                    self.note_route(key, current.as_ref(), wanted, TunableState::StoodBack, &why);
                }
                Sight::Original if entry.original != *wanted => {
                    let why = "somebody else put its original weights back";
                    self.note_route(key, current.as_ref(), wanted, TunableState::Idle, why);
                }
                Sight::Original | Sight::Ours(_) => {
                    let state = match self.route_notes.get(key) {
                        Some(note) if note.state == TunableState::Failed => continue,
                        _ => TunableState::Held,
                    };
                    self.note_route(key, current.as_ref(), wanted, state, "");
                }
            }
        }
        if !lost.is_empty() {
            let journal = self.journal()?;
            journal.update(|contents| contents.routes.retain(|e| !lost.contains(&e.key)))?;
        }
        Ok(())
    }

    pub(super) async fn write(
        &mut self,
        route: &MultipathRoute,
        weights: &[u16],
    ) -> Result<(), NetlinkError> {
        let message = route.reweighted(weights).ok_or_else(|| {
            NetlinkError::Garbled("a weight for each nexthop, 1 to 256, is needed".to_owned())
        })?;
        self.socket.replace_route(&message).await
    }

    fn entry(&self, key: &RouteKey) -> Option<&RouteEntry> {
        self.journal.as_ref()?.contents().route(key)
    }

    pub(super) fn note_route(
        &mut self,
        key: &RouteKey,
        current: Option<&Vec<u16>>,
        wanted: &[u16],
        state: TunableState,
        why: &str,
    ) {
        if self.route_notes.len() >= MAX_NOTES {
            self.route_notes
                .retain(|_, note| note.state != TunableState::Vanished);
        }
        if self.route_notes.len() < MAX_NOTES || self.route_notes.contains_key(key) {
            let current = current.map(|weights| text(weights)).unwrap_or_default();
            let (wanted, why) = (text(wanted), why.to_owned());
            self.route_notes.insert(
                key.clone(),
                Note {
                    current,
                    wanted,
                    state,
                    why,
                },
            );
        }
    }

    pub(super) fn route_status<'a>(
        &'a self,
        surveyed: &'a [MultipathRoute],
    ) -> impl Iterator<Item = TunableStatus> + 'a {
        let noted = self.route_notes.iter().map(|(key, note)| TunableStatus {
            id: tunable_id(key),
            current: note.current.clone(),
            original: self
                .entry(key)
                .map(|e| text(&e.original))
                .unwrap_or_default(),
            wanted: note.wanted.clone(),
            state: note.state,
            why: note.why.clone(),
        });
        let untouched = surveyed
            .iter()
            .filter(|route| !self.route_notes.contains_key(&route.key));
        noted.chain(untouched.map(|route| TunableStatus {
            id: tunable_id(&route.key),
            current: text(&route.weights()),
            original: String::new(),
            wanted: String::new(),
            state: TunableState::Idle,
            why: String::new(),
        }))
    }
}
