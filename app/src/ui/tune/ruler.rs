//! What stands below the slider: the words at its ends, where its default is, and what is in force
//! while something else is chosen.

use iced::advanced::text::Alignment;
use iced::widget::canvas::{Frame, Path, Stroke, Text};
use iced::{Pixels, Point, alignment};

use crate::ui::chart::text_width;
use crate::ui::drawing::Sketch;
use crate::ui::theme::{self, Palette};

/// Half of the slider's handle: its ends are so far from the rail's.
const HANDLE: f32 = 14.0;
/// How far a mark reaches down.
const TICK: f32 = 7.0;
/// Two texts keep this distance.
const APART: f32 = 10.0;

/// A mark and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where on the slider.
    pub value: u32,
    /// What it says.
    pub text: String,
}

/// The marks of a slider from 0 to `most`. The words at the ends come before the texts of the marks,
/// and these in their order, where two come too close.
#[derive(Debug)]
pub struct Ruler {
    /// The slider's largest value.
    pub most: u32,
    /// The words at the left and at the right end.
    pub ends: [String; 2],
    /// The marks.
    pub marks: Vec<Mark>,
}

impl Sketch for Ruler {
    fn paint(&self, palette: &Palette, frame: &mut Frame) {
        for mark in &self.marks {
            let x = self.x(mark.value, frame.width()).round() + 0.5;
            let tick = Path::line(Point::new(x, 0.0), Point::new(x, TICK));
            let stroke = Stroke::default().with_color(palette.quiet).with_width(2.0);
            frame.stroke(&tick, stroke);
        }
        for (text, x) in self.texts(frame.width()) {
            frame.fill_text(Text {
                content: text.to_owned(),
                position: Point::new(x, TICK + 10.0),
                color: palette.quiet,
                size: Pixels(theme::SMALL),
                font: theme::FONT,
                align_x: Alignment::Left,
                align_y: alignment::Vertical::Center,
                ..Text::default()
            });
        }
    }
}

impl Ruler {
    /// Where the middle of the handle is at `value`.
    fn x(&self, value: u32, width: f32) -> f32 {
        let share = value as f32 / self.most.max(1) as f32;
        HANDLE + (width - 2.0 * HANDLE).max(0.0) * share
    }

    /// The texts there is room for, and where each begins.
    fn texts(&self, width: f32) -> Vec<(&str, f32)> {
        let right = width - text_width(&self.ends[1]);
        let mut placed = vec![(self.ends[0].as_str(), 0.0), (self.ends[1].as_str(), right)];
        for mark in &self.marks {
            let long = text_width(&mark.text);
            let from = self.x(mark.value, width) - long / 2.0;
            let free = |(other, at): &(&str, f32)| {
                from > at + text_width(other) + APART || from + long + APART < *at
            };
            if placed.iter().all(free) {
                placed.push((&mark.text, from));
            }
        }
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruler(values: &[u32]) -> Ruler {
        let mark = |value: &u32| Mark {
            value: *value,
            text: format!("at {value}"),
        };
        Ruler {
            most: 1024,
            ends: ["calm".to_owned(), "sharp".to_owned()],
            marks: values.iter().map(mark).collect(),
        }
    }

    #[test]
    fn marks_lie_where_the_handle_would_be() {
        let ruler = ruler(&[]);
        let at = |value| ruler.x(value, 628.0);
        assert!((at(0) - 14.0).abs() < 0.01);
        assert!((at(512) - 314.0).abs() < 0.01);
        assert!((at(1024) - 614.0).abs() < 0.01);
    }

    #[test]
    fn texts_never_overlap_and_the_first_mark_keeps_its_own() {
        let texts = |values: &[u32]| -> Vec<String> {
            let ruler = ruler(values);
            let texts = ruler.texts(600.0);
            let ends = texts.iter().map(|(text, x)| x + text_width(text));
            assert!(ends.into_iter().all(|end| end <= 600.5), "{texts:?}");
            texts[2..]
                .iter()
                .map(|(text, _)| (*text).to_owned())
                .collect()
        };
        assert_eq!(texts(&[512, 530]), ["at 512"]);
        assert_eq!(texts(&[512, 700]), ["at 512", "at 700"]);
        // The words at the ends are there already.
        assert_eq!(texts(&[0, 512, 1024]), ["at 512"]);
    }
}
