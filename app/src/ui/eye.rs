//! Notices whether the screen is drawn at all: a Wayland compositor tells in no other way that nobody
//! can see it. It draws nothing.

use std::cell::Cell;

use iced::widget::canvas::{self, Action, Event, Geometry};
use iced::{Element, Length, Rectangle, Renderer, Theme, mouse, window};

/// Sets `undrawn` to zero whenever its place is drawn, and tells `drawn` if that is asked for.
pub fn view<'a, Message: Clone + 'a>(
    undrawn: &'a Cell<u32>,
    drawn: Option<Message>,
    width: impl Into<Length>,
    height: impl Into<Length>,
) -> Element<'a, Message> {
    canvas::Canvas::new(Eye { undrawn, drawn })
        .width(width)
        .height(height)
        .into()
}

struct Eye<'a, Message> {
    undrawn: &'a Cell<u32>,
    drawn: Option<Message>,
}

impl<Message: Clone> canvas::Program<Message> for Eye<'_, Message> {
    type State = ();

    fn update(
        &self,
        _state: &mut (),
        event: &Event,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Option<Action<Message>> {
        match event {
            Event::Window(window::Event::RedrawRequested(_)) => {
                self.drawn.clone().map(Action::publish)
            }
            _ => None,
        }
    }

    fn draw(
        &self,
        _state: &(),
        _renderer: &Renderer,
        _theme: &Theme,
        _bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        self.undrawn.set(0);
        Vec::new()
    }
}
