//! The built Flatpak in the lab: where it lies, what it asks for, and `flatpak run` as a user. How it
//! is built is `packaging/flatpak`'s business, and what it must do the tests'.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::desk::Desk;
use crate::error::{Context as _, LabError};
use crate::users::PLAYER_USER;
use crate::{Cmd, Lab, tools};

/// The application's id.
pub const APPLICATION: &str = "io.github.evenkeel.Evenkeel";
/// The variable that names the directory `packaging/flatpak/build.sh` filled.
pub const VARIABLE: &str = "EVENKEEL_FLATPAK";

const TOOLS: &[(&str, &str)] = &[
    ("flatpak", "flatpak"),
    ("bwrap", "bubblewrap"),
    ("dbus-run-session", "dbus"),
];
/// Where the installation is mounted in the lab: a user of it could not read the source directory.
pub const INSTALLATION: &str = "/run/evenkeel-flatpak";
/// Sections of a package's metadata that grant nothing.
const HARMLESS: [&str; 2] = ["Build", "Extension "];

/// The directory of the built package.
///
/// # Errors
/// [`LabError::Invalid`] with what makes it, when the variable is not set.
pub fn built() -> Result<PathBuf, LabError> {
    env::var_os(VARIABLE).map(PathBuf::from).ok_or_else(|| {
        LabError::Invalid(format!(
            "{VARIABLE} is not set; `make test-flatpak` builds the Flatpak and sets it"
        ))
    })
}

/// The metadata of the installed package.
///
/// # Errors
/// When it is not installed.
pub fn metadata() -> Result<String, LabError> {
    let path = built()?
        .join("runtime/installation/app")
        .join(APPLICATION)
        .join("current/active/metadata");
    fs::read_to_string(&path).context(|| format!("reading {}", path.display()))
}

/// What a package's metadata grants: each as `section key value`, one for each item of a list.
/// A section that is not known to grant nothing counts with every line of it.
pub fn grants(metadata: &str) -> BTreeSet<String> {
    let mut section = "";
    let mut grants = BTreeSet::new();
    for line in metadata.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
        } else if let Some((key, value)) = line.split_once('=') {
            let plain = section == "Application"
                && ["name", "runtime", "sdk", "command", "required-flatpak"].contains(&key);
            if plain
                || HARMLESS
                    .iter()
                    .any(|harmless| section.starts_with(harmless))
            {
                continue;
            }
            let items = value.split(';').filter(|item| !item.is_empty());
            grants.extend(items.map(|item| format!("{section} {key} {item}")));
        }
    }
    grants
}

/// The installation, mounted in a lab.
#[derive(Debug)]
pub struct Sandbox<'a> {
    lab: &'a Lab,
}

impl<'a> Sandbox<'a> {
    /// Mounts the installation in the lab.
    ///
    /// # Errors
    /// [`LabError::MissingTool`], or when the package was not built.
    pub fn mount(lab: &'a Lab) -> Result<Self, LabError> {
        tools::require(TOOLS)?;
        let made = built()?.join("runtime/installation");
        let inside = lab.host_path(INSTALLATION);
        fs::create_dir_all(&inside).context(|| format!("making {}", inside.display()))?;
        let made = utf8(&made)?;
        lab.command("pc", ["mount", "--bind", made, INSTALLATION])
            .text()?;
        Ok(Self { lab })
    }

    /// `evenkeel ARGUMENTS` in the sandbox, started by `user` in a session with a bus of its own.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn evenkeel(&self, user: &str, arguments: &[&str]) -> Result<Cmd, LabError> {
        self.command(user, "evenkeel", arguments)
    }

    /// The same for any program of the runtime.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn command(&self, user: &str, program: &str, arguments: &[&str]) -> Result<Cmd, LabError> {
        let program = format!("--command={program}");
        let line = [
            "dbus-run-session",
            "--",
            "flatpak",
            "run",
            &program,
            APPLICATION,
        ];
        let runtime = self.runtime_directory(user)?;
        self.lab
            .command_as(user, ["install", "-d", "-m", "700", &runtime])?
            .text()?;
        self.flatpak(user, &[&line, arguments].concat())
    }

    /// The window in the sandbox, started by the player on a desk that others are on.
    ///
    /// # Errors
    /// When there is no player.
    pub fn window(&self, desk: &Desk) -> Result<Cmd, LabError> {
        let line = ["flatpak", "run", APPLICATION];
        let command = self.lab.command_as(PLAYER_USER, line)?;
        Ok(desk.seat(command).env("FLATPAK_SYSTEM_DIR", INSTALLATION))
    }

    /// Writes the settings of the user's sandboxed windows, as JSON.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn settings(&self, user: &str, settings: &str) -> Result<(), LabError> {
        let home = self.lab.user(user)?.home;
        let folder = format!("{home}/.var/app/{APPLICATION}/config/evenkeel");
        let write = r#"mkdir -p "$0" && printf '%s\n' "$1" >"$0/settings.json""#;
        self.lab
            .command_as(user, ["sh", "-c", write, &folder, settings])?
            .text()
            .map(drop)
    }

    /// Kills what the user runs in the sandbox.
    ///
    /// # Errors
    /// When nothing runs.
    pub fn kill(&self, user: &str) -> Result<(), LabError> {
        self.flatpak(user, &["flatpak", "kill", APPLICATION])?
            .text()
            .map(drop)
    }

    fn flatpak(&self, user: &str, line: &[&str]) -> Result<Cmd, LabError> {
        Ok(self
            .lab
            .command_as(user, line.iter().copied())?
            .env("FLATPAK_SYSTEM_DIR", INSTALLATION)
            .env("XDG_RUNTIME_DIR", &self.runtime_directory(user)?))
    }

    /// `--bus=ADDRESS` of the one door that the user's running sandbox has to the system bus.
    ///
    /// # Errors
    /// When none is running, or more than one.
    pub fn system_bus(&self, user: &str) -> Result<String, LabError> {
        let directory = format!("{}/.dbus-proxy", self.runtime_directory(user)?);
        let entries = fs::read_dir(self.lab.host_path(&directory))
            .context(|| format!("reading {directory}"))?;
        let names = entries.flatten().map(|entry| entry.file_name());
        let doors: Vec<String> = names
            .filter_map(|name| name.into_string().ok())
            .filter(|name| name.starts_with("system-bus-proxy"))
            .collect();
        match &doors[..] {
            [door] => Ok(format!("--bus=unix:path={directory}/{door}")),
            _ => Err(LabError::Invalid(format!(
                "not one running sandbox: {doors:?}"
            ))),
        }
    }

    fn runtime_directory(&self, user: &str) -> Result<String, LabError> {
        Ok(format!("{}/runtime", self.lab.user(user)?.home))
    }
}

/// A path in UTF-8.
///
/// # Errors
/// When it is in something else.
pub(crate) fn utf8(path: &Path) -> Result<&str, LabError> {
    path.to_str()
        .ok_or_else(|| LabError::Invalid(format!("{} is not in UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grants_nothing_is_left_out_and_everything_else_counts() {
        let text = "[Application]\nname=a\nruntime=b\ntags=x;\n\n[Context]\nshared=network;ipc;\n\
                    [Extension a.Locale]\ndirectory=share\n[Session Bus Policy]\norg.x=talk\n[New]\nkey=y\n";
        let expected = [
            "Application tags x",
            "Context shared ipc",
            "Context shared network",
            "New key y",
            "Session Bus Policy org.x talk",
        ];
        assert_eq!(grants(text), expected.map(String::from).into());
    }
}
