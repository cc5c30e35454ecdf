//! The course of one measurement: which arm's turn it is, when to probe, what counts, when to look.
//! Pure: it is told the time and what happened, and says what is to be done next. Switching arms and
//! sending probes is the actor's and [`flow`](super::flow)'s.

use std::time::{Duration, Instant};

use evenkeel_core::ab::plan::order;
use evenkeel_core::ab::{Arm, Block, Judged, Plan, judge, verdict};
use evenkeel_dbus::measurement::MeasurementReason as Reason;

/// The steering needs three epochs of one second to know a leader.
pub const WARM_UP: Duration = Duration::from_secs(5);
/// A pause that lasts longer ends the measurement.
pub const PATIENCE: Duration = Duration::from_hours(1);
/// More interruptions than this end it.
pub const MAX_INTERRUPTIONS: u32 = 20;
/// A block that takes so much longer than planned is begun anew: this machine was busy or asleep.
const LATE: Duration = Duration::from_secs(2);

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing before [`Course::due`].
    Wait,
    /// Put this arm in force, open a new flow, then say [`Course::began`].
    Switch(Arm),
    /// Send a probe, then say [`Course::sent`].
    Send,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With a verdict.
    Judged,
    /// Somebody wanted no more of it.
    Cancelled,
    /// It could not go on.
    Failed(Reason),
}

/// What became of the attempt to send a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// It is under way; its outcome will be heard.
    Flying,
    /// It found no way out, which is as good as lost.
    Lost,
    /// This machine held it up: says nothing about the arm.
    NotAtAll,
}

/// One probe that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// When it was sent.
    pub at: Instant,
    /// Its round-trip time; `None` when it was lost.
    pub rtt_us: Option<u32>,
}

/// One measured block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Whose turn it was.
    pub arm: Arm,
    /// The uplink its flow took; `None` when it was none of them.
    pub ifindex: Option<u32>,
    /// The probes that count.
    pub outcomes: Vec<Outcome>,
    /// What they amount to.
    pub block: Block,
}

/// A block under way.
#[derive(Debug)]
struct Turn {
    arm: Arm,
    ifindex: Option<u32>,
    began: Instant,
    next_send: Instant,
    /// Probes sent since the arm had settled.
    counted: u32,
    /// Probes whose outcome is to come.
    flying: u32,
    outcomes: Vec<Outcome>,
}

#[derive(Debug)]
enum Stage {
    Warming {
        until: Instant,
    },
    /// The next block may begin.
    Between,
    Block(Turn),
    Paused {
        since: Instant,
    },
    Ended(End),
}

/// See the module.
#[derive(Debug)]
pub struct Course {
    plan: Plan,
    seed: u64,
    stage: Stage,
    /// Every block of the whole pairs, and the first one of the pair under way, as measured.
    blocks: Vec<Measured>,
    judged: Option<Judged>,
    interruptions: u32,
    /// Its owner asked for a pause.
    asked_to_pause: bool,
    /// Something else holds it up.
    held_up: Option<Reason>,
}

impl Course {
    /// A measurement that begins to warm up now.
    pub fn new(plan: Plan, seed: u64, now: Instant) -> Self {
        Self {
            plan,
            seed,
            stage: Stage::Warming {
                until: now + WARM_UP,
            },
            blocks: Vec::new(),
            judged: None,
            interruptions: 0,
            asked_to_pause: false,
            held_up: None,
        }
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The measured blocks of whole pairs, and at most one more.
    pub fn blocks(&self) -> &[Measured] {
        &self.blocks
    }

    /// The verdict at the newest look.
    pub fn judged(&self) -> Option<&Judged> {
        self.judged.as_ref()
    }

    /// How often a pair had to begin anew.
    pub fn interruptions(&self) -> u32 {
        self.interruptions
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<End> {
        match self.stage {
            Stage::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// True while it warms up.
    pub fn is_warming(&self) -> bool {
        matches!(self.stage, Stage::Warming { .. })
    }

    /// Why it is paused, if it is.
    pub fn paused(&self) -> Option<Reason> {
        let asked = self.asked_to_pause.then_some(Reason::Asked);
        let paused = matches!(self.stage, Stage::Paused { .. });
        asked.or(self.held_up).filter(|_| paused)
    }

    /// True while an arm is, or is about to be, in force.
    pub fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Between | Stage::Block(_))
    }

    /// The arm whose block is under way.
    pub fn arm(&self) -> Option<Arm> {
        match &self.stage {
            Stage::Block(turn) => Some(turn.arm),
            _ => None,
        }
    }

    /// When the block or the warming up is planned to be over.
    pub fn ends(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Warming { until } => Some(*until),
            Stage::Block(turn) => Some(turn.began + self.block()),
            _ => None,
        }
    }

    /// The number of the pair under way, from 0.
    pub fn pair(&self) -> u32 {
        (self.blocks.len() / 2) as u32
    }

    /// When [`next`](Self::next) should be asked again, if nothing happens before.
    pub fn due(&self, now: Instant) -> Option<Instant> {
        match &self.stage {
            Stage::Warming { until } => Some(*until),
            Stage::Between => Some(now),
            Stage::Block(turn) if turn.counted < self.plan.block_probes() => Some(turn.next_send),
            Stage::Block(turn) => Some(self.late(turn)),
            Stage::Paused { since } => Some(*since + PATIENCE),
            Stage::Ended(_) => None,
        }
    }

    /// What is to be done now.
    pub fn next(&mut self, now: Instant) -> Order {
        match &self.stage {
            Stage::Warming { until } if now >= *until => {
                self.stage = Stage::Between;
                self.next(now)
            }
            Stage::Between => {
                let arms = order(self.seed, self.pair());
                Order::Switch(arms[self.blocks.len() % 2])
            }
            Stage::Block(turn) if now >= self.late(turn) => {
                self.interrupt(now);
                Order::Wait
            }
            Stage::Block(turn) => {
                let wants = turn.counted < self.plan.block_probes();
                if wants && now >= turn.next_send {
                    Order::Send
                } else {
                    Order::Wait
                }
            }
            Stage::Paused { since } if now >= *since + PATIENCE => {
                self.fail(Reason::WaitedTooLong);
                Order::Wait
            }
            Stage::Warming { .. } | Stage::Paused { .. } | Stage::Ended(_) => Order::Wait,
        }
    }

    /// The arm asked for is in force since `now`, and the block's flow took this uplink.
    pub fn began(&mut self, arm: Arm, ifindex: Option<u32>, now: Instant) {
        if matches!(self.stage, Stage::Between) {
            self.stage = Stage::Block(Turn {
                arm,
                ifindex,
                began: now,
                next_send: now,
                counted: 0,
                flying: 0,
                outcomes: Vec::new(),
            });
        }
    }

    /// What became of the probe asked for.
    pub fn sent(&mut self, sent: Sent, now: Instant) {
        let (settle, period) = (self.settle(), self.period());
        let Stage::Block(turn) = &mut self.stage else {
            return;
        };
        // Late probes are not caught up with: a burst would measure itself.
        turn.next_send += period;
        if turn.next_send <= now {
            turn.next_send = now + period;
        }
        let counts = now >= turn.began + settle;
        match sent {
            Sent::NotAtAll => return,
            Sent::Flying => turn.flying += 1,
            Sent::Lost if counts => turn.outcomes.push(Outcome {
                at: now,
                rtt_us: None,
            }),
            Sent::Lost => {}
        }
        turn.counted += u32::from(counts);
        self.close_block();
    }

    /// The outcome of a probe of the block under way.
    pub fn heard(&mut self, outcome: Outcome) {
        let settle = self.settle();
        let Stage::Block(turn) = &mut self.stage else {
            return;
        };
        turn.flying = turn.flying.saturating_sub(1);
        if outcome.at >= turn.began + settle {
            turn.outcomes.push(outcome);
        }
        self.close_block();
    }

    /// What happened makes the pair under way worthless: it begins anew after a new warming up.
    pub fn interrupt(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Between | Stage::Block(_)) {
            return;
        }
        self.drop_half_pair();
        self.interruptions += 1;
        if self.interruptions > MAX_INTERRUPTIONS {
            self.fail(Reason::Interrupted);
        } else {
            self.stage = Stage::Warming {
                until: now + WARM_UP,
            };
        }
    }

    /// Its owner wants a pause, or wants it to go on.
    pub fn ask_to_pause(&mut self, asked: bool, now: Instant) {
        self.asked_to_pause = asked;
        self.settle_pause(now);
    }

    /// Something else holds it up, or does no more.
    pub fn hold_up(&mut self, why: Option<Reason>, now: Instant) {
        self.held_up = why;
        self.settle_pause(now);
    }

    /// Ends it without a verdict.
    pub fn cancel(&mut self) {
        self.finish(End::Cancelled);
    }

    /// Ends it because it can't go on.
    pub fn fail(&mut self, why: Reason) {
        self.finish(End::Failed(why));
    }

    fn finish(&mut self, end: End) {
        if self.end().is_none() {
            self.drop_half_pair();
            self.stage = Stage::Ended(end);
        }
    }

    fn settle_pause(&mut self, now: Instant) {
        let wants = self.asked_to_pause || self.held_up.is_some();
        match (&self.stage, wants) {
            (Stage::Ended(_), _) | (Stage::Paused { .. }, true) => {}
            (_, true) => {
                if self.is_under_way() {
                    self.interruptions += 1;
                    self.drop_half_pair();
                }
                self.stage = Stage::Paused { since: now };
            }
            (Stage::Paused { .. }, false) => {
                self.stage = Stage::Warming {
                    until: now + WARM_UP,
                };
            }
            (_, false) => {}
        }
    }

    fn drop_half_pair(&mut self) {
        let whole = self.blocks.len() / 2 * 2;
        self.blocks.truncate(whole);
    }

    /// Ends the block when every probe of it is accounted for.
    fn close_block(&mut self) {
        let Stage::Block(turn) = &mut self.stage else {
            return;
        };
        if turn.counted < self.plan.block_probes() || turn.flying > 0 {
            return;
        }
        let mut outcomes = std::mem::take(&mut turn.outcomes);
        outcomes.sort_by_key(|outcome| outcome.at);
        let (arm, ifindex) = (turn.arm, turn.ifindex);
        let values: Vec<Option<u32>> = outcomes.iter().map(|outcome| outcome.rtt_us).collect();
        self.stage = Stage::Between;
        // A plan has enough probes in a block.
        if let Some(block) = Block::of(&values) {
            self.blocks.push(Measured {
                arm,
                ifindex,
                outcomes,
                block,
            });
            if self.blocks.len().is_multiple_of(2) {
                self.close_pair();
            }
        }
    }

    fn close_pair(&mut self) {
        let last = &self.blocks[self.blocks.len() - 2..];
        if last
            .iter()
            .all(|measured| measured.block.lost == measured.block.sent)
        {
            self.stage = Stage::Ended(End::Failed(Reason::NoAnswers));
            return;
        }
        let of = |pair: &[Measured], arm| {
            let found = pair.iter().find(|measured| measured.arm == arm);
            found.map(|measured| measured.block)
        };
        let pairs: Vec<(Block, Block)> = self
            .blocks
            .chunks_exact(2)
            .filter_map(|pair| of(pair, Arm::A).zip(of(pair, Arm::B)))
            .collect();
        let differences = verdict::differences(pairs.iter().map(|(a, b)| (a, b)));
        if let Some(judged) = judge(&self.plan, &differences, self.seed) {
            self.judged = Some(judged);
            if judged.is_final() {
                self.stage = Stage::Ended(End::Judged);
            }
        }
    }

    fn late(&self, turn: &Turn) -> Instant {
        turn.began + 2 * self.block() + LATE
    }

    fn block(&self) -> Duration {
        Duration::from_millis(self.plan.block_ms().into())
    }

    fn settle(&self) -> Duration {
        Duration::from_millis(self.plan.settle_ms().into())
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.plan.period_ms().into())
    }
}

#[cfg(test)]
mod tests;
