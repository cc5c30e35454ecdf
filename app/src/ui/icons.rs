//! The marks on the rail, drawn.

use iced::widget::canvas::{self, Frame, Geometry, Path, Stroke};
use iced::{Element, Point, Rectangle, Renderer, Theme, mouse};

use super::theme::{self, Ink};

/// A mark of 24 logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A pulse.
    Live,
    /// Two sliders.
    Tune,
}

const SIZE: f32 = 24.0;
const PULSE: [(f32, f32); 6] = [
    (2.0, 13.0),
    (7.0, 13.0),
    (10.0, 4.0),
    (14.0, 20.0),
    (17.0, 13.0),
    (22.0, 13.0),
];

/// The mark in one ink.
pub fn icon<'a, Message: 'a>(icon: Icon, ink: Ink) -> Element<'a, Message> {
    canvas::Canvas::new(Drawing { icon, ink })
        .width(SIZE)
        .height(SIZE)
        .into()
}

struct Drawing {
    icon: Icon,
    ink: Ink,
}

impl<Message> canvas::Program<Message> for Drawing {
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
        let color = theme::palette(theme).ink(self.ink);
        let stroke = Stroke::default().with_width(2.0).with_color(color);
        match self.icon {
            Icon::Live => {
                let path = Path::new(|path| {
                    path.move_to(Point::new(PULSE[0].0, PULSE[0].1));
                    for (x, y) in &PULSE[1..] {
                        path.line_to(Point::new(*x, *y));
                    }
                });
                frame.stroke(&path, stroke);
            }
            Icon::Tune => {
                for (y, x) in [(7.0, 15.0), (17.0, 9.0)] {
                    let line = Path::line(Point::new(3.0, y), Point::new(21.0, y));
                    frame.stroke(&line, stroke);
                    frame.fill(&Path::circle(Point::new(x, y), 4.0), color);
                }
            }
        }
        vec![frame.into_geometry()]
    }
}
