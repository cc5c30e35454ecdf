//! Raw samples as CSV and JSON, to be read by Evenkeel again and by everything else. The format stands
//! in docs/RECORDINGS.md; reading is in `logs::own`.

use std::io::{self, Write};

use crate::logs::{CSV_HEADER, JSON_FORMAT, JSON_VERSION, Series};

/// Writes CSV: a header, then a line per probe, series after series.
///
/// # Errors
/// When `out` cannot be written.
pub fn csv(series: &[Series], out: &mut dyn Write) -> io::Result<()> {
    let with_blocks = series.iter().any(|one| !one.blocks.is_empty());
    writeln!(
        out,
        "{CSV_HEADER}{}",
        if with_blocks { ",block" } else { "" }
    )?;
    for one in series {
        let name = csv_field(&one.name);
        for (place, probe) in one.probes.iter().enumerate() {
            write!(out, "{name},{},", ms(probe.sent_ns))?;
            if let Some(rtt_ns) = probe.rtt_ns {
                write!(out, "{}", ms(rtt_ns))?;
            }
            if with_blocks {
                write!(out, ",{}", one.blocks.get(place).copied().unwrap_or(0))?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Writes JSON: one object with a list of times and a list of round trips per series.
///
/// # Errors
/// When `out` cannot be written.
pub fn json(
    series: &[Series],
    started_unix_ms: Option<u64>,
    out: &mut dyn Write,
) -> io::Result<()> {
    write!(
        out,
        "{{\"format\":\"{JSON_FORMAT}\",\"version\":{JSON_VERSION},\"started_unix_ms\":"
    )?;
    match started_unix_ms {
        Some(started) => write!(out, "{started}")?,
        None => write!(out, "null")?,
    }
    write!(out, ",\"series\":[")?;
    for (number, one) in series.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(
            out,
            "{comma}\n{{\"name\":{}",
            serde_json::to_string(&one.name)?
        )?;
        let sent = one.probes.iter().map(|probe| ms(probe.sent_ns));
        list("sent_ms", sent, out)?;
        let rtts = one
            .probes
            .iter()
            .map(|probe| probe.rtt_ns.map_or("null".to_owned(), ms));
        list("rtt_ms", rtts, out)?;
        if !one.blocks.is_empty() {
            list("block", one.blocks.iter().map(u32::to_string), out)?;
        }
        write!(out, "}}")?;
    }
    writeln!(out, "\n]}}")
}

fn list(key: &str, values: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, ",\n\"{key}\":[")?;
    for (number, value) in values.enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}{value}")?;
    }
    write!(out, "]")
}

/// Nanoseconds as milliseconds, exactly, without needless zeros.
fn ms(ns: u64) -> String {
    let (whole, part) = (ns / 1_000_000, ns % 1_000_000);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:06}")
        .trim_end_matches('0')
        .to_owned()
}

/// A field as RFC 4180 has it; what a spreadsheet would take for a formula is kept from it.
fn csv_field(name: &str) -> String {
    let formula = name.starts_with(['=', '+', '-', '@']);
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if formula || name.contains([',', '"']) || name.trim() != name || name.is_empty() {
        let quote = if formula { "'" } else { "" };
        format!("\"{quote}{}\"", name.replace('"', "\"\""))
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{self, Format, Probe};
    use proptest::prelude::*;

    fn series(name: &str, probes: &[(u64, Option<u64>)]) -> Series {
        let probe = |(sent_ns, rtt_ns): &(u64, Option<u64>)| Probe {
            sent_ns: *sent_ns,
            rtt_ns: *rtt_ns,
        };
        Series {
            probes: probes.iter().map(probe).collect(),
            ..Series::named(name)
        }
    }

    fn written(series: &[Series], as_json: bool) -> String {
        let mut out = Vec::new();
        let result = if as_json {
            json(series, Some(1_700_000_000_000), &mut out)
        } else {
            csv(series, &mut out)
        };
        result.unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn both_formats_look_as_documented() {
        let mut one = series("wlan0", &[(0, Some(20_123_456)), (200_000_000, None)]);
        let two = series("a, \"b\"", &[(5, Some(1_000_000))]);
        assert_eq!(
            written(&[one.clone(), two], false),
            "series,sent_ms,rtt_ms\nwlan0,0,20.123456\nwlan0,200,\n\"a, \"\"b\"\"\",0.000005,1\n"
        );
        one.blocks = vec![0, 1];
        assert_eq!(
            written(std::slice::from_ref(&one), false),
            "series,sent_ms,rtt_ms,block\nwlan0,0,20.123456,0\nwlan0,200,,1\n"
        );
        assert_eq!(
            written(&[one], true),
            "{\"format\":\"evenkeel-samples\",\"version\":1,\"started_unix_ms\":1700000000000,\
             \"series\":[\n{\"name\":\"wlan0\",\n\"sent_ms\":[0,200],\n\"rtt_ms\":[20.123456,null],\n\
             \"block\":[0,1]}\n]}\n"
        );
    }

    #[test]
    fn a_name_cannot_become_a_formula_in_a_spreadsheet() {
        let text = written(&[series("=1+1", &[(0, None)])], false);
        assert!(text.ends_with("\n\"'=1+1\",0,\n"), "{text}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            name in "[a-zA-Z0-9 ,\"%가-힣.:]{1,30}",
            blocks in any::<bool>(),
            probes in prop::collection::vec((0..1_u64 << 45, prop::option::of(0..1_u64 << 40)), 1..30),
        ) {
            let mut probes = probes;
            probes.sort_unstable();
            probes[0].0 = 0;
            let mut one = series(&name, &probes);
            if blocks {
                one.blocks = (0..probes.len() as u32).collect();
            }
            for (as_json, format) in [(false, Format::Csv), (true, Format::Json)] {
                let read = logs::parse(&written(std::slice::from_ref(&one), as_json)).unwrap();
                prop_assert_eq!(read.format, format);
                prop_assert_eq!(&read.series, std::slice::from_ref(&one));
            }
        }
    }
}
