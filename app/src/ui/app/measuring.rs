//! What the Measure screen asks of the helper and of the disk, and what is followed for it while the
//! window is open.

use evenkeel_dbus::measurement::Subject;
use std::sync::Arc;

use iced::{Subscription, Task};

use super::{App, Call, Message, Screen, Seen};
use crate::measure::history::{self, FileError, Kept};
use crate::ui::measure::follow::{self, Watch};
use crate::ui::measure::{self, Action, save};
use crate::ui::theme::Look;
use crate::ui::told;

impl App {
    pub(super) fn measure(&mut self, message: measure::Message) -> Task<Message> {
        let look = Look::of(&self.theme());
        let action = self.measure.update(message, &self.model, &self.words, look);
        match action {
            Action::None => Task::none(),
            Action::Call(call) => {
                if matches!(call, Call::EnterGameMode | Call::LeaveGameMode) {
                    self.busy = Some(call);
                }
                self.call(call)
            }
            Action::Begin(plan) => {
                let Some(helper) = self.helper.clone() else {
                    return Task::none();
                };
                self.notice = None;
                let subject = Subject::from_wire(plan.subject);
                Task::perform(follow::begin(helper, plan), move |result| {
                    measure::Message::Begun(subject, result)
                })
                .map(Message::Measure)
            }
            Action::Touch(path, touch) => {
                let Some(helper) = self.helper.clone() else {
                    return Task::none();
                };
                Task::perform(
                    follow::touch(helper, path, touch),
                    measure::Message::Touched,
                )
                .map(Message::Measure)
            }
            Action::Save(job) => {
                let saves_to = self.saves_to;
                let written = async move {
                    let write = move || {
                        let path = save::save(&job, &saves_to(job.format))?;
                        Ok(save::shown(&path, std::env::var("HOME").ok()))
                    };
                    let done = tokio::task::spawn_blocking(write).await;
                    done.unwrap_or_else(|error| Err(error.to_string()))
                };
                Task::perform(written, measure::Message::Saved).map(Message::Measure)
            }
            Action::Gather => self.gather(),
            Action::Recall(id) => {
                let Some(history) = self.history.clone() else {
                    return Task::none();
                };
                let read = async move {
                    let opened = tokio::task::spawn_blocking(move || history.open(&id)).await;
                    let opened = opened.map_err(|error| error.to_string())?;
                    opened.map(Arc::new).map_err(|error| error.to_string())
                };
                Task::perform(read, measure::Message::Recalled).map(Message::Measure)
            }
            Action::Tell(asked, error) => {
                let state = self.model.state.as_ref();
                self.notice = Some(told::unmeasured(asked, &error, state, &self.words));
                Task::none()
            }
        }
    }

    /// Keeps what has ended with a verdict, where there is a helper to ask, and lists what is kept.
    pub(super) fn gather(&self) -> Task<Message> {
        let Some(history) = self.history.clone() else {
            return Task::none();
        };
        let helper = self.helper.clone();
        let uid = nix::unistd::Uid::current().as_raw();
        let listed = async move {
            if let Some(helper) = helper {
                let kept = history::gather(&helper, &history, uid).await;
                let _ = kept.map_err(|error| error.to_string())?;
            }
            let listed = tokio::task::spawn_blocking(move || history.list()).await;
            let listed = listed.map_err(|error| error.to_string())?;
            let listed = listed.map_err(|error| error.to_string())?;
            Ok(listed.into_iter().filter_map(whole).collect())
        };
        Task::perform(listed, measure::Message::Listed).map(Message::Measure)
    }

    /// The history is read when it is first looked at.
    pub(super) fn list_once(&mut self) -> Task<Message> {
        let shows = self.screen == Screen::Measure && !self.settings.strip;
        if !shows || self.listed {
            return Task::none();
        }
        self.listed = true;
        self.gather()
    }

    /// Fetches what a measurement found once its verdict is looked at.
    pub(super) fn fetch_found(&mut self) -> Task<Message> {
        let shows = self.screen == Screen::Measure && !self.settings.strip;
        let helper = self.helper.clone().filter(|_| shows);
        let Some(helper) = helper else {
            return Task::none();
        };
        let Some(path) = self.measure.wanted(self.model.state.as_ref()) else {
            return Task::none();
        };
        Task::perform(follow::fetch(helper, path.clone()), move |result| {
            Message::Measure(measure::Message::Fetched(path.clone(), result))
        })
    }

    /// How many measurements are remembered.
    #[cfg(test)]
    pub fn remembered_measurements(&self) -> usize {
        self.measure.remembered()
    }

    /// True where pausing means the measurement.
    pub(super) fn can_pause_measurement(&self) -> bool {
        self.screen == Screen::Measure && self.measure.can_pause()
    }

    /// Every measurement that the helper names, and the time while it shows how much is left.
    pub(super) fn measurements(&self) -> Subscription<Message> {
        let (Some(helper), Some(state)) = (&self.helper, &self.model.state) else {
            return Subscription::none();
        };
        let watched = state.measurements.iter().map(|path| {
            let watch = Watch {
                helper: helper.clone(),
                arrival: self.arrival,
                path: path.clone(),
            };
            Subscription::run_with(watch, follow::follow)
        });
        let looked_at = self.screen == Screen::Measure
            && self.seen != Seen::Hidden
            && !self.settings.strip
            && self.measure.ticks();
        let seconds = looked_at.then(|| Subscription::run(follow::seconds));
        Subscription::batch(watched.chain(seconds))
            .map(|event| Message::Measure(measure::Message::Followed(event)))
    }
}

/// A file that cannot be used is told in the log and left out.
fn whole(kept: Result<Kept, FileError>) -> Option<Kept> {
    kept.inspect_err(|error| log::warn!("{error}")).ok()
}
