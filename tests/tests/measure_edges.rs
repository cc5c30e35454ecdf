//! Measurements where the machine itself moves: it sleeps and wakes up under a real network manager, or
//! its kernel has the two sysctls (a recorded tree of them); and what its blocks look like on the wire.
//! With short blocks.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::chown;
use std::time::Duration;

use evenkeel_dbus::measurement::{MeasurementReason as Reason, MeasurementState as State};
use evenkeel_lab::measured::Measured;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{Event, Kind, LabError, LabSpec, Routes, tools};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

const TOOLS: &[(&str, &str)] = &[("python3", "python3")];
/// Says the identifier of every echo request into the anchor's network.
const LISTEN: &str = "import socket\n\
                      wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))\n\
                      print('listens', flush=True)\n\
                      while True:\n\
                      \x20   p, where = wire.recvfrom(2048)\n\
                      \x20   if where[2] != 4: continue\n\
                      \x20   if p[:1] == b'E' and p[9] == 1 and p[20] == 8 and p[16:19] == bytes([203, 0, 113]):\n\
                      \x20       print('request', int.from_bytes(p[24:26], 'big'), flush=True)\n";

const TREE: &str = "/run/sysctl-tree";
const EMA: &str = "lowpower_ema_k_factor";
const COST: &str = "lowpower_power_cost_weight";

/// In a block of a second, one every 50 ms.
const PROBES: usize = 20;

/// An arm that sets nothing, as the bus has it.
const OFF: i64 = u32::MAX as i64;

fn is_running(measured: &Measured) -> bool {
    measured.state == State::Running && measured.progress.blocks_done > 0
}

fn ifindex(scene: &Scene, name: &str) -> Result<i64, LabError> {
    let status = scene.status()?;
    let uplinks = status["uplinks"].as_array().into_iter().flatten();
    let found = uplinks
        .filter(|uplink| uplink["name"] == name)
        .find_map(|uplink| uplink["ifindex"].as_i64());
    found.ok_or_else(|| LabError::Invalid(format!("no {name} in {status}")))
}

fn over_a_sleep(kind: Kind) -> Outcome {
    let scene = Scene::start(&LabSpec {
        routes: Routes::Managed,
        ..LabSpec::default()
    })?;
    let mut manager = scene.lab.start_manager(kind)?;
    scene.wait_for("both uplinks", || {
        Ok(ifindex(&scene, "wifi0").is_ok() && ifindex(&scene, "usb0").is_ok())
    })?;
    let uplinks = [ifindex(&scene, "wifi0")?, ifindex(&scene, "usb0")?];
    // Routers that advertise themselves, and leases, take a while; a measurement waits for none.
    scene.wait_for("a measurement that is not held up", || {
        scene.measure([4, 0, uplinks[0], uplinks[1], 6])?;
        let it = scene.wait_for_measured("a block or an obstacle", |it| {
            is_running(it) || it.state == State::Paused
        })?;
        if it.state == State::Running {
            return Ok(true);
        }
        scene.touch("player", it.number, "Cancel").map(|_| false)
    })?;
    scene.wait_for_measured("half a pair", |it| {
        is_running(it) && it.progress.blocks_done % 2 == 1
    })?;

    manager.cause(&scene.lab, Event::Suspend, "usb0")?;
    if kind == Kind::NetworkManager {
        // It takes the uplinks away, before the machine sleeps.
        let asleep = scene.wait_for_measured("a pause", |it| it.state == State::Paused)?;
        assert_eq!(asleep.reason, Reason::UplinksChanged);
        assert_eq!(
            asleep.progress.blocks_done % 2,
            0,
            "no half pair: {asleep:?}"
        );
        assert_eq!(asleep.progress.interruptions, 1, "{asleep:?}");
    }
    manager.cause(&scene.lab, Event::Resume, "usb0")?;
    let awake = scene.wait_for_measured("the pair to begin anew", |it| {
        it.progress.interruptions > 0 && matches!(it.state, State::Warming | State::Paused)
    })?;
    assert_eq!(awake.progress.blocks_done % 2, 0, "no half pair: {awake:?}");

    let end = scene.wait_for_measured("its end", |it| {
        !matches!(it.state, State::Warming | State::Running | State::Paused)
    })?;
    assert_eq!(end.state, State::Finished, "{end:?}");
    assert_eq!(end.progress.blocks_done, 12, "every pair is whole");
    Ok(())
}

#[test]
fn a_sleep_that_takes_the_uplinks_pauses_it_and_the_pair_is_measured_again() -> Outcome {
    over_a_sleep(Kind::NetworkManager)
}

#[test]
fn a_sleep_that_leaves_the_uplinks_alone_costs_the_pair_under_way_and_no_more() -> Outcome {
    over_a_sleep(Kind::Networkd)
}

#[test]
fn every_block_is_a_new_flow_that_whoever_balances_load_can_tell_from_the_last() -> Outcome {
    tools::require(TOOLS)?;
    let scene = Scene::start(&LabSpec::default())?;
    let mut wire = scene.lab.command("pc", ["python3", "-c", LISTEN]).spawn()?;
    wire.wait_for("listens", Duration::from_secs(10))?;
    let uplinks = [ifindex(&scene, "wifi0")?, ifindex(&scene, "usb0")?];
    scene.measure([4, 0, uplinks[0], uplinks[1], 6])?;
    let end = scene.wait_for_measured("its end", |it| it.state == State::Finished)?;
    assert_eq!(end.progress.blocks_done, 12, "{end:?}");
    let heard = wire.stdout_text();
    let requests: Vec<&str> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("request "))
        .collect();
    let count = |flow: &str| requests.iter().filter(|one| **one == flow).count();
    // The steering asks as well, on a flow for each uplink that lasts.
    let of_blocks = requests.iter().filter(|flow| count(flow) < 3 * PROBES);
    let mut flows: Vec<&str> = of_blocks.copied().collect();
    flows.dedup();
    let different: BTreeSet<&str> = flows.iter().copied().collect();
    let counts: Vec<usize> = flows.iter().map(|flow| count(flow)).collect();
    // One after the other, none comes back, and each has a whole block's probes.
    assert_eq!((flows.len(), different.len()), (12, 12), "{counts:?}");
    assert_eq!(counts, [PROBES; 12]);
    Ok(())
}

/// The values that a sysctl of the tree has until a measurement has ended.
fn values_until_the_end(scene: &Scene, file: &str) -> Result<BTreeSet<String>, LabError> {
    let path = scene.lab.host_path(&format!("{TREE}/net/ipv4/{file}"));
    let seen = RefCell::new(BTreeSet::new());
    let end = scene.wait_for_measured("its end", |it| {
        let value = fs::read_to_string(&path).unwrap_or_default();
        let _ = seen.borrow_mut().insert(value.trim().to_owned());
        !matches!(it.state, State::Warming | State::Running | State::Paused)
    })?;
    assert_eq!(end.state, State::Finished, "{end:?}");
    Ok(seen.into_inner())
}

#[test]
fn on_a_patched_kernel_the_arms_are_its_sysctls_and_they_are_put_back() -> Outcome {
    let mut scene = Scene::start_with(&LabSpec::default(), &["--proc-sys", TREE])?;
    scene.end_helper(Signal::SIGTERM)?;
    let directory = scene.lab.host_path(&format!("{TREE}/net/ipv4"));
    let helper = scene.lab.user("evenkeel")?;
    let io = |error| LabError::io("recording a sysctl tree", error);
    fs::create_dir_all(directory.join("route")).map_err(io)?;
    // A plain file keeps the tail of a longer value, which a sysctl does not: all have one width.
    for (file, value) in [("route/flush", ""), (EMA, "512"), (COST, "100")] {
        fs::write(directory.join(file), format!("{value}\n")).map_err(io)?;
        chown(directory.join(file), Some(helper.uid), Some(helper.gid)).map_err(io)?;
    }
    scene.start_helper()?;
    assert_eq!(scene.status()?["backend"], "lowpower");
    let before = scene.lab.snapshot()?;
    let value = |file: &str| fs::read_to_string(directory.join(file)).unwrap_or_default();
    let as_before = || (value(EMA), value(COST)) == ("512\n".into(), "100\n".into());

    // Two positions of the slider; nothing else is in force.
    scene.measure([1, 0, 256, 768, 6])?;
    assert!(as_before(), "nothing is changed while it warms up");
    let seen = values_until_the_end(&scene, EMA)?;
    assert!(seen.contains("256") && seen.contains("768"), "{seen:?}");
    assert!(as_before());

    // The other one, off against on: off is what it is without.
    scene.measure([2, 0, OFF, 300, 6])?;
    let seen = values_until_the_end(&scene, COST)?;
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["100", "300"]);
    assert!(as_before());

    // What the kernel alone decides is not switched by game mode.
    let numbers = [0, 0, 0, 1, 6, 0, 1_000, 0, 50];
    let said = scene.call("player", "StartMeasurement", &numbers)?;
    assert!(
        said.starts_with("io.github.evenkeel.Error.NotSupported"),
        "{said}"
    );

    // However the helper ends, its next start finds the original.
    scene.measure([1, 0, 256, 768, 60])?;
    scene.wait_for_measured("a block", is_running)?;
    scene.end_helper(Signal::SIGKILL)?;
    assert_ne!(value(EMA), "512\n", "nothing was in force");
    let _ = scene.restore()?;
    assert!(as_before());
    before.must_equal(&scene.lab.snapshot()?)
}
