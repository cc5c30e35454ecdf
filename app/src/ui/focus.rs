//! Reach without a pointer for widgets that iced gives none: a ring, Tab and arrows, Enter or Space
//! to press, left and right to adjust; [`super::spatial`] asks for the same. [`keys`] hears what no
//! focused widget took, [`inert`] takes what is behind a question out of reach.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::operation::Focusable;
use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, overlay, renderer};
use iced::keyboard::key::Named;
use iced::keyboard::{self, Key, Modifiers};
use iced::{Border, Color, Element, Event, Length, Rectangle, Size, Theme, Vector, touch};

use super::theme;

/// How far outside the widget the ring lies, in logical pixels.
const RING_GAP: f32 = 2.0;

/// What every wrapper here leaves to its content: what is in it, and its layout.
macro_rules! lay_out_content {
    () => {
        fn children(&self) -> Vec<Tree> {
            vec![Tree::new(&self.content)]
        }

        fn diff(&self, tree: &mut Tree) {
            tree.diff_children(std::slice::from_ref(&self.content));
        }

        fn size(&self) -> Size<Length> {
            self.content.as_widget().size()
        }

        fn layout(
            &mut self,
            tree: &mut Tree,
            renderer: &iced::Renderer,
            limits: &layout::Limits,
        ) -> layout::Node {
            let child = &mut tree.children[0];
            self.content.as_widget_mut().layout(child, renderer, limits)
        }
    };
}

/// What a wrapper that can be reached leaves to its content besides: its cursor, what floats above it.
macro_rules! leave_to_content {
    () => {
        lay_out_content!();

        fn mouse_interaction(
            &self,
            tree: &Tree,
            layout: Layout<'_>,
            cursor: mouse::Cursor,
            viewport: &Rectangle,
            renderer: &iced::Renderer,
        ) -> mouse::Interaction {
            let content = self.content.as_widget();
            content.mouse_interaction(&tree.children[0], layout, cursor, viewport, renderer)
        }

        fn overlay<'b>(
            &'b mut self,
            tree: &'b mut Tree,
            layout: Layout<'b>,
            renderer: &iced::Renderer,
            viewport: &Rectangle,
            translation: Vector,
        ) -> Option<overlay::Element<'b, Message, Theme, iced::Renderer>> {
            let content = self.content.as_widget_mut();
            content.overlay(
                &mut tree.children[0],
                layout,
                renderer,
                viewport,
                translation,
            )
        }
    };
}

mod field;

pub use field::field;

/// Makes `content` reachable under a name that stays the same from one view to the next.
pub fn focus<'a, Message: 'a>(
    id: impl Into<Id>,
    content: impl Into<Element<'a, Message>>,
) -> Focus<'a, Message> {
    Focus {
        content: content.into(),
        id: id.into(),
        press: None,
        adjust: None,
    }
}

/// See [`focus`].
pub struct Focus<'a, Message> {
    content: Element<'a, Message>,
    id: Id,
    press: Option<Message>,
    adjust: Option<Box<dyn Fn(i32) -> Option<Message> + 'a>>,
}

impl<'a, Message> Focus<'a, Message> {
    /// What Enter and Space do; nothing when `None`, though the widget can still be reached.
    #[must_use]
    pub fn on_press(mut self, message: Option<Message>) -> Self {
        self.press = message;
        self
    }

    /// What the left (-1) and right (1) arrows do: a message, or none at an end.
    #[must_use]
    pub fn on_adjust<Step: Into<Option<Message>>>(
        mut self,
        message: impl Fn(i32) -> Step + 'a,
    ) -> Self {
        self.adjust = Some(Box::new(move |steps| message(steps).into()));
        self
    }

    fn answer(&self, ask: Ask) -> Option<Message>
    where
        Message: Clone,
    {
        match ask {
            Ask::Press => self.press.clone(),
            Ask::Adjust(steps) => self.adjust.as_ref().and_then(|adjust| adjust(steps)),
        }
    }
}

/// What a focused widget can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// To do what pressing it does.
    Press,
    /// To move by so many steps: -1 to the left, 1 to the right.
    Adjust(i32),
}

impl Ask {
    fn by(key: Named) -> Option<Self> {
        match key {
            Named::Enter | Named::Space => Some(Self::Press),
            Named::ArrowLeft => Some(Self::Adjust(-1)),
            Named::ArrowRight => Some(Self::Adjust(1)),
            _ => None,
        }
    }
}

/// Focused by the keyboard or a gamepad shows the ring; focused by the pointer does not.
#[derive(Debug, Default)]
pub struct State {
    focused: bool,
    ring: bool,
    adjusts: bool,
    asked: Option<Ask>,
}

impl State {
    /// A pointer or a finger was put down, `inside` or elsewhere: the focus follows, unringed.
    fn pressed<Message>(&mut self, inside: bool, shell: &mut Shell<'_, Message>) {
        if self.ring {
            shell.request_redraw();
        }
        self.ring = false;
        self.focused = inside;
    }

    /// True when left and right adjust it instead of leaving it.
    pub fn adjusts(&self) -> bool {
        self.adjusts
    }

    /// True when the ring shows.
    #[cfg(test)]
    pub fn has_ring(&self) -> bool {
        self.ring
    }

    /// Asks it for something, to be answered with the next event.
    pub fn ask(&mut self, ask: Ask) {
        self.asked = Some(ask);
    }
}

impl Focusable for State {
    fn is_focused(&self) -> bool {
        self.focused
    }

    fn focus(&mut self) {
        self.focused = true;
        self.ring = true;
    }

    fn unfocus(&mut self) {
        *self = Self::default();
    }
}

impl<Message: Clone> Widget<Message, Theme, iced::Renderer> for Focus<'_, Message> {
    leave_to_content!();

    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<State>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(State::default())
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &iced::Renderer,
        operation: &mut dyn Operation,
    ) {
        let state = tree.state.downcast_mut::<State>();
        state.adjusts = self.adjust.is_some();
        operation.focusable(Some(&self.id), layout.bounds(), state);
        operation.custom(Some(&self.id), layout.bounds(), state);
        let child = &mut tree.children[0];
        let content = self.content.as_widget_mut();
        content.operate(child, layout, renderer, operation);
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &iced::Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        let state = tree.state.downcast_mut::<State>();
        if let Some(message) = state.asked.take().and_then(|ask| self.answer(ask)) {
            shell.publish(message);
        }
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(_))
            | Event::Touch(touch::Event::FingerPressed { .. }) => {
                state.pressed(cursor.is_over(layout.bounds()), shell);
            }
            Event::Keyboard(keyboard::Event::KeyPressed {
                key: Key::Named(key),
                ..
            }) if state.focused => {
                if let Some(message) = Ask::by(*key).and_then(|ask| self.answer(ask)) {
                    shell.publish(message);
                    shell.capture_event();
                    return;
                }
            }
            _ => {}
        }
        // A slider takes the arrows while the pointer rests on it; they belong to the focus.
        if self.adjust.is_some() && matches!(event, Event::Keyboard(_)) {
            return;
        }
        let child = &mut tree.children[0];
        let content = self.content.as_widget_mut();
        content.update(
            child, event, layout, cursor, renderer, clipboard, shell, viewport,
        );
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let (child, content) = (&tree.children[0], self.content.as_widget());
        content.draw(child, renderer, theme, style, layout, cursor, viewport);
        if tree.state.downcast_ref::<State>().ring {
            draw_ring(renderer, theme, layout.bounds(), viewport);
        }
    }
}

/// The ring around what has the focus.
fn draw_ring(
    renderer: &mut iced::Renderer,
    theme: &Theme,
    bounds: Rectangle,
    viewport: &Rectangle,
) {
    use iced::advanced::Renderer as _;
    let ring = renderer::Quad {
        bounds: bounds.expand(RING_GAP),
        border: Border {
            color: theme::palette(theme).focus,
            width: 2.0,
            radius: (theme::RADIUS + RING_GAP).into(),
        },
        ..renderer::Quad::default()
    };
    renderer.with_layer(*viewport, |renderer| {
        renderer.fill_quad(ring, Color::TRANSPARENT);
    });
}

impl<'a, Message: Clone + 'a> From<Focus<'a, Message>> for Element<'a, Message> {
    fn from(focus: Focus<'a, Message>) -> Self {
        Element::new(focus)
    }
}

/// Shows `content` and lets nobody reach it, by pointer, finger, keyboard or gamepad.
pub fn inert<'a, Message: 'a>(content: impl Into<Element<'a, Message>>) -> Element<'a, Message> {
    Element::new(Inert {
        content: content.into(),
    })
}

struct Inert<'a, Message> {
    content: Element<'a, Message>,
}

impl<Message> Widget<Message, Theme, iced::Renderer> for Inert<'_, Message> {
    lay_out_content!();

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        _cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let (child, content) = (&tree.children[0], self.content.as_widget());
        let nowhere = mouse::Cursor::Unavailable;
        content.draw(child, renderer, theme, style, layout, nowhere, viewport);
    }
}

/// A key press as the window understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Press {
    /// A named key.
    Named(Named),
    /// A letter or digit by its place on a Latin keyboard, so that it works while typing Korean.
    Latin(char),
}

/// Hears the keys that nothing inside `content` took.
pub fn keys<'a, Message: 'a>(
    content: impl Into<Element<'a, Message>>,
    heard: impl Fn(Press, Modifiers) -> Option<Message> + 'a,
) -> Element<'a, Message> {
    Element::new(Keys {
        content: content.into(),
        heard: Box::new(heard),
    })
}

struct Keys<'a, Message> {
    content: Element<'a, Message>,
    heard: Box<dyn Fn(Press, Modifiers) -> Option<Message> + 'a>,
}

impl<Message> Widget<Message, Theme, iced::Renderer> for Keys<'_, Message> {
    leave_to_content!();

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &iced::Renderer,
        operation: &mut dyn Operation,
    ) {
        let content = self.content.as_widget_mut();
        content.operate(&mut tree.children[0], layout, renderer, operation);
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &iced::Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        let child = &mut tree.children[0];
        let content = self.content.as_widget_mut();
        content.update(
            child, event, layout, cursor, renderer, clipboard, shell, viewport,
        );
        if shell.is_event_captured() {
            return;
        }
        if let Event::Keyboard(keyboard::Event::KeyPressed {
            key,
            physical_key,
            modifiers,
            ..
        }) = event
            && let Some(press) = press(key, *physical_key)
            && let Some(message) = (self.heard)(press, *modifiers)
        {
            shell.publish(message);
            shell.capture_event();
        }
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut iced::Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let (child, content) = (&tree.children[0], self.content.as_widget());
        content.draw(child, renderer, theme, style, layout, cursor, viewport);
    }
}

fn press(key: &Key, physical: keyboard::key::Physical) -> Option<Press> {
    if let Key::Named(named) = key {
        return Some(Press::Named(*named));
    }
    let latin = key.to_latin(physical)?;
    Some(Press::Latin(latin.to_ascii_lowercase()))
}
