//! The one owner of all state. Everything that happens comes here as an [`Event`], one at a time:
//! a request from the bus, a client's end, a probe's outcome, a change in the kernel. What is
//! wanted is decided in [`crate::lease`], who leads in [`crate::session`], what our own routes are
//! for in [`crate::keeper`]; this only carries it out, through [`Door`].

mod held;
mod measuring;
mod network;
mod publish;
mod reconcile;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use evenkeel_core::plan::{Abilities, Object, pins_in};
use evenkeel_core::steer::{Change as Decision, Sample};
use evenkeel_dbus::feed::Record;
use evenkeel_dbus::{Backend, HelperError};
use evenkeel_evidence::{Outcome, Witness};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use zbus::Connection;
use zbus::object_server::InterfaceRef;

use crate::clients::Clients;
use crate::confirm::{Unanswered, inquiry::Inquiry};
use crate::desk::Desk;
use crate::feed::Feeds;
use crate::figures::Figures;
use crate::host::News;
use crate::interface::Helper;
use crate::keeper::Keeper;
use crate::kernel::Roots;
use crate::kernel::door::Door;
use crate::kernel::error::{DoorError, NetlinkError};
use crate::kernel::sockets::{Closed, SocketWatch};
use crate::kernel::survey::{Metered, Survey};
use crate::kernel::watch::{Changed, Watch};
use crate::lease::{Caller, Change, Leases};
use crate::measure::{Happened, Measuring};
use crate::plans::Plans;
use crate::public::Public;
use crate::request::{Answer, Ask, Request};
use crate::sampler::{Heard, Sampler};
use crate::session::Session;
use crate::spikes::Kept;
use crate::watchdog::Watchdog;

/// Changes in the kernel come in bursts; one look a moment after the first is enough.
const DEBOUNCE: Duration = Duration::from_millis(300);
/// In game mode the first change of a burst is looked at sooner, the next after twice that time, and so
/// on: it may be a route of ours that was taken away, or a VPN's that went, and running flows go astray
/// until ours are back.
const GLANCE: Duration = Duration::from_millis(10);

enum Event {
    Request(Request),
    ClientGone(String),
    Heard(Heard),
    KernelChanged(Changed),
    SocketsClosed(Closed),
    LookAgain,
    Confirmed(Result<(), Unanswered>),
    WokeUp,
    MeteredChanged,
    MeteredKnown(BTreeMap<u32, Metered>),
    FramesDue,
    SignOfLifeDue,
    Measured(Happened),
}

/// Where events come from and where the state goes to.
pub struct Edges {
    /// Where the kernel's files and ours are.
    pub roots: Roots,
    /// The exported object, for its signals.
    pub interface: InterfaceRef<Helper>,
    /// What it shows.
    pub public: Public,
    /// Where the calls of further objects go.
    pub desk: Desk,
    /// What it asks.
    pub requests: mpsc::Receiver<Request>,
    /// The watches over bus names.
    pub clients: Clients,
    /// The names that left.
    pub departures: mpsc::UnboundedReceiver<String>,
    /// The kernel's notifications.
    pub watch: Watch,
    /// The system bus, for questions to other programs.
    pub connection: Connection,
    /// That the machine woke up.
    pub resumes: News,
    /// That an uplink may cost money now, or no more.
    pub metered: News,
    /// The ends of UDP sockets, while something of ours depends on them.
    pub sockets: Option<SocketWatch>,
}

/// See the module.
pub struct Actor {
    edges: Edges,
    door: Door,
    survey: Survey,
    /// What could be built on what the survey found.
    plans: Plans,
    abilities: Abilities,
    sampler: Sampler,
    session: Session,
    /// Looks at the kernel beside the probes, and tells of spikes.
    witness: Witness,
    /// The last spikes.
    spikes: Kept,
    /// Load and variability on a patched kernel.
    figures: Figures,
    leases: Leases,
    keeper: Keeper,
    feeds: Feeds,
    measuring: Measuring,
    watchdog: Watchdog,
    /// When to look at the kernel again.
    look_at: Option<Instant>,
    /// When that was done last because of a change in it.
    looked: Option<Instant>,
    /// How often it was done since the last time of quiet.
    looks: u32,
    /// True once this hold of game mode has written weights of the user's own routes.
    weighing: bool,
    /// The uplink that each family's open wildcard UDP ports are on, as far as it was seen while
    /// game mode is on: they return there when somebody else's changes are over.
    homes: [BTreeMap<u16, u32>; 2],
    /// What was last put into the kernel for each family while steering.
    applied: [BTreeSet<Object>; 2],
    /// UDP ports of each family that found no place among the pins.
    unpinned: [usize; 2],
    /// What is known of each uplink's cost in money.
    metered: BTreeMap<u32, Metered>,
    /// True when somebody's word on it may have changed.
    metered_is_old: bool,
    /// The uplinks that it was asked for last.
    metered_asked: Vec<u32>,
    /// That question, while it is open: whoever has the answer may be slow, and routes must not wait.
    asking_metered: Option<BoxFuture<'static, BTreeMap<u32, Metered>>>,
    /// The question whether the network still answers, while it is open.
    confirming: Option<BoxFuture<'static, Result<(), Unanswered>>>,
    /// What it asks.
    inquiry: Inquiry,
    /// When it was asked.
    asked_at: Instant,
    /// Who last removed something of ours, as a netlink port.
    undone_by: Option<u32>,
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
        abilities: Abilities,
        sampler: Sampler,
        session: Session,
    ) -> Self {
        let plans = Plans::of(&survey, abilities);
        Self {
            edges,
            door,
            survey,
            plans,
            abilities,
            sampler,
            session,
            witness: Witness::default(),
            spikes: Kept::default(),
            figures: Figures::default(),
            leases: Leases::default(),
            keeper: Keeper::default(),
            feeds: Feeds::default(),
            measuring: Measuring::default(),
            watchdog: Watchdog::default(),
            look_at: None,
            looked: None,
            looks: 0,
            weighing: false,
            homes: Default::default(),
            applied: Default::default(),
            unpinned: [0; 2],
            metered: BTreeMap::new(),
            metered_is_old: true,
            metered_asked: Vec::new(),
            asking_metered: None,
            confirming: None,
            inquiry: Inquiry::default(),
            asked_at: Instant::now(),
            undone_by: None,
            announced: None,
            last_error: None,
        }
    }

    /// Handles one event after another, for ever.
    pub async fn run(&mut self) {
        // What an earlier run left is given back, but for what running connections need.
        self.ask_metered();
        self.reconcile_noting().await;
        self.publish().await;
        loop {
            match self.next_event().await {
                Event::Request(request) => self.answer(request).await,
                Event::ClientGone(name) => self.client_gone(&name).await,
                Event::Heard(heard) => self.heard(heard).await,
                Event::KernelChanged(changed) => {
                    self.undone_by = changed.undone_by.or(self.undone_by);
                    self.look_by(Instant::now() + self.patience());
                }
                Event::SocketsClosed(closed) => {
                    if self.is_pinned(&closed) {
                        self.look_by(Instant::now() + DEBOUNCE);
                    }
                }
                Event::LookAgain => self.look_again().await,
                Event::Confirmed(answer) => self.confirmed(answer).await,
                Event::WokeUp => self.woke_up(),
                Event::MeteredChanged => {
                    self.metered_is_old = true;
                    self.look_by(Instant::now() + DEBOUNCE);
                }
                Event::MeteredKnown(known) => self.metered_known(known).await,
                Event::FramesDue => {
                    let closed = self.feeds.flush(Instant::now());
                    self.listeners_left(&closed).await;
                }
                Event::SignOfLifeDue => self.watchdog.sign(Instant::now()),
                Event::Measured(happened) => self.measured(happened).await,
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
                happened = self.measuring.next() => return Event::Measured(happened),
                () = self.witness.next() => {}
                () = until(frames_due) => return Event::FramesDue,
                () = until(look_at) => return Event::LookAgain,
                () = until(sign_due) => return Event::SignOfLifeDue,
                changed = self.edges.watch.changed() => match changed {
                    Ok(changed) => return Event::KernelChanged(changed),
                    Err(error) => self.reopen_watch(&error).await,
                },
                answer = answer(self.confirming.as_mut()) => return Event::Confirmed(answer),
                Some(()) = self.edges.resumes.next() => return Event::WokeUp,
                Some(()) = self.edges.metered.next() => return Event::MeteredChanged,
                known = answer(self.asking_metered.as_mut()) => return Event::MeteredKnown(known),
                closed = closed(self.edges.sockets.as_mut()) => match closed {
                    Ok(closed) => return Event::SocketsClosed(closed),
                    // The next look opens another.
                    Err(error) => {
                        log::warn!("watching sockets failed: {error}");
                        self.edges.sockets = None;
                    }
                },
            }
        }
    }

    /// How long a change in the kernel may wait for a look.
    fn patience(&self) -> Duration {
        if self.leases.wanted().game_mode {
            let looks = if self.was_quiet() { 0 } else { self.looks };
            (GLANCE * (1 << looks.min(8))).min(DEBOUNCE)
        } else {
            DEBOUNCE
        }
    }

    /// Whether the last change in the kernel is a while ago.
    fn was_quiet(&self) -> bool {
        self.looked.is_none_or(|then| then.elapsed() >= DEBOUNCE)
    }

    /// Looks at the kernel again, then at the latest.
    fn look_by(&mut self, then: Instant) {
        self.look_at = Some(self.look_at.map_or(then, |already| already.min(then)));
    }

    /// Whether a rule of ours was for one of the closed sockets.
    fn is_pinned(&self, closed: &Closed) -> bool {
        let Closed::Ports(ports) = closed else {
            return true;
        };
        let pins = [&self.survey.v4, &self.survey.v6].map(pins_in);
        let mut pinned = pins.iter().flat_map(|pins| pins.ports.keys());
        pinned.any(|port| ports.contains(port))
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
        self.check_measurement().await;
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
            Ask::Measure(wish) => self.start_measurement(caller, wish).await,
            Ask::Touch { number, touch } => self.touch_measurement(caller, number, touch).await,
            Ask::Revert => {
                self.end_measurement_of(caller);
                self.leases.revert(caller);
                if !self.leases.wanted().game_mode {
                    self.keeper.clear_at_once();
                }
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
        self.feeds.greet(&self.spikes.records(), Instant::now());
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
        let (backend, reason) = self.backend();
        match change {
            Change::GameMode if backend == Backend::Observe => {
                Err(HelperError::NotSupported(format!(
                    "there is nothing to steer: {}; nothing was changed",
                    reason.words()
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
        self.check_measurement().await;
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
                queue_ns,
                late_ns,
            } => {
                let outcome = Outcome {
                    ifindex,
                    at_ns,
                    rtt_ns,
                    queue_ns,
                };
                self.witness.anchor(outcome, late_ns);
                self.session.sample(ifindex, Sample::from(rtt_ns));
                self.measuring.sample(ifindex, Sample::from(rtt_ns));
                self.feeds.push(Record::Sample {
                    ifindex,
                    at_ns,
                    rtt_ns,
                    user_clock,
                });
                let decision = self.session.settle();
                self.carry_out_decision(decision).await;
            }
            Heard::Gateway(outcome) => {
                self.witness.gateway(outcome);
                self.feeds.push(Record::Gateway {
                    ifindex: outcome.ifindex,
                    at_ns: outcome.at_ns,
                    rtt_ns: outcome.rtt_ns,
                });
            }
            Heard::BeatEnded(late_ns) => {
                self.witness.late(late_ns);
                for spike in self.witness.beat() {
                    for record in self.spikes.keep(spike) {
                        self.feeds.push(record);
                    }
                }
            }
            Heard::EpochEnded => {
                let decision = self.session.end_epoch();
                self.measuring.end_epoch();
                self.carry_out_decision(decision).await;
                self.push_estimates();
                if self.backend().0 == Backend::Lowpower {
                    // Nobody reports a sysctl that somebody else writes.
                    self.look_again().await;
                }
                if !self.feeds.is_empty() {
                    self.figures.second(&self.edges.roots, &self.survey);
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
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

async fn answer<T>(question: Option<&mut BoxFuture<'static, T>>) -> T {
    match question {
        Some(question) => question.await,
        None => std::future::pending().await,
    }
}

async fn closed(watch: Option<&mut SocketWatch>) -> Result<Closed, NetlinkError> {
    match watch {
        Some(watch) => watch.closed().await,
        None => std::future::pending().await,
    }
}
