//! What was measured, as files: where they go and what they are called. There is no dialog, for a
//! gamepad has no keyboard: they go to the user's documents and pictures, else beside the program's
//! own data, and the screen says where. What is in them comes from `export`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::export::{Look, Picture, samples};
use crate::logs::Series;

/// Our folder in each of them.
const FOLDER: &str = "Evenkeel";
/// Files of one name, told apart by a number.
const MOST: u32 = 99;
/// Real pixels for a logical one in PNG files.
const PNG_SCALE: u8 = 2;
/// No such file of the desktop's is larger.
const MAX_USER_DIRS_BYTES: u64 = 64 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Every probe, for spreadsheets.
    Csv,
    /// Every probe, for programs.
    Json,
    /// The graphs, at any size.
    Svg,
    /// The graphs, to be posted.
    Png,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Svg, Self::Png];

    /// The end of the file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Svg => "svg",
            Self::Png => "png",
        }
    }

    const fn is_picture(self) -> bool {
        matches!(self, Self::Svg | Self::Png)
    }
}

/// A file to be written.
#[derive(Debug, Clone)]
pub struct Job {
    /// What it holds.
    pub format: Format,
    /// When the measurement began, in seconds since 1970.
    pub started_at: u64,
    /// The probes of both arms.
    pub series: Arc<[Series; 2]>,
    /// The graphs.
    pub picture: Picture,
    /// The graphs' colours.
    pub look: Look,
}

/// Writes it into the first of these folders that takes it, and returns the file. What is there
/// already stays.
///
/// # Errors
/// In words, when no folder takes it.
pub fn save(job: &Job, folders: &[PathBuf]) -> Result<PathBuf, String> {
    let bytes = bytes(job)?;
    let stem = format!("evenkeel-{}", stamp(job.started_at, &TimeZone::system()));
    let mut refused = "no home folder".to_owned();
    for folder in folders {
        match write(folder, &stem, job.format.ending(), &bytes) {
            Ok(path) => return Ok(path),
            Err(error) => refused = format!("{}: {error}", folder.display()),
        }
    }
    Err(refused)
}

fn bytes(job: &Job) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let started_ms = job.started_at.checked_mul(1_000);
    let written = match job.format {
        Format::Csv => samples::csv(&job.series[..], &mut out),
        Format::Json => samples::json(&job.series[..], started_ms, &mut out),
        Format::Svg => return Ok(job.picture.svg(job.look).into_bytes()),
        Format::Png => {
            let painted = job.picture.png(job.look, PNG_SCALE);
            return painted.map_err(|error| error.to_string());
        }
    };
    written.map(|()| out).map_err(|error| error.to_string())
}

/// Local date and time, to the second, as part of a file's name.
fn stamp(unix_s: u64, zone: &TimeZone) -> String {
    let seconds = i64::try_from(unix_s).unwrap_or(0);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d-%H%M%S")
        .to_string()
}

fn write(folder: &Path, stem: &str, ending: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    for number in 1..=MOST {
        let more = if number == 1 {
            String::new()
        } else {
            format!("-{number}")
        };
        let path = folder.join(format!("{stem}{more}.{ending}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let whole = file.write_all(bytes).and_then(|()| file.sync_all());
                // Half a file is worse than none.
                return match whole {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        let _ = fs::remove_file(&path);
                        Err(error)
                    }
                };
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there are too many files of that name"))
}

/// The file as it is shown: the home folder in short.
pub fn shown(path: &Path, home: Option<String>) -> String {
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    match below {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    }
}

/// The folders of this user for such a file, the best one first.
pub fn folders(format: Format) -> Vec<PathBuf> {
    let variable = |name: &str| std::env::var(name).ok();
    let told = config(&variable).and_then(|config| {
        let path = config.join("user-dirs.dirs");
        let small = fs::metadata(&path).is_ok_and(|it| it.len() <= MAX_USER_DIRS_BYTES);
        small.then(|| fs::read_to_string(path).ok())?
    });
    folders_of(format, &variable, told.as_deref(), Path::is_dir)
}

fn config(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    absolute(variable, "XDG_CONFIG_HOME")
        .or_else(|| absolute(variable, "HOME").map(|home| home.join(".config")))
}

fn absolute(variable: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(variable(name)?);
    path.is_absolute().then_some(path)
}

/// The same from plain values: the environment, what `user-dirs.dirs` holds, and which folders there
/// are.
fn folders_of(
    format: Format,
    variable: &dyn Fn(&str) -> Option<String>,
    user_dirs: Option<&str>,
    is_there: impl Fn(&Path) -> bool,
) -> Vec<PathBuf> {
    let home = absolute(variable, "HOME");
    let (key, usual) = if format.is_picture() {
        ("XDG_PICTURES_DIR", "Pictures")
    } else {
        ("XDG_DOCUMENTS_DIR", "Documents")
    };
    let told = user_dirs.and_then(|text| user_dir(text, key, home.as_deref()));
    let usual = home.as_ref().map(|home| home.join(usual));
    let shown = told
        .into_iter()
        .chain(usual)
        .filter(|path| is_there(path))
        .map(|path| path.join(FOLDER));
    let data = absolute(variable, "XDG_DATA_HOME")
        .or_else(|| home.as_ref().map(|home| home.join(".local/share")));
    let data = data.map(|data| data.join("evenkeel"));
    let mut all: Vec<PathBuf> = shown.chain(data).collect();
    all.dedup();
    all
}

/// The folder under a key of `user-dirs.dirs`; the home folder itself stands for none.
fn user_dir(text: &str, key: &str, home: Option<&Path>) -> Option<PathBuf> {
    let value = text.lines().rev().find_map(|line| {
        let value = line.trim().strip_prefix(key)?.trim_start();
        value
            .strip_prefix('=')?
            .trim()
            .strip_prefix('"')?
            .strip_suffix('"')
    })?;
    let path = match value.strip_prefix("$HOME") {
        Some(below) => home?.join(below.trim_start_matches('/')),
        None => PathBuf::from(value),
    };
    let none = home.is_some_and(|home| path == home || path == home.join(""));
    (path.is_absolute() && !none).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::{Curve, graph};
    use crate::logs::{self, Probe};
    use crate::words::{Language, Words};

    fn home(name: &str) -> Option<String> {
        (name == "HOME").then(|| "/home/player".to_owned())
    }

    fn paths(all: &[&str]) -> Vec<PathBuf> {
        all.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn files_go_where_the_user_keeps_such_files_and_else_beside_our_own() {
        let dirs =
            "# by the desktop\nXDG_DOCUMENTS_DIR=\"$HOME/문서\"\nXDG_PICTURES_DIR=\"/srv/p\"\n";
        let of = |format, dirs| folders_of(format, &home, dirs, |_| true);
        assert_eq!(
            of(Format::Csv, Some(dirs)),
            paths(&[
                "/home/player/문서/Evenkeel",
                "/home/player/Documents/Evenkeel",
                "/home/player/.local/share/evenkeel"
            ])
        );
        assert_eq!(
            of(Format::Png, Some(dirs))[0],
            PathBuf::from("/srv/p/Evenkeel")
        );
        // The home folder itself means that there is none.
        let none = of(Format::Png, Some("XDG_PICTURES_DIR=\"$HOME/\"\n"));
        assert_eq!(none[0], PathBuf::from("/home/player/Pictures/Evenkeel"));
        let bare = folders_of(Format::Json, &home, None, |_| false);
        assert_eq!(bare, paths(&["/home/player/.local/share/evenkeel"]));
        assert!(folders_of(Format::Json, &|_| None, None, |_| true).is_empty());
    }

    fn job(format: Format) -> Job {
        let series = ["one", "two"].map(|name| {
            let probe = |n: u64| Probe {
                sent_ns: n * 1_000_000,
                rtt_ns: (!n.is_multiple_of(9)).then_some(n * 100_000),
            };
            Series {
                probes: (0..50).map(probe).collect(),
                ..Series::named(name)
            }
        });
        let words = Words::new(Language::English);
        Job {
            format,
            started_at: 1_700_000_000,
            picture: graph::sheet("A test", &Curve::all(&series), &words),
            series: Arc::new(series),
            look: Look::Light,
        }
    }

    #[test]
    fn every_format_is_written_whole_and_what_is_there_stays() {
        let folder = std::env::temp_dir().join(format!("evenkeel-save-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        // The first folder cannot be one: its parent is a file.
        let blocked = folder.join("file");
        fs::create_dir_all(&folder).unwrap();
        fs::write(&blocked, "x").unwrap();
        let folders = [blocked.join("below"), folder.join("there")];
        for format in Format::ALL {
            let first = save(&job(format), &folders).unwrap();
            assert!(first.starts_with(folder.join("there")), "{first:?}");
            let name = first.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with("evenkeel-2023-11-1"), "{name}");
            assert!(name.ends_with(format.ending()), "{name}");
            let second = save(&job(format), &folders).unwrap();
            assert_ne!(first, second);
            assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
            let bytes = fs::read(&first).unwrap();
            match format {
                Format::Png => assert!(bytes.starts_with(b"\x89PNG")),
                Format::Svg => assert!(bytes.ends_with(b"</svg>\n")),
                Format::Csv | Format::Json => {
                    let text = String::from_utf8(bytes).unwrap();
                    assert_eq!(logs::parse(&text).unwrap().series.len(), 2);
                }
            }
        }
        let refused = save(&job(Format::Csv), &folders[..1]).unwrap_err();
        assert!(refused.contains("below"), "{refused}");
        assert!(save(&job(Format::Csv), &[]).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
