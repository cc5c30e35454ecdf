//! The ghost of "before": how answers were spread in the last while before game mode was switched
//! on, over all uplinks, so that the graph can lay it under what came after. Pure.

use super::history::History;
use super::model::Mark;
use evenkeel_core::stats::{Quantile, quantile};

/// Fewer answers than this are no picture of "before": ten seconds of one uplink.
const ENOUGH: usize = 50;

/// What was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ghost {
    /// When the switch was pressed.
    pub from_ns: u64,
    /// When it was switched off again, if it was.
    pub until_ns: Option<u64>,
    /// The median of the answers before, in microseconds.
    pub p50_us: u32,
    /// Their 99th percentile.
    pub p99_us: u32,
}

/// When game mode was switched on, and when it ended, if it did.
pub type Switched = (u64, Option<u64>);

/// The last time that game mode was switched on while somebody looked.
pub fn switched(marks: &[Mark]) -> Option<Switched> {
    let on = (1..marks.len())
        .rev()
        .find(|index| marks[*index].game_mode && !marks[index - 1].game_mode)?;
    let off = marks[on..].iter().find(|mark| !mark.game_mode);
    Some((marks[on].at_ns, off.map(|mark| mark.at_ns)))
}

/// The ghost for a graph of `span_ns`, or `None` when the switch was not pressed or too little was
/// measured before it.
pub fn before<'a>(
    histories: impl Iterator<Item = &'a History>,
    marks: &[Mark],
    span_ns: u64,
) -> Option<Ghost> {
    let (from_ns, until_ns) = switched(marks)?;
    let begin_ns = from_ns.saturating_sub(span_ns);
    let mut answers: Vec<u64> = histories
        .flat_map(|history| history.between(begin_ns, from_ns.saturating_sub(1)))
        .filter_map(|sample| sample.rtt_us.map(u64::from))
        .collect();
    if answers.len() < ENOUGH {
        return None;
    }
    Some(Ghost {
        from_ns,
        until_ns,
        p50_us: quantile(&mut answers, Quantile::MEDIAN)? as u32,
        p99_us: quantile(&mut answers, Quantile::P99)? as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::history::Sample;

    const STEP_NS: u64 = 200_000_000;

    fn marks(told: &[(u64, bool)]) -> Vec<Mark> {
        let mark = |(step, game_mode): &(u64, bool)| Mark {
            at_ns: step * STEP_NS,
            leader: None,
            game_mode: *game_mode,
        };
        told.iter().map(mark).collect()
    }

    fn history() -> History {
        let mut history = History::default();
        for number in 0..1_000 {
            let rtt_us = if number < 500 { 40_000 } else { 20_000 };
            history.push(Sample {
                at_ns: number * STEP_NS,
                rtt_us: (number % 10 != 0).then_some(rtt_us + number as u32),
            });
        }
        history
    }

    #[test]
    fn it_is_the_last_while_before_the_switch_and_nothing_after_it() {
        let history = history();
        let marks = marks(&[(0, false), (500, true), (900, false)]);
        let ghost = before([&history].into_iter(), &marks, 100 * STEP_NS).unwrap();
        assert_eq!(ghost.from_ns, 500 * STEP_NS);
        assert_eq!(ghost.until_ns, Some(900 * STEP_NS));
        assert!((40_400..40_500).contains(&ghost.p50_us), "{ghost:?}");
        assert!((40_490..40_500).contains(&ghost.p99_us), "{ghost:?}");
    }

    #[test]
    fn without_a_press_or_with_too_little_before_there_is_none() {
        let history = history();
        let found =
            |told: &[(u64, bool)]| before([&history].into_iter(), &marks(told), 600 * STEP_NS);
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[(0, true)]), None);
        assert_eq!(found(&[(0, false)]), None);
        assert_eq!(found(&[(0, false), (20, true)]), None);
        assert!(found(&[(0, false), (80, true)]).is_some());
        assert_eq!(
            before([].into_iter(), &marks(&[(0, false), (500, true)]), 9),
            None
        );
    }

    #[test]
    fn of_several_presses_the_last_one_counts() {
        let told = marks(&[(0, false), (9, true), (20, false), (30, true), (40, true)]);
        assert_eq!(switched(&told), Some((30 * STEP_NS, None)));
    }
}
