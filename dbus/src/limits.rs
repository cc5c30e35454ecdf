//! The bounds of the contract. One more than a limit is refused with `LimitsExceeded`, one value
//! outside a range with `OutOfRange`; either way nothing is changed.

use std::ops::RangeInclusive;

/// Sensitivity of the EMAs, 0 (calm) to 1024 (sharp): the patched kernel's `ema_k_factor`, or the
/// steering's slider on a stock kernel.
pub const EMA_FACTOR: RangeInclusive<u32> = 0..=1024;
/// The factor before anybody has chosen one.
pub const EMA_FACTOR_DEFAULT: u32 = 512;
/// The patched kernel's power cost weight. The kernel itself takes any `int`, but a negative or
/// large one breaks IPv6 routing until the interface is taken down and up.
pub const POWER_COST: RangeInclusive<u32> = 0..=10_000;
/// The cost of one uplink in percent: 100 is neutral, 200 and more keep flows off it unless it is
/// far steadier.
pub const UPLINK_COST: RangeInclusive<u32> = 1..=10_000;
/// The cost of an uplink that nobody has set.
pub const UPLINK_COST_DEFAULT: u32 = 100;
/// The cost in percent that a metered uplink starts at: new flows go there only when the others are
/// far less steady.
pub const UPLINK_COST_METERED: u32 = 200;
/// Frames a second that a feed may ask for.
pub const FEED_HZ: RangeInclusive<u32> = 1..=30;

/// Holders of a change at the same time, over all users.
pub const MAX_LEASES: usize = 16;
/// Feeds open at the same time for one user.
pub const MAX_FEEDS_PER_UID: usize = 4;
/// Feeds open at the same time, over all users.
pub const MAX_FEEDS: usize = 16;
/// Uplinks the helper looks at; further ones are left alone.
pub const MAX_UPLINKS: usize = 16;
/// Multipath routes the helper steers at the same time.
pub const MAX_ROUTES: usize = 16;
/// Measurements that have ended and are kept with their samples; one more and the oldest goes.
pub const MAX_ENDED_MEASUREMENTS: usize = 4;
