//! `evenkeel spikes`: the spikes that the helper remembers, and those that come, each with whose fault
//! it was and what was seen. It listens and shows; what it shows is judged elsewhere.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use evenkeel_core::blame::{Culprit, Measure, Rule, Spike};
use evenkeel_evidence::monotonic_ns;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::args::SpikesArgs;
use super::exit::{Exit, Failure};
use super::helper;
use super::out::{escaped, json_line, millis};
use crate::feed::FeedReader;
use crate::spikes::Spikes;
use crate::state::HelperState;

/// Frames a second: a spike is told two seconds after it anyway.
const FEED_HZ: u32 = 2;
/// Facts that are told of one spike in words.
const MAX_FACTS: usize = 4;

/// Lists what is remembered, then what comes, until the time is over.
///
/// # Errors
/// When the helper cannot be reached or the output cannot be written.
pub async fn run(args: &SpikesArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let helper = helper::connect().await?;
    let names = names(&HelperState::read(&helper).await?);
    let socket = helper.subscribe(FEED_HZ).await?;
    let mut feed = FeedReader::new(socket.into())?;
    let mut spikes = Spikes::default();
    let caught = |error| Failure::new(Exit::Failed, format!("signals cannot be caught: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(caught)?;
    let end = args.seconds.map_or(Duration::MAX, |seconds| {
        Duration::from_secs(u64::from(seconds))
    });
    let end = sleep(end);
    tokio::pin!(end);
    loop {
        let frame = tokio::select! {
            () = &mut end => return Ok(Exit::Ok.code()),
            _ = interrupt.recv() => return Ok(Exit::Ok.code()),
            frame = feed.next() => frame,
        };
        let gone = |why: &str| Failure::new(Exit::Unreachable, why);
        let frame = frame.map_err(|error| gone(&error.to_string()))?;
        let frame = frame.ok_or_else(|| gone("the helper closed the live feed; try again"))?;
        for record in &frame.records {
            let Some(spike) = spikes.take(record) else {
                continue;
            };
            let name = spike.uplink.and_then(|ifindex| names.get(&ifindex));
            if args.json {
                writeln!(out, "{}", json_line(&Report::of(spike, name))?)?;
            } else {
                writeln!(out, "{}", line(spike, name, monotonic_ns()))?;
            }
        }
        out.flush()?;
    }
}

fn names(state: &HelperState) -> BTreeMap<u32, String> {
    let uplinks = state.uplinks.iter();
    uplinks
        .map(|uplink| (uplink.ifindex, uplink.name.clone()))
        .collect()
}

/// A spike for scripts; its fields are stable.
#[derive(Debug, Serialize)]
struct Report<'a> {
    from_monotonic_ns: u64,
    until_monotonic_ns: u64,
    /// Null for a standstill of the whole machine.
    ifindex: Option<u32>,
    uplink: Option<&'a str>,
    culprit: &'static str,
    rule: &'static str,
    usual_ns: Option<u64>,
    worst_ns: Option<u64>,
    sent: u32,
    stood_out: u32,
    lost: u32,
    evidence: BTreeMap<&'static str, u64>,
}

impl<'a> Report<'a> {
    fn of(spike: &Spike, name: Option<&'a String>) -> Self {
        let seen = spike.evidence.all();
        Self {
            from_monotonic_ns: spike.from_ns,
            until_monotonic_ns: spike.until_ns,
            ifindex: spike.uplink,
            uplink: name.map(String::as_str),
            culprit: spike.blame.culprit.word(),
            rule: spike.blame.rule.word(),
            usual_ns: spike.usual_ns,
            worst_ns: spike.worst_ns,
            sent: spike.sent,
            stood_out: spike.stood_out,
            lost: spike.lost,
            evidence: seen
                .map(|(measure, value)| (measure.word(), value))
                .collect(),
        }
    }
}

/// A spike for people: `12 s ago  wifi0  92 ms, usually 20 ms: router or line. ...`.
fn line(spike: &Spike, name: Option<&String>, now_ns: u64) -> String {
    let ago_s = now_ns.saturating_sub(spike.until_ns) / 1_000_000_000;
    let name = name.map_or("this machine", String::as_str);
    let how = match (spike.worst_ns, spike.usual_ns) {
        (Some(worst), None) => format!("stood still for {} ms", millis(worst)),
        (Some(worst), Some(usual)) => {
            format!("{} ms, usually {} ms", millis(worst), millis(usual))
        }
        (None, _) => "no answer".to_owned(),
    };
    let lost = match (spike.lost, spike.worst_ns) {
        (0, _) | (_, None) => String::new(),
        (lost, _) => format!(", {lost} lost"),
    };
    let why = why(spike.blame.rule);
    let facts: Vec<String> = spike
        .evidence
        .notable()
        .into_iter()
        .take(MAX_FACTS)
        .map(|(measure, value)| fact(measure, value))
        .collect();
    let facts = if facts.is_empty() {
        String::new()
    } else {
        format!(" ({})", facts.join(", "))
    };
    format!(
        "{ago_s:>5} s ago  {}  {how}{lost}: {}. {why}{facts}",
        escaped(name),
        who(spike.blame.culprit),
    )
}

/// Who is blamed, in words.
fn who(culprit: Culprit) -> &'static str {
    match culprit {
        Culprit::Unknown => "nobody can be blamed",
        Culprit::Device => "this device",
        Culprit::WiFi => "the Wi-Fi",
        Culprit::Line => "the router or the line",
        Culprit::Internet => "the internet",
    }
}

/// By which rule, in a sentence.
fn why(rule: Rule) -> &'static str {
    match rule {
        Rule::Stalled => "Programs were kept from running, the network was not asked.",
        Rule::SwitchedOff => "The interface was switched off here.",
        Rule::Disconnected => "The Wi-Fi connection ended.",
        Rule::Roamed => "Another access point took over.",
        Rule::CarrierLost => "The link lost its carrier.",
        Rule::OwnQueue => "Packets waited in this machine's own queue.",
        Rule::ReceiveQueueFull => "This machine's receive queue overflowed.",
        Rule::Starved => "The processors were too busy to serve the network.",
        Rule::EverywhereAtOnce => "Every uplink was slow at once, each at its own gateway.",
        Rule::Scanned => "A Wi-Fi scan was under way.",
        Rule::ChannelSwitched => "The Wi-Fi channel changed.",
        Rule::Retried => "Frames had to be sent again over the air.",
        Rule::WeakSignal => "The Wi-Fi signal was weak.",
        Rule::LinkErrors => "Frames were damaged on the link.",
        Rule::LineFull => "This machine's own traffic filled the line.",
        Rule::Near => "Already the gateway was slow.",
        Rule::Beyond => "The gateway answered as usual.",
        Rule::Unexplained => "Nothing that was seen explains it.",
    }
}

/// A measure with its number: a time in milliseconds, a share in percent, anything else as it is.
fn fact(measure: Measure, value: u64) -> String {
    let word = measure.word();
    if let Some(what) = word.strip_suffix("-ns") {
        format!("{what} {} ms", millis(value))
    } else if let Some(what) = word.strip_suffix("-permille") {
        format!("{what} {} %", value / 10)
    } else if let Some(what) = word.strip_suffix("-bytes-per-s") {
        format!("{what} {} kB/s", value / 1000)
    } else if let Some(what) = word.strip_suffix("-below-zero-dbm") {
        format!("{what} -{value} dBm")
    } else {
        format!("{word} {value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::blame::{Evidence, judge};

    fn spike(seen: &[(Measure, u64)]) -> Spike {
        let evidence: Evidence = seen.iter().copied().collect();
        Spike {
            uplink: Some(3),
            from_ns: 10_000_000_000,
            until_ns: 12_000_000_000,
            usual_ns: Some(20_000_000),
            worst_ns: Some(92_000_000),
            sent: 9,
            stood_out: 5,
            lost: 2,
            blame: judge(Some(72_000_000), &evidence),
            evidence,
        }
    }

    #[test]
    fn a_line_says_when_where_how_bad_and_whose_fault() {
        let seen = [(Measure::GatewaySharePermille, 905), (Measure::RxErrors, 3)];
        let said = line(&spike(&seen), Some(&"eth0".to_owned()), 20_000_000_000);
        assert_eq!(
            said,
            "    8 s ago  eth0  92.0 ms, usually 20.0 ms, 2 lost: the router or the line. \
             Frames were damaged on the link. (rx-errors 3, gateway-share 90 %)"
        );
    }

    #[test]
    fn a_standstill_and_an_outage_have_their_own_words() {
        let mut still = spike(&[(Measure::LateNs, 120_000_000)]);
        (still.uplink, still.usual_ns, still.lost) = (None, None, 0);
        let said = line(&still, None, 12_000_000_000);
        assert!(
            said.contains("this machine  stood still for 92.0 ms"),
            "{said}"
        );
        assert!(said.contains("late 120 ms"), "{said}");
        let mut out = spike(&[]);
        out.worst_ns = None;
        let said = line(&out, None, 0);
        assert!(said.contains("no answer: nobody can be blamed"), "{said}");
    }

    #[test]
    fn the_json_has_every_measure_by_its_word() {
        let spike = spike(&[(Measure::Scans, 1)]);
        let name = "wlan0".to_owned();
        let text = json_line(&Report::of(&spike, Some(&name))).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["culprit"], "wifi");
        assert_eq!(value["rule"], "scanned");
        assert_eq!(value["uplink"], "wlan0");
        assert_eq!(value["evidence"]["scans"], 1);
        assert!(!text.contains('\n'));
    }

    #[test]
    fn facts_are_told_in_units_that_people_read() {
        for (measure, value, said) in [
            (Measure::LateNs, 31_000_000, "late 31.0 ms"),
            (Measure::RetriesPermille, 450, "retries 45 %"),
            (Measure::TxBytesPerS, 500_999, "tx 500 kB/s"),
            (Measure::SignalBelowZeroDbm, 79, "signal -79 dBm"),
            (Measure::Scans, 1, "scans 1"),
        ] {
            assert_eq!(fact(measure, value), said);
        }
    }
}
