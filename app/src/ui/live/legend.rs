//! The numbers below the graph: what each line is, and its percentiles in the shown window.

use iced::widget::{row, space, text};
use iced::{Element, Fill};

use super::Message;
use crate::ui::chart::Shape;
use crate::ui::model::{Model, Track};
use crate::ui::parts::{Room, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// A narrower page has no room for what the keys do.
const KEYS: f32 = 1000.0;

/// One entry per uplink, and what the red marks are.
pub fn view<'a>(
    model: &'a Model,
    words: &'a Words,
    room: Room,
    shape: Shape,
) -> Element<'a, Message> {
    let brief = room.is_compact() && model.tracks.len() > 1;
    let shown = model.drawn().filter(|track| {
        let past = model.track(track.info.ifindex).is_none();
        !past || track.figures.worst_us.is_some()
    });
    let count = shown.clone().count();
    let entries = shown.map(|track| entry(model, track, words, (room, brief), shape));
    let lost = format!("▼ {}", words.say(Key::LegendLost));
    let lost = text(lost)
        .size(theme::SMALL)
        .style(theme::ink(Ink::Bad))
        .wrapping(text::Wrapping::None);
    let all = row(entries)
        .push((shape == Shape::Line && (brief || count <= 3)).then_some(lost))
        .spacing(24);
    if count > 2 || room.page_width() < KEYS {
        return all.wrap().vertical_spacing(2).into();
    }
    all.push(space().width(Fill))
        .push(quiet(words.say(Key::HintKeys)))
        .into()
}

fn entry<'a>(
    model: &'a Model,
    track: &'a Track,
    words: &'a Words,
    (room, brief): (Room, bool),
    shape: Shape,
) -> Element<'a, Message> {
    let known = |us: Option<u32>| {
        let ns = us.map(|us| u64::from(us) * 1000);
        ns.map_or_else(|| "–".to_owned(), |ns| words.bare_milliseconds(ns))
    };
    let name = model.name(track, words);
    let mark = text(format!("{} {name}", theme::uplink_shape(track.slot)))
        .size(theme::SMALL)
        .style(theme::ink(Ink::Uplink(track.slot)))
        .wrapping(text::Wrapping::None);
    let (p50, p99) = (known(track.figures.p50_us), known(track.figures.p99_us));
    let (key, last) = match shape {
        Shape::Line => (Key::LegendFigures, track.figures.worst_us),
        _ => (Key::LegendSpread, track.figures.p95_us),
    };
    let said = if brief {
        words.tell(Key::LegendBrief, [("p99", p99.into())])
    } else {
        let last = known(last).into();
        words.tell(
            key,
            [("p50", p50.into()), ("p99", p99.into()), ("last", last)],
        )
    };
    // The percentiles of the bars stand beside their marks, where there is room for those.
    let marked = shape == Shape::Histogram && !room.is_compact();
    let known = track.figures.p99_us.is_some();
    let figures = (known && !marked).then(|| {
        // Old probes are known in buckets: percentiles of those are estimates.
        let said = if track.spread.estimated {
            words.tell(Key::LegendEstimated, [("figures", said.into())])
        } else {
            said
        };
        text(said)
            .size(theme::SMALL)
            .style(theme::quiet)
            .wrapping(text::Wrapping::None)
    });
    row![mark].push(figures).spacing(8).into()
}
