//! The errors the helper answers with. Each message says what happened, what was left unchanged
//! and what to do about it.

use zbus::DBusError;

/// An answer other than yes, as `io.github.evenkeel.Error.*` on the bus.
#[derive(Debug, Clone, PartialEq, DBusError)]
#[zbus(prefix = "io.github.evenkeel.Error")]
pub enum HelperError {
    /// The bus itself failed, or the helper is not there.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// polkit said no, or could not be asked.
    NotAuthorized(String),
    /// A number is outside its documented range, or names an uplink that is not there.
    OutOfRange(String),
    /// This machine cannot do it: wrong kernel, or nothing to steer.
    NotSupported(String),
    /// The helper has too many requests waiting; try again.
    Busy(String),
    /// One of the limits of [`crate::limits`] is reached.
    LimitsExceeded(String),
    /// The routes are not what they were when they were captured; somebody else changes them.
    ConflictingRoutes(String),
    /// The kernel refused a read or a write.
    Kernel(String),
}

impl HelperError {
    /// The sentence for the user; for a failure of the bus, that failure's own words.
    pub fn message(&self) -> String {
        match self {
            Self::ZBus(error) => error.to_string(),
            Self::NotAuthorized(text)
            | Self::OutOfRange(text)
            | Self::NotSupported(text)
            | Self::Busy(text)
            | Self::LimitsExceeded(text)
            | Self::ConflictingRoutes(text)
            | Self::Kernel(text) => text.clone(),
        }
    }

    /// True when the helper could not be reached at all, as opposed to having refused.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::ZBus(error) if bus_is_silent(error))
    }
}

/// Whether a failure of the bus means that nobody answered.
fn bus_is_silent(error: &zbus::Error) -> bool {
    match error {
        zbus::Error::InputOutput(_)
        | zbus::Error::Connection(..)
        | zbus::Error::Handshake(_)
        | zbus::Error::Address(_) => true,
        zbus::Error::MethodError(name, ..) => names_silence(name.as_str()),
        zbus::Error::FDO(error) => match &**error {
            zbus::fdo::Error::ZBus(error) => bus_is_silent(error),
            error => names_silence(error.name().as_str()),
        },
        _ => false,
    }
}

/// Whether the bus says by this error name that nobody answered, or that nobody could be started.
fn names_silence(name: &str) -> bool {
    let Some(name) = name.strip_prefix("org.freedesktop.DBus.Error.") else {
        return false;
    };
    matches!(
        name,
        "ServiceUnknown"
            | "NameHasNoOwner"
            | "NoReply"
            | "NoServer"
            | "Disconnected"
            | "Timeout"
            | "TimedOut"
    ) || name.starts_with("Spawn.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use zbus::fdo;

    fn text() -> String {
        "why".to_owned()
    }

    #[test]
    fn a_bus_or_helper_that_does_not_answer_is_unreachable() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        for error in [
            zbus::Error::from(refused),
            zbus::Error::Handshake(text()),
            zbus::Error::Address(text()),
            fdo::Error::ServiceUnknown(text()).into(),
            fdo::Error::NameHasNoOwner(text()).into(),
            fdo::Error::NoReply(text()).into(),
            fdo::Error::NoServer(text()).into(),
            fdo::Error::Disconnected(text()).into(),
            fdo::Error::Timeout(text()).into(),
            fdo::Error::TimedOut(text()).into(),
            fdo::Error::SpawnChildExited(text()).into(),
            fdo::Error::SpawnServiceNotFound(text()).into(),
        ] {
            let shown = format!("{error:?}");
            assert!(HelperError::ZBus(error).is_unreachable(), "{shown}");
        }
    }

    #[test]
    fn an_answer_is_not_unreachable_whatever_it_says() {
        for error in [
            HelperError::NotAuthorized(text()),
            HelperError::Busy(text()),
            HelperError::Kernel(text()),
            HelperError::ZBus(fdo::Error::AccessDenied(text()).into()),
            HelperError::ZBus(fdo::Error::UnknownMethod(text()).into()),
            HelperError::ZBus(fdo::Error::LimitsExceeded(text()).into()),
            HelperError::ZBus(zbus::Error::Failure(text())),
        ] {
            assert!(!error.is_unreachable(), "{error:?}");
        }
    }

    #[test]
    fn error_names_are_read_as_a_method_call_gets_them() {
        for (name, silent) in [
            ("org.freedesktop.DBus.Error.ServiceUnknown", true),
            ("org.freedesktop.DBus.Error.TimedOut", true),
            ("org.freedesktop.DBus.Error.Spawn.ExecFailed", true),
            ("org.freedesktop.DBus.Error.AccessDenied", false),
            ("io.github.evenkeel.Error.Busy", false),
            ("TimedOut", false),
        ] {
            assert_eq!(names_silence(name), silent, "{name}");
        }
    }
}
