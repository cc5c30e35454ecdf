//! The way to the helper: one connection, a proxy, and a stream of "something changed". Not what is
//! asked or shown.

use std::time::Duration;

use evenkeel_dbus::Helper1Proxy;
use futures_util::stream::{BoxStream, StreamExt, select_all};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::exit::{Exit, Failure};

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

/// Opens a connection of our own to the system bus and a proxy on it. The helper need not be there
/// yet: the first question starts it.
///
/// # Errors
/// [`Exit::Unreachable`] when there is no bus.
pub async fn connect() -> Result<Helper1Proxy<'static>, Failure> {
    let builder = zbus::connection::Builder::system().method_timeout(ANSWER_TIMEOUT);
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

/// Yields whenever a property that people look at has changed. The proxy has the new value by then.
pub async fn changes(helper: &Helper1Proxy<'static>) -> BoxStream<'static, ()> {
    let mut streams: Vec<BoxStream<'static, ()>> = Vec::new();
    macro_rules! watch {
        ($($receive:ident),+) => {
            $(streams.push(helper.$receive().await.map(|_| ()).boxed());)+
        };
    }
    watch!(
        receive_backend_changed,
        receive_backend_reason_changed,
        receive_uplinks_changed,
        receive_leader_changed,
        receive_ema_factor_changed,
        receive_power_cost_weight_changed,
        receive_game_mode_changed,
        receive_game_mode_holders_changed,
        receive_last_error_changed
    );
    select_all(streams).boxed()
}
