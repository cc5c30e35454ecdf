//! Where things lie on the graph: time and value to pixels and back. Pure.

use iced::{Rectangle, Size};

const LEFT: f32 = 46.0;
const RIGHT: f32 = 10.0;
const TOP: f32 = 16.0;
const BOTTOM: f32 = 28.0;
/// The graph moves on in steps of at least this.
const QUANTUM_NS: u64 = 200_000_000;

/// The graph's inner rectangle and its two axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plot {
    /// Where the lines are.
    pub area: Rectangle,
    /// The time at the right edge.
    pub end_ns: u64,
    /// The time one pixel stands for.
    pub column_ns: u64,
    /// The value at the upper edge.
    pub top_us: u32,
}

impl Plot {
    /// The axes for a graph of `size` that ends at `end_ns`; the end is moved back to a whole
    /// column, so that the picture changes only when a column is complete.
    pub fn new(size: Size, end_ns: u64, span_ns: u64, top_us: u32) -> Self {
        let area = Rectangle {
            x: LEFT,
            y: TOP,
            width: (size.width - LEFT - RIGHT).floor().max(1.0),
            height: (size.height - TOP - BOTTOM).floor().max(1.0),
        };
        let column_ns = (span_ns / area.width as u64).max(1);
        let step_ns = QUANTUM_NS.div_ceil(column_ns).max(1) * column_ns;
        Self {
            area,
            end_ns: end_ns / step_ns * step_ns,
            column_ns,
            top_us: top_us.max(1),
        }
    }

    /// The time at the left edge.
    pub fn start_ns(self) -> u64 {
        let width = self.area.width as u64;
        self.end_ns.saturating_sub(width * self.column_ns)
    }

    /// Where a moment lies, kept inside the area.
    pub fn x(self, at_ns: u64) -> f32 {
        let ago = self.end_ns.saturating_sub(at_ns) as f64 / self.column_ns as f64;
        (self.area.x + self.area.width - ago as f32).max(self.area.x)
    }

    /// Where a value lies, kept inside the area.
    pub fn y(self, rtt_us: u32) -> f32 {
        let share = (rtt_us as f32 / self.top_us as f32).min(1.0);
        self.area.y + self.area.height * (1.0 - share)
    }

    /// The moment under a position.
    pub fn at_ns(self, x: f32) -> u64 {
        let columns = (self.area.x + self.area.width - x).max(0.0);
        let ago = (f64::from(columns) * self.column_ns as f64) as u64;
        self.end_ns.saturating_sub(ago)
    }

    /// Where a round trip lies from left to right, where the graph has no time.
    pub fn across(self, rtt_us: u32) -> f32 {
        let share = (rtt_us as f32 / self.top_us as f32).min(1.0);
        self.area.x + self.area.width * share
    }

    /// The round trip at a position from left to right.
    pub fn across_us(self, x: f32) -> u32 {
        let share = ((x - self.area.x) / self.area.width).clamp(0.0, 1.0);
        (f64::from(share) * f64::from(self.top_us)).round() as u32
    }

    /// The lower edge.
    pub fn bottom(self) -> f32 {
        self.area.y + self.area.height
    }

    /// The right edge.
    pub fn right(self) -> f32 {
        self.area.x + self.area.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_NS: u64 = 60_000_000_000;

    fn plot(end_ns: u64) -> Plot {
        Plot::new(Size::new(856.0, 344.0), end_ns, MINUTE_NS, 100_000)
    }

    #[test]
    fn the_edges_are_the_window() {
        let plot = plot(10 * MINUTE_NS);
        assert!((plot.x(plot.end_ns) - plot.right()).abs() < 0.01);
        assert!((plot.x(plot.start_ns()) - plot.area.x).abs() < 0.01);
        assert!((plot.y(100_000) - plot.area.y).abs() < 0.01);
        assert!((plot.y(0) - plot.bottom()).abs() < 0.01);
    }

    #[test]
    fn nothing_is_drawn_outside_the_area() {
        let plot = plot(10 * MINUTE_NS);
        assert!((plot.y(u32::MAX) - plot.area.y).abs() < 0.01);
        assert!(plot.x(0) >= plot.area.x);
        assert!(plot.x(u64::MAX) <= plot.right());
    }

    #[test]
    fn a_position_and_its_moment_belong_together() {
        let plot = plot(10 * MINUTE_NS);
        let at_ns = plot.end_ns - 20 * plot.column_ns;
        assert_eq!(plot.at_ns(plot.x(at_ns)), at_ns);
    }

    #[test]
    fn round_trips_from_left_to_right_belong_to_their_positions() {
        let plot = plot(10 * MINUTE_NS);
        for us in [0, 1_000, 50_000, 100_000] {
            assert!(plot.across_us(plot.across(us)).abs_diff(us) <= 1, "{us}");
        }
        assert!((plot.across(u32::MAX) - plot.right()).abs() < 0.01);
        assert_eq!(plot.across_us(-5.0), 0);
    }

    #[test]
    fn the_picture_stays_until_a_column_is_complete() {
        let early = plot(10 * MINUTE_NS);
        let end_ns = early.end_ns;
        assert_eq!(plot(end_ns), plot(end_ns + QUANTUM_NS / 2));
        assert_ne!(plot(end_ns), plot(end_ns + 2 * QUANTUM_NS));
    }

    #[test]
    fn no_size_is_too_small() {
        let plot = Plot::new(Size::new(1.0, 1.0), 5, MINUTE_NS, 0);
        assert!(plot.x(3).is_finite() && plot.y(3).is_finite());
    }
}
