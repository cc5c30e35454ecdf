//! The door's route half: hold the steerable routes at given weights, give them back, notice
//! others' changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use evenkeel_dbus::TunableState;

use super::{
    Door, MAX_NOTES, Note, TunableStatus,
    claim::{Claim, claim},
};
use crate::kernel::{
    ecmp::{self, DumpedRoute},
    error::{DoorError, NetlinkError, Undone},
    journal::RouteEntry,
    netlink,
    route::{MultipathRoute, RouteKey},
};

/// All routes at one moment.
pub(super) struct Seen {
    routes: Vec<DumpedRoute>,
    shared: BTreeSet<RouteKey>,
}

/// What became of a route that the journal holds.
enum Sight {
    /// Nothing has its key any more.
    Gone,
    /// Something else has its key, or weights that aren't ours; the reason.
    Foreign(String),
    /// It is as captured.
    Original(MultipathRoute),
    /// It has weights of ours.
    Ours(MultipathRoute),
}

/// One route's way from the weights it has to those it shall have.
struct Step {
    route: MultipathRoute,
    before: Vec<u16>,
    after: Vec<u16>,
}

impl Seen {
    /// Look at all routes.
    pub(super) async fn look() -> Result<Self, DoorError> {
        let routes = netlink::dump_routes()
            .await
            .map_err(|e| DoorError::reading("routes", &e))?;
        Ok(Self {
            shared: ecmp::shared_keys(&routes),
            routes,
        })
    }

    /// The route with a key, whatever it is made of.
    fn find(&self, key: &RouteKey) -> Option<&DumpedRoute> {
        self.routes
            .iter()
            .find(|route| RouteKey::of(&route.message).as_ref() == Some(key))
    }

    /// The weights of the route with a key, if it is a multipath route.
    fn weights(&self, key: &RouteKey) -> Option<Vec<u16>> {
        MultipathRoute::of(self.find(key)?.message.clone()).map(|route| route.weights())
    }

    /// What became of a captured route.
    fn sight(&self, entry: &RouteEntry) -> Sight {
        let Some(found) = self.find(&entry.key) else {
            return Sight::Gone;
        };
        if self.shared.contains(&entry.key) {
            let why = "another route with the same destination and metric stands beside it";
            return Sight::Foreign(why.to_owned());
        }
        let changed = "somebody else changed it while it was held";
        let Some(route) = MultipathRoute::of(found.message.clone()) else {
            return Sight::Foreign(format!("{changed}; it is no multipath route any more"));
        };
        if !found.exact || hex(&route.shape()) != entry.shape {
            return Sight::Foreign(changed.to_owned());
        }
        let weights = route.weights();
        match claim(&weights, &entry.original, &entry.ours) {
            Claim::Original => Sight::Original(route),
            Claim::Ours => Sight::Ours(route),
            Claim::Foreign => Sight::Foreign(format!(
                "somebody else gave it the weights {}",
                text(&weights)
            )),
        }
    }
}

impl Door {
    /// Hold the steerable routes at these weights, given per uplink: the keys are the uplinks'
    /// ifindexes, the values 0..=255 as the steering gives them ([`ecmp::nexthop_weights`] says
    /// what becomes of 0).
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
        self.take(&steps).await
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
            if before == after {
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
                Err(cause) => return Err(self.undo(&taken, step, &cause.to_string()).await?),
            }
        }
        if steps.is_empty() {
            return Ok(());
        }
        let seen = Seen::look().await?;
        for step in &taken {
            if seen.weights(&step.route.key).as_ref() == Some(&step.before) {
                let cause = "the kernel kept the old weights";
                return Err(self.undo(&taken, step, cause).await?);
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
        for step in taken.iter().copied().chain([failed]) {
            let key = &step.route.key;
            let current = seen.weights(key);
            if !is_back(step) || step.route.key == failed.route.key {
                let state = TunableState::Failed;
                self.note_route(key, current.as_ref(), &step.after, state, cause);
            }
            let is_original = self
                .entry(key)
                .is_some_and(|e| Some(&e.original) == current.as_ref());
            if is_original {
                self.journal()?
                    .update(|contents| contents.forget_route(key))?;
            }
        }
        let tunable = tunable_id(&failed.route.key);
        Ok(DoorError::Kernel {
            tunable,
            cause: cause.to_owned(),
            undone,
        })
    }

    /// Give the routes back: restore those still ours, forget those gone or somebody else's.
    ///
    /// # Errors
    ///
    /// `Kernel` or `Journal` for the first route that failed; all were tried. The originals of
    /// those that failed (an interface that is down, for one) are kept for another try: call
    /// again when a link changes.
    pub async fn release_routes(&mut self) -> Result<(), DoorError> {
        if self.journal.is_none() {
            return Ok(()); // nothing can be held
        }
        self.restore_routes(&mut Vec::new()).await
    }

    /// [`Door::release_routes`], saying what was done.
    pub(super) async fn restore_routes(&mut self, said: &mut Vec<String>) -> Result<(), DoorError> {
        let entries = self.journal()?.contents().routes.clone();
        self.route_notes.clear();
        if entries.is_empty() {
            return Ok(());
        }
        let seen = Seen::look().await?;
        let mut written = Vec::new();
        let mut failures = BTreeMap::new();
        for entry in &entries {
            let id = tunable_id(&entry.key);
            let original = text(&entry.original);
            match seen.sight(entry) {
                Sight::Gone => said.push(format!("{id}: it is gone; left that way")),
                Sight::Foreign(why) => {
                    said.push(format!(
                        "{id}: {why}; left alone, its weights were {original}"
                    ));
                }
                Sight::Original(_) => {
                    said.push(format!("{id}: already at its original {original}"))
                }
                Sight::Ours(route) => match self.write(&route, &entry.original).await {
                    Ok(()) => written.push(entry),
                    Err(NetlinkError::Gone) => said.push(format!("{id}: it is gone")),
                    Err(cause) => drop(failures.insert(entry.key.clone(), cause.to_string())),
                },
            }
        }
        if !written.is_empty() {
            let seen = Seen::look().await?;
            for entry in written {
                if let Sight::Ours(_) = seen.sight(entry) {
                    let cause = "the kernel kept our weights".to_owned();
                    failures.insert(entry.key.clone(), cause);
                } else {
                    let original = text(&entry.original);
                    said.push(format!(
                        "{}: restored to {original}",
                        tunable_id(&entry.key)
                    ));
                }
            }
        }
        self.journal()?.update(|contents| {
            contents
                .routes
                .retain(|entry| failures.contains_key(&entry.key));
        })?;
        self.note_failures(&entries, &failures)
    }

    /// Note the routes that could not be restored; the first one is the error.
    fn note_failures(
        &mut self,
        entries: &[RouteEntry],
        failures: &BTreeMap<RouteKey, String>,
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
                Sight::Original(_) if entry.original != *wanted => {
                    let why = "somebody else put its original weights back";
                    self.note_route(key, current.as_ref(), wanted, TunableState::Idle, why);
                }
                Sight::Original(_) | Sight::Ours(_) => {
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

    async fn write(&mut self, route: &MultipathRoute, weights: &[u16]) -> Result<(), NetlinkError> {
        let message = route.reweighted(weights).ok_or_else(|| {
            NetlinkError::Garbled("a weight for each nexthop, 1 to 256, is needed".to_owned())
        })?;
        self.socket.replace_route(message).await
    }

    fn entry(&self, key: &RouteKey) -> Option<&RouteEntry> {
        self.journal.as_ref()?.contents().route(key)
    }

    fn note_route(
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

/// The tunable's id in the contract.
fn tunable_id(key: &RouteKey) -> String {
    format!("route:{key}")
}

/// Weights as text, in nexthop order: `255:1`.
fn text(weights: &[u16]) -> String {
    weights
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(":")
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
