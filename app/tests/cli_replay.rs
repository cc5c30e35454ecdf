//! `evenkeel replay` from outside: real recordings, the reference's weights, bad input, a reader
//! that leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;

use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use cli_support::{Scratch, evenkeel, ran, stderr, stdout};
use flate2::read::GzDecoder;

const CORE_TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/tests");

fn trace(name: &str) -> String {
    format!("{CORE_TESTS}/traces/{name}.csv.gz")
}

fn unzipped(path: &str) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// What the reference was given, as a recording, and the weights it had after each round.
fn golden(name: &str, period_ms: &str) -> (String, Vec<String>) {
    let text = unzipped(&format!("{CORE_TESTS}/golden/{name}.csv.gz"));
    let mut recording = format!("# dt_ms={period_ms}\n");
    let mut weights = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(';');
        for rtt_ns in parts.next().unwrap().split(' ') {
            let rtt_ns: i64 = rtt_ns.parse().unwrap();
            let rtt_us = if rtt_ns < 0 { -1 } else { rtt_ns / 1000 };
            assert!(
                rtt_ns < 0 || rtt_us * 1000 == rtt_ns,
                "{name} has fractions of a microsecond"
            );
            write!(recording, "{rtt_us} ").unwrap();
        }
        recording.push('\n');
        weights.push(parts.next().unwrap().to_owned());
    }
    (recording, weights)
}

#[test]
fn a_replay_gives_the_weights_of_the_reference() {
    let scratch = Scratch::new();
    for (name, period_ms, slider) in [
        ("5g2_rural_dying_n8", "200", "0"),
        ("5g2_rural_dying_n8", "200", "512"),
        ("5g2_rural_dying_n8", "200", "1024"),
        ("drive3_trip_2_05_13_2023", "200", "512"),
        ("drive3_trip_2_05_13_2023", "1000", "512"),
    ] {
        let (recording, expected) = golden(&format!("{name}_t{period_ms}_s{slider}"), period_ms);
        let file = scratch.file("golden.csv", recording.as_bytes());
        let replay = [
            "replay",
            "--period-ms",
            period_ms,
            "--slider",
            slider,
            &file,
        ];
        let output = ran(&replay);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        assert_eq!(text.lines().count(), expected.len());
        let period_ms: usize = period_ms.parse().unwrap();
        for (round, (line, weights)) in text.lines().zip(&expected).enumerate() {
            let mut words = line.splitn(3, ' ');
            assert_eq!(words.next().unwrap(), (round * period_ms).to_string());
            let leader = words.next().unwrap();
            assert_eq!(
                words.next().unwrap(),
                weights,
                "round {round} of {name}, {slider}"
            );
            let heaviest = weights.split(' ').position(|weight| weight == "255");
            assert_eq!(
                leader,
                heaviest.map_or("-".to_owned(), |path| (path + 1).to_string())
            );
        }
    }
}

#[test]
fn packed_plain_and_standard_input_read_the_same() {
    let packed = trace("5g2_rural_dying_n8");
    let scratch = Scratch::new();
    let plain = scratch.file("plain.csv", unzipped(&packed).as_bytes());
    let from_packed = stdout(&ran(&["replay", &packed]));
    assert!(!from_packed.is_empty());
    assert_eq!(stdout(&ran(&["replay", &plain])), from_packed);
    let piped = evenkeel()
        .args(["replay", "-"])
        .stdin(std::fs::File::open(&packed).unwrap())
        .output()
        .unwrap();
    assert_eq!(stdout(&piped), from_packed);
}

#[test]
fn json_lines_say_the_same_as_the_text() {
    let file = trace("5g2_rural_dying_n8");
    let text = stdout(&ran(&["replay", &file]));
    let json = stdout(&ran(&["replay", "--json", &file]));
    assert_eq!(json.lines().count(), text.lines().count());
    for (json, text) in json.lines().zip(text.lines()) {
        let round: serde_json::Value = serde_json::from_str(json).unwrap();
        let weights = round["weights"]
            .as_array()
            .unwrap()
            .iter()
            .map(ToString::to_string);
        let leader = round["leader"]
            .as_u64()
            .map_or("-".to_owned(), |path| path.to_string());
        let words: Vec<String> = [round["t_ms"].to_string(), leader]
            .into_iter()
            .chain(weights)
            .collect();
        assert_eq!(words.join(" "), text);
    }
}

#[test]
fn a_dear_path_is_chosen_less() {
    let file = trace("5g2_rural_dying_n8");
    let led = |cost: &str, path: &str| {
        let text = stdout(&ran(&["replay", "--cost", cost, &file]));
        text.lines()
            .filter(|line| line.split(' ').nth(1) == Some(path))
            .count()
    };
    assert!(led("10000,1", "1") < led("1,10000", "1"));
}

#[test]
fn bad_recordings_name_file_line_and_trouble_and_exit_with_2() {
    let scratch = Scratch::new();
    for (content, trouble) in [
        (&b"# dt_ms=200\n1 2\n1 x\n"[..], "line 3: \"x\" is neither"),
        (b"# dt_ms=200\n1 2\n3\n", "line 3: 1 RTTs in a row"),
        (b"1 2\n", "line 1: no step"),
        (b"", "no step"),
        (b"# dt_ms=200\n", "no rows"),
        (b"# dt_ms=200\n1 \xff\n", "line 2: this is not text"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
        (b"# dt_ms=500\n1 2\n", "use 500 ms or more"),
    ] {
        let file = scratch.file("bad.csv", content);
        let output = ran(&["replay", &file]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("bad.csv: ") || said.contains("bad.csv cannot"),
            "{said}"
        );
        assert!(said.contains(trouble), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn arguments_that_do_not_fit_exit_with_2() {
    let file = trace("5g2_rural_dying_n8");
    for args in [
        &["--slider", "1025"][..],
        &["--slider", "-1"],
        &["--period-ms", "7"],
        &["--cost", "0"],
        &["--cost", "1,2,3,4"],
        &["--cost", "cheap"],
    ] {
        let output = ran(&[&["replay"], args, &[file.as_str()]].concat());
        assert_eq!(
            output.status.code(),
            Some(2),
            "{args:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_file_that_cannot_be_read_exits_with_1_and_is_named() {
    for file in ["/nonexistent/x.csv", "/"] {
        let output = ran(&["replay", file]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            stderr(&output).contains(&format!("{file} cannot be read")),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_reader_that_leaves_is_a_quiet_success() {
    let mut child = evenkeel()
        .args(["replay", &trace("drive3_trip_2_05_13_2023")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("0 - "), "{line}");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
}
