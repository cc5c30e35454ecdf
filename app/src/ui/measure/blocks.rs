//! The blocks as they fill, pair by pair: arm A above, arm B below, each block at its turn, with the
//! looks marked. Says nothing about the outcome: nobody has looked yet.

use evenkeel_core::ab::Arm;
use evenkeel_core::ab::plan::order;
use evenkeel_dbus::measurement::MeasurementState;
use iced::advanced::text::Alignment;
use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Color, Pixels, Point, Size, alignment, border};

use crate::measure::Snapshot;
use crate::ui::drawing::Picture;
use crate::ui::theme::{self, Ink, Look, Palette};
use crate::words::{Key, Language, Words};

/// The height of the whole.
pub const HEIGHT: f32 = 144.0;
/// For the names of the looks.
const ABOVE: f32 = 24.0;
/// For the letters of the arms.
const LEFT: f32 = 28.0;
/// Between two pairs, and at least so wide is a block.
const GAP: f32 = 5.0;
const LEAST: f32 = 2.0;
/// How much is seen of what comes later.
const TODO: f32 = 0.5;

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fill {
    /// It comes later.
    Todo,
    /// It is measured now.
    Now,
    /// It is the next one, and waits.
    Held,
    /// It is measured.
    Done,
}

/// One block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Its arm.
    pub arm: Arm,
    /// Where it is.
    pub fill: Fill,
}

/// The blocks in the order of their turns, which is known beforehand: it is drawn from the seed.
pub fn blocks(snapshot: &Snapshot) -> Vec<Block> {
    let done = snapshot.progress.blocks_done;
    let arms = (0..snapshot.plan.pairs).flat_map(|pair| order(snapshot.seed, pair));
    let block = |(number, arm): (u32, Arm)| {
        let fill = match snapshot.state {
            _ if number < done => Fill::Done,
            MeasurementState::Running if number == done => Fill::Now,
            MeasurementState::Paused if number == done => Fill::Held,
            _ => Fill::Todo,
        };
        Block { arm, fill }
    };
    (0..).zip(arms).map(block).collect()
}

/// Milliseconds until each look at the most, the next one first: pairs that it comes after, and time.
pub fn looks(snapshot: &Snapshot, now_ns: u64) -> Vec<(u32, u64)> {
    let plan = snapshot.plan;
    let first = Some(plan.first_look).filter(|pairs| *pairs > 0);
    let after = |pairs: u32| {
        let missing = (2 * pairs).saturating_sub(snapshot.progress.blocks_done);
        let under_way =
            snapshot.progress.ends_ns > 0 && snapshot.state == MeasurementState::Running;
        let whole = missing.saturating_sub(u32::from(under_way));
        let rest_ms = snapshot.progress.ends_ns.saturating_sub(now_ns) / 1_000_000;
        let rest_ms = rest_ms.min(plan.block_ms.into());
        u64::from(whole) * u64::from(plan.block_ms) + if under_way { rest_ms } else { 0 }
    };
    let to_come = |pairs: &u32| 2 * pairs > snapshot.progress.blocks_done;
    let looks = first.into_iter().chain([plan.pairs]);
    looks
        .filter(to_come)
        .map(|pairs| (pairs, after(pairs)))
        .collect()
}

/// The drawing.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    /// What is drawn.
    pub snapshot: &'a Snapshot,
    /// The language.
    pub words: &'a Words,
}

impl Picture for Drawing<'_> {
    type Shows = (u64, u32, MeasurementState, Language);

    fn shows(&self) -> Self::Shows {
        let Snapshot { seed, state, .. } = *self.snapshot;
        let done = self.snapshot.progress.blocks_done;
        (seed, done, state, self.words.language())
    }

    fn paint(&self, look: Look, frame: &mut Frame) {
        let palette = look.palette();
        let size = frame.size();
        let pairs = self.snapshot.plan.pairs.max(1);
        let pair_width = (size.width - LEFT) / pairs as f32;
        let gap = if pair_width > 3.0 * GAP { GAP } else { 2.0 };
        let width = ((pair_width - gap) / 2.0).max(LEAST);
        let lane = (size.height - ABOVE) / 2.0;
        for (number, name) in ["A", "B"].into_iter().enumerate() {
            let y = ABOVE + lane * (number as f32 + 0.5);
            let color = palette.ink(Ink::Uplink(number));
            let at = Point::new(0.0, y);
            frame.fill_text(text(name.to_owned(), at, color, Alignment::Left));
        }
        for (number, block) in blocks(self.snapshot).into_iter().enumerate() {
            let (pair, turn) = ((number / 2) as f32, (number % 2) as f32);
            let below = f32::from(u8::from(block.arm == Arm::B));
            let at = Point::new(
                LEFT + pair * pair_width + turn * width,
                ABOVE + lane * below + 3.0,
            );
            let size = Size::new((width - 1.0).max(1.0), lane - 6.0);
            paint_block(block, at, size, palette, frame);
        }
        self.mark_looks(pair_width, gap, palette, frame);
    }
}

impl Drawing<'_> {
    fn mark_looks(&self, pair_width: f32, gap: f32, palette: &Palette, frame: &mut Frame) {
        let (plan, bottom) = (self.snapshot.plan, frame.height());
        let looks = [
            (plan.first_look, Key::MeasureLookFirst),
            (plan.pairs, Key::MeasureLookLast),
        ];
        for (pairs, name) in looks.into_iter().filter(|(pairs, _)| *pairs > 0) {
            let x = (LEFT + pair_width * pairs as f32 - gap / 2.0).round() - 0.5;
            let line = Path::line(Point::new(x, 2.0), Point::new(x, bottom));
            let stroke = Stroke::default().with_width(1.0).with_color(palette.quiet);
            frame.stroke(&line, stroke);
            let at = Point::new(x - 6.0, ABOVE / 2.0 - 2.0);
            let name = self.words.say(name);
            frame.fill_text(text(name, at, palette.quiet, Alignment::Right));
        }
    }
}

fn paint_block(block: Block, at: Point, size: Size, palette: &Palette, frame: &mut Frame) {
    let slot = usize::from(block.arm == Arm::B);
    let color = palette.ink(Ink::Uplink(slot));
    let shape = Path::rounded_rectangle(at, size, border::Radius::from(2.0));
    let edge = |color: Color| Stroke::default().with_width(1.0).with_color(color);
    match block.fill {
        Fill::Done => frame.fill(&shape, color),
        Fill::Now => {
            frame.fill(&shape, color.scale_alpha(0.35));
            frame.stroke(&shape, edge(palette.text));
        }
        Fill::Held => frame.stroke(&shape, edge(palette.warn)),
        Fill::Todo => frame.stroke(&shape, edge(palette.quiet.scale_alpha(TODO))),
    }
}

fn text(content: String, position: Point, color: Color, align_x: Alignment) -> Text {
    Text {
        content,
        position,
        color,
        size: Pixels(theme::SMALL),
        font: theme::BOLD,
        align_x,
        align_y: alignment::Vertical::Center,
        ..Text::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::judged;
    use evenkeel_core::ab::Verdict;

    fn running(done: u32) -> Snapshot {
        let mut snapshot = judged(Verdict::Better);
        snapshot.state = MeasurementState::Running;
        snapshot.progress.blocks_done = done;
        snapshot
    }

    #[test]
    fn blocks_fill_in_the_order_that_the_helper_draws_too() {
        let all = blocks(&running(3));
        assert_eq!(all.len(), 60);
        for (pair, blocks) in all.chunks_exact(2).enumerate() {
            let arms = [blocks[0].arm, blocks[1].arm];
            assert_eq!(arms, order(7, pair as u32));
        }
        let fills: Vec<Fill> = all.iter().map(|block| block.fill).collect();
        assert!(fills[..3].iter().all(|fill| *fill == Fill::Done));
        assert_eq!(fills[3], Fill::Now);
        assert!(fills[4..].iter().all(|fill| *fill == Fill::Todo));
        let mut paused = running(2);
        paused.state = MeasurementState::Paused;
        assert_eq!(blocks(&paused)[2].fill, Fill::Held);
    }

    #[test]
    fn what_is_left_counts_the_rest_of_the_block_under_way_and_both_looks() {
        let mut snapshot = running(39);
        snapshot.progress.ends_ns = 50_000_000_000;
        assert_eq!(
            looks(&snapshot, 46_000_000_000),
            [(20, 4_000), (30, 204_000)]
        );
        // A clock that is behind makes a block no longer.
        assert_eq!(looks(&snapshot, 0), [(20, 10_000), (30, 210_000)]);
        snapshot.progress.blocks_done = 40;
        assert_eq!(looks(&snapshot, 46_000_000_000), [(30, 194_000)]);
        snapshot.state = MeasurementState::Paused;
        snapshot.progress.ends_ns = 0;
        assert_eq!(looks(&snapshot, 0), [(30, 200_000)]);
        snapshot.plan.first_look = 0;
        snapshot.progress.blocks_done = 0;
        assert_eq!(looks(&snapshot, 0), [(30, 600_000)]);
    }
}
