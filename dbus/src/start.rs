//! Whether the bus starts the helper for a call, as clients and the helper itself want to know. Asking
//! starts nothing.

use zbus::Connection;
use zbus::fdo::DBusProxy;

use crate::BUS_NAME;

/// True when the bus starts a helper for a call, so that one which is not there is only asleep.
///
/// # Errors
/// When the bus does not answer.
pub async fn can_be_started(bus: &Connection) -> zbus::Result<bool> {
    let names = DBusProxy::new(bus).await?.list_activatable_names().await?;
    Ok(names.iter().any(|name| name.as_str() == BUS_NAME))
}
