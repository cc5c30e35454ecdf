//! One window for a session: who comes first owns a name on the session bus, who comes later asks
//! that one to show itself and ends. Without a session bus every start has its own window.
//!
//! The interface is `org.freedesktop.Application`, which desktops speak too.

use std::collections::HashMap;
use std::time::Duration;

use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt as _, Stream};
use zbus::fdo::{DBusProxy, RequestNameFlags};
use zbus::names::BusName;
use zbus::{Connection, OwnedVariant, Variant};

use super::APPLICATION_ID;
use crate::system_bus;

/// Where the window's object is.
const PATH: &str = "/io/github/evenkeel/Evenkeel";
/// How long a start waits for a window that is already there. One that hangs is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What happens between windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants to see this window.
    Raise,
    /// Another start was quicker and has been raised: this window has no use.
    Second,
}

#[zbus::proxy(
    interface = "org.freedesktop.Application",
    default_service = "io.github.evenkeel.Evenkeel",
    default_path = "/io/github/evenkeel/Evenkeel"
)]
trait Application {
    fn activate(&self, platform_data: HashMap<&str, Variant<'_>>) -> zbus::Result<()>;
}

struct Served(Sender<Event>);

#[zbus::interface(name = "org.freedesktop.Application")]
impl Served {
    async fn activate(&mut self, platform_data: HashMap<String, OwnedVariant>) {
        log::debug!("asked to show the window; {} hints", platform_data.len());
        let _ = self.0.send(Event::Raise).await;
    }

    /// There is nothing to open; the window is shown all the same.
    async fn open(&mut self, uris: Vec<String>, platform_data: HashMap<String, OwnedVariant>) {
        log::debug!("{} things to open were passed over", uris.len());
        self.activate(platform_data).await;
    }
}

/// True when a window was there already and has been asked to show itself.
pub fn raised_another() -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return false };
    let asked = runtime.block_on(async {
        // Made inside the runtime, which times it.
        let raised = async { raise(&system_bus::session().build().await?).await };
        tokio::time::timeout(PATIENCE, raised).await
    });
    match asked {
        Ok(Ok(raised)) => raised,
        Ok(Err(error)) => {
            log::info!("not asked for another window: {error}");
            false
        }
        Err(_) => {
            log::warn!("another window does not answer; this one opens beside it");
            false
        }
    }
}

/// Asks the window that has the name to show itself; false when there is none.
pub(super) async fn raise(bus: &Connection) -> zbus::Result<bool> {
    let name = BusName::try_from(APPLICATION_ID)?;
    if !DBusProxy::new(bus).await?.name_has_owner(name).await? {
        return Ok(false);
    }
    let hints: HashMap<_, _> = [
        ("activation-token", "XDG_ACTIVATION_TOKEN"),
        ("desktop-startup-id", "DESKTOP_STARTUP_ID"),
    ]
    .into_iter()
    .filter_map(|(hint, variable)| Some((hint, Variant::from(std::env::var(variable).ok()?))))
    .collect();
    ApplicationProxy::new(bus).await?.activate(hints).await?;
    Ok(true)
}

/// Owns the name for as long as the window is open, and tells when it is asked for.
pub fn serve() -> impl Stream<Item = Event> {
    iced::stream::channel(1, async |mut events: Sender<Event>| {
        let served = async {
            let bus = system_bus::session().build().await?;
            serve_on(&bus, &mut events).await?;
            Ok::<_, zbus::Error>(bus)
        };
        match served.await {
            // The name goes with the connection.
            Ok(_bus) => std::future::pending().await,
            Err(error) => log::info!("this window cannot be found by a second start: {error}"),
        }
    })
}

/// Exports the window on `bus` and wants the name; tells when another one has it.
pub(super) async fn serve_on(bus: &Connection, events: &mut Sender<Event>) -> zbus::Result<()> {
    let served = Served(events.clone());
    bus.object_server().at(PATH, served).await?;
    let alone = RequestNameFlags::DO_NOT_QUEUE;
    match bus.request_name_with_flags(APPLICATION_ID, alone).await {
        Err(zbus::Error::NameTaken) => {
            if matches!(
                tokio::time::timeout(PATIENCE, raise(bus)).await,
                Ok(Ok(true))
            ) {
                let _ = events.send(Event::Second).await;
            }
        }
        asked => {
            asked?;
        }
    }
    Ok(())
}
