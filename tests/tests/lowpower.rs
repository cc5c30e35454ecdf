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
