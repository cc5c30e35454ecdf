//! The Live screen: a card per uplink, one graph, the numbers beside it.

use iced::widget::{column, container, row, scrollable, space, text};
use iced::{Alignment, Element, Fill, Length};

use evenkeel_dbus::{Backend, ProbeMethod, UplinkState};

use super::chart::{self, Chart};
use super::compare::Comparison;
use super::focus::focus;
use super::model::{Link, Model, Track};
use super::parts::{self, Room, badge, bold, quiet};
use super::scale::Scale;
use super::speech::{self, milliseconds};
use super::theme;
use crate::words::{Key, Words};

/// The narrowest card that still holds its words.
const CARD_MIN: f32 = 216.0;
/// One press of an arrow moves the read-out by this part of the window.
const PICK_STEPS: u64 = 60;

/// How much time the graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// One minute.
    One,
    /// Five minutes.
    #[default]
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
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct Live {
    span: Span,
    paused_at_ns: Option<u64>,
    scale: Scale,
    picked_ago_ns: Option<u64>,
}

impl Live {
    /// Answers a message. Nothing here concerns the helper.
    pub fn update(&mut self, message: Message, model: &mut Model) {
        match message {
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
        column![cards(model, words, room), self.graph(model, words, room)]
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
            let chart = chart::view(Chart {
                model,
                words,
                span_ns: self.span.ns(),
                end_ns,
                paused,
                top_us: self.scale.top_us(),
                picked_ns: self
                    .picked_ago_ns
                    .map(|ago_ns| end_ns.saturating_sub(ago_ns)),
            });
            focus("graph", chart).on_adjust(Message::Pick).into()
        } else {
            let waiting = text(words.say(Key::GraphEmpty)).color(theme::QUIET);
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
            .color(theme::uplink_color(track.slot));
        let figures = (!brief).then(|| quiet(words.tell(Key::LegendFigures, values)));
        row![mark].push(figures).spacing(8).into()
    });
    let lost = format!("▼ {}", words.say(Key::LegendLost));
    let all = row(entries)
        .push(text(lost).size(theme::SMALL).color(theme::RED))
        .spacing(24);
    if room.is_compact() || model.tracks.len() > 2 {
        return all.wrap().vertical_spacing(2).into();
    }
    all.push(space().width(Fill))
        .push(quiet(words.say(Key::HintKeys)))
        .into()
}

fn cards<'a>(model: &'a Model, words: &'a Words, room: Room) -> Element<'a, Message> {
    let count = model.tracks.len();
    let since = !room.is_compact() && count <= 3;
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
    let color = theme::uplink_color(track.slot);
    let name = model.name(track, words);
    let mark = text(theme::uplink_shape(track.slot))
        .size(theme::BODY)
        .color(color);
    let mut top = row![mark, bold(name.clone(), theme::HEADING)]
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
            permille => format!("{} %", speech::percent(permille)),
        },
    );
    let jitter = match value(track.info.jitter_ns) {
        value if value == "–" => value,
        value => format!("{value} ms"),
    };
    let figure = |key: Key, value: String| {
        let name = text(words.say(key)).size(theme::SMALL).color(theme::QUIET);
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
    .spacing(if narrow { 12 } else { 22 })
    .align_y(Alignment::Center);

    let inside = column![top, numbers, share(model, track, words, room)].spacing(6);
    let card = parts::card(inside, room).width(width);
    if track.info.leader {
        card.style(theme::card_marked(color)).into()
    } else {
        card.into()
    }
}

/// The word at the upper right: leader, or what is wrong, or how it is measured.
fn standing<'a>(track: &Track, words: &Words) -> Element<'a, Message> {
    let color = match track.state() {
        UplinkState::Dead | UplinkState::Gone => theme::RED,
        UplinkState::Warming => theme::AMBER,
        UplinkState::Idle | UplinkState::Alive => theme::QUIET,
    };
    if let Some(key) = speech::state_key(track.state()) {
        badge(words.say(key), color)
    } else if track.info.leader {
        badge(format!("▲ {}", words.say(Key::CardSteadiest)), theme::TEAL)
    } else if ProbeMethod::from_wire(track.info.method) == ProbeMethod::TcpConnect {
        quiet(words.say(Key::CardTcp))
    } else {
        space().into()
    }
}

fn share<'a>(model: &Model, track: &Track, words: &Words, room: Room) -> Element<'a, Message> {
    let there = model.state.as_ref().filter(|_| model.link == Link::Present);
    let permille = track.info.share_permille;
    let color = theme::uplink_color(track.slot);
    let (filled, line) = match there.map(|state| state.backend) {
        Some(Backend::Ecmp) => {
            let percent = speech::percent(permille);
            let line = words.tell(Key::CardShare, [("percent", percent.into())]);
            (permille, line)
        }
        Some(Backend::Lowpower) => (0, words.say(Key::CardShareKernel)),
        Some(Backend::Observe) | None => (0, words.say(Key::CardShareRoutes)),
    };
    let bar = parts::bar(filled, color);
    if room.is_compact() {
        let line = text(line).size(theme::SMALL).color(theme::QUIET);
        return row![bar, line.wrapping(text::Wrapping::None)]
            .spacing(10)
            .align_y(Alignment::Center)
            .into();
    }
    column![bar, quiet(line)].spacing(4).into()
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
                    format!("{} ms", time(leader.p99_us)),
                    leader.p99_us <= average.p99_us,
                ))
                .push(figure(
                    words.say(Key::CardJitter),
                    time(average.jitter_us),
                    format!("{} ms", time(leader.jitter_us)),
                    leader.jitter_us <= average.jitter_us,
                ))
                .push(figure(
                    words.say(Key::CardLossShort),
                    share(average.loss_permille),
                    format!("{} %", share(leader.loss_permille)),
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
fn figure<'a>(name: String, before: String, after: String, better: bool) -> Element<'a, Message> {
    let (color, arrow) = if better {
        (theme::TEAL, "→")
    } else {
        (theme::AMBER, "↑")
    };
    let after = text(format!("{arrow} {after}"))
        .color(color)
        .font(theme::BOLD);
    row![
        container(quiet(name)).width(64),
        text(before).color(theme::QUIET),
        after,
    ]
    .spacing(8)
    .align_y(Alignment::Center)
    .into()
}
