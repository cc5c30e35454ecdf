//! `evenkeel report` from outside: what stands on the page, what does not, and what it is written into.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;
#[path = "cli_support/fake.rs"]
mod fake;

use std::process::Command;

use cli_support::{Bus, Scratch, evenkeel, stderr, stdout};
use fake::Helper;

const SECRETS: [&str; 6] = [
    "192.168.7.9",
    "fd00:1::9",
    "2001:db8:7::1",
    "aa:bb:cc:00:11:22",
    "enxaabbcc001122",
    "grandma",
];

/// A log of ping whose targets are secrets, and one that is none.
fn log(scratch: &Scratch) -> String {
    let targets = SECRETS.iter().chain(&["198.51.100.4"]);
    let runs = targets.map(|target| {
        format!("PING {target} ({target}) 56(84) bytes of data.\n64 bytes from {target}: icmp_seq=1 ttl=64 time=20.5 ms\n")
    });
    scratch.file("ping.txt", runs.collect::<String>().as_bytes())
}

fn report(args: &[&str]) -> Command {
    let mut command = evenkeel();
    command
        .env("EVENKEEL_LANG", "en")
        .env("USER", "grandma")
        .arg("report")
        .args(args);
    command
}

#[test]
fn a_report_tells_what_was_recorded_and_nothing_of_who_and_where() {
    let scratch = Scratch::new();
    let file = log(&scratch);
    let output = report(&[&file, "-o", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let page = stdout(&output);
    for secret in SECRETS {
        assert!(!page.contains(secret), "{secret} in\n{page}");
    }
    let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
    if host.len() > 3 && host != "localhost" {
        assert!(!page.contains(&host), "{host}");
    }
    for kept in [
        "198.51.100.4",
        "ping.txt",
        "[address 1]",
        "[user]",
        "Linux",
        "were taken out",
        "<svg",
    ] {
        assert!(page.contains(kept), "no {kept} in\n{page}");
    }
    assert!(
        page.contains("the system bus cannot be reached"),
        "the doctor has a word"
    );
}

#[test]
fn with_addresses_everything_stays_and_the_page_says_so() {
    let scratch = Scratch::new();
    let file = log(&scratch);
    let page = stdout(
        &report(&[&file, "--with-addresses", "-o", "-"])
            .output()
            .unwrap(),
    );
    for secret in SECRETS {
        assert!(page.contains(secret), "no {secret} in\n{page}");
    }
    assert!(page.contains("left in this page on request") && !page.contains("were taken out"));
}

#[test]
fn a_report_of_the_live_feed_shows_the_uplinks_and_what_is_in_force() {
    let bus = Bus::start();
    let helper = Helper::start(&bus.address);
    let run = |language: &str| {
        let mut command = bus.evenkeel();
        command
            .env("EVENKEEL_LANG", language)
            .args(["report", "--for", "2", "-o", "-"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let page = run("en");
    for wanted in [
        "2 s of probes, all connections at once",
        "Game mode is off, nothing is steered",
        "(wifi0)",
        "<th scope=\"col\">wifi0</th>",
        "<th scope=\"col\">wwan0</th>",
        "the helper answers, version",
    ] {
        assert!(page.contains(wanted), "no {wanted} in\n{page}");
    }
    assert!(!page.contains("10.1.0."), "addresses of uplinks");
    assert_eq!(helper.calls(), ["Subscribe 5"], "it changes nothing");
    let korean = run("ko");
    assert!(
        korean.contains("<html lang=\"ko\">") && korean.contains("게임 모드"),
        "{korean}"
    );
}

#[test]
fn the_page_goes_into_a_new_file_or_the_one_that_is_named() {
    let scratch = Scratch::new();
    let file = log(&scratch);
    let output = report(&[&file]).current_dir(&scratch.0).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    let name = said.split(' ').next().unwrap();
    assert!(name.starts_with("evenkeel-report-2"), "{said}");
    assert!(
        std::fs::read_to_string(scratch.0.join(name))
            .unwrap()
            .ends_with("</html>\n")
    );
    let named = scratch.file("old.html", b"old");
    assert!(
        report(&[&file, "-o", &named])
            .output()
            .unwrap()
            .status
            .success()
    );
    assert!(
        std::fs::read_to_string(&named)
            .unwrap()
            .starts_with("<!DOCTYPE html>")
    );
    let nowhere = report(&[&file, "-o", "/nonexistent/x.html"])
        .output()
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).contains("/nonexistent/x.html cannot be written"));
}
