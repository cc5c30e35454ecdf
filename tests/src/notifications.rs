//! A stand-in for a desktop's notification server: owns `org.freedesktop.Notifications` on the session
//! bus and prints each notification as a line of JSON. It shows nothing.

use std::collections::HashMap;
use std::io::Write as _;

use serde_json::json;
use zbus::{OwnedVariant, Variant};

use crate::error::LabError;

/// The server's name on the bus.
pub const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// The number of the last notification.
struct Server(u32);

#[zbus::interface(name = "org.freedesktop.Notifications", introspection_docs = false)]
#[allow(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "so the desktop's specification has it"
)]
impl Server {
    fn get_capabilities(&self) -> Vec<&str> {
        vec!["body"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("stand-in", "Evenkeel", "1", "1.2")
    }

    fn notify(
        &mut self,
        app_name: String,
        replaces_id: u32,
        app_icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedVariant>,
        expire_timeout: i32,
    ) -> zbus::fdo::Result<u32> {
        let entry = hints.get("desktop-entry").map(|value| match &**value {
            Variant::Str(entry) => entry.to_string(),
            other => format!("{other:?}"),
        });
        let line = json!({
            "app": app_name, "replaces": replaces_id, "icon": app_icon, "summary": summary,
            "body": body, "actions": actions, "entry": entry, "expires": expire_timeout,
        });
        writeln!(std::io::stdout(), "{line}")
            .map_err(|error| zbus::fdo::Error::Failed(error.to_string()))?;
        if replaces_id == 0 {
            self.0 += 1;
            return Ok(self.0);
        }
        Ok(replaces_id)
    }

    fn close_notification(&self, id: u32) {
        drop(writeln!(std::io::stdout(), "{}", json!({"closed": id})));
    }
}

/// Serves until it is ended.
///
/// # Errors
/// When the bus is not there, or the name is taken.
pub async fn serve() -> Result<(), LabError> {
    let served = zbus::connection::Builder::session()
        .serve_at(PATH, Server(0))
        .name(NAME)
        .build()
        .await;
    let _connection =
        served.map_err(|e| LabError::Invalid(format!("the notification stand-in: {e}")))?;
    std::future::pending().await
}
