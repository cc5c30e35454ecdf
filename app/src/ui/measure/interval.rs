//! How much, drawn: the ratio with the interval that the test leaves open, on a scale from a quarter to
//! four times, with "the same" in its middle. An interval that holds it has shown nothing.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{self, Frame, Geometry, Path, Stroke, Text};
use iced::{Color, Pixels, Point, Rectangle, Renderer, Theme, alignment, mouse};

use super::said;
use crate::ui::theme::{self, Ink};
use crate::words::Words;

/// Its size in logical pixels.
pub const SIZE: (f32, f32) = (340.0, 76.0);
/// The ends of the scale, as powers of two.
const POWERS: f64 = 2.0;
/// Where something stands on it.
const MARKS: [f64; 3] = [0.5, 1.0, 2.0];
const ASIDE: f32 = 16.0;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Interval<'a> {
    /// The ratio of B over A.
    pub ratio: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The verdict's colour.
    pub ink: Ink,
    /// The language.
    pub words: &'a Words,
}

/// How far along the scale a ratio stands, 0 to 1; what lies beyond its ends stands at them.
pub fn part(ratio: f64) -> f32 {
    let power = ratio.max(1e-9).log2().clamp(-POWERS, POWERS);
    ((power + POWERS) / (2.0 * POWERS)) as f32
}

impl<Message> canvas::Program<Message> for Interval<'_> {
    type State = ();

    fn draw(
        &self,
        _state: &(),
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let mut frame = Frame::new(renderer, bounds.size());
        let palette = theme::palette(theme);
        let color = palette.ink(self.ink);
        let width = frame.width() - 2.0 * ASIDE;
        let across = |ratio: f64| ASIDE + width * part(ratio);
        let (axis, middle) = (frame.height() - 24.0, (frame.height() - 24.0) / 2.0);
        for mark in MARKS {
            let x = across(mark).round() + 0.5;
            let same = (mark - 1.0).abs() < 1e-9;
            let ink = if same { palette.text } else { palette.grid };
            stroke(&mut frame, (x, 2.0), (x, axis), 1.0, ink);
            frame.fill_text(Text {
                content: said::change(mark, self.words),
                position: Point::new(x, axis + 12.0),
                color: palette.quiet,
                size: Pixels(theme::SMALL),
                font: theme::FONT,
                align_x: Alignment::Center,
                align_y: alignment::Vertical::Center,
                ..Text::default()
            });
        }
        let (low, high) = (across(self.low), across(self.high));
        stroke(&mut frame, (low, middle), (high, middle), 3.0, color);
        for end in [low, high] {
            stroke(
                &mut frame,
                (end, middle - 8.0),
                (end, middle + 8.0),
                2.0,
                color,
            );
        }
        let dot = Point::new(across(self.ratio), middle);
        frame.fill(&Path::circle(dot, 7.0), color);
        vec![frame.into_geometry()]
    }
}

fn stroke(frame: &mut Frame, from: (f32, f32), to: (f32, f32), width: f32, color: Color) {
    let line = Path::line(Point::new(from.0, from.1), Point::new(to.0, to.1));
    let stroke = Stroke::default().with_width(width).with_color(color);
    frame.stroke(&line, stroke);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_in_the_middle_and_nothing_leaves_the_scale() {
        let found = [0.25, 0.5, 1.0, 2.0, 4.0].map(|ratio| (part(ratio) * 100.0).round() as i32);
        assert_eq!(found, [0, 25, 50, 75, 100]);
        for extreme in [0.0, 1e-12, 1e12, f64::INFINITY] {
            assert!((0.0..=1.0).contains(&part(extreme)), "{extreme}");
        }
    }
}
