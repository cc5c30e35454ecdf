//! The typed proxy that the window, the command line and the tests share.

use zbus::{OwnedObjectPath, proxy};

use crate::{Draining, FamilyInfo, HelperError, Holder, PlanStep, TunableInfo, UplinkInfo};

/// `io.github.evenkeel.Helper1` as a client sees it. Ranges, errors and meanings stand in the
/// interface XML ([`crate::INTERFACE_XML`]).
#[proxy(
    interface = "io.github.evenkeel.Helper1",
    default_service = "io.github.evenkeel.Helper1",
    default_path = "/io/github/evenkeel/Helper1"
)]
pub trait Helper1 {
    /// Opens a feed of at most `max_hz` frames a second.
    fn subscribe(&self, max_hz: u32) -> Result<zbus::OwnedFd, HelperError>;
    /// Sets the sensitivity of the EMAs; `hold` is a [`crate::Hold`].
    fn set_ema_factor(&self, factor: u32, hold: u32) -> Result<(), HelperError>;
    /// Sets the patched kernel's power cost weight; `hold` is a [`crate::Hold`].
    fn set_power_cost_weight(&self, weight: u32, hold: u32) -> Result<(), HelperError>;
    /// Sets the cost of one uplink in percent; `hold` is a [`crate::Hold`].
    fn set_uplink_cost(&self, ifindex: u32, cost: u32, hold: u32) -> Result<(), HelperError>;
    /// Begins to steer; `hold` is a [`crate::Hold`].
    fn enter_game_mode(&self, hold: u32) -> Result<(), HelperError>;
    /// Ends what the caller and its user hold of game mode.
    fn leave_game_mode(&self) -> Result<(), HelperError>;
    /// Makes the steering judge one uplink anew.
    fn forget(&self, ifindex: u32) -> Result<(), HelperError>;
    /// Ends everything the caller and its user hold.
    fn revert(&self) -> Result<(), HelperError>;
    /// Begins a measurement; the arguments are those of [`crate::measurement::MeasurementPlan`].
    #[allow(
        clippy::too_many_arguments,
        reason = "a call carries numbers, not records"
    )]
    fn start_measurement(
        &self,
        subject: u32,
        ifindex: u32,
        a: u32,
        b: u32,
        pairs: u32,
        first_look: u32,
        block_ms: u32,
        settle_ms: u32,
        period_ms: u32,
    ) -> Result<OwnedObjectPath, HelperError>;

    /// The helper's version.
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    /// The running kernel's release.
    #[zbus(property(emits_changed_signal = "const"))]
    fn kernel_release(&self) -> zbus::Result<String>;
    /// [`crate::Lowpower`] as a number.
    #[zbus(property)]
    fn lowpower(&self) -> zbus::Result<u32>;
    /// [`crate::PatchKind`] as a number.
    #[zbus(property)]
    fn patch_kind(&self) -> zbus::Result<u32>;
    /// [`crate::Backend`] as a number.
    #[zbus(property)]
    fn backend(&self) -> zbus::Result<u32>;
    /// [`crate::Reason`] as a number.
    #[zbus(property)]
    fn backend_reason(&self) -> zbus::Result<u32>;
    /// Each IP version by itself.
    #[zbus(property)]
    fn families(&self) -> zbus::Result<Vec<FamilyInfo>>;
    /// What entering game mode would do to the routes now.
    #[zbus(property)]
    fn plan(&self) -> zbus::Result<Vec<PlanStep>>;
    /// What is kept for running connections after game mode.
    #[zbus(property)]
    fn draining(&self) -> zbus::Result<Draining>;
    /// The uplinks.
    #[zbus(property)]
    fn uplinks(&self) -> zbus::Result<Vec<UplinkInfo>>;
    /// The ifindex of the steadiest uplink, 0 before one is known.
    #[zbus(property)]
    fn leader(&self) -> zbus::Result<u32>;
    /// The sensitivity in force.
    #[zbus(property)]
    fn ema_factor(&self) -> zbus::Result<u32>;
    /// The patched kernel's power cost weight; 100 on a stock kernel, where nothing reads it.
    #[zbus(property)]
    fn power_cost_weight(&self) -> zbus::Result<i32>;
    /// True while somebody holds game mode.
    #[zbus(property)]
    fn game_mode(&self) -> zbus::Result<bool>;
    /// Who holds game mode.
    #[zbus(property)]
    fn game_mode_holders(&self) -> zbus::Result<Vec<Holder>>;
    /// True while probes are sent.
    #[zbus(property)]
    fn sampling(&self) -> zbus::Result<bool>;
    /// Milliseconds between two probes of one uplink.
    #[zbus(property(emits_changed_signal = "const"))]
    fn probe_period_ms(&self) -> zbus::Result<u32>;
    /// The measurements that are there, the oldest first.
    #[zbus(property)]
    fn measurements(&self) -> zbus::Result<Vec<OwnedObjectPath>>;
    /// Every reversible setting on this machine.
    #[zbus(property)]
    fn tunables(&self) -> zbus::Result<Vec<TunableInfo>>;
    /// The last thing that went wrong on its own: error name and sentence, both empty if nothing.
    #[zbus(property)]
    fn last_error(&self) -> zbus::Result<(String, String)>;
}
