//! How long the answers to ICMP echo requests take, seen at one interface: from the request's passing
//! to the answer's, by the kernel's clock. What a probe reports beyond that time is the probe's own.
//! For the benchmark of the probe; IPv4 only. It judges nothing.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use crate::emulator::port::{Passed, Port};
use crate::error::{Context as _, LabError};

/// Requests that wait for their answer at most; further ones are not followed.
const MAX_WAITING: usize = 4096;
/// How often what has passed is read. The kernel has stamped it; waking up for each packet would
/// disturb what is measured.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const ETHERNET: usize = 14;
const ICMP: u8 = 1;
const REQUEST: u8 = 8;
const ANSWER: u8 = 0;
/// Type, code, checksum, identifier and number.
const ICMP_HEADER: usize = 8;

/// An echo request, or the answer to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// Whether it is the request.
    pub is_request: bool,
    /// The sender's identifier.
    pub ident: u16,
    /// The sender's number.
    pub number: u16,
    /// What it carries behind the ICMP header, in bytes.
    pub bytes: usize,
}

impl Echo {
    /// Reads an Ethernet frame; `None` for anything else than a whole echo over IPv4.
    pub fn read(frame: &[u8]) -> Option<Self> {
        let ip = frame.get(ETHERNET..)?;
        let fragment = u16::from_be_bytes([*ip.get(6)?, *ip.get(7)?]) & 0x3fff;
        if frame[12..ETHERNET] != [0x08, 0x00] || fragment != 0 || *ip.get(9)? != ICMP {
            return None;
        }
        let header = 4 * usize::from(ip[0] & 0x0f);
        let whole = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let icmp = ip.get(header..whole)?;
        let is_request = match *icmp.first()? {
            REQUEST => true,
            ANSWER => false,
            _ => return None,
        };
        Some(Self {
            is_request,
            ident: u16::from_be_bytes([*icmp.get(4)?, *icmp.get(5)?]),
            number: u16::from_be_bytes([*icmp.get(6)?, *icmp.get(7)?]),
            bytes: icmp.len() - ICMP_HEADER,
        })
    }
}

/// The requests that wait for their answers.
#[derive(Debug, Default)]
pub struct Waiting {
    since_ns: HashMap<(u16, u16), i64>,
}

impl Waiting {
    /// Takes note of an echo that passed at `at_ns`; for the answer to a known request the
    /// nanoseconds since that.
    pub fn passed(&mut self, echo: Echo, at_ns: i64) -> Option<i64> {
        let key = (echo.ident, echo.number);
        if !echo.is_request {
            return self.since_ns.remove(&key).map(|then| at_ns - then);
        }
        if self.since_ns.len() < MAX_WAITING {
            self.since_ns.insert(key, at_ns);
        }
        None
    }
}

/// Writes a line `bytes number nanoseconds` to `out` for each answer that passes `interface` of the
/// current network namespace, for as long as `out` takes it.
///
/// # Errors
/// When there is no such interface, without `CAP_NET_RAW`, or when `out` refuses.
pub fn watch(interface: &str, out: &mut dyn Write) -> Result<(), LabError> {
    let mut port = Port::open(interface)?;
    let mut waiting = Waiting::default();
    let mut buffer = [0; 2048];
    let mut write = |text: &str| {
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.context(|| "writing what has passed".into())
    };
    write("listening\n")?;
    loop {
        std::thread::sleep(LOOK_EVERY);
        let mut lines = String::new();
        while let Some(Passed { length, at_ns, .. }) = port.hear(&mut buffer) {
            let echo = buffer.get(..length).and_then(Echo::read);
            let took = echo.zip(at_ns).and_then(|(echo, at_ns)| {
                let took_ns = waiting.passed(echo, at_ns)?;
                Some(format!("{} {} {took_ns}\n", echo.bytes, echo.number))
            });
            lines.extend(took);
        }
        write(&lines)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet + IPv4 + an echo with four bytes.
    fn frame(kind: u8) -> Vec<u8> {
        let mut f = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
        f.extend([0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, ICMP, 0, 0]);
        f.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        f.extend([kind, 0, 0, 0, 0x12, 0x34, 0, 7, 1, 2, 3, 4]);
        f
    }

    #[test]
    fn the_time_is_that_from_a_request_to_its_own_answer() {
        let (request, answer) = (Echo::read(&frame(8)), Echo::read(&frame(0)));
        let (request, answer) = (request.unwrap(), answer.unwrap());
        assert_eq!((request.ident, request.number), (0x1234, 7));
        assert_eq!((request.bytes, answer.is_request), (4, false));
        let mut waiting = Waiting::default();
        assert_eq!(waiting.passed(answer, 50), None, "nobody asked");
        assert_eq!(waiting.passed(request, 100), None);
        let other = Echo {
            number: 8,
            ..answer
        };
        assert_eq!(waiting.passed(other, 120), None, "another's answer");
        assert_eq!(waiting.passed(answer, 350), Some(250));
        assert_eq!(waiting.passed(answer, 360), None, "a second answer");
    }

    #[test]
    fn what_is_no_whole_echo_is_passed_over() {
        let mut fragment = frame(8);
        fragment[20] = 0x20;
        let mut udp = frame(8);
        udp[23] = 17;
        let unreachable = frame(3);
        let cut = frame(8)[..40].to_vec();
        for frame in [fragment, udp, unreachable, cut, vec![0; 9]] {
            assert_eq!(Echo::read(&frame), None, "{frame:?}");
        }
    }
}
