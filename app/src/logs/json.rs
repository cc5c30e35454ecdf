//! What the JSON formats share: which one it is, numbers that must be times, lists with a limit, and
//! errors with their line.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

use super::decimal;
use super::error::{LogError, Problem, shown};
use super::{Format, MAX_PROBES};

/// The keys that tell whose file it is.
#[derive(serde::Deserialize)]
struct Keys {
    format: Option<IgnoredAny>,
    report: Option<IgnoredAny>,
    round_trips: Option<IgnoredAny>,
    raw_values: Option<IgnoredAny>,
    results: Option<IgnoredAny>,
}

/// Whose file it is.
///
/// # Errors
/// JSON that breaks off, or of nobody we know.
pub fn detect(text: &str) -> Result<Format, LogError> {
    let keys: Keys = serde_json::from_str(text).map_err(|error| of(None, &error))?;
    if keys.format.is_some() {
        Ok(Format::Json)
    } else if keys.round_trips.is_some() {
        Ok(Format::Irtt)
    } else if keys.raw_values.is_some() || keys.results.is_some() {
        Ok(Format::Flent)
    } else if keys.report.is_some() {
        Ok(Format::Mtr)
    } else {
        Err(LogError::whole(Problem::Unknown))
    }
}

/// All of a text as `T`.
///
/// # Errors
/// With the line where it does not fit.
pub fn parse<'a, T: Deserialize<'a>>(format: Format, text: &'a str) -> Result<T, LogError> {
    serde_json::from_str(text).map_err(|error| of(Some(format), &error))
}

fn of(format: Option<Format>, error: &serde_json::Error) -> LogError {
    let said = error.to_string();
    // The place is told by us, and what is quoted may be long or upset a terminal.
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(said, _)| said);
    let said = said.chars().take(120).collect::<String>();
    LogError {
        line: Some(error.line()).filter(|line| *line > 0),
        problem: Problem::Json(format, plain(&said)),
    }
}

fn plain(said: &str) -> String {
    let control = |c: char| c.is_control();
    if said.contains(control) {
        shown(said)
    } else {
        said.to_owned()
    }
}

/// Milliseconds in a file, nanoseconds here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ms(pub u64);

impl<'de> Deserialize<'de> for Ms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        let ns = decimal::ms_of(value);
        ns.map(Self)
            .ok_or_else(|| de::Error::custom(format_args!("{value} is no time in milliseconds")))
    }
}

/// A list of at most [`MAX_PROBES`].
#[derive(Debug, Clone)]
pub struct Bounded<T>(pub Vec<T>);

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Bounded<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX_PROBES {
                return Err(de::Error::custom(format_args!(
                    "more than {MAX_PROBES} probes; cut it into parts"
                )));
            }
            list.push(item);
        }
        Ok(Bounded(list))
    }
}
