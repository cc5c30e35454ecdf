//! What one look at the kernel's counters costs; the helper takes one a second while it probes, and
//! one each beat during a spike. In turns with it: the same files read by the standard library, opened
//! each time and not looked into, and a look that opens everything anew. Prints, judges nothing.

#![allow(clippy::print_stdout, reason = "a benchmark prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use evenkeel_evidence::Roots;
use evenkeel_evidence::counters::{Counters, Interface};

const LOOKS: usize = 2000;

/// What a look reads, where it is there.
const FILES: [&str; 7] = [
    "/proc/self/net/dev",
    "/proc/net/softnet_stat",
    "/proc/pressure/cpu",
    "/proc/pressure/io",
    "/proc/pressure/memory",
    "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count",
    "/sys/devices/system/cpu/cpufreq/policy0/scaling_max_freq",
];

fn main() {
    let loopback = [Interface {
        ifindex: 1,
        name: "lo".to_owned(),
    }];
    let mut counters = Counters::open(&Roots::default());
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..LOOKS {
        times[0].push(timed(|| counters.read(0, &loopback)));
        times[1].push(timed(|| FILES.map(std::fs::read)));
        times[2].push(timed(|| {
            Counters::open(&Roots::default()).read(0, &loopback)
        }));
    }
    for one in &mut times {
        one.sort_unstable();
    }
    let us = |which: usize, share: usize| times[which][LOOKS * share / 100].as_secs_f64() * 1e6;
    let look = us(0, 50);
    println!(
        "one look at the counters, queues included: {look:.1} us, in one of a hundred {:.1} us; one a \
         second takes {:.4} % of one core",
        us(0, 99),
        look / 1e4,
    );
    println!(
        "ratio to opening and reading the same files without looking into them ({:.1} us): {:.2}",
        us(1, 50),
        look / us(1, 50)
    );
    println!(
        "ratio to a look that opens everything anew ({:.1} us): {:.2}",
        us(2, 50),
        look / us(2, 50)
    );
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}
