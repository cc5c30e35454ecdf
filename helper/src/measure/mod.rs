//! Measurements: one under way, a few that have ended. What they are is here; what has to be done for
//! them, and when, is the actor's ([`crate::actor`]).
//!
//! [`wish`] is what a client asked for, [`course`] the state machine, [`flow`] a block's probes,
//! [`object`] what stands on the bus.

pub mod course;
pub mod flow;
pub mod object;
pub mod wish;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use evenkeel_core::ab::{Arm, Verdict};
use evenkeel_core::steer::Sample;
use evenkeel_dbus::OBJECT_PATH;
use evenkeel_dbus::limits::MAX_ENDED_MEASUREMENTS;
use evenkeel_dbus::measurement::{
    LOST_US, MeasuredBlock, MeasuredSample, MeasurementProgress, MeasurementReason as Reason,
    MeasurementResult, MeasurementState, MeasurementVerdict,
};
use zbus::OwnedObjectPath;

use self::course::{Course, End, Outcome};
use self::flow::Flow;
use self::object::{Board, Shown};
use self::wish::Wish;
use crate::kernel::survey::{Survey, Uplink};
use crate::lease::Wanted;
use crate::session::Session;

/// How long a measurement that has ended waits for its owner to fetch the samples.
pub const KEPT: Duration = Duration::from_hours(12);

/// What the arms share and nobody may change meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    ema_factor: Option<u32>,
    power_cost: Option<u32>,
    uplink_costs: BTreeMap<u32, u32>,
}

impl Shared {
    /// Of what all others want.
    pub fn of(wanted: Wanted) -> Self {
        Self {
            ema_factor: wanted.ema_factor,
            power_cost: wanted.power_cost,
            uplink_costs: wanted.uplink_costs,
        }
    }
}

/// What makes the uplinks those that the measurement began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways(Vec<(u32, bool, Option<Ipv4Addr>, Option<Ipv6Addr>)>);

impl Ways {
    /// Of what a look found.
    pub fn of(survey: &Survey) -> Self {
        let way = |one: &Uplink| (one.ifindex, one.carrier, one.gateway_v4, one.gateway_v6);
        Self(survey.uplinks.iter().map(way).collect())
    }
}

/// The measurement under way.
pub struct Running {
    /// Its number; its path ends with it.
    pub number: u64,
    /// The user it belongs to.
    pub uid: u32,
    /// What is measured.
    pub wish: Wish,
    /// How far it is.
    pub course: Course,
    /// Where it is shown.
    pub board: Board,
    /// What its draws come from.
    pub seed: u64,
    /// When it began.
    pub began: Instant,
    /// The block's probes.
    pub flow: Option<Flow>,
    /// The arm whose changes are held.
    pub in_force: Option<Arm>,
    /// The steering of the other arm, where each has its own.
    pub other_steering: Option<(Arm, Session)>,
    /// What the arms share.
    pub shared: Shared,
    /// The uplinks it began with.
    pub ways: Ways,
}

/// A measurement that has ended.
struct Ended {
    number: u64,
    uid: u32,
    blocks: Vec<MeasuredBlock>,
    samples: Vec<MeasuredSample>,
    /// When it is dropped; `None` once its owner has fetched the samples.
    until: Option<Instant>,
}

/// What happened to a measurement by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// Something is to be done now.
    Due,
    /// A probe of the block.
    Heard(Outcome),
    /// One that has ended was kept long enough.
    Expired,
}

/// See the module.
#[derive(Default)]
pub struct Measuring {
    /// The one under way.
    pub running: Option<Running>,
    ended: VecDeque<Ended>,
    count: u64,
}

impl Measuring {
    /// A number for a new measurement.
    pub fn next_number(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// True when nobody would miss anything.
    pub fn is_idle(&self) -> bool {
        self.running.is_none() && self.ended.iter().all(|ended| ended.until.is_none())
    }

    /// The paths of all, the oldest first.
    pub fn paths(&self) -> Vec<OwnedObjectPath> {
        let ended = self.ended.iter().map(|ended| ended.number);
        let numbers = ended.chain(self.running.iter().map(|running| running.number));
        numbers
            .filter_map(|number| path(number).try_into().ok())
            .collect()
    }

    /// What happens next by itself; waits for ever while there is nothing. Safe to cancel.
    pub async fn next(&mut self) -> Happened {
        let expiry = self.ended.iter().filter_map(|ended| ended.until).min();
        let Some(running) = &mut self.running else {
            until(expiry).await;
            return Happened::Expired;
        };
        let due = running.course.due(Instant::now());
        tokio::select! {
            biased;
            outcome = heard(running.flow.as_mut()) => Happened::Heard(outcome),
            () = until(due) => Happened::Due,
            () = until(expiry) => Happened::Expired,
        }
    }

    /// Lets the other arm's steering hear what the one in force heard.
    pub fn sample(&mut self, ifindex: u32, sample: Sample) {
        if let Some(steering) = self.other_steering() {
            steering.sample(ifindex, sample);
            let _ = steering.settle();
        }
    }

    /// Ends its epoch likewise.
    pub fn end_epoch(&mut self) {
        if let Some(steering) = self.other_steering() {
            let _ = steering.end_epoch();
        }
    }

    fn other_steering(&mut self) -> Option<&mut Session> {
        let running = self.running.as_mut()?;
        running
            .other_steering
            .as_mut()
            .map(|(_, steering)| steering)
    }

    /// Keeps what a measurement found. Returns the numbers of those that had to make room.
    pub fn keep(&mut self, running: &Running, now: Instant) -> Vec<u64> {
        let (blocks, samples) = found(running);
        self.ended.push_back(Ended {
            number: running.number,
            uid: running.uid,
            blocks,
            samples,
            until: Some(now + KEPT),
        });
        let too_many = self.ended.len().saturating_sub(MAX_ENDED_MEASUREMENTS);
        self.ended
            .drain(..too_many)
            .map(|ended| ended.number)
            .collect()
    }

    /// Drops those that were kept long enough. Returns their numbers.
    pub fn expire(&mut self, now: Instant) -> Vec<u64> {
        let is_over = |ended: &Ended| ended.until.is_some_and(|until| until <= now);
        let over = self.ended.iter().filter(|ended| is_over(ended));
        let numbers = over.map(|ended| ended.number).collect();
        self.ended.retain(|ended| !is_over(ended));
        numbers
    }

    /// The blocks of one that has ended.
    pub fn blocks(&self, number: u64) -> Option<Vec<MeasuredBlock>> {
        let ended = self.ended.iter().find(|ended| ended.number == number)?;
        Some(ended.blocks.clone())
    }

    /// The samples of one that has ended; its owner then need not fetch them again.
    pub fn samples(&mut self, number: u64, uid: u32) -> Option<Vec<MeasuredSample>> {
        let ended = self.ended.iter_mut().find(|ended| ended.number == number)?;
        if ended.uid == uid {
            ended.until = None;
        }
        Some(ended.samples.clone())
    }
}

/// The object path of a measurement.
pub fn path(number: u64) -> String {
    format!("{OBJECT_PATH}/measurement/{number}")
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

async fn heard(flow: Option<&mut Flow>) -> Outcome {
    match flow {
        Some(flow) => flow.outcome().await,
        None => std::future::pending().await,
    }
}

const fn number_of(arm: Arm) -> u32 {
    match arm {
        Arm::A => 0,
        Arm::B => 1,
    }
}

/// Blocks and samples as they cross the bus.
fn found(running: &Running) -> (Vec<MeasuredBlock>, Vec<MeasuredSample>) {
    let (mut blocks, mut samples) = (Vec::new(), Vec::new());
    for (number, measured) in (0..).zip(running.course.blocks()) {
        blocks.push(MeasuredBlock {
            pair: number / 2,
            arm: number_of(measured.arm),
            ifindex: measured.ifindex.unwrap_or(0),
            sent: measured.block.sent,
            lost: measured.block.lost,
            p50_us: measured.block.p50_us,
            p95_us: measured.block.p95_us,
        });
        samples.extend(measured.outcomes.iter().map(|outcome| MeasuredSample {
            block: number,
            at_ms: outcome.at.duration_since(running.began).as_millis() as u32,
            rtt_us: outcome.rtt_us.unwrap_or(LOST_US),
        }));
    }
    (blocks, samples)
}

/// How far a measurement is, as the bus shows it; `now_ns` is `CLOCK_MONOTONIC` at `now`.
pub fn shown(course: &Course, now: Instant, now_ns: u64) -> Shown {
    let paused = course.paused();
    let (state, reason) = match course.end() {
        Some(End::Judged) => (MeasurementState::Finished, Reason::None),
        Some(End::Cancelled) => (MeasurementState::Cancelled, Reason::Asked),
        Some(End::Failed(why)) => (MeasurementState::Failed, why),
        None => match paused {
            Some(why) => (MeasurementState::Paused, why),
            None if course.is_warming() => (MeasurementState::Warming, Reason::None),
            None => (MeasurementState::Running, Reason::None),
        },
    };
    let ends = course.ends().map(|ends| {
        let left = ends.saturating_duration_since(now);
        now_ns + left.as_nanos() as u64
    });
    let progress = MeasurementProgress {
        blocks_done: course.blocks().len() as u32,
        blocks: course.plan().blocks(),
        arm: course.arm().map_or(2, number_of),
        ends_ns: ends.unwrap_or(0),
        interruptions: course.interruptions(),
    };
    let judged = course.judged().filter(|judged| judged.is_final());
    let result = judged.map_or_else(MeasurementResult::default, |judged| {
        let verdict = match judged.verdict {
            Verdict::Better => MeasurementVerdict::Better,
            Verdict::Worse => MeasurementVerdict::Worse,
            Verdict::NoDifference => MeasurementVerdict::NoDifference,
        };
        let (low, high) = judged.interval.unwrap_or((0.0, f64::INFINITY));
        MeasurementResult {
            verdict: verdict.to_wire(),
            pairs: judged.pairs,
            p: judged.p,
            ratio: judged.ratio,
            low,
            high,
            seen: judged.seen.unwrap_or(0.0),
        }
    });
    Shown {
        state: state.to_wire(),
        reason: reason.to_wire(),
        progress,
        result,
    }
}
