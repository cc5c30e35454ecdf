//! The Measure screen: what to compare, the blocks as they fill, the verdict with its figures, and
//! what to do about it. Switching and judging are the helper's; a measurement goes on when the window
//! closes and is picked up when it opens.

mod after;
mod blocks;
mod choose;
mod earlier;
mod figures;
pub mod follow;
mod interval;
mod offer;
mod picture;
mod run;
mod said;
pub mod save;
mod verdict;

use std::sync::Arc;

use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::{MeasurementPlan, MeasurementState, Subject};
use iced::Element;
use zbus::OwnedObjectPath;

use super::bus::Call;
use super::model::{Link, Model};
use super::parts::Room;
use super::told::Asked;
use crate::export::{Figures, Kind, Look};
use crate::logs::Series;
use crate::measure::history::{Id, Kept};
use crate::measure::{Found, Snapshot, THRESHOLDS_NS};
use crate::state::HelperState;
use crate::words::Words;
use follow::{Event, Touch};
pub use offer::{Draft, Length, Setting, What};
use said::Uplinks;
use save::{Format, Job};

/// What can be done here, and what comes of it.
#[derive(Debug, Clone)]
pub enum Message {
    /// Compare this.
    Take(What),
    /// A position of the sensitivity, for one arm.
    Factor(usize, u32),
    /// An uplink, for one arm.
    Uplink(usize, u32),
    /// This setting.
    Setting(Setting),
    /// The setting's value.
    Value(u32),
    /// So long.
    Length(Length),
    /// Begin.
    Start,
    /// Ask something of the measurement under way.
    Touch(Touch),
    /// Pause it, or go on.
    TogglePause,
    /// Switch off what did not help.
    SwitchOff(Call),
    /// Look at one that has ended.
    Open(OwnedObjectPath),
    /// Look at one that was kept.
    Recall(Id),
    /// Leave the verdict.
    Leave,
    /// Show this graph.
    Graph(Kind),
    /// Write a file.
    Save(Format),
    /// Something was told of a measurement.
    Followed(Event),
    /// Beginning was answered.
    Begun(Subject, Result<OwnedObjectPath, HelperError>),
    /// A touch was answered.
    Touched(Result<(), HelperError>),
    /// What one found was fetched.
    Fetched(OwnedObjectPath, Result<Arc<Found>, HelperError>),
    /// A file was written, or not.
    Saved(Result<String, String>),
    /// What is kept on disk.
    Listed(Result<Vec<Kept>, String>),
    /// One that was kept was read.
    Recalled(Result<Arc<(Kept, Found)>, String>),
}

/// What the parent has to do.
#[derive(Debug)]
pub enum Action {
    /// Nothing.
    None,
    /// Begin a measurement.
    Begin(MeasurementPlan),
    /// Ask something of one.
    Touch(OwnedObjectPath, Touch),
    /// Make a call.
    Call(Call),
    /// Write a file.
    Save(Box<Job>),
    /// Keep what has ended, and list what is kept.
    Gather,
    /// Read one that was kept.
    Recall(Id),
    /// Tell why something was refused.
    Tell(Asked, HelperError),
}

/// One measurement.
#[derive(Debug)]
struct Seen {
    path: OwnedObjectPath,
    snapshot: Snapshot,
    shown: Option<Shown>,
    /// It was under way when the helper went, and was not there afterwards.
    lost: bool,
    /// Its probes could not be fetched.
    bare: bool,
    /// What its uplinks were called, where they may have other names now.
    uplinks: Uplinks,
}

/// What one found, laid out once.
#[derive(Debug)]
struct Shown {
    found: Arc<Found>,
    figures: [Figures; 2],
    /// The probes; the names are given when they are written.
    series: Arc<[Series; 2]>,
    /// Counts what was shown.
    number: u64,
}

/// What became of the last file.
#[derive(Debug)]
enum Saving {
    UnderWay,
    Done(String),
    Failed(String),
}

/// What the screen remembers.
#[derive(Debug)]
pub struct Measure {
    uid: u32,
    draft: Draft,
    /// In the helper's order, the oldest first; those it forgot stay while they show.
    seen: Vec<Seen>,
    /// The one whose verdict shows.
    open: Option<OwnedObjectPath>,
    /// The last one that was put away.
    left: Option<OwnedObjectPath>,
    /// Something was asked and is not answered yet.
    asked: bool,
    fetching: Option<OwnedObjectPath>,
    kind: Kind,
    saving: Option<Saving>,
    /// What is kept on disk, the newest first.
    kept: Vec<Kept>,
    /// Why something is not kept, or cannot be read.
    trouble: Option<String>,
    now_ns: u64,
    shown: u64,
}

/// What shows.
enum Page<'a> {
    Choose,
    Running(&'a Seen),
    Verdict(&'a Seen),
}

/// Measurements that are remembered; the helper has five at the most.
const MOST: usize = 12;
/// Above those that the helper has no more.
const PAST: &str = "/io/github/evenkeel/past";

impl Measure {
    /// Nothing yet, for the user with this id.
    pub fn new(uid: u32) -> Self {
        Self {
            uid,
            draft: Draft::default(),
            seen: Vec::new(),
            open: None,
            left: None,
            asked: false,
            fetching: None,
            kind: Kind::Cdf,
            saving: None,
            kept: Vec::new(),
            trouble: None,
            now_ns: 0,
            shown: 0,
        }
    }

    /// Answers a message.
    pub fn update(&mut self, message: Message, model: &Model, words: &Words, look: Look) -> Action {
        let state = model.state.as_ref();
        match message {
            Message::Take(what) => self.draft.what = Some(what),
            Message::Factor(arm, value) => self.draft.factors[arm.min(1)] = Some(value),
            Message::Uplink(arm, ifindex) => self.take_uplink(arm.min(1), ifindex, state),
            Message::Setting(setting) => {
                self.draft.setting = Some(setting);
                self.draft.value = None;
            }
            Message::Value(value) => self.draft.value = Some(value),
            Message::Length(length) => self.draft.length = length,
            Message::Start => {
                let plan = state.and_then(|state| self.draft.plan(state));
                if let Some(plan) = plan.filter(|_| self.may_begin(model)) {
                    self.asked = true;
                    return Action::Begin(plan);
                }
            }
            Message::Touch(touch) => return self.touch(touch),
            Message::TogglePause => {
                let paused = self
                    .running()
                    .is_some_and(|it| is_paused_by_us(&it.snapshot));
                return self.touch(if paused { Touch::Resume } else { Touch::Pause });
            }
            Message::SwitchOff(call) => return Action::Call(call),
            Message::Open(path) => self.show(path),
            Message::Recall(id) => return Action::Recall(id),
            Message::Listed(Ok(kept)) => {
                self.kept = kept;
                self.trouble = None;
            }
            Message::Listed(Err(why)) | Message::Recalled(Err(why)) => self.trouble = Some(why),
            Message::Recalled(Ok(kept)) => self.recall(&kept),
            Message::Leave => self.leave(),
            Message::Graph(kind) => self.kind = kind,
            Message::Save(format) => {
                if let Some(job) = self.job(format, model, words, look) {
                    self.saving = Some(Saving::UnderWay);
                    return Action::Save(Box::new(job));
                }
            }
            Message::Followed(event) => return self.take_event(event),
            Message::Begun(subject, result) => {
                self.asked = false;
                self.left = None;
                if let Err(error) = result {
                    return Action::Tell(Asked::Begin(subject), error);
                }
            }
            Message::Touched(result) => {
                self.asked = false;
                if let Err(error) = result {
                    return Action::Tell(Asked::Touch, error);
                }
            }
            Message::Fetched(path, result) => return self.take_found(&path, result),
            Message::Saved(result) => {
                self.saving = Some(match result {
                    Ok(path) => Saving::Done(path),
                    Err(why) => Saving::Failed(why),
                });
            }
        }
        Action::None
    }

    /// Two arms never take the same uplink: the other one takes what this one had.
    fn take_uplink(&mut self, arm: usize, ifindex: u32, state: Option<&HelperState>) {
        let Some(both) = state.and_then(|state| self.draft.uplinks(state)) else {
            return;
        };
        let mut both = both;
        if both[1 - arm] == ifindex {
            both[1 - arm] = both[arm];
        }
        both[arm] = ifindex;
        self.draft.uplinks = both.map(Some);
    }

    fn touch(&mut self, touch: Touch) -> Action {
        let path = self.running().map(|it| it.path.clone());
        match path.filter(|_| !self.asked) {
            Some(path) => {
                self.asked = true;
                Action::Touch(path, touch)
            }
            None => Action::None,
        }
    }

    fn show(&mut self, path: OwnedObjectPath) {
        self.saving = None;
        self.open = Some(path);
    }

    fn leave(&mut self) {
        self.saving = None;
        self.left = self.open.take();
    }

    /// Leaves what is open; false when nothing is.
    pub fn back(&mut self) -> bool {
        let open = matches!(self.page(), Page::Verdict(_));
        if open {
            self.leave();
        }
        open
    }

    fn take_event(&mut self, event: Event) -> Action {
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
    fn recall(&mut self, (kept, found): &(Kept, Found)) {
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

    fn take_found(
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
    fn running(&self) -> Option<&Seen> {
        let mut all = self.seen.iter();
        all.find(|it| it.snapshot.owner == self.uid && !it.snapshot.has_ended())
    }

    /// One of another user's that is under way.
    fn foreign(&self) -> Option<&Seen> {
        let mut all = self.seen.iter();
        all.find(|it| it.snapshot.owner != self.uid && !it.snapshot.has_ended())
    }

    /// True while a measurement of this user is under way and not paused: then the time that is left
    /// is worth a look each second.
    pub fn ticks(&self) -> bool {
        let running = self.running().map(|it| it.snapshot.state);
        matches!(
            running,
            Some(MeasurementState::Running | MeasurementState::Warming)
        )
    }

    /// True while anybody's measurement switches something: then what the helper holds besides is not
    /// all there is.
    pub fn switches(&self) -> bool {
        self.seen.iter().any(|it| {
            it.snapshot.state == MeasurementState::Running
                && it.snapshot.subject() != Subject::Uplinks
        })
    }

    /// True while there is something to pause or to resume.
    pub fn can_pause(&self) -> bool {
        self.running().is_some()
    }

    /// How many are remembered.
    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.seen.len()
    }

    fn may_begin(&self, model: &Model) -> bool {
        let free = self.running().is_none() && self.foreign().is_none();
        free && !self.asked && model.link == Link::Present
    }

    fn page(&self) -> Page<'_> {
        if let Some(running) = self.running() {
            return Page::Running(running);
        }
        let open = self.open.as_ref();
        let seen = open.and_then(|path| self.seen.iter().find(|it| it.path == *path));
        seen.map_or(Page::Choose, Page::Verdict)
    }

    fn job(&self, format: Format, model: &Model, words: &Words, look: Look) -> Option<Job> {
        let Page::Verdict(seen) = self.page() else {
            return None;
        };
        let shown = seen.shown.as_ref()?;
        let arms = said::arms(seen, model, words);
        let series = shown.named(&arms);
        let title = said::versus(&seen.snapshot, &seen.uplinks, model, words);
        Some(Job {
            format,
            started_at: seen.snapshot.started_at,
            picture: figures::sheet(&title, &series, words),
            series: Arc::new(series),
            look,
        })
    }

    /// The screen below the header.
    pub fn view<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        match self.page() {
            Page::Choose => self.choose(model, words, room),
            Page::Running(seen) => self.run(seen, model, words, room),
            Page::Verdict(seen) => self.verdict(seen, model, words, room),
        }
    }
}

/// Counts up from 1 in the order in which they began.
fn number(path: &OwnedObjectPath) -> u64 {
    let last = path.as_str().rsplit('/').next();
    last.and_then(|last| last.parse().ok()).unwrap_or(0)
}

/// True when only its owner's word holds it up.
fn is_paused_by_us(snapshot: &Snapshot) -> bool {
    use evenkeel_dbus::measurement::MeasurementReason;
    snapshot.state == MeasurementState::Paused && snapshot.reason == MeasurementReason::Asked
}

impl Shown {
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

    fn named(&self, arms: &[String; 2]) -> [Series; 2] {
        let mut series = (*self.series).clone();
        for (series, name) in series.iter_mut().zip(arms) {
            series.name = Series::named(name).name;
        }
        series
    }
}
