//! One kept measurement as the text of its file, and back. Pure; where files are is the parent's.
//! The format stands in docs/RECORDINGS.md.

use std::collections::BTreeMap;

use evenkeel_core::ab::{Plan, Verdict};
use evenkeel_dbus::measurement::{
    LOST_US, MeasuredBlock, MeasuredSample, MeasurementPlan, MeasurementProgress,
    MeasurementReason, MeasurementState,
};
use serde::{Deserialize, Serialize};

use super::{Kept, Trouble};
use crate::measure::{Found, Outcome, Snapshot};

/// What `format` says.
pub const FORMAT: &str = "evenkeel-measurement";
/// What `version` says. Raised only when a field changes its meaning or goes away.
pub const VERSION: u32 = 1;
/// Longest name of an interface that is kept, in characters; the kernel's have 15.
const MAX_NAME: usize = 32;

/// What a file must say before anything else is looked at.
#[derive(Deserialize)]
struct Stamp {
    format: String,
    version: u32,
}

/// All but the samples.
#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    plan: MeasurementPlan,
    owner: u32,
    seed: u64,
    started_unix_s: u64,
    interruptions: u32,
    outcome: Told,
    /// Names of the interfaces by ifindex, as they were then.
    uplinks: BTreeMap<u32, String>,
    /// Pair, arm, ifindex, sent, lost, median and 95th percentile in microseconds.
    blocks: Vec<MeasuredBlock>,
}

#[derive(Serialize, Deserialize)]
struct Told {
    verdict: Word,
    pairs: u32,
    p: f64,
    ratio: f64,
    low: Option<f64>,
    high: Option<f64>,
    seen: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Better,
    Worse,
    NoDifference,
}

#[derive(Deserialize)]
struct Body {
    samples: Samples,
}

/// Lists of equal length, in the order the probes were sent.
#[derive(Default, Serialize, Deserialize)]
struct Samples {
    block: Vec<u32>,
    at_ms: Vec<u32>,
    rtt_us: Vec<Option<u32>>,
}

/// The text of a measurement; `None` when it has no verdict, or one that JSON has no numbers for.
pub fn format(
    snapshot: &Snapshot,
    found: &Found,
    uplinks: &BTreeMap<u32, String>,
) -> Option<String> {
    let outcome = snapshot.outcome?;
    let of_plan = [snapshot.plan.ifindex, snapshot.plan.a, snapshot.plan.b];
    let used = found.blocks.iter().map(|block| block.ifindex);
    let named = used.chain(of_plan).filter_map(|ifindex| {
        let name: String = uplinks.get(&ifindex)?.chars().take(MAX_NAME).collect();
        Some((ifindex, name))
    });
    let head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        plan: snapshot.plan,
        owner: snapshot.owner,
        seed: snapshot.seed,
        started_unix_s: snapshot.started_at,
        interruptions: snapshot.progress.interruptions,
        outcome: Told {
            verdict: match outcome.verdict {
                Verdict::Better => Word::Better,
                Verdict::Worse => Word::Worse,
                Verdict::NoDifference => Word::NoDifference,
            },
            pairs: outcome.pairs,
            p: outcome.p,
            ratio: outcome.ratio,
            low: outcome.interval.map(|(low, _)| low),
            high: outcome.interval.map(|(_, high)| high),
            seen: outcome.seen,
        },
        uplinks: named.collect(),
        blocks: found.blocks.clone(),
    };
    let head = serde_json::to_string_pretty(&head).ok()?;
    let samples = serde_json::to_string(&samples(found)).ok()?;
    // Thousands of numbers, each on a line of its own, would be no easier to read.
    let head = head.strip_suffix("\n}")?;
    Some(format!("{head},\n  \"samples\": {samples}\n}}\n"))
}

fn samples(found: &Found) -> Samples {
    let mut all: Vec<MeasuredSample> = Vec::new();
    for arm in &found.arms {
        let probes = arm.at_ms.iter().zip(&arm.rtts_ns).zip(&arm.blocks);
        all.extend(probes.map(|((at_ms, rtt_ns), block)| MeasuredSample {
            block: *block,
            at_ms: *at_ms,
            rtt_us: rtt_ns.map_or(LOST_US, |ns| (ns / 1_000) as u32),
        }));
    }
    all.sort_by_key(|sample| (sample.block, sample.at_ms));
    let mut samples = Samples::default();
    for sample in all {
        samples.block.push(sample.block);
        samples.at_ms.push(sample.at_ms);
        samples
            .rtt_us
            .push((sample.rtt_us != LOST_US).then_some(sample.rtt_us));
    }
    samples
}

/// What a file says of the measurement, without reading its samples.
///
/// # Errors
/// [`Trouble`], with the line where there is one.
pub fn head(text: &str) -> Result<Kept, Trouble> {
    let stamp: Stamp = serde_json::from_str(text).map_err(|error| {
        // Well-formed JSON of somebody else's has no line to complain about.
        if error.is_data() {
            Trouble::NotOurs
        } else {
            unreadable(&error)
        }
    })?;
    if stamp.format != FORMAT {
        return Err(Trouble::NotOurs);
    }
    if stamp.version != VERSION {
        return Err(Trouble::Version(stamp.version));
    }
    let head: Head = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    kept(head)
}

/// The measurement with its samples.
///
/// # Errors
/// As [`head`].
pub fn whole(text: &str) -> Result<(Kept, Found), Trouble> {
    let kept = head(text)?;
    let body: Body = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
    let Samples {
        block,
        at_ms,
        rtt_us,
    } = body.samples;
    if block.len() != at_ms.len() || block.len() != rtt_us.len() {
        return Err(Trouble::Wrong("its lists of samples differ in length"));
    }
    if block
        .iter()
        .any(|block| *block as usize >= kept.blocks.len())
    {
        return Err(Trouble::Wrong("a sample is of a block that is not there"));
    }
    let samples = block.into_iter().zip(at_ms).zip(rtt_us);
    let samples: Vec<MeasuredSample> = samples
        .map(|((block, at_ms), rtt_us)| MeasuredSample {
            block,
            at_ms,
            rtt_us: rtt_us.unwrap_or(LOST_US),
        })
        .collect();
    let found = Found::of(kept.blocks.clone(), &samples);
    Ok((kept, found))
}

fn unreadable(error: &serde_json::Error) -> Trouble {
    Trouble::NotReadable(error.to_string())
}

/// The numbers as meanings, when they can be a measurement's.
fn kept(head: Head) -> Result<Kept, Trouble> {
    let plan = head.plan;
    let first_look = (plan.first_look != 0).then_some(plan.first_look);
    if Plan::new(
        plan.pairs,
        first_look,
        plan.block_ms,
        plan.settle_ms,
        plan.period_ms,
    )
    .is_err()
    {
        return Err(Trouble::Wrong("no measurement has such a plan"));
    }
    let told = head.outcome;
    let ratio = |value: f64| value.is_finite() && value > 0.0;
    let bounds = [Some(told.ratio), told.low, told.high, told.seen];
    if !bounds.into_iter().flatten().all(ratio) || !(0.0..=1.0).contains(&told.p) {
        return Err(Trouble::Wrong("no measurement has such an outcome"));
    }
    let blocks = head.blocks;
    if blocks.len() > (plan.pairs * 2) as usize || blocks.iter().any(|block| block.arm > 1) {
        return Err(Trouble::Wrong("no measurement has such blocks"));
    }
    let outcome = Outcome {
        verdict: match told.verdict {
            Word::Better => Verdict::Better,
            Word::Worse => Verdict::Worse,
            Word::NoDifference => Verdict::NoDifference,
        },
        pairs: told.pairs,
        p: told.p,
        ratio: told.ratio,
        interval: told.low.zip(told.high),
        seen: told.seen,
    };
    let snapshot = Snapshot {
        plan,
        owner: head.owner,
        seed: head.seed,
        started_at: head.started_unix_s,
        state: MeasurementState::Finished,
        reason: MeasurementReason::None,
        progress: MeasurementProgress {
            blocks_done: blocks.len() as u32,
            blocks: plan.pairs * 2,
            arm: 2,
            ends_ns: 0,
            interruptions: head.interruptions,
        },
        outcome: Some(outcome),
    };
    Ok(Kept {
        id: super::Id::of(&snapshot),
        snapshot,
        uplinks: head.uplinks,
        blocks,
    })
}
