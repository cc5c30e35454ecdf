//! Where a virtual machine's kernel comes from: the distribution's prebuilt one with a small module of
//! ours, or one that is built from source. It starts scripts and takes the paths that they print.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context as _, LabError};

use super::root::Kernel;
use super::start::keep;

/// Where `build.sh` keeps what it builds.
const CACHE: &str = "EVENKEEL_KERNEL_CACHE";

/// The distribution's cloud kernel with the module that registers the sysctls; made ready when it is
/// not yet.
///
/// # Errors
/// What the script said.
pub fn distribution() -> Result<Kernel, LabError> {
    let keep = keep()?;
    let ready = path_from(script("scripts/vm-kernel.sh").arg(&keep))?;
    Ok(Kernel {
        image: ready.join("vmlinuz"),
        stub: Some(ready.join("lowpower_stub.ko")),
        modules: Some(ready),
    })
}

/// One of the kernels that `packaging/kernel/build.sh` builds, by its name; built when it is not yet,
/// which takes minutes. `EVENKEEL_KERNEL_<NAME>` (upper case, `-` as `_`) names another image instead.
///
/// # Errors
/// What the script said.
pub fn built(name: &str) -> Result<Kernel, LabError> {
    let variable = format!("EVENKEEL_KERNEL_{}", name.to_uppercase().replace('-', "_"));
    let image = if let Some(image) = env::var_os(variable) {
        PathBuf::from(image)
    } else {
        let mut build = script("packaging/kernel/build.sh");
        if env::var_os(CACHE).is_none() {
            build.env(CACHE, keep()?.with_file_name("kernel"));
        }
        path_from(build.arg(name))?
    };
    Ok(Kernel {
        image,
        ..Kernel::default()
    })
}

fn script(path: &str) -> Command {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(project.join(path))
}

/// Runs a script; the last line it prints is a path.
fn path_from(script: &mut Command) -> Result<PathBuf, LabError> {
    let line = format!("{script:?}");
    let output = script
        .stdin(Stdio::null())
        .output()
        .context(|| format!("starting {line}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().last() {
        Some(path) if output.status.success() => Ok(PathBuf::from(path)),
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = said.trim().lines().collect();
            Err(LabError::Command {
                command: line,
                status: output.status.to_string(),
                stderr: lines[lines.len().saturating_sub(40)..].join("\n"),
            })
        }
    }
}
