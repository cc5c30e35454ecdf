//! `evenkeel table`, and `replay` of what others recorded, from outside: logs of the real programs, the
//! files that are written, probes on loopback, bad input.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;

use std::io::Write;
use std::process::{Command, Stdio};

use cli_support::{Scratch, evenkeel, ran, stderr, stdout};

fn recording(name: &str) -> String {
    format!("{}/tests/recordings/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The cells of a row of the table, by its label.
fn row(table: &str, label: &str) -> Vec<String> {
    let line = table.lines().find_map(|line| line.strip_prefix(label));
    let line = line.unwrap_or_else(|| panic!("no `{label}` in:\n{table}"));
    let cells = line
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty());
    cells.map(str::to_owned).collect()
}

fn english() -> Command {
    let mut command = evenkeel();
    command.env("EVENKEEL_LANG", "en");
    command
}

#[test]
fn the_table_has_the_figures_that_ping_printed_itself() {
    let output = english()
        .args(["table", &recording("ping-loss.txt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    // 40 packets transmitted, 33 received, 17.5% packet loss
    assert_eq!(row(&table, "probes"), ["40"]);
    assert_eq!(row(&table, "lost"), ["7 (17.5%)"]);
    // rtt min/avg/max/mdev = 0.047/0.056/0.067/0.005 ms
    assert_eq!(row(&table, "min"), ["0.047"]);
    assert_eq!(row(&table, "max"), ["0.067"]);
    assert_eq!(row(&table, "stdev"), ["0.005"]);
    assert_eq!(row(&table, "over 0.2 ms"), ["0"]);
}

#[test]
fn a_ping_that_runs_now_is_read_from_a_pipe() {
    let mut ping = Command::new("ping")
        .args(["-D", "-c", "5", "-i", "0.2", "127.0.0.1"])
        .env("LC_ALL", "C")
        .stdout(Stdio::piped())
        .spawn()
        .expect("ping must be installed");
    let output = english()
        .args(["table", "-", "--over", "1000"])
        .stdin(ping.stdout.take().unwrap())
        .output()
        .unwrap();
    assert!(ping.wait().unwrap().success());
    let table = stdout(&output);
    assert_eq!(row(&table, "probes"), ["5"], "{table}{}", stderr(&output));
    assert_eq!(row(&table, "over 1,000 ms"), ["0"]);
}

#[test]
fn files_of_all_programs_stand_side_by_side_and_before_and_after_prove_nothing() {
    let files = ["ping-D-O.txt", "mtr.json", "irtt.json.gz"].map(recording);
    let output = english().arg("table").args(&files).output().unwrap();
    let table = stdout(&output);
    assert_eq!(
        row(&table, "probes"),
        ["20", "10", "23"],
        "{}",
        stderr(&output)
    );
    assert_eq!(row(&table, "median")[1], "–");
    assert!(
        table.contains("mtr.json: mtr keeps averages only"),
        "{table}"
    );
    let two = english()
        .arg("table")
        .args([&files[0], &files[2]])
        .output()
        .unwrap();
    let two = stdout(&two);
    assert!(
        two.contains("One recording after the other proves nothing"),
        "{two}"
    );
    let one = english()
        .args(["table", &recording("fping-c.txt")])
        .output()
        .unwrap();
    assert!(
        !stdout(&one).contains("proves nothing"),
        "both were recorded at the same time"
    );
}

#[test]
fn two_long_recordings_get_the_ratio_of_their_tails() {
    let scratch = Scratch::new();
    let log = |name: &str, slow_us: u64| {
        let rows = (0..2000).map(|n| {
            let us = 20_000 + n * 7919 % 1000 + if n % 40 == 0 { slow_us } else { 0 };
            us.to_string()
        });
        let text = format!("# dt_ms=200\n{}\n", rows.collect::<Vec<_>>().join("\n"));
        scratch.file(name, text.as_bytes())
    };
    let (before, after) = (log("before.csv", 60_000), log("after.csv", 20_000));
    let text = stdout(&english().args(["table", &before, &after]).output().unwrap());
    let said = text
        .lines()
        .find(|line| line.starts_with("p99 of"))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(said.contains("p99 of “after.csv” is 0.5"), "{said}");
    assert!(said.contains("in 95 of 100 redraws"), "{said}");
}

#[test]
fn samples_and_graphs_are_written_and_the_samples_are_read_again() {
    let scratch = Scratch::new();
    let path = |name: &str| scratch.0.join(name).to_str().unwrap().to_owned();
    let (svg, png) = (path("g.svg"), path("g.png"));
    let (csv, json) = (path("s.csv"), path("s.json"));
    let flent = recording("flent-ping.flent.gz");
    let args = [
        "table", &flent, "--svg", &svg, "--png", &png, "--csv", &csv, "--json", &json,
    ];
    let output = english().args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    for samples in [&csv, &json] {
        assert_eq!(
            stdout(&english().args(["table", samples]).output().unwrap()),
            table
        );
    }
    let drawn = std::fs::read_to_string(&svg).unwrap();
    assert!(drawn.starts_with("<?xml") && drawn.trim_end().ends_with("</svg>"));
    assert!(drawn.contains(">Ping (ms) UDP</text>") && !drawn.contains("href"));
    let painted = std::fs::read(&png).unwrap();
    assert!(painted.starts_with(b"\x89PNG") && painted.len() > 10_000);
    std::fs::remove_file(&png).unwrap();
    assert!(english().args(args).output().unwrap().status.success());
    assert_eq!(
        std::fs::read(&png).unwrap(),
        painted,
        "the same picture has the same pixels"
    );
}

#[test]
fn markdown_html_and_korean_say_the_same_figures() {
    let file = recording("fping-c.txt");
    let markdown = stdout(
        &english()
            .args(["table", "--markdown", &file])
            .output()
            .unwrap(),
    );
    assert!(markdown.starts_with("| in ms "), "{markdown}");
    assert!(
        markdown.lines().nth(1).unwrap().starts_with("|--"),
        "{markdown}"
    );
    assert!(markdown.contains("| 5 (41.7%) |"), "{markdown}");
    let html = stdout(&english().args(["table", "--html", &file]).output().unwrap());
    assert!(
        html.contains("<th scope=\"row\">lost</th><td>5 (41.7%)</td><td>0</td>"),
        "{html}"
    );
    let korean = stdout(
        &evenkeel()
            .env("EVENKEEL_LANG", "ko")
            .args(["table", &file])
            .output()
            .unwrap(),
    );
    assert_eq!(row(&korean, "손실"), ["5 (41.7%)", "0"]);
    assert!(!korean.contains('\u{2060}'));
}

#[test]
fn a_thousand_loopback_pings_are_one_command() {
    let args = [
        "table",
        "--ping",
        "127.0.0.1",
        "--count",
        "1000",
        "--interval-ms",
        "2",
    ];
    let output = english().args(args).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    assert_eq!(row(&table, "probes"), ["1,000"]);
    for label in [
        "lost", "min", "average", "median", "p95", "p99", "max", "stdev", "over ",
    ] {
        assert_eq!(
            row(&table, label).len(),
            if label == "over " { 2 } else { 1 },
            "{table}"
        );
    }
    assert_eq!(
        table
            .lines()
            .filter(|line| line.starts_with("over "))
            .count(),
        3
    );
}

#[test]
fn what_cannot_be_probed_is_named() {
    for (target, code) in [("no.such.name.invalid", 2), ("", 2)] {
        let output = ran(&["table", "--ping", target, "--count", "1"]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("cannot be probed"),
            "{}",
            stderr(&output)
        );
    }
    for args in [
        &["table"][..],
        &["table", "--count", "5", "x"],
        &["table", "--ping", "::1", "x"],
        &["table", "--over", "0", "x"],
        &["table", "--over", "fast", "x"],
        &["table", "--markdown", "--html", "x"],
    ] {
        assert_eq!(ran(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn damaged_and_foreign_files_name_file_and_line_and_nothing_is_written() {
    let scratch = Scratch::new();
    let svg = scratch.0.join("g.svg");
    let good = recording("ping-D-O.txt");
    for (content, trouble) in [
        (
            &b"series,sent_ms,rtt_ms\na,0,1\na,1,x\n"[..],
            "bad: line 3: \"a,1,x\" does not belong",
        ),
        (
            b"PING x (x) 56 bytes\n64 bytes from x: icmp_s",
            "bad: line 2: ",
        ),
        (b"{\"report\":{\"hubs\":[\n", "bad: line 2: damaged JSON"),
        (b"hello\n", "bad: this is no recording that can be read"),
        (b"\x00\xff\xfe", "bad: line 1: this is not text"),
        (b"\x1f\x8b\x08nonsense", "bad cannot be unpacked"),
        (b"", "bad: it is empty"),
    ] {
        let file = scratch.file("bad", content);
        for command in [
            &["table", &good, &file, "--svg", svg.to_str().unwrap()][..],
            &["replay", &file],
            &["report", &file, "-o", svg.to_str().unwrap()],
        ] {
            let output = ran(command);
            assert_eq!(output.status.code(), Some(2), "{command:?}");
            assert!(stderr(&output).contains(trouble), "{}", stderr(&output));
            assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
            assert!(output.stdout.is_empty() && !svg.exists());
        }
    }
    let output = ran(&["table", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/nonexistent cannot be read"));
    let output = ran(&["table", &good, "--svg", "/nonexistent/x.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("/nonexistent/x.svg cannot be written"));
    let output = ran(&[
        "table",
        &recording("mtr.json"),
        "--svg",
        svg.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no answer to draw") && !svg.exists());
}

#[test]
fn replay_takes_what_others_recorded() {
    let rounds = |args: &[&str]| {
        let output = ran(&[&["replay"], args].concat());
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(rounds(&[&recording("ping-D-O.txt")]).lines().count(), 20);
    assert_eq!(
        rounds(&["--period-ms", "1000", &recording("fping-c.txt")])
            .lines()
            .count(),
        12
    );
    let two = rounds(&[&recording("flent-ping.flent.gz")]);
    assert!(
        two.lines().all(|line| line.split(' ').count() == 4),
        "{two}"
    );
    let sparse = ran(&["replay", &recording("fping-c.txt")]);
    assert_eq!(sparse.status.code(), Some(2));
    assert!(stderr(&sparse).contains("use --period-ms 1000 or more"));
    let averages = ran(&["replay", &recording("mtr.json")]);
    assert!(
        stderr(&averages).contains("averages only"),
        "{}",
        stderr(&averages)
    );
}

#[test]
fn the_table_can_be_piped_on() {
    let mut child = english()
        .args(["table", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"# dt_ms=50\n1000 2000\n")
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(stderr(&output), "");
}
