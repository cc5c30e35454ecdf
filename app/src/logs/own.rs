//! Evenkeel's own recordings, as `evenkeel table --csv` and `--json` write them. The format stands in
//! docs/RECORDINGS.md; writing is in `export::samples`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::decimal;
use super::error::{LogError, Problem};
use super::json::{Bounded, Ms, parse as parse_value};
use super::{Format, MAX_PROBES, MAX_SERIES, Probe, Recording, Series, Timing, numbered};

/// The first line of our CSV; a fourth column `block` may follow.
pub const CSV_HEADER: &str = "series,sent_ms,rtt_ms";
/// What `format` says in our JSON.
pub const JSON_FORMAT: &str = "evenkeel-samples";
/// What `version` says there. Raised only when a field changes its meaning or goes away.
pub const JSON_VERSION: u32 = 1;

/// True for the first line of our CSV.
pub fn is_header(line: &str) -> bool {
    blocks(line).is_some()
}

/// Whether the header has the column of blocks; `None` when it is no header.
fn blocks(line: &str) -> Option<bool> {
    match line.strip_prefix(CSV_HEADER)? {
        "" => Some(false),
        ",block" => Some(true),
        _ => None,
    }
}

/// Reads our CSV.
///
/// # Errors
/// [`LogError`] with the first line that does not fit.
pub fn parse_csv(text: &str) -> Result<Recording, LogError> {
    let mut series: Vec<Series> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut with_blocks = None;
    let mut total = 0;
    for line in numbered(text) {
        let (number, line) = line?;
        if line.is_empty() {
            continue;
        }
        if with_blocks.is_none() {
            with_blocks = blocks(line);
            if with_blocks.is_none() {
                return Err(LogError::line(Format::Csv, number, line));
            }
            continue;
        }
        let row = row(line, with_blocks == Some(true));
        let (name, probe, block) = row.ok_or_else(|| LogError::line(Format::Csv, number, line))?;
        total += 1;
        if total > MAX_PROBES {
            return Err(LogError::at(number, Problem::TooManyProbes));
        }
        let place = match places.get(&name) {
            Some(place) => *place,
            None if series.len() == MAX_SERIES => {
                return Err(LogError::at(number, Problem::TooManySeries));
            }
            None => {
                let _ = places.insert(name.clone(), series.len());
                series.push(Series::named(&name));
                series.len() - 1
            }
        };
        series[place].probes.push(probe);
        series[place].blocks.extend(block);
    }
    if series.is_empty() {
        let advice = "only its header is there";
        return Err(LogError::whole(Problem::NoProbes(Format::Csv, advice)));
    }
    Ok(Recording {
        format: Format::Csv,
        timing: Timing::Recorded,
        started_unix_ms: None,
        series,
        left_out: Vec::new(),
    })
}

fn row(line: &str, with_block: bool) -> Option<(String, Probe, Option<u32>)> {
    let (name, rest) = name(line)?;
    let mut fields = rest.split(',');
    let sent_ns = decimal::ms(fields.next()?.trim())?;
    let rtt_ns = match fields.next()?.trim() {
        "" => None,
        rtt => Some(decimal::ms(rtt)?),
    };
    let block = if with_block {
        Some(fields.next()?.trim().parse().ok()?)
    } else {
        None
    };
    let end = fields.next().is_none();
    end.then_some((name, Probe { sent_ns, rtt_ns }, block))
}

/// The first field, quoted or not, and what follows its comma.
fn name(line: &str) -> Option<(String, &str)> {
    let Some(mut rest) = line.strip_prefix('"') else {
        let (name, rest) = line.split_once(',')?;
        return Some((name.to_owned(), rest));
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        name.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                name.push('"');
                rest = after;
            }
            None => return Some((name, after.strip_prefix(',')?)),
        }
    }
}

#[derive(Deserialize)]
struct File {
    format: String,
    version: u32,
    started_unix_ms: Option<u64>,
    series: Bounded<One>,
}

#[derive(Deserialize)]
struct One {
    name: String,
    sent_ms: Bounded<Ms>,
    rtt_ms: Bounded<Option<Ms>>,
    #[serde(default)]
    block: Bounded<u32>,
}

/// Reads our JSON.
///
/// # Errors
/// [`LogError`] where it does not fit.
pub fn parse_json(text: &str) -> Result<Recording, LogError> {
    let file: File = parse_value(Format::Json, text)?;
    let wrong = |said: String| LogError::whole(Problem::Json(Some(Format::Json), said));
    if file.format != JSON_FORMAT {
        return Err(LogError::whole(Problem::Unknown));
    }
    if file.version != JSON_VERSION {
        let version = file.version;
        return Err(wrong(format!(
            "it is of version {version}, this program reads version {JSON_VERSION}"
        )));
    }
    let all = file.series.0;
    if all.len() > MAX_SERIES {
        return Err(LogError::whole(Problem::TooManySeries));
    }
    if all.iter().map(|one| one.sent_ms.0.len()).sum::<usize>() > MAX_PROBES {
        return Err(LogError::whole(Problem::TooManyProbes));
    }
    let mut series = Vec::new();
    for one in all {
        let (sent, rtts, blocks) = (one.sent_ms.0, one.rtt_ms.0, one.block.0);
        if sent.len() != rtts.len() || !blocks.is_empty() && blocks.len() != sent.len() {
            let mut said = format!("{} times, but {} round trips", sent.len(), rtts.len());
            if !blocks.is_empty() {
                said = format!("{said} and {} blocks", blocks.len());
            }
            return Err(wrong(said));
        }
        let mut named = Series::named(&one.name);
        let probes = sent.into_iter().zip(rtts);
        named.probes = probes
            .map(|(sent, rtt)| Probe {
                sent_ns: sent.0,
                rtt_ns: rtt.map(|rtt| rtt.0),
            })
            .collect();
        named.blocks = blocks;
        if !named.probes.is_empty() {
            series.push(named);
        }
    }
    if series.is_empty() {
        let advice = "all of its series are empty";
        return Err(LogError::whole(Problem::NoProbes(Format::Json, advice)));
    }
    Ok(Recording {
        format: Format::Json,
        timing: Timing::Recorded,
        started_unix_ms: file.started_unix_ms,
        series,
        left_out: Vec::new(),
    })
}
