//! The course of round trips in time, a lane for each series.

use evenkeel_core::stats::Quantile;

use super::axis::Axis;
use super::ink;
use super::panels::{NS, Panel, SMALL, TOP, sign};
use crate::export::picture::{Anchor, Ink, Picture, Point};
use crate::export::say;
use crate::logs::Probe;
use crate::words::Key;

/// Between the lanes of two series.
const LANE_GAP: f32 = 8.0;

impl Panel<'_> {
    /// A lane for each series, all on one scale: what lies over another would hide it.
    pub(super) fn time(&self, on: &mut Picture) {
        let ends = self.curves.iter().filter_map(|curve| curve.probes.last());
        let seconds = ends.map(|probe| probe.sent_ns).max().unwrap_or(0) as f64 / 1e9;
        let across = Axis::linear(0.0, seconds.max(0.001), self.across());
        self.grid_across(&across, false, on);
        let p99 = self.curves.iter();
        let p99 = p99.filter_map(|curve| curve.spread.quantile(Quantile::P99));
        let most = self.curves.iter();
        let most = most.filter_map(|curve| curve.spread.answers().last().copied());
        let (p99, most) = (p99.max().unwrap_or(0), most.max().unwrap_or(0));
        let high = (most.min(p99.saturating_mul(2)) as f64 / NS).max(0.001) * 1.05;
        let lane = (self.bottom() - self.top()) / self.curves.len() as f32;
        let mut lost = false;
        for (slot, curve) in self.curves.iter().enumerate() {
            let bottom = self.top() + lane * (slot + 1) as f32;
            let upright = Axis::linear(0.0, high, (bottom, bottom - lane + LANE_GAP));
            let plain = |value, decimals| self.words.number(value, decimals);
            self.grid_upright(&upright, ((lane / 45.0) as usize).max(2), plain, on);
            for points in runs(curve.probes, &across, &upright) {
                on.line(points, ink(slot), 1.0);
            }
            let at = curve.probes.iter().filter(|probe| probe.rtt_ns.is_none());
            let mut at: Vec<i32> = at
                .map(|probe| across.px(probe.sent_ns as f64 / 1e9) as i32)
                .collect();
            at.dedup();
            lost |= !at.is_empty();
            for x in at {
                let x = x as f32 + 0.5;
                on.line(vec![(x, bottom), (x, bottom - 8.0)], Ink::Bad, 1.5);
            }
            if self.curves.len() > 1 {
                sign(slot, (self.right() + 9.0, bottom - lane / 2.0), on);
            }
        }
        if lost {
            let text = format!("| {}", say(self.words, Key::LegendLost));
            let at = (self.right(), self.at.1 + TOP - 8.0);
            on.text(at, Anchor::End, SMALL, Ink::Bad, text);
        }
    }
}

/// The lines through the answers, broken where one is lost; no more than two points a pixel.
fn runs(probes: &[Probe], across: &Axis, upright: &Axis) -> Vec<Vec<Point>> {
    let mut runs = Vec::new();
    let mut run: Vec<Point> = Vec::new();
    let mut column: Option<(i32, f32, f32)> = None;
    let flush = |column: &mut Option<(i32, f32, f32)>, run: &mut Vec<Point>| {
        if let Some((x, low, high)) = column.take() {
            run.push((x as f32, low));
            if (low - high).abs() > 0.5 {
                run.push((x as f32, high));
            }
        }
    };
    for probe in probes {
        let Some(rtt_ns) = probe.rtt_ns else {
            flush(&mut column, &mut run);
            runs.push(std::mem::take(&mut run));
            continue;
        };
        let x = across.px(probe.sent_ns as f64 / 1e9) as i32;
        let y = upright.px(rtt_ns as f64 / NS);
        match &mut column {
            Some((known, low, high)) if *known == x => {
                *low = low.max(y);
                *high = high.min(y);
            }
            _ => {
                flush(&mut column, &mut run);
                column = Some((x, y, y));
            }
        }
    }
    flush(&mut column, &mut run);
    runs.push(run);
    runs.retain_mut(|run| {
        // An answer between two lost ones is a dot.
        if let [(x, y)] = run[..] {
            run.push((x + 1.5, y));
        }
        !run.is_empty()
    });
    runs
}
