//! Starts the helper, keeps it on the bus and stops it: what was changed before a crash is put
//! back first, what is changed now is put back last.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::object_server::InterfaceRef;

use evenkeel_core::ema::Factor;
use evenkeel_core::plan::{Abilities, remains, steps};
use evenkeel_core::steer::{Period, UnknownPeriod};
use evenkeel_dbus::{BUS_NAME, OBJECT_PATH};
use evenkeel_evidence::monotonic_ns;

use crate::actor::{Actor, Edges};
use crate::clients::Clients;
use crate::config::Config;
use crate::desk::Desk;
use crate::handover::{self, Moment};
use crate::host::{metered, sleep};
use crate::idle::{self, Attendance};
use crate::interface::Helper;
use crate::kernel::Roots;
use crate::kernel::door::Door;
use crate::kernel::error::{DoorError, NetlinkError};
use crate::kernel::journal::JournalError;
use crate::kernel::sockets::OpenSockets;
use crate::kernel::survey::survey;
use crate::kernel::watch::Watch;
use crate::lease::Leases;
use crate::public::Public;
use crate::sampler::Sampler;
use crate::session::Session;
use crate::view;
use crate::watchdog::notify;

/// Requests that may wait for the actor; one more is answered with `Busy`.
const MAX_WAITING_REQUESTS: usize = 64;

/// Why the helper did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The originals could not be put back or kept.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// Links and routes could not be read.
    #[error("links and routes cannot be read: {0}")]
    Netlink(#[from] NetlinkError),
    /// The bus is not there, or does not give us the name.
    #[error(
        "the system bus refused: {0}; is the bus policy installed, and does no other helper run?"
    )]
    Bus(#[from] zbus::Error),
    /// The bus went away.
    #[error("the system bus closed the connection")]
    BusGone,
    /// Signals cannot be received.
    #[error("cannot listen for signals: {0}")]
    Signals(#[from] std::io::Error),
    /// The period is none that the steering knows.
    #[error(transparent)]
    Period(#[from] UnknownPeriod),
}

/// Puts back what a journal says and removes what is ours, and returns a line about each thing.
/// With `keep_running` the rules that running connections need stay, for the helper that is about
/// to be started again.
///
/// # Errors
/// The first failure; everything was tried.
pub async fn restore(roots: &Roots, keep_running: bool) -> Result<Vec<String>, DoorError> {
    let mut door = Door::open(roots.clone())?;
    if !keep_running {
        return door.restore_all().await;
    }
    let mut said = door.restore_tunables().await?;
    let survey = survey(roots)
        .await
        .map_err(|error| DoorError::reading("links and routes", &error))?;
    let sockets = OpenSockets::look()
        .await
        .map_err(|error| DoorError::reading("sockets", &error))?;
    for (found, open) in [(&survey.v4, &sockets.v4), (&survey.v6, &sockets.v6)] {
        let steps = steps(&found.ours, &remains(found, open).objects);
        door.take_steps(&steps).await.into_result()?;
        let name = |ifindex| view::interface_name(&survey, ifindex);
        said.extend(steps.iter().map(|step| step.words(&name)));
    }
    Ok(said)
}

/// How the helper ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// As it was told, or because nobody needs it.
    Done,
    /// A call came while it was leaving, and what it began goes on with the next helper, which
    /// nobody else has started.
    StartAgain,
}

/// Runs until a signal or the end of the bus; where the bus can start it again, also only until
/// nothing was held and asked for `patience`. Everything is put back then, and a word left for the
/// helper that may be started next.
///
/// # Errors
/// [`ServiceError`]; what had been changed was put back as far as the log says.
pub async fn serve(roots: Roots, config: Config, patience: Duration) -> Result<End, ServiceError> {
    let boot_id = boot_id(&roots);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let Started {
        connection,
        mut actor,
        public,
        attendance,
        bus_id,
    } = start(roots, config, &boot_id).await?;
    let told = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if attendance.is_leaving() {
            // The service manager saw the name go. What had come in is answered first.
            std::future::pending::<()>().await;
        }
    };
    let outcome = tokio::select! {
        () = actor.run() => Ok(End::Done),
        () = told => Ok(End::Done),
        () = connection.closed() => Err(ServiceError::BusGone),
        left = idle::leave(&connection, &public, &attendance, patience) => {
            left?;
            Ok(End::StartAgain)
        }
    };
    let outcome = outcome.map(|end| if actor.is_idle() { End::Done } else { end });
    notify(&[NotifyState::Stopping]);
    log_lines(&actor.stop().await?);
    if outcome.is_ok() {
        let moment = Moment {
            boot_id,
            bus_id,
            at_ns: monotonic_ns(),
        };
        if let Some(word) = handover::word(actor.leases(), moment) {
            actor.leave_word(&word)?;
        }
    }
    drop(actor);
    idle::say_goodbye(connection).await;
    outcome
}

/// The kernel's word for this boot; empty if it has none.
fn boot_id(roots: &Roots) -> String {
    let path = roots.proc_sys.join("kernel/random/boot_id");
    let word = std::fs::read_to_string(path).unwrap_or_default();
    word.trim().to_owned()
}

/// Who held what when the last helper was restarted.
fn handed_over(door: &mut Door, now: &Moment) -> Leases {
    let word = match door.take_word() {
        Ok(Some(word)) => word,
        Ok(None) | Err(JournalError::NoDirectory { .. }) => return Leases::default(),
        Err(error) => {
            log::warn!("what was held before is not taken up: {error}");
            return Leases::default();
        }
    };
    handover::leases_of(&word, now).unwrap_or_else(|why| {
        log::warn!("what was held before is not taken up: {why}");
        Leases::default()
    })
}

/// A helper that owns its name.
struct Started {
    connection: Connection,
    actor: Actor,
    public: Public,
    attendance: Attendance,
    bus_id: String,
}

async fn start(roots: Roots, config: Config, boot_id: &str) -> Result<Started, ServiceError> {
    let period = Period::from_ms(config.probe_period_ms)?;
    let mut door = Door::open(roots.clone())?;
    match door.restore_tunables().await {
        Ok(lines) => log_lines(&lines),
        // Watching still works; the door refuses every change and says why.
        Err(error) => log::error!("{error}"),
    }
    let watch = Watch::open(door.netlink_port())?;
    let (sender, requests) = mpsc::channel(MAX_WAITING_REQUESTS);
    let public = Public::default();
    let attendance = Attendance::default();
    let desk = Desk::new(sender, attendance.clone());
    let connection = zbus::connection::Builder::system()
        .serve_at(OBJECT_PATH, Helper::new(desk.clone(), public.clone()))
        .build()
        .await?;
    let bus = DBusProxy::new(&connection).await?;
    let bus_id = bus.get_id().await.map_err(zbus::Error::from)?;
    let now = Moment {
        boot_id: boot_id.to_owned(),
        bus_id: bus_id.to_string(),
        at_ns: monotonic_ns(),
    };
    let held = handed_over(&mut door, &now);
    let interface: InterfaceRef<Helper> = connection.object_server().interface(OBJECT_PATH).await?;
    let (clients, departures) = Clients::new(connection.clone());
    let found = survey(&roots).await?;
    let abilities = if config.resilient_groups {
        door.abilities().await?
    } else {
        Abilities {
            resilient_groups: false,
        }
    };
    let edges = Edges {
        roots,
        interface,
        public: public.clone(),
        desk,
        requests,
        clients,
        departures,
        watch,
        resumes: sleep::resumes(&connection).await?,
        metered: metered::changes(&connection).await?,
        connection: connection.clone(),
        sockets: None,
    };
    let sampler = Sampler::new(config, period);
    let session = Session::new(period, Factor::HALF);
    let mut actor = Actor::new(edges, door, found, abilities, sampler, session);
    if !held.is_empty() {
        actor.take_over(held).await?;
        log::info!("restarted: what was held before is taken up again");
    }
    actor.publish().await;
    connection.request_name(BUS_NAME).await?;
    notify(&[NotifyState::Ready]);
    log::info!("on the bus as {BUS_NAME}");
    Ok(Started {
        connection,
        actor,
        public,
        attendance,
        bus_id: now.bus_id,
    })
}

fn log_lines(lines: &[String]) {
    for line in lines {
        log::info!("{line}");
    }
}
