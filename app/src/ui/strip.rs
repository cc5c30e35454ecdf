//! The strip: the least a second screen needs. Ping, jitter and loss of the connection that counts,
//! whether game mode is on, and the way back.

use std::cell::Cell;

use iced::widget::canvas::{Frame, Path, Stroke};
use iced::widget::{button, column, container, mouse_area, row, stack, text};
use iced::{Alignment, Element, Fill, Length, Point, Size};

use evenkeel_dbus::UplinkState;

use super::drawing::{Sketch, sketch};
use super::eye;
use super::focus::focus;
use super::icons::{Icon, icon};
use super::model::{Link, Model, Track};
use super::parts::{self, Room, quiet};
use super::speech;
use super::theme::{self, Ink, Palette};
use crate::words::{Key, Words};

/// How much time the little graph shows.
const SPAN_NS: u64 = 60_000_000_000;
/// Below this width there is no little graph.
const GRAPH_FROM: f32 = 440.0;

/// What can be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Press the switch.
    ToggleGameMode,
    /// Back to the whole window.
    Grow,
    /// Move the window with the pointer.
    Drag,
    /// The graph was drawn after it had not been for a while.
    Drawn,
}

/// What the strip shows.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    /// What is known.
    pub model: &'a Model,
    /// The language.
    pub words: &'a Words,
    /// True while the switch can be pressed.
    pub enabled: bool,
    /// Set to zero whenever the strip is drawn.
    pub undrawn: &'a Cell<u32>,
    /// True while drawings are waited for.
    pub unseen: bool,
}

/// The connection that counts: the leader, else the first that answers, else the first.
pub fn counts(model: &Model) -> Option<&Track> {
    let answers = |track: &&Track| track.state() == UplinkState::Alive;
    let tracks = &model.tracks;
    let leader = tracks.iter().find(|track| track.info.leader);
    leader
        .or_else(|| tracks.iter().find(answers))
        .or_else(|| tracks.first())
}

/// The whole strip.
pub fn view(strip: Strip<'_>, room: Room) -> Element<'_, Message> {
    let track = counts(strip.model);
    let said: Element<'_, Message> = if let Some(track) = track {
        figures(strip, track, room)
    } else {
        let key = match strip.model.link {
            Link::Searching => Key::InForceSearching,
            Link::NoBus | Link::NoHelper | Link::Present => Key::StripNothing,
        };
        quiet(strip.words.say(key))
    };
    // Without room for a graph it still tells that the strip was drawn.
    let width = if room.size.width >= GRAPH_FROM {
        Fill
    } else {
        Length::Fixed(1.0)
    };
    let drawn = strip.unseen.then_some(Message::Drawn);
    let graph = stack![
        sketch(Graph { strip, track }, width, Fill),
        eye::view(strip.undrawn, drawn, width, Fill),
    ];
    let info = row![container(said).center_y(Fill)].push(graph).spacing(12);
    let info = mouse_area(info.width(Fill).height(Fill)).on_press(Message::Drag);
    let whole = row![info, switch(strip), grow()]
        .spacing(8)
        .align_y(Alignment::Center);
    container(whole)
        .padding([8, 14])
        .width(Fill)
        .height(Fill)
        .style(theme::strip)
        .into()
}

fn figures<'a>(strip: Strip<'a>, track: &'a Track, room: Room) -> Element<'a, Message> {
    let words = strip.words;
    let answers = matches!(track.state(), UplinkState::Alive | UplinkState::Warming);
    let known = |ns: u64| (answers && ns > 0).then_some(ns);
    let ping = known(track.info.rtt_ns).map(|ns| words.bare_milliseconds(ns));
    let size = if room.size.width < GRAPH_FROM {
        28.0
    } else {
        36.0
    };
    let ping = parts::amount(ping, words.say(Key::UnitMs), size);
    let below = below(strip, track, known(track.info.jitter_ns));
    let below = text(below).size(theme::SMALL).style(theme::quiet);
    let below = below.wrapping(text::Wrapping::None);
    let ink = Ink::Uplink(track.slot);
    let mark = text(theme::uplink_shape(track.slot)).style(theme::ink(ink));
    let name = strip.model.name(track, words);
    let leads = track
        .info
        .leader
        .then(|| text("▲").style(theme::ink(Ink::Good)));
    let name = row![mark, text(name).wrapping(text::Wrapping::None)]
        .push(leads)
        .spacing(6);
    row![ping, column![name, below]]
        .spacing(14)
        .align_y(Alignment::Center)
        .into()
}

/// The line below the name: what is wrong, else the jitter.
fn below(strip: Strip<'_>, track: &Track, jitter_ns: Option<u64>) -> String {
    let words = strip.words;
    let jitter = |value| format!("{} {value}", words.say(Key::CardJitter));
    match (jitter_ns, speech::state_key(track.state())) {
        (Some(ns), None) => jitter(words.milliseconds(ns)),
        (None, _) if strip.model.link != Link::Present => words.say(Key::StripNoHelper),
        (_, Some(key)) => words.say(key),
        (None, None) => jitter("–".to_owned()),
    }
}

fn switch(strip: Strip<'_>) -> Element<'_, Message> {
    let on = strip.model.game_mode();
    let key = if on { Key::StripOn } else { Key::StripOff };
    let mark = if on { "●" } else { "○" };
    let inside = column![
        text(strip.words.say(Key::GameMode)).size(theme::SMALL),
        text(format!("{mark} {}", strip.words.say(key))).font(theme::BOLD),
    ]
    .align_x(Alignment::Center);
    let message = strip.enabled.then_some(Message::ToggleGameMode);
    let button = button(container(inside).center_y(Fill))
        .height(56)
        .padding([0, 12])
        .style(theme::game_mode(on))
        .on_press_maybe(message);
    focus("game-mode", button).on_press(message).into()
}

fn grow<'a>() -> Element<'a, Message> {
    let button = button(container(icon(Icon::Grow, Ink::Quiet)).center(Fill))
        .width(theme::TARGET)
        .height(56)
        .padding(0)
        .style(theme::plain_button(false))
        .on_press(Message::Grow);
    focus("strip-grow", button)
        .on_press(Some(Message::Grow))
        .into()
}

/// The last minute of one connection, without axes.
struct Graph<'a> {
    strip: Strip<'a>,
    track: Option<&'a Track>,
}

impl Sketch for Graph<'_> {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        let bounds = frame.size();
        let Some(track) = self.track.filter(|_| bounds.width > 1.0) else {
            return;
        };
        let end_ns = self.strip.model.now_ns;
        let start_ns = end_ns.saturating_sub(SPAN_NS);
        let samples = || track.history.between(start_ns, end_ns);
        let top_us = samples().filter_map(|sample| sample.rtt_us).max();
        let top_us = top_us.unwrap_or(0).max(1) as f32;
        let x = |at_ns: u64| {
            let ago_ns = end_ns.saturating_sub(at_ns) as f32;
            (bounds.width - 1.0) * (1.0 - ago_ns / SPAN_NS as f32)
        };
        let lost = samples().filter(|sample| sample.rtt_us.is_none());
        for sample in lost {
            let corner = Point::new(x(sample.at_ns).floor(), 0.0);
            let size = Size::new(2.0, bounds.height);
            frame.fill_rectangle(corner, size, palette.bad);
        }
        let line = Path::new(|path| {
            let mut joined = false;
            for sample in samples() {
                let Some(rtt_us) = sample.rtt_us else {
                    joined = false;
                    continue;
                };
                let y = (bounds.height - 4.0) * (1.0 - rtt_us as f32 / top_us) + 2.0;
                let point = Point::new(x(sample.at_ns), y);
                if joined {
                    path.line_to(point);
                } else {
                    path.move_to(point);
                }
                joined = true;
            }
        });
        let stroke = Stroke::default().with_width(1.0);
        let color = palette.ink(Ink::Uplink(track.slot));
        frame.stroke(&line, stroke.with_color(color));
    }
}
