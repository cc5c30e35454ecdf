//! A measurement under way: its blocks, what is in force now, how long it still takes, why it waits,
//! and what can be asked of it. It shows nothing of the outcome.

use evenkeel_dbus::measurement::{MeasurementReason, MeasurementState};
use iced::widget::{column, container, row, scrollable, text};
use iced::{Alignment, Element, Fill};

use super::blocks::{self, Drawing};
use super::follow::Touch;
use super::{Measure, Message, Seen, figures, is_paused_by_us, said};
use crate::measure::Snapshot;
use crate::ui::drawing::picture;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, badge, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// The size of the time that is left.
const LEFT: f32 = 40.0;

impl Measure {
    pub(super) fn run<'a>(
        &'a self,
        seen: &'a Seen,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let snapshot = &seen.snapshot;
        let [a, b] = said::arms(seen, model, words);
        let (standing, ink) = standing(snapshot);
        let top = row![
            figures::arm(0, a.clone()),
            figures::arm(1, b.clone()),
            badge(words.say(standing), ink),
        ]
        .spacing(18)
        .align_y(Alignment::Center);
        let now = match snapshot.state {
            MeasurementState::Paused => words.say(said::reason_key(snapshot.reason)),
            MeasurementState::Warming => words.say(Key::MeasureWarming),
            _ => match snapshot.progress.arm {
                0 => words.tell(Key::MeasureNow, [("arm", a.into())]),
                1 => words.tell(Key::MeasureNow, [("arm", b.into())]),
                _ => words.say(Key::MeasureBetween),
            },
        };
        let again = snapshot.progress.interruptions;
        let again = (again > 0)
            .then(|| quiet(words.tell(Key::MeasureInterrupted, [("count", again.into())])));
        let inside = column![
            top.wrap(),
            self.left(snapshot, words),
            picture(Drawing { snapshot, words }, Fill, blocks::HEIGHT),
            text(now),
        ]
        .push(again)
        .push(self.buttons(snapshot, words))
        .push(quiet(words.say(Key::MeasureGoesOn)))
        .push(quiet(words.say(Key::MeasureNoPeeking)))
        .spacing(room.gap().max(12.0));
        scrollable(parts::card(inside, room).width(Fill))
            .spacing(6)
            .id(crate::ui::PAGE)
            .style(theme::scroll)
            .height(Fill)
            .into()
    }

    /// What is left at the most, and until the first look.
    fn left<'a>(&self, snapshot: &Snapshot, words: &Words) -> Element<'a, Message> {
        let looks = blocks::looks(snapshot, self.now_ns);
        let all = looks.last().map_or(0, |(_, ms)| *ms);
        let counted = [
            ("done", (snapshot.progress.blocks_done / 2).into()),
            ("pairs", snapshot.plan.pairs.into()),
        ];
        let mut beside = column![
            text(words.say(Key::MeasureLeft)),
            quiet(words.tell(Key::MeasurePairs, counted)),
        ];
        if let [(pairs, ms), _] = looks[..] {
            let values = [("pairs", pairs.into()), ("time", said::clock(ms).into())];
            beside = beside.push(quiet(words.tell(Key::MeasureFirstLook, values)));
        }
        row![bold(said::clock(all), LEFT), beside.spacing(2)]
            .spacing(16)
            .align_y(Alignment::Center)
            .into()
    }

    fn buttons<'a>(&self, snapshot: &Snapshot, words: &Words) -> Element<'a, Message> {
        let free = !self.asked;
        let (label, touch) = if is_paused_by_us(snapshot) {
            (Key::MeasureResume, Touch::Resume)
        } else {
            (Key::MeasurePause, Touch::Pause)
        };
        let press = |id: &'static str, label, touch| {
            let message = free.then_some(Message::Touch(touch));
            parts::press(id, words.say(label), false, message)
        };
        let buttons = row![
            press("measure-pause", label, touch),
            press("measure-cancel", Key::MeasureCancel, Touch::Cancel),
        ];
        let hint = container(quiet(words.say(Key::MeasureCancelHint))).width(Fill);
        row![buttons.spacing(10), hint]
            .spacing(16)
            .align_y(Alignment::Center)
            .into()
    }
}

fn standing(snapshot: &Snapshot) -> (Key, Ink) {
    match (snapshot.state, snapshot.reason) {
        (MeasurementState::Warming, _) => (Key::MeasureBadgeWarming, Ink::Quiet),
        (MeasurementState::Paused, MeasurementReason::Asked) => {
            (Key::MeasureBadgePaused, Ink::Quiet)
        }
        (MeasurementState::Paused, _) => (Key::MeasureBadgeWaits, Ink::Warn),
        _ => (Key::MeasureBadgeRuns, Ink::Good),
    }
}
