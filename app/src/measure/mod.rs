//! A measurement as its helper tells it, with the numbers turned into meanings, and what was found.
//! The window's Measure screen and `evenkeel measure` both show this; neither reads raw properties.
//! Its words stand in [`said`].
//!
//! [`Snapshot`] is how far it is and what came out, [`Found`] both arms' probes with their figures,
//! [`Choice`] what to compare, and the numbers that it becomes; [`history`] keeps what was judged,
//! [`after`] is what to do about it.

pub mod after;
mod choice;
mod found;
pub mod history;
pub mod said;

pub use choice::{Choice, ChoiceError};
pub use found::{ArmFound, Found, THRESHOLDS_NS};

use evenkeel_core::ab::Verdict;
use evenkeel_dbus::measurement::{
    ARM_OFF, Measurement1Proxy, MeasurementPlan, MeasurementProgress, MeasurementReason,
    MeasurementState, MeasurementVerdict, Subject,
};
use evenkeel_dbus::{Helper1Proxy, HelperError};
use zbus::OwnedObjectPath;

/// A measurement at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// What is measured, and how.
    pub plan: MeasurementPlan,
    /// The user it belongs to.
    pub owner: u32,
    /// What all its draws come from.
    pub seed: u64,
    /// When it began, in seconds since 1970.
    pub started_at: u64,
    /// Where it is.
    pub state: MeasurementState,
    /// Why it is paused, or ended without a verdict.
    pub reason: MeasurementReason,
    /// How far it is.
    pub progress: MeasurementProgress,
    /// What came out, once there is a verdict.
    pub outcome: Option<Outcome>,
}

/// A verdict with what it rests on. Ratios are spread (p95 - p50) of B over A.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The verdict on B.
    pub verdict: Verdict,
    /// Pairs it rests on.
    pub pairs: u32,
    /// How often chance alone does as much.
    pub p: f64,
    /// The ratio measured.
    pub ratio: f64,
    /// Its 95 % interval; `None` when the pairs are too few to say.
    pub interval: Option<(f64, f64)>,
    /// A true ratio this small (or `1 / seen`) would have been found by four of five such
    /// measurements; `None` when the pairs are too few to say.
    pub seen: Option<f64>,
}

impl Snapshot {
    /// Reads every property. The proxy's cache makes a second reading cheap.
    ///
    /// # Errors
    /// When the helper is not there, or the measurement isn't any more.
    pub async fn read(measurement: &Measurement1Proxy<'_>) -> Result<Self, HelperError> {
        // First, because it is signalled last: whoever reads an end finds the outcome with it.
        let state = MeasurementState::from_wire(measurement.state().await?);
        let result = measurement.result().await?;
        let verdict = match MeasurementVerdict::from_wire(result.verdict) {
            MeasurementVerdict::None => None,
            MeasurementVerdict::Better => Some(Verdict::Better),
            MeasurementVerdict::Worse => Some(Verdict::Worse),
            MeasurementVerdict::NoDifference => Some(Verdict::NoDifference),
        };
        Ok(Self {
            plan: measurement.plan().await?,
            owner: measurement.owner().await?,
            seed: measurement.seed().await?,
            started_at: measurement.started_at().await?,
            state,
            reason: MeasurementReason::from_wire(measurement.reason().await?),
            progress: measurement.progress().await?,
            outcome: verdict.map(|verdict| Outcome {
                verdict,
                pairs: result.pairs,
                p: result.p,
                ratio: result.ratio,
                interval: result.high.is_finite().then_some((result.low, result.high)),
                seen: (result.seen > 0.0).then_some(result.seen),
            }),
        })
    }

    /// What the arms differ in.
    pub fn subject(&self) -> Subject {
        Subject::from_wire(self.plan.subject)
    }

    /// True once nothing more will come.
    pub fn has_ended(&self) -> bool {
        matches!(
            self.state,
            MeasurementState::Finished | MeasurementState::Cancelled | MeasurementState::Failed
        )
    }

    /// Milliseconds until all blocks are measured, if neither an early look nor a pause comes
    /// between; without the block under way's share that is over already.
    pub fn left_ms(&self) -> u64 {
        let blocks = self.plan.pairs * 2;
        let left = blocks.saturating_sub(self.progress.blocks_done);
        u64::from(left) * u64::from(self.plan.block_ms)
    }

    /// True when there is a verdict, B is a setting that A is without, and B isn't steadier: then
    /// it may as well be switched off. That is what to offer; nothing is done about it here.
    pub fn is_b_for_nothing(&self) -> bool {
        let on_off = match self.subject() {
            Subject::GameMode => self.plan.b == 1,
            Subject::EmaFactor | Subject::PowerCost | Subject::UplinkCost => self.plan.a == ARM_OFF,
            Subject::Uplinks | Subject::Unknown => false,
        };
        let judged = self.outcome.map(|outcome| outcome.verdict);
        on_off && matches!(judged, Some(Verdict::Worse | Verdict::NoDifference))
    }
}

/// Begins what was chosen and returns its object.
///
/// # Errors
/// As `StartMeasurement` in the interface XML says.
pub async fn start(
    helper: &Helper1Proxy<'_>,
    plan: MeasurementPlan,
) -> Result<Measurement1Proxy<'static>, HelperError> {
    let path = helper
        .start_measurement(
            plan.subject,
            plan.ifindex,
            plan.a,
            plan.b,
            plan.pairs,
            plan.first_look,
            plan.block_ms,
            plan.settle_ms,
            plan.period_ms,
        )
        .await?;
    at(helper, path).await
}

/// The measurement at a path of the property `Measurements`.
///
/// # Errors
/// When the bus is gone.
pub async fn at(
    helper: &Helper1Proxy<'_>,
    path: OwnedObjectPath,
) -> Result<Measurement1Proxy<'static>, HelperError> {
    let builder = Measurement1Proxy::builder(helper.inner().connection());
    Ok(builder.path(path).build().await?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A measurement of game mode that has ended with this verdict.
    pub(crate) fn judged(verdict: Verdict) -> Snapshot {
        Snapshot {
            plan: MeasurementPlan {
                subject: Subject::GameMode.to_wire(),
                ifindex: 0,
                a: 0,
                b: 1,
                pairs: 30,
                first_look: 20,
                block_ms: 10_000,
                settle_ms: 2_000,
                period_ms: 100,
            },
            owner: 1000,
            seed: 7,
            started_at: 1_700_000_000,
            state: MeasurementState::Finished,
            reason: MeasurementReason::None,
            progress: MeasurementProgress {
                blocks_done: 40,
                blocks: 60,
                arm: 2,
                ..MeasurementProgress::default()
            },
            outcome: Some(Outcome {
                verdict,
                pairs: 20,
                p: 0.002,
                ratio: 0.55,
                interval: Some((0.38, 0.8)),
                seen: Some(0.64),
            }),
        }
    }

    #[test]
    fn only_a_setting_that_can_be_switched_off_and_does_not_help_is_for_nothing() {
        assert!(!judged(Verdict::Better).is_b_for_nothing());
        assert!(judged(Verdict::Worse).is_b_for_nothing());
        assert!(judged(Verdict::NoDifference).is_b_for_nothing());
        let mut sliders = judged(Verdict::NoDifference);
        sliders.plan.subject = Subject::EmaFactor.to_wire();
        assert!(!sliders.is_b_for_nothing(), "two values: neither is off");
        sliders.plan.a = ARM_OFF;
        assert!(sliders.is_b_for_nothing());
        let mut none = judged(Verdict::Worse);
        none.outcome = None;
        assert!(!none.is_b_for_nothing());
    }

    #[test]
    fn what_is_left_counts_whole_blocks() {
        assert_eq!(judged(Verdict::Better).left_ms(), 20 * 10_000);
    }
}
