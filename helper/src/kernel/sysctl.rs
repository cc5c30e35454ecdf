//! The lowpower sysctls as files: strict reading, careful writing, an allow-list of names.
//!
//! It is not for capturing or restoring originals: that is the door's job. The root is a
//! parameter, so tests use a recorded tree.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use evenkeel_dbus::limits;
use nix::libc::{O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest text a sysctl of ours may have: sign, eleven digits and a newline, with room.
const MAX_TEXT_BYTES: usize = 32;

/// The sysctl that only our own patch has: 0 the steadier path wins, 1 the original's direction.
///
/// It is for comparing the two in a measurement of the patch; a player has nothing to gain from 1,
/// so the helper shows it and never writes it.
const PREFER_BUSY_PATH: &str = "net/ipv4/lowpower_prefer_busy";

/// The file that throws away the IPv4 route cache when anything is written to it.
const FLUSH_PATH: &str = "net/ipv4/route/flush";

/// One of the sysctls the helper may write. There is no way to name another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Knob {
    /// `net.ipv4.lowpower_ema_k_factor`: weight of the newest sample in every average, 0..=1024.
    EmaFactor,
    /// `net.ipv4.lowpower_power_cost_weight`: multiplies the averages, 0..=10000 from us.
    PowerCost,
}

impl Knob {
    /// Both, in the order they are shown.
    pub const ALL: [Self; 2] = [Self::EmaFactor, Self::PowerCost];

    /// The tunable's id in the contract.
    pub fn id(self) -> &'static str {
        match self {
            Self::EmaFactor => "ema-factor",
            Self::PowerCost => "power-cost",
        }
    }

    /// The path under the sysctl root.
    pub fn path(self) -> &'static str {
        match self {
            Self::EmaFactor => "net/ipv4/lowpower_ema_k_factor",
            Self::PowerCost => "net/ipv4/lowpower_power_cost_weight",
        }
    }

    /// The largest value the helper writes; the smallest is 0.
    ///
    /// The original patch takes any 32-bit integer as the power cost, but adds it to an int IPv6 route
    /// score that decides reachability: -1 and 3000000 made `::1` unreachable, 36000 broke large
    /// packets, and putting 100 back did not help. 10000 was the largest value seen to be safe.
    pub fn max(self) -> u32 {
        match self {
            Self::EmaFactor => *limits::EMA_FACTOR.end(),
            Self::PowerCost => *limits::POWER_COST.end(),
        }
    }

    /// What is said about a value that is out of range, as the end of a sentence about it.
    pub fn outside(self) -> String {
        let max = self.max();
        match self {
            Self::EmaFactor => format!("is outside 0 to {max}"),
            Self::PowerCost => format!(
                "is outside 0 to {max}: with negative and large values IPv6 addresses, even ::1, \
                 can become unreachable until the interface is taken down and up"
            ),
        }
    }

    /// Whether the helper writes this value: 0 to [`Knob::max`].
    pub fn takes(self, value: i64) -> bool {
        (0..=i64::from(self.max())).contains(&value)
    }
}

/// Why a sysctl could not be read or written.
#[derive(Debug, Error)]
pub enum SysctlError {
    /// The kernel has no such sysctl: it isn't patched.
    #[error("this kernel has no {name}")]
    Absent {
        /// The path under the sysctl root.
        name: &'static str,
    },
    /// The file is there but can't be opened or read.
    #[error("{name} can't be read: {source}")]
    Unreadable {
        /// The path under the sysctl root.
        name: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The file holds no plain decimal integer.
    #[error("{name} holds no plain number")]
    Malformed {
        /// The path under the sysctl root.
        name: &'static str,
    },
    /// The file can't be opened for writing or the write failed.
    #[error("{name} can't be written: {source}")]
    Unwritable {
        /// The path under the sysctl root.
        name: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The value is outside what the helper writes, ever. It was not written.
    #[error("{value} is outside 0 to {max} for {name}, and is never written")]
    Dangerous {
        /// The path under the sysctl root.
        name: &'static str,
        /// The value that was to be written.
        value: i64,
        /// The largest value allowed.
        max: u32,
    },
    /// The kernel refused the value (`EINVAL`) and kept its own.
    #[error("the kernel refused {value} for {name}")]
    Refused {
        /// The path under the sysctl root.
        name: &'static str,
        /// The value offered.
        value: i64,
    },
    /// The kernel took only a part of the text, so the value in force may be another one.
    #[error("the kernel took only {taken} of {len} bytes for {name}")]
    ShortWrite {
        /// The path under the sysctl root.
        name: &'static str,
        /// Bytes taken.
        taken: usize,
        /// Bytes offered.
        len: usize,
    },
    /// The write succeeded, but another value reads back.
    #[error("{name} reads {read} after {wrote} was written")]
    ReadBack {
        /// The path under the sysctl root.
        name: &'static str,
        /// The value written.
        wrote: i64,
        /// The value read.
        read: i64,
    },
}

/// The sysctl tree below a root (`/proc/sys`).
#[derive(Debug, Clone)]
pub struct SysctlTree {
    root: PathBuf,
}

impl SysctlTree {
    /// The tree below `root`. Nothing is opened yet.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The value in force.
    ///
    /// # Errors
    ///
    /// [`SysctlError::Absent`], [`SysctlError::Unreadable`] or [`SysctlError::Malformed`].
    pub fn read(&self, knob: Knob) -> Result<i64, SysctlError> {
        self.read_named(knob.path())
    }

    /// The third sysctl, which only our own patch has: whether the busy path wins. `None` when it
    /// isn't there or says nothing that can be understood.
    pub fn prefers_busy(&self) -> Option<bool> {
        match self.read_named(PREFER_BUSY_PATH).ok()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn read_named(&self, name: &'static str) -> Result<i64, SysctlError> {
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SysctlError::Absent { name },
            _ => SysctlError::Unreadable { name, source },
        };
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            .open(self.root.join(name))
            .map_err(unreadable)?;
        let mut text = Vec::with_capacity(MAX_TEXT_BYTES + 1);
        file.take(MAX_TEXT_BYTES as u64 + 1)
            .read_to_end(&mut text)
            .map_err(unreadable)?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(SysctlError::Malformed { name });
        }
        parse_decimal(&text).ok_or(SysctlError::Malformed { name })
    }

    /// Write `value` and read it back. This is the only way a value gets out, so what is outside
    /// the knob's range is refused here, whoever wants it.
    ///
    /// # Errors
    ///
    /// Any [`SysctlError`]; after `Dangerous` nothing was written, after `ShortWrite` and `ReadBack` the value in force is not `value`.
    pub fn write(&self, knob: Knob, value: i64) -> Result<(), SysctlError> {
        let name = knob.path();
        if !knob.takes(value) {
            let max = knob.max();
            return Err(SysctlError::Dangerous { name, value, max });
        }
        let unwritable = |source: io::Error| match source.raw_os_error() {
            Some(nix::libc::ENOENT) => SysctlError::Absent { name },
            Some(nix::libc::EINVAL) => SysctlError::Refused { name, value },
            _ => SysctlError::Unwritable { name, source },
        };
        // Plain decimal: the kernel would take 0x10 for 16 and 010 for 8.
        let text = format!("{value}\n");
        let mut file = self.open_to_write(name).map_err(unwritable)?;
        // One write(2): the kernel parses each write as a whole value.
        let taken = file.write(text.as_bytes()).map_err(unwritable)?;
        if taken != text.len() {
            return Err(SysctlError::ShortWrite {
                name,
                taken,
                len: text.len(),
            });
        }
        let read = self.read(knob)?;
        if read == value {
            Ok(())
        } else {
            Err(SysctlError::ReadBack {
                name,
                wrote: value,
                read,
            })
        }
    }

    /// Throw away the IPv4 route cache, so that new entries copy the sysctls' values.
    ///
    /// Any write does it; nothing can be read back. The entries' averages restart at 0.
    ///
    /// # Errors
    ///
    /// [`SysctlError::Absent`] or [`SysctlError::Unwritable`].
    pub fn flush_route_cache(&self) -> Result<(), SysctlError> {
        let name = FLUSH_PATH;
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SysctlError::Absent { name },
            _ => SysctlError::Unwritable { name, source },
        };
        let mut file = self.open_to_write(name).map_err(unwritable)?;
        file.write(b"1\n").map_err(unwritable).map(|_taken| ())
    }

    /// Open for writing: never create, never truncate, never follow a link.
    fn open_to_write(&self, name: &str) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .custom_flags(O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
            .open(self.root.join(name))
    }
}

/// A plain decimal integer, an optional newline behind it, and nothing else.
fn parse_decimal(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let value: i64 = text.parse().ok()?;
    // Rejects "+5", "007", "-0": forms the kernel never prints.
    (value.to_string() == text).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::parse_decimal;

    #[test]
    fn only_plain_decimals_are_numbers() {
        for (text, value) in [
            ("512\n", 512),
            ("0", 0),
            ("-1\n", -1),
            ("2147483647\n", 2_147_483_647),
        ] {
            assert_eq!(parse_decimal(text.as_bytes()), Some(value), "{text:?}");
        }
        for text in [
            "", "\n", "+5", "007", "-0", "0x10", "512abc", "5 6", "512\n\n", " 5", "5.5", "\u{ff}",
        ] {
            assert_eq!(parse_decimal(text.as_bytes()), None, "{text:?}");
        }
    }
}
