//! The helper on the sysctls of a running kernel: what it finds, writes, refuses, and puts back when
//! whatever held it ends. Over the real bus, asked as real users.

use evenkeel_dbus::Figures;
use nix::sys::signal::Signal;
use serde_json::Value;

use super::Try;
use super::bench::{
    Bench, Knob, Outcome, PATIENCE, equal, must, pair, register, set_behind, wait_for_pair,
};
use crate::error::LabError;
use crate::lab::wait_until;
use crate::scene::Scene;
use crate::{Proc, SessionState};

/// On a kernel without the patch.
pub const STOCK: &[(&str, Try)] = &[("a-stock-kernel-is-told-as-one", stock)];

/// In the order they are tried.
pub const POINTS: &[(&str, Try)] = &[
    ("the-patched-kernel-is-detected", detected),
    ("the-command-line-writes-and-reverts", command_line),
    ("a-call-writes-and-revert-restores-what-was-there", call),
    ("what-is-out-of-range-is-refused", out_of_range),
    ("a-foreign-value-out-of-range-is-left-alone", foreign_range),
    ("who-is-not-at-the-seat-is-refused", strangers),
    ("without-polkit-nobody-is-allowed", no_polkit),
    ("a-write-throws-the-route-cache-away", flush),
    ("a-killed-clients-hold-ends", lease),
    ("one-of-two-holders-leaves-and-the-value-stays", two_holders),
    ("restore-follows-a-killed-helper", restore),
    ("the-next-start-follows-a-killed-helper", next_start),
    ("a-stopped-helper-puts-back-first", stopped),
    ("what-somebody-else-sets-is-theirs", drift),
    ("only-the-helpers-namespace-is-written", namespace),
    ("game-mode-comes-and-goes-and-leaves-nothing", game_mode),
    (
        "the-load-shown-is-the-kernels-own-where-it-tells-it",
        figures,
    ),
];

fn stock(bench: &mut Bench) -> Outcome {
    must(Knob::Ema.value().is_none(), || {
        "this kernel has the sysctls".into()
    })?;
    let scene = bench.scene()?;
    let status = scene.status()?;
    equal("lowpower", &status["lowpower"], "absent")?;
    equal("the backend", &status["backend"], "ecmp")?;
    let said = scene.call("player", "SetPowerCostWeight", &[100, 0])?;
    refused(&said, "NotSupported")?;
    let output = scene
        .evenkeel("player", &["set", "power-cost", "100"])?
        .output()?;
    must(!output.success() && !output.stderr.is_empty(), || {
        format!("{output:?}")
    })
}

fn refused(said: &str, error: &str) -> Outcome {
    let name = format!("io.github.evenkeel.Error.{error}");
    must(said.starts_with(&name), || {
        format!("it said {said:?}, not {name}")
    })
}

fn at_defaults(scene: &Scene) -> Outcome {
    equal("the pair", pair(scene, "pc")?, ("512".into(), "100".into()))
}

fn set_both(scene: &Scene, ema: i64, cost: i64) -> Outcome {
    equal(
        "the answer",
        scene.call("player", "SetEmaFactor", &[ema, 1])?,
        "ok",
    )?;
    equal(
        "the answer",
        scene.call("player", "SetPowerCostWeight", &[cost, 1])?,
        "ok",
    )?;
    let wanted = (ema.to_string(), cost.to_string());
    equal("the pair", pair(scene, "pc")?, wanted)
}

fn revert(scene: &Scene) -> Outcome {
    equal("the answer", scene.call("player", "Revert", &[])?, "ok")
}

/// What the helper says of a tunable.
fn tunable(scene: &Scene, id: &str) -> Result<Value, LabError> {
    let status = scene.status()?;
    let mut all = status["tunables"].as_array().into_iter().flatten();
    Ok(all.find(|one| one["id"] == id).cloned().unwrap_or_default())
}

/// A client that holds a value while it lives.
fn holder(scene: &Scene, method: &str, value: i64) -> Result<Proc, LabError> {
    let value = value.to_string();
    let argv = ["evenkeel-lab", "call", "--stay", method, "--", &value, "0"];
    let mut client = scene.lab.command_as("player", argv)?.spawn()?;
    client.wait_for("ok", PATIENCE)?;
    Ok(client)
}

fn detected(bench: &mut Bench) -> Outcome {
    register(bench)?;
    let scene = bench.scene()?;
    let status = scene.status()?;
    equal("lowpower", &status["lowpower"], "present")?;
    equal("the backend", &status["backend"], "lowpower")?;
    equal("the reason", &status["backend_reason"], "ready")?;
    equal("the factor", &status["ema_factor"], 512)?;
    equal("the weight", &status["power_cost_weight"], 100)?;
    let release = status["kernel_release"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    bench.note(&format!("kernel {release}"));
    Ok(())
}

fn command_line(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    scene.evenkeel("player", &["set", "ema", "640"])?.text()?;
    scene
        .evenkeel("player", &["set", "power-cost", "250"])?
        .text()?;
    equal("the pair", pair(scene, "pc")?, ("640".into(), "250".into()))?;
    let status = scene.status()?;
    equal("the factor", &status["ema_factor"], 640)?;
    equal("the weight", &status["power_cost_weight"], 250)?;
    let held = tunable(scene, "ema-factor")?;
    equal("its original", &held["original"], "512")?;
    equal("its state", &held["state"], "held")?;
    scene.evenkeel("player", &["revert"])?.text()?;
    at_defaults(scene)
}

fn call(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_behind(scene, Knob::Cost, "9000")?;
    set_both(scene, 1024, 10_000)?;
    set_both(scene, 0, 0)?;
    revert(scene)?;
    equal(
        "the pair",
        pair(scene, "pc")?,
        ("512".into(), "9000".into()),
    )?;
    set_behind(scene, Knob::Cost, "100")
}

fn out_of_range(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let wishes: [(&str, i64); 5] = [
        ("SetEmaFactor", 1025),
        ("SetEmaFactor", i64::from(u32::MAX)),
        ("SetPowerCostWeight", 10_001),
        ("SetPowerCostWeight", i64::from(i32::MAX)),
        ("SetPowerCostWeight", i64::from(u32::MAX)),
    ];
    for (method, value) in wishes {
        refused(&scene.call("player", method, &[value, 1])?, "OutOfRange")?;
        at_defaults(scene)?;
    }
    for arguments in [["set", "power-cost", "10001"], ["set", "ema", "0x10"]] {
        let output = scene.evenkeel("player", &arguments)?.output()?;
        must(!output.success(), || format!("{output:?}"))?;
    }
    at_defaults(scene)
}

/// The helper writes no such value, so it could not put it back either.
fn foreign_range(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    if set_behind(scene, Knob::Cost, "-33").is_err() {
        bench.note("this kernel takes no weight below 0");
        return Ok(());
    }
    let said = scene.call("player", "SetPowerCostWeight", &[250, 1])?;
    refused(&said, "Kernel")?;
    equal("the pair", pair(scene, "pc")?, ("512".into(), "-33".into()))?;
    equal(
        "the weight shown",
        &scene.status()?["power_cost_weight"],
        -33,
    )?;
    set_behind(scene, Knob::Cost, "100")?;
    at_defaults(scene)
}

fn strangers(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    scene.lab.set_session("guest", SessionState::Inactive)?;
    for user in ["guest", "nobody"] {
        for (method, value) in [("SetEmaFactor", 700), ("SetPowerCostWeight", 250)] {
            refused(&scene.call(user, method, &[value, 1])?, "NotAuthorized")?;
        }
    }
    at_defaults(scene)
}

fn no_polkit(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    scene.lab.stop_polkit()?;
    let said = scene.call("player", "SetEmaFactor", &[700, 1])?;
    let back = scene.lab.start_polkit();
    must(said.starts_with("io.github.evenkeel.Error."), || {
        said.clone()
    })?;
    back?;
    at_defaults(scene)
}

/// A path's smaller packet size is remembered in the route cache, so it shows when that is thrown away.
fn flush(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    for router in ["r1", "r2"] {
        let argv = ["ip", "link", "set", "wan", "mtu", "1300"];
        scene.lab.command(router, argv).text()?;
    }
    let learn = |scene: &Scene| -> Outcome {
        wait_until("the route cache to know the path's size", PATIENCE, || {
            let argv = ["ping", "-c1", "-W1", "-Mdo", "-s1400", "203.0.113.1"];
            let _ = scene.lab.command("pc", argv).output()?;
            cached(scene)
        })
    };
    for (method, value) in [("SetEmaFactor", 700), ("SetPowerCostWeight", 250)] {
        learn(scene)?;
        equal(
            "the answer",
            scene.call("player", method, &[value, 1])?,
            "ok",
        )?;
        must(!cached(scene)?, || format!("{method} left the route cache"))?;
    }
    learn(scene)?;
    revert(scene)?;
    must(!cached(scene)?, || {
        "putting back left the route cache".into()
    })?;
    for router in ["r1", "r2"] {
        let argv = ["ip", "link", "set", "wan", "mtu", "1500"];
        scene.lab.command(router, argv).text()?;
    }
    at_defaults(scene)
}

fn cached(scene: &Scene) -> Result<bool, LabError> {
    let argv = ["ip", "route", "get", "203.0.113.1"];
    Ok(scene.lab.command("pc", argv).text()?.contains("mtu 1300"))
}

fn lease(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let mut ema = holder(scene, "SetEmaFactor", 700)?;
    let mut cost = holder(scene, "SetPowerCostWeight", 250)?;
    equal("the pair", pair(scene, "pc")?, ("700".into(), "250".into()))?;
    ema.kill()?;
    wait_for_pair(scene, "512", "250")?;
    cost.terminate(PATIENCE)?;
    wait_for_pair(scene, "512", "100")
}

fn two_holders(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let mut first = holder(scene, "SetEmaFactor", 700)?;
    let mut second = holder(scene, "SetEmaFactor", 800)?;
    first.kill()?;
    // Asked after the end was seen: the answer comes behind it.
    wait_until("the first holder's end", PATIENCE, || {
        let held = scene.status()?;
        Ok(held["ema_factor"] == 800)
    })?;
    equal("the pair", pair(scene, "pc")?, ("800".into(), "100".into()))?;
    second.kill()?;
    wait_for_pair(scene, "512", "100")
}

fn restore(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_both(scene, 900, 700)?;
    scene.end_helper(Signal::SIGKILL)?;
    equal(
        "what a kill leaves",
        pair(scene, "pc")?,
        ("900".into(), "700".into()),
    )?;
    set_behind(scene, Knob::Cost, "42")?;
    let said = scene.restore()?;
    must(said.stderr.contains("restored to 512"), || {
        format!("{said:?}")
    })?;
    equal("the pair", pair(scene, "pc")?, ("512".into(), "42".into()))?;
    let again = scene.restore()?;
    must(!again.stderr.contains("restored"), || format!("{again:?}"))?;
    set_behind(scene, Knob::Cost, "100")?;
    scene.start_helper()?;
    at_defaults(scene)
}

fn next_start(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_both(scene, 900, 700)?;
    scene.end_helper(Signal::SIGKILL)?;
    scene.start_helper()?;
    wait_for_pair(scene, "512", "100")?;
    equal("the factor", &scene.status()?["ema_factor"], 512)
}

fn stopped(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let _client = holder(scene, "SetEmaFactor", 900)?;
    scene.end_helper(Signal::SIGTERM)?;
    at_defaults(scene)?;
    bench.clear();
    Ok(())
}

fn drift(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_both(scene, 900, 700)?;
    set_behind(scene, Knob::Ema, "333")?;
    let said = scene.call("player", "SetEmaFactor", &[901, 1])?;
    refused(&said, "")?;
    equal("the pair", pair(scene, "pc")?, ("333".into(), "700".into()))?;
    wait_until("the helper to say that it stood back", PATIENCE, || {
        Ok(tunable(scene, "ema-factor")?["state"] == "stood-back")
    })?;
    revert(scene)?;
    equal("the pair", pair(scene, "pc")?, ("333".into(), "100".into()))?;
    set_behind(scene, Knob::Ema, "512")?;
    // Released, it may be held anew.
    set_both(scene, 901, 100)?;
    revert(scene)?;
    at_defaults(scene)
}

fn namespace(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    set_both(scene, 700, 250)?;
    let others = ["r1", "r2", "em1", "srv"];
    let found = others.map(|name| pair(scene, name));
    let own = (Knob::Ema.value(), Knob::Cost.value());
    revert(scene)?;
    for (name, values) in others.into_iter().zip(found) {
        equal(name, values?, ("512".into(), "100".into()))?;
    }
    equal(
        "the machine's own",
        own,
        (Some("512".into()), Some("100".into())),
    )?;
    at_defaults(scene)
}

fn game_mode(bench: &mut Bench) -> Outcome {
    let scene = bench.scene()?;
    let before = scene.lab.snapshot()?;
    let argv = ["run", "--", "sleep", "600"];
    let mut client = scene.evenkeel("player", &argv)?.spawn()?;
    wait_until("game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == true)
    })?;
    client.kill()?;
    wait_until("the end of game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == false)
    })?;
    let _ = wait_until("the old state", PATIENCE, || {
        Ok(before.must_equal(&scene.lab.snapshot()?).is_ok())
    });
    before.must_equal(&scene.lab.snapshot()?)
}

fn figures(bench: &mut Bench) -> Outcome {
    let own = Knob::Busy.value().is_some();
    let wanted = if own {
        Figures::Kernel
    } else {
        Figures::Estimated
    };
    let scene = bench.scene()?;
    let mut listener = scene.evenkeel("player", &["watch", "--plain"])?.spawn()?;
    let argv = ["ping", "-q", "-i0.02", "-s1000", "203.0.113.1"];
    let mut traffic = scene.lab.command("pc", argv).spawn()?;
    let mut last = Vec::new();
    let seen = wait_until("figures of a load", PATIENCE, || {
        let view = scene.view()?;
        let told = view.uplinks.iter();
        last = told.map(|one| (one.figures, one.load_bytes_s)).collect();
        Ok(last.iter().all(|(source, _)| *source == wanted as u32)
            && last.iter().any(|(_, load)| *load > 1000))
    });
    traffic.kill()?;
    listener.kill()?;
    must(seen.is_ok(), || {
        format!("source and load are {last:?}, not {wanted:?}")
    })?;
    bench.note(&format!(
        "figures and bytes a second of each uplink: {last:?}"
    ));
    Ok(())
}
