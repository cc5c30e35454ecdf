//! The Measure screen: what to compare, the blocks as they fill, the verdict with its figures, and
//! what to do about it. Switching and judging are the helper's; a measurement goes on when the window
//! closes and is picked up when it opens.

mod blocks;
mod choose;
mod earlier;
mod figures;
pub mod follow;
mod interval;
mod memory;
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
use crate::export::{Kind, Look};
use crate::measure::history::{Id, Kept};
use crate::measure::{Found, Snapshot};
use crate::state::HelperState;
use crate::words::Words;
use follow::{Event, Touch};
use memory::Seen;
pub use offer::{Draft, Length, Setting, What};
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

    /// Leaves what is open; false when nothing is.
    pub fn back(&mut self) -> bool {
        let open = matches!(self.page(), Page::Verdict(_));
        if open {
            self.leave();
        }
        open
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

/// True when only its owner's word holds it up.
fn is_paused_by_us(snapshot: &Snapshot) -> bool {
    use evenkeel_dbus::measurement::MeasurementReason;
    snapshot.state == MeasurementState::Paused && snapshot.reason == MeasurementReason::Asked
}
