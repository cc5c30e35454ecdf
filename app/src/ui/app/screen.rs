//! The window's places and their order.

/// The places on the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Cards and graph.
    #[default]
    Live,
    /// How it steers.
    Tune,
    /// Proof by comparison.
    Measure,
    /// What was to blame.
    Spikes,
    /// What the user chooses, and what is installed.
    Settings,
}

impl Screen {
    /// In the order of the rail.
    pub const ALL: [Self; 5] = [
        Self::Live,
        Self::Tune,
        Self::Measure,
        Self::Spikes,
        Self::Settings,
    ];

    /// The place so many steps further, round and round.
    pub fn further(self, steps: i32) -> Self {
        let at = Self::ALL.iter().position(|screen| *screen == self);
        let count = Self::ALL.len() as i32;
        let next = (at.unwrap_or(0) as i32 + steps).rem_euclid(count);
        Self::ALL[next as usize]
    }
}
