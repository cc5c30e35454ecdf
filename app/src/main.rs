//! `evenkeel`: no arguments open the window, anything else is the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    evenkeel::cli::main()
}
