//! A drawing as a list of shapes, before it becomes SVG or PNG. Nothing here knows what is drawn.

use crate::ui::theme::Look;

/// A colour by what it is for, so that one drawing fits every look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Behind everything.
    Ground,
    /// Lines behind the data.
    Grid,
    /// Text.
    Text,
    /// Quieter text.
    Quiet,
    /// Losses.
    Bad,
    /// A series, by its place.
    Series(usize),
}

impl Ink {
    /// Its colour in a look, as red, green and blue.
    pub fn rgb(self, look: Look) -> [u8; 3] {
        let palette = look.palette();
        let color = match self {
            Self::Ground => palette.card,
            Self::Grid => palette.grid,
            Self::Text => palette.text,
            Self::Quiet => palette.quiet,
            Self::Bad => palette.bad,
            Self::Series(slot) => palette.uplinks[slot % palette.uplinks.len()],
        };
        [color.r, color.g, color.b].map(|part| (part * 255.0).round() as u8)
    }

    /// The name of the CSS variable that stands for it in a page.
    pub fn variable(self) -> String {
        match self {
            Self::Ground => "--card".to_owned(),
            Self::Grid => "--grid".to_owned(),
            Self::Text => "--text".to_owned(),
            Self::Quiet => "--quiet".to_owned(),
            Self::Bad => "--bad".to_owned(),
            Self::Series(slot) => format!("--series-{}", slot % 6),
        }
    }
}

/// Where a text stands in relation to its point, which is on its base line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A place in logical pixels from the upper left corner.
pub type Point = (f32, f32);

/// Something drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A filled polygon.
    Area {
        /// Its corners.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// How much of it covers what is behind, 0 to 1.
        alpha: f32,
    },
    /// A line.
    Line {
        /// What it goes through.
        points: Vec<Point>,
        /// Its colour.
        ink: Ink,
        /// Its width.
        width: f32,
        /// Lengths of strokes and gaps; empty for a whole line.
        dashes: &'static [f32],
    },
    /// A text of one line.
    Text {
        /// Where its base line is.
        at: Point,
        /// What part of it is there.
        anchor: Anchor,
        /// Its size.
        size: f32,
        /// Bold or not.
        bold: bool,
        /// Its colour.
        ink: Ink,
        /// What it says.
        text: String,
    },
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its width in logical pixels.
    pub width: f32,
    /// Its height.
    pub height: f32,
    /// What it shows, for those who cannot see it.
    pub title: String,
    /// What is drawn, from the back to the front.
    pub shapes: Vec<Shape>,
}

impl Picture {
    /// A rectangle of paper.
    pub fn new(width: f32, height: f32, title: String) -> Self {
        let mut picture = Self {
            width,
            height,
            title,
            shapes: Vec::new(),
        };
        picture.rect((0.0, 0.0), (width, height), Ink::Ground, 1.0);
        picture
    }

    /// As an SVG file in the colours of a look.
    pub fn svg(&self, look: Look) -> String {
        super::svg::file(self, look)
    }

    /// As SVG inside a page that sets the variables of [`Ink::variable`].
    pub fn inline_svg(&self) -> String {
        super::svg::inline(self)
    }

    /// As a PNG file in the colours of a look, `scale` real pixels for a logical one (1 to 4).
    ///
    /// # Errors
    /// When it is too large to be painted, in words.
    pub fn png(&self, look: Look, scale: u8) -> Result<Vec<u8>, super::png::PaintError> {
        super::png::file(self, look, scale)
    }

    pub(super) fn rect(&mut self, (x, y): Point, (width, height): Point, ink: Ink, alpha: f32) {
        let points = vec![
            (x, y),
            (x + width, y),
            (x + width, y + height),
            (x, y + height),
        ];
        self.shapes.push(Shape::Area { points, ink, alpha });
    }

    pub(super) fn line(&mut self, points: Vec<Point>, ink: Ink, width: f32) {
        self.dashed(points, ink, width, &[]);
    }

    pub(super) fn dashed(
        &mut self,
        points: Vec<Point>,
        ink: Ink,
        width: f32,
        dashes: &'static [f32],
    ) {
        self.shapes.push(Shape::Line {
            points,
            ink,
            width,
            dashes,
        });
    }

    pub(super) fn text(&mut self, at: Point, anchor: Anchor, size: f32, ink: Ink, text: String) {
        self.shapes.push(Shape::Text {
            at,
            anchor,
            size,
            bold: false,
            ink,
            text,
        });
    }

    pub(super) fn bold(&mut self, at: Point, size: f32, text: String) {
        self.shapes.push(Shape::Text {
            at,
            anchor: Anchor::Start,
            size,
            bold: true,
            ink: Ink::Text,
            text,
        });
    }
}
