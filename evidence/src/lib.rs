//! What the kernel tells beside the probes, for whoever probes: the helper, and the window without one.
//!
//! | part | what it is |
//! |---|---|
//! | [`Witness`] | outcomes, counters and events in, finished spikes out |
//! | [`Gateways`] | the probes to the gateways that go with those to the anchor |
//! | [`Waiting`] | how late the program itself was woken up |
//! | [`counters`], [`queues`] | numbers that are read |
//! | [`links`], [`radio`] | events that are heard |
//!
//! Nothing here needs a privilege, changes anything, or judges: a spike is judged in
//! [`evenkeel_core::blame`]. What cannot be read on a machine is left out, never made up.

mod clock;
pub mod counters;
mod gateways;
pub mod links;
pub mod queues;
pub mod radio;
mod waiting;
mod wire;
mod witness;

pub use clock::monotonic_ns;
pub use counters::Roots;
pub use gateways::{Gateways, Outcome};
pub use waiting::Waiting;
pub use witness::Witness;
