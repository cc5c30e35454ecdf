//! Drawings that nobody touches: sketches, painted whenever the window is, and pictures, whose paint
//! is kept until they would look different.

use std::cell::Cell;

use iced::widget::canvas::{self, Cache, Frame, Geometry};
use iced::{Element, Length, Rectangle, Renderer, Theme, mouse};

use super::theme::{self, Look, Palette};

/// A drawing of a few shapes.
pub trait Sketch {
    /// Paints it over the whole frame.
    fn paint(&self, palette: &Palette, frame: &mut Frame);
}

/// The sketch in this size.
pub fn sketch<'a, Message: 'a>(
    sketch: impl Sketch + 'a,
    width: impl Into<Length>,
    height: impl Into<Length>,
) -> Element<'a, Message> {
    canvas::Canvas::new(Sketched(sketch))
        .width(width)
        .height(height)
        .into()
}

struct Sketched<S>(S);

impl<Message, S: Sketch> canvas::Program<Message> for Sketched<S> {
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
        self.0.paint(theme::palette(theme), &mut frame);
        vec![frame.into_geometry()]
    }
}

/// A drawing of so much that it is worth keeping.
pub trait Picture {
    /// What decides how it looks, apart from its size and the window's look.
    type Shows: Copy + PartialEq + 'static;

    /// Two equal ones mean the same paint.
    fn shows(&self) -> Self::Shows;

    /// Paints it over the whole frame.
    fn paint(&self, look: Look, frame: &mut Frame);
}

/// The picture in this size.
pub fn picture<'a, Message: 'a>(
    picture: impl Picture + 'a,
    width: impl Into<Length>,
    height: impl Into<Length>,
) -> Element<'a, Message> {
    canvas::Canvas::new(Painted(picture))
        .width(width)
        .height(height)
        .into()
}

struct Painted<P>(P);

/// The paint, and what it was painted for.
struct Kept<S> {
    cache: Cache,
    painted_for: Cell<Option<(S, Look)>>,
}

impl<S> Default for Kept<S> {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            painted_for: Cell::new(None),
        }
    }
}

impl<Message, P: Picture> canvas::Program<Message> for Painted<P> {
    type State = Kept<P::Shows>;

    fn draw(
        &self,
        kept: &Kept<P::Shows>,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        let look = Look::of(theme);
        let painted_for = Some((self.0.shows(), look));
        if kept.painted_for.replace(painted_for) != painted_for {
            kept.cache.clear();
        }
        vec![kept.cache.draw(renderer, bounds.size(), |frame| {
            self.0.paint(look, frame);
        })]
    }
}
