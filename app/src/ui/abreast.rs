//! Cards side by side and of one height, that of the highest. The toolkit's own row stretches a card
//! only to the height of a neighbour that is not stretched, and nobody knows which will be higher.

use iced::advanced::layout::{self, Layout, Limits, Node};
use iced::advanced::widget::{Operation, Tree};
use iced::advanced::{Clipboard, Shell, Widget, mouse, overlay, renderer};
use iced::{Element, Event, Length, Point, Rectangle, Renderer, Size, Theme, Vector};

/// Cards with the parts of the width that each of them gets, `gap` apart.
pub fn abreast<'a, Message: 'a, const N: usize>(
    cards: [(u16, Element<'a, Message>); N],
    gap: f32,
) -> Element<'a, Message> {
    let (parts, cards) = cards.into_iter().unzip();
    Element::new(Abreast { cards, parts, gap })
}

struct Abreast<'a, Message> {
    cards: Vec<Element<'a, Message>>,
    parts: Vec<u16>,
    gap: f32,
}

impl<Message> Abreast<'_, Message> {
    /// How wide each card is in this much room.
    fn widths(&self, room: f32) -> Vec<f32> {
        let gaps = self.gap * self.parts.len().saturating_sub(1) as f32;
        let whole: u16 = self.parts.iter().sum();
        let each = (room - gaps).max(0.0) / f32::from(whole.max(1));
        self.parts
            .iter()
            .map(|part| each * f32::from(*part))
            .collect()
    }
}

impl<Message> Widget<Message, Theme, Renderer> for Abreast<'_, Message> {
    fn children(&self) -> Vec<Tree> {
        self.cards.iter().map(Tree::new).collect()
    }

    fn diff(&self, tree: &mut Tree) {
        tree.diff_children(&self.cards);
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Shrink)
    }

    fn layout(&mut self, tree: &mut Tree, renderer: &Renderer, limits: &Limits) -> Node {
        let room = limits.max();
        let widths = self.widths(room.width);
        let mut lay_out = |least: f32| -> Vec<Node> {
            let cards = self.cards.iter_mut().zip(&mut tree.children);
            cards
                .zip(&widths)
                .map(|((card, tree), width)| {
                    let most = Size::new(*width, room.height.max(least));
                    let limits = Limits::new(Size::new(*width, least), most);
                    card.as_widget_mut().layout(tree, renderer, &limits)
                })
                .collect()
        };
        let highest = |nodes: &[Node]| nodes.iter().map(|n| n.size().height).fold(0.0, f32::max);
        let height = highest(&lay_out(0.0));
        let mut nodes = lay_out(height);
        let mut x = 0.0;
        for (node, width) in nodes.iter_mut().zip(&widths) {
            node.move_to_mut(Point::new(x, 0.0));
            x += width + self.gap;
        }
        layout::Node::with_children(Size::new(room.width, highest(&nodes)), nodes)
    }

    fn operate(
        &mut self,
        tree: &mut Tree,
        layout: Layout<'_>,
        renderer: &Renderer,
        operation: &mut dyn Operation,
    ) {
        operation.traverse(&mut |operation| {
            let cards = self.cards.iter_mut().zip(&mut tree.children);
            for ((card, tree), layout) in cards.zip(layout.children()) {
                let card = card.as_widget_mut();
                card.operate(tree, layout, renderer, operation);
            }
        });
    }

    fn update(
        &mut self,
        tree: &mut Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        renderer: &Renderer,
        clipboard: &mut dyn Clipboard,
        shell: &mut Shell<'_, Message>,
        viewport: &Rectangle,
    ) {
        let cards = self.cards.iter_mut().zip(&mut tree.children);
        for ((card, tree), layout) in cards.zip(layout.children()) {
            card.as_widget_mut().update(
                tree, event, layout, cursor, renderer, clipboard, shell, viewport,
            );
        }
    }

    fn mouse_interaction(
        &self,
        tree: &Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
        renderer: &Renderer,
    ) -> mouse::Interaction {
        let cards = self.cards.iter().zip(&tree.children);
        cards
            .zip(layout.children())
            .map(|((card, tree), layout)| {
                let card = card.as_widget();
                card.mouse_interaction(tree, layout, cursor, viewport, renderer)
            })
            .max()
            .unwrap_or_default()
    }

    fn draw(
        &self,
        tree: &Tree,
        renderer: &mut Renderer,
        theme: &Theme,
        style: &renderer::Style,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        viewport: &Rectangle,
    ) {
        let cards = self.cards.iter().zip(&tree.children);
        for ((card, tree), layout) in cards.zip(layout.children()) {
            let card = card.as_widget();
            card.draw(tree, renderer, theme, style, layout, cursor, viewport);
        }
    }

    fn overlay<'b>(
        &'b mut self,
        tree: &'b mut Tree,
        layout: Layout<'b>,
        renderer: &Renderer,
        viewport: &Rectangle,
        translation: Vector,
    ) -> Option<overlay::Element<'b, Message, Theme, Renderer>> {
        overlay::from_children(
            &mut self.cards,
            tree,
            layout,
            renderer,
            viewport,
            translation,
        )
    }
}

#[cfg(test)]
mod tests {
    use iced::Fill;
    use iced::widget::{container, space};

    use super::*;
    use crate::ui::theme;

    fn heights(cards: [f32; 2], room: Size) -> Vec<Size> {
        let card = |height: f32| {
            let card = container(space().height(height)).width(Fill);
            (1, Element::<'_, ()>::from(card))
        };
        let mut row = abreast(cards.map(card), 10.0);
        let mut tree = Tree::new(&row);
        let renderer = Renderer::new(theme::FONT, theme::BODY.into());
        let limits = Limits::new(Size::ZERO, room);
        let node = row.as_widget_mut().layout(&mut tree, &renderer, &limits);
        node.children().iter().map(Node::size).collect()
    }

    #[test]
    fn both_cards_are_as_high_as_the_higher_one_also_where_the_page_scrolls() {
        let wanted = vec![Size::new(95.0, 80.0); 2];
        assert_eq!(heights([30.0, 80.0], Size::new(200.0, 500.0)), wanted);
        let endless = Size::new(200.0, f32::INFINITY);
        assert_eq!(heights([80.0, 30.0], endless), wanted);
    }

    #[test]
    fn no_room_is_no_panic() {
        let sizes = heights([30.0, 80.0], Size::new(5.0, 0.0));
        assert!(sizes.iter().all(|size| size.width < 0.5), "{sizes:?}");
    }
}
