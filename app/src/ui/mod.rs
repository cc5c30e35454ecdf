//! The window.

use std::process::ExitCode;

/// Opens the window and returns when it is closed.
pub fn run() -> ExitCode {
    ExitCode::SUCCESS
}
