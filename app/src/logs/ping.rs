//! What `ping` prints (iputils, also with -D and -O; `BusyBox`; BSD and macOS): one answer a line. A
//! number that never came back is a lost probe. Pure.

use super::decimal;
use super::error::{LogError, Problem};
use super::pace::Pace;
use super::{Format, MAX_PROBES, MAX_SERIES, Probe, Recording, Series, Timing, numbered};

/// How lines begin that say nothing about one probe.
const ASIDE: [&str; 9] = [
    "PING ",
    "PING6",
    "ping: ",
    "ping6: ",
    "Warning",
    "WARNING",
    "^C",
    "pipe ",
    "Terminated",
];

/// True for a line that only ping prints.
pub fn is_ours(line: &str) -> bool {
    line.starts_with("PING ") || line.contains("icmp_seq") || said(line).number.is_some()
}

/// What a line says about one probe.
#[derive(Default)]
struct Said {
    /// When the line was printed, in nanoseconds since 1970.
    stamp_ns: Option<u64>,
    number: Option<u16>,
    rtt_ns: Option<u64>,
    /// True when it is an answer by its looks.
    answer: bool,
}

fn said(line: &str) -> Said {
    let mut said = Said::default();
    let mut rest = line;
    if let Some((stamp, after)) = line.strip_prefix('[').and_then(|l| l.split_once(']'))
        && let Some(stamp_ns) = decimal::seconds(stamp)
    {
        said.stamp_ns = Some(stamp_ns);
        rest = after.trim_start();
    }
    let numbered = ["icmp_seq=", "icmp_seq ", " seq="];
    let found = numbered.iter().find_map(|mark| {
        let (before, after) = rest.split_once(mark)?;
        Some((before, after))
    });
    said.answer = rest.contains("bytes from ");
    let Some((before, after)) = found else {
        return said;
    };
    let end = after
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(after.len());
    said.number = after[..end].parse().ok();
    // The word before the time is translated in some places, the unit is not.
    let time = after.split_once(" ms").and_then(|(time, _)| {
        let start = time.rfind(['=', '<'])? + 1;
        decimal::ms(&time[start..])
    });
    said.rtt_ns = time;
    said.answer |= time.is_some() || after.contains("ttl=") && !before.contains("From ");
    said
}

/// What is known of one numbered probe.
struct Entry {
    number: i64,
    stamp_ns: Option<u64>,
    rtt_ns: Option<u64>,
}

/// One run of ping.
struct Run {
    name: String,
    /// False for the end of a log whose beginning is missing.
    from_start: bool,
    entries: Vec<Entry>,
    transmitted: Option<u64>,
    took_ns: Option<u64>,
    /// The statistics have begun: nothing is an answer from here on.
    ended: bool,
}

/// Reads the output of one or more runs of ping.
///
/// # Errors
/// [`LogError`] at the first line of a run that ping would not print, or without any probe.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let mut runs: Vec<Run> = Vec::new();
    let mut total = 0;
    for line in numbered(text) {
        let (number, line) = line?;
        if let Some(rest) = line.strip_prefix("PING ") {
            if runs.len() >= MAX_SERIES {
                return Err(LogError::at(number, Problem::TooManySeries));
            }
            runs.push(Run::new(
                rest.split([' ', '(']).next().unwrap_or(rest),
                true,
            ));
            continue;
        }
        let said = said(line);
        if runs.is_empty() {
            // What a terminal showed before it began.
            if !said.answer {
                continue;
            }
            let name = line
                .split_once("bytes from ")
                .map_or("ping", |(_, from)| from);
            runs.push(Run::new(
                name.split([' ', ','])
                    .next()
                    .unwrap_or(name)
                    .trim_end_matches(':'),
                false,
            ));
        }
        let Some(run) = runs.last_mut() else { continue };
        run.take(line, &said)
            .ok_or_else(|| LogError::line(Format::Ping, number, line))?;
        total += usize::from(said.number.is_some());
        if total > MAX_PROBES {
            return Err(LogError::at(number, Problem::TooManyProbes));
        }
    }
    let mut timing = Timing::Recorded;
    let mut started_ns: Option<u64> = None;
    let mut series = Vec::new();
    let mut left = MAX_PROBES;
    for run in runs {
        let (one, how) = run.finish(&mut left)?;
        if one.probes.is_empty() {
            continue;
        }
        timing = worse(timing, how);
        let first_ns = one.probes[0].sent_ns;
        started_ns = Some(started_ns.map_or(first_ns, |known| known.min(first_ns)));
        series.push(one);
    }
    if series.is_empty() {
        let advice = "with -q ping keeps only averages; leave it out";
        return Err(LogError::whole(Problem::NoProbes(Format::Ping, advice)));
    }
    let started_unix_ms = (timing == Timing::Recorded)
        .then_some(started_ns)
        .flatten()
        .map(|ns| ns / 1_000_000);
    if timing != Timing::Recorded {
        // Without a common clock every run begins at 0.
        for one in &mut series {
            let first_ns = one.probes[0].sent_ns;
            one.probes
                .iter_mut()
                .for_each(|probe| probe.sent_ns -= first_ns);
        }
    }
    Ok(Recording {
        format: Format::Ping,
        timing,
        started_unix_ms,
        series,
        left_out: Vec::new(),
    })
}

fn worse(one: Timing, other: Timing) -> Timing {
    match (one, other) {
        (Timing::Assumed, _) | (_, Timing::Assumed) => Timing::Assumed,
        (Timing::Spread, _) | (_, Timing::Spread) => Timing::Spread,
        _ => Timing::Recorded,
    }
}

impl Run {
    fn new(name: &str, from_start: bool) -> Self {
        Self {
            name: name.to_owned(),
            from_start,
            entries: Vec::new(),
            transmitted: None,
            took_ns: None,
            ended: false,
        }
    }

    /// Takes a line; `None` when it does not belong here.
    fn take(&mut self, line: &str, said: &Said) -> Option<()> {
        if line.is_empty() {
            return Some(());
        }
        if line.starts_with("--- ") {
            self.ended = true;
            return Some(());
        }
        if self.ended {
            self.totals(line);
            return Some(());
        }
        if said.answer {
            let number = self.unwrapped(said.number?);
            let rtt_ns = said.rtt_ns?;
            // The first answer counts; a duplicate is none.
            let known = self.entries.iter().rev().take(64);
            let answered = |entry: &Entry| entry.number == number && entry.rtt_ns.is_some();
            if !known.into_iter().any(answered) {
                self.entries.push(Entry {
                    number,
                    stamp_ns: said.stamp_ns,
                    rtt_ns: Some(rtt_ns),
                });
            }
            return Some(());
        }
        if let Some(number) = said.number {
            // Unreachable, or no answer yet: sent, and lost unless an answer follows.
            let number = self.unwrapped(number);
            self.entries.push(Entry {
                number,
                stamp_ns: None,
                rtt_ns: None,
            });
            return Some(());
        }
        let aside = ASIDE.iter().any(|start| line.starts_with(start)) || line.starts_with("From ");
        aside.then_some(())
    }

    /// The statistics: how many were sent, and how long it took.
    fn totals(&mut self, line: &str) {
        let mut before = "";
        for word in line.split([' ', ',']).filter(|word| !word.is_empty()) {
            if word == "packets" && self.transmitted.is_none() {
                self.transmitted = before.parse().ok();
            }
            let took = word.strip_suffix("ms").and_then(decimal::ms);
            if self.took_ns.is_none() && line.contains("transmitted") {
                self.took_ns = took.or_else(|| {
                    let took = word.strip_prefix("time")?.strip_suffix("ms")?;
                    decimal::ms(took)
                });
            }
            before = word;
        }
    }

    /// The number counted on past 65535, where ping begins again at 0.
    fn unwrapped(&self, number: u16) -> i64 {
        let Some(last) = self.entries.last().map(|entry| entry.number) else {
            return i64::from(number);
        };
        let step = number.wrapping_sub(last as u16) as i16;
        last + i64::from(step)
    }

    /// The run's probes with the lost ones filled in; takes what it needs from `left`.
    fn finish(mut self, left: &mut usize) -> Result<(Series, Timing), LogError> {
        self.entries
            .sort_by_key(|entry| (entry.number, entry.rtt_ns.is_none()));
        self.entries.dedup_by_key(|entry| entry.number);
        let mut series = Series::named(&self.name);
        let (Some(low), Some(high)) = (self.entries.first(), self.entries.last()) else {
            return Ok((series, Timing::Recorded));
        };
        // iputils counts from 1, others from 0.
        let first = if self.from_start {
            low.number.min(1)
        } else {
            low.number
        };
        let sent = self.transmitted.filter(|_| self.from_start).unwrap_or(0);
        let last = high
            .number
            .max(first.saturating_add_unsigned(sent).saturating_sub(1));
        let count =
            usize::try_from(last.abs_diff(first)).map_or(usize::MAX, |n| n.saturating_add(1));
        *left = left
            .checked_sub(count)
            .ok_or(LogError::whole(Problem::TooManyProbes))?;
        let told = |entry: &Entry| {
            let sent_ns = entry.stamp_ns?.saturating_sub(entry.rtt_ns?);
            Some((entry.number, sent_ns))
        };
        let known: Vec<_> = self.entries.iter().filter_map(told).collect();
        let gaps = sent.checked_sub(1).filter(|gaps| *gaps > 0);
        let spread_ns = self.took_ns.zip(gaps).map(|(took_ns, gaps)| took_ns / gaps);
        let pace = Pace::of(known, spread_ns, first);
        let mut entries = self.entries.iter().peekable();
        for number in first..=last {
            let entry = entries.next_if(|entry| entry.number == number);
            let sent_ns = match entry {
                Some(Entry {
                    stamp_ns: Some(stamp_ns),
                    rtt_ns: Some(rtt_ns),
                    ..
                }) => stamp_ns.saturating_sub(*rtt_ns),
                _ => pace.at(number),
            };
            series.probes.push(Probe {
                sent_ns,
                rtt_ns: entry.and_then(|entry| entry.rtt_ns),
            });
        }
        Ok((series, pace.timing))
    }
}
