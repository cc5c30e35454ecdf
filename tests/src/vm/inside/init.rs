//! Process 1 of a virtual machine: mounts, modules, the child that works, orphans, the end.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use crate::error::{Context as _, LabError};
use crate::tools::LAB_PATH;
use crate::vm::report::{END, MARK};

/// The names of the modules to load, one a line; not there for a kernel without modules.
const MODULES: &str = "/etc/evenkeel-modules";

/// File systems: kind, place, data.
const MOUNTS: [(&str, &str, &str); 8] = [
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("devtmpfs", "/dev", "mode=755"),
    ("devpts", "/dev/pts", "mode=620,ptmxmode=666"),
    ("tmpfs", "/dev/shm", "mode=1777"),
    ("tmpfs", "/run", "mode=755"),
    ("tmpfs", "/tmp", "mode=1777"),
    ("cgroup2", "/sys/fs/cgroup", ""),
];

/// Sets the machine up, has the topics tried, and restarts the machine, which ends it.
///
/// # Errors
/// When this is not process 1 of a machine, or the restart is refused.
pub fn run(topics: &[String], say: &mut dyn FnMut(&str)) -> Result<(), LabError> {
    if std::process::id() != 1 {
        return Err(LabError::Invalid(
            "`vm-inside` is for a virtual machine's first process".into(),
        ));
    }
    match work(topics) {
        Ok(()) => say(&format!("{MARK} {END}")),
        Err(error) => say(&format!("the machine could not be used: {error}")),
    }
    // Not a shutdown: as if the power had been cut.
    match reboot(RebootMode::RB_AUTOBOOT) {
        Ok(never) => match never {},
        Err(error) => Err(LabError::io("restarting the machine", error)),
    }
}

fn work(topics: &[String]) -> Result<(), LabError> {
    for (kind, place, data) in MOUNTS {
        fs::create_dir_all(place).context(|| format!("making {place}"))?;
        let data = (!data.is_empty()).then_some(data);
        mount(Some(kind), place, Some(kind), MsFlags::empty(), data)
            .context(|| format!("mounting {place}"))?;
    }
    modules()?;
    let own = std::env::current_exe().context(|| "finding the running program".into())?;
    let child = Command::new(own)
        .args(["vm-inside", "--work"])
        .args(topics)
        .env_clear()
        .env("PATH", LAB_PATH)
        .env("HOME", "/root")
        .spawn()
        .context(|| "starting the machine's work".into())?;
    let worker = Pid::from_raw(child.id().cast_signed());
    loop {
        let status = waitpid(None, None).context(|| "waiting for the machine's work".into())?;
        if status.pid() != Some(worker) {
            continue;
        }
        return match status {
            nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
            other => Err(LabError::Invalid(format!("its work ended with {other:?}"))),
        };
    }
}

fn modules() -> Result<(), LabError> {
    if !Path::new(MODULES).exists() {
        return Ok(());
    }
    let names = fs::read_to_string(MODULES).context(|| format!("reading {MODULES}"))?;
    // One that is not there is built in; what needs it says so otherwise.
    Command::new("modprobe")
        .args(["--all", "--quiet"])
        .args(names.lines())
        .env("PATH", LAB_PATH)
        .status()
        .context(|| "loading modules".into())?;
    Ok(())
}
