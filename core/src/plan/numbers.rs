//! The numbers that are Evenkeel's own in the kernel. Whoever uses one of them already makes us
//! refuse instead.

/// The routing protocol number on every object of ours.
pub const PROTOCOL: u8 = 77;
/// The table of the uplink in slot 0; slot `n` has the `n`-th after it.
pub const FIRST_TABLE: u32 = 7701;
/// The most uplinks in a plan.
pub const SLOTS: u32 = 16;
/// The table with a copy of the system's own default, where that is spread over several uplinks.
pub const SYSTEM_TABLE: u32 = FIRST_TABLE + SLOTS;
/// The metric of the default route in an uplink's table. It stands there alone, so any will do that
/// IPv6 keeps as it is.
pub const TABLE_METRIC: u32 = 1024;
/// The most source rules for one uplink: each costs every later lookup a comparison.
pub const MAX_SOURCES: usize = 64;
/// The nexthop number of the uplink in slot 0; slot `n` has the `n`-th after it.
pub const FIRST_NEXTHOP: u32 = 77_011;
/// The number of the nexthop group.
pub const GROUP: u32 = 77_010;
/// Everything but default routes: main first, as ever.
pub const PREFERENCE_MAIN: u32 = 32_761;
/// A source address keeps its uplink.
pub const PREFERENCE_SOURCE: u32 = 32_762;
/// A UDP socket without an address keeps its uplink.
pub const PREFERENCE_PORT: u32 = 32_763;
/// What only passes through stays where it was.
pub const PREFERENCE_FORWARDED: u32 = 32_764;
/// The weight, in the group, of the uplink that new flows go to.
pub const TARGET_WEIGHT: u16 = u16::MAX;
/// The weight of every other uplink: the least a member can have.
pub const OTHER_WEIGHT: u16 = 1;
/// Buckets of the group: the most the kernel takes, so that few flows share one.
pub const BUCKETS: u16 = 65_535;
/// Seconds of silence after which a bucket may change its uplink.
pub const IDLE_TIMER_S: u32 = 5;
/// The most UDP ports pinned in one family: each costs every later lookup a comparison.
pub const MAX_PINS: usize = 512;
