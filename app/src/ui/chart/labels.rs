//! Room for labels on the graph, lane by lane from the top: each takes the first free place beside its
//! line, and is left out when all are taken. The values of spikes come first, each beside its own
//! tip; what else is said keeps clear of the spikes where it can. Pure.

use iced::{Color, Rectangle, Size};

/// The height of a lane.
pub const LANE: f32 = 19.0;
/// Kept free at the top for the marks of losses.
const TOP: f32 = 11.0;
/// Between a line and its label, and between two labels.
const GAP: f32 = 6.0;
/// Between a spike and a label that has nothing to do with it.
const CLEAR: f32 = 3.0;

/// On which side of its line a label may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// On either.
    Either,
    /// Only on the right one, for it says what begins there.
    Right,
}

/// Something to be said beside a line.
#[derive(Debug)]
struct Wish {
    x: f32,
    width: f32,
    text: String,
    color: Color,
    side: Side,
}

/// A label at its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where it lies.
    pub place: Rectangle,
    /// What it says.
    pub text: String,
    /// In which colour.
    pub color: Color,
}

/// What is to be said.
#[derive(Debug)]
pub struct Labels {
    area: Rectangle,
    lanes: usize,
    tips: Vec<Wish>,
    wishes: Vec<Wish>,
}

impl Labels {
    /// Nothing yet, in `area`; at the most a third of its height is used.
    pub fn new(area: Rectangle) -> Self {
        let lanes = (area.height / 3.0 / LANE).floor().max(1.0) as usize;
        Self {
            area,
            lanes,
            tips: Vec::new(),
            wishes: Vec::new(),
        }
    }

    /// Says this beside the line at `x` if there is a place for it.
    pub fn say(&mut self, x: f32, width: f32, text: String, color: Color) {
        let wish = Wish::new(x, width, text, color, Side::Either);
        self.wishes.push(wish);
    }

    /// The same of something that begins at `x`: never on the side before it.
    pub fn say_after(&mut self, x: f32, width: f32, text: String, color: Color) {
        let wish = Wish::new(x, width, text, color, Side::Right);
        self.wishes.push(wish);
    }

    /// The value of a spike that is cut off at `x`. What is told first counts most.
    pub fn tip(&mut self, x: f32, width: f32, text: String, color: Color) {
        let wish = Wish::new(x, width, text, color, Side::Either);
        self.tips.push(wish);
    }

    /// Everything there is a place for.
    pub fn placed(self) -> Vec<Label> {
        let spikes: Vec<f32> = self.tips.iter().map(|tip| tip.x).collect();
        let mut taken: Vec<Rectangle> = Vec::new();
        let mut labels = Vec::new();
        let mut put = |wish: Wish, place: Rectangle, taken: &mut Vec<Rectangle>| {
            taken.push(place);
            labels.push(Label {
                place,
                text: wish.text,
                color: wish.color,
            });
        };
        // A value that lies on another spike would be taken for that one's.
        for (index, tip) in self.tips.into_iter().enumerate() {
            let mut others = spikes.clone();
            let _ = others.remove(index);
            let room = Room {
                area: self.area,
                lanes: 1,
                spikes: &others,
            };
            if let Some(place) = room.place(&tip, &taken) {
                put(tip, place, &mut taken);
            }
        }
        for wish in self.wishes {
            let room = |spikes| Room {
                area: self.area,
                lanes: self.lanes,
                spikes,
            };
            let clear = room(&spikes).place(&wish, &taken);
            if let Some(place) = clear.or_else(|| room(&[]).place(&wish, &taken)) {
                put(wish, place, &mut taken);
            }
        }
        labels
    }
}

impl Wish {
    fn new(x: f32, width: f32, text: String, color: Color, side: Side) -> Self {
        Self {
            x,
            width,
            text,
            color,
            side,
        }
    }
}

/// Where a label may lie.
struct Room<'a> {
    area: Rectangle,
    lanes: usize,
    /// Must not be covered.
    spikes: &'a [f32],
}

impl Room<'_> {
    /// A place that is not taken: to the right of the line or, where that is full, to the left.
    fn place(&self, wish: &Wish, taken: &[Rectangle]) -> Option<Rectangle> {
        let size = Size::new(wish.width, LANE);
        let right = wish.x + GAP;
        let left = (wish.side == Side::Either).then_some(wish.x - GAP - wish.width);
        (0..self.lanes).find_map(|lane| {
            let y = self.area.y + TOP + lane as f32 * LANE;
            let sides = [Some(right), left].into_iter().flatten();
            let mut places = sides.map(|x| Rectangle::new(iced::Point::new(x, y), size));
            places.find(|place| self.is_free(place, taken))
        })
    }

    fn is_free(&self, place: &Rectangle, taken: &[Rectangle]) -> bool {
        let end = place.x + place.width;
        let inside = place.x >= self.area.x && end <= self.area.x + self.area.width;
        let wide = Rectangle {
            x: place.x - GAP,
            width: place.width + 2.0 * GAP,
            y: place.y + 1.0,
            height: place.height - 2.0,
        };
        let covers = |x: &f32| (place.x - CLEAR..end + CLEAR).contains(x);
        inside
            && !taken.iter().any(|other| other.intersects(&wide))
            && !self.spikes.iter().any(covers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::Point;

    fn labels(height: f32) -> Labels {
        let size = Size::new(400.0, height);
        Labels::new(Rectangle::new(Point::new(50.0, 10.0), size))
    }

    fn say(labels: &mut Labels, x: f32, width: f32) {
        labels.say(x, width, format!("{x}"), Color::WHITE);
    }

    fn tip(labels: &mut Labels, x: f32) {
        labels.tip(x, 24.0, format!("{x}"), Color::WHITE);
    }

    fn place_of(placed: &[Label], x: f32) -> Rectangle {
        let label = placed.iter().find(|label| label.text == format!("{x}"));
        label.unwrap().place
    }

    #[test]
    fn labels_of_neighbours_take_lanes_and_never_lie_on_each_other() {
        let mut labels = labels(300.0);
        for n in 0..40 {
            say(&mut labels, 60.0 + 9.0 * n as f32, 80.0);
        }
        let placed = labels.placed();
        assert!(placed.len() >= 8, "{}", placed.len());
        for (index, Label { place, .. }) in placed.iter().enumerate() {
            let later = &placed[index + 1..];
            assert!(later.iter().all(|other| !other.place.intersects(place)));
            assert!(place.x >= 50.0 && place.x + place.width <= 450.0);
        }
    }

    #[test]
    fn at_the_right_edge_a_label_lies_to_the_left_and_one_too_wide_is_left_out() {
        let mut labels = labels(300.0);
        say(&mut labels, 440.0, 90.0);
        say(&mut labels, 200.0, 900.0);
        let placed = labels.placed();
        assert_eq!(placed.len(), 1);
        assert!(placed[0].place.x + 90.0 <= 440.0);
    }

    #[test]
    fn a_low_graph_has_one_lane() {
        let mut labels = labels(30.0);
        say(&mut labels, 100.0, 200.0);
        say(&mut labels, 150.0, 200.0);
        assert_eq!(labels.placed().len(), 1);
    }

    #[test]
    fn values_of_near_spikes_lie_on_either_side_of_them_and_beside_the_tips() {
        for order in [[200.0, 203.0], [203.0, 200.0]] {
            let mut labels = labels(300.0);
            say(&mut labels, 190.0, 80.0);
            for x in order {
                tip(&mut labels, x);
            }
            let placed = labels.placed();
            let (left, right) = (place_of(&placed, 200.0), place_of(&placed, 203.0));
            assert!(left.x + left.width < 200.0 && right.x > 203.0, "{placed:?}");
            assert!((left.y - 21.0).abs() < 0.1 && (right.y - 21.0).abs() < 0.1);
        }
    }

    #[test]
    fn a_value_between_two_other_spikes_is_left_out_and_no_label_lies_on_one_without_need() {
        let mut labels = labels(300.0);
        for x in [190.0, 200.0, 210.0] {
            tip(&mut labels, x);
        }
        say(&mut labels, 150.0, 70.0);
        let placed = labels.placed();
        assert_eq!(placed.len(), 3, "{placed:?}");
        assert!(placed.iter().all(|label| label.text != "200"));
        let said = place_of(&placed, 150.0);
        assert!(said.x + said.width < 150.0, "{said:?}");
    }

    #[test]
    fn what_begins_at_a_line_is_said_after_it_even_over_a_spike() {
        let mut labels = labels(300.0);
        tip(&mut labels, 180.0);
        labels.say_after(150.0, 70.0, "150".to_owned(), Color::WHITE);
        let said = place_of(&labels.placed(), 150.0);
        assert!(said.x > 150.0);
    }
}
