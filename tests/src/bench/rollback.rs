//! How long routes of ours stand through which the network does not answer: from the first of them to
//! the end of the last, in the kernel's own words.

use std::time::Duration;

use evenkeel_dbus::Reason;

use crate::error::LabError;
use crate::flows::Family;
use crate::managers::defaults::OURS;
use crate::scene::Scene;
use crate::steered::separate;

/// Times that each is measured.
const RUNS: usize = 5;
/// What stops answering everything but packets that are bound to an uplink's interface, and where it
/// is. `IPsec` policies of the kernel can tell those apart, in IPv6.
const SILENT: [(&str, &str); 2] = [
    ("the gateways", "fd01::1 fd02::1"),
    ("the anchor", "2001:db8:6::1"),
];
/// Which uplink will lead, and the other one, made worse for it: the system's own, `wifi0`, or not. That
/// is known after some seconds only, and changes the routes.
const LEADERS: [(&str, &str); 2] = [("the uplink in use", "usb0"), ("the other uplink", "wifi0")];

/// Prints the times.
///
/// # Errors
/// When the lab or one of its programs fails.
pub fn run(say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    for (who, addresses) in SILENT {
        for (leader, slow) in LEADERS {
            let mut times = Vec::new();
            for _ in 0..RUNS {
                times.push(stood_for(addresses, slow)?.as_secs_f64());
            }
            times.sort_unstable_by(f64::total_cmp);
            say(&format!(
                "{who} silent, {leader} leads: all undone {:.2} s after the first \
                 route of ours went in (median of {RUNS}, at most {:.2} s)",
                times[RUNS / 2],
                times[RUNS - 1],
            ));
        }
    }
    Ok(())
}

/// Enters game mode while these addresses are silent to all but bound packets.
fn stood_for(addresses: &str, slow: &str) -> Result<Duration, LabError> {
    let scene = Scene::start(&separate(2))?;
    scene.lab.link(slow)?.set("both delay_us=25000")?;
    scene.wait_for_plan(&Family::BOTH)?;
    let script = format!(
        "for to in {addresses}; do
            for dev in wifi0 usb0; do
                ip xfrm policy add dst $to dev $dev dir out priority 100 action allow; done
            ip xfrm policy add dst $to dir out priority 200 action block; done"
    );
    scene.lab.command("pc", ["sh", "-ec", &script]).text()?;
    let witness = scene.lab.witness()?;
    scene.must("EnterGameMode", &[1])?;
    scene.wait_for("the way back", || {
        let undone = scene.view()?.reason(Family::V4) == Reason::NotConfirmed;
        Ok(undone && scene.lab.ours()?.is_empty())
    })?;
    let notices = witness.notices();
    let mut ours = notices.iter().filter(|notice| notice.protocol == OURS);
    match (ours.next(), ours.next_back()) {
        (Some(first), Some(last)) => Ok(last.at.saturating_sub(first.at)),
        _ => Err(LabError::Invalid(
            "game mode was entered, but no route of ours was seen".into(),
        )),
    }
}
