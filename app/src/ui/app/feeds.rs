//! What is measured for this window, and only while somebody may see it: the helper's feed, the
//! window's own probes where there is no helper, the running game.

use std::time::Duration;

use iced::{Subscription, Task, window};

use super::{Absence, App, Message, Screen, Seen};
use crate::ui::bus::{self, FeedEvent, Wish};
use crate::ui::model::Link;
use crate::ui::{alone, game};
use crate::words::Key;

/// Frames a second of the strip, whatever has the focus: it lies beside a game.
const STRIP_HZ: u32 = 2;
/// Frames a second while the window is not in front, or shows only slow things.
const UNFOCUSED_HZ: u32 = 1;
/// How long a helper that left is given to come back before the window measures by itself.
const GRACE: Duration = Duration::from_secs(5);

impl App {
    /// All of it that is wanted now.
    pub(super) fn feeds(&self) -> Subscription<Message> {
        let feed = self.wish().map_or_else(Subscription::none, |wish| {
            Subscription::run_with(wish, bus::feed).map(Message::Feed)
        });
        Subscription::batch([feed, self.alone(), self.game()])
    }

    /// A frame came, or the feed began or ended.
    pub(super) fn take_feed(&mut self, event: FeedEvent) -> Task<Message> {
        match event {
            FeedEvent::Opened => {
                self.model.begin_feed();
                if matches!(self.notice, Some((Key::NoticeFeed, _))) {
                    self.notice = None;
                }
            }
            FeedEvent::Clock(reading) => self.model.take_clock(reading),
            FeedEvent::Frame(frame) => {
                match self.screen {
                    Screen::Tune if !self.settings.strip => self.tune.count_frame(),
                    Screen::Spikes if !self.settings.strip => self.spikes.count_frame(),
                    _ => self.live.count_frame(),
                }
                if self.model.take_frame(&frame) {
                    self.live.refresh(&mut self.model);
                }
            }
            // It was to be started for this, and wasn't.
            FeedEvent::Broken if self.absence == Absence::Asleep => {
                self.lose_helper(Link::NoHelper);
            }
            FeedEvent::Broken if self.model.link == Link::Present => {
                self.notice = Some((Key::NoticeFeed, String::new()));
            }
            FeedEvent::Broken => {}
        }
        if self.seen == Seen::Unfocused {
            return window::oldest()
                .and_then(window::is_minimized)
                .map(|minimized| Message::Minimized(minimized == Some(true)));
        }
        Task::none()
    }

    /// True while there is certainly no helper.
    fn is_alone(&self) -> bool {
        matches!(self.model.link, Link::NoBus | Link::NoHelper)
    }

    /// Something was found or measured by the window itself.
    pub(super) fn take_alone(&mut self, event: alone::Event) -> Task<Message> {
        match event {
            // A helper came meanwhile.
            _ if !self.is_alone() => Task::none(),
            alone::Event::Uplinks(uplinks) => {
                self.model.take_uplinks(&uplinks);
                Task::none()
            }
            alone::Event::Feed(event) => self.take_feed(event),
        }
    }

    /// Without a helper, the window's own probes while a graph shows, and its own look at the
    /// uplinks for the first page.
    fn alone(&self) -> Subscription<Message> {
        let probes = self.shows_graph();
        if !self.is_alone() || !(probes || self.shows_welcome()) {
            return Subscription::none();
        }
        let grace = if self.arrival == 0 {
            Duration::ZERO
        } else {
            GRACE
        };
        let wish = alone::Wish {
            grace,
            probes,
            target: self.settings.target,
        };
        Subscription::run_with(wish, alone::measure).map(Message::Alone)
    }

    /// The feed that is wanted now: none while no graph shows.
    pub(super) fn wish(&self) -> Option<Wish> {
        let max_hz = match (self.seen, self.screen) {
            _ if self.settings.strip => STRIP_HZ,
            (Seen::Focused, Screen::Live) => self.settings.refresh_hz,
            // The preview is about minutes.
            _ => UNFOCUSED_HZ,
        };
        let helper = self.helper.clone()?;
        self.shows_graph().then_some(Wish {
            helper,
            arrival: self.arrival,
            max_hz,
        })
    }

    /// True while the page of the first start shows.
    pub fn shows_welcome(&self) -> bool {
        !self.settings.welcomed && !self.settings.strip
    }

    /// Looks for a running game, while its line may be seen.
    fn game(&self) -> Subscription<Message> {
        if self.screen != Screen::Live || self.settings.strip || !self.shows_graph() {
            return Subscription::none();
        }
        Subscription::run(game::watch).map(Message::Game)
    }

    /// True while somebody may look at a graph or at the list of spikes; else nothing is measured for
    /// us.
    pub fn shows_graph(&self) -> bool {
        let drawn = match self.screen {
            _ if self.settings.strip => !self.live.is_unseen(),
            _ if !self.settings.welcomed => false,
            Screen::Live => !self.live.is_unseen(),
            Screen::Tune => !self.tune.is_unseen(),
            Screen::Spikes => !self.spikes.is_unseen(),
            Screen::Measure | Screen::Settings => false,
        };
        drawn && self.seen != Seen::Hidden
    }
}
