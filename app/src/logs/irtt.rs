//! `irtt client -o`: every round trip in nanoseconds, with when it was sent.

use serde::Deserialize;

use super::error::{LogError, Problem};
use super::json::{Bounded, parse as parse_json};
use super::{Format, Probe, Recording, Series, Timing};

#[derive(Deserialize)]
struct File {
    config: Option<Config>,
    round_trips: Bounded<RoundTrip>,
}

#[derive(Deserialize)]
struct Config {
    remote_address: Option<String>,
}

#[derive(Deserialize)]
struct RoundTrip {
    timestamps: Timestamps,
    #[serde(default)]
    delay: Delay,
}

#[derive(Deserialize)]
struct Timestamps {
    client: Client,
}

#[derive(Deserialize)]
struct Client {
    send: Moment,
}

#[derive(Deserialize)]
struct Moment {
    wall: Option<u64>,
    monotonic: Option<u64>,
}

/// Absent when the packet was lost.
#[derive(Deserialize, Default)]
struct Delay {
    rtt: Option<u64>,
}

/// Reads a result.
///
/// # Errors
/// [`LogError`] where it does not fit, or without any round trip.
pub fn parse(text: &str) -> Result<Recording, LogError> {
    let file: File = parse_json(Format::Irtt, text)?;
    let trips = file.round_trips.0;
    let Some(first) = trips.first() else {
        let advice = "the test may have been ended before the first one";
        return Err(LogError::whole(Problem::NoProbes(Format::Irtt, advice)));
    };
    let started_unix_ms = first.timestamps.client.send.wall.map(|ns| ns / 1_000_000);
    let address = file.config.and_then(|config| config.remote_address);
    let mut series = Series::named(address.as_deref().unwrap_or("irtt"));
    for trip in &trips {
        let sent = &trip.timestamps.client.send;
        let Some(sent_ns) = sent.monotonic.or(sent.wall) else {
            let said = "a round trip without the time it was sent".to_owned();
            return Err(LogError::whole(Problem::Json(Some(Format::Irtt), said)));
        };
        series.probes.push(Probe {
            sent_ns,
            rtt_ns: trip.delay.rtt,
        });
    }
    Ok(Recording {
        format: Format::Irtt,
        timing: Timing::Recorded,
        started_unix_ms,
        series: vec![series],
        left_out: Vec::new(),
    })
}
