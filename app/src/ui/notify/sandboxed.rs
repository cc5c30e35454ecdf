//! The way of a notification out of a sandbox, from which no notification server can be reached: the
//! desktop's portal, which knows whose it is. What is worth one is not decided here.

use std::collections::HashMap;

use zbus::{Connection, Variant};

use super::Topic;

#[zbus::proxy(
    interface = "org.freedesktop.portal.Notification",
    default_service = "org.freedesktop.portal.Desktop",
    default_path = "/org/freedesktop/portal/desktop"
)]
trait Notification {
    fn add_notification(
        &self,
        id: &str,
        notification: HashMap<&str, Variant<'_>>,
    ) -> zbus::Result<()>;
}

/// Hands a notification to the portal; it takes the place of an older one of the same topic. The
/// body is text here and no markup.
pub(super) async fn show(
    bus: &Connection,
    topic: Topic,
    summary: &str,
    body: &str,
) -> zbus::Result<()> {
    let mut content = HashMap::from([
        ("title", Variant::from(summary)),
        ("priority", Variant::from("normal")),
    ]);
    if !body.is_empty() {
        content.insert("body", Variant::from(body));
    }
    let portal = NotificationProxy::new(bus).await?;
    portal.add_notification(&name(topic), content).await
}

/// What the portal knows a topic's notification by.
fn name(topic: Topic) -> String {
    match topic {
        Topic::GameMode => "game-mode".to_owned(),
        Topic::Problem => "problem".to_owned(),
        Topic::Uplink(ifindex) => format!("uplink-{ifindex}"),
        Topic::Leader => "leader".to_owned(),
    }
}
