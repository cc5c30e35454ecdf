//! The client's end of an emulator's control socket.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::emulator::control::LinkState;
use crate::error::{Context as _, LabError};

/// How long an emulator may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A handle on one uplink's emulator.
#[derive(Debug, Clone)]
pub struct Link {
    socket: PathBuf,
}

impl Link {
    /// The emulator that listens at `socket`.
    pub fn at(socket: impl AsRef<Path>) -> Self {
        Self {
            socket: socket.as_ref().to_owned(),
        }
    }

    /// Changes parameters of one or both directions, from the next packet on:
    /// `both delay_us=10000 jitter_us=20000`, `up loss_ppm=50000`, `down blackhole=1`.
    /// [`LinkParams`](crate::emulator::LinkParams) lists them.
    ///
    /// # Errors
    /// [`LabError::Invalid`] for a wrong line (nothing is changed then).
    pub fn set(&self, line: &str) -> Result<(), LabError> {
        match self.ask(line)?.as_str() {
            "ok" => Ok(()),
            other => Err(LabError::Invalid(format!("{line}: {other}"))),
        }
    }

    /// Parameters and counters.
    ///
    /// # Errors
    /// When the emulator doesn't answer.
    pub fn state(&self) -> Result<LinkState, LabError> {
        let text = self.ask("get")?;
        serde_json::from_str(&text)
            .map_err(|e| LabError::Invalid(format!("the emulator said `{text}`: {e}")))
    }

    fn ask(&self, line: &str) -> Result<String, LabError> {
        let what = || format!("asking the emulator at {}", self.socket.display());
        let stream = UnixStream::connect(&self.socket).context(what)?;
        stream.set_read_timeout(Some(PATIENCE)).context(what)?;
        writeln!(&mut &stream, "{line}").context(what)?;
        let mut answer = String::new();
        BufReader::new(&stream)
            .read_line(&mut answer)
            .context(what)?;
        Ok(answer.trim().to_owned())
    }
}
