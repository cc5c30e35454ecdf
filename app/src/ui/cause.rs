//! What is known of one moment on the graph: whose fault a spike was, what happened around it, and
//! whether one uplink was slow or all of them. Pure. Who is blamed is decided in the core; what else
//! is named here are circumstances.

use evenkeel_core::blame::{Blame, Culprit, Spike};

use super::events::{Event, Events};
use super::history::Bucket;
use super::model::Mark;

/// An answer is called slow from twice the uplink's median on, and at least this far above it: a
/// little more than a frame at 60 Hz, below which nobody sees it.
const SLOW_US: u32 = 20_000;
/// So many causes are told, the most telling first.
pub const MOST: usize = 3;

/// One uplink at that moment.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Which.
    pub ifindex: u32,
    /// What is usual for it in the shown window, in microseconds.
    pub median_us: Option<u32>,
    /// What was measured.
    pub moment: Option<Bucket>,
}

/// Something that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A spike was told of, and who is to blame for it.
    Spike(Blame),
    /// Something happened.
    Event(Event),
    /// New connections went to this uplink from then on; to none.
    Leader(Option<u32>),
    /// Game mode was switched on (true) or off.
    GameMode(bool),
    /// No uplink got an answer.
    AllLost,
    /// Only this one, of several, lost probes.
    OnlyLost(u32),
    /// Every uplink was slow: not one link's doing.
    AllSlow,
    /// Only this one was.
    OnlySlow(u32),
    /// The only uplink there is was slow or lost a probe, so there is nothing to compare it with.
    Alone,
}

/// What is known of the moment in the middle of `from_ns..=to_ns`. At the most [`MOST`]. `spikes` are
/// those of that time.
pub fn causes<'a>(
    spikes: impl IntoIterator<Item = &'a Spike>,
    events: &Events,
    marks: &[Mark],
    seen: &[Seen],
    (from_ns, to_ns): (u64, u64),
) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for spike in spikes {
        // Two uplinks that suffered from one thing are one cause.
        if !causes.contains(&Cause::Spike(spike.blame)) {
            causes.push(Cause::Spike(spike.blame));
        }
    }
    let blamed = causes
        .iter()
        .any(|cause| !matches!(cause, Cause::Spike(blame) if blame.culprit == Culprit::Unknown));
    causes.extend(events.between(from_ns, to_ns).map(Cause::Event));
    if !blamed {
        causes.extend(lost(seen));
        causes.extend(slow(seen));
    }
    let mut before: Option<Mark> = None;
    for mark in marks {
        let inside = (from_ns..=to_ns).contains(&mark.at_ns);
        let game_mode = before.is_some_and(|before| before.game_mode);
        let leader = before.and_then(|before| before.leader);
        if inside && mark.game_mode != game_mode {
            causes.push(Cause::GameMode(mark.game_mode));
        }
        if inside && mark.leader != leader && (mark.leader.is_some() || mark.game_mode) {
            causes.push(Cause::Leader(mark.leader));
        }
        before = Some(*mark);
    }
    causes.truncate(MOST);
    causes
}

/// True when `bucket` holds an answer that is slow for an uplink with this median.
pub fn is_slow(bucket: &Bucket, median_us: u32) -> bool {
    let limit_us = median_us.saturating_add(median_us.max(SLOW_US));
    bucket.answered > 0 && bucket.max_us >= limit_us
}

fn lost(seen: &[Seen]) -> Option<Cause> {
    let mut known = seen.iter().filter(|seen| seen.moment.is_some()).peekable();
    let _ = known.peek()?;
    let known: Vec<_> = known.collect();
    let lossy: Vec<_> = known
        .iter()
        .filter(|seen| seen.moment.is_some_and(|bucket| bucket.lost > 0))
        .collect();
    match lossy[..] {
        [] => None,
        [_] if known.len() == 1 => Some(Cause::Alone),
        [only] => Some(Cause::OnlyLost(only.ifindex)),
        _ if lossy.len() == known.len() => Some(Cause::AllLost),
        _ => None,
    }
}

fn slow(seen: &[Seen]) -> Option<Cause> {
    let answered: Vec<_> = seen
        .iter()
        .filter_map(|seen| {
            let (bucket, median_us) = (seen.moment?, seen.median_us?);
            (bucket.answered > 0).then(|| (seen.ifindex, is_slow(&bucket, median_us)))
        })
        .collect();
    let slow: Vec<_> = answered.iter().filter(|(_, slow)| *slow).collect();
    match slow[..] {
        [] => None,
        [_] if seen.len() == 1 => Some(Cause::Alone),
        // The others lost theirs: that is told, and nothing more is known.
        _ if answered.len() == 1 => None,
        [(ifindex, _)] => Some(Cause::OnlySlow(*ifindex)),
        _ if slow.len() == answered.len() => Some(Cause::AllSlow),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::What;
    use super::super::history::Sample;
    use super::*;
    use evenkeel_core::blame::{Evidence, Rule};

    fn seen(ifindex: u32, rtt_us: Option<u32>) -> Seen {
        Seen {
            ifindex,
            median_us: Some(18_000),
            moment: Some(Bucket::of(Sample { at_ns: 5, rtt_us })),
        }
    }

    fn told(seen: &[Seen]) -> Vec<Cause> {
        causes([], &Events::default(), &[], seen, (0, 10))
    }

    #[test]
    fn one_slow_uplink_of_several_is_named_and_all_slow_is_no_links_doing() {
        let calm = seen(1, Some(20_000));
        assert_eq!(told(&[calm, seen(2, Some(25_000))]), []);
        let one = told(&[calm, seen(2, Some(60_000))]);
        assert_eq!(one, [Cause::OnlySlow(2)]);
        let all = told(&[seen(1, Some(70_000)), seen(2, Some(60_000))]);
        assert_eq!(all, [Cause::AllSlow]);
        assert_eq!(told(&[seen(2, Some(60_000))]), [Cause::Alone]);
    }

    #[test]
    fn a_loss_says_whether_the_others_lost_too() {
        let one = told(&[seen(1, Some(18_000)), seen(2, None)]);
        assert_eq!(one, [Cause::OnlyLost(2)]);
        assert_eq!(told(&[seen(1, None), seen(2, None)]), [Cause::AllLost]);
        assert_eq!(told(&[seen(1, None)]), [Cause::Alone]);
        let silent = Seen {
            moment: None,
            ..seen(3, None)
        };
        assert_eq!(told(&[silent]), []);
    }

    #[test]
    fn what_happened_around_the_moment_is_told_and_nothing_else() {
        let mut events = Events::default();
        for at_ns in [50, 100, 105, 200] {
            events.push(Event {
                at_ns,
                what: What::CarrierLost,
                who: Some(2),
            });
        }
        let mark = |at_ns, leader, game_mode| Mark {
            at_ns,
            leader,
            game_mode,
        };
        let marks = [mark(0, None, false), mark(101, Some(1), true)];
        let told = causes([], &events, &marks, &[], (98, 106));
        assert_eq!(told.len(), MOST);
        assert!(matches!(told[0], Cause::Event(event) if event.at_ns == 100));
        assert_eq!(told[2], Cause::GameMode(true));
        let alone = causes([], &Events::default(), &marks, &[], (98, 106));
        assert_eq!(alone, [Cause::GameMode(true), Cause::Leader(Some(1))]);
    }

    #[test]
    fn whoever_is_blamed_is_told_first_and_makes_guesses_needless() {
        let spike = |culprit, uplink| Spike {
            uplink: Some(uplink),
            from_ns: 5,
            until_ns: 5,
            usual_ns: None,
            worst_ns: None,
            sent: 1,
            stood_out: 1,
            lost: 1,
            blame: Blame {
                culprit,
                rule: Rule::Scanned,
            },
            evidence: Evidence::default(),
        };
        let slow = [seen(1, Some(20_000)), seen(2, Some(60_000))];
        let told = |spikes: &[Spike]| causes(spikes, &Events::default(), &[], &slow, (0, 10));
        let wifi = [spike(Culprit::WiFi, 1), spike(Culprit::WiFi, 2)];
        assert_eq!(told(&wifi), [Cause::Spike(wifi[0].blame)]);
        let unknown = [spike(Culprit::Unknown, 2)];
        let expected = [Cause::Spike(unknown[0].blame), Cause::OnlySlow(2)];
        assert_eq!(told(&unknown), expected);
    }

    #[test]
    fn extremes_are_slow_and_no_panic() {
        let extreme = Seen {
            median_us: Some(u32::MAX),
            ..seen(1, Some(u32::MAX))
        };
        assert_eq!(told(&[extreme, extreme]), [Cause::AllSlow]);
        let _ = causes([], &Events::default(), &[], &[extreme], (0, u64::MAX));
    }
}
