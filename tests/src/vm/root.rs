//! What is in the virtual machine: this system's own programs that the lab needs, with their libraries
//! and settings as the packages have them, the project's programs, and the kernel's modules. It
//! collects; nothing is started here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context as _, LabError};
use crate::tools;

use super::archive::Archive;

/// Where the project's programs are in the machine.
pub const PROGRAMS: &str = "/opt/evenkeel/bin";
/// Where the project's bus and polkit files are in the machine.
pub const PACKAGING: &str = "/opt/evenkeel/packaging";
/// What a machine brings over from an earlier one.
pub const CARRIED: &str = "/opt/evenkeel/carried";
/// The module that stands in for the patch, if there is one.
pub const STUB: &str = "/opt/evenkeel/lowpower_stub.ko";

/// Programs besides those that every lab needs, with their Debian package.
const TOOLS: &[(&str, &str)] = &[
    ("sh", "dash"),
    ("env", "coreutils"),
    ("true", "coreutils"),
    ("sleep", "coreutils"),
    ("cat", "coreutils"),
    ("sed", "sed"),
    ("tc", "iproute2"),
    ("mount", "mount"),
    ("unshare", "util-linux"),
    ("modprobe", "kmod"),
    ("insmod", "kmod"),
    ("rmmod", "kmod"),
];

/// Files and directories of packages, where they exist; distributions differ in the place.
const SETTINGS: &[&str] = &[
    "/etc/passwd",
    "/etc/group",
    "/etc/iproute2",
    "/usr/share/iproute2",
    "/usr/lib/tc",
    "/etc/dbus-1/system.d/org.freedesktop.PolicyKit1.conf",
    "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf",
    "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy",
];

/// Modules that the lab's network and its measurements need; one that is not there is built in.
const MODULES: &[&str] = &[
    "veth",
    "dummy",
    "tun",
    "overlay",
    "sch_netem",
    "sch_prio",
    "sch_fq_codel",
    "cls_flow",
    "nf_tables",
    "nft_chain_nat",
    "nft_masq",
    "nft_ct",
    "nft_counter",
    "nft_objref",
    "nf_nat",
    "inet_diag",
    "tcp_diag",
    "udp_diag",
];

/// Directories that only have to be there.
const EMPTY: &[&str] = &[
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/tmp",
    "/root",
    "/var/lib",
    "/var/tmp",
    "/etc/polkit-1/rules.d",
    "/usr/share/polkit-1/rules.d",
];

/// A kernel to start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kernel {
    /// The file that QEMU loads.
    pub image: PathBuf,
    /// The directory that holds `lib/modules`, for a kernel that has modules.
    pub modules: Option<PathBuf>,
    /// The module that registers the sysctls, for a kernel that is not patched.
    pub stub: Option<PathBuf>,
}

/// Collects the machine's file system. `keep` is where stripped copies of the programs are kept.
///
/// # Errors
/// [`LabError::MissingTool`], or what can't be read.
pub fn collect(kernel: &Kernel, keep: &Path) -> Result<Archive, LabError> {
    tools::require(TOOLS)?;
    tools::require(tools::NETWORK_TOOLS)?;
    tools::require(tools::RIG_TOOLS)?;
    let mut root = Archive::default();
    layout(&mut root);
    let all = [TOOLS, tools::NETWORK_TOOLS, tools::RIG_TOOLS].concat();
    for (tool, package) in all {
        let path = tools::find(tool).ok_or(LabError::MissingTool { tool, package })?;
        program(&mut root, &path, None)?;
    }
    program(&mut root, Path::new(tools::polkitd()?), None)?;
    for path in SETTINGS.iter().map(Path::new).filter(|path| path.exists()) {
        tree(&mut root, path, &path.to_string_lossy())?;
    }
    for name in ["evenkeel-lab", "evenkeeld", "evenkeel"] {
        let built = tools::project_binary(name)?;
        let small = stripped(&built, keep)?;
        program(&mut root, &small, Some(&format!("{PROGRAMS}/{name}")))?;
    }
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    for part in ["dbus", "polkit"] {
        tree(
            &mut root,
            &packaging.join(part),
            &format!("{PACKAGING}/{part}"),
        )?;
    }
    // The kernel passes what follows `--` on its command line.
    root.link("/init", &format!("{PROGRAMS}/evenkeel-lab"));
    if let Some(modules) = &kernel.modules {
        add_modules(&mut root, modules)?;
    }
    if let Some(stub) = &kernel.stub {
        root.copy(stub, STUB)?;
    }
    Ok(root)
}

fn layout(root: &mut Archive) {
    for path in EMPTY {
        root.directory(path);
    }
    for path in ["/bin", "/sbin", "/lib", "/lib64"] {
        if let Ok(target) = fs::read_link(path) {
            root.link(path, &target.to_string_lossy());
        }
    }
    root.link("/var/run", "/run");
    root.device("/dev/console", 5, 1);
    root.file(
        "/etc/nsswitch.conf",
        "passwd: files\ngroup: files\nshadow: files\n",
        0o644,
    );
    root.file(
        "/etc/machine-id",
        "0123456789abcdef0123456789abcdef\n",
        0o444,
    );
    root.file("/etc/shadow", "", 0o640);
}

/// The path with its directories as they really are, the last name kept: a library is looked for by it.
fn real_place(path: &Path) -> Result<String, LabError> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    let parent = fs::canonicalize(parent).context(|| format!("finding {}", path.display()))?;
    let name = path.file_name().unwrap_or_default();
    Ok(parent.join(name).to_string_lossy().into_owned())
}

/// A program and the libraries it is linked with.
fn program(root: &mut Archive, source: &Path, place: Option<&str>) -> Result<(), LabError> {
    let place = match place {
        Some(place) => place.to_owned(),
        None => real_place(source)?,
    };
    if !root.has(&place) {
        root.copy(source, &place)?;
    }
    let output = Command::new("ldd")
        .arg(source)
        .output()
        .context(|| format!("asking ldd about {}", source.display()))?;
    for library in libraries(&String::from_utf8_lossy(&output.stdout)) {
        let place = real_place(Path::new(library))?;
        if !root.has(&place) {
            root.copy(Path::new(library), &place)?;
        }
    }
    Ok(())
}

/// The paths in the output of `ldd`.
fn libraries(said: &str) -> impl Iterator<Item = &str> {
    said.lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
}

/// A file, or all files of a directory.
fn tree(root: &mut Archive, source: &Path, place: &str) -> Result<(), LabError> {
    if !source.is_dir() {
        return root.copy(source, place);
    }
    root.directory(place);
    let entries = fs::read_dir(source).context(|| format!("reading {}", source.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        tree(root, &path, &format!("{place}/{name}"))?;
    }
    Ok(())
}

/// A copy without what only debuggers read: the machine's memory holds it.
fn stripped(built: &Path, keep: &Path) -> Result<PathBuf, LabError> {
    use std::os::unix::fs::MetadataExt as _;
    let about = fs::metadata(built).context(|| format!("reading {}", built.display()))?;
    let name = built.file_name().unwrap_or_default().to_string_lossy();
    let version = format!("{}-{}.{}", about.len(), about.mtime(), about.mtime_nsec());
    let small = keep.join(format!("{name}-{version}"));
    if small.exists() {
        return Ok(small);
    }
    for old in fs::read_dir(keep).into_iter().flatten().flatten() {
        let old_name = old.file_name().to_string_lossy().into_owned();
        let version = old_name.strip_prefix(&format!("{name}-"));
        if version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) {
            let _ = fs::remove_file(old.path());
        }
    }
    let unfinished = keep.join(format!("strip.{}", std::process::id()));
    let output = Command::new("strip")
        .arg("-o")
        .args([&unfinished, built])
        .output()
        .map_err(|_| LabError::MissingTool {
            tool: "strip",
            package: "binutils",
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(LabError::Invalid(format!(
            "`strip {}` failed: {said}",
            built.display()
        )));
    }
    fs::rename(&unfinished, &small).context(|| format!("keeping {}", small.display()))?;
    Ok(small)
}

/// The modules named above and what they depend on, packed ones as they are.
fn add_modules(root: &mut Archive, holder: &Path) -> Result<(), LabError> {
    let modules = holder.join("lib/modules");
    let version = fs::read_dir(&modules)
        .context(|| format!("reading {}", modules.display()))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .next()
        .ok_or_else(|| LabError::Invalid(format!("{} is empty", modules.display())))?;
    // As in the system: `modprobe` looks below /lib.
    let base = if fs::read_link("/lib").is_ok() {
        "/usr/lib"
    } else {
        "/lib"
    };
    let source = modules.join(&version);
    let place = format!("{base}/modules/{version}");
    let read = fs::read_to_string(source.join("modules.dep"));
    let dependencies = read.context(|| format!("reading {}/modules.dep", source.display()))?;
    for file in needed(&dependencies) {
        root.copy(&source.join(&file), &format!("{place}/{file}"))?;
    }
    for entry in fs::read_dir(&source).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("modules.") {
            root.copy(&entry.path(), &format!("{place}/{name}"))?;
        }
    }
    root.file("/etc/evenkeel-modules", MODULES.join("\n"), 0o644);
    Ok(())
}

/// The files of the modules named above with all they depend on, from the text of `modules.dep`:
/// lines `FILE: FILE FILE`.
fn needed(dependencies: &str) -> Vec<String> {
    let stem = |file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        name.split(".ko").next().unwrap_or(name).replace('-', "_")
    };
    let mut files: Vec<String> = dependencies
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(file, _)| MODULES.contains(&stem(file).as_str()))
        .flat_map(|(file, needs)| std::iter::once(file).chain(needs.split_whitespace()))
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_with_all_they_depend_on_and_once() {
        let text = "kernel/a/veth.ko:\nkernel/a/sch_netem.ko.xz: kernel/b/c.ko.xz\n\
                    kernel/n/nft_masq.ko: kernel/n/nf_tables.ko kernel/n/nf_nat.ko\n\
                    kernel/n/nf_tables.ko: kernel/n/x.ko\nkernel/n/nf_nat.ko:\nkernel/z/other.ko:\n";
        let expected = [
            "kernel/a/sch_netem.ko.xz",
            "kernel/a/veth.ko",
            "kernel/b/c.ko.xz",
            "kernel/n/nf_nat.ko",
            "kernel/n/nf_tables.ko",
            "kernel/n/nft_masq.ko",
            "kernel/n/x.ko",
        ];
        assert_eq!(needed(text), expected);
    }

    #[test]
    fn libraries_are_the_paths_that_ldd_names() {
        let said = "\tlinux-vdso.so.1 (0x1)\n\tlibc.so.6 => /lib/libc.so.6 (0x2)\n\
                    \t/lib64/ld-linux.so.2 (0x3)\n\tstatically linked\n";
        let found: Vec<&str> = libraries(said).collect();
        assert_eq!(found, ["/lib/libc.so.6", "/lib64/ld-linux.so.2"]);
    }
}
