//! The one owner of all state. Everything that happens comes here as an [`Event`], one at a time:
//! a request from the bus, a client's end, a probe's outcome, a change in the kernel. What is
//! wanted is decided in [`crate::lease`], who leads in [`crate::session`]; this only carries it
//! out, through [`Door`].

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use evenkeel_core::ema::Factor;
use evenkeel_core::steer::{Change as Decision, Sample};
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::limits::EMA_FACTOR_DEFAULT;
use evenkeel_dbus::{Backend, HelperError, UplinkInfo};
use tokio::sync::mpsc;
use zbus::object_server::InterfaceRef;

use crate::clients::Clients;
use crate::feed::Feeds;
use crate::interface::Helper;
use crate::kernel::Roots;
use crate::kernel::backend::choose_backend;
use crate::kernel::door::Door;
use crate::kernel::error::{DoorError, NetlinkError};
use crate::kernel::survey::{Survey, Uplink, survey};
use crate::kernel::sysctl::Knob;
use crate::kernel::watch::Watch;
use crate::lease::{Caller, Change, Leases, Wanted};
use crate::public::{Public, PublicState};
use crate::request::{Answer, Ask, Request};
use crate::sampler::{Heard, Sampler, monotonic_ns};
use crate::session::{Session, uplink_state};
use crate::view;
use crate::watchdog::Watchdog;

/// Changes in the kernel come in bursts; one look a moment after the first is enough.
const DEBOUNCE: Duration = Duration::from_millis(300);

enum Event {
    Request(Request),
    ClientGone(String),
    Heard(Heard),
    KernelChanged,
    LookAgain,
    FramesDue,
    SignOfLifeDue,
}

/// Where events come from and where the state goes to.
pub struct Edges {
    /// Where the kernel's files and ours are.
    pub roots: Roots,
    /// The exported object, for its signals.
    pub interface: InterfaceRef<Helper>,
    /// What it shows.
    pub public: Public,
    /// What it asks.
    pub requests: mpsc::Receiver<Request>,
    /// The watches over bus names.
    pub clients: Clients,
    /// The names that left.
    pub departures: mpsc::UnboundedReceiver<String>,
    /// The kernel's notifications.
    pub watch: Watch,
}

/// See the module.
pub struct Actor {
    edges: Edges,
    door: Door,
    survey: Survey,
    sampler: Sampler,
    session: Session,
    leases: Leases,
    feeds: Feeds,
    watchdog: Watchdog,
    /// When to look at the kernel again, after it said that something changed.
    look_at: Option<Instant>,
    /// True once this hold of game mode has written weights.
    steering: bool,
    /// The leader and the game mode that the listeners were told last.
    announced: Option<(Option<u32>, bool)>,
    last_error: Option<HelperError>,
}

impl Actor {
    /// An actor that holds nothing and that nobody listens to.
    pub fn new(
        edges: Edges,
        door: Door,
        survey: Survey,
        sampler: Sampler,
        session: Session,
    ) -> Self {
        Self {
            edges,
            door,
            survey,
            sampler,
            session,
            leases: Leases::default(),
            feeds: Feeds::default(),
            watchdog: Watchdog::default(),
            look_at: None,
            steering: false,
            announced: None,
            last_error: None,
        }
    }

    /// Handles one event after another, for ever.
    pub async fn run(&mut self) {
        self.publish().await;
        loop {
            match self.next_event().await {
                Event::Request(request) => self.answer(request).await,
                Event::ClientGone(name) => self.client_gone(&name).await,
                Event::Heard(heard) => self.heard(heard).await,
                Event::KernelChanged => {
                    self.look_at
                        .get_or_insert_with(|| Instant::now() + DEBOUNCE);
                }
                Event::LookAgain => self.look_again().await,
                Event::FramesDue => {
                    let closed = self.feeds.flush(Instant::now());
                    self.listeners_left(&closed).await;
                }
                Event::SignOfLifeDue => self.watchdog.sign(Instant::now()),
            }
        }
    }

    /// Puts everything back, for a stop. Returns a line for the log about each thing put back.
    ///
    /// # Errors
    /// The first failure; everything was tried.
    pub async fn stop(&mut self) -> Result<Vec<String>, DoorError> {
        self.sampler.stop();
        self.door.restore_all().await
    }

    async fn next_event(&mut self) -> Event {
        loop {
            let frames_due = self.feeds.next_due();
            let look_at = self.look_at;
            let sign_due = self.watchdog.due();
            tokio::select! {
                biased;
                Some(name) = self.edges.departures.recv() => return Event::ClientGone(name),
                Some(request) = self.edges.requests.recv() => return Event::Request(request),
                heard = self.sampler.next() => return Event::Heard(heard),
                () = until(frames_due) => return Event::FramesDue,
                () = until(look_at) => return Event::LookAgain,
                () = until(sign_due) => return Event::SignOfLifeDue,
                changed = self.edges.watch.changed() => match changed {
                    Ok(_) => return Event::KernelChanged,
                    Err(error) => self.reopen_watch(&error).await,
                },
            }
        }
    }

    /// A broken watch is replaced; while that fails, the kernel is looked at at each request only.
    async fn reopen_watch(&mut self, error: &NetlinkError) {
        log::warn!("watching the kernel failed, beginning anew: {error}");
        tokio::time::sleep(Duration::from_secs(1)).await;
        match Watch::open(self.door.netlink_port()) {
            Ok(watch) => self.edges.watch = watch,
            Err(error) => log::error!("{error}"),
        }
        self.look_at = Some(Instant::now());
    }

    async fn answer(&mut self, request: Request) {
        let Request { caller, ask, reply } = request;
        let answer = self.carry_out(&caller, ask).await;
        if let Err(error) = &answer {
            log::info!(
                "{ask:?} of user {} refused: {}",
                caller.uid,
                error.message()
            );
        }
        let _ = reply.send(answer);
        self.forget_idle_clients();
        self.follow_listeners();
        self.publish().await;
    }

    async fn carry_out(&mut self, caller: &Caller, ask: Ask) -> Result<Answer, HelperError> {
        match ask {
            Ask::Subscribe { max_hz } => self.subscribe(caller, max_hz).await.map(Answer::Feed),
            Ask::Hold { change, kept } => {
                self.hold(caller, kept, change).await.map(|()| Answer::Done)
            }
            Ask::LeaveGameMode => {
                self.leases.leave_game_mode(caller);
                self.reconcile()
                    .await
                    .map_err(|error| error.to_contract())?;
                self.announce_leader();
                Ok(Answer::Done)
            }
            Ask::Forget { ifindex } => {
                self.require_uplink(ifindex).await?;
                if let Some(decision) = self.session.forget(ifindex) {
                    self.carry_out_decision(decision).await;
                }
                Ok(Answer::Done)
            }
            Ask::Revert => {
                self.leases.revert(caller);
                self.reconcile()
                    .await
                    .map_err(|error| error.to_contract())?;
                self.announce_leader();
                Ok(Answer::Done)
            }
        }
    }

    async fn subscribe(&mut self, caller: &Caller, max_hz: u32) -> Result<OwnedFd, HelperError> {
        let socket = self
            .feeds
            .open(caller, max_hz, Instant::now())
            .map_err(|error| HelperError::LimitsExceeded(error.to_string()))?;
        self.watch_client(&caller.name).await?;
        // A new listener does not know yet what the others were told.
        self.announced = None;
        self.announce_leader();
        Ok(socket)
    }

    async fn hold(
        &mut self,
        caller: &Caller,
        kept: bool,
        change: Change,
    ) -> Result<(), HelperError> {
        self.require_possible(change).await?;
        if !kept {
            self.watch_client(&caller.name).await?;
        }
        let before = self.leases.clone();
        self.leases
            .hold(caller, kept, change)
            .map_err(|error| HelperError::LimitsExceeded(error.to_string()))?;
        if let Err(error) = self.reconcile().await {
            self.leases = before;
            if let Err(again) = self.reconcile().await {
                log::error!("taking back a failed change failed too: {again}");
            }
            return Err(error.to_contract());
        }
        self.last_error = None;
        if change == Change::GameMode {
            self.announce_leader();
        }
        Ok(())
    }

    async fn require_possible(&mut self, change: Change) -> Result<(), HelperError> {
        let (backend, reason) = choose_backend(&self.survey);
        match change {
            Change::GameMode if backend == Backend::Observe => {
                Err(HelperError::NotSupported(format!(
                    "there is nothing to steer: {}; nothing was changed",
                    view::reason(reason)
                )))
            }
            Change::PowerCost(_) if backend != Backend::Lowpower => Err(HelperError::NotSupported(
                "this kernel has no power cost weight; nothing was changed, set the cost of \
                     an uplink instead"
                    .into(),
            )),
            Change::UplinkCost { ifindex, .. } => self.require_uplink(ifindex).await,
            _ => Ok(()),
        }
    }

    /// Looks before it judges: an interface may have gone a moment ago.
    async fn require_uplink(&mut self, ifindex: u32) -> Result<(), HelperError> {
        self.look_again().await;
        if self
            .survey
            .uplinks
            .iter()
            .any(|uplink| uplink.ifindex == ifindex)
        {
            return Ok(());
        }
        Err(HelperError::OutOfRange(format!(
            "no uplink has the index {ifindex}; nothing was changed, see the list of uplinks"
        )))
    }

    async fn watch_client(&mut self, name: &str) -> Result<(), HelperError> {
        if !self.edges.clients.watch(name).await? {
            self.feeds.client_gone(name);
            return Err(HelperError::Busy("the caller has left the bus".into()));
        }
        Ok(())
    }

    async fn client_gone(&mut self, name: &str) {
        self.leases.client_gone(name);
        self.feeds.client_gone(name);
        self.edges.clients.forget(name);
        self.reconcile_noting().await;
        self.announce_leader();
        self.follow_listeners();
        self.publish().await;
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Outcome {
                ifindex,
                at_ns,
                rtt_ns,
                user_clock,
            } => {
                self.session.sample(ifindex, Sample::from(rtt_ns));
                self.feeds.push(Record::Sample {
                    ifindex,
                    at_ns,
                    rtt_ns,
                    user_clock,
                });
                let decision = self.session.settle();
                self.carry_out_decision(decision).await;
            }
            Heard::EpochEnded => {
                let decision = self.session.end_epoch();
                self.carry_out_decision(decision).await;
                self.push_estimates();
                if choose_backend(&self.survey).0 == Backend::Lowpower {
                    // Nobody reports a sysctl that somebody else writes.
                    self.look_again().await;
                }
                let closed = self.feeds.reap();
                self.listeners_left(&closed).await;
                self.publish().await;
            }
        }
    }

    async fn carry_out_decision(&mut self, decision: Decision) {
        if decision.weights_changed || decision.leader_changed {
            self.reconcile_noting().await;
            self.publish().await;
        }
        if decision.leader_changed {
            self.announce_leader();
        }
    }

    async fn listeners_left(&mut self, closed: &[String]) {
        if !closed.is_empty() {
            self.forget_idle_clients();
            self.follow_listeners();
            self.publish().await;
        }
    }

    fn forget_idle_clients(&mut self) {
        let (leases, feeds) = (&self.leases, &self.feeds);
        self.edges
            .clients
            .keep(|name| leases.is_held_by(name) || feeds.is_held_by(name));
    }

    /// Probes are sent while somebody listens, or while there is something to steer; else not.
    fn follow_listeners(&mut self) {
        let steers =
            self.leases.wanted().game_mode && choose_backend(&self.survey).0 == Backend::Ecmp;
        if !self.feeds.is_empty() || steers {
            self.sampler.start(&self.survey.uplinks);
        } else if self.sampler.is_running() {
            self.sampler.stop();
            self.session.reset();
        }
        let ifindexes: Vec<u32> = self.survey.uplinks.iter().map(|u| u.ifindex).collect();
        // A leader that is no longer there was announced by whoever looked again.
        let _ = self
            .session
            .set_uplinks(&ifindexes, &self.leases.wanted().uplink_costs);
    }

    async fn look_again(&mut self) {
        self.look_at = None;
        match survey(&self.edges.roots).await {
            Ok(survey) => self.survey = survey,
            Err(error) => {
                self.note(HelperError::Kernel(format!(
                    "cannot read links and routes: {error}"
                )));
                return;
            }
        }
        if let Err(error) = self.door.refresh().await {
            self.note(error.to_contract());
        }
        self.follow_listeners();
        self.reconcile_noting().await;
        self.announce_leader();
        self.publish().await;
    }

    async fn reconcile_noting(&mut self) {
        if let Err(error) = self.reconcile().await {
            self.note(error.to_contract());
        }
    }

    fn note(&mut self, error: HelperError) {
        if self.last_error.as_ref() != Some(&error) {
            log::warn!("{}", error.message());
            self.last_error = Some(error);
        }
    }

    /// Makes the kernel what the leases want. Doing it twice is doing it once.
    async fn reconcile(&mut self) -> Result<(), DoorError> {
        let wanted = self.leases.wanted();
        let backend = choose_backend(&self.survey).0;
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
        for (knob, value) in knobs {
            match value.filter(|_| backend == Backend::Lowpower) {
                Some(value) => self.door.set_sysctl(knob, i64::from(value))?,
                None => self.door.release_sysctl(knob)?,
            }
        }
        self.watchdog
            .follow(!self.leases.is_empty(), Instant::now());
        self.reconcile_routes(&wanted, backend).await?;
        self.reread().await;
        Ok(())
    }

    async fn reconcile_routes(
        &mut self,
        wanted: &Wanted,
        backend: Backend,
    ) -> Result<(), DoorError> {
        if wanted.game_mode && backend == Backend::Ecmp {
            // Before the first leader is known there is no reason to touch anybody's weights.
            if self.steering || self.session.leader().is_some() {
                self.door.set_weights(&self.session.weights()).await?;
                self.steering = true;
            }
        } else if self.steering || !wanted.game_mode {
            self.door.release_routes().await?;
            self.steering = false;
        }
        Ok(())
    }

    /// Our own writes are no news to the watch, so their effect is read back here.
    async fn reread(&mut self) {
        match survey(&self.edges.roots).await {
            Ok(survey) => self.survey = survey,
            Err(error) => log::warn!("cannot read links and routes: {error}"),
        }
    }

    fn announce_leader(&mut self) {
        let (ifindex, game_mode) = (self.session.leader(), self.leases.wanted().game_mode);
        if self.announced != Some((ifindex, game_mode)) {
            self.announced = Some((ifindex, game_mode));
            self.feeds.push(Record::Leader {
                ifindex,
                at_ns: monotonic_ns(),
                game_mode,
            });
        }
    }

    fn push_estimates(&mut self) {
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

    fn uplinks(&self, costs: &BTreeMap<u32, u32>) -> Vec<UplinkInfo> {
        let shares = view::shares(&self.survey);
        let shown = |uplink: &Uplink| {
            let probing = self.sampler.probing(uplink.ifindex);
            view::uplink(uplink, &self.session, probing, &shares, costs)
        };
        self.survey.uplinks.iter().map(shown).collect()
    }

    /// Shows the state of now on the bus.
    pub async fn publish(&mut self) {
        let wanted = self.leases.wanted();
        let slider = wanted.ema_factor.unwrap_or(EMA_FACTOR_DEFAULT);
        let tunables = self.door.status(&self.survey.routes).into_iter();
        let state = PublicState {
            uplinks: self.uplinks(&wanted.uplink_costs),
            leader: self.session.leader().unwrap_or(0),
            game_mode: wanted.game_mode,
            game_mode_holders: wanted.holders,
            sampling: self.sampler.is_running(),
            probe_period_ms: self.sampler.period_ms(),
            tunables: tunables.map(view::tunable).collect(),
            last_error: self
                .last_error
                .as_ref()
                .map(view::error)
                .unwrap_or_default(),
            ..view::kernel(&self.survey, slider)
        };
        if let Err(error) = self
            .edges
            .public
            .publish(state, &self.edges.interface)
            .await
        {
            log::warn!("the bus did not take a property change: {error}");
        }
    }
}

fn factor(value: u32) -> Factor {
    Factor::new(i64::from(value)).unwrap_or(Factor::HALF)
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
