//! The helper's properties as values, read over the lab's bus from outside it: quick enough to be
//! asked many times a second. For tests; players have `evenkeel status`.

use std::path::Path;

use evenkeel_dbus::{
    Backend, Draining, FamilyInfo, Helper1Proxy, PlanStep, Reason, UplinkInfo, Way,
};
use zbus::proxy::CacheProperties;

use crate::error::LabError;
use crate::flows::Family;

/// What the helper said at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What it can do.
    pub backend: Backend,
    /// Why it can't do more.
    pub reason: Reason,
    /// Each IP version by itself.
    pub families: Vec<FamilyInfo>,
    /// What it would do.
    pub plan: Vec<PlanStep>,
    /// What it keeps for running connections.
    pub draining: Draining,
    /// The uplinks.
    pub uplinks: Vec<UplinkInfo>,
    /// The leader's ifindex, or 0.
    pub leader: u32,
    /// Does anybody hold game mode?
    pub game_mode: bool,
    /// The last thing that went wrong by itself.
    pub last_error: (String, String),
}

impl View {
    /// Reads all of it.
    ///
    /// # Errors
    /// When the bus or the helper is not there.
    pub(crate) fn read(socket: &Path) -> Result<Self, LabError> {
        let address = format!("unix:path={}", socket.display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| LabError::io("starting the runtime", error))?;
        runtime
            .block_on(read(&address))
            .map_err(|error| LabError::Invalid(format!("reading the helper's properties: {error}")))
    }

    /// One IP version.
    pub fn family(&self, family: Family) -> FamilyInfo {
        let number = family.number();
        let mut all = self.families.iter();
        all.find(|one| one.family == number)
            .cloned()
            .unwrap_or_default()
    }

    /// How the new flows of an IP version are steered, if they are now.
    pub fn way(&self, family: Family) -> Option<Way> {
        let info = self.family(family);
        info.in_force.then(|| Way::from_wire(info.way))
    }

    /// Why an IP version is not steered.
    pub fn reason(&self, family: Family) -> Reason {
        Reason::from_wire(self.family(family).reason)
    }

    /// The uplink with this name.
    ///
    /// # Errors
    /// When the helper knows none.
    pub fn uplink(&self, name: &str) -> Result<&UplinkInfo, LabError> {
        let mut all = self.uplinks.iter();
        all.find(|uplink| uplink.name == name)
            .ok_or_else(|| LabError::Invalid(format!("the helper knows no uplink `{name}`")))
    }
}

async fn read(address: &str) -> zbus::Result<View> {
    let bus = zbus::connection::Builder::address(address).build().await?;
    let proxy = Helper1Proxy::builder(&bus)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    Ok(View {
        backend: Backend::from_wire(proxy.backend().await?),
        reason: Reason::from_wire(proxy.backend_reason().await?),
        families: proxy.families().await?,
        plan: proxy.plan().await?,
        draining: proxy.draining().await?,
        uplinks: proxy.uplinks().await?,
        leader: proxy.leader().await?,
        game_mode: proxy.game_mode().await?,
        last_error: proxy.last_error().await?,
    })
}
