//! The contract between Evenkeel's helper (`evenkeeld`) and its clients.
//!
//! Everything the two sides must agree on stands here and nowhere else: the names, the numbers and
//! their ranges, the errors, the proxy, and the frames of the feed. The same contract, for readers
//! in any language, is the documented XML in [`INTERFACE_XML`]; a test holds the running helper to
//! it. This crate does no I/O of its own beyond what the proxy does.

pub mod error;
pub mod feed;
pub mod limits;
pub mod measurement;
mod proxy;
pub mod spikes;
mod start;
mod types;
mod words;

pub use error::HelperError;
pub use proxy::Helper1Proxy;
pub use start::can_be_started;
pub use types::{
    Backend, CostReason, Draining, FamilyInfo, Figures, Hold, Holder, Lowpower, Metered, PatchKind,
    PlanStep, ProbeMethod, Reason, TunableInfo, TunableState, UplinkInfo, UplinkKind, UplinkState,
    Way,
};

/// The helper's well-known bus name.
pub const BUS_NAME: &str = "io.github.evenkeel.Helper1";
/// The object the helper exports; below it stand the measurements.
pub const OBJECT_PATH: &str = "/io/github/evenkeel/Helper1";
/// The interface on that object.
pub const INTERFACE: &str = "io.github.evenkeel.Helper1";
/// The interface as documented introspection XML.
pub const INTERFACE_XML: &str = include_str!("../io.github.evenkeel.Helper1.xml");
/// The interface of a measurement.
pub const MEASUREMENT_INTERFACE: &str = "io.github.evenkeel.Measurement1";
/// That interface as documented introspection XML.
pub const MEASUREMENT_XML: &str = include_str!("../io.github.evenkeel.Measurement1.xml");

/// The polkit actions the helper asks for.
pub mod action {
    /// Watching the live feed, which makes the helper send probes.
    pub const OBSERVE: &str = "io.github.evenkeel.helper1.observe";
    /// Entering and leaving game mode.
    pub const GAME_MODE: &str = "io.github.evenkeel.helper1.game-mode";
    /// Changing a bounded, reversible, leased setting.
    pub const TUNE: &str = "io.github.evenkeel.helper1.tune";
}
