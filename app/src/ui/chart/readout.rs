//! The read-out of the graph: what every uplink measured at one moment, under the pointer, the
//! finger, or where the keyboard's arrows went.

use iced::widget::canvas::{self, Action, Event, Frame, Geometry, Path, Stroke, Text};
use iced::{Color, Point, Rectangle, Renderer, Size, Theme, border, mouse, touch, window};

use super::paint::label;
use super::plot::Plot;
use super::{Chart, text_width};
use crate::ui::theme::{self, Ink, Palette};
use crate::words::{Key, Words};

/// A measurement this far from the pointed-at moment still counts, in columns and in time.
const REACH_COLUMNS: u64 = 4;
const REACH_NS: u64 = 500_000_000;
const LINE_HEIGHT: f32 = 22.0;
/// Lines move together where the graph is too low for them, but not further than this.
const LOWEST_LINE: f32 = 16.0;
const PADDING: f32 = 12.0;

/// The sheet above the graph.
pub struct Readout<'a, Message> {
    /// The graph below.
    pub chart: Chart<'a>,
    /// What to tell when the window system lets us draw.
    pub drawn: Option<Message>,
}

/// One line of the box.
struct Row {
    text: String,
    color: Color,
}

impl<Message: Clone> canvas::Program<Message> for Readout<'_, Message> {
    type State = Option<f32>;

    fn update(
        &self,
        pointed: &mut Option<f32>,
        event: &Event,
        bounds: Rectangle,
        cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        let now = match event {
            Event::Mouse(mouse::Event::CursorMoved { .. } | mouse::Event::CursorLeft) => {
                cursor.position_in(bounds).map(|position| position.x)
            }
            Event::Touch(
                touch::Event::FingerPressed { position, .. }
                | touch::Event::FingerMoved { position, .. },
            ) => bounds.contains(*position).then_some(position.x - bounds.x),
            Event::Window(window::Event::RedrawRequested(_)) => {
                return self.drawn.clone().map(Action::publish);
            }
            _ => return None,
        };
        let now = now.map(f32::round);
        let moved = std::mem::replace(pointed, now) != now;
        moved.then(Action::request_redraw)
    }

    fn draw(
        &self,
        pointed: &Option<f32>,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let plot = self.chart.plot(bounds.size());
        let inside = |x: &f32| (plot.area.x..=plot.area.x + plot.area.width).contains(x);
        let picked = self.chart.picked_ns.map(|at_ns| plot.x(at_ns));
        let Some(x) = pointed.or(picked).filter(inside) else {
            return Vec::new();
        };
        let mut frame = Frame::new(renderer, bounds.size());
        self.paint(plot, x, theme::palette(theme), &mut frame);
        vec![frame.into_geometry()]
    }
}

impl<Message> Readout<'_, Message> {
    fn paint(&self, plot: Plot, x: f32, palette: &Palette, frame: &mut Frame) {
        let chart = self.chart;
        let at_ns = plot.at_ns(x);
        let reach_ns = REACH_NS.max(REACH_COLUMNS * plot.column_ns);
        let mut rows = vec![Row {
            text: ago(plot.end_ns.saturating_sub(at_ns), chart.words),
            color: palette.quiet,
        }];
        let line = Path::line(
            Point::new(x + 0.5, plot.area.y),
            Point::new(x + 0.5, plot.area.y + plot.area.height),
        );
        frame.stroke(&line, Stroke::default().with_color(palette.quiet));
        for track in &chart.model.tracks {
            let Some(sample) = track.history.nearest(at_ns, reach_ns) else {
                continue;
            };
            let color = palette.ink(Ink::Uplink(track.slot));
            let name = chart.model.name(track, chart.words);
            let value = match sample.rtt_us {
                Some(rtt_us) => format!("{:.1} ms", f64::from(rtt_us) / 1000.0),
                None => chart.words.say(Key::ReadoutLost),
            };
            if let Some(rtt_us) = sample.rtt_us {
                let dot = Point::new(x + 0.5, plot.y(rtt_us));
                frame.fill(&Path::circle(dot, 4.0), color);
            }
            rows.push(Row {
                text: format!("{} {name}  {value}", theme::uplink_shape(track.slot)),
                color: if sample.rtt_us.is_some() {
                    color
                } else {
                    palette.bad
                },
            });
        }
        if rows.len() > 1 {
            paint_box(plot, x, &rows, palette, frame);
        }
    }
}

fn paint_box(plot: Plot, x: f32, rows: &[Row], palette: &Palette, frame: &mut Frame) {
    let widest = rows
        .iter()
        .map(|row| text_width(&row.text))
        .fold(0.0, f32::max);
    let (line, edge) = pitch(rows.len() as f32, frame.height());
    let size = Size::new(
        widest + 2.0 * PADDING,
        line * rows.len() as f32 + 2.0 * edge,
    );
    let right = plot.area.x + plot.area.width;
    let left = if x + size.width + 14.0 > right {
        x - size.width - 12.0
    } else {
        x + 12.0
    };
    let lowest = plot.area.y + plot.area.height - size.height;
    let corner = Point::new(left.max(0.0), lowest.clamp(0.0, plot.area.y + 26.0));
    let shape = Path::rounded_rectangle(corner, size, border::Radius::from(8.0));
    frame.fill(&shape, palette.rail);
    frame.stroke(&shape, Stroke::default().with_color(palette.line));
    for (number, row) in rows.iter().enumerate() {
        let y = corner.y + edge + line * (number as f32 + 0.5);
        let position = Point::new(corner.x + PADDING, y);
        frame.fill_text(Text {
            font: theme::FONT,
            ..label(row.text.clone(), position, row.color)
        });
    }
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

fn ago(ago_ns: u64, words: &Words) -> String {
    match ago_ns / 1_000_000_000 {
        0 => words.say(Key::ReadoutNow),
        seconds @ 1..60 => words.tell(Key::ReadoutSeconds, [("seconds", seconds.into())]),
        seconds => words.tell(
            Key::ReadoutMinutes,
            [
                ("minutes", (seconds / 60).into()),
                ("seconds", (seconds % 60).into()),
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
