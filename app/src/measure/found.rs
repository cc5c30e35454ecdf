//! What a measurement found: the probes of both arms, and their figures side by side. It judges
//! nothing; the verdict is in [`Outcome`](super::Outcome).

use evenkeel_core::ab::tail::{TailRatio, tail_ratio};
use evenkeel_core::stats::Summary;
use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::{LOST_US, MeasuredBlock, MeasuredSample, Measurement1Proxy};

/// Answers over these count in the table, in nanoseconds.
pub const THRESHOLDS_NS: [u64; 3] = [50_000_000, 100_000_000, 200_000_000];

/// The probes of one arm, in the order they were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArmFound {
    /// When each was sent, in milliseconds since the measurement began.
    pub at_ms: Vec<u32>,
    /// Its round-trip time in nanoseconds, `None` when it was lost.
    pub rtts_ns: Vec<Option<u64>>,
    /// Its block, an index into [`Found::blocks`].
    pub blocks: Vec<u32>,
}

impl ArmFound {
    /// The table's figures.
    pub fn summary(&self) -> Summary {
        Summary::of(self.rtts_ns.iter().copied(), &THRESHOLDS_NS)
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The blocks in their order.
    pub blocks: Vec<MeasuredBlock>,
    /// Arm A, then arm B.
    pub arms: [ArmFound; 2],
    /// How the arms' 99th percentiles compare, as a description; `None` without probes.
    pub tail: Option<TailRatio>,
}

impl Found {
    /// Fetches what a measurement that has ended found.
    ///
    /// # Errors
    /// `Busy` until it has ended, `NotSupported` when it is gone.
    pub async fn fetch(measurement: &Measurement1Proxy<'_>) -> Result<Self, HelperError> {
        let blocks = measurement.blocks().await?;
        let samples = measurement.samples().await?;
        let seed = measurement.seed().await?;
        Ok(Self::of(blocks, &samples, seed))
    }

    /// Sorts samples to their arms. Samples of blocks that are not there are left out.
    pub fn of(blocks: Vec<MeasuredBlock>, samples: &[MeasuredSample], seed: u64) -> Self {
        let mut arms: [ArmFound; 2] = Default::default();
        let mut outcomes: Vec<Vec<Option<u32>>> = vec![Vec::new(); blocks.len()];
        for sample in samples {
            let Some(block) = blocks.get(sample.block as usize) else {
                continue;
            };
            let rtt_us = (sample.rtt_us != LOST_US).then_some(sample.rtt_us);
            outcomes[sample.block as usize].push(rtt_us);
            let Some(arm) = arms.get_mut(block.arm as usize) else {
                continue;
            };
            arm.at_ms.push(sample.at_ms);
            arm.rtts_ns.push(rtt_us.map(|us| u64::from(us) * 1_000));
            arm.blocks.push(sample.block);
        }
        let of_arm = |pair: &[(MeasuredBlock, Vec<Option<u32>>)], arm: u32| {
            let found = pair.iter().position(|(block, _)| block.arm == arm);
            found.unwrap_or(0)
        };
        let whole: Vec<(MeasuredBlock, Vec<Option<u32>>)> =
            blocks.iter().copied().zip(outcomes).collect();
        let pairs: Vec<[&[Option<u32>]; 2]> = whole
            .chunks_exact(2)
            .map(|pair| [0, 1].map(|arm| pair[of_arm(pair, arm)].1.as_slice()))
            .collect();
        Self {
            tail: tail_ratio(&pairs, seed),
            blocks,
            arms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(pair: u32, arm: u32) -> MeasuredBlock {
        MeasuredBlock {
            pair,
            arm,
            ifindex: 2 + arm,
            sent: 3,
            ..MeasuredBlock::default()
        }
    }

    fn sample(block: u32, at_ms: u32, rtt_us: u32) -> MeasuredSample {
        MeasuredSample {
            block,
            at_ms,
            rtt_us,
        }
    }

    #[test]
    fn samples_go_to_their_arms_whatever_the_order_of_the_blocks() {
        let blocks = vec![block(0, 1), block(0, 0)];
        let samples = [
            sample(0, 10, 20_000),
            sample(0, 20, LOST_US),
            sample(1, 30, 40_000),
            sample(1, 40, 40_000),
            sample(9, 50, 1),
        ];
        let found = Found::of(blocks, &samples, 1);
        assert_eq!(found.arms[1].rtts_ns, [Some(20_000_000), None]);
        assert_eq!(found.arms[0].at_ms, [30, 40]);
        assert_eq!(found.arms[0].blocks, [1, 1]);
        let summary = found.arms[1].summary();
        assert_eq!((summary.sent, summary.lost), (2, 1));
        let tail = found.tail.unwrap();
        assert!((tail.p99_a_us - 40_000.0).abs() < 1e-9);
        assert!(
            tail.p99_b_us > 900_000.0,
            "a lost one is the slowest: {tail:?}"
        );
    }

    #[test]
    fn nothing_measured_is_nothing_found() {
        let found = Found::of(Vec::new(), &[], 1);
        assert_eq!(found.tail, None);
        assert_eq!(found.arms[0].summary().sent, 0);
    }
}
