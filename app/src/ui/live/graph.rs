//! The card with the graph: what it shows, how, and how much of it.

use iced::widget::{button, column, container, row, space, text, tooltip};
use iced::{Alignment, Element, Fill};

use super::marks::{Mark, mark};
use super::window::Span;
use super::{Live, Message, game, legend};
use crate::ui::chart::{self, Chart, Hands, Shape};
use crate::ui::focus::{Focus, focus};
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold};
use crate::ui::scale::Scale;
use crate::ui::theme;
use crate::words::{Key, Words};

/// Below this width of the page the buttons for the shape of the graph have no words.
const WORDY: f32 = 1100.0;

/// The whole card.
pub fn view<'a>(
    live: &'a Live,
    model: &'a Model,
    words: &'a Words,
    room: Room,
) -> Element<'a, Message> {
    let measured = model.drawn().any(|track| !track.history.is_empty());
    let graph: Element<'a, Message> = if !measured {
        empty(words.say(Key::GraphEmpty))
    } else if live.shape != Shape::Line && spread_top(model).is_none() {
        empty(words.say(Key::SpreadEmpty))
    } else {
        drawing(live, model, words)
    };
    let inside = column![
        top(live, model, words, room),
        graph,
        legend::view(model, words, room, live.shape)
    ]
    .push(game::below(model, words, room))
    .spacing(6);
    parts::card(inside, room).width(Fill).height(Fill).into()
}

/// The round trip at the right edge of a graph of how answers are spread, in microseconds.
pub fn spread_top_us(model: &Model) -> u32 {
    Scale::fitted(spread_top(model).unwrap_or(0)).top_us()
}

/// Nearly all answers: the tail has the last band, and its percentile is told in words.
fn spread_top(model: &Model) -> Option<u32> {
    let p95 = model.drawn().filter_map(|track| track.figures.p95_us).max();
    p95.map(|us| us.saturating_add(us / 5))
}

fn empty<'a>(said: String) -> Element<'a, Message> {
    container(text(said).style(theme::quiet).center())
        .center(Fill)
        .into()
}

/// The graph alone, as it is with samples.
pub fn drawing<'a>(live: &'a Live, model: &'a Model, words: &'a Words) -> Element<'a, Message> {
    let line = live.shape == Shape::Line;
    let chart = Chart {
        model,
        words,
        shape: live.shape,
        span_ns: live.window.span.ns(),
        end_ns: live.window.end_ns(model.now_ns),
        held: live.window.is_held(),
        top_us: if line {
            live.scale.top_us()
        } else {
            spread_top_us(model)
        },
        picked: live.picked,
        ghost: live.ghost,
        undrawn: &live.undrawn,
        said: &live.said,
    };
    let hands = Hands {
        drawn: live.unseen.then_some(Message::Drawn),
        scroll: Message::Scroll,
        pick: Message::PickAt,
    };
    focus("graph", chart::view(chart, hands))
        .on_adjust(Message::Pick)
        .into()
}

fn top<'a>(live: &Live, model: &Model, words: &Words, room: Room) -> Element<'a, Message> {
    let size = if room.is_compact() {
        theme::BODY
    } else {
        theme::HEADING
    };
    let wordy = room.page_width() >= WORDY;
    let shapes = [
        (Shape::Line, "shape-line", Mark::Line, Key::ShapeLine),
        (Shape::Histogram, "shape-bars", Mark::Bars, Key::ShapeBars),
        (Shape::Cdf, "shape-curve", Mark::Curve, Key::ShapeCurve),
    ]
    .map(|(shape, id, mark, key)| {
        let chosen = shape == live.shape;
        let message = Message::Draw(shape);
        if wordy {
            parts::press(id, words.say(key), chosen, Some(message)).into()
        } else {
            brief(id, mark, words.say(key), chosen, message)
        }
    });
    let spans = Span::ALL.map(|span| {
        let label = words.tell(Key::WindowMinutes, [("minutes", span.minutes().into())]);
        let chosen = span == live.window.span;
        let message = Message::Show(span);
        if wordy {
            parts::press(span.id(), label, chosen, Some(message)).into()
        } else {
            tight(span.id(), label, chosen, message).into()
        }
    });
    let held = live.window.is_held();
    let (key, sign) = if held {
        (Key::Now, Mark::Go)
    } else {
        (Key::Pause, Mark::Pause)
    };
    let pause = if wordy {
        parts::press("pause", words.say(key), held, Some(Message::TogglePause)).into()
    } else {
        brief("pause", sign, words.say(key), held, Message::TogglePause)
    };
    let group = |buttons: [Element<'a, Message>; 3]| row(buttons).spacing(4);
    let title = bold(title(live, model, words, room), size);
    row![
        container(title).width(Fill),
        group(shapes),
        space().width(4)
    ]
    .push(group(spans))
    .push(pause)
    .spacing(8)
    .align_y(Alignment::Center)
    .into()
}

/// What the graph shows: of which time, and in which shape.
fn title(live: &Live, model: &Model, words: &Words, room: Room) -> String {
    let end_ns = live.window.end_ns(model.now_ns);
    let start_ns = live.window.start_ns(model.now_ns);
    let of_day = |at_ns| model.clock.near(at_ns).map(chart::clock);
    let time = match (of_day(start_ns), of_day(end_ns)) {
        (Some(from), Some(to)) if live.window.is_held() => {
            words.tell(Key::TitleFromTo, [("from", from.into()), ("to", to.into())])
        }
        _ if live.window.is_held() => words.say(Key::TitleHeld),
        _ => {
            let minutes = live.window.span.minutes();
            words.tell(Key::TitleLast, [("minutes", minutes.into())])
        }
    };
    if live.window.is_held() && room.page_width() < WORDY {
        // The buttons leave room for the time alone.
        return time;
    }
    let key = match live.shape {
        Shape::Line => Key::GraphTitle,
        Shape::Histogram => Key::GraphTitleBars,
        Shape::Cdf => Key::GraphTitleCurve,
    };
    words.tell(key, [("time", time.into())])
}

/// A button with a mark, and its word beside the pointer.
fn brief<'a>(
    id: &'static str,
    sign: Mark,
    word: String,
    chosen: bool,
    message: Message,
) -> Element<'a, Message> {
    let button = button(container(mark(sign)).center(Fill))
        .width(theme::TARGET)
        .height(theme::TARGET)
        .padding(0)
        .style(theme::plain_button(chosen))
        .on_press(message);
    let tip = container(text(word).size(theme::SMALL))
        .padding([4, 8])
        .style(theme::card);
    let button = focus(id, button).on_press(Some(message));
    tooltip(button, tip, tooltip::Position::Bottom).into()
}

/// A button with little around its word.
fn tight<'a>(id: &'static str, word: String, chosen: bool, message: Message) -> Focus<'a, Message> {
    let word = text(word)
        .size(theme::BODY)
        .wrapping(text::Wrapping::None)
        .center();
    let button = button(word.width(Fill).height(Fill))
        .width(62)
        .height(theme::TARGET)
        .padding(0)
        .style(theme::plain_button(chosen))
        .on_press(message);
    focus(id, button).on_press(Some(message))
}
