//! What the core costs: `cargo bench -p evenkeel-core`. Each figure stands beside a plainer
//! reference from the same run, because only ratios survive a change of machine.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and may stop"
)]

use evenkeel_core::ema::{Factor, ema_update};
use evenkeel_core::stats::Summary;
use evenkeel_core::steer::{Params, PowerCost, Steering};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Samples in the series every measurement walks through.
const ROUNDS: usize = 4096;
/// How long one measurement runs.
const BUDGET: Duration = Duration::from_millis(400);

fn main() {
    let rtts = series();
    println!("{:<38} {:>9}  {:>9}  {:>5}", "", "ns", "reference", "ratio");
    let ours = best(&rtts, |rtts| {
        rtts.iter()
            .fold(0, |old, rtt| ema_update(black_box(Factor::HALF), old, *rtt))
    });
    let plain = best(&rtts, |rtts| {
        rtts.iter().fold(0.0, |old: f64, rtt| {
            old + black_box(0.5) * (*rtt as f64 - old)
        })
    });
    report("one EMA update / in f64", ours, plain);
    for paths in [2, 4] {
        let ours = best(&rtts, |rtts| steer(rtts, paths));
        let plain = best(&rtts, |rtts| naive(rtts, paths));
        report(
            &format!("one round, {paths} paths / one f64 EMA each"),
            ours,
            plain,
        );
    }
    let ours = best(&rtts, |rtts| {
        Summary::of(rtts.iter().copied().map(Some), &[])
    });
    let plain = best(&rtts, |rtts| {
        let mut sorted = rtts.to_vec();
        sorted.sort_unstable();
        sorted[rtts.len() / 2]
    });
    report("summary, per sample / sorting", ours, plain);
}

fn report(what: &str, ours: f64, reference: f64) {
    println!(
        "{what:<38} {ours:>9.2}  {reference:>9.2}  {:>5.2}",
        ours / reference
    );
}

/// Nanoseconds per element, the best of as many passes as fit the budget.
fn best<T>(rtts: &[u64], mut pass: impl FnMut(&[u64]) -> T) -> f64 {
    let start = Instant::now();
    let mut best = Duration::MAX;
    while start.elapsed() < BUDGET {
        let before = Instant::now();
        black_box(pass(black_box(rtts)));
        best = best.min(before.elapsed());
    }
    best.as_nanos() as f64 / rtts.len() as f64
}

/// RTTs of 20 to 52 ms from a linear congruential generator: the same in every run.
fn series() -> Vec<u64> {
    let mut state = 1_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        20_000_000 + (state >> 39)
    })
    .take(ROUNDS)
    .collect()
}

/// Every path sees the same series, each from another place in it.
fn round_of<const N: usize>(rtts: &[u64], round: usize) -> [u64; N] {
    std::array::from_fn(|path| rtts[(round + path * 977) % rtts.len()])
}

fn steer(rtts: &[u64], paths: usize) -> Option<usize> {
    let mut steering = Steering::new(Params::default(), &vec![PowerCost::NEUTRAL; paths]).unwrap();
    for round in 0..rtts.len() {
        let samples = round_of::<4>(rtts, round).map(Some);
        let _change = black_box(steering.round(&samples[..paths]).unwrap());
    }
    steering.leader()
}

/// The simplest policy that can be called one: an EMA of the RTT per path, the smallest leads when
/// it is better by a fifth.
fn naive(rtts: &[u64], paths: usize) -> usize {
    let mut averages = [0.0_f64; 4];
    let mut leader = 0;
    for round in 0..rtts.len() {
        let samples = round_of::<4>(rtts, round);
        for (average, rtt) in averages.iter_mut().zip(&samples[..paths]) {
            *average += 0.067 * (*rtt as f64 - *average);
        }
        for path in 0..paths {
            if averages[path] < averages[leader] * 0.8 {
                leader = path;
            }
        }
        black_box(leader);
    }
    leader
}
