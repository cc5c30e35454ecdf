//! The figures of both arms: the table side by side, the graphs, and the probes as the files hold
//! them. What they are is counted in core and laid out in `export`.

use iced::widget::{column, container, row, text};
use iced::{Alignment, Element, Fill, Length};

use super::memory::{Seen, Shown};
use super::picture::Graph;
use super::{Measure, Message, said};
use crate::export::{Column, Curve, Kind, Picture, Table, graph};
use crate::logs::{Probe, Series};
use crate::measure::{Found, THRESHOLDS_NS};
use crate::ui::drawing::picture;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, quiet};
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// The graphs that are offered; time runs through both arms at once and says nothing of them.
const KINDS: [Kind; 3] = [Kind::Cdf, Kind::Histogram, Kind::Tail];
/// The height of a graph.
const GRAPH: (f32, f32) = (216.0, 250.0);
/// Width of the table's columns of numbers.
const NUMBERS: f32 = 136.0;
/// Below so many answers a 99th percentile says little.
const FEW: u64 = 100;

/// The probes of both arms, without names, times counted from the first of them.
pub fn series(found: &Found) -> [Series; 2] {
    let firsts = found.arms.iter().filter_map(|arm| arm.at_ms.first());
    let first = firsts.min().copied().unwrap_or(0);
    found.arms.each_ref().map(|arm| Series {
        probes: arm
            .at_ms
            .iter()
            .zip(&arm.rtts_ns)
            .map(|(at_ms, rtt_ns)| Probe {
                sent_ns: u64::from(at_ms.saturating_sub(first)) * 1_000_000,
                rtt_ns: *rtt_ns,
            })
            .collect(),
        blocks: arm.blocks.clone(),
        ..Series::default()
    })
}

/// All graphs on a sheet, for files.
pub fn sheet(title: &str, series: &[Series; 2], words: &Words) -> Picture {
    graph::sheet(title, &Curve::all(series), words)
}

/// An arm's sign and name, in its colour.
pub fn arm<'a, M: 'a>(slot: usize, name: String) -> Element<'a, M> {
    let ink = theme::ink(Ink::Uplink(slot));
    let letter = if slot == 0 { "A" } else { "B" };
    row![
        text(theme::uplink_shape(slot)).style(ink),
        text(letter).font(theme::BOLD).style(ink),
        text(name),
    ]
    .spacing(6)
    .into()
}

impl Measure {
    /// Table and graph.
    pub(super) fn figures<'a>(
        &'a self,
        seen: &'a Seen,
        shown: &'a Shown,
        model: &'a Model,
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let arms = said::arms(seen, model, words);
        let table = parts::card(table(shown, &arms, words), room);
        let graph = parts::card(self.graph(shown, &arms, words, room), room).width(Fill);
        let both: Element<'a, Message> = if room.is_compact() {
            column![graph, table.width(Fill)].spacing(room.gap()).into()
        } else {
            row![table, graph].spacing(room.gap()).into()
        };
        let few = shown.figures.iter().any(|it| it.sent - it.lost < FEW);
        let notes = said::tail(&shown.found, &arms, words)
            .into_iter()
            .chain(few.then(|| words.say(Key::TableFew)))
            .chain(said::ways(seen, &shown.found, model, words));
        let notes = column(notes.map(quiet)).spacing(4);
        column![both, notes].spacing(12).into()
    }

    fn graph<'a>(
        &'a self,
        shown: &'a Shown,
        arms: &[String; 2],
        words: &'a Words,
        room: Room,
    ) -> Element<'a, Message> {
        let names = [
            Key::MeasureGraphCurve,
            Key::MeasureGraphBars,
            Key::MeasureGraphTail,
        ];
        let mut number = 0;
        let offered = KINDS.map(|kind| {
            let name = words.say(names[number]);
            number += 1;
            (kind, name)
        });
        let chosen = parts::choices("measure-graph", offered, self.kind, Message::Graph);
        let [a, b] = arms.clone();
        let legend = row![arm(0, a), arm(1, b)].spacing(18);
        let (large, small) = GRAPH;
        let height = if room.is_compact() { small } else { large };
        let graph = Graph {
            series: &shown.series,
            number: shown.number,
            kind: self.kind,
            words,
        };
        column![
            row![container(legend.wrap()).width(Fill), chosen]
                .spacing(12)
                .align_y(Alignment::Center),
            picture(graph, Fill, height),
        ]
        .spacing(8)
        .into()
    }
}

fn table<'a>(shown: &Shown, arms: &[String; 2], words: &Words) -> Element<'a, Message> {
    let [a, b] = &shown.figures;
    let column_of = |slot: usize, figures: &crate::export::Figures| Column {
        name: arms[slot].clone(),
        figures: figures.clone(),
    };
    let table = Table {
        columns: vec![column_of(0, a), column_of(1, b)],
        thresholds_ns: THRESHOLDS_NS.to_vec(),
    };
    let lines = table.lines(words).into_iter().enumerate();
    let lines = lines.map(|(number, line)| {
        let cells = line.into_iter().enumerate().map(|(place, cell)| {
            if place == 0 {
                return container(quiet(cell)).width(Fill).into();
            }
            let words = match number {
                0 => text(cell)
                    .style(theme::ink(Ink::Uplink(place - 1)))
                    .font(theme::BOLD),
                _ => text(cell),
            };
            let words = words.size(theme::SMALL).width(Length::Fixed(NUMBERS));
            words.align_x(Alignment::End).into()
        });
        row(cells).spacing(8).into()
    });
    let inside = column(lines).spacing(3);
    inside.width(Length::Fixed(3.0 * NUMBERS + 16.0)).into()
}
