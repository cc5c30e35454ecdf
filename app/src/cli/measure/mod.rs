//! `evenkeel measure`: begins a measurement, shows it fill, and what came out. Switching and judging
//! are the helper's; cancelling is Ctrl-C's. A terminal that is closed leaves the measurement alone.

mod bar;
mod report;
mod told;

use std::io::{self, IsTerminal as _, Write};

use evenkeel_core::ab::Plan;
use evenkeel_dbus::Helper1Proxy;
use evenkeel_dbus::measurement::{Measurement1Proxy, MeasurementState};
use futures_util::StreamExt;
use futures_util::stream::select_all;

use super::args::MeasureArgs;
use super::exit::{Exit, Failure};
use super::out::json;
use super::{complain, helper};
use crate::measure::{self, Choice, Found, Snapshot};
use crate::state::HelperState;

/// As shells report a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Measures, or shows what was measured, and returns the exit code.
///
/// # Errors
/// When the helper refuses, cannot be reached or goes away, or the output cannot be written.
pub async fn run(args: &MeasureArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let helper = helper::connect().await?;
    let state = HelperState::read(&helper).await?;
    let measurement = if args.show {
        newest(&helper).await?
    } else {
        let plan = choice(args).plan(&state, &plan(args)?);
        let plan = plan.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
        measure::start(&helper, plan).await?
    };
    let names = told::Names::of(&state);
    let cancelled = follow(&helper, &measurement, &names, args.json).await?;
    let snapshot = Snapshot::read(&measurement).await?;
    let found = Found::fetch(&measurement).await?;
    if args.json {
        let report = report::Report::of(&snapshot, &found, &names);
        writeln!(out, "{}", json(&report)?)?;
    } else {
        out.write_all(told::all(&snapshot, &found, &names).as_bytes())?;
    }
    out.flush()?;
    Ok(match snapshot.state {
        _ if cancelled => INTERRUPTED,
        MeasurementState::Failed => Exit::Failed.code(),
        _ => Exit::Ok.code(),
    })
}

/// What the arguments name. One of them is there: the parser sees to that.
fn choice(args: &MeasureArgs) -> Choice {
    match (args.ema.as_slice(), args.uplinks.as_slice(), &args.tunable) {
        ([a, b], ..) => Choice::Ema(*a, *b),
        (_, [a, b], _) => Choice::Uplinks(a.clone(), b.clone()),
        (.., Some(tunable)) => tunable.clone(),
        _ => Choice::GameMode,
    }
}

fn plan(args: &MeasureArgs) -> Result<Plan, Failure> {
    let in_ms = |seconds: f64| (seconds * 1000.0).round().clamp(0.0, f64::from(u32::MAX)) as u32;
    let first_look = match args.first_look {
        Some(0) => None,
        Some(pairs) => Some(pairs),
        // With few pairs an early look would have nothing to show.
        None => {
            Some(args.pairs * 2 / 3).filter(|first| *first >= evenkeel_core::ab::plan::MIN_PAIRS)
        }
    };
    let (block, settle) = (in_ms(args.block), in_ms(args.settle));
    Plan::new(args.pairs, first_look, block, settle, args.period_ms)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))
}

/// The measurement under way, or the one that ended last.
async fn newest(helper: &Helper1Proxy<'_>) -> Result<Measurement1Proxy<'static>, Failure> {
    let all = helper.measurements().await?;
    let Some(path) = all.into_iter().next_back() else {
        return Err(Failure::new(
            Exit::Failed,
            "nothing was measured since the helper started; `evenkeel measure --game-mode` begins",
        ));
    };
    Ok(measure::at(helper, path).await?)
}

/// Shows how far it is until it ends. True when Ctrl-C ended it.
async fn follow(
    helper: &Helper1Proxy<'_>,
    measurement: &Measurement1Proxy<'_>,
    names: &told::Names,
    quiet: bool,
) -> Result<bool, Failure> {
    let mut changes = select_all([
        measurement.receive_state_changed().await.map(drop).boxed(),
        measurement
            .receive_progress_changed()
            .await
            .map(drop)
            .boxed(),
    ]);
    let mut owners = helper.inner().receive_owner_changed().await?;
    let mut bar = bar::Bar::new(io::stderr().is_terminal(), quiet);
    let mut cancelled = false;
    let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        let snapshot = Snapshot::read(measurement).await?;
        if snapshot.has_ended() {
            bar.end();
            return Ok(cancelled);
        }
        bar.show(&snapshot, names);
        tokio::select! {
            _ = changes.next() => {}
            _ = second.tick(), if bar.moves() => {}
            owner = owners.next() => if owner.flatten().is_none() {
                bar.end();
                return Err(Failure::new(
                    Exit::Failed,
                    "the helper has ended and the measurement with it; what it had changed was put \
                     back",
                ));
            },
            _ = tokio::signal::ctrl_c(), if !cancelled => {
                cancelled = true;
                bar.end();
                measurement.cancel().await?;
                complain("cancelled; what was changed is put back");
            }
        }
    }
}
