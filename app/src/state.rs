//! What the helper says of itself, read in one go and with the numbers turned into meanings. The
//! window and `evenkeel status` both show this; neither decides anything from raw properties.

use evenkeel_dbus::{
    Backend, Draining, FamilyInfo, Helper1Proxy, HelperError, Holder, Lowpower, PatchKind,
    PlanStep, Reason, TunableInfo, UplinkInfo,
};
use futures_util::stream::{BoxStream, StreamExt, select_all};
use zbus::OwnedObjectPath;

/// The helper's properties at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperState {
    /// The helper's version.
    pub version: String,
    /// The running kernel's release.
    pub kernel_release: String,
    /// What was found of the patched kernel.
    pub lowpower: Lowpower,
    /// Whose patch that is.
    pub patch: PatchKind,
    /// What the helper can do here.
    pub backend: Backend,
    /// Why.
    pub reason: Reason,
    /// Each IP version by itself.
    pub families: Vec<FamilyInfo>,
    /// What game mode would do to the routes now.
    pub plan: Vec<PlanStep>,
    /// What is kept for running connections.
    pub draining: Draining,
    /// The uplinks.
    pub uplinks: Vec<UplinkInfo>,
    /// The ifindex of the leader.
    pub leader: Option<u32>,
    /// The sensitivity in force, 0..=1024.
    pub ema_factor: u32,
    /// The patched kernel's power cost weight.
    pub power_cost_weight: i32,
    /// True while anybody holds game mode.
    pub game_mode: bool,
    /// Who holds it.
    pub holders: Vec<Holder>,
    /// True while probes are sent.
    pub sampling: bool,
    /// Milliseconds between two probes of one uplink.
    pub probe_period_ms: u32,
    /// The measurements that are there, the oldest first; see [`measure`](crate::measure).
    pub measurements: Vec<OwnedObjectPath>,
    /// Every reversible setting.
    pub tunables: Vec<TunableInfo>,
    /// The last thing that went wrong on its own: error name and sentence.
    pub last_error: Option<(String, String)>,
}

impl HelperState {
    /// Reads every property. The proxy's cache makes a second reading cheap.
    ///
    /// # Errors
    /// When the helper is not there or does not answer.
    pub async fn read(helper: &Helper1Proxy<'_>) -> Result<Self, HelperError> {
        let (name, text) = helper.last_error().await?;
        Ok(Self {
            version: helper.version().await?,
            kernel_release: helper.kernel_release().await?,
            lowpower: Lowpower::from_wire(helper.lowpower().await?),
            // A helper of before does not tell.
            patch: PatchKind::from_wire(helper.patch_kind().await.unwrap_or_default()),
            backend: Backend::from_wire(helper.backend().await?),
            reason: Reason::from_wire(helper.backend_reason().await?),
            families: helper.families().await?,
            plan: helper.plan().await?,
            draining: helper.draining().await?,
            uplinks: helper.uplinks().await?,
            leader: Some(helper.leader().await?).filter(|ifindex| *ifindex != 0),
            ema_factor: helper.ema_factor().await?,
            power_cost_weight: helper.power_cost_weight().await?,
            game_mode: helper.game_mode().await?,
            holders: helper.game_mode_holders().await?,
            sampling: helper.sampling().await?,
            probe_period_ms: helper.probe_period_ms().await?,
            measurements: helper.measurements().await?,
            tunables: helper.tunables().await?,
            last_error: (!name.is_empty()).then_some((name, text)),
        })
    }
}

/// One tick for every property that changed, after the proxy has taken the new value in.
pub async fn changes(helper: &Helper1Proxy<'static>) -> BoxStream<'static, ()> {
    macro_rules! ticks {
        ($($receive:ident),+) => {
            select_all([$(helper.$receive().await.map(|_| ()).boxed()),+]).boxed()
        };
    }
    ticks![
        receive_lowpower_changed,
        receive_patch_kind_changed,
        receive_backend_changed,
        receive_backend_reason_changed,
        receive_families_changed,
        receive_plan_changed,
        receive_draining_changed,
        receive_uplinks_changed,
        receive_leader_changed,
        receive_ema_factor_changed,
        receive_power_cost_weight_changed,
        receive_game_mode_changed,
        receive_game_mode_holders_changed,
        receive_sampling_changed,
        receive_measurements_changed,
        receive_tunables_changed,
        receive_last_error_changed
    ]
}
