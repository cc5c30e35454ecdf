//! The journal: captured originals, on disk before the first write, gone after the restore.
//!
//! It is not for deciding what to restore; the door compares and acts. The journal only promises
//! that what [`Journal::update`] has returned `Ok` for survives a kill, whole, and that a true
//! original is never overwritten.
//!
//! It lives in the runtime directory, which must be ours and 0700. Sysctls and routes vanish at a
//! reboot, so a directory that does too is right. A lock on the directory keeps a second helper,
//! or a `--restore` beside a running one, out.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Write},
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, OFlag, openat, renameat},
    sys::stat::{FileStat, Mode, SFlag, fstat},
    unistd::{UnlinkatFlags, geteuid, unlinkat},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ecmp::MAX_NEXTHOPS, route::RouteKey, sysctl::Knob};

/// The format written here; no other is read.
const VERSION: u32 = 1;

/// The largest journal read or written.
const MAX_BYTES: usize = 256 * 1024;

/// The most routes in a journal: those steered now, and as many that couldn't be restored yet.
pub const MAX_ENTRIES: usize = 64;

const FILE: &str = "originals.json";
const FILE_NEW: &str = "originals.json.new";
const FILE_CORRUPT: &str = "originals.json.corrupt";

/// A sysctl's captured original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SysctlEntry {
    /// Which one.
    pub knob: Knob,
    /// The value before we touched it, whatever it was.
    pub original: i64,
    /// The values that may be in force because of us.
    pub ours: Vec<i64>,
}

/// A route's captured original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// What the kernel finds it by.
    pub key: RouteKey,
    /// Everything but the weights ([`super::route::MultipathRoute::shape`]), in hexadecimal.
    pub shape: String,
    /// The weights before we touched it, 1..=256 each.
    pub original: Vec<u16>,
    /// The lists of weights that may be in force because of us.
    pub ours: Vec<Vec<u16>>,
}

/// What the journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    version: u32,
    /// Sysctls we may have changed.
    pub sysctls: Vec<SysctlEntry>,
    /// Routes we may have changed.
    pub routes: Vec<RouteEntry>,
}

impl Contents {
    /// The entry of a sysctl.
    pub fn sysctl(&self, knob: Knob) -> Option<&SysctlEntry> {
        self.sysctls.iter().find(|entry| entry.knob == knob)
    }

    /// The entry of a route.
    pub fn route(&self, key: &RouteKey) -> Option<&RouteEntry> {
        self.routes.iter().find(|entry| entry.key == *key)
    }

    /// Note that `value` may be in force, beside `current`, which is. An entry that is there
    /// keeps its original; a new one takes `current` as its original.
    pub fn intend_sysctl(&mut self, knob: Knob, current: i64, value: i64) {
        let ours = vec![current, value];
        match self.sysctls.iter_mut().find(|entry| entry.knob == knob) {
            Some(entry) => entry.ours = ours,
            None => self.sysctls.push(SysctlEntry {
                knob,
                original: current,
                ours,
            }),
        }
    }

    /// Likewise for a route's weights. `shape` is the route's shape in hexadecimal.
    pub fn intend_route(&mut self, key: &RouteKey, shape: &str, current: &[u16], wanted: &[u16]) {
        let ours = vec![current.to_vec(), wanted.to_vec()];
        match self.routes.iter_mut().find(|entry| entry.key == *key) {
            Some(entry) => entry.ours = ours,
            None => self.routes.push(RouteEntry {
                key: key.clone(),
                shape: shape.to_owned(),
                original: current.to_vec(),
                ours,
            }),
        }
    }

    /// Drop a sysctl's entry.
    pub fn forget_sysctl(&mut self, knob: Knob) {
        self.sysctls.retain(|entry| entry.knob != knob);
    }

    /// Drop a route's entry.
    pub fn forget_route(&mut self, key: &RouteKey) {
        self.routes.retain(|entry| entry.key != *key);
    }

    fn is_empty(&self) -> bool {
        self.sysctls.is_empty() && self.routes.is_empty()
    }

    /// Whether this is something that [`Journal::update`] could have written.
    fn is_sane(&self) -> bool {
        let weights_fit = |weights: &Vec<u16>, count: usize| {
            weights.len() == count && weights.iter().all(|weight| (1..=256).contains(weight))
        };
        let route_fits = |entry: &RouteEntry| {
            let count = entry.original.len();
            (1..=MAX_NEXTHOPS).contains(&count)
                && entry.ours.len() <= 2
                && entry
                    .ours
                    .iter()
                    .chain([&entry.original])
                    .all(|w| weights_fit(w, count))
                && entry.shape.bytes().all(|b| b.is_ascii_hexdigit())
                && self
                    .routes
                    .iter()
                    .filter(|other| other.key == entry.key)
                    .count()
                    == 1
        };
        let sysctl_fits = |entry: &SysctlEntry| {
            entry.ours.len() <= 2
                && self
                    .sysctls
                    .iter()
                    .filter(|other| other.knob == entry.knob)
                    .count()
                    == 1
        };
        self.version == VERSION
            && self.routes.len() <= MAX_ENTRIES
            && self.routes.iter().all(route_fits)
            && self.sysctls.iter().all(sysctl_fits)
    }
}

/// Why originals can't be kept.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The runtime directory isn't there.
    #[error(
        "the runtime directory {} does not exist; start the helper through its service, \
         or make the directory, mode 0700, owned by the helper's user",
        dir.display()
    )]
    NoDirectory {
        /// The directory.
        dir: PathBuf,
    },
    /// The runtime directory isn't a directory, isn't ours, or is open to others.
    #[error("the runtime directory {} is not safe: {why}", dir.display())]
    Unsafe {
        /// The directory.
        dir: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another helper has the directory.
    #[error("another evenkeeld uses {}; stop it first", dir.display())]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The journal isn't one of ours. It was put aside as `originals.json.corrupt`.
    #[error(
        "the journal of captured originals can't be read and was kept as {}; some settings may \
         still be changed; look at it, put them right, remove the file and start the helper again \
         (a reboot does all of that)",
        file.display()
    )]
    Corrupt {
        /// Where it is now.
        file: PathBuf,
    },
    /// More routes than a journal holds.
    #[error("the journal holds {MAX_ENTRIES} routes already")]
    Full,
    /// The file system failed.
    #[error("the journal in {} can't be kept: {source}", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// The journal of one runtime directory, locked while it is open.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    handle: File,
    contents: Contents,
}

impl Journal {
    /// Open the journal in `dir`, which must exist, be ours and have mode 0700.
    ///
    /// # Errors
    ///
    /// Any [`JournalError`]. After [`JournalError::Corrupt`] it stays that way, restart or not,
    /// until somebody removes the file put aside: its originals would be captured wrongly.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let handle = lock(dir, open_directory(dir)?)?;
        let io = |source: Errno| JournalError::Io {
            dir: dir.to_owned(),
            source: source.into(),
        };
        let corrupt = || JournalError::Corrupt {
            file: dir.join(FILE_CORRUPT),
        };
        if open_file(&handle, FILE_CORRUPT).map_err(io)?.is_some() {
            return Err(corrupt());
        }
        let contents = match open_file(&handle, FILE).map_err(io)? {
            None => Contents {
                version: VERSION,
                ..Contents::default()
            },
            Some(file) => match read(file) {
                Ok(Some(contents)) => contents,
                Ok(None) => {
                    renameat(&handle, FILE, &handle, FILE_CORRUPT).map_err(io)?;
                    return Err(corrupt());
                }
                Err(source) => {
                    return Err(JournalError::Io {
                        dir: dir.to_owned(),
                        source,
                    });
                }
            },
        };
        Ok(Self {
            dir: dir.to_owned(),
            handle,
            contents,
        })
    }

    /// What the journal holds.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Change the contents. They are on disk when this returns `Ok`, and unchanged, on disk and
    /// here, when it doesn't. An empty journal leaves no file.
    ///
    /// # Errors
    ///
    /// [`JournalError::Full`] or [`JournalError::Io`].
    pub fn update(&mut self, change: impl FnOnce(&mut Contents)) -> Result<(), JournalError> {
        let mut contents = self.contents.clone();
        change(&mut contents);
        if contents == self.contents {
            return Ok(());
        }
        if contents.routes.len() > MAX_ENTRIES {
            return Err(JournalError::Full);
        }
        self.store(&contents).map_err(|source| JournalError::Io {
            dir: self.dir.clone(),
            source,
        })?;
        self.contents = contents;
        Ok(())
    }

    /// Make `contents` what the next open finds, or leave what it would have found.
    fn store(&self, contents: &Contents) -> io::Result<()> {
        if contents.is_empty() {
            remove(&self.handle, FILE)?;
            return self.handle.sync_all();
        }
        let bytes = serde_json::to_vec(contents)?;
        if bytes.len() > MAX_BYTES {
            return Err(io::Error::other("it would be too large"));
        }
        // A kill may have left one behind; only its rename would have made it count.
        remove(&self.handle, FILE_NEW)?;
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mut file = File::from(openat(
            &self.handle,
            FILE_NEW,
            flags,
            Mode::S_IRUSR | Mode::S_IWUSR,
        )?);
        file.write_all(&bytes)?;
        file.sync_all()?;
        renameat(&self.handle, FILE_NEW, &self.handle, FILE)?;
        self.handle.sync_all()
    }
}

fn open_directory(dir: &Path) -> Result<OwnedFd, JournalError> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let not_safe = |why| JournalError::Unsafe {
        dir: dir.to_owned(),
        why,
    };
    let io = |source: Errno| JournalError::Io {
        dir: dir.to_owned(),
        source: source.into(),
    };
    let fd = openat(AT_FDCWD, dir, flags, Mode::empty()).map_err(|errno| match errno {
        Errno::ENOENT => JournalError::NoDirectory {
            dir: dir.to_owned(),
        },
        Errno::ENOTDIR | Errno::ELOOP => not_safe("it is a link or no directory"),
        other => io(other),
    })?;
    let status = fstat(&fd).map_err(io)?;
    if status.st_uid != geteuid().as_raw() {
        return Err(not_safe("it belongs to another user"));
    }
    if status.st_mode & 0o7777 != 0o700 {
        return Err(not_safe("its mode is not 0700"));
    }
    Ok(fd)
}

/// Lock the directory for as long as the handle is open.
fn lock(dir: &Path, fd: OwnedFd) -> Result<File, JournalError> {
    let handle = File::from(fd);
    match handle.try_lock() {
        Ok(()) => Ok(handle),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(JournalError::Io {
            dir: dir.to_owned(),
            source,
        }),
    }
}

/// Open a file in the directory for reading; `None` if it isn't there.
fn open_file(dir: impl AsFd, name: &str) -> Result<Option<File>, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    match openat(dir, name, flags, Mode::empty()) {
        Ok(fd) => Ok(Some(File::from(fd))),
        Err(Errno::ENOENT) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The journal in a file, or `None` if it isn't one that we wrote.
fn read(file: File) -> io::Result<Option<Contents>> {
    if !is_plain_and_ours(&fstat(&file)?) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Ok(None);
    }
    Ok(serde_json::from_slice(&bytes)
        .ok()
        .filter(Contents::is_sane))
}

fn is_plain_and_ours(status: &FileStat) -> bool {
    status.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFREG.bits()
        && status.st_uid == geteuid().as_raw()
}

fn remove(dir: impl AsFd, name: &str) -> Result<(), Errno> {
    match unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(other) => Err(other),
    }
}
