//! Game mode on an ordinary desktop's routes: one default per uplink, none of them multipath.

use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::{LabSpec, Routes};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn routes_are_planned_built_led_and_taken_away() {
    let scene = Scene::start(&LabSpec {
        routes: Routes::Separate,
        ..LabSpec::default()
    })
    .unwrap();
    scene
        .lab
        .link("wifi0")
        .unwrap()
        .set("both delay_us=30000")
        .unwrap();
    let before = scene.lab.snapshot().unwrap();
    let _feed = scene
        .evenkeel("player", &["watch", "--plain"])
        .unwrap()
        .spawn()
        .unwrap();
    assert_eq!(scene.call("player", "EnterGameMode", &[1]).unwrap(), "ok");
    let leads = |dev: &str| {
        let routes = scene.routes()?;
        let mine = routes.lines().filter(|line| line.contains("proto 77"));
        Ok(mine.filter(|line| line.contains(dev)).count() == 2)
    };
    wait_until("usb0 to lead", PATIENCE, || leads("dev usb0")).unwrap();
    assert_eq!(scene.call("player", "LeaveGameMode", &[]).unwrap(), "ok");
    wait_until("the old state", PATIENCE, || {
        Ok(before.must_equal(&scene.lab.snapshot()?).is_ok())
    })
    .or_else(|_| before.must_equal(&scene.lab.snapshot()?))
    .unwrap();
}
