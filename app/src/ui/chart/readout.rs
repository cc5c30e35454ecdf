//! The read-out of the graph over time: what every uplink measured at one moment, which time of day
//! that was, and what is known of the cause.

use iced::widget::canvas::{Frame, Path, Text};
use iced::{Color, Point, Rectangle, Size, border};

use super::axes::{clock, hairline, label};
use super::hands::upright;
use super::{Paper, text_width, told};
use crate::ui::blame;
use crate::ui::cause::{self, Cause, Seen};
use crate::ui::history::Bucket;
use crate::ui::speech;
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// A measurement this far from the pointed-at moment still counts, in columns and in time.
const REACH_COLUMNS: u64 = 4;
const REACH_NS: u64 = 500_000_000;
const GAME_REACH_NS: u64 = 2_000_000_000;
/// Events this near to the moment are told, in columns; at the least [`REACH_NS`].
const NEAR_COLUMNS: u64 = 6;
const LINE_HEIGHT: f32 = 22.0;
/// Lines move together where the graph is too low for them, but not further than this.
const LOWEST_LINE: f32 = 16.0;
const PADDING: f32 = 12.0;
/// Between the line and the box.
const BESIDE: f32 = 12.0;

/// One line of the box.
pub struct Row {
    /// What it says.
    pub text: String,
    /// In which colour.
    pub color: Color,
}

/// Paints line, dots and box for the moment under `x`.
pub fn paint(on: Paper<'_>, x: f32, frame: &mut Frame) {
    let at_ns = on.plot.at_ns(x);
    let (top, bottom) = upright(x, on.plot);
    frame.stroke(&Path::line(top, bottom), hairline(on.palette.quiet));
    let seen = seen(on, at_ns);
    let mut rows = vec![Row {
        text: when(on, at_ns),
        color: on.palette.text,
    }];
    for (track, seen) in on.chart.model.drawn().zip(&seen) {
        let Some(bucket) = seen.moment else {
            continue;
        };
        let color = on.palette.ink(Ink::Uplink(track.slot));
        if bucket.answered > 0 {
            let dot = Point::new(x + 0.5, on.plot.y(bucket.max_us));
            frame.fill(&Path::circle(dot, 4.0), color);
        }
        let name = on.chart.model.name(track, on.chart.words);
        let shape = theme::uplink_shape(track.slot);
        rows.push(Row {
            text: format!("{shape} {name}  {}", value(&bucket, on.chart.words)),
            color: if bucket.answered > 0 {
                color
            } else {
                on.palette.bad
            },
        });
    }
    rows.extend(game_row(on, at_ns));
    let marks = on.chart.model.all_marks();
    let around_ns = REACH_NS.max(NEAR_COLUMNS * on.plot.column_ns);
    let around = (
        at_ns.saturating_sub(around_ns),
        at_ns.saturating_add(around_ns),
    );
    let model = on.chart.model;
    let spikes = model.spikes.between(around.0, around.1);
    let causes = cause::causes(spikes, &model.events, &marks, &seen, around);
    if rows.len() == 1 && causes.is_empty() {
        rows.push(Row {
            text: on.chart.words.say(Key::ReadoutNothing),
            color: on.palette.quiet,
        });
    }
    rows.extend(causes.iter().map(|cause| Row {
        text: told::cause(model, cause, on.chart.words),
        color: match cause {
            Cause::Spike(blamed) => on.palette.ink(blame::ink(blamed.culprit)),
            _ => on.palette.text,
        },
    }));
    paint_box(on, x, &rows, frame);
}

/// What every drawn uplink measured then, in the order they are drawn.
fn seen(on: Paper<'_>, at_ns: u64) -> Vec<Seen> {
    let reach_ns = REACH_NS.max(REACH_COLUMNS * on.plot.column_ns);
    let seen = on.chart.model.drawn().map(|track| Seen {
        ifindex: track.info.ifindex,
        median_us: track.figures.p50_us,
        moment: track.history.at(at_ns, on.plot.column_ns, reach_ns),
    });
    seen.collect()
}

/// What the game's own connection had then.
fn game_row(on: Paper<'_>, at_ns: u64) -> Option<Row> {
    let game = on.chart.model.game.as_ref()?;
    // It is looked at more seldom than the uplinks.
    let reach_ns = GAME_REACH_NS.max(REACH_COLUMNS * on.plot.column_ns);
    let bucket = game.history.at(at_ns, on.plot.column_ns, reach_ns)?;
    let said = value(&bucket, on.chart.words);
    Some(Row {
        text: format!("-- {}  {said}", game.name),
        color: on.palette.text,
    })
}

/// The time of day, where it is known, and how long ago that was.
fn when(on: Paper<'_>, at_ns: u64) -> String {
    let newest_ns = on.chart.model.now_ns.max(on.plot.end_ns);
    let ago = speech::ago(newest_ns.saturating_sub(at_ns), on.chart.words);
    match on.chart.model.clock.of_day(at_ns) {
        Some(of_day) => format!("{} · {ago}", clock(of_day)),
        None => ago,
    }
}

/// What was measured: a value, a range where there were several, and what was lost.
fn value(bucket: &Bucket, words: &Words) -> String {
    let time = |us: u32| words.bare_milliseconds(u64::from(us) * 1000);
    let answered = match bucket.answered {
        0 => return words.say(Key::ReadoutLost),
        _ if time(bucket.min_us) == time(bucket.max_us) => {
            words.number(f64::from(bucket.max_us) / 1000.0, 1)
        }
        _ => format!("{}–{}", time(bucket.min_us), time(bucket.max_us)),
    };
    let answered = words.tell(Key::UnitMilliseconds, [("value", answered.into())]);
    if bucket.lost == 0 {
        return answered;
    }
    let lost = words.tell(Key::ReadoutSomeLost, [("count", bucket.lost.into())]);
    format!("{answered} · {lost}")
}

/// The box beside the line, on the side where there is room.
pub fn paint_box(on: Paper<'_>, x: f32, rows: &[Row], frame: &mut Frame) {
    let widest = rows
        .iter()
        .map(|row| text_width(&row.text))
        .fold(0.0, f32::max);
    let (line, edge) = pitch(rows.len() as f32, frame.height());
    let size = Size::new(
        widest + 2.0 * PADDING,
        line * rows.len() as f32 + 2.0 * edge,
    );
    let corner = corner(x, size, on.plot.area, &on.chart.said.borrow());
    let shape = Path::rounded_rectangle(corner, size, border::Radius::from(8.0));
    frame.fill(&shape, on.palette.rail);
    frame.stroke(&shape, hairline(on.palette.grid));
    for (number, row) in rows.iter().enumerate() {
        let y = corner.y + edge + line * (number as f32 + 0.5);
        let position = Point::new(corner.x + PADDING, y);
        frame.fill_text(Text {
            font: if number == 0 {
                theme::BOLD
            } else {
                theme::FONT
            },
            ..label(row.text.clone(), position, row.color)
        });
    }
}

/// Where the box for the moment at `x` lies: below all labels, so that it stays at one height while the
/// pointer moves; where the graph is too low for that, where it covers the least of them.
fn corner(x: f32, size: Size, area: Rectangle, labels: &[Rectangle]) -> Point {
    let right = x + BESIDE;
    let left = (x - BESIDE - size.width).max(0.0);
    let fits = right + size.width + 2.0 <= area.x + area.width;
    let lowest = (area.y + area.height - size.height).max(0.0);
    let highest = lowest.min(area.y + 4.0);
    let ends = labels.iter().map(|label| label.y + label.height + 6.0);
    let below = ends.fold(area.y + 26.0, f32::max);
    if below <= lowest {
        return Point::new(if fits { right } else { left }, below);
    }
    let covered = |corner: &Point| {
        let own = Rectangle::new(*corner, size);
        let shared = labels.iter().filter_map(|label| label.intersection(&own));
        shared.map(|part| part.area()).sum::<f32>()
    };
    let sides = [
        fits.then_some(right),
        Some(left).filter(|_| x - BESIDE >= size.width || !fits),
    ];
    let heights = [lowest, highest];
    let corners = sides.into_iter().flatten();
    let corners = corners.flat_map(|x| heights.map(|y| Point::new(x, y)));
    let best = corners.min_by(|one, other| covered(one).total_cmp(&covered(other)));
    best.unwrap_or(Point::new(left, lowest))
}

/// The height of a line and the blank above and below all of them, for this many in so much room.
fn pitch(rows: f32, room: f32) -> (f32, f32) {
    let edge = PADDING - 2.0;
    if LINE_HEIGHT * rows + 2.0 * edge <= room {
        return (LINE_HEIGHT, edge);
    }
    let edge = edge / 2.0;
    let line = (room - 2.0 * edge) / rows;
    (line.clamp(LOWEST_LINE, LINE_HEIGHT), edge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn the_box_fits_a_low_graph_and_never_squeezes_the_lines_into_each_other() {
        assert!(pitch(3.0, 400.0).0 >= LINE_HEIGHT);
        for room in [100, 110, 124, 140] {
            let (line, edge) = pitch(5.0, room as f32);
            assert!(line * 5.0 + 2.0 * edge <= room as f32 + 0.01, "{room}");
            assert!(
                (LOWEST_LINE..=LINE_HEIGHT).contains(&line),
                "{room}: {line}"
            );
        }
        assert!(pitch(17.0, 100.0).0 <= LOWEST_LINE);
    }

    #[test]
    fn the_box_covers_no_label_and_leaves_the_graph_on_no_side() {
        let area = Rectangle::new(Point::new(46.0, 16.0), Size::new(800.0, 260.0));
        let size = Size::new(200.0, 120.0);
        let label = |x, y| Rectangle::new(Point::new(x, y), Size::new(150.0, 19.0));
        let high = [label(60.0, 27.0), label(400.0, 46.0), label(690.0, 65.0)];
        for x in (50..840).step_by(10) {
            let corner = corner(x as f32, size, area, &high);
            let own = Rectangle::new(corner, size);
            assert!(own.x >= 0.0 && own.x + own.width <= 846.0, "{own:?}");
            assert!(own.y + own.height <= 276.0, "{own:?}");
            assert!(high.iter().all(|label| !label.intersects(&own)), "{x}");
            assert!((corner.y - 90.0).abs() < 0.1, "{x}: {corner:?}");
        }
        // Too low for a box below: it goes to the side that has no label.
        let low = Rectangle {
            height: 140.0,
            ..area
        };
        let side = corner(500.0, size, low, &[label(512.0, 27.0), label(512.0, 46.0)]);
        assert!(side.x < 300.0, "{side:?}");
    }

    #[test]
    fn several_probes_are_a_range_and_losses_are_counted() {
        let words = Words::new(Language::English);
        let mut bucket = Bucket {
            from_ns: 0,
            width_ns: 0,
            min_us: 18_240,
            median_us: 18_240,
            max_us: 18_240,
            answered: 1,
            lost: 0,
        };
        assert_eq!(value(&bucket, &words), "18.2 ms");
        bucket.max_us = 103_000;
        bucket.lost = 2;
        assert_eq!(value(&bucket, &words), "18–103 ms · 2 lost");
        bucket.answered = 0;
        assert_eq!(value(&bucket, &words), "lost");
    }

    #[test]
    fn how_long_ago_is_said_in_the_unit_that_fits() {
        let words = Words::new(Language::English);
        let said = |seconds: u64| speech::ago(seconds * 1_000_000_000, &words);
        assert_eq!(said(0), "now");
        assert_eq!(said(59), "59 s ago");
        assert_eq!(said(61), "1 min 1 s ago");
        assert_eq!(said(3_720), "1 h 2 min ago");
    }
}
