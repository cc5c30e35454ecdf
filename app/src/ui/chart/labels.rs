//! Room for labels on the graph: each takes the first free place beside its line, lane by lane from
//! the top, and is left out when all are taken. Pure.

use iced::{Color, Rectangle, Size};

/// The height of a lane.
pub const LANE: f32 = 19.0;
/// Kept free at the top for the marks of losses.
const TOP: f32 = 11.0;
/// Between a line and its label, and between two labels.
const GAP: f32 = 6.0;

/// What is taken so far.
#[derive(Debug)]
pub struct Labels {
    area: Rectangle,
    lanes: usize,
    taken: Vec<Rectangle>,
    /// What is said where, to be painted over all lines.
    said: Vec<(Rectangle, String, Color)>,
}

impl Labels {
    /// Nothing yet, in `area`; at the most a third of its height is used.
    pub fn new(area: Rectangle) -> Self {
        let lanes = (area.height / 3.0 / LANE).floor().max(1.0) as usize;
        Self {
            area,
            lanes,
            taken: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Says this beside the line at `x` if there is a place for it.
    pub fn say(&mut self, x: f32, width: f32, text: String, color: Color) {
        if let Some(place) = self.place(x, width) {
            self.said.push((place, text, color));
        }
    }

    /// What was said.
    pub fn into_said(self) -> Vec<(Rectangle, String, Color)> {
        self.said
    }

    /// A place for a label of this width that belongs to the line at `x`: to the right of it or,
    /// where that is full, to the left.
    pub fn place(&mut self, x: f32, width: f32) -> Option<Rectangle> {
        let size = Size::new(width, LANE);
        for lane in 0..self.lanes {
            let y = self.area.y + TOP + lane as f32 * LANE;
            for left in [x + GAP, x - GAP - width] {
                let place = Rectangle::new(iced::Point::new(left, y), size);
                if self.is_free(&place) {
                    self.taken.push(place);
                    return Some(place);
                }
            }
        }
        None
    }

    fn is_free(&self, place: &Rectangle) -> bool {
        let inside = place.x >= self.area.x && place.x + place.width <= self.right();
        let wide = Rectangle {
            x: place.x - GAP,
            width: place.width + 2.0 * GAP,
            y: place.y + 1.0,
            height: place.height - 2.0,
        };
        inside && !self.taken.iter().any(|other| other.intersects(&wide))
    }

    fn right(&self) -> f32 {
        self.area.x + self.area.width
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

    #[test]
    fn labels_of_neighbours_take_lanes_and_never_lie_on_each_other() {
        let mut labels = labels(300.0);
        let places: Vec<_> = (0..40)
            .filter_map(|n| labels.place(60.0 + 9.0 * n as f32, 80.0))
            .collect();
        assert!(places.len() >= 8, "{}", places.len());
        for (index, place) in places.iter().enumerate() {
            assert!(places[index + 1..].iter().all(|p| !p.intersects(place)));
            assert!(place.x >= 50.0 && place.x + place.width <= 450.0);
        }
    }

    #[test]
    fn at_the_right_edge_a_label_lies_to_the_left_and_one_too_wide_is_left_out() {
        let mut labels = labels(300.0);
        let place = labels.place(440.0, 90.0).unwrap();
        assert!(place.x + place.width <= 440.0);
        assert!(labels.place(200.0, 900.0).is_none());
    }

    #[test]
    fn a_low_graph_has_one_lane() {
        let mut labels = labels(30.0);
        assert!(labels.place(100.0, 200.0).is_some());
        assert!(labels.place(150.0, 200.0).is_none());
    }
}
