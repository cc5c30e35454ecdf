//! Pictures as SVG: plain shapes and texts, no scripts, nothing from elsewhere.

use std::fmt::Write;

use super::escaped;
use super::picture::{Anchor, Ink, Picture, Point, Shape};
use crate::ui::theme::Look;

/// Our font where it is installed, else one with Korean in it.
const FONTS: &str =
    "Evenkeel Sans, Noto Sans KR, Noto Sans CJK KR, Apple SD Gothic Neo, Malgun Gothic, sans-serif";

/// A file of its own.
pub fn file(picture: &Picture, look: Look) -> String {
    let color = |ink: Ink| {
        let [r, g, b] = ink.rgb(look);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" \
         width=\"{}\" height=\"{}\"",
        picture.width, picture.height
    );
    format!("{head}{}\n", body(picture, &color))
}

/// A part of a page; as wide as there is room.
pub fn inline(picture: &Picture) -> String {
    let color = |ink: Ink| format!("var({})", ink.variable());
    format!("<svg{}", body(picture, &color))
}

fn body(picture: &Picture, color: &dyn Fn(Ink) -> String) -> String {
    let (width, height) = (picture.width, picture.height);
    let title = escaped(&picture.title);
    let mut out = format!(
        " viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" font-family=\"{FONTS}\">\
         \n<title>{title}</title>\n"
    );
    for shape in &picture.shapes {
        // Writing to a String cannot fail.
        let _ = match shape {
            Shape::Area { points, ink, alpha } => {
                let opacity = match *alpha {
                    1.0.. => String::new(),
                    alpha => format!(" fill-opacity=\"{alpha}\""),
                };
                let (path, fill) = (path(points), color(*ink));
                writeln!(out, "<path d=\"{path}z\" fill=\"{fill}\"{opacity}/>")
            }
            Shape::Line {
                points,
                ink,
                width,
                dashes,
            } => {
                let dashes = match dashes {
                    [] => String::new(),
                    dashes => {
                        let lengths: Vec<String> = dashes.iter().map(f32::to_string).collect();
                        format!(" stroke-dasharray=\"{}\"", lengths.join(" "))
                    }
                };
                let (path, stroke) = (path(points), color(*ink));
                writeln!(
                    out,
                    "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
                     stroke-linejoin=\"round\"{dashes}/>"
                )
            }
            Shape::Text {
                at: (x, y),
                anchor,
                size,
                bold,
                ink,
                text,
            } => {
                let anchor = match anchor {
                    Anchor::Start => "",
                    Anchor::Middle => " text-anchor=\"middle\"",
                    Anchor::End => " text-anchor=\"end\"",
                };
                let weight = if *bold { " font-weight=\"bold\"" } else { "" };
                let (fill, text) = (color(*ink), escaped(text));
                writeln!(
                    out,
                    "<text x=\"{}\" y=\"{}\" font-size=\"{size}\"{anchor}{weight} fill=\"{fill}\">{text}</text>",
                    short(*x),
                    short(*y)
                )
            }
        };
    }
    out.push_str("</svg>");
    out
}

fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (number, (x, y)) in points.iter().enumerate() {
        let command = if number == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{} {}", short(*x), short(*y));
    }
    path
}

/// A tenth of a pixel is enough.
fn short(value: f32) -> f32 {
    (value * 10.0).round() / 10.0
}
