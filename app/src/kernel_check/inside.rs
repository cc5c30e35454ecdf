//! The child's part of the trial: into a user and a network namespace of its own, and out with the
//! answer. It never returns to anything else, and the namespaces go with it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use nix::errno::Errno;
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::utsname::uname;
use nix::unistd::{Pid, getegid, geteuid};

use super::forbidden::Seen;
use super::lab::{self, Trouble};
use super::{Failed, Report, STEP, Sysctls};

const DIRECTORY: &str = "/proc/sys/net/ipv4";
const EMA: &str = "lowpower_ema_k_factor";
const COST: &str = "lowpower_power_cost_weight";
const BUSY: &str = "lowpower_prefer_busy";

/// The trial, if `words`, the words this program was started with, say so: one line of JSON.
pub fn step(mut words: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if words.next()? != OsStr::new(STEP) {
        return None;
    }
    let answer = serde_json::to_string(&attempt()).unwrap_or_default();
    Some(match writeln!(io::stdout(), "{answer}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

fn attempt() -> Result<Report, Failed> {
    // Whatever ends the parent ends this, too.
    let _ = set_pdeathsig(Signal::SIGKILL);
    let seen = Seen::look();
    let sysctls = sysctls();
    let forbidden = |errno: Errno| {
        // EINVAL and ENOSYS: no such kind of namespace in this kernel.
        let unknown = matches!(errno, Errno::EINVAL | Errno::ENOSYS);
        Failed::Forbidden(seen.why(errno.desc(), unknown))
    };
    become_root_inside().map_err(forbidden)?;
    stay_on_one_processor();
    let enter = || -> Result<(), Errno> {
        unshare(CloneFlags::CLONE_NEWNET)?;
        if let Some(sysctls) = &sysctls {
            take_over(sysctls);
        }
        Ok(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failed::Broken(error.to_string()))?;
    let found = runtime.block_on(lab::run(&enter, sysctls.is_some()));
    let lab::Found { ordinary, keeping } = found.map_err(|trouble| match trouble {
        // AppArmor lets one in, and then takes every capability away.
        Trouble::Forbidden(errno) => forbidden(errno),
        Trouble::Said(said) => Failed::Broken(said),
    })?;
    Ok(Report {
        schema: super::SCHEMA,
        kernel_release: release(),
        sysctls,
        ordinary,
        keeping,
    })
}

/// Into a user namespace of our own, as its root. Where even root may not have one, root will do.
fn become_root_inside() -> Result<(), Errno> {
    let (uid, gid) = (geteuid(), getegid());
    match unshare(CloneFlags::CLONE_NEWUSER) {
        Ok(()) => {
            let map = |file: &str, text: String| {
                let written = fs::write(format!("/proc/self/{file}"), text);
                written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)))
            };
            map("setgroups", "deny".to_owned())?;
            map("uid_map", format!("0 {uid} 1"))?;
            map("gid_map", format!("0 {gid} 1"))
        }
        Err(_) if uid.is_root() => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// A patched kernel keeps its averages for each processor by itself.
fn stay_on_one_processor() {
    let this = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this) else {
        return;
    };
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut one = CpuSet::new();
    if first.is_some_and(|cpu| one.set(cpu).is_ok()) {
        // Without it the trial is only less certain.
        let _ = sched_setaffinity(this, &one);
    }
}

/// The sysctls in force outside.
fn sysctls() -> Option<Sysctls> {
    let read = |name: &str| -> Option<i64> {
        let text = fs::read_to_string(format!("{DIRECTORY}/{name}")).ok()?;
        text.trim().parse().ok()
    };
    Some(Sysctls {
        ema_k_factor: read(EMA)?,
        power_cost_weight: read(COST)?,
        prefer_busy: read(BUSY),
    })
}

/// A new namespace begins with the defaults, whatever is in force outside. What is tried is what is
/// in force; a dangerous cost is not, even here.
fn take_over(sysctls: &Sysctls) {
    let write = |name: &str, value: i64| {
        // A namespace that does not take it keeps its default.
        let _ = fs::write(format!("{DIRECTORY}/{name}"), format!("{value}\n"));
    };
    write(EMA, sysctls.ema_k_factor);
    if (0..=10_000).contains(&sysctls.power_cost_weight) {
        write(COST, sysctls.power_cost_weight);
    }
    if let Some(busy) = sysctls.prefer_busy {
        write(BUSY, busy);
    }
}

fn release() -> String {
    uname()
        .map(|names| names.release().to_string_lossy().into_owned())
        .unwrap_or_default()
}
