//! The axes of the graph over time: round values at the left, times below. And what every painter
//! of the graph draws with: a hairline, a small text.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Color, Pixels, Point, alignment};

use super::Paper;
use crate::ui::theme;
use crate::words::Key;

/// Below this height there is room for the lines and little else.
pub const LOW: f32 = 130.0;

/// A line of one pixel: the renderer draws no cheaper one, and wider ones cost twice as much.
pub fn hairline(color: Color) -> Stroke<'static> {
    Stroke::default().with_width(1.0).with_color(color)
}

/// A text of the graph, beside and above its position's centre line.
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

/// One line across the graph with its value at the left.
pub fn level(y: f32, value: String, on: Paper<'_>, frame: &mut Frame) {
    let y = y.round() - 0.5;
    let line = Path::line(
        Point::new(on.plot.area.x, y),
        Point::new(on.plot.right(), y),
    );
    frame.stroke(&line, hairline(on.palette.grid));
    frame.fill_text(Text {
        align_x: Alignment::Right,
        ..label(value, Point::new(on.plot.area.x - 8.0, y), on.palette.quiet)
    });
}

/// A text below the graph, kept inside its edges.
pub fn below(x: f32, content: String, on: Paper<'_>, frame: &mut Frame) {
    let align_x = if x <= on.plot.area.x + 1.0 {
        Alignment::Left
    } else if x >= on.plot.right() - 1.0 {
        Alignment::Right
    } else {
        Alignment::Center
    };
    let position = Point::new(x, on.plot.bottom() + 15.0);
    frame.fill_text(Text {
        align_x,
        ..label(content, position, on.palette.quiet)
    });
}

/// Lines and numbers.
pub fn paint(on: Paper<'_>, frame: &mut Frame) {
    let lines = if on.plot.area.height < LOW { 2 } else { 4 };
    for part in 0..=lines {
        let value_us = on.plot.top_us / lines * part;
        let value = on.chart.words.number(f64::from(value_us / 1000), 0);
        level(on.plot.y(value_us), value, on, frame);
    }
    let (parts, each_s) = match on.chart.span_ns / 1_000_000_000 {
        0..=60 => (4, 15),
        61..=300 => (5, 60),
        _ => (6, 300),
    };
    for part in 0..=parts {
        let ago_s = each_s * (parts - part);
        let share = part as f32 / parts as f32;
        let x = on.plot.area.x + on.plot.area.width * share;
        below(x, time(on, ago_s), on, frame);
    }
}

/// What stands below a moment: the time of day while the graph stands still and it is known, else
/// how long ago.
fn time(on: Paper<'_>, ago_s: u32) -> String {
    let at_ns = on
        .plot
        .end_ns
        .saturating_sub(u64::from(ago_s) * 1_000_000_000);
    if on.chart.held
        && let Some(of_day) = on.chart.model.clock.near(at_ns)
    {
        return clock(of_day);
    }
    match ago_s {
        0 if on.chart.held => on.chart.words.say(Key::AxisPaused),
        0 => on.chart.words.say(Key::AxisNow),
        1..60 => {
            let seconds = [("seconds", ago_s.into())];
            format!("−{}", on.chart.words.tell(Key::Seconds, seconds))
        }
        _ => {
            let minutes = [("minutes", (ago_s / 60).into())];
            format!("−{}", on.chart.words.tell(Key::Minutes, minutes))
        }
    }
}

/// A time of day, the same in every language.
pub fn clock((hour, minute, second): (u8, u8, u8)) -> String {
    format!("{hour:02}:{minute:02}:{second:02}")
}
