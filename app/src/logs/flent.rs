//! `.flent` files: the ping series of a test. Round trips as the probing program told them where the
//! file has them, else flent's own even rows, in which a gap is not known to be a loss and is left out.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::decimal;
use super::error::{LogError, Problem};
use super::json::{Bounded, Ms, parse as parse_json};
use super::pace::Pace;
use super::{Format, MAX_PROBES, MAX_SERIES, Probe, Recording, Series, Timing};

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    version: u64,
    #[serde(default)]
    raw_values: Pings<Raw>,
    #[serde(default)]
    results: Pings<Option<Ms>>,
    #[serde(default)]
    x_values: Bounded<f64>,
}

/// From this version on also unnumbered lines are round trips, not rates.
const TIMES_SINCE: u64 = 4;

/// One line of the probing program; a lost probe has no `val`.
#[derive(Deserialize)]
struct Raw {
    t: Option<f64>,
    val: Option<f64>,
    seq: Option<f64>,
}

/// The series of a map that are pings; what else was measured is skipped.
struct Pings<T>(BTreeMap<String, Bounded<T>>);

impl<T> Default for Pings<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Pings<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Map(std::marker::PhantomData))
    }
}

struct Map<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
    type Value = Pings<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("series by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut pings = BTreeMap::new();
        while let Some(name) = entries.next_key::<String>()? {
            // The average is worked out from the others.
            let is_ping = name.starts_with("Ping") && !name.ends_with(" avg");
            if is_ping && pings.len() <= MAX_SERIES {
                let _ = pings.insert(name, entries.next_value()?);
            } else {
                let _: IgnoredAny = entries.next_value()?;
            }
        }
        Ok(Pings(pings))
    }
}

/// Reads a flent file.
///
/// # Errors
/// [`LogError`] where it does not fit, or without any ping series.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let file: File = parse_json(Format::Flent, text)?;
    let mut series = Vec::new();
    let mut started_ns: Option<u64> = None;
    let mut left_out = Vec::new();
    for (name, raw) in &file.raw_values.0 {
        let Some(probes) = probes(&raw.0, file.version >= TIMES_SINCE)? else {
            if !raw.0.is_empty() {
                left_out.push(Series::named(name).name);
            }
            continue;
        };
        let mut one = Series::named(name);
        let first_ns = probes.iter().map(|probe| probe.sent_ns).min();
        started_ns = started_ns.into_iter().chain(first_ns).min();
        one.probes = probes;
        series.push(one);
    }
    // Times of two kinds do not go together.
    if series.is_empty() {
        left_out.clear();
        for (name, rows) in &file.results.0 {
            let mut one = Series::named(name);
            one.probes = evenly(&file.x_values.0, &rows.0);
            if !one.probes.is_empty() {
                series.push(one);
            }
        }
    }
    if series.len() > MAX_SERIES {
        return Err(LogError::whole(Problem::TooManySeries));
    }
    if series.is_empty() {
        let advice = "only its series \"Ping ...\" are read";
        return Err(LogError::whole(Problem::NoProbes(Format::Flent, advice)));
    }
    Ok(Recording {
        format: Format::Flent,
        timing: Timing::Recorded,
        started_unix_ms: started_ns.map(|ns| ns / 1_000_000),
        series,
        left_out,
    })
}

/// The probes of a program, those whose numbers are missing lost; `None` when it told rates.
fn probes(raw: &[Raw], are_times: bool) -> Result<Option<Vec<Probe>>, LogError> {
    let numbered = raw.iter().all(|line| line.seq.is_some());
    if !numbered && !are_times {
        return Ok(None);
    }
    let mut told: Vec<(i64, u64, Option<u64>)> = Vec::new();
    for (place, line) in raw.iter().enumerate() {
        let number = line.seq.unwrap_or(place as f64);
        let at_ns = line.t.and_then(|seconds| decimal::ms_of(seconds * 1000.0));
        let rtt_ns = line.val.map(|ms| decimal::ms_of(ms).ok_or(()));
        let (Some(at_ns), Ok(rtt_ns), 0.0..1e15) = (at_ns, rtt_ns.transpose(), number) else {
            let said = format!("probe {number} has no time, or a round trip that is none");
            return Err(LogError::whole(Problem::Json(Some(Format::Flent), said)));
        };
        // The time is that of the answer; that of a lost one is when it was sent.
        let sent_ns = at_ns.saturating_sub(rtt_ns.unwrap_or(0));
        told.push((number as i64, sent_ns, rtt_ns));
    }
    told.sort_unstable_by_key(|(number, sent_ns, rtt_ns)| (*number, rtt_ns.is_none(), *sent_ns));
    told.dedup_by_key(|(number, ..)| *number);
    let (Some(first), Some(last)) = (told.first(), told.last()) else {
        return Ok(None);
    };
    let numbers = first.0..=last.0;
    if numbers.end() - numbers.start() >= MAX_PROBES as i64 {
        return Err(LogError::whole(Problem::TooManyProbes));
    }
    let known = told.iter().map(|(number, sent_ns, _)| (*number, *sent_ns));
    let pace = Pace::of(known.collect(), None, 0);
    let mut told = told.into_iter().peekable();
    let probe = |number| {
        let line = told.next_if(|(known, ..)| *known == number);
        Probe {
            sent_ns: line.map_or_else(|| pace.at(number), |(_, sent_ns, _)| sent_ns),
            rtt_ns: line.and_then(|(_, _, rtt_ns)| rtt_ns),
        }
    };
    Ok(Some(numbers.map(probe).collect()))
}

/// flent's own rows, where they hold something.
fn evenly(seconds: &[f64], rows: &[Option<Ms>]) -> Vec<Probe> {
    let at_ns = |seconds: &f64| decimal::ms_of(seconds * 1000.0);
    let rows = seconds.iter().zip(rows);
    rows.filter_map(|(seconds, rtt)| {
        Some(Probe {
            sent_ns: at_ns(seconds)?,
            rtt_ns: Some((*rtt)?.0),
        })
    })
    .collect()
}
