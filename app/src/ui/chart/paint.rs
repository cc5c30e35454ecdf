//! The painting of the graph: axes, bands, losses, leaders, lines, spikes.

use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Color, Pixels, Point, Size, alignment};

use super::Chart;
use super::plot::Plot;
use crate::ui::history::Outage;
use crate::ui::model::{Mark, Track};
use crate::ui::theme::{self, Ink, Palette};
use crate::words::Key;

/// Below this height there is room for the lines and little else.
const LOW: f32 = 130.0;
/// A run of this many lost probes is an outage with an extent, not a mark.
const LONG_OUTAGE: usize = 10;
/// With more losses than this in view they are ticks instead of bars.
const MANY_OUTAGES: usize = 8;
/// The height of such a tick.
const TICK: f32 = 10.0;
/// Between the numbers on two spikes that reach beyond the graph.
const PEAK_GAP: f32 = 36.0;

/// A text of the graph.
pub fn label(content: String, position: Point, color: Color) -> Text {
    Text {
        content,
        position,
        color,
        size: Pixels(theme::SMALL),
        font: theme::FONT,
        align_y: alignment::Vertical::Center,
        ..Text::default()
    }
}

/// Lines and numbers of the axes.
pub fn paint_axes(chart: &Chart<'_>, plot: Plot, palette: &Palette, frame: &mut Frame) {
    let lines = if plot.area.height < LOW { 2 } else { 4 };
    for part in 0..=lines {
        let value_us = plot.top_us / lines * part;
        let y = plot.y(value_us).round() - 0.5;
        let line = Path::line(Point::new(plot.area.x, y), Point::new(plot.right(), y));
        frame.stroke(&line, hairline(palette.grid));
        let text = label(
            (value_us / 1000).to_string(),
            Point::new(plot.area.x - 8.0, y),
            palette.quiet,
        );
        frame.fill_text(Text {
            align_x: iced::advanced::text::Alignment::Right,
            ..text
        });
    }
    let (parts, each_s) = match chart.span_ns / 1_000_000_000 {
        0..=60 => (4, 15),
        61..=300 => (5, 60),
        _ => (6, 300),
    };
    let y = plot.bottom() + 15.0;
    for part in 0..=parts {
        let ago_s = each_s * (parts - part);
        let share = part as f32 / parts as f32;
        let text = match ago_s {
            0 if chart.paused => chart.words.say(Key::AxisPaused),
            0 => chart.words.say(Key::AxisNow),
            1..60 => {
                let seconds = [("seconds", ago_s.into())];
                format!("−{}", chart.words.tell(Key::Seconds, seconds))
            }
            _ => {
                let minutes = [("minutes", (ago_s / 60).into())];
                format!("−{}", chart.words.tell(Key::Minutes, minutes))
            }
        };
        let x = plot.area.x + plot.area.width * share;
        let align_x = match part {
            0 => iced::advanced::text::Alignment::Left,
            part if part == parts => iced::advanced::text::Alignment::Right,
            _ => iced::advanced::text::Alignment::Center,
        };
        frame.fill_text(Text {
            align_x,
            ..label(text, Point::new(x, y), palette.quiet)
        });
    }
}

/// Everything that moves, from the back to the front.
pub fn paint_data(chart: &Chart<'_>, plot: Plot, palette: &Palette, frame: &mut Frame) {
    let marks: Vec<Mark> = chart.model.marks.iter().copied().collect();
    paint_game_mode(chart, plot, palette, &marks, frame);
    let outages: Vec<Outage> = chart
        .model
        .tracks
        .iter()
        .flat_map(|track| track.history.outages(plot.start_ns(), plot.end_ns))
        .collect();
    paint_outages(plot, palette, &outages, frame);
    let leader = marks.last().and_then(|mark| mark.leader);
    let leads = |track: &&Track| Some(track.info.ifindex) == leader;
    let tracks = &chart.model.tracks;
    for track in tracks.iter().filter(|track| !leads(track)) {
        paint_line(track, plot, palette, frame);
    }
    for track in tracks.iter().filter(leads) {
        paint_line(track, plot, palette, frame);
    }
    if plot.area.height >= LOW {
        paint_leaders(chart, plot, palette, &marks, frame);
        paint_peaks(chart, plot, palette, frame);
    }
}

fn paint_game_mode(
    chart: &Chart<'_>,
    plot: Plot,
    palette: &Palette,
    marks: &[Mark],
    frame: &mut Frame,
) {
    let mut since: Option<u64> = None;
    let ends = marks.iter().map(|mark| (mark.at_ns, mark.game_mode));
    for (at_ns, on) in ends.chain([(u64::MAX, false)]) {
        match (since, on) {
            (None, true) => since = Some(at_ns),
            (Some(from_ns), false) => {
                paint_band(
                    chart,
                    plot,
                    palette,
                    (from_ns, at_ns.min(plot.end_ns)),
                    frame,
                );
                since = None;
            }
            _ => {}
        }
    }
}

fn paint_band(
    chart: &Chart<'_>,
    plot: Plot,
    palette: &Palette,
    (from_ns, to_ns): (u64, u64),
    frame: &mut Frame,
) {
    if to_ns <= plot.start_ns() || from_ns >= plot.end_ns {
        return;
    }
    let (from, to) = (plot.x(from_ns), plot.x(to_ns));
    frame.fill_rectangle(
        Point::new(from, plot.area.y),
        Size::new(to - from, plot.area.height),
        palette.good.scale_alpha(0.07),
    );
    if from_ns > plot.start_ns() {
        dashes(from, plot, palette.good, frame);
    }
    if to - from > 110.0 {
        let position = Point::new(from + 8.0, plot.area.y + 22.0);
        let text = chart.words.say(Key::MarkGameMode);
        frame.fill_text(label(text, position, palette.good));
    }
}

fn dashes(x: f32, plot: Plot, color: Color, frame: &mut Frame) {
    let mut y = plot.area.y;
    while y < plot.bottom() {
        let height = 3.0_f32.min(plot.bottom() - y);
        frame.fill_rectangle(Point::new(x.round(), y), Size::new(1.0, height), color);
        y += 7.0;
    }
}

fn paint_outages(plot: Plot, palette: &Palette, outages: &[Outage], frame: &mut Frame) {
    let many = outages.len() > MANY_OUTAGES;
    let mut marked: Vec<f32> = Vec::new();
    for outage in outages {
        let (from, to) = (plot.x(outage.from_ns), plot.x(outage.to_ns));
        let width = (to - from).max(2.0);
        if outage.lost >= LONG_OUTAGE {
            let top = Point::new(from, plot.area.y);
            frame.fill_rectangle(top, Size::new(width, 5.0), palette.bad);
            let whole = Size::new(width, plot.area.height);
            frame.fill_rectangle(top, whole, palette.bad.scale_alpha(0.08));
        } else {
            let height = if many { TICK } else { plot.area.height };
            frame.fill_rectangle(
                Point::new(from, plot.area.y),
                Size::new(width, height),
                palette.bad.scale_alpha(if many { 1.0 } else { 0.5 }),
            );
        }
        let apart = if many { 24.0 } else { 9.0 };
        if marked.iter().all(|x| (x - from).abs() > apart) {
            marked.push(from);
            triangle(from + 1.0, plot.area.y - 2.0, palette.bad, frame);
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

fn paint_line(track: &Track, plot: Plot, palette: &Palette, frame: &mut Frame) {
    let newest = plot.end_ns / plot.column_ns;
    let columns = track
        .history
        .columns(plot.start_ns(), plot.end_ns, plot.column_ns);
    let path = Path::new(|path| {
        for column in columns.iter().filter(|column| column.index < newest) {
            let x = plot.right() - (newest - column.index) as f32 + 0.5;
            let (low, high) = (plot.y(column.min_us), plot.y(column.max_us));
            if column.after_gap {
                path.move_to(Point::new(x, low));
                path.line_to(Point::new(x + 0.5, low));
            } else {
                path.line_to(Point::new(x, low));
            }
            if high < low {
                path.line_to(Point::new(x, high));
            }
        }
    });
    frame.stroke(&path, hairline(palette.ink(Ink::Uplink(track.slot))));
}

fn paint_leaders(
    chart: &Chart<'_>,
    plot: Plot,
    palette: &Palette,
    marks: &[Mark],
    frame: &mut Frame,
) {
    let mut free_from = plot.area.x;
    let mut before: Option<u32> = None;
    for mark in marks {
        let changed = mark.leader != before;
        before = mark.leader;
        let seen = (plot.start_ns()..plot.end_ns).contains(&mark.at_ns);
        let track = mark.leader.and_then(|ifindex| chart.model.track(ifindex));
        let (true, true, Some(track)) = (changed, seen, track) else {
            continue;
        };
        let x = plot.x(mark.at_ns);
        let color = palette.ink(Ink::Uplink(track.slot));
        dashes(x, plot, color, frame);
        let name = chart.model.name(track, chart.words);
        let text = chart.words.tell(Key::MarkLeader, [("uplink", name.into())]);
        let width = super::text_width(&text);
        let left = if x + width + 12.0 > plot.right() {
            x - width - 6.0
        } else {
            x + 6.0
        };
        if left >= free_from {
            let y = plot.area.y + 40.0;
            // A line may run there, too.
            let behind = Size::new(width + 6.0, 20.0);
            let corner = Point::new(left - 3.0, y - 10.0);
            frame.fill_rectangle(corner, behind, palette.card.scale_alpha(0.85));
            frame.fill_text(label(text, Point::new(left, y), color));
            free_from = left + width + 16.0;
        }
    }
}

/// The height of spikes that reach beyond the graph, where there is room for the number.
fn paint_peaks(chart: &Chart<'_>, plot: Plot, palette: &Palette, frame: &mut Frame) {
    let mut taken: Vec<f32> = Vec::new();
    for track in &chart.model.tracks {
        let columns = track
            .history
            .columns(plot.start_ns(), plot.end_ns, plot.column_ns);
        for column in columns.iter().filter(|c| c.max_us > plot.top_us) {
            let x = plot.x(column.index * plot.column_ns);
            if taken.iter().any(|other| (other - x).abs() < PEAK_GAP) {
                continue;
            }
            taken.push(x);
            let value = (column.max_us / 1000).to_string();
            let beside = if x + PEAK_GAP > plot.right() {
                x - PEAK_GAP
            } else {
                x + 4.0
            };
            let position = Point::new(beside, plot.area.y + 58.0);
            frame.fill_text(label(value, position, palette.ink(Ink::Uplink(track.slot))));
        }
    }
}

fn hairline(color: Color) -> Stroke<'static> {
    Stroke::default().with_width(1.0).with_color(color)
}
