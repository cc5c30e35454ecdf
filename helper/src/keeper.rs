//! What our own routes and rules shall be, over time: when they are steered, drained or taken away,
//! and when to stop repairing them. Pure: the actor looks, acts and tells the time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use evenkeel_core::plan::{
    Aim, Found, Object, Pins, Plan, Refusal, Sockets, pins_in, remains, target_in,
};
use evenkeel_dbus::Reason;

use crate::kernel::route::TABLE_MAIN;

/// Rules that running connections need are kept for at most so long after game mode.
pub const DRAIN_LIMIT: Duration = Duration::from_hours(1);
/// A resilient group leads to the uplink in use for so long, while live flows mark their buckets.
pub const STAGE: Duration = Duration::from_secs(3);
/// More repairs than this within [`REPAIR_WINDOW`] are a fight, and we are not the ones to win it.
pub const MAX_REPAIRS: usize = 20;
/// See [`MAX_REPAIRS`].
pub const REPAIR_WINDOW: Duration = Duration::from_mins(1);

/// What is wanted of our routes and rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// New flows on this uplink; `None` is the one in use.
    Steer(Option<u32>),
    /// Only what running connections need.
    Drain,
    /// Nothing, at once.
    Clear,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Keeper {
    staged_until: Option<Instant>,
    drain_until: Option<Instant>,
    repairs: VecDeque<Instant>,
    /// Why we stepped back; until game mode ends.
    stepped_back: Option<(Reason, String)>,
    /// Set by a step back that must not leave anything.
    at_once: bool,
}

impl Keeper {
    /// What is wanted now: `steers` when game mode is held and routes of ours are the means.
    pub fn wish(&self, steers: bool, leader: Option<u32>, now: Instant) -> Wish {
        if steers && self.stepped_back.is_none() {
            let staged = self.staged_until.is_some_and(|until| now < until);
            Wish::Steer(leader.filter(|_| !staged))
        } else if self.at_once || self.drain_until.is_some_and(|until| now >= until) {
            Wish::Clear
        } else {
            Wish::Drain
        }
    }

    /// Our first objects went in; a group has to be led to the uplink in use for a while.
    pub fn began(&mut self, resilient: bool, now: Instant) {
        self.staged_until = resilient.then_some(now + STAGE);
        self.drain_until = None;
        self.at_once = false;
    }

    /// When the wish changes by itself: the end of the stage.
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        self.staged_until.filter(|until| *until > now)
    }

    /// Only what connections need is left; the time that is given to them runs from the first call.
    pub fn drains(&mut self, now: Instant) {
        self.drain_until.get_or_insert(now + DRAIN_LIMIT);
        self.staged_until = None;
    }

    /// Nothing of ours is left.
    pub fn is_clear(&mut self) {
        self.drain_until = None;
        self.staged_until = None;
        self.at_once = false;
    }

    /// Everything shall go now, connections or not.
    pub fn clear_at_once(&mut self) {
        self.at_once = true;
    }

    /// Game mode has ended: what made us step back is forgotten.
    pub fn ended(&mut self) {
        self.stepped_back = None;
        self.repairs.clear();
    }

    /// Something of ours was missing or changed and is about to be mended. False when that happens
    /// too often; then step back.
    #[must_use]
    pub fn may_repair(&mut self, now: Instant) -> bool {
        while self
            .repairs
            .front()
            .is_some_and(|then| now.duration_since(*then) > REPAIR_WINDOW)
        {
            let _ = self.repairs.pop_front();
        }
        self.repairs.push_back(now);
        self.repairs.len() <= MAX_REPAIRS
    }

    /// Steers no more until game mode ends. `at_once` leaves nothing for running connections.
    pub fn step_back(&mut self, reason: Reason, detail: String, at_once: bool) {
        self.stepped_back = Some((reason, detail));
        self.at_once = at_once;
    }

    /// Why we stepped back.
    pub fn stepped_back(&self) -> Option<&(Reason, String)> {
        self.stepped_back.as_ref()
    }

    /// Seconds that running connections are still given.
    pub fn seconds_left(&self, now: Instant) -> u32 {
        let until = self.drain_until.unwrap_or(now);
        until.saturating_duration_since(now).as_secs() as u32
    }
}

/// What shall be in the kernel for one family.
pub fn aim(wish: Wish, plan: &Result<Plan, Refusal>, found: &Found, sockets: &Sockets) -> Aim {
    match (wish, plan) {
        (Wish::Steer(target), Ok(plan)) => {
            plan.towards(target.unwrap_or(plan.in_use), found, sockets)
        }
        (Wish::Steer(_), Err(_)) | (Wish::Drain, _) => remains(found, sockets),
        (Wish::Clear, _) => Aim::default(),
    }
}

/// The pins, with the tables they lead to, of ports whose home is known and isn't where our default
/// in the kernel leads: for [`Plan::towards`] to find as if they were there. Homes on an uplink that is
/// away wait until it is back.
pub fn at_home(plan: &Plan, known: &Found, homes: &BTreeMap<u16, u32>) -> BTreeSet<Object> {
    let led = target_in(&known.ours);
    let away = |(_, home): &(&u16, &u32)| plan.leads_to(**home) && Some(**home) != led;
    let ports: BTreeMap<u16, u32> = homes
        .iter()
        .filter(away)
        .map(|(port, home)| (*port, *home))
        .collect();
    if ports.is_empty() {
        return BTreeSet::new();
    }
    let pins = Pins {
        ports,
        ..Pins::default()
    };
    let mut objects = plan.objects(plan.in_use, &pins);
    // Where new flows go, and with what, is not for this to say.
    objects.retain(|object| match object {
        Object::Route(route) => route.table != TABLE_MAIN,
        Object::Rule(_) => true,
        Object::Nexthop(_) | Object::Group(_) => false,
    });
    objects
}

/// Notes where each open wildcard port is, once the aim is reached.
pub fn note_homes(homes: &mut BTreeMap<u16, u32>, aim: &Aim, found: &Found, sockets: &Sockets) {
    let Some(target) = target_in(&aim.objects) else {
        return;
    };
    let reached = Found {
        ours: aim.objects.clone(),
        ..found.clone()
    };
    let pins = pins_in(&reached).ports;
    for port in &sockets.wildcard_udp_ports {
        match pins.get(port) {
            Some(pinned) => drop(homes.insert(*port, *pinned)),
            None => drop(homes.entry(*port).or_insert(target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_leads_to_the_uplink_in_use_until_the_stage_is_over() {
        let start = Instant::now();
        let mut keeper = Keeper::default();
        keeper.began(true, start);
        assert_eq!(keeper.wish(true, Some(3), start), Wish::Steer(None));
        assert_eq!(keeper.next_change(start), Some(start + STAGE));
        assert_eq!(
            keeper.wish(true, Some(3), start + STAGE),
            Wish::Steer(Some(3))
        );
        keeper.began(false, start);
        assert_eq!(keeper.wish(true, Some(3), start), Wish::Steer(Some(3)));
    }

    #[test]
    fn connections_are_given_their_time_and_no_more() {
        let start = Instant::now();
        let mut keeper = Keeper::default();
        keeper.drains(start);
        keeper.drains(start + DRAIN_LIMIT / 2);
        assert_eq!(keeper.wish(false, None, start), Wish::Drain);
        assert_eq!(keeper.seconds_left(start), 3600);
        assert_eq!(keeper.wish(false, None, start + DRAIN_LIMIT), Wish::Clear);
        keeper.is_clear();
        assert_eq!(keeper.wish(false, None, start + DRAIN_LIMIT), Wish::Drain);
    }

    #[test]
    fn the_twenty_first_repair_in_a_minute_is_one_too_many() {
        let start = Instant::now();
        let mut keeper = Keeper::default();
        for second in 0..20 {
            assert!(keeper.may_repair(start + Duration::from_secs(second)));
        }
        assert!(!keeper.may_repair(start + Duration::from_secs(20)));
        let mut calm = Keeper::default();
        for minute in 0..100 {
            assert!(calm.may_repair(start + Duration::from_secs(minute * 4)));
        }
    }

    #[test]
    fn having_stepped_back_lasts_until_game_mode_ends() {
        let now = Instant::now();
        let mut keeper = Keeper::default();
        keeper.step_back(Reason::Undone, "by somebody".into(), false);
        assert_eq!(keeper.wish(true, Some(2), now), Wish::Drain);
        keeper.ended();
        assert_eq!(keeper.wish(true, Some(2), now), Wish::Steer(Some(2)));
        keeper.step_back(Reason::NotConfirmed, String::new(), true);
        assert_eq!(keeper.wish(true, Some(2), now), Wish::Clear);
    }
}
