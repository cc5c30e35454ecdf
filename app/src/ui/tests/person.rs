//! A person at the window: what hands do goes through the real widgets, messages through the real
//! `update`, and what comes of it (moved focus, scrolled pages) back into the widgets, as the
//! window system would do it. Only the helper is missing: what is asked of it is written down.

use std::any::Any;

use iced::advanced::clipboard;
use iced::advanced::widget::operation::{Focusable, Outcome, Scrollable, scrollable};
use iced::advanced::widget::{Id, Operation};
use iced::futures::StreamExt as _;
use iced::futures::task::{Context, Poll, noop_waker_ref};
use iced::keyboard::key::Named;
use iced::keyboard::{self, Modifiers};
use iced::{Event, Point, Rectangle, Size, Task, Vector, mouse, touch, window};
use iced_test::core::renderer::{Headless as _, Style};
use iced_test::runtime::user_interface::{Cache, State};
use iced_test::runtime::{self, Action, UserInterface};

use crate::ui::app::{App, Message};
use crate::ui::{focus, gamepad, reveal, theme};

/// How often a task is asked again that is not ready; some yield once before they begin.
const PATIENCE: u32 = 4;

type Ui<'a> = UserInterface<'a, Message, iced::Theme, iced::Renderer>;

/// One widget that takes the focus, as it is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub id: Id,
    /// On the screen; outside of it when it must be scrolled to.
    pub bounds: Rectangle,
    pub focused: bool,
    pub ring: bool,
    pub adjusts: bool,
}

pub struct Person {
    pub app: App,
    pub size: Size,
    /// Every message since the last [`Person::sent`].
    sent: Vec<String>,
    /// What was asked of the window system.
    pub windows: Vec<String>,
    renderer: iced::Renderer,
    cache: Option<Cache>,
    cursor: mouse::Cursor,
    runtime: tokio::runtime::Runtime,
}

impl Person {
    pub fn at(app: App, size: Size) -> Self {
        // Loads the fonts.
        drop(super::simulate(iced::widget::space().into(), size));
        let renderer = iced::Renderer::new(theme::FONT, theme::BODY.into());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            app,
            size,
            sent: Vec::new(),
            windows: Vec::new(),
            renderer,
            cache: Some(Cache::default()),
            cursor: mouse::Cursor::Unavailable,
            runtime,
        }
    }

    /// What was sent since the last time this was asked.
    pub fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// Does to the window what `message` says.
    pub fn tell(&mut self, message: Message) {
        self.handle(vec![message]);
    }

    pub fn key(&mut self, key: impl Into<keyboard::Key>) {
        self.chord(key, Modifiers::default());
    }

    pub fn chord(&mut self, key: impl Into<keyboard::Key>, modifiers: Modifiers) {
        let key = key.into();
        let physical_key =
            keyboard::key::Physical::Unidentified(keyboard::key::NativeCode::Unidentified);
        let pressed = keyboard::Event::KeyPressed {
            key: key.clone(),
            modified_key: key.clone(),
            physical_key,
            location: keyboard::Location::Standard,
            modifiers,
            text: None,
            repeat: false,
        };
        let released = keyboard::Event::KeyReleased {
            key: key.clone(),
            modified_key: key,
            physical_key,
            location: keyboard::Location::Standard,
            modifiers,
        };
        self.events(&[Event::Keyboard(pressed), Event::Keyboard(released)]);
    }

    pub fn pad(&mut self, action: gamepad::Action) {
        self.handle(vec![Message::Pad(action)]);
    }

    pub fn click(&mut self, at: Point) {
        self.cursor = mouse::Cursor::Available(at);
        self.events(&[
            Event::Mouse(mouse::Event::CursorMoved { position: at }),
            Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)),
            Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)),
        ]);
    }

    pub fn tap(&mut self, position: Point) {
        let id = touch::Finger(0);
        self.cursor = mouse::Cursor::Available(position);
        self.events(&[
            Event::Touch(touch::Event::FingerPressed { id, position }),
            Event::Touch(touch::Event::FingerLifted { id, position }),
        ]);
        self.cursor = mouse::Cursor::Unavailable;
    }

    /// What the pointer looks like at a place.
    pub fn pointer(&mut self, at: &[Point]) -> Vec<mouse::Interaction> {
        let mut looks = Vec::new();
        self.with_ui(|ui, renderer, messages| {
            for position in at.iter().copied() {
                let cursor = mouse::Cursor::Available(position);
                let moved = Event::Mouse(mouse::Event::CursorMoved { position });
                let (state, _) =
                    ui.update(&[moved], cursor, renderer, &mut clipboard::Null, messages);
                looks.push(match state {
                    State::Updated {
                        mouse_interaction, ..
                    } => mouse_interaction,
                    State::Outdated => mouse::Interaction::None,
                });
            }
        });
        looks
    }

    /// What a finger that taps at each place would send; nothing of it happens.
    pub fn would_send(&mut self, at: &[Point]) -> Vec<String> {
        let id = touch::Finger(0);
        let mut all = Vec::new();
        self.with_ui(|ui, renderer, messages| {
            for position in at.iter().copied() {
                let cursor = mouse::Cursor::Available(position);
                for event in [
                    touch::Event::FingerPressed { id, position },
                    touch::Event::FingerLifted { id, position },
                ] {
                    let one = [Event::Touch(event)];
                    let _ = ui.update(&one, cursor, renderer, &mut clipboard::Null, messages);
                }
                all.push(format!("{:?}", std::mem::take(messages)));
            }
        });
        all
    }

    /// Everything that takes the focus, in the order of the screen.
    pub fn places(&mut self) -> Vec<Place> {
        let mut look = Look::default();
        self.with_ui(|ui, renderer, _| ui.operate(renderer, &mut look));
        look.found
    }

    pub fn focused(&mut self) -> Option<Place> {
        self.places().into_iter().find(|place| place.focused)
    }

    pub fn place(&mut self, id: &'static str) -> Place {
        let id = Id::new(id);
        let all = self.places();
        let found = all.iter().find(|place| place.id == id).cloned();
        found.unwrap_or_else(|| panic!("no {id:?} among {all:?}"))
    }

    /// Gives the focus to a widget as nothing else would, with everything else scrolled back: for
    /// walks that start everywhere.
    pub fn focus(&mut self, id: &Id) {
        for scrolls in [crate::ui::PAGE, crate::ui::LIST, crate::ui::CARDS] {
            let start = scrollable::AbsoluteOffset {
                x: Some(0.0),
                y: Some(0.0),
            };
            self.operate(Box::new(scrollable::scroll_to::<()>(scrolls, start)));
        }
        let operation = iced::advanced::widget::operation::focusable::focus::<()>(id.clone());
        self.operate(Box::new(operation));
        self.run(reveal::focused());
    }

    /// The pixels of the window, RGBA.
    pub fn see(&mut self) -> Vec<u8> {
        let (size, cursor) = (self.size, self.cursor);
        let (theme, mut pixels) = (self.app.theme(), Vec::new());
        self.with_ui(|ui, renderer, _| {
            let style = Style {
                text_color: iced::Color::WHITE,
            };
            ui.draw(renderer, &theme, &style, cursor);
            let size = Size::new(size.width as u32, size.height as u32);
            pixels = renderer.screenshot(size, 1.0, iced::Color::BLACK);
        });
        pixels
    }

    fn events(&mut self, events: &[Event]) {
        let cursor = self.cursor;
        let mut sent = Vec::new();
        self.with_ui(|ui, renderer, messages| {
            for event in events {
                let one = std::slice::from_ref(event);
                let _ = ui.update(one, cursor, renderer, &mut clipboard::Null, messages);
            }
            sent.append(messages);
        });
        self.handle(sent);
    }

    fn handle(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.sent.push(format!("{message:?}"));
            let task = {
                let _inside = self.runtime.enter();
                self.app.update(message)
            };
            self.run(task);
            // What was asked of a widget it answers when it is drawn.
            let drawn = window::Event::RedrawRequested(iced::time::Instant::now());
            self.events(&[Event::Window(drawn)]);
        }
    }

    fn run(&mut self, task: Task<Message>) {
        let Some(mut stream) = runtime::task::into_stream(task) else {
            return;
        };
        let mut context = Context::from_waker(noop_waker_ref());
        let mut patience = PATIENCE;
        loop {
            let polled = {
                let _inside = self.runtime.enter();
                stream.poll_next_unpin(&mut context)
            };
            match polled {
                Poll::Pending if patience > 0 => patience -= 1,
                // What takes time is not waited for.
                Poll::Ready(None) | Poll::Pending => return,
                Poll::Ready(Some(Action::Output(message))) => self.handle(vec![message]),
                Poll::Ready(Some(Action::Widget(operation))) => self.operate(operation),
                Poll::Ready(Some(other)) => self.windows.push(format!("{other:?}")),
            }
        }
    }

    fn operate(&mut self, operation: Box<dyn Operation>) {
        let mut next = Some(operation);
        while let Some(mut operation) = next.take() {
            self.with_ui(|ui, renderer, _| ui.operate(renderer, &mut operation));
            if let Outcome::Chain(more) = operation.finish() {
                next = Some(more);
            }
        }
    }

    fn with_ui(&mut self, work: impl FnOnce(&mut Ui<'_>, &mut iced::Renderer, &mut Vec<Message>)) {
        let cache = self.cache.take().unwrap_or_default();
        let mut ui = UserInterface::build(self.app.view(), self.size, cache, &mut self.renderer);
        let mut messages = Vec::new();
        work(&mut ui, &mut self.renderer, &mut messages);
        self.cache = Some(ui.into_cache());
    }
}

#[derive(Default)]
struct Look {
    found: Vec<Place>,
    scrolled: Vector,
    entering: Vector,
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

    fn focusable(&mut self, id: Option<&Id>, bounds: Rectangle, state: &mut dyn Focusable) {
        self.found.push(Place {
            id: id.cloned().unwrap(),
            bounds: bounds - self.scrolled,
            focused: state.is_focused(),
            ring: false,
            adjusts: false,
        });
    }

    fn custom(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Any) {
        if let Some(state) = state.downcast_ref::<focus::State>()
            && let Some(last) = self.found.last_mut()
        {
            last.ring = state.has_ring();
            last.adjusts = state.adjusts();
        }
    }
}

/// The key of a letter or digit.
pub fn letter(letter: &str) -> keyboard::Key {
    keyboard::Key::Character(letter.into())
}

/// Tab.
pub const TAB: Named = Named::Tab;
