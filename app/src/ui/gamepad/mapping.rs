//! What buttons and sticks mean, as plain values in and out: no device, no clock. Times are counted
//! from any fixed moment.

use std::time::Duration;

use gilrs::{Axis, Button};

use crate::ui::spatial::Direction;

/// A stick must be pushed this far, of 1, before it counts.
const STICK_ON: f32 = 0.6;
/// And come back to this before the next push counts.
const STICK_OFF: f32 = 0.4;
/// What is held is repeated after this time ...
const FIRST_REPEAT: Duration = Duration::from_millis(400);
/// ... and then this often,
const NEXT_REPEAT: Duration = Duration::from_millis(120);
/// but not for ever: a release can get lost with the radio.
const MAX_REPEATS: u32 = 150;

/// What a gamepad asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Move the focus, or adjust what has it.
    Move(Direction),
    /// Press what has the focus.
    Press,
    /// Leave what is open.
    Back,
    /// Press the big switch.
    GameMode,
    /// Stand still, or go on.
    Pause,
    /// Go to the next place (1) or the one before (-1).
    Place(i32),
    /// Scroll the page down (1) or up (-1).
    Scroll(i32),
    /// Move the graph's read-out to the right (1) or left (-1).
    Pick(i32),
}

impl Action {
    /// Whether holding it does it again.
    fn repeats(self) -> bool {
        matches!(self, Self::Move(_) | Self::Scroll(_) | Self::Pick(_))
    }
}

/// What a gamepad reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Report {
    /// A button went down.
    Down(Button),
    /// A button went up.
    Up(Button),
    /// A stick stands there: -1 left or down, 1 right or up.
    Stick(Axis, f32),
    /// It is gone; whatever it held is let go.
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Button(Button),
    LeftStick,
    RightStick,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    source: Source,
    action: Action,
    due: Duration,
    repeats: u32,
}

/// One stick: where it stands and what it was last taken for.
#[derive(Debug, Clone, Copy, Default)]
struct Stick {
    x: f32,
    y: f32,
    taken: Option<Direction>,
}

/// What was pressed so far. All gamepads together are one hand.
#[derive(Debug, Default)]
pub struct Hand {
    held: Option<Held>,
    left: Stick,
    right: Stick,
}

impl Hand {
    /// Takes in a report.
    pub fn take(&mut self, report: Report, now: Duration) -> Option<Action> {
        match report {
            Report::Down(button) => {
                let action = pressed(button)?;
                Some(self.begin(Source::Button(button), action, now))
            }
            Report::Up(button) => {
                self.end(Source::Button(button));
                None
            }
            Report::Stick(axis, value) => self.push(axis, value, now),
            Report::Gone => {
                *self = Self::default();
                None
            }
        }
    }

    /// When the next repetition is due, if something is held.
    pub fn due(&self) -> Option<Duration> {
        self.held.map(|held| held.due)
    }

    /// What is held, again, if it is due. Repetitions that were missed are not caught up with.
    pub fn repeat(&mut self, now: Duration) -> Option<Action> {
        let held = self.held.as_mut().filter(|held| held.due <= now)?;
        let action = held.action;
        held.due = now + NEXT_REPEAT;
        held.repeats += 1;
        if held.repeats >= MAX_REPEATS {
            self.held = None;
        }
        Some(action)
    }

    fn begin(&mut self, source: Source, action: Action, now: Duration) -> Action {
        self.held = action.repeats().then_some(Held {
            source,
            action,
            due: now + FIRST_REPEAT,
            repeats: 0,
        });
        action
    }

    fn end(&mut self, source: Source) {
        self.held = self.held.filter(|held| held.source != source);
    }

    fn push(&mut self, axis: Axis, value: f32, now: Duration) -> Option<Action> {
        // What is no number moves nothing.
        let value = if value.is_finite() { value } else { 0.0 };
        let (stick, source) = match axis {
            Axis::LeftStickX | Axis::LeftStickY => (&mut self.left, Source::LeftStick),
            Axis::RightStickX | Axis::RightStickY => (&mut self.right, Source::RightStick),
            _ => return None,
        };
        match axis {
            Axis::LeftStickX | Axis::RightStickX => stick.x = value,
            _ => stick.y = value,
        }
        let before = stick.taken;
        stick.taken = stick.direction();
        let now_taken = stick.taken;
        if now_taken == before {
            return None;
        }
        self.end(source);
        let direction = now_taken?;
        let action = match (source, direction) {
            (Source::RightStick, Direction::Up) => Action::Scroll(-1),
            (Source::RightStick, Direction::Down) => Action::Scroll(1),
            (Source::RightStick, Direction::Left) => Action::Pick(-1),
            (Source::RightStick, Direction::Right) => Action::Pick(1),
            _ => Action::Move(direction),
        };
        Some(self.begin(source, action, now))
    }
}

impl Stick {
    /// Where it points: the way that is pushed further. It lets go later than it takes hold.
    fn direction(self) -> Option<Direction> {
        let pushed = self.x.abs().max(self.y.abs());
        let enough = if self.taken.is_some() {
            STICK_OFF
        } else {
            STICK_ON
        };
        if pushed < enough {
            return None;
        }
        Some(if self.x.abs() > self.y.abs() {
            if self.x < 0.0 {
                Direction::Left
            } else {
                Direction::Right
            }
        } else if self.y < 0.0 {
            Direction::Down
        } else {
            Direction::Up
        })
    }
}

/// What a button does when it goes down.
fn pressed(button: Button) -> Option<Action> {
    Some(match button {
        Button::DPadUp => Action::Move(Direction::Up),
        Button::DPadDown => Action::Move(Direction::Down),
        Button::DPadLeft => Action::Move(Direction::Left),
        Button::DPadRight => Action::Move(Direction::Right),
        Button::South => Action::Press,
        Button::East => Action::Back,
        Button::West => Action::Pause,
        Button::North => Action::GameMode,
        Button::LeftTrigger => Action::Place(-1),
        Button::RightTrigger => Action::Place(1),
        Button::LeftTrigger2 => Action::Pick(-1),
        Button::RightTrigger2 => Action::Pick(1),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn every_button_of_a_deck_means_what_its_hint_says() {
        let mut hand = Hand::default();
        for (button, action) in [
            (Button::South, Action::Press),
            (Button::East, Action::Back),
            (Button::North, Action::GameMode),
            (Button::West, Action::Pause),
            (Button::LeftTrigger, Action::Place(-1)),
            (Button::RightTrigger, Action::Place(1)),
            (Button::LeftTrigger2, Action::Pick(-1)),
            (Button::RightTrigger2, Action::Pick(1)),
            (Button::DPadLeft, Action::Move(Direction::Left)),
        ] {
            assert_eq!(hand.take(Report::Down(button), ms(0)), Some(action));
            assert_eq!(hand.take(Report::Up(button), ms(9)), None);
        }
        assert_eq!(hand.take(Report::Down(Button::Mode), ms(0)), None);
        assert_eq!(hand.take(Report::Down(Button::Unknown), ms(0)), None);
    }

    #[test]
    fn a_stick_inside_its_dead_zone_does_nothing_and_trembling_does_it_once() {
        let mut hand = Hand::default();
        let mut push = |axis, value| hand.take(Report::Stick(axis, value), ms(0));
        assert_eq!(push(Axis::LeftStickX, 0.55), None);
        let right = Action::Move(Direction::Right);
        assert_eq!(push(Axis::LeftStickX, 0.65), Some(right));
        for value in [0.58, 0.62, 0.45, 1.0] {
            assert_eq!(push(Axis::LeftStickX, value), None);
        }
        assert_eq!(push(Axis::LeftStickX, 0.1), None);
        assert_eq!(push(Axis::LeftStickX, 0.9), Some(right));
        // Rolling over to another direction counts at once.
        let up = Action::Move(Direction::Up);
        assert_eq!(push(Axis::LeftStickY, 1.0), Some(up));
        assert_eq!(push(Axis::RightStickY, -0.8), Some(Action::Scroll(1)));
        assert_eq!(push(Axis::RightStickY, 0.0), None);
        assert_eq!(push(Axis::RightStickX, -0.8), Some(Action::Pick(-1)));
    }

    #[test]
    fn what_is_held_repeats_and_what_is_let_go_or_lost_does_not() {
        let mut hand = Hand::default();
        let down = Action::Move(Direction::Down);
        hand.take(Report::Down(Button::DPadDown), ms(0));
        assert_eq!(hand.repeat(ms(399)), None);
        assert_eq!(hand.repeat(ms(400)), Some(down));
        assert_eq!(hand.repeat(ms(519)), None);
        // A long sleep is one repetition, not all that were missed.
        assert_eq!(hand.repeat(ms(5000)), Some(down));
        assert_eq!(hand.repeat(ms(5001)), None);
        hand.take(Report::Up(Button::DPadDown), ms(5002));
        assert_eq!((hand.due(), hand.repeat(ms(9000))), (None, None));
        hand.take(Report::Stick(Axis::LeftStickY, -1.0), ms(0));
        assert!(hand.due().is_some());
        hand.take(Report::Gone, ms(1));
        assert_eq!(hand.due(), None);
    }

    #[test]
    fn a_release_that_got_lost_does_not_repeat_for_ever() {
        let mut hand = Hand::default();
        hand.take(Report::Down(Button::DPadDown), ms(0));
        let times = (1..100_000).filter(|n| hand.repeat(ms(n * 10)).is_some());
        assert_eq!(times.count(), MAX_REPEATS as usize);
    }

    #[test]
    fn the_switch_is_not_pressed_twice_by_holding_its_button() {
        let mut hand = Hand::default();
        hand.take(Report::Down(Button::North), ms(0));
        assert_eq!(hand.due(), None);
    }

    proptest! {
        #[test]
        fn no_value_of_a_stick_makes_trouble(values in proptest::collection::vec((any::<bool>(), any::<f32>()), 0..200)) {
            let mut hand = Hand::default();
            for (number, (x, value)) in values.into_iter().enumerate() {
                let axis = if x { Axis::LeftStickX } else { Axis::LeftStickY };
                let _ = hand.take(Report::Stick(axis, value), ms(number as u64 * 5));
                let _ = hand.repeat(ms(number as u64 * 5));
            }
        }
    }
}
