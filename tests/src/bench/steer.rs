//! How soon new flows leave an uplink that got worse, through the whole chain in the lab: link, probes,
//! decision, routes. And how long the routes take to be written when the leader changes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::time::{Duration, Instant};

use crate::LabSpec;
use crate::error::{Context as _, LabError};
use crate::flows::{Family, Flows, Kind, Pace};
use crate::managers::defaults::OURS;
use crate::scene::Scene;
use crate::steered::separate;
use crate::topology::{Uplink, WIDE_V4, WIDE_V6};

/// What happens to the leading uplink.
const STEPS: [(&str, &str); 4] = [
    ("20 ms of jitter", "both delay_us=5000 jitter_us=20000"),
    ("200 ms more", "both delay_us=105000 jitter_us=0"),
    ("20 % loss", "up delay_us=5000 jitter_us=0 loss_ppm=200000"),
    ("a black hole", "both delay_us=5000 jitter_us=0 blackhole=1"),
];
const STEADY: &str = "both delay_us=5000 jitter_us=0 loss_ppm=0 blackhole=0";
const OTHER: &str = "both delay_us=25000 jitter_us=0 loss_ppm=0 blackhole=0";
/// Times that each is measured.
const RUNS: usize = 3;
/// New flows of each family in one look, to a destination each.
const BATCH: u16 = 20;
const PAUSE: Duration = Duration::from_millis(25);
const EPOCH: Duration = Duration::from_secs(1);
const PROBE: Duration = Duration::from_millis(200);
/// Longer than a leader holds.
const CALM: Duration = Duration::from_secs(8);
const PATIENCE: Duration = Duration::from_mins(1);
/// Wildcard sockets that are open for the second figure of netlink time, of both families together.
const SOCKETS: usize = 200;

/// Prints the times.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    let mut writes = Vec::new();
    for (name, step) in STEPS {
        let mut times = Vec::new();
        for run in 0..RUNS {
            let scene = lead_to_wifi0(run)?;
            times.push(reaction(&scene, step, &mut writes)?);
        }
        times.sort_unstable();
        let probes = |time: Duration| time.as_millis().div_ceil(PROBE.as_millis());
        let middle = times[RUNS / 2];
        say(&format!(
            "{name}: 90 % of new flows on the good uplink after {} probes, {:.1} s (median of {RUNS}, \
             {:.1} to {:.1} s)",
            probes(middle),
            middle.as_secs_f64(),
            times[0].as_secs_f64(),
            times[RUNS - 1].as_secs_f64(),
        ));
    }
    writes.sort_unstable();
    if let Some(middle) = writes.get(writes.len() / 2) {
        say(&format!(
            "routes of both families rewritten within {:.2} ms (median of {} changes of the leader, \
             first notice to last)",
            middle.as_secs_f64() * 1e3,
            writes.len()
        ));
    }
    let scene = lead_to_wifi0(0)?;
    let flows = Flows::start(&scene.lab)?;
    for family in Family::BOTH {
        flows.open(Kind::UdpWildcard, family, SOCKETS / 2, Pace::Quiet)?;
    }
    let mut pinning = Vec::new();
    reaction(&scene, STEPS[3].1, &mut pinning)?;
    for time in pinning {
        say(&format!(
            "the same with {SOCKETS} UDP ports to be kept where they are: {:.2} ms",
            time.as_secs_f64() * 1e3
        ));
    }
    Ok(())
}

/// A lab in game mode whose new flows take wifi0, and have done so for a while. Each run has draws of
/// its own and another phase of the epochs.
fn lead_to_wifi0(run: usize) -> Result<Scene, LabError> {
    let scene = Scene::start(&LabSpec {
        seed: run as u64 + 1,
        ..separate(2)
    })?;
    scene.lab.link("wifi0")?.set(STEADY)?;
    scene.lab.link("usb0")?.set(OTHER)?;
    scene.wait_for_plan(&Family::BOTH)?;
    scene.must("EnterGameMode", &[1])?;
    let ifindex = scene.view()?.uplink("wifi0")?.ifindex;
    scene.wait_for("a leader", || Ok(scene.view()?.leader == ifindex))?;
    scene.wait_until_led_to("wifi0")?;
    std::thread::sleep(CALM + EPOCH * run as u32 / RUNS as u32);
    Ok(scene)
}

/// Lets a step happen to wifi0; how long it takes until new flows are on usb0. Adds the time between
/// the kernel's first and last word about our objects.
fn reaction(scene: &Scene, step: &str, writes: &mut Vec<Duration>) -> Result<Duration, LabError> {
    let (link, good) = (scene.lab.link("wifi0")?, scene.lab.uplink("usb0")?);
    let witness = scene.lab.witness()?;
    let begun = Instant::now();
    link.set(step)?;
    let took = loop {
        let (on, all) = look(scene, good)?;
        if on * 10 >= all * 9 {
            break begun.elapsed();
        }
        if begun.elapsed() > PATIENCE {
            return Err(LabError::Timeout {
                what: format!("new flows on usb0 after `{step}`"),
                seconds: PATIENCE.as_secs(),
            });
        }
        std::thread::sleep(PAUSE);
    };
    std::thread::sleep(PROBE);
    let notices = witness.notices();
    let mut ours = notices.iter().filter(|notice| notice.protocol == OURS);
    if let (Some(first), Some(last)) = (ours.next(), ours.next_back()) {
        writes.push(last.at.saturating_sub(first.at));
    }
    Ok(took)
}

/// Connects new sockets to destinations of their own; how many took the uplink, and how many there are.
/// Nothing is sent.
fn look(scene: &Scene, uplink: Uplink) -> Result<(usize, usize), LabError> {
    let v4 = |n: u16| IpAddr::from(Ipv4Addr::from_bits(WIDE_V4.to_bits() + u32::from(n)));
    let v6 = |n: u16| IpAddr::from(Ipv6Addr::from_bits(WIDE_V6.to_bits() + u128::from(n)));
    let targets: Vec<IpAddr> = (1..=BATCH).flat_map(|n| [v4(n), v6(n)]).collect();
    let own: [IpAddr; 2] = [uplink.host_v4().into(), uplink.host_v6().into()];
    scene.lab.inside("pc", || {
        let mut on = 0;
        for target in &targets {
            let chosen = source_towards(*target);
            let chosen = chosen.context(|| format!("asking for the way to {target}"))?;
            on += usize::from(own.contains(&chosen));
        }
        Ok((on, targets.len()))
    })
}

/// The address that a new flow gets, and with it its uplink.
fn source_towards(target: IpAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = match target {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((target, 9))?;
    Ok(socket.local_addr()?.ip())
}
