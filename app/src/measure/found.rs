//! What a measurement found: the probes of both arms, and their figures side by side. It judges
//! nothing; the verdict is in [`Outcome`](super::Outcome).

use evenkeel_core::ratio::{Ratio, p99_ratio_of_pairs};
use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::{LOST_US, MeasuredBlock, MeasuredSample, Measurement1Proxy};

use crate::export::Figures;
use crate::logs::{Probe, Series};

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
    pub fn figures(&self) -> Figures {
        Figures::of(self.rtts_ns.iter().copied(), &THRESHOLDS_NS)
    }

    /// Its answers in nanoseconds, each with the pair of its block.
    fn answers(&self) -> Vec<(u32, u64)> {
        let answers = self.blocks.iter().zip(&self.rtts_ns);
        let answers = answers.filter_map(|(block, rtt_ns)| Some((block / 2, (*rtt_ns)?)));
        answers.collect()
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The blocks in their order.
    pub blocks: Vec<MeasuredBlock>,
    /// Arm A, then arm B.
    pub arms: [ArmFound; 2],
    /// How the arms' 99th percentiles compare, B over A, as a description; `None` where there are too
    /// few answers.
    pub tail: Option<Ratio>,
}

impl Found {
    /// Fetches what a measurement that has ended found.
    ///
    /// # Errors
    /// `Busy` until it has ended, `NotSupported` when it is gone.
    pub async fn fetch(measurement: &Measurement1Proxy<'_>) -> Result<Self, HelperError> {
        let blocks = measurement.blocks().await?;
        let samples = measurement.samples().await?;
        Ok(Self::of(blocks, &samples))
    }

    /// Sorts samples to their arms. Samples of blocks that are not there are left out.
    pub fn of(blocks: Vec<MeasuredBlock>, samples: &[MeasuredSample]) -> Self {
        let mut arms: [ArmFound; 2] = Default::default();
        for sample in samples {
            let Some(block) = blocks.get(sample.block as usize) else {
                continue;
            };
            let Some(arm) = arms.get_mut(block.arm as usize) else {
                continue;
            };
            let rtt_us = (sample.rtt_us != LOST_US).then_some(sample.rtt_us);
            arm.at_ms.push(sample.at_ms);
            arm.rtts_ns.push(rtt_us.map(|us| u64::from(us) * 1_000));
            arm.blocks.push(sample.block);
        }
        let answers = arms.each_ref().map(ArmFound::answers);
        Self {
            tail: p99_ratio_of_pairs(&answers[0], &answers[1]),
            blocks,
            arms,
        }
    }

    /// Both arms' probes as a recording holds them, under these names; times count from the first
    /// probe of either.
    pub fn series(&self, names: [&str; 2]) -> [Series; 2] {
        let firsts = self.arms.iter().filter_map(|arm| arm.at_ms.first());
        let first_ms = firsts.min().copied().unwrap_or(0);
        [0, 1].map(|arm: usize| {
            let probes = &self.arms[arm];
            let sent = probes
                .at_ms
                .iter()
                .map(|at_ms| at_ms.saturating_sub(first_ms));
            Series {
                probes: sent
                    .zip(&probes.rtts_ns)
                    .map(|(at_ms, rtt_ns)| Probe {
                        sent_ns: u64::from(at_ms) * 1_000_000,
                        rtt_ns: *rtt_ns,
                    })
                    .collect(),
                blocks: probes.blocks.clone(),
                ..Series::named(names[arm])
            }
        })
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
        let found = Found::of(blocks, &samples);
        assert_eq!(found.arms[1].rtts_ns, [Some(20_000_000), None]);
        assert_eq!(found.arms[0].at_ms, [30, 40]);
        assert_eq!(found.arms[0].blocks, [1, 1]);
        let figures = found.arms[1].figures();
        assert_eq!((figures.sent, figures.lost), (2, 1));
        assert_eq!(found.tail, None, "too few to say");
        let [_, b] = found.series(["off", "on"]);
        assert_eq!((b.name.as_str(), &b.blocks), ("on", &vec![0, 0]));
        let sent = b.probes.iter().map(|probe| probe.sent_ns);
        assert_eq!(sent.collect::<Vec<_>>(), [0, 10_000_000]);
    }

    #[test]
    fn the_arms_are_described_pair_by_pair() {
        let blocks: Vec<_> = (0..20).map(|n| block(n / 2, n % 2)).collect();
        let samples: Vec<_> = (0..2_000)
            .map(|n| sample(n % 20, n, 10_000 * (1 + n % 20 % 2)))
            .collect();
        let tail = Found::of(blocks, &samples).tail.unwrap();
        for ratio in [tail.value, tail.low, tail.high] {
            assert!((ratio - 2.0).abs() < 1e-9, "{tail:?}");
        }
    }

    #[test]
    fn nothing_measured_is_nothing_found() {
        let found = Found::of(Vec::new(), &[]);
        assert_eq!(found.tail, None);
        assert_eq!(found.arms[0].figures().sent, 0);
    }
}
