//! Measurements that have ended and can still be looked at.

use iced::widget::{button, column, row, text};
use iced::{Alignment, Element, Fill};

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::MeasurementState;

use super::{Measure, Message, Seen, said};
use crate::ui::focus::focus;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// As many as are shown.
const MOST: usize = 4;

impl Measure {
    /// The card; none while there is nothing in it.
    pub(super) fn earlier<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Option<Element<'a, Message>> {
        let ended = self.seen.iter().rev();
        let ended = ended.filter(|it| it.snapshot.owner == self.uid && it.snapshot.has_ended());
        let lines: Vec<_> = ended
            .take(MOST)
            .enumerate()
            .map(|(place, seen)| line(place, seen, model, words))
            .collect();
        if lines.is_empty() {
            return None;
        }
        let inside = column![bold(words.say(Key::MeasureEarlier), theme::HEADING)]
            .extend(lines)
            .spacing(8);
        Some(parts::card(inside, room).width(Fill).into())
    }
}

fn line<'a>(place: usize, seen: &'a Seen, model: &Model, words: &Words) -> Element<'a, Message> {
    let (verdict, ink) = match seen.snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => (Key::MeasureWordBetter, Ink::Good),
        Some(Verdict::Worse) => (Key::MeasureWordWorse, Ink::Bad),
        Some(Verdict::NoDifference) => (Key::MeasureWordSame, Ink::Quiet),
        None if seen.snapshot.state == MeasurementState::Cancelled => {
            (Key::MeasureWordCancelled, Ink::Quiet)
        }
        None => (Key::MeasureWordNone, Ink::Warn),
    };
    let what = text(said::versus(&seen.snapshot, model, words)).size(theme::SMALL);
    let verdict = text(words.say(verdict))
        .size(theme::SMALL)
        .font(theme::BOLD)
        .style(theme::ink(ink));
    let at = quiet(said::began(&seen.snapshot, words));
    let inside = column![what, row![verdict, at].spacing(10)].spacing(2);
    let open = Message::Open(seen.path.clone());
    let button = button(inside)
        .width(Fill)
        .padding([8, 12])
        .style(theme::plain_button(false))
        .on_press(open.clone());
    let id = format!("measure-earlier-{place}");
    row![focus(id, button).on_press(Some(open))]
        .align_y(Alignment::Center)
        .into()
}
