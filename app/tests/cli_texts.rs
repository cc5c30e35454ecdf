//! Help, manual pages and completion scripts as a user gets them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a rig that cannot be built fails the test"
)]

mod cli_support;

use cli_support::{Scratch, ran, stdout};

const COMMANDS: [&str; 15] = [
    "status",
    "plan",
    "watch",
    "set",
    "game-mode",
    "run",
    "forget",
    "revert",
    "measure",
    "replay",
    "table",
    "report",
    "doctor",
    "completions",
    "man",
];

#[test]
fn help_has_examples_and_the_exit_codes() {
    let help = stdout(&ran(&["--help"]));
    for wanted in [
        "Examples:\n  evenkeel\n      open the window",
        "evenkeel run -- ./game",
        "Exit codes:\n  0  it worked",
        "3  the helper cannot be reached",
        "4  not authorized",
        "5  this machine cannot do it",
    ] {
        assert!(help.contains(wanted), "no `{wanted}` in:\n{help}");
    }
    for command in COMMANDS {
        assert!(
            help.contains(&format!("\n  {command} ")),
            "no `{command}` in:\n{help}"
        );
    }
}

#[test]
fn every_command_has_help_with_examples() {
    let settings = [
        ["set", "ema"],
        ["set", "power-cost"],
        ["set", "uplink-cost"],
    ];
    let commands = COMMANDS.iter().map(|command| vec![*command]);
    for mut words in commands.chain(settings.map(Vec::from)) {
        words.push("--help");
        let output = ran(&words);
        assert!(output.status.success());
        let help = stdout(&output);
        assert!(
            help.contains("Examples:\n  evenkeel "),
            "{words:?}:\n{help}"
        );
        let longest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(longest <= 100, "{words:?} is {longest} wide:\n{help}");
    }
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = ran(&["completions", shell]);
        assert!(output.status.success());
        let script = stdout(&output);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} does not know {command}");
        }
    }
    assert_eq!(ran(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn the_manual_has_a_page_per_command_with_its_sections() {
    let scratch = Scratch::new();
    let dir = scratch.0.to_str().unwrap();
    assert!(ran(&["man", "--dir", dir]).status.success());
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected: Vec<String> = COMMANDS
        .iter()
        .map(|command| format!("evenkeel-{command}.1"))
        .collect();
    expected.push("evenkeel.1".into());
    expected.extend(["ema", "power-cost", "uplink-cost"].map(|s| format!("evenkeel-set-{s}.1")));
    expected.sort();
    assert_eq!(names, expected);
    let main = std::fs::read_to_string(scratch.0.join("evenkeel.1")).unwrap();
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "EXAMPLES",
        "\"EXIT STATUS\"",
        "ENVIRONMENT",
    ] {
        assert!(
            main.contains(&format!(".SH {section}")),
            "no {section} in\n{main}"
        );
    }
    let all = stdout(&ran(&["man"]));
    assert_eq!(
        all.lines().filter(|line| line.starts_with(".TH ")).count(),
        expected.len()
    );
}

#[test]
fn a_manual_directory_that_is_not_there_is_named() {
    let output = ran(&["man", "--dir", "/nonexistent"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(cli_support::stderr(&output).contains("/nonexistent/evenkeel.1 cannot be written"));
}
