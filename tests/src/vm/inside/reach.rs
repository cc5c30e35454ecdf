//! IPv6 under load at every weight that Evenkeel writes: nothing ever becomes unreachable. On kernels
//! like the original the danger beyond that range is shown, too, for here it harms nobody.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::Try;
use super::bench::{Bench, Knob, Outcome, must};
use super::wire::{Flows, Pattern, Route, Wire};
use crate::error::{Context as _, LabError};
use crate::flows::Family;

/// On every kernel that has the sysctls.
pub const POINTS: &[(&str, Try)] = &[("at-every-allowed-weight-all-is-reached", allowed)];

/// On kernels like the original.
pub const DANGER: &[(&str, Try)] = &[("beyond-the-range-loopback-is-lost", danger)];

/// From none to the most, with the ends' neighbours.
const ALLOWED: [i64; 12] = [0, 1, 2, 10, 100, 500, 1000, 2000, 5000, 7500, 9999, 10_000];
/// Packets to each place and weight.
const PACKETS: usize = 60;
/// As large as a datagram gets on the loopback without being cut.
const LARGE_BYTES: usize = 60_000;
/// Datagrams that are cut into packets.
const HEAVY: Pattern = Pattern {
    bytes: 8000,
    burst: 4,
    period: Duration::from_millis(4),
};

/// How many of the packets to `::1` were refused or lost.
fn lost_on_loopback(wire: &Wire, bytes: usize) -> Result<usize, LabError> {
    wire.near(|| {
        let what = || "making a socket on ::1".to_owned();
        let anywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let receiver = UdpSocket::bind(anywhere).context(what)?;
        receiver
            .set_read_timeout(Some(Duration::from_millis(500)))
            .context(what)?;
        let port = receiver.local_addr().context(what)?.port();
        let sender = UdpSocket::bind(anywhere).context(what)?;
        let packet = vec![0; bytes];
        let mut buffer = vec![0; bytes];
        let mut arrived = 0;
        for _ in 0..PACKETS {
            let sent = sender.send_to(&packet, (Ipv6Addr::LOCALHOST, port));
            if sent.is_ok() && receiver.recv(&mut buffer).is_ok_and(|n| n == bytes) {
                arrived += 1;
            }
            // A few in each jiffy and some jiffies apart: the averages move.
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(PACKETS - arrived)
    })
}

fn allowed(_: &mut Bench) -> Outcome {
    let route = Route::Weights(1, 1);
    for cost in ALLOWED {
        let wire = Wire::build(route)?;
        wire.keep_routes()?;
        wire.set(Knob::Cost, cost)?;
        wire.replace(route)?;
        let _loads = [0, 1].map(|link| wire.load(Family::V6, link, HEAVY));
        for bytes in [100, LARGE_BYTES] {
            let lost = lost_on_loopback(&wire, bytes)?;
            must(lost == 0, || {
                format!(
                    "at weight {cost}, {lost} of {PACKETS} packets of {bytes} bytes to ::1 were lost"
                )
            })?;
        }
        let flows = Flows {
            family: Family::V6,
            ..Flows::of(PACKETS)
        };
        // A packet that is lost is an error of this.
        let sent = wire.send(flows);
        sent.map_err(|error| LabError::Invalid(format!("at weight {cost}: {error}")))?;
    }
    Ok(())
}

fn danger(bench: &mut Bench) -> Outcome {
    let mut worst = 0;
    for (cost, bytes) in [(-1, 100), (3_000_000, 1000), (36_000, LARGE_BYTES)] {
        let wire = Wire::build(Route::Weights(1, 1))?;
        wire.set(Knob::Cost, cost)?;
        // The loopback's routes take the value when they are made anew.
        super::wire::tool("ip", "-n near link set lo down")?;
        super::wire::tool("ip", "-n near link set lo up")?;
        let lost = lost_on_loopback(&wire, bytes)?;
        bench.note(&format!(
            "weight {cost}: {lost} of {PACKETS} packets of {bytes} bytes to ::1 lost"
        ));
        worst = worst.max(lost);
    }
    must(worst > 0, || {
        "no weight did any harm: is this the original?".into()
    })
}
