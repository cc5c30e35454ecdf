//! The lowpower backend over the bus, on recorded trees of the two sysctls. A real patched kernel
//! in a virtual machine takes the trees' place later; nothing here would change but the tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{Lab, LabError, LabSpec};
use nix::sys::signal::Signal;
use serde_json::Value;

type Outcome = Result<(), LabError>;

const TREE: &str = "/run/sysctl-tree";
const EMA: &str = "lowpower_ema_k_factor";
const COST: &str = "lowpower_power_cost_weight";
const PATIENCE: Duration = Duration::from_secs(30);

struct Tree {
    directory: PathBuf,
}

impl Tree {
    /// A tree like the patched kernel's, with the values that are given. A plain file keeps the tail
    /// of a longer value, which a sysctl does not: tests keep to values of one width.
    fn record(lab: &Lab, values: &[(&str, &str)]) -> Result<Self, LabError> {
        let directory = lab.host_path(&format!("{TREE}/net/ipv4"));
        let io = |error| LabError::io("recording a sysctl tree", error);
        fs::create_dir_all(directory.join("route")).map_err(io)?;
        let helper = lab.user("evenkeel")?;
        let files = [("route/flush", "")]
            .into_iter()
            .chain(values.iter().copied());
        for (file, value) in files {
            let path = directory.join(file);
            fs::write(&path, format!("{value}\n")).map_err(io)?;
            chown(&path, Some(helper.uid), Some(helper.gid)).map_err(io)?;
        }
        Ok(Self { directory })
    }

    fn value(&self, file: &str) -> String {
        fs::read_to_string(self.directory.join(file))
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    fn forbid(&self, file: &str) -> Outcome {
        let path = self.directory.join(file);
        let io = |error| LabError::io("forbidding a sysctl", error);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).map_err(io)?;
        chown(&path, Some(0), Some(0)).map_err(io)
    }
}

/// A scene whose helper reads a recorded tree; the helper is started by the test's own hand.
fn scene(values: &[(&str, &str)]) -> Result<(Scene, Tree), LabError> {
    let mut scene = Scene::start_with(&LabSpec::default(), &["--proc-sys", TREE])?;
    scene.end_helper(Signal::SIGTERM)?;
    let tree = Tree::record(&scene.lab, values)?;
    Ok((scene, tree))
}

#[test]
fn both_sysctls_are_written_read_back_and_restored() -> Outcome {
    let (mut scene, tree) = scene(&[(EMA, "512"), (COST, "100")])?;
    scene.start_helper()?;
    let status = scene.status()?;
    assert_eq!(
        (&status["backend"], &status["lowpower"]),
        (&"lowpower".into(), &"present".into())
    );

    assert_eq!(scene.call("player", "SetEmaFactor", &[700, 1])?, "ok");
    assert_eq!(scene.call("player", "SetPowerCostWeight", &[250, 1])?, "ok");
    assert_eq!(
        (tree.value(EMA), tree.value(COST)),
        ("700".into(), "250".into())
    );
    assert_ne!(tree.value("route/flush"), "", "the route cache is flushed");
    assert_eq!(scene.status()?["ema_factor"], 700);

    assert_eq!(scene.call("player", "Revert", &[])?, "ok");
    assert_eq!(
        (tree.value(EMA), tree.value(COST)),
        ("512".into(), "100".into())
    );
    Ok(())
}

#[test]
fn a_cost_out_of_range_that_somebody_set_is_shown_and_left_alone() -> Outcome {
    let (mut scene, tree) = scene(&[(EMA, "512"), (COST, "-33")])?;
    scene.start_helper()?;
    let status = scene.status()?;
    assert_eq!(status["power_cost_weight"], -33, "as it is: {status}");
    let said = scene.call("player", "SetPowerCostWeight", &[250, 1])?;
    assert!(
        said.contains("Error.Kernel") && said.contains("it is -33"),
        "{said}"
    );
    let said = scene.call("player", "SetPowerCostWeight", &[10_001, 1])?;
    assert!(
        said.contains("Error.OutOfRange") && said.contains("::1"),
        "{said}"
    );
    assert_eq!(scene.call("player", "SetEmaFactor", &[700, 1])?, "ok");
    assert_eq!(scene.call("player", "Revert", &[])?, "ok");
    assert_eq!(
        (tree.value(EMA), tree.value(COST)),
        ("512".into(), "-33".into())
    );
    Ok(())
}

#[test]
fn a_killed_helpers_sysctls_are_restored_and_a_foreign_value_is_left_alone() -> Outcome {
    let (mut scene, tree) = scene(&[(EMA, "300"), (COST, "100")])?;
    scene.start_helper()?;
    assert_eq!(scene.call("player", "SetEmaFactor", &[900, 1])?, "ok");
    assert_eq!(scene.call("player", "SetPowerCostWeight", &[700, 1])?, "ok");
    scene.end_helper(Signal::SIGKILL)?;
    fs::write(tree.directory.join(COST), "42\n").unwrap();
    let _ = scene.restore()?;
    assert_eq!(
        (tree.value(EMA), tree.value(COST)),
        ("300".into(), "42".into())
    );
    Ok(())
}

#[test]
fn half_a_patch_is_named_and_the_weights_are_steered_instead() -> Outcome {
    let (mut scene, _tree) = scene(&[(EMA, "512")])?;
    scene.start_helper()?;
    let status = scene.status()?;
    assert_eq!(status["lowpower"], "partial");
    assert_eq!(status["backend"], "ecmp");
    assert_eq!(status["backend_reason"], "lowpower-partial");
    let said = scene.call("player", "SetPowerCostWeight", &[100, 0])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.NotSupported"),
        "{said}"
    );
    Ok(())
}

#[test]
fn an_unreadable_sysctl_is_named() -> Outcome {
    let (mut scene, tree) = scene(&[(EMA, "512"), (COST, "100")])?;
    tree.forbid(COST)?;
    scene.start_helper()?;
    let status = scene.status()?;
    assert_eq!(status["lowpower"], "unreadable");
    assert_eq!(status["backend_reason"], "lowpower-unreadable");
    Ok(())
}

#[test]
fn a_value_that_the_kernel_refuses_leaves_everything_as_it_was() -> Outcome {
    let (mut scene, tree) = scene(&[(EMA, "64"), (COST, "100")])?;
    // A real sysctl of the kernel, which takes 1..=255 and refuses everything else.
    let target = format!("{TREE}/net/ipv4/{EMA}");
    let bind = [
        "mount",
        "--bind",
        "/proc/sys/net/ipv4/ip_default_ttl",
        target.as_str(),
    ];
    scene.lab.command("pc", bind).text()?;
    let before = tree.value(EMA);
    scene.start_helper()?;
    let said = scene.call("player", "SetEmaFactor", &[700, 1])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.Kernel"),
        "{said}"
    );
    assert_eq!(tree.value(EMA), before);
    let status = scene.status()?;
    assert_eq!(status["ema_factor"].to_string(), before, "{status}");
    wait_until("a value that is in its range", PATIENCE, || {
        Ok(scene.call("player", "SetEmaFactor", &[200, 0])? == "ok")
    })
}

/// The kernel's own file, as our patch writes it.
const PATHS: &str = "/run/proc-net";

fn figures(scene: &Scene) -> Result<Vec<(String, Value, Value)>, LabError> {
    let status = scene.status()?;
    let uplinks = status["uplinks"].as_array().cloned().unwrap_or_default();
    let of = |uplink: &Value| {
        let word = uplink["figures"].as_str().unwrap_or_default().to_owned();
        (
            word,
            uplink["load_bytes_s"].clone(),
            uplink["variability_bytes_s"].clone(),
        )
    };
    Ok(uplinks.iter().map(of).collect())
}

#[test]
fn the_kernels_own_averages_are_shown_while_somebody_listens_and_an_estimate_without_them()
-> Outcome {
    let mut scene = Scene::start_with(
        &LabSpec::default(),
        &["--proc-sys", TREE, "--proc-net", PATHS],
    )?;
    scene.end_helper(Signal::SIGTERM)?;
    Tree::record(&scene.lab, &[(EMA, "512"), (COST, "100")])?;
    let directory = scene.lab.host_path(PATHS);
    let io = |error| LabError::io("recording the kernel's averages", error);
    fs::create_dir_all(&directory).map_err(io)?;
    let file = directory.join("lowpower_paths");
    scene.start_helper()?;
    let ifindex = scene.status()?["uplinks"][0]["ifindex"].clone();
    let row = format!("4 {ifindex} fe80::1 4000 300 9 12\n6 {ifindex} fe80::1 2000 700 3 12\n");
    fs::write(&file, format!("lowpower_paths 1\n{row}")).map_err(io)?;

    let nothing = ("none".to_owned(), Value::Null, Value::Null);
    assert_eq!(figures(&scene)?, vec![nothing; 2], "nobody listens");
    let listener = scene.evenkeel("player", &["watch", "--plain"])?.spawn()?;
    let ratio = |one: &Value, two: &Value| Some(one.as_u64()? as f64 / two.as_u64()? as f64);
    wait_until("the kernel's averages", PATIENCE, || {
        let seen = figures(&scene)?;
        let kernel = seen.iter().all(|(word, _, _)| word == "kernel");
        // 6000 and 700 bytes per jiffy, whatever a jiffy is here.
        Ok(kernel && ratio(&seen[0].1, &seen[0].2) == Some(6000.0 / 700.0) && seen[1].1 == 0)
    })?;
    for broken in ["", "lowpower_paths 2\n", "lowpower_paths 1\n4 x\n"] {
        fs::write(&file, broken).map_err(io)?;
        wait_until("an estimate", PATIENCE, || {
            let seen = figures(&scene)?;
            // The probes themselves are sent, too.
            let sent = |(word, load, _): &(String, Value, Value)| {
                word == "estimated" && load.as_u64().is_some_and(|load| load > 0)
            };
            Ok(seen.iter().all(sent))
        })?;
        fs::write(&file, "lowpower_paths 1\n").map_err(io)?;
        wait_until("the kernel's averages again", PATIENCE, || {
            Ok(figures(&scene)?.iter().all(|(word, _, _)| word == "kernel"))
        })?;
    }
    listener.signal(Signal::SIGKILL)?;
    wait_until("no figures any more", PATIENCE, || {
        Ok(figures(&scene)?.iter().all(|(word, _, _)| word == "none"))
    })
}
