//! `evenkeel status`: asks the helper once and shows the answer. It never makes the helper probe.

mod report;
mod text;

use std::io::Write;
use std::time::Duration;

use tokio::time::timeout;

use super::args::StatusArgs;
use super::exit::{Exit, Failure};
use super::helper;
use super::out::json;
use crate::state::HelperState;
pub use report::Family;

/// How long the whole answer may take, the helper's start included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows what is in force.
///
/// # Errors
/// When the helper cannot be reached or the output cannot be written.
pub async fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let state = read().await?;
    if args.json {
        writeln!(out, "{}", json(&report::Report::of(&state))?)?;
    } else {
        out.write_all(text::status(&state, super::user_name).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Asks once, with bounded patience.
///
/// # Errors
/// When the helper cannot be reached or does not answer.
pub async fn read() -> Result<HelperState, Failure> {
    let read = async {
        let helper = helper::connect().await?;
        Ok::<_, Failure>(HelperState::read(&helper).await?)
    };
    timeout(PATIENCE, read).await.map_err(|_| {
        let seconds = PATIENCE.as_secs();
        Failure::new(
            Exit::Unreachable,
            format!("the helper did not answer within {seconds} s; nothing was changed"),
        )
    })?
}
