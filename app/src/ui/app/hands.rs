//! What hands do beyond pressing widgets: the gamepad, going back, and which of them was used last.

use iced::widget::operation::{AbsoluteOffset, scroll_by};
use iced::{Subscription, Task, event, keyboard, mouse, touch};

use super::{App, Hand, Message, Screen, Seen};
use crate::config::Choice;
use crate::ui::gamepad::{self, Action};
use crate::ui::parts::Room;
use crate::ui::{PAGE, live, measure, spatial};

/// One step of the right stick scrolls by this many pixels.
const SCROLL_STEP: f32 = 96.0;

impl App {
    /// A gamepad is read only while the window has the focus; other input is watched only to notice
    /// that the gamepad was put away.
    pub(super) fn hands(&self) -> Subscription<Message> {
        if self.seen != Seen::Focused {
            return Subscription::none();
        }
        let pads = Subscription::run_with(self.pads.clone(), gamepad::listen).map(Message::Pad);
        let others = if self.hand == Hand::Pad {
            event::listen_with(|event, _status, _window| {
                put_away(&event).then_some(Message::PutPadAway)
            })
        } else {
            Subscription::none()
        };
        Subscription::batch([pads, others])
    }

    pub(super) fn take_pad(&mut self, action: Action) -> Task<Message> {
        self.hand = Hand::Pad;
        match action {
            Action::Move(direction) => spatial::go(direction),
            // The first page has one thing to press.
            Action::Press if !self.settings.welcomed => {
                Task::done(Message::Choose(Choice::Welcomed))
            }
            Action::Press => spatial::press(),
            Action::Back => Task::done(Message::Back),
            _ if self.manners.question.is_some() => Task::none(),
            Action::GameMode if self.switch().is_some() => Task::done(Message::ToggleGameMode),
            Action::Pause if self.screen == Screen::Live => {
                Task::done(Message::Live(live::Message::TogglePause))
            }
            Action::Pause if self.can_pause_measurement() => {
                Task::done(Message::Measure(measure::Message::TogglePause))
            }
            Action::Pick(steps) if self.screen == Screen::Live => {
                Task::done(Message::Live(live::Message::Pick(steps)))
            }
            Action::Place(_) if self.settings.strip || !self.settings.welcomed => Task::none(),
            Action::Place(steps) => Task::done(Message::Show(self.screen.further(steps))),
            Action::Scroll(steps) => scroll(steps),
            Action::GameMode | Action::Pause | Action::Pick(_) => Task::none(),
        }
    }

    /// Leaves what is open, the innermost first.
    pub(super) fn back(&mut self) -> Task<Message> {
        if self.manners.question.take().is_some() || self.notice.take().is_some() {
            return Task::none();
        }
        if self.settings.strip {
            return self.shrink(false);
        }
        if self.screen == Screen::Measure && self.measure.back() {
            return Task::none();
        }
        let room = Room { size: self.size };
        if self.screen == Screen::Spikes && self.spikes.back(room) {
            return Task::none();
        }
        self.screen = Screen::Live;
        Task::none()
    }
}

/// Scrolls the page by so many steps.
pub(super) fn scroll(steps: i32) -> Task<Message> {
    let y = steps as f32 * SCROLL_STEP;
    scroll_by(PAGE, AbsoluteOffset { x: 0.0, y })
}

fn put_away(event: &iced::Event) -> bool {
    matches!(
        event,
        iced::Event::Keyboard(keyboard::Event::KeyPressed { .. })
            | iced::Event::Mouse(mouse::Event::ButtonPressed(_))
            | iced::Event::Touch(touch::Event::FingerPressed { .. })
    )
}
