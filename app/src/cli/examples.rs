//! The examples of every command, once, for both `--help` and the manual; and the finished command
//! definition that carries them. Not the definition of the arguments.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use super::args::Cli;
use super::exit::Exit;

/// What to type, and what it does.
pub type Example = (&'static str, &'static str);

/// The examples of the command with these words (empty: the program itself).
pub fn of(words: &str) -> &'static [Example] {
    let found = EXAMPLES.iter().find(|(command, _)| *command == words);
    found.map_or(&[], |(_, examples)| examples)
}

const EXAMPLES: &[(&str, &[Example])] = &[
    (
        "",
        &[
            ("evenkeel", "open the window"),
            (
                "evenkeel --strip",
                "ping, jitter and the switch for a second screen",
            ),
            ("evenkeel status", "what is in force, and the uplinks"),
            (
                "evenkeel watch",
                "RTT, jitter and loss live in the terminal",
            ),
            ("evenkeel plan", "what game mode would do to the routes"),
            (
                "evenkeel run -- ./game",
                "game mode for as long as the game runs",
            ),
            (
                "evenkeel measure --game-mode",
                "find out whether game mode helps here",
            ),
            (
                "evenkeel revert",
                "put everything back that is kept for you",
            ),
        ],
    ),
    (
        "status",
        &[
            ("evenkeel status", "for people"),
            ("evenkeel status --json | jq .leader_ifindex", "for scripts"),
        ],
    ),
    (
        "plan",
        &[
            (
                "evenkeel plan",
                "the steps for IPv4 and IPv6, in the words of ip",
            ),
            (
                "evenkeel plan --json | jq '.families[].reason'",
                "why not, for scripts",
            ),
        ],
    ),
    (
        "watch",
        &[
            (
                "evenkeel watch",
                "full screen; q quits, g switches game mode",
            ),
            (
                "evenkeel watch --count 5",
                "five seconds of lines, then stop",
            ),
            (
                "evenkeel watch --for 60 >ping.log",
                "a minute of lines into a file",
            ),
        ],
    ),
    (
        "spikes",
        &[
            (
                "evenkeel spikes",
                "what the helper remembers, and what comes",
            ),
            (
                "evenkeel spikes --json --for 600 >evening.jsonl",
                "ten minutes for scripts",
            ),
        ],
    ),
    (
        "flows",
        &[
            ("evenkeel flows", "the game's connections"),
            (
                "evenkeel flows --probe",
                "and how far its UDP peers are away",
            ),
            (
                "evenkeel flows --name firefox --json",
                "those of a browser, for scripts",
            ),
        ],
    ),
    (
        "overlay",
        &[(
            "evenkeel overlay",
            "one line, such as `23 ms ±1.2 wlan0 game mode`",
        )],
    ),
    (
        "set",
        &[
            ("evenkeel set ema 512", "the middle of the slider"),
            (
                "evenkeel set uplink-cost wwan0 150",
                "a mild charge on the modem",
            ),
        ],
    ),
    (
        "set ema",
        &[
            (
                "evenkeel set ema 256",
                "calmer: follows jitter in about 30 s",
            ),
            ("evenkeel set ema 768", "sharper: follows it in about 4 s"),
        ],
    ),
    (
        "set power-cost",
        &[(
            "evenkeel set power-cost 100",
            "neutral (patched kernel only)",
        )],
    ),
    (
        "set uplink-cost",
        &[
            (
                "evenkeel set uplink-cost wwan0 150",
                "a mild charge on the modem",
            ),
            (
                "evenkeel set uplink-cost 3 100",
                "neutral again, by ifindex",
            ),
        ],
    ),
    (
        "game-mode",
        &[
            (
                "evenkeel game-mode on",
                "keep it on, also after this command",
            ),
            (
                "evenkeel game-mode off",
                "end it, and say who else holds it",
            ),
        ],
    ),
    (
        "run",
        &[
            (
                "evenkeel run -- ./game --fullscreen",
                "game mode while the game runs",
            ),
            (
                "evenkeel run -- %command%",
                "the launch options of a game in Steam",
            ),
        ],
    ),
    (
        "forget",
        &[(
            "evenkeel forget wlan0",
            "the Wi-Fi has recovered: judge it anew",
        )],
    ),
    (
        "revert",
        &[(
            "evenkeel revert",
            "put everything back that is kept for you",
        )],
    ),
    (
        "measure",
        &[
            (
                "evenkeel measure --game-mode",
                "does game mode help here? Ten minutes at most",
            ),
            (
                "evenkeel measure --uplinks wlan0 usb0",
                "which of the two is steadier",
            ),
            (
                "evenkeel measure --tunable ema-factor",
                "is the sensitivity you set better than none",
            ),
            (
                "evenkeel measure --show",
                "the one under way, or the last one",
            ),
            ("evenkeel measure --history", "all that are kept"),
            (
                "evenkeel measure --show=2 --png before.png",
                "the last but one, with its graphs",
            ),
        ],
    ),
    (
        "replay",
        &[
            (
                "evenkeel replay drive.csv.gz",
                "the default: every 200 ms, slider 512",
            ),
            (
                "evenkeel replay --slider 1024 drive.csv | head",
                "what the sharp end would do",
            ),
            (
                "evenkeel replay --cost 100,200 --json drive.csv",
                "path 2 is expensive; JSON lines",
            ),
        ],
    ),
    (
        "table",
        &[
            (
                "evenkeel table --ping 127.0.0.1 --count 1000",
                "the figures of 1000 loopback pings",
            ),
            (
                "evenkeel table before.txt after.txt --png both.png",
                "two logs of ping side by side, with graphs",
            ),
            (
                "evenkeel table game.flent.gz --markdown --over 30,60,100",
                "for a forum, with thresholds of your own",
            ),
            (
                "ping -D -c 100 192.0.2.1 | evenkeel table --csv samples.csv -",
                "from a pipe, keeping the samples",
            ),
        ],
    ),
    (
        "report",
        &[
            (
                "evenkeel report",
                "15 seconds of probes, into a new file here",
            ),
            (
                "evenkeel report ping.txt -o spikes.html",
                "about a recording instead",
            ),
            (
                "evenkeel report --measurement",
                "about the last measurement: verdict, table, graphs",
            ),
        ],
    ),
    (
        "doctor",
        &[
            ("evenkeel doctor", "what is wrong, and what to do about it"),
            ("evenkeel doctor --json | jq .healthy", "for scripts"),
            (
                "evenkeel doctor --kernel",
                "what this kernel really does with two paths",
            ),
        ],
    ),
    (
        "completions",
        &[(
            "evenkeel completions fish >~/.config/fish/completions/evenkeel.fish",
            "complete commands in fish",
        )],
    ),
    (
        "man",
        &[
            ("evenkeel man | man -l -", "read all pages"),
            (
                "evenkeel man --dir man1",
                "one file per page, for a package",
            ),
        ],
    ),
];

/// The command definition with examples and exit codes in its help.
pub fn command() -> Command {
    let mut command = with_examples(Cli::command(), "");
    command = command.disable_help_subcommand(true);
    let codes = format!("{}\n\n{}", text(of("")), exit_codes());
    command.after_help(codes)
}

fn with_examples(command: Command, words: &str) -> Command {
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let mut command = command.after_help(text(of(words)));
    for name in names {
        let below = format!("{words} {name}").trim().to_owned();
        command = command.mut_subcommand(name, |sub| with_examples(sub, &below));
    }
    command
}

/// The examples as they stand under `--help`: what it does below what to type.
fn text(examples: &[Example]) -> String {
    let mut out = String::from("Examples:");
    for (typed, does) in examples {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n  {typed}\n      {does}");
    }
    out
}

fn exit_codes() -> String {
    let mut out = String::from("Exit codes:");
    for (code, meaning) in Exit::TABLE {
        let _ = write!(out, "\n  {code}  {meaning}");
    }
    out.push_str("\n  `run` exits as its command does; see evenkeel run --help.");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(command: &Command, words: &str, visit: &mut impl FnMut(&str, &Command)) {
        visit(words, command);
        for sub in command.get_subcommands() {
            every(sub, format!("{words} {}", sub.get_name()).trim(), visit);
        }
    }

    #[test]
    fn every_command_has_an_example() {
        every(&Cli::command(), "", &mut |words, _| {
            assert!(!of(words).is_empty(), "{words}");
        });
    }

    #[test]
    fn every_example_is_accepted() {
        every(&Cli::command(), "", &mut |words, _| {
            for (typed, _) in of(words) {
                let mut parts = typed.split(['|', '>']);
                let ours = parts.find(|part| part.trim_start().starts_with("evenkeel"));
                let typed = ours.unwrap_or_else(|| panic!("{typed}"));
                let parsed = command().try_get_matches_from(typed.split_whitespace());
                assert!(parsed.is_ok(), "{typed}: {}", parsed.unwrap_err());
            }
        });
    }
}
