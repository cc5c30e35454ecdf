//! Everything on the graph over time that moves, from the back to the front: the band of game mode
//! (under the axes), the ghost of before, losses, lines, leaders and events, spikes that are cut.

use iced::widget::canvas::{Frame, Path};
use iced::{Color, Point, Size, border};

use super::Paper;
use super::axes::{LOW, hairline, label};
use super::labels::{Label, Labels};
use super::lines::Line;
use super::{spiked, told};
use crate::ui::ghost::Ghost;
use crate::ui::history::Outage;
use crate::ui::model::{Mark, Track};
use crate::ui::theme::{self, Ink};
use crate::words::Key;

/// A run of this many lost probes is an outage with an extent, not a mark.
const LONG_OUTAGE: u32 = 10;
/// With more losses than this in view they are ticks instead of bars.
const MANY_OUTAGES: usize = 8;
/// The height of such a tick.
const TICK: f32 = 10.0;
/// The foot of a loss mark, which has the uplink's colour.
const FOOT: f32 = 8.0;

/// Paints all of it.
pub fn paint(on: Paper<'_>, frame: &mut Frame) {
    let mut labels = Labels::new(on.plot.area);
    let roomy = on.plot.area.height >= LOW;
    let marks = on.chart.model.all_marks();
    for band in game_mode(on, &marks) {
        paint_edge(on, band, &mut labels, frame);
    }
    if let Some(ghost) = on.chart.ghost {
        paint_ghost(on, ghost, &mut labels, frame);
    }
    let outages: Vec<(Outage, Color)> = on
        .chart
        .model
        .drawn()
        .flat_map(|track| {
            let color = on.palette.ink(Ink::Uplink(track.slot));
            let outages = track.history.outages(on.plot.start_ns(), on.plot.end_ns);
            outages.into_iter().map(move |outage| (outage, color))
        })
        .collect();
    paint_outages(on, &outages, frame);
    let leader = marks.last().and_then(|mark| mark.leader);
    let leads = |track: &Track| Some(track.info.ifindex) == leader;
    let (front, back): (Vec<_>, Vec<_>) = on.chart.model.drawn().partition(|track| leads(track));
    let game = on.chart.model.game.iter();
    let lines: Vec<Line> = game
        .map(|game| Line::of_game(game, on))
        .chain(
            back.into_iter()
                .chain(front)
                .map(|track| Line::of(track, on)),
        )
        .collect();
    for line in &lines {
        line.paint(on, frame);
    }
    if roomy {
        paint_leaders(on, &marks, &mut labels, frame);
    }
    paint_events(on, roomy.then_some(&mut labels), frame);
    if roomy {
        for line in lines.iter().rev() {
            line.paint_cut(on, &mut labels, frame);
        }
    }
    spiked::paint(on, roomy.then_some(&mut labels), frame);
    paint_said(on, labels, frame);
}

/// Paints what lies under the axes: the band of game mode. Its colour is mixed here, because many
/// opaque pixels cost far less than many translucent ones.
pub fn paint_ground(on: Paper<'_>, frame: &mut Frame) {
    let color = theme::wash(on.palette.good, 0.07, on.palette.card);
    for (from_ns, to_ns) in game_mode(on, &on.chart.model.all_marks()) {
        let (from, to) = (on.plot.x(from_ns), on.plot.x(to_ns));
        frame.fill_rectangle(
            Point::new(from, on.plot.area.y),
            Size::new(to - from, on.plot.area.height),
            color,
        );
    }
}

/// Where game mode shows, from when to when.
fn game_mode(on: Paper<'_>, marks: &[Mark]) -> Vec<(u64, u64)> {
    let mut bands = Vec::new();
    let mut since: Option<u64> = None;
    let ends = marks.iter().map(|mark| (mark.at_ns, mark.game_mode));
    for (at_ns, game_mode) in ends.chain([(u64::MAX, false)]) {
        match (since, game_mode) {
            (None, true) => since = Some(at_ns),
            (Some(from_ns), false) => {
                let to_ns = at_ns.min(on.plot.end_ns);
                if to_ns > on.plot.start_ns() && from_ns < on.plot.end_ns {
                    bands.push((from_ns, to_ns));
                }
                since = None;
            }
            _ => {}
        }
    }
    bands
}

/// The edge of a band of game mode, and its name where there is room.
fn paint_edge(on: Paper<'_>, (from_ns, to_ns): (u64, u64), labels: &mut Labels, frame: &mut Frame) {
    let (from, to) = (on.plot.x(from_ns), on.plot.x(to_ns));
    if from_ns > on.plot.start_ns() {
        dashes(from, on, on.palette.good, frame);
    }
    let text = on.chart.words.say(Key::MarkGameMode);
    let width = super::text_width(&text);
    if to - from > width + 24.0 {
        say_after(text, from, on.palette.good, labels);
    }
}

/// What was before game mode lies quietly under what came after: a band from the median to the
/// 99th percentile.
fn paint_ghost(on: Paper<'_>, ghost: Ghost, labels: &mut Labels, frame: &mut Frame) {
    let until_ns = ghost.until_ns.unwrap_or(on.plot.end_ns).min(on.plot.end_ns);
    if ghost.from_ns >= on.plot.end_ns || until_ns <= on.plot.start_ns() {
        return;
    }
    let (from, to) = (on.plot.x(ghost.from_ns), on.plot.x(until_ns));
    let (top, bottom) = (on.plot.y(ghost.p99_us), on.plot.y(ghost.p50_us));
    let height = (bottom - top).max(2.0);
    let size = Size::new(to - from, height);
    let color = on.palette.quiet;
    frame.fill_rectangle(Point::new(from, top), size, color.scale_alpha(0.10));
    for y in [top, top + height] {
        let mut x = from;
        while x < to {
            let width = 6.0_f32.min(to - x);
            let dash = Size::new(width, 1.0);
            frame.fill_rectangle(Point::new(x, y.round()), dash, color.scale_alpha(0.45));
            x += 14.0;
        }
    }
    let value = |us: u32| on.chart.words.bare_milliseconds(u64::from(us) * 1000);
    let values = [
        ("p50", value(ghost.p50_us).into()),
        ("p99", value(ghost.p99_us).into()),
    ];
    let text = on.chart.words.tell(Key::MarkBefore, values);
    say_after(text, from, color, labels);
}

fn dashes(x: f32, on: Paper<'_>, color: Color, frame: &mut Frame) {
    let mut y = on.plot.area.y;
    while y < on.plot.bottom() {
        let height = 3.0_f32.min(on.plot.bottom() - y);
        frame.fill_rectangle(Point::new(x.round(), y), Size::new(1.0, height), color);
        y += 7.0;
    }
}

fn paint_outages(on: Paper<'_>, outages: &[(Outage, Color)], frame: &mut Frame) {
    let many = outages.len() > MANY_OUTAGES;
    let mut marked: Vec<f32> = Vec::new();
    for (outage, color) in outages {
        let (from, to) = (on.plot.x(outage.from_ns), on.plot.x(outage.to_ns));
        let width = (to - from).max(2.0);
        let top = Point::new(from, on.plot.area.y);
        let long = outage.lost >= LONG_OUTAGE && outage.from_ns < outage.to_ns;
        if long {
            frame.fill_rectangle(top, Size::new(width, 5.0), on.palette.bad);
            let whole = Size::new(width, on.plot.area.height);
            frame.fill_rectangle(top, whole, on.palette.bad.scale_alpha(0.08));
        } else {
            let height = if many { TICK } else { on.plot.area.height };
            let alpha = if many { 1.0 } else { 0.45 };
            let bar = Size::new(width, height);
            frame.fill_rectangle(top, bar, on.palette.bad.scale_alpha(alpha));
        }
        // Whose it is.
        let foot = Size::new(width.max(3.0), FOOT);
        frame.fill_rectangle(Point::new(from, on.plot.bottom() - FOOT), foot, *color);
        let apart = if many { 24.0 } else { 9.0 };
        if marked.iter().all(|x| (x - from).abs() > apart) {
            marked.push(from);
            triangle(from + 1.0, on.plot.area.y - 2.0, on.palette.bad, frame);
        }
    }
}

fn triangle(x: f32, y: f32, color: Color, frame: &mut Frame) {
    let path = Path::new(|path| {
        path.move_to(Point::new(x - 5.0, y - 8.0));
        path.line_to(Point::new(x + 5.0, y - 8.0));
        path.line_to(Point::new(x, y));
        path.close();
    });
    frame.fill(&path, color);
}

fn paint_leaders(on: Paper<'_>, marks: &[Mark], labels: &mut Labels, frame: &mut Frame) {
    let mut before: Option<u32> = None;
    for mark in marks {
        let changed = mark.leader != before;
        before = mark.leader;
        let seen = (on.plot.start_ns()..on.plot.end_ns).contains(&mark.at_ns);
        let track = mark
            .leader
            .and_then(|ifindex| on.chart.model.track(ifindex));
        let (true, true, Some(track)) = (changed, seen, track) else {
            continue;
        };
        let x = on.plot.x(mark.at_ns);
        let color = on.palette.ink(Ink::Uplink(track.slot));
        dashes(x, on, color, frame);
        let name = on.chart.model.name(track, on.chart.words);
        let text = on
            .chart
            .words
            .tell(Key::MarkLeader, [("uplink", name.into())]);
        say(text, x, color, labels);
    }
}

/// Cross and ring on the lower edge stand for bad and good news; the label says which.
fn paint_events(on: Paper<'_>, mut labels: Option<&mut Labels>, frame: &mut Frame) {
    for event in on
        .chart
        .model
        .events
        .between(on.plot.start_ns(), on.plot.end_ns)
    {
        let x = on.plot.x(event.at_ns);
        let trouble = event.what.is_trouble();
        let color = if trouble {
            on.palette.bad
        } else {
            on.palette.quiet
        };
        dashes(x, on, color, frame);
        let center = Point::new(x + 0.5, on.plot.bottom());
        let ground = Path::circle(center, 6.0);
        frame.fill(&ground, on.palette.card);
        if trouble {
            for (from, to) in [(-4.0, 4.0), (4.0, -4.0)] {
                let line = Path::line(
                    Point::new(center.x - 4.0, center.y + from),
                    Point::new(center.x + 4.0, center.y + to),
                );
                frame.stroke(&line, hairline(color).with_width(2.0));
            }
        } else {
            frame.stroke(&Path::circle(center, 4.0), hairline(color).with_width(2.0));
        }
        if let Some(labels) = labels.as_deref_mut() {
            let text = told::event(on.chart.model, &event, on.chart.words);
            say(text, x, color, labels);
        }
    }
}

/// Says this beside the line at `x`.
fn say(text: String, x: f32, color: Color, labels: &mut Labels) {
    labels.say(x, super::text_width(&text), text, color);
}

/// Says this of what begins at `x`.
fn say_after(text: String, x: f32, color: Color, labels: &mut Labels) {
    labels.say_after(x, super::text_width(&text), text, color);
}

/// Each label has a ground of its own, over the lines; the read-out learns where they are.
fn paint_said(on: Paper<'_>, labels: Labels, frame: &mut Frame) {
    let labels = labels.placed();
    let places = labels.iter().map(|label| label.place);
    on.chart.said.replace(places.collect());
    for Label { place, text, color } in labels {
        let ground = place.expand([-1.0, 4.0]);
        let shape =
            Path::rounded_rectangle(ground.position(), ground.size(), border::Radius::from(4.0));
        frame.fill(&shape, on.palette.card.scale_alpha(0.88));
        let position = Point::new(place.x, place.center_y());
        frame.fill_text(label(text, position, color));
    }
}
