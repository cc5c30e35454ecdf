//! A model kernel with flows that run through it, and the promise about them, checked at every
//! step: what may move, and where to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use evenkeel_core::plan::{
    Abilities, Action, Aim, Family, Object, Plan, Refusal, Sockets, Step, plan, remains, steps,
};

use evenkeel_core::plan::Selector;
use evenkeel_core::plan::numbers::SYSTEM_TABLE;

use super::{Kernel, Packet, Way};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A socket with an address: connected, or bound to it.
    Bound(IpAddr),
    /// A UDP socket without one, on this port.
    Wildcard(u16),
    /// Packets of a guest with this source and UDP port.
    Forwarded(IpAddr, u16),
}

#[derive(Debug, Clone, Copy)]
pub struct Flow {
    pub kind: Kind,
    pub destination: IpAddr,
    pub bucket: u16,
    /// The way it has taken since it settled.
    pub home: Option<Way>,
}

impl Flow {
    pub fn packet(&self) -> Packet {
        let (own, source, udp_port) = match self.kind {
            Kind::Bound(source) => (true, Some(source), None),
            Kind::Wildcard(port) => (true, None, Some(port)),
            Kind::Forwarded(source, port) => (false, Some(source), Some(port)),
        };
        Packet {
            own,
            source,
            destination: self.destination,
            udp_port,
            bucket: self.bucket,
        }
    }
}

/// How hard the promise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// No running flow may move.
    Gentle,
    /// What is ours goes at once: a flow may fall to where the system alone would have it.
    Abrupt,
    /// Somebody else has taken something of ours away; only the state is checked.
    Repair,
}

#[derive(Debug, Clone)]
pub struct World {
    pub kernel: Kernel,
    pub flows: Vec<Flow>,
    pub abilities: Abilities,
}

impl World {
    pub fn plan(&self) -> Result<Plan, Refusal> {
        plan(&self.kernel.found(), self.abilities)
    }

    pub fn sockets(&self) -> Sockets {
        let mut sockets = Sockets::default();
        for flow in &self.flows {
            match flow.kind {
                Kind::Bound(source) => drop(sockets.sources.insert(source)),
                Kind::Wildcard(port) => drop(sockets.wildcard_udp_ports.insert(port)),
                Kind::Forwarded(..) => {}
            }
        }
        sockets
    }

    /// Every flow sends, and is at home where its packets go.
    pub fn settle(&mut self) {
        for flow in &mut self.flows {
            flow.home = self.kernel.way(flow.packet());
            self.kernel.send(flow.packet());
        }
    }

    /// Goes to `wanted`, with every promise checked at each step. At each, the way out of a crash
    /// is checked too, if `crashes` says so.
    pub fn go(&mut self, wanted: &BTreeSet<Object>, care: Care, crashes: bool) {
        let there = self.kernel.ours();
        let steps = steps(&there, wanted);
        assert!(steps.len() <= there.len() + wanted.len(), "{steps:#?}");
        for step in &steps {
            if crashes {
                self.crash(care);
            }
            self.apply(step, care);
        }
        assert_eq!(self.kernel.ours(), *wanted);
        assert_eq!(self::steps(wanted, wanted), []);
        let bare = self.kernel.bare();
        if care != Care::Repair {
            for flow in &self.flows {
                if matches!(flow.kind, Kind::Forwarded(..)) {
                    let packet = flow.packet();
                    assert_eq!(self.kernel.way(packet), bare.way(packet), "{flow:?}");
                }
            }
        }
        self.settle();
    }

    fn apply(&mut self, step: &Step, care: Care) {
        let bare = self.kernel.bare();
        let before: Vec<_> = self.ways();
        let as_the_system = self.as_the_system();
        self.kernel.apply(step);
        if care == Care::Repair {
            return;
        }
        assert_eq!(
            self.kernel.bare(),
            bare,
            "{step:?} touched the system's own"
        );
        for (flow, before) in self.flows.iter().zip(before) {
            let after = self.kernel.way(flow.packet());
            let alone = bare.way(flow.packet());
            let follows = as_the_system.contains(&flow.kind) && after == alone;
            let fine = after == before || follows || self.may_move(flow, after, alone, care);
            assert!(fine, "{flow:?} went {before:?} -> {after:?} at {step:?}");
            self.kernel.send(flow.packet());
        }
    }

    /// The flows that are pinned to where the system alone leads them. When the system spreads them
    /// anew, they follow it.
    fn as_the_system(&self) -> Vec<Kind> {
        let ours = self.kernel.ours().into_iter();
        ours.filter_map(|object| match object {
            Object::Rule(rule) if rule.action == Action::Table(SYSTEM_TABLE) => match rule.selector
            {
                Selector::UdpPort(port) => Some(Kind::Wildcard(port)),
                Selector::From(prefix) => Some(Kind::Bound(prefix.address)),
                Selector::All | Selector::Forwarded => None,
            },
            _ => None,
        })
        .collect()
    }

    /// Whether a flow may go `after` from where it was; the system alone would send it `alone`.
    fn may_move(&self, flow: &Flow, after: Option<Way>, alone: Option<Way>, care: Care) -> bool {
        match flow.kind {
            Kind::Forwarded(..) => after == alone,
            Kind::Wildcard(_) => after == flow.home || care == Care::Abrupt && after == alone,
            Kind::Bound(source) => {
                // From an uplink's address, but by another uplink: the system did that, as it has
                // no source rules. It may come to its own, and need not be kept astray.
                let own = self.own_way(source);
                let astray = own.is_some() && flow.home != own;
                after == flow.home
                    || after == own
                    || (care == Care::Abrupt || astray) && after == alone
            }
        }
    }

    fn ways(&self) -> Vec<Option<Way>> {
        let flows = self.flows.iter();
        flows.map(|flow| self.kernel.way(flow.packet())).collect()
    }

    /// Out of the uplink that has this address, if one is up.
    fn own_way(&self, source: IpAddr) -> Option<Way> {
        let mut links = self.kernel.links.values();
        let link =
            links.find(|link| link.up && link.addresses.iter().any(|(own, _)| *own == source))?;
        Some(Way {
            ifindex: link.ifindex,
            source: Some(source),
        })
    }

    /// The helper dies here. Cleaning up at once leaves exactly what the system made; leaving
    /// gently moves nothing, and once no socket is left it leaves the same.
    fn crash(&self, care: Care) {
        let bare = self.kernel.bare();
        let mut at_once = self.clone();
        let care_at_once = if care == Care::Repair {
            care
        } else {
            Care::Abrupt
        };
        at_once.go(&BTreeSet::new(), care_at_once, false);
        assert_eq!(at_once.kernel, bare);

        let mut gently = self.clone();
        gently.leave(care, false);
        gently.flows.clear();
        gently.leave(care, false);
        assert_eq!(gently.kernel, bare);
    }

    /// New flows to `target`, if there is a plan; otherwise out, as gently as that allows.
    pub fn towards(&mut self, target: u32, care: Care, crashes: bool) -> Option<u32> {
        let Ok(plan) = self.plan() else {
            self.leave(care, crashes);
            return None;
        };
        let Aim { objects, left_out } = plan.towards(target, &self.kernel.found(), &self.sockets());
        assert_eq!(left_out, 0);
        self.go(&objects, care, crashes);
        Some(if plan.uplinks.contains_key(&target) {
            target
        } else {
            plan.in_use
        })
    }

    /// Game mode ends, or goes on ending.
    pub fn leave(&mut self, care: Care, crashes: bool) {
        let found = self.kernel.found();
        let aim = remains(&found, &self.sockets());
        let foreign = match &found.system_default {
            Some(default) => !default
                .ifindexes
                .iter()
                .all(|of| self.kernel.links.contains_key(of)),
            None => true,
        };
        let care = match care {
            Care::Gentle if foreign => Care::Abrupt,
            other => other,
        };
        self.go(&aim.objects, care, crashes);
    }

    /// A new flow.
    pub fn open(&mut self, mut flow: Flow) {
        flow.home = self.kernel.way(flow.packet());
        self.kernel.send(flow.packet());
        self.flows.push(flow);
    }

    /// A new flow that takes the address of the way it is sent, if that has one.
    pub fn connect(&mut self, mut flow: Flow) {
        let way = self.kernel.way(flow.packet());
        if let Some(source) = way.and_then(|way| way.source) {
            flow.kind = Kind::Bound(source);
            self.open(flow);
        }
    }

    /// A link goes down, and the flows on it or from it with it.
    pub fn down(&mut self, ifindex: u32) {
        let link = self.kernel.links[&ifindex].clone();
        let on_it = |way: Option<Way>| way.is_some_and(|way| way.ifindex == ifindex);
        self.flows.retain(|flow| match flow.kind {
            Kind::Bound(source) => {
                !on_it(flow.home) && !link.addresses.iter().any(|(own, _)| *own == source)
            }
            Kind::Wildcard(_) => !on_it(flow.home),
            Kind::Forwarded(..) => true,
        });
        self.kernel.link_down(ifindex);
    }

    pub fn family(&self) -> Family {
        self.kernel.family
    }
}
