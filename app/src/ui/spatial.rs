//! Moves the focus to what lies in a direction on the screen, and presses or adjusts what has it:
//! what the arrow keys and a gamepad do. Where a widget stands is asked of the widgets; which one
//! is meant is decided by [`next`] from rectangles alone.

use std::any::Any;

use iced::advanced::widget::operation::{Focusable, Outcome, Scrollable};
use iced::advanced::widget::{Id, Operation, operate};
use iced::{Rectangle, Task, Vector};

use super::focus::{self, Ask};
use super::reveal;

/// Where to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Upwards.
    Up,
    /// Downwards.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
}

impl Direction {
    /// All of them.
    #[cfg(test)]
    pub const ALL: [Self; 4] = [Self::Up, Self::Down, Self::Left, Self::Right];

    /// -1 to the left, 1 to the right, nothing up and down.
    fn sideways(self) -> Option<i32> {
        match self {
            Self::Left => Some(-1),
            Self::Right => Some(1),
            Self::Up | Self::Down => None,
        }
    }
}

/// Moves the focus, or adjusts what has it where that is what left and right do there; what got the
/// focus is scrolled into view.
pub fn go<Message: Send + 'static>(direction: Direction) -> Task<Message> {
    operate(Look::new(direction))
        .discard()
        .chain(reveal::focused())
}

/// Moves the focus to the next widget in the order of the screen, or to the one before, round and
/// round; it is scrolled into view.
pub fn tab<Message: Send + 'static>(forward: bool) -> Task<Message> {
    operate(Count {
        forward,
        ..Count::default()
    })
    .discard()
    .chain(reveal::focused())
}

/// Presses what has the focus.
pub fn press<Message: Send + 'static>() -> Task<Message> {
    operate(Give(Ask::Press)).discard()
}

/// How much a pixel to the side counts against a pixel in the direction.
const ASIDE: f32 = 3.0;
/// How much a pixel between the middles counts, which decides between equals.
const OFF_MIDDLE: f32 = 0.1;
/// Rectangles that overlap by less than this are beside each other.
const OVERLAP: f32 = 4.0;

/// Which of `all` is meant from `from` on: the nearest that begins beyond its edge, the straight
/// way before the slanted one; else the nearest whose middle lies beyond its middle.
pub fn next(from: Rectangle, all: &[Rectangle], direction: Direction) -> Option<usize> {
    let from = along(from, direction);
    let rank = |beyond: &dyn Fn(&Along) -> bool| {
        let candidates = all.iter().map(|one| along(*one, direction)).enumerate();
        candidates
            .filter(|(_, to)| beyond(to))
            .min_by(|(_, a), (_, b)| from.far_to(a).total_cmp(&from.far_to(b)))
            .map(|(index, _)| index)
    };
    rank(&|to| to.start >= from.end - OVERLAP && to.middle() > from.middle() + OVERLAP)
        .or_else(|| rank(&|to| to.middle() > from.middle() + OVERLAP))
}

/// A rectangle as one sees it who looks in a direction: `start..end` ahead, `left..right` across.
#[derive(Debug, Clone, Copy)]
struct Along {
    start: f32,
    end: f32,
    left: f32,
    right: f32,
}

fn along(bounds: Rectangle, direction: Direction) -> Along {
    let (x, y) = (bounds.x, bounds.y);
    let (right, bottom) = (x + bounds.width, y + bounds.height);
    let (start, end, left, right) = match direction {
        Direction::Right => (x, right, y, bottom),
        Direction::Left => (-right, -x, y, bottom),
        Direction::Down => (y, bottom, x, right),
        Direction::Up => (-bottom, -y, x, right),
    };
    Along {
        start,
        end,
        left,
        right,
    }
}

impl Along {
    fn middle(&self) -> f32 {
        f32::midpoint(self.start, self.end)
    }

    fn across(&self) -> f32 {
        f32::midpoint(self.left, self.right)
    }

    fn far_to(&self, to: &Self) -> f32 {
        let ahead = (to.start - self.end).max(0.0);
        let aside = (to.left - self.right).max(self.left - to.right).max(0.0);
        ahead + ASIDE * aside + OFF_MIDDLE * (to.across() - self.across()).abs()
    }
}

/// Looks at everything that takes the focus, where it is on the screen, and decides.
struct Look {
    direction: Direction,
    /// How far the content that is being looked at is scrolled.
    scrolled: Vector,
    entering: Vector,
    found: Vec<Rectangle>,
    focused: Option<usize>,
    adjusts: bool,
}

impl Look {
    fn new(direction: Direction) -> Self {
        Self {
            direction,
            scrolled: Vector::ZERO,
            entering: Vector::ZERO,
            found: Vec::new(),
            focused: None,
            adjusts: false,
        }
    }
}

impl Operation for Look {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        let entered = std::mem::replace(&mut self.entering, Vector::ZERO);
        self.scrolled += entered;
        operate(self);
        self.scrolled -= entered;
    }

    fn scrollable(
        &mut self,
        _id: Option<&Id>,
        _bounds: Rectangle,
        _content: Rectangle,
        scrolled: Vector,
        _state: &mut dyn Scrollable,
    ) {
        self.entering = scrolled;
    }

    fn focusable(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        if state.is_focused() {
            self.focused = Some(self.found.len());
        }
        self.found.push(bounds - self.scrolled);
    }

    fn custom(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Any) {
        if let Some(state) = state.downcast_ref::<focus::State>() {
            self.adjusts |= state.is_focused() && state.adjusts();
        }
    }

    fn finish(&self) -> Outcome<()> {
        let Some(focused) = self.focused else {
            return Outcome::Chain(Box::new(FocusNumber::new(0)));
        };
        if let Some(steps) = self.direction.sideways().filter(|_| self.adjusts) {
            return Outcome::Chain(Box::new(Give(Ask::Adjust(steps))));
        }
        match next(self.found[focused], &self.found, self.direction) {
            Some(number) => Outcome::Chain(Box::new(FocusNumber::new(number))),
            None => Outcome::None,
        }
    }
}

/// Counts what takes the focus, and steps on from what has it.
#[derive(Default)]
struct Count {
    forward: bool,
    total: usize,
    focused: Option<usize>,
}

impl Operation for Count {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn focusable(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Focusable) {
        if state.is_focused() {
            self.focused = Some(self.total);
        }
        self.total += 1;
    }

    fn finish(&self) -> Outcome<()> {
        let last = self.total.saturating_sub(1);
        let number = match self.focused {
            Some(at) if self.forward => (at + 1) % self.total,
            Some(at) => at.checked_sub(1).unwrap_or(last),
            None if self.forward => 0,
            None => last,
        };
        Outcome::Chain(Box::new(FocusNumber::new(number)))
    }
}

/// Focuses the widget with this number in the order of the screen.
struct FocusNumber {
    wanted: usize,
    seen: usize,
}

impl FocusNumber {
    fn new(wanted: usize) -> Self {
        Self { wanted, seen: 0 }
    }
}

impl Operation for FocusNumber {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn focusable(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Focusable) {
        if self.seen == self.wanted {
            state.focus();
        } else {
            state.unfocus();
        }
        self.seen += 1;
    }
}

/// Asks the focused widget for something; it answers when it is next drawn.
struct Give(Ask);

impl Operation for Give {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn custom(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Any) {
        if let Some(state) = state.downcast_mut::<focus::State>()
            && state.is_focused()
        {
            state.ask(self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::{Point, Size};
    use proptest::prelude::*;

    fn at(x: f32, y: f32, width: f32, height: f32) -> Rectangle {
        Rectangle::new(Point::new(x, y), Size::new(width, height))
    }

    #[test]
    fn the_nearest_in_the_direction_is_next_and_the_straight_way_wins() {
        let grid = [
            at(0.0, 0.0, 50.0, 50.0),
            at(100.0, 0.0, 50.0, 50.0),
            at(60.0, 80.0, 50.0, 50.0),
            at(0.0, 100.0, 50.0, 50.0),
        ];
        let from = |index: usize, direction| next(grid[index], &grid, direction);
        assert_eq!(from(0, Direction::Right), Some(1));
        assert_eq!(from(0, Direction::Down), Some(3));
        assert_eq!(from(1, Direction::Down), Some(2));
        assert_eq!(from(3, Direction::Up), Some(0));
        assert_eq!(from(0, Direction::Left), None);
        assert_eq!(from(0, Direction::Up), None);
    }

    #[test]
    fn what_only_juts_out_is_reached_when_nothing_lies_beyond() {
        let wide = [at(0.0, 0.0, 400.0, 50.0), at(300.0, 20.0, 200.0, 50.0)];
        assert_eq!(next(wide[0], &wide, Direction::Right), Some(1));
    }

    fn rectangle() -> impl Strategy<Value = Rectangle> {
        (0..2000_i16, 0..2000_i16, 1..900_i16, 1..900_i16)
            .prop_map(|(x, y, width, height)| at(x.into(), y.into(), width.into(), height.into()))
    }

    proptest! {
        #[test]
        fn a_step_always_goes_in_its_direction(
            all in proptest::collection::vec(rectangle(), 1..20),
        ) {
            for from in &all {
                for direction in Direction::ALL {
                    let Some(index) = next(*from, &all, direction) else { continue };
                    let (a, b) = (along(*from, direction), along(all[index], direction));
                    prop_assert!(b.middle() > a.middle());
                }
            }
        }
    }
}
