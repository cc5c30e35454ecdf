//! A text field that is reached as everything else is: its focus is ours, and the toolkit's own,
//! which lets it take letters, follows it. Left and right move the caret; Escape leaves.

use iced::advanced::layout::{self, Layout};
use iced::advanced::widget::operation::Focusable;
use iced::advanced::widget::{Id, Operation, Tree, tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, overlay, renderer};
use iced::keyboard::key::Named;
use iced::keyboard::{self, Key};
use iced::{Element, Event, Length, Rectangle, Size, Theme, Vector, touch};

use super::{State, draw_ring};

/// Makes the text field `content` reachable under a name that stays the same.
pub fn field<'a, Message: 'a>(
    id: impl Into<Id>,
    content: impl Into<Element<'a, Message>>,
) -> Element<'a, Message> {
    Element::new(Field {
        content: content.into(),
        id: id.into(),
    })
}

struct Field<'a, Message> {
    content: Element<'a, Message>,
    id: Id,
}

/// Gives the toolkit's field the focus, or takes it.
struct Follow(bool);

impl Operation for Follow {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }

    fn focusable(&mut self, _id: Option<&Id>, _bounds: Rectangle, state: &mut dyn Focusable) {
        match (self.0, state.is_focused()) {
            (true, false) => state.focus(),
            (false, true) => state.unfocus(),
            _ => {}
        }
    }
}

impl<Message> Widget<Message, Theme, iced::Renderer> for Field<'_, Message> {
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
        state.adjusts = true;
        operation.focusable(Some(&self.id), layout.bounds(), state);
        operation.custom(Some(&self.id), layout.bounds(), state);
        let mut follow = Follow(state.focused);
        let content = self.content.as_widget_mut();
        content.operate(&mut tree.children[0], layout, renderer, &mut follow);
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
        // Letters are all it can be asked for.
        state.asked = None;
        match event {
            Event::Mouse(mouse::Event::ButtonPressed(_))
            | Event::Touch(touch::Event::FingerPressed { .. }) => {
                state.pressed(cursor.is_over(layout.bounds()), shell);
            }
            Event::Keyboard(keyboard::Event::KeyPressed {
                key: Key::Named(Named::Escape),
                ..
            }) => state.unfocus(),
            _ => {}
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
