//! What processes use: memory, threads, wake-ups and processor time, read from `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::Proc;
use crate::error::{Context as _, LabError};

/// What one thread has used since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Spent {
    switches: u64,
    cpu_ns: u64,
}

/// What processes have used: of each thread there is now, by its number.
#[derive(Debug, Default)]
struct Usage {
    rss_kb: u64,
    threads: BTreeMap<u32, Spent>,
}

impl Usage {
    /// What was spent since `before`. A thread that ended meanwhile counts for nothing.
    fn since(&self, before: &Self) -> Spent {
        let mut sum = Spent::default();
        for (thread, now) in &self.threads {
            let then = before.threads.get(thread).copied().unwrap_or_default();
            sum.switches += now.switches.saturating_sub(then.switches);
            sum.cpu_ns += now.cpu_ns.saturating_sub(then.cpu_ns);
        }
        sum
    }
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
    let spent = after.since(&before);
    Ok(Cost {
        rss_kb: after.rss_kb,
        threads: after.threads.len() as u64,
        switches_per_s: spent.switches as f64 / long.as_secs_f64(),
        cpu_percent: spent.cpu_ns as f64 / long.as_nanos() as f64 * 100.0,
    })
}

fn total(processes: &[&Proc]) -> Result<Usage, LabError> {
    let mut sum = Usage::default();
    for process in processes {
        let pid = process
            .pid()
            .ok_or_else(|| LabError::Invalid("it has ended".into()))?;
        add(pid, &mut sum)?;
    }
    Ok(sum)
}

/// Reads `/proc`: memory from `status`, switches and time of every thread.
fn add(pid: u32, usage: &mut Usage) -> Result<(), LabError> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).context(|| format!("reading {path}"))?;
    usage.rss_kb += field(&status, "VmRSS:");
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).context(|| "listing threads".into())?;
    for task in tasks.flatten() {
        let name = task.file_name();
        let Some(thread) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let path = task.path().display().to_string();
        // It may have ended since it was listed.
        let (Ok(status), Ok(schedstat)) = (
            fs::read_to_string(format!("{path}/status")),
            fs::read_to_string(format!("{path}/schedstat")),
        ) else {
            continue;
        };
        let on_cpu = schedstat.split_whitespace().next();
        let switches = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
        let spent = Spent {
            switches: switches.iter().map(|name| field(&status, name)).sum(),
            cpu_ns: on_cpu.and_then(|ns| ns.parse().ok()).unwrap_or(0),
        };
        usage.threads.insert(thread, spent);
    }
    Ok(())
}

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_begin_count_whole_and_those_that_end_not_at_all() {
        let spent = |switches, cpu_ns| Spent { switches, cpu_ns };
        let usage = |threads: &[(u32, Spent)]| Usage {
            rss_kb: 0,
            threads: threads.iter().copied().collect(),
        };
        let before = usage(&[(1, spent(10, 1_000)), (2, spent(900, 90_000))]);
        let after = usage(&[(1, spent(12, 1_500)), (3, spent(5, 70))]);
        assert_eq!(after.since(&before), spent(7, 570));
        assert_eq!(before.since(&before), spent(0, 0));
    }
}
