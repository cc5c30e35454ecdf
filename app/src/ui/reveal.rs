//! Scrolls what has just got the keyboard's focus into view.

use iced::advanced::widget::operation::{self, Focusable, Outcome, Scrollable, scrollable};
use iced::advanced::widget::{Id, Operation};
use iced::{Rectangle, Task, Vector};

/// Kept between the focused widget and the edge.
const MARGIN: f32 = 12.0;

/// Looks for the focused widget and moves the page if it lies outside.
pub fn focused<Message: Send + 'static>() -> Task<Message> {
    iced::advanced::widget::operate(Look::default()).discard()
}

#[derive(Debug, Default)]
struct Look {
    page: Option<(Rectangle, Vector)>,
    needed: Option<f32>,
}

impl Operation for Look {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn scrollable(
        &mut self,
        id: Option<&Id>,
        bounds: Rectangle,
        _content: Rectangle,
        translation: Vector,
        _state: &mut dyn Scrollable,
    ) {
        if id == Some(&super::PAGE) {
            self.page = Some((bounds, translation));
        }
    }

    fn focusable(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        if let Some((page, translation)) = self.page
            && state.is_focused()
        {
            self.needed = offset(page, translation.y, bounds);
        }
    }

    fn finish(&self) -> Outcome<()> {
        let Some(y) = self.needed else {
            return Outcome::None;
        };
        let offset = scrollable::AbsoluteOffset {
            x: None,
            y: Some(y),
        };
        Outcome::Chain(Box::new(operation::scrollable::scroll_to(
            super::PAGE,
            offset,
        )))
    }
}

/// The page's new offset, or `None` when `target` (in the page's own coordinates) is in view.
fn offset(page: Rectangle, scrolled: f32, target: Rectangle) -> Option<f32> {
    let top = target.y - page.y - MARGIN;
    let bottom = target.y + target.height - page.y + MARGIN;
    if top < scrolled {
        Some(top.max(0.0))
    } else if bottom > scrolled + page.height {
        Some(bottom - page.height)
    } else {
        None
    }
}
