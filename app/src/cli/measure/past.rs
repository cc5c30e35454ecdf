//! The measurements that are kept, as a list, and one of them by its number in it. Where they are kept,
//! and what is in a file, is in `measure::history`.

use std::io::Write;

use evenkeel_dbus::{BUS_NAME, Helper1Proxy};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::unistd::Uid;
use serde::Serialize;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use super::report::Judged;
use super::told::{self, Names};
use crate::cli::exit::{Exit, Failure};
use crate::cli::out::{json, table};
use crate::cli::{complain, helper};
use crate::measure::history::{self, FileError, History, Kept};
use crate::measure::{Found, Snapshot};
use crate::state::HelperState;
use crate::words::{Language, Words};

/// Raised only when a field changes its meaning or goes away.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct List {
    /// Always [`SCHEMA`].
    schema: u32,
    measurements: Vec<Line>,
    /// Files that cannot be used, and why.
    damaged: Vec<Damaged>,
}

#[derive(Serialize)]
struct Line {
    /// What `--show` takes; 1 is the newest.
    number: usize,
    /// What its file is called.
    id: String,
    /// What the arms are called.
    arms: [String; 2],
    #[serde(flatten)]
    judged: Judged,
}

#[derive(Serialize)]
struct Damaged {
    number: usize,
    file: String,
    error: String,
}

/// The user's history.
///
/// # Errors
/// Where there is no home folder.
pub fn folder() -> Result<History, Failure> {
    let history = History::of_user(|name| std::env::var(name).ok());
    let why = "no measurement is kept: neither XDG_STATE_HOME nor HOME names a folder";
    history.ok_or_else(|| Failure::new(Exit::Failed, why))
}

/// Keeps a measurement that has ended, and whatever else ended with nobody there. That it cannot be
/// kept is told and no failure: the measurement itself is shown all the same.
pub async fn keep(helper: &Helper1Proxy<'_>, snapshot: &Snapshot, found: &Found, names: &Names) {
    let Ok(history) = folder() else { return };
    let uid = Uid::current().as_raw();
    let kept = if snapshot.owner == uid {
        history::keep_off(&history, snapshot, found, names.uplinks()).await
    } else {
        Ok(None)
    };
    let told = match kept {
        Ok(_) => history::gather(helper, &history, uid).await.map(drop),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = told {
        complain(&error.to_string());
    }
}

/// Keeps what ended with nobody there, where a helper runs that could know of any, and returns what is in
/// force. A helper that does not run is not started: it would remember nothing.
pub async fn gather(history: &History) -> Option<HelperState> {
    let helper = helper::connect().await.ok()?;
    let running = async {
        let bus = DBusProxy::new(helper.inner().connection()).await?;
        bus.name_has_owner(BusName::try_from(BUS_NAME)?).await
    };
    if !running.await.unwrap_or(false) {
        return None;
    }
    let uid = Uid::current().as_raw();
    if let Err(error) = history::gather(&helper, history, uid).await {
        complain(&error.to_string());
    }
    HelperState::read(&helper).await.ok()
}

/// Lists what is kept and returns the exit code: a file that cannot be used is a failure, told behind
/// the others.
///
/// # Errors
/// When the folder cannot be read, or `out` not be written.
pub async fn list(as_json: bool, out: &mut dyn Write) -> Result<u8, Failure> {
    let history = folder()?;
    let state = gather(&history).await;
    let all = history.list().map_err(|error| failed(&error))?;
    let numbered = || (1..).zip(&all);
    let whole: Vec<(usize, &Kept)> = numbered()
        .filter_map(|(number, one)| Some((number, one.as_ref().ok()?)))
        .collect();
    let damaged: Vec<(usize, &FileError)> = numbered()
        .filter_map(|(number, one)| Some((number, one.as_ref().err()?)))
        .collect();
    if as_json {
        let words = Words::new(Language::English);
        let line = |(number, kept): &(usize, &Kept)| {
            let names = Names::known(&kept.uplinks);
            Line {
                number: *number,
                id: kept.id.to_string(),
                arms: names.arms(&kept.snapshot, &words),
                judged: Judged::of(&kept.snapshot, (&names, state.as_ref()), &words),
            }
        };
        let error = |(number, error): &(usize, &FileError)| Damaged {
            number: *number,
            file: error.path.display().to_string(),
            error: error.to_string(),
        };
        let list = List {
            schema: SCHEMA,
            measurements: whole.iter().map(line).collect(),
            damaged: damaged.iter().map(error).collect(),
        };
        writeln!(out, "{}", json(&list)?)?;
    } else if all.is_empty() {
        writeln!(
            out,
            "Nothing was measured yet. `evenkeel measure --game-mode` begins."
        )?;
    } else {
        let words = Words::new(Language::of_system());
        out.write_all(lines(&whole, &TimeZone::system(), &words).as_bytes())?;
    }
    out.flush()?;
    for (number, error) in &damaged {
        complain(&format!("number {number}: {error}"));
    }
    Ok(if damaged.is_empty() {
        Exit::Ok.code()
    } else {
        Exit::Failed.code()
    })
}

fn lines(whole: &[(usize, &Kept)], zone: &TimeZone, words: &Words) -> String {
    if whole.is_empty() {
        return String::new();
    }
    let mut rows = Vec::new();
    for (number, kept) in whole {
        let names = Names::known(&kept.uplinks);
        let [a, b] = names.arms(&kept.snapshot, words);
        let [verdict, spread, pairs] = told::short(&kept.snapshot, words);
        let when = when(kept.snapshot.started_at, zone);
        let arms = format!("{a} / {b}");
        rows.push(vec![number.to_string(), when, arms, verdict, spread, pairs]);
    }
    table(&rows, &[0, 5])
}

fn when(unix_s: u64, zone: &TimeZone) -> String {
    let seconds = i64::try_from(unix_s).ok();
    let at = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    at.map_or_else(
        || "-".to_owned(),
        |at| {
            let at = at.to_zoned(zone.clone());
            at.strftime("%Y-%m-%d %H:%M").to_string()
        },
    )
}

/// The measurement of this number in the list; 1 is the newest.
///
/// # Errors
/// When there is none, or its file cannot be used.
pub fn open(history: &History, number: u32) -> Result<(Kept, Found), Failure> {
    let all = history.list().map_err(|error| failed(&error))?;
    let count = all.len();
    let Some(one) = all.into_iter().nth(number.saturating_sub(1) as usize) else {
        return Err(if count == 0 {
            let none = "nothing was measured yet; `evenkeel measure --game-mode` begins";
            Failure::new(Exit::Failed, none)
        } else {
            let many = format!(
                "there is no measurement {number}; `evenkeel measure --history` lists {count}"
            );
            Failure::new(Exit::Usage, many)
        });
    };
    let kept = one.map_err(|error| failed(&error))?;
    history.open(&kept.id).map_err(|error| failed(&error))
}

fn failed(error: &FileError) -> Failure {
    Failure::new(Exit::Failed, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::judged;
    use evenkeel_core::ab::Verdict;
    use evenkeel_dbus::measurement::Subject;

    fn history() -> History {
        let folder = std::env::temp_dir().join(format!("evenkeel-past-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        History::at(folder)
    }

    #[test]
    fn the_list_is_numbered_from_the_newest_and_a_number_opens_what_it_stands_for() {
        let history = history();
        let sentence = |failure: Failure| failure.sentence().unwrap_or_default();
        let none = sentence(open(&history, 1).unwrap_err());
        assert!(none.contains("nothing was measured yet"), "{none}");
        for (place, verdict) in [Verdict::Better, Verdict::NoDifference]
            .into_iter()
            .enumerate()
        {
            let mut snapshot = judged(verdict);
            snapshot.started_at += 86_400 * place as u64;
            if place == 1 {
                snapshot.plan.subject = Subject::Uplinks.to_wire();
                (snapshot.plan.a, snapshot.plan.b) = (3, 4);
            }
            let names = [(3, "wlan0".to_owned()), (4, "usb0".to_owned())].into();
            let kept = history.keep(&snapshot, &Found::default(), &names);
            assert!(matches!(kept, Ok(Some(_))), "{kept:?}");
        }
        let all: Vec<Kept> = history.list().unwrap().into_iter().flatten().collect();
        let numbered: Vec<(usize, &Kept)> = (1..).zip(&all).collect();
        assert_eq!(
            lines(&numbered, &TimeZone::UTC, &Words::new(Language::English)),
            "1  2023-11-15 22:13  wlan0 / usb0                  no difference shown  45% less  20\n\
             2  2023-11-14 22:13  game mode off / game mode on  better               45% less  20\n"
        );
        let (second, _) = open(&history, 2).unwrap();
        assert_eq!(second.snapshot, {
            let mut expected = judged(Verdict::Better);
            expected.progress.blocks_done = 0;
            expected
        });
        let third = sentence(open(&history, 3).unwrap_err());
        assert!(third.contains("lists 2"), "{third}");
    }
}
