//! The metrics the original patched kernel keeps per route cache entry, bit for bit. It exports none
//! of them, so whoever shows these must call them an estimate. Not a measure of jitter: the kernel
//! feeds them bytes per jiffy.

use crate::ema::{Factor, ema_update};

/// The kernel's copy of `lowpower_power_cost_weight` in a route cache entry.
///
/// The sysctl is a signed 32-bit integer and takes negative numbers; the entry holds it unsigned,
/// so -1 becomes 4294967295. Evenkeel itself writes 0..=10000 only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelCost(u32);

impl KernelCost {
    /// What an entry holds after the sysctl was `value`.
    pub const fn from_sysctl(value: i32) -> Self {
        Self(value.cast_unsigned())
    }
}

impl Default for KernelCost {
    /// 100, the sysctl's default.
    fn default() -> Self {
        Self(100)
    }
}

/// What one route cache entry remembers. A new entry (or one after a route flush) has zeroes, and
/// copies of the two sysctls as they were when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathMetrics {
    /// Weight of the newest rate in both averages.
    pub k: Factor,
    /// Multiplies the sum of both averages.
    pub cost: KernelCost,
    /// `ema_load`: average rate, in bytes per jiffy.
    pub load: u64,
    /// `ema_time_delta`: average distance of the rate from `load`, in bytes per jiffy.
    pub deviation: u64,
    /// `last_update_jiffies`: when a packet last counted.
    pub last_update: u64,
}

impl PathMetrics {
    /// A fresh entry.
    pub const fn new(k: Factor, cost: KernelCost) -> Self {
        Self {
            k,
            cost,
            load: 0,
            deviation: 0,
            last_update: 0,
        }
    }

    /// A packet of `bytes` left at `jiffies`; true when it counted.
    ///
    /// Formula, as published: nothing happens when no jiffy passed since the last packet that
    /// counted. Otherwise `rate = bytes / jiffies passed`, truncated, goes into `load`, and its
    /// distance from the NEW `load` into `deviation`. The difference of jiffies wraps, as in C. Two
    /// consequences: a sparse flow has rate 0, and with `k` = 1024 the deviation is always 0.
    pub const fn transmit(&mut self, jiffies: u64, bytes: u32) -> bool {
        let passed = jiffies.wrapping_sub(self.last_update);
        if passed == 0 {
            return false;
        }
        let rate = bytes as u64 / passed;
        self.load = ema_update(self.k, self.load, rate);
        self.deviation = ema_update(self.k, self.deviation, rate.abs_diff(self.load));
        self.last_update = jiffies;
        true
    }

    /// `(load + deviation) * cost`, wrapping in 64 bits as C does: what the selection of
    /// [`nexthop`](crate::nexthop) compares.
    pub const fn weight(&self) -> u64 {
        self.load
            .wrapping_add(self.deviation)
            .wrapping_mul(self.cost.0 as u64)
    }
}

/// What the kernel's two averages of a path must look like, from what its interface sent in one
/// second after another. An estimate: the kernel averages over packets, not seconds, keeps a pair for
/// each nexthop, and on most network cards the original patch sees no packet at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkEstimate {
    /// Average of what was sent, bytes a second.
    pub load_bytes_s: u64,
    /// Average distance from that average, bytes a second.
    pub variability_bytes_s: u64,
}

impl LinkEstimate {
    /// A second in which `bytes` were sent has passed; `k` is the factor in force. The kernel's
    /// formula: the distance is taken from the new average.
    pub const fn second(&mut self, k: Factor, bytes: u64) {
        // A counter that jumps must not wrap the average around.
        let bytes = if bytes > u32::MAX as u64 {
            u32::MAX as u64
        } else {
            bytes
        };
        self.load_bytes_s = ema_update(k, self.load_bytes_s, bytes);
        let distance = bytes.abs_diff(self.load_bytes_s);
        self.variability_bytes_s = ema_update(k, self.variability_bytes_s, distance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_follows_a_steady_link_and_tells_a_bursty_one_from_it() {
        let (mut steady, mut bursty) = (LinkEstimate::default(), LinkEstimate::default());
        for second in 0..60 {
            steady.second(Factor::HALF, 10_000);
            bursty.second(Factor::HALF, if second % 2 == 0 { 20_000 } else { 0 });
        }
        assert!(
            (9_990..=10_000).contains(&steady.load_bytes_s),
            "{steady:?}"
        );
        assert!(steady.variability_bytes_s < 20, "{steady:?}");
        assert!(bursty.variability_bytes_s > 4_000, "{bursty:?}");
        bursty.second(Factor::NEWEST, u64::MAX);
        assert_eq!(bursty.load_bytes_s, u64::from(u32::MAX));
    }

    fn after(k: i64, packets: impl Iterator<Item = (u64, u32)>) -> PathMetrics {
        let mut metrics = PathMetrics::new(Factor::new(k).unwrap(), KernelCost::default());
        for (jiffies, bytes) in packets {
            let _counted = metrics.transmit(jiffies, bytes);
        }
        metrics
    }

    /// What the readings of the measured kernel imply.
    const JIFFIES_PER_SECOND: u64 = 250;

    #[test]
    fn nothing_happens_within_one_jiffy() {
        let mut metrics = PathMetrics::new(Factor::HALF, KernelCost::default());
        assert!(metrics.transmit(10, 1000));
        let before = metrics;
        assert!(!metrics.transmit(10, u32::MAX));
        assert_eq!(metrics, before);
    }

    #[test]
    fn the_deviation_is_taken_from_the_new_load() {
        let metrics = after(512, [(1, 1000)].into_iter());
        assert_eq!((metrics.load, metrics.deviation), (500, 250));
        assert_eq!(metrics.weight(), 75_000);
    }

    #[test]
    fn the_rate_is_truncated_so_sparse_packets_weigh_nothing() {
        // Measured: one packet a second reads 0.
        let sparse = after(
            512,
            (1..100).map(|second| (JIFFIES_PER_SECOND * second, 214)),
        );
        assert_eq!((sparse.load, sparse.deviation, sparse.weight()), (0, 0, 0));
        // Measured: 172 bytes (214 with their headers) every 20 ms, 5 jiffies, read 40.
        let voice = after(512, (1..1000).map(|n| (5 * n, 214)));
        assert!((40..=42).contains(&voice.load), "{voice:?}");
    }

    #[test]
    fn one_packet_per_jiffy_counts_whatever_else_was_sent() {
        // Measured: 1400 bytes (1442 with their headers) every ms read 1441: of the four packets in
        // a jiffy one counts, and truncation keeps the average one below its target.
        let metrics = after(
            512,
            (0..8000).map(|ms| (1 + ms * JIFFIES_PER_SECOND / 1000, 1442)),
        );
        assert_eq!((metrics.load, metrics.deviation), (1441, 1));
    }

    #[test]
    fn k_0_freezes_at_0_and_k_1024_keeps_the_last_rate_with_no_deviation() {
        let packets = || (1..500).map(|n| (n, if n % 2 == 0 { 100 } else { 1400 }));
        let frozen = after(0, packets());
        assert_eq!((frozen.load, frozen.deviation), (0, 0));
        let newest = after(1024, packets());
        assert_eq!((newest.load, newest.deviation), (1400, 0));
    }

    #[test]
    fn it_never_decays_while_idle() {
        let busy = after(512, (1..100).map(|n| (n, 1400)));
        let weight = busy.weight();
        // No call, no change: the next packet is the first to see how much time passed.
        assert!(weight > 0);
        let mut later = busy;
        assert!(later.transmit(1_000_000, 1400));
        assert!(later.weight() < weight);
    }

    #[test]
    fn cost_0_weighs_nothing_and_minus_1_is_a_huge_unsigned_number() {
        let mut metrics = after(512, (1..100).map(|n| (n, 1400)));
        metrics.cost = KernelCost::from_sysctl(0);
        assert_eq!(metrics.weight(), 0);
        metrics.cost = KernelCost::from_sysctl(-1);
        assert_eq!(
            metrics.weight(),
            (metrics.load + metrics.deviation) * 4_294_967_295
        );
    }

    #[test]
    fn jiffies_wrap() {
        let mut metrics = PathMetrics::new(Factor::NEWEST, KernelCost::default());
        metrics.last_update = u64::MAX;
        assert!(metrics.transmit(1, 100));
        assert_eq!(metrics.load, 50);
    }
}
