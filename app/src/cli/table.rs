//! `evenkeel table`: the figures of recordings side by side, from files or from probes sent now. The
//! reading is in `logs`, the table in `export`, the probing in [`ping`](super::ping).

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::args::TableArgs;
use super::deliver::{self, Delivery};
use super::exit::{Exit, Failure};
use super::out::escaped;
use super::{helper, ping};
use crate::logs::{self, MAX_PROBES, MAX_SERIES, Recording, Series, Timing};
use crate::words::{Key, Language, Words};

/// Shows the table.
///
/// # Errors
/// [`Exit::Usage`] with the file, the line and what is wrong with it; [`Exit::Failed`] when a file
/// cannot be read or written, or a target cannot be probed.
pub fn run(args: &TableArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let words = Words::new(Language::of_system());
    let gathered = if args.ping.is_empty() {
        from_files(&args.files, &words)?
    } else {
        let wanted = ping::Wanted {
            targets: args.ping.clone(),
            count: args.count,
            interval_ms: args.interval_ms,
        };
        let series = helper::runtime()?.block_on(ping::probe(&wanted))?;
        Gathered {
            title: args.ping.join(", "),
            ..Gathered::of_probes(series)
        }
    };
    let delivery = Delivery {
        title: &gathered.title,
        series: &gathered.series,
        started_unix_ms: gathered.started_unix_ms,
        one_after_the_other: gathered.files > 1,
        lead: Vec::new(),
        notes: gathered.notes,
    };
    deliver::files(&delivery, &args.deliver, args.json.as_deref(), &words)?;
    deliver::print(&delivery, &args.deliver, &words, out)
}

/// Series from wherever they come.
#[derive(Default)]
pub struct Gathered {
    /// What they are, in a line.
    pub title: String,
    /// The series.
    pub series: Vec<Series>,
    /// When the first probe was sent, where that is known.
    pub started_unix_ms: Option<u64>,
    /// How many files they come from.
    pub files: usize,
    /// What must be said about them.
    pub notes: Vec<String>,
}

impl Gathered {
    /// Series that were measured now.
    pub fn of_probes((series, started_unix_ms): (Vec<Series>, u64)) -> Self {
        Self {
            series,
            started_unix_ms: Some(started_unix_ms),
            ..Self::default()
        }
    }
}

/// All series of all files. Series of several files carry the file's name.
///
/// # Errors
/// As [`run`].
pub fn from_files(files: &[impl AsRef<Path>], words: &Words) -> Result<Gathered, Failure> {
    let mut gathered = Gathered {
        files: files.len(),
        ..Gathered::default()
    };
    let mut titles = Vec::new();
    for path in files {
        let path = path.as_ref();
        let recording = read(path)?;
        let file = file_name(path);
        let alone = recording.series.len() == 1;
        let left_out = |name: &String| {
            let name = if files.len() > 1 {
                format!("{file}: {name}")
            } else {
                name.clone()
            };
            words.tell(Key::TableLeftOut, [("name", name.into())])
        };
        gathered
            .notes
            .extend(recording.left_out.iter().map(left_out));
        for mut series in recording.series {
            if files.len() > 1 {
                let name = if alone {
                    file.clone()
                } else {
                    format!("{file}: {}", series.name)
                };
                series.name = distinct(&name, &gathered.series);
            }
            gathered
                .notes
                .extend(note(&series, recording.timing, words));
            gathered.series.push(series);
        }
        gathered.started_unix_ms = recording.started_unix_ms.filter(|_| files.len() == 1);
        titles.push(file);
    }
    let probes: usize = gathered
        .series
        .iter()
        .map(|series| series.probes.len())
        .sum();
    if gathered.series.len() > MAX_SERIES || probes > MAX_PROBES {
        let message = format!(
            "that is too much for one table: {MAX_SERIES} series and {MAX_PROBES} probes at the most"
        );
        return Err(Failure::new(Exit::Usage, message));
    }
    gathered.title = titles.join(", ");
    Ok(gathered)
}

/// The name, with a number where another series has it already.
fn distinct(name: &str, known: &[Series]) -> String {
    let plain = Series::named(name).name;
    let taken = |name: &String| known.iter().any(|series| series.name == *name);
    let numbered = (2..).map(|number| format!("{plain} ({number})"));
    let mut names = std::iter::once(plain.clone()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or_default()
}

fn note(series: &Series, timing: Timing, words: &Words) -> Option<String> {
    let name = series.name.clone().into();
    if series.told.is_some() && series.probes.is_empty() {
        return Some(words.tell(Key::TableAverages, [("name", name)]));
    }
    (timing == Timing::Assumed).then(|| words.tell(Key::TableNoTimes, [("name", name)]))
}

fn file_name(path: &Path) -> String {
    if path == OsStr::new("-") {
        return "-".to_owned();
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// What a path is called in an error.
pub fn shown(path: &Path) -> String {
    if path == OsStr::new("-") {
        "standard input".to_owned()
    } else {
        escaped(&path.to_string_lossy()).into_owned()
    }
}

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// With the file's name.
pub fn text(path: &Path) -> Result<String, Failure> {
    let name = shown(path);
    let read = if path == OsStr::new("-") {
        logs::read(io::stdin().lock())
    } else {
        let failed = |error| Failure::new(Exit::Failed, format!("{name} cannot be read: {error}"));
        logs::read(File::open(path).map_err(failed)?)
    };
    read.map_err(|error| failure(&error, &name))
}

/// The recording in a file.
///
/// # Errors
/// With the file's name, and the line that does not fit.
pub fn read(path: &Path) -> Result<Recording, Failure> {
    logs::parse(&text(path)?).map_err(|error| failure(&error, &shown(path)))
}

/// How a recording that is none ends a command.
pub fn failure(error: &logs::LogError, name: &str) -> Failure {
    let exit = if error.is_unreadable() {
        Exit::Failed
    } else {
        Exit::Usage
    };
    Failure::new(exit, error.about(name))
}
