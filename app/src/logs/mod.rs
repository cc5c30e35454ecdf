//! Round trips that somebody recorded: Evenkeel itself, or `ping`, `fping`, `mtr`, `irtt`, flent.
//! [`read`] unpacks a bounded reader and [`parse`] tells the format by the content; both are pure.
//! Nothing is measured, judged or drawn here. The formats of our own are documented in
//! docs/RECORDINGS.md.

mod decimal;
mod error;
mod flent;
mod fping;
mod grid;
mod irtt;
mod json;
mod mtr;
mod own;
mod pace;
mod ping;
mod source;
mod trace;

pub use decimal::ms as milliseconds;
pub use error::{LogError, Problem};
pub use grid::{GridError, on_a_grid};
pub use own::{CSV_HEADER, JSON_FORMAT, JSON_VERSION};
pub use source::{MAX_TEXT_BYTES, read};

/// Most probes in one recording, over all series: 96 MB.
pub const MAX_PROBES: usize = 4_000_000;
/// Most series in one recording.
pub const MAX_SERIES: usize = 64;
/// Longest line of a text format, in bytes.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Longest name of a series that is kept, in characters.
const MAX_NAME: usize = 100;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Our own CSV.
    Csv,
    /// Our own JSON.
    Json,
    /// A trace with `# dt_ms=`.
    Trace,
    /// `ping`, as iputils, `BusyBox` and BSD print it.
    Ping,
    /// `fping -c`, `-l` or `-C`.
    Fping,
    /// `mtr --json`: averages per hop only.
    Mtr,
    /// `irtt client -o`.
    Irtt,
    /// `.flent` or `.flent.gz`.
    Flent,
}

impl Format {
    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "Evenkeel CSV",
            Self::Json => "Evenkeel JSON",
            Self::Trace => "trace",
            Self::Ping => "ping",
            Self::Fping => "fping",
            Self::Mtr => "mtr",
            Self::Irtt => "irtt",
            Self::Flent => "flent",
        }
    }
}

/// Where the times of the probes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The file has them.
    Recorded,
    /// The file tells how long all of it took; the probes are spread evenly over it.
    Spread,
    /// The file tells nothing; one probe a second, the programs' own default, is assumed.
    Assumed,
}

/// One probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// When it was sent, in nanoseconds from the recording's first probe.
    pub sent_ns: u64,
    /// Its round-trip time in nanoseconds, `None` when it was lost.
    pub rtt_ns: Option<u64>,
}

/// Figures of a program that keeps no single round trips. Times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Probes sent.
    pub sent: u64,
    /// Those lost.
    pub lost: u64,
    /// The smallest answer.
    pub min_ns: u64,
    /// The mean.
    pub mean_ns: u64,
    /// The largest.
    pub max_ns: u64,
    /// The standard deviation.
    pub stdev_ns: u64,
}

/// The probes of one target, uplink or arm, in the order they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// What it is called; printable, at most 100 characters.
    pub name: String,
    /// The probes; empty when only `told` is known.
    pub probes: Vec<Probe>,
    /// The block of a measurement each probe belongs to, from 0 on. Empty when there are no blocks,
    /// else as long as `probes`.
    pub blocks: Vec<u32>,
    /// What the program told instead of probes.
    pub told: Option<Told>,
}

impl Series {
    /// An empty series; the name is cleaned and cut.
    pub fn named(name: &str) -> Self {
        // Nothing that moves a terminal's cursor or turns a line around.
        let turning = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let printable = name.chars().filter(|c| !c.is_control() && !turning(*c));
        Self {
            name: printable.take(MAX_NAME).collect(),
            ..Self::default()
        }
    }

    /// The outcomes: a round trip in nanoseconds, `None` for a lost probe.
    pub fn outcomes(&self) -> impl Iterator<Item = Option<u64>> + Clone {
        self.probes.iter().map(|probe| probe.rtt_ns)
    }
}

/// What a file holds: at least one series, each with a probe or with figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What it was read from.
    pub format: Format,
    /// How far the probes' times can be trusted.
    pub timing: Timing,
    /// When the first probe was sent, in milliseconds since 1970, where the file tells.
    pub started_unix_ms: Option<u64>,
    /// The series, at most [`MAX_SERIES`].
    pub series: Vec<Series>,
    /// Names of series of pings that the file has without their round trips.
    pub left_out: Vec<String>,
}

impl Recording {
    /// True when there are round trips to draw and to replay, not only figures.
    pub fn has_probes(&self) -> bool {
        self.series.iter().any(|series| !series.probes.is_empty())
    }

    /// Lets time begin with the first probe, orders each series by it, and makes names distinct.
    fn settled(mut self) -> Self {
        let probes = self.series.iter().flat_map(|series| &series.probes);
        let first_ns = probes.map(|probe| probe.sent_ns).min().unwrap_or(0);
        let mut names: Vec<String> = Vec::new();
        for series in &mut self.series {
            for probe in &mut series.probes {
                probe.sent_ns -= first_ns;
            }
            if series.blocks.is_empty() {
                series.probes.sort_by_key(|probe| probe.sent_ns);
            }
            let plain = series.name.clone();
            let mut number = 2;
            while names.contains(&series.name) {
                series.name = format!("{plain} ({number})");
                number += 1;
            }
            names.push(series.name.clone());
        }
        self
    }
}

/// Reads a recording of any [`Format`].
///
/// # Errors
/// [`LogError`], with the line where there is one, at the first thing that does not fit.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(LogError::whole(Problem::TooLong));
    }
    let text = text.trim_start_matches('\u{feff}');
    let recording = match detect(text)? {
        Format::Csv => own::parse_csv(text),
        Format::Trace => trace::parse(text),
        Format::Ping => ping::parse(text),
        Format::Fping => fping::parse(text),
        Format::Json => own::parse_json(text),
        Format::Mtr => mtr::parse(text),
        Format::Irtt => irtt::parse(text),
        Format::Flent => flent::parse(text),
    }?;
    Ok(recording.settled())
}

/// Lines that are looked at to tell the format; a terminal's prompt may come before the first.
const LOOKED_AT: usize = 200;

/// The format of a text, by its content.
///
/// # Errors
/// [`Problem::Empty`], [`Problem::Unknown`], or JSON that breaks off.
pub fn detect(text: &str) -> Result<Format, LogError> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.is_empty() {
        return Err(LogError::whole(Problem::Empty));
    }
    if start.starts_with('{') {
        return json::detect(text);
    }
    let first = start.lines().next().unwrap_or(start).trim_end();
    if own::is_header(first) {
        return Ok(Format::Csv);
    }
    let lines = || start.lines().take(LOOKED_AT);
    if first.starts_with('#') && trace::is_header(lines()) || trace::is_row(first) {
        return Ok(Format::Trace);
    }
    if lines().any(ping::is_ours) {
        return Ok(Format::Ping);
    }
    if lines().any(fping::is_ours) {
        return Ok(Format::Fping);
    }
    Err(LogError::whole(Problem::Unknown))
}

/// The lines of a text with their numbers from 1 on, or the first that is too long.
fn numbered(text: &str) -> impl Iterator<Item = Result<(usize, &str), LogError>> {
    (1..).zip(text.lines()).map(|(number, line)| {
        if line.len() > MAX_LINE_BYTES {
            return Err(LogError::at(number, Problem::LongLine));
        }
        Ok((number, line.trim_end()))
    })
}

#[cfg(test)]
mod tests;
