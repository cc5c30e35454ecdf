//! The whole list on kernels built from source: stock, with our patch, with patches that behave like
//! the original's two generations, and ours watched by KASAN. `make test-kernel` runs it: a kernel takes
//! minutes to build, once.

use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::vm::{Machine, kernels};

type Outcome = Result<(), LabError>;

/// Emulated, on a busy host.
const TIMEOUT: Duration = Duration::from_mins(15);
/// KASAN looks at every access to memory.
const WATCHED_TIMEOUT: Duration = Duration::from_mins(40);

fn all_must_hold(kernel: &str, topics: &[&str], timeout: Duration) -> Outcome {
    let kernel = kernels::built(kernel)?;
    Machine::new(&kernel, topics, timeout).all_must_hold()?;
    if !topics.contains(&"helper") {
        return Ok(());
    }
    let first = Machine::new(&kernel, &["before-the-power-cut"], timeout);
    let report = first.all_must_hold()?;
    let mut next = Machine::new(&kernel, &["after-the-power-cut"], timeout);
    next.carried = report.carried;
    next.all_must_hold().map(drop)
}

#[test]
fn stock() -> Outcome {
    all_must_hold("stock", &["stock", "stock-paths", "doctor-stock"], TIMEOUT)
}

#[test]
fn ours() -> Outcome {
    let topics = ["sysctls", "our-paths", "reach", "helper", "doctor-ours"];
    all_must_hold("ours", &topics, TIMEOUT)
}

#[test]
fn like_the_originals_first_generation() -> Outcome {
    let topics = [
        "sysctls",
        "original-v1-paths",
        "reach",
        "danger",
        "helper",
        "doctor-original-v1",
    ];
    all_must_hold("original-v1", &topics, TIMEOUT)
}

#[test]
fn like_the_originals_second_generation() -> Outcome {
    let topics = [
        "sysctls",
        "original-v2-paths",
        "reach",
        "danger",
        "helper",
        "doctor-original-v2",
    ];
    all_must_hold("original-v2", &topics, TIMEOUT)
}

#[test]
fn ours_watched_by_kasan() -> Outcome {
    let topics = ["sysctls", "our-paths", "reach", "helper", "doctor-ours"];
    all_must_hold("ours-kasan", &topics, WATCHED_TIMEOUT)
}
