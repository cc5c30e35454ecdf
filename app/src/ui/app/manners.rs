//! What makes the window a good neighbour on a desktop: one of it, a question before it closes on
//! game mode, and notifications for those who asked for them.

use std::time::Duration;

use evenkeel_dbus::HelperError;
use iced::window::UserAttention;
use iced::{Subscription, Task, window};

use super::{App, Call, Message, Seen};
use crate::config::OnClose;
use crate::state::HelperState;
use crate::ui::notify::{Desktop, Known, Limiter};
use crate::ui::{bus, instance, question, told};

/// Settings held here that are kept with game mode, at most.
const MAX_SETTINGS: usize = 32;

/// What is remembered for it.
#[derive(Debug, Default)]
pub struct Manners {
    /// The question is open; true when its answer is to be remembered.
    pub question: Option<bool>,
    /// What this window has set and holds, the newest last.
    pub settings: Vec<Call>,
    /// The end of game mode that is awaited was asked for here.
    pub ends_here: bool,
    /// The program was started as a strip.
    pub began_as_strip: bool,
    known: Known,
    limiter: Limiter,
    desktop: Desktop,
}

/// What this window held when the helper went away.
#[derive(Debug)]
pub struct Lost {
    pub game_mode: bool,
    pub settings: Vec<Call>,
}

impl Lost {
    /// Whether a helper that was restarted in good order has taken it up again; after a crash it has not.
    pub fn is_held_in(&self, state: &HelperState, uid: u32) -> bool {
        let mut holders = state.holders.iter();
        let held = |call: &Call| match call {
            Call::SetEma(factor) => state.ema_factor == *factor,
            _ => true,
        };
        (!self.game_mode || holders.any(|holder| holder.uid == uid && !holder.kept))
            && self.settings.iter().all(held)
    }
}

impl Manners {
    /// A setting of ours was accepted, or all of them were taken back.
    pub fn accepted(&mut self, call: Call) {
        let same = |held: &Call| match (held, call) {
            (Call::SetCost(a, _), Call::SetCost(b, _)) => *a == b,
            _ => std::mem::discriminant(held) == std::mem::discriminant(&call),
        };
        match call {
            Call::SetEma(_) | Call::SetPower(_) | Call::SetCost(..) => {
                self.settings.retain(|held| !same(held));
                if self.settings.len() >= MAX_SETTINGS {
                    let _ = self.settings.remove(0);
                }
                self.settings.push(call);
            }
            Call::Revert => self.settings.clear(),
            Call::EnterGameMode | Call::LeaveGameMode | Call::Forget(_) => {}
        }
    }
}

impl App {
    /// A second start, and the window's close button.
    pub(super) fn neighbours(&self) -> Subscription<Message> {
        let start = instance::Start {
            strip: self.manners.began_as_strip,
        };
        Subscription::batch([
            Subscription::run_with(start, instance::serve).map(Message::Instance),
            window::close_requests().map(|_| Message::CloseAsked),
        ])
    }

    /// The window is to be closed: at once, unless it holds game mode. Asked twice means at once.
    pub(super) fn asked_to_close(&mut self) -> Task<Message> {
        if !self.ours || self.manners.question.is_some() {
            return iced::exit();
        }
        match self.settings.on_close {
            OnClose::End => iced::exit(),
            OnClose::Keep => self.keep(),
            OnClose::Ask => {
                self.manners.question = Some(false);
                // The strip has no room for it.
                Task::batch([self.shrink(false), raise(), question::focus_first()])
            }
        }
    }

    /// Does what another start asks for: the window shows as that one would have.
    pub(super) fn take_instance(&mut self, event: instance::Event) -> Task<Message> {
        match event {
            instance::Event::Second => iced::exit(),
            // The strip has no room for the question.
            instance::Event::Raise(_) if self.manners.question.is_some() => raise(),
            instance::Event::Raise(strip) => Task::batch([self.shrink(strip), raise()]),
        }
    }

    pub(super) fn answer(&mut self, answer: question::Message) -> Task<Message> {
        let Some(remember) = self.manners.question else {
            return Task::none();
        };
        match answer {
            question::Message::Remember(remember) => {
                self.manners.question = Some(remember);
                Task::none()
            }
            question::Message::Stay => {
                self.manners.question = None;
                Task::none()
            }
            question::Message::Keep => {
                self.remember_close(remember, OnClose::Keep);
                self.keep()
            }
            question::Message::End => {
                self.remember_close(remember, OnClose::End);
                iced::exit()
            }
        }
    }

    fn remember_close(&mut self, remember: bool, on_close: OnClose) {
        if remember {
            self.choose(|settings| settings.on_close = on_close);
        }
    }

    /// Hands what this window holds to the helper, to be kept for the user.
    fn keep(&mut self) -> Task<Message> {
        let Some(helper) = self.helper.clone() else {
            return iced::exit();
        };
        let settings = self.manners.settings.clone();
        Task::perform(bus::keep(helper, settings), Message::Kept)
    }

    pub(super) fn take_kept(&mut self, result: Result<(), HelperError>) -> Task<Message> {
        match result {
            Ok(()) => iced::exit(),
            Err(error) => {
                self.manners.question = None;
                self.notice = Some(told::refused(&error, &self.words));
                Task::none()
            }
        }
    }

    /// Tells the desktop what is new, if that is wanted and nobody looks.
    pub(super) fn tell_desktop(&mut self) -> Task<Message> {
        let now = Known::of(&self.model, &self.manners.known);
        let ours = if self.model.game_mode() {
            false
        } else {
            std::mem::take(&mut self.manners.ends_here)
        };
        let before = std::mem::replace(&mut self.manners.known, now);
        if !self.settings.notify || self.seen == Seen::Focused {
            return Task::none();
        }
        let news = self.manners.known.news(&before, ours);
        let at: Duration = self.started.elapsed();
        let allowed: Vec<_> = news
            .into_iter()
            .filter(|_| self.manners.limiter.allows(at))
            .collect();
        Task::batch(allowed.into_iter().map(|news| {
            let (summary, body) = news.say(&self.model, &self.words);
            let desktop = self.manners.desktop.clone();
            Task::future(desktop.show(news.topic(), summary, body)).discard()
        }))
    }
}

/// Brings the window to the front. Where only the person may do that, it asks for attention.
fn raise() -> Task<Message> {
    window::oldest().and_then(|id| {
        Task::batch([
            window::minimize(id, false),
            window::gain_focus(id),
            window::request_user_attention(id, Some(UserAttention::Informational)),
        ])
    })
}
