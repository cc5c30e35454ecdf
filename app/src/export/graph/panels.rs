//! One panel each: its scales, its grid, its data. Where panels stand is the sheet's business.

use evenkeel_core::distribution::WHOLE;
use evenkeel_core::stats::Quantile;

use super::axis::{Axis, decimals, nice};
use super::{Curve, Kind, dashes, ink};
use crate::export::picture::{Anchor, Ink, Picture, Point};
use crate::export::{say, tell};
use crate::words::{Key, Words};

/// The size of most texts.
pub(super) const SMALL: f32 = 13.0;
/// The width of a series' line.
const LINE: f32 = 1.8;
/// The room around the data.
const LEFT: f32 = 58.0;
const RIGHT: f32 = 18.0;
pub(super) const TOP: f32 = 44.0;
const BOTTOM: f32 = 48.0;
/// Bands of a histogram.
const BANDS: usize = 32;
/// Above this ratio of its ends the tail has a logarithmic scale.
const LOGARITHMIC: f64 = 5.0;
/// Nanoseconds in a millisecond.
pub(super) const NS: f64 = 1e6;

/// A part of a picture with a title, scales and data in it.
pub struct Panel<'a> {
    /// Upper left corner.
    pub at: Point,
    /// Width and height.
    pub size: Point,
    /// What is drawn; not empty.
    pub curves: &'a [Curve<'a>],
    /// The user's words.
    pub words: &'a Words,
}

impl Panel<'_> {
    /// Draws it.
    pub fn draw(&self, kind: Kind, on: &mut Picture) {
        let (title, below) = match kind {
            Kind::Cdf => (Key::GraphCdf, Key::GraphRtt),
            Kind::Histogram => (Key::GraphHistogram, Key::GraphRtt),
            Kind::Tail => (Key::GraphTail, Key::GraphRtt),
            Kind::Time => (Key::ShapeLine, Key::GraphSeconds),
        };
        let mut title = say(self.words, title);
        if kind == Kind::Time {
            title = format!("{title} ({})", say(self.words, Key::UnitMs));
        }
        on.bold((self.at.0 + 12.0, self.at.1 + 26.0), 16.0, title);
        let (x, y) = (
            f32::midpoint(self.left(), self.right()),
            self.at.1 + self.size.1 - 10.0,
        );
        on.text(
            (x, y),
            Anchor::Middle,
            SMALL,
            Ink::Quiet,
            say(self.words, below),
        );
        match kind {
            Kind::Cdf => self.cdf(on),
            Kind::Histogram => self.histogram(on),
            Kind::Tail => self.tail(on),
            Kind::Time => self.time(on),
        }
    }

    pub(super) fn left(&self) -> f32 {
        self.at.0 + LEFT
    }

    pub(super) fn right(&self) -> f32 {
        self.at.0 + self.size.0 - RIGHT
    }

    pub(super) fn top(&self) -> f32 {
        self.at.1 + TOP
    }

    pub(super) fn bottom(&self) -> f32 {
        self.at.1 + self.size.1 - BOTTOM
    }

    pub(super) fn across(&self) -> (f32, f32) {
        (self.left(), self.right())
    }

    fn upright(&self) -> (f32, f32) {
        (self.bottom(), self.top())
    }

    /// The scale of round trips in milliseconds that shows nearly all answers of every series.
    fn usual(&self) -> Axis {
        let of = |share| {
            self.curves
                .iter()
                .filter_map(move |curve| curve.spread.quantile(share))
        };
        let least = self
            .curves
            .iter()
            .filter_map(|curve| curve.spread.answers().first().copied());
        let most = self
            .curves
            .iter()
            .filter_map(|curve| curve.spread.answers().last().copied());
        let (least, most) = (least.min().unwrap_or(0), most.max().unwrap_or(0));
        let p99 = of(Quantile::P99).max().unwrap_or(most);
        let high = p99.saturating_add(p99 / 6).min(most) as f64 / NS;
        let low = least as f64 / NS;
        let high = high.max(low + least_span(low));
        // Where everything is far from zero, what lies before says nothing.
        let step = nice((high - low) / 5.0);
        let low = if low > high * 0.4 {
            (low / step).floor() * step
        } else {
            0.0
        };
        Axis::linear(low, high, self.across())
    }

    pub(super) fn grid_across(&self, axis: &Axis, more: bool, on: &mut Picture) {
        let ticks = axis.ticks((self.size.0 / 90.0) as usize);
        let decimals = decimals(&ticks);
        for tick in ticks {
            let x = axis.px(tick);
            on.line(vec![(x, self.top()), (x, self.bottom())], Ink::Grid, 1.0);
            let text = self.words.number(tick, decimals);
            on.text(
                (x, self.bottom() + 18.0),
                Anchor::Middle,
                SMALL,
                Ink::Quiet,
                text,
            );
        }
        if more {
            let at = (self.right(), self.at.1 + TOP - 8.0);
            let ms = self.words.number(axis.to(), decimals_of(axis.to()));
            let text = tell(self.words, Key::GraphMore, [("value", ms.into())]);
            on.text(at, Anchor::End, SMALL, Ink::Quiet, text);
        }
    }

    pub(super) fn grid_upright(
        &self,
        axis: &Axis,
        about: usize,
        unit: impl Fn(f64, usize) -> String,
        on: &mut Picture,
    ) {
        let ticks = axis.ticks(about.max(1));
        let decimals = decimals(&ticks);
        for tick in ticks {
            let y = axis.px(tick);
            on.line(vec![(self.left(), y), (self.right(), y)], Ink::Grid, 1.0);
            let text = unit(tick, decimals);
            on.text(
                (self.left() - 8.0, y + 4.5),
                Anchor::End,
                SMALL,
                Ink::Quiet,
                text,
            );
        }
    }

    fn percent(&self) -> impl Fn(f64, usize) -> String + '_ {
        |value, decimals| {
            let value = self.words.number(value, decimals);
            tell(self.words, Key::UnitPercent, [("value", value.into())])
        }
    }

    fn cdf(&self, on: &mut Picture) {
        let across = self.usual();
        let upright = Axis::linear(0.0, 100.0, self.upright());
        self.grid_upright(&upright, (self.size.1 / 70.0) as usize, self.percent(), on);
        self.grid_across(&across, false, on);
        let edges = across.edges((self.right() - self.left()) as usize);
        for (slot, curve) in self.curves.iter().enumerate() {
            let share = |ms: f64| {
                f64::from(curve.spread.within((ms * NS) as u64)) * 100.0 / f64::from(WHOLE)
            };
            let mut points = vec![(self.left(), upright.px(share(edges[0])))];
            for edge in &edges {
                let (x, y) = (across.px(*edge), upright.px(share(*edge)));
                step_to(&mut points, (x, y));
            }
            on.dashed(points, ink(slot), LINE, dashes(slot));
            for mark in curve.marks() {
                let ms = mark as f64 / NS;
                if ms <= across.to() {
                    sign(slot, (across.px(ms), upright.px(share(ms))), on);
                }
            }
        }
    }

    fn histogram(&self, on: &mut Picture) {
        let across = self.usual();
        let bands = self.bands(&across);
        let more = self.curves.iter().any(|curve| {
            let most = curve.spread.answers().last();
            most.is_some_and(|most| *most as f64 / NS > across.to())
        });
        let highest = bands.iter().flatten().copied().fold(0.0, f64::max);
        let upright = Axis::linear(0.0, ceiling(highest), self.upright());
        self.grid_upright(&upright, (self.size.1 / 70.0) as usize, self.percent(), on);
        self.grid_across(&across, more, on);
        self.bars(&across, &upright, &bands, on);
    }

    /// The slowest answers, and the losses beside them. They begin where the first series' slowest
    /// 5 of 100 do; where that is still usual for another one, where the last series' do.
    fn tail(&self, on: &mut Picture) {
        let of = |share| {
            let curves = self.curves.iter();
            curves.filter_map(move |curve| curve.spread.quantile(share))
        };
        let usual = of(Quantile::MEDIAN).max().unwrap_or(0);
        let first = of(Quantile::P95).min().filter(|p95| *p95 >= usual);
        let from = first.or(of(Quantile::P95).max()).unwrap_or(0) as f64 / NS;
        let most = self.curves.iter();
        let most = most.filter_map(|curve| curve.spread.answers().last().copied());
        let to = most.max().unwrap_or(0) as f64 / NS;
        let losses = self.curves.iter().any(|curve| curve.spread.lost() > 0);
        let aside = if losses { 70.0 } else { 0.0 };
        let ends = (self.left(), self.right() - aside);
        let across = if from > 0.0 && to > from * LOGARITHMIC {
            Axis::logarithmic(from, to, ends)
        } else {
            Axis::linear(from, to.max(from + least_span(from)), ends)
        };
        let bands = self.bands(&across);
        let lost: Vec<f64> = self
            .curves
            .iter()
            .map(|curve| curve.spread.lost() as f64 * 100.0 / curve.spread.sent() as f64)
            .collect();
        let all = bands.iter().flatten().chain(&lost).copied();
        let upright = Axis::linear(0.0, ceiling(all.fold(0.0, f64::max)), self.upright());
        self.grid_upright(&upright, (self.size.1 / 70.0) as usize, self.percent(), on);
        self.grid_across(&across, false, on);
        self.bars(&across, &upright, &bands, on);
        if losses {
            let middle = f32::midpoint(ends.1 + 16.0, self.right());
            let text = say(self.words, Key::TableLost);
            on.text(
                (middle, self.bottom() + 18.0),
                Anchor::Middle,
                SMALL,
                Ink::Bad,
                text,
            );
            let room = (ends.1 + 16.0, self.right());
            for (slot, share) in lost.iter().enumerate() {
                self.bar(slot, room, upright.px(*share), *share > 0.0, on);
            }
        }
    }

    /// Percent of all probes of each series in each band.
    fn bands(&self, across: &Axis) -> Vec<Vec<f64>> {
        let edges: Vec<u64> = across
            .edges(BANDS)
            .into_iter()
            .map(|ms| (ms * NS).round() as u64)
            .collect();
        let shares = self.curves.iter().map(|curve| {
            let sent = curve.spread.sent().max(1) as f64;
            let counts = curve.spread.counts(&edges).into_iter();
            counts.map(|count| count as f64 * 100.0 / sent).collect()
        });
        shares.collect()
    }

    fn bars(&self, across: &Axis, upright: &Axis, bands: &[Vec<f64>], on: &mut Picture) {
        let edges = across.edges(BANDS);
        for (slot, shares) in bands.iter().enumerate() {
            for (share, ends) in shares.iter().zip(edges.windows(2)) {
                let room = (across.px(ends[0]) + 1.0, across.px(ends[1]) - 1.0);
                self.bar(slot, room, upright.px(*share), *share > 0.0, on);
            }
        }
    }

    /// A bar of one series beside those of the others; every other series is outlined, so that
    /// colour is not the only sign.
    fn bar(&self, slot: usize, (from, to): (f32, f32), y: f32, any: bool, on: &mut Picture) {
        if !any {
            return;
        }
        let width = (to - from) / self.curves.len() as f32;
        let x = from + width * slot as f32;
        // What is there is seen, however little it is.
        let y = y.min(self.bottom() - 1.5);
        let (right, bottom) = (x + (width - 0.8).max(0.8), self.bottom());
        let outlined = slot % 2 == 1 && width > 3.0;
        let alpha = if outlined { 0.3 } else { 0.9 };
        on.rect((x, y), (right - x, bottom - y), ink(slot), alpha);
        if outlined {
            let (x, y, right) = (x + 0.6, y + 0.6, right - 0.6);
            on.line(
                vec![(x, bottom), (x, y), (right, y), (right, bottom)],
                ink(slot),
                1.2,
            );
        }
    }
}

/// The least that a scale of round trips spans, in milliseconds: answers that are all alike need
/// no more digits than they have.
fn least_span(from: f64) -> f64 {
    (from / 20.0).max(0.01)
}

/// A stair, without points in the middle of a level.
fn step_to(points: &mut Vec<Point>, (x, y): Point) {
    let before = points.last().map_or(y, |(_, before)| *before);
    if (before - y).abs() > 0.05 {
        points.push((x, before));
        points.push((x, y));
    } else if let [.., (_, one), (last, two)] = &mut points[..]
        && (*one - *two).abs() < 0.05
    {
        *last = x;
    } else {
        points.push((x, before));
    }
}

/// The upper end of a scale of percents: round, and little above the highest bar.
fn ceiling(highest: f64) -> f64 {
    let step = nice(highest / 5.0);
    (highest / step).ceil().max(1.0) * step
}

fn decimals_of(ms: f64) -> usize {
    match ms {
        ..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    }
}

/// The sign of a series: the window's shapes, so that colour is never the only sign.
pub fn sign(slot: usize, (x, y): Point, on: &mut Picture) {
    let (size, hollow) = (5.0, slot % 6 > 3);
    let around = |corners: usize, turned: f32, size: f32| -> Vec<Point> {
        let corner = |number: usize| {
            let angle = (number as f32 / corners as f32 + turned) * std::f32::consts::TAU;
            (x + size * angle.sin(), y - size * angle.cos())
        };
        (0..corners).map(corner).collect()
    };
    let mut points = match slot % 6 {
        0 | 4 => around(24, 0.0, size),
        1 | 5 => around(4, 0.125, size * 1.25),
        2 => around(4, 0.0, size * 1.3),
        _ => around(3, 0.0, size * 1.3),
    };
    let (fill, ink) = if hollow {
        (Ink::Ground, ink(slot))
    } else {
        (ink(slot), Ink::Ground)
    };
    on.shapes.push(crate::export::picture::Shape::Area {
        points: points.clone(),
        ink: fill,
        alpha: 1.0,
    });
    points.extend(points.first().copied());
    points.extend(points.get(1).copied());
    on.line(points, ink, if hollow { 1.6 } else { 0.8 });
}
