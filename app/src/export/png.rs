//! Pictures as PNG: the same shapes painted by tiny-skia, texts with the bundled font. No system
//! font is looked for, so the same picture gives the same pixels everywhere.

use tiny_skia::{
    FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform,
};
use ttf_parser::{Face, OutlineBuilder};

use super::picture::{Anchor, Ink, Picture, Point, Shape};
use crate::ui::FONTS;
use crate::ui::theme::Look;

/// Most real pixels on a side.
const MOST_PIXELS: f32 = 8192.0;

/// Why a picture was not painted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PaintError {
    /// It has no size, or too large a one.
    #[error("the picture is too large to be painted; write an SVG file instead")]
    Size,
    /// A font that cannot be read, or an encoder that fails.
    #[error("the picture cannot be painted: {0}")]
    Broken(String),
}

/// A PNG file.
///
/// # Errors
/// [`PaintError`].
pub fn file(picture: &Picture, look: Look, scale: u8) -> Result<Vec<u8>, PaintError> {
    let scale = f32::from(scale.clamp(1, 4));
    let (width, height) = (picture.width * scale, picture.height * scale);
    if !(1.0..=MOST_PIXELS).contains(&width) || !(1.0..=MOST_PIXELS).contains(&height) {
        return Err(PaintError::Size);
    }
    let mut paper = Pixmap::new(width as u32, height as u32).ok_or(PaintError::Size)?;
    let pen = Pen::new(look, scale)?;
    for shape in &picture.shapes {
        pen.paint(shape, &mut paper);
    }
    encoded(&paper)
}

/// Opaque, without an alpha channel: some programs show transparent pixels as black.
fn encoded(paper: &Pixmap) -> Result<Vec<u8>, PaintError> {
    let pixels = paper.pixels().iter();
    let rgb: Vec<u8> = pixels
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, paper.width(), paper.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let broken = |error: png::EncodingError| PaintError::Broken(error.to_string());
    let mut writer = encoder.write_header().map_err(broken)?;
    writer.write_image_data(&rgb).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(out)
}

struct Pen {
    look: Look,
    scale: Transform,
    faces: [Face<'static>; 2],
}

impl Pen {
    fn new(look: Look, scale: f32) -> Result<Self, PaintError> {
        let face = |font: &'static [u8]| {
            Face::parse(font, 0).map_err(|error| PaintError::Broken(error.to_string()))
        };
        let [regular, bold] = FONTS;
        Ok(Self {
            look,
            scale: Transform::from_scale(scale, scale),
            faces: [face(regular)?, face(bold)?],
        })
    }

    fn color(&self, ink: Ink, alpha: f32) -> Paint<'static> {
        let [r, g, b] = ink.rgb(self.look);
        let mut paint = Paint::default();
        paint.set_color_rgba8(r, g, b, (alpha.clamp(0.0, 1.0) * 255.0).round() as u8);
        paint
    }

    fn paint(&self, shape: &Shape, paper: &mut Pixmap) {
        match shape {
            Shape::Area { points, ink, alpha } => {
                if let Some(path) = path(points, true) {
                    let paint = self.color(*ink, *alpha);
                    paper.fill_path(&path, &paint, FillRule::Winding, self.scale, None);
                }
            }
            Shape::Line {
                points,
                ink,
                width,
                dashes,
            } => {
                let stroke = Stroke {
                    width: *width,
                    line_join: LineJoin::Round,
                    dash: StrokeDash::new(dashes.to_vec(), 0.0),
                    ..Stroke::default()
                };
                if let Some(path) = path(points, false) {
                    paper.stroke_path(&path, &self.color(*ink, 1.0), &stroke, self.scale, None);
                }
            }
            Shape::Text {
                at,
                anchor,
                size,
                bold,
                ink,
                text,
            } => {
                let face = &self.faces[usize::from(*bold)];
                if let Some(path) = written(face, text, *at, *anchor, *size) {
                    let paint = self.color(*ink, 1.0);
                    paper.fill_path(&path, &paint, FillRule::Winding, self.scale, None);
                }
            }
        }
    }
}

fn path(points: &[Point], closed: bool) -> Option<Path> {
    let mut builder = PathBuilder::new();
    for (number, (x, y)) in points.iter().enumerate() {
        if number == 0 {
            builder.move_to(*x, *y);
        } else {
            builder.line_to(*x, *y);
        }
    }
    if closed {
        builder.close();
    }
    builder.finish()
}

/// The outlines of a text. Latin letters and Hangul syllables stand one after the other; nothing of
/// what other scripts need is needed here. A character the font lacks becomes its empty box.
fn written(face: &Face<'_>, text: &str, at: Point, anchor: Anchor, size: f32) -> Option<Path> {
    let unit = size / f32::from(face.units_per_em());
    let glyphs: Vec<_> = text
        .chars()
        .map(|c| face.glyph_index(c).unwrap_or_default())
        .collect();
    let advance = |glyph| f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * unit;
    let width: f32 = glyphs.iter().map(|glyph| advance(*glyph)).sum();
    let mut outline = Outline {
        builder: PathBuilder::new(),
        x: match anchor {
            Anchor::Start => at.0,
            Anchor::Middle => at.0 - width / 2.0,
            Anchor::End => at.0 - width,
        },
        y: at.1,
        unit,
    };
    for glyph in glyphs {
        let _ = face.outline_glyph(glyph, &mut outline);
        outline.x += advance(glyph);
    }
    outline.builder.finish()
}

/// How wide a text of size 1 is, in the regular or bold weight; 0 when the font cannot be read.
pub fn width_of(text: &str, bold: bool) -> f32 {
    let Ok(face) = Face::parse(FONTS[usize::from(bold)], 0) else {
        return 0.0;
    };
    let glyphs = text
        .chars()
        .map(|c| face.glyph_index(c).unwrap_or_default());
    let advance = |glyph| f32::from(face.glyph_hor_advance(glyph).unwrap_or(0));
    glyphs.map(advance).sum::<f32>() / f32::from(face.units_per_em())
}

/// Puts a glyph's outline, whose y axis points up, at its place.
struct Outline {
    builder: PathBuilder,
    x: f32,
    y: f32,
    unit: f32,
}

impl Outline {
    fn place(&self, x: f32, y: f32) -> Point {
        (self.x + x * self.unit, self.y - y * self.unit)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.builder.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.place(x, y);
        self.builder.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.place(x1, y1), self.place(x, y));
        self.builder.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2)) = (self.place(x1, y1), self.place(x2, y2));
        let (x, y) = self.place(x, y);
        self.builder.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}
