//! The demo on a terminal: whoever ends it gets the terminal back as it was.

#![allow(
    clippy::expect_used,
    reason = "the helpers of this test fail the test, as its own body would"
)]

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evenkeel_lab::LabError;
use evenkeel_lab::lab::wait_until;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

type Outcome = Result<(), LabError>;

const PATIENCE: Duration = Duration::from_mins(2);
/// What changes to the other screen of a terminal, and back.
const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

/// The demo on a pseudo-terminal, and what it has written there so far.
struct Demo {
    child: Child,
    terminal: File,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Demo {
    fn start(picture: &str) -> Self {
        let size = Winsize {
            ws_row: 40,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).expect("a pseudo-terminal");
        let theirs = || Stdio::from(pair.slave.try_clone().expect("another descriptor"));
        let child = Command::new(env!("CARGO_BIN_EXE_evenkeel-lab"))
            .args(["demo", "--picture", picture])
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(theirs())
            .stdout(theirs())
            .stderr(theirs())
            .process_group(0)
            .spawn()
            .expect("the demo starts");
        let said = Arc::new(Mutex::new(Vec::new()));
        let (heard, mut ours) = (Arc::clone(&said), File::from(pair.master));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = ours.read(&mut buffer) {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.extend_from_slice(&buffer[..n]);
            }
        });
        Self {
            child,
            terminal: File::from(pair.slave),
            said,
        }
    }

    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Whether the terminal echoes and waits for whole lines, as a shell's does.
    fn is_ordinary(&self) -> bool {
        let now = tcgetattr(&self.terminal).expect("the terminal's settings");
        let lines = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        now.local_flags.contains(lines)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A demo whose live view shows gets SIGTERM from `end`.
fn gives_the_terminal_back(what: &str, end: impl FnOnce(Pid)) -> Outcome {
    let name = format!("evenkeel-ends-{what}-{}.png", std::process::id());
    let picture = std::env::temp_dir().join(name);
    let mut demo = Demo::start(&picture.to_string_lossy());
    wait_until("the live view", PATIENCE, || {
        let said = demo.said();
        let shown = said.rsplit(ENTER).next().unwrap_or_default();
        Ok(said.contains(ENTER) && shown.contains("wifi0") && shown.contains("alive"))
    })
    .map_err(|e| LabError::Invalid(format!("{e}; the demo said: {:?}", demo.said())))?;
    assert!(!demo.is_ordinary(), "the live view takes single keys");
    end(Pid::from_raw(demo.child.id().cast_signed()));
    let mut ended = None;
    wait_until("the demo's end", PATIENCE, || {
        ended = demo.child.try_wait().expect("a child can be awaited");
        Ok(ended.is_some())
    })?;
    assert_eq!(ended.and_then(|status| status.code()), Some(128 + 15));
    assert!(demo.is_ordinary(), "the terminal takes lines again");
    let back = |said: &str| said.rfind(LEAVE) > said.rfind(ENTER);
    wait_until("the ordinary screen", PATIENCE, || Ok(back(&demo.said())))?;
    let size = std::fs::metadata(&picture).map_or(0, |meta| meta.len());
    let _ = std::fs::remove_file(&picture);
    assert!(size > 10_000, "a picture of the window was saved: {size}");
    Ok(())
}

#[test]
fn a_demo_that_is_asked_to_end_gives_the_terminal_back() -> Outcome {
    gives_the_terminal_back("it", |pid| {
        kill(pid, Signal::SIGTERM).expect("the demo runs");
    })
}

/// As sudo does when it is asked to end.
#[test]
fn a_demo_whose_every_process_is_asked_to_end_gives_the_terminal_back() -> Outcome {
    gives_the_terminal_back("all", |pid| {
        killpg(pid, Signal::SIGTERM).expect("the demo runs");
    })
}
