//! What the integration tests share: reading packed text. Not tests themselves.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file or directory under this crate's `tests`.
pub fn under_tests(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

/// The text of a gzip file.
pub fn unpack(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}
