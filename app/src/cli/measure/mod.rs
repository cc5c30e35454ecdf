//! `evenkeel measure`: begins a measurement, shows it fill, and what came out. Switching and judging
//! are the helper's; cancelling is Ctrl-C's. A terminal that is closed leaves the measurement alone.

mod bar;
pub mod past;
mod report;
pub mod told;

use std::io::{self, IsTerminal as _, Write};

use evenkeel_core::ab::Plan;
use evenkeel_dbus::Helper1Proxy;
use evenkeel_dbus::measurement::{Measurement1Proxy, MeasurementState};
use futures_util::StreamExt;
use futures_util::stream::select_all;

use super::args::MeasureArgs;
use super::deliver::{self, Delivery};
use super::exit::{Exit, Failure};
use super::out::json;
use super::{complain, helper};
use crate::measure::history::Kept;
use crate::measure::{self, Choice, Found, Snapshot};
use crate::state::HelperState;
use crate::words::{Language, Words};
use report::Report;
use told::Names;

/// As shells report a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Measures, or shows what was measured, and returns the exit code.
///
/// # Errors
/// When the helper refuses, cannot be reached or goes away, or the output cannot be written.
pub async fn run(args: &MeasureArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    if args.history {
        return past::list(args.json, out).await;
    }
    if let Some(number @ 1..) = args.show {
        let history = past::folder()?;
        let state = past::gather(&history).await;
        return show_kept(past::open(&history, number)?, state.as_ref(), args, out);
    }
    let helper = helper::connect().await?;
    let state = HelperState::read(&helper).await?;
    let measurement = if args.show.is_some() {
        // The helper remembers none after a restart; the disk does.
        let Some(path) = state.measurements.last() else {
            return show_kept(past::open(&past::folder()?, 1)?, Some(&state), args, out);
        };
        measure::at(&helper, path.clone()).await?
    } else {
        let plan = choice(args).plan(&state, &plan(args)?);
        let plan = plan.map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
        measure::start(&helper, plan).await?
    };
    let names = Names::of(&state);
    let cancelled = follow(&helper, &measurement, &names, args.json).await?;
    let snapshot = Snapshot::read(&measurement).await?;
    let found = Found::fetch(&measurement).await?;
    past::keep(&helper, &snapshot, &found, &names).await;
    // What is in force may have changed meanwhile.
    let state = HelperState::read(&helper).await.ok();
    show(&snapshot, &found, (&names, state.as_ref()), args, out)?;
    Ok(match snapshot.state {
        _ if cancelled => INTERRUPTED,
        MeasurementState::Failed => Exit::Failed.code(),
        _ => Exit::Ok.code(),
    })
}

fn show_kept(
    (kept, found): (Kept, Found),
    state: Option<&HelperState>,
    args: &MeasureArgs,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let names = Names::known(&kept.uplinks);
    show(&kept.snapshot, &found, (&names, state), args, out)?;
    Ok(Exit::Ok.code())
}

/// Writes the files that were asked for, and what came out; `state` is what is in force now.
fn show(
    snapshot: &Snapshot,
    found: &Found,
    (names, state): (&Names, Option<&HelperState>),
    args: &MeasureArgs,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let words = Words::new(Language::of_system());
    let arms = names.arms(snapshot, &words);
    let series = found.series(arms.each_ref().map(String::as_str));
    let verdict = told::verdict(snapshot, names, &words).join(" ");
    let lead = [Some(verdict), told::advice(snapshot, names, state, &words)];
    let delivery = Delivery {
        title: &arms.join(" / "),
        series: &series,
        started_unix_ms: snapshot.started_at.checked_mul(1_000),
        one_after_the_other: false,
        lead: lead.into_iter().flatten().collect(),
        notes: told::ways(snapshot, found, names, &words)
            .into_iter()
            .collect(),
    };
    let json_file = args.samples_json.as_deref();
    deliver::files(&delivery, &args.deliver, json_file, &words)?;
    if args.json {
        // Scripts get the same words everywhere.
        let english = Words::new(Language::English);
        let report = Report::of(snapshot, found, (names, state), &english);
        writeln!(out, "{}", json(&report)?)?;
        return Ok(out.flush()?);
    }
    deliver::print(&delivery, &args.deliver, &words, out)
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

/// Shows how far it is until it ends. True when Ctrl-C ended it.
async fn follow(
    helper: &Helper1Proxy<'_>,
    measurement: &Measurement1Proxy<'_>,
    names: &Names,
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
    let words = Words::new(Language::of_system());
    let mut bar = bar::Bar::new(io::stderr().is_terminal(), quiet);
    let mut cancelled = false;
    let mut second = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        let snapshot = Snapshot::read(measurement).await?;
        if snapshot.has_ended() {
            bar.end();
            return Ok(cancelled);
        }
        bar.show(&snapshot, names, &words);
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
