//! Recordings made by the real programs (app/tests/recordings), damaged ones, foreign ones, and any
//! bytes at all.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn bytes(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn recording(name: &str) -> Recording {
    let text = read(bytes(name).as_slice()).unwrap();
    parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn lost(series: &Series) -> Vec<usize> {
    let outcomes = series.outcomes().enumerate();
    outcomes
        .filter(|(_, rtt)| rtt.is_none())
        .map(|(place, _)| place)
        .collect()
}

fn problem(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn what_ping_prints_is_read_with_its_losses() {
    let recording = recording("ping-loss.txt");
    assert_eq!(
        (recording.format, recording.timing),
        (Format::Ping, Timing::Spread)
    );
    let [series] = &recording.series[..] else {
        panic!()
    };
    assert_eq!(
        (series.name.as_str(), series.probes.len()),
        ("10.77.0.2", 40)
    );
    assert_eq!(lost(series), [9, 10, 11, 12, 13, 14, 15]);
    assert_eq!(series.probes[0].rtt_ns, Some(47_000));
    // "time 2275ms" over 39 gaps.
    assert_eq!(series.probes[39].sent_ns, 39 * (2_275_000_000 / 39));
}

#[test]
fn pings_own_times_are_those_of_sending() {
    let recording = recording("ping-D-O.txt");
    assert_eq!(recording.timing, Timing::Recorded);
    assert_eq!(recording.started_unix_ms, Some(1_795_355_147_625));
    let [series] = &recording.series[..] else {
        panic!()
    };
    assert_eq!(
        (series.probes.len(), lost(series)),
        (20, vec![5, 6, 7, 8, 9])
    );
    // Printed .213763 s later, with a round trip 0.010 ms longer.
    assert_eq!(series.probes[1].sent_ns, 213_753_000);
    assert!(series.probes.is_sorted_by_key(|probe| probe.sent_ns));
    let v6 = self::recording("ping-6.txt");
    assert_eq!(
        (v6.series[0].name.as_str(), v6.series[0].probes.len()),
        ("fd77::2", 12)
    );
}

#[test]
fn a_target_that_never_answers_is_all_lost_and_a_quiet_ping_says_what_to_do() {
    let recording = recording("ping-unreachable.txt");
    assert_eq!(lost(&recording.series[0]), [0, 1, 2]);
    let said = problem(&String::from_utf8(bytes("ping-q.txt")).unwrap());
    assert_eq!(
        said,
        "the output of ping without a single round trip; with -q ping keeps only averages; leave it out"
    );
}

#[test]
fn other_pings_and_the_end_of_a_log_are_read_too() {
    let busybox = "PING 127.0.0.1 (127.0.0.1): 56 data bytes\n64 bytes from 127.0.0.1: seq=0 ttl=64 \
                   time=0.052 ms\n64 bytes from 127.0.0.1: seq=2 ttl=64 time=0.1 ms\n";
    let read = parse(busybox).unwrap();
    assert_eq!(
        (read.timing, lost(&read.series[0])),
        (Timing::Assumed, vec![1])
    );
    let ended = format!(
        "{busybox}\n--- 127.0.0.1 ping statistics ---\n5 packets transmitted, 2 received\n"
    );
    assert_eq!(lost(&parse(&ended).unwrap().series[0]), [1, 3, 4]);
    let macos = "PING a.b (1.2.3.4): 56 data bytes\n64 bytes from 1.2.3.4: icmp_seq=0 ttl=57 time=9.5 ms\n\
                 Request timeout for icmp_seq 1\n";
    assert_eq!(lost(&parse(macos).unwrap().series[0]), [1]);
    let korean = "PING 1.1.1.1 (1.1.1.1) 56(84) 바이트의 데이터.\n\
                  64 바이트 (1.1.1.1에서): icmp_seq=1 ttl=57 시간=4.32 ms\n";
    assert_eq!(
        parse(korean).unwrap().series[0].probes[0].rtt_ns,
        Some(4_320_000)
    );
    let tail = "64 bytes from 1.1.1.1: icmp_seq=65535 ttl=57 time=1 ms\n\
                64 bytes from 1.1.1.1: icmp_seq=1 ttl=57 time=2 ms\n\
                64 bytes from 1.1.1.1: icmp_seq=1 ttl=57 time=9 ms (DUP!)\n";
    let read = parse(tail).unwrap();
    assert_eq!(
        (read.series[0].name.as_str(), lost(&read.series[0])),
        ("1.1.1.1", vec![1])
    );
    assert_eq!(read.series[0].probes[2].rtt_ns, Some(2_000_000));
    let shell = "me@box:~$ ping -c1 ::1\nPING ::1(::1) 56 data bytes\n64 bytes from ::1: icmp_seq=1 ttl=64 time=0.1 ms\n";
    assert_eq!(parse(shell).unwrap().series[0].name, "::1");
    let twice = parse(&format!("{busybox}{busybox}")).unwrap();
    let names: Vec<_> = twice.series.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["127.0.0.1", "127.0.0.1 (2)"]);
}

#[test]
fn all_outputs_of_fping_say_the_same() {
    let c = recording("fping-c.txt");
    assert_eq!((c.format, c.timing), (Format::Fping, Timing::Assumed));
    let names: Vec<_> = c.series.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["10.77.0.2", "127.0.0.1"]);
    assert_eq!(
        (c.series[0].probes.len(), lost(&c.series[0])),
        (12, vec![4, 5, 6, 7, 8])
    );
    assert!(lost(&c.series[1]).is_empty());
    assert_eq!(c.series[1].probes[11].rtt_ns, Some(38_000));
    let all = recording("fping-C.txt");
    assert_eq!(
        (all.series[0].probes.len(), lost(&all.series[0])),
        (12, vec![4, 5, 6, 7, 8])
    );
    assert_eq!(all.series[0].probes[11].rtt_ns, Some(44_000));
    let stamped = recording("fping-D.txt");
    assert_eq!(
        (stamped.timing, lost(&stamped.series[0])),
        (Timing::Recorded, vec![5, 6, 7, 8, 9])
    );
    assert_eq!(stamped.started_unix_ms, Some(1_795_355_152_388));
    assert!(
        stamped.series[0]
            .probes
            .is_sorted_by_key(|probe| probe.sent_ns)
    );
    assert_eq!(recording("fping-l.txt").series[0].probes.len(), 20);
    // With -C and without -q both the lines and their sum are there: they count once.
    let both = "h : [0], 64 bytes, 0.5 ms (0.5 avg, 0% loss)\n\nh : 0.5\n";
    assert_eq!(parse(both).unwrap().series[0].probes.len(), 1);
}

#[test]
fn mtr_gives_figures_without_round_trips() {
    let recording = recording("mtr.json");
    assert_eq!(recording.format, Format::Mtr);
    assert!(!recording.has_probes());
    let told = recording.series[0].told.unwrap();
    assert_eq!(recording.series[0].name, "1 10.77.0.2");
    assert_eq!((told.sent, told.lost, told.mean_ns), (10, 4, 70_000));
    assert_eq!(self::recording("mtr-dead.json").series.len(), 1);
}

#[test]
fn irtt_is_read_to_the_nanosecond() {
    let recording = recording("irtt.json.gz");
    assert_eq!(
        (recording.format, recording.timing),
        (Format::Irtt, Timing::Recorded)
    );
    let [series] = &recording.series[..] else {
        panic!()
    };
    assert_eq!(
        (series.name.as_str(), series.probes.len()),
        ("10.77.0.2:2112", 23)
    );
    assert_eq!(lost(series), [16, 17, 18, 19, 20, 21, 22]);
    assert!(series.outcomes().flatten().any(|ns| ns % 1000 != 0));
    assert_eq!(series.probes[0].sent_ns, 0);
}

#[test]
fn flent_gives_its_ping_series_with_the_losses_of_both_programs() {
    let recording = recording("flent-ping.flent.gz");
    assert_eq!(recording.format, Format::Flent);
    let names: Vec<_> = recording
        .series
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["Ping (ms) ICMP", "Ping (ms) UDP"]);
    assert_eq!(lost(&recording.series[0]), [14, 15, 16, 17, 18]);
    assert_eq!(recording.series[0].probes.len(), 25);
    assert!(lost(&recording.series[1]).starts_with(&[14, 15, 16]));
    assert!(recording.started_unix_ms.is_some());
}

#[test]
fn old_flent_files_fall_back_to_even_rows_and_rates_are_not_taken_for_times() {
    let old = r#"{"version":3,"x_values":[0,0.2,0.4],"results":{"Ping (ms) UDP":[1.5,null,2.5],
        "Ping (ms) avg":[1,2,3],"TCP upload":[9,9,9]},
        "raw_values":{"Ping (ms) UDP":[{"t":1.0,"val":700.0,"dur":0.2}]}}"#;
    let read = parse(old).unwrap();
    let [series] = &read.series[..] else { panic!() };
    let probes: Vec<_> = series
        .probes
        .iter()
        .map(|p| (p.sent_ns, p.rtt_ns))
        .collect();
    assert_eq!(
        probes,
        [(0, Some(1_500_000)), (400_000_000, Some(2_500_000))]
    );
    let new = old.replace("\"version\":3", "\"version\":4");
    assert_eq!(
        parse(&new).unwrap().series[0].probes[0].rtt_ns,
        Some(700_000_000)
    );
    // A file of then with both kinds: the rates are named, not passed over in silence.
    let both = old.replace(
        "\"raw_values\":{",
        "\"raw_values\":{\"Ping (ms) ICMP\":[{\"t\":1.0,\"val\":9.5,\"seq\":1}],",
    );
    let both = parse(&both).unwrap();
    assert_eq!(both.series[0].name, "Ping (ms) ICMP");
    assert_eq!(
        (both.series.len(), both.left_out),
        (1, vec!["Ping (ms) UDP".to_owned()])
    );
    assert!(read.left_out.is_empty(), "its rows were read");
    let none = r#"{"version":4,"results":{"TCP upload":[1]},"raw_values":{},"x_values":[0]}"#;
    assert!(problem(none).contains("only its series \"Ping ...\" are read"));
}

#[test]
fn traces_are_read_and_their_errors_keep_the_line() {
    let read = parse("# family=home dt_ms=50 paths=2\n34000 -1\n35000 70\n").unwrap();
    assert_eq!(read.format, Format::Trace);
    let [one, two] = &read.series[..] else {
        panic!()
    };
    assert_eq!((one.name.as_str(), two.name.as_str()), ("home 1", "home 2"));
    assert_eq!((lost(two), two.probes[1].sent_ns), (vec![0], 50_000_000));
    assert!(problem("# dt_ms=50\n1 2\n1 x\n").starts_with("line 3: \"x\" is neither"));
    assert!(problem("1 2\n").starts_with("line 1: no step"));
}

#[test]
fn a_damaged_file_is_told_with_its_line() {
    let ping = String::from_utf8(bytes("ping-loss.txt")).unwrap();
    let cut = &ping[..ping.find("icmp_seq=20 ").unwrap() + 6];
    assert_eq!(
        problem(cut),
        "line 14: \"64 bytes from 10.77.0.2: icmp_s\" does not belong into the output of ping"
    );
    let odd = ping.replacen("time=0.055 ms", "time=x ms", 1);
    assert!(problem(&odd).starts_with("line 3: "), "{}", problem(&odd));
    let noise = ping.replacen("64 bytes from 10.77.0.2: icmp_seq=3 ", "\u{1b}[2J", 1);
    let said = problem(&noise);
    assert!(
        said.starts_with("line 4: ") && !said.contains('\u{1b}'),
        "{said}"
    );
    let fping = String::from_utf8(bytes("fping-c.txt")).unwrap();
    assert!(problem(&fping.replacen("[3], 64 bytes", "[3], 64 by", 1)).starts_with("line 7: "));
    let json = read(bytes("irtt.json.gz").as_slice()).unwrap();
    let cut = &json[..json.len() / 2];
    let lines = cut.lines().count();
    assert!(
        problem(cut).starts_with(&format!("line {lines}: damaged JSON: EOF")),
        "{}",
        problem(cut)
    );
    let trips = json.find("round_trips").unwrap();
    let at = trips + json[trips..].find("\"rtt\": ").unwrap() + 7;
    let line = json[..at].lines().count();
    let odd = format!("{}-{}", &json[..at], &json[at..]);
    let said = problem(&odd);
    let wanted = format!("line {line}: damaged irtt");
    assert!(said.starts_with(&wanted), "{said}");
    assert!(problem("series,sent_ms,rtt_ms\na,0,1\na,x,1\n").starts_with("line 3: \"a,x,1\""));
    for row in ["a,0", "a,0,1,2", "a,0,-1", "\"a,0,1", "a,,1", "a,0,1e9"] {
        let text = format!("series,sent_ms,rtt_ms\n{row}\n");
        assert!(problem(&text).starts_with("line 2: "), "{row}");
    }
}

#[test]
fn in_every_format_the_line_of_the_damage_is_told() {
    let own = r#"{"format": "evenkeel-samples", "version": 1, "started_unix_ms": null,
 "series": [{"name": "a",
  "sent_ms": [0, 5],
  "rtt_ms": [1.5, null]}]}"#;
    let text = |name: &str| read(bytes(name).as_slice()).unwrap();
    for (format, whole, number) in [
        ("ping", text("ping-D-O.txt"), "time=0.05"),
        ("ping", text("ping-6.txt"), "time=0.0"),
        ("fping", text("fping-D.txt"), "64 bytes, 0.04"),
        ("fping", text("fping-l.txt"), "64 bytes, 0.05"),
        ("fping", text("fping-C.txt"), "127.0.0.1 : 0.04"),
        ("mtr", text("mtr.json"), "\"Avg\": 0.0"),
        ("irtt", text("irtt.json.gz"), "\"rtt\": "),
        ("flent", text("flent-ping.flent.gz"), "\"val\": 0.05"),
        ("Evenkeel JSON", own.to_owned(), "\"rtt_ms\": [1.5"),
        (
            "Evenkeel CSV",
            format!("{CSV_HEADER}\na,0,1\na,5,1.5\n"),
            "a,5,1.5",
        ),
        ("trace", "# dt_ms=50\n1 2\n1 51\n".to_owned(), "1 51"),
    ] {
        assert!(parse(&whole).is_ok(), "{format} is whole");
        let end = whole.find(number).unwrap_or_else(|| panic!("{number}")) + number.len();
        let line = whole[..end].lines().count();
        // A letter amid a number is no number in any of them, nor JSON.
        let odd = format!("{}x{}", &whole[..end], &whole[end..]);
        let said = problem(&odd);
        assert!(
            said.starts_with(&format!("line {line}: ")),
            "{format}, line {line}: {said}"
        );
    }
    // Well-formed, but not what the program writes: a text for a number.
    for (format, whole, number) in [
        ("mtr", text("mtr.json"), "\"Avg\": 0.07"),
        ("flent", text("flent-ping.flent.gz"), "\"val\": 0.055"),
        ("Evenkeel JSON", own.to_owned(), "[1.5"),
    ] {
        let at = whole.find(number).unwrap();
        let value = number.trim_start_matches(|c: char| !c.is_ascii_digit());
        let odd = whole.replacen(number, &number.replace(value, "\"x\""), 1);
        let line = whole[..at + number.len()].lines().count();
        let said = problem(&odd);
        assert!(
            said.starts_with(&format!("line {line}: damaged {format}")),
            "line {line}: {said}"
        );
    }
}

#[test]
fn a_foreign_or_empty_file_is_told_what_would_be_read() {
    for foreign in [
        "hello\n",
        "<html></html>",
        "[1,2]",
        "{\"a\":1}",
        "#!/bin/sh\nls\n",
        "a,b\n1,2\n",
    ] {
        let said = problem(foreign);
        assert!(said.contains("none of ping, fping"), "{foreign}: {said}");
    }
    assert!(problem(" \n\n").starts_with("it is empty"));
    assert!(problem("{").starts_with("line 1: damaged JSON"));
    let newer = r#"{"format":"evenkeel-samples","version":2,"series":[]}"#;
    assert!(problem(newer).contains("version 2, this program reads version 1"));
    let uneven = r#"{"format":"evenkeel-samples","version":1,"series":[{"name":"a","sent_ms":[0],"rtt_ms":[]}]}"#;
    assert!(problem(uneven).contains("1 times, but 0 round trips"));
}

#[test]
fn nothing_grows_without_a_limit() {
    let long = format!("PING x (x) 56 bytes\n{}", "x".repeat(MAX_LINE_BYTES + 1));
    assert!(problem(&long).starts_with("line 2: the line is longer"));
    let far = "PING x (x) 5 bytes\n64 bytes from x: icmp_seq=1 ttl=1 time=1 ms\n\n--- x ping statistics ---\n\
               18446744073709551615 packets transmitted, 1 received\n";
    assert!(problem(far).contains("more than 4000000 probes"));
    let lines = |line: &dyn Fn(u32) -> String| (0..65).map(line).collect::<Vec<_>>().join("\n");
    let hosts = lines(&|n| format!("h{n} : 0.5 -"));
    assert!(problem(&hosts).starts_with("line 65: more than 64 series"));
    let names = lines(&|n| format!("h{n},0,1"));
    assert!(problem(&format!("{CSV_HEADER}\n{names}")).starts_with("line 66: more than 64"));
    let jumping = r#"{"version":4,"raw_values":{"Ping":[{"t":1,"val":1,"seq":0},{"t":2,"val":1,"seq":9e14}]}}"#;
    assert!(problem(jumping).contains("more than 4000000 probes"));
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let deep = format!("{{\"report\":{{\"hubs\":[{{\"count\":{open}{close}}}]}}}}");
    assert!(problem(&deep).contains("recursion limit"));
    assert_eq!(
        Series::named(&"x\u{7}\u{202e}".repeat(200)).name,
        "x".repeat(100)
    );
}

/// The start of every format, so that what follows is read by its own reader.
fn beginnings() -> impl Strategy<Value = String> {
    let own = format!("{CSV_HEADER}\n");
    prop::sample::select(vec![
        String::new(),
        own,
        "# dt_ms=50\n".into(),
        "PING x (x) 56(84) bytes of data.\n64 bytes from x: icmp_seq=1 ttl=64 time=0.1 ms\n".into(),
        "[1.5] h : [0], 64 bytes, 0.5 ms (0.5 avg, 0% loss)\n".into(),
        "{\"report\":{\"hubs\":[".into(),
        "{\"round_trips\":[".into(),
        "{\"version\":4,\"raw_values\":{\"Ping\":[".into(),
        "{\"format\":\"evenkeel-samples\",\"version\":1,\"series\":[".into(),
    ])
}

proptest! {
    #[test]
    fn any_bytes_end_in_a_recording_or_a_short_printable_error(
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let sane = |error: LogError| {
            let said = error.about("f");
            prop_assert!(said.len() < 400 && !said.chars().any(char::is_control), "{said:?}");
            Ok(())
        };
        match read(noise.as_slice()) {
            Ok(text) => if let Err(error) = parse(&text) { sane(error)?; },
            Err(error) => sane(error)?,
        }
    }

    #[test]
    fn any_rest_of_any_format_ends_in_a_recording_that_keeps_the_rules_or_an_error(
        start in beginnings(),
        rest in "([0-9a-z\"{}\\[\\]:,.=\\- #%]|\n| ms| icmp_seq=|time=|bytes from |\"val\":|\"t\":|\"seq\":|timed out|packets transmitted){0,60}",
    ) {
        if let Ok(recording) = parse(&(start + &rest)) {
            prop_assert!(!recording.series.is_empty() && recording.series.len() <= MAX_SERIES);
            for series in &recording.series {
                prop_assert!(!series.probes.is_empty() || series.told.is_some());
                prop_assert!(series.blocks.is_empty() || series.blocks.len() == series.probes.len());
                if series.blocks.is_empty() {
                    prop_assert!(series.probes.is_sorted_by_key(|probe| probe.sent_ns));
                }
            }
            let _ = on_a_grid(&recording, 200);
        }
    }

    #[test]
    fn a_real_recording_with_any_byte_changed_never_panics(
        file in prop::sample::select(vec!["ping-D-O.txt", "fping-D.txt", "fping-C.txt", "mtr.json", "irtt.json.gz", "flent-ping.flent.gz"]),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = if file.contains(".gz") {
            read(bytes(file).as_slice()).unwrap().into_bytes()
        } else {
            bytes(file)
        };
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(text) = read(bytes.as_slice()) {
            let _ = parse(&text);
        }
    }
}
