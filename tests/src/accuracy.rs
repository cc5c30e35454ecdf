//! How exact the link emulator is: the error over a 10 ms delay, idle and with all cores busy. Both
//! times are the kernel's: arrival at the emulator's `near`, arrival at the router's `lan`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::emulator::port::Port;
use crate::error::{Context as _, LabError};
use crate::lab::Lab;
use crate::spec::LabSpec;

const DELAY_US: i64 = 10_000;
const PORT: u16 = 9;
/// Marks the measuring packets.
const MAGIC: &[u8; 8] = b"evenkeel";

/// Errors of one run, microseconds: time through the emulator minus the delay it was set to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Packets per second.
    pub rate: u32,
    /// Were all cores kept busy?
    pub busy: bool,
    /// Packets that came through.
    pub packets: usize,
    /// Median error.
    pub p50_us: f64,
    /// 99th percentile (the sorted value at index 99 (n - 1) / 100).
    pub p99_us: f64,
    /// Largest error.
    pub max_us: f64,
}

/// Measures all four combinations of 100 and 1000 packets/s, idle and busy, `seconds` each.
///
/// # Errors
/// When the lab can't be built.
pub fn measure(seconds: u32) -> Result<Vec<Accuracy>, LabError> {
    let lab = Lab::start(&LabSpec::with_uplinks(1))?;
    lab.link("wifi0")?
        .set(&format!("both delay_us={DELAY_US}"))?;
    let mut results = Vec::new();
    for busy in [false, true] {
        for rate in [100, 1000] {
            results.push(with_load(busy, || run(&lab, rate, seconds, busy))?);
        }
    }
    Ok(results)
}

fn with_load<T>(busy: bool, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(!busy);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..2 * cores {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let result = work();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn run(lab: &Lab, rate: u32, seconds: u32, busy: bool) -> Result<Accuracy, LabError> {
    let mut before = lab.inside("em1", || Port::open("near"))?;
    let mut after = lab.inside("r1", || Port::open("lan"))?;
    let socket = lab.inside("pc", || {
        std::net::UdpSocket::bind("10.1.0.2:0").context(|| "binding a UDP socket".into())
    })?;
    let count = rate * seconds;
    let start = Instant::now();
    for number in 0..count {
        let due = start + Duration::from_secs(1) * number / rate;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let mut payload = MAGIC.to_vec();
        payload.extend(number.to_be_bytes());
        socket
            .send_to(&payload, ("10.1.0.1", PORT))
            .context(|| "sending".into())?;
    }
    thread::sleep(Duration::from_millis(500));
    let sent = arrivals(&mut before, count);
    let received = arrivals(&mut after, count);
    let mut errors_us: Vec<f64> = sent
        .iter()
        .zip(&received)
        .filter_map(|(a, b)| Some((((*b)? - (*a)?) - DELAY_US * 1000) as f64 / 1000.0))
        .collect();
    errors_us.sort_by(f64::total_cmp);
    let last = errors_us
        .len()
        .checked_sub(1)
        .ok_or_else(|| LabError::Invalid("no packet came through the emulator".into()))?;
    Ok(Accuracy {
        rate,
        busy,
        packets: errors_us.len(),
        p50_us: errors_us[last / 2],
        p99_us: errors_us[last * 99 / 100],
        max_us: errors_us[last],
    })
}

/// Kernel arrival time of each measuring packet that waits at `port`.
fn arrivals(port: &mut Port, count: u32) -> Vec<Option<i64>> {
    let mut times = vec![None; count as usize];
    let mut buffer = [0; 2048];
    while let Some((length, at)) = port.receive(&mut buffer) {
        // Ethernet 14, IPv4 20, UDP 8.
        let payload = buffer[..length]
            .get(42..54)
            .and_then(|bytes| bytes.strip_prefix(MAGIC));
        let number = payload
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes);
        if let Some(slot) = number.and_then(|number| times.get_mut(number as usize)) {
            slot.get_or_insert(at);
        }
    }
    times
}
