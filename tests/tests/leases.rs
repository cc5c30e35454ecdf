//! Game mode steers real routes, and whatever ends it brings every route, rule and sysctl back.

use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{LabError, LabSpec, Proc, Snapshot};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

/// Ample: what matters here is that it happens, `make bench` says how fast.
const PATIENCE: Duration = Duration::from_mins(1);

/// Both uplinks steady, the first one faster by more than the steering's margin: an outlier while it
/// warms up must not decide who leads.
fn scene() -> Result<(Scene, Snapshot), LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    scene
        .lab
        .link("wifi0")?
        .set("both delay_us=5000 jitter_us=0")?;
    scene
        .lab
        .link("usb0")?
        .set("both delay_us=25000 jitter_us=0")?;
    let before = scene.lab.snapshot()?;
    Ok((scene, before))
}

/// A client that holds game mode while it lives.
fn hold(scene: &Scene, user: &str) -> Result<Proc, LabError> {
    let client = scene
        .evenkeel(user, &["run", "--", "sleep", "600"])?
        .spawn()?;
    wait_until("game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == true)
    })?;
    Ok(client)
}

fn wait_for_leader(scene: &Scene, name: &str) -> Outcome {
    let wanted = format!("dev {name} weight 255");
    let both_families = |routes: &str| routes.matches(&wanted).count() == 2;
    wait_until(
        &format!("{name} to lead in both families"),
        PATIENCE,
        || Ok(both_families(&scene.routes()?)),
    )
}

fn wait_for_the_old_state(scene: &Scene, before: &Snapshot) -> Outcome {
    let _ = wait_until("the old state", Duration::from_secs(10), || {
        Ok(before.must_equal(&scene.lab.snapshot()?).is_ok())
    });
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn the_leader_follows_the_steadier_uplink_and_leaving_restores_everything() -> Outcome {
    let (scene, before) = scene()?;
    let mut client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;

    scene
        .lab
        .link("wifi0")?
        .set("both delay_us=5000 jitter_us=20000")?;
    wait_for_leader(&scene, "usb0")?;
    let status = scene.status()?;
    let leader = status["uplinks"]
        .as_array()
        .and_then(|all| all.iter().find(|u| u["leader"] == true));
    assert_eq!(
        leader.map(|uplink| uplink["name"].as_str()),
        Some(Some("usb0")),
        "{status}"
    );
    assert_eq!(
        leader.map(|uplink| uplink["share_permille"].as_u64()),
        Some(Some(996)),
        "{status}"
    );

    client.terminate(Duration::from_secs(10))?;
    wait_for_the_old_state(&scene, &before)?;
    assert_eq!(
        scene.status()?["sampling"],
        false,
        "nobody listens, so nothing is probed"
    );
    Ok(())
}

#[test]
fn a_client_that_is_killed_loses_its_hold() -> Outcome {
    let (scene, before) = scene()?;
    let mut client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;
    client.kill()?;
    wait_for_the_old_state(&scene, &before)
}

#[test]
fn a_helper_that_is_killed_leaves_a_journal_that_its_next_start_follows() -> Outcome {
    let (mut scene, before) = scene()?;
    let _client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;
    scene.end_helper(Signal::SIGKILL)?;
    assert!(
        before.must_equal(&scene.lab.snapshot()?).is_err(),
        "the kill left the weights"
    );
    scene.start_helper()?;
    wait_for_the_old_state(&scene, &before)
}

#[test]
fn a_helper_that_is_killed_is_cleaned_up_after_by_restore() -> Outcome {
    let (mut scene, before) = scene()?;
    let _client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;
    scene.end_helper(Signal::SIGKILL)?;
    let said = scene.restore()?;
    assert!(said.stderr.contains("restored"), "{said:?}");
    before.must_equal(&scene.lab.snapshot()?)?;
    let again = scene.restore()?;
    assert!(
        !again.stderr.contains("restored"),
        "nothing is restored twice: {again:?}"
    );
    Ok(())
}

#[test]
fn a_helper_that_is_stopped_restores_first() -> Outcome {
    let (mut scene, before) = scene()?;
    let _client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;
    scene.end_helper(Signal::SIGTERM)?;
    before.must_equal(&scene.lab.snapshot()?)
}

#[test]
fn one_of_two_holders_leaves_and_game_mode_stays_until_the_other_goes() -> Outcome {
    let (scene, before) = scene()?;
    let mut first = hold(&scene, "player")?;
    let mut second = scene
        .evenkeel("player", &["run", "--", "sleep", "600"])?
        .spawn()?;
    wait_until("two holders", PATIENCE, || {
        Ok(scene.status()?["game_mode_holders"]
            .as_array()
            .map(Vec::len)
            == Some(2))
    })?;
    wait_for_leader(&scene, "wifi0")?;
    first.kill()?;
    wait_until("one holder", PATIENCE, || {
        Ok(scene.status()?["game_mode_holders"]
            .as_array()
            .map(Vec::len)
            == Some(1))
    })?;
    assert!(scene.routes()?.contains("dev wifi0 weight 255"));
    second.kill()?;
    wait_for_the_old_state(&scene, &before)
}

#[test]
fn what_is_kept_outlives_its_command_until_it_is_taken_back() -> Outcome {
    let (scene, before) = scene()?;
    scene.evenkeel("player", &["game-mode", "on"])?.text()?;
    wait_for_leader(&scene, "wifi0")?;
    let cost = scene
        .evenkeel("player", &["set", "uplink-cost", "wifi0", "1000"])?
        .output()?;
    assert!(cost.success(), "{cost:?}");
    wait_for_leader(&scene, "usb0")?;
    scene.evenkeel("player", &["revert"])?.text()?;
    wait_for_the_old_state(&scene, &before)
}

#[test]
fn weights_that_somebody_else_changes_are_theirs() -> Outcome {
    let (scene, _) = scene()?;
    let mut client = hold(&scene, "player")?;
    wait_for_leader(&scene, "wifi0")?;
    let theirs = "route replace default metric 100 nexthop via 10.1.0.1 dev wifi0 weight 7 \
                  nexthop via 10.2.0.1 dev usb0 weight 9";
    scene
        .lab
        .command("pc", ["ip"].into_iter().chain(theirs.split_whitespace()))
        .text()?;
    wait_until("the helper to step back", PATIENCE, || {
        Ok(scene.status()?["tunables"]
            .to_string()
            .contains("stood-back"))
    })?;
    client.terminate(Duration::from_secs(10))?;
    wait_until("the end of game mode", PATIENCE, || {
        Ok(scene.status()?["game_mode"] == false)
    })?;
    let routes = scene.routes()?;
    assert!(
        routes.contains("dev wifi0 weight 7"),
        "theirs was overwritten: {routes}"
    );
    assert!(
        !routes.contains("weight 255"),
        "ours was left behind: {routes}"
    );
    Ok(())
}
