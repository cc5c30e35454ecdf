//! The steering's numbers: probe period, slider mapping, thresholds. Every constant was chosen by
//! measurement; change none without measuring regret again. Not the algorithm itself.

use crate::ema::Factor;
use crate::range::{OutOfRange, checked};

/// Most paths one [`Steering`](super::Steering) compares.
pub const MAX_PATHS: usize = 16;
/// A probe unanswered for this long is lost; an answer after it doesn't count.
pub const TIMEOUT_NS: u64 = 1_000_000_000;
/// Samples are gathered for this long before the jitter averages move.
pub const EPOCH_MS: u32 = 1_000;

/// The weight of the leader; every other usable path has 1.
pub const LEADER_WEIGHT: u16 = 255;

/// A deviation above this counts as this: one spike is one spike.
pub(super) const DEVIATION_CAP_NS: u64 = 60_000_000;
/// What a lost probe adds to the deviation.
pub(super) const LOSS_NS: u64 = 100_000_000;
/// A challenger must be better by this much ...
pub(super) const LEAD_MARGIN_NS: u64 = 3_000_000;
/// ... and by this many 1024ths (15 %).
pub(super) const HYSTERESIS: u64 = 154;
/// A leader holds for at least this many epochs, unless it dies.
pub(super) const DWELL_EPOCHS: u32 = 5;
/// A path competes after this many epochs with samples.
pub(super) const MIN_EPOCHS: u64 = 3;
/// This many 32nds of the level count in the score: a twentieth is what the measure charges, and
/// a slower path has more room to get worse.
pub(super) const LEVEL_SHARE: u64 = 3;
/// While a path is young, its slow average weighs each epoch about this many times as much as a
/// plain running mean would: the start is often unlike the rest, and must not be carried for long.
pub(super) const SLOW_START: u64 = 3;

/// How often each path is probed.
///
/// The level's EMA factor belongs to the period (it gives a half-life of 2 s). The factors at 200,
/// 250, 500 and 1000 ms were measured; those at 50, 100 and 125 ms come from the same half-life,
/// `1024 * (1 - 2^(-period / 2 s))`, and were not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(u16);

impl Period {
    /// Every accepted period, in milliseconds. Each divides the epoch of one second.
    pub const ALL_MS: [u16; 7] = [50, 100, 125, 200, 250, 500, 1000];

    /// Accepts the values of [`Period::ALL_MS`].
    ///
    /// # Errors
    /// [`UnknownPeriod`] for anything else.
    pub fn from_ms(ms: u32) -> Result<Self, UnknownPeriod> {
        Self::ALL_MS
            .into_iter()
            .find(|known| u32::from(*known) == ms)
            .map(Self)
            .ok_or(UnknownPeriod { ms })
    }

    /// The period in milliseconds.
    pub const fn ms(self) -> u32 {
        self.0 as u32
    }

    /// Probe rounds in an epoch of one second.
    pub const fn rounds_per_epoch(self) -> u32 {
        EPOCH_MS / self.0 as u32
    }

    /// Lost probes in a row after which a path is dead: one second's worth, three at least.
    pub const fn dead_after(self) -> u32 {
        let second = self.rounds_per_epoch();
        if second < 3 { 3 } else { second }
    }

    /// Lost probes in a row after which a dead path gets no new flows at all: ten seconds' worth.
    /// The same number of answers in a row brings a dead path back.
    pub const fn gone_after(self) -> u32 {
        10 * self.rounds_per_epoch()
    }

    /// The level's EMA factor at this period.
    pub(super) const fn level_factor(self) -> Factor {
        Factor::saturating(match self.0 {
            50 => 18,
            100 => 35,
            125 => 43,
            200 => 69,
            250 => 85,
            500 => 163,
            _ => 300,
        })
    }
}

impl Default for Period {
    /// 200 ms, the period the steering was tuned at.
    fn default() -> Self {
        Self(200)
    }
}

/// A probe period the steering has no factor for; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPeriod {
    /// The refused period, in milliseconds.
    pub ms: u32,
}

impl std::fmt::Display for UnknownPeriod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known = Period::ALL_MS.map(|ms| ms.to_string()).join(", ");
        write!(
            f,
            "a probe period of {} ms is not supported; use one of {known} ms",
            self.ms
        )
    }
}

impl std::error::Error for UnknownPeriod {}

/// What a path costs, in percent of its score: 100 is neutral, 150 mild, 200 and more can cancel
/// the benefit of steering, 0 makes a living path win always. 0..=10000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PowerCost(u16);

impl PowerCost {
    /// Counts the score as it is.
    pub const NEUTRAL: Self = Self(100);

    /// Accepts 0..=10000.
    ///
    /// # Errors
    /// [`OutOfRange`] for anything else.
    pub fn new(value: i64) -> Result<Self, OutOfRange> {
        checked("power cost", value, 0, 10_000).map(|value| Self(value as u16))
    }

    /// The number, 0..=10000.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for PowerCost {
    fn default() -> Self {
        Self::NEUTRAL
    }
}

/// How a [`Steering`](super::Steering) runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params {
    /// How often each path is probed. Fixed for the life of a `Steering`.
    pub period: Period,
    /// Where the EMA slider stands: 0 calm, 1024 sharp.
    pub slider: Factor,
}

/// The EMA factors a slider position stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gains {
    /// Of the fast jitter average.
    pub fast: Factor,
    /// Of the slow jitter average.
    pub slow: Factor,
}

impl Gains {
    /// `fast = clamp(7 s² >> 14, 1, 1024)`, `slow = max(1, fast >> 6)`; 512 gives 112 and 1, which
    /// are half-lives of 6 s and 12 minutes. Never zero, so nothing ever freezes.
    pub fn of(slider: Factor) -> Self {
        let s = u64::from(slider.get());
        let fast = ((7 * s * s) >> 14).clamp(1, 1024);
        Self {
            fast: Factor::saturating(fast),
            slow: Factor::saturating((fast >> 6).max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slider_maps_as_documented() {
        let gains = |s| {
            let g = Gains::of(Factor::new(s).unwrap());
            [g.fast.get(), g.slow.get()]
        };
        assert_eq!(gains(0), [1, 1]);
        assert_eq!(gains(256), [28, 1]);
        assert_eq!(gains(512), [112, 1]);
        assert_eq!(gains(1024), [448, 7]);
    }

    #[test]
    fn the_level_has_a_half_life_of_two_seconds_at_every_period() {
        for ms in Period::ALL_MS {
            let exact = 1024.0 * (1.0 - (-f64::from(ms) / 2000.0).exp2());
            let factor = Period::from_ms(u32::from(ms)).unwrap().level_factor();
            assert_eq!(factor.get(), exact.round() as u16, "{ms} ms");
        }
    }

    #[test]
    fn periods_divide_an_epoch_and_others_are_refused() {
        for ms in Period::ALL_MS {
            assert_eq!(EPOCH_MS % u32::from(ms), 0);
        }
        for ms in [0, 1, 150, 201, 2000, u32::MAX] {
            assert_eq!(Period::from_ms(ms), Err(UnknownPeriod { ms }));
        }
    }

    #[test]
    fn a_second_of_losses_kills_but_never_fewer_than_three() {
        let dead = |ms| Period::from_ms(ms).unwrap().dead_after();
        assert_eq!(
            [dead(50), dead(200), dead(250), dead(500), dead(1000)],
            [20, 5, 4, 3, 3]
        );
    }

    #[test]
    fn a_power_cost_is_0_to_10000() {
        assert_eq!(PowerCost::new(10_000).unwrap().get(), 10_000);
        assert!(PowerCost::new(-1).is_err());
        assert!(PowerCost::new(10_001).is_err());
    }
}
