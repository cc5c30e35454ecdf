//! How answers are spread, drawn: bars of the share in each band of round trip, or the share that
//! was answered within it, with the percentiles of every uplink, and the read-out of both.

use iced::widget::canvas::{Frame, Path};
use iced::{Color, Point, Rectangle, Size};

use super::axes::{LOW, below, hairline, label, level};
use super::hands::upright;
use super::readout::{Row, paint_box};
use super::{Chart, Paper, Shape};
use crate::ui::model::Track;
use crate::ui::spread::{Share, WHOLE};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// Bands from left to right; a narrow graph has half of them.
const BANDS: u32 = 40;
const NARROW: f32 = 800.0;
/// The shares that the upper edge of the bars may stand for.
const TOPS: [Share; 8] = [400, 800, 1_200, 2_000, 4_000, 6_000, 8_000, WHOLE];
/// The height of an uplink's line of percentiles.
const LANE: f32 = 20.0;
/// A curve is described in pieces of this width.
const PIECE: usize = 12;

/// How the room is used.
#[derive(Clone, Copy)]
struct Bands {
    count: u32,
    width_us: u32,
    /// The share at the upper edge.
    top: Share,
}

/// Paints all of it, axes too, as they change with the data.
pub fn paint(on: Paper<'_>, frame: &mut Frame) {
    let tracks: Vec<&Track> = answered(on.chart).collect();
    let bands = bands(on, &tracks);
    let lines = if on.plot.area.height < LOW { 2 } else { 4 };
    for part in 0..=lines {
        let share = bands.top / lines * part;
        let text = percent(share, on.chart.words);
        level(height(share, bands, on), text, on, frame);
    }
    for part in 0..=4 {
        let us = on.plot.top_us / 4 * part;
        let value = on.chart.words.number(f64::from(us / 1000), 0);
        let value = [("value", value.into())];
        let mut text = on.chart.words.tell(Key::UnitMilliseconds, value);
        if part == 4 && on.chart.shape == Shape::Histogram {
            text = on
                .chart
                .words
                .tell(Key::AxisBeyond, [("value", text.into())]);
        }
        below(on.plot.across(us), text, on, frame);
    }
    let mut said = Vec::new();
    for (number, track) in tracks.iter().enumerate() {
        match on.chart.shape {
            Shape::Cdf => said.extend(paint_curve(track, bands, on, frame)),
            _ => paint_bars(track, (number, tracks.len()), bands, on, frame),
        }
    }
    let room = LOW + LANE * tracks.len() as f32;
    if on.chart.shape == Shape::Cdf {
        for track in &tracks {
            paint_points(track, bands, on, frame);
        }
    } else if on.plot.area.height >= room {
        for (number, track) in tracks.iter().enumerate() {
            paint_marks(track, number, on, on.chart.words, frame);
        }
        let height = LANE * tracks.len() as f32;
        let lanes = Rectangle {
            height,
            ..on.plot.area
        };
        said.push(lanes);
    }
    on.chart.said.replace(said);
}

/// Paints line and box for the round trip under `x`.
pub fn paint_readout(on: Paper<'_>, x: f32, frame: &mut Frame) {
    let tracks: Vec<&Track> = answered(on.chart).collect();
    let bands = bands(on, &tracks);
    let at_us = on.plot.across_us(x);
    let band = (at_us / bands.width_us).min(bands.count - 1);
    let (from_us, to_us) = (band * bands.width_us, (band + 1) * bands.width_us);
    let words = on.chart.words;
    let time = |us: u32| words.bare_milliseconds(u64::from(us) * 1000).into();
    let (top, bottom) = upright(x, on.plot);
    frame.stroke(&Path::line(top, bottom), hairline(on.palette.quiet));
    let title = match on.chart.shape {
        Shape::Cdf => on
            .chart
            .words
            .tell(Key::ReadoutWithin, [("value", time(at_us))]),
        _ if band + 1 == bands.count => {
            let values = [("from", time(from_us))];
            on.chart.words.tell(Key::ReadoutBandAbove, values)
        }
        _ => {
            let values = [("from", time(from_us)), ("to", time(to_us))];
            on.chart.words.tell(Key::ReadoutBand, values)
        }
    };
    let mut rows = vec![Row {
        text: title,
        color: on.palette.text,
    }];
    for track in tracks {
        let share = match on.chart.shape {
            Shape::Cdf => track.spread.within(at_us),
            _ => track.spread.bands(bands.width_us, bands.count as usize)[band as usize],
        };
        let name = on.chart.model.name(track, on.chart.words);
        let shape = theme::uplink_shape(track.slot);
        let color = on.palette.ink(Ink::Uplink(track.slot));
        if on.chart.shape == Shape::Cdf {
            let dot = Point::new(x + 0.5, height(share, bands, on));
            frame.fill(&Path::circle(dot, 4.0), color);
        }
        let mut said = format!("{shape} {name}  {}", percent(share, words));
        let lost = track.spread.lost_share();
        if lost > 0 {
            let lost = [("percent", percent(lost, words).into())];
            said = format!(
                "{said} · {}",
                on.chart.words.tell(Key::ReadoutLostShare, lost)
            );
        }
        rows.push(Row { text: said, color });
    }
    paint_box(on, x, &rows, frame);
}

fn answered<'a>(chart: &Chart<'a>) -> impl Iterator<Item = &'a Track> {
    let tracks = chart.model.drawn();
    tracks.filter(|track| track.spread.marks_us.is_some())
}

fn bands(on: Paper<'_>, tracks: &[&Track]) -> Bands {
    let count = if on.plot.area.width < NARROW {
        BANDS / 2
    } else {
        BANDS
    };
    let width_us = (on.plot.top_us / count).max(1);
    let mut top = WHOLE;
    if on.chart.shape == Shape::Histogram {
        let all = tracks
            .iter()
            .flat_map(|track| track.spread.bands(width_us, count as usize));
        let highest = all.max().unwrap_or(0);
        let fitting = TOPS.into_iter().find(|top| *top >= highest);
        top = fitting.unwrap_or(WHOLE);
    }
    Bands {
        count,
        width_us,
        top,
    }
}

fn height(share: Share, bands: Bands, on: Paper<'_>) -> f32 {
    let part = share as f32 / bands.top as f32;
    on.plot.area.y + on.plot.area.height * (1.0 - part.min(1.0))
}

/// Bars of one uplink, beside those of the others in each band.
fn paint_bars(
    track: &Track,
    (number, of): (usize, usize),
    bands: Bands,
    on: Paper<'_>,
    frame: &mut Frame,
) {
    let color = on.palette.ink(Ink::Uplink(track.slot));
    let whole = on.plot.area.width / bands.count as f32;
    let width = ((whole - 3.0) / of as f32).max(1.0);
    let shares = track.spread.bands(bands.width_us, bands.count as usize);
    for (band, share) in shares
        .into_iter()
        .enumerate()
        .filter(|(_, share)| *share > 0)
    {
        let x = on.plot.area.x + whole * band as f32 + 1.5 + width * number as f32;
        // What is there is seen, however little it is.
        let y = height(share, bands, on).min(on.plot.bottom() - 1.0);
        let size = Size::new((width - 1.0).max(1.0), on.plot.bottom() - y);
        frame.fill_rectangle(Point::new(x, y), size, color.scale_alpha(0.85));
    }
}

/// One uplink's curve; and where it lies, for the read-out to leave it in view.
fn paint_curve(
    track: &Track,
    bands: Bands,
    on: Paper<'_>,
    frame: &mut Frame,
) -> impl Iterator<Item = Rectangle> {
    let color = on.palette.ink(Ink::Uplink(track.slot));
    let path = Path::new(|path| {
        path.move_to(Point::new(on.plot.area.x, on.plot.bottom()));
        let mut before = 0;
        for column in 0..=on.plot.area.width as u32 {
            let x = on.plot.area.x + column as f32;
            let share = track.spread.within(on.plot.across_us(x));
            if share != before {
                path.line_to(Point::new(x, height(before, bands, on)));
                path.line_to(Point::new(x, height(share, bands, on)));
                before = share;
            }
        }
        path.line_to(Point::new(on.plot.right(), height(before, bands, on)));
    });
    frame.stroke(&path, hairline(color));
    (0..on.plot.area.width as u32)
        .step_by(PIECE)
        .map(move |column| {
            let x = on.plot.area.x + column as f32;
            let y = height(track.spread.within(on.plot.across_us(x)), bands, on);
            Rectangle::new(Point::new(x, y - 2.0), Size::new(PIECE as f32, 4.0))
        })
}

/// A dot on the curve at the median and strokes through it at the other percentiles: those of the
/// answers, which with losses lie below the shares they are called after.
fn paint_points(track: &Track, bands: Bands, on: Paper<'_>, frame: &mut Frame) {
    let color = on.palette.ink(Ink::Uplink(track.slot));
    let marks_us = track.spread.marks_us.into_iter().flatten();
    let inside = marks_us.filter(|us| *us <= on.plot.top_us);
    for (number, us) in inside.enumerate() {
        let x = on.plot.across(us);
        let y = height(track.spread.within(us), bands, on);
        if number == 0 {
            frame.fill(&Path::circle(Point::new(x, y), 4.0), color);
        } else {
            let stroke = Path::line(Point::new(x, y - 7.0), Point::new(x, y + 7.0));
            frame.stroke(&stroke, hairline(color).with_width(1.5));
        }
    }
}

/// A line from the median to the 99th percentile, a mark at each of the three, and their values.
fn paint_marks(track: &Track, number: usize, on: Paper<'_>, words: &Words, frame: &mut Frame) {
    let Some(marks_us) = track.spread.marks_us else {
        return;
    };
    let color = on.palette.ink(Ink::Uplink(track.slot));
    let y = (on.plot.area.y + LANE * (number as f32 + 0.5)).round() + 0.5;
    let [p50, p95, p99] = marks_us.map(|us| on.plot.across(us).round() + 0.5);
    let line = Path::line(Point::new(p50, y), Point::new(p99, y));
    frame.stroke(&line, hairline(color));
    let ticks = [(marks_us[1], p95, 4.0), (marks_us[2], p99, 6.0)];
    // What lies beyond the edge has no tick there; its value says where it is.
    for (_, x, half) in ticks.into_iter().filter(|(us, ..)| *us <= on.plot.top_us) {
        let tick = Path::line(Point::new(x, y - half), Point::new(x, y + half));
        frame.stroke(&tick, hairline(color));
    }
    frame.fill(&Path::circle(Point::new(p50, y), 3.5), color);
    let value = |us: u32| words.bare_milliseconds(u64::from(us) * 1000);
    let text = words.tell(
        Key::MarkPercentiles,
        [
            ("p50", value(marks_us[0]).into()),
            ("p95", value(marks_us[1]).into()),
            ("p99", value(marks_us[2]).into()),
        ],
    );
    beside(p50, p99, y, text, color, on, frame);
}

/// A text right of `to`, else left of `from`, else on the line between them, where there is room.
fn beside(
    from: f32,
    to: f32,
    y: f32,
    text: String,
    color: Color,
    on: Paper<'_>,
    frame: &mut Frame,
) {
    let width = super::text_width(&text);
    let left = if to + 10.0 + width <= on.plot.right() {
        to + 10.0
    } else if from - 10.0 - width >= on.plot.area.x {
        from - 10.0 - width
    } else {
        from + 10.0
    };
    let ground = Size::new(width + 6.0, LANE - 2.0);
    let corner = Point::new(left - 3.0, y - ground.height / 2.0);
    frame.fill_rectangle(corner, ground, on.palette.card.scale_alpha(0.85));
    frame.fill_text(label(text, Point::new(left, y), color));
}

/// A share in percent, with a decimal where it says something.
fn percent(share: Share, words: &Words) -> String {
    if share.is_multiple_of(100) {
        return words.percent(share / 10);
    }
    // Neither "0.0" for what happened nor "100.0" for what did not always happen.
    let tenths = ((share + 5) / 10).clamp(1, 999);
    let value = words.number(f64::from(tenths) / 10.0, 1);
    words.tell(Key::UnitPercent, [("value", value.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn shares_are_rounded_but_never_to_nothing_or_everything() {
        let words = Words::new(Language::English);
        let said = [0, 1, 4, 50, 1_234, 9_999, WHOLE].map(|share| percent(share, &words));
        assert_eq!(
            said,
            ["0%", "0.1%", "0.1%", "0.5%", "12.3%", "99.9%", "100%"]
        );
    }
}
