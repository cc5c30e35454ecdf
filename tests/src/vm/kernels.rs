//! Where a virtual machine's kernel comes from: the distribution's prebuilt one with a small module of
//! ours. It starts scripts and takes the paths that they print.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context as _, LabError};

use super::root::Kernel;
use super::start::keep;

/// The distribution's cloud kernel with the module that registers the sysctls; made ready when it is
/// not yet.
///
/// # Errors
/// What the script said.
pub fn distribution() -> Result<Kernel, LabError> {
    let keep = keep()?;
    let ready = path_from("scripts/vm-kernel.sh", &keep.to_string_lossy())?;
    Ok(Kernel {
        image: ready.join("vmlinuz"),
        stub: Some(ready.join("lowpower_stub.ko")),
        modules: Some(ready),
    })
}

/// Runs a script of the project with one argument; the last line it prints is a path.
fn path_from(script: &str, argument: &str) -> Result<PathBuf, LabError> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(project.join(script))
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .context(|| format!("starting {script}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.lines().last() {
        Some(path) if output.status.success() => Ok(PathBuf::from(path)),
        _ => Err(LabError::Command {
            command: format!("{script} {argument}"),
            status: output.status.to_string(),
            stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        }),
    }
}
