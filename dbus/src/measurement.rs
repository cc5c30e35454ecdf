//! The values of `io.github.evenkeel.Measurement1` and of `StartMeasurement`: what is measured, how
//! far it is, what came out. Only numbers and enumerations; ranges stand in the interface XML.

use serde::{Deserialize, Serialize};
use zbus::{DeserializeDict, SerializeDict, Type, proxy};

use crate::HelperError;
use crate::types::wire_enum;

wire_enum! {
    /// What the two arms of a measurement differ in.
    Subject, fallback Unknown {
        /// Game mode: an arm is 0 (off) or 1 (on).
        GameMode = 0,
        /// The sensitivity of the EMAs: an arm is 0..=1024, or [`ARM_OFF`].
        EmaFactor = 1,
        /// The patched kernel's power cost weight: an arm is 0..=10000, or [`ARM_OFF`].
        PowerCost = 2,
        /// The cost of one uplink in percent: an arm is 1..=10000, or [`ARM_OFF`].
        UplinkCost = 3,
        /// The way: an arm is an uplink's ifindex. Nothing is changed.
        Uplinks = 4,
        /// A subject this client does not know.
        Unknown = 4_294_967_295,
    }
}

/// An arm that sets nothing: the value is what it is without the measurement.
pub const ARM_OFF: u32 = u32::MAX;
/// A lost probe among the samples.
pub const LOST_US: u32 = u32::MAX;

wire_enum! {
    /// Where a measurement is.
    MeasurementState, fallback Failed {
        /// The uplinks are probed, nothing is changed yet.
        Warming = 0,
        /// The arms take turns.
        Running = 1,
        /// Nothing is changed; the pair that was under way begins anew afterwards.
        Paused = 2,
        /// There is a verdict.
        Finished = 3,
        /// Somebody ended it before there was one.
        Cancelled = 4,
        /// It could not go on.
        Failed = 5,
    }
}

wire_enum! {
    /// Why a measurement is paused or ended without a verdict.
    MeasurementReason, fallback Unknown {
        /// It is neither.
        None = 0,
        /// Its owner asked.
        Asked = 1,
        /// Somebody holds game mode, so it can't be switched off: paused until they leave it.
        GameModeHeld = 2,
        /// An uplink came, went or got another gateway: paused until it is as it was.
        UplinksChanged = 3,
        /// Somebody changed a setting that the arms share.
        SettingChanged = 4,
        /// Our routes were undone, or gateway or anchor stopped answering through them.
        SteppedBack = 5,
        /// The kernel refused a change.
        Refused = 6,
        /// No probe was answered in either arm.
        NoAnswers = 7,
        /// The pause lasted longer than an hour.
        WaitedTooLong = 8,
        /// It was interrupted again and again.
        Interrupted = 9,
        /// A reason this client does not know.
        Unknown = 4_294_967_295,
    }
}

wire_enum! {
    /// What a measurement says about B against A.
    MeasurementVerdict, fallback None {
        /// Nothing yet.
        None = 0,
        /// B is steadier.
        Better = 1,
        /// A is steadier.
        Worse = 2,
        /// No difference was shown.
        NoDifference = 3,
    }
}

/// What is measured and how, `(uuuuuuuuu)`: the arguments of `StartMeasurement`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, Type)]
pub struct MeasurementPlan {
    /// [`Subject`] as a number.
    pub subject: u32,
    /// The uplink whose cost differs, with [`Subject::UplinkCost`]; else 0.
    pub ifindex: u32,
    /// Arm A: what there was.
    pub a: u32,
    /// Arm B: what shall be better.
    pub b: u32,
    /// Pairs of blocks in all.
    pub pairs: u32,
    /// Pairs before the first of two looks; 0 for one look, at the end.
    pub first_look: u32,
    /// Length of a block.
    pub block_ms: u32,
    /// What is dropped at its beginning.
    pub settle_ms: u32,
    /// Time between two probes.
    pub period_ms: u32,
}

/// How far a measurement is, `a{sv}`. It says nothing about the outcome: whoever watches that while
/// it grows, and stops when it looks good, sees differences that aren't there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct MeasurementProgress {
    /// Blocks of whole pairs, and of the pair under way, that are measured.
    pub blocks_done: u32,
    /// Blocks in all.
    pub blocks: u32,
    /// What is in force: 0 arm A, 1 arm B, 2 neither.
    pub arm: u32,
    /// When the block under way, or the warming up, is over: `CLOCK_MONOTONIC` in nanoseconds; 0 when
    /// there is none.
    pub ends_ns: u64,
    /// How often a pair had to begin anew.
    pub interruptions: u32,
}

/// What came out, `a{sv}`. Ratios are spread (p95 - p50) of B over A.
#[derive(Debug, Clone, Copy, Default, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct MeasurementResult {
    /// [`MeasurementVerdict`] as a number; everything else counts only when it isn't 0.
    pub verdict: u32,
    /// Pairs it rests on.
    pub pairs: u32,
    /// How often chance alone does as much, over all looks.
    pub p: f64,
    /// The geometric mean of the pairs' ratios.
    pub ratio: f64,
    /// Lower end of the 95 % interval of the ratio; 0 when the pairs are too few to say.
    pub low: f64,
    /// Its upper end; infinite when the pairs are too few to say.
    pub high: f64,
    /// A true ratio this small (or as much above 1) is found by four of five such measurements; 0
    /// when the pairs are too few to say.
    pub seen: f64,
}

/// One measured block, `(uuuuuuu)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct MeasuredBlock {
    /// Its pair, from 0.
    pub pair: u32,
    /// 0 arm A, 1 arm B.
    pub arm: u32,
    /// The uplink that the block's flow took; 0 when it was none of them.
    pub ifindex: u32,
    /// Probes that count.
    pub sent: u32,
    /// Those that were lost.
    pub lost: u32,
    /// The median in microseconds, lost probes counting a second.
    pub p50_us: u32,
    /// The 95th percentile, likewise.
    pub p95_us: u32,
}

/// One probe that counts, `(uuu)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct MeasuredSample {
    /// Its block: an index into the list of blocks.
    pub block: u32,
    /// When it was sent, in milliseconds since the measurement began.
    pub at_ms: u32,
    /// Its round-trip time in microseconds, [`LOST_US`] when it was lost.
    pub rtt_us: u32,
}

/// `io.github.evenkeel.Measurement1` as a client sees it. The path comes from `StartMeasurement` and
/// from the property `Measurements`.
#[proxy(
    interface = "io.github.evenkeel.Measurement1",
    default_service = "io.github.evenkeel.Helper1"
)]
pub trait Measurement1 {
    /// Puts everything back until [`resume`](Measurement1Proxy::resume).
    fn pause(&self) -> Result<(), HelperError>;
    /// Goes on; the pair that was under way begins anew.
    fn resume(&self) -> Result<(), HelperError>;
    /// Puts everything back and ends it without a verdict.
    fn cancel(&self) -> Result<(), HelperError>;
    /// The measured blocks, once it has ended.
    fn blocks(&self) -> Result<Vec<MeasuredBlock>, HelperError>;
    /// The probes that count, once it has ended.
    fn samples(&self) -> Result<Vec<MeasuredSample>, HelperError>;

    /// What is measured and how.
    #[zbus(property(emits_changed_signal = "const"))]
    fn plan(&self) -> zbus::Result<MeasurementPlan>;
    /// The user it belongs to.
    #[zbus(property(emits_changed_signal = "const"))]
    fn owner(&self) -> zbus::Result<u32>;
    /// What all its draws come from.
    #[zbus(property(emits_changed_signal = "const"))]
    fn seed(&self) -> zbus::Result<u64>;
    /// When it began, in seconds since 1970.
    #[zbus(property(emits_changed_signal = "const"))]
    fn started_at(&self) -> zbus::Result<u64>;
    /// [`MeasurementState`] as a number.
    #[zbus(property)]
    fn state(&self) -> zbus::Result<u32>;
    /// [`MeasurementReason`] as a number.
    #[zbus(property)]
    fn reason(&self) -> zbus::Result<u32>;
    /// How far it is.
    #[zbus(property)]
    fn progress(&self) -> zbus::Result<MeasurementProgress>;
    /// What came out.
    #[zbus(property)]
    fn result(&self) -> zbus::Result<MeasurementResult>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::wire::{LE, serialized::Context, to_bytes};

    #[test]
    fn enumerations_survive_the_wire_and_read_unknown_numbers_as_the_fallback() {
        for subject in Subject::ALL {
            assert_eq!(Subject::from_wire(subject.to_wire()), *subject);
        }
        for reason in MeasurementReason::ALL {
            assert_eq!(MeasurementReason::from_wire(reason.to_wire()), *reason);
        }
        for state in MeasurementState::ALL {
            assert_eq!(MeasurementState::from_wire(state.to_wire()), *state);
        }
        assert_eq!(Subject::from_wire(77), Subject::Unknown);
        assert_eq!(MeasurementVerdict::from_wire(77), MeasurementVerdict::None);
    }

    #[test]
    fn a_result_without_bounds_comes_back_whole() {
        let result = MeasurementResult {
            verdict: 3,
            pairs: 20,
            high: f64::INFINITY,
            ..MeasurementResult::default()
        };
        let bytes = to_bytes(Context::new(LE, 0), &result).unwrap();
        let (back, _): (MeasurementResult, _) = bytes.deserialize().unwrap();
        assert_eq!(back, result);
    }
}
