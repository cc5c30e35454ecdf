//! What the actor learns from around it after its own writes: whether the network still answers
//! through our routes, what an uplink costs in money, who undid our work, that the machine woke up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use evenkeel_core::plan::{Family, target_in};
use evenkeel_core::steer::PathState;
use evenkeel_dbus::{HelperError, Reason};

use super::Actor;
use super::reconcile::FAMILIES;
use crate::confirm::{Question, Unanswered, confirm};
use crate::host::{managers, metered};
use crate::kernel::survey::Metered;
use crate::plans::found;

/// An answer is there after 3.5 s; one that took so long says that we did not run meanwhile.
const HELD_UP: Duration = Duration::from_millis(4_500);

impl Actor {
    /// Asks gateways and anchors through our routes, while everything else goes on; once more
    /// afterwards, if they are being asked already.
    pub(super) fn begin_to_confirm(&mut self) {
        let mut questions = Vec::new();
        for family in FAMILIES {
            let found = found(&self.survey, family);
            let (Ok(plan), Some(target)) = (self.plans.get(family), target_in(&found.ours)) else {
                continue;
            };
            for uplink in &found.uplinks {
                let planned = plan.uplinks.get(&uplink.ifindex);
                let source = planned.and_then(|planned| planned.source);
                let first = uplink.addresses.first().map(|(address, _)| *address);
                let (Some(planned), Some(source)) = (planned, source.or(first)) else {
                    continue;
                };
                let alive = self.session.view(uplink.ifindex);
                let alive = alive.is_some_and(|path| path.state == PathState::Alive);
                let anchor = self.sampler.anchor(family == Family::V6);
                let probed = self.sampler.probing(uplink.ifindex);
                questions.push(Question {
                    ifindex: uplink.ifindex,
                    name: crate::view::interface_name(&self.survey, uplink.ifindex),
                    source,
                    gateway: planned.gateway,
                    anchor,
                    // The sampler probes one family only.
                    answered_before: alive && probed.is_some_and(|it| it.target == anchor),
                    is_target: uplink.ifindex == target,
                });
            }
        }
        if !self.inquiry.wrote(&questions) {
            return;
        }
        let tcp_port = self.sampler.tcp_port();
        self.confirming = Some(Box::pin(confirm(questions, tcp_port)));
        self.asked_at = Instant::now();
    }

    /// Nobody waits for the answer any more. True if what was written meanwhile is to be asked about.
    pub(super) fn stop_confirming(&mut self) -> bool {
        self.confirming = None;
        self.inquiry.ends()
    }

    /// The answer: everything is taken back if the network went silent.
    pub(super) async fn confirmed(&mut self, answer: Result<(), Unanswered>) {
        let again = self.stop_confirming();
        let Err(silent) = answer else {
            if again {
                self.begin_to_confirm();
            }
            return;
        };
        if self.asked_at.elapsed() > HELD_UP {
            // Stopped or starved meanwhile, so that answers may have come too late for us.
            self.begin_to_confirm();
            return;
        }
        if self.only_it_died(silent.ifindex) {
            log::info!("{silent}: the uplink itself is silent, the routes stay");
            if again {
                self.begin_to_confirm();
            }
            return;
        }
        let detail = silent.to_string();
        self.keeper
            .step_back(Reason::NotConfirmed, detail.clone(), true);
        self.reconcile_noting().await;
        self.note(HelperError::Kernel(format!(
            "{detail}; the routes were taken back"
        )));
        self.check_measurement().await;
        self.announce_leader();
        self.publish().await;
    }

    /// Whether this uplink went silent by itself meanwhile, while another one answers.
    fn only_it_died(&self, ifindex: u32) -> bool {
        let is_alive = |ifindex| {
            let path = self.session.view(ifindex);
            path.is_some_and(|path| path.state == PathState::Alive)
        };
        let mut others = self.survey.uplinks.iter().map(|uplink| uplink.ifindex);
        !is_alive(ifindex) && others.any(is_alive)
    }

    /// The machine slept: what the probes said before is old, and so may the routes be.
    pub(super) fn woke_up(&mut self) {
        self.session.reset();
        self.interrupt_measurement();
        if self.confirming.is_some() {
            self.stop_confirming();
            self.begin_to_confirm();
        }
        self.look_at = Some(Instant::now());
    }

    /// Asks what the uplinks cost, when the uplinks or somebody's word on them changed.
    pub(super) fn ask_metered(&mut self) {
        let uplinks = self.survey.uplinks.iter();
        let uplinks: Vec<(u32, String)> = uplinks
            .map(|uplink| (uplink.ifindex, uplink.name.clone()))
            .collect();
        let ifindexes: Vec<u32> = uplinks.iter().map(|(ifindex, _)| *ifindex).collect();
        if ifindexes == self.metered_asked && !self.metered_is_old {
            return;
        }
        self.metered_asked = ifindexes;
        self.metered_is_old = false;
        let connection = self.edges.connection.clone();
        self.asking_metered = Some(Box::pin(async move {
            metered::ask(&connection, &uplinks).await
        }));
    }

    /// The answer.
    pub(super) async fn metered_known(&mut self, known: BTreeMap<u32, Metered>) {
        self.asking_metered = None;
        if self.metered == known {
            return;
        }
        self.metered = known;
        self.reconcile_noting().await;
        self.announce_leader();
        self.publish().await;
    }

    /// Who last undid something of ours.
    pub(super) async fn undoer(&self) -> String {
        match self.undone_by {
            Some(port) => managers::name_of(&self.edges.connection, port).await,
            None => "another program".to_owned(),
        }
    }
}
