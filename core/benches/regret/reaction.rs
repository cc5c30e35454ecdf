//! How soon new flows leave a path that turns bad: a series is walked, and at many moments its
//! leader is made bad from there on, in a copy of what was learnt by then. Not the regret.

use crate::corpus::Recording;
use crate::policies::{Subject, rounds};

/// What happens to the leader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Each RTT grows by 40 ms or not at all, at random: 20 ms to either side.
    Jitter,
    /// Every fifth packet is lost, at random.
    Loss,
    /// Each RTT grows by 200 ms.
    Bloat,
    /// Nothing comes back.
    Silence,
}

impl Trouble {
    pub const ALL: [Self; 4] = [Self::Jitter, Self::Loss, Self::Bloat, Self::Silence];

    fn strike(self, rtt: Option<u64>, dice: &mut Dice) -> Option<u64> {
        match self {
            Self::Jitter => rtt.map(|rtt| rtt + 40_000_000 * dice.below(2)),
            Self::Loss => rtt.filter(|_| dice.below(5) > 0),
            Self::Bloat => rtt.map(|rtt| rtt + 200_000_000),
            Self::Silence => None,
        }
    }
}

/// A linear congruential generator: the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Moments lie this far apart, ...
const APART_S: usize = 120;
/// ... the first one after this long. A leader that would have been left by itself this soon says
/// nothing.
const WARM_S: usize = 300;
/// Whoever stays longer than this stays for ever.
const PATIENCE_S: usize = 900;

/// Seconds until the leader is left, `None` where it wasn't, one entry per moment.
pub fn reactions<S: Subject>(
    recording: &Recording,
    mut subject: S,
    trouble: Trouble,
) -> Vec<Option<f64>> {
    let all: Vec<Vec<Option<u64>>> = rounds(recording).collect();
    let a_second = recording.period.rounds_per_epoch() as usize;
    let mut found = Vec::new();
    for (at, rtts) in all.iter().enumerate() {
        let moment = at >= WARM_S * a_second && at.is_multiple_of(APART_S * a_second);
        let rest = &all[at..all.len().min(at + PATIENCE_S * a_second)];
        if moment
            && rest.len() > WARM_S * a_second
            && let Some(leader) = subject.leader()
            && left_after(&subject, leader, &rest[..WARM_S * a_second], |rtt| rtt).is_none()
        {
            let mut dice = Dice(at as u64);
            let rounds = left_after(&subject, leader, rest, |rtt| trouble.strike(rtt, &mut dice));
            found.push(rounds.map(|rounds| rounds as f64 / a_second as f64));
        }
        subject.round(rtts);
    }
    found
}

/// Rounds until `leader` leads no more, when its samples become what `strike` makes of them.
fn left_after<S: Subject>(
    subject: &S,
    leader: usize,
    rest: &[Vec<Option<u64>>],
    mut strike: impl FnMut(Option<u64>) -> Option<u64>,
) -> Option<usize> {
    let mut subject = subject.clone();
    rest.iter()
        .position(|rtts| {
            let mut rtts = rtts.clone();
            rtts[leader] = strike(rtts[leader]);
            subject.round(&rtts);
            subject.leader() != Some(leader)
        })
        .map(|rounds| rounds + 1)
}

/// The median, in which "never" is longer than any time.
pub fn median(mut times: Vec<Option<f64>>) -> f64 {
    times.sort_by(|a, b| {
        let or_never = |time: &Option<f64>| time.unwrap_or(f64::INFINITY);
        or_never(a).total_cmp(&or_never(b))
    });
    times
        .get(times.len() / 2)
        .copied()
        .flatten()
        .unwrap_or(f64::INFINITY)
}
