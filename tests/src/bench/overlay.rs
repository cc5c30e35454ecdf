//! What one call of `evenkeel overlay` costs: an overlay makes it again and again while a game runs.

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value, json};

use crate::LabSpec;
use crate::error::{Context as _, LabError};
use crate::scene::Scene;

/// Calls that are timed, after one that warms the page cache.
const CALLS: usize = 21;
/// Until the helper has something to tell.
const WARM: Duration = Duration::from_secs(5);

/// Prints the cost of a call: with a helper that measures, and with none.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let mut scene = Scene::start(&LabSpec::default())?;
    let listener = scene.evenkeel("player", &["watch", "--plain"])?.spawn()?;
    std::thread::sleep(WARM);
    say(&timed(&scene, "a helper that measures")?);
    drop(listener);
    scene.end_helper(nix::sys::signal::Signal::SIGTERM)?;
    say(&timed(&scene, "no helper")?);
    Ok(())
}

fn timed(scene: &Scene, with: &str) -> Result<String, LabError> {
    let line = ["evenkeel-lab", "time", "evenkeel", "overlay"];
    let said = scene.lab.command_as("player", line)?.text()?;
    let figures: Value = serde_json::from_str(&said)
        .map_err(|error| LabError::Invalid(format!("`time` said {said:?}: {error}")))?;
    let figure = |name: &str| figures[name].as_f64().unwrap_or(f64::NAN);
    Ok(format!(
        "`evenkeel overlay`, {with}: {:.1} ms, {:.1} ms of processor time, {:.0} kB at most (median \
         of {CALLS} calls); it says `{}`",
        figure("wall_ms"),
        figure("cpu_ms"),
        figure("max_rss_kb"),
        figures["said"].as_str().unwrap_or_default(),
    ))
}

/// Runs a command several times; its median times and its largest memory, as JSON.
///
/// # Errors
/// When it can't be run or fails.
pub fn time(argv: &[String]) -> Result<String, LabError> {
    let what = || format!("running {argv:?}");
    let [program, arguments @ ..] = argv else {
        return Err(LabError::Invalid("nothing to run".into()));
    };
    let (mut walls, mut cpus, mut said) = (Vec::new(), Vec::new(), String::new());
    for call in 0..=CALLS {
        let before = processor_time(what)?;
        let begun = Instant::now();
        let output = Command::new(program)
            .args(arguments)
            .output()
            .context(what)?;
        let wall = begun.elapsed();
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(LabError::Invalid(format!("{argv:?} failed: {stderr}")));
        }
        said = String::from_utf8_lossy(&output.stdout).into_owned();
        if call > 0 {
            walls.push(wall.as_secs_f64() * 1e3);
            cpus.push((processor_time(what)? - before) * 1e3);
        }
    }
    walls.sort_by(f64::total_cmp);
    cpus.sort_by(f64::total_cmp);
    let rss = getrusage(UsageWho::RUSAGE_CHILDREN)
        .context(what)?
        .max_rss();
    let figures = json!({
        "wall_ms": walls[CALLS / 2],
        "cpu_ms": cpus[CALLS / 2],
        "max_rss_kb": rss,
        "said": said.trim(),
    });
    Ok(figures.to_string())
}

/// Seconds that all children so far have used.
fn processor_time(what: impl Fn() -> String) -> Result<f64, LabError> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context(what)?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
