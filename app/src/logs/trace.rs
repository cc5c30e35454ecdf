//! Traces: a header with `dt_ms=`, then a row of round trips in microseconds per step. The format
//! itself is read by `evenkeel_core::trace`.

use evenkeel_core::trace::Series as Trace;

use super::error::{LogError, Problem};
use super::{Format, MAX_PROBES, Probe, Recording, Series, Timing};

/// True when a comment at the beginning names the step.
pub fn is_header<'a>(lines: impl Iterator<Item = &'a str>) -> bool {
    let mut comments = lines.take_while(|line| line.starts_with('#') || line.trim().is_empty());
    comments.any(|line| line.contains("dt_ms="))
}

/// True for a line of nothing but whole numbers.
pub fn is_row(line: &str) -> bool {
    let apart = |c: char| c == ',' || c.is_whitespace();
    let mut words = line.split(apart).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| word.parse::<i64>().is_ok())
}

/// Reads a trace.
///
/// # Errors
/// [`LogError`] with the trace's own trouble, or when it has too many probes.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let trace = Trace::parse(text).map_err(|error| LogError {
        line: error.line,
        problem: Problem::Trace(error.problem),
    })?;
    let (paths, rows) = (trace.path_count(), trace.row_count());
    if paths.saturating_mul(rows) > MAX_PROBES {
        return Err(LogError::whole(Problem::TooManyProbes));
    }
    let step_ns = u64::from(trace.step_ms()) * 1_000_000;
    let mut series: Vec<Series> = (1..=paths)
        .map(|path| match (trace.family(), paths) {
            ("", _) => Series::named(&path.to_string()),
            (family, 1) => Series::named(family),
            (family, _) => Series::named(&format!("{family} {path}")),
        })
        .collect();
    for (number, row) in (0..rows).filter_map(|row| trace.row(row)).enumerate() {
        for (series, rtt_us) in series.iter_mut().zip(row) {
            series.probes.push(Probe {
                sent_ns: number as u64 * step_ns,
                rtt_ns: rtt_us.map(|us| u64::from(us) * 1000),
            });
        }
    }
    Ok(Recording {
        format: Format::Trace,
        timing: Timing::Recorded,
        started_unix_ms: None,
        series,
        left_out: Vec::new(),
    })
}
