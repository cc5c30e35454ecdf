//! How much, drawn: the ratio with the interval that the test leaves open, on a scale with "the same" in
//! its middle. An interval that holds it has shown nothing.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Color, Pixels, Point, alignment};

use super::said;
use crate::ui::drawing::Sketch;
use crate::ui::theme::{self, Ink, Palette};
use crate::words::Words;

/// Its size in logical pixels.
pub const SIZE: (f32, f32) = (340.0, 76.0);
/// The scale reaches so many powers of two to each side, or further where there is something.
const LEAST: f64 = 2.0;
const MOST: f64 = 8.0;
/// Up to here the nearer marks say more.
const NEAR: f64 = 3.0;
const NEAR_MARKS: [f64; 3] = [0.5, 1.0, 2.0];
const FAR_MARKS: [f64; 3] = [0.1, 1.0, 10.0];
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

fn power(ratio: f64) -> f64 {
    ratio.max(1e-9).log2()
}

/// How many powers of two the scale reaches to each side, to hold these ratios.
fn reach(ratios: [f64; 3]) -> f64 {
    let furthest = ratios.map(|ratio| power(ratio).abs()).into_iter();
    let furthest = furthest.fold(0.0, f64::max);
    if furthest <= LEAST {
        LEAST
    } else {
        (furthest + 0.5).min(MOST)
    }
}

/// How far along a scale of this reach a ratio stands, 0 to 1; what lies beyond its ends stands at them.
fn part(ratio: f64, reach: f64) -> f32 {
    let power = power(ratio).clamp(-reach, reach);
    ((power + reach) / (2.0 * reach)) as f32
}

impl Sketch for Interval<'_> {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        let color = palette.ink(self.ink);
        let width = frame.width() - 2.0 * ASIDE;
        let reach = reach([self.ratio, self.low, self.high]);
        let across = |ratio: f64| ASIDE + width * part(ratio, reach);
        let marks = if reach <= NEAR { NEAR_MARKS } else { FAR_MARKS };
        let (axis, middle) = (frame.height() - 24.0, (frame.height() - 24.0) / 2.0);
        for mark in marks {
            let x = across(mark).round() + 0.5;
            let same = (mark - 1.0).abs() < 1e-9;
            let ink = if same { palette.text } else { palette.grid };
            stroke(frame, (x, 2.0), (x, axis), 1.0, ink);
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
        stroke(frame, (low, middle), (high, middle), 3.0, color);
        for end in [low, high] {
            stroke(frame, (end, middle - 8.0), (end, middle + 8.0), 2.0, color);
        }
        let dot = Point::new(across(self.ratio), middle);
        frame.fill(&Path::circle(dot, 7.0), color);
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
    fn the_same_is_in_the_middle_and_everything_is_on_the_scale() {
        let usual = [0.25, 0.5, 1.0, 2.0, 4.0].map(|it| (part(it, LEAST) * 100.0).round() as i32);
        assert_eq!(usual, [0, 25, 50, 75, 100]);
        assert!((reach([0.55, 0.4, 0.8]) - LEAST).abs() < 1e-9);
        for extreme in [0.0, 0.01, 1e-12, 1e12, f64::INFINITY] {
            let reach = reach([extreme, 0.5, 1.0]);
            assert!((LEAST..=MOST).contains(&reach), "{extreme}");
            assert!((0.0..=1.0).contains(&part(extreme, reach)), "{extreme}");
            assert!((part(1.0, reach) - 0.5).abs() < 1e-6);
        }
        // An interval that is far from the same is still an interval.
        let reach = reach([0.02, 0.01, 0.14]);
        assert!(part(0.14, reach) - part(0.01, reach) > 0.1);
    }
}
