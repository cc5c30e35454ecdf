//! Nothing of a lab outlives it, however it ends, and the host never sees any of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of these tests fail the test, as its own body would"
)]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use evenkeel_lab::lab::wait_until;
use evenkeel_lab::screen::Screen;
use evenkeel_lab::{Lab, LabError, LabSpec, guard};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

type Outcome = Result<(), LabError>;

/// The names of all namespaces (`net:[4026531840]`) of a process.
fn namespaces(pid: u32) -> BTreeSet<PathBuf> {
    let links = fs::read_dir(format!("/proc/{pid}/ns"))
        .into_iter()
        .flatten()
        .flatten();
    links
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect()
}

/// Processes that are in one of these namespaces, or belong to one of these groups.
fn survivors(theirs: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if !namespaces(pid).is_disjoint(theirs) {
            let line = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            found.push(format!("{pid} {}", line.replace('\0', " ")));
        }
    }
    found
}

/// Namespaces of the lab that the host's own processes don't share.
fn private_namespaces(holder: u32) -> BTreeSet<PathBuf> {
    &namespaces(holder) - &namespaces(std::process::id())
}

fn control_group(holder: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{holder}/cgroup")).ok()?;
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("0::"))?
        .to_owned();
    path.contains("evenkeel.lab-").then_some(path)
}

/// Where the control groups are. A container may have none in its `/sys`: then they are mounted for
/// this thread alone.
fn cgroup_root() -> PathBuf {
    let usual = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].map(PathBuf::from);
    let there = |path: &&PathBuf| path.join("cgroup.controllers").exists();
    if let Some(path) = usual.iter().find(there) {
        return path.clone();
    }
    // Not where the lab mounts them.
    let free = PathBuf::from("/mnt");
    let (none, private) = (None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE);
    unshare(CloneFlags::CLONE_NEWNS).unwrap();
    mount(none, "/", none, private, none).unwrap();
    let groups = Some("cgroup2");
    mount(groups, &free, groups, MsFlags::empty(), none).unwrap();
    free
}

/// Mounts as the host sees them.
fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

fn up() -> (Child, u32) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_evenkeel-lab"))
        .arg("up")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let holder = first.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(lines.any(|line| line.unwrap().contains("ends it")));
    (child, holder)
}

fn nothing_remains_after(end: impl FnOnce(&Child, u32)) -> Outcome {
    let mounts_before = mounts();
    let run_before: BTreeSet<PathBuf> = fs::read_dir("/run")
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let (mut child, holder) = up();
    let theirs = private_namespaces(holder);
    assert!(theirs.len() >= 6, "{theirs:?}");
    // bus, polkitd, two emulators, server, holder, guard
    assert!(survivors(&theirs).len() >= 7, "{:?}", survivors(&theirs));
    assert_eq!(
        mounts(),
        mounts_before,
        "the host must not see the lab's mounts"
    );
    let group = control_group(holder);

    end(&child, holder);
    wait_until(
        "the end of every process of the lab",
        Duration::from_secs(10),
        || Ok(survivors(&theirs).is_empty()),
    )
    .map_err(|e| LabError::Invalid(format!("{e}: {:?}", survivors(&theirs))))?;
    let _ = child.wait();
    assert_eq!(mounts(), mounts_before);
    let run_after: BTreeSet<PathBuf> = fs::read_dir("/run")
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    assert_eq!(run_before, run_after);
    if let Some(group) = group {
        let path = cgroup_root().join(group.trim_start_matches('/'));
        wait_until(
            "the end of the control group",
            Duration::from_secs(5),
            || Ok(!path.exists()),
        )?;
    }
    Ok(())
}

fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).unwrap();
}

#[test]
fn nothing_remains_after_kill_9_of_the_program_that_made_the_lab() -> Outcome {
    nothing_remains_after(|child, _| signal(child.id(), Signal::SIGKILL))
}

#[test]
fn nothing_remains_after_ctrl_c() -> Outcome {
    nothing_remains_after(|child, _| signal(child.id(), Signal::SIGINT))
}

#[test]
fn nothing_remains_after_kill_9_of_the_labs_first_process() -> Outcome {
    nothing_remains_after(|child, holder| {
        signal(holder, Signal::SIGKILL);
        signal(child.id(), Signal::SIGKILL);
    })
}

#[test]
fn dropping_a_lab_ends_everything_in_it() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    let theirs = private_namespaces(lab.holder());
    // A program that ignores every request to end, in the background, without a handle.
    let script = "trap '' TERM INT HUP; (trap '' TERM INT HUP; sleep 1000) & echo started";
    lab.command("pc", ["sh", "-c", script]).text()?;
    assert!(
        survivors(&theirs)
            .iter()
            .any(|line| line.contains("sleep 1000"))
    );
    drop(lab);
    // Dropping waits for the end, but not forever on a busy machine.
    wait_until("the end of it all", Duration::from_secs(10), || {
        Ok(survivors(&theirs).is_empty())
    })
    .map_err(|e| LabError::Invalid(format!("{e}: {:?}", survivors(&theirs))))
}

#[test]
fn nothing_remains_after_a_signal_to_the_whole_terminal_where_nobody_takes_orphans() -> Outcome {
    // As process 1 of many a container does: orphans come to us, and we don't look at them.
    set_child_subreaper(true).unwrap();
    nothing_remains_after(|child, _| {
        killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGINT).unwrap();
    })
}

#[test]
fn a_guard_that_is_late_still_removes_the_labs_control_group() {
    let (mut child, holder) = up();
    let group = control_group(holder).expect("the lab has a control group");
    let path = cgroup_root().join(group.trim_start_matches('/'));
    assert!(path.exists(), "{}", path.display());
    let guard = group.rsplit('-').next().and_then(|pid| pid.parse().ok());
    let guard = guard.expect("the group is called after the guard");
    // The program that made the lab waits for its guard, but not as long as this. When it has gone,
    // the kernel hangs up on stopped processes that it leaves behind in its session.
    signal(guard, Signal::SIGSTOP);
    drop(child.stdin.take());
    child.wait().unwrap();
    signal(guard, Signal::SIGCONT);
    let patience = Duration::from_secs(10);
    wait_until("the control group's end", patience, || Ok(!path.exists())).unwrap();
}

#[test]
fn what_a_killed_lab_left_is_removed_and_what_another_containers_lab_has_is_not() -> Outcome {
    let (names, root) = (guard::group_names()?, cgroup_root());
    // Above the largest process number there can be.
    let dead = root.join(format!("{names}4194305/inner"));
    let theirs = root.join("evenkeel.lab-1-4194305");
    for group in [&dead, &theirs] {
        fs::create_dir_all(group).unwrap();
    }
    drop(Lab::start(&LabSpec::default())?);
    let kept = theirs.exists();
    fs::remove_dir(&theirs).unwrap();
    assert!(kept, "another container's lab lost its control group");
    assert!(!dead.parent().unwrap().exists());
    Ok(())
}

/// What displays leave in the host's `/tmp`: sockets and locks.
fn displays() -> BTreeSet<PathBuf> {
    let folders = ["/tmp", "/tmp/.X11-unix"].map(fs::read_dir);
    let entries = folders.into_iter().flatten().flatten().flatten();
    let names_a_display = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(".X") || name.starts_with('X')
    };
    let paths = entries.map(|entry| entry.path());
    paths.filter(names_a_display).collect()
}

#[test]
fn a_screen_of_a_lab_is_never_in_the_hosts_tmp() -> Outcome {
    let lab = Lab::start(&LabSpec::default())?;
    let screen = Screen::start(&lab, "player")?;
    let number = screen.display().trim_start_matches(':').to_owned();
    let socket = lab.host_path(&format!("/tmp/.X11-unix/X{number}"));
    assert!(socket.exists(), "{}", socket.display());
    let mine = |path: &PathBuf| path.to_string_lossy().contains(&number);
    assert!(!displays().iter().any(mine), "{:?}", displays());
    Ok(())
}

#[test]
fn two_labs_at_once_do_not_see_each_other() -> Outcome {
    let (one, two) = (
        Lab::start(&LabSpec::default())?,
        Lab::start(&LabSpec::default())?,
    );
    one.command("pc", ["ip", "link", "del", "wifi0"]).text()?;
    assert!(
        !one.command("pc", ["ip", "link", "show", "wifi0"])
            .output()?
            .success()
    );
    assert!(
        two.command("pc", ["ip", "link", "show", "wifi0"])
            .output()?
            .success()
    );
    Ok(())
}
