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
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, OFlag, openat, renameat},
    sys::stat::{FileStat, Mode, SFlag, fstat},
    unistd::{UnlinkatFlags, geteuid, unlinkat},
};
use thiserror::Error;

mod entries;

pub use entries::{Contents, MAX_ENTRIES, RouteEntry, SysctlEntry};

/// The largest journal read or written.
const MAX_BYTES: usize = 256 * 1024;

const FILE: &str = "originals.json";
const FILE_NEW: &str = "originals.json.new";
const FILE_CORRUPT: &str = "originals.json.corrupt";
/// What one run leaves for the next.
const WORD: &str = "handover.json";
const WORD_NEW: &str = "handover.json.new";
/// The longest of it.
const MAX_WORD_BYTES: usize = 64 * 1024;

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
    /// The originals are another network namespace's: what is found here is not what was changed.
    #[error(
        "the originals in {} were captured in another network namespace; nothing was put back: do \
         this in the namespace that the helper ran in, or remove the file if that one is gone",
        file.display()
    )]
    OtherNamespace {
        /// The journal.
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
    handle: Locked,
    contents: Contents,
    /// The network namespace of now; `None` where the kernel won't say.
    namespace: Option<u64>,
}

impl Journal {
    /// Open the journal in `dir`, which must exist, be ours and have mode 0700.
    ///
    /// # Errors
    ///
    /// Any [`JournalError`]. After [`JournalError::Corrupt`] it stays that way, restart or not,
    /// until somebody removes the file put aside: its originals would be captured wrongly.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let handle = Locked::new(dir, open_directory(dir)?)?;
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
            None => Contents::new(),
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
        let namespace = namespace();
        let of = contents.namespace;
        if of.is_some() && namespace.is_some() && of != namespace {
            return Err(JournalError::OtherNamespace {
                file: dir.join(FILE),
            });
        }
        Ok(Self {
            dir: dir.to_owned(),
            handle,
            contents,
            namespace,
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
        contents.namespace = self.namespace;
        if contents.routes.len() > MAX_ENTRIES {
            return Err(JournalError::Full);
        }
        self.store(&contents)
            .map_err(|source| self.failed(source))?;
        self.contents = contents;
        Ok(())
    }

    /// Make `contents` what the next open finds, or leave what it would have found.
    fn store(&self, contents: &Contents) -> io::Result<()> {
        if contents.is_empty() {
            remove(&self.handle, FILE)?;
            return self.handle.0.sync_all();
        }
        let bytes = serde_json::to_vec(contents)?;
        if bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        self.put(FILE_NEW, FILE, &bytes)
    }

    /// Leaves a word for the next run beside the journal; it replaces one that is there.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`].
    pub fn leave_word(&self, word: &[u8]) -> Result<(), JournalError> {
        let left = if word.len() > MAX_WORD_BYTES {
            Err(too_large())
        } else {
            self.put(WORD_NEW, WORD, word)
        };
        left.map_err(|source| self.failed(source))
    }

    /// Takes away the word that was left and returns it. It is found once: whatever comes of it, no
    /// later run finds it again.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`], also when what is there can't be one of ours.
    pub fn take_word(&self) -> Result<Option<Vec<u8>>, JournalError> {
        let taken = || -> io::Result<Option<Vec<u8>>> {
            let Some(file) = open_file(&self.handle, WORD)? else {
                return Ok(None);
            };
            remove(&self.handle, WORD)?;
            self.handle.0.sync_all()?;
            if !is_plain_and_ours(&fstat(&file)?) {
                return Err(io::Error::other("the word that was left is not ours"));
            }
            let mut bytes = Vec::new();
            file.take(MAX_WORD_BYTES as u64 + 1)
                .read_to_end(&mut bytes)?;
            if bytes.len() > MAX_WORD_BYTES {
                return Err(too_large());
            }
            Ok(Some(bytes))
        };
        taken().map_err(|source| self.failed(source))
    }

    /// Writes a file whole or not at all.
    fn put(&self, new: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        // A kill may have left one behind; only its rename would have made it count.
        remove(&self.handle, new)?;
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let mut file = File::from(openat(&self.handle, new, flags, mode)?);
        file.write_all(bytes)?;
        file.sync_all()?;
        renameat(&self.handle, new, &self.handle, name)?;
        self.handle.0.sync_all()
    }

    fn failed(&self, source: io::Error) -> JournalError {
        JournalError::Io {
            dir: self.dir.clone(),
            source,
        }
    }
}

/// Which network namespace this thread is in.
fn namespace() -> Option<u64> {
    let status = std::fs::metadata("/proc/thread-self/ns/net").ok()?;
    Some(status.ino())
}

fn too_large() -> io::Error {
    io::Error::other("it would be too large")
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

/// The directory, locked until this is dropped.
#[derive(Debug)]
struct Locked(File);

impl Locked {
    fn new(dir: &Path, fd: OwnedFd) -> Result<Self, JournalError> {
        let handle = File::from(fd);
        match handle.try_lock() {
            Ok(()) => Ok(Self(handle)),
            Err(TryLockError::WouldBlock) => Err(JournalError::InUse {
                dir: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(JournalError::Io {
                dir: dir.to_owned(),
                source,
            }),
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing alone would not end the lock while a child, forked but not yet executing its
        // program, still has the handle.
        if let Err(e) = self.0.unlock() {
            log::warn!("the journal's lock could not be given up: {e}");
        }
    }
}

impl AsFd for Locked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
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
