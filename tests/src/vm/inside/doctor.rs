//! `evenkeel doctor --kernel`, asked as a player: it must say what this kernel is known to do. How it
//! finds out is its own business.

use super::Try;
use super::bench::{Bench, Outcome, equal, must, register};
use crate::error::LabError;

/// On a kernel without the patch.
pub const STOCK: &[(&str, Try)] = &[("it-says-that-a-hash-decides", stock)];
/// On a kernel that has the sysctls and nothing behind them.
pub const STUB: &[(&str, Try)] = &[("it-says-that-the-sysctls-do-nothing", stub)];
/// With our patch.
pub const OURS: &[(&str, Try)] = &[("it-says-that-the-steadier-path-wins", ours)];
/// Like the original's first generation.
pub const FIRST: &[(&str, Try)] = &[("it-says-that-the-first-path-takes-all", first)];
/// Like the original's second generation.
pub const SECOND: &[(&str, Try)] = &[("it-says-that-the-sysctls-do-nothing-on-a-card", second)];

fn must_say(bench: &mut Bench, verdict: &str) -> Outcome {
    let argv = ["doctor", "--kernel", "--json"];
    let scene = bench.scene()?;
    let command = scene.evenkeel("player", &argv)?;
    let output = command.timeout(super::bench::PATIENCE * 3).output()?;
    let said: serde_json::Value = serde_json::from_str(&output.stdout)
        .map_err(|error| LabError::Invalid(format!("{output:?}: {error}")))?;
    let sentence = said["sentence"].as_str().unwrap_or_default().to_owned();
    bench.note(&format!("doctor: {sentence}"));
    equal("the verdict", &said["verdict"], verdict)?;
    must(output.success(), || format!("{output:?}"))
}

fn stock(bench: &mut Bench) -> Outcome {
    must_say(bench, "stock-hashing")
}

fn stub(bench: &mut Bench) -> Outcome {
    register(bench)?;
    must_say(bench, "no-effect")
}

fn ours(bench: &mut Bench) -> Outcome {
    must_say(bench, "steady-wins")
}

fn first(bench: &mut Bench) -> Outcome {
    must_say(bench, "first-only")
}

fn second(bench: &mut Bench) -> Outcome {
    must_say(bench, "no-effect")
}
