//! What kernels that behave like the original's two generations do with a multipath route, packet by
//! packet against the core's models of them. That they gather traffic on the busy path is shown here,
//! in a machine of its own, and not wished for.

use std::net::{IpAddr, Ipv4Addr};

use evenkeel_core::ema::Factor;
use evenkeel_core::metrics::{KernelCost, PathMetrics};
use evenkeel_core::nexthop::{Nexthop, Source, pick_v1, pick_v2, upper_bounds};

use super::Try;
use super::bench::{Bench, Knob, Outcome, equal};
use super::stock::{FLOWS, WARM, beside_load, must_all, must_share, note_links, objects};
use super::wire::{BUSY, FOREIGN_V4, Flows, Pattern, Route, Wire};
use crate::flows::Family;

/// The first generation.
pub const FIRST: &[(&str, Try)] = &[
    ("without-metrics-everything-takes-the-first-path", v1_idle),
    ("load-on-an-ordinary-card-is-not-measured", v1_unmeasured),
    ("with-metrics-everything-takes-the-busy-path", v1_busy),
    ("the-busier-wins-though-it-is-steadier", v1_steady),
    ("cost-0-takes-the-first-path", v1_cost_0),
    ("nexthop-objects-bypass-it", objects),
];

/// The second generation.
pub const SECOND: &[(&str, Try)] = &[
    ("unbound-flows-are-hashed-whatever-the-load", v2_unbound),
    ("a-bound-flow-stays-on-its-own-link", v2_bound),
    ("a-foreign-source-takes-the-busy-path", v2_foreign),
    ("cost-0-hashes-a-foreign-source", v2_cost_0),
    ("nexthop-objects-bypass-it", objects),
];

/// What the kernel adds to a datagram: UDP, IPv4 and Ethernet.
const HEADERS_BYTES: u32 = 8 + 20 + 14;
/// Jiffies in a second, as our kernels are built.
const JIFFIES_HZ: u64 = 250;

/// The metrics of a path after a while of such load.
fn measured(pattern: Pattern, cost: i32) -> u64 {
    let mut metrics = PathMetrics::new(Factor::HALF, KernelCost::from_sysctl(cost));
    let period_us = pattern.period.as_micros() as u64;
    for packet in 0..4000 {
        let jiffies = 1 + packet * period_us * JIFFIES_HZ / 1_000_000;
        let _counted = metrics.transmit(jiffies, pattern.bytes as u32 + HEADERS_BYTES);
    }
    metrics.weight()
}

fn nexthops(weights: [u64; 2]) -> Vec<Nexthop> {
    let bounds = upper_bounds(&[1, 1]);
    let both = bounds.into_iter().zip(weights);
    both.map(|(upper_bound, weight)| Nexthop {
        upper_bound,
        weight,
    })
    .collect()
}

fn v1_idle(_: &mut Bench) -> Outcome {
    equal("the model's pick", pick_v1(&nexthops([0, 0])), Some(0))?;
    for weights in [(1, 1), (1, 3)] {
        let wire = Wire::build(Route::Weights(weights.0, weights.1))?;
        must_all("new flows", &wire.send(Flows::beside_load(FLOWS))?, 0)?;
    }
    // A source makes no difference.
    let wire = Wire::build(Route::Weights(1, 1))?;
    let bound = Flows {
        source: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 2, 1))),
        ..Flows::beside_load(FLOWS)
    };
    must_all("flows bound to the second path", &wire.send(bound)?, 0)
}

/// A packet has lost its route when it gets to the device, as with any ordinary card, and the original
/// looks after that. Only what wants the route on the device brings its metrics to life.
fn v1_unmeasured(bench: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    beside_load(bench, &wire, 1, 0)
}

fn v1_busy(bench: &mut Bench) -> Outcome {
    for busy in [1, 0] {
        let mut weights = [0, 0];
        weights[busy] = measured(BUSY, 100);
        let model = pick_v1(&nexthops(weights));
        equal("the model's pick", model, Some(busy))?;
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.keep_routes()?;
        beside_load(bench, &wire, busy, busy)?;
    }
    Ok(())
}

/// Ten packets at once, then nothing for longer: less load than the steady one, and far from steady.
const BURSTY: Pattern = Pattern {
    bytes: 1400,
    burst: 10,
    period: std::time::Duration::from_millis(40),
};

fn v1_steady(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.keep_routes()?;
    let _bursty = wire.load(Family::V4, 0, BURSTY)?;
    let _steady = wire.load(Family::V4, 1, BUSY)?;
    std::thread::sleep(WARM);
    must_all("new flows", &wire.send(Flows::beside_load(FLOWS))?, 1)
}

fn v1_cost_0(bench: &mut Bench) -> Outcome {
    let model = pick_v1(&nexthops([0, measured(BUSY, 0)]));
    equal("the model's pick", model, Some(0))?;
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.set(Knob::Cost, 0)?;
    wire.keep_routes()?;
    beside_load(bench, &wire, 1, 0)
}

fn v2_unbound(_: &mut Bench) -> Outcome {
    let weights = [0, measured(BUSY, 100)];
    let pick = |hash| pick_v2(&nexthops(weights), Source::Unbound, hash);
    equal(
        "the model's picks",
        (pick(1), pick((1 << 31) - 1)),
        (Some(0), Some(1)),
    )?;
    for loaded in [false, true] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.keep_routes()?;
        let load = loaded.then(|| wire.load(Family::V4, 1, BUSY)).transpose()?;
        std::thread::sleep(WARM);
        let links = wire.send(Flows::beside_load(FLOWS))?;
        drop(load);
        must_share("unbound flows", &links, (1, 1))?;
    }
    Ok(())
}

fn v2_bound(_: &mut Bench) -> Outcome {
    for own in [0, 1] {
        let other = 1 - own;
        let mut weights = [0, 0];
        weights[other] = measured(BUSY, 100);
        let model = pick_v2(&nexthops(weights), Source::Of(own), 12345);
        equal("the model's pick", model, Some(own))?;
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.keep_routes()?;
        let _load = wire.load(Family::V4, other, BUSY)?;
        std::thread::sleep(WARM);
        let flows = Flows {
            source: Some(IpAddr::V4(Ipv4Addr::new(10, 0, own as u8 + 1, 1))),
            ..Flows::beside_load(FLOWS)
        };
        must_all("bound flows", &wire.send(flows)?, own)?;
    }
    Ok(())
}

fn foreign() -> Flows {
    Flows {
        source: Some(IpAddr::V4(FOREIGN_V4)),
        ..Flows::beside_load(FLOWS)
    }
}

fn v2_foreign(bench: &mut Bench) -> Outcome {
    let weights = [0, measured(BUSY, 100)];
    for hash in [1, 1 << 30, (1 << 31) - 1] {
        let model = pick_v2(&nexthops(weights), Source::Foreign, hash);
        equal("the model's pick", model, Some(1))?;
    }
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.keep_routes()?;
    let load = wire.load(Family::V4, 1, BUSY)?;
    std::thread::sleep(WARM);
    let links = wire.send(foreign())?;
    drop(load);
    note_links(bench, "path 2 busy", &links);
    must_all("flows of a foreign source", &links, 1)?;
    // The hash still counts one and the bounds cumulate: a busy FIRST path gets its own half only.
    let weights = [measured(BUSY, 100), 0];
    let pick = |hash| pick_v2(&nexthops(weights), Source::Foreign, hash);
    equal(
        "the model's picks",
        (pick(1), pick((1 << 31) - 1)),
        (Some(0), Some(1)),
    )?;
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.keep_routes()?;
    let _load = wire.load(Family::V4, 0, BUSY)?;
    std::thread::sleep(WARM);
    must_share("flows of a foreign source", &wire.send(foreign())?, (1, 1))
}

fn v2_cost_0(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.set(Knob::Cost, 0)?;
    wire.keep_routes()?;
    let _load = wire.load(Family::V4, 1, BUSY)?;
    std::thread::sleep(WARM);
    must_share("flows of a foreign source", &wire.send(foreign())?, (1, 1))
}
