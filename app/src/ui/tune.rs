//! The Tune screen: the sensitivity with its preview, the costs, and everything that is changed on
//! this machine.

mod changed;
mod costs;
mod kernel;
mod ruler;
mod sensitivity;

use std::cell::Cell;
use std::sync::Arc;

use iced::widget::{column, row, scrollable, space};
use iced::{Element, Fill, Task};

use evenkeel_dbus::{Backend, HelperError};

use self::kernel::Kernel;
use super::bus::Call;
use super::drafts::{Control, Drafts, Ticket};
use super::model::Model;
use super::parts::Room;
use super::preview::{self, Pace, Picture, Setting};
use super::theme;
use super::told;
use crate::state::HelperState;
use crate::words::{Key, Words};

/// What is beside the slider, where there is room beside it.
const SIDE: f32 = 392.0;
/// So many frames without a drawing mean that nobody can see the preview.
const UNSEEN_FRAMES: u32 = 15;

pub use kernel::Tried;

/// What can be done here, and what comes of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A control was moved to a value.
    Choose(Control, u32),
    /// The hand rested since this change.
    Rested(Ticket),
    /// Take the last change back.
    Undo,
    /// Put everything back as it was found.
    Revert,
    /// A preview was drawn up; none where nothing was measured.
    Pictured(Option<Arc<Picture>>),
    /// The next preview may be begun.
    PreviewRested,
    /// The preview was drawn after it had not been for a while.
    Drawn,
    /// Try out anew what the kernel does.
    TryKernel,
    /// It was tried out, or looked up.
    Tried(Box<Tried>),
}

/// What the parent has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Come back with the ticket when the hand has rested.
    Wait(Ticket),
    /// Make a call.
    Call(Call),
    /// Try out what the kernel does.
    TryKernel,
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Tune {
    drafts: Drafts,
    /// Why the sensitivity could not be set; until it is chosen again.
    refused: Option<Key>,
    picture: Option<Arc<Picture>>,
    /// Counts the pictures.
    number: u64,
    /// What the newest picture was begun for.
    asked: Option<preview::Key>,
    pace: Pace,
    kernel: Kernel,
    undrawn: Cell<u32>,
    unseen: bool,
}

impl Tune {
    /// Answers a message.
    pub fn update(&mut self, message: Message, model: &Model) -> Action {
        let state = model.state.as_ref();
        let standing = |control| state.and_then(|state| in_force(state, control));
        match message {
            Message::Choose(control, value) => {
                self.refused = self.refused.filter(|_| control != Control::Ema);
                let standing = standing(control).unwrap_or(value);
                return Action::Wait(self.drafts.choose(control, value, standing));
            }
            Message::Undo => {
                self.refused = None;
                let ticket = self.drafts.undo(standing);
                return ticket.map_or(Action::None, Action::Wait);
            }
            Message::Revert => {
                self.drafts.clear();
                return Action::Call(Call::Revert);
            }
            Message::Rested(ticket) => {
                let value = self.drafts.rested(ticket);
                let call = value.map(|value| to_call(ticket.control, value));
                return call.map_or(Action::None, Action::Call);
            }
            Message::Pictured(picture) => {
                self.picture = picture;
                self.number += 1;
            }
            Message::PreviewRested => self.pace.rested(),
            Message::Drawn => self.unseen = false,
            Message::TryKernel => return Action::TryKernel,
            Message::Tried(tried) => self.kernel.tried(*tried),
        }
        Action::None
    }

    /// A call of ours was answered.
    pub fn answered(&mut self, call: Call, error: Option<&HelperError>) {
        let (control, value) = match call {
            Call::SetEma(value) => (Control::Ema, value),
            Call::SetPower(value) => (Control::Power, value),
            Call::SetCost(ifindex, value) => (Control::Cost(ifindex), value),
            Call::EnterGameMode | Call::LeaveGameMode | Call::Forget(_) | Call::Revert => return,
        };
        match error {
            None => self.drafts.accepted(control, value),
            Some(error) => {
                self.drafts.refused(control, value);
                if control == Control::Ema {
                    self.refused = Some(told::error_key(error));
                }
            }
        }
    }

    /// The helper said what is in force.
    pub fn heard(&mut self, state: &HelperState) {
        self.drafts.heard(|control| in_force(state, control));
    }

    /// The helper is gone.
    pub fn lose_helper(&mut self) {
        self.drafts.clear();
        self.refused = None;
    }

    /// A frame came while this screen shows: see [`Live`](super::live::Live::count_frame).
    pub fn count_frame(&mut self) {
        self.undrawn.set(self.undrawn.get() + 1);
        if self.undrawn.get() >= UNSEEN_FRAMES {
            self.undrawn.set(0);
            self.unseen = true;
        }
    }

    /// True while frames come and the preview is drawn for none of them.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Begins a preview, if what it shows has changed and none is under way. To be called while the
    /// screen shows; the computing is done beside the window.
    pub fn foresee(&mut self, model: &Model) -> Task<Message> {
        let Some(recorded) = self.wanted(model) else {
            return Task::none();
        };
        let drawn_up = Task::perform(
            async move { preview::compute(&recorded).map(Arc::new) },
            Message::Pictured,
        );
        let rest = Task::perform(async { tokio::time::sleep(preview::REST).await }, |()| {
            Message::PreviewRested
        });
        drawn_up.chain(rest)
    }

    /// Looks what a patched kernel does, if that was not done; `anew` even if it was. To be called while
    /// the screen shows; it is done beside the window.
    pub fn look_at_kernel(&mut self, model: &Model, anew: bool) -> Task<Message> {
        self.kernel.look(model.state.as_ref(), anew)
    }

    fn wanted(&mut self, model: &Model) -> Option<preview::Recorded> {
        let key = self.key(model)?;
        if self.unseen || self.asked.as_ref() == Some(&key) || !self.pace.begin() {
            return None;
        }
        let recorded = key.record(model);
        self.asked = Some(key);
        Some(recorded)
    }

    fn key(&self, model: &Model) -> Option<preview::Key> {
        let state = model.state.as_ref()?;
        let setting = |drafted: bool| {
            let value = |control, standing| {
                let draft = self.drafts.value(control).filter(|_| drafted);
                draft.unwrap_or(standing)
            };
            let costs = model.tracks.iter().map(|track| {
                let ifindex = track.info.ifindex;
                (ifindex, value(Control::Cost(ifindex), track.info.cost))
            });
            Setting {
                factor: value(Control::Ema, state.ema_factor),
                costs: costs.collect(),
            }
        };
        preview::Key::of(model, setting(true), setting(false))
    }

    /// The screen below the header.
    pub fn view<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let Some(state) = &model.state else {
            return space().into();
        };
        let costs = match state.backend {
            Backend::Ecmp => Some(self.costs(model, state, words, room)),
            Backend::Lowpower => Some(self.power(state, words, room)),
            Backend::Observe => None,
        };
        let beside = column![]
            .push(self.kernel.view(model, state, words, room))
            .push(costs)
            .push(changed::view(state, words, room));
        let beside = beside.spacing(room.gap());
        let sensitivity = self.sensitivity(model, state, words, room);
        let page: Element<'a, Message> = if room.is_compact() {
            column![sensitivity, beside].spacing(room.gap()).into()
        } else {
            row![sensitivity, beside.width(SIDE)]
                .spacing(room.gap())
                .into()
        };
        scrollable(page)
            .spacing(6)
            .id(super::PAGE)
            .style(theme::scroll)
            .height(Fill)
            .into()
    }
}

fn in_force(state: &HelperState, control: Control) -> Option<u32> {
    match control {
        Control::Ema => Some(state.ema_factor),
        Control::Power => u32::try_from(state.power_cost_weight).ok(),
        Control::Cost(ifindex) => {
            let uplink = state.uplinks.iter().find(|u| u.ifindex == ifindex)?;
            Some(uplink.cost)
        }
    }
}

fn to_call(control: Control, value: u32) -> Call {
    match control {
        Control::Ema => Call::SetEma(value),
        Control::Power => Call::SetPower(value),
        Control::Cost(ifindex) => Call::SetCost(ifindex, value),
    }
}
