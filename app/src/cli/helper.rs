//! The way to the helper: one connection and a proxy on it. Not what is asked or shown.

use std::time::Duration;

use evenkeel_dbus::Helper1Proxy;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::exit::{Exit, Failure};
use crate::installation::{look, remedy};

/// How long the bus may take to let us in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one answer may take; the bus may have to start the helper, polkit may have to be asked.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(25);

/// The runtime that every command with waiting in it uses.
///
/// # Errors
/// When the system gives no epoll or timer.
pub fn runtime() -> Result<Runtime, Failure> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("cannot start: {error}; nothing was changed"),
            )
        })
}

/// The failure, and where nobody answered on a bus that does, the one command that helps.
pub async fn with_advice(failure: Failure) -> Failure {
    let Failure::Said(Exit::Unreachable, why) = &failure else {
        return failure;
    };
    match timeout(CONNECT_TIMEOUT, crate::system_bus::system().build()).await {
        Ok(Ok(bus)) => {
            let remedy = remedy(&look(&bus).await);
            Failure::new(Exit::Unreachable, format!("{why}; {}", remedy.advice()))
        }
        _ => failure,
    }
}

/// Opens a connection of our own to the system bus and a proxy on it. The helper need not be there
/// yet: the first question starts it.
///
/// # Errors
/// [`Exit::Unreachable`] when there is no bus.
pub async fn connect() -> Result<Helper1Proxy<'static>, Failure> {
    let builder = crate::system_bus::system().method_timeout(ANSWER_TIMEOUT);
    let no_bus = |cause: String| {
        Failure::new(
            Exit::Unreachable,
            format!(
                "the system bus cannot be reached ({cause}); nothing was changed. Evenkeel's \
                 helper is spoken to over it: is dbus running?"
            ),
        )
    };
    let connection = timeout(CONNECT_TIMEOUT, builder.build())
        .await
        .map_err(|_| no_bus(format!("no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
        .map_err(|error| no_bus(error.to_string()))?;
    Ok(Helper1Proxy::new(&connection).await?)
}
