//! The Live screen: a card per uplink, one graph, the numbers beside it.

mod cards;

use std::cell::Cell;

use iced::widget::{column, container, row, space, text};
use iced::{Alignment, Element, Fill};

use super::bus::Call;
use super::chart::{self, Chart};
use super::focus::focus;
use super::model::Model;
use super::parts::{self, Room, bold, quiet};
use super::scale::Scale;
use super::speech::milliseconds;
use super::theme::{self, Ink};
use crate::words::{Key, Words};

/// One press of an arrow moves the read-out by this part of the window.
const PICK_STEPS: u64 = 60;

/// So many frames without a drawing mean that nobody can see the graph.
const UNSEEN_FRAMES: u32 = 15;

/// How much time the graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// One minute: what a window that was just opened can fill.
    #[default]
    One,
    /// Five minutes.
    Five,
    /// Thirty minutes.
    Thirty,
}

impl Span {
    const ALL: [Self; 3] = [Self::One, Self::Five, Self::Thirty];

    fn minutes(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Five => 5,
            Self::Thirty => 30,
        }
    }

    fn id(self) -> &'static str {
        match self {
            Self::One => "span-1",
            Self::Five => "span-5",
            Self::Thirty => "span-30",
        }
    }

    /// In nanoseconds.
    pub fn ns(self) -> u64 {
        u64::from(self.minutes()) * 60_000_000_000
    }
}

/// What can be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Show this much time.
    Show(Span),
    /// Stand still, or go on.
    TogglePause,
    /// Move the read-out one step to the left (-1) or right (1).
    Pick(i32),
    /// Judge the uplink with this ifindex anew.
    Forget(u32),
    /// The graph was drawn after it had not been for a while.
    Drawn,
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Live {
    span: Span,
    paused_at_ns: Option<u64>,
    scale: Scale,
    picked_ago_ns: Option<u64>,
    undrawn: Cell<u32>,
    unseen: bool,
}

impl Live {
    /// Answers a message; the call to make of the helper, if that is what was pressed.
    pub fn update(&mut self, message: Message, model: &mut Model) -> Option<Call> {
        match message {
            Message::Forget(ifindex) => return Some(Call::Forget(ifindex)),
            Message::Show(span) => {
                self.span = span;
                self.picked_ago_ns = None;
                self.fit(model);
            }
            Message::TogglePause => {
                self.paused_at_ns = match self.paused_at_ns {
                    None => Some(model.now_ns),
                    Some(_) => None,
                };
                self.fit(model);
            }
            Message::Drawn => self.unseen = false,
            Message::Pick(steps) => {
                let step_ns = self.span.ns() / PICK_STEPS;
                let ago_ns = self.picked_ago_ns.unwrap_or(0);
                let ago_ns = if steps < 0 {
                    ago_ns + step_ns
                } else {
                    ago_ns.saturating_sub(step_ns)
                };
                self.picked_ago_ns = Some(ago_ns.min(self.span.ns()));
            }
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

    /// Counts the frames since the last drawing; whoever draws sets it to zero.
    pub fn undrawn(&self) -> &Cell<u32> {
        &self.undrawn
    }

    /// True while frames come and the window system lets us draw none of them.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Sums up what came in, and lets the graph's height follow.
    pub fn refresh(&mut self, model: &mut Model) {
        let end_ns = self.end_ns(model);
        model.refresh(end_ns.saturating_sub(self.span.ns()), end_ns);
        if self.paused_at_ns.is_none() {
            self.scale = self.scale.follow(model.telling_us(), model.now_ns);
        }
    }

    fn fit(&mut self, model: &mut Model) {
        self.refresh(model);
        self.scale = Scale::fitted(model.telling_us());
    }

    fn end_ns(&self, model: &Model) -> u64 {
        self.paused_at_ns.unwrap_or(model.now_ns)
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
        column![
            cards::view(model, words, room),
            self.graph(model, words, room)
        ]
        .spacing(room.gap())
        .into()
    }

    fn graph<'a>(&'a self, model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
        let minutes = |span: Span| [("minutes", span.minutes().into())];
        let title = words.tell(Key::GraphTitle, minutes(self.span));
        let paused = self.paused_at_ns.is_some();
        let spans = Span::ALL.into_iter().map(|span| {
            let label = words.tell(Key::WindowMinutes, minutes(span));
            parts::press(
                span.id(),
                label,
                span == self.span,
                Some(Message::Show(span)),
            )
            .into()
        });
        let pause = words.say(if paused { Key::Resume } else { Key::Pause });
        let pause = parts::press("pause", pause, paused, Some(Message::TogglePause));
        let size = if room.is_compact() {
            theme::BODY
        } else {
            theme::HEADING
        };
        let top = row![bold(title, size), space().width(Fill)]
            .extend(spans)
            .push(pause)
            .spacing(8)
            .align_y(Alignment::Center);

        let measured = model.tracks.iter().any(|track| !track.history.is_empty());
        let graph: Element<'a, Message> = if measured {
            let end_ns = self.end_ns(model);
            let chart = Chart {
                model,
                words,
                span_ns: self.span.ns(),
                end_ns,
                paused,
                top_us: self.scale.top_us(),
                picked_ns: self
                    .picked_ago_ns
                    .map(|ago_ns| end_ns.saturating_sub(ago_ns)),
                undrawn: &self.undrawn,
            };
            let chart = chart::view(chart, self.unseen.then_some(Message::Drawn));
            focus("graph", chart).on_adjust(Message::Pick).into()
        } else {
            let waiting = text(words.say(Key::GraphEmpty)).style(theme::quiet);
            container(waiting).center(Fill).into()
        };
        let inside = column![top, graph, legend(model, words, room)].spacing(6);
        parts::card(inside, room).width(Fill).height(Fill).into()
    }
}

fn legend<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let brief = room.is_compact() && model.tracks.len() > 2;
    let known = |rtt_us: Option<u32>| {
        let ns = rtt_us.map(|rtt_us| u64::from(rtt_us) * 1000);
        ns.map_or_else(|| "–".to_owned(), milliseconds)
    };
    let entries = model.tracks.iter().map(|track| {
        let name = model.name(track, words);
        let values = [
            ("now", known(track.figures.now_us).into()),
            ("p99", known(track.figures.p99_us).into()),
            ("worst", known(track.figures.worst_us).into()),
        ];
        let mark = format!("{} {name}", theme::uplink_shape(track.slot));
        let mark = text(mark)
            .size(theme::SMALL)
            .style(theme::ink(Ink::Uplink(track.slot)));
        let figures = (!brief).then(|| quiet(words.tell(Key::LegendFigures, values)));
        row![mark].push(figures).spacing(8).into()
    });
    let lost = format!("▼ {}", words.say(Key::LegendLost));
    let lost = text(lost).size(theme::SMALL).style(theme::ink(Ink::Bad));
    let all = row(entries)
        .push((brief || model.tracks.len() <= 3).then_some(lost))
        .spacing(24);
    if room.is_compact() || model.tracks.len() > 2 {
        return all.wrap().vertical_spacing(2).into();
    }
    all.push(space().width(Fill))
        .push(quiet(words.say(Key::HintKeys)))
        .into()
}
