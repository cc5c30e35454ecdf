//! What the helper refuses, to whom, and that a refusal changes nothing.

use std::time::Duration;

use evenkeel_dbus::INTERFACE_XML;
use evenkeel_dbus::limits::{MAX_FEEDS_PER_UID, MAX_LEASES};
use evenkeel_lab::contract::Interface;
use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{LabError, LabSpec, Proc, SessionState};

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(1);

/// Every method with arguments that are in range.
fn every_method(scene: &Scene) -> Result<Vec<(String, Vec<i64>)>, LabError> {
    let xml = scene
        .lab
        .command_as("player", ["evenkeel-lab", "introspect"])?
        .text()?;
    let interface = Interface::parse(&xml)?;
    let arguments = |method: &str, count: usize| match method {
        // ifindex, cost, hold
        "SetUplinkCost" => vec![2, 100, 0],
        "Subscribe" | "Forget" => vec![2],
        "StartMeasurement" => vec![0, 0, 0, 1, 6, 0, 1500, 500, 50],
        _ => vec![0; count],
    };
    Ok(interface
        .methods
        .iter()
        .map(|(name, signature)| (name.clone(), arguments(name, signature.inputs.len())))
        .collect())
}

fn assert_all_refused(scene: &Scene, user: &str, method_error: &str) -> Outcome {
    let methods = every_method(scene)?;
    assert!(
        methods.len() >= 8,
        "the introspection lost methods: {methods:?}"
    );
    let before = scene.lab.snapshot()?;
    let status_before = scene.status()?;
    for (method, numbers) in methods {
        let said = scene.call(user, &method, &numbers)?;
        assert!(said.contains(method_error), "{method} as {user}: {said}");
    }
    before.must_equal(&scene.lab.snapshot()?)?;
    assert_eq!(scene.status()?, status_before, "a refusal changes nothing");
    Ok(())
}

#[test]
fn as_nobody_every_method_and_every_property_is_refused() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    assert_all_refused(&scene, "nobody", "io.github.evenkeel.Error.NotAuthorized")?;
    let interface = Interface::parse(INTERFACE_XML)?;
    let mut line = vec!["evenkeel-lab".to_owned(), "set-properties".into()];
    line.extend(interface.properties.keys().cloned());
    let said = scene.lab.command_as("nobody", line)?.text()?;
    assert_eq!(said.lines().count(), interface.properties.len(), "{said}");
    for line in said.lines() {
        assert!(!line.ends_with(" ok"), "written as nobody: {line}");
    }
    Ok(())
}

#[test]
fn a_session_that_is_not_active_may_watch_but_change_nothing() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    scene.lab.set_session("guest", SessionState::Inactive)?;
    assert_eq!(scene.call("guest", "Subscribe", &[1])?, "ok");
    for (method, numbers) in every_method(&scene)? {
        if method != "Subscribe" {
            let said = scene.call("guest", &method, &numbers)?;
            assert!(said.contains("NotAuthorized"), "{method}: {said}");
        }
    }
    Ok(())
}

#[test]
fn one_client_that_is_allowed_does_not_open_the_door_for_another() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    assert_eq!(scene.call("player", "SetEmaFactor", &[700, 0])?, "ok");
    let said = scene.call("nobody", "SetEmaFactor", &[700, 0])?;
    assert!(said.contains("NotAuthorized"), "{said}");
    assert_eq!(scene.call("player", "SetEmaFactor", &[700, 0])?, "ok");
    Ok(())
}

#[test]
fn without_polkit_everything_that_changes_anything_is_refused() -> Outcome {
    let mut scene = Scene::start(&LabSpec::default())?;
    scene.lab.stop_polkit()?;
    assert_all_refused(&scene, "player", "io.github.evenkeel.Error.NotAuthorized")?;
    assert_all_refused(&scene, "root", "io.github.evenkeel.Error.NotAuthorized")?;
    scene.lab.start_polkit()?;
    wait_until("polkit to be asked again", PATIENCE, || {
        Ok(scene.call("player", "SetEmaFactor", &[700, 0])? == "ok")
    })
}

#[test]
fn a_name_on_the_bus_is_only_for_the_helpers_user() -> Outcome {
    let mut scene = Scene::start(&LabSpec::default())?;
    scene.end_helper(nix::sys::signal::Signal::SIGTERM)?;
    for user in ["player", "nobody", "root"] {
        let argv = [
            "dbus-send",
            "--system",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus.RequestName",
            "string:io.github.evenkeel.Helper1",
            "uint32:4",
        ];
        let said = scene.lab.command_as(user, argv)?.output()?;
        assert!(said.stderr.contains("AccessDenied"), "{user}: {said:?}");
    }
    Ok(())
}

#[test]
fn numbers_out_of_range_and_uplinks_that_are_not_there_get_their_documented_error() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let before = scene.lab.snapshot()?;
    let status_before = scene.status()?;
    let out_of_range = "io.github.evenkeel.Error.OutOfRange";
    let cases: &[(&str, &[i64], &str)] = &[
        ("SetEmaFactor", &[1025, 0], out_of_range),
        (
            "SetEmaFactor",
            &[-1, 0],
            "org.freedesktop.DBus.Error.InvalidArgs",
        ),
        ("SetEmaFactor", &[512, 2], out_of_range),
        (
            "SetUplinkCost",
            &[-1, 100, 0],
            "org.freedesktop.DBus.Error.InvalidArgs",
        ),
        ("SetPowerCostWeight", &[10_001, 0], out_of_range),
        (
            "SetPowerCostWeight",
            &[100, 0],
            "io.github.evenkeel.Error.NotSupported",
        ),
        ("SetUplinkCost", &[0, 100, 0], out_of_range),
        ("SetUplinkCost", &[2, 0, 0], out_of_range),
        ("SetUplinkCost", &[2, 10_001, 0], out_of_range),
        ("SetUplinkCost", &[4_000_000, 100, 0], out_of_range),
        ("Forget", &[4_000_000], out_of_range),
        ("EnterGameMode", &[7], out_of_range),
        ("Subscribe", &[0], out_of_range),
        ("Subscribe", &[31], out_of_range),
        // subject, ifindex, a, b, pairs, first look, block, settle, period
        (
            "StartMeasurement",
            &[5, 0, 0, 1, 20, 0, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[0, 0, 1, 1, 20, 0, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[0, 0, 0, 1, 5, 0, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[0, 0, 0, 1, 20, 20, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[0, 0, 0, 1, 20, 0, 10_000, 9_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[1, 0, 0, 1025, 20, 0, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[4, 0, 4_000_000, 4_000_001, 20, 0, 10_000, 2_000, 100],
            out_of_range,
        ),
        (
            "StartMeasurement",
            &[2, 0, 100, 0, 20, 0, 10_000, 2_000, 100],
            "io.github.evenkeel.Error.NotSupported",
        ),
    ];
    for (method, numbers, error) in cases {
        let said = scene.call("player", method, numbers)?;
        assert!(said.starts_with(error), "{method} {numbers:?}: {said}");
    }
    before.must_equal(&scene.lab.snapshot()?)?;
    assert_eq!(scene.status()?, status_before);
    Ok(())
}

#[test]
fn an_interface_that_was_removed_is_no_uplink_from_that_moment() -> Outcome {
    let scene = Scene::start(&LabSpec::with_uplinks(3))?;
    let status = scene.status()?;
    let uplinks = status["uplinks"].as_array().cloned().unwrap_or_default();
    let ifindex = uplinks
        .iter()
        .find(|u| u["name"] == "usb0")
        .and_then(|u| u["ifindex"].as_i64());
    let ifindex = ifindex.unwrap_or_default();
    assert_eq!(
        scene.call("player", "SetUplinkCost", &[ifindex, 150, 0])?,
        "ok"
    );
    scene
        .lab
        .command("pc", ["ip", "link", "del", "usb0"])
        .text()?;
    let before = scene.lab.snapshot()?;
    let said = scene.call("player", "SetUplinkCost", &[ifindex, 150, 0])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.OutOfRange"),
        "{said}"
    );
    let said = scene.call("player", "Forget", &[ifindex])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.OutOfRange"),
        "{said}"
    );
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn with_one_uplink_game_mode_is_refused_with_the_reason() -> Outcome {
    let scene = Scene::start(&LabSpec::with_uplinks(1))?;
    let before = scene.lab.snapshot()?;
    let said = scene.call("player", "EnterGameMode", &[1])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.NotSupported"),
        "{said}"
    );
    assert!(said.contains("only one uplink"), "{said}");
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn the_seventeenth_lease_is_refused_and_the_sixteen_stay() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let holder = || {
        scene
            .evenkeel("player", &["run", "--", "sleep", "600"])?
            .spawn()
    };
    let holders: Vec<Proc> = (0..MAX_LEASES)
        .map(|_| holder())
        .collect::<Result<_, _>>()?;
    let count = || {
        Ok(scene.status()?["game_mode_holders"]
            .as_array()
            .map(Vec::len))
    };
    wait_until("sixteen holders", PATIENCE, || {
        Ok(count()? == Some(MAX_LEASES))
    })?;
    let said = scene.call("player", "EnterGameMode", &[1])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.LimitsExceeded"),
        "{said}"
    );
    assert_eq!(count()?, Some(MAX_LEASES));
    drop(holders);
    wait_until("no holder", PATIENCE, || Ok(count()? == Some(0)))?;
    assert_eq!(scene.call("player", "EnterGameMode", &[0])?, "ok");
    Ok(())
}

#[test]
fn the_fifth_feed_of_a_user_is_refused_and_another_user_still_gets_one() -> Outcome {
    let scene = Scene::start(&LabSpec::default())?;
    let watch = || scene.evenkeel("player", &["watch", "--plain"])?.spawn();
    let mut watchers: Vec<Proc> = (0..MAX_FEEDS_PER_UID)
        .map(|_| watch())
        .collect::<Result<_, _>>()?;
    for watcher in &mut watchers {
        watcher.wait_for("wifi0", PATIENCE)?;
    }
    let said = scene.call("player", "Subscribe", &[10])?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.LimitsExceeded"),
        "{said}"
    );
    for watcher in &mut watchers {
        let seen = watcher.stdout_text().lines().count();
        wait_until("the four to be served on", PATIENCE, || {
            Ok(watcher.stdout_text().lines().count() > seen)
        })?;
    }
    scene.lab.set_session("guest", SessionState::Active)?;
    assert_eq!(scene.call("guest", "Subscribe", &[10])?, "ok");
    drop(watchers);
    wait_until("room for another feed", PATIENCE, || {
        Ok(scene.call("player", "Subscribe", &[10])? == "ok")
    })
}
