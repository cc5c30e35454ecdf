//! Whom the helper blames for planted causes of ping spikes, counted.

use crate::causes::{Bench, Cause, Confusion};
use crate::error::LabError;

/// Prints how often each cause was blamed right in `rounds` trials, and whom else the rest was put on;
/// with `told` every spike as it was told, before.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(rounds: u32, told: bool, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let mut bench = Bench::start()?;
    let mut confusion = Confusion::default();
    for _ in 0..rounds {
        for cause in Cause::ALL {
            confusion.add(cause, bench.trial(cause)?);
        }
    }
    if told {
        say(&bench.heard());
    }
    for line in confusion.lines() {
        say(&line);
    }
    Ok(())
}
