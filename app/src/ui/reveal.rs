//! Scrolls what has just got the keyboard's focus into view.

use iced::advanced::widget::operation::{self, Focusable, Outcome, Scrollable, scrollable};
use iced::advanced::widget::{Id, Operation};
use iced::{Rectangle, Task, Vector};

/// Kept between the focused widget and the edge.
const MARGIN: f32 = 12.0;

/// Looks for the focused widget and moves what it lies in, if it lies outside.
pub fn focused<Message: Send + 'static>() -> Task<Message> {
    iced::advanced::widget::operate(Look::default()).discard()
}

/// Something that scrolls, in one direction each.
#[derive(Debug)]
struct Area {
    id: Id,
    bounds: Rectangle,
    content: Rectangle,
    scrolled: Vector,
}

#[derive(Debug, Default)]
struct Look {
    areas: Vec<Area>,
    needed: Option<(Id, scrollable::AbsoluteOffset<Option<f32>>)>,
}

impl Operation for Look {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn scrollable(
        &mut self,
        id: Option<&Id>,
        bounds: Rectangle,
        content: Rectangle,
        scrolled: Vector,
        _state: &mut dyn Scrollable,
    ) {
        let known = [super::PAGE, super::LIST, super::CARDS];
        if let Some(id) = id.filter(|id| known.contains(id)) {
            self.areas.push(Area {
                id: id.clone(),
                bounds,
                content,
                scrolled,
            });
        }
    }

    fn focusable(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        if !state.is_focused() {
            return;
        }
        let around = |area: &&Area| area.content.contains(bounds.center());
        if let Some(area) = self.areas.iter().find(around) {
            self.needed = area.to_show(bounds).map(|offset| (area.id.clone(), offset));
        }
    }

    fn finish(&self) -> Outcome<()> {
        let Some((id, offset)) = self.needed.clone() else {
            return Outcome::None;
        };
        Outcome::Chain(Box::new(operation::scrollable::scroll_to(id, offset)))
    }
}

impl Area {
    /// The new offset, or `None` when `target` (in the content's own coordinates) is in view.
    fn to_show(&self, target: Rectangle) -> Option<scrollable::AbsoluteOffset<Option<f32>>> {
        let (area, scrolled) = (self.bounds, self.scrolled);
        if self.id == super::CARDS {
            let from = target.x - area.x;
            let x = offset(area.width, scrolled.x, from, from + target.width)?;
            return Some(scrollable::AbsoluteOffset {
                x: Some(x),
                y: None,
            });
        }
        let from = target.y - area.y;
        let y = offset(area.height, scrolled.y, from, from + target.height)?;
        Some(scrollable::AbsoluteOffset {
            x: None,
            y: Some(y),
        })
    }
}

/// The new offset in one direction of an area of this length, for what reaches `from..to` in it.
fn offset(length: f32, scrolled: f32, from: f32, to: f32) -> Option<f32> {
    let (from, to) = (from - MARGIN, to + MARGIN);
    if from < scrolled {
        Some(from.max(0.0))
    } else if to > scrolled + length {
        Some(to - length)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::{Point, Size};

    fn area(id: Id, size: Size, scrolled: Vector) -> Area {
        Area {
            id,
            bounds: Rectangle::new(Point::new(100.0, 50.0), size),
            content: Rectangle::new(Point::new(100.0, 50.0), Size::new(1000.0, 1000.0)),
            scrolled,
        }
    }

    fn button(x: f32, y: f32) -> Rectangle {
        Rectangle::new(Point::new(x, y), Size::new(100.0, 48.0))
    }

    #[test]
    fn a_card_beyond_the_edge_is_scrolled_to_sideways_and_one_in_view_is_left() {
        let size = Size::new(700.0, 150.0);
        let cards = area(super::super::CARDS, size, Vector::ZERO);
        assert!(cards.to_show(button(300.0, 100.0)).is_none());
        let moved = cards.to_show(button(900.0, 100.0)).unwrap();
        // It ends 900 into the content, and 12 are kept free beside it: 912 - 700.
        assert_eq!((moved.x.map(f32::round), moved.y), (Some(212.0), None));
        let right = area(super::super::CARDS, size, Vector::new(212.0, 0.0));
        let back = right.to_show(button(120.0, 100.0)).unwrap();
        assert_eq!(back.x.map(f32::round), Some(8.0));
    }

    #[test]
    fn a_page_is_scrolled_up_and_down() {
        let page = area(super::super::PAGE, Size::new(700.0, 300.0), Vector::ZERO);
        let moved = page.to_show(button(120.0, 500.0)).unwrap();
        assert_eq!((moved.x, moved.y.map(f32::round)), (None, Some(210.0)));
        assert!(page.to_show(button(120.0, 80.0)).is_none());
    }
}
