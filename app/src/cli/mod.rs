//! The command line: picks the command, runs it, turns its end into an exit code. What each command
//! does stands in the module of its name.

mod args;
mod change;
mod deliver;
mod docs;
mod doctor;
mod examples;
mod exit;
mod flows;
mod helper;
mod measure;
mod out;
mod overlay;
mod ping;
mod plan;
mod replay;
mod report;
mod run;
#[cfg(test)]
pub(crate) mod sample;
mod spikes;
mod status;
mod table;
mod watch;
mod words;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::FromArgMatches;
use nix::unistd::{Uid, User};

use args::{Cli, Command};
use exit::Failure;

/// Runs the program: the window without arguments, a command otherwise.
pub fn main() -> ExitCode {
    if let Some(code) = run::step(std::env::args_os()) {
        return code;
    }
    if let Some(code) = crate::kernel_check::step(std::env::args_os()) {
        return code;
    }
    let matches = examples::command().get_matches();
    // Cannot fail: the matches come from the definition of this very type.
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let Some(command) = cli.command else {
        return crate::ui::run(cli.strip);
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match dispatch(&command, &mut out) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let failure = advised(failure);
            if let Failure::Said(_, message) = &failure {
                complain(message);
            }
            // What is still buffered has no reader, or a reader that was just told of a failure.
            let _ = out.into_parts();
            failure.exit().into()
        }
    }
}

/// A failure with what to do about it, where a helper that is not there is the cause.
fn advised(failure: Failure) -> Failure {
    if failure.exit() != exit::Exit::Unreachable {
        return failure;
    }
    match helper::runtime() {
        Ok(runtime) => runtime.block_on(helper::with_advice(failure)),
        Err(_) => failure,
    }
}

fn dispatch(command: &Command, out: &mut dyn Write) -> Result<u8, Failure> {
    match command {
        Command::Status(args) => helper::runtime()?.block_on(status::run(args, out))?,
        Command::Watch(args) => return helper::runtime()?.block_on(watch::run(args, out)),
        Command::Spikes(args) => return helper::runtime()?.block_on(spikes::run(args, out)),
        Command::Flows(args) => helper::runtime()?.block_on(flows::run(args, out))?,
        Command::Overlay => helper::runtime()?.block_on(overlay::run(out))?,
        Command::Plan(args) => helper::runtime()?.block_on(plan::run(args, out))?,
        Command::Set { what } => helper::runtime()?.block_on(change::set(what, out))?,
        Command::GameMode { state } => {
            helper::runtime()?.block_on(change::game_mode(*state, out))?;
        }
        Command::Run(args) => return helper::runtime()?.block_on(run::run(&args.command)),
        Command::Forget { uplink } => {
            helper::runtime()?.block_on(change::forget(uplink, out))?;
        }
        Command::Revert => helper::runtime()?.block_on(change::revert(out))?,
        Command::Measure(args) => return helper::runtime()?.block_on(measure::run(args, out)),
        Command::Replay(args) => replay::run(args, out)?,
        Command::Table(args) => table::run(args, out)?,
        Command::Report(args) => helper::runtime()?.block_on(report::run(args, out))?,
        Command::Doctor(args) => return helper::runtime()?.block_on(doctor::run(args, out)),
        Command::Completions { shell } => docs::completions(*shell, out)?,
        Command::Man { dir } => docs::man(dir.as_deref(), out)?,
    }
    out.flush()?;
    Ok(exit::Exit::Ok.code())
}

/// One line on standard error. There is nobody to tell when even that fails.
fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "evenkeel: {}", out::escaped(message));
}

/// The name of a user, when the system knows one.
fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map(|user| user.name)
}
