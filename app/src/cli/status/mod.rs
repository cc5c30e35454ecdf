//! `evenkeel status`: asks the helper once and shows the answer. It never makes the helper probe.

mod report;
mod text;

use std::io::Write;
use std::time::Duration;

use tokio::time::timeout;

use super::args::StatusArgs;
use super::exit::{Exit, Failure};
use super::helper;
use crate::state::HelperState;

/// How long the whole answer may take, the helper's start included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Shows what is in force.
///
/// # Errors
/// When the helper cannot be reached or the output cannot be written.
pub async fn run(args: &StatusArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let read = async {
        let helper = helper::connect().await?;
        Ok::<_, Failure>(HelperState::read(&helper).await?)
    };
    let state = timeout(PATIENCE, read).await.map_err(|_| {
        let seconds = PATIENCE.as_secs();
        Failure::new(
            Exit::Unreachable,
            format!("the helper did not answer within {seconds} s; nothing was changed"),
        )
    })??;
    if args.json {
        let json = serde_json::to_string_pretty(&report::Report::of(&state));
        let json = json.map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("the status cannot be written as JSON: {error}"),
            )
        })?;
        writeln!(out, "{json}")?;
    } else {
        out.write_all(text::status(&state, super::user_name).as_bytes())?;
    }
    Ok(out.flush()?)
}
