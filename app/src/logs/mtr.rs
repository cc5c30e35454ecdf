//! `mtr --json`: per hop the number of probes, their losses, and the least, mean and largest round
//! trip. It keeps no single round trips, so there is no median, no percentile and no graph.

use serde::Deserialize;

use super::error::{LogError, Problem};
use super::json::{Bounded, Ms, parse as parse_json};
use super::{Format, MAX_PROBES, MAX_SERIES, Recording, Series, Timing, Told};

#[derive(Deserialize)]
struct File {
    report: Report,
}

#[derive(Deserialize)]
struct Report {
    hubs: Bounded<Hub>,
}

#[derive(Deserialize)]
struct Hub {
    /// A number, or in versions before 0.93 a text.
    count: serde_json::Value,
    host: String,
    #[serde(rename = "Loss%")]
    loss_percent: f64,
    #[serde(rename = "Snt")]
    sent: u64,
    #[serde(rename = "Avg")]
    mean: Ms,
    #[serde(rename = "Best")]
    best: Ms,
    #[serde(rename = "Wrst")]
    worst: Ms,
    #[serde(rename = "StDev")]
    stdev: Ms,
}

/// Reads a report.
///
/// # Errors
/// [`LogError`] where it does not fit, or without any hop that answered.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let file: File = parse_json(Format::Mtr, text)?;
    let hubs = file.report.hubs.0;
    if hubs.len() > MAX_SERIES {
        return Err(LogError::whole(Problem::TooManySeries));
    }
    if hubs.is_empty() {
        let advice = "the report has no hops";
        return Err(LogError::whole(Problem::NoProbes(Format::Mtr, advice)));
    }
    let series = hubs.iter().map(series).collect::<Result<_, _>>()?;
    Ok(Recording {
        format: Format::Mtr,
        timing: Timing::Assumed,
        started_unix_ms: None,
        series,
        left_out: Vec::new(),
    })
}

fn series(hub: &Hub) -> Result<Series, LogError> {
    let wrong = |said: String| LogError::whole(Problem::Json(Some(Format::Mtr), said));
    if !(0.0..=100.0).contains(&hub.loss_percent) {
        return Err(wrong(format!("a loss of {} %", hub.loss_percent)));
    }
    if hub.sent > MAX_PROBES as u64 {
        return Err(LogError::whole(Problem::TooManyProbes));
    }
    let lost = (hub.sent as f64 * hub.loss_percent / 100.0).round() as u64;
    let count = match &hub.count {
        serde_json::Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let mut series = Series::named(&format!("{count} {}", hub.host));
    series.told = Some(Told {
        sent: hub.sent,
        lost,
        min_ns: hub.best.0,
        mean_ns: hub.mean.0,
        max_ns: hub.worst.0,
        stdev_ns: hub.stdev.0,
    });
    Ok(series)
}
