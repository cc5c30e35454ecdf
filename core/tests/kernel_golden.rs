//! Our kernel patch averages as `core` does: the numbers of its `KUnit` test are this crate's. Not a
//! test of the kernel; `make test-kernel` runs that.

use std::fs;
use std::path::Path;

use evenkeel_core::ema::Factor;
use evenkeel_core::metrics::{KernelCost, PathMetrics};

const PATCH: &str = "../packaging/kernel/evenkeel-lowpower-6.12.patch";

/// One line of the patch's table: k, bytes in a jiffy, then load and variability after it.
fn golden(text: &str) -> Vec<[u64; 4]> {
    text.lines()
        .filter_map(|line| {
            let inner = line.strip_prefix("+\t{ ")?.strip_suffix(" },")?;
            let fields: Option<Vec<u64>> = inner
                .split(", ")
                .map(|field| field.trim_end_matches('U').parse().ok())
                .collect();
            fields?.try_into().ok()
        })
        .collect()
}

#[test]
fn the_patch_averages_as_core_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATCH);
    let rows = golden(&fs::read_to_string(path).unwrap());
    assert!(rows.len() >= 60, "only {} rows were found", rows.len());
    let fresh = |factor| PathMetrics::new(factor, KernelCost::default());
    let mut metrics = fresh(Factor::FREEZE);
    let mut jiffies = 0;
    for [k, bytes, load, variability] in rows {
        let factor = Factor::new(k.cast_signed()).unwrap();
        if metrics.k != factor {
            metrics = fresh(factor);
            jiffies = 0;
        }
        jiffies += 1;
        assert!(metrics.transmit(jiffies, u32::try_from(bytes).unwrap()));
        assert_eq!(
            (metrics.load, metrics.deviation),
            (load, variability),
            "k {k}, {bytes} bytes in jiffy {jiffies}"
        );
    }
}
