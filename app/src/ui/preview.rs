//! The last minutes as a drafted setting would have smoothed and steered them, beside the setting
//! in force: what is taken of the model, the computing, and how often. Pure, and away from the
//! drawing: a picture is computed beside the window and drawn as it is.

pub mod chart;
pub mod says;
mod thin;

use std::time::Duration;

use evenkeel_core::Factor;
use evenkeel_core::preview::{Preview, Probe, Recording, preview, smoothed};
use evenkeel_core::steer::{Params, Period, PowerCost};
use evenkeel_dbus::Backend;

use super::model::Model;
pub use thin::Column;
use thin::{Grid, telling};

/// At most one picture in this time.
pub const REST: Duration = Duration::from_millis(200);
/// What was measured longer ago does not count.
pub const MAX_SPAN_NS: u64 = 30 * MINUTE_NS;
/// New measurements alone lead to a new picture after this time.
const REFRESH_NS: u64 = 2_000_000_000;
const MINUTE_NS: u64 = 60_000_000_000;
/// How much time the picture may show, in minutes.
const SPANS: [u64; 13] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30];
/// Below this nothing is said about how often the leader changes.
const TELLING_NS: u64 = 2 * MINUTE_NS;
/// Below this nothing is said about an hour.
const HOURLY_NS: u64 = 10 * MINUTE_NS;

/// What steers: the sensitivity, and what each uplink costs, by ifindex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// 0..=1024.
    pub factor: u32,
    /// One entry for each uplink, in the model's order.
    pub costs: Vec<(u32, u32)>,
}

/// Two equal keys mean the same picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    backend: Backend,
    draft: Setting,
    in_force: Setting,
    refreshed: u64,
}

impl Key {
    /// The picture that is wanted now; `None` while the helper has told nothing.
    pub fn of(model: &Model, draft: Setting, in_force: Setting) -> Option<Self> {
        Some(Self {
            backend: model.state.as_ref()?.backend,
            draft,
            in_force,
            refreshed: model.now_ns / REFRESH_NS,
        })
    }

    /// Takes what the picture needs out of the model.
    pub fn record(&self, model: &Model) -> Recorded {
        let period_ms = model
            .state
            .as_ref()
            .map_or(0, |state| state.probe_period_ms);
        let to_ns = model.now_ns;
        let from_ns = to_ns.saturating_sub(MAX_SPAN_NS);
        let uplinks = model.tracks.iter().map(|track| {
            let probes = track.history.between(from_ns, to_ns).map(|sample| Probe {
                at_ns: sample.at_ns,
                rtt_ns: sample.rtt_us.map(|us| u64::from(us) * 1000),
            });
            (track.info.ifindex, probes.collect())
        });
        Recorded {
            key: self.clone(),
            period: Period::from_ms(period_ms).unwrap_or_default(),
            uplinks: uplinks.collect(),
            to_ns,
        }
    }
}

/// What was measured, and the two settings to lay over it.
#[derive(Debug, Clone)]
pub struct Recorded {
    key: Key,
    period: Period,
    uplinks: Vec<(u32, Vec<Probe>)>,
    to_ns: u64,
}

/// What a setting would have done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Per uplink of the picture, the smoothed line.
    pub lines: Vec<Vec<Column>>,
    /// The ifindex of the leader, from each moment on, oldest first. Empty where the kernel chooses.
    pub leads: Vec<(u64, Option<u32>)>,
    /// How often another uplink took over.
    pub changes: u32,
    /// For how long there was a leader.
    pub led_ns: u64,
    /// 99th percentile of the answers on the leaders of the time, in nanoseconds.
    pub p99_ns: Option<u64>,
    /// Lost probes on the leaders of the time, in thousandths.
    pub lost_permille: u32,
}

/// Two courses of the same minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it was drawn for.
    pub key: Key,
    /// Ifindexes of the uplinks that were measured, in the model's order.
    pub uplinks: Vec<u32>,
    /// Per uplink, what was measured, thinned to columns.
    pub measured: Vec<Vec<Column>>,
    /// With the setting under way.
    pub draft: Course,
    /// With the setting in force.
    pub in_force: Course,
    /// The moment at the right edge.
    pub to_ns: u64,
    /// How much time it shows.
    pub span_ns: u64,
    /// The value at the upper edge, in microseconds; the same whatever the setting.
    pub top_us: u32,
}

impl Picture {
    /// True while both settings are the same.
    pub fn is_settled(&self) -> bool {
        self.key.draft == self.key.in_force
    }

    /// The drafted sensitivity.
    pub fn drafted(&self) -> u32 {
        self.key.draft.factor
    }

    /// The sensitivity in force.
    pub fn standing(&self) -> u32 {
        self.key.in_force.factor
    }

    /// True when the kernel smooths and chooses by itself.
    pub fn is_kernels(&self) -> bool {
        self.key.backend == Backend::Lowpower
    }

    /// How many bars say who leads: none where nobody can say, one while both settings are the same.
    pub fn bars(&self) -> usize {
        match (self.uplinks.len(), self.is_settled()) {
            (0..2, _) => 0,
            _ if self.is_kernels() => 0,
            (_, true) => 1,
            (_, false) => 2,
        }
    }

    /// The minutes it shows.
    pub fn minutes(&self) -> u64 {
        self.span_ns / MINUTE_NS
    }
}

impl Course {
    /// What can be said about how often the leader would change.
    pub fn often(&self) -> Often {
        if self.led_ns < TELLING_NS {
            return Often::TooShort;
        }
        let minutes = (self.led_ns + MINUTE_NS / 2) / MINUTE_NS;
        let hourly = u64::from(self.changes) * 60 * MINUTE_NS + self.led_ns / 2;
        Often::Counted {
            changes: self.changes,
            minutes: minutes as u32,
            hourly: (self.led_ns >= HOURLY_NS).then_some((hourly / self.led_ns) as u32),
        }
    }
}

/// How often the leader would have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// Too little was measured to say anything.
    TooShort,
    /// So many times.
    Counted {
        /// Changes.
        changes: u32,
        /// In so many minutes.
        minutes: u32,
        /// For each hour; `None` where the minutes are too few.
        hourly: Option<u32>,
    },
}

/// Draws up the picture; `None` when nothing was measured.
pub fn compute(recorded: &Recorded) -> Option<Picture> {
    let Recorded { key, to_ns, .. } = recorded;
    let known = recorded.uplinks.iter().filter(|(_, p)| !p.is_empty());
    let known: Vec<(u32, &[Probe])> = known.map(|(ifindex, p)| (*ifindex, p.as_slice())).collect();
    let first_ns = known.iter().filter_map(|(_, probes)| probes.first());
    let first_ns = first_ns.map(|probe| probe.at_ns).min()?;
    let span_ns = span(to_ns - first_ns);
    let grid = Grid::new(*to_ns, span_ns);
    let (measured, draft) = course(recorded, &known, &key.draft, grid);
    let in_force = if key.draft == key.in_force {
        draft.clone()
    } else {
        course(recorded, &known, &key.in_force, grid).1
    };
    Some(Picture {
        key: key.clone(),
        uplinks: known.iter().map(|(ifindex, _)| *ifindex).collect(),
        top_us: telling(&measured),
        measured,
        draft,
        in_force,
        to_ns: *to_ns,
        span_ns,
    })
}

/// The shortest span that shows `measured_ns`.
fn span(measured_ns: u64) -> u64 {
    let all = SPANS.map(|minutes| minutes * MINUTE_NS);
    all.into_iter()
        .find(|span_ns| *span_ns >= measured_ns)
        .unwrap_or(MAX_SPAN_NS)
}

/// What was measured, and what `setting` makes of it.
fn course(
    recorded: &Recorded,
    known: &[(u32, &[Probe])],
    setting: &Setting,
    grid: Grid,
) -> (Vec<Vec<Column>>, Course) {
    let factor = Factor::new(i64::from(setting.factor)).unwrap_or_default();
    if recorded.key.backend == Backend::Lowpower {
        let answers = |probes: &[Probe]| {
            let answers = probes.iter().map(|p| Some((p.at_ns, p.rtt_ns?)));
            grid.columns(answers.flatten())
        };
        let lines = known.iter().map(|(_, probes)| smoothed(factor, probes));
        let course = Course {
            lines: lines.map(|line| grid.columns(line)).collect(),
            ..Course::default()
        };
        let measured = known.iter().map(|(_, probes)| answers(probes)).collect();
        return (measured, course);
    }
    let cost = |ifindex: u32| {
        let cost = setting.costs.iter().find(|(known, _)| *known == ifindex);
        let cost = cost.and_then(|(_, cost)| PowerCost::new(i64::from(*cost)).ok());
        cost.unwrap_or_default()
    };
    let recordings: Vec<Recording<'_>> = known
        .iter()
        .map(|(ifindex, probes)| Recording {
            probes,
            cost: cost(*ifindex),
        })
        .collect();
    let params = Params {
        period: recorded.period,
        slider: factor,
    };
    // The model keeps no more uplinks than the steering compares.
    let found = preview(params, &recordings).unwrap_or_default();
    let measured = found.judged.iter().map(|judged| {
        let moments = judged.iter().map(|j| (j.at_ns, j.moment_ns));
        grid.columns(moments)
    });
    (measured.collect(), steered(&found, known, grid))
}

fn steered(found: &Preview, known: &[(u32, &[Probe])], grid: Grid) -> Course {
    let lines = found.judged.iter().map(|judged| {
        let scores = judged.iter().map(|j| (j.at_ns, j.score_ns));
        grid.columns(scores)
    });
    let leads = found.leads.iter().map(|lead| {
        let leader = lead.leader.and_then(|path| known.get(path));
        (lead.from_ns, leader.map(|(ifindex, _)| *ifindex))
    });
    let lost = u64::from(found.lost) * 1000;
    Course {
        lines: lines.collect(),
        leads: leads.collect(),
        changes: found.changes,
        led_ns: found.led_ns,
        p99_ns: found.p99_ns,
        lost_permille: lost.checked_div(u64::from(found.sent)).unwrap_or(0) as u32,
    }
}

/// Lets one picture be computed at a time, and the next one only after [`REST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Nothing is under way.
    #[default]
    Idle,
    /// One is computed, or the rest after it is not over.
    Busy,
}

impl Pace {
    /// True when a picture may be begun now; it is taken as begun.
    pub fn begin(&mut self) -> bool {
        std::mem::replace(self, Self::Busy) == Self::Idle
    }

    /// The rest after a picture is over.
    pub fn rested(&mut self) {
        *self = Self::Idle;
    }
}

#[cfg(test)]
mod tests;
