//! The link emulator: forwards packets between two interfaces with delay, bounded jitter, loss, a
//! rate limit or a black hole, measured from each packet's kernel arrival time. For kernels without
//! netem, and for draws that are equal in every run. What happens to a packet is decided in `model`
//! and `packet` (pure); `port` and `engine` do the I/O; `control` takes orders at run time.

pub mod control;
pub mod engine;
pub mod model;
pub mod packet;
pub mod params;
pub mod port;

pub use params::{LinkParams, ParamError};

/// Where a packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From `near` (the pc) to `far` (the router).
    Up,
    /// From `far` (the router) to `near` (the pc).
    Down,
}

impl Direction {
    /// Both, in the order of the emulator's tables.
    pub const BOTH: [Self; 2] = [Self::Up, Self::Down];

    /// Its place in the emulator's tables.
    pub fn index(self) -> usize {
        usize::from(self == Self::Down)
    }
}
