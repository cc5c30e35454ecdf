//! What processes use: memory, threads, wake-ups and processor time, read from `/proc`.

use std::fs;
use std::time::Duration;

use crate::Proc;
use crate::error::{Context as _, LabError};

/// What one process has used since its start.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    rss_kb: u64,
    threads: u64,
    switches: u64,
    cpu_ns: u64,
}

/// One stretch of time.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Resident memory at its end, in kB.
    pub rss_kb: u64,
    /// Threads at its end.
    pub threads: u64,
    /// Context switches of all threads, a second.
    pub switches_per_s: f64,
    /// Processor time of all threads, in percent of one core.
    pub cpu_percent: f64,
}

/// One line about a cost.
pub fn row(name: &str, cost: Cost) -> String {
    format!(
        "{name}: {} kB, {} threads, {:.2} context switches/s, {:.3} % of one core",
        cost.rss_kb, cost.threads, cost.switches_per_s, cost.cpu_percent
    )
}

/// What the processes use together over `long`.
///
/// # Errors
/// When one has ended.
pub fn cost(processes: &[&Proc], long: Duration) -> Result<Cost, LabError> {
    let before = total(processes)?;
    std::thread::sleep(long);
    let after = total(processes)?;
    Ok(Cost {
        rss_kb: after.rss_kb,
        threads: after.threads,
        switches_per_s: (after.switches - before.switches) as f64 / long.as_secs_f64(),
        cpu_percent: (after.cpu_ns - before.cpu_ns) as f64 / long.as_nanos() as f64 * 100.0,
    })
}

fn total(processes: &[&Proc]) -> Result<Usage, LabError> {
    let mut sum = Usage::default();
    for process in processes {
        let pid = process
            .pid()
            .ok_or_else(|| LabError::Invalid("it has ended".into()))?;
        let one = usage(pid)?;
        sum.rss_kb += one.rss_kb;
        sum.threads += one.threads;
        sum.switches += one.switches;
        sum.cpu_ns += one.cpu_ns;
    }
    Ok(sum)
}

/// Reads `/proc`: memory from `status`, switches and time of every thread.
fn usage(pid: u32) -> Result<Usage, LabError> {
    let read = |path: String| fs::read_to_string(&path).context(|| format!("reading {path}"));
    let status = read(format!("/proc/{pid}/status"))?;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).context(|| "listing threads".into())?;
    let mut usage = Usage {
        rss_kb: field(&status, "VmRSS:"),
        threads: field(&status, "Threads:"),
        ..Usage::default()
    };
    for task in tasks.flatten() {
        let path = task.path().display().to_string();
        let status = read(format!("{path}/status"))?;
        usage.switches += field(&status, "voluntary_ctxt_switches:");
        usage.switches += field(&status, "nonvoluntary_ctxt_switches:");
        let schedstat = read(format!("{path}/schedstat"))?;
        let on_cpu = schedstat
            .split_whitespace()
            .next()
            .and_then(|ns| ns.parse::<u64>().ok());
        usage.cpu_ns += on_cpu.unwrap_or(0);
    }
    Ok(usage)
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
