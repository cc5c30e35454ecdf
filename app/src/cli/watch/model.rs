//! What `watch` knows: the helper's state and the last minute of samples of every uplink. Neither
//! the bus nor the screen.

use std::collections::{BTreeMap, VecDeque};

use evenkeel_core::stats::{Spread, Summary};
use evenkeel_dbus::feed::{Frame, Record};
use evenkeel_dbus::{UplinkInfo, UplinkKind, UplinkState, limits};

use crate::state::HelperState;

/// How far back the graph and the figures look.
pub const SPAN_NS: u64 = 60_000_000_000;
/// Samples kept of one uplink: a minute at the shortest period, 50 ms, and some to spare.
const MAX_SAMPLES: usize = 1_500;

/// One probe: when it was sent and what became of it.
pub type Sample = (u64, Option<u64>);

/// Everything `watch` shows.
#[derive(Debug, Default)]
pub struct Model {
    state: Option<HelperState>,
    traces: BTreeMap<u32, Trace>,
    /// The time of the newest record; time stands still while nothing comes.
    pub now_ns: u64,
    /// Frames the helper dropped because we were slow.
    pub dropped: u32,
    /// Why there is nothing new, when the helper is gone.
    pub gone: Option<String>,
    /// The last thing worth saying, such as a refused change.
    pub note: Option<String>,
}

/// One uplink as it is shown.
#[derive(Debug)]
pub struct View<'a> {
    /// What the helper says of it.
    pub info: &'a UplinkInfo,
    /// What kind of link it is.
    pub kind: UplinkKind,
    /// What the probes say of it.
    pub state: UplinkState,
    /// Share of new connections in thousandths.
    pub share_permille: u32,
    /// True for the leader.
    pub leader: bool,
    /// Smoothed deviation, once there is an estimate.
    pub jitter_ns: Option<u64>,
    /// The newest probe.
    pub newest: Option<Sample>,
    /// Lost probes of the last minute in thousandths.
    pub loss_permille: u32,
    /// The figures of the last minute's answers, if there were any.
    pub spread: Option<Spread>,
    /// The last minute, oldest first.
    pub samples: &'a VecDeque<Sample>,
}

#[derive(Debug, Default)]
struct Trace {
    samples: VecDeque<Sample>,
    estimate: Option<Estimate>,
}

#[derive(Debug, Clone, Copy)]
struct Estimate {
    state: UplinkState,
    share_permille: u32,
    jitter_ns: u64,
}

impl Model {
    /// What the helper says of itself, once it has.
    pub fn state(&self) -> Option<&HelperState> {
        self.state.as_ref()
    }

    /// Takes the helper's properties. What was shown of uplinks that are gone is forgotten.
    pub fn take_state(&mut self, state: HelperState) {
        self.gone = None;
        let known = |ifindex: &u32| {
            state
                .uplinks
                .iter()
                .any(|uplink| uplink.ifindex == *ifindex)
        };
        self.traces.retain(|ifindex, _| known(ifindex));
        self.state = Some(state);
    }

    /// Takes what the feed carried.
    pub fn take_frame(&mut self, frame: &Frame) {
        self.dropped = frame.dropped;
        for record in &frame.records {
            self.take_record(record);
        }
        let horizon_ns = self.now_ns.saturating_sub(SPAN_NS);
        for trace in self.traces.values_mut() {
            while trace
                .samples
                .front()
                .is_some_and(|(at_ns, _)| *at_ns < horizon_ns)
            {
                trace.samples.pop_front();
            }
        }
    }

    fn take_record(&mut self, record: &Record) {
        match *record {
            Record::Sample {
                ifindex,
                at_ns,
                rtt_ns,
                ..
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(trace) = self.trace(ifindex) {
                    trace.insert((at_ns, rtt_ns));
                }
            }
            Record::Estimate {
                ifindex,
                at_ns,
                state,
                share_permille,
                jitter_ns,
                ..
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(trace) = self.trace(ifindex) {
                    let share_permille = u32::from(share_permille);
                    trace.estimate = Some(Estimate {
                        state,
                        share_permille,
                        jitter_ns,
                    });
                }
            }
            Record::Leader {
                ifindex,
                at_ns,
                game_mode,
            } => {
                self.now_ns = self.now_ns.max(at_ns);
                if let Some(state) = &mut self.state {
                    state.leader = ifindex;
                    state.game_mode = game_mode;
                }
            }
            // What becomes of these, `evenkeel spikes` shows.
            Record::Gateway { .. } | Record::Seen { .. } | Record::Spike { .. } => {}
        }
    }

    /// The trace of an uplink; `None` when there are too many already.
    fn trace(&mut self, ifindex: u32) -> Option<&mut Trace> {
        let full = self.traces.len() >= limits::MAX_UPLINKS;
        if full && !self.traces.contains_key(&ifindex) {
            return None;
        }
        Some(self.traces.entry(ifindex).or_default())
    }

    /// Every uplink, in the helper's order.
    pub fn views(&self) -> Vec<View<'_>> {
        let Some(state) = &self.state else {
            return Vec::new();
        };
        let view = |info| view(info, self.traces.get(&info.ifindex), state.leader);
        state.uplinks.iter().map(view).collect()
    }
}

static NO_SAMPLES: VecDeque<Sample> = VecDeque::new();

fn view<'a>(info: &'a UplinkInfo, trace: Option<&'a Trace>, leader: Option<u32>) -> View<'a> {
    let samples = trace.map_or(&NO_SAMPLES, |trace| &trace.samples);
    let estimate = trace.and_then(|trace| trace.estimate);
    let summary = Summary::of(samples.iter().map(|(_, rtt_ns)| *rtt_ns), &[]);
    View {
        info,
        kind: UplinkKind::from_wire(info.kind),
        state: estimate.map_or(UplinkState::from_wire(info.state), |estimate| {
            estimate.state
        }),
        share_permille: estimate.map_or(info.share_permille, |estimate| estimate.share_permille),
        leader: leader == Some(info.ifindex),
        jitter_ns: estimate.map(|estimate| estimate.jitter_ns),
        newest: samples.back().copied(),
        loss_permille: (summary.loss() * 1000.0).round() as u32,
        spread: summary.spread,
        samples,
    }
}

impl Trace {
    /// Adds a sample in the order of sending: a lost probe is known only a second later, when newer
    /// ones have been answered.
    fn insert(&mut self, sample: Sample) {
        let newer = self
            .samples
            .iter()
            .rev()
            .take_while(|(at_ns, _)| *at_ns > sample.0)
            .count();
        self.samples.insert(self.samples.len() - newer, sample);
        if self.samples.len() > MAX_SAMPLES {
            self.samples.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use proptest::prelude::*;

    fn probe(ifindex: u32, at_ns: u64, rtt_ns: Option<u64>) -> Record {
        Record::Sample {
            ifindex,
            at_ns,
            rtt_ns,
            user_clock: false,
        }
    }

    fn frame(records: Vec<Record>) -> Frame {
        Frame {
            number: 0,
            dropped: 0,
            records,
        }
    }

    fn model() -> Model {
        let mut model = Model::default();
        model.take_state(sample::steering());
        model
    }

    #[test]
    fn a_loss_that_is_known_late_stands_where_it_was_sent() {
        let mut model = model();
        model.take_frame(&frame(vec![
            probe(3, 1, Some(7)),
            probe(3, 3, Some(9)),
            probe(3, 2, None),
        ]));
        let views = model.views();
        assert_eq!(views[0].samples, &[(1, Some(7)), (2, None), (3, Some(9))]);
        assert_eq!(views[0].newest, Some((3, Some(9))));
        assert_eq!(views[0].loss_permille, 333);
    }

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let mut model = model();
        model.take_frame(&frame(vec![probe(3, 5, Some(7))]));
        model.take_frame(&frame(vec![probe(4, SPAN_NS + 6, Some(7))]));
        assert!(model.views()[0].samples.is_empty());
        assert_eq!(model.views()[1].samples.len(), 1);
    }

    #[test]
    fn the_feed_is_ahead_of_the_properties() {
        let mut model = model();
        model.take_frame(&frame(vec![
            Record::Leader {
                ifindex: Some(4),
                at_ns: 1,
                game_mode: false,
            },
            Record::Estimate {
                ifindex: 4,
                at_ns: 1,
                state: UplinkState::Alive,
                share_permille: 996,
                rtt_ns: 1,
                jitter_ns: 2,
                slow_jitter_ns: 3,
            },
        ]));
        let views = model.views();
        assert!(views[1].leader && !views[0].leader);
        assert_eq!(
            (views[1].share_permille, views[1].jitter_ns),
            (996, Some(2))
        );
        assert!(!model.state().unwrap().game_mode);
    }

    #[test]
    fn an_uplink_that_vanished_takes_its_samples_along() {
        let mut model = model();
        model.take_frame(&frame(vec![probe(3, 1, Some(7))]));
        let mut state = sample::steering();
        state.uplinks.remove(0);
        model.take_state(state);
        model.take_state(sample::steering());
        assert!(model.views()[0].samples.is_empty());
    }

    proptest! {
        #[test]
        fn no_feed_can_make_it_grow_without_bound(
            probes in prop::collection::vec((0_u32..40, 0_u64..1_000, any::<Option<u64>>()), 0..4_000)
        ) {
            let mut model = model();
            let records = probes.iter().map(|(ifindex, at, rtt)| probe(*ifindex, *at, *rtt)).collect();
            model.take_frame(&frame(records));
            prop_assert!(model.traces.len() <= limits::MAX_UPLINKS);
            for trace in model.traces.values() {
                prop_assert!(trace.samples.len() <= MAX_SAMPLES);
                prop_assert!(trace.samples.iter().is_sorted_by_key(|(at_ns, _)| *at_ns));
            }
        }
    }
}
