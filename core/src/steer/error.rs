//! Paths that can't be meant, in words.

use super::MAX_PATHS;
use std::fmt;

/// A path that can't be meant; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathError {
    /// More than [`MAX_PATHS`].
    TooMany {
        /// How many were asked for.
        given: usize,
    },
    /// No path has this index.
    Unknown {
        /// The index.
        path: usize,
        /// How many paths there are.
        paths: usize,
    },
    /// One old path was named twice.
    Twice {
        /// Its index.
        path: usize,
    },
    /// A round has not one entry per path.
    Width {
        /// Entries in the round.
        given: usize,
        /// How many paths there are.
        paths: usize,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { given } => {
                write!(
                    f,
                    "{given} paths are more than the {MAX_PATHS} that can be compared"
                )
            }
            Self::Unknown { path, paths } => write!(f, "no path {path}: there are {paths}"),
            Self::Twice { path } => write!(f, "path {path} was named twice"),
            Self::Width { given, paths } => {
                write!(f, "a round of {given} samples doesn't fit {paths} paths")
            }
        }
    }
}

impl std::error::Error for PathError {}
