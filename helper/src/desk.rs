//! Where calls come in: counted, allowed by polkit, their sender identified, handed on to the actor,
//! in that order. What is asked is the interfaces' business.

use evenkeel_dbus::HelperError;
use tokio::sync::{mpsc, oneshot};
use zbus::Connection;
use zbus::message::Header;

use crate::authority;
use crate::idle::Attendance;
use crate::lease::Caller;
use crate::request::{Answer, Ask, Request};

/// See the module.
#[derive(Debug, Clone)]
pub struct Desk {
    requests: mpsc::Sender<Request>,
    attendance: Attendance,
}

impl Desk {
    /// A desk that sends its calls to `requests` and counts them in `attendance`.
    pub fn new(requests: mpsc::Sender<Request>, attendance: Attendance) -> Self {
        Self {
            requests,
            attendance,
        }
    }

    /// Asks polkit about the sender of `header`, then the actor.
    ///
    /// # Errors
    /// [`HelperError::NotAuthorized`], [`HelperError::Busy`], or what the actor answers.
    pub async fn ask(
        &self,
        connection: &Connection,
        header: &Header<'_>,
        action: &str,
        ask: Ask,
    ) -> Result<Answer, HelperError> {
        let _call = self.attendance.begin().ok_or_else(busy)?;
        let caller = tokio::select! {
            caller = admit(connection, header, action) => caller?,
            () = self.attendance.closed() => return Err(busy()),
        };
        let (reply, answer) = oneshot::channel();
        self.requests
            .try_send(Request { caller, ask, reply })
            .map_err(|_| busy())?;
        answer.await.map_err(|_| busy())?
    }
}

/// The answer when there is nobody to answer.
pub fn busy() -> HelperError {
    HelperError::Busy("the helper is busy or stopping; nothing was changed, try again".into())
}

/// Who asks, once polkit has said yes.
async fn admit(
    connection: &Connection,
    header: &Header<'_>,
    action: &str,
) -> Result<Caller, HelperError> {
    authority::check(connection, header, action).await?;
    identify(connection, header).await
}

/// Who sent the message: its bus name and the user id that the bus daemon vouches for.
async fn identify(connection: &Connection, header: &Header<'_>) -> Result<Caller, HelperError> {
    let unknown = || {
        HelperError::NotAuthorized("the caller cannot be identified; nothing was changed".into())
    };
    let name = header.sender().ok_or_else(unknown)?.to_owned();
    let bus = zbus::fdo::DBusProxy::new(connection).await?;
    let uid = bus
        .get_connection_unix_user(name.clone().into())
        .await
        .map_err(|_| unknown())?;
    Ok(Caller {
        name: name.to_string(),
        uid,
    })
}
