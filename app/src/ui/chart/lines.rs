//! The lines of the graph, thinned to its columns, and the spikes that reach beyond it.

use iced::widget::canvas::{Frame, LineDash, Path};
use iced::{Color, Point};

use super::Paper;
use super::axes::hairline;
use super::labels::Labels;
use crate::ui::game::Game;
use crate::ui::history::Column;
use crate::ui::model::Track;
use crate::ui::theme::Ink;

/// More spikes than this beyond the graph are marked without their value.
const MOST_VALUES: usize = 24;

/// The columns of one uplink, or of the game, and its colour.
pub struct Line {
    columns: Vec<Column>,
    color: Color,
    dashed: bool,
}

/// The dashes of the game's line and what is between them, in pixels.
const DASHES: [f32; 2] = [4.0, 3.0];

impl Line {
    /// What of `track` shows.
    pub fn of(track: &Track, on: Paper<'_>) -> Self {
        Self {
            columns: track
                .history
                .columns(on.plot.start_ns(), on.plot.end_ns, on.plot.column_ns),
            color: on.palette.ink(Ink::Uplink(track.slot)),
            dashed: false,
        }
    }

    /// What of the game's own connection shows.
    pub fn of_game(game: &Game, on: Paper<'_>) -> Self {
        let (from_ns, to_ns) = (on.plot.start_ns(), on.plot.end_ns);
        Self {
            columns: game.history.columns(from_ns, to_ns, on.plot.column_ns),
            color: on.palette.text,
            dashed: true,
        }
    }

    /// Paints it as one path.
    pub fn paint(&self, on: Paper<'_>, frame: &mut Frame) {
        let newest = on.plot.end_ns / on.plot.column_ns;
        let path = Path::new(|path| {
            for column in self.columns.iter().filter(|column| column.index < newest) {
                let x = on.plot.right() - (newest - column.index) as f32 + 0.5;
                let x = x.max(on.plot.area.x);
                let (low, high) = (on.plot.y(column.min_us), on.plot.y(column.max_us));
                let on_line = column
                    .median_us
                    .map_or(low, |median_us| on.plot.y(median_us));
                if column.after_gap {
                    path.move_to(Point::new(x, on_line));
                    path.line_to(Point::new(x + 0.5, on_line));
                } else {
                    path.line_to(Point::new(x, on_line));
                }
                if on_line < low {
                    path.line_to(Point::new(x, low));
                }
                if high < low {
                    path.line_to(Point::new(x, high));
                }
                if column.median_us.is_some() {
                    path.line_to(Point::new(x, on_line));
                }
            }
        });
        let mut stroke = hairline(self.color);
        if self.dashed {
            stroke.line_dash = LineDash {
                segments: &DASHES,
                offset: 0,
            };
        }
        frame.stroke(&path, stroke);
    }

    /// Marks what was cut off: an arrowhead at the upper edge, and the value where there is room.
    pub fn paint_cut(&self, on: Paper<'_>, labels: &mut Labels, frame: &mut Frame) {
        let mut cut: Vec<&Column> = self
            .columns
            .iter()
            .filter(|column| column.max_us > on.plot.top_us)
            .collect();
        // The highest get their values first, and of neighbours the highest is the one marked.
        cut.sort_by_key(|column| std::cmp::Reverse(column.max_us));
        let mut taken: Vec<f32> = Vec::new();
        for column in cut {
            let x = on.plot.x(column.index.saturating_mul(on.plot.column_ns));
            if taken.iter().any(|other| (other - x).abs() < 9.0) {
                continue;
            }
            taken.push(x);
            arrowhead(x, on.plot.area.y, self.color, frame);
            if taken.len() <= MOST_VALUES {
                let text = on.chart.words.number(f64::from(column.max_us / 1000), 0);
                labels.tip(x, super::text_width(&text), text, self.color);
            }
        }
    }
}

fn arrowhead(x: f32, top: f32, color: Color, frame: &mut Frame) {
    let path = Path::new(|path| {
        path.move_to(Point::new(x - 4.0, top + 7.0));
        path.line_to(Point::new(x + 4.0, top + 7.0));
        path.line_to(Point::new(x, top));
        path.close();
    });
    frame.fill(&path, color);
}
