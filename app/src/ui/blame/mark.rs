//! The drawings of those who can be blamed: a screen, waves, a router, a globe, a question mark.
//! Each is told apart by its shape alone, also at the size of a mark on the graph.

use evenkeel_core::blame::Culprit;
use iced::widget::canvas::{self, Frame, LineCap, Path, Stroke};
use iced::{Color, Element, Point, Radians, Vector};
use iced::{Size, border};

use super::ink;
use crate::ui::drawing::{Sketch, sketch};
use crate::ui::icons::through;
use crate::ui::theme::{Palette, wash};

/// The drawings are made for a square of this side.
const SQUARE: f32 = 24.0;
/// Between the edge of a badge and its drawing, as a part of the badge.
const MARGIN: f32 = 0.18;
/// How much of the colour the ground of a badge has.
const GROUND: f32 = 0.16;

/// The drawing on a ground of its own.
pub fn badge<'a, Message: 'a>(culprit: Culprit, size: f32) -> Element<'a, Message> {
    sketch(Badge(culprit), size, size)
}

struct Badge(Culprit);

impl Sketch for Badge {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        let color = palette.ink(ink(self.0));
        let radius = border::Radius::from(frame.width() / 4.0);
        let ground = Path::rounded_rectangle(Point::ORIGIN, frame.size(), radius);
        frame.fill(&ground, wash(color, GROUND, palette.card));
        let size = frame.width() * (1.0 - 2.0 * MARGIN);
        paint(frame, self.0, frame.center(), size, color);
    }
}

/// Paints the drawing around `center`, so large and in this colour.
pub fn paint(frame: &mut Frame, culprit: Culprit, center: Point, size: f32, color: Color) {
    let scale = size / SQUARE;
    let corner = Vector::new(center.x - size / 2.0, center.y - size / 2.0);
    let at = |x: f32, y: f32| Point::new(corner.x + x * scale, corner.y + y * scale);
    let stroke = Stroke::default()
        .with_width((2.2 * scale).max(1.4))
        .with_color(color)
        .with_line_cap(LineCap::Round);
    let line = |frame: &mut Frame, points: &[(f32, f32)]| {
        let points: Vec<(f32, f32)> = points
            .iter()
            .map(|(x, y)| (at(*x, *y).x, at(*x, *y).y))
            .collect();
        frame.stroke(&through(&points), stroke);
    };
    let dot = |frame: &mut Frame, x: f32, y: f32, radius: f32| {
        frame.fill(&Path::circle(at(x, y), (radius * scale).max(1.0)), color);
    };
    let arc = |frame: &mut Frame, (x, y): (f32, f32), radius: f32, from: f32, to: f32| {
        let arc = canvas::path::Arc {
            center: at(x, y),
            radius: radius * scale,
            start_angle: Radians(from),
            end_angle: Radians(to),
        };
        frame.stroke(&Path::new(|path| path.arc(arc)), stroke);
    };
    let frame_of = |frame: &mut Frame, x: f32, y: f32, width: f32, height: f32| {
        let size = Size::new(width * scale, height * scale);
        frame.stroke(&Path::rectangle(at(x, y), size), stroke);
    };
    match culprit {
        Culprit::Device => {
            frame_of(frame, 2.0, 3.0, 20.0, 13.0);
            line(frame, &[(12.0, 16.0), (12.0, 20.5)]);
            line(frame, &[(7.0, 21.0), (17.0, 21.0)]);
        }
        Culprit::WiFi => {
            for radius in [6.0, 11.0, 16.0] {
                arc(frame, (12.0, 20.0), radius, -2.27, -0.87);
            }
            dot(frame, 12.0, 20.0, 2.2);
        }
        Culprit::Line => {
            frame_of(frame, 2.0, 13.0, 20.0, 8.0);
            line(frame, &[(6.5, 13.0), (4.5, 4.0)]);
            line(frame, &[(17.5, 13.0), (19.5, 4.0)]);
            dot(frame, 7.0, 17.0, 1.4);
            dot(frame, 12.0, 17.0, 1.4);
        }
        Culprit::Internet => {
            frame.stroke(&Path::circle(at(12.0, 12.0), 9.5 * scale), stroke);
            line(frame, &[(2.5, 12.0), (21.5, 12.0)]);
            arc(frame, (5.5, 12.0), 11.5, -0.97, 0.97);
            arc(frame, (18.5, 12.0), 11.5, 2.17, 4.11);
        }
        Culprit::Unknown => {
            arc(frame, (12.0, 8.5), 5.5, -3.0, 1.1);
            line(frame, &[(14.5, 13.3), (12.0, 15.5), (12.0, 16.5)]);
            dot(frame, 12.0, 21.0, 1.7);
        }
    }
}
