//! Makes the kernel what the leases want, and looks whether it still is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use evenkeel_core::ema::Factor;
use evenkeel_core::plan::{self, Family, steps, target_in};
use evenkeel_dbus::limits::{EMA_FACTOR_DEFAULT, UPLINK_COST_METERED};
use evenkeel_dbus::{Backend, HelperError, Reason};

use super::Actor;
use crate::keeper::{self, Wish};
use crate::kernel::backend::choose_backend;
use crate::kernel::error::DoorError;
use crate::kernel::sockets::{OpenSockets, SocketWatch};
use crate::kernel::survey::{Metered, Survey, survey};
use crate::kernel::sysctl::Knob;
use crate::lease::Wanted;
use crate::plans::{Plans, found};
use crate::spikes::watched;

pub(super) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];
/// How often what is kept for running connections is looked at: nobody reports their end.
const DRAIN_LOOK: Duration = Duration::from_secs(5);
/// After a step that the kernel refused, when to try again.
const RETRY: Duration = Duration::from_secs(1);

/// Why the kernel is compared with what is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked, or the leader changed.
    Wish,
    /// The kernel reported a change that wasn't ours.
    KernelChanged,
}

impl Actor {
    pub(super) fn backend(&self) -> (Backend, Reason) {
        choose_backend(&self.survey, &self.plans)
    }

    /// Probes are sent while somebody listens, or there is something to steer or to measure; else not.
    pub(super) fn follow_listeners(&mut self) {
        let steers = self.steers(&self.leases.wanted(), self.backend().0);
        if !self.feeds.is_empty() || steers || self.measuring.running.is_some() {
            self.sampler.start(&self.survey.uplinks);
            self.witness.follow(&watched(&self.survey.uplinks));
        } else if self.sampler.is_running() {
            self.sampler.stop();
            self.witness.follow(&[]);
            self.session.reset();
        }
        if self.feeds.is_empty() {
            self.figures.stop();
        }
        let ifindexes: Vec<u32> = self.survey.uplinks.iter().map(|u| u.ifindex).collect();
        let costs = self.costs(&self.leases.wanted());
        // A leader that is no longer there was announced by whoever looked again.
        let _ = self.session.set_uplinks(&ifindexes, &costs);
    }

    /// What each uplink costs that isn't neutral: what somebody set, or that it is metered.
    pub(super) fn costs(&self, wanted: &Wanted) -> BTreeMap<u32, u32> {
        let uplinks = self.survey.uplinks.iter();
        let metered = uplinks.filter(|uplink| uplink.metered == Metered::Yes);
        let mut costs: BTreeMap<u32, u32> = metered
            .map(|uplink| (uplink.ifindex, UPLINK_COST_METERED))
            .collect();
        costs.extend(&wanted.uplink_costs);
        costs
    }

    /// One look at the kernel; false, and noted, when that fails.
    pub(super) async fn look(&mut self) -> bool {
        match survey(&self.edges.roots).await {
            Ok(mut survey) => {
                mark_metered(&mut survey, &self.metered);
                self.plans = Plans::of(&survey, self.abilities);
                self.survey = survey;
                true
            }
            Err(error) => {
                self.note(HelperError::Kernel(format!(
                    "cannot read links and routes: {error}"
                )));
                false
            }
        }
    }

    pub(super) async fn look_again(&mut self) {
        self.look_at = None;
        self.looks = if self.was_quiet() { 1 } else { self.looks + 1 };
        self.looked = Some(Instant::now());
        if !self.look().await {
            return;
        }
        if let Err(error) = self.door.refresh().await {
            self.note(error.to_contract());
        }
        if let Err(error) = self.settle(Cause::KernelChanged).await {
            self.note(error.to_contract());
        }
        self.ask_metered();
        self.announce_leader();
        self.check_measurement().await;
        self.publish().await;
    }

    pub(super) async fn reconcile_noting(&mut self) {
        if let Err(error) = self.reconcile().await {
            self.note(error.to_contract());
        }
    }

    /// Looks, then makes the kernel what the leases want. Doing it twice is doing it once.
    pub(super) async fn reconcile(&mut self) -> Result<(), DoorError> {
        if self.look().await {
            self.settle(Cause::Wish).await
        } else {
            Ok(())
        }
    }

    /// Makes the kernel what the leases want, starting from the look just taken.
    async fn settle(&mut self, cause: Cause) -> Result<(), DoorError> {
        let wanted = self.leases.wanted();
        let backend = self.backend().0;
        let slider = if backend == Backend::Lowpower {
            None
        } else {
            wanted.ema_factor
        };
        self.session
            .set_slider(factor(slider.unwrap_or(EMA_FACTOR_DEFAULT)));
        self.follow_listeners();
        let knobs = [
            (Knob::EmaFactor, wanted.ema_factor),
            (Knob::PowerCost, wanted.power_cost),
        ];
        let mut wrote = false;
        for (knob, value) in knobs {
            wrote |= match value.filter(|_| backend == Backend::Lowpower) {
                Some(value) => self.door.set_sysctl(knob, i64::from(value))?,
                None => self.door.release_sysctl(knob)?,
            };
        }
        if wrote {
            self.door.renew_v6_routes().await;
        }
        if !wanted.game_mode {
            self.keeper.ended();
            self.homes = Default::default();
        }
        wrote |= self.settle_user_routes(&wanted, backend).await?;
        let settled = self.settle_objects(&wanted, backend, cause).await;
        let keeps = self.keeps_objects();
        self.watchdog
            .follow(!self.leases.is_empty() || keeps, Instant::now());
        wrote |= match settled {
            Ok(wrote) => wrote,
            Err(error) => {
                let _ = self.look().await;
                return Err(error);
            }
        };
        if wrote {
            // Our own writes are no news to the watch, so their effect is read back here.
            let _ = self.look().await;
            if self.leads() {
                self.begin_to_confirm();
            }
        }
        Ok(())
    }

    /// The weights of multipath routes that the user made. Says whether anything was written.
    async fn settle_user_routes(
        &mut self,
        wanted: &Wanted,
        backend: Backend,
    ) -> Result<bool, DoorError> {
        if wanted.game_mode && backend == Backend::Ecmp {
            // Before the first leader is known there is no reason to touch anybody's weights.
            let has_routes = !self.survey.routes.is_empty();
            if has_routes && (self.weighing || self.session.leader().is_some()) {
                self.weighing = true;
                return self.door.set_weights(&self.session.weights()).await;
            }
            return Ok(false);
        }
        if self.weighing || !wanted.game_mode {
            self.weighing = false;
            return self.door.release_routes().await;
        }
        Ok(false)
    }

    /// Routes and rules of our own. Says whether anything was written.
    async fn settle_objects(
        &mut self,
        wanted: &Wanted,
        backend: Backend,
        cause: Cause,
    ) -> Result<bool, DoorError> {
        let now = Instant::now();
        let steers = self.steers(wanted, backend) && self.plans.any();
        let wish = self.keeper.wish(steers, self.session.leader(), now);
        if !matches!(wish, Wish::Steer(_)) {
            self.applied = Default::default();
        }
        if !matches!(wish, Wish::Steer(_)) && !self.keeps_objects() {
            self.keeper.is_clear();
            self.edges.sockets = None;
            self.unpinned = [0; 2];
            return Ok(false);
        }
        let begins = !self.leads();
        let sockets = OpenSockets::look()
            .await
            .map_err(|error| DoorError::reading("sockets", &error))?;
        let mut wrote = false;
        for (at, family) in FAMILIES.into_iter().enumerate() {
            let there = found(&self.survey, family);
            let open = match family {
                Family::V4 => &sockets.v4,
                Family::V6 => &sockets.v6,
            };
            // What somebody took away says, too, who was where: pins above all.
            let undone = self.applied[at].difference(&there.ours).next().is_some();
            let mut known = there.clone();
            known.ours.extend(self.applied[at].iter().cloned());
            let plan = plan::plan(&known, self.abilities);
            let homes = &mut self.homes[at];
            homes.retain(|port, _| open.wildcard_udp_ports.contains(port));
            if let (Wish::Steer(_), Ok(plan)) = (wish, &plan) {
                known.ours.extend(keeper::at_home(plan, &known, homes));
            }
            let aim = keeper::aim(wish, &plan, &known, open);
            self.unpinned[at] = aim.left_out;
            let steps = steps(&there.ours, &aim.objects);
            if let (Wish::Steer(_), Ok(_)) = (wish, &plan) {
                keeper::note_homes(&mut self.homes[at], &aim, there, open);
                self.applied[at] = aim.objects;
            } else {
                self.applied[at].clear();
            }
            if steps.is_empty() {
                continue;
            }
            if cause == Cause::KernelChanged && undone && !self.keeper.may_repair(now) {
                return self.step_back_from_fight(wanted, backend).await;
            }
            log::debug!("IPv{}: {} steps", number(family), steps.len());
            wrote = true;
            let taken = self.door.take_steps(&steps).await.into_result();
            if taken.is_err() {
                self.look_by(now + RETRY);
            }
            taken?;
        }
        self.after_objects(wish, begins, now);
        Ok(wrote)
    }

    fn after_objects(&mut self, wish: Wish, begins: bool, now: Instant) {
        if self.edges.sockets.is_none() {
            match SocketWatch::open() {
                Ok(watch) => self.edges.sockets = Some(watch),
                Err(error) => log::warn!("ports stay pinned until the next change: {error}"),
            }
        }
        match wish {
            Wish::Steer(_) => {
                if begins {
                    let plans = [&self.plans.v4, &self.plans.v6];
                    let resilient = plans.into_iter().flatten().any(|plan| plan.resilient);
                    self.keeper.began(resilient, now);
                }
                if let Some(then) = self.keeper.next_change(now) {
                    self.look_by(then);
                }
            }
            Wish::Drain | Wish::Clear => {
                self.stop_confirming();
                self.keeper.drains(now);
                self.look_by(now + DRAIN_LOOK);
            }
        }
    }

    /// Somebody undoes what we do, again and again: let it be, and say who it is.
    async fn step_back_from_fight(
        &mut self,
        wanted: &Wanted,
        backend: Backend,
    ) -> Result<bool, DoorError> {
        let who = self.undoer().await;
        let (times, seconds) = (keeper::MAX_REPAIRS, keeper::REPAIR_WINDOW.as_secs());
        let detail =
            format!("{who} undid the routes and rules more than {times} times in {seconds} s");
        log::warn!("stepping back: {detail}");
        self.keeper.step_back(Reason::Undone, detail, false);
        // Not a fight any more: the wish has changed.
        Box::pin(self.settle_objects(wanted, backend, Cause::Wish)).await
    }

    /// Whether game mode steers: also with a single uplink left, while a default of ours leads to it.
    fn steers(&self, wanted: &Wanted, backend: Backend) -> bool {
        let goes_on = backend == Backend::Observe && self.leads() && self.plans.any();
        wanted.game_mode && (backend == Backend::Ecmp || goes_on)
    }

    /// True when anything of ours is in the kernel.
    pub(super) fn keeps_objects(&self) -> bool {
        FAMILIES
            .into_iter()
            .any(|family| !found(&self.survey, family).ours.is_empty())
    }

    /// True when a default of ours is in the kernel.
    pub(super) fn leads(&self) -> bool {
        FAMILIES
            .into_iter()
            .any(|family| target_in(&found(&self.survey, family).ours).is_some())
    }
}

/// Fills in what the kernel doesn't know of the uplinks.
fn mark_metered(survey: &mut Survey, known: &BTreeMap<u32, Metered>) {
    for uplink in &mut survey.uplinks {
        uplink.metered = known.get(&uplink.ifindex).copied().unwrap_or_default();
    }
}

fn factor(value: u32) -> Factor {
    Factor::new(i64::from(value)).unwrap_or(Factor::HALF)
}

/// 4 or 6.
pub(super) fn number(family: Family) -> u32 {
    match family {
        Family::V4 => 4,
        Family::V6 => 6,
    }
}
