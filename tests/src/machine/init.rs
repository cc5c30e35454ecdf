//! The first process of a machine: builds its file tree and then becomes systemd. It runs in
//! namespaces of its own inside a lab, so all of it ends with the lab.
//!
//! The tree is this machine's own root seen through an overlay that keeps every change in memory. What
//! would reach out of the namespaces is closed: the kernel's settings but for the network's, `/sys`,
//! devices. Of the distribution's units only the bus, polkit and the journal are started.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::{chdir, pivot_root};

use super::MachineSpec;
use crate::error::{Context as _, LabError};
use crate::hold::{LAB_DIR, directory, file};
use crate::users::Database;

/// Where the machine's parts are while it is built.
const BASE: &str = "/run/evenkeel-lab/machine";
/// Where the machine's changed files are seen in it.
pub const CHANGES: &str = "/run/evenkeel-lab/changes";
/// Where systemd is, as distributions have it.
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
/// Started with the machine.
const STARTED: [&str; 5] = [
    "dbus.socket",
    "dbus.service",
    "polkit.service",
    "systemd-journald.socket",
    "systemd-journald.service",
];
/// Character devices: name, major and minor number.
const DEVICES: [(&str, u64, u64); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// Builds the machine and becomes its systemd.
///
/// # Errors
/// What could not be built; it does not return otherwise.
pub fn run(spec: &MachineSpec) -> Result<(), LabError> {
    if std::process::id() != 1 {
        return Err(LabError::Invalid(
            "`machine` is for the lab's own use (process 1 of a pid namespace)".into(),
        ));
    }
    let root = overlay(spec)?;
    quieten(&root)?;
    people(&root)?;
    mounts(&root)?;
    if spec.immutable {
        make_immutable(&root)?;
    }
    enter(&root)?;
    start_units()?;
    let systemd = SYSTEMD.iter().find(|path| Path::new(path).exists());
    let systemd = systemd.ok_or(LabError::MissingTool {
        tool: "systemd",
        package: "systemd",
    })?;
    let error = Command::new(systemd)
        .args(["--system", "--unit=multi-user.target", "--show-status=no"])
        .env_clear()
        .env("PATH", crate::tools::LAB_PATH)
        // systemd then leaves clocks, modules and the kernel's settings alone.
        .env("container", "lxc")
        .exec();
    Err(LabError::io("becoming systemd", error))
}

fn mounted(
    source: &str,
    target: &str,
    kind: Option<&str>,
    flags: MsFlags,
    data: Option<&str>,
) -> Result<(), LabError> {
    mount(Some(source), target, kind, flags, data)
        .context(|| format!("mounting {source} at {target} in the machine"))
}

fn overlay(spec: &MachineSpec) -> Result<String, LabError> {
    directory(BASE)?;
    mounted(
        "machine",
        BASE,
        Some("tmpfs"),
        MsFlags::empty(),
        Some("mode=755,size=4g"),
    )?;
    let root = format!("{BASE}/root");
    for part in ["upper", "work", "root"] {
        directory(&format!("{BASE}/{part}"))?;
    }
    let data = format!("lowerdir=/,upperdir={BASE}/upper,workdir={BASE}/work");
    mounted(
        "machine",
        &root,
        Some("overlay"),
        MsFlags::empty(),
        Some(&data),
    )?;
    for path in &spec.without {
        let path = format!("{root}{path}");
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
    }
    Ok(root)
}

/// Takes away what the distribution starts by itself.
fn quieten(root: &str) -> Result<(), LabError> {
    for place in ["usr/lib/systemd/system", "etc/systemd/system"] {
        let entries = fs::read_dir(format!("{root}/{place}"));
        for path in entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            let wants = path
                .extension()
                .is_some_and(|ending| ending == "wants" || ending == "requires");
            if wants {
                fs::remove_dir_all(&path).context(|| format!("removing {}", path.display()))?;
            }
        }
    }
    for place in ["usr/lib/systemd", "etc/systemd", "usr/local/lib/systemd"] {
        let _ = fs::remove_dir_all(format!("{root}/{place}/system-generators"));
    }
    // An empty one would make it a first boot.
    file(
        &format!("{root}/etc/machine-id"),
        "0123456789abcdef0123456789abcdef\n",
    )?;
    file(&format!("{root}/etc/fstab"), "")
}

fn people(root: &str) -> Result<(), LabError> {
    let path = |name: &str| format!("{root}/etc/{name}");
    let read = |name: &str| fs::read_to_string(path(name)).unwrap_or_default();
    let before = Database {
        passwd: read("passwd"),
        group: read("group"),
        shadow: read("shadow"),
    };
    let after = before.with_people();
    for (name, text, mode) in [
        ("passwd", &after.passwd, 0o644),
        ("group", &after.group, 0o644),
        ("shadow", &after.shadow, 0o640),
    ] {
        file(&path(name), text)?;
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode))
            .context(|| format!("closing /etc/{name}"))?;
    }
    Ok(())
}

fn mounts(root: &str) -> Result<(), LabError> {
    let safe = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let at = |path: &str| format!("{root}{path}");
    mounted("proc", &at("/proc"), Some("proc"), safe, None)?;
    // The network's settings belong to the lab's own namespace; all others are the whole machine's.
    for (path, closed) in [("/proc/sys", true), ("/proc/sys/net", false)] {
        mounted(&at(path), &at(path), None, MsFlags::MS_BIND, None)?;
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | safe;
        let flags = if closed {
            flags | MsFlags::MS_RDONLY
        } else {
            flags
        };
        mounted("none", &at(path), None, flags, None)?;
    }
    mounted(
        "sysfs",
        &at("/sys"),
        Some("sysfs"),
        safe | MsFlags::MS_RDONLY,
        None,
    )?;
    mounted(
        "cgroup2",
        &at("/sys/fs/cgroup"),
        Some("cgroup2"),
        safe,
        None,
    )?;
    for (path, mode) in [
        ("/run", "mode=755,size=512m"),
        ("/tmp", "mode=1777,size=1g"),
        ("/dev", "mode=755,size=1m"),
    ] {
        mounted(
            "machine",
            &at(path),
            Some("tmpfs"),
            MsFlags::MS_NOSUID,
            Some(mode),
        )?;
    }
    for (name, major, minor) in DEVICES {
        let mode = Mode::from_bits_truncate(0o666);
        let path = at(&format!("/dev/{name}"));
        mknod(path.as_str(), SFlag::S_IFCHR, mode, makedev(major, minor))
            .context(|| format!("making {path}"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666))
            .context(|| format!("opening {path}"))?;
    }
    for (target, name) in [("/proc/self/fd", "fd"), ("pts/ptmx", "ptmx")] {
        symlink(target, at(&format!("/dev/{name}"))).context(|| format!("making /dev/{name}"))?;
    }
    directory(&at("/dev/pts"))?;
    directory(&at("/dev/shm"))?;
    let terminals = Some("newinstance,ptmxmode=0666,mode=620");
    mounted(
        "devpts",
        &at("/dev/pts"),
        Some("devpts"),
        MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC,
        terminals,
    )?;
    mounted(
        "machine",
        &at("/dev/shm"),
        Some("tmpfs"),
        safe,
        Some("mode=1777,size=64m"),
    )?;
    // The lab's programs, and its network under the name that the lab's commands use.
    let programs = format!("{LAB_DIR}/bin");
    directory(&at(&programs))?;
    mounted(
        &programs,
        &at(&programs),
        None,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        None,
    )?;
    // What differs from this system's files, for those who compare.
    directory(&at(CHANGES))?;
    let upper = format!("{BASE}/upper");
    mounted(&upper, &at(CHANGES), None, MsFlags::MS_BIND, None)?;
    directory(&at("/run/netns"))?;
    file(&at("/run/netns/pc"), "")?;
    mounted(
        "/proc/self/ns/net",
        &at("/run/netns/pc"),
        None,
        MsFlags::MS_BIND,
        None,
    )
}

/// A system as `SteamOS` is: `/usr` can't be written, `/etc` is an overlay whose changes are a directory
/// of their own, `/opt`, `/var` and `/home` are the user's.
fn make_immutable(root: &str) -> Result<(), LabError> {
    // SteamOS has a polkit that reads actions below /etc, from 126 on. Ours may be older: the same
    // directory at the place where it looks, and the version that makes it so, stand in for that.
    let actions = format!("{root}/etc/polkit-1/actions");
    let looks = format!("{root}/usr/share/polkit-1/actions");
    let own = "org.freedesktop.policykit.policy";
    directory(&actions)?;
    fs::copy(format!("{looks}/{own}"), format!("{actions}/{own}"))
        .context(|| "copying polkit's own actions".into())?;
    let version = format!("{root}/usr/local/bin/pkaction");
    file(&version, "#!/bin/sh\necho pkaction version 126\n")?;
    fs::set_permissions(&version, fs::Permissions::from_mode(0o755))
        .context(|| format!("opening {version}"))?;
    let usr = format!("{root}/usr");
    mounted(&usr, &usr, None, MsFlags::MS_BIND, None)?;
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    mounted("none", &usr, None, flags, None)?;
    let upper = format!("{BASE}/etc-upper");
    let work = format!("{BASE}/etc-work");
    directory(&upper)?;
    directory(&work)?;
    let etc = format!("{root}/etc");
    let data = format!("lowerdir={etc},upperdir={upper},workdir={work}");
    mounted("etc", &etc, Some("overlay"), MsFlags::empty(), Some(&data))?;
    mounted(&actions, &looks, None, MsFlags::MS_BIND, None)?;
    // What an update looks at.
    let seen = format!("{root}/var/lib/overlays/etc");
    directory(&seen)?;
    mounted(&upper, &seen, None, MsFlags::MS_BIND, None)
}

fn enter(root: &str) -> Result<(), LabError> {
    chdir(root).context(|| format!("entering {root}"))?;
    pivot_root(".", ".").context(|| "making the machine's root the root".into())?;
    umount2(".", MntFlags::MNT_DETACH).context(|| "leaving the lab's root".into())?;
    chdir("/").context(|| "entering the machine's root".into())
}

fn start_units() -> Result<(), LabError> {
    let wants = "/run/systemd/system/multi-user.target.wants";
    directory(wants)?;
    for path in [
        "/run/lock",
        "/run/user",
        "/run/systemd/sessions",
        "/run/systemd/users",
        "/run/systemd/seats",
    ] {
        directory(path)?;
    }
    for unit in STARTED {
        let target = format!("/usr/lib/systemd/system/{unit}");
        symlink(target, format!("{wants}/{unit}")).context(|| format!("having {unit} started"))?;
    }
    Ok(())
}
