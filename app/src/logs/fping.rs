//! What `fping` prints: a line per answer (-c, -l), with the time before it (-D), or a line per
//! target at the end (-C). Pure.

use super::decimal;
use super::error::{LogError, Problem};
use super::pace::Pace;
use super::{Format, MAX_PROBES, MAX_SERIES, Probe, Recording, Series, Timing, numbered};

/// How other lines begin.
const ASIDE: [&str; 4] = ["ICMP ", "fping: ", "^C", "Warning"];

/// True for a line that only fping prints.
pub fn is_ours(line: &str) -> bool {
    match said(line) {
        Some(Said::Probe { .. } | Said::All { .. }) => true,
        Some(Said::Aside) => line.contains("xmt/rcv/%loss"),
        None => false,
    }
}

enum Said<'a> {
    /// One probe.
    Probe {
        host: &'a str,
        number: i64,
        stamp_ns: Option<u64>,
        rtt_ns: Option<u64>,
    },
    /// All of a target's round trips.
    All { host: &'a str, times: &'a str },
    /// Nothing about a probe.
    Aside,
}

/// What a line says, `None` when fping would not print it.
fn said(line: &str) -> Option<Said<'_>> {
    let aside = line.is_empty() || ASIDE.iter().any(|start| line.starts_with(start));
    if aside || line.contains(" : duplicate for ") || line.contains("xmt/rcv/%loss") {
        return Some(Said::Aside);
    }
    let (stamp, rest) = match line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
    {
        Some((stamp, rest)) => (Some(stamp), rest),
        None => (None, line),
    };
    // The head of -Q's interim figures: a time of day alone.
    if line.starts_with('[') && line.ends_with(']') && line.contains(':') {
        return Some(Said::Aside);
    }
    let stamp_ns = stamp.map(|stamp| decimal::seconds(stamp).ok_or(()));
    let stamp_ns = stamp_ns.transpose().ok()?;
    let (host, after) = rest.split_once(" : ")?;
    let host = host.trim_end();
    let Some((number, outcome)) = after.strip_prefix('[').and_then(|a| a.split_once("], ")) else {
        let time = |word: &str| word == "-" || decimal::ms(word).is_some();
        let mut words = after.split_whitespace().peekable();
        let all = words.peek().is_some() && words.all(time) && stamp.is_none();
        return all.then_some(Said::All { host, times: after });
    };
    let number = i64::from(number.trim().parse::<u32>().ok()?);
    let rtt_ns = if outcome.starts_with("timed out") {
        None
    } else {
        let (_, time) = outcome.split_once(" bytes, ")?;
        let (time, _) = time.split_once(" ms")?;
        Some(decimal::ms(time)?)
    };
    Some(Said::Probe {
        host,
        number,
        stamp_ns,
        rtt_ns,
    })
}

/// What is known of one target.
struct Target {
    name: String,
    /// Number, time and outcome, in the order they were printed.
    entries: Vec<(i64, Option<u64>, Option<u64>)>,
    /// The round trips of -C's last line.
    all: Vec<Option<u64>>,
}

/// Reads the output of fping.
///
/// # Errors
/// [`LogError`] at the first line fping would not print, or without any probe.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let mut targets: Vec<Target> = Vec::new();
    let (mut total, mut begun) = (0, false);
    for line in numbered(text) {
        let (number, line) = line?;
        let Some(said) = said(line) else {
            if begun {
                return Err(LogError::line(Format::Fping, number, line));
            }
            continue;
        };
        let (Said::Probe { host, .. } | Said::All { host, .. }) = &said else {
            continue;
        };
        begun = true;
        let place = targets.iter().position(|target| target.name == *host);
        let place = place.unwrap_or(targets.len());
        if place == MAX_SERIES {
            return Err(LogError::at(number, Problem::TooManySeries));
        }
        if place == targets.len() {
            targets.push(Target {
                name: (*host).to_owned(),
                entries: Vec::new(),
                all: Vec::new(),
            });
        }
        let target = &mut targets[place];
        match said {
            Said::Probe {
                number,
                stamp_ns,
                rtt_ns,
                ..
            } => {
                total += 1;
                target.entries.push((number, stamp_ns, rtt_ns));
            }
            Said::All { times, .. } => {
                let times = times.split_whitespace().map(decimal::ms);
                let before = target.all.len();
                target.all.extend(times.take(MAX_PROBES + 1));
                total += target.all.len() - before;
            }
            Said::Aside => {}
        }
        if total > MAX_PROBES {
            return Err(LogError::at(number, Problem::TooManyProbes));
        }
    }
    finish(targets)
}

fn finish(targets: Vec<Target>) -> Result<Recording, LogError> {
    let stamped = |target: &Target| target.entries.iter().any(|(_, stamp, _)| stamp.is_some());
    let recorded = targets.iter().all(stamped);
    let mut series = Vec::new();
    for mut target in targets {
        let mut one = Series::named(&target.name);
        if target.entries.is_empty() {
            let all = (0..).zip(target.all);
            target.entries = all.map(|(number, rtt_ns)| (number, None, rtt_ns)).collect();
        }
        target.entries.sort_by_key(|(number, ..)| *number);
        // The time is that of the answer, or of giving up, and says nothing then.
        let told = |(number, stamp_ns, rtt_ns): &(i64, Option<u64>, Option<u64>)| {
            Some((
                *number,
                stamp_ns.filter(|_| recorded)?.saturating_sub((*rtt_ns)?),
            ))
        };
        let known: Vec<(i64, u64)> = target.entries.iter().filter_map(told).collect();
        let pace = Pace::of(known, None, 0);
        one.probes.extend(target.entries.iter().map(|entry| Probe {
            sent_ns: told(entry).map_or_else(|| pace.at(entry.0), |(_, sent_ns)| sent_ns),
            rtt_ns: entry.2,
        }));
        series.push(one);
    }
    if series.is_empty() {
        let advice = "use -c, -C or -l, and leave -q out or use it with -C only";
        return Err(LogError::whole(Problem::NoProbes(Format::Fping, advice)));
    }
    let probes = series.iter().flat_map(|series| &series.probes);
    let first_ns = probes.map(|probe| probe.sent_ns).min();
    Ok(Recording {
        format: Format::Fping,
        timing: if recorded {
            Timing::Recorded
        } else {
            Timing::Assumed
        },
        started_unix_ms: first_ns.filter(|_| recorded).map(|ns| ns / 1_000_000),
        series,
        left_out: Vec::new(),
    })
}
