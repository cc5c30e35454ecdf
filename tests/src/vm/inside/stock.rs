//! What a stock kernel does with a multipath route, and what every kernel must still do with it: share
//! new flows by their hash and the route's weights, keep a flow on its path, reach everything.

use std::time::Duration;

use evenkeel_core::nexthop::upper_bounds;

use super::Try;
use super::bench::{Bench, Outcome, must};
use super::wire::{BUSY, Flows, Route, Wire};
use crate::error::LabError;
use crate::flows::Family;

/// In the order they are tried.
pub const POINTS: &[(&str, Try)] = &[
    ("new-flows-are-shared-by-hash-and-weight", shared),
    ("a-flow-keeps-its-path", kept),
    ("load-changes-nothing", load),
    ("nexthop-objects-share-alike", objects),
    ("ipv6-shares-alike", ipv6),
];

/// Flows in a round.
pub const FLOWS: usize = 200;
/// How long load runs before anything is looked at.
pub const WARM: Duration = Duration::from_secs(2);

/// How many packets took the second link.
pub fn second(links: &[usize]) -> usize {
    links.iter().filter(|link| **link == 1).count()
}

/// Fails unless the second link's share is what flow hashes that are spread evenly give by the route's
/// weights, within five standard deviations: once in two million rounds by chance.
///
/// # Errors
/// When it is not.
pub fn must_share(what: &str, links: &[usize], weights: (u16, u16)) -> Outcome {
    let bounds = upper_bounds(&[weights.0, weights.1]);
    let first = f64::from(bounds[0]) / f64::from(1_u32 << 31);
    let all = links.len() as f64;
    let expected = all * (1.0 - first);
    let deviation = (all * first * (1.0 - first)).sqrt();
    let found = second(links);
    must((found as f64 - expected).abs() <= 5.0 * deviation, || {
        format!(
            "{what}: {found} of {} took the second path, not about {expected:.0}",
            links.len()
        )
    })
}

/// Notes how many packets took each link.
pub fn note_links(bench: &mut Bench, what: &str, links: &[usize]) {
    let second = second(links);
    bench.note(&format!("{what}: {} / {second}", links.len() - second));
}

/// Fails unless new flows all take the link `to` while the link `busy` is loaded.
///
/// # Errors
/// When one did not, or nothing could be sent.
pub fn beside_load(bench: &mut Bench, wire: &Wire, busy: usize, to: usize) -> Outcome {
    let load = wire.load(Family::V4, busy, BUSY)?;
    std::thread::sleep(WARM);
    let links = wire.send(Flows::beside_load(FLOWS))?;
    drop(load);
    let what = format!("path {} busy", busy + 1);
    note_links(bench, &what, &links);
    must_all(&what, &links, to)
}

/// Fails unless every packet took this link.
///
/// # Errors
/// When one did not.
pub fn must_all(what: &str, links: &[usize], link: usize) -> Outcome {
    let elsewhere = links.iter().position(|one| *one != link);
    must(elsewhere.is_none(), || {
        let found = second(links);
        format!(
            "{what}: {found} of {} took the second path; the first that went astray is number {}",
            links.len(),
            elsewhere.unwrap_or_default()
        )
    })
}

fn shared(bench: &mut Bench) -> Outcome {
    for weights in [(1, 1), (1, 3)] {
        let wire = Wire::build(Route::Weights(weights.0, weights.1))?;
        let links = wire.send(Flows::of(FLOWS))?;
        note_links(
            bench,
            &format!("weights {}:{}", weights.0, weights.1),
            &links,
        );
        must_share("hashed flows", &links, weights)?;
    }
    Ok(())
}

/// Fails unless each flow's packets took one path; says how many flows took the second.
///
/// # Errors
/// When one changed it.
pub fn flows_keep_their_path(wire: &Wire, flows: Flows) -> Result<usize, LabError> {
    let links = wire.send(flows)?;
    let each: Vec<&[usize]> = links.chunks(flows.packets).collect();
    let moved = each
        .iter()
        .position(|flow| flow.iter().any(|link| *link != flow[0]));
    must(moved.is_none(), || {
        format!("flow {} changed its path", moved.unwrap_or_default())
    })?;
    Ok(each.iter().filter(|flow| flow[0] == 1).count())
}

fn kept(_: &mut Bench) -> Outcome {
    for family in [Family::V4, Family::V6] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        let flows = Flows {
            family,
            packets: 20,
            ..Flows::of(40)
        };
        flows_keep_their_path(&wire, flows)?;
    }
    Ok(())
}

fn load(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 1))?;
    wire.keep_routes()?;
    let _load = wire.load(Family::V4, 1, BUSY)?;
    std::thread::sleep(WARM);
    must_share(
        "flows beside load",
        &wire.send(Flows::beside_load(FLOWS))?,
        (1, 1),
    )
}

/// A group of nexthop objects shares flows by their hash.
///
/// # Errors
/// When it does not.
pub fn objects(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Objects)?;
    for family in [Family::V4, Family::V6] {
        let flows = Flows {
            family,
            ..Flows::of(FLOWS)
        };
        must_share(
            &format!("{family:?} on objects"),
            &wire.send(flows)?,
            (1, 1),
        )?;
    }
    Ok(())
}

fn ipv6(_: &mut Bench) -> Outcome {
    let wire = Wire::build(Route::Weights(1, 3))?;
    let flows = Flows {
        family: Family::V6,
        ..Flows::of(FLOWS)
    };
    must_share("IPv6", &wire.send(flows)?, (1, 3))
}
