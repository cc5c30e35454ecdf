//! The graph: round trips of all uplinks over time, or how they are spread. What does not change is
//! not painted again; the read-out lies on a sheet of its own, so that moving the pointer repaints
//! nothing else.

mod axes;
mod hands;
mod labels;
mod lines;
mod paint;
mod plot;
mod readout;
mod spiked;
mod spread;
mod told;

use std::cell::{Cell, RefCell};

use iced::advanced::text::{self, Paragraph as _};
use iced::widget::canvas::{self, Cache, Geometry};
use iced::widget::{canvas as sheet, stack};
use iced::{Element, Fill, Pixels, Rectangle, Renderer, Size, Theme, mouse};

use super::ghost::Ghost;
use super::model::Model;
use super::theme::{self, Look, Palette};
use crate::words::{Language, Words};
pub use axes::clock;
pub use hands::Hands;
use hands::Sheet;
use plot::Plot;
pub use spiked::middle_ns;

/// What the graph is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Round trip over time.
    #[default]
    Line,
    /// Which share of the probes took how long.
    Histogram,
    /// Which share of the probes was answered within a time.
    Cdf,
}

/// What the graph shows.
#[derive(Debug, Clone, Copy)]
pub struct Chart<'a> {
    /// The samples.
    pub model: &'a Model,
    /// The language.
    pub words: &'a Words,
    /// What it is drawn as.
    pub shape: Shape,
    /// How much time it shows.
    pub span_ns: u64,
    /// The moment at the right edge.
    pub end_ns: u64,
    /// True while it stands still.
    pub held: bool,
    /// The value at the upper edge, or at the right one where round trips run to the right.
    pub top_us: u32,
    /// Where the read-out was put: a moment, or a round trip in microseconds.
    pub picked: Option<u64>,
    /// What was before game mode.
    pub ghost: Option<Ghost>,
    /// Set to zero whenever the graph is drawn.
    pub undrawn: &'a Cell<u32>,
    /// Where the painted picture has its labels, which the read-out leaves in view.
    pub said: &'a RefCell<Vec<Rectangle>>,
}

/// The graph as a widget that takes all the room it gets.
pub fn view<'a, Message: Clone + 'a>(
    chart: Chart<'a>,
    hands: Hands<Message>,
) -> Element<'a, Message> {
    stack![
        sheet(chart).width(Fill).height(Fill),
        sheet(Sheet { chart, hands }).width(Fill).height(Fill),
    ]
    .width(Fill)
    .height(Fill)
    .into()
}

/// What a painter works on.
#[derive(Clone, Copy)]
struct Paper<'a> {
    chart: &'a Chart<'a>,
    plot: Plot,
    palette: &'static Palette,
}

/// Painted parts and what they were painted for.
#[derive(Debug, Default)]
pub struct Painted {
    ground: Cache,
    axes: Cache,
    axes_for: Cell<Option<AxesKey>>,
    data: Cache,
    data_for: Cell<Option<DataKey>>,
}

/// Two equal keys mean the same axes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct AxesKey {
    plot: Plot,
    held: bool,
    shape: Shape,
    look: Look,
    language: Language,
}

/// Two equal keys mean the same picture.
#[derive(Debug, Clone, Copy, PartialEq)]
struct DataKey {
    axes: AxesKey,
    marks: (usize, u64),
    events: (usize, u64),
    spikes: u64,
    uplinks: usize,
    ghost: Option<Ghost>,
    summed: u64,
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
        let look = Look::of(theme);
        let on = Paper {
            chart: self,
            plot,
            palette: look.palette(),
        };
        let key = self.data_key(plot, look);
        // The time at the right edge is on the axis only while it stands still.
        let still = if self.held { plot.end_ns } else { 0 };
        let plot_for = Plot {
            end_ns: still,
            ..plot
        };
        let axes_for = AxesKey {
            plot: plot_for,
            ..key.axes
        };
        if painted.axes_for.replace(Some(axes_for)) != Some(axes_for) {
            painted.axes.clear();
        }
        if painted.data_for.replace(Some(key)) != Some(key) {
            painted.ground.clear();
            painted.data.clear();
        }
        let line = self.shape == Shape::Line;
        let ground = painted.ground.draw(renderer, bounds.size(), |frame| {
            if line {
                paint::paint_ground(on, frame);
            }
        });
        let axes = painted.axes.draw(renderer, bounds.size(), |frame| {
            if line {
                axes::paint(on, frame);
            }
        });
        let data = painted.data.draw(renderer, bounds.size(), |frame| {
            if line {
                paint::paint(on, frame);
            } else {
                spread::paint(on, frame);
            }
        });
        vec![ground, axes, data]
    }
}

impl Chart<'_> {
    fn plot(&self, size: Size) -> Plot {
        Plot::new(size, self.end_ns, self.span_ns, self.top_us)
    }

    fn data_key(&self, plot: Plot, look: Look) -> DataKey {
        let marks = &self.model.marks;
        let line = self.shape == Shape::Line;
        DataKey {
            axes: AxesKey {
                // How answers are spread does not move with the time.
                plot: if line {
                    plot
                } else {
                    Plot { end_ns: 0, ..plot }
                },
                held: self.held,
                shape: self.shape,
                look,
                language: self.words.language(),
            },
            marks: (marks.len(), marks.back().map_or(0, |mark| mark.at_ns)),
            events: self.model.events.stamp(),
            spikes: self.model.spikes.taken(),
            uplinks: self.model.drawn().count(),
            ghost: self.ghost,
            summed: if line { 0 } else { self.model.summed() },
        }
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
