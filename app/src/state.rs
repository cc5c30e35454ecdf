//! What the helper says of itself, read in one go and with the numbers turned into meanings. The
//! window and `evenkeel status` both show this; neither decides anything from raw properties.

use evenkeel_dbus::{
    Backend, Helper1Proxy, HelperError, Holder, Lowpower, Reason, TunableInfo, UplinkInfo,
};

/// The helper's properties at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperState {
    /// The helper's version.
    pub version: String,
    /// The running kernel's release.
    pub kernel_release: String,
    /// What was found of the patched kernel.
    pub lowpower: Lowpower,
    /// What the helper can do here.
    pub backend: Backend,
    /// Why.
    pub reason: Reason,
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
            backend: Backend::from_wire(helper.backend().await?),
            reason: Reason::from_wire(helper.backend_reason().await?),
            uplinks: helper.uplinks().await?,
            leader: Some(helper.leader().await?).filter(|ifindex| *ifindex != 0),
            ema_factor: helper.ema_factor().await?,
            power_cost_weight: helper.power_cost_weight().await?,
            game_mode: helper.game_mode().await?,
            holders: helper.game_mode_holders().await?,
            sampling: helper.sampling().await?,
            probe_period_ms: helper.probe_period_ms().await?,
            tunables: helper.tunables().await?,
            last_error: (!name.is_empty()).then_some((name, text)),
        })
    }
}
