//! Pictures of several panels with a title and a legend, and of one panel alone.

use evenkeel_core::stats::Quantile;

use super::panels::{Panel, sign};
use super::{Curve, Kind, ink};
use crate::export::picture::{Anchor, Ink, Picture};
use crate::export::{png, say, tell};
use crate::words::{Key, Words};

/// A sheet's width, and the size of each of its panels.
const WIDTH: f32 = 1200.0;
const PANEL: (f32, f32) = (588.0, 370.0);
const MARGIN: f32 = 12.0;
/// Height of the title, and of a line of the legend.
const TITLE: f32 = 52.0;
const LINE: f32 = 26.0;

/// One panel with a legend of names, for a page with little room.
pub fn panel(kind: Kind, curves: &[Curve<'_>], size: (f32, f32), words: &Words) -> Picture {
    let title = match kind {
        Kind::Cdf => Key::GraphCdf,
        Kind::Histogram => Key::GraphHistogram,
        Kind::Tail => Key::GraphTail,
        Kind::Time => Key::ShapeLine,
    };
    let mut picture = Picture::new(size.0, size.1, say(words, title));
    if curves.is_empty() {
        empty(&mut picture, words);
        return picture;
    }
    let panel = Panel {
        at: (0.0, 0.0),
        size,
        curves,
        words,
    };
    panel.draw(kind, &mut picture);
    picture
}

/// All four panels under a title, with a legend.
pub fn sheet(title: &str, curves: &[Curve<'_>], words: &Words) -> Picture {
    let head = TITLE + LINE * curves.len() as f32 + 6.0;
    let mut picture = Picture::new(WIDTH, head + 2.0 * PANEL.1 + MARGIN, title.to_owned());
    picture.bold((24.0, 36.0), 22.0, fitted(title, 22.0, true, WIDTH - 48.0));
    if curves.is_empty() {
        empty(&mut picture, words);
        return picture;
    }
    let names: Vec<String> = curves
        .iter()
        .map(|curve| fitted(curve.name, 16.0, false, 420.0))
        .collect();
    let widths = names.iter().map(|name| png::width_of(name, false) * 16.0);
    let width = widths.fold(0.0, f32::max);
    for (slot, (curve, name)) in curves.iter().zip(names).enumerate() {
        let y = TITLE + LINE * slot as f32 + 14.0;
        sign(slot, (32.0, y - 5.0), &mut picture);
        picture.text((46.0, y), Anchor::Start, 16.0, ink(slot), name);
        let told = marks(curve, words);
        picture.text(
            (46.0 + width + 22.0, y),
            Anchor::Start,
            15.0,
            Ink::Quiet,
            told,
        );
    }
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        let column = (place % 2) as f32 * (PANEL.0 + MARGIN);
        let row = (place / 2) as f32 * PANEL.1;
        let panel = Panel {
            at: (column + MARGIN / 2.0, head + row),
            size: PANEL,
            curves,
            words,
        };
        panel.draw(kind, &mut picture);
    }
    picture
}

/// Percentiles and losses of a series in a line.
fn marks(curve: &Curve<'_>, words: &Words) -> String {
    let spread = &curve.spread;
    let median = spread.quantile(Quantile::MEDIAN).unwrap_or(0);
    let decimals = match median {
        0..1_000_000 => 3,
        1_000_000..10_000_000 => 2,
        _ => 1,
    };
    let ms = |share| {
        let ns = spread.quantile(share).unwrap_or(0);
        words.number(ns as f64 / 1e6, decimals).into()
    };
    let values = [
        ("p50", ms(Quantile::MEDIAN)),
        ("p95", ms(Quantile::P95)),
        ("p99", ms(Quantile::P99)),
    ];
    let figures = tell(words, Key::MarkPercentiles, values);
    let lost = words.number(spread.lost() as f64, 0);
    let sent = words.number(spread.sent() as f64, 0);
    let counts = tell(
        words,
        Key::GraphLostOf,
        [("lost", lost.into()), ("sent", sent.into())],
    );
    format!("{figures} · {counts}")
}

fn empty(picture: &mut Picture, words: &Words) {
    let at = (picture.width / 2.0, picture.height / 2.0);
    picture.text(
        at,
        Anchor::Middle,
        16.0,
        Ink::Quiet,
        say(words, Key::SpreadEmpty),
    );
}

/// The beginning of a text that has room.
fn fitted(text: &str, size: f32, bold: bool, room: f32) -> String {
    if png::width_of(text, bold) * size <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if png::width_of(&kept, bold) * size > room - size {
            let _ = kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}
