//! The JSON of a measurement: a stable schema of its own. Fields are only ever added.

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::MeasurementPlan;
use serde::Serialize;

use super::told::{self, Names};
use crate::export::Figures;
use crate::measure::{Found, Snapshot};
use crate::state::HelperState;
use crate::words::Words;

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// See the module.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    schema: u32,
    #[serde(flatten)]
    judged: Judged,
    arms: Vec<Arm>,
    /// 99th percentile of B over A, and 95 of 100 resampled: a description.
    p99_ratio: Option<[f64; 3]>,
    blocks: Vec<Block>,
}

/// What was measured, and what came out.
#[derive(Debug, Serialize)]
pub struct Judged {
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
}

#[derive(Debug, Serialize)]
struct Arm {
    name: String,
    /// Times in nanoseconds; `over` counts answers over 50, 100 and 200 ms.
    #[serde(flatten)]
    figures: Figures,
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
    /// The report of a measurement; names and sentences in these words, advice where this is in force.
    pub fn of(
        snapshot: &Snapshot,
        found: &Found,
        (names, state): (&Names, Option<&HelperState>),
        words: &Words,
    ) -> Self {
        let arms = names.arms(snapshot, words);
        let arm = |arm: usize| {
            let probes = &found.arms[arm];
            Arm {
                name: arms[arm].clone(),
                figures: probes.figures(),
                at_ms: probes.at_ms.clone(),
                rtt_ns: probes.rtts_ns.clone(),
                block: probes.blocks.clone(),
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
            judged: Judged::of(snapshot, (names, state), words),
            arms: vec![arm(0), arm(1)],
            p99_ratio: found.tail.map(|tail| [tail.value, tail.low, tail.high]),
            blocks: blocks.collect(),
        }
    }
}

impl Judged {
    /// Of a measurement; likewise.
    pub fn of(
        snapshot: &Snapshot,
        (names, state): (&Names, Option<&HelperState>),
        words: &Words,
    ) -> Self {
        let outcome = snapshot.outcome;
        let interval = outcome.and_then(|outcome| outcome.interval);
        Self {
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
            ratio_low: interval.map(|(low, _)| low),
            ratio_high: interval.map(|(_, high)| high),
            ratio_seen: outcome.and_then(|outcome| outcome.seen),
            sentence: told::verdict(snapshot, names, words).join(" "),
            advice: told::advice(snapshot, names, state, words),
        }
    }
}
