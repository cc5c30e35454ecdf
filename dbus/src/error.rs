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
        match self {
            Self::ZBus(zbus::Error::MethodError(name, ..)) => matches!(
                name.as_str(),
                "org.freedesktop.DBus.Error.ServiceUnknown"
                    | "org.freedesktop.DBus.Error.NameHasNoOwner"
                    | "org.freedesktop.DBus.Error.NoReply"
                    | "org.freedesktop.DBus.Error.Disconnected"
            ),
            Self::ZBus(zbus::Error::FDO(error)) => matches!(
                **error,
                zbus::fdo::Error::ServiceUnknown(_)
                    | zbus::fdo::Error::NameHasNoOwner(_)
                    | zbus::fdo::Error::NoReply(_)
                    | zbus::fdo::Error::Disconnected(_)
            ),
            Self::ZBus(zbus::Error::InputOutput(_)) => true,
            _ => false,
        }
    }
}
