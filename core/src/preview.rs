//! What a slider position would have made of probes that were recorded live, with their own times:
//! how unsteady each path would have been judged, who would have led, what that would have met. To
//! be shown while somebody chooses; nothing is steered by it. Evenly spaced series from files are
//! [`replay`](crate::replay)'s.
//!
//! The steering starts cold at the first probe, so the first seconds, and the slow average for
//! longer, know less than the running steering did.

use crate::ema::{Factor, ema_update};
use crate::stats::{Quantile, quantile};
use crate::steer::{Params, PathError, PowerCost, Sample, Steering, TIMEOUT_NS};

/// Nobody probed for this long: the steering's clock stands still over such a pause.
pub const PAUSE_NS: u64 = 3_000_000_000;

/// One recorded probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// When it was sent.
    pub at_ns: u64,
    /// Its round-trip time, `None` when it was lost.
    pub rtt_ns: Option<u64>,
}

/// One path to play.
#[derive(Debug, Clone, Copy)]
pub struct Recording<'a> {
    /// Its probes, oldest first.
    pub probes: &'a [Probe],
    /// What it costs.
    pub cost: PowerCost,
}

/// The steering at work on recordings: an iterator over probe rounds.
///
/// A round is a period long; the first begins with the first probe of all. A round's probes are
/// those sent in it, none or several too; epochs end by counting rounds. A series with a probe per
/// path in every round gives bit for bit what [`Replay`](crate::replay::Replay) gives.
#[derive(Debug, Clone)]
pub struct Player<'a> {
    paths: Vec<&'a [Probe]>,
    steering: Steering,
    moments: Vec<Option<u64>>,
    from_ns: u64,
    rounds: u32,
}

/// One round, after it was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Round {
    /// When it began.
    pub from_ns: u64,
    /// The path that led while its probes were sent.
    pub led_by: Option<usize>,
    /// True when it ended an epoch, which moved the averages.
    pub ended_epoch: bool,
}

impl<'a> Player<'a> {
    /// Begins before the first probe.
    ///
    /// # Errors
    /// [`PathError::TooMany`] for more paths than the steering compares.
    pub fn new(params: Params, recordings: &[Recording<'a>]) -> Result<Self, PathError> {
        let costs: Vec<PowerCost> = recordings.iter().map(|one| one.cost).collect();
        let mut player = Self {
            paths: recordings.iter().map(|one| one.probes).collect(),
            steering: Steering::new(params, &costs)?,
            moments: vec![None; recordings.len()],
            from_ns: 0,
            rounds: 0,
        };
        player.from_ns = player.next_probe_ns().unwrap_or(0);
        Ok(player)
    }

    /// The steering as it stands after the last round returned.
    pub fn steering(&self) -> &Steering {
        &self.steering
    }

    /// Per path, the score by the last epoch that ended alone: what the averages smooth. `None`
    /// where nothing was measured in it.
    pub fn moments_ns(&self) -> &[Option<u64>] {
        &self.moments
    }

    fn next_probe_ns(&self) -> Option<u64> {
        let first = |probes: &&[Probe]| probes.first().map(|probe| probe.at_ns);
        self.paths.iter().filter_map(first).min()
    }
}

impl Iterator for Player<'_> {
    type Item = Round;

    fn next(&mut self) -> Option<Round> {
        let next_ns = self.next_probe_ns()?;
        if next_ns.saturating_sub(self.from_ns) >= PAUSE_NS {
            self.from_ns = next_ns;
        }
        let period = self.steering.params().period;
        let (from_ns, period_ns) = (self.from_ns, u64::from(period.ms()) * 1_000_000);
        let led_by = self.steering.leader();
        for (path, probes) in self.paths.iter_mut().enumerate() {
            while let Some((probe, rest)) = probes.split_first()
                && probe.at_ns.saturating_sub(from_ns) < period_ns
            {
                let sample = Sample::from(probe.rtt_ns);
                self.steering.sample(path, sample).ok()?;
                *probes = rest;
            }
        }
        self.from_ns = from_ns.saturating_add(period_ns);
        self.rounds += 1;
        let ended_epoch = self.rounds == period.rounds_per_epoch();
        if ended_epoch {
            self.rounds = 0;
            self.moments.clear();
            let views = self.steering.views();
            self.moments.extend(views.map(|view| view.moment_ns));
            let _ = self.steering.end_epoch();
        } else {
            let _ = self.steering.settle();
        }
        Some(Round {
            from_ns,
            led_by,
            ended_epoch,
        })
    }
}

/// One epoch of one path. Both values are scores: the smallest leads, costs are in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// When the epoch ended.
    pub at_ns: u64,
    /// The score by this epoch alone, in nanoseconds.
    pub moment_ns: u64,
    /// The score that the steering went by, in nanoseconds.
    pub score_ns: u64,
}

/// Who led from one moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// Since when.
    pub from_ns: u64,
    /// The path, or none.
    pub leader: Option<usize>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Per path, every epoch it was measured in, oldest first.
    pub judged: Vec<Vec<Judged>>,
    /// Changes of the leader, oldest first; the first entry is the first leader.
    pub leads: Vec<Lead>,
    /// How often another path took over; the first leader took over from nobody.
    pub changes: u32,
    /// For how long there was a leader.
    pub led_ns: u64,
    /// Probes on the leaders of the time: what a new flow would have met.
    pub sent: u32,
    /// Those of them that were lost.
    pub lost: u32,
    /// The 99th percentile of the others, in nanoseconds.
    pub p99_ns: Option<u64>,
}

/// Plays `recordings` from beginning to end.
///
/// # Errors
/// [`PathError::TooMany`] for more paths than the steering compares.
pub fn preview(params: Params, recordings: &[Recording<'_>]) -> Result<Preview, PathError> {
    let mut player = Player::new(params, recordings)?;
    let period_ns = u64::from(params.period.ms()) * 1_000_000;
    let mut found = Preview {
        judged: vec![Vec::new(); recordings.len()],
        ..Preview::default()
    };
    let (mut rtts_ns, mut last_leader) = (Vec::new(), None);
    let mut before = Vec::new();
    loop {
        before.clone_from(&player.paths);
        let Some(round) = player.next() else { break };
        let end_ns = round.from_ns.saturating_add(period_ns);
        if let Some(path) = round.led_by {
            found.led_ns += period_ns;
            let taken = before[path].len() - player.paths[path].len();
            for probe in &before[path][..taken] {
                found.sent += 1;
                match probe.rtt_ns.filter(|rtt_ns| *rtt_ns < TIMEOUT_NS) {
                    Some(rtt_ns) => rtts_ns.push(rtt_ns),
                    None => found.lost += 1,
                }
            }
        }
        let leader = player.steering.leader();
        if leader != round.led_by {
            found.leads.push(Lead {
                from_ns: end_ns,
                leader,
            });
            let another = leader.is_some() && last_leader.is_some() && leader != last_leader;
            found.changes += u32::from(another);
            last_leader = leader.or(last_leader);
        }
        if round.ended_epoch {
            let views = player.steering.views().zip(&player.moments);
            for ((view, moment), judged) in views.zip(&mut found.judged) {
                judged.extend(moment.map(|moment_ns| Judged {
                    at_ns: end_ns,
                    moment_ns,
                    score_ns: view.score_ns,
                }));
            }
        }
    }
    found.p99_ns = quantile(&mut rtts_ns, Quantile::P99);
    Ok(found)
}

/// The round trips as the kernel's own macro with `k` would smooth them: time and average, both in
/// nanoseconds, for every answer; the first answer is the first average. An illustration: a patched
/// kernel feeds the macro with bytes per jiffy, which it doesn't export.
pub fn smoothed(k: Factor, probes: &[Probe]) -> impl Iterator<Item = (u64, u64)> + '_ {
    let answers = probes
        .iter()
        .filter_map(|probe| Some((probe.at_ns, probe.rtt_ns.filter(|rtt| *rtt < TIMEOUT_NS)?)));
    answers.scan(None, move |average: &mut Option<u64>, (at_ns, rtt_ns)| {
        let next = average.map_or(rtt_ns, |old| ema_update(k, old, rtt_ns));
        *average = Some(next);
        Some((at_ns, next))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const STEP_NS: u64 = 200 * MS;

    fn probes(from_ns: u64, rtts_ms: impl IntoIterator<Item = Option<u64>>) -> Vec<Probe> {
        let probe = |(number, rtt_ms): (u64, Option<u64>)| Probe {
            at_ns: from_ns + number * STEP_NS,
            rtt_ns: rtt_ms.map(|ms| ms * MS),
        };
        (0..).zip(rtts_ms).map(probe).collect()
    }

    fn steady(ms: u64, count: usize) -> Vec<Option<u64>> {
        vec![Some(ms); count]
    }

    fn unsteady(ms: u64, count: usize) -> Vec<Option<u64>> {
        (0..count)
            .map(|n| Some(ms + if n % 2 == 0 { 40 } else { 0 }))
            .collect()
    }

    fn played(slider: i64, paths: &[&[Probe]]) -> Preview {
        let params = Params {
            slider: Factor::new(slider).unwrap(),
            ..Params::default()
        };
        let recordings: Vec<_> = paths
            .iter()
            .map(|probes| Recording {
                probes,
                cost: PowerCost::NEUTRAL,
            })
            .collect();
        preview(params, &recordings).unwrap()
    }

    #[test]
    fn a_path_that_turns_unsteady_is_left_once_and_sooner_by_a_sharper_slider() {
        let turning = probes(0, [steady(20, 300), unsteady(20, 1200)].concat());
        let other = probes(7 * MS, steady(30, 1500));
        let mut left = Vec::new();
        for slider in [256, 512, 1024] {
            let found = played(slider, &[&turning, &other]);
            let leaders: Vec<_> = found.leads.iter().map(|lead| lead.leader).collect();
            assert_eq!(leaders, [Some(0), Some(1)], "{slider}");
            assert_eq!(found.changes, 1);
            left.push(found.leads[1].from_ns);
        }
        assert!(left[0] > left[1] && left[1] > left[2], "{left:?}");
    }

    #[test]
    fn what_the_leader_of_the_time_met_is_summed_up() {
        let good = probes(0, steady(20, 500));
        let bad = probes(0, unsteady(20, 500));
        let found = played(512, &[&bad, &good]);
        assert_eq!(found.leads[0].leader, Some(1));
        assert_eq!((found.changes, found.lost), (0, 0));
        assert_eq!(found.p99_ns, Some(20 * MS));
        assert_eq!(u64::from(found.sent) * STEP_NS, found.led_ns);
        // Nobody leads before three seconds are known.
        assert_eq!(found.led_ns, 500 * STEP_NS - 3_000 * MS);
    }

    #[test]
    fn a_pause_takes_no_time_and_a_short_gap_does() {
        let mut paused = probes(0, steady(20, 100));
        paused.extend(probes(3_600_000 * MS, steady(20, 100)));
        let params = Params::default();
        let cost = PowerCost::NEUTRAL;
        let rounds = |probes: &[Probe]| {
            let recordings = [Recording { probes, cost }];
            Player::new(params, &recordings).unwrap().count()
        };
        assert_eq!(rounds(&paused), 200);
        let mut short = probes(0, steady(20, 100));
        short.extend(probes(100 * STEP_NS + 2_000 * MS, steady(20, 100)));
        assert_eq!(rounds(&short), 210);
    }

    #[test]
    fn nothing_recorded_shows_nothing() {
        assert_eq!(played(512, &[]), Preview::default());
        let found = played(512, &[&[], &[]]);
        assert!(found.leads.is_empty() && found.p99_ns.is_none());
        let one = probes(u64::MAX - 1, [Some(20)]);
        assert_eq!(played(512, &[&one]).leads, []);
    }

    #[test]
    fn the_kernels_macro_follows_by_its_factor_and_skips_losses() {
        let step = probes(0, [Some(10), None, Some(30), Some(30)]);
        let averages = |k| -> Vec<u64> {
            let k = Factor::new(k).unwrap();
            smoothed(k, &step).map(|(_, ns)| ns / MS).collect()
        };
        assert_eq!(averages(0), [10, 10, 10]);
        assert_eq!(averages(512), [10, 20, 25]);
        assert_eq!(averages(1024), [10, 30, 30]);
    }
}
