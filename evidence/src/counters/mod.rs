//! The kernel's counters: processors, disks, memory, receiving, interfaces. A reading is a handful of
//! `pread` calls on files that stay open; what a file does not tell here is left out of the reading.
//! Nothing is compared and nothing is judged.

mod file;
mod parse;

use std::path::PathBuf;

use evenkeel_core::blame::{LinkReading, Reading};

use crate::queues::Queues;
use file::CounterFile;
use parse::Device;

/// Where the kernel's files are. The default is the running system; tests point it at trees.
#[derive(Debug, Clone)]
pub struct Roots {
    /// `/proc`.
    pub proc: PathBuf,
    /// `/sys`.
    pub sys: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
        }
    }
}

/// Where the processors describe themselves, below `/sys`.
const CPU: &str = "devices/system/cpu";

/// An interface to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its index.
    pub ifindex: u32,
    /// Its name in the kernel.
    pub name: String,
}

/// The open files.
#[derive(Debug)]
pub struct Counters {
    devices: CounterFile,
    softnet: CounterFile,
    cpu: CounterFile,
    io: CounterFile,
    memory: CounterFile,
    /// How often the package was slowed down for heat (Intel's; others have no such file).
    throttles: CounterFile,
    /// The speed that the first processors may have, and the one they could have.
    limit: CounterFile,
    most: Option<u64>,
    queues: Option<Queues>,
}

impl Counters {
    /// Opens what there is, in the calling thread's network namespace.
    pub fn open(roots: &Roots) -> Self {
        let proc = |path: &str| CounterFile::open(&roots.proc.join(path));
        let cpu = |path: &str| CounterFile::open(&roots.sys.join(CPU).join(path));
        let queues = Queues::open();
        if let Err(error) = &queues {
            log::info!("queues cannot be read: {error}");
        }
        Self {
            devices: proc("self/net/dev"),
            softnet: proc("net/softnet_stat"),
            cpu: proc("pressure/cpu"),
            io: proc("pressure/io"),
            memory: proc("pressure/memory"),
            throttles: cpu("cpu0/thermal_throttle/package_throttle_count"),
            limit: cpu("cpufreq/policy0/scaling_max_freq"),
            most: cpu("cpufreq/policy0/cpuinfo_max_freq").read(parse::number),
            queues: queues.ok(),
        }
    }

    /// Reads everything once, about these interfaces.
    pub fn read(&mut self, at_ns: u64, interfaces: &[Interface]) -> Reading {
        let softnet = self.softnet.read(parse::softnet);
        let queues = self.queues.as_mut().and_then(|queues| queues.read().ok());
        let devices = self.devices.read(|text| {
            let rows = interfaces.iter().map(|interface| {
                let row = parse::device(text, &interface.name)?;
                Some((interface.ifindex, row))
            });
            Some(rows.flatten().collect::<Vec<(u32, Device)>>())
        });
        let allowed = self.limit.read(parse::number);
        let links = devices.unwrap_or_default().into_iter();
        let links = links.map(|(ifindex, device)| LinkReading {
            ifindex,
            rx_bytes: device.rx_bytes,
            tx_bytes: device.tx_bytes,
            rx_errors: device.rx_errors,
            tx_errors: device.tx_errors,
            rx_dropped: device.rx_dropped,
            tx_dropped: device.tx_dropped,
            queue: queues.as_ref().map(|queues| {
                let queue = queues.get(&ifindex).copied().unwrap_or_default();
                (queue.backlog_bytes, queue.dropped)
            }),
        });
        Reading {
            at_ns,
            cpu_stall_us: self.cpu.read(|text| parse::pressure(text, "some")),
            io_stall_us: self.io.read(|text| parse::pressure(text, "full")),
            memory_stall_us: self.memory.read(|text| parse::pressure(text, "full")),
            softnet_dropped: softnet.map(|(dropped, _)| dropped),
            softnet_squeezed: softnet.map(|(_, squeezed)| squeezed),
            throttles: self.throttles.read(parse::number),
            cpu_limit_permille: allowed.and_then(|now| share_permille(now, self.most?)),
            links: links.collect(),
        }
    }
}

fn share_permille(part: u64, whole: u64) -> Option<u64> {
    part.saturating_mul(1000).checked_div(whole)
}
