//! Orders to a running emulator over a Unix stream socket: one line in, one line out.
//!
//! | line | answer |
//! |---|---|
//! | `both delay_us=10000 jitter_us=0` (or `up`, `down`) | `ok`, or `error: why` and nothing changed |
//! | `get` | the state as one line of JSON |

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::{Counters, Shared, lock};
use super::params::LinkParams;
use crate::error::{Context as _, LabError};

/// Longest line that is read.
const LINE_BYTES: u64 = 1024;
/// A client that says nothing for this long is hung up on, so that the next gets its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The state of an emulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkState {
    /// Parameters, up and down.
    pub params: [LinkParams; 2],
    /// Counters, up and down.
    pub counters: [Counters; 2],
    /// How late frames were sent: median and 99th percentile of the latest ones, nanoseconds.
    pub lateness_ns: Option<(i64, i64)>,
}

/// Listens at `path` and serves one client at a time from a thread of its own.
///
/// # Errors
/// When the socket can't be made.
pub fn serve(path: &Path, shared: Arc<Mutex<Shared>>) -> Result<(), LabError> {
    let listener =
        UnixListener::bind(path).context(|| format!("listening at {}", path.display()))?;
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A client that goes away in the middle is no concern of the link's.
            let _ = converse(&client, &shared);
        }
    });
    Ok(())
}

fn converse(client: &UnixStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(client);
    loop {
        let mut line = String::new();
        if reader.by_ref().take(LINE_BYTES).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let reply = answer(line.trim(), &mut lock(shared));
        writeln!(&mut &*client, "{reply}")?;
    }
}

/// Carries out one line.
fn answer(line: &str, shared: &mut Shared) -> String {
    if line == "get" {
        let state = LinkState {
            params: shared.params,
            counters: shared.counters,
            lateness_ns: shared.lateness_ns(),
        };
        return serde_json::to_string(&state).unwrap_or_else(|e| format!("error: {e}"));
    }
    let (way, changes) = line.split_once(' ').unwrap_or((line, ""));
    let ways = match way {
        "up" => 0..1,
        "down" => 1..2,
        "both" => 0..2,
        _ => return format!("error: `{way}` is none of up, down, both, get; nothing was changed"),
    };
    let mut after = shared.params;
    for index in ways {
        match after[index].changed(changes) {
            Ok(params) => after[index] = params,
            Err(e) => return format!("error: {e}"),
        }
    }
    shared.params = after;
    "ok".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_changes_alone_and_both_together() {
        let mut shared = Shared::default();
        assert_eq!(answer("up delay_us=7", &mut shared), "ok");
        assert_eq!(
            (shared.params[0].delay_us, shared.params[1].delay_us),
            (7, 0)
        );
        assert_eq!(answer("both delay_us=9", &mut shared), "ok");
        assert_eq!(
            (shared.params[0].delay_us, shared.params[1].delay_us),
            (9, 9)
        );
    }

    #[test]
    fn a_wrong_order_changes_nothing() {
        let mut shared = Shared::default();
        for line in ["", "left delay_us=1", "both delay_us=5 loss_ppm=x"] {
            assert!(answer(line, &mut shared).starts_with("error:"), "{line}");
        }
        assert_eq!(shared.params, [LinkParams::default(); 2]);
    }
}
