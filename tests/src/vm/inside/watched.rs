//! What a kernel that watches itself says of itself: that its watchers are there, that the patch's own
//! tests passed while it started, and, after everything else, that lockdep still looks. What KASAN and
//! lockdep complain of is read from the machine's console, in every machine.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;

use super::Try;
use super::bench::{Bench, Outcome, must};
use crate::error::{Context as _, LabError};

/// Before anything is tried.
pub const BEFORE: &[(&str, Try)] = &[
    ("memory-and-locks-are-watched", watched),
    ("the-patchs-own-tests-passed", tests_passed),
];
/// After everything else: lockdep stops looking when it has found something.
pub const AFTER: &[(&str, Try)] = &[("locks-are-watched-to-the-end", still_watched)];

const LOG: &str = "/dev/kmsg";
const LOCKS: &str = "/proc/lockdep_stats";
/// No record of the log is longer.
const RECORD_BYTES: usize = 8192;

/// The kernel's log so far, a message a line.
fn messages() -> Result<Vec<String>, LabError> {
    let what = || format!("reading {LOG}");
    let mut log = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(LOG)
        .context(what)?;
    let mut record = [0; RECORD_BYTES];
    let mut all = Vec::new();
    loop {
        match log.read(&mut record) {
            Ok(0) => return Ok(all),
            Ok(length) => {
                let text = String::from_utf8_lossy(&record[..length]);
                // `level,number,time,flags;message`, then lines with properties.
                let message = text.split_once(';').map_or("", |(_, message)| message);
                all.push(message.lines().next().unwrap_or_default().to_owned());
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(all),
            // The record was overwritten while it was read; the next read has the next one.
            Err(error) if error.raw_os_error() == Some(nix::libc::EPIPE) => {}
            Err(error) => return Err(LabError::io(what(), error)),
        }
    }
}

fn watched(_: &mut Bench) -> Outcome {
    let log = messages()?;
    let kasan = "kasan: KernelAddressSanitizer initialized";
    must(log.iter().any(|line| line.contains(kasan)), || {
        format!("the kernel's log does not say {kasan:?}")
    })?;
    still_watched(&mut Bench::default())
}

fn tests_passed(bench: &mut Bench) -> Outcome {
    let log = messages()?;
    let of_ours = |line: &&String| line.contains(" lowpower");
    let results: Vec<&String> = log.iter().filter(of_ours).collect();
    let result = |line: &str| line.trim_start().starts_with("ok ");
    let cases = |line: &&&String| line.contains(" lowpower_") && result(line);
    let passed = results.iter().filter(cases).count();
    bench.note(&format!("{passed} KUnit tests of the patch passed"));
    let suite = |line: &&String| result(line) && line.trim_end().ends_with(" lowpower");
    let failed = |line: &&String| line.trim_start().starts_with("not ok ");
    must(
        passed > 0 && results.iter().any(suite) && !results.iter().any(failed),
        || format!("the kernel's log says of them: {results:?}"),
    )
}

fn still_watched(_: &mut Bench) -> Outcome {
    let text = fs::read_to_string(LOCKS).context(|| format!("reading {LOCKS}"))?;
    let line = text.lines().find(|line| line.contains("debug_locks:"));
    let on = line.is_some_and(|line| line.trim_end().ends_with(" 1"));
    must(on, || format!("lockdep says {line:?}"))
}
