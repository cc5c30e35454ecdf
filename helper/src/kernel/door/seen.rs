//! All routes at one moment, and what became of those that the journal holds.
//!
//! It is not for changing or remembering anything.

use std::fmt::Write;

use super::claim::{Claim, claim};
use crate::kernel::{
    ecmp::DumpedRoute,
    error::DoorError,
    journal::RouteEntry,
    netlink,
    route::{Family, MultipathRoute, RouteKey},
};

/// All routes at one moment.
pub(super) struct Seen {
    pub(super) routes: Vec<DumpedRoute>,
}

/// What became of a route that the journal holds.
pub(super) enum Sight {
    /// Nothing has its key any more.
    Gone,
    /// Something else has its key, or weights that aren't ours; the reason.
    Foreign(String),
    /// It is as captured.
    Original,
    /// It has weights of ours.
    Ours(MultipathRoute),
}

impl Seen {
    /// Look at all routes.
    pub(super) async fn look() -> Result<Self, DoorError> {
        let routes = netlink::dump_routes()
            .await
            .map_err(|e| DoorError::reading("routes", &e))?;
        Ok(Self { routes })
    }

    /// The routes with a key. When it replaces one, the kernel takes the first IPv4 route.
    fn with_key(&self, key: &RouteKey) -> impl Iterator<Item = &DumpedRoute> {
        let key = Some(key.clone());
        self.routes
            .iter()
            .filter(move |route| RouteKey::of(&route.message) == key)
    }

    /// The weights of the route with a key, if it is a multipath route.
    pub(super) fn weights(&self, key: &RouteKey) -> Option<Vec<u16>> {
        MultipathRoute::of(self.with_key(key).next()?.message.clone()).map(|route| route.weights())
    }

    /// What became of a captured route.
    pub(super) fn sight(&self, entry: &RouteEntry) -> Sight {
        let mut sharing = self.with_key(&entry.key);
        let Some(found) = sharing.next() else {
            return Sight::Gone;
        };
        if entry.key.family == Family::V6 && sharing.next().is_some() {
            // To replace one, the kernel (6.18) also takes an on-link route beside it away.
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
            Claim::Original => Sight::Original,
            Claim::Ours => Sight::Ours(route),
            Claim::Foreign => Sight::Foreign(format!(
                "somebody else gave it the weights {}",
                text(&weights)
            )),
        }
    }
}

/// The tunable's id in the contract.
pub(super) fn tunable_id(key: &RouteKey) -> String {
    format!("route:{key}")
}

/// Weights as text, in nexthop order: `255:1`.
pub(super) fn text(weights: &[u16]) -> String {
    weights
        .iter()
        .map(u16::to_string)
        .collect::<Vec<_>>()
        .join(":")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
