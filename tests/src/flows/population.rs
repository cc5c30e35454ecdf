//! A population: opens flows in a namespace of the lab, keeps them talking in the background, and
//! counts. The single flow is `flow`'s business, the asking `exchange`'s.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::flow::Flow;
use super::target::Targets;
use super::{Census, Family, Kind, Pace, Shares, exchange, server, warm};
use crate::error::LabError;
use crate::hold;
use crate::lab::Lab;
use crate::topology::Uplink;

/// How often the background looks for flows whose time has come.
const TICK: Duration = Duration::from_millis(10);
/// How often flows are opened before too few are on an uplink.
const ROUNDS: usize = 20;
/// Flows in one population, and new ones at once, at most.
const MOST_FLOWS: usize = 8_000;

/// Flows that live until this value is dropped.
#[derive(Debug)]
pub struct Flows {
    namespace: PathBuf,
    uplinks: Vec<Uplink>,
    population: Arc<Mutex<Vec<Flow>>>,
    targets: Mutex<Targets>,
    stop: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Flows {
    /// An empty population in `pc`.
    ///
    /// # Errors
    /// When this process may not open that many files.
    pub fn start(lab: &Lab) -> Result<Self, LabError> {
        Self::start_in(lab, "pc")
    }

    /// An empty population in a network namespace of the lab. [`Kind::UdpBound`] only makes sense in
    /// `pc`.
    ///
    /// # Errors
    /// When this process may not open that many files.
    pub fn start_in(lab: &Lab, namespace: &str) -> Result<Self, LabError> {
        server::raise_open_files()?;
        warm::up(lab)?;
        let flows = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (theirs, end) = (Arc::clone(&flows), Arc::clone(&stop));
        let keeper = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let now = Instant::now();
                for flow in locked(&theirs).iter_mut() {
                    flow.tend(now);
                }
                std::thread::sleep(TICK);
            }
        });
        Ok(Self {
            namespace: lab.namespace_path(namespace),
            uplinks: lab.uplinks(),
            population: flows,
            targets: Mutex::default(),
            stop,
            keeper: Some(keeper),
        })
    }

    /// Opens flows to destinations of their own, exchanges once on each, and keeps those that got an
    /// answer. The rest is counted as failed.
    ///
    /// # Errors
    /// When the population would have more than 8,000 flows, or the lab has ended.
    pub fn open(
        &self,
        kind: Kind,
        family: Family,
        count: usize,
        pace: Pace,
    ) -> Result<Shares, LabError> {
        at_most(locked(&self.population).len() + count)?;
        let targets = self.targets(family, count);
        let (mut flows, shares) = self.try_out(kind, family, &targets)?;
        flows.retain(|flow| flow.home.is_some());
        self.keep(flows, pace);
        Ok(shares)
    }

    fn keep(&self, mut flows: Vec<Flow>, pace: Pace) {
        let step = match pace {
            Pace::Quiet => Duration::ZERO,
            Pace::Every(interval) => interval / flows.len().max(1) as u32,
        };
        for (flow, n) in flows.iter_mut().zip(0..) {
            flow.keep(pace, step * n);
        }
        locked(&self.population).append(&mut flows);
    }

    /// Opens flows until `count` of them are on `uplink`, and closes those that took another: for a
    /// system that spreads them.
    ///
    /// # Errors
    /// As [`open`](Self::open), or when too few take that uplink.
    pub fn open_on(
        &self,
        uplink: &str,
        kind: Kind,
        family: Family,
        count: usize,
        pace: Pace,
    ) -> Result<(), LabError> {
        at_most(locked(&self.population).len() + count)?;
        let wanted = self.uplinks.iter().find(|one| one.name == uplink);
        let wanted = wanted.ok_or_else(|| LabError::Invalid(format!("no uplink `{uplink}`")))?;
        let mut kept = Vec::new();
        for _ in 0..ROUNDS {
            let targets = self.targets(family, count);
            let (mut flows, _) = self.try_out(kind, family, &targets)?;
            flows.retain(|flow| flow.home.is_some_and(|seen| wanted.is_public(seen)));
            kept.append(&mut flows);
            if kept.len() >= count {
                kept.truncate(count);
                self.keep(kept, pace);
                return Ok(());
            }
        }
        Err(LabError::Invalid(format!(
            "only {} of {count} flows, {kind:?} {family:?}, took {uplink}",
            kept.len()
        )))
    }

    /// How many flows of each kind and family are at home on `uplink`.
    pub fn at_home_on(&self, uplink: &str) -> BTreeMap<(Kind, Family), usize> {
        let wanted = self.uplinks.iter().find(|one| one.name == uplink);
        let mut counts = BTreeMap::new();
        for flow in locked(&self.population).iter() {
            let here = |seen| wanted.is_some_and(|one| one.is_public(seen));
            if flow.home.is_some_and(here) {
                *counts.entry((flow.kind, flow.family)).or_default() += 1;
            }
        }
        counts
    }

    /// Opens flows to destinations that no flow had before, exchanges once on each, and closes them.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn fresh(&self, kind: Kind, family: Family, count: usize) -> Result<Shares, LabError> {
        self.fresh_to(kind, family, &self.targets(family, count))
    }

    /// Opens a flow to each of these destinations, exchanges once on each, and closes them.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn fresh_to(
        &self,
        kind: Kind,
        family: Family,
        targets: &[IpAddr],
    ) -> Result<Shares, LabError> {
        at_most(targets.len())?;
        Ok(self.try_out(kind, family, targets)?.1)
    }

    /// Destinations that no flow had before, for [`fresh_to`](Self::fresh_to).
    pub fn targets(&self, family: Family, count: usize) -> Vec<IpAddr> {
        self.targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fresh(family, count)
    }

    /// Exchanges once on every flow of the population and counts, per kind and family.
    pub fn census(&self) -> Vec<Census> {
        let mut flows = locked(&self.population);
        exchange::run(&mut flows);
        let mut list: Vec<Census> = Vec::new();
        for flow in flows.iter() {
            let (kind, family) = (flow.kind, flow.family);
            let known = list
                .iter()
                .position(|c| (c.kind, c.family) == (kind, family));
            let index = known.unwrap_or(list.len());
            if known.is_none() {
                let (unchanged, moved, dead) = (0, 0, 0);
                list.push(Census {
                    kind,
                    family,
                    unchanged,
                    moved,
                    dead,
                });
            }
            let census = &mut list[index];
            match (flow.answer, flow.strayed) {
                (None, _) => census.dead += 1,
                (Some(_), true) => census.moved += 1,
                (Some(_), false) => census.unchanged += 1,
            }
        }
        list
    }

    /// Takes the uplink each flow answered by at the last exchange as its home from now on, and
    /// forgets the flows that did not answer then.
    pub fn settle(&self) {
        let mut flows = locked(&self.population);
        flows.retain(|flow| flow.answer.is_some());
        for flow in flows.iter_mut() {
            flow.home = flow.answer;
            flow.strayed = false;
        }
    }

    /// Local ports of the flows of a kind and family.
    pub fn ports(&self, kind: Kind, family: Family) -> Vec<u16> {
        let flows = locked(&self.population);
        let of_kind = flows
            .iter()
            .filter(|f| (f.kind, f.family) == (kind, family));
        of_kind.filter_map(Flow::port).collect()
    }

    /// Closes all flows. TCP connections are reset.
    pub fn close(&self) {
        locked(&self.population).clear();
    }

    fn try_out(
        &self,
        kind: Kind,
        family: Family,
        targets: &[IpAddr],
    ) -> Result<(Vec<Flow>, Shares), LabError> {
        let namespace = self.namespace.to_string_lossy();
        // A connection refused for lack of a route is a failed flow, not a failed census.
        let mut flows: Vec<Flow> = hold::inside(&namespace, || {
            let opened = targets
                .iter()
                .zip(0..)
                .map(|(&target, n)| Flow::open(kind, target, self.source(family, n)));
            Ok(opened.filter_map(Result::ok).collect())
        })?;
        exchange::run(&mut flows);
        let mut by_uplink = self.uplinks.iter().map(|uplink| (uplink.name, 0)).collect();
        let mut failed = targets.len() - flows.len();
        for flow in &mut flows {
            flow.home = flow.answer;
            failed += usize::from(!self.count(flow.home, &mut by_uplink));
        }
        let shares = Shares {
            kind,
            family,
            by_uplink,
            failed,
        };
        Ok((flows, shares))
    }

    fn count(&self, seen: Option<IpAddr>, by_uplink: &mut BTreeMap<&'static str, usize>) -> bool {
        let uplink = self
            .uplinks
            .iter()
            .find(|uplink| seen.is_some_and(|seen| uplink.is_public(seen)));
        if let Some(uplink) = uplink {
            *by_uplink.entry(uplink.name).or_default() += 1;
        }
        uplink.is_some()
    }

    /// The own address of the uplink that is `n`'s turn.
    fn source(&self, family: Family, n: usize) -> IpAddr {
        let uplink = self.uplinks[n % self.uplinks.len()];
        match family {
            Family::V4 => uplink.host_v4().into(),
            Family::V6 => uplink.host_v6().into(),
        }
    }
}

impl Drop for Flows {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.join();
        }
    }
}

fn locked(flows: &Mutex<Vec<Flow>>) -> MutexGuard<'_, Vec<Flow>> {
    flows.lock().unwrap_or_else(PoisonError::into_inner)
}

fn at_most(count: usize) -> Result<(), LabError> {
    if count <= MOST_FLOWS {
        return Ok(());
    }
    Err(LabError::Invalid(format!(
        "a population has at most {MOST_FLOWS} flows, not {count}; none was opened"
    )))
}
