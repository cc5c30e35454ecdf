//! What to compare: one press measures what suggests itself, everything else is beside it. It says
//! beforehand how long it takes and what it does to the connection.

use evenkeel_dbus::Backend;
use iced::widget::{Column, button, column, container, row, scrollable, text};
use iced::{Alignment, Element, Fill};

use super::offer::{
    COSTS, FACTORS, POWERS, WhyNot, is_any_possible, moves_running, settings, standing, why_not,
};
use super::{Length, Measure, Message, Setting, What, said};
use crate::state::HelperState;
use crate::ui::bus::Call;
use crate::ui::focus::focus;
use crate::ui::model::{Link, Model};
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// What is beside it, where there is room beside it.
const SIDE: f32 = 404.0;
/// Width of a stepper's value.
const VALUE: f32 = 132.0;

impl Measure {
    pub(super) fn choose<'a>(
        &'a self,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let Some(state) = &model.state else {
            return absent(model, words, room);
        };
        let main = parts::card(self.main(state, model, words, room), room).width(Fill);
        let offers = is_any_possible(state).then(|| self.offers(state, words));
        let offers = offers.map(|offers| parts::card(offers, room).width(Fill).into());
        let beside: Vec<Element<'a, Message>> = [offers, self.earlier(model, words, room)]
            .into_iter()
            .flatten()
            .collect();
        let alone = beside.is_empty();
        let beside = Column::with_children(beside).spacing(room.gap());
        let page: Element<'a, Message> = if alone {
            main.into()
        } else if room.is_compact() {
            column![main, beside].spacing(room.gap()).into()
        } else {
            row![main, beside.width(SIDE)].spacing(room.gap()).into()
        };
        scrollable(page)
            .spacing(6)
            .id(crate::ui::PAGE)
            .style(theme::scroll)
            .height(Fill)
            .into()
    }

    /// What is chosen, what it does, how long it takes, and the button.
    fn main<'a>(
        &'a self,
        state: &'a HelperState,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let what = self.draft.what(state);
        let why = why_not(what, state);
        let said = why.map(|why| text(words.say(said::why_not_key(why))));
        if !is_any_possible(state) {
            return column![bold(words.say(Key::MeasureNothingTitle), theme::TITLE)]
                .push(said)
                .push(quiet(words.say(Key::MeasureNothing)))
                .spacing(room.gap())
                .into();
        }
        let mut inside = column![
            bold(words.say(question(what)), theme::TITLE),
            text(words.say(Key::MeasureHow)),
        ]
        .spacing(room.gap());
        if let Some(why) = why {
            let said = said.map(|said| said.style(theme::ink(Ink::Warn)));
            let off = (why == WhyNot::GameModeOn && model.link == Link::Present).then(|| {
                let off = Message::SwitchOff(Call::LeaveGameMode);
                parts::big_press("measure-off", words.say(Key::MeasureGameOff), Some(off))
            });
            let others = quiet(words.say(Key::MeasureOthers));
            return inside.push(said).push(off).push(others).into();
        }
        inside = inside.push(self.values(what, state, model, words));
        let lengths = Length::ALL.map(|length| (length, words.say(length_name(length))));
        let lengths = parts::choices(
            "measure-length",
            lengths,
            self.draft.length,
            Message::Length,
        );
        let free = self.may_begin(model);
        let start = words.say(Key::MeasureStart);
        let start = parts::big_press("measure-start", start, free.then_some(Message::Start));
        let busy = self.foreign().map(|_| words.say(Key::MeasureForeign));
        let gone = (model.link != Link::Present).then(|| words.say(Key::MeasureAbsent));
        let hint = busy
            .or(gone)
            .unwrap_or_else(|| takes(self.draft.length, words));
        inside
            .push(
                row![start, container(text(hint)).width(Fill)]
                    .spacing(16)
                    .align_y(Alignment::Center),
            )
            .push(
                row![
                    lengths,
                    container(quiet(words.say(sees(self.draft.length)))).width(Fill)
                ]
                .spacing(16)
                .align_y(Alignment::Center),
            )
            .push(does(what, state, words))
            .into()
    }

    /// The cards of everything that could be compared.
    fn offers<'a>(&'a self, state: &HelperState, words: &Words) -> Element<'a, Message> {
        let chosen = self.draft.what(state);
        let offers = What::ALL.into_iter().enumerate().map(|(place, what)| {
            let why = why_not(what, state);
            let more = why.map(|why| quiet(words.say(said::why_not_key(why))));
            let mark = if what == chosen { "●" } else { "○" };
            let name = row![text(mark), text(words.say(name(what)))].spacing(10);
            let inside = column![name].push(more).spacing(2);
            let take = Message::Take(what);
            let button = button(inside)
                .width(Fill)
                .padding([14, 14])
                .style(theme::plain_button(what == chosen))
                .on_press(take.clone());
            focus(format!("measure-what-{place}"), button)
                .on_press(Some(take))
                .into()
        });
        let title = bold(words.say(Key::MeasureOffers), theme::HEADING);
        column![title]
            .push(Column::with_children(offers).spacing(8))
            .spacing(10)
            .into()
    }

    /// The arms' values, where they can be chosen.
    fn values<'a>(
        &'a self,
        what: What,
        state: &'a HelperState,
        model: &'a Model,
        words: &'a Words,
    ) -> Option<Element<'a, Message>> {
        let number = |value: u32| words.number(value.into(), 0);
        let line = |label: String, stepper: Element<'a, Message>| -> Element<'a, Message> {
            row![container(text(label)).width(Fill), stepper]
                .spacing(12)
                .align_y(Alignment::Center)
                .into()
        };
        let lines: Vec<Element<'a, Message>> = match what {
            What::GameMode => return None,
            What::Sensitivity => {
                let both = self.draft.factors(state);
                let arm = |arm: usize| {
                    let other = both[1 - arm];
                    let all: Vec<u32> = FACTORS.into_iter().filter(|it| *it != other).collect();
                    let step = stepper(
                        format!("measure-factor-{arm}"),
                        number(both[arm]),
                        steps(&all, both[arm]),
                        move |value| Message::Factor(arm, value),
                    );
                    line(words.say(ARMS[arm]), step)
                };
                vec![arm(0), arm(1)]
            }
            What::Uplinks => {
                let both = self.draft.uplinks(state)?;
                let all: Vec<u32> = state.uplinks.iter().map(|it| it.ifindex).collect();
                let arm = |arm: usize| {
                    let shown = said::uplink(both[arm], model, words);
                    let step = stepper(
                        format!("measure-uplink-{arm}"),
                        shown,
                        beside(&all, both[arm]),
                        move |ifindex| Message::Uplink(arm, ifindex),
                    );
                    line(words.say(ARMS[arm]), step)
                };
                vec![arm(0), arm(1)]
            }
            What::Setting => {
                let setting = self.draft.setting(state)?;
                let all = settings(state);
                let places: Vec<u32> = (0..all.len() as u32).collect();
                let at = all.iter().position(|it| *it == setting)? as u32;
                let which = stepper(
                    "measure-setting".to_owned(),
                    setting_name(setting, model, words),
                    beside(&places, at),
                    move |place| {
                        Message::Setting(all.get(place as usize).copied().unwrap_or(setting))
                    },
                );
                let value = self.draft.value(setting, state);
                let (off, _) = standing(setting, state);
                let offered: Vec<u32> = match setting {
                    Setting::Cost(_) => COSTS.to_vec(),
                    Setting::Power => POWERS.to_vec(),
                    Setting::Ema => FACTORS.to_vec(),
                };
                let offered: Vec<u32> = offered.into_iter().filter(|it| *it != off).collect();
                let value = stepper(
                    "measure-value".to_owned(),
                    number(value),
                    steps(&offered, value),
                    Message::Value,
                );
                vec![
                    line(words.say(Key::MeasureSetting), which),
                    line(words.say(Key::MeasureValue), value),
                ]
            }
        };
        Some(Column::with_children(lines).spacing(8).into())
    }
}

/// Without a helper: what is missing, and what there is meanwhile.
fn absent<'a>(model: &Model, words: &Words, room: Room) -> Element<'a, Message> {
    if matches!(model.link, Link::Searching | Link::Present) {
        return crate::ui::absent::page(model, Key::MeasureAbsent, words, room);
    }
    let centred = |key| text(words.say(key)).align_x(iced::Center);
    let inside = column![
        centred(Key::MeasureAbsent)
            .size(theme::HEADING)
            .font(theme::BOLD),
        centred(Key::MeasureAbsentHint),
        centred(Key::AbsentWaiting)
            .size(theme::SMALL)
            .style(theme::quiet),
    ]
    .spacing(8)
    .align_x(Alignment::Center)
    .max_width(560);
    container(inside).center(Fill).padding(room.gap()).into()
}

const ARMS: [Key; 2] = [Key::MeasureArmA, Key::MeasureArmB];

/// The values below and above one, where there are any.
fn steps(offered: &[u32], value: u32) -> [Option<u32>; 2] {
    let less = offered.iter().rfind(|offer| **offer < value).copied();
    let more = offered.iter().find(|offer| **offer > value).copied();
    [less, more]
}

/// The values before and after one in a list.
fn beside(all: &[u32], value: u32) -> [Option<u32>; 2] {
    let at = all.iter().position(|it| *it == value).unwrap_or(0);
    let before = at.checked_sub(1).and_then(|at| all.get(at)).copied();
    [before, all.get(at + 1).copied()]
}

fn stepper<'a>(
    id: String,
    shown: String,
    [less, more]: [Option<u32>; 2],
    choose: impl Fn(u32) -> Message + Clone + 'a,
) -> Element<'a, Message> {
    let step = move |steps: i32| if steps < 0 { less } else { more };
    parts::stepper(id, shown, VALUE, move |steps| step(steps).map(&choose))
}

fn setting_name(setting: Setting, model: &Model, words: &Words) -> String {
    match setting {
        Setting::Ema => words.say(Key::TuneTitle),
        Setting::Power => words.say(Key::PowerTitle),
        Setting::Cost(ifindex) => {
            let uplink = said::uplink(ifindex, model, words);
            words.tell(Key::TuneWhatCost, [("uplink", uplink.into())])
        }
    }
}

fn question(what: What) -> Key {
    match what {
        What::GameMode => Key::MeasureAskGame,
        What::Sensitivity => Key::MeasureAskEma,
        What::Uplinks => Key::MeasureAskUplinks,
        What::Setting => Key::MeasureAskSetting,
    }
}

fn name(what: What) -> Key {
    match what {
        What::GameMode => Key::MeasureOfferGame,
        What::Sensitivity => Key::MeasureOfferEma,
        What::Uplinks => Key::MeasureOfferUplinks,
        What::Setting => Key::MeasureOfferSetting,
    }
}

fn length_name(length: Length) -> Key {
    match length {
        Length::Short => Key::MeasureShort,
        Length::Usual => Key::MeasureUsual,
        Length::Long => Key::MeasureLong,
    }
}

fn sees(length: Length) -> Key {
    match length {
        Length::Short => Key::MeasureSeesShort,
        Length::Usual => Key::MeasureSeesUsual,
        Length::Long => Key::MeasureSeesLong,
    }
}

/// "7 to 10 minutes": from the first look to the last one.
fn takes(length: Length, words: &Words) -> String {
    let plan = length.plan();
    let seconds = |pairs: u32| 2 * pairs * plan.block_ms() / 1_000;
    let last = (seconds(plan.pairs()) + 30) / 60;
    let first = plan
        .first_look()
        .map_or(last, |pairs| (seconds(pairs) + 30) / 60);
    let values = [("from", first.into()), ("to", last.into())];
    words.tell(Key::MeasureTakes, values)
}

/// What it does to the connection meanwhile.
fn does<'a>(what: What, state: &HelperState, words: &Words) -> Element<'a, Message> {
    let key = match what {
        What::Uplinks => Key::MeasureDoesUplinks,
        What::GameMode if moves_running(state) => Key::MeasureDoesGameMoves,
        What::GameMode => Key::MeasureDoesGame,
        _ if state.backend == Backend::Lowpower => Key::MeasureDoesKernel,
        _ => Key::MeasureDoesSetting,
    };
    column![
        quiet(words.say(key)),
        quiet(words.say(Key::MeasureDoesProbes)),
        quiet(words.say(Key::MeasureGoesOn)),
    ]
    .spacing(4)
    .into()
}
