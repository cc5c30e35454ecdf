//! The graph: round trips of all uplinks over time. What does not change is not painted again; the
//! read-out lies on a sheet of its own, so that moving the pointer repaints nothing else.

mod paint;
mod plot;
mod readout;

use std::cell::Cell;

use iced::advanced::text::{self, Paragraph as _};
use iced::widget::canvas::{self, Cache, Geometry};
use iced::widget::{canvas as sheet, stack};
use iced::{Element, Fill, Pixels, Rectangle, Renderer, Size, Theme, mouse};

use super::model::Model;
use super::theme::{self, Look};
use crate::words::{Language, Words};
use plot::Plot;
use readout::Readout;

/// What the graph shows.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The samples.
    pub model: &'a Model,
    /// The language.
    pub words: &'a Words,
    /// How much time it shows.
    pub span_ns: u64,
    /// The moment at the right edge.
    pub end_ns: u64,
    /// True while it stands still.
    pub paused: bool,
    /// The value at the upper edge.
    pub top_us: u32,
    /// The moment the keyboard has picked for the read-out.
    pub picked_ns: Option<u64>,
    /// Set to zero whenever the graph is drawn.
    pub undrawn: &'a Cell<u32>,
}

/// The graph as a widget that takes all the room it gets. `drawn` is sent when it is drawn.
pub fn view<'a, Message: Clone + 'a>(
    chart: Chart<'a>,
    drawn: Option<Message>,
) -> Element<'a, Message> {
    stack![
        sheet(chart).width(Fill).height(Fill),
        sheet(Readout { chart, drawn }).width(Fill).height(Fill),
    ]
    .width(Fill)
    .height(Fill)
    .into()
}

/// Painted parts and what they were painted for.
#[derive(Debug, Default)]
pub struct Painted {
    axes: Cache,
    axes_for: Cell<Option<(Plot, bool, Look, Language)>>,
    data: Cache,
    data_for: Cell<Option<DataKey>>,
}

/// Two equal keys mean the same picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct DataKey {
    plot: Plot,
    look: Look,
    language: Language,
    marks: usize,
    marked_at_ns: u64,
    uplinks: usize,
}

impl<Message> canvas::Program<Message> for Chart<'_> {
    type State = Painted;

    fn draw(
        &self,
        painted: &Painted,
        renderer: &Renderer,
        theme: &Theme,
        bounds: Rectangle,
        _cursor: mouse::Cursor,
    ) -> Vec<Geometry> {
        self.undrawn.set(0);
        let plot = self.plot(bounds.size());
        let (look, language) = (Look::of(theme), self.words.language());
        let palette = look.palette();
        let axes_for = Some((Plot { end_ns: 0, ..plot }, self.paused, look, language));
        if painted.axes_for.replace(axes_for) != axes_for {
            painted.axes.clear();
        }
        let key = DataKey {
            plot,
            look,
            language,
            marks: self.model.marks.len(),
            marked_at_ns: self.model.marks.back().map_or(0, |mark| mark.at_ns),
            uplinks: self.model.tracks.len(),
        };
        if painted.data_for.replace(Some(key)) != Some(key) {
            painted.data.clear();
        }
        let axes = painted.axes.draw(renderer, bounds.size(), |frame| {
            paint::paint_axes(self, plot, palette, frame);
        });
        let data = painted.data.draw(renderer, bounds.size(), |frame| {
            paint::paint_data(self, plot, palette, frame);
        });
        vec![axes, data]
    }
}

impl Chart<'_> {
    fn plot(&self, size: Size) -> Plot {
        Plot::new(size, self.end_ns, self.span_ns, self.top_us)
    }
}

/// The width of a small text in logical pixels.
pub(super) fn text_width(content: &str) -> f32 {
    let text = text::Text {
        content,
        bounds: Size::INFINITE,
        size: Pixels(theme::SMALL),
        line_height: text::LineHeight::default(),
        font: theme::FONT,
        align_x: text::Alignment::Left,
        align_y: iced::alignment::Vertical::Top,
        shaping: text::Shaping::Auto,
        wrapping: text::Wrapping::None,
    };
    <Renderer as text::Renderer>::Paragraph::with_text(text).min_width()
}
