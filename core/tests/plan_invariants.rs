//! What holds for the plan in any system, through any sequence of events, at every single step:
//! no running flow changes its uplink or its address, nothing of the system's is touched, and a
//! crash anywhere leaves nothing behind. Against a model of the kernel; the real one is the lab's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that can't build its case fails the test"
)]

mod plan_kernel;

use evenkeel_core::plan::{Abilities, Family};
use plan_kernel::{Care, Flow, Kernel, Kind, LAN_HOST, Link, REMOTE, SPECIFIC, World};
use proptest::prelude::*;

#[derive(Debug, Clone, Copy)]
enum Event {
    /// Game mode on, or another leader.
    Towards(usize),
    Leave,
    LeaveAtOnce,
    OpenWildcard(u16, usize, u16),
    OpenBound(usize, usize, usize, u16),
    Connect(usize, u16),
    Forward(usize, u16, usize),
    Close(usize),
    Down(usize),
    Up(usize),
    Metric(usize, u32),
    Vpn(bool),
    /// Somebody else removes an object of ours.
    Meddle(usize),
}

/// A few ports, so that they meet.
fn port() -> impl Strategy<Value = u16> {
    (0_u16..6).prop_map(|n| 40_000 + n)
}

/// Away from the one bucket that each uplink but the target has; that a flow falls into one of
/// those has a probability of 1 in 65,535. And so many that hardly two flows share one: in a group a
/// new flow goes where a busy bucket is, which is the price named at `Plan::resilient`.
fn bucket() -> impl Strategy<Value = u16> {
    16_u16..65_000
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => (0_usize..4).prop_map(Event::Towards),
        2 => Just(Event::Leave),
        1 => Just(Event::LeaveAtOnce),
        4 => (port(), 0_usize..3, bucket()).prop_map(|(p, to, b)| Event::OpenWildcard(p, to, b)),
        4 => (0_usize..4, 0_usize..3, 0_usize..3, bucket())
            .prop_map(|(link, address, to, b)| Event::OpenBound(link, address, to, b)),
        4 => (0_usize..3, bucket()).prop_map(|(to, b)| Event::Connect(to, b)),
        2 => (0_usize..4, port(), 0_usize..3).prop_map(|(l, p, to)| Event::Forward(l, p, to)),
        4 => any::<prop::sample::Index>().prop_map(|i| Event::Close(i.index(1000))),
        2 => (0_usize..4).prop_map(Event::Down),
        3 => (0_usize..4).prop_map(Event::Up),
        2 => (0_usize..4, 1_u32..60).prop_map(|(l, m)| Event::Metric(l, m * 10)),
        1 => any::<bool>().prop_map(Event::Vpn),
        1 => (0_usize..40).prop_map(Event::Meddle),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let prefers = prop::option::weighted(0.3, 0_usize..3);
    let links = prop::collection::vec((0_u32..50, prefers), 2..=4);
    let modes = (any::<bool>(), any::<bool>(), any::<bool>());
    (modes, links).prop_map(|((v6, resilient_groups, merges), links)| {
        let family = if v6 { Family::V6 } else { Family::V4 };
        let links = links.into_iter().zip(2_u32..);
        let links = links.map(|((metric, prefers), ifindex)| {
            if merges {
                // Nearly all of one metric; an advertisement prefers no source.
                return Link::numbered(family, ifindex, 1000 + metric / 40 * 10, None);
            }
            Link::numbered(family, ifindex, metric * 40 + ifindex * 10, prefers)
        });
        World {
            kernel: Kernel::new(family, links.collect(), merges),
            flows: Vec::new(),
            abilities: Abilities { resilient_groups },
        }
    })
}

/// A run of a helper: the events, and what it does about them.
struct Run {
    world: World,
    /// The uplink for new flows while game mode is on.
    target: Option<u32>,
}

impl Run {
    /// The uplink of this position, counted around.
    fn link(&self, position: usize) -> u32 {
        let links: Vec<u32> = self.world.kernel.links.keys().copied().collect();
        links[position % links.len()]
    }

    fn flow(&self, kind: Kind, to: usize, bucket: u16) -> Flow {
        let to = [REMOTE, REMOTE, [LAN_HOST, SPECIFIC][to % 2]][to % 3];
        Flow {
            kind,
            destination: to.at(self.world.family()),
            bucket,
            home: None,
        }
    }

    /// The helper looks again: steers, or goes on leaving.
    fn look(&mut self, care: Care) {
        match self.target {
            Some(target) => self.target = self.world.towards(target, care, true),
            None => self.world.leave(care, true),
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Towards(position) => {
                self.target = Some(self.link(position));
                self.look(Care::Gentle);
            }
            Event::Leave => {
                self.target = None;
                self.look(Care::Gentle);
            }
            Event::LeaveAtOnce => {
                self.target = None;
                self.world
                    .go(&std::collections::BTreeSet::new(), Care::Abrupt, true);
                assert_eq!(self.world.kernel, self.world.kernel.bare());
            }
            Event::OpenWildcard(port, to, bucket) => {
                let taken = |flow: &Flow| flow.kind == Kind::Wildcard(port);
                if !self.world.flows.iter().any(taken) {
                    let flow = self.flow(Kind::Wildcard(port), to, bucket);
                    self.world.open(flow);
                }
            }
            Event::OpenBound(link, address, to, bucket) => {
                let link = &self.world.kernel.links[&self.link(link)];
                let kind = Kind::Bound(link.addresses[address].0);
                let flow = self.flow(kind, to, bucket);
                self.world.open(flow);
            }
            Event::Connect(to, bucket) => {
                let flow = self.flow(Kind::Wildcard(1), to, bucket);
                self.world.connect(flow);
            }
            Event::Forward(link, port, to) => {
                // A guest with an address of the link's own network, to make it hard.
                let source = self.world.kernel.links[&self.link(link)].addresses[0].0;
                // Spread, where the system spreads them.
                let bucket = 16 + (port - 40_000) * 10_000;
                let flow = self.flow(Kind::Forwarded(source, port), to, bucket);
                self.world.open(flow);
            }
            Event::Close(position) => {
                let count = self.world.flows.len();
                if count > 0 {
                    self.world.flows.remove(position % count);
                    self.look(Care::Gentle);
                }
            }
            Event::Down(position) => {
                self.world.down(self.link(position));
                self.look(Care::Gentle);
            }
            Event::Up(position) => {
                let link = self.link(position);
                self.world.kernel.link_up(link);
                self.look(Care::Gentle);
            }
            Event::Metric(position, metric) => {
                // Now and then one that others have.
                let link = self.link(position);
                self.world.kernel.set_metric(link, metric);
                self.look(Care::Gentle);
            }
            Event::Vpn(on) => {
                self.world.kernel.set_vpn(on);
                self.look(Care::Gentle);
            }
            Event::Meddle(position) => {
                let ours = self.world.kernel.ours();
                if let Some(object) = ours.iter().nth(position) {
                    self.world.kernel.remove(object);
                    self.look(Care::Repair);
                }
            }
        }
    }

    /// While game mode is on, a new flow goes to the target, and comes from its address.
    fn new_flows_take_the_target(&self) {
        let Some(target) = self.target else {
            return;
        };
        for bucket in [20, 30_000, 64_000] {
            let held = |flow: &Flow| flow.bucket.abs_diff(bucket) < 1;
            if self.world.flows.iter().any(held) {
                continue;
            }
            let flow = self.flow(Kind::Wildcard(1), 0, bucket);
            let way = self.world.kernel.way(flow.packet()).unwrap();
            assert_eq!(way.ifindex, target);
            let link = &self.world.kernel.links[&target];
            let own = link.source_towards(Some(link.gateway));
            assert_eq!(way.source, Some(link.preferred_source.unwrap_or(own)));
        }
    }
}

proptest! {
    #[test]
    fn no_running_flow_moves_and_no_crash_leaves_a_trace(
        world in world(),
        events in prop::collection::vec(event(), 1..30),
    ) {
        let mut run = Run { world, target: None };
        for event in events {
            run.event(event);
            run.new_flows_take_the_target();
        }
        // When all is over and every socket closed, nothing of ours is left.
        run.target = None;
        run.world.flows.clear();
        run.look(Care::Gentle);
        assert_eq!(run.world.kernel, run.world.kernel.bare());
    }
}
