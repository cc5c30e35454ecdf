//! What the helper shows as properties, and which of them changed. Filled by the actor, read by
//! the interface; it decides nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evenkeel_dbus::{Draining, FamilyInfo, Holder, PlanStep, TunableInfo, UplinkInfo};
use zbus::OwnedObjectPath;
use zbus::object_server::InterfaceRef;

use crate::interface::Helper;

/// The properties, as `io.github.evenkeel.Helper1` documents them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicState {
    /// The helper's version.
    pub version: String,
    /// The running kernel's release.
    pub kernel_release: String,
    /// `Lowpower` as a number.
    pub lowpower: u32,
    /// `PatchKind` as a number.
    pub patch_kind: u32,
    /// `Backend` as a number.
    pub backend: u32,
    /// `Reason` as a number.
    pub backend_reason: u32,
    /// Each IP version by itself.
    pub families: Vec<FamilyInfo>,
    /// What game mode would do to the routes now.
    pub plan: Vec<PlanStep>,
    /// What is kept for running connections.
    pub draining: Draining,
    /// The uplinks.
    pub uplinks: Vec<UplinkInfo>,
    /// The steadiest uplink's ifindex, or 0.
    pub leader: u32,
    /// The sensitivity in force.
    pub ema_factor: u32,
    /// The power cost weight in force.
    pub power_cost_weight: i32,
    /// True while anybody holds game mode.
    pub game_mode: bool,
    /// Who.
    pub game_mode_holders: Vec<Holder>,
    /// True while probes are sent.
    pub sampling: bool,
    /// Milliseconds between two probes of one uplink.
    pub probe_period_ms: u32,
    /// The measurements that are there.
    pub measurements: Vec<OwnedObjectPath>,
    /// Every reversible setting.
    pub tunables: Vec<TunableInfo>,
    /// Name and sentence of the last thing that went wrong on its own.
    pub last_error: (String, String),
    /// True while nothing is held, changed or measured and nobody listens. Not a property.
    pub idle: bool,
}

/// The properties, shared between the actor and the interface.
#[derive(Debug, Clone, Default)]
pub struct Public(Arc<Mutex<PublicState>>);

/// A property that can change while the helper runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    Lowpower,
    PatchKind,
    Backend,
    BackendReason,
    Families,
    Plan,
    Draining,
    Uplinks,
    Leader,
    EmaFactor,
    PowerCostWeight,
    GameMode,
    GameModeHolders,
    Sampling,
    Measurements,
    Tunables,
    LastError,
}

impl Public {
    /// The state as it is now.
    pub fn read(&self) -> MutexGuard<'_, PublicState> {
        // A panic aborts the release build, so a poisoned lock still holds a whole state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a new state in place and signals what changed.
    ///
    /// # Errors
    /// When the bus does not take the signals.
    pub async fn publish(
        &self,
        state: PublicState,
        interface: &InterfaceRef<Helper>,
    ) -> zbus::Result<()> {
        let changed = changed(&self.read(), &state);
        *self.read() = state;
        if changed.is_empty() {
            return Ok(());
        }
        let helper = interface.get().await;
        let to = interface.signal_emitter();
        for property in changed {
            match property {
                Property::Lowpower => helper.lowpower_changed(to).await?,
                Property::PatchKind => helper.patch_kind_changed(to).await?,
                Property::Backend => helper.backend_changed(to).await?,
                Property::BackendReason => helper.backend_reason_changed(to).await?,
                Property::Families => helper.families_changed(to).await?,
                Property::Plan => helper.plan_changed(to).await?,
                Property::Draining => helper.draining_changed(to).await?,
                Property::Uplinks => helper.uplinks_changed(to).await?,
                Property::Leader => helper.leader_changed(to).await?,
                Property::EmaFactor => helper.ema_factor_changed(to).await?,
                Property::PowerCostWeight => helper.power_cost_weight_changed(to).await?,
                Property::GameMode => helper.game_mode_changed(to).await?,
                Property::GameModeHolders => helper.game_mode_holders_changed(to).await?,
                Property::Sampling => helper.sampling_changed(to).await?,
                Property::Measurements => helper.measurements_changed(to).await?,
                Property::Tunables => helper.tunables_changed(to).await?,
                Property::LastError => helper.last_error_changed(to).await?,
            }
        }
        Ok(())
    }
}

fn changed(old: &PublicState, new: &PublicState) -> Vec<Property> {
    let same_uplinks = same_but_for_estimates(&old.uplinks, &new.uplinks);
    let all = [
        (Property::Lowpower, old.lowpower != new.lowpower),
        (Property::PatchKind, old.patch_kind != new.patch_kind),
        (Property::Backend, old.backend != new.backend),
        (
            Property::BackendReason,
            old.backend_reason != new.backend_reason,
        ),
        (Property::Families, old.families != new.families),
        (Property::Plan, old.plan != new.plan),
        // The seconds run by themselves; a client counts them on.
        (Property::Draining, old.draining.rules != new.draining.rules),
        (Property::Uplinks, !same_uplinks),
        (Property::Leader, old.leader != new.leader),
        (Property::EmaFactor, old.ema_factor != new.ema_factor),
        (
            Property::PowerCostWeight,
            old.power_cost_weight != new.power_cost_weight,
        ),
        (Property::GameMode, old.game_mode != new.game_mode),
        (
            Property::GameModeHolders,
            old.game_mode_holders != new.game_mode_holders,
        ),
        (Property::Sampling, old.sampling != new.sampling),
        (Property::Measurements, old.measurements != new.measurements),
        (Property::Tunables, old.tunables != new.tunables),
        (Property::LastError, old.last_error != new.last_error),
    ];
    all.into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(property, _)| property)
        .collect()
}

/// Estimates move with every epoch; the feed carries them, so they alone are no news.
fn same_but_for_estimates(old: &[UplinkInfo], new: &[UplinkInfo]) -> bool {
    let still = |uplink: &UplinkInfo| UplinkInfo {
        rtt_ns: 0,
        jitter_ns: 0,
        slow_jitter_ns: 0,
        ..uplink.clone()
    };
    old.len() == new.len()
        && old
            .iter()
            .zip(new)
            .all(|(old, new)| still(old) == still(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moving_estimate_is_no_news_but_a_new_leader_is() {
        let uplink = UplinkInfo {
            ifindex: 2,
            ..UplinkInfo::default()
        };
        let old = PublicState {
            uplinks: vec![uplink.clone()],
            ..PublicState::default()
        };
        let mut new = old.clone();
        new.uplinks[0].rtt_ns = 7;
        assert_eq!(changed(&old, &new), []);
        new.uplinks[0].leader = true;
        new.leader = 2;
        assert_eq!(changed(&old, &new), [Property::Uplinks, Property::Leader]);
    }
}
