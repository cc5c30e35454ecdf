//! `evenkeel doctor`: checks an installation from the bus to the kernel and says what to do. The
//! finding out is in [`facts`], the judging in [`judge`], what passes between them in [`known`]; this shows the result.

mod facts;
mod judge;
mod kernel;
mod known;

use std::fmt::Write as _;
use std::io::Write;

use serde::Serialize;

use super::args::DoctorArgs;
use super::exit::{Exit, Failure};
use super::out::{escaped, json};
pub use judge::{Finding, Level};
use known::{Facts, Helper};

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

/// Shows the diagnosis and returns the exit code.
///
/// # Errors
/// When the output cannot be written.
pub async fn run(args: &DoctorArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if args.kernel {
        return kernel::run(args.json, out).await;
    }
    let facts = facts::gather().await;
    let findings = judge::judge(&facts);
    let exit = exit(&facts, &findings);
    if args.json {
        let report = Report {
            schema: SCHEMA,
            healthy: exit == Exit::Ok,
            findings,
        };
        writeln!(out, "{}", json(&report)?)?;
    } else {
        out.write_all(text(&findings).as_bytes())?;
    }
    out.flush()?;
    Ok(exit.code())
}

/// What it finds on this machine.
pub async fn findings() -> Vec<Finding> {
    judge::judge(&facts::gather().await)
}

/// The diagnosis as JSON.
#[derive(Debug, Serialize)]
struct Report {
    schema: u32,
    healthy: bool,
    findings: Vec<Finding>,
}

/// A helper that does not answer is told from what else may be wrong.
fn exit(facts: &Facts, findings: &[Finding]) -> Exit {
    let worst = findings.iter().map(|finding| finding.level).max();
    match (&facts.helper, worst) {
        (_, None | Some(Level::Fine | Level::Note)) => Exit::Ok,
        (Helper::Silent(_), _) => Exit::Unreachable,
        (Helper::Refused(_), _) => Exit::Refused,
        (Helper::Answers(_), _) => Exit::Failed,
    }
}

/// The diagnosis for people, lines ended.
fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let sign = match finding.level {
            Level::Fine => "ok",
            Level::Note => "note",
            Level::Problem => "WRONG",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{sign:<6} {}", escaped(&finding.what));
        if let Some(todo) = &finding.todo {
            let _ = writeln!(out, "       -> {}", escaped(todo));
        }
    }
    let problems = findings
        .iter()
        .filter(|finding| finding.level == Level::Problem);
    out.push_str(match problems.count() {
        0 => "\nEvenkeel is installed as it should be.\n",
        _ => "\nSomething is wrong; what to do stands behind the arrows, the first one first.\n",
    });
    out
}
