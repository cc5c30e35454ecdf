//! The window's two sources: the helper's coming, going and state, and the live feed. Each is one
//! subscription that goes on by itself; neither polls.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use evenkeel_dbus::feed::Frame;
use evenkeel_dbus::{BUS_NAME, Helper1Proxy, HelperError, Hold, can_be_started};
use futures_util::stream::StreamExt;
use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt, Stream};
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use super::clock::{Glance, Reading};
use crate::feed::FeedReader;
use crate::installation::{self, Remedy};
use crate::state::{self, HelperState};

/// Between two attempts to reach a system bus that is not there.
const BUS_RETRY: Duration = Duration::from_secs(5);
/// Between two attempts to open a feed that was refused or broke off.
const FEED_RETRY: Duration = Duration::from_secs(2);
/// A helper that left is given so long to come back before anybody is told how to start it.
const GRACE: Duration = Duration::from_secs(5);
/// Changes that come within this time are read in one go.
const COALESCE: Duration = Duration::from_millis(30);

/// What happens to the helper.
#[derive(Debug, Clone)]
pub enum Event {
    /// The system bus does not answer.
    NoBus,
    /// The bus is there, the helper is not.
    NoHelper,
    /// What would bring a helper that is not there.
    Remedy(Remedy),
    /// The helper left, and the bus starts it again for the next call.
    Asleep,
    /// The helper is there.
    Arrived(Helper1Proxy<'static>),
    /// What time it is, told before the state.
    Clock(Reading),
    /// Its properties, now.
    State(Box<HelperState>),
}

/// What comes through the feed.
#[derive(Debug, Clone)]
pub enum FeedEvent {
    /// It begins.
    Opened,
    /// What time it is, told before frames, once a second.
    Clock(Reading),
    /// A batch.
    Frame(Frame),
    /// It was refused or broke off; it will be tried again.
    Broken,
}

/// A call the window makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Begin game mode, held by this window.
    EnterGameMode,
    /// End game mode.
    LeaveGameMode,
    /// Set the sensitivity.
    SetEma(u32),
    /// Set the kernel's power cost weight.
    SetPower(u32),
    /// Set the cost of an uplink (ifindex, percent).
    SetCost(u32, u32),
    /// Judge the uplink with this ifindex anew.
    Forget(u32),
    /// End everything this window and its user hold.
    Revert,
}

/// Makes `call`; whatever it changes is held by this window.
///
/// # Errors
/// As the helper answered.
pub async fn call(helper: Helper1Proxy<'static>, call: Call) -> Result<(), HelperError> {
    call_held(&helper, call, Hold::Client).await
}

/// Hands game mode and then `settings` to the helper, which keeps them for this user. A setting that
/// it refuses, as of an uplink that is gone, is passed over.
///
/// # Errors
/// As the helper answered about game mode; nothing is kept then.
pub async fn keep(helper: Helper1Proxy<'static>, settings: Vec<Call>) -> Result<(), HelperError> {
    call_held(&helper, Call::EnterGameMode, Hold::Kept).await?;
    for call in settings {
        if let Err(error) = call_held(&helper, call, Hold::Kept).await {
            log::warn!("{call:?} is not kept: {}", error.message());
        }
    }
    Ok(())
}

async fn call_held(helper: &Helper1Proxy<'_>, call: Call, hold: Hold) -> Result<(), HelperError> {
    let hold = hold.to_wire();
    match call {
        Call::EnterGameMode => helper.enter_game_mode(hold).await,
        Call::LeaveGameMode => helper.leave_game_mode().await,
        Call::SetEma(factor) => helper.set_ema_factor(factor, hold).await,
        Call::SetPower(weight) => helper.set_power_cost_weight(weight, hold).await,
        Call::SetCost(ifindex, cost) => helper.set_uplink_cost(ifindex, cost, hold).await,
        Call::Forget(ifindex) => helper.forget(ifindex).await,
        Call::Revert => helper.revert().await,
    }
}

/// Follows the helper for as long as the window is open.
pub fn follow() -> impl Stream<Item = Event> {
    iced::stream::channel(1, async |mut events: Sender<Event>| {
        loop {
            match crate::system_bus::system().build().await {
                Ok(bus) => {
                    if let Err(error) = follow_on(&bus, &mut events).await {
                        log::warn!("the system bus: {error}");
                    }
                }
                Err(error) => log::info!("no system bus: {error}"),
            }
            let _ = events.send(Event::NoBus).await;
            tokio::time::sleep(BUS_RETRY).await;
        }
    })
}

/// Follows the helper on one bus connection until that connection ends.
pub(super) async fn follow_on(bus: &Connection, events: &mut Sender<Event>) -> zbus::Result<()> {
    let names = DBusProxy::new(bus).await?;
    let mut owners = names
        .receive_name_owner_changed_with_args(&[(0, BUS_NAME)])
        .await?;
    // An installation is noticed by the bus.
    let installed = names.inner().receive_signal("ActivatableServicesChanged");
    let mut installed = installed.await?;
    let name = BusName::try_from(BUS_NAME)?;
    let mut there = names.name_has_owner(name).await? || start(&names).await?;
    loop {
        let left = there;
        while there {
            tokio::select! {
                ended = watch(bus, events) => ended?,
                owner = next_owner(&mut owners) => match owner {
                    Some(owned) => there = owned,
                    None => return Ok(()),
                },
            }
        }
        let asleep = left && can_be_started(bus).await.unwrap_or(false);
        if !left {
            tell_remedy(bus, events).await;
        }
        let gone = if asleep {
            Event::Asleep
        } else {
            Event::NoHelper
        };
        let _ = events.send(gone).await;
        let mut told = !left;
        while !there {
            tokio::select! {
                owner = next_owner(&mut owners) => match owner {
                    Some(owned) => there = owned,
                    None => return Ok(()),
                },
                Some(_) = installed.next(), if !asleep => {
                    // What was just installed nobody else may call.
                    there = start(&names).await?;
                    if !there && told {
                        tell_remedy(bus, events).await;
                    }
                }
                () = tokio::time::sleep(GRACE), if !told => {
                    told = true;
                    tell_remedy(bus, events).await;
                }
            }
        }
    }
}

/// Has the bus start the helper, where it can; one question is enough to make it.
async fn start(names: &DBusProxy<'_>) -> zbus::Result<bool> {
    let started = names.start_service_by_name(BUS_NAME.try_into()?, 0).await;
    Ok(started.is_ok())
}

async fn tell_remedy(bus: &Connection, events: &mut Sender<Event>) {
    let remedy = installation::remedy(&installation::look(bus).await);
    let _ = events.send(Event::Remedy(remedy)).await;
}

/// Waits for the name to change hands: true when somebody has it now, `None` when the bus ended.
async fn next_owner(owners: &mut zbus::fdo::NameOwnerChangedStream) -> Option<bool> {
    let signal = owners.next().await?;
    Some(signal.args().is_ok_and(|args| args.new_owner().is_some()))
}

/// Tells the helper's state now and after every change; returns only when the connection fails.
async fn watch(bus: &Connection, events: &mut Sender<Event>) -> zbus::Result<()> {
    let helper = Helper1Proxy::new(bus).await?;
    let mut changes = state::changes(&helper).await;
    let _ = events.send(Event::Arrived(helper.clone())).await;
    loop {
        match HelperState::read(&helper).await {
            Ok(state) => {
                if let Some(reading) = Reading::now() {
                    let _ = events.send(Event::Clock(reading)).await;
                }
                let _ = events.send(Event::State(Box::new(state))).await;
            }
            Err(error) => log::warn!("the helper's state: {}", error.message()),
        }
        if changes.next().await.is_none() {
            return Err(zbus::Error::Failure("the connection ended".to_owned()));
        }
        tokio::time::sleep(COALESCE).await;
        while let Some(Some(())) = futures_util::FutureExt::now_or_never(changes.next()) {}
    }
}

/// A feed that is wanted. Two wishes are the same when the helper's arrival and the rate are.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The helper to ask.
    pub helper: Helper1Proxy<'static>,
    /// Counts the helper's arrivals.
    pub arrival: u64,
    /// Frames a second.
    pub max_hz: u32,
}

impl Hash for Wish {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.arrival, self.max_hz).hash(state);
    }
}

/// Keeps the wished-for feed open; dropping it closes the socket, and the helper stops probing.
pub fn feed(wish: &Wish) -> impl Stream<Item = FeedEvent> + use<> {
    let wish = wish.clone();
    iced::stream::channel(1, async move |mut events: Sender<FeedEvent>| {
        loop {
            match wish.helper.subscribe(wish.max_hz).await {
                Ok(socket) => read_feed(socket, &mut events).await,
                Err(error) => log::warn!("no live feed: {}", error.message()),
            }
            let _ = events.send(FeedEvent::Broken).await;
            tokio::time::sleep(FEED_RETRY).await;
        }
    })
}

async fn read_feed(socket: zbus::OwnedFd, events: &mut Sender<FeedEvent>) {
    let mut reader = match FeedReader::new(socket.into()) {
        Ok(reader) => reader,
        Err(error) => {
            log::warn!("the live feed: {error}");
            return;
        }
    };
    let _ = events.send(FeedEvent::Opened).await;
    let mut clocks = Glance::default();
    loop {
        match reader.next().await {
            Ok(Some(frame)) => {
                if let Some(reading) = clocks.due() {
                    let _ = events.send(FeedEvent::Clock(reading)).await;
                }
                let _ = events.send(FeedEvent::Frame(frame)).await;
            }
            Ok(None) => return,
            Err(error) => {
                log::warn!("{error}");
                return;
            }
        }
    }
}
