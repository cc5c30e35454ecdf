//! A picture of `export` on a canvas: the window shows the graphs that the files hold. What is drawn
//! is decided there.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{Frame, LineDash, Path, Stroke, Text, path};
use iced::{Color, Pixels, Point, alignment};

use crate::export::graph;
use crate::export::picture::{Anchor, Ink, Picture, Shape};
use crate::export::{Curve, Kind};
use crate::logs::Series;
use crate::ui::drawing;
use crate::ui::theme::{self, Look};
use crate::words::{Language, Words};

/// The size of most texts in those pictures; here they are as large as ours.
const THEIRS: f32 = 13.0;
/// How far above the middle of a line of text its base line is, as a part of its size.
const BASE: f32 = 0.36;

/// One graph of both arms.
#[derive(Debug, Clone, Copy)]
pub struct Graph<'a> {
    /// What the arms' probes are kept in.
    pub series: &'a [Series; 2],
    /// Counts what was shown; another number means other probes.
    pub number: u64,
    /// Which graph.
    pub kind: Kind,
    /// The language.
    pub words: &'a Words,
}

impl drawing::Picture for Graph<'_> {
    type Shows = (u64, Kind, Language);

    fn shows(&self) -> Self::Shows {
        (self.number, self.kind, self.words.language())
    }

    fn paint(&self, look: Look, frame: &mut Frame) {
        let scale = theme::SMALL / THEIRS;
        let size = (frame.width() / scale, frame.height() / scale);
        let curves = Curve::all(self.series);
        let panel = graph::panel(self.kind, &curves, size, self.words);
        paint(&panel, look, scale, frame);
    }
}

fn paint(picture: &Picture, look: Look, scale: f32, frame: &mut Frame) {
    let color = |ink: Ink, alpha: f32| {
        let [r, g, b] = ink.rgb(look);
        Color::from_rgba8(r, g, b, alpha)
    };
    // The first shape is the paper; ours is the card.
    for shape in picture.shapes.iter().skip(1) {
        match shape {
            Shape::Area { points, ink, alpha } => {
                frame.fill(&line(points, scale), color(*ink, *alpha));
            }
            Shape::Line {
                points,
                ink,
                width,
                dashes,
            } => {
                let segments: Vec<f32> = dashes.iter().map(|dash| dash * scale).collect();
                let stroke = Stroke {
                    line_dash: LineDash {
                        segments: &segments,
                        offset: 0,
                    },
                    ..Stroke::default()
                };
                let stroke = stroke.with_width(*width).with_color(color(*ink, 1.0));
                frame.stroke(&line(points, scale), stroke);
            }
            Shape::Text {
                at: (x, y),
                anchor,
                size,
                bold,
                ink,
                text,
            } => {
                let size = size * scale;
                frame.fill_text(Text {
                    content: text.clone(),
                    position: Point::new(x * scale, y * scale - BASE * size),
                    color: color(*ink, 1.0),
                    size: Pixels(size),
                    font: if *bold { theme::BOLD } else { theme::FONT },
                    align_x: match anchor {
                        Anchor::Start => Alignment::Left,
                        Anchor::Middle => Alignment::Center,
                        Anchor::End => Alignment::Right,
                    },
                    align_y: alignment::Vertical::Center,
                    ..Text::default()
                });
            }
        }
    }
}

fn line(points: &[(f32, f32)], scale: f32) -> Path {
    Path::new(|path: &mut path::Builder| {
        let mut points = points.iter().map(|(x, y)| Point::new(x * scale, y * scale));
        if let Some(first) = points.next() {
            path.move_to(first);
        }
        for point in points {
            path.line_to(point);
        }
    })
}
