//! The measurements that the screen knows: those that the helper has, what it had, and what was read
//! from disk again; which one shows, and what becomes of them when the helper goes.

use std::sync::Arc;

use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::MeasurementState;
use zbus::OwnedObjectPath;

use super::follow::Event;
use super::said::Uplinks;
use super::{Action, Measure, Page, figures};
use crate::export::Figures;
use crate::logs::Series;
use crate::measure::history::Kept;
use crate::measure::{Found, Snapshot, THRESHOLDS_NS};
use crate::state::HelperState;
use crate::ui::told::Asked;

/// Measurements that are remembered; the helper has five at the most.
const MOST: usize = 12;
/// Above those that the helper has no more.
const PAST: &str = "/io/github/evenkeel/past";

/// One measurement.
#[derive(Debug)]
pub struct Seen {
    pub path: OwnedObjectPath,
    pub snapshot: Snapshot,
    pub shown: Option<Shown>,
    /// It was under way when the helper went, and was not there afterwards.
    pub lost: bool,
    /// Its probes could not be fetched.
    pub bare: bool,
    /// What its uplinks were called, where they may have other names now.
    pub uplinks: Uplinks,
}

/// What one found, laid out once.
#[derive(Debug)]
pub struct Shown {
    pub found: Arc<Found>,
    pub figures: [Figures; 2],
    /// The probes; the names are given when they are written.
    pub series: Arc<[Series; 2]>,
    /// Counts what was shown.
    pub number: u64,
}

impl Measure {
    pub(super) fn show(&mut self, path: OwnedObjectPath) {
        self.saving = None;
        self.open = Some(path);
    }

    pub(super) fn leave(&mut self) {
        self.saving = None;
        self.left = self.open.take();
    }

    pub(super) fn take_event(&mut self, event: Event) -> Action {
        let (path, snapshot, now_ns) = match event {
            Event::Tick(now_ns) => {
                self.now_ns = now_ns;
                return Action::None;
            }
            Event::Seen(path, snapshot, now_ns) => (path, *snapshot, now_ns),
        };
        self.now_ns = now_ns;
        let ours = snapshot.owner == self.uid;
        let judged = snapshot.has_ended() && snapshot.state != MeasurementState::Cancelled;
        let worth_keeping = ours && snapshot.outcome.is_some();
        if let Some(known) = self.seen.iter_mut().find(|it| it.path == path) {
            known.snapshot = snapshot;
            known.lost = false;
        } else {
            self.remember(Seen {
                path: path.clone(),
                snapshot,
                shown: None,
                lost: false,
                bare: false,
                uplinks: Uplinks::new(),
            });
        }
        // The newest one that came to an end is what the user waited for.
        let number = number(&path);
        let newest = self.seen.iter().filter(|it| it.snapshot.owner == self.uid);
        let newest = newest.map(|it| self::number(&it.path)).max();
        if ours && judged && newest == Some(number) && self.left.as_ref() != Some(&path) {
            self.show(path);
        }
        if worth_keeping {
            Action::Gather
        } else {
            Action::None
        }
    }

    fn remember(&mut self, seen: Seen) {
        self.seen.push(seen);
        let surplus = self.seen.len().saturating_sub(MOST);
        let _ = self.seen.drain(..surplus);
    }

    /// Shows one that was kept.
    pub(super) fn recall(&mut self, (kept, found): &(Kept, Found)) {
        let id = kept.id.to_string().replace('-', "_");
        let Ok(path) = OwnedObjectPath::try_from(format!("{PAST}/{id}")) else {
            return;
        };
        if !self.seen.iter().any(|it| it.path == path) {
            self.shown += 1;
            let shown = Shown::of(Arc::new(found.clone()), self.shown);
            self.remember(Seen {
                path: path.clone(),
                snapshot: kept.snapshot.clone(),
                shown: Some(shown),
                lost: false,
                bare: false,
                uplinks: kept.uplinks.clone(),
            });
        }
        self.show(path);
    }

    pub(super) fn take_found(
        &mut self,
        path: &OwnedObjectPath,
        result: Result<Arc<Found>, HelperError>,
    ) -> Action {
        self.fetching = None;
        let seen = self.seen.iter_mut().find(|it| it.path == *path);
        match (result, seen) {
            (Ok(found), Some(seen)) => {
                self.shown += 1;
                seen.shown = Some(Shown::of(found, self.shown));
            }
            (Err(error), Some(seen)) => {
                seen.bare = true;
                return Action::Tell(Asked::Found, error);
            }
            (_, None) => {}
        }
        Action::None
    }

    /// The helper said which measurements there are.
    pub fn heard(&mut self, state: &HelperState) {
        let there = |it: &Seen| state.measurements.contains(&it.path);
        for seen in &mut self.seen {
            if !seen.snapshot.has_ended() && !there(seen) {
                seen.lost = true;
                seen.snapshot.state = MeasurementState::Failed;
            }
        }
        let open = self.open.clone();
        let left = self.left.clone();
        self.seen.retain(|it| {
            there(it) || it.lost || it.shown.is_some() || Some(&it.path) == open.as_ref()
        });
        self.left = left.filter(|path| state.measurements.contains(path));
    }

    /// The helper is gone, and a measurement under way with it.
    pub fn lose_helper(&mut self) {
        self.asked = false;
        self.fetching = None;
        let uid = self.uid;
        for seen in &mut self.seen {
            if !seen.snapshot.has_ended() {
                seen.lost = true;
                seen.snapshot.state = MeasurementState::Failed;
            }
        }
        self.seen
            .retain(|it| it.snapshot.owner == uid && (it.lost || it.shown.is_some()));
        let lost = self.seen.iter().rev().find(|it| it.lost);
        if let Some(path) = lost.map(|it| it.path.clone()) {
            self.show(path);
        }
        self.new_helper();
    }

    /// Another helper comes, which counts from 1 again: what is only remembered gets a path that none
    /// uses.
    pub fn new_helper(&mut self) {
        for (place, seen) in self.seen.iter_mut().enumerate() {
            let gone = format!(
                "/io/github/evenkeel/past/{}_{place}",
                seen.snapshot.started_at
            );
            let Ok(gone) = OwnedObjectPath::try_from(gone) else {
                continue;
            };
            if self.open.as_ref() == Some(&seen.path) {
                self.open = Some(gone.clone());
            }
            seen.path = gone;
        }
        self.left = None;
    }

    /// What is to be fetched now, while the screen shows: fetching tells the helper that it was seen.
    pub fn wanted(&mut self, state: Option<&HelperState>) -> Option<OwnedObjectPath> {
        let Page::Verdict(seen) = self.page() else {
            return None;
        };
        let there = state.is_some_and(|state| state.measurements.contains(&seen.path));
        let missing = seen.shown.is_none() && !seen.bare;
        let path = (there && missing && self.fetching.is_none()).then(|| seen.path.clone())?;
        self.fetching = Some(path.clone());
        Some(path)
    }

    /// The one of this user that is under way.
    pub(super) fn running(&self) -> Option<&Seen> {
        let mut all = self.seen.iter();
        all.find(|it| it.snapshot.owner == self.uid && !it.snapshot.has_ended())
    }

    /// One of another user's that is under way.
    pub(super) fn foreign(&self) -> Option<&Seen> {
        let mut all = self.seen.iter();
        all.find(|it| it.snapshot.owner != self.uid && !it.snapshot.has_ended())
    }
}

/// Counts up from 1 in the order in which they began.
fn number(path: &OwnedObjectPath) -> u64 {
    let last = path.as_str().rsplit('/').next();
    last.and_then(|last| last.parse().ok()).unwrap_or(0)
}

impl Shown {
    /// Lays out what was found.
    fn of(found: Arc<Found>, number: u64) -> Self {
        let figures = found
            .arms
            .each_ref()
            .map(|arm| Figures::of(arm.rtts_ns.iter().copied(), &THRESHOLDS_NS));
        let series = Arc::new(figures::series(&found));
        Self {
            found,
            figures,
            series,
            number,
        }
    }

    /// The probes under the names of the arms.
    pub fn named(&self, arms: &[String; 2]) -> [Series; 2] {
        let mut series = (*self.series).clone();
        for (series, name) in series.iter_mut().zip(arms) {
            series.name = Series::named(name).name;
        }
        series
    }
}
