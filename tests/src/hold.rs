//! The holder: process 1 of a lab. It builds the private mounts, users and network, says "ready",
//! and then only reaps orphans until its standard input closes. See the crate's documentation for
//! why that is the whole clean-up. It knows nothing of what runs in the lab.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::error::{Context as _, LabError};
use crate::guard::CGROUP_DIR;
use crate::rig;
use crate::spec::LabSpec;
use crate::tools::LAB_PATH;
use crate::topology;
use crate::users::{self, Database};

/// Directory of everything that is the lab's own, inside it.
pub const LAB_DIR: &str = "/run/evenkeel-lab";
/// What the holder prints when the lab stands.
pub const READY: &str = "ready";

/// Parts of the host's `/run` that stay visible: a person's Wayland socket and input devices.
const KEEP_RUN: &[&str] = &["/run/user", "/run/udev"];

/// Where X servers have their sockets.
const SCREENS: &str = "/tmp/.X11-unix";

/// Runs the holder until standard input closes. `group` is the lab's control group (empty: none).
///
/// # Errors
/// What could not be built. The caller prints it and exits, which takes the lab down.
pub fn run(spec: &LabSpec, group: &str) -> Result<(), LabError> {
    if std::process::id() != 1 {
        return Err(LabError::Invalid(
            "`hold` is for the lab's own use (process 1 of a pid namespace); use `up`".into(),
        ));
    }
    spec.validate()?;
    enter_group(group)?;
    mounts()?;
    binaries(spec)?;
    user_database(spec)?;
    rig::install_files(&spec.packaging_dir())?;
    network(spec)?;
    let mut out = std::io::stdout();
    writeln!(out, "{READY}")
        .and_then(|()| out.flush())
        .context(|| "saying ready".into())?;
    wait_for_the_end()
}

fn wait_for_the_end() -> Result<(), LabError> {
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children
        .thread_block()
        .context(|| "blocking SIGCHLD".into())?;
    let signals = SignalFd::with_flags(&children, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .context(|| "making a signalfd".into())?;
    let mut stdin = std::io::stdin();
    loop {
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(LabError::io("waiting for the lab's end", e)),
        }
        let leash = fds[0].revents().unwrap_or(PollFlags::empty());
        while matches!(signals.read_signal(), Ok(Some(_))) {}
        while !matches!(
            waitpid(None, Some(WaitPidFlag::WNOHANG)),
            Ok(WaitStatus::StillAlive) | Err(_)
        ) {}
        if !leash.is_empty() && stdin.read(&mut [0; 64]).unwrap_or(0) == 0 {
            return Ok(());
        }
    }
}

/// Makes the lab's control group the root of what processes of the lab see of control groups.
fn enter_group(group: &str) -> Result<(), LabError> {
    if !group.is_empty() {
        file(&format!("{group}/cgroup.procs"), "0")?;
    }
    // Mounts of our own, too: the guard must still see the whole tree when we have ended.
    unshare(CloneFlags::CLONE_NEWCGROUP | CloneFlags::CLONE_NEWNS)
        .context(|| "making a cgroup and a mount namespace".into())
}

fn bind(source: &str, target: &str) -> Result<(), LabError> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(source), target, None::<&str>, flags, None::<&str>)
        .context(|| format!("binding {source} to {target} in the lab"))
}

/// Mounts an empty tmpfs at `target`, in the lab only.
///
/// # Errors
/// The mount's error.
pub fn tmpfs(target: &str) -> Result<(), LabError> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(
        Some("evenkeel-lab"),
        target,
        Some("tmpfs"),
        flags,
        Some("mode=755,size=256m"),
    )
    .context(|| format!("mounting a tmpfs at {target} in the lab"))
}

/// Makes a directory with all parents.
///
/// # Errors
/// The file system's error.
pub fn directory(path: &str) -> Result<(), LabError> {
    fs::create_dir_all(path).context(|| format!("making {path}"))
}

/// Writes a file that everybody may read.
///
/// # Errors
/// The file system's error.
pub fn file(path: &str, text: &str) -> Result<(), LabError> {
    fs::write(path, text).context(|| format!("writing {path}"))
}

fn mounts() -> Result<(), LabError> {
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), safe, None::<&str>)
        .context(|| "mounting the lab's /proc".into())?;
    // The new /sys shows the interfaces of `pc`, the network namespace that we are in.
    mount(Some("sysfs"), "/sys", Some("sysfs"), safe, None::<&str>)
        .context(|| "mounting the lab's /sys".into())?;
    // Without control groups the rig can't start, and says so.
    let _ = mount(
        Some("cgroup2"),
        CGROUP_DIR,
        Some("cgroup2"),
        safe,
        None::<&str>,
    );

    let kept: Vec<(&str, File)> = KEEP_RUN
        .iter()
        .filter_map(|path| Some((*path, File::open(path).ok()?)))
        .collect();
    tmpfs("/run")?;
    for (path, old) in kept {
        directory(path)?;
        bind(&format!("/proc/self/fd/{}", old.as_raw_fd()), path)?;
    }
    for dir in ["bin", "etc", "link", "home", "tmp"] {
        directory(&format!("{LAB_DIR}/{dir}"))?;
    }
    temporary();
    directory("/run/netns")
}

/// Keeps what the lab's programs write to `/tmp` in the lab: a display's lock outlives a killed
/// server. They still read the host's, where a person's screen is or the project itself may lie. On a
/// kernel without overlays they share it.
fn temporary() {
    let screens = File::open(SCREENS).ok();
    let [over, work] = ["over", "work"].map(|name| format!("{LAB_DIR}/tmp/{name}"));
    let prepared = tmpfs(&format!("{LAB_DIR}/tmp"))
        .and_then(|()| directory(&over))
        .and_then(|()| directory(&work));
    let anybody = fs::Permissions::from_mode(0o1777);
    if prepared.is_err() || fs::set_permissions(&over, anybody).is_err() {
        return;
    }
    let layers = format!("lowerdir=/tmp,upperdir={over},workdir={work}");
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let mounted = mount(
        Some("evenkeel-lab"),
        "/tmp",
        Some("overlay"),
        safe,
        Some(layers.as_str()),
    );
    // An overlay shows sockets, but they cannot be reached through it.
    if let (Ok(()), Some(screens)) = (mounted, screens) {
        let folder = format!("/proc/self/fd/{}", screens.as_raw_fd());
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let _ = bind(&format!("{folder}/{name}"), &format!("{SCREENS}/{name}"));
        }
    }
}

/// Binds binaries into the lab's `PATH`, so that every user can run them even when the directory
/// they were built in is closed to others.
fn binaries(spec: &LabSpec) -> Result<(), LabError> {
    for path in &spec.binaries {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| {
                LabError::Invalid(format!("{} is not the path of a binary", path.display()))
            })?;
        let target = format!("{LAB_DIR}/bin/{name}");
        file(&target, "")?;
        let source = path.to_str().ok_or_else(|| {
            LabError::Invalid(format!("{} is not a path in UTF-8", path.display()))
        })?;
        bind(source, &target)?;
    }
    Ok(())
}

fn user_database(spec: &LabSpec) -> Result<(), LabError> {
    let read = |path: &str| fs::read_to_string(path).context(|| format!("reading {path}"));
    let host = Database {
        passwd: read("/etc/passwd")?,
        group: read("/etc/group")?,
        shadow: fs::read_to_string("/etc/shadow").unwrap_or_default(),
    };
    let lab = host.with_lab_users();
    for (name, text, mode) in [
        ("passwd", &lab.passwd, 0o644),
        ("group", &lab.group, 0o644),
        ("shadow", &lab.shadow, 0o600),
    ] {
        let source = format!("{LAB_DIR}/etc/{name}");
        file(&source, text)?;
        fs::set_permissions(&source, fs::Permissions::from_mode(mode))
            .context(|| format!("closing {source}"))?;
        let target = format!("/etc/{name}");
        if Path::new(&target).exists() {
            bind(&source, &target)?;
        }
    }
    for name in [users::PLAYER_USER, users::GUEST_USER] {
        if let Some(user) = users::lookup(&lab.passwd, name) {
            own(&format!("{LAB_DIR}/home/{name}"), &user, 0o700)?;
            rig::make_session_group(user.uid);
        }
    }
    if let Some(uid) = spec.keep_uid {
        rig::make_session_group(uid);
    }
    if let Some(user) = users::lookup(&lab.passwd, users::HELPER_USER) {
        own("/run/evenkeel", &user, 0o700)?;
    }
    Ok(())
}

fn own(path: &str, user: &users::User, mode: u32) -> Result<(), LabError> {
    directory(path)?;
    chown(path, Some(user.uid), Some(user.gid)).context(|| format!("giving {path} away"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .context(|| format!("closing {path}"))
}

fn network(spec: &LabSpec) -> Result<(), LabError> {
    for namespace in topology::namespaces(spec) {
        if namespace == "pc" {
            ip(&["netns", "attach", "pc", "1"], "")?;
        } else {
            ip(&["netns", "add", &namespace], "")?;
        }
        let values = topology::sysctls(&namespace, spec);
        inside(&format!("/run/netns/{namespace}"), move || {
            for (path, value) in values {
                let path = format!("/proc/sys/{path}");
                fs::write(&path, value).context(|| format!("writing {path}"))?;
            }
            Ok(())
        })?;
    }
    for (namespace, batch) in topology::batches(spec) {
        ip(&["-n", &namespace, "-batch", "-"], &batch)?;
    }
    for uplink in topology::uplinks(spec.uplinks) {
        let router = uplink.router_ns();
        let rules = topology::ruleset(uplink);
        feed(&["ip", "netns", "exec", &router, "nft", "-f", "-"], &rules)?;
    }
    Ok(())
}

/// Runs `work` in a thread of its own that has entered the network namespace at `path`.
///
/// # Errors
/// The error of entering, or of `work`.
pub fn inside<T: Send>(
    path: &str,
    work: impl FnOnce() -> Result<T, LabError> + Send,
) -> Result<T, LabError> {
    let namespace = File::open(path).context(|| format!("opening the namespace {path}"))?;
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET)
                .context(|| format!("entering the namespace {path}"))?;
            work()
        });
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn ip(arguments: &[&str], input: &str) -> Result<(), LabError> {
    let mut command = vec!["ip"];
    command.extend(arguments);
    feed(&command, input)
}

fn feed(command: &[&str], input: &str) -> Result<(), LabError> {
    let line = command.join(" ");
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .env("PATH", LAB_PATH)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| format!("starting `{line}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends before it read everything reports why by its own status.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child
        .wait_with_output()
        .context(|| format!("waiting for `{line}`"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Command {
        command: line,
        status: output.status.to_string(),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
