//! A small seeded generator: the same seed gives the same draws on every machine. For the order of
//! blocks and for resampling; not for secrets.

/// `splitmix64` (Steele, Lea and Flood 2014, Fast Splittable Pseudorandom Number Generators).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draws(u64);

impl Draws {
    /// Draws from a seed; every seed is good.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits, each set as often as not.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number below `bound`; 0 when `bound` is 0. Uneven by less than `bound / 2^64`.
    pub const fn below(&mut self, bound: usize) -> usize {
        let product = self.next_u64() as u128 * bound as u128;
        (product >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draws_are_those_of_the_published_generator() {
        // The reference implementation in C, seed 1234567.
        let mut draws = Draws::new(1_234_567);
        assert_eq!(draws.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(draws.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn numbers_stay_below_their_bound_and_all_of_them_come() {
        let mut draws = Draws::new(7);
        let mut seen = [false; 6];
        for _ in 0..200 {
            seen[draws.below(6)] = true;
        }
        assert_eq!(seen, [true; 6]);
        assert_eq!(draws.below(0), 0);
    }
}
