//! The small drawings of the Live screen: shapes of the graph, kinds of links, judging anew.

use iced::widget::canvas::{self, Frame, Path, Stroke};
use iced::{Color, Element, Point, Radians, Size};

use evenkeel_dbus::UplinkKind;

use crate::ui::drawing::{Sketch, sketch};
use crate::ui::icons::through;
use crate::ui::theme::Palette;

/// A drawing of 20 logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A line over time.
    Line,
    /// Bars.
    Bars,
    /// A curve that rises to all.
    Curve,
    /// Stand still.
    Pause,
    /// Go on.
    Go,
    /// Once more.
    Anew,
    /// What an uplink is.
    Kind(UplinkKind),
    /// The line of the running game.
    Game,
}

const SIZE: f32 = 20.0;

/// The drawing, in the colour of text.
pub fn mark<'a, Message: 'a>(mark: Mark) -> Element<'a, Message> {
    sketch(Drawing(mark), SIZE, SIZE)
}

struct Drawing(Mark);

impl Sketch for Drawing {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        let quiet = matches!(self.0, Mark::Kind(_) | Mark::Anew);
        let color = if quiet { palette.quiet } else { palette.text };
        let stroke = Stroke::default().with_width(1.5).with_color(color);
        match self.0 {
            Mark::Line => {
                let points = [
                    (2.0, 13.0),
                    (7.0, 11.0),
                    (10.0, 4.0),
                    (13.0, 12.0),
                    (18.0, 10.0),
                ];
                frame.stroke(&through(&points), stroke);
            }
            Mark::Bars => bars(
                frame,
                color,
                &[
                    (2.0, 12.0, 3.0),
                    (6.5, 4.0, 3.0),
                    (11.0, 8.0, 3.0),
                    (15.5, 14.0, 3.0),
                ],
            ),
            Mark::Curve => {
                let points = [
                    (2.0, 17.0),
                    (6.0, 15.0),
                    (9.0, 7.0),
                    (12.0, 4.5),
                    (18.0, 3.5),
                ];
                frame.stroke(&through(&points), stroke);
            }
            Mark::Pause => bars(frame, color, &[(5.0, 3.0, 3.5), (11.5, 3.0, 3.5)]),
            Mark::Go => {
                let path = through(&[(5.0, 3.0), (16.0, 10.0), (5.0, 17.0), (5.0, 3.0)]);
                frame.fill(&path, color);
            }
            Mark::Anew => {
                let path = Path::new(|path| {
                    path.arc(arc((10.0, 10.0), 6.5, -0.6, 4.4));
                });
                frame.stroke(&path, stroke);
                let head = through(&[(12.0, 1.5), (16.5, 6.0), (11.0, 6.5), (12.0, 1.5)]);
                frame.fill(&head, color);
            }
            Mark::Game => {
                for x in [1.0, 8.0, 15.0] {
                    let dash = Path::line(Point::new(x, 10.0), Point::new(x + 4.5, 10.0));
                    frame.stroke(&dash, stroke.with_width(2.0));
                }
            }
            Mark::Kind(kind) => draw_kind(kind, frame, stroke, color),
        }
    }
}

/// Bars on one line, each with its left edge, its top and its width.
fn bars(frame: &mut Frame, color: Color, bars: &[(f32, f32, f32)]) {
    for (x, top, width) in bars {
        let size = Size::new(*width, 17.0 - top);
        frame.fill_rectangle(Point::new(*x, *top), size, color);
    }
}

fn draw_kind(kind: UplinkKind, frame: &mut Frame, stroke: Stroke<'_>, color: Color) {
    match kind {
        UplinkKind::Ethernet => {
            // A plug from the front.
            let socket = Path::rectangle(Point::new(3.0, 4.0), Size::new(14.0, 12.0));
            frame.stroke(&socket, stroke);
            for x in [7.0, 10.0, 13.0] {
                let pin = Path::line(Point::new(x, 4.0), Point::new(x, 9.0));
                frame.stroke(&pin, stroke);
            }
        }
        UplinkKind::WiFi => {
            for radius in [4.5, 9.0, 13.5] {
                let wave = Path::new(|path| path.arc(arc((10.0, 17.0), radius, -2.3, -0.84)));
                frame.stroke(&wave, stroke);
            }
        }
        UplinkKind::Wwan => bars(
            frame,
            color,
            &[
                (2.0, 13.0, 3.0),
                (6.5, 10.0, 3.0),
                (11.0, 6.5, 3.0),
                (15.5, 3.0, 3.0),
            ],
        ),
        UplinkKind::Tether => {
            let phone = Path::rectangle(Point::new(6.0, 2.5), Size::new(8.0, 15.0));
            frame.stroke(&phone, stroke);
            let button = Path::line(Point::new(8.5, 14.5), Point::new(11.5, 14.5));
            frame.stroke(&button, stroke);
        }
        UplinkKind::Other => {
            let line = Path::line(Point::new(6.0, 10.0), Point::new(14.0, 10.0));
            frame.stroke(&line, stroke);
            for x in [4.0, 16.0] {
                frame.stroke(&Path::circle(Point::new(x, 10.0), 2.5), stroke);
            }
        }
    }
}

fn arc((x, y): (f32, f32), radius: f32, from: f32, to: f32) -> canvas::path::Arc {
    canvas::path::Arc {
        center: Point::new(x, y),
        radius,
        start_angle: Radians(from),
        end_angle: Radians(to),
    }
}
