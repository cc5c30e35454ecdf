//! The JSON of a measurement: a stable schema of its own. Fields are only ever added.

use evenkeel_core::ab::Verdict;
use evenkeel_core::stats::Summary;
use evenkeel_dbus::measurement::MeasurementPlan;
use serde::Serialize;

use super::told::{self, Names};
use crate::measure::{Found, Snapshot, THRESHOLDS_NS};

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// See the module.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    schema: u32,
    plan: MeasurementPlan,
    seed: u64,
    started_unix_s: u64,
    /// `finished`, `cancelled`, `failed`, or how far it is.
    state: evenkeel_dbus::measurement::MeasurementState,
    reason: evenkeel_dbus::measurement::MeasurementReason,
    interruptions: u32,
    /// `better`, `worse`, `no-difference`, or null.
    verdict: Option<&'static str>,
    /// Pairs the verdict rests on.
    pairs: Option<u32>,
    p: Option<f64>,
    /// Spread (p95 - p50) of B over A.
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    /// A true ratio this small is found by four of five such measurements.
    ratio_seen: Option<f64>,
    /// The verdict in a sentence.
    sentence: String,
    advice: Option<String>,
    arms: Vec<Arm>,
    /// 99th percentile of B over A, and 95 of 100 resampled: a description.
    p99_ratio: Option<[f64; 3]>,
    blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
struct Arm {
    name: String,
    sent: u64,
    lost: u64,
    min_ns: Option<u64>,
    mean_ns: Option<u64>,
    median_ns: Option<u64>,
    p95_ns: Option<u64>,
    p99_ns: Option<u64>,
    max_ns: Option<u64>,
    stdev_ns: Option<u64>,
    /// Answers over 50, 100 and 200 ms.
    over: [u64; THRESHOLDS_NS.len()],
    /// When each probe was sent, milliseconds since the measurement began.
    at_ms: Vec<u32>,
    /// Its round-trip time, null when it was lost.
    rtt_ns: Vec<Option<u64>>,
    /// Its block, an index into `blocks`.
    block: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Block {
    pair: u32,
    /// `a` or `b`.
    arm: char,
    /// The uplink that the block's flow took.
    uplink: String,
    sent: u32,
    lost: u32,
    p50_us: u32,
    p95_us: u32,
}

impl Report {
    /// The report of a measurement.
    pub fn of(snapshot: &Snapshot, found: &Found, names: &Names) -> Self {
        let outcome = snapshot.outcome;
        let arm = |arm: u32| {
            let probes = &found.arms[arm as usize];
            let summary = probes.summary();
            let name = names.arm(snapshot, arm).unwrap_or_default();
            Arm {
                at_ms: probes.at_ms.clone(),
                rtt_ns: probes.rtts_ns.clone(),
                block: probes.blocks.clone(),
                ..figures(name, &summary)
            }
        };
        let blocks = found.blocks.iter().map(|block| Block {
            pair: block.pair,
            arm: if block.arm == 0 { 'a' } else { 'b' },
            uplink: names.uplink(block.ifindex),
            sent: block.sent,
            lost: block.lost,
            p50_us: block.p50_us,
            p95_us: block.p95_us,
        });
        Self {
            schema: SCHEMA,
            plan: snapshot.plan,
            seed: snapshot.seed,
            started_unix_s: snapshot.started_at,
            state: snapshot.state,
            reason: snapshot.reason,
            interruptions: snapshot.progress.interruptions,
            verdict: outcome.map(|outcome| match outcome.verdict {
                Verdict::Better => "better",
                Verdict::Worse => "worse",
                Verdict::NoDifference => "no-difference",
            }),
            pairs: outcome.map(|outcome| outcome.pairs),
            p: outcome.map(|outcome| outcome.p),
            ratio: outcome.map(|outcome| outcome.ratio),
            ratio_low: outcome
                .and_then(|outcome| outcome.interval)
                .map(|(low, _)| low),
            ratio_high: outcome
                .and_then(|outcome| outcome.interval)
                .map(|(_, high)| high),
            ratio_seen: outcome.and_then(|outcome| outcome.seen),
            sentence: told::verdict(snapshot, names),
            advice: told::advice(snapshot),
            arms: vec![arm(0), arm(1)],
            p99_ratio: found.tail.map(|tail| [tail.ratio, tail.low, tail.high]),
            blocks: blocks.collect(),
        }
    }
}

fn figures(name: String, summary: &Summary) -> Arm {
    let spread = summary.spread.as_ref();
    let mut over = [0; THRESHOLDS_NS.len()];
    for (count, over) in over.iter_mut().zip(&summary.over) {
        *count = over.count;
    }
    Arm {
        name,
        sent: summary.sent,
        lost: summary.lost,
        min_ns: spread.map(|spread| spread.min_ns),
        mean_ns: spread.map(|spread| spread.mean_ns),
        median_ns: spread.map(|spread| spread.median_ns),
        p95_ns: spread.map(|spread| spread.p95_ns),
        p99_ns: spread.map(|spread| spread.p99_ns),
        max_ns: spread.map(|spread| spread.max_ns),
        stdev_ns: spread.map(|spread| spread.stdev_ns),
        over,
        at_ms: Vec::new(),
        rtt_ns: Vec::new(),
        block: Vec::new(),
    }
}
