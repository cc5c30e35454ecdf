//! The programs the lab runs, and the packages they come from. A missing one is an error that names
//! the package, never a skipped test.

use std::path::{Path, PathBuf};

use crate::error::LabError;

/// Where programs are looked for inside the lab; its own binaries come first.
pub const LAB_PATH: &str =
    "/run/evenkeel-lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Programs every lab needs, with their Debian package.
pub const NETWORK_TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("ping", "iputils-ping"),
    ("nsenter", "util-linux"),
    ("setpriv", "util-linux"),
    ("chrt", "util-linux"),
];

/// Programs the bus and polkit rig needs, with their Debian package.
pub const RIG_TOOLS: &[(&str, &str)] = &[("dbus-daemon", "dbus"), ("dbus-send", "dbus")];

/// Programs every network manager's lab needs, with their Debian package.
pub const MANAGER_TOOLS: &[(&str, &str)] = &[("unshare", "util-linux"), ("perl", "perl-base")];

/// Programs a lab with `NetworkManager` needs, with their Debian package.
pub const NETWORK_MANAGER_TOOLS: &[(&str, &str)] = &[
    ("NetworkManager", "network-manager"),
    ("nmcli", "network-manager"),
];

/// Programs a lab with systemd-networkd needs, with their Debian package.
pub const NETWORKD_TOOLS: &[(&str, &str)] = &[("networkctl", "systemd")];

/// Where distributions put systemd-networkd.
const NETWORKD: &[&str] = &[
    "/usr/lib/systemd/systemd-networkd",
    "/lib/systemd/systemd-networkd",
];

/// Where distributions put polkitd.
const POLKITD: &[&str] = &[
    "/usr/lib/polkit-1/polkitd",
    "/usr/libexec/polkitd",
    "/usr/libexec/polkit-1/polkitd",
];

/// Finds a program in [`LAB_PATH`].
pub fn find(tool: &str) -> Option<PathBuf> {
    LAB_PATH
        .split(':')
        .map(|dir| Path::new(dir).join(tool))
        .find(|path| path.is_file())
}

/// Checks that all `tools` are installed.
///
/// # Errors
/// [`LabError::MissingTool`] for the first one that isn't.
pub fn require(tools: &[(&'static str, &'static str)]) -> Result<(), LabError> {
    match tools.iter().find(|(tool, _)| find(tool).is_none()) {
        None => Ok(()),
        Some(&(tool, package)) => Err(LabError::MissingTool { tool, package }),
    }
}

/// The path of polkitd.
///
/// # Errors
/// [`LabError::MissingTool`] when it is in none of the known places.
pub fn polkitd() -> Result<&'static str, LabError> {
    POLKITD
        .iter()
        .find(|path| Path::new(path).is_file())
        .copied()
        .ok_or(LabError::MissingTool {
            tool: "polkitd",
            package: "polkitd",
        })
}

/// The path of systemd-networkd.
///
/// # Errors
/// [`LabError::MissingTool`] when it is in none of the known places.
pub fn networkd() -> Result<&'static str, LabError> {
    NETWORKD
        .iter()
        .find(|path| Path::new(path).is_file())
        .copied()
        .ok_or(LabError::MissingTool {
            tool: "systemd-networkd",
            package: "systemd",
        })
}

/// Finds one of the project's own binaries: the environment variable `EVENKEEL_BIN_<NAME>` (upper
/// case, `-` as `_`), then the directory of the running program and the one above it (a test runs in
/// `deps/`).
///
/// # Errors
/// [`LabError::Invalid`] with the command that builds it.
pub fn project_binary(name: &str) -> Result<PathBuf, LabError> {
    let variable = format!("EVENKEEL_BIN_{}", name.to_uppercase().replace('-', "_"));
    if let Some(path) = std::env::var_os(&variable).map(PathBuf::from) {
        return path.canonicalize().map_err(|e| {
            LabError::io(
                format!("{variable} names {}, which cannot be used", path.display()),
                e,
            )
        });
    }
    let exe =
        std::env::current_exe().map_err(|e| LabError::io("finding the running program", e))?;
    exe.ancestors()
        .skip(1)
        .take(2)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            LabError::Invalid(format!(
                "the binary `{name}` is not next to {}; build it with `cargo build --workspace` \
                 or set {variable}",
                exe.display()
            ))
        })
}
