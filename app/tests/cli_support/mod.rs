//! What the tests of the command line share: running the program, a private bus, and a stand-in for
//! the helper that remembers what it was asked. The real helper is tested elsewhere.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The program under test.
pub fn evenkeel() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    command
        .env("DBUS_SYSTEM_BUS_ADDRESS", NO_BUS)
        .env("XDG_STATE_HOME", NO_STATE)
        .env_remove("COLUMNS")
        .stdin(Stdio::null());
    command
}

/// Where certainly no bus is.
pub const NO_BUS: &str = "unix:path=/nonexistent/evenkeel-test-bus";

/// Where certainly no measurement of whoever runs the tests is kept.
const NO_STATE: &str = "/nonexistent/evenkeel-test-state";

/// Runs it to its end.
pub fn ran(args: &[&str]) -> Output {
    evenkeel().args(args).output().unwrap()
}

/// What it printed.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it complained about.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A directory of our own, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenkeel-cli-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A file in it with this content; its path.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A bus of our own that anybody may use.
pub struct Bus {
    daemon: Child,
    pub address: String,
    _scratch: Scratch,
}

impl Bus {
    pub fn start() -> Self {
        let scratch = Scratch::new();
        let socket = scratch.0.join("bus");
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>"#,
            socket.display()
        );
        let config = scratch.file("bus.conf", config.as_bytes());
        let mut daemon = Command::new("dbus-daemon")
            .args([
                &format!("--config-file={config}"),
                "--nofork",
                "--nopidfile",
                "--nosyslog",
            ])
            .arg("--print-address=1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon must be installed");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            daemon,
            address: address.trim().to_owned(),
            _scratch: scratch,
        }
    }

    /// The program on this bus.
    pub fn evenkeel(&self) -> Command {
        let mut command = evenkeel();
        command.env("DBUS_SYSTEM_BUS_ADDRESS", &self.address);
        command
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}
