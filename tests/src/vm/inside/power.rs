//! A power cut while a change is held, and the next start of the machine. Its memory is gone, and with
//! it the kernel's values and the runtime directory. To be sure of the worst, the runtime directory is
//! brought over to the next machine all the same: it must do no harm there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};

use nix::sys::signal::Signal;

use super::Try;
use super::bench::{Bench, Outcome, equal, must, pair, register, wait_for_pair};
use crate::error::{Context as _, LabError};
use crate::scene::Scene;
use crate::vm::root::CARRIED;

/// On the machine whose power will be cut.
pub const BEFORE: &[(&str, Try)] = &[
    ("a-restarted-helper-takes-up-what-is-kept", restart),
    ("the-power-is-cut-while-a-change-is-held", cut),
];

/// On the machine that starts after it.
pub const AFTER: &[(&str, Try)] = &[
    ("the-values-are-gone-and-nothing-is-held", gone),
    ("an-earlier-boots-handover-is-not-followed", handover),
    ("an-earlier-boots-journal-does-no-harm", journal),
];

/// The helper's directory inside the lab.
const RUNTIME: &str = "/run/evenkeel";

fn set_both(scene: &Scene) -> Outcome {
    equal(
        "the answer",
        scene.call("player", "SetEmaFactor", &[700, 1])?,
        "ok",
    )?;
    equal(
        "the answer",
        scene.call("player", "SetPowerCostWeight", &[250, 1])?,
        "ok",
    )?;
    equal("the pair", pair(scene, "pc")?, ("700".into(), "250".into()))
}

/// The runtime directory's files: name and bytes.
fn files(scene: &Scene) -> Result<Vec<(String, Vec<u8>)>, LabError> {
    let directory = scene.lab.host_path(RUNTIME);
    let entries = fs::read_dir(&directory).context(|| format!("reading {RUNTIME}"))?;
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let bytes = fs::read(&path).context(|| format!("reading {}", path.display()))?;
            files.push((name.into_owned(), bytes));
        }
    }
    Ok(files)
}

fn carry(bench: &mut Bench, as_directory: &str) -> Outcome {
    let files = files(bench.scene()?)?;
    must(!files.is_empty(), || format!("{RUNTIME} is empty"))?;
    for (name, bytes) in files {
        bench.carry(&format!("{as_directory}/{name}"), &bytes);
    }
    Ok(())
}

fn restart(bench: &mut Bench) -> Outcome {
    register(bench)?;
    let scene = bench.scene()?;
    set_both(scene)?;
    scene.end_helper(Signal::SIGTERM)?;
    equal("the pair", pair(scene, "pc")?, ("512".into(), "100".into()))?;
    carry(bench, "handover")?;
    let scene = bench.scene()?;
    scene.start_helper()?;
    wait_for_pair(scene, "700", "250")
}

fn cut(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    equal("the pair", pair(scene, "pc")?, ("700".into(), "250".into()))?;
    scene.end_helper(Signal::SIGKILL)?;
    carry(bench, "journal")?;
    let scene = bench.scene()?;
    equal("the pair", pair(scene, "pc")?, ("700".into(), "250".into()))
}

fn at_defaults(scene: &Scene) -> Outcome {
    equal("the pair", pair(scene, "pc")?, ("512".into(), "100".into()))?;
    let status = scene.status()?;
    equal("the factor", &status["ema_factor"], 512)?;
    equal("game mode", &status["game_mode"], false)?;
    let all = status["tunables"].as_array().into_iter().flatten();
    let held: Vec<_> = all.filter(|one| one["state"] == "held").collect();
    must(held.is_empty(), || format!("{held:?}"))
}

fn gone(bench: &mut Bench) -> Outcome {
    register(bench)?;
    let scene = bench.scene()?;
    at_defaults(scene)?;
    scene.end_helper(Signal::SIGTERM)?;
    let said = scene.restore()?;
    must(!said.stderr.contains("restored"), || format!("{said:?}"))?;
    scene.start_helper()?;
    at_defaults(scene)
}

/// Starts the helper on what an earlier machine's helper left.
fn start_on(scene: &mut Scene, left: &str) -> Outcome {
    scene.end_helper(Signal::SIGTERM)?;
    let helper = scene.lab.user("evenkeel")?;
    let directory = scene.lab.host_path(RUNTIME);
    for (name, _) in files(scene)? {
        let path = directory.join(name);
        fs::remove_file(&path).context(|| format!("removing {}", path.display()))?;
    }
    let from = format!("{CARRIED}/{left}");
    let entries = fs::read_dir(&from).context(|| format!("reading {from}"))?;
    for source in entries.flatten().map(|entry| entry.path()) {
        let path = directory.join(source.file_name().unwrap_or_default());
        let what = || format!("bringing {} over", source.display());
        fs::copy(&source, &path).context(what)?;
        chown(&path, Some(helper.uid), Some(helper.gid)).context(what)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).context(what)?;
    }
    scene.start_helper()
}

fn handover(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    start_on(scene, "handover")?;
    at_defaults(scene)
}

fn journal(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    start_on(scene, "journal")?;
    at_defaults(scene)?;
    // It must not be in the way of the next change either.
    set_both(scene)?;
    equal("the answer", scene.call("player", "Revert", &[])?, "ok")?;
    at_defaults(scene)
}
