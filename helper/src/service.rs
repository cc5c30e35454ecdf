//! Starts the helper, keeps it on the bus and stops it: what was changed before a crash is put
//! back first, what is changed now is put back last.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use zbus::Connection;
use zbus::object_server::InterfaceRef;

use evenkeel_core::ema::Factor;
use evenkeel_core::plan::{Abilities, remains, steps};
use evenkeel_core::steer::{Period, UnknownPeriod};
use evenkeel_dbus::{BUS_NAME, OBJECT_PATH};

use crate::actor::{Actor, Edges};
use crate::clients::Clients;
use crate::config::Config;
use crate::desk::Desk;
use crate::host::{metered, sleep};
use crate::idle::{self, Attendance};
use crate::interface::Helper;
use crate::kernel::Roots;
use crate::kernel::door::Door;
use crate::kernel::error::{DoorError, NetlinkError};
use crate::kernel::sockets::OpenSockets;
use crate::kernel::survey::survey;
use crate::kernel::watch::Watch;
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

/// Runs until a signal or the end of the bus; where the bus can start it again, also only until
/// nothing was held and asked for `patience`.
///
/// # Errors
/// [`ServiceError`]; what had been changed was put back as far as the log says.
pub async fn serve(roots: Roots, config: Config, patience: Duration) -> Result<(), ServiceError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let Started {
        connection,
        mut actor,
        public,
        attendance,
    } = start(roots, config).await?;
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
        () = actor.run() => Ok(()),
        () = told => Ok(()),
        () = connection.closed() => Err(ServiceError::BusGone),
        left = idle::leave(&connection, &public, &attendance, patience) => Ok(left?),
    };
    notify(&[NotifyState::Stopping]);
    log_lines(&actor.stop().await?);
    drop(actor);
    idle::say_goodbye(connection).await;
    outcome
}

/// A helper that owns its name.
struct Started {
    connection: Connection,
    actor: Actor,
    public: Public,
    attendance: Attendance,
}

async fn start(roots: Roots, config: Config) -> Result<Started, ServiceError> {
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
    actor.publish().await;
    connection.request_name(BUS_NAME).await?;
    notify(&[NotifyState::Ready]);
    log::info!("on the bus as {BUS_NAME}");
    Ok(Started {
        connection,
        actor,
        public,
        attendance,
    })
}

fn log_lines(lines: &[String]) {
    for line in lines {
        log::info!("{line}");
    }
}
