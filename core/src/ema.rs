//! `EMA_UPDATE`, the kernel patch's exponential moving average, in its own unsigned 64-bit integers.
//! Not a general filter library: every average in this program is this one.

use crate::range::{OutOfRange, checked};

/// The denominator of every factor: a weight of `SCALE` means "only the newest sample".
pub const SCALE: u64 = 1024;

/// The weight of the newest sample in an average, in 1024ths: 0 (frozen) to 1024 (no memory).
///
/// This is the unit of `net.ipv4.lowpower_ema_k_factor` and of the EMA slider, whose position is a
/// `Factor` too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u16);

impl Factor {
    /// Keeps the old average whatever comes.
    pub const FREEZE: Self = Self(0);
    /// Half old, half new: the kernel's default and the slider's.
    pub const HALF: Self = Self(512);
    /// Keeps nothing but the newest sample.
    pub const NEWEST: Self = Self(1024);

    /// Accepts 0..=1024, as the kernel does.
    ///
    /// # Errors
    /// [`OutOfRange`] for anything else.
    pub fn new(value: i64) -> Result<Self, OutOfRange> {
        checked("EMA factor", value, 0, 1024).map(|value| Self(value as u16))
    }

    /// A computed factor, cut to 1024.
    pub(crate) const fn saturating(value: u64) -> Self {
        if value > SCALE {
            Self::NEWEST
        } else {
            Self(value as u16)
        }
    }

    /// The number, 0..=1024.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for Factor {
    fn default() -> Self {
        Self::HALF
    }
}

/// `(k * new + (1024 - k) * old) / 1024`, truncated, in `u64` arithmetic that wraps as C's does.
///
/// Formula: the patch's macro `EMA_UPDATE(K, Old, New)`. The sum is exact while both inputs stay
/// below 2^54 (208 days in nanoseconds); beyond that it wraps exactly as the kernel's would, which
/// matters only to whoever compares the two.
///
/// Truncation makes it stall up to `1024 / k - 1` units below a rising target (k > 0), so feed it
/// fine units: nanoseconds, not milliseconds.
///
/// ```
/// use evenkeel_core::ema::{Factor, ema_update};
/// assert_eq!(ema_update(Factor::HALF, 10, 21), 15);
/// assert_eq!(ema_update(Factor::FREEZE, 10, 21), 10);
/// assert_eq!(ema_update(Factor::NEWEST, 10, 21), 21);
/// ```
#[inline]
pub const fn ema_update(k: Factor, old: u64, new: u64) -> u64 {
    let k = k.0 as u64;
    k.wrapping_mul(new)
        .wrapping_add((SCALE - k).wrapping_mul(old))
        / SCALE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_is_0_to_1024() {
        assert_eq!(Factor::new(0), Ok(Factor::FREEZE));
        assert_eq!(Factor::new(1024), Ok(Factor::NEWEST));
        for bad in [-1, 1025, i64::MIN, i64::MAX] {
            let error = Factor::new(bad).unwrap_err();
            assert_eq!((error.value, error.min, error.max), (bad, 0, 1024));
            assert!(error.to_string().contains("nothing was changed"));
        }
    }

    #[test]
    fn it_stalls_below_a_rising_target_by_less_than_the_documented_bound() {
        for k in [1, 8, 64, 512, 1024] {
            let factor = Factor::new(k).unwrap();
            let mut average = 0;
            for _ in 0..100_000 {
                average = ema_update(factor, average, 5_000);
            }
            assert!(
                5_000 - average < (1024 / k as u64).max(1),
                "k {k} stalled at {average}"
            );
        }
    }

    #[test]
    fn huge_values_wrap_like_c() {
        // 1024 * 2^63 is 0 modulo 2^64.
        assert_eq!(ema_update(Factor::NEWEST, 0, 1 << 63), 0);
        assert_eq!(
            ema_update(Factor::NEWEST, 0, u64::MAX),
            (u64::MAX - 1023) / 1024
        );
    }
}
