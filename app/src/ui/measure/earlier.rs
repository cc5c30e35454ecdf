//! Measurements that have ended and can still be looked at: those that the helper has, and those kept
//! on disk.

use std::cmp::Reverse;

use iced::widget::{button, column, row, text};
use iced::{Element, Fill};

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::MeasurementState;

use super::said::{self, Uplinks};
use super::{Measure, Message};
use crate::measure::Snapshot;
use crate::measure::history::Id;
use crate::ui::focus::focus;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// As many as are shown.
const MOST: usize = 6;

/// One of them, in memory or on disk.
struct Entry<'a> {
    snapshot: &'a Snapshot,
    uplinks: &'a Uplinks,
    open: Message,
}

impl Measure {
    /// The card; none while there is nothing in it.
    pub(super) fn earlier<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Option<Element<'a, Message>> {
        let entries = self.entries();
        let trouble = self.trouble.as_deref().map(|why| {
            let values = [("why", why.into())];
            quiet(words.tell(Key::MeasureTrouble, values))
        });
        if entries.is_empty() && trouble.is_none() {
            return None;
        }
        let lines = entries.into_iter().take(MOST).enumerate();
        let lines = lines.map(|(place, entry)| line(place, entry, model, words));
        let inside = column![bold(words.say(Key::MeasureEarlier), theme::HEADING)]
            .extend(lines)
            .push(trouble)
            .spacing(8);
        Some(parts::card(inside, room).width(Fill).into())
    }

    /// All of them, the newest first, each once.
    fn entries(&self) -> Vec<Entry<'_>> {
        let ended = self.seen.iter();
        let ended = ended.filter(|it| it.snapshot.owner == self.uid && it.snapshot.has_ended());
        let in_memory: Vec<Id> = ended.clone().map(|it| Id::of(&it.snapshot)).collect();
        let seen = ended.map(|it| Entry {
            snapshot: &it.snapshot,
            uplinks: &it.uplinks,
            open: Message::Open(it.path.clone()),
        });
        let kept = self.kept.iter().filter(|it| !in_memory.contains(&it.id));
        let kept = kept.map(|it| Entry {
            snapshot: &it.snapshot,
            uplinks: &it.uplinks,
            open: Message::Recall(it.id.clone()),
        });
        let mut all: Vec<Entry<'_>> = seen.chain(kept).collect();
        all.sort_by_key(|it| Reverse(it.snapshot.started_at));
        all
    }
}

fn line<'a>(place: usize, entry: Entry<'a>, model: &Model, words: &Words) -> Element<'a, Message> {
    let snapshot = entry.snapshot;
    let (verdict, ink) = match snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => (Key::MeasureWordBetter, Ink::Good),
        Some(Verdict::Worse) => (Key::MeasureWordWorse, Ink::Bad),
        Some(Verdict::NoDifference) => (Key::MeasureWordSame, Ink::Quiet),
        None if snapshot.state == MeasurementState::Cancelled => {
            (Key::MeasureWordCancelled, Ink::Quiet)
        }
        None => (Key::MeasureWordNone, Ink::Warn),
    };
    let what = said::versus(snapshot, entry.uplinks, model, words);
    let verdict = text(words.say(verdict))
        .size(theme::SMALL)
        .font(theme::BOLD)
        .style(theme::ink(ink));
    let at = quiet(said::began(snapshot, words));
    let inside = column![text(what).size(theme::SMALL), row![verdict, at].spacing(10)];
    let button = button(inside.spacing(2))
        .width(Fill)
        .padding([8, 12])
        .style(theme::plain_button(false))
        .on_press(entry.open.clone());
    let id = format!("measure-earlier-{place}");
    focus(id, button).on_press(Some(entry.open)).into()
}
