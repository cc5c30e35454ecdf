//! The Live screen: one line that says whether the network is the problem, a card per uplink, one
//! graph, the numbers beside it.

mod cards;
mod game;
pub mod graph;
mod judged;
mod legend;
mod marks;
mod since;
mod spiked;
mod window;

use std::cell::{Cell, RefCell};

use iced::keyboard::key::Named;
use iced::widget::{column, container, responsive, scrollable, text};
use iced::{Element, Fill, Rectangle};

use super::bus::Call;
use super::chart::Shape;
use super::ghost::{self, Ghost, Switched};
use super::model::Model;
use super::parts::Room;
use super::scale::Scale;
use super::theme;
use crate::words::{Key, Words};
pub use judged::said;
pub use judged::view as judged;
use window::Window;
pub use window::{Kept, Span};

/// One press of an arrow moves the read-out by this part of the window.
const PICK_STEPS: u64 = 60;

/// So many frames without a drawing mean that nobody can see the graph.
const UNSEEN_FRAMES: u32 = 15;

/// What can be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Show this much time.
    Show(Span),
    /// Draw it in this shape.
    Draw(Shape),
    /// Stand still, or go on with what is measured now.
    TogglePause,
    /// Move the read-out one step to the left (-1) or right (1).
    Pick(i32),
    /// Put the read-out on this moment, or this round trip where the graph shows those; `None`
    /// takes it away.
    PickAt(Option<u64>),
    /// Move the window by so many nanoseconds, back in time when negative.
    Scroll(i64),
    /// Move it by so many windows.
    Page(i32),
    /// Go to the oldest that is kept.
    Oldest,
    /// Go back to now.
    Now,
    /// Judge the uplink with this ifindex anew.
    Forget(u32),
    /// The graph was drawn after it had not been for a while.
    Drawn,
}

/// The height below which the page scrolls: the graph keeps enough to be read and touched.
const LEAST: f32 = 340.0;

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Live {
    window: Window,
    shape: Shape,
    scale: Scale,
    picked: Option<u64>,
    ghost: Option<Ghost>,
    ghost_for: Option<(Span, Switched)>,
    undrawn: Cell<u32>,
    said: RefCell<Vec<Rectangle>>,
    unseen: bool,
}

/// What a key means on this screen where nothing that has the focus took it.
pub fn heard(key: Named) -> Option<Message> {
    match key {
        Named::PageUp => Some(Message::Page(-1)),
        Named::PageDown => Some(Message::Page(1)),
        Named::Home => Some(Message::Oldest),
        Named::End => Some(Message::Now),
        _ => None,
    }
}

impl Live {
    /// Answers a message; the call to make of the helper, if that is what was pressed.
    pub fn update(&mut self, message: Message, model: &mut Model) -> Option<Call> {
        let kept = model.kept();
        match message {
            Message::Forget(ifindex) => return Some(Call::Forget(ifindex)),
            Message::Show(span) => {
                self.window.show(span, kept);
                self.fit(model);
            }
            Message::Draw(shape) => {
                self.shape = shape;
                self.picked = None;
            }
            Message::TogglePause if self.window.is_held() => self.follow(model),
            Message::TogglePause => {
                self.window.hold(model.now_ns);
                self.fit(model);
            }
            Message::Drawn => self.unseen = false,
            Message::Pick(steps) => self.pick(steps, model),
            Message::PickAt(at) => self.picked = at,
            Message::Scroll(by_ns) => {
                self.window.scroll(by_ns, kept);
                self.scrolled(model);
            }
            Message::Page(pages) => {
                self.window.page(pages, kept);
                self.scrolled(model);
            }
            Message::Oldest => {
                self.window.go_to_oldest(kept);
                self.scrolled(model);
            }
            Message::Now => self.follow(model),
        }
        None
    }

    /// A frame came. When none of the last frames led to a drawing, the window system shows the
    /// window nowhere: a Wayland compositor says so in no other way.
    pub fn count_frame(&mut self) {
        self.undrawn.set(self.undrawn.get() + 1);
        if self.undrawn.get() >= UNSEEN_FRAMES {
            self.undrawn.set(0);
            self.unseen = true;
        }
    }

    /// How much time the graph shows, in nanoseconds.
    pub fn shown_ns(&self) -> u64 {
        self.window.span.ns()
    }

    /// Counts the frames since the last drawing; whoever draws sets it to zero.
    pub fn undrawn(&self) -> &Cell<u32> {
        &self.undrawn
    }

    /// Where the read-out is.
    #[cfg(test)]
    pub fn picked_ns(&self) -> Option<u64> {
        self.picked
    }

    /// True while frames come and the window system lets us draw none of them.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Sums up what came in, and lets the graph's height follow.
    pub fn refresh(&mut self, model: &mut Model) {
        if self.window.is_held() {
            model.refresh(None);
            return;
        }
        self.sum_up(model);
        self.scale = self.scale.follow(model.telling_us(), model.now_ns);
        if self.shape == Shape::Line {
            let start_ns = self.window.start_ns(model.now_ns);
            self.picked = self.picked.filter(|at_ns| *at_ns >= start_ns);
        }
    }

    fn sum_up(&mut self, model: &mut Model) {
        let (from_ns, to_ns) = (
            self.window.start_ns(model.now_ns),
            self.window.end_ns(model.now_ns),
        );
        model.refresh(Some((from_ns, to_ns)));
        let span = self.window.span;
        let marks = model.all_marks();
        let wanted = ghost::switched(&marks).map(|switched| (span, switched));
        if wanted != self.ghost_for {
            let histories = model.drawn().map(|track| &track.history);
            self.ghost = ghost::before(histories, &marks, span.ns());
            self.ghost_for = wanted;
        }
    }

    fn fit(&mut self, model: &mut Model) {
        self.sum_up(model);
        self.scale = Scale::fitted(model.telling_us());
    }

    fn scrolled(&mut self, model: &mut Model) {
        self.sum_up(model);
        self.scale = self.scale.moved(model.telling_us());
    }

    fn follow(&mut self, model: &mut Model) {
        self.window.follow();
        self.picked = None;
        self.fit(model);
    }

    /// Moves the read-out; at an edge of the window the window moves along.
    fn pick(&mut self, steps: i32, model: &mut Model) {
        let steps = i64::from(steps);
        if self.shape != Shape::Line {
            let top_us = u64::from(graph::spread_top_us(model));
            let step_us = (top_us / PICK_STEPS).max(1) as i64;
            let at_us = self.picked.unwrap_or(if steps < 0 { top_us } else { 0 });
            let at_us = at_us.saturating_add_signed(steps.saturating_mul(step_us));
            self.picked = Some(at_us.min(top_us));
            return;
        }
        let step_ns = self.window.span.ns() / PICK_STEPS;
        let end_ns = self.window.end_ns(model.now_ns);
        let at_ns = self.picked.unwrap_or(end_ns);
        let by_ns = steps.saturating_mul(step_ns as i64);
        let at_ns = spiked::step(at_ns, by_ns, &model.spikes);
        let kept = model.kept();
        let at_ns = at_ns.clamp(kept.oldest_ns.min(kept.now_ns), kept.now_ns);
        self.picked = Some(at_ns);
        let start_ns = self.window.start_ns(model.now_ns);
        let beyond = |edge_ns: u64| i64::try_from(at_ns.abs_diff(edge_ns)).unwrap_or(i64::MAX);
        if at_ns < start_ns {
            self.window.scroll(-beyond(start_ns), kept);
            self.scrolled(model);
        } else if at_ns > end_ns {
            self.window.scroll(beyond(end_ns), kept);
            self.scrolled(model);
        }
    }

    /// The screen below the header.
    pub fn view<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        if model.tracks.is_empty() {
            return container(text(words.say(Key::NoUplinks)).size(theme::BODY).center())
                .center(Fill)
                .padding(40)
                .into();
        }
        responsive(move |size| {
            // A larger window has it in its header.
            let judged = room.is_compact();
            let page = column![]
                .push(judged.then(|| judged::view(model, words, theme::BODY)))
                .push(cards::view(model, words, room))
                .push(game::card(model, words, room))
                .push(graph::view(self, model, words, room))
                .spacing(room.gap());
            let least = LEAST + model.game.as_ref().map_or(0.0, |_| game::least(room));
            if size.height >= least {
                return page.into();
            }
            scrollable(page.height(least))
                .id(super::PAGE)
                .style(theme::scroll)
                .into()
        })
        .into()
    }
}
