//! A [`Scene`] whose helper builds routes: what tests and benchmarks do with one again and again.
//! The waits are generous; how long something took is for others to judge.

use std::time::Duration;

use crate::error::LabError;
use crate::flows::{Census, Family, Flows, Kind};
use crate::lab::wait_until;
use crate::managers::defaults::OURS;
use crate::scene::Scene;
use crate::{LabSpec, Routes, Snapshot};

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The kinds of flows that choose an uplink anew when they are opened.
pub const STEERED: [Kind; 3] = [Kind::Tcp, Kind::UdpConnected, Kind::UdpWildcard];

/// A lab with a default route per uplink and metrics of their own.
pub fn separate(uplinks: u8) -> LabSpec {
    LabSpec {
        routes: Routes::Separate,
        ..LabSpec::with_uplinks(uplinks)
    }
}

impl Scene {
    /// A call as the player that must succeed.
    ///
    /// # Errors
    /// What the helper said instead.
    pub fn must(&self, method: &str, numbers: &[i64]) -> Result<(), LabError> {
        match self.call("player", method, numbers)?.as_str() {
            "ok" => Ok(()),
            said => Err(LabError::Invalid(format!("{method} {numbers:?}: {said}"))),
        }
    }

    /// Waits until the helper knows `count` uplinks and has a plan for each of `families`.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_for_plan(&self, families: &[Family]) -> Result<(), LabError> {
        self.wait_for("a plan", || {
            let plan = self.view()?.plan;
            let has = |family: &Family| plan.iter().any(|step| step.family == family.number());
            Ok(families.iter().all(has))
        })
    }

    /// Waits until our defaults of both families lead new flows to an uplink.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_until_led_to(&self, name: &str) -> Result<(), LabError> {
        self.wait_for(&format!("new flows led to {name}"), || {
            for family in Family::BOTH {
                if self.lab.led_to(family)?.as_deref() != Some(name) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    /// Waits until there is no default of ours; rules may stay for running connections.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_until_led_by_the_system(&self) -> Result<(), LabError> {
        self.wait_for("the end of our defaults", || {
            let all = self.lab.default_routes()?;
            Ok(all.iter().all(|route| route.protocol != OURS))
        })
    }

    /// Waits until rules, routes, nexthops and sysctls are as they were.
    ///
    /// # Errors
    /// The difference, if that takes too long.
    pub fn wait_until_as_before(&self, before: &Snapshot) -> Result<(), LabError> {
        let mut last = Ok(());
        let waited = self.wait_for("the old state", || {
            last = before.must_equal(&self.lab.snapshot()?);
            Ok(last.is_ok())
        });
        last.and(waited)
    }

    /// Waits for anything; what the helper says of itself is in the error.
    ///
    /// # Errors
    /// When that takes too long.
    pub fn wait_for(
        &self,
        what: &str,
        question: impl FnMut() -> Result<bool, LabError>,
    ) -> Result<(), LabError> {
        wait_until(what, PATIENCE, question).map_err(|error| {
            let routes = self.routes().unwrap_or_default();
            let view = self.view();
            LabError::Invalid(format!("{error}; the helper says {view:#?}\n{routes}"))
        })
    }
}

/// The censuses that found a flow moved or dead; empty when all is well.
pub fn harmed(list: &[Census]) -> Vec<Census> {
    let harmed = list.iter().filter(|one| one.moved + one.dead > 0);
    harmed.copied().collect()
}

/// The part, 0 to 1, of about `count` new flows of all steered kinds and both families that took
/// `uplink`; and a line for each kind.
///
/// # Errors
/// When the lab has ended.
pub fn part_of_new(
    flows: &Flows,
    uplink: &str,
    count: usize,
) -> Result<(f64, Vec<String>), LabError> {
    let each = count.div_ceil(STEERED.len() * Family::BOTH.len());
    let (mut on, mut all, mut lines) = (0, 0, Vec::new());
    for kind in STEERED {
        for family in Family::BOTH {
            let shares = flows.fresh(kind, family, each)?;
            on += shares.on(uplink);
            all += shares.total();
            lines.push(format!(
                "{kind:?} {family:?}: {:?}, {} failed",
                shares.by_uplink, shares.failed
            ));
        }
    }
    Ok((on as f64 / all.max(1) as f64, lines))
}
