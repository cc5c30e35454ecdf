//! How a command ends: the exit codes scripts can rely on, and the one sentence a person gets. Not
//! the words of any particular command.

use std::io;
use std::process::ExitCode;

use evenkeel_dbus::HelperError;
use zbus::DBusError;

/// Declares the exit codes once: the numbers, and the words that `--help` and the manual print.
macro_rules! exit_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $meaning:literal;)+) => {
        /// What an exit code means. Scripts may rely on the numbers.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit { $($(#[$doc])* $name,)+ }

        impl Exit {
            /// The number the process exits with.
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)+ }
            }

            /// Every code with its meaning, in the order of the numbers.
            pub const TABLE: &'static [(u8, &'static str)] = &[$(($code, $meaning),)+];
        }
    };
}

exit_codes! {
    /// It worked.
    Ok = 0, "it worked";
    /// Something failed: the kernel, a file, a conflict.
    Failed = 1, "something failed: the kernel refused, routes changed meanwhile, a file error";
    /// The command line or the input makes no sense.
    Usage = 2, "wrong usage or bad input: an argument out of range, no such uplink, a bad file";
    /// No bus, or no helper on it.
    Unreachable = 3, "the helper cannot be reached";
    /// polkit, or the bus, said no.
    Refused = 4, "not authorized";
    /// This machine cannot do it.
    NotSupported = 5, "this machine cannot do it; evenkeel status says why";
    /// A limit is reached or the helper is busy.
    TryLater = 6, "a limit is reached or the helper is busy; nothing was changed, try again";
}

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The reader of our output is gone, as with `| head`: no failure in anybody's eyes.
    ReaderLeft,
    /// Anything else: how to exit and what to say.
    Said(Exit, String),
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Said(exit, message.into())
    }

    /// What there is to say.
    pub fn sentence(self) -> Option<String> {
        match self {
            Self::ReaderLeft => None,
            Self::Said(_, sentence) => Some(sentence),
        }
    }

    /// How the process should exit.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ReaderLeft => Exit::Ok,
            Self::Said(exit, _) => *exit,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Only for writing our own output: a file that cannot be read says which one it is instead.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderLeft
        } else {
            Self::new(
                Exit::Failed,
                format!("the output cannot be written: {error}"),
            )
        }
    }
}

impl From<HelperError> for Failure {
    fn from(error: HelperError) -> Self {
        let exit = exit_of(&error);
        let message = error.message();
        match exit {
            Exit::Unreachable => Self::new(exit, unreachable(&message)),
            _ => Self::new(exit, message),
        }
    }
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        HelperError::ZBus(error).into()
    }
}

/// The sentence for a helper that is not there.
fn unreachable(cause: &str) -> String {
    format!("the helper evenkeeld cannot be reached ({cause}); nothing was changed")
}

/// The exit code for an answer other than yes.
pub fn exit_of(error: &HelperError) -> Exit {
    match error {
        HelperError::ZBus(_) if error.is_unreachable() => Exit::Unreachable,
        HelperError::ZBus(error) => exit_of_bus(error),
        HelperError::NotAuthorized(_) => Exit::Refused,
        HelperError::OutOfRange(_) => Exit::Usage,
        HelperError::NotSupported(_) => Exit::NotSupported,
        HelperError::Busy(_) | HelperError::LimitsExceeded(_) => Exit::TryLater,
        HelperError::ConflictingRoutes(_) | HelperError::Kernel(_) => Exit::Failed,
    }
}

fn exit_of_bus(error: &zbus::Error) -> Exit {
    let name = match error {
        zbus::Error::MethodError(name, ..) => name.as_str(),
        zbus::Error::FDO(error) => &error.name(),
        _ => return Exit::Failed,
    };
    match name.strip_prefix("org.freedesktop.DBus.Error.") {
        Some("AccessDenied" | "AuthFailed" | "InteractiveAuthorizationRequired") => Exit::Refused,
        Some("LimitsExceeded") => Exit::TryLater,
        _ => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::fdo;

    fn text() -> String {
        "why".to_owned()
    }

    #[test]
    fn every_answer_of_the_helper_has_its_own_exit_code() {
        for (error, exit) in [
            (HelperError::NotAuthorized(text()), Exit::Refused),
            (HelperError::OutOfRange(text()), Exit::Usage),
            (HelperError::NotSupported(text()), Exit::NotSupported),
            (HelperError::Busy(text()), Exit::TryLater),
            (HelperError::LimitsExceeded(text()), Exit::TryLater),
            (HelperError::ConflictingRoutes(text()), Exit::Failed),
            (HelperError::Kernel(text()), Exit::Failed),
        ] {
            assert_eq!(Failure::from(error), Failure::Said(exit, text()));
        }
    }

    #[test]
    fn a_bus_that_fails_is_told_from_a_bus_that_refuses() {
        let fdo = |error: fdo::Error| exit_of(&HelperError::ZBus(error.into()));
        assert_eq!(fdo(fdo::Error::ServiceUnknown(text())), Exit::Unreachable);
        assert_eq!(fdo(fdo::Error::SpawnChildExited(text())), Exit::Unreachable);
        assert_eq!(fdo(fdo::Error::TimedOut(text())), Exit::Unreachable);
        assert_eq!(fdo(fdo::Error::AccessDenied(text())), Exit::Refused);
        assert_eq!(fdo(fdo::Error::LimitsExceeded(text())), Exit::TryLater);
        assert_eq!(fdo(fdo::Error::UnknownMethod(text())), Exit::Failed);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(
            exit_of(&HelperError::ZBus(refused.into())),
            Exit::Unreachable
        );
    }

    #[test]
    fn the_numbers_never_change() {
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(Exit::Unreachable.code(), 3);
        assert_eq!(Exit::Refused.code(), 4);
        assert_eq!(Exit::NotSupported.code(), 5);
    }

    #[test]
    fn a_reader_that_left_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit(), Exit::Ok);
        let full = Failure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.exit(), Exit::Failed);
    }
}
