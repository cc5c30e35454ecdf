//! What the actor does for a measurement: begins it, puts its arms in force in turn, pauses it while
//! something stands in its way, and puts back what it held. When what is due is
//! [`Course`](crate::measure::course::Course)'s to say.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::{Instant, SystemTime};

use evenkeel_core::ab::Arm;
use evenkeel_core::ab::draw::Draws;
use evenkeel_core::plan::Family;
use evenkeel_dbus::HelperError;
use evenkeel_dbus::measurement::{MeasurementReason as Reason, Subject};

use super::Actor;
use crate::kernel::error::DoorError;
use crate::lease::Caller;
use crate::measure::course::{Course, Order};
use crate::measure::flow::{Flow, Targets, Way};
use crate::measure::object::{Board, Passport, withdraw};
use crate::measure::wish::Wish;
use crate::measure::{Happened, Running, Shared, Ways, path, shown};
use crate::request::{Answer, Touch};
use evenkeel_evidence::monotonic_ns;

/// What stands in the way of a measurement.
enum Obstacle {
    /// Nothing does.
    None,
    /// Something that may pass.
    Passing(Reason),
    /// Something that makes it worthless.
    Fatal(Reason),
}

impl Actor {
    pub(super) async fn start_measurement(
        &mut self,
        caller: &Caller,
        wish: Wish,
    ) -> Result<Answer, HelperError> {
        self.look_again().await;
        self.require_measurable(&wish).await?;
        let passport = Passport {
            number: self.measuring.next_number(),
            uid: caller.uid,
            wish,
            seed: RandomState::new().build_hasher().finish(),
            started_at: unix_seconds(),
        };
        let now = Instant::now();
        let course = Course::new(wish.plan(), passport.seed, now);
        let (connection, desk) = (&self.edges.connection, self.edges.desk.clone());
        let first = shown(&course, now, monotonic_ns());
        let board = Board::export(connection, desk, passport, first).await?;
        self.leases.measure(caller.uid, &[]);
        self.measuring.running = Some(Running {
            number: passport.number,
            uid: caller.uid,
            wish,
            course,
            board,
            seed: passport.seed,
            began: now,
            flow: None,
            in_force: None,
            other_steering: None,
            shared: Shared::of(self.leases.wanted_by_others()),
            ways: Ways::of(&self.survey),
        });
        log::info!("measurement {} begins: {:?}", passport.number, wish.asked());
        let path = path(passport.number).try_into();
        path.map(Answer::Measurement)
            .map_err(|error: zbus::Error| error.into())
    }

    async fn require_measurable(&mut self, wish: &Wish) -> Result<(), HelperError> {
        if self.measuring.running.is_some() {
            return Err(HelperError::LimitsExceeded(
                "something is being measured already; nothing was changed, wait for its end or \
                 cancel it"
                    .into(),
            ));
        }
        for ifindex in wish.named_uplinks() {
            self.require_uplink(ifindex).await?;
        }
        let (backend, reason) = self.backend();
        let routes = [
            (Family::V4, self.plans.v4.as_ref().ok()),
            (Family::V6, self.plans.v6.as_ref().ok()),
        ];
        let holders = self.leases.wanted_by_others().holders.len();
        wish.check((backend, reason.words()), routes, holders)
    }

    pub(super) async fn touch_measurement(
        &mut self,
        caller: &Caller,
        number: u64,
        touch: Touch,
    ) -> Result<Answer, HelperError> {
        let ended = || {
            let text = format!("measurement {number} has ended or is gone; nothing was changed");
            HelperError::NotSupported(text)
        };
        let running = self.measuring.running.as_mut();
        let running = running.filter(|running| running.number == number);
        match touch {
            Touch::Blocks | Touch::Samples if running.is_some() => Err(HelperError::Busy(
                "it is still being measured; looking early would make false alarms, wait for the \
                 end"
                .into(),
            )),
            Touch::Blocks => self
                .measuring
                .blocks(number)
                .map(Answer::Blocks)
                .ok_or_else(ended),
            Touch::Samples => {
                let samples = self.measuring.samples(number, caller.uid);
                samples.map(Answer::Samples).ok_or_else(ended)
            }
            Touch::Pause | Touch::Resume | Touch::Cancel => {
                let running = running.ok_or_else(ended)?;
                if running.uid != caller.uid {
                    return Err(HelperError::NotAuthorized(format!(
                        "measurement {number} belongs to another user; nothing was changed"
                    )));
                }
                let now = Instant::now();
                match touch {
                    Touch::Pause => running.course.ask_to_pause(true, now),
                    Touch::Resume => running.course.ask_to_pause(false, now),
                    _ => running.course.cancel(),
                }
                self.follow_measurement()
                    .await
                    .map_err(|error| error.to_contract())?;
                Ok(Answer::Done)
            }
        }
    }

    /// Something happened to a measurement by itself.
    pub(super) async fn measured(&mut self, happened: Happened) {
        match happened {
            Happened::Heard(outcome) => {
                if let Some(running) = &mut self.measuring.running {
                    running.course.heard(outcome);
                }
            }
            Happened::Due => {}
            Happened::Expired => {
                for number in self.measuring.expire(Instant::now()) {
                    withdraw(&self.edges.connection, number).await;
                }
                self.publish().await;
                return;
            }
        }
        self.follow_measurement_noting().await;
    }

    /// Ends the measurement of this caller's user; what it held is put back with the rest.
    pub(super) fn end_measurement_of(&mut self, caller: &Caller) {
        if let Some(running) = &mut self.measuring.running
            && running.uid == caller.uid
        {
            running.course.cancel();
            self.leases.end_measurement();
        }
    }

    /// What was under way is worthless, as after a sleep.
    pub(super) fn interrupt_measurement(&mut self) {
        if let Some(running) = &mut self.measuring.running {
            running.course.interrupt(Instant::now());
        }
    }

    /// Looks whether anything stands in a measurement's way, after whatever may have put it there.
    pub(super) async fn check_measurement(&mut self) {
        let now = Instant::now();
        let obstacle = self.obstacle();
        let Some(running) = &mut self.measuring.running else {
            return;
        };
        match obstacle {
            Obstacle::None => running.course.hold_up(None, now),
            Obstacle::Passing(why) => running.course.hold_up(Some(why), now),
            Obstacle::Fatal(why) => running.course.fail(why),
        }
        self.follow_measurement_noting().await;
    }

    fn obstacle(&self) -> Obstacle {
        let Some(running) = &self.measuring.running else {
            return Obstacle::None;
        };
        let others = self.leases.wanted_by_others();
        let subject = running.wish.subject();
        let game_mode_held = others.game_mode && subject == Subject::GameMode;
        let only_bound = subject == Subject::Uplinks;
        if !only_bound && Shared::of(others) != running.shared {
            Obstacle::Fatal(Reason::SettingChanged)
        } else if running.in_force.is_some() && self.keeper.stepped_back().is_some() {
            Obstacle::Fatal(Reason::SteppedBack)
        } else if Ways::of(&self.survey) != running.ways {
            Obstacle::Passing(Reason::UplinksChanged)
        } else if game_mode_held {
            Obstacle::Passing(Reason::GameModeHeld)
        } else {
            Obstacle::None
        }
    }

    async fn follow_measurement_noting(&mut self) {
        if let Err(error) = self.follow_measurement().await {
            self.note(error.to_contract());
            self.publish().await;
        }
    }

    /// Does what is due now, until there is nothing to be done before something else happens.
    async fn follow_measurement(&mut self) -> Result<(), DoorError> {
        loop {
            let now = Instant::now();
            let Some(running) = &mut self.measuring.running else {
                return Ok(());
            };
            let order = running.course.next(now);
            if !running.course.is_under_way() {
                return self.release_measurement().await;
            }
            match order {
                Order::Wait => return Ok(()),
                Order::Send => {
                    let sent = running.flow.as_mut().map(Flow::send);
                    match sent {
                        Some(sent) => running.course.sent(sent, now),
                        None => running.course.interrupt(now),
                    }
                }
                Order::Switch(arm) => {
                    if let Err(error) = self.switch_to(arm).await {
                        if let Some(running) = &mut self.measuring.running {
                            running.course.fail(Reason::Refused);
                        }
                        self.release_measurement().await?;
                        return Err(error);
                    }
                    self.begin_block(arm);
                    self.publish().await;
                }
            }
        }
    }

    /// Puts an arm in force.
    async fn switch_to(&mut self, arm: Arm) -> Result<(), DoorError> {
        let backend = self.backend().0;
        let Some(running) = &mut self.measuring.running else {
            return Ok(());
        };
        running.flow = None;
        if running.in_force == Some(arm) {
            return Ok(());
        }
        running.in_force = Some(arm);
        if running.wish.has_two_steerings(backend) {
            let session = &mut self.session;
            let (of, other) = running
                .other_steering
                .get_or_insert_with(|| (arm.other(), session.clone()));
            if *of == arm {
                std::mem::swap(session, other);
                *of = arm.other();
            }
        }
        let (uid, changes) = (running.uid, running.wish.changes(arm, backend));
        self.leases.measure(uid, &changes);
        self.reconcile().await?;
        self.announce_leader();
        Ok(())
    }

    fn begin_block(&mut self, arm: Arm) {
        let targets = Targets {
            v4: self.sampler.anchor(false),
            v6: self.sampler.anchor(true),
            tcp_port: self.sampler.tcp_port(),
        };
        let Some(running) = &mut self.measuring.running else {
            return;
        };
        // The same destination for both blocks of a pair.
        let pair = u64::from(running.course.pair());
        let draw = Draws::new(running.seed.wrapping_add(pair)).next_u64();
        let way = running
            .wish
            .bound_to(arm)
            .map_or(Way::NewFlow(draw), Way::Uplink);
        let flow = Flow::open(way, &self.survey.uplinks, targets);
        running.course.began(arm, flow.ifindex(), Instant::now());
        running.flow = Some(flow);
    }

    /// Puts back what a measurement that is not under way holds, and keeps what one that has ended
    /// found.
    async fn release_measurement(&mut self) -> Result<(), DoorError> {
        let Some(running) = &mut self.measuring.running else {
            return Ok(());
        };
        let held = running.in_force.take().is_some();
        running.flow = None;
        running.other_steering = None;
        let (uid, has_ended) = (running.uid, running.course.end().is_some());
        if !held && !has_ended {
            return Ok(());
        }
        if has_ended {
            self.leases.end_measurement();
        } else {
            self.leases.measure(uid, &[]);
        }
        let released = self.reconcile().await;
        self.announce_leader();
        if has_ended {
            self.show_measurement().await;
            self.file_measurement().await;
        }
        self.follow_listeners();
        self.publish().await;
        released
    }

    /// Moves a measurement that has ended to the others.
    async fn file_measurement(&mut self) {
        let Some(running) = self.measuring.running.take() else {
            return;
        };
        let (number, end) = (running.number, running.course.end());
        log::info!(
            "measurement {number} has ended: {end:?}, {:?}",
            running.course.judged()
        );
        for number in self.measuring.keep(&running, Instant::now()) {
            withdraw(&self.edges.connection, number).await;
        }
    }

    /// Shows on the bus how far it is.
    pub(super) async fn show_measurement(&self) {
        let Some(running) = &self.measuring.running else {
            return;
        };
        let now = shown(&running.course, Instant::now(), monotonic_ns());
        if let Err(error) = running.board.show(now).await {
            log::warn!("the bus did not take a measurement's change: {error}");
        }
    }
}

fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}
