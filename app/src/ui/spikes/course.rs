//! The small graph of one spike: what its uplink measured around that moment, and the others behind
//! it. Where nothing is left of that moment there is no graph.

use evenkeel_core::blame::Spike;
use iced::widget::canvas::{self, Frame, Path};
use iced::{Color, Element, Fill, Length, Pixels, Point, Rectangle, Size};

use super::Id;
use crate::ui::blame;
use crate::ui::chart::{clock, text_width};
use crate::ui::drawing::{Picture, picture};
use crate::ui::history::{Bucket, GAP_NS};
use crate::ui::model::{Model, Track};
use crate::ui::scale::Scale;
use crate::ui::theme::{self, Ink, Look, Palette, wash};
use crate::words::{Language, Words};

/// What is shown before and after it, at the least.
const AROUND_NS: u64 = 5_000_000_000;
const LEFT: f32 = 46.0;
const RIGHT: f32 = 8.0;
const TOP: f32 = 8.0;
const BOTTOM: f32 = 24.0;
/// A low graph has no times below it.
const LOW: f32 = 72.0;
/// How strongly other uplinks show.
const BEHIND: f32 = 0.45;
/// The part of the colour of the blamed behind the spike.
const WASH: f32 = 0.16;

/// The least width of what stands for the spike.
const LEAST: f32 = 6.0;

/// The stretch of time that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from_ns: u64,
    pub to_ns: u64,
}

/// What to show of a spike: as much before and after it as it was long, and [`AROUND_NS`] at least.
pub fn stretch(spike: &Spike) -> Stretch {
    let around_ns = spike.length_ns().max(AROUND_NS);
    Stretch {
        from_ns: spike.from_ns.saturating_sub(around_ns),
        to_ns: spike.until_ns.saturating_add(around_ns),
    }
}

/// True when a graph of it has something to show: its own uplink was measured during the spike.
pub fn is_known(model: &Model, spike: &Spike) -> bool {
    let mut own = model.drawn().filter(|track| is_own(track, spike));
    own.any(|track| {
        let mut buckets = track.history.buckets(spike.from_ns, spike.until_ns);
        buckets.next().is_some()
    })
}

/// A spike of the whole machine is every uplink's.
fn is_own(track: &Track, spike: &Spike) -> bool {
    spike.uplink.is_none_or(|one| one == track.info.ifindex)
}

/// The graph.
pub fn view<'a, Message: 'a>(
    model: &'a Model,
    spike: &'a Spike,
    words: &'a Words,
    height: impl Into<Length>,
) -> Element<'a, Message> {
    let course = Course {
        model,
        spike,
        words,
    };
    picture(course, Fill, height)
}

struct Course<'a> {
    model: &'a Model,
    spike: &'a Spike,
    words: &'a Words,
}

impl Picture for Course<'_> {
    type Shows = (Id, Language, u64);

    fn shows(&self) -> Self::Shows {
        // Nothing is added to it once it is over.
        let seen_ns = self.model.now_ns.min(stretch(self.spike).to_ns);
        (Id::of(self.spike), self.words.language(), seen_ns)
    }

    fn paint(&self, look: Look, frame: &mut Frame) {
        Brush::new(self, stretch(self.spike), look.palette(), frame.size()).paint(frame);
    }
}

struct Brush<'a> {
    course: &'a Course<'a>,
    stretch: Stretch,
    palette: &'static Palette,
    area: Rectangle,
    top_us: u32,
}

impl<'a> Brush<'a> {
    fn new(
        course: &'a Course<'a>,
        stretch: Stretch,
        palette: &'static Palette,
        size: Size,
    ) -> Self {
        let below = if size.height < LOW { 6.0 } else { BOTTOM };
        let area = Rectangle {
            x: LEFT,
            y: TOP,
            width: (size.width - LEFT - RIGHT).max(1.0),
            height: (size.height - TOP - below).max(1.0),
        };
        let own = course.model.drawn().filter(|t| is_own(t, course.spike));
        let buckets = own.flat_map(|track| track.history.buckets(stretch.from_ns, stretch.to_ns));
        let worst_us = buckets.map(|bucket| bucket.max_us).max().unwrap_or(0);
        Self {
            course,
            stretch,
            palette,
            area,
            top_us: Scale::fitted(worst_us).top_us().max(1),
        }
    }

    fn x(&self, at_ns: u64) -> f32 {
        let whole = self.stretch.to_ns - self.stretch.from_ns;
        let part = at_ns.saturating_sub(self.stretch.from_ns) as f64 / whole.max(1) as f64;
        self.area.x + self.area.width * (part as f32).min(1.0)
    }

    fn y(&self, us: u32) -> f32 {
        let part = us as f32 / self.top_us as f32;
        self.area.y + self.area.height * (1.0 - part.min(1.0))
    }

    fn paint(&self, frame: &mut Frame) {
        let spike = self.course.spike;
        let blamed = self.palette.ink(blame::ink(spike.blame.culprit));
        let (from, to) = (self.x(spike.from_ns), self.x(spike.until_ns));
        let middle = f32::midpoint(from, to);
        // A single probe is a moment, which has no width.
        let width = (to - from).max(LEAST) + LEAST;
        let ground = Size::new(width, self.area.height);
        let corner = Point::new(middle - width / 2.0, self.area.y);
        frame.fill_rectangle(corner, ground, wash(blamed, WASH, self.palette.card));
        self.paint_axes(frame);
        let (own, others): (Vec<&Track>, Vec<&Track>) = self
            .course
            .model
            .drawn()
            .partition(|track| is_own(track, spike));
        let faint = |track: &Track| self.uplink(track).scale_alpha(BEHIND);
        for track in others {
            self.paint_line(track, faint(track), frame);
        }
        if let Some(usual_ns) = spike.usual_ns {
            let usual_us = u32::try_from(usual_ns / 1000).unwrap_or(u32::MAX);
            self.paint_dashes(self.y(usual_us), frame);
        }
        for track in own {
            self.paint_line(track, self.uplink(track), frame);
            self.paint_losses(track, frame);
        }
    }

    fn uplink(&self, track: &Track) -> Color {
        self.palette.ink(Ink::Uplink(track.slot))
    }

    fn paint_axes(&self, frame: &mut Frame) {
        for share in [0, 1, 2] {
            let us = self.top_us / 2 * share;
            let y = self.y(us).round();
            let line = Size::new(self.area.width, 1.0);
            frame.fill_rectangle(Point::new(self.area.x, y), line, self.palette.grid);
            let value = self.course.words.number(f64::from(us / 1000), 0);
            let x = self.area.x - 8.0 - text_width(&value);
            self.say(value, Point::new(x, y), frame);
        }
        let below = self.area.y + self.area.height;
        if frame.height() < below + BOTTOM - 1.0 {
            return;
        }
        let y = below + 14.0;
        let of_day = |at_ns| self.course.model.clock.near(at_ns).map(clock);
        if let (Some(from), Some(to)) = (of_day(self.stretch.from_ns), of_day(self.stretch.to_ns)) {
            self.say(from, Point::new(self.area.x, y), frame);
            let x = self.area.x + self.area.width - text_width(&to);
            self.say(to, Point::new(x, y), frame);
        }
    }

    fn say(&self, content: String, position: Point, frame: &mut Frame) {
        frame.fill_text(canvas::Text {
            content,
            position,
            color: self.palette.quiet,
            size: Pixels(theme::SMALL),
            font: theme::FONT,
            align_y: iced::alignment::Vertical::Center,
            ..canvas::Text::default()
        });
    }

    fn paint_dashes(&self, y: f32, frame: &mut Frame) {
        let mut x = self.area.x;
        while x < self.area.x + self.area.width {
            let dash = Size::new(6.0, 1.0);
            frame.fill_rectangle(Point::new(x, y.round()), dash, self.palette.quiet);
            x += 12.0;
        }
    }

    fn buckets<'t>(&self, track: &'t Track) -> impl Iterator<Item = Bucket> + use<'t> {
        let Stretch { from_ns, to_ns } = self.stretch;
        track.history.buckets(from_ns, to_ns)
    }

    fn paint_line(&self, track: &Track, color: Color, frame: &mut Frame) {
        let mut before_ns: Option<u64> = None;
        let path = Path::new(|path| {
            for bucket in self.buckets(track) {
                if bucket.answered == 0 {
                    before_ns = None;
                    continue;
                }
                let at_ns = bucket.middle_ns();
                let (x, high, low) = (self.x(at_ns), self.y(bucket.max_us), self.y(bucket.min_us));
                let joined = before_ns.is_some_and(|before| at_ns.saturating_sub(before) <= GAP_NS);
                before_ns = Some(bucket.end_ns());
                if joined {
                    path.line_to(Point::new(x, low));
                } else {
                    path.move_to(Point::new(x, low));
                    path.line_to(Point::new(x + 0.5, low));
                }
                path.line_to(Point::new(x, high));
            }
        });
        let stroke = canvas::Stroke::default().with_width(1.5).with_color(color);
        frame.stroke(&path, stroke);
    }

    fn paint_losses(&self, track: &Track, frame: &mut Frame) {
        for bucket in self.buckets(track).filter(|bucket| bucket.lost > 0) {
            let x = self.x(bucket.middle_ns()) - 1.0;
            let tick = Size::new(2.0, self.area.height);
            let color = self.palette.bad.scale_alpha(0.7);
            frame.fill_rectangle(Point::new(x, self.area.y), tick, color);
        }
    }
}
