//! `evenkeel run -- COMMAND`: game mode on a bus connection of our own for as long as the command
//! lives. Leaving the bus is what ends the hold, so even `kill -9` ends it. A command always
//! starts: no game should fail to open because its ping cannot be improved.
//!
//! Signals are held back from the first moment to the last, so that none can end us and leave the
//! command alone. A command starts with the signals of whoever started it, so it is started by way
//! of this program once more ([`step`]), which lets them through and becomes the command.

use std::ffi::{OsStr, OsString};
use std::future::pending;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt};
use std::process::{ExitCode, ExitStatus};
use std::thread;
use std::time::Duration;

use evenkeel_dbus::{Helper1Proxy, Hold};
use futures_util::StreamExt;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::exit::{Exit, Failure};
use super::{complain, helper};

/// How long a game waits for game mode.
const PATIENCE: Duration = Duration::from_secs(3);
/// What is passed on to the command.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];
/// This very program, also where its file was replaced meanwhile.
const OURSELVES: &str = "/proc/self/exe";
/// What this program is called on the way to the command; nobody types it.
const STEP: &str = "evenkeel: starting a command";
/// As shells do it.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// Runs the command and returns the exit code to pass through.
///
/// # Errors
/// When signals cannot be watched; the command was not started then.
pub async fn run(command: &[OsString]) -> Result<u8, Failure> {
    let mut signals = Signals::block().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("signals cannot be watched: {error}; nothing was run"),
        )
    })?;
    let hold = tokio::select! {
        hold = hold_game_mode() => hold,
        // Nothing to pass it on to yet: it is meant for us.
        signal = signals.next() => return Ok(ended_by(signal.signal)),
    };
    if let Err(why) = &hold {
        complain(&format!(
            "game mode is not on, the command runs without it: {why}"
        ));
    }
    if command.is_empty() {
        let why = "no command to run; try `evenkeel run --help`";
        return Err(Failure::new(Exit::Usage, why));
    }
    let mut child = match signals.start(command) {
        Ok(child) => child,
        Err(error) => {
            complain(&format!("{OURSELVES} cannot be run: {error}"));
            return Ok(NOT_EXECUTABLE);
        }
    };
    let keeping = keep(hold.ok());
    tokio::pin!(keeping);
    loop {
        tokio::select! {
            ended = child.wait() => {
                let status = ended.map_err(|error| {
                    Failure::new(Exit::Failed, format!("lost track of the command: {error}"))
                })?;
                return Ok(code(status));
            }
            signal = signals.next() => pass_on(signal, &child),
            () = &mut keeping => {}
        }
    }
}

/// Enters game mode on a connection of its own, or says in a sentence why it cannot be had.
async fn hold_game_mode() -> Result<Helper1Proxy<'static>, String> {
    let enter = async {
        let helper = helper::connect().await?;
        helper.enter_game_mode(Hold::Client.to_wire()).await?;
        super::overlay::wake();
        Ok(helper)
    };
    match timeout(PATIENCE, enter).await {
        Ok(Ok(helper)) => Ok(helper),
        Ok(Err(failure)) => Err(helper::with_advice(failure)
            .await
            .sentence()
            .unwrap_or_else(|| "the bus closed the connection".to_owned())),
        Err(_) => Err(format!(
            "the helper did not answer within {} s",
            PATIENCE.as_secs()
        )),
    }
}

/// Keeps the connection open and enters game mode anew whenever the helper was restarted.
async fn keep(helper: Option<Helper1Proxy<'static>>) {
    let Some(helper) = helper else {
        return pending().await;
    };
    if let Ok(mut owners) = helper.inner().receive_owner_changed().await {
        while let Some(owner) = owners.next().await {
            if owner.is_none() {
                continue;
            }
            if let Err(error) = helper.enter_game_mode(Hold::Client.to_wire()).await {
                let why = Failure::from(error);
                if let Failure::Said(_, why) = why {
                    complain(&format!(
                        "the helper was restarted and refuses game mode: {why}"
                    ));
                }
            }
        }
    }
    pending::<()>().await;
}

/// A signal that came for us.
#[derive(Debug, Clone, Copy)]
struct Arrived {
    signal: i32,
    /// The kernel sent it to the whole group, as the terminal does at Ctrl-C: the command, which is
    /// in our group, has it already.
    to_group: bool,
}

/// The signals to pass on, taken out of their normal course.
struct Signals {
    arrived: mpsc::Receiver<Arrived>,
    /// Those that were not held back before, and are not to be for the command.
    ours: Vec<Signal>,
}

impl Signals {
    /// Blocks the signals for this thread, and so for every thread started later, and reads them in
    /// a thread of its own.
    fn block() -> io::Result<Self> {
        let set = SigSet::from_iter(PASSED_ON);
        let original = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)?;
        let (sender, arrived) = mpsc::channel(PASSED_ON.len());
        let read = move || {
            loop {
                match fd.read_signal() {
                    Ok(Some(info)) => {
                        let arrived = Arrived {
                            signal: info.ssi_signo as i32,
                            to_group: info.ssi_code == SI_KERNEL,
                        };
                        if sender.blocking_send(arrived).is_err() {
                            return;
                        }
                    }
                    Ok(None) | Err(Errno::EINTR) => {}
                    Err(_) => return,
                }
            }
        };
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(read)?;
        let ours = PASSED_ON.into_iter();
        let ours = ours.filter(|one| !original.contains(*one)).collect();
        Ok(Self { arrived, ours })
    }

    /// Starts the command by way of [`step`], which it replaces. A signal that comes on the way
    /// waits, and then meets the command.
    fn start(&self, command: &[OsString]) -> io::Result<Child> {
        let numbers: Vec<String> = self
            .ours
            .iter()
            .map(|one| (*one as i32).to_string())
            .collect();
        Command::new(OURSELVES)
            .arg0(STEP)
            .arg(numbers.join(","))
            .args(command)
            .spawn()
    }

    async fn next(&mut self) -> Arrived {
        match self.arrived.recv().await {
            Some(arrived) => arrived,
            None => pending().await,
        }
    }
}

/// The way to the command, if `words`, the words this program was started with, say so: lets the
/// signals through that they name, and becomes the command. Returns only when that cannot be.
pub fn step(mut words: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if words.next()? != OsStr::new(STEP) {
        return None;
    }
    let numbers = words.next()?;
    let signals: SigSet = numbers
        .to_string_lossy()
        .split(',')
        .filter_map(|number| Signal::try_from(number.parse::<i32>().ok()?).ok())
        .collect();
    let program = words.next()?;
    let error = match signals.thread_unblock() {
        Ok(()) => std::process::Command::new(&program).args(words).exec(),
        Err(error) => error.into(),
    };
    complain(&format!(
        "{} cannot be run: {error}",
        program.to_string_lossy()
    ));
    let missing = error.kind() == io::ErrorKind::NotFound;
    Some(ExitCode::from(if missing {
        NOT_FOUND
    } else {
        NOT_EXECUTABLE
    }))
}

/// `si_code` of a signal that the kernel itself sent (asm-generic/siginfo.h).
const SI_KERNEL: i32 = 0x80;

fn pass_on(arrived: Arrived, child: &Child) {
    if arrived.to_group {
        return;
    }
    let (Some(pid), Ok(signal)) = (child.id(), Signal::try_from(arrived.signal)) else {
        return;
    };
    // It fails only when the command has just ended, and then `wait` is about to say so.
    let _ = kill(Pid::from_raw(pid as i32), signal);
}

/// The exit code that passes a command's end through.
fn code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => ended_by(signal),
        (None, None) => Exit::Failed.code(),
    }
}

/// As shells report it.
fn ended_by(signal: i32) -> u8 {
    128_u8.saturating_add(signal as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_pass_through_and_signals_read_as_in_a_shell() {
        assert_eq!(code(ExitStatus::from_raw(0)), 0);
        assert_eq!(code(ExitStatus::from_raw(42 << 8)), 42);
        assert_eq!(code(ExitStatus::from_raw(255 << 8)), 255);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
        assert_eq!(code(ExitStatus::from_raw(15)), 143);
    }
}
