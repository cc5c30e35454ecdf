//! Whether the network is the problem, from plain thresholds on what the probes say. Pure, and said
//! in one line; it compares nothing and promises nothing.
//!
//! The thresholds follow from how games send: a frame at 60 Hz takes 16.7 ms and a tick of a server
//! at 64 Hz 15.6 ms. From 8 ms of jitter on every other update misses half a frame; from 16 ms on
//! it comes in another frame than it was meant for. At 60 packets a second 0.5 % of loss is one
//! missing update in 3 seconds, 2 % more than one a second. ITU-T G.114 calls a delay of up to
//! 150 ms one way good for most interactive use: that is the round trip of 300 ms which is bad here;
//! 100 ms is where players of fast games begin to complain.

/// Jitter of an unsteady uplink and of one that jumps, in microseconds.
const JITTER_US: [u32; 2] = [8_000, 16_000];
/// Loss, in thousandths.
const LOSS_PERMILLE: [u32; 2] = [5, 20];
/// A slow round trip and a bad one, in microseconds.
const RTT_US: [u32; 2] = [100_000, 300_000];
/// What was wrong counts as wrong until it is this much better, in percent of the threshold, so
/// that the line does not flutter.
const BETTER_PERCENT: u64 = 80;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nothing a game would show.
    #[default]
    Calm,
    /// A careful player may notice.
    Uneasy,
    /// Everybody notices.
    Bad,
}

/// What is wrong with an uplink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Its round trip is long.
    Slow,
    /// Its round trip jumps.
    Jitter,
    /// It loses packets.
    Loss,
    /// It does not answer, or has no link.
    Silent,
}

/// What is known of one uplink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// Which.
    pub ifindex: u32,
    /// The round trip as the card shows it, in microseconds.
    pub rtt_us: u32,
    /// Its jitter, in microseconds.
    pub jitter_us: u32,
    /// Lost probes in thousandths.
    pub loss_permille: u32,
    /// False when it has no link or its probes are not answered.
    pub answers: bool,
    /// True when it is the leader.
    pub leads: bool,
    /// What was wrong with it a moment ago.
    pub before: Standing,
}

/// How an uplink stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// How bad.
    pub level: Level,
    /// What the worst of it is.
    pub trouble: Option<Trouble>,
}

/// The line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verdict {
    /// Nothing is measured yet.
    #[default]
    Listening,
    /// Nothing is measured now; there are figures from before.
    Resting,
    /// Every uplink is calm.
    Calm,
    /// The leader is calm, so new connections are; another one, the first of these, is not.
    Avoided(u32, Standing),
    /// This uplink is the problem; the second is calm, if there is one.
    Trouble(u32, Standing, Option<u32>),
    /// No uplink answers.
    Nothing,
}

impl Verdict {
    /// How bad it is for who plays now.
    pub fn level(self) -> Level {
        match self {
            Self::Listening | Self::Resting | Self::Calm | Self::Avoided(..) => Level::Calm,
            Self::Trouble(_, standing, _) => standing.level,
            Self::Nothing => Level::Bad,
        }
    }
}

/// How one uplink stands.
pub fn standing(signs: &Signs) -> Standing {
    if !signs.answers {
        return Standing {
            level: Level::Bad,
            trouble: Some(Trouble::Silent),
        };
    }
    let judge = |value: u32, limits: [u32; 2], trouble: Trouble| {
        let kept = signs.before.trouble == Some(trouble);
        let reaches = |limit: u32, was: Level| {
            let held = kept && signs.before.level >= was;
            let percent = if held { BETTER_PERCENT } else { 100 };
            u64::from(value) * 100 >= u64::from(limit) * percent
        };
        let level = if reaches(limits[1], Level::Bad) {
            Level::Bad
        } else if reaches(limits[0], Level::Uneasy) {
            Level::Uneasy
        } else {
            Level::Calm
        };
        (level, trouble)
    };
    let worst = [
        judge(signs.rtt_us, RTT_US, Trouble::Slow),
        judge(signs.jitter_us, JITTER_US, Trouble::Jitter),
        judge(signs.loss_permille, LOSS_PERMILLE, Trouble::Loss),
    ]
    .into_iter()
    .max();
    match worst {
        Some((level, trouble)) if level > Level::Calm => Standing {
            level,
            trouble: Some(trouble),
        },
        _ => Standing::default(),
    }
}

/// The line for these uplinks, those that are measured now; `before` is true when some were before.
pub fn verdict(all: &[Signs], before: bool) -> Verdict {
    let stands: Vec<(&Signs, Standing)> = all.iter().map(|s| (s, standing(s))).collect();
    if stands.is_empty() {
        return if before {
            Verdict::Resting
        } else {
            Verdict::Listening
        };
    }
    if all.iter().all(|signs| !signs.answers) {
        return Verdict::Nothing;
    }
    let calm = stands.iter().find(|(_, s)| s.level == Level::Calm);
    let calm = calm.map(|(signs, _)| signs.ifindex);
    let worst = stands
        .iter()
        .filter(|(_, s)| s.level > Level::Calm)
        .max_by_key(|(_, s)| (s.level, s.trouble));
    let leader = stands.iter().find(|(signs, _)| signs.leads);
    match (leader, worst) {
        (_, None) => Verdict::Calm,
        (Some((_, led)), Some((signs, stand))) if led.level == Level::Calm => {
            Verdict::Avoided(signs.ifindex, *stand)
        }
        (Some((signs, led)), Some(_)) => Verdict::Trouble(signs.ifindex, *led, calm),
        (None, Some((signs, stand))) => Verdict::Trouble(signs.ifindex, *stand, calm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(ifindex: u32, rtt_us: u32, jitter_us: u32, loss_permille: u32) -> Signs {
        Signs {
            ifindex,
            rtt_us,
            jitter_us,
            loss_permille,
            answers: true,
            leads: false,
            before: Standing::default(),
        }
    }

    fn stands(level: Level, trouble: Trouble) -> Standing {
        Standing {
            level,
            trouble: Some(trouble),
        }
    }

    #[test]
    fn each_sign_is_judged_at_its_threshold_and_the_worst_is_named() {
        let judged = |signs: Signs| standing(&signs);
        assert_eq!(judged(signs(1, 99_999, 7_999, 4)), Standing::default());
        let slow = judged(signs(1, 100_000, 0, 0));
        assert_eq!(slow, stands(Level::Uneasy, Trouble::Slow));
        let jumps = judged(signs(1, 100_000, 16_000, 5));
        assert_eq!(jumps, stands(Level::Bad, Trouble::Jitter));
        let loses = judged(signs(1, 20_000, 9_000, 5));
        assert_eq!(loses, stands(Level::Uneasy, Trouble::Loss));
        let silent = judged(Signs {
            answers: false,
            ..signs(1, 1, 1, 0)
        });
        assert_eq!(silent, stands(Level::Bad, Trouble::Silent));
    }

    #[test]
    fn what_was_wrong_stays_wrong_until_it_is_clearly_better() {
        let before = stands(Level::Uneasy, Trouble::Jitter);
        let still = Signs {
            before,
            ..signs(1, 0, 6_500, 0)
        };
        assert_eq!(standing(&still), before);
        let better = Signs {
            jitter_us: 6_300,
            ..still
        };
        assert_eq!(standing(&better).level, Level::Calm);
        let other = Signs {
            jitter_us: 0,
            loss_permille: 4,
            ..still
        };
        assert_eq!(standing(&other).level, Level::Calm);
    }

    #[test]
    fn the_line_is_about_the_leader_and_names_who_is_avoided() {
        let (good, shaky) = (signs(1, 20_000, 1_000, 0), signs(2, 30_000, 20_000, 4));
        assert_eq!(verdict(&[], false), Verdict::Listening);
        assert_eq!(verdict(&[], true), Verdict::Resting);
        assert_eq!(verdict(&[good, good], true), Verdict::Calm);
        let bad = stands(Level::Bad, Trouble::Jitter);
        assert_eq!(
            verdict(&[good, shaky], true),
            Verdict::Trouble(2, bad, Some(1))
        );
        assert_eq!(verdict(&[shaky], true), Verdict::Trouble(2, bad, None));
        let led = Signs {
            leads: true,
            ..good
        };
        assert_eq!(verdict(&[led, shaky], true), Verdict::Avoided(2, bad));
        assert_eq!(verdict(&[led, shaky], true).level(), Level::Calm);
        let shaky = Signs {
            leads: true,
            ..shaky
        };
        assert_eq!(
            verdict(&[good, shaky], true),
            Verdict::Trouble(2, bad, Some(1))
        );
    }

    #[test]
    fn without_any_answer_nothing_is_blamed_on_one_uplink() {
        let silent = Signs {
            answers: false,
            ..signs(1, 0, 0, 1_000)
        };
        assert_eq!(verdict(&[silent, silent], true), Verdict::Nothing);
        assert_eq!(verdict(&[silent], true).level(), Level::Bad);
    }

    #[test]
    fn extremes_are_bad_and_no_panic() {
        let extreme = signs(1, u32::MAX, u32::MAX, u32::MAX);
        assert_eq!(standing(&extreme).level, Level::Bad);
    }
}
