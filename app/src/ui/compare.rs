//! What game mode has brought so far, from probes alone: what a new connection met on the leaders
//! of the time, against what it would have met on the average uplink. Description, not proof: the
//! probes' target is not the game's server.

use std::collections::VecDeque;

use evenkeel_core::jitter::mean_jitter;
use evenkeel_core::stats::Summary;

use super::history::History;
use super::model::Mark;

/// Probes of the leader before anything is said: a minute at five a second.
const ENOUGH: u64 = 300;
/// A difference in time below this is called no effect, in microseconds.
const NOTEWORTHY_US: u64 = 1_000;
/// A difference in loss below this is called no effect, in thousandths.
const NOTEWORTHY_PERMILLE: u64 = 5;

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Comparison {
    /// Game mode is off.
    #[default]
    Off,
    /// Too few probes, or no second uplink, to say anything.
    Waiting,
    /// The differences are below a millisecond or a tenth, and below half a percent of loss.
    Nothing,
    /// There is one, for better or worse.
    Found {
        /// The average uplink.
        average: Met,
        /// The leaders of the time.
        leader: Met,
    },
}

/// What a connection met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// 99th percentile of the answers, in microseconds.
    pub p99_us: u64,
    /// Mean difference between neighbouring answers, in microseconds.
    pub jitter_us: u64,
    /// Lost probes in thousandths.
    pub loss_permille: u64,
}

/// Compares since game mode was switched on. `histories` by ifindex; `marks` oldest first.
pub fn since_game_mode(
    histories: &[(u32, &History)],
    marks: &VecDeque<Mark>,
    now_ns: u64,
) -> Comparison {
    if marks.back().is_none_or(|mark| !mark.game_mode) {
        return Comparison::Off;
    }
    let off = marks.iter().rposition(|mark| !mark.game_mode);
    let on = off.map_or(0, |index| index + 1);
    let since: Vec<Mark> = marks.range(on..).copied().collect();
    let Some(first) = since.iter().find(|mark| mark.leader.is_some()) else {
        return Comparison::Waiting;
    };

    let mut led: Vec<Option<u64>> = Vec::new();
    for (index, mark) in since.iter().enumerate() {
        let until_ns = since
            .get(index + 1)
            .map_or(now_ns, |next| next.at_ns.saturating_sub(1));
        let leader = histories
            .iter()
            .find(|(ifindex, _)| Some(*ifindex) == mark.leader);
        if let Some((_, history)) = leader {
            led.extend(outcomes(history, mark.at_ns, until_ns));
        }
    }
    let all: Vec<Met> = histories
        .iter()
        .filter_map(|(_, history)| met(&outcomes(history, first.at_ns, now_ns)))
        .collect();
    match (met(&led), all.len()) {
        (Some(leader), 2..) => judge(average(&all), leader),
        _ => Comparison::Waiting,
    }
}

fn outcomes(history: &History, from_ns: u64, to_ns: u64) -> Vec<Option<u64>> {
    let samples = history.between(from_ns, to_ns);
    samples.map(|s| s.rtt_us.map(u64::from)).collect()
}

fn met(outcomes: &[Option<u64>]) -> Option<Met> {
    let jitter_us = mean_jitter(outcomes.iter().copied())?;
    let summary = Summary::of(outcomes.iter().copied(), &[]);
    let met = Met {
        p99_us: summary.spread?.p99_ns,
        jitter_us,
        loss_permille: summary.lost * 1000 / summary.sent,
    };
    (summary.sent >= ENOUGH).then_some(met)
}

fn average(all: &[Met]) -> Met {
    let count = all.len().max(1) as u64;
    let mean = |value: fn(&Met) -> u64| all.iter().map(value).sum::<u64>() / count;
    Met {
        p99_us: mean(|met| met.p99_us),
        jitter_us: mean(|met| met.jitter_us),
        loss_permille: mean(|met| met.loss_permille),
    }
}

fn judge(average: Met, leader: Met) -> Comparison {
    let differs = |before: u64, after: u64| {
        let difference = before.abs_diff(after);
        difference >= NOTEWORTHY_US && difference * 10 >= before
    };
    let loses = average.loss_permille.abs_diff(leader.loss_permille) >= NOTEWORTHY_PERMILLE;
    if loses
        || differs(average.p99_us, leader.p99_us)
        || differs(average.jitter_us, leader.jitter_us)
    {
        Comparison::Found { average, leader }
    } else {
        Comparison::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::history::Sample;

    const STEP_NS: u64 = 200_000_000;

    fn history(rtt_us: impl Fn(u64) -> Option<u32>) -> History {
        let mut history = History::default();
        for number in 0..400 {
            history.push(Sample {
                at_ns: number * STEP_NS,
                rtt_us: rtt_us(number),
            });
        }
        history
    }

    fn game_mode(leader: u32) -> VecDeque<Mark> {
        VecDeque::from([Mark {
            at_ns: 0,
            leader: Some(leader),
            game_mode: true,
        }])
    }

    const NOW_NS: u64 = 400 * STEP_NS;

    #[test]
    fn a_steadier_leader_is_found_and_its_figures_are_its_own() {
        let steady = history(|_| Some(20_000));
        let shaky = history(|n| Some(if n % 2 == 0 { 20_000 } else { 50_000 }));
        let found = since_game_mode(&[(1, &steady), (2, &shaky)], &game_mode(1), NOW_NS);
        let Comparison::Found { average, leader } = found else {
            panic!("{found:?}");
        };
        assert_eq!((leader.p99_us, leader.jitter_us), (20_000, 0));
        assert_eq!((average.p99_us, average.jitter_us), (35_000, 15_000));
    }

    #[test]
    fn two_equal_uplinks_show_no_effect() {
        let one = history(|_| Some(20_000));
        let found = since_game_mode(&[(1, &one), (2, &one)], &game_mode(2), NOW_NS);
        assert_eq!(found, Comparison::Nothing);
    }

    #[test]
    fn losses_of_the_leader_count_against_it() {
        let lossy = history(|n| (n % 10 != 0).then_some(20_000));
        let steady = history(|_| Some(20_000));
        let found = since_game_mode(&[(1, &lossy), (2, &steady)], &game_mode(1), NOW_NS);
        assert!(matches!(found, Comparison::Found { average, leader }
                if (average.loss_permille, leader.loss_permille) == (50, 100)));
    }

    #[test]
    fn nothing_is_said_too_early_or_about_one_uplink_or_when_off() {
        let one = history(|_| Some(20_000));
        let both = [(1, &one), (2, &one)];
        let early = since_game_mode(&both, &game_mode(1), 100 * STEP_NS);
        assert_eq!(early, Comparison::Waiting);
        let alone = since_game_mode(&both[..1], &game_mode(1), NOW_NS);
        assert_eq!(alone, Comparison::Waiting);
        let mut ended = game_mode(1);
        ended.push_back(Mark {
            at_ns: 5,
            leader: None,
            game_mode: false,
        });
        assert_eq!(since_game_mode(&both, &ended, NOW_NS), Comparison::Off);
    }
}
