//! Judges two recordings of ping against each other with the statistics of a measurement: `pings A B`.
//! The recordings were made in turns; blocks of 50 answers are the pairs. Not for recordings made one
//! after the other on a real network: only what took turns can be judged.

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};

use evenkeel_core::ab::verdict::{differences, judge};
use evenkeel_core::ab::{Block, Plan};

const BLOCK_PROBES: usize = 50;
const PERIOD_MS: u32 = 100;

/// The round-trip times that ping printed, in microseconds.
fn round_trips_us(path: &str) -> io::Result<Vec<Option<u32>>> {
    let text = fs::read_to_string(path)?;
    let time = |line: &str| -> Option<u32> {
        let (_, rest) = line.split_once("time=")?;
        let ms: f64 = rest.split(' ').next()?.parse().ok()?;
        Some((ms * 1000.0).round() as u32)
    };
    Ok(text.lines().filter_map(time).map(Some).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = std::env::args().skip(1);
    let (a, b) = files
        .next()
        .zip(files.next())
        .ok_or("which recordings? Name two files with the output of ping")?;
    let blocks = |path: &str| -> Result<Vec<Block>, Box<dyn Error>> {
        let outcomes = round_trips_us(path)?;
        Ok(outcomes
            .chunks_exact(BLOCK_PROBES)
            .filter_map(Block::of)
            .collect())
    };
    let (before, after) = (blocks(&a)?, blocks(&b)?);
    let pairs = before.len().min(after.len());
    let plan = Plan::new(
        u32::try_from(pairs)?,
        None,
        BLOCK_PROBES as u32 * PERIOD_MS,
        0,
        PERIOD_MS,
    )?;
    let found = differences(before.iter().zip(&after));
    let judged = judge(&plan, &found, 1).ok_or("too few blocks to judge")?;
    writeln!(
        io::stdout(),
        "{b} against {a}: {:?}, ratio {:.3}, p {:.3}, {pairs} pairs, 95 %: {:?}",
        judged.verdict,
        judged.ratio,
        judged.p,
        judged.interval
    )?;
    Ok(())
}
