//! Makes every uplink's path ready before something is counted: the routers' first neighbour
//! discovery on a new path can take a second, and what waits for it overflows a small queue.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt::BindToDevice};

use super::wire::{self, ANSWER_BYTES, FLOW_PORT};
use crate::error::LabError;
use crate::lab::Lab;
use crate::topology::{ANCHOR_V4, ANCHOR_V6, Uplink};

/// How long to wait for one answer, and how often.
const PATIENCE: Duration = Duration::from_millis(300);
const TRIES: u64 = 10;

/// Exchanges once over each uplink of `pc`, in both families. An uplink that does not answer, or has
/// no route, is left as it is: that can be what is to be counted.
///
/// # Errors
/// When the lab has ended.
pub fn up(lab: &Lab) -> Result<(), LabError> {
    for uplink in lab.uplinks() {
        let pairs: [(IpAddr, IpAddr); 2] = [
            (uplink.host_v4().into(), ANCHOR_V4.into()),
            (uplink.host_v6().into(), ANCHOR_V6.into()),
        ];
        for (own, to) in pairs {
            let _ = lab.inside("pc", || Ok(exchange(uplink, own, to)))?;
        }
    }
    Ok(())
}

fn exchange(uplink: Uplink, own: IpAddr, to: IpAddr) -> io::Result<()> {
    let socket = UdpSocket::bind(SocketAddr::new(own, 0))?;
    setsockopt(&socket, BindToDevice, &uplink.name.into())?;
    socket.set_read_timeout(Some(PATIENCE))?;
    for number in 1..=TRIES {
        socket.send_to(&wire::question(number), SocketAddr::new(to, FLOW_PORT))?;
        if socket.recv(&mut [0; ANSWER_BYTES]).is_ok() {
            return Ok(());
        }
    }
    Ok(())
}
