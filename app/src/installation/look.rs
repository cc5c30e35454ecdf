//! Looks for the helper's installation: the bus, a few files, and the system's name. Reads only, and
//! asks for no privilege.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use evenkeel_dbus::can_be_started;
use nix::sys::statvfs::{FsFlags, statvfs};
use zbus::Connection;

use super::{Files, Found, System, system};
use crate::system_bus;

/// The helper's unit.
pub const UNIT: &str = "evenkeeld.service";
/// Where systemd looks for units, as far as anything of ours is put there.
pub const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// What the installer for read-only systems leaves where updates do not reach,
const MENDER: &str = "/opt/evenkeel/libexec/install.sh";
/// and what it puts where they do.
const PUT: [&str; 4] = [
    "/etc/systemd/system/evenkeeld.service",
    "/etc/dbus-1/system.d/io.github.evenkeel.Helper1.conf",
    "/etc/polkit-1/actions/io.github.evenkeel.helper1.policy",
    "/etc/atomic-update.conf.d/evenkeel.conf",
];
/// No description of a system is longer.
const MAX_BYTES: u64 = 64 * 1024;

/// What there is of the helper; `bus` is the system bus.
pub async fn look(bus: &Connection) -> Found {
    let sandbox = system_bus::in_sandbox();
    let activatable = can_be_started(bus).await.unwrap_or(false);
    if sandbox {
        // The system's own files are out of sight, but for its name.
        return Found {
            system: system(&text("/run/host/os-release").unwrap_or_default()),
            activatable,
            ..Found::default()
        };
    }
    let there = |path: &str| Path::new(path).exists();
    let unit = UNITS
        .iter()
        .any(|folder| Path::new(folder).join(UNIT).exists());
    let files = if there(MENDER) && !PUT.iter().all(|path| there(path)) {
        Files::Torn
    } else if unit {
        Files::Unit
    } else {
        Files::None
    };
    Found {
        system: this_system(),
        activatable,
        files,
        source: std::env::current_exe().is_ok_and(|program| in_source(&program)),
    }
}

fn this_system() -> System {
    let fixed = statvfs("/usr").is_ok_and(|usr| usr.flags().contains(FsFlags::ST_RDONLY));
    if fixed || Path::new("/run/ostree-booted").exists() {
        return System::ReadOnly;
    }
    let found = ["/etc/os-release", "/usr/lib/os-release"].into_iter();
    system(&found.into_iter().find_map(text).unwrap_or_default())
}

/// Whether a program lies in `target/PROFILE` of a tree of ours.
fn in_source(program: &Path) -> bool {
    let tree = program.ancestors().nth(3).map(PathBuf::from);
    tree.is_some_and(|tree| tree.join("packaging/install.table").is_file())
}

fn text(path: &str) -> Option<String> {
    let mut text = String::new();
    let file = File::open(path).ok()?;
    let _ = file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_in_its_tree_only_in_the_builds_own_folder() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        assert!(in_source(&tree.join("target/release/evenkeel")));
        assert!(!in_source(&tree.join("evenkeel")));
        assert!(!in_source(Path::new("/usr/bin/evenkeel")));
        assert!(!in_source(Path::new("evenkeel")));
    }

    #[test]
    fn what_the_installer_puts_below_etc_is_what_is_looked_for() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let table = std::fs::read_to_string(format!("{root}/packaging/install.table")).unwrap();
        for path in &PUT[..3] {
            let name = path.rsplit('/').next().unwrap();
            let line = table.lines().find(|line| line.contains(name)).unwrap();
            assert!(line.ends_with("host,steamos"), "{line}");
        }
    }
}
