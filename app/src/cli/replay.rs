//! `evenkeel replay FILE`: reads a recording, runs the steering over it, prints what it would have
//! done. The steering itself and the format of recordings are in `evenkeel-core`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::Path;

use evenkeel_core::ema::Factor;
use evenkeel_core::replay::{Replay, Round};
use evenkeel_core::steer::{Params, Period, PowerCost};
use evenkeel_core::trace::{MAX_TEXT_BYTES, Series};
use evenkeel_dbus::limits::UPLINK_COST_DEFAULT;
use flate2::bufread::MultiGzDecoder;

use super::args::ReplayArgs;
use super::exit::{Exit, Failure};
use super::out::escaped;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Replays the recording.
///
/// # Errors
/// [`Exit::Usage`] with the file, the line and what is wrong with it, or when the arguments do not
/// fit the recording; [`Exit::Failed`] when the file cannot be read.
pub fn run(args: &ReplayArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let bad = |message: String| Failure::new(Exit::Usage, message);
    let name = if args.file == OsStr::new("-") {
        "standard input".to_owned()
    } else {
        escaped(&args.file.to_string_lossy()).into_owned()
    };
    let params = Params {
        period: Period::from_ms(args.period_ms).map_err(|error| bad(error.to_string()))?,
        slider: Factor::new(i64::from(args.slider)).map_err(|error| bad(error.to_string()))?,
    };
    let text = text_of(read(&args.file, &name)?, &name)?;
    let series = Series::parse(&text).map_err(|error| bad(format!("{name}: {error}")))?;
    drop(text);
    let costs = costs(&args.cost, series.path_count()).map_err(bad)?;
    let rounds =
        Replay::new(&series, params, &costs).map_err(|error| bad(format!("{name}: {error}")))?;
    for round in rounds {
        if args.json {
            write_json(&round, out)?;
        } else {
            write_line(&round, out)?;
        }
    }
    Ok(out.flush()?)
}

/// One cost for each path: those given, or one for all, or neutral.
fn costs(given: &[u32], paths: usize) -> Result<Vec<PowerCost>, String> {
    let given = match given {
        [] => vec![UPLINK_COST_DEFAULT; paths],
        [one] => vec![*one; paths],
        many if many.len() == paths => many.to_vec(),
        many => {
            return Err(format!(
                "--cost has {} values, but the recording has {paths} paths; give one for each, or \
                 one for all",
                many.len()
            ));
        }
    };
    let cost = |cost: u32| PowerCost::new(i64::from(cost)).map_err(|error| error.to_string());
    given.into_iter().map(cost).collect()
}

/// `t_ms leader w1 w2 ...`; the first path is 1, no leader is `-`.
fn write_line(round: &Round, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{} ", round.t_ms)?;
    match round.leader {
        Some(path) => write!(out, "{}", path + 1)?,
        None => write!(out, "-")?,
    }
    for weight in &round.weights {
        write!(out, " {weight}")?;
    }
    writeln!(out)
}

/// The same as an object on a line of its own.
fn write_json(round: &Round, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\"t_ms\":{},\"leader\":", round.t_ms)?;
    match round.leader {
        Some(path) => write!(out, "{}", path + 1)?,
        None => write!(out, "null")?,
    }
    write!(out, ",\"weights\":[")?;
    for (index, weight) in round.weights.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{weight}")?;
    }
    writeln!(out, "]}}")
}

/// The bytes of the file, unpacked when it is gzip, at most [`MAX_TEXT_BYTES`] of them.
fn read(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    let failed =
        |error: io::Error| Failure::new(Exit::Failed, format!("{name} cannot be read: {error}"));
    if path == OsStr::new("-") {
        unpacked(io::stdin().lock(), name)
    } else {
        unpacked(File::open(path).map_err(failed)?, name)
    }
}

fn unpacked(mut source: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let failed = |what: &str, error: &io::Error| {
        // A broken archive is bad input; a disk that fails is not.
        let bad = matches!(
            error.kind(),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
        );
        let exit = if bad { Exit::Usage } else { Exit::Failed };
        Failure::new(exit, format!("{name} cannot be {what}: {error}"))
    };
    let mut magic = Vec::with_capacity(GZIP_MAGIC.len());
    let head = source
        .by_ref()
        .take(GZIP_MAGIC.len() as u64)
        .read_to_end(&mut magic);
    head.map_err(|error| failed("read", &error))?;
    let packed = magic == GZIP_MAGIC;
    let whole = Cursor::new(magic).chain(source);
    let most = MAX_TEXT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let result = if packed {
        MultiGzDecoder::new(BufReader::new(whole))
            .take(most)
            .read_to_end(&mut bytes)
    } else {
        BufReader::new(whole).take(most).read_to_end(&mut bytes)
    };
    result.map_err(|error| failed(if packed { "unpacked" } else { "read" }, &error))?;
    if bytes.len() > MAX_TEXT_BYTES {
        let mib = MAX_TEXT_BYTES >> 20;
        return Err(Failure::new(
            Exit::Usage,
            format!("{name} holds more than {mib} MiB of text; cut the recording into parts"),
        ));
    }
    Ok(bytes)
}

/// The bytes as text, or the line that is none.
fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = String::from_utf8_lossy(&error.as_bytes()[..valid])
            .matches('\n')
            .count()
            + 1;
        Failure::new(
            Exit::Usage,
            format!("{name}: line {line}: this is not text"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn said(failure: Failure) -> (Exit, String) {
        let Failure::Said(exit, text) = failure else {
            panic!()
        };
        (exit, text)
    }

    #[test]
    fn packed_and_plain_are_told_apart_by_their_first_bytes() {
        assert_eq!(unpacked(&b"# x\n"[..], "f").unwrap(), b"# x\n");
        assert_eq!(unpacked(gzip(b"# x\n").as_slice(), "f").unwrap(), b"# x\n");
        assert_eq!(unpacked(&b""[..], "f").unwrap(), b"");
        assert_eq!(unpacked(&b"#"[..], "f").unwrap(), b"#");
        let two = [gzip(b"1\n"), gzip(b"2\n")].concat();
        assert_eq!(unpacked(two.as_slice(), "f").unwrap(), b"1\n2\n");
    }

    #[test]
    fn a_broken_archive_is_bad_input() {
        let mut broken = gzip(&[b'1'; 1000]);
        broken.truncate(broken.len() - 9);
        let (exit, text) = said(unpacked(broken.as_slice(), "f.gz").unwrap_err());
        assert_eq!(exit, Exit::Usage);
        assert!(text.starts_with("f.gz cannot be unpacked: "), "{text}");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let (exit, text) = said(unpacked(io::repeat(b'1'), "zeros").unwrap_err());
        assert_eq!(exit, Exit::Usage);
        assert!(text.contains("more than 64 MiB"), "{text}");
    }

    #[test]
    fn bytes_that_are_no_text_name_their_line() {
        let (exit, text) = said(text_of(b"# a\n1 2\n\xff\n".to_vec(), "f").unwrap_err());
        assert_eq!(
            (exit, text.as_str()),
            (Exit::Usage, "f: line 3: this is not text")
        );
    }

    #[test]
    fn one_cost_is_for_all_paths_and_none_is_neutral() {
        let of =
            |given: &[u32]| costs(given, 2).map(|costs| costs.iter().map(|c| c.get()).collect());
        assert_eq!(of(&[]), Ok(vec![100, 100]));
        assert_eq!(of(&[150]), Ok(vec![150, 150]));
        assert_eq!(of(&[100, 200]), Ok(vec![100, 200]));
        assert!(of(&[1, 2, 3]).unwrap_err().contains("3 values"));
    }

    #[test]
    fn a_round_is_printed_as_documented() {
        let mut round = Round {
            t_ms: 400,
            leader: None,
            weights: vec![1, 1],
            weights_changed: false,
        };
        let line = |round: &Round, json| {
            let mut out = Vec::new();
            let written = if json {
                write_json(round, &mut out)
            } else {
                write_line(round, &mut out)
            };
            written.unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(line(&round, false), "400 - 1 1\n");
        assert_eq!(
            line(&round, true),
            "{\"t_ms\":400,\"leader\":null,\"weights\":[1,1]}\n"
        );
        round.leader = Some(1);
        round.weights = vec![1, 255];
        assert_eq!(line(&round, false), "400 2 1 255\n");
        assert_eq!(
            line(&round, true),
            "{\"t_ms\":400,\"leader\":2,\"weights\":[1,255]}\n"
        );
    }
}
