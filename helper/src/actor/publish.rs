//! What the actor tells: the state on the bus, leaders and estimates on the feed, errors in the log.

use std::collections::BTreeMap;
use std::time::Instant;

use evenkeel_core::plan::{Family, Object, Sockets, pins_in, steps, target_in};
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::limits::EMA_FACTOR_DEFAULT;
use evenkeel_dbus::{
    Backend, Draining, FamilyInfo, HelperError, PlanStep, Reason, UplinkInfo, Way,
};
use evenkeel_evidence::monotonic_ns;

use super::Actor;
use super::reconcile::number;
use crate::kernel::door::objects::interface_name;
use crate::kernel::survey::Uplink;
use crate::plans::{found, reason};
use crate::public::PublicState;
use crate::session::uplink_state;
use crate::view;

impl Actor {
    pub(super) fn note(&mut self, error: HelperError) {
        if self.last_error.as_ref() != Some(&error) {
            log::warn!("{}", error.message());
            self.last_error = Some(error);
        }
    }

    pub(super) fn announce_leader(&mut self) {
        let (ifindex, game_mode) = (
            self.session.leader(),
            self.leases.wanted_by_others().game_mode,
        );
        if self.announced != Some((ifindex, game_mode)) {
            self.announced = Some((ifindex, game_mode));
            self.feeds.push(Record::Leader {
                ifindex,
                at_ns: monotonic_ns(),
                game_mode,
            });
        }
    }

    pub(super) fn push_estimates(&mut self) {
        let shares = view::shares(&self.survey);
        let at_ns = monotonic_ns();
        for uplink in &self.survey.uplinks {
            let Some(path) = self.session.view(uplink.ifindex) else {
                continue;
            };
            self.feeds.push(Record::Estimate {
                ifindex: uplink.ifindex,
                at_ns,
                state: uplink_state(path.state),
                share_permille: shares.get(&uplink.ifindex).copied().unwrap_or(0),
                rtt_ns: path.level_ns.unwrap_or(0),
                jitter_ns: path.fast_jitter_ns,
                slow_jitter_ns: path.slow_jitter_ns,
            });
        }
    }

    /// Each IP version, and what is in force in it.
    fn families(&self) -> Vec<FamilyInfo> {
        let each = [
            (Family::V4, self.unpinned[0]),
            (Family::V6, self.unpinned[1]),
        ];
        each.map(|(family, unpinned)| self.family(family, unpinned))
            .into()
    }

    fn family(&self, family: Family, unpinned: usize) -> FamilyInfo {
        let found = found(&self.survey, family);
        let name = interface_name;
        let users = view::has_user_default(&self.survey, family);
        let (way, why, detail) = match (self.plans.get(family), self.keeper.stepped_back()) {
            (Ok(_), Some((reason, detail))) => (Way::None, *reason, detail.clone()),
            (Ok(plan), None) if plan.resilient => (Way::Group, Reason::Ready, String::new()),
            (Ok(_), None) => (Way::Single, Reason::Ready, String::new()),
            (Err(_), _) if users => (Way::UserRoute, Reason::Ready, String::new()),
            (Err(refusal), _) => (Way::None, reason(refusal), refusal.words(&name)),
        };
        FamilyInfo {
            family: number(family),
            way: way.to_wire(),
            reason: why.to_wire(),
            detail,
            in_force: match way {
                Way::UserRoute => self.weighing,
                _ => target_in(&found.ours).is_some(),
            },
            pinned: pins_in(found).ports.len() as u32,
            unpinned: unpinned as u32,
        }
    }

    /// What entering game mode would do to the routes. No port is pinned at first: new flows begin
    /// on the uplink in use, where the old ones are.
    fn plan(&self) -> Vec<PlanStep> {
        if self.backend().0 != Backend::Ecmp || self.leads() {
            return Vec::new();
        }
        let name = |ifindex| view::interface_name(&self.survey, ifindex);
        let plans = [&self.plans.v4, &self.plans.v6].into_iter().flatten();
        let mut all = Vec::new();
        for plan in plans {
            let found = found(&self.survey, plan.family);
            let aim = plan.towards(plan.in_use, found, &Sockets::default());
            all.extend(
                steps(&found.ours, &aim.objects)
                    .iter()
                    .map(|step| PlanStep {
                        family: number(plan.family),
                        step: step.words(&name),
                    }),
            );
        }
        all
    }

    /// What is kept for running connections.
    fn draining(&self) -> Draining {
        let ours = self.survey.v4.ours.iter().chain(&self.survey.v6.ours);
        let rules = ours.filter(|object| matches!(object, Object::Rule(_)));
        if self.leads() {
            return Draining::default();
        }
        Draining {
            rules: rules.count() as u32,
            seconds_left: self.keeper.seconds_left(Instant::now()),
        }
    }

    fn uplinks(&self, costs: &BTreeMap<u32, u32>, set: &BTreeMap<u32, u32>) -> Vec<UplinkInfo> {
        let shares = view::shares(&self.survey);
        let shown = |uplink: &Uplink| {
            let probing = self.sampler.probing(uplink.ifindex);
            let mut info = view::uplink(uplink, &self.session, probing, &shares, costs);
            info.cost_reason = view::cost_reason(uplink, set).to_wire();
            self.figures.show(&mut info);
            info
        };
        self.survey.uplinks.iter().map(shown).collect()
    }

    /// Nothing is held, nobody listens, nothing of ours is in the kernel: nothing would be missed.
    pub fn is_idle(&self) -> bool {
        let mut ours = [&self.survey.v4, &self.survey.v6].into_iter();
        self.leases.is_empty()
            && self.feeds.is_empty()
            && self.measuring.is_idle()
            && self.confirming.is_none()
            && ours.all(|found| found.ours.is_empty())
    }

    /// Shows the state of now on the bus.
    pub async fn publish(&mut self) {
        // A measurement's turns come and go by themselves; what people set is what they are shown.
        let wanted = self.leases.wanted_by_others();
        let slider = wanted.ema_factor.unwrap_or(EMA_FACTOR_DEFAULT);
        let captured = self.door.status(&self.survey.routes).into_iter();
        let own = [&self.survey.v4, &self.survey.v6].into_iter();
        let own = own.filter_map(|found| view::own_routes(&self.survey, found));
        let state = PublicState {
            families: self.families(),
            plan: self.plan(),
            draining: self.draining(),
            uplinks: self.uplinks(&self.costs(&wanted), &wanted.uplink_costs),
            leader: self.session.leader().unwrap_or(0),
            game_mode: wanted.game_mode,
            game_mode_holders: wanted.holders,
            sampling: self.sampler.is_running(),
            probe_period_ms: self.sampler.period_ms(),
            measurements: self.measuring.paths(),
            tunables: captured.map(view::tunable).chain(own).collect(),
            idle: self.is_idle(),
            last_error: self
                .last_error
                .as_ref()
                .map(view::error)
                .unwrap_or_default(),
            ..view::kernel(&self.survey, self.backend(), slider)
        };
        if let Err(error) = self
            .edges
            .public
            .publish(state, &self.edges.interface)
            .await
        {
            log::warn!("the bus did not take a property change: {error}");
        }
        self.show_measurement().await;
    }
}
