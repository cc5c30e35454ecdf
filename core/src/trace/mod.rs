//! Recorded series of round-trip times, read from text. It opens no file and unpacks nothing.
//!
//! ```text
//! # family=home dt_ms=50 paths=2 flow_life_s=10,1800
//! # rtt_us per path, -1 = lost
//! 34000 25000
//! 34000 -1
//! ```
//!
//! A row per step of `dt_ms`, one RTT in microseconds per path, -1 for a lost probe, separated by
//! spaces, tabs or commas. A line that starts with `#` is a comment, and those before the first row
//! may carry `key=value` words: `dt_ms` must be there, `paths` is checked when it is, `family` runs
//! up to the next known key. Empty lines are skipped.

mod error;

pub use error::{Problem, TraceError};

use crate::steer::MAX_PATHS;

/// Longest text that is parsed, in bytes. Whoever reads a file should stop there too.
pub const MAX_TEXT_BYTES: usize = 64 << 20;
/// Most RTTs in one series, over all paths: two paths at 50 ms for two days.
pub const MAX_RTTS: usize = 8_000_000;
/// Longest name of a family that is kept, in characters.
const MAX_FAMILY: usize = 100;
/// Longest step between rows, in milliseconds.
pub const MAX_STEP_MS: u32 = 60_000;

/// A recorded series: at least one row of 1 to [`MAX_PATHS`] paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    family: String,
    step_ms: u32,
    paths: usize,
    flow_life_s: Option<(u32, u32)>,
    rtts_us: Vec<Option<u32>>,
}

impl Series {
    /// Reads a series.
    ///
    /// # Errors
    /// [`TraceError`], with the number of the line, at the first thing that isn't as documented.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(TraceError {
                line: None,
                problem: Problem::TextTooLong(text.len()),
            });
        }
        let mut header = Header::default();
        let mut rtts_us = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let at = |problem| TraceError {
                line: Some(number),
                problem,
            };
            if let Some(comment) = line.strip_prefix('#') {
                if rtts_us.is_empty() {
                    header.read(comment).map_err(at)?;
                }
            } else if !line.is_empty() {
                if header.step_ms.is_none() {
                    return Err(at(Problem::NoStep));
                }
                read_row(line, &mut header.paths, &mut rtts_us).map_err(at)?;
            }
        }
        let end = |problem| TraceError {
            line: None,
            problem,
        };
        let step_ms = header.step_ms.ok_or(end(Problem::NoStep))?;
        let paths = header
            .paths
            .filter(|_| !rtts_us.is_empty())
            .ok_or(end(Problem::NoRows))?;
        let flow_life_s = header.flow_life_s;
        Ok(Self {
            family: cleaned(&header.family),
            step_ms,
            paths,
            flow_life_s,
            rtts_us,
        })
    }

    /// A series made of rows: `rtts_us` holds `paths` RTTs per row, in microseconds, `None` when lost.
    ///
    /// # Errors
    /// [`TraceError`] without a line when a number is outside the ranges of a written series, or
    /// when the last row is not whole.
    pub fn from_rows(
        family: &str,
        step_ms: u32,
        paths: usize,
        rtts_us: Vec<Option<u32>>,
    ) -> Result<Self, TraceError> {
        let problem = if !(1..=MAX_STEP_MS).contains(&step_ms) {
            bad("dt_ms", &step_ms.to_string())
        } else if !(1..=MAX_PATHS).contains(&paths) {
            bad("paths", &paths.to_string())
        } else if rtts_us.is_empty() {
            Problem::NoRows
        } else if rtts_us.len() > MAX_RTTS {
            Problem::TooManyRtts
        } else if !rtts_us.len().is_multiple_of(paths) {
            Problem::Width {
                found: rtts_us.len() % paths,
                expected: paths,
            }
        } else {
            return Ok(Self {
                family: cleaned(family),
                step_ms,
                paths,
                flow_life_s: None,
                rtts_us,
            });
        };
        Err(TraceError {
            line: None,
            problem,
        })
    }

    /// Where it comes from, in the recorder's words: at most 100 printable characters, or none.
    pub fn family(&self) -> &str {
        &self.family
    }

    /// Milliseconds from row to row, 1..=60000.
    pub fn step_ms(&self) -> u32 {
        self.step_ms
    }

    /// Number of paths, 1..=16.
    pub fn path_count(&self) -> usize {
        self.paths
    }

    /// Shortest and longest life of a flow this series is meant to be judged with, in seconds.
    pub fn flow_life_s(&self) -> Option<(u32, u32)> {
        self.flow_life_s
    }

    /// Number of rows, at least 1.
    pub fn row_count(&self) -> usize {
        self.rtts_us.len() / self.paths
    }

    /// One row: an RTT in microseconds (not nano-) per path, `None` when lost. `None` past the last row.
    pub fn row(&self, index: usize) -> Option<&[Option<u32>]> {
        let start = index.checked_mul(self.paths)?;
        self.rtts_us.get(start..start.checked_add(self.paths)?)
    }
}

#[derive(Default)]
struct Header {
    family: String,
    step_ms: Option<u32>,
    paths: Option<usize>,
    flow_life_s: Option<(u32, u32)>,
}

impl Header {
    fn read(&mut self, comment: &str) -> Result<(), Problem> {
        let mut in_family = false;
        for word in comment.split_whitespace() {
            match word.split_once('=') {
                Some(("dt_ms", value)) => {
                    let step =
                        number_in(value, 1, MAX_STEP_MS).ok_or_else(|| bad("dt_ms", value))?;
                    set_once(&mut self.step_ms, step, "dt_ms")?;
                    in_family = false;
                }
                Some(("paths", value)) => {
                    let paths =
                        number_in(value, 1, MAX_PATHS as u32).ok_or_else(|| bad("paths", value))?;
                    set_once(&mut self.paths, paths as usize, "paths")?;
                    in_family = false;
                }
                Some(("flow_life_s", value)) => {
                    let life = range_of(value).ok_or_else(|| bad("flow_life_s", value))?;
                    set_once(&mut self.flow_life_s, life, "flow_life_s")?;
                    in_family = false;
                }
                Some(("family", value)) => {
                    value.clone_into(&mut self.family);
                    in_family = true;
                }
                _ if in_family => {
                    self.family.push(' ');
                    self.family.push_str(word);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn set_once<T: PartialEq>(
    slot: &mut Option<T>,
    value: T,
    key: &'static str,
) -> Result<(), Problem> {
    match slot {
        Some(before) if *before != value => Err(Problem::Contradiction(key)),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn number_in(word: &str, min: u32, max: u32) -> Option<u32> {
    word.parse()
        .ok()
        .filter(|number| (min..=max).contains(number))
}

fn range_of(word: &str) -> Option<(u32, u32)> {
    let (from, to) = word.split_once(',')?;
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some((from, to))
}

fn read_row(
    line: &str,
    paths: &mut Option<usize>,
    rtts_us: &mut Vec<Option<u32>>,
) -> Result<(), Problem> {
    let before = rtts_us.len();
    for word in line.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        let rtt = match word {
            "-1" => None,
            _ => Some(
                word.parse::<u32>()
                    .map_err(|_| Problem::BadRtt(shown(word)))?,
            ),
        };
        if rtts_us.len() >= MAX_RTTS {
            return Err(Problem::TooManyRtts);
        }
        rtts_us.push(rtt);
    }
    let found = rtts_us.len() - before;
    let expected = *paths.get_or_insert(found);
    match found {
        _ if found != expected => Err(Problem::Width { found, expected }),
        _ if found > MAX_PATHS || found == 0 => Err(bad("paths", &found.to_string())),
        _ => Ok(()),
    }
}

/// The printable beginning of a family's name.
fn cleaned(family: &str) -> String {
    let printable = family.chars().filter(|c| !c.is_control());
    printable.take(MAX_FAMILY).collect()
}

fn bad(key: &'static str, value: &str) -> Problem {
    Problem::BadValue(key, shown(value))
}

/// At most 20 characters of the reader's text, none of which can upset a terminal.
fn shown(word: &str) -> String {
    word.chars()
        .take(20)
        .flat_map(char::escape_default)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# family=5G n8 + Wi-Fi dt_ms=50 paths=2 flow_life_s=10,1800\n\
                        # rtt_us per path, -1 = lost\n34000 25000\n\n# a remark, dt_ms=7\n-1,\t70\r\n";

    fn error(text: &str) -> (Option<usize>, Problem) {
        let error = Series::parse(text).unwrap_err();
        assert!(!error.to_string().is_empty());
        (error.line, error.problem)
    }

    #[test]
    fn a_series_is_read_with_its_header() {
        let series = Series::parse(GOOD).unwrap();
        assert_eq!(series.family(), "5G n8 + Wi-Fi");
        assert_eq!((series.step_ms(), series.path_count()), (50, 2));
        assert_eq!(series.flow_life_s(), Some((10, 1800)));
        assert_eq!(series.row_count(), 2);
        assert_eq!(series.row(0), Some([Some(34_000), Some(25_000)].as_slice()));
        assert_eq!(series.row(1), Some([None, Some(70)].as_slice()));
        assert_eq!(series.row(2), None);
        assert_eq!(series.row(usize::MAX), None);
    }

    #[test]
    fn a_series_is_made_of_rows_under_the_same_limits() {
        let made = |step, paths, rtts: &[Option<u32>]| {
            let made = Series::from_rows("5G \u{7}", step, paths, rtts.to_vec());
            made.map_err(|error| error.problem)
        };
        let series = made(50, 2, &[Some(1), None]).unwrap();
        assert_eq!(series.row(0), Some([Some(1), None].as_slice()));
        assert_eq!((series.family(), series.row_count()), ("5G ", 1));
        assert_eq!(made(50, 1, &[]), Err(Problem::NoRows));
        assert_eq!(
            made(0, 1, &[None]),
            Err(Problem::BadValue("dt_ms", "0".into()))
        );
        assert_eq!(
            made(50, 17, &[None; 17]),
            Err(Problem::BadValue("paths", "17".into()))
        );
        let (found, expected) = (1, 2);
        let width = Problem::Width { found, expected };
        assert_eq!(made(50, 2, &[None; 3]), Err(width));
    }

    #[test]
    fn the_number_of_paths_may_come_from_the_first_row() {
        assert_eq!(
            Series::parse("#dt_ms=1000\n1 2 3\n").unwrap().path_count(),
            3
        );
    }

    #[test]
    fn errors_name_the_line_and_the_trouble() {
        let bad = |word: &str| Problem::BadRtt(word.into());
        assert_eq!(error("# dt_ms=50\n1 2\n1 x\n"), (Some(3), bad("x")));
        assert_eq!(error("# dt_ms=50\n1.5\n"), (Some(2), bad("1.5")));
        assert_eq!(error("# dt_ms=50\n-2\n"), (Some(2), bad("-2")));
        assert_eq!(
            error("# dt_ms=50\n4294967296\n"),
            (Some(2), bad("4294967296"))
        );
        let width = Problem::Width {
            found: 1,
            expected: 2,
        };
        assert_eq!(error("# dt_ms=50 paths=2\n1 2\n\n3\n"), (Some(4), width));
        assert_eq!(error("1 2\n"), (Some(1), Problem::NoStep));
        assert_eq!(error(""), (None, Problem::NoStep));
        assert_eq!(error("# dt_ms=50 paths=2\n"), (None, Problem::NoRows));
        assert_eq!(
            error("# dt_ms=0\n1\n"),
            (Some(1), Problem::BadValue("dt_ms", "0".into()))
        );
        assert_eq!(
            error("#\n# paths=17\n"),
            (Some(2), Problem::BadValue("paths", "17".into()))
        );
        assert_eq!(
            error("# dt_ms=5\n# dt_ms=6\n"),
            (Some(2), Problem::Contradiction("dt_ms"))
        );
        assert!(
            Series::parse("# dt_ms=50\n1 2\n1 x\n")
                .unwrap_err()
                .to_string()
                .starts_with("line 3: ")
        );
    }

    #[test]
    fn a_row_of_separators_or_of_17_paths_is_refused() {
        assert_eq!(error("# dt_ms=5\n,\n").0, Some(2));
        let wide = format!("# dt_ms=5\n{}\n", ["1"; 17].join(" "));
        assert_eq!(
            error(&wide),
            (Some(2), Problem::BadValue("paths", "17".into()))
        );
    }

    #[test]
    fn what_an_error_quotes_is_short_and_printable() {
        let hostile = format!("# dt_ms=5\n\u{1b}[2J{}\n", "9".repeat(1000));
        let message = Series::parse(&hostile).unwrap_err().to_string();
        assert!(message.is_ascii() && message.len() < 120, "{message}");
        assert!(!message.contains('\u{1b}'));
        let family = "long \u{1b}[31m".repeat(50);
        let series = Series::parse(&format!("# family={family} dt_ms=5\n1\n")).unwrap();
        assert!(
            series.family().starts_with("long [31mlong"),
            "{}",
            series.family()
        );
        assert_eq!(series.family().len(), 100);
    }
}
