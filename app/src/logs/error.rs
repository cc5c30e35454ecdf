//! What can be wrong with a recording, in words. Not the reading itself.

use std::fmt;
use std::io;

use super::{Format, MAX_LINE_BYTES, MAX_PROBES, MAX_SERIES, MAX_TEXT_BYTES};

/// Why something is no recording.
#[derive(Debug)]
pub struct LogError {
    /// The line, numbered from 1; `None` when it is about the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a recording.
#[derive(Debug)]
pub enum Problem {
    /// It cannot be read.
    Read(io::Error),
    /// It begins like gzip and cannot be unpacked.
    Unpack(io::Error),
    /// More than [`MAX_TEXT_BYTES`].
    TooLong,
    /// A line of more than [`MAX_LINE_BYTES`].
    LongLine,
    /// More than [`MAX_PROBES`].
    TooManyProbes,
    /// More than [`MAX_SERIES`].
    TooManySeries,
    /// Not UTF-8.
    NotText,
    /// Nothing in it.
    Empty,
    /// None of the formats.
    Unknown,
    /// JSON that is damaged or holds something else, in the parser's words.
    Json(Option<Format>, String),
    /// A line that does not belong into this format, with its beginning.
    Line(Format, String),
    /// The format is clear, but no probe is in it; what to do.
    NoProbes(Format, &'static str),
    /// A trace's own trouble.
    Trace(evenkeel_core::trace::Problem),
}

impl LogError {
    /// About one line.
    pub(super) fn at(line: usize, problem: Problem) -> Self {
        Self {
            line: Some(line),
            problem,
        }
    }

    /// About all of it.
    pub(super) fn whole(problem: Problem) -> Self {
        Self {
            line: None,
            problem,
        }
    }

    /// A line that does not fit `format`.
    pub(super) fn line(format: Format, number: usize, line: &str) -> Self {
        Self::at(number, Problem::Line(format, shown(line)))
    }

    /// True when the file could not be read at all, false when what was read is no good.
    pub fn is_unreadable(&self) -> bool {
        matches!(&self.problem, Problem::Read(_))
    }

    /// The sentence about the file of this name.
    pub fn about(&self, name: &str) -> String {
        match &self.problem {
            Problem::Read(_) | Problem::Unpack(_) | Problem::TooLong => format!("{name} {self}"),
            _ => format!("{name}: {self}"),
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for LogError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::Unpack(error) => write!(f, "cannot be unpacked: {error}"),
            Self::TooLong => {
                let mib = MAX_TEXT_BYTES >> 20;
                write!(f, "holds more than {mib} MiB of text; cut it into parts")
            }
            Self::LongLine => write!(f, "the line is longer than {MAX_LINE_BYTES} bytes"),
            Self::TooManyProbes => write!(f, "more than {MAX_PROBES} probes; cut it into parts"),
            Self::TooManySeries => write!(f, "more than {MAX_SERIES} series; cut it into parts"),
            Self::NotText => f.write_str("this is not text"),
            Self::Empty => f.write_str("it is empty: no step, no rows, no probes"),
            Self::Unknown => f.write_str(
                "this is no recording that can be read: none of ping, fping (-c, -l, -C), \
                 mtr --json, irtt, flent, Evenkeel CSV or JSON, or a trace with `# dt_ms=`",
            ),
            Self::Json(format, said) => {
                write!(f, "damaged {}: {said}", format.map_or("JSON", Format::name))
            }
            Self::Line(format, line) => {
                write!(f, "\"{line}\" does not belong into {}", article(*format))
            }
            Self::NoProbes(format, advice) => {
                write!(
                    f,
                    "{} without a single round trip; {advice}",
                    article(*format)
                )
            }
            Self::Trace(problem) => problem.fmt(f),
        }
    }
}

const fn article(format: Format) -> &'static str {
    match format {
        Format::Csv => "an Evenkeel CSV",
        Format::Json => "an Evenkeel JSON",
        Format::Trace => "a trace",
        Format::Ping => "the output of ping",
        Format::Fping => "the output of fping",
        Format::Mtr => "mtr's JSON",
        Format::Irtt => "irtt's JSON",
        Format::Flent => "a flent file",
    }
}

/// At most 40 characters of the file's text, none of which can upset a terminal.
pub(super) fn shown(text: &str) -> String {
    let escaped = text.chars().take(40).flat_map(|c| {
        let plain = !c.is_control() && c != '"';
        let (kept, escaped) = (plain.then_some(c), (!plain).then(|| c.escape_default()));
        kept.into_iter().chain(escaped.into_iter().flatten())
    });
    escaped.collect()
}
