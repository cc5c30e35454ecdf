//! The signals by which a person ends the demo, taken one by one so that a client that has the
//! terminal can be asked to give it back first. Not for what is done then.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::runtime::Runtime;
use tokio::signal::unix::{self, SignalKind};

use crate::error::{Context as _, LabError};

/// See the module. From its making on these signals no longer end the process by themselves.
#[derive(Debug)]
pub struct Endings {
    runtime: Runtime,
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
}

impl Endings {
    /// Begins to watch for them.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch() -> Result<Self, LabError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context(|| "starting the runtime".into())?;
        let watched = |kind| unix::signal(kind).context(|| "watching for signals".into());
        let entered = runtime.enter();
        let (interrupt, terminate, hang_up) = (
            watched(SignalKind::interrupt())?,
            watched(SignalKind::terminate())?,
            watched(SignalKind::hangup())?,
        );
        drop(entered);
        Ok(Self {
            runtime,
            interrupt,
            terminate,
            hang_up,
        })
    }

    /// Waits for the next one, but not longer than `time`.
    pub fn within(&mut self, time: Duration) -> Option<Signal> {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => Some(Signal::SIGINT),
                _ = self.terminate.recv() => Some(Signal::SIGTERM),
                _ = self.hang_up.recv() => Some(Signal::SIGHUP),
                () = tokio::time::sleep(time) => None,
            }
        })
    }
}
