//! The cards of the Live screen: one per uplink, and what game mode has brought.

use iced::widget::{column, container, row, scrollable, space, text};
use iced::{Alignment, Element, Fill, Length};

use evenkeel_dbus::{Backend, ProbeMethod, UplinkKind, UplinkState};

use super::Message;
use crate::steering;
use crate::ui::compare::Comparison;
use crate::ui::model::{Link, Model, Track};
use crate::ui::parts::{self, Room, badge, bold, quiet};
use crate::ui::speech::{self, milliseconds};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// The narrowest card that still holds its words.
const CARD_MIN: f32 = 228.0;

/// The height of the line about a metered uplink.
const NOTE_HEIGHT: f32 = 18.0;

/// All cards in a row, which scrolls where there are too many.
pub fn view<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let count = model.tracks.len();
    let since = !room.is_compact() && count <= 3 && (model.can_steer() || model.game_mode());
    let slots = count + usize::from(since);
    let width = (room.page_width() - room.gap() * (slots - 1) as f32) / slots as f32;
    let scrolls = width < CARD_MIN;
    let width = if scrolls {
        Length::Fixed(CARD_MIN)
    } else {
        Length::Fill
    };
    let narrow = scrolls || room.page_width() / (slots as f32) < 300.0;
    let mut cards: Vec<Element<'a, Message>> = model
        .tracks
        .iter()
        .map(|track| uplink(model, track, words, room, narrow, width))
        .collect();
    if since {
        cards.push(since_card(model, words, room));
    }
    let cards = row(cards).spacing(room.gap()).height(Length::Shrink);
    if scrolls {
        let bar = scrollable::Scrollbar::new().width(6).scroller_width(6);
        scrollable(container(cards).padding(iced::Padding::ZERO.bottom(10)))
            .id(crate::ui::CARDS)
            .direction(scrollable::Direction::Horizontal(bar))
            .style(theme::scroll)
            .into()
    } else {
        cards.into()
    }
}

fn uplink<'a>(
    model: &'a Model,
    track: &'a Track,
    words: &'a Words,
    room: Room,
    narrow: bool,
    width: Length,
) -> Element<'a, Message> {
    let ink = Ink::Uplink(track.slot);
    let name = model.name(track, words);
    let heading = if narrow { theme::BODY } else { theme::HEADING };
    let mark = text(theme::uplink_shape(track.slot))
        .size(theme::BODY)
        .style(theme::ink(ink));
    let mut top = row![mark, bold(name.clone(), heading)]
        .spacing(8)
        .align_y(Alignment::Center);
    if !narrow && name != track.info.name {
        top = top.push(quiet(&track.info.name));
    }
    let top = top
        .push(space().width(Fill))
        .push(standing(track, words))
        .height(26);

    let answers = matches!(track.state(), UplinkState::Alive | UplinkState::Warming);
    let value = |ns: u64| match ns {
        0 => "–".to_owned(),
        ns if answers => milliseconds(ns),
        _ => "–".to_owned(),
    };
    let big = if room.is_compact() { 30.0 } else { 40.0 };
    let now = row![bold(value(track.info.rtt_ns), big), quiet("ms")]
        .spacing(6)
        .align_y(Alignment::End);
    let loss = track.figures.loss_permille.map_or_else(
        || "–".to_owned(),
        |permille| match permille {
            100.. => format!("{} %", (permille + 5) / 10),
            _ => format!("{} %", speech::percent(permille)),
        },
    );
    let jitter = match value(track.info.jitter_ns) {
        value if value == "–" => value,
        value => format!("{value} ms"),
    };
    let figure = |key: Key, value: String| {
        let name = text(words.say(key)).size(theme::SMALL).style(theme::quiet);
        let value = text(value).size(theme::BODY).font(theme::BOLD);
        column![
            name.wrapping(text::Wrapping::None),
            value.wrapping(text::Wrapping::None)
        ]
        .spacing(1)
    };
    let loss_key = if narrow {
        Key::CardLossShort
    } else {
        Key::CardLoss
    };
    let numbers = row![
        now,
        space().width(Fill),
        figure(Key::CardJitter, jitter),
        figure(loss_key, loss),
    ]
    .spacing(if narrow { 8 } else { 22 })
    .align_y(Alignment::Center);

    let note = metered(model, track, words, room);
    let (beside, below) = if room.is_compact() {
        (note, None)
    } else {
        (None, note)
    };
    let share = column![share(model, track, words, room, narrow)].push(beside);
    let bottom = row![share.width(Fill)]
        .push(forget(model, track, words))
        .spacing(10)
        .align_y(Alignment::Center);
    let inside = column![top, numbers, bottom].push(below).spacing(6);
    let card = parts::card(inside, room).width(width);
    if track.info.leader {
        card.style(theme::card_marked(ink)).into()
    } else {
        card.into()
    }
}

/// The word at the upper right: what is wrong, or leader, or how it is measured.
fn standing<'a>(track: &Track, words: &Words) -> Element<'a, Message> {
    if !track.info.carrier {
        let key = match track.kind() {
            UplinkKind::Ethernet => Key::CardNoCable,
            _ => Key::CardNoLink,
        };
        return badge(words.say(key), Ink::Bad);
    }
    let ink = match track.state() {
        UplinkState::Dead | UplinkState::Gone => Ink::Bad,
        UplinkState::Warming => Ink::Warn,
        UplinkState::Idle | UplinkState::Alive => Ink::Quiet,
    };
    if let Some(key) = speech::state_key(track.state()) {
        badge(words.say(key), ink)
    } else if track.info.leader {
        badge(format!("▲ {}", words.say(Key::CardSteadiest)), Ink::Good)
    } else if ProbeMethod::from_wire(track.info.method) == ProbeMethod::TcpConnect {
        quiet(words.say(Key::CardTcp))
    } else {
        space().into()
    }
}

fn share<'a>(
    model: &Model,
    track: &Track,
    words: &Words,
    room: Room,
    narrow: bool,
) -> Element<'a, Message> {
    let there = model.state.as_ref().filter(|_| model.link == Link::Present);
    let permille = track.info.share_permille;
    let ink = Ink::Uplink(track.slot);
    let (filled, line) = match there.map(|state| state.backend) {
        Some(Backend::Ecmp) => {
            let percent = speech::percent(permille);
            let line = if room.is_compact() && narrow {
                format!("{percent} %")
            } else {
                words.tell(Key::CardShare, [("percent", percent.into())])
            };
            (permille, line)
        }
        Some(Backend::Lowpower) => (0, words.say(Key::CardShareKernel)),
        Some(Backend::Observe) | None => (0, words.say(Key::CardShareRoutes)),
    };
    column![parts::bar(filled, ink), quiet(line)]
        .spacing(4)
        .into()
}

/// That an uplink is metered, and what comes of it where there is room to say so and it is true; a
/// blank of the same height beside a card that says so.
fn metered<'a>(
    model: &Model,
    track: &Track,
    words: &Words,
    room: Room,
) -> Option<Element<'a, Message>> {
    let any = model.tracks.iter().any(|t| steering::is_metered(&t.info));
    any.then(|| {
        if !steering::is_metered(&track.info) {
            return space().height(NOTE_HEIGHT).into();
        }
        let charged = steering::is_charged_as_metered(&track.info);
        let avoided = charged && model.game_mode() && !track.info.leader;
        let key = if avoided && !room.is_compact() {
            Key::CardMetered
        } else {
            Key::CardMeteredShort
        };
        let line = text(words.say(key)).size(theme::SMALL);
        line.style(theme::ink(Ink::Warn)).height(NOTE_HEIGHT).into()
    })
}

/// Lets an uplink be judged anew, while it is probed.
fn forget<'a>(model: &Model, track: &Track, words: &Words) -> Option<Element<'a, Message>> {
    let probed = model.link == Link::Present && track.state() != UplinkState::Idle;
    let ifindex = track.info.ifindex;
    probed.then(|| {
        let label = words.say(Key::CardForget);
        let forget = Message::Forget(ifindex);
        parts::press(format!("forget-{ifindex}"), label, false, Some(forget)).into()
    })
}

fn since_card<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let mut inside = column![bold(words.say(Key::SinceTitle), theme::HEADING)].spacing(2);
    match model.comparison {
        Comparison::Off => inside = inside.push(quiet(words.say(Key::SinceOff))),
        Comparison::Waiting => inside = inside.push(quiet(words.say(Key::SinceWaiting))),
        Comparison::Nothing => inside = inside.push(text(words.say(Key::SinceNothing))),
        Comparison::Found { average, leader } => {
            let time = |us: u64| milliseconds(us * 1000);
            let share = |permille: u64| speech::percent(permille as u32);
            inside = inside
                .push(figure(
                    "p99".to_owned(),
                    time(average.p99_us),
                    &format!("{} ms", time(leader.p99_us)),
                    leader.p99_us <= average.p99_us,
                ))
                .push(figure(
                    words.say(Key::CardJitter),
                    time(average.jitter_us),
                    &format!("{} ms", time(leader.jitter_us)),
                    leader.jitter_us <= average.jitter_us,
                ))
                .push(figure(
                    words.say(Key::CardLossShort),
                    share(average.loss_permille),
                    &format!("{} %", share(leader.loss_permille)),
                    leader.loss_permille <= average.loss_permille,
                ));
        }
    }
    let inside = inside
        .push(space().height(Fill))
        .push(quiet(words.say(Key::SinceSource)));
    parts::card(inside, room).width(Fill).height(Fill).into()
}

/// One line of before and after; what got worse is said in another colour and with another arrow.
fn figure<'a>(name: String, before: String, after: &str, better: bool) -> Element<'a, Message> {
    let (ink, arrow) = if better {
        (Ink::Good, "→")
    } else {
        (Ink::Warn, "↑")
    };
    let after = text(format!("{arrow} {after}"))
        .style(theme::ink(ink))
        .font(theme::BOLD);
    row![
        container(quiet(name)).width(64),
        text(before).style(theme::quiet),
        after,
    ]
    .spacing(8)
    .align_y(Alignment::Center)
    .into()
}
