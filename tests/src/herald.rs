//! A stand-in for the desktop's notification service on a player's session bus: it shows nothing and
//! writes down, one JSON line each, what it was asked to show. It decides nothing.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zbus::{Connection, OwnedVariant};

use crate::desk::Desk;
use crate::error::LabError;
use crate::users::PLAYER_USER;
use crate::{Lab, Proc};

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
const PATIENCE: Duration = Duration::from_secs(20);

/// A notification as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The number it got.
    pub id: u32,
    /// The one that it takes the place of, or 0.
    pub replaces: u32,
    /// Its heading.
    pub summary: String,
    /// Its text.
    pub body: String,
    /// The name of who sent it, for people.
    pub name: String,
    /// Its icon.
    pub icon: String,
    /// The desktop file of who sent it.
    pub application: String,
    /// What can be pressed on it.
    pub actions: Vec<String>,
    /// Milliseconds until it goes by itself; -1 as the desktop likes.
    pub expires_ms: i32,
}

/// See the module. Ends with the lab, or when dropped.
#[derive(Debug)]
pub struct Herald(Proc);

impl Herald {
    /// Stands at the desk.
    ///
    /// # Errors
    /// When it does not get the name.
    pub fn start(lab: &Lab, desk: &Desk) -> Result<Self, LabError> {
        let line = ["evenkeel-lab", "herald"];
        let mut herald = desk.seat(lab.command_as(PLAYER_USER, line)?).spawn()?;
        herald.wait_for("ready", PATIENCE)?;
        Ok(Self(herald))
    }

    /// What was shown so far.
    ///
    /// # Errors
    /// When it wrote something else.
    pub fn shown(&self) -> Result<Vec<Note>, LabError> {
        let text = self.0.stdout_text();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let notes = whole.lines().filter(|line| *line != "ready");
        notes
            .map(|line| {
                serde_json::from_str(line)
                    .map_err(|error| LabError::Invalid(format!("{line}: {error}")))
            })
            .collect()
    }
}

#[derive(Debug, Default)]
struct Service(u32);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[allow(
        clippy::too_many_arguments,
        clippy::needless_pass_by_value,
        reason = "so the desktop's specification has it"
    )]
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
    ) -> u32 {
        self.0 += 1;
        let id = if replaces_id == 0 {
            self.0
        } else {
            replaces_id
        };
        let application = hints.get("desktop-entry");
        let application = application.and_then(|hint| hint.downcast_ref::<String>().ok());
        let note = Note {
            id,
            replaces: replaces_id,
            summary,
            body,
            name: app_name,
            icon: app_icon,
            application: application.unwrap_or_default(),
            actions,
            expires_ms: expire_timeout,
        };
        let mut out = std::io::stdout();
        // Nobody reads any more when the test has ended.
        let _ = writeln!(out, "{}", serde_json::to_string(&note).unwrap_or_default());
        let _ = out.flush();
        id
    }
}

/// Serves until it is ended.
///
/// # Errors
/// When the session bus is not there, or the name is taken.
pub async fn serve() -> Result<(), LabError> {
    let said = |error: zbus::Error| LabError::Invalid(format!("the session bus: {error}"));
    let bus = Connection::session().await.map_err(said)?;
    let server = bus.object_server();
    let _ = server.at(PATH, Service::default()).await.map_err(said)?;
    bus.request_name(NAME).await.map_err(said)?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")
        .and_then(|()| out.flush())
        .map_err(|error| LabError::io("saying ready", error))?;
    std::future::pending().await
}
