//! A lab with everything running: bus, polkit, a session at the seat, the helper; and the calls
//! that tests and the demo make. It judges nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::error::{Context as _, LabError};
use crate::screen::Screen;
use crate::view::View;
use crate::{Cmd, HelperOptions, Lab, LabSpec, Output, Proc};

/// Where the helper's settings lie inside the lab.
const CONFIG: &str = "/run/evenkeeld.toml";
/// The anchor is the server behind both routers.
const CONFIG_TEXT: &str =
    "anchor-v4 = \"203.0.113.1\"\nanchor-v6 = \"2001:db8:6::1\"\ntcp-port = 7\n";

/// Where the player's settings lie inside the lab.
const SETTINGS: &str = "/run/player-settings";

/// See the module.
#[derive(Debug)]
pub struct Scene {
    /// The lab.
    pub lab: Lab,
    options: HelperOptions,
    helper: Option<Proc>,
}

impl Scene {
    /// Builds the lab and starts everything in it.
    ///
    /// # Errors
    /// Whatever failed; nothing remains then.
    pub fn start(spec: &LabSpec) -> Result<Self, LabError> {
        Self::start_with(spec, &[])
    }

    /// The same, with more arguments for the helper.
    ///
    /// # Errors
    /// Whatever failed; nothing remains then.
    pub fn start_with(spec: &LabSpec, arguments: &[&str]) -> Result<Self, LabError> {
        Self::start_set(spec, "", arguments)
    }

    /// The same, with more lines for the helper's settings file.
    ///
    /// # Errors
    /// Whatever failed; nothing remains then.
    pub fn start_set(spec: &LabSpec, settings: &str, arguments: &[&str]) -> Result<Self, LabError> {
        let mut lab = Lab::start(spec)?;
        lab.start_rig()?;
        let path = lab.host_path(CONFIG);
        let text = format!("{CONFIG_TEXT}{settings}\n");
        fs::write(&path, text).context(|| format!("writing {}", path.display()))?;
        let mut options = HelperOptions::default();
        options
            .arguments
            .extend(["--config".to_owned(), CONFIG.to_owned()]);
        options
            .arguments
            .extend(arguments.iter().map(|&argument| argument.to_owned()));
        let mut scene = Self {
            lab,
            options,
            helper: None,
        };
        scene.start_helper()?;
        Ok(scene)
    }

    /// Starts the helper, as its unit would.
    ///
    /// # Errors
    /// What it said when it ended, or a timeout.
    pub fn start_helper(&mut self) -> Result<(), LabError> {
        self.helper = Some(self.lab.start_helper(&self.options)?);
        Ok(())
    }

    /// Ends the helper with a signal and waits for its end.
    ///
    /// # Errors
    /// When it does not end.
    pub fn end_helper(&mut self, signal: Signal) -> Result<(), LabError> {
        if let Some(mut helper) = self.helper.take() {
            helper.signal(signal)?;
            let _ = helper.wait(Duration::from_secs(10))?;
        }
        Ok(())
    }

    /// The running helper.
    ///
    /// # Errors
    /// When it does not run.
    pub fn helper(&self) -> Result<&Proc, LabError> {
        self.helper
            .as_ref()
            .ok_or_else(|| LabError::Invalid("the helper does not run".into()))
    }

    /// What the unit runs after the helper has ended: puts back what it had changed.
    ///
    /// # Errors
    /// When it cannot be started or says no.
    pub fn restore(&self) -> Result<Output, LabError> {
        let mut options = self.options.clone();
        options.arguments.push("--restore".into());
        self.lab.helper_command(&options)?.output()?.ok()
    }

    /// The window of a player who has seen the page of the first start, on a screen.
    ///
    /// # Errors
    /// When the settings that say so cannot be written.
    pub fn window(&self, screen: &Screen) -> Result<Cmd, LabError> {
        let window = self.settled(self.evenkeel("player", &[])?)?;
        Ok(window.env("DISPLAY", screen.display()))
    }

    /// Gives a window, whosever it is, the settings of a player who has seen the page of the first
    /// start. They lie inside the lab.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn settled(&self, window: Cmd) -> Result<Cmd, LabError> {
        let folder = self.lab.host_path(SETTINGS).join("evenkeel");
        let file = folder.join("settings.json");
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&folder)?;
            fs::write(&file, "{\"welcomed\": true}\n")?;
            // The window keeps its size there, too.
            fs::set_permissions(&folder, Permissions::from_mode(0o777))
        };
        write().context(|| format!("writing {}", file.display()))?;
        Ok(window.env("XDG_CONFIG_HOME", SETTINGS))
    }

    /// The client's command line as a user, `["status", "--json"]` for one.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn evenkeel(&self, user: &str, arguments: &[&str]) -> Result<Cmd, LabError> {
        self.lab
            .command_as(user, [&["evenkeel"], arguments].concat())
    }

    /// One call of the helper as a user; standard output is `ok`, or the error's name and sentence.
    ///
    /// # Errors
    /// When the call cannot be made at all.
    pub fn call(&self, user: &str, method: &str, numbers: &[i64]) -> Result<String, LabError> {
        let mut line = vec![
            "evenkeel-lab".to_owned(),
            "call".into(),
            method.into(),
            "--".into(),
        ];
        line.extend(numbers.iter().map(ToString::to_string));
        Ok(self
            .lab
            .command_as(user, line)?
            .output()?
            .stdout
            .trim()
            .to_owned())
    }

    /// What the helper says of itself, read from its bus as root.
    ///
    /// # Errors
    /// When the helper is not there.
    pub fn view(&self) -> Result<View, LabError> {
        View::read(&self.bus_socket())
    }

    pub(crate) fn bus_socket(&self) -> PathBuf {
        self.lab.host_path("/run/dbus/system_bus_socket")
    }

    /// What `evenkeel status --json` says.
    ///
    /// # Errors
    /// When it says nothing that can be read.
    pub fn status(&self) -> Result<Value, LabError> {
        let text = self.evenkeel("player", &["status", "--json"])?.text()?;
        serde_json::from_str(&text)
            .map_err(|error| LabError::Invalid(format!("status --json said {text:?}: {error}")))
    }

    /// The IPv4 and IPv6 routes of the pc, in the words of `ip route`.
    ///
    /// # Errors
    /// When `ip` fails.
    pub fn routes(&self) -> Result<String, LabError> {
        let v4 = self.lab.command("pc", ["ip", "-4", "route"]).text()?;
        let v6 = self.lab.command("pc", ["ip", "-6", "route"]).text()?;
        Ok(v4 + &v6)
    }
}
