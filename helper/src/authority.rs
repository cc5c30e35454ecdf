//! Asks polkit whether a caller may. The subject is the caller's bus name as the bus daemon put it
//! into the message; there is no way here to ask about a process or a user. Whatever goes wrong
//! while asking is a no.

use std::collections::HashMap;

use evenkeel_dbus::HelperError;
use zbus::Connection;
use zbus::message::{Flags, Header};
use zbus_polkit::policykit1::{AuthorityProxy, CheckAuthorizationFlags, Subject};

/// Asks polkit about `action` for the sender of `header`.
///
/// # Errors
/// [`HelperError::NotAuthorized`] when polkit says no, or cannot be asked.
pub async fn check(
    connection: &Connection,
    header: &Header<'_>,
    action: &str,
) -> Result<(), HelperError> {
    let refused =
        |why: String| HelperError::NotAuthorized(format!("{action}: {why}; nothing was changed"));
    let subject = Subject::new_for_message_header(header)
        .map_err(|error| refused(format!("the caller has no bus name ({error})")))?;
    let flags = if header
        .primary()
        .flags()
        .contains(Flags::ALLOW_INTERACTIVE_AUTH)
    {
        CheckAuthorizationFlags::ALLOW_USER_INTERACTION
    } else {
        CheckAuthorizationFlags::empty()
    };
    let authority = AuthorityProxy::new(connection)
        .await
        .map_err(|error| refused(format!("polkit cannot be asked ({error})")))?;
    let answer = authority
        .check_authorization(&subject, action, &HashMap::new(), flags, "")
        .await
        .map_err(|error| refused(format!("polkit cannot be asked ({error})")))?;
    if answer.is_authorized {
        Ok(())
    } else if answer.is_challenge {
        Err(refused(
            "a password would be needed, and none was asked for".into(),
        ))
    } else {
        Err(refused("not allowed for this user and session".into()))
    }
}
