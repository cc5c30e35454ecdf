//! A program that runs in a lab: its output, signals to it, its end. How it is started is `command`'s
//! business.

use std::io::{Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::{Context as _, LabError};

/// At most this much of each stream is kept; what comes later is read and dropped.
const CAPTURE_BYTES: usize = 4 << 20;

/// nsenter forks to enter the pid namespace; this finds the fork, which becomes the program.
fn wait_for_child_of(parent: u32, child: &mut Child) -> Option<u32> {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if let Some(pid) = child_of(parent) {
            return Some(pid);
        }
        if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

/// The first child of a process, as the host numbers it.
pub(crate) fn child_of(parent: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    if let Ok(children) = children {
        return children.split_whitespace().next()?.parse().ok();
    }
    // Kernels without CONFIG_PROC_CHILDREN.
    std::fs::read_dir("/proc")
        .ok()?
        .flatten()
        .find_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let after_name = stat.rsplit_once(')')?.1;
            let its_parent: u32 = after_name.split_whitespace().nth(1)?.parse().ok()?;
            (its_parent == parent).then_some(pid)
        })
}

#[derive(Debug)]
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(n @ 1..) = stream.read(&mut buffer) {
                let mut kept = sink.lock().unwrap_or_else(PoisonError::into_inner);
                let room = CAPTURE_BYTES.saturating_sub(kept.len());
                kept.extend_from_slice(&buffer[..n.min(room)]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A running (or ended) program of a lab. Dropping it kills the program.
#[derive(Debug)]
pub struct Proc {
    line: String,
    child: Child,
    pid: Option<u32>,
    stdin: Option<ChildStdin>,
    stdout: Option<Capture>,
    stderr: Option<Capture>,
    ended: Option<ExitStatus>,
}

impl Proc {
    /// Takes a freshly started `nsenter` over, feeds `input` to it, or keeps its input open.
    pub(crate) fn new(line: String, mut child: Child, input: Option<&[u8]>) -> Self {
        let stdout = child.stdout.take().map(Capture::start);
        let stderr = child.stderr.take().map(Capture::start);
        let mut stdin = child.stdin.take();
        if let Some(bytes) = input.map(<[u8]>::to_vec)
            && let Some(mut pipe) = stdin.take()
        {
            // In a thread of its own, so that a program that writes first can't block us.
            std::thread::spawn(move || pipe.write_all(&bytes));
        }
        let pid = wait_for_child_of(child.id(), &mut child);
        Self {
            line,
            child,
            pid,
            stdin,
            stdout,
            stderr,
            ended: None,
        }
    }

    /// The program's process number as the host sees it; `None` if it ended at once.
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// What it wrote to standard output so far.
    pub fn stdout_text(&self) -> String {
        self.stdout.as_ref().map(Capture::text).unwrap_or_default()
    }

    /// What it wrote to standard error so far.
    pub fn stderr_text(&self) -> String {
        self.stderr.as_ref().map(Capture::text).unwrap_or_default()
    }

    /// Is it still running?
    pub fn is_running(&mut self) -> bool {
        self.ended.is_none() && matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal to the program itself.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), LabError> {
        let gone = || LabError::Invalid(format!("`{}` has already ended", self.line));
        let pid = self.pid.filter(|_| self.ended.is_none()).ok_or_else(gone)?;
        kill(Pid::from_raw(pid.cast_signed()), signal)
            .context(|| format!("sending {signal} to `{}`", self.line))
    }

    /// Writes to its standard input.
    ///
    /// # Errors
    /// When the input was closed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), LabError> {
        let line = &self.line;
        let stdin = self
            .stdin
            .as_mut()
            .ok_or_else(|| LabError::Invalid(format!("the input of `{line}` is closed")))?;
        stdin
            .write_all(bytes)
            .context(|| format!("writing to `{line}`"))
    }

    /// Closes its standard input.
    pub fn close_input(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// [`LabError::Timeout`] if that takes longer; the program is killed then.
    pub fn wait(&mut self, timeout: Duration) -> Result<ExitStatus, LabError> {
        if let Some(status) = self.ended {
            return Ok(status);
        }
        let deadline = Instant::now() + timeout;
        let mut pause = Duration::from_micros(500);
        loop {
            let ended = self
                .child
                .try_wait()
                .context(|| format!("awaiting `{}`", self.line))?;
            if let Some(status) = ended {
                self.ended = Some(status);
                for capture in [&mut self.stdout, &mut self.stderr].into_iter().flatten() {
                    if let Some(reader) = capture.reader.take() {
                        finish(&reader);
                    }
                }
                return Ok(status);
            }
            if Instant::now() >= deadline {
                // Its parent must stay to take it when it has ended; without a number it is already
                // gone, or never came.
                if self.signal(Signal::SIGKILL).is_err() {
                    let _ = self.child.kill();
                }
                let seconds = timeout.as_secs();
                let said = self.stderr_text();
                let what = format!("the end of `{}` (it said: {})", self.line, said.trim());
                return Err(LabError::Timeout { what, seconds });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
    }

    /// Kills the program (SIGKILL) and waits for its end.
    ///
    /// # Errors
    /// When it does not end within 5 s.
    pub fn kill(&mut self) -> Result<ExitStatus, LabError> {
        // It may have ended by itself just now; waiting tells.
        let _ = self.signal(Signal::SIGKILL);
        self.wait(Duration::from_secs(5))
    }

    /// Asks the program to end (SIGTERM) and waits for it.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn terminate(&mut self, timeout: Duration) -> Result<ExitStatus, LabError> {
        let _ = self.signal(Signal::SIGTERM);
        self.wait(timeout)
    }

    /// Waits until its standard output or error contains `text`.
    ///
    /// # Errors
    /// [`LabError::Timeout`], or [`LabError::Command`] when the program ends without saying so.
    pub fn wait_for(&mut self, text: &str, timeout: Duration) -> Result<(), LabError> {
        let deadline = Instant::now() + timeout;
        loop {
            let running = self.is_running();
            if self.stdout_text().contains(text) || self.stderr_text().contains(text) {
                return Ok(());
            }
            if !running {
                let status = self.wait(Duration::from_secs(1))?;
                if self.stdout_text().contains(text) || self.stderr_text().contains(text) {
                    return Ok(());
                }
                return Err(LabError::Command {
                    command: self.line.clone(),
                    status: format!("{status}, before it said `{text}`"),
                    stderr: self.stderr_text().trim().to_owned(),
                });
            }
            if Instant::now() >= deadline {
                let what = format!("`{text}` in the output of `{}`", self.line);
                return Err(LabError::Timeout {
                    what,
                    seconds: timeout.as_secs(),
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The signal that ended it, if one did.
    pub fn ended_by(&self) -> Option<i32> {
        self.ended.and_then(|status| status.signal())
    }
}

/// Gives a stream's reader a moment to see the end. It may never come: a grandchild that went to the
/// background can hold the stream open, and then we keep what there is.
fn finish(reader: &JoinHandle<()>) {
    let deadline = Instant::now() + Duration::from_millis(500);
    while !reader.is_finished() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_micros(500));
    }
}

impl Drop for Proc {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.kill();
        }
    }
}
