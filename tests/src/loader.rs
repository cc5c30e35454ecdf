//! The Decky plugin's backend in a lab: unpacked where the loader keeps plugins, and run as the loader
//! runs it, as the player in no session, by a stand-in for the loader's process
//! (packaging/decky/tests/python/loader.py). It judges nothing.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{Context as _, LabError};
use crate::lab::wait_until;
use crate::users::PLAYER_USER;
use crate::{Lab, Proc};

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// The plugin's own modules, inside the lab.
pub const MODULES: &str = "/run/evenkeel-lab/home/player/homebrew/plugins/Evenkeel/py_modules";
/// Where the loader has the plugin keep its settings, inside the lab.
pub const SETTINGS: &str = "/run/evenkeel-lab/home/player/homebrew/settings/Evenkeel";
/// Decky's Python is not the lab's, but both are 3.11 or newer.
pub const PYTHON: &str = "/usr/bin/python3";

const PLUGINS: &str = "/run/evenkeel-lab/home/player/homebrew/plugins";
const RULES: &str = "/etc/polkit-1/rules.d/49-evenkeel-decky.rules";
const POLL: Duration = Duration::from_millis(100);

fn source(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/decky")).join(path)
}

/// The packed plugin, as `make test-decky` has built it.
fn packed() -> Result<PathBuf, LabError> {
    let path = std::env::var_os("EVENKEEL_DECKY_ZIP").map(PathBuf::from);
    path.filter(|path| path.is_file()).ok_or_else(|| {
        LabError::Invalid(
            "set EVENKEEL_DECKY_ZIP to the packed plugin, or run `make test-decky`".into(),
        )
    })
}

/// Unpacks the plugin, and puts the stand-in for the loader beside it.
///
/// # Errors
/// When it was not packed, or the lab's files can't be written.
pub fn install(lab: &Lab) -> Result<(), LabError> {
    let player = lab.user(PLAYER_USER)?;
    let plugins = lab.host_path(PLUGINS);
    let settings = lab.host_path(SETTINGS);
    let what = || "installing the plugin".to_owned();
    fs::create_dir_all(&plugins).context(what)?;
    fs::create_dir_all(&settings).context(what)?;
    fs::copy(packed()?, plugins.join("plugin.zip")).context(what)?;
    fs::copy(source("tests/python/loader.py"), plugins.join("loader.py")).context(what)?;
    let archive = format!("{PLUGINS}/plugin.zip");
    lab.command("pc", [PYTHON, "-m", "zipfile", "-e", &archive, PLUGINS])
        .text()?;
    chown(&settings, Some(player.uid), Some(player.gid)).context(what)
}

/// Makes the player a member of the group `wheel`. polkit sees it at once.
///
/// # Errors
/// When the lab's files can't be written.
pub fn join_wheel(lab: &Lab) -> Result<(), LabError> {
    let path = lab.host_path("/etc/group");
    let what = || "adding the group wheel".to_owned();
    let groups = fs::read_to_string(&path).context(what)?;
    fs::write(&path, format!("{groups}wheel:x:899:{PLAYER_USER}\n")).context(what)
}

/// Installs the optional polkit rules. polkit takes them up at once.
///
/// # Errors
/// When the lab's files can't be written.
pub fn install_rules(lab: &Lab) -> Result<(), LabError> {
    let from = source("polkit/49-evenkeel-decky.rules");
    let what = || "installing the rules".to_owned();
    fs::copy(from, lab.host_path(RULES))
        .context(what)
        .map(|_| ())
}

/// The plugin's process.
#[derive(Debug)]
pub struct Plugin {
    /// The process itself, to be signalled.
    pub process: Proc,
    calls: u32,
}

impl Plugin {
    /// Starts it and waits until it has read its settings.
    ///
    /// # Errors
    /// What it said when it ended, or a timeout.
    pub fn start(lab: &Lab) -> Result<Self, LabError> {
        let loader = format!("{PLUGINS}/loader.py");
        let folder = format!("{PLUGINS}/Evenkeel");
        let mut process = lab
            .command("pc", [PYTHON, "-B", &loader, &folder, SETTINGS])
            .user(&lab.user(PLAYER_USER)?)
            // The loader's own libraries, which break every program that inherits them.
            .env("LD_LIBRARY_PATH", "/tmp/_MEIxxxxxx")
            .spawn()?;
        process.wait_for("\"ready\"", PATIENCE)?;
        Ok(Self { process, calls: 0 })
    }

    fn lines(&self) -> Vec<Value> {
        let said = self.process.stdout_text();
        said.lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// Calls a method as the panel would.
    ///
    /// # Errors
    /// What the method raised, or a timeout.
    pub fn call(&mut self, method: &str, args: &Value) -> Result<Value, LabError> {
        self.calls += 1;
        let id = self.calls;
        let line = json!({"id": id, "method": method, "args": args});
        self.process.write(format!("{line}\n").as_bytes())?;
        let mut answer = Value::Null;
        wait_until(&format!("an answer to {method}"), PATIENCE, || {
            let found = self.lines().into_iter().find(|line| line["id"] == id);
            answer = found.unwrap_or_default();
            Ok(!answer.is_null())
        })?;
        match answer["error"].as_str() {
            Some(error) => Err(LabError::Invalid(format!("{method} raised {error}"))),
            None => Ok(answer["result"].take()),
        }
    }

    /// Opens the panel, or keeps it open; its state.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn open(&mut self) -> Result<Value, LabError> {
        self.call("panel_open", &json!([]))
    }

    /// Moves the switch; the state that came of it.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn press(&mut self, on: bool) -> Result<Value, LabError> {
        self.call("set_game_mode", &json!([on]))
    }

    /// Says which games run: number and name.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn games(&mut self, games: &[(&str, &str)]) -> Result<(), LabError> {
        let games: Vec<Value> = games
            .iter()
            .map(|(appid, name)| json!({"appid": appid, "name": name}))
            .collect();
        self.call("set_running_games", &json!([games])).map(|_| ())
    }

    /// How many sockets the plugin has open.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn sockets(&mut self) -> Result<Value, LabError> {
        self.call("sockets", &json!([]))
    }

    /// What a program that the plugin started would inherit.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn environment(&mut self) -> Result<Value, LabError> {
        self.call("environment", &json!([]))
    }

    /// All events of this name so far.
    pub fn events(&self, event: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["event"] == event);
        lines
            .into_iter()
            .map(|mut line| line["args"][0].take())
            .collect()
    }

    /// Keeps the panel open until its state is as wanted.
    ///
    /// # Errors
    /// A timeout, with the last state.
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, LabError> {
        let mut last = Value::Null;
        let waited = wait_until(what, PATIENCE, || {
            last = self.open()?;
            std::thread::sleep(POLL);
            Ok(wanted(&last))
        });
        waited.map_err(|error| LabError::Invalid(format!("{error}; the last state was {last}")))?;
        Ok(last)
    }
}
