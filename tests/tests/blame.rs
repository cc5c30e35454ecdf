//! Planted causes of ping spikes, through the whole chain: links, probes, the kernel's counters and
//! events, the rules, the feed, the command line.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and so do the functions it is made of"
)]

use evenkeel_lab::causes::{Bench, Cause, Confusion};

/// Few, for a test; `make bench` counts ten of each.
const ROUNDS: usize = 3;

#[test]
fn planted_causes_are_blamed_on_who_is_behind_them() {
    let mut bench = Bench::start().unwrap();
    let mut confusion = Confusion::default();
    for _ in 0..ROUNDS {
        for cause in Cause::ALL {
            confusion.add(cause, bench.trial(cause).unwrap());
        }
    }
    let counts = confusion.lines().join("\n");
    println!("{counts}");
    for cause in Cause::ALL {
        let (right, all) = confusion.right(cause);
        // One may go astray on a machine that does other things, too.
        assert!(right + 1 >= all, "{cause}:\n{counts}\n{}", bench.heard());
    }
}
