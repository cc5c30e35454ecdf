//! An initial file system as Linux unpacks it: a cpio archive, format `newc`, not packed. It knows
//! nothing of what is in it.
//!
//! Source of the format: Linux, `Documentation/driver-api/early-userspace/buffer-format.rst`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Context as _, LabError};

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_777;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// One thing of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Directory,
    /// The bytes are read when the archive is written.
    Copy {
        source: PathBuf,
        mode: u32,
    },
    Text {
        bytes: Vec<u8>,
        mode: u32,
    },
    Link(String),
    Device {
        major: u32,
        minor: u32,
    },
}

/// What an archive will hold, by its path in the machine (absolute). Parents come by themselves.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    entries: BTreeMap<String, Entry>,
}

impl Archive {
    fn put(&mut self, path: &str, entry: Entry) {
        let parents: BTreeSet<&str> = path
            .match_indices('/')
            .map(|(at, _)| &path[..at])
            .filter(|parent| !parent.is_empty())
            .collect();
        for parent in parents {
            self.entries
                .entry(parent.to_owned())
                .or_insert(Entry::Directory);
        }
        self.entries.insert(path.to_owned(), entry);
    }

    /// An empty directory.
    pub fn directory(&mut self, path: &str) {
        if !self.entries.contains_key(path) {
            self.put(path, Entry::Directory);
        }
    }

    /// A copy of a file, with its permissions.
    ///
    /// # Errors
    /// When it is not there.
    pub fn copy(&mut self, source: &Path, path: &str) -> Result<(), LabError> {
        use std::os::unix::fs::PermissionsExt as _;
        let about = fs::metadata(source).context(|| format!("reading {}", source.display()))?;
        let mode = about.permissions().mode() & 0o7777;
        let source = source.to_owned();
        self.put(path, Entry::Copy { source, mode });
        Ok(())
    }

    /// A file with these bytes.
    pub fn file(&mut self, path: &str, bytes: impl Into<Vec<u8>>, mode: u32) {
        let bytes = bytes.into();
        self.put(path, Entry::Text { bytes, mode });
    }

    /// A symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.put(path, Entry::Link(target.to_owned()));
    }

    /// A character device.
    pub fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.put(path, Entry::Device { major, minor });
    }

    /// Is there something at this path?
    pub fn has(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// When a file can't be read, or the archive can't be written.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        for (number, (path, entry)) in (1..).zip(&self.entries) {
            let name = path.trim_start_matches('/');
            match entry {
                Entry::Directory => item(to, number, name, DIRECTORY, (0, 0), &[])?,
                Entry::Copy { source, mode } => {
                    item(to, number, name, FILE | mode, (0, 0), &fs::read(source)?)?;
                }
                Entry::Text { bytes, mode } => {
                    item(to, number, name, FILE | mode, (0, 0), bytes)?;
                }
                Entry::Link(target) => item(to, number, name, LINK, (0, 0), target.as_bytes())?,
                Entry::Device { major, minor } => {
                    item(to, number, name, CHARACTER_DEVICE, (*major, *minor), &[])?;
                }
            }
        }
        item(to, 0, "TRAILER!!!", 0, (0, 0), &[])
    }
}

fn item(
    to: &mut impl Write,
    number: u32,
    name: &str,
    mode: u32,
    device: (u32, u32),
    bytes: &[u8],
) -> io::Result<()> {
    let size = u32::try_from(bytes.len())
        .map_err(|_| io::Error::other(format!("{name} is larger than 4 GiB")))?;
    write!(to, "070701")?;
    // Inode, mode, user, group, links, time, size, device of the file (2), device it is (2), length
    // of the name with its end, checksum.
    let fields = [
        number,
        mode,
        0,
        0,
        1,
        0,
        size,
        0,
        0,
        device.0,
        device.1,
        name.len() as u32 + 1,
        0,
    ];
    for field in fields {
        write!(to, "{field:08X}")?;
    }
    write!(to, "{name}\0")?;
    pad(to, 110 + name.len() + 1)?;
    to.write_all(bytes)?;
    pad(to, bytes.len())
}

/// Fills up to a multiple of four.
fn pad(to: &mut impl Write, length: usize) -> io::Result<()> {
    to.write_all(&[0; 3][..length.wrapping_neg() % 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let heads = text.split("070701").skip(1);
        heads
            .map(|head| {
                head[104..]
                    .split('\0')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn parents_come_before_what_is_in_them_and_the_end_is_marked() {
        let mut archive = Archive::default();
        archive.file("/usr/bin/one", "x", 0o755);
        archive.link("/bin", "usr/bin");
        archive.device("/dev/console", 5, 1);
        let mut bytes = Vec::new();
        archive.write(&mut bytes).unwrap();
        let expected = [
            "bin",
            "dev",
            "dev/console",
            "usr",
            "usr/bin",
            "usr/bin/one",
            "TRAILER!!!",
        ];
        assert_eq!(names(&bytes), expected);
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn an_entry_is_as_the_format_says() {
        let mut bytes = Vec::new();
        item(&mut bytes, 7, "ab", FILE | 0o644, (0, 0), b"12345").unwrap();
        assert!(bytes.starts_with(b"07070100000007000081A4"), "{bytes:?}");
        // 110 bytes of head, the name with its end, three of filling.
        assert_eq!(&bytes[110..116], b"ab\0\0\0\0");
        assert_eq!(&bytes[116..], b"12345\0\0\0");
    }
}
