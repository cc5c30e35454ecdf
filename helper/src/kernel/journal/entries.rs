//! What the journal holds, as values.
//!
//! It is not for files: the journal itself stores and reads them.

use serde::{Deserialize, Serialize};

use crate::kernel::{ecmp::MAX_NEXTHOPS, route::RouteKey, sysctl::Knob};

/// The format written here; no other is read.
const VERSION: u32 = 1;

/// The most routes in a journal: those steered now, and as many that couldn't be restored yet.
pub const MAX_ENTRIES: usize = 64;

/// A sysctl's captured original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SysctlEntry {
    /// Which one.
    pub knob: Knob,
    /// The value before we touched it, whatever it was.
    pub original: i64,
    /// The values that may be in force because of us.
    pub ours: Vec<i64>,
}

/// A route's captured original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// What the kernel finds it by.
    pub key: RouteKey,
    /// Everything but the weights ([`crate::kernel::route::MultipathRoute::shape`]), in hexadecimal.
    pub shape: String,
    /// The weights before we touched it, 1..=256 each.
    pub original: Vec<u16>,
    /// The lists of weights that may be in force because of us.
    pub ours: Vec<Vec<u16>>,
}

/// What the journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    version: u32,
    /// The network namespace that all of it was captured in, by the inode of its file; `None` in a
    /// journal of an older helper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<u64>,
    /// Sysctls we may have changed.
    pub sysctls: Vec<SysctlEntry>,
    /// Routes we may have changed.
    pub routes: Vec<RouteEntry>,
}

impl Contents {
    /// An empty journal.
    pub(in crate::kernel) fn new() -> Self {
        Self {
            version: VERSION,
            namespace: None,
            sysctls: Vec::new(),
            routes: Vec::new(),
        }
    }

    /// The entry of a sysctl.
    pub fn sysctl(&self, knob: Knob) -> Option<&SysctlEntry> {
        self.sysctls.iter().find(|entry| entry.knob == knob)
    }

    /// The entry of a route.
    pub fn route(&self, key: &RouteKey) -> Option<&RouteEntry> {
        self.routes.iter().find(|entry| entry.key == *key)
    }

    /// Note that `value` may be in force, beside `current`, which is. An entry that is there
    /// keeps its original; a new one takes `current` as its original.
    pub fn intend_sysctl(&mut self, knob: Knob, current: i64, value: i64) {
        let ours = vec![current, value];
        match self.sysctls.iter_mut().find(|entry| entry.knob == knob) {
            Some(entry) => entry.ours = ours,
            None => self.sysctls.push(SysctlEntry {
                knob,
                original: current,
                ours,
            }),
        }
    }

    /// Likewise for a route's weights. `shape` is the route's shape in hexadecimal.
    pub fn intend_route(&mut self, key: &RouteKey, shape: &str, current: &[u16], wanted: &[u16]) {
        let ours = vec![current.to_vec(), wanted.to_vec()];
        match self.routes.iter_mut().find(|entry| entry.key == *key) {
            Some(entry) => entry.ours = ours,
            None => self.routes.push(RouteEntry {
                key: key.clone(),
                shape: shape.to_owned(),
                original: current.to_vec(),
                ours,
            }),
        }
    }

    /// Drop a sysctl's entry.
    pub fn forget_sysctl(&mut self, knob: Knob) {
        self.sysctls.retain(|entry| entry.knob != knob);
    }

    /// Drop a route's entry.
    pub fn forget_route(&mut self, key: &RouteKey) {
        self.routes.retain(|entry| entry.key != *key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sysctls.is_empty() && self.routes.is_empty()
    }

    /// Whether this is something that [`super::Journal::update`] could have written.
    pub(super) fn is_sane(&self) -> bool {
        let weights_fit = |weights: &Vec<u16>, count: usize| {
            weights.len() == count && weights.iter().all(|weight| (1..=256).contains(weight))
        };
        let route_fits = |entry: &RouteEntry| {
            let count = entry.original.len();
            (1..=MAX_NEXTHOPS).contains(&count)
                && entry.ours.len() <= 2
                && entry
                    .ours
                    .iter()
                    .chain([&entry.original])
                    .all(|w| weights_fit(w, count))
                && entry.shape.bytes().all(|b| b.is_ascii_hexdigit())
                && self
                    .routes
                    .iter()
                    .filter(|other| other.key == entry.key)
                    .count()
                    == 1
        };
        let sysctl_fits = |entry: &SysctlEntry| {
            entry.ours.len() <= 2
                && self
                    .sysctls
                    .iter()
                    .filter(|other| other.knob == entry.knob)
                    .count()
                    == 1
        };
        self.version == VERSION
            && self.routes.len() <= MAX_ENTRIES
            && self.routes.iter().all(route_fits)
            && self.sysctls.iter().all(sysctl_fits)
    }
}
