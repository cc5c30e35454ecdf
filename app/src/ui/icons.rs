//! The marks on the rail, drawn.

use iced::widget::canvas::{Frame, Path, Stroke};
use iced::{Element, Point};

use super::drawing::{Sketch, sketch};
use super::theme::{Ink, Palette};

/// A mark of 24 logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A pulse.
    Live,
    /// Two sliders.
    Tune,
    /// Bars of different heights.
    Measure,
    /// One spike in a calm line.
    Spikes,
    /// A gear.
    Settings,
    /// An arrow that turns back.
    Undo,
    /// A plug that is out.
    Away,
    /// A sign that asks for a look.
    Warn,
    /// A frame that gets smaller.
    Shrink,
    /// A frame that gets larger.
    Grow,
}

const SIZE: f32 = 24.0;
/// The mark in one ink.
pub fn icon<'a, Message: 'a>(icon: Icon, ink: Ink) -> Element<'a, Message> {
    sketch(Drawing { icon, ink }, SIZE, SIZE)
}

struct Drawing {
    icon: Icon,
    ink: Ink,
}

impl Sketch for Drawing {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        let color = palette.ink(self.ink);
        let stroke = || Stroke::default().with_width(2.0).with_color(color);
        for line in lines(self.icon) {
            frame.stroke(&through(line), stroke());
        }
        match self.icon {
            Icon::Tune => {
                for (x, y) in [(15.0, 7.0), (9.0, 17.0)] {
                    frame.fill(&Path::circle(Point::new(x, y), 4.0), color);
                }
            }
            Icon::Settings => {
                frame.stroke(&Path::circle(Point::new(12.0, 12.0), 6.5), stroke());
                frame.stroke(&Path::circle(Point::new(12.0, 12.0), 2.0), stroke());
            }
            Icon::Spikes => frame.fill(&Path::circle(Point::new(13.0, 3.5), 2.5), color),
            Icon::Warn => frame.fill(&Path::circle(Point::new(12.0, 17.2), 1.4), color),
            _ => {}
        }
    }
}

/// The straight lines of a mark.
fn lines(icon: Icon) -> &'static [&'static [(f32, f32)]] {
    match icon {
        Icon::Live => &[&[
            (2.0, 13.0),
            (7.0, 13.0),
            (10.0, 4.0),
            (14.0, 20.0),
            (17.0, 13.0),
            (22.0, 13.0),
        ]],
        Icon::Tune => &[&[(3.0, 7.0), (21.0, 7.0)], &[(3.0, 17.0), (21.0, 17.0)]],
        Icon::Measure => &[
            &[(4.0, 21.0), (4.0, 13.0)],
            &[(9.5, 21.0), (9.5, 4.0)],
            &[(14.5, 21.0), (14.5, 9.0)],
            &[(20.0, 21.0), (20.0, 15.0)],
        ],
        Icon::Spikes => &[&[
            (2.0, 20.0),
            (9.0, 20.0),
            (13.0, 7.0),
            (16.0, 20.0),
            (22.0, 20.0),
        ]],
        Icon::Settings => &[
            &[(12.0, 1.5), (12.0, 5.0)],
            &[(12.0, 19.0), (12.0, 22.5)],
            &[(1.5, 12.0), (5.0, 12.0)],
            &[(19.0, 12.0), (22.5, 12.0)],
            &[(4.6, 4.6), (7.2, 7.2)],
            &[(16.8, 16.8), (19.4, 19.4)],
            &[(4.6, 19.4), (7.2, 16.8)],
            &[(16.8, 7.2), (19.4, 4.6)],
        ],
        Icon::Undo => &[
            &[(9.0, 4.0), (4.0, 9.0), (9.0, 14.0)],
            &[
                (4.0, 9.0),
                (15.0, 9.0),
                (19.0, 11.0),
                (20.0, 14.5),
                (19.0, 18.0),
                (15.0, 20.0),
                (9.0, 20.0),
            ],
        ],
        Icon::Away => &[
            &[(2.0, 12.0), (7.0, 12.0)],
            &[(7.0, 7.0), (7.0, 17.0)],
            &[(17.0, 12.0), (22.0, 12.0)],
            &[(17.0, 7.0), (17.0, 17.0)],
            &[(7.0, 9.0), (11.0, 9.0)],
            &[(7.0, 15.0), (11.0, 15.0)],
        ],
        Icon::Warn => &[
            &[
                (3.0, 20.5),
                (12.0, 3.5),
                (21.0, 20.5),
                (3.0, 20.5),
                (4.0, 18.6),
            ],
            &[(12.0, 9.0), (12.0, 14.5)],
        ],
        Icon::Shrink => &[
            &[
                (3.0, 4.0),
                (21.0, 4.0),
                (21.0, 20.0),
                (3.0, 20.0),
                (3.0, 3.0),
            ],
            &[(7.0, 15.5), (17.0, 15.5)],
        ],
        Icon::Grow => &[
            &[(14.0, 4.0), (20.0, 4.0), (20.0, 10.0)],
            &[(20.0, 4.0), (13.0, 11.0)],
            &[(10.0, 20.0), (4.0, 20.0), (4.0, 14.0)],
            &[(4.0, 20.0), (11.0, 13.0)],
        ],
    }
}

/// A line from point to point.
pub fn through(points: &[(f32, f32)]) -> Path {
    Path::new(|path| {
        for (index, (x, y)) in points.iter().enumerate() {
            let point = Point::new(*x, *y);
            if index == 0 {
                path.move_to(point);
            } else {
                path.line_to(point);
            }
        }
    })
}
