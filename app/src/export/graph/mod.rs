//! The graphs of a recording: how its answers are spread (CDF, histogram, the tail of it enlarged) and
//! how they followed in time. One drawing for SVG, PNG and the report. The counting is in
//! `evenkeel_core::distribution`, which the window uses too.

mod axis;
mod course;
mod panels;
mod sheet;

use evenkeel_core::distribution::Distribution;
use evenkeel_core::stats::Quantile;

pub use crate::ui::theme::Look;
pub use sheet::{panel, sheet};

use super::picture::Ink;
use crate::logs::{Probe, Series};

/// Series that can be told apart in one graph; more are left out.
pub const MOST_CURVES: usize = 6;

/// What a panel shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The share of probes answered within a time.
    Cdf,
    /// The share of probes in each band of round trips.
    Histogram,
    /// The same for the slowest answers alone, and the losses.
    Tail,
    /// Round trips as they followed.
    Time,
}

impl Kind {
    /// All of them, as they stand on a sheet.
    pub const ALL: [Self; 4] = [Self::Cdf, Self::Histogram, Self::Tail, Self::Time];
}

/// One series, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Curve<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its probes in the order they were sent.
    pub probes: &'a [Probe],
    /// How its answers are spread, in nanoseconds.
    pub spread: Distribution,
}

impl<'a> Curve<'a> {
    /// The curves of those series that have an answer, [`MOST_CURVES`] at the most.
    pub fn all(series: impl IntoIterator<Item = &'a Series>) -> Vec<Self> {
        let curve = |series: &'a Series| Self {
            name: &series.name,
            probes: &series.probes,
            spread: Distribution::of(series.outcomes()),
        };
        let curves = series.into_iter().map(curve);
        let answered = curves.filter(|curve| !curve.spread.answers().is_empty());
        answered.take(MOST_CURVES).collect()
    }

    /// Median, 95th and 99th percentile.
    fn marks(&self) -> impl Iterator<Item = u64> {
        let marks = [Quantile::MEDIAN, Quantile::P95, Quantile::P99];
        marks
            .into_iter()
            .filter_map(|share| self.spread.quantile(share))
    }
}

/// Strokes and gaps of a series' line, so that colour is not the only sign.
fn dashes(slot: usize) -> &'static [f32] {
    const DASHES: [&[f32]; MOST_CURVES] = [
        &[],
        &[7.0, 3.0],
        &[2.0, 2.5],
        &[10.0, 3.0, 2.0, 3.0],
        &[14.0, 4.0],
        &[4.0, 2.0, 1.5, 2.0, 1.5, 2.0],
    ];
    DASHES[slot % DASHES.len()]
}

fn ink(slot: usize) -> Ink {
    Ink::Series(slot)
}

#[cfg(test)]
mod tests;
