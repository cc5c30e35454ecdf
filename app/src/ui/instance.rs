//! One window for a session: who comes first owns a name on the session bus, who comes later asks
//! that one to show itself and ends. Without a session bus every start has its own window.
//!
//! The interface is `org.freedesktop.Application`, which desktops speak too. A plain start activates
//! the window; `evenkeel --strip` activates its action [`STRIP`].

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
/// The action that makes the window a strip.
pub const STRIP: &str = "strip";
/// How long a start waits for a window that is already there. One that hangs is not waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What happens between windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants to see this window: as a strip (true) or whole.
    Raise(bool),
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
    fn activate_action(
        &self,
        action_name: &str,
        parameter: &[Variant<'_>],
        platform_data: HashMap<&str, Variant<'_>>,
    ) -> zbus::Result<()>;
}

struct Served(Sender<Event>);

#[zbus::interface(name = "org.freedesktop.Application")]
impl Served {
    async fn activate(&mut self, platform_data: HashMap<String, OwnedVariant>) {
        log::debug!("asked to show the window; {} hints", platform_data.len());
        let _ = self.0.send(Event::Raise(false)).await;
    }

    async fn activate_action(
        &mut self,
        action_name: String,
        parameter: Vec<OwnedVariant>,
        platform_data: HashMap<String, OwnedVariant>,
    ) -> zbus::fdo::Result<()> {
        let hints = (parameter.len(), platform_data.len());
        log::debug!("asked for {action_name}; {hints:?} parameters and hints");
        if action_name != STRIP {
            let why = format!("there is no action {action_name:?}; nothing was done");
            return Err(zbus::fdo::Error::InvalidArgs(why));
        }
        let _ = self.0.send(Event::Raise(true)).await;
        Ok(())
    }

    /// There is nothing to open; the window is shown all the same.
    async fn open(&mut self, uris: Vec<String>, platform_data: HashMap<String, OwnedVariant>) {
        log::debug!("{} things to open were passed over", uris.len());
        self.activate(platform_data).await;
    }
}

/// True when a window was there already and has been asked to show itself, as a strip or whole.
pub fn raised_another(strip: bool) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return false };
    let asked = runtime.block_on(async {
        // Made inside the runtime, which times it.
        let raised = async { raise(&system_bus::session().build().await?, strip).await };
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

/// Asks the window that has the name to show itself, as a strip or whole; false when there is none.
pub(super) async fn raise(bus: &Connection, strip: bool) -> zbus::Result<bool> {
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
    let window = ApplicationProxy::new(bus).await?;
    if strip {
        window.activate_action(STRIP, &[], hints).await?;
    } else {
        window.activate(hints).await?;
    }
    Ok(true)
}

/// How this window was started.
#[derive(Debug, Hash)]
pub struct Start {
    /// As a strip; another window that was quicker becomes one.
    pub strip: bool,
}

/// Owns the name for as long as the window is open, and tells when it is asked for.
pub fn serve(start: &Start) -> impl Stream<Item = Event> + use<> {
    let strip = start.strip;
    iced::stream::channel(1, async move |mut events: Sender<Event>| {
        let served = async {
            let bus = system_bus::session().build().await?;
            serve_on(&bus, strip, &mut events).await?;
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
pub(super) async fn serve_on(
    bus: &Connection,
    strip: bool,
    events: &mut Sender<Event>,
) -> zbus::Result<()> {
    let served = Served(events.clone());
    bus.object_server().at(PATH, served).await?;
    let alone = RequestNameFlags::DO_NOT_QUEUE;
    match bus.request_name_with_flags(APPLICATION_ID, alone).await {
        Err(zbus::Error::NameTaken) => {
            if matches!(
                tokio::time::timeout(PATIENCE, raise(bus, strip)).await,
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
