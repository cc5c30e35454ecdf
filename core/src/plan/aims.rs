//! The two aims a family can have: new flows on an uplink of choice, or game mode over with the
//! running flows left where they are. Both are worked out from the kernel's state alone, so that
//! nothing has to be remembered over a crash.

use std::collections::BTreeSet;

use super::decide::{Plan, main_rule, planned, system_uplink};
use super::model::{AS_THE_SYSTEM, Found, Object, Selector, Sockets};
use super::pins::{Led, led, pins_for};
use super::slots;

/// What shall be in the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aim {
    /// Everything of ours; for [`steps`](super::steps).
    pub objects: BTreeSet<Object>,
    /// How many running sockets may move on the way there, as [`Pins::left_out`](super::Pins)
    /// counts them.
    pub left_out: usize,
}

impl Plan {
    /// New flows on `target` (by ifindex; the uplink in use if the plan has no such one), running
    /// ones where they are. `found` must be what the plan was made from, `sockets` read after it:
    /// a wildcard socket that is opened between that and the change isn't pinned.
    ///
    /// The uplink that unpinned wildcard sockets are on is read from our default in `found`, or is
    /// the system's own without one.
    pub fn towards(&self, target: u32, found: &Found, sockets: &Sockets) -> Aim {
        let target = self.target_or_in_use(target);
        let from = match led(&found.ours) {
            Led::Freely if self.spread.is_empty() => Some(self.in_use),
            Led::Freely => Some(AS_THE_SYSTEM),
            Led::To(ifindex) => Some(ifindex),
            Led::Apart => None,
        };
        let from = from.filter(|from| *from != target && self.leads_to(*from));
        let pins = pins_for(found, sockets, from);
        Aim {
            objects: self.objects(target, &pins),
            left_out: pins.left_out,
        }
    }
}

/// What has to stay of ours for a while when game mode ends: the source rules of addresses that a
/// socket uses, the pins of open wildcard ports, and what these need. Neither is kept for the
/// uplink of the system's own default, where the system's route does the same; with a default that is
/// spread over several uplinks, that is true of none. Ask again whenever
/// something changed; once nothing remains, all is as the system made it.
///
/// Nothing at all remains when it isn't an uplink any more that the system's default leaves by, or
/// somebody else made policy rules: that may be a VPN, and a connection must not go past it.
pub fn remains(found: &Found, sockets: &Sockets) -> Aim {
    let Ok(system) = system_uplink(found) else {
        return Aim::default();
    };
    if !found.foreign_rules.is_empty() {
        return Aim::default();
    }
    let alone = system.alone();
    let slots = slots::known(found);
    let from = match led(&found.ours) {
        Led::To(from) if Some(from) != alone && slots.contains_key(&from) => Some(from),
        Led::To(_) | Led::Freely | Led::Apart => None,
    };
    let pins = pins_for(found, sockets, from);
    let mut objects = BTreeSet::new();
    for uplink in &found.uplinks {
        let slot = slots.get(&uplink.ifindex);
        let Some(slot) = slot.filter(|_| Some(uplink.ifindex) != alone) else {
            continue;
        };
        let Ok(planned) = planned(found.family, uplink, *slot) else {
            continue;
        };
        let mut rules: Vec<Object> = planned
            .source_rules(found.family)
            .filter(|rule| found.ours.contains(rule) && is_used(rule, sockets))
            .collect();
        rules.extend(planned.pins(found.family, uplink.ifindex, &pins));
        if !rules.is_empty() {
            objects.insert(planned.route(found.family, uplink.ifindex));
            objects.extend(rules);
        }
    }
    if !objects.is_empty() {
        objects.insert(main_rule(found.family));
    }
    Aim {
        objects,
        left_out: pins.left_out,
    }
}

/// Whether a socket uses an address that the rule is about.
fn is_used(rule: &Object, sockets: &Sockets) -> bool {
    let Object::Rule(rule) = rule else {
        return false;
    };
    let Selector::From(prefix) = rule.selector else {
        return false;
    };
    let mut sources = sockets.sources.iter();
    sources.any(|source| prefix.contains(*source))
}
