//! What Evenkeel knows, without a single system call: the kernel patch's arithmetic, the choice a
//! patched kernel would make, the steering that replaces it on stock kernels, and the numbers
//! people read about a series of round-trip times.
//!
//! Nothing here opens a file, reads a clock, prints, or waits. Values come in as arguments and go
//! out as results; the helper and the app do the rest. There are no dependencies.
//!
//! | module | what it answers |
//! |---|---|
//! | [`ema`] | the one filter everything uses: `EMA_UPDATE` in unsigned 64-bit integers |
//! | [`metrics`] | what the patched kernel keeps per path, bit for bit |
//! | [`nexthop`] | which nexthop a patched kernel (either generation) would pick |
//! | [`behaviour`] | what a kernel really does with two nexthops, from counted flows |
//! | [`steer`] | which uplink new flows should take on a stock kernel |
//! | [`stats`], [`jitter`], [`window`] | minimum to maximum, quantiles, jitter, over a bounded window |
//! | [`distribution`], [`ratio`] | shares within a time and per band; how two 99th percentiles compare |
//! | [`plan`] | what to put into the kernel for that, and in what order |
//! | [`trace`], [`replay`] | recorded series, and what the steering would have done with them |
//! | [`preview`] | the same for probes that were just recorded, to be drawn |
//! | [`blame`] | what a spike is, and whose fault it was |
//! | [`flows`] | which connections are the game's, and what they say of its ping |
//! | [`uplink`] | what counts as an uplink, and where one is probed by default |
//! | [`regret`] | how much better those choices were than none |
//! | [`ab`] | whether one setting is steadier than another: the plan of a measurement, its verdict |
//!
//! Times are unsigned nanoseconds unless a name says otherwise.

pub mod ab;
pub mod behaviour;
pub mod blame;
pub mod distribution;
pub mod ema;
pub mod flows;
pub mod jitter;
pub mod metrics;
pub mod nexthop;
pub mod plan;
pub mod preview;
pub mod range;
pub mod ratio;
pub mod regret;
pub mod replay;
pub mod stats;
pub mod steer;
pub mod trace;
pub mod uplink;
pub mod window;

pub use ema::Factor;
pub use range::OutOfRange;
