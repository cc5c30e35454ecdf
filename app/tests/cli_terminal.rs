//! `evenkeel watch` on a real pseudo-terminal: it takes the screen, draws, obeys keys, and gives the
//! terminal back however it ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;
#[path = "cli_support/fake.rs"]
mod fake;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use cli_support::Bus;
use fake::Helper;
use nix::pty::{Winsize, openpty};

const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

struct Watch {
    child: Child,
    terminal: File,
    seen: String,
    helper: Helper,
    _bus: Bus,
}

impl Watch {
    fn start() -> Self {
        Self::on(24, 80)
    }

    /// On a terminal of this size, which is its controlling terminal: whoever runs the tests has another.
    fn on(rows: u16, columns: u16) -> Self {
        let bus = Bus::start();
        let helper = Helper::start(&bus.address);
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&size), None).unwrap();
        let slave = || Stdio::from(pty.slave.try_clone().unwrap());
        let evenkeel = bus.evenkeel();
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(evenkeel.get_program());
        for (name, value) in evenkeel.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let child = command
            .arg("watch")
            .env("LC_ALL", "C.UTF-8")
            .stdin(slave())
            .stdout(slave())
            .stderr(slave())
            .spawn()
            .unwrap();
        let terminal = File::from(pty.master);
        Self {
            child,
            terminal,
            seen: String::new(),
            helper,
            _bus: bus,
        }
    }

    /// Reads the screen until it shows this, or it ends.
    fn until(&mut self, words: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(words) {
            match self.terminal.read(&mut bytes) {
                Ok(length) if length > 0 => {
                    self.seen
                        .push_str(&String::from_utf8_lossy(&bytes[..length]));
                }
                end => panic!("{end:?} before `{words}` in {:?}", self.seen),
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    fn until_asked(&self, call: &str) {
        while !self.helper.calls().iter().any(|asked| asked == call) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn it_draws_every_uplink_obeys_keys_and_gives_the_terminal_back_on_q() {
    let mut watch = Watch::start();
    watch.until(ENTER);
    for words in ["wifi0", "wwan0", "20.0 ms", "×", "q quit"] {
        watch.until(words);
    }
    watch.press("g");
    watch.until_asked("EnterGameMode 0");
    watch.press("\u{1b}[C");
    watch.until_asked("SetEmaFactor 528 0");
    watch.press("q");
    watch.until(LEAVE);
    assert!(watch.child.wait().unwrap().success());
    assert_eq!(watch.helper.calls()[0], "Subscribe 5");
}

#[test]
fn a_terminal_that_does_not_know_its_size_is_drawn_on_all_the_same() {
    let mut watch = Watch::on(0, 0);
    watch.until("wifi0");
    watch.press("q");
    watch.until(LEAVE);
    assert!(watch.child.wait().unwrap().success());
}

#[test]
fn it_gives_the_terminal_back_when_it_is_told_to_end() {
    let mut watch = Watch::start();
    watch.until("wifi0");
    let pid = watch.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    watch.until(LEAVE);
    assert_eq!(watch.child.wait().unwrap().code(), Some(143));
}
