use super::super::rules::Rule;
use super::*;

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;
const BEAT: u64 = 200 * MS;

/// Two uplinks, 7 and 8, probed every 200 ms; a beat takes what the closure says of each uplink:
/// anchor and gateway.
struct World {
    observer: Observer,
    now_ns: u64,
    spikes: Vec<Spike>,
}

type Outcome = (Option<u64>, Option<u64>);
const CALM: Outcome = (Some(20 * MS), Some(MS));

impl World {
    fn new(wireless: bool) -> Self {
        let mut observer = Observer::default();
        observer.follow(&[
            Watched {
                ifindex: 7,
                wireless,
            },
            Watched {
                ifindex: 8,
                wireless: false,
            },
        ]);
        let mut world = Self {
            observer,
            now_ns: 100 * S,
            spikes: Vec::new(),
        };
        world.beats(30, CALM, CALM);
        world
    }

    fn beats(&mut self, count: u32, seven: Outcome, eight: Outcome) {
        for _ in 0..count {
            for (ifindex, (anchor, gateway)) in [(7, seven), (8, eight)] {
                self.observer.gateway(ifindex, self.now_ns, gateway, 0);
                self.observer.anchor(ifindex, self.now_ns, anchor, 0);
            }
            self.now_ns += BEAT;
            self.spikes.extend(self.observer.finished(self.now_ns));
        }
    }

    /// Calm for long enough that every spike is told.
    fn rest(&mut self) -> Vec<Spike> {
        self.beats(15, CALM, CALM);
        std::mem::take(&mut self.spikes)
    }
}

#[test]
fn calm_paths_have_no_spikes() {
    let mut world = World::new(false);
    world.beats(500, CALM, CALM);
    assert!(world.rest().is_empty());
    assert!(!world.observer.is_open());
}

#[test]
fn late_probes_in_a_row_are_one_spike_with_its_figures() {
    let mut world = World::new(false);
    let began = world.now_ns;
    world.beats(3, (Some(90 * MS), Some(70 * MS)), CALM);
    world.beats(1, (None, Some(65 * MS)), CALM);
    world.beats(2, CALM, CALM);
    world.beats(1, (Some(50 * MS), Some(31 * MS)), CALM);
    assert!(world.observer.is_open());
    let spikes = world.rest();
    assert_eq!(spikes.len(), 1);
    let spike = &spikes[0];
    assert_eq!(spike.uplink, Some(7));
    assert_eq!(
        (spike.from_ns, spike.until_ns),
        (began, began + 6 * BEAT + 50 * MS)
    );
    assert_eq!(
        (spike.usual_ns, spike.worst_ns),
        (Some(20 * MS), Some(90 * MS))
    );
    assert_eq!((spike.sent, spike.stood_out, spike.lost), (7, 5, 1));
    assert_eq!(spike.evidence.get(Measure::GatewaySent), Some(7));
    assert_eq!(spike.evidence.get(Measure::GatewayWorstNs), Some(70 * MS));
    assert_eq!(
        (spike.blame.culprit, spike.blame.rule),
        (Culprit::Line, Rule::Near)
    );
}

#[test]
fn a_calm_gateway_blames_the_internet_and_a_silent_one_nobody() {
    let mut world = World::new(false);
    world.beats(2, (Some(90 * MS), Some(MS)), CALM);
    assert_eq!(world.rest()[0].blame.rule, Rule::Beyond);

    let mut world = World::new(false);
    world.beats(60, (Some(20 * MS), None), CALM);
    world.beats(2, (Some(90 * MS), None), CALM);
    let spike = &world.rest()[0];
    assert_eq!(spike.evidence.get(Measure::GatewaySharePermille), None);
    assert_eq!(spike.blame.rule, Rule::Unexplained);
}

#[test]
fn a_new_level_is_one_spike_and_then_usual() {
    let mut world = World::new(false);
    let slow = (Some(120 * MS), Some(MS));
    world.beats(200, slow, CALM);
    assert_eq!(world.spikes.len(), 1);
    let length = world.spikes[0].length_ns();
    assert!(length <= MAX_LENGTH_NS + 120 * MS, "{length}");
    world.spikes.clear();
    // Back to the old level is no spike: earlier is not late.
    assert!(world.rest().is_empty());
}

#[test]
fn an_outage_is_told_once_and_so_is_the_next_one() {
    let mut world = World::new(false);
    for _ in 0..2 {
        world.beats(100, (None, None), CALM);
        world.beats(60, CALM, CALM);
        let spikes = world.rest();
        assert_eq!(spikes.len(), 1);
        assert_eq!(spikes[0].blame.rule, Rule::Near);
        assert_eq!(spikes[0].worst_ns, None);
    }
}

#[test]
fn a_loss_that_is_known_late_belongs_to_its_time() {
    let mut world = World::new(false);
    let sent_ns = world.now_ns;
    world.now_ns += BEAT;
    world.beats(1, (Some(60 * MS), Some(41 * MS)), CALM);
    world.beats(4, CALM, CALM);
    world.observer.gateway(7, sent_ns, None, 0);
    world.observer.anchor(7, sent_ns, None, 0);
    let spikes = world.rest();
    assert_eq!(spikes.len(), 1);
    assert_eq!(
        (spikes[0].from_ns, spikes[0].lost, spikes[0].stood_out),
        (sent_ns, 1, 2)
    );
}

#[test]
fn the_other_uplinks_are_asked_at_their_gateways() {
    let hit = (Some(90 * MS), Some(71 * MS));
    let mut world = World::new(false);
    world.beats(2, hit, hit);
    let spikes = world.rest();
    assert_eq!(spikes.len(), 2);
    for spike in &spikes {
        assert_eq!(spike.evidence.get(Measure::OtherUplinksHit), Some(1));
        assert_eq!(spike.blame.rule, Rule::EverywhereAtOnce);
    }
    let mut world = World::new(false);
    // An anchor that is slow for both is no fault of this machine.
    world.beats(2, hit, (Some(90 * MS), Some(MS)));
    let spikes = world.rest();
    assert_eq!(spikes[0].evidence.get(Measure::OtherUplinksHit), Some(0));
    assert_eq!(spikes[0].blame.rule, Rule::Near);
    assert_eq!(spikes[1].blame.rule, Rule::Beyond);
}

#[test]
fn what_happened_beside_it_decides() {
    let mut world = World::new(true);
    world.observer.happened(Event {
        at_ns: world.now_ns,
        ifindex: 7,
        what: super::super::Happening::ScanBegan,
    });
    world.beats(2, (Some(90 * MS), Some(71 * MS)), CALM);
    let spike = &world.rest()[0];
    assert_eq!(
        (spike.blame.culprit, spike.blame.rule),
        (Culprit::WiFi, Rule::Scanned)
    );
    assert_eq!(spike.evidence.get(Measure::Scans), Some(1));
}

#[test]
fn time_in_the_own_queue_is_felt_and_blamed() {
    let mut world = World::new(false);
    for _ in 0..2 {
        let (at, queue) = (world.now_ns, 90 * MS);
        world.observer.gateway(7, at, Some(MS), queue);
        world.observer.anchor(7, at, Some(20 * MS), queue);
        world.now_ns += BEAT;
    }
    let spike = &world.rest()[0];
    assert_eq!(spike.worst_ns, Some(110 * MS));
    assert_eq!(spike.evidence.get(Measure::OwnQueueNs), Some(90 * MS));
    assert_eq!(
        (spike.blame.culprit, spike.blame.rule),
        (Culprit::Device, Rule::OwnQueue)
    );
}

#[test]
fn a_machine_that_stands_still_is_told_by_itself_once() {
    let mut world = World::new(false);
    let at = world.now_ns;
    world.observer.late(at, 39 * MS);
    world.beats(1, CALM, CALM);
    assert!(!world.observer.is_open());
    world.observer.late(at + 300 * MS, 80 * MS);
    world.observer.late(at + 600 * MS, 120 * MS);
    let spikes = world.rest();
    assert_eq!(spikes.len(), 1);
    let spike = &spikes[0];
    assert_eq!((spike.uplink, spike.worst_ns), (None, Some(120 * MS)));
    assert_eq!(
        (spike.from_ns, spike.until_ns),
        (at + 220 * MS, at + 600 * MS)
    );
    assert_eq!(
        (spike.blame.culprit, spike.blame.rule),
        (Culprit::Device, Rule::Stalled)
    );
}

#[test]
fn a_standstill_that_shows_on_an_uplink_is_told_there_and_not_again() {
    let mut world = World::new(false);
    let hit = (Some(90 * MS), Some(71 * MS));
    world.observer.late(world.now_ns + 90 * MS, 90 * MS);
    world.beats(1, hit, hit);
    let spikes = world.rest();
    assert_eq!(
        spikes.iter().map(|spike| spike.uplink).collect::<Vec<_>>(),
        [Some(7), Some(8)]
    );
}

#[test]
fn an_uplink_that_goes_takes_its_spike_to_its_end() {
    let mut world = World::new(false);
    world.beats(1, (Some(90 * MS), Some(71 * MS)), CALM);
    world.observer.follow(&[Watched {
        ifindex: 8,
        wireless: false,
    }]);
    let spikes = world.observer.finished(world.now_ns);
    assert_eq!(spikes.len(), 1);
    assert_eq!(spikes[0].uplink, Some(7));
    world.observer.anchor(7, world.now_ns, Some(MS), 0);
    assert!(!world.observer.is_open());
}

#[test]
fn more_uplinks_than_are_watched_are_left_out() {
    let mut observer = Observer::default();
    let many: Vec<Watched> = (1..100)
        .map(|ifindex| Watched {
            ifindex,
            wireless: false,
        })
        .collect();
    observer.follow(&many);
    assert_eq!(observer.paths.len(), MAX_PATHS);
}
