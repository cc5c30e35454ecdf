//! What the helper costs with nobody listening and with one listener, beside the `ping`s that would
//! do the same.

use std::time::Duration;

use super::usage::{cost, row};
use crate::LabSpec;
use crate::error::LabError;
use crate::scene::Scene;

/// Prints the helper's cost over `seconds` each: idle, and with one listener at 10 Hz.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(seconds: u32, say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let scene = Scene::start(&LabSpec::default())?;
    let long = Duration::from_secs(u64::from(seconds));
    std::thread::sleep(Duration::from_secs(2));
    say(&row(
        "helper, nobody listens",
        cost(&[scene.helper()?], long)?,
    ));

    let _listener = scene.evenkeel("player", &["watch", "--plain"])?.spawn()?;
    std::thread::sleep(Duration::from_secs(2));
    let listened = cost(&[scene.helper()?], long)?;
    say(&row("helper, one listener at 10 Hz, two uplinks", listened));

    let ping = |device| {
        let line = ["ping", "-q", "-i", "0.2", "-I", device, "203.0.113.1"];
        scene.lab.command("pc", line).spawn()
    };
    let (first, second) = (ping("wifi0")?, ping("usb0")?);
    std::thread::sleep(Duration::from_secs(1));
    let pings = cost(&[&first, &second], long)?;
    say(&row("two ping processes at the same pace", pings));
    say(&format!(
        "ratio helper / pings: processor time {:.2}, context switches {:.2}, memory {:.2}",
        listened.cpu_percent / pings.cpu_percent.max(1e-9),
        listened.switches_per_s / pings.switches_per_s.max(1e-9),
        listened.rss_kb as f64 / pings.rss_kb.max(1) as f64,
    ));
    Ok(())
}
