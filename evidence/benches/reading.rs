//! What one look at the kernel's counters costs; the helper takes one a second while it probes, and
//! one each beat during a spike. Prints, judges nothing.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use evenkeel_evidence::Roots;
use evenkeel_evidence::counters::{Counters, Interface};

const LOOKS: u32 = 2000;

fn main() {
    let loopback = Interface {
        ifindex: 1,
        name: "lo".to_owned(),
    };
    let mut counters = Counters::open(&Roots::default());
    let mut look = || {
        let begun = Instant::now();
        black_box(counters.read(0, std::slice::from_ref(&loopback)));
        begun.elapsed()
    };
    let mut times: Vec<Duration> = (0..LOOKS).map(|_| look()).collect();
    times.sort_unstable();
    let us = |share: u32| times[(LOOKS * share / 100) as usize].as_secs_f64() * 1e6;
    println!(
        "one look at the counters: {:.1} us, in one of a hundred {:.1} us; at one a second {:.4} % of \
         one core",
        us(50),
        us(99),
        us(50) / 1e4,
    );
}
