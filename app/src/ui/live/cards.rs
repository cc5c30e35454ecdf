//! The cards of the Live screen: one per uplink, and beside them what game mode has brought.

use iced::widget::{button, column, container, row, scrollable, space, stack, text, tooltip};
use iced::{Alignment, Element, Fill, Length, Padding};

use evenkeel_dbus::{Backend, ProbeMethod, UplinkKind, UplinkState};

use super::marks::{Mark, mark};
use super::{Message, since};
use crate::steering;
use crate::ui::chart::text_width;
use crate::ui::focus::focus;
use crate::ui::model::{Link, Model, Track};
use crate::ui::parts::{self, Room, badge, quiet};
use crate::ui::speech;
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// The narrowest card that still holds its words.
const CARD_MIN: f32 = 244.0;
/// The same with a small screen's padding.
const COMPACT_MIN: f32 = 220.0;
/// A card this wide has room for the percentiles of the shown window, too.
const WIDE: f32 = 700.0;

/// A card narrower than this says less.
const NARROW: f32 = 284.0;
/// A card narrower than this has a shape and a name, but no kind.
const TIGHT: f32 = 252.0;

/// How much fits into a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Fit {
    Tight,
    Narrow,
    Usual,
    Wide,
}

impl Fit {
    fn of(width: f32) -> Self {
        match width {
            ..TIGHT => Self::Tight,
            ..NARROW => Self::Narrow,
            WIDE.. => Self::Wide,
            _ => Self::Usual,
        }
    }
}

/// The height of the bar and its line.
const SHARE_HEIGHT: f32 = 30.0;
/// The height of the line about a metered uplink.
const NOTE_HEIGHT: f32 = 18.0;

/// All cards in a row, which scrolls where there are too many.
pub fn view<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let count = model.tracks.len();
    let narrowest = if room.is_compact() {
        COMPACT_MIN
    } else {
        CARD_MIN
    };
    let each = |slots: usize| {
        let gaps = room.gap() * slots.saturating_sub(1) as f32;
        (room.page_width() - gaps) / slots as f32
    };
    let steers = model.can_steer() || model.game_mode();
    let since = !room.is_compact() && steers && each(count + 1) >= narrowest;
    let width = each(count + usize::from(since));
    let scrolls = width < narrowest;
    let fit = Fit::of(width.max(narrowest));
    let width = if scrolls {
        Length::Fixed(narrowest)
    } else {
        Length::Fill
    };
    let mut cards: Vec<Element<'a, Message>> = model
        .tracks
        .iter()
        .map(|track| uplink(model, track, words, room, fit, width))
        .collect();
    if since {
        cards.push(since::view(model, words, room));
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
    fit: Fit,
    width: Length,
) -> Element<'a, Message> {
    let ink = Ink::Uplink(track.slot);
    let top = title(model, track, words, fit);
    let numbers = numbers(track, words, room, fit);
    let note = metered(model, track, words, room);
    let (beside, below) = if room.is_compact() {
        (note, None)
    } else {
        (None, note)
    };
    let share = share(model, track, words, (room, fit), beside);
    // The button has no row of its own: it lies on the corner.
    let (forget, wide) = match forget(model, track, words, (room, fit)) {
        Some((forget, wide)) => (Some(forget), wide),
        None => (None, 0.0),
    };
    let shared = row![share, space().width(wide)]
        .height(SHARE_HEIGHT)
        .align_y(Alignment::Center);
    // What the button, which is higher, reaches below its line.
    let rest = (theme::TARGET - SHARE_HEIGHT) / 2.0 - 1.0;
    let rows = column![top, numbers, shared].spacing(6);
    let rows = container(rows).padding(Padding::ZERO.bottom(rest));
    let corner = forget.map(|forget| container(forget).align_right(Fill).align_bottom(Fill));
    let edge = parts::card_padding(room);
    let bottom = if below.is_some() { edge } else { edge - rest };
    let rows = column![stack![rows].push(corner)].push(below);
    let card = parts::card(rows, room)
        .padding(Padding::new(edge).bottom(bottom))
        .width(width);
    if track.info.leader {
        card.style(theme::card_marked(ink)).into()
    } else {
        card.into()
    }
}

/// What the uplink is called: shape, kind and name, and how it stands.
fn title<'a>(
    model: &'a Model,
    track: &'a Track,
    words: &'a Words,
    fit: Fit,
) -> Element<'a, Message> {
    let name = model.name(track, words);
    let narrow = fit <= Fit::Narrow;
    let heading = if narrow { theme::BODY } else { theme::HEADING };
    let shape = text(theme::uplink_shape(track.slot))
        .size(theme::BODY)
        .style(theme::ink(Ink::Uplink(track.slot)));
    let standing = standing(track, words);
    // Where it is narrow, a badge leaves no room for it.
    let roomy = !narrow || fit > Fit::Tight && standing.is_none();
    let own_name = roomy && name != track.info.name;
    let name = text(name)
        .size(heading)
        .font(theme::BOLD)
        .wrapping(text::Wrapping::None);
    let kind = (fit > Fit::Tight).then(|| mark(Mark::Kind(track.kind())));
    row![shape]
        .push(kind)
        .push(name)
        .push(own_name.then(|| quiet(&track.info.name)))
        .push(space().width(Fill))
        .push(standing)
        .spacing(8)
        .align_y(Alignment::Center)
        .height(26)
        .into()
}

/// The big number with jitter and loss beside it.
fn numbers<'a>(track: &Track, words: &Words, room: Room, fit: Fit) -> Element<'a, Message> {
    let unknown = || "–".to_owned();
    let answered = |ns: Option<u64>| ns.filter(|_| track.answers());
    let rtt = answered(track.figures.rtt_ns).map(|ns| words.bare_milliseconds(ns));
    let jitter = answered(track.figures.jitter_ns);
    let jitter = jitter.map_or_else(unknown, |ns| words.milliseconds(ns));
    let loss = track
        .figures
        .loss_permille
        .map_or_else(unknown, |permille| {
            // From a tenth on the decimal says nothing.
            let coarse = (permille + 5) / 10 * 10;
            words.percent(if permille < 100 { permille } else { coarse })
        });
    let big = if room.is_compact() { 30.0 } else { 40.0 };
    let now = parts::amount(rtt, words.say(Key::UnitMs), big);
    let figure = |key: Key, value: String| {
        let name = text(words.say(key)).size(theme::SMALL).style(theme::quiet);
        let value = text(value).size(theme::BODY).font(theme::BOLD);
        column![
            name.wrapping(text::Wrapping::None),
            value.wrapping(text::Wrapping::None)
        ]
        .spacing(1)
    };
    let narrow = fit <= Fit::Narrow;
    let loss_key = if narrow {
        Key::CardLossShort
    } else {
        Key::CardLoss
    };
    let mut numbers = row![now, space().width(Fill)];
    if fit == Fit::Wide {
        let time = |us: Option<u32>| {
            us.map_or_else(unknown, |us| words.milliseconds(u64::from(us) * 1000))
        };
        numbers = numbers
            .push(figure(Key::CardMedian, time(track.figures.p50_us)))
            .push(figure(Key::CardP99, time(track.figures.p99_us)))
            .push(figure(Key::CardWorst, time(track.figures.worst_us)));
    }
    numbers
        .push(figure(Key::CardJitter, jitter))
        .push(figure(loss_key, loss))
        .spacing(match fit {
            Fit::Tight => 8,
            Fit::Narrow => 14,
            Fit::Usual => 22,
            Fit::Wide => 32,
        })
        .align_y(Alignment::Center)
        .into()
}

/// The word at the upper right: what is wrong, or leader, or how it is measured.
fn standing<'a>(track: &Track, words: &Words) -> Option<Element<'a, Message>> {
    if !track.info.carrier {
        let key = match track.kind() {
            UplinkKind::Ethernet => Key::CardNoCable,
            _ => Key::CardNoLink,
        };
        return Some(badge(words.say(key), Ink::Bad));
    }
    let ink = match track.state() {
        UplinkState::Dead | UplinkState::Gone => Ink::Bad,
        UplinkState::Warming => Ink::Warn,
        UplinkState::Idle | UplinkState::Alive => Ink::Quiet,
    };
    if let Some(key) = speech::state_key(track.state()) {
        Some(badge(words.say(key), ink))
    } else if track.info.leader {
        let leads = format!("▲ {}", words.say(Key::CardSteadiest));
        Some(badge(leads, Ink::Good))
    } else if ProbeMethod::from_wire(track.info.method) == ProbeMethod::TcpConnect {
        Some(quiet(words.say(Key::CardTcp)))
    } else {
        None
    }
}

fn share<'a>(
    model: &Model,
    track: &Track,
    words: &Words,
    (room, fit): (Room, Fit),
    beside: Option<Element<'a, Message>>,
) -> Element<'a, Message> {
    let there = model.state.as_ref().filter(|_| model.link == Link::Present);
    let permille = track.info.share_permille;
    let ink = Ink::Uplink(track.slot);
    let (shared, line) = match there.map(|state| state.backend) {
        Some(Backend::Ecmp) => {
            let percent = words.percent(permille);
            let line = if fit == Fit::Tight || room.is_compact() && fit == Fit::Narrow {
                percent
            } else {
                words.tell(Key::CardShare, [("percent", percent.into())])
            };
            (Some(permille), line)
        }
        Some(Backend::Lowpower) => (None, words.say(Key::CardShareKernel)),
        Some(Backend::Observe) | None => (None, words.say(Key::CardShareRoutes)),
    };
    let line = row![quiet(line)].push(beside).spacing(8);
    column![]
        .push(shared.map(|permille| parts::bar(permille, ink)))
        .push(line)
        .spacing(4)
        .width(Fill)
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
    let here = steering::is_metered(&track.info);
    (any && (here || !room.is_compact())).then(|| {
        if !here {
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

/// Lets an uplink be judged anew, while it is probed, and how much of the card's width that takes. It
/// is seldom needed, so it is quiet, and in a narrow card its word appears beside the pointer.
fn forget<'a>(
    model: &'a Model,
    track: &Track,
    words: &Words,
    (room, fit): (Room, Fit),
) -> Option<(Element<'a, Message>, f32)> {
    if model.link != Link::Present || track.state() == UplinkState::Idle {
        return None;
    }
    let ifindex = track.info.ifindex;
    let message = Message::Forget(ifindex);
    let word = words.say(Key::CardForget);
    let wide = text_width(&word);
    let said = text(word).size(theme::SMALL).wrapping(text::Wrapping::None);
    let (inside, tip) = if room.is_compact() || fit <= Fit::Narrow {
        (row![mark(Mark::Anew)], Some(said))
    } else {
        (row![mark(Mark::Anew), said].spacing(6), None)
    };
    let inside = container(inside.align_y(Alignment::Center)).center_y(Fill);
    let press = button(inside)
        .height(theme::TARGET)
        .padding([0, 14])
        .style(quiet_button)
        .on_press(message);
    let press = focus(format!("forget-{ifindex}"), press).on_press(Some(message));
    let Some(tip) = tip else {
        return Some((press.into(), wide + 64.0));
    };
    let tip = container(tip).padding([4, 8]).style(theme::card);
    let press = tooltip(press, tip, tooltip::Position::Top);
    Some((press.into(), 40.0))
}

/// A button that shows itself only under the pointer.
fn quiet_button(theme: &iced::Theme, status: button::Status) -> button::Style {
    let palette = theme::palette(theme);
    let under = matches!(status, button::Status::Hovered | button::Status::Pressed);
    button::Style {
        background: under.then_some(palette.raised.into()),
        text_color: if under { palette.text } else { palette.quiet },
        border: iced::border::rounded(theme::RADIUS),
        ..button::Style::default()
    }
}
