//! What can go wrong in the lab, in words that name the thing, the cause and the way out.

use std::io;

/// An error of the lab. Whatever it was, the host is unchanged: a lab that fails to start is torn
/// down by the kernel together with its holder.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// Not running as root.
    #[error("the lab needs root (it makes namespaces); run it with sudo")]
    NotRoot,
    /// A program the lab needs is not installed.
    #[error("`{tool}` is not installed; install the package `{package}`")]
    MissingTool {
        /// The program's name.
        tool: &'static str,
        /// The Debian package that contains it.
        package: &'static str,
    },
    /// A system call or file operation failed.
    #[error("{what}: {source}")]
    Io {
        /// What the lab was doing.
        what: String,
        /// The cause.
        source: io::Error,
    },
    /// A program ended with failure.
    #[error("`{command}` failed ({status}): {stderr}")]
    Command {
        /// The command line.
        command: String,
        /// Its exit status in words.
        status: String,
        /// What it wrote to standard error (or output, when that was empty).
        stderr: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {seconds} s")]
    Timeout {
        /// What was awaited.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// The caller asked for something the lab doesn't have or doesn't do.
    #[error("{0}")]
    Invalid(String),
}

impl LabError {
    /// An [`LabError::Io`] from any error that converts into [`io::Error`].
    pub fn io(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io {
            what: what.into(),
            source: source.into(),
        }
    }
}

/// Adds "what was being done" to an error that converts into [`io::Error`].
pub trait Context<T> {
    /// Turns the error into [`LabError::Io`], described by `what`.
    ///
    /// # Errors
    /// The same error, described.
    fn context(self, what: impl FnOnce() -> String) -> Result<T, LabError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T, LabError> {
        self.map_err(|error| LabError::io(what(), error))
    }
}
