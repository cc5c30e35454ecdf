//! What can be wrong with a recorded series, in words. Not the reading itself.

use super::{MAX_RTTS, MAX_STEP_MS, MAX_TEXT_BYTES};
use crate::steer::MAX_PATHS;
use std::fmt;

/// Why a text isn't a recorded series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceError {
    /// The line, numbered from 1; `None` when it is about the whole text.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a recorded series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More than [`MAX_TEXT_BYTES`]: this many.
    TextTooLong(usize),
    /// No `dt_ms=` before the first row.
    NoStep,
    /// No row at all.
    NoRows,
    /// A key of the header with a value it can't have.
    BadValue(&'static str, String),
    /// A key given twice, differently.
    Contradiction(&'static str),
    /// Something that is neither a whole number of microseconds nor -1.
    BadRtt(String),
    /// A row with another number of RTTs than there are paths.
    Width {
        /// RTTs in the row.
        found: usize,
        /// Number of paths.
        expected: usize,
    },
    /// More than [`MAX_RTTS`].
    TooManyRtts,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TextTooLong(bytes) => {
                write!(
                    f,
                    "{bytes} bytes of text are more than {MAX_TEXT_BYTES}; cut the series"
                )
            }
            Self::NoStep => f.write_str("no step: a `# dt_ms=50` line must come before the rows"),
            Self::NoRows => f.write_str("no rows: the series is empty"),
            Self::BadValue("dt_ms", value) => {
                write!(f, "dt_ms={value} is not a number in 1..={MAX_STEP_MS}")
            }
            Self::BadValue("paths", value) => {
                write!(f, "paths={value} is not a number in 1..={MAX_PATHS}")
            }
            Self::BadValue(key, value) => {
                write!(
                    f,
                    "{key}={value} is not two numbers, the smaller first, like 10,1800"
                )
            }
            Self::Contradiction(key) => write!(f, "{key} is given twice, with different values"),
            Self::BadRtt(word) => {
                write!(
                    f,
                    "\"{word}\" is neither a whole number of microseconds nor -1 (lost)"
                )
            }
            Self::Width { found, expected } => {
                write!(f, "{found} RTTs in a row, but there are {expected} paths")
            }
            Self::TooManyRtts => write!(f, "more than {MAX_RTTS} RTTs; cut the series"),
        }
    }
}

impl std::error::Error for TraceError {}
