//! The guard: the lab's outermost process. It makes the lab's namespaces, starts the holder as
//! process 1 of the new pid namespace, and when that has ended removes the one thing that the kernel
//! doesn't remove by itself: the lab's empty control group. If the guard itself is killed, the next
//! lab's guard removes it. Without control groups (a closed container) a lab works, but its rig
//! doesn't: polkit tells sessions by them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::setsid;

use crate::error::{Context as _, LabError};

/// Where control groups are mounted.
pub const CGROUP_DIR: &str = "/sys/fs/cgroup";
const PREFIX: &str = "evenkeel.lab";

/// Runs a holder to its end.
///
/// # Errors
/// When the namespaces can't be made or the holder fails (it has said why on standard error).
pub fn run(spec: &str) -> Result<(), LabError> {
    // Ctrl-C and the terminal's end are for the program that made the lab; we end when the lab has.
    setsid().context(|| "leaving the terminal".into())?;
    let own_binary = std::env::current_exe().context(|| "finding the running program".into())?;
    let flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(flags).context(|| "making the lab's namespaces".into())?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
        .context(|| "making the lab's mounts private".into())?;
    let group = make_group();
    let status = Command::new(own_binary)
        .args(["hold", spec, group.as_deref().unwrap_or_default()])
        .status()
        .context(|| "starting the lab's first process".into())?;
    if let Some(group) = group {
        remove(Path::new(&group));
    }
    if status.success() {
        Ok(())
    } else {
        Err(LabError::Invalid(
            "the lab was not built; nothing remains of it".into(),
        ))
    }
}

/// How the control groups of this pid namespace's labs are called, but for the guard's number at the
/// end. A number says nothing of a lab in another container that shares the control groups.
///
/// # Errors
/// When `/proc` is not there.
pub fn group_names() -> Result<String, LabError> {
    let space = fs::read_link("/proc/self/ns/pid").context(|| "reading our namespace".into())?;
    let space = space.to_string_lossy();
    let number: String = space.chars().filter(char::is_ascii_digit).collect();
    Ok(format!("{PREFIX}-{number}-"))
}

/// Makes this lab's control group, after removing those of labs that no longer exist.
fn make_group() -> Option<String> {
    let names = group_names().ok()?;
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(
        Some("cgroup2"),
        CGROUP_DIR,
        Some("cgroup2"),
        safe,
        None::<&str>,
    )
    .ok()?;
    for entry in fs::read_dir(CGROUP_DIR).ok()?.flatten() {
        let name = entry.file_name();
        let guard = name.to_str().and_then(|name| name.strip_prefix(&names));
        if guard.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            remove(&entry.path());
        }
    }
    let group = format!("{CGROUP_DIR}/{names}{}", std::process::id());
    fs::create_dir(&group).ok()?;
    Some(group)
}

/// Removes a control group with everything below it. The kernel keeps a group busy for a moment after
/// its last process has ended.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    for _ in 0..1000 {
        match fs::remove_dir(group) {
            Err(e) if e.kind() == std::io::ErrorKind::ResourceBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => return,
        }
    }
}
