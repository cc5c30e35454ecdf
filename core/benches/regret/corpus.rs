//! The recorded series a benchmark walks over: where they are, and which belong together. It judges
//! none of them.

use evenkeel_core::steer::Period;
use evenkeel_core::trace::{MAX_TEXT_BYTES, Series};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The environment variable that names a directory of series.
const DIRECTORY: &str = "EVENKEEL_TRACES";
/// Where they lie otherwise, seen from this crate.
const BESIDE: &str = "../../shared/traces";
/// The few this crate brings along.
const FIXTURES: &str = "tests/traces";

/// One series and its place among the others.
pub struct Recording {
    /// The file's name without its endings.
    pub name: String,
    /// The first word of its family: `R1` and so on for real ones, `S1` for generated ones.
    pub family: String,
    /// Whether it was measured rather than generated.
    pub real: bool,
    pub series: Series,
    /// The shortest supported probe period at or above `at_least_ms` and the series' step.
    pub period: Period,
}

/// The directory to read. Says so when it is only the fallback.
pub fn directory() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted = std::env::var_os(DIRECTORY).map_or_else(|| here.join(BESIDE), PathBuf::from);
    if wanted.is_dir() {
        return wanted;
    }
    println!(
        "NOTE: there is no directory {}; set {DIRECTORY} to one with series. What follows is over \
         the few series of this repository, so its means compare with nothing.\n",
        wanted.display()
    );
    here.join(FIXTURES)
}

/// Every `.csv.gz` of a directory, in the order of families and names.
pub fn read(directory: &Path, at_least_ms: u32) -> Vec<Recording> {
    let mut recordings: Vec<Recording> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?.strip_suffix(".csv.gz")?;
            Some(recording(&path, name, at_least_ms))
        })
        .collect();
    assert!(
        !recordings.is_empty(),
        "no .csv.gz in {}",
        directory.display()
    );
    recordings.sort_by_key(|one| (!one.real, number(&one.family), one.name.clone()));
    recordings
}

/// `S10` comes after `S9`, and `R1b` after `R1`.
fn number(family: &str) -> (u32, String) {
    let digits: String = family.chars().filter(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u32::MAX), family.to_owned())
}

fn recording(path: &Path, name: &str, at_least_ms: u32) -> Recording {
    let series = Series::parse(&unpack(path))
        .unwrap_or_else(|problem| panic!("{}: {problem}", path.display()));
    let family = series.family().split(' ').next().unwrap_or("").to_owned();
    let needed = at_least_ms.max(series.step_ms());
    let period = Period::ALL_MS
        .into_iter()
        .find(|ms| u32::from(*ms) >= needed)
        .unwrap_or_else(|| panic!("{}: no period for a step of {needed} ms", path.display()));
    Recording {
        name: name.to_owned(),
        real: !family.starts_with('S'),
        family,
        period: Period::from_ms(period.into()).unwrap(),
        series,
    }
}

fn unpack(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .take(MAX_TEXT_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    text
}
