//! The verdict: one sentence, how sure it is, what to do about it, the figures, and the files.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::MeasurementState;
use iced::widget::{column, row, scrollable, text};
use iced::{Alignment, Element, Fill};

use super::interval::Interval;
use super::said::Sentence;
use super::save::Format;
use super::{Measure, Message, Saving, Seen, interval, said};
use crate::measure::after::{After, Off, Setting, after};
use crate::ui::bus::Call;
use crate::ui::drawing::sketch;
use crate::ui::model::{Link, Model};
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

impl Measure {
    pub(super) fn verdict<'a>(
        &'a self,
        seen: &'a Seen,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let mut page = column![self.judged(seen, model, words, room)].spacing(room.gap());
        if let Some(shown) = &seen.shown {
            if shown.found.blocks.is_empty() {
                let none = quiet(words.say(Key::MeasureNoProbes));
                page = page.push(parts::card(none, room).width(Fill));
            } else {
                page = page.push(self.figures(seen, shown, model, words, room));
            }
        } else {
            let key = if seen.bare || seen.lost {
                Key::MeasureNoProbes
            } else {
                Key::MeasureFetching
            };
            page = page.push(parts::card(quiet(words.say(key)), room).width(Fill));
        }
        scrollable(page)
            .spacing(6)
            .id(crate::ui::PAGE)
            .style(theme::scroll)
            .height(Fill)
            .into()
    }

    fn judged<'a>(
        &'a self,
        seen: &'a Seen,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let size = if room.is_compact() {
            20.0
        } else {
            theme::TITLE
        };
        let headline = row![
            text(mark(seen)).size(size).style(theme::ink(ink(seen))),
            bold(said::headline(seen, model, words), size),
        ]
        .spacing(12);
        let because = said::because(seen, model, words).into_iter();
        let because = because.map(|said| match said {
            Sentence::Plain(said) => text(said).into(),
            Sentence::Small(said) => quiet(said),
        });
        let because = column(because).spacing(4);
        let drawn = seen.snapshot.outcome.filter(|_| !room.is_compact());
        let drawn = drawn.and_then(|outcome| {
            let (low, high) = outcome.interval?;
            let interval = Interval {
                ratio: outcome.ratio,
                low,
                high,
                ink: ink(seen),
                words,
            };
            let (width, height) = interval::SIZE;
            Some(sketch(interval, width, height))
        });
        let why = row![because.width(Fill)]
            .push(drawn)
            .spacing(24)
            .align_y(Alignment::Center);
        let (buttons, advice) = todo(seen, model, words);
        let (files, hint) = self.files(seen, words).unzip();
        let buttons = row![buttons].push(files).spacing(28);
        let hints = [advice, hint].into_iter().flatten().map(quiet);
        let inside = column![headline, why, buttons.wrap().vertical_spacing(10)]
            .push(column(hints).spacing(2))
            .spacing(12);
        parts::card(inside, room).width(Fill).into()
    }

    /// The buttons, and where files go or went.
    fn files<'a>(&'a self, seen: &Seen, words: &Words) -> Option<(Element<'a, Message>, String)> {
        let shown = seen.shown.as_ref()?;
        if shown.found.blocks.is_empty() {
            return None;
        }
        let idle = !matches!(self.saving, Some(Saving::UnderWay));
        let buttons = Format::ALL.map(|format| {
            let name = format.ending().to_uppercase();
            let message = idle.then_some(Message::Save(format));
            parts::press(id(format), name, false, message).into()
        });
        let said = match &self.saving {
            None => words.say(Key::MeasureSaveHint),
            Some(Saving::UnderWay) => words.say(Key::MeasureSaving),
            Some(Saving::Done(path)) => {
                words.tell(Key::MeasureSaved, [("path", path.as_str().into())])
            }
            Some(Saving::Failed(why)) => {
                words.tell(Key::MeasureNotSaved, [("why", why.as_str().into())])
            }
        };
        let label = text(words.say(Key::MeasureSave));
        let line = row![label, row(buttons).spacing(8)].spacing(12);
        Some((line.align_y(Alignment::Center).into(), said))
    }
}

/// What to do about it, and the way back.
fn todo<'a>(seen: &Seen, model: &Model, words: &Words) -> (Element<'a, Message>, Option<String>) {
    let present = model.link == Link::Present;
    let state = model.state.as_ref().filter(|_| present);
    let after = state.map_or(After::Nothing, |state| {
        after(&seen.snapshot, &seen.uplinks, state)
    });
    let (button, said) = match after {
        After::Nothing => (None, None),
        After::IsOff => (None, Some(Key::MeasureIsOff)),
        After::SwitchOff(off) => {
            let label = match off {
                Off::GameMode => Key::MeasureGameOff,
                Off::Set(..) => Key::MeasureSettingOff,
            };
            (Some((label, call(off))), Some(Key::MeasureAdvice))
        }
        After::SwitchOn => (Some((Key::MeasureGameOn, Call::EnterGameMode)), None),
    };
    let button = button.map(|(label, call)| {
        let message = Message::SwitchOff(call);
        parts::press("measure-switch", words.say(label), true, Some(message))
    });
    let leave = words.say(Key::MeasureAgain);
    let leave = parts::press("measure-leave", leave, false, Some(Message::Leave));
    let buttons = row![].push(button).push(leave).spacing(10);
    (buttons.into(), said.map(|key| words.say(key)))
}

const fn call(off: Off) -> Call {
    match off {
        Off::GameMode => Call::LeaveGameMode,
        Off::Set(Setting::Ema, value) => Call::SetEma(value),
        Off::Set(Setting::Power, value) => Call::SetPower(value),
        Off::Set(Setting::Cost(ifindex), value) => Call::SetCost(ifindex, value),
    }
}

const fn id(format: Format) -> &'static str {
    match format {
        Format::Csv => "measure-csv",
        Format::Json => "measure-json",
        Format::Svg => "measure-svg",
        Format::Png => "measure-png",
    }
}

fn ink(seen: &Seen) -> Ink {
    match seen.snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => Ink::Good,
        Some(Verdict::Worse) => Ink::Bad,
        Some(Verdict::NoDifference) => Ink::Quiet,
        None => Ink::Warn,
    }
}

/// A shape beside the colour.
fn mark(seen: &Seen) -> &'static str {
    match seen.snapshot.outcome.map(|outcome| outcome.verdict) {
        Some(Verdict::Better) => "▲",
        Some(Verdict::Worse) => "◆",
        Some(Verdict::NoDifference) => "○",
        None if seen.snapshot.state == MeasurementState::Cancelled => "□",
        None => "■",
    }
}
