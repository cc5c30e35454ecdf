//! A file of the kernel's that is read again and again: opened once, read from its beginning, never
//! more than a bound. Not for what it says.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Longer files are cut; a desktop's are a few kilobytes.
const MAX_BYTES: usize = 64 * 1024;
/// What most of them need.
const FIRST_BYTES: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(super) struct CounterFile {
    /// `None` when there is no such file here, or it may not be read.
    file: Option<File>,
    buffer: Vec<u8>,
}

impl CounterFile {
    pub(super) fn open(path: &Path) -> Self {
        Self {
            file: File::open(path).ok(),
            buffer: Vec::new(),
        }
    }

    /// What `parse` makes of the file's text now; `None` when it cannot be read.
    pub(super) fn read<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let file = self.file.as_ref()?;
        self.buffer.resize(self.buffer.len().max(FIRST_BYTES), 0);
        let mut length = 0;
        loop {
            // The kernel's files give what fits, and the rest at the next offset.
            match file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => break,
                Ok(more) => length += more,
                Err(_) => return None,
            }
            if length == self.buffer.len() {
                if length >= MAX_BYTES {
                    break;
                }
                self.buffer.resize(length * 2, 0);
            }
        }
        parse(std::str::from_utf8(&self.buffer[..length]).ok()?)
    }
}
