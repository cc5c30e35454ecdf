//! The Spikes screen: every spike with whose fault it was, newest first, and the facts behind the one
//! that is opened. Who is blamed, and by which rule, is decided in the core.

mod course;
mod detail;
mod list;
mod tally;

use std::cell::Cell;

use evenkeel_core::blame::{Culprit, Spike};
use iced::widget::{column, container, responsive, row, scrollable, text};
use iced::{Center, Element, Fill};

use super::absent::{self, Absence};
use super::eye;
use super::icons::{Icon, icon};
use super::model::{Link, Model};
use super::parts::{self, Room, bold, quiet};
use super::speech;
use super::theme::{self, Ink};
use crate::words::{Key, Words};

/// Spikes that are listed at once; one press lists so many more.
const LISTED: usize = 40;
/// So many frames without a drawing mean that nobody can see the list.
const UNSEEN_FRAMES: u32 = 15;
/// A page so large has room for the list and an opened spike beside it.
const WIDE: f32 = 960.0;
const HIGH: f32 = 660.0;

/// Which spike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id {
    uplink: Option<u32>,
    from_ns: u64,
}

impl Id {
    /// That of a spike.
    pub fn of(spike: &Spike) -> Self {
        Self {
            uplink: spike.uplink,
            from_ns: spike.from_ns,
        }
    }
}

/// What can be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Show what was seen of this one.
    Open(Id),
    /// Go back to the list.
    Close,
    /// List those alone for whom somebody is blamed, or all.
    Only(Option<Culprit>),
    /// List older ones, too.
    More,
    /// The screen was drawn after it had not been for a while.
    Drawn,
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Screen {
    opened: Option<Id>,
    only: Option<Culprit>,
    /// How often older ones were asked for.
    more: usize,
    undrawn: Cell<u32>,
    unseen: bool,
}

impl Screen {
    /// Answers a message.
    pub fn update(&mut self, message: Message) {
        match message {
            Message::Open(id) => self.opened = Some(id),
            Message::Close => self.opened = None,
            Message::Only(culprit) => {
                self.only = culprit;
                self.opened = None;
                self.more = 0;
            }
            Message::More => self.more += 1,
            Message::Drawn => self.unseen = false,
        }
    }

    /// Closes the spike that is opened in place of the list; false when none is.
    pub fn back(&mut self, room: Room) -> bool {
        !is_wide(room) && self.opened.take().is_some()
    }

    /// A frame came while this screen shows: see [`Live`](super::live::Live::count_frame).
    pub fn count_frame(&mut self) {
        self.undrawn.set(self.undrawn.get() + 1);
        if self.undrawn.get() >= UNSEEN_FRAMES {
            self.undrawn.set(0);
            self.unseen = true;
        }
    }

    /// True while frames come and the screen is drawn for none of them.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Those that are listed, newest first, and how many older ones are not.
    fn listed<'a>(&self, model: &'a Model) -> (Vec<&'a Spike>, usize) {
        let fits = |spike: &&Spike| self.only.is_none_or(|one| one == spike.blame.culprit);
        let mut all: Vec<&Spike> = model.spikes.newest_first().iter().filter(fits).collect();
        let count = LISTED * (self.more + 1);
        let older = all.len().saturating_sub(count);
        all.truncate(count);
        (all, older)
    }

    /// The one whose facts show: the opened one; else, where there is room beside the list, the newest.
    fn shown<'a>(&self, model: &'a Model, listed: &[&'a Spike], room: Room) -> Option<&'a Spike> {
        let opened = self.opened;
        let opened = opened.and_then(|id| model.spikes.find(id.uplink, id.from_ns));
        opened.or_else(|| listed.first().copied().filter(|_| is_wide(room)))
    }

    /// The screen below the header.
    pub fn view<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let eye = eye::view(&self.undrawn, self.unseen.then_some(Message::Drawn), 1, 1);
        let page = if model.spikes.newest_first().is_empty() {
            nothing(model, words, room)
        } else {
            self.page(model, words, room)
        };
        column![page, eye].into()
    }

    fn page<'a>(&'a self, model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
        let (listed, older) = self.listed(model);
        let shown = self.shown(model, &listed, room);
        let scrolls = |id, inside: Element<'a, Message>| {
            scrollable(inside)
                .spacing(6)
                .id(id)
                .style(theme::scroll)
                .width(Fill)
                .height(Fill)
        };
        if let (Some(spike), false) = (shown, is_wide(room)) {
            let inside = detail::view(model, spike, words, room, None);
            return scrolls(super::PAGE, inside).into();
        }
        let chosen = shown.map(Id::of);
        let list = list::view(model, &listed, older, chosen, words);
        let top = self.top(model, words, room);
        if !is_wide(room) {
            // Everything scrolls: the list would have too little room of its own.
            let page = column![top, list].spacing(room.gap());
            return scrolls(super::PAGE, page.into()).into();
        }
        let beside = shown.map(|spike| {
            responsive(move |size| {
                let inside = detail::view(model, spike, words, room, Some(size.height));
                // The list follows the focus; what scrolls by hand is what was opened.
                scrolls(super::PAGE, inside).into()
            })
        });
        let page = row![scrolls(super::LIST, list)]
            .push(beside)
            .spacing(room.gap());
        column![top, page].spacing(room.gap()).height(Fill).into()
    }

    /// The last hour in a sentence, who watches, and the filter.
    fn top<'a>(&self, model: &'a Model, words: &Words, room: Room) -> Element<'a, Message> {
        let said = tally::tally(&model.spikes, now_ns(model)).said(words);
        let size = if room.is_compact() {
            theme::BODY
        } else {
            theme::HEADING
        };
        let said = column![bold(said, size), quiet(words.say(who_watches(model)))].spacing(2);
        let filter = list::filter(&tally::blamed(&model.spikes), self.only, words, room);
        column![said].push(filter).spacing(10).into()
    }
}

/// True where the list and an opened spike have room beside each other.
fn is_wide(room: Room) -> bool {
    room.page_width() >= WIDE && room.size.height >= HIGH
}

/// The newest moment that is known of.
fn now_ns(model: &Model) -> u64 {
    model.now_ns.max(model.clock.monotonic_ns().unwrap_or(0))
}

/// Who looks out for spikes, and when.
fn who_watches(model: &Model) -> Key {
    match absent::absence(model) {
        None => Key::SpikesWatched,
        Some(Absence::NoBus | Absence::NeverSeen) => Key::SpikesAlone,
        Some(Absence::Lost) => Key::SpikesLost,
    }
}

/// The page before the first spike.
fn nothing<'a>(model: &Model, words: &Words, room: Room) -> Element<'a, Message> {
    let measured = model.drawn().any(|track| !track.history.is_empty());
    let (title, said) = if model.link == Link::Searching {
        (Key::InForceSearching, None)
    } else if model.tracks.is_empty() && model.knows_uplinks() {
        (Key::SpikesNone, Some(words.say(Key::NoUplinks)))
    } else if measured {
        let kept = model.kept();
        let seconds = kept.now_ns.saturating_sub(kept.oldest_ns) / 1_000_000_000;
        let time = speech::duration(u32::try_from(seconds).unwrap_or(u32::MAX), words);
        let said = words.tell(Key::SpikesWatchedFor, [("time", time.into())]);
        (Key::SpikesNone, Some(said))
    } else {
        (Key::SpikesNone, Some(words.say(Key::GraphEmpty)))
    };
    let top = row![
        icon(Icon::Spikes, Ink::Good),
        bold(words.say(title), theme::TITLE)
    ]
    .spacing(14)
    .align_y(Center);
    let inside = column![top.wrap()]
        .push(said.map(text))
        .push(text(words.say(Key::SpikesWhat)))
        .push(quiet(words.say(who_watches(model))))
        .spacing(room.gap());
    let card = parts::card(inside, room)
        .padding(2.0 * room.gap() + 4.0)
        .max_width(760);
    let page = scrollable(container(card).width(Fill).align_x(Center))
        .id(super::PAGE)
        .style(theme::scroll);
    container(page).center_y(Fill).into()
}
