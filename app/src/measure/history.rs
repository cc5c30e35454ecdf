//! The measurements that had a verdict, kept on disk for the user they belong to: one JSON file each
//! in `$XDG_STATE_HOME/evenkeel/measurements`, the newest [`MOST`] of them. The window and the command
//! line share the folder; whoever is there when a measurement has ended, or comes next, keeps it
//! ([`gather`]). What is in a file is [`file`]'s; words for people stand elsewhere.
//!
//! Reading and writing take as long as the disk does: not for the thread that draws.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use evenkeel_dbus::measurement::{MeasuredBlock, MeasurementState};
use evenkeel_dbus::{Helper1Proxy, HelperError};
use nix::fcntl::OFlag;

use super::{Found, Snapshot, at};

/// Measurements kept at the most; older ones make room.
pub const MOST: usize = 50;
/// No file of ours is larger: 40,000 probes take less than a megabyte.
const MAX_BYTES: u64 = 4 << 20;
const FOLDER: &str = "evenkeel/measurements";
const ENDING: &str = ".json";
/// Half-written files end so until they are whole.
const UNFINISHED: &str = ".new";
/// After so long nobody writes on one any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// What a kept measurement is called: when it began, and its seed. In the order of time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

impl Id {
    /// Of a measurement. Two are the same when they began in the same second with the same seed.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self(format!(
            "{:010}-{:016x}",
            snapshot.started_at, snapshot.seed
        ))
    }

    /// The id that a file is named by.
    fn of_file(name: &str) -> Option<Self> {
        let id = name.strip_suffix(ENDING)?;
        let (began, seed) = id.split_once('-')?;
        let is_id = began.len() >= 10
            && began.bytes().all(|byte| byte.is_ascii_digit())
            && seed.len() == 16
            && seed.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| Self(id.to_owned()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A measurement that was kept, without its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// What it is called here.
    pub id: Id,
    /// What was measured, and what came out: it is finished, and there is an outcome.
    pub snapshot: Snapshot,
    /// What its uplinks were called then, by ifindex.
    pub uplinks: BTreeMap<u32, String>,
    /// Its blocks in their order.
    pub blocks: Vec<MeasuredBlock>,
}

/// Why a file or the folder cannot be used. It was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub trouble: Trouble,
}

/// What is wrong with a file or the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The system does not let us read it, in its words.
    NotOpened(String),
    /// The system does not let us write it, in its words.
    NotWritten(String),
    /// It is larger than any of ours.
    TooLarge,
    /// It is no JSON, or not such as ours; where and why.
    NotReadable(String),
    /// It is something else.
    NotOurs,
    /// A newer program wrote it, in this version of the format.
    Version(u32),
    /// Its numbers can be no measurement's.
    Wrong(&'static str),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.trouble {
            Trouble::NotOpened(why) => write!(f, "{path} cannot be read: {why}"),
            Trouble::NotWritten(why) => write!(
                f,
                "the measurement is not kept, for {path} cannot be written: {why}"
            ),
            Trouble::TooLarge => write!(
                f,
                "{path} is larger than any measurement of ours and was not read; move it elsewhere"
            ),
            Trouble::NotReadable(why) => write!(
                f,
                "{path} is damaged ({why}); it was left as it is, and may be deleted"
            ),
            Trouble::NotOurs => write!(
                f,
                "{path} is no kept measurement of Evenkeel; move it elsewhere"
            ),
            Trouble::Version(version) => write!(
                f,
                "{path} was written by a newer Evenkeel (format {version}, this one reads {})",
                file::VERSION
            ),
            Trouble::Wrong(why) => write!(
                f,
                "{path} is damaged: {why}; it was left as it is, and may be deleted"
            ),
        }
    }
}

impl std::error::Error for FileError {}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    folder: PathBuf,
}

impl History {
    /// The user's, by the environment; `None` when it names no home.
    pub fn of_user(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let absolute = |name: &str| {
            let path = PathBuf::from(variable(name)?);
            path.is_absolute().then_some(path)
        };
        let base = absolute("XDG_STATE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
        Some(Self::at(base.join(FOLDER)))
    }

    /// A folder of one's own choice.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder. It need not be there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest [`MOST`], the newest first. A file that cannot be used is told in its place, and the
    /// rest is there all the same. Files that are not named as ours are no business of ours.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Result<Kept, FileError>>, FileError> {
        let ids = self.ids()?;
        let newest = ids.iter().rev().take(MOST);
        let read = |id: &Id| self.read(id, |text| is_of(file::head(text)?, id));
        Ok(newest.map(read).collect())
    }

    /// One with its samples.
    ///
    /// # Errors
    /// When its file cannot be used.
    pub fn open(&self, id: &Id) -> Result<(Kept, Found), FileError> {
        self.read(id, |text| {
            let (kept, found) = file::whole(text)?;
            Ok((is_of(kept, id)?, found))
        })
    }

    /// True when this measurement is kept already.
    pub fn has(&self, snapshot: &Snapshot) -> bool {
        self.path(&Id::of(snapshot)).symlink_metadata().is_ok()
    }

    /// Keeps a measurement that has a verdict, with the names of uplinks by ifindex; the oldest make
    /// room. `None` when it has no verdict, or is kept already. The file is there as a whole or not at
    /// all.
    ///
    /// # Errors
    /// When the folder cannot be written; nothing has changed then.
    pub fn keep(
        &self,
        snapshot: &Snapshot,
        found: &Found,
        uplinks: &BTreeMap<u32, String>,
    ) -> Result<Option<Id>, FileError> {
        let is_new = snapshot.state == MeasurementState::Finished && !self.has(snapshot);
        let text = is_new.then(|| file::format(snapshot, found, uplinks));
        let Some(text) = text.flatten() else {
            return Ok(None);
        };
        let id = Id::of(snapshot);
        let path = self.path(&id);
        self.write(&path, &text).map_err(|error| FileError {
            path,
            trouble: Trouble::NotWritten(error.to_string()),
        })?;
        self.make_room(&id);
        Ok(Some(id))
    }

    fn path(&self, id: &Id) -> PathBuf {
        self.folder.join(format!("{id}{ENDING}"))
    }

    /// The ids of all files that are named as ours, the oldest first.
    fn ids(&self) -> Result<Vec<Id>, FileError> {
        let failed = |error: io::Error| FileError {
            path: self.folder.clone(),
            trouble: Trouble::NotOpened(error.to_string()),
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            ids.extend(name.to_str().and_then(Id::of_file));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn read<T>(
        &self,
        id: &Id,
        parse: impl FnOnce(&str) -> Result<T, Trouble>,
    ) -> Result<T, FileError> {
        let path = self.path(id);
        let read = text(&path).and_then(|text| parse(&text));
        read.map_err(|trouble| FileError { path, trouble })
    }

    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        // As the specification of the base directories has it.
        let mut folders = DirBuilder::new();
        folders.recursive(true).mode(0o700).create(&self.folder)?;
        // The window and a terminal may both be there: each writes a file of its own first.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(format!(".{}{UNFINISHED}", std::process::id()));
        let unfinished = PathBuf::from(unfinished);
        let written = (|| {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options
                .custom_flags(OFlag::O_NOFOLLOW.bits())
                .open(&unfinished)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&unfinished, path)
        })();
        if written.is_err() {
            // It may never have been there.
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Deletes the oldest beyond [`MOST`], but never the one just written, whatever its clock said;
    /// and what a crash left half-written. What cannot be deleted stays, and is tried again.
    fn make_room(&self, new: &Id) {
        let ids = self.ids().unwrap_or_default();
        let too_many = ids.len().saturating_sub(MOST);
        for id in ids.iter().filter(|id| *id != new).take(too_many) {
            deleted(&self.path(id));
        }
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_unfinished = name
                .to_str()
                .is_some_and(|name| name.contains(".json.") && name.ends_with(UNFINISHED));
            let changed = entry.metadata().and_then(|about| about.modified());
            let age = changed.map(|at| SystemTime::now().duration_since(at));
            if is_unfinished && matches!(age, Ok(Ok(age)) if age > ABANDONED) {
                deleted(&entry.path());
            }
        }
    }
}

/// The measurement, unless its file was given another one's name.
fn is_of(kept: Kept, id: &Id) -> Result<Kept, Trouble> {
    if kept.id == *id {
        Ok(kept)
    } else {
        Err(Trouble::Wrong("it has another measurement's name"))
    }
}

fn deleted(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::warn!("{} stays: {error}", path.display());
    }
}

/// The text of a regular file; a pipe or a device would be waited for without end.
fn text(path: &Path) -> Result<String, Trouble> {
    let said = |error: io::Error| Trouble::NotOpened(error.to_string());
    let mut options = OpenOptions::new();
    let flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file: File = options
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .map_err(said)?;
    if !file.metadata().map_err(said)?.is_file() {
        return Err(Trouble::NotOpened("not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let _ = read.map_err(said)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Trouble::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| Trouble::NotReadable(error.to_string()))
}

/// Why [`gather`] could not keep everything.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// The helper does not answer.
    #[error("{}", .0.message())]
    Helper(#[from] HelperError),
    /// It cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Fetches every measurement of this user that has ended with a verdict and is not kept yet, and keeps
/// it. Asks the helper for no samples when there is nothing new. Returns what is new, the oldest first.
///
/// # Errors
/// [`GatherError`]; what was kept before it stays kept.
pub async fn gather(
    helper: &Helper1Proxy<'_>,
    history: &History,
    uid: u32,
) -> Result<Vec<Id>, GatherError> {
    let mut new = Vec::new();
    for path in helper.measurements().await.map_err(HelperError::from)? {
        let measurement = at(helper, path).await?;
        let snapshot = Snapshot::read(&measurement).await?;
        if snapshot.owner != uid || snapshot.state != MeasurementState::Finished {
            continue;
        }
        let (place, looked_for) = (history.clone(), snapshot.clone());
        if off(move || Ok(place.has(&looked_for))).await? {
            continue;
        }
        let found = Found::fetch(&measurement).await?;
        new.extend(keep_off(history, &snapshot, &found, &names(helper).await?).await?);
    }
    Ok(new)
}

/// [`History::keep`] for callers that must not wait for a disk.
///
/// # Errors
/// As there.
pub async fn keep_off(
    history: &History,
    snapshot: &Snapshot,
    found: &Found,
    uplinks: &BTreeMap<u32, String>,
) -> Result<Option<Id>, FileError> {
    let (history, snapshot) = (history.clone(), snapshot.clone());
    let (found, uplinks) = (found.clone(), uplinks.clone());
    off(move || history.keep(&snapshot, &found, &uplinks)).await
}

/// What the uplinks are called now.
async fn names(helper: &Helper1Proxy<'_>) -> Result<BTreeMap<u32, String>, HelperError> {
    let uplinks = helper.uplinks().await?;
    let named = uplinks
        .into_iter()
        .map(|uplink| (uplink.ifindex, uplink.name));
    Ok(named.collect())
}

/// Runs file work on a thread where waiting holds nobody up.
async fn off<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            Err(FileError {
                path: PathBuf::new(),
                trouble: Trouble::NotWritten(error.to_string()),
            })
        })
}

#[cfg(test)]
mod tests;
