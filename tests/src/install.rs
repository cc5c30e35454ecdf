//! `packaging/install.table` as the tests see it, and the script that carries it out. Not the packages
//! that are made of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context as _, LabError};
use crate::tools;

/// Everybody who installs from the table.
pub const PACKAGES: [&str; 6] = ["make", "deb", "arch", "rpm", "steamos", "flatpak"];

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `program`, `file`, `template`, `page` or `made`.
    pub kind: String,
    /// Permissions.
    pub mode: u32,
    /// User and group.
    pub owner: String,
    /// What the kind makes of it.
    pub source: String,
    /// `VARIABLE/path`.
    pub destination: String,
    /// Names of packages, `host` or `all`.
    pub packages: Vec<String>,
}

/// The top of the source tree.
pub fn source_tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("/"))
        .to_owned()
}

/// Reads the table.
///
/// # Errors
/// [`LabError::Invalid`] with the first line that is no row.
pub fn table() -> Result<Vec<Row>, LabError> {
    let path = source_tree().join("packaging/install.table");
    let text = fs::read_to_string(&path).context(|| format!("reading {}", path.display()))?;
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(row)
        .collect()
}

fn row(line: &str) -> Result<Row, LabError> {
    let bad = || LabError::Invalid(format!("not a row of the install table: {line}"));
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [kind, mode, owner, source, destination, packages] = fields[..] else {
        return Err(bad());
    };
    Ok(Row {
        kind: kind.into(),
        mode: u32::from_str_radix(mode, 8).map_err(|_| bad())?,
        owner: owner.into(),
        source: source.into(),
        destination: destination.into(),
        packages: packages.split(',').map(str::to_owned).collect(),
    })
}

/// A call of `scripts/install.sh` for one package.
#[derive(Debug, Clone)]
pub struct Installer {
    /// One of [`PACKAGES`].
    pub package: String,
    /// `PREFIX`.
    pub prefix: String,
    /// `DESTDIR`.
    pub destdir: PathBuf,
    /// Further variables.
    pub variables: Vec<(String, String)>,
}

impl Installer {
    /// Installs `package` below `prefix` in `destdir`.
    pub fn new(package: &str, prefix: &str, destdir: &Path) -> Self {
        Self {
            package: package.into(),
            prefix: prefix.into(),
            destdir: destdir.into(),
            variables: Vec::new(),
        }
    }

    /// Runs `install`, `uninstall` or `list` and returns what it printed.
    ///
    /// # Errors
    /// When a binary isn't built, or what the script said.
    pub fn run(&self, action: &str) -> Result<String, LabError> {
        let built = tools::project_binary("evenkeel")?;
        tools::project_binary("evenkeeld")?;
        let script = source_tree().join("scripts/install.sh");
        let output = Command::new(&script)
            .args([action, &self.package])
            .env_clear()
            .env("PATH", tools::LAB_PATH)
            .env("PREFIX", &self.prefix)
            .env("DESTDIR", &self.destdir)
            .env("BUILD_DIR", built.parent().unwrap_or(Path::new("/")))
            .envs(self.variables.iter().cloned())
            .output()
            .context(|| format!("starting {}", script.display()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(LabError::Command {
            command: format!("install.sh {action} {}", self.package),
            status: output.status.to_string(),
            stderr: text(&output.stderr).trim().to_owned(),
        })
    }

    /// What `list` says: the mode of each path.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn list(&self) -> Result<BTreeMap<String, u32>, LabError> {
        let text = self.run("list")?;
        let entries = text.lines().map(|line| {
            let (mode, path) = line.split_once(' ')?;
            Some((path.to_owned(), u32::from_str_radix(mode, 8).ok()?))
        });
        entries
            .collect::<Option<_>>()
            .ok_or_else(|| LabError::Invalid(format!("install.sh listed no modes:\n{text}")))
    }
}
