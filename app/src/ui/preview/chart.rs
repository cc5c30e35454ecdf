//! The picture on a canvas: what was measured as faint columns, the drafted setting as a strong
//! line, the one in force as a dashed one, and below who would have led. Painted anew only for a
//! new picture.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{self, Frame, LineDash, Path, Stroke};
use iced::{Color, Pixels, Point, Rectangle, Size, alignment};

use super::{Column, Course, Picture};
use crate::ui::drawing;
use crate::ui::model::{Model, Track};
use crate::ui::theme::{self, Ink, Look, Palette};
use crate::words::{Key, Language, Words};

const LEFT: f32 = 62.0;
const RIGHT: f32 = 8.0;
const TOP: f32 = 10.0;
/// For the times below.
const AXIS: f32 = 24.0;
/// The bar that says who leads, and what is free above it.
const BAR: f32 = 20.0;
const BAR_GAP: f32 = 6.0;
const MINUTE_S: u64 = 60;
/// Between two times on the axis, and how many such steps there may be.
const TIMES_S: [u64; 5] = [15, 30, 60, 120, 300];
const MOST_TIMES: u64 = 6;
const DASHES: LineDash<'static> = LineDash {
    segments: &[4.0, 3.0],
    offset: 0,
};

/// What is painted.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The picture.
    pub picture: &'a Picture,
    /// Counts the pictures.
    pub number: u64,
    /// Names and colours.
    pub model: &'a Model,
    /// The language.
    pub words: &'a Words,
}

impl drawing::Picture for Chart<'_> {
    type Shows = (u64, Language);

    fn shows(&self) -> Self::Shows {
        (self.number, self.words.language())
    }

    fn paint(&self, look: Look, frame: &mut Frame) {
        let brush = Brush {
            picture: self.picture,
            model: self.model,
            words: self.words,
            palette: look.palette(),
            area: area(frame.size(), self.picture.bars()),
        };
        brush.paint(frame);
    }
}

/// Where the lines are.
fn area(size: Size, bars: usize) -> Rectangle {
    let below = AXIS + bars as f32 * (BAR + BAR_GAP);
    Rectangle {
        x: LEFT,
        y: TOP,
        width: (size.width - LEFT - RIGHT).max(1.0),
        height: (size.height - TOP - below).max(1.0),
    }
}

struct Brush<'a> {
    picture: &'a Picture,
    model: &'a Model,
    words: &'a Words,
    palette: &'a Palette,
    area: Rectangle,
}

impl Brush<'_> {
    fn paint(&self, frame: &mut Frame) {
        let picture = self.picture;
        self.values(frame);
        self.times(frame);
        for (ifindex, columns) in picture.uplinks.iter().zip(&picture.measured) {
            self.measured(self.color(*ifindex).scale_alpha(0.3), columns, frame);
        }
        if !picture.is_settled() {
            self.course(&picture.in_force, frame, |color| Stroke {
                line_dash: DASHES,
                ..Stroke::default().with_color(color).with_width(1.0)
            });
        }
        self.course(&picture.draft, frame, |color| {
            Stroke::default().with_color(color).with_width(2.0)
        });
        let below = self.area.y + self.area.height + BAR_GAP;
        match picture.bars() {
            0 => {}
            1 => self.bar(&picture.draft, None, below, frame),
            _ => {
                self.bar(&picture.draft, Some(Key::PreviewNew), below, frame);
                let lower = below + BAR + BAR_GAP;
                self.bar(&picture.in_force, Some(Key::PreviewInForce), lower, frame);
            }
        }
    }

    fn x(&self, at_ns: u64) -> f32 {
        let ago = self.picture.to_ns.saturating_sub(at_ns) as f64 / self.picture.span_ns as f64;
        self.area.x + self.area.width * (1.0 - ago.min(1.0) as f32)
    }

    fn y(&self, value_us: u32) -> f32 {
        let share = value_us as f32 / self.picture.top_us as f32;
        self.area.y + self.area.height * (1.0 - share.min(1.0))
    }

    fn track(&self, ifindex: u32) -> Option<&Track> {
        self.model.track(ifindex)
    }

    fn color(&self, ifindex: u32) -> Color {
        let slot = self.track(ifindex).map_or(0, |track| track.slot);
        self.palette.ink(Ink::Uplink(slot))
    }

    fn values(&self, frame: &mut Frame) {
        for part in 0..=2 {
            let value_us = self.picture.top_us / 2 * part;
            let y = self.y(value_us).round() - 0.5;
            let from = Point::new(self.area.x, y);
            let to = Point::new(self.area.x + self.area.width, y);
            let line = Stroke::default().with_color(self.palette.grid);
            frame.stroke(&Path::line(from, to), line);
            let position = Point::new(self.area.x - 8.0, y);
            let text = self.words.number(f64::from(value_us / 1000), 0);
            self.write(frame, text, position, Alignment::Right);
        }
    }

    fn times(&self, frame: &mut Frame) {
        let span_s = self.picture.minutes() * MINUTE_S;
        let each_s = step_s(span_s);
        let below = self.picture.bars() as f32 * (BAR + BAR_GAP);
        let y = self.area.y + self.area.height + below + AXIS / 2.0 + 2.0;
        for ago_s in (0..=span_s / each_s).map(|part| part * each_s) {
            let text = match ago_s {
                0 => self.words.say(Key::AxisNow),
                _ if !ago_s.is_multiple_of(MINUTE_S) => {
                    let seconds = [("seconds", ago_s.into())];
                    format!("−{}", self.words.tell(Key::Seconds, seconds))
                }
                _ => {
                    let minutes = [("minutes", (ago_s / MINUTE_S).into())];
                    format!("−{}", self.words.tell(Key::Minutes, minutes))
                }
            };
            let align = match ago_s {
                0 => Alignment::Right,
                ago_s if ago_s == span_s => Alignment::Left,
                _ => Alignment::Center,
            };
            let share = 1.0 - ago_s as f32 / span_s as f32;
            let position = Point::new(self.area.x + self.area.width * share, y);
            self.write(frame, text, position, align);
        }
    }

    fn measured(&self, color: Color, columns: &[Column], frame: &mut Frame) {
        for column in columns {
            let (top, bottom) = (self.y(column.max_us), self.y(column.min_us));
            let position = Point::new(self.x(column.at_ns) - 1.0, top - 1.0);
            frame.fill_rectangle(position, Size::new(2.0, bottom - top + 2.0), color);
        }
    }

    fn course(
        &self,
        course: &Course,
        frame: &mut Frame,
        stroke: impl Fn(Color) -> Stroke<'static>,
    ) {
        for (ifindex, columns) in self.picture.uplinks.iter().zip(&course.lines) {
            let line = Path::new(|line| {
                for column in columns {
                    let x = self.x(column.at_ns);
                    let (low, high) = (self.y(column.min_us), self.y(column.max_us));
                    if column.after_gap {
                        line.move_to(Point::new(x, low));
                    } else {
                        line.line_to(Point::new(x, low));
                    }
                    if high < low - 0.5 {
                        line.line_to(Point::new(x, high));
                    }
                }
            });
            frame.stroke(&line, stroke(self.color(*ifindex)));
        }
    }

    /// Who leads when: a bar with a part for each leader, marked by shape and name.
    fn bar(&self, course: &Course, title: Option<Key>, top: f32, frame: &mut Frame) {
        let middle = top + BAR / 2.0;
        if let Some(title) = title {
            let position = Point::new(self.area.x - 8.0, middle);
            self.write(frame, self.words.say(title), position, Alignment::Right);
        }
        let groove = Size::new(self.area.width, BAR);
        let corner = Point::new(self.area.x, top);
        frame.fill_rectangle(corner, groove, self.palette.grid.scale_alpha(0.5));
        let ends = course.leads.iter().skip(1).map(|lead| lead.0);
        let ends = ends.chain([self.picture.to_ns]);
        for ((from_ns, leader), to_ns) in course.leads.iter().zip(ends) {
            let Some(track) = leader.and_then(|ifindex| self.track(ifindex)) else {
                continue;
            };
            let (from, to) = (self.x(*from_ns), self.x(to_ns));
            let color = self.palette.ink(Ink::Uplink(track.slot));
            let part = Size::new((to - from).max(1.0), BAR);
            frame.fill_rectangle(Point::new(from, top), part, color.scale_alpha(0.3));
            // The beginning of each part is a change.
            frame.fill_rectangle(Point::new(from, top), Size::new(2.0, BAR), color);
            let shape = theme::uplink_shape(track.slot);
            let named = format!("{shape} {}", self.model.name(track, self.words));
            let room = to - from - 10.0;
            let fitting = [named, shape.to_owned()];
            let fits = |text: &String| crate::ui::chart::text_width(text) <= room;
            if let Some(text) = fitting.into_iter().find(fits) {
                let position = Point::new(from + 7.0, middle);
                frame.fill_text(canvas::Text {
                    color: self.palette.text,
                    ..label(text, position, Alignment::Left)
                });
            }
        }
    }

    fn write(&self, frame: &mut Frame, text: String, position: Point, align: Alignment) {
        frame.fill_text(canvas::Text {
            color: self.palette.quiet,
            ..label(text, position, align)
        });
    }
}

/// The seconds between two times on an axis of so many. Seconds are told of one minute alone: beside
/// minutes they would have to be added up.
fn step_s(span_s: u64) -> u64 {
    let whole = |each_s: u64| span_s <= MINUTE_S || each_s >= MINUTE_S;
    let fits = |each_s: &&u64| span_s / **each_s <= MOST_TIMES && whole(**each_s);
    TIMES_S.iter().find(fits).copied().unwrap_or(span_s)
}

fn label(content: String, position: Point, align_x: Alignment) -> canvas::Text {
    canvas::Text {
        content,
        position,
        size: Pixels(theme::SMALL),
        font: theme::FONT,
        align_x,
        align_y: alignment::Vertical::Center,
        ..canvas::Text::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_minutes_no_seconds_are_told_and_there_are_never_too_many_times() {
        assert_eq!(step_s(60), 15);
        for minutes in 2..=30 {
            let each_s = step_s(minutes * MINUTE_S);
            assert!(each_s.is_multiple_of(MINUTE_S), "{minutes}: {each_s}");
            assert!(minutes * MINUTE_S / each_s <= MOST_TIMES, "{minutes}");
        }
    }
}
