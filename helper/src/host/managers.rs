//! Which network manager sent a netlink request: a name for people, who are to know who keeps undoing
//! our work. It is not for proof: a netlink port is only by convention its owner's process number.

use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use super::{NETWORK_MANAGER, NETWORKD};
use crate::kernel::undoer;

/// How long the bus may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names on the bus, and what people call their owners.
const MANAGERS: [(&str, &str); 2] = [
    (NETWORK_MANAGER, "NetworkManager"),
    (NETWORKD, "systemd-networkd"),
];

/// Who sent a netlink request from this port: `the kernel`, a network manager, another program's name
/// as the kernel has it if we may see it, or `another program`. Starts nobody.
pub async fn name_of(connection: &Connection, netlink_port: u32) -> String {
    if netlink_port == 0 {
        return "the kernel".to_owned();
    }
    if let Some(process) = undoer::process_of(netlink_port)
        && let Ok(Some(name)) = timeout(PATIENCE, manager_with(connection, process)).await
    {
        return name.to_owned();
    }
    undoer::name_of(netlink_port).unwrap_or_else(|| "another program".to_owned())
}

/// The bus knows its clients' process numbers, and tells them to a helper that may not look into
/// `/proc`.
async fn manager_with(connection: &Connection, process: u32) -> Option<&'static str> {
    let bus = DBusProxy::new(connection).await.ok()?;
    for (bus_name, name) in MANAGERS {
        let bus_name = BusName::try_from(bus_name).ok()?;
        if bus.get_connection_unix_process_id(bus_name).await.ok() == Some(process) {
            return Some(name);
        }
    }
    None
}
