//! Trees of files as values: what is in a directory, to the byte, and what is different later. And a
//! directory of one's own for as long as a test runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io};

use crate::error::{Context as _, LabError};

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A directory.
    Directory,
    /// A file and a hash of its bytes.
    File(u64),
    /// A symbolic link and where it leads.
    Link(PathBuf),
    /// A device, a socket, a pipe.
    Other,
}

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub what: What,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Everything below a directory, by path from it, beginning with `/`. Times are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree(pub BTreeMap<String, Entry>);

impl Tree {
    /// Reads the tree at `root`; paths that begin with one of `except` are left out, and so is what
    /// is mounted below it.
    ///
    /// # Errors
    /// What could not be read.
    pub fn of(root: &Path, except: &[&str]) -> Result<Self, LabError> {
        let mut tree = Self::default();
        let device = fs::symlink_metadata(root)
            .context(|| format!("reading {}", root.display()))?
            .dev();
        let mut waiting = vec![root.to_owned()];
        while let Some(directory) = waiting.pop() {
            let what = || format!("reading {}", directory.display());
            for entry in fs::read_dir(&directory).context(what)? {
                let path = entry.context(what)?.path();
                let below = path.strip_prefix(root).unwrap_or(&path);
                let name = format!("/{}", below.display());
                if except.iter().any(|prefix| name.starts_with(prefix)) {
                    continue;
                }
                let (entry, its_device) =
                    look(&path).context(|| format!("reading {}", path.display()))?;
                if entry.what == What::Directory && its_device == device {
                    waiting.push(path);
                }
                tree.0.insert(name, entry);
            }
        }
        Ok(tree)
    }

    /// Drops what is the same below `other`.
    ///
    /// # Errors
    /// What could not be read.
    pub fn forget_what_stands_in(&mut self, other: &Path) -> Result<(), LabError> {
        let mut different = BTreeMap::new();
        for (name, entry) in std::mem::take(&mut self.0) {
            let path = other.join(&name[1..]);
            let same = match look(&path) {
                Ok((there, _)) => there == entry,
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => {
                    return Err(LabError::io(format!("reading {}", path.display()), error));
                }
            };
            if !same {
                different.insert(name, entry);
            }
        }
        self.0 = different;
        Ok(())
    }

    /// The mode of each file, directories left out.
    pub fn file_modes(&self) -> BTreeMap<String, u32> {
        self.0
            .iter()
            .filter(|(_, entry)| entry.what != What::Directory)
            .map(|(path, entry)| (path.clone(), entry.mode))
            .collect()
    }

    /// A line for each path that came (`+`), went (`-`) or changed (`~`); empty when all is the same.
    pub fn difference(&self, later: &Self) -> String {
        let mut text = String::new();
        for (path, entry) in &self.0 {
            // Writing to a String cannot fail.
            let _ = match later.0.get(path) {
                None => writeln!(text, "- {path}"),
                Some(other) if other != entry => writeln!(text, "~ {path}: {entry:?}, {other:?}"),
                Some(_) => Ok(()),
            };
        }
        for path in later.0.keys().filter(|path| !self.0.contains_key(*path)) {
            let _ = writeln!(text, "+ {path}");
        }
        text
    }

    /// Is `later` the same tree?
    ///
    /// # Errors
    /// [`LabError::Invalid`] with the difference.
    pub fn must_equal(&self, later: &Self) -> Result<(), LabError> {
        let difference = self.difference(later);
        if difference.is_empty() {
            return Ok(());
        }
        Err(LabError::Invalid(format!(
            "the files are not as they were:\n{difference}"
        )))
    }
}

fn look(path: &Path) -> io::Result<(Entry, u64)> {
    let meta = fs::symlink_metadata(path)?;
    let kind = meta.file_type();
    let what = if kind.is_dir() {
        What::Directory
    } else if kind.is_symlink() {
        What::Link(fs::read_link(path)?)
    } else if kind.is_fifo() || kind.is_socket() || kind.is_block_device() || kind.is_char_device()
    {
        What::Other
    } else {
        let mut hasher = DefaultHasher::new();
        fs::read(path)?.hash(&mut hasher);
        What::File(hasher.finish())
    };
    let entry = Entry {
        what,
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
    };
    Ok((entry, meta.dev()))
}

/// A new directory below the system's one for temporary files, removed when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it; `name` is for people who find it.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn new(name: &str) -> Result<Self, LabError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(format!("evenkeel-{name}-{process}-{number}"));
        fs::create_dir(&path).context(|| format!("making {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_byte_a_mode_and_a_new_file_are_differences_and_nothing_else_is() {
        let scratch = Scratch::new("tree").unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/a"), "1").unwrap();
        fs::write(at("b"), "1").unwrap();
        fs::write(at("left-out"), "1").unwrap();
        let read = || Tree::of(scratch.path(), &["/left"]).unwrap();
        let before = read();
        fs::write(at("left-out"), "2").unwrap();
        before.must_equal(&read()).unwrap();
        fs::write(at("d/a"), "2").unwrap();
        fs::set_permissions(at("b"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(at("d/new"), "").unwrap();
        let mut same = read();
        same.forget_what_stands_in(scratch.path()).unwrap();
        assert_eq!(same, Tree::default());
        let text = before.difference(&read());
        let signs: String = text
            .lines()
            .filter_map(|line| line.chars().next())
            .collect();
        assert_eq!(signs, "~~+", "{text}");
    }
}
