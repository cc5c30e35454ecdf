//! How fast a slider position reacts, in words' numbers: measured values, interpolated. Display
//! only; the steering never reads it.

use crate::ema::Factor;

/// Seconds until the leader changes after its path turned bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reaction {
    /// After 20 ms of jitter appeared.
    pub to_jitter_s: u32,
    /// After 20 % of packets began to vanish.
    pub to_loss_s: u32,
}

/// Slider position, seconds to 20 ms of jitter (40 ms more or not, at random), seconds to 20 % loss:
/// the median over many moments of 21 recorded and generated series with a probe every 200 ms, as
/// `cargo bench --bench regret` measures it. Between two quiet paths it takes half as long.
const MEASURED: [(u16, u32, u32); 5] = [
    (0, 385, 196),
    (256, 54, 58),
    (512, 17, 16),
    (768, 8, 8),
    (1024, 4, 5),
];

/// About how long a slider position takes to leave a path that turned bad.
///
/// Exact at 0, 256, 512, 768 and 1024, where it was measured; between them the geometric
/// interpolation of the neighbours, rounded: an estimate to show, not a promise. A path that stops
/// answering altogether is left after a second of losses at any position.
pub fn reaction(slider: Factor) -> Reaction {
    let at = slider.get();
    let between = |column: fn(&(u16, u32, u32)) -> u32| {
        let above = MEASURED
            .iter()
            .find(|row| row.0 >= at)
            .unwrap_or(&MEASURED[4]);
        let below = MEASURED
            .iter()
            .rfind(|row| row.0 <= at)
            .unwrap_or(&MEASURED[0]);
        let width = f64::from((above.0 - below.0).max(1));
        let share = f64::from(at - below.0) / width;
        let (from, to) = (f64::from(column(below)), f64::from(column(above)));
        (from * (to / from).powf(share)).round() as u32
    };
    Reaction {
        to_jitter_s: between(|row| row.1),
        to_loss_s: between(|row| row.2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_positions_are_exact() {
        for (at, to_jitter_s, to_loss_s) in MEASURED {
            let slider = Factor::new(at.into()).unwrap();
            assert_eq!(
                reaction(slider),
                Reaction {
                    to_jitter_s,
                    to_loss_s
                }
            );
        }
    }

    #[test]
    fn a_sharper_slider_never_reacts_later() {
        let all: Vec<Reaction> = (0..=1024)
            .map(|at| reaction(Factor::new(at).unwrap()))
            .collect();
        for pair in all.windows(2) {
            assert!(pair[1].to_jitter_s <= pair[0].to_jitter_s);
            assert!(pair[1].to_loss_s <= pair[0].to_loss_s);
        }
    }
}
