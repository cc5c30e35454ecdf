//! What our patch does with a multipath route: as stock while there is nothing to choose by, then the
//! steadier, less loaded path for new flows of this machine; and what it tells of its metrics.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::Try;
use super::bench::{Bench, Knob, Outcome, equal, must};
use super::stock::{
    FLOWS, WARM, beside_load, flows_keep_their_path, must_all, must_share, note_links,
};
use super::wire::{BUSY, Flows, Pattern, Route, Wire};
use crate::error::{Context as _, LabError};
use crate::flows::Family;

/// In the order they are tried.
pub const POINTS: &[(&str, Try)] = &[
    ("idle-paths-are-shared-as-by-stock", idle),
    ("the-less-loaded-path-wins", less_loaded),
    ("the-steadier-of-two-equally-loaded-paths-wins", steadier),
    ("the-third-sysctl-turns-the-choice-around", turned),
    ("a-bound-flow-stays-on-its-own-link", bound),
    ("a-running-flow-keeps-its-path", running),
    ("cost-0-is-stock", cost_0),
    ("nexthop-objects-are-honoured", objects),
    ("ipv6-takes-the-less-loaded-path", ipv6),
    ("load-decays-while-idle", decay),
    ("the-metrics-are-told-as-promised", metrics),
    ("each-namespace-tells-its-own-metrics", own_metrics),
];

const METRICS: &str = "/proc/net/lowpower_paths";
/// Threads in a namespace of their own see it by this path; the other one is the process's.
const METRICS_HERE: &str = "/proc/thread-self/net/lowpower_paths";
/// More rows are never told.
const MAX_ROWS: usize = 256;

/// A row of the metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    family: u8,
    gateway: String,
    load_bytes: u64,
    variability_bytes: u64,
    packets: u64,
    age_ms: u64,
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let family = words.next()?.parse().ok()?;
        let _ifindex: u32 = words.next()?.parse().ok()?;
        let gateway = words.next()?.to_owned();
        let _: Option<IpAddr> = match gateway.as_str() {
            "-" => None,
            text => Some(text.parse().ok()?),
        };
        let mut number = || words.next()?.parse().ok();
        let row = Self {
            family,
            gateway,
            load_bytes: number()?,
            variability_bytes: number()?,
            packets: number()?,
            age_ms: number()?,
        };
        (matches!(row.family, 4 | 6) && words.next().is_none()).then_some(row)
    }
}

fn rows(wire: &Wire) -> Result<Vec<Row>, LabError> {
    let text = wire.near(|| {
        let text = fs::read_to_string(METRICS_HERE);
        text.context(|| format!("reading {METRICS_HERE}"))
    })?;
    let mut lines = text.lines();
    equal("the first line", lines.next(), Some("lowpower_paths 1"))?;
    let rows: Option<Vec<Row>> = lines.map(Row::parse).collect();
    let rows =
        rows.ok_or_else(|| LabError::Invalid(format!("a row is not as promised: {text}")))?;
    must(rows.len() <= MAX_ROWS, || format!("{} rows", rows.len()))?;
    Ok(rows)
}

fn row(wire: &Wire, gateway: &str) -> Result<Row, LabError> {
    let all = rows(wire)?;
    let found = all.iter().find(|row| row.gateway == gateway).cloned();
    found.ok_or_else(|| LabError::Invalid(format!("no row of {gateway}: {all:?}")))
}

fn idle(bench: &mut Bench) -> Outcome {
    for weights in [(1, 1), (1, 3)] {
        let wire = Wire::build(Route::Weights(weights.0, weights.1))?;
        // Slowly: many at once are the load that later ones avoid.
        let links = wire.send(Flows::beside_load(FLOWS))?;
        note_links(bench, "idle", &links);
        must_share("flows on idle paths", &links, weights)?;
    }
    Ok(())
}

fn less_loaded(bench: &mut Bench) -> Outcome {
    for busy in [0, 1] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        beside_load(bench, &wire, busy, 1 - busy)?;
    }
    Ok(())
}

/// As much in the same time, once evenly and once in bursts. No more than an emulated machine that
/// watches its memory can send: one that can't keep up sends evenly and less.
const EVENLY: Pattern = Pattern {
    bytes: 1400,
    burst: 1,
    period: Duration::from_millis(4),
};
const IN_BURSTS: Pattern = Pattern {
    bytes: 1400,
    burst: 20,
    period: Duration::from_millis(80),
};
/// With such a factor the averages reach back over several bursts.
const LONG_MEMORY: i64 = 16;

fn steadier(bench: &mut Bench) -> Outcome {
    for bursty in [0, 1] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.set(Knob::Ema, LONG_MEMORY)?;
        let _bursts = wire.load(Family::V4, bursty, IN_BURSTS)?;
        let _steady = wire.load(Family::V4, 1 - bursty, EVENLY)?;
        std::thread::sleep(WARM);
        // Few, over a while: what is compared swings with the bursts.
        let mut steady = 0;
        let seen = rows(&wire)?;
        for _ in 0..FLOWS / 10 {
            let links = wire.send(Flows::of(1))?;
            steady += usize::from(links[0] != bursty);
            std::thread::sleep(Duration::from_millis(13));
        }
        bench.note(&format!(
            "path {} in bursts: {steady} of {} took the steady one",
            bursty + 1,
            FLOWS / 10
        ));
        must(steady * 4 >= FLOWS / 10 * 3, || {
            let of = FLOWS / 10;
            format!("only {steady} of {of} took the steady path; before them there was {seen:?}")
        })?;
    }
    Ok(())
}

fn turned(bench: &mut Bench) -> Outcome {
    for busy in [0, 1] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.set(Knob::Busy, 1)?;
        beside_load(bench, &wire, busy, busy)?;
    }
    Ok(())
}

fn bound(_: &mut Bench) -> Outcome {
    for own in [0, 1] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        let _load = wire.load(Family::V4, own, BUSY)?;
        std::thread::sleep(WARM);
        let flows = Flows {
            source: Some(IpAddr::V4(Ipv4Addr::new(10, 0, own as u8 + 1, 1))),
            ..Flows::beside_load(FLOWS)
        };
        must_all("flows bound to the loaded path", &wire.send(flows)?, own)?;
    }
    Ok(())
}

/// A flow that began before the load must not move because of it.
fn running(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    let flows = Flows {
        packets: 50,
        ..Flows::of(40)
    };
    let _load = wire.load(Family::V4, 0, BUSY)?;
    flows_keep_their_path(&wire, flows)?;
    Ok(())
}

fn cost_0(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.set(Knob::Cost, 0)?;
    let _load = wire.load(Family::V4, 1, BUSY)?;
    std::thread::sleep(WARM);
    must_share(
        "flows at cost 0",
        &wire.send(Flows::beside_load(FLOWS))?,
        (1, 1),
    )
}

fn objects(bench: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Objects)?;
    beside_load(bench, &wire, 0, 1)
}

fn ipv6(_: &mut Bench) -> Outcome {
    for busy in [0, 1] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        let _load = wire.load(Family::V6, busy, BUSY)?;
        std::thread::sleep(WARM);
        let flows = Flows {
            family: Family::V6,
            ..Flows::beside_load(FLOWS)
        };
        must_all("IPv6 flows beside load", &wire.send(flows)?, 1 - busy)?;
    }
    Ok(())
}

fn decay(bench: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    let load = wire.load(Family::V4, 0, BUSY)?;
    std::thread::sleep(WARM);
    let before = row(&wire, "10.0.1.2")?;
    drop(load);
    std::thread::sleep(WARM * 2);
    let after = row(&wire, "10.0.1.2")?;
    must(before.load_bytes > 0, || format!("{before:?}"))?;
    must(after.load_bytes * 10 < before.load_bytes, || {
        format!("{before:?}, and after a rest {after:?}")
    })?;
    let links = wire.send(Flows::beside_load(FLOWS))?;
    note_links(bench, "after a rest", &links);
    must_share("flows after a rest", &links, (1, 1))
}

fn metrics(bench: &mut Bench) -> Outcome {
    let about = fs::metadata(METRICS).context(|| format!("looking at {METRICS}"))?;
    equal("its mode", about.permissions().mode() & 0o7777, 0o444)?;
    let wire = Wire::build(Route::Weights(1, 1))?;
    let _load = wire.load(Family::V4, 0, BUSY)?;
    std::thread::sleep(WARM);
    wire.send(Flows {
        source: Some(IpAddr::V4(Ipv4Addr::new(10, 0, 2, 1))),
        ..Flows::of(10)
    })?;
    let busy = row(&wire, "10.0.1.2")?;
    let idle = row(&wire, "10.0.2.2")?;
    bench.note(&format!("busy {busy:?}, idle {idle:?}"));
    equal("the family", busy.family, 4)?;
    must(busy.packets >= 100 && busy.age_ms < 5_000, || {
        format!("{busy:?}")
    })?;
    // Every packet of a jiffy counts: at 1442 bytes each, more than one packet a jiffy if the sender
    // keeps its pace, and under emulation at least a fraction of one.
    must(busy.load_bytes > 300, || format!("{busy:?}"))?;
    must(
        idle.packets >= 10 && idle.load_bytes < busy.load_bytes,
        || format!("{idle:?}"),
    )?;
    let (before, after) = (busy.packets, row(&wire, "10.0.1.2")?.packets);
    must(after >= before, || {
        format!("packets went from {before} to {after}")
    })
}

fn own_metrics(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.send(Flows::of(10))?;
    must(!rows(&wire)?.is_empty(), || "no rows after traffic".into())?;
    let own = fs::read_to_string(METRICS).context(|| format!("reading {METRICS}"))?;
    must(
        !own.contains("10.0.1.2") && !own.contains("10.0.2.2"),
        || format!("the machine's own namespace tells another's: {own}"),
    )
}
