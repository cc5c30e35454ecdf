//! What can be typed: commands, arguments, their ranges and help texts. Not what they do.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use evenkeel_dbus::limits;

use crate::measure::Choice;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "evenkeel",
    version,
    about = "Keeps your ping level",
    args_conflicts_with_subcommands = true,
    long_about = "Keeps your ping level: watches every uplink of this machine, and in game mode \
                  sends new connections to the steadiest one.\n\n\
                  Without a command it opens the window. Changes are made by the helper evenkeeld, \
                  which remembers what was there before and puts it back."
)]
pub struct Cli {
    /// Open the window as a strip: ping, jitter and the switch, for a second screen
    #[arg(long)]
    pub strip: bool,
    /// What to do; without a command the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what is in force, the uplinks, who holds game mode, and every setting
    ///
    /// Reads only what the helper knows already: it sends no probes, so it costs nothing in a
    /// script. When nobody watches and game mode is off, the uplinks are not being measured and
    /// the table says so; `evenkeel watch` measures.
    Status(StatusArgs),
    /// Show what game mode would do to the routes, before anything is done
    ///
    /// For each IP version: every step in the words of ip(8), or why nothing would be built. While
    /// game mode is in force it says by what. It only asks; nothing is changed.
    Plan(PlanArgs),
    /// Watch RTT, jitter, loss and share of every uplink live
    ///
    /// On a terminal: one block per uplink with a graph of the last minute. Keys: q quits, g
    /// switches game mode on and off while this runs, left and right move the EMA slider by 16.
    /// Elsewhere (or with --plain): one line per uplink and second.
    Watch(WatchArgs),
    /// List ping spikes as they come, each with whose fault it was and what was seen
    ///
    /// First those of the last while that the helper remembers, then those that come; a spike is told
    /// about two seconds after it is over. While this runs the uplinks and their gateways are probed.
    /// The answer is this device, the Wi-Fi, the router or the line, the internet, or nobody.
    Spikes(SpikesArgs),
    /// List the connections of the game, or of another program, with their round trips
    ///
    /// Reads what the kernel measures anyway and sends nothing. TCP connections have a round trip of
    /// their own. For UDP only the peer is known, and only where the program connected its socket;
    /// with --probe that peer is asked by ICMP. Where the peer cannot be known, it says so.
    ///
    /// The game is the busiest program below Steam's launcher or `evenkeel run`; --pid or --name
    /// choose another one. Programs of other users cannot be looked into.
    Flows(FlowsArgs),
    /// Print one line for an overlay: ping, jitter, uplink, game mode
    ///
    /// For `exec` of `MangoHud`, which calls it again and again: it reads what the helper knows, starts
    /// nothing, and sends no probes. While nobody listens and game mode is off there is nothing to
    /// show, and it says so; start the game with `evenkeel run`. docs/OVERLAY.md has the lines for
    /// its configuration.
    Overlay,
    /// Change a setting until `evenkeel revert` or a restart
    ///
    /// The helper keeps the value for you after this command has ended; `evenkeel revert` puts the
    /// original back.
    Set {
        /// The setting.
        #[command(subcommand)]
        what: Setting,
    },
    /// Switch game mode on or off
    ///
    /// On: the helper keeps it for you until `off`, `evenkeel revert` or a restart. Off: ends what
    /// is kept for you and says who else still holds it, if anybody does.
    GameMode {
        /// The new state.
        state: OnOff,
    },
    /// Run a command with game mode on for as long as it lives
    ///
    /// For Steam, set the launch options of a game to: evenkeel run -- %command%
    ///
    /// If game mode cannot be had, one line on standard error says why, and the command runs all
    /// the same. Signals are passed on to it. The exit code is the command's own, 128 plus the
    /// signal that ended it, 127 when there is no such command and 126 when it cannot be run.
    Run(RunArgs),
    /// Judge one uplink anew, as if it had just appeared
    ///
    /// For an uplink that has recovered: at the default sensitivity it is trusted again only after
    /// many minutes. The next seconds are a guess, as at the beginning.
    Forget {
        /// The interface's name or ifindex.
        #[arg(value_name = "UPLINK")]
        uplink: String,
    },
    /// End everything that is kept for you and restore the originals
    ///
    /// When nobody else holds game mode, the rules that still keep running connections on their
    /// uplink after game mode go at once too; connections that need them break.
    ///
    /// What other users hold, and what a running window, `watch` or `run` of yours holds, is not
    /// touched.
    Revert,
    /// Find out whether a setting makes round-trip times steadier here
    ///
    /// The helper switches between the two settings in short blocks, in an order drawn by lot, and
    /// probes as a new connection would go. After 20 pairs of blocks (6.7 min) it looks once, after 30
    /// (10 min) it ends: better, worse, or no difference shown. What it changed is put back at every
    /// end. Ctrl-C cancels; if this terminal is closed the measurement goes on, and --show finds it
    /// again. The newest 50 with a verdict are kept in your state folder, with every probe.
    ///
    /// Connections that run already stay where they are. Leave the network alone meanwhile: a
    /// download that begins or ends hits both settings alike, but makes differences harder to see.
    Measure(MeasureArgs),
    /// Show what the steering would have done with a recorded series
    ///
    /// FILE is anything `evenkeel table` reads with round trips in it, or a trace: lines that begin
    /// with # (one of them with `dt_ms=N`), then one row per step with one RTT in microseconds per
    /// path, -1 for a lost probe. The rows are sampled down to the period by taking the newest one.
    ///
    /// Prints one line per probe round: `t_ms`, the leader (1 is the first path, - is none), and the
    /// weight of each path. With --json each line is an object
    /// `{"t_ms":200,"leader":1,"weights":[255,1]}` with null for no leader.
    Replay(ReplayArgs),
    /// Show the figures of recordings side by side, and their graphs
    ///
    /// Reads the output of ping (also with -D), fping (-c, -l, -C), mtr --json, irtt (-o), flent
    /// (.flent.gz), traces with `# dt_ms=N`, and Evenkeel's own CSV and JSON; packed with gzip or
    /// not. What a file is, is told by its content. With --ping it sends probes itself instead.
    ///
    /// Prints count, losses, min, average, median, p95, p99, max, stdev, and how many answers took
    /// longer than three thresholds. Two recordings made one after the other are described, not
    /// judged: only a test that takes turns can tell whether a change helped.
    Table(TableArgs),
    /// Write one page about this machine and its connection, to be posted
    ///
    /// The page is one HTML file without scripts that loads nothing from elsewhere: what is in force,
    /// the uplinks, the table and graphs of some seconds of probes, of a recording or of a
    /// measurement with its verdict, and what the doctor says. Private and own addresses, hardware
    /// addresses, and the names of this computer, its users and its Wi-Fi networks are taken out.
    Report(ReportArgs),
    /// Check the installation, from the bus to the kernel, and say what to do
    ///
    /// Reads only; if the bus can start the helper, it does. Exits with 0 when nothing is wrong, with
    /// 3 when the helper cannot be reached, with 4 when it may not be called, with 1 otherwise.
    ///
    /// With --kernel it finds out instead what this kernel really does with two paths: it makes a user
    /// and a network namespace of its own, sends a few thousand small packets inside and counts where
    /// they go. That takes some seconds, needs neither root nor the helper, and changes nothing
    /// outside. Exits with 0 when it found out, with 5 when this system does not let its users make
    /// such namespaces, with 1 when nothing could be told.
    Doctor(DoctorArgs),
    /// Print a completion script for your shell
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual pages in roff
    ///
    /// Without --dir all pages are printed one after the other.
    Man {
        /// Write one file per page into this directory, which must exist.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// How to show the status.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Print JSON; its fields are stable, and units stand in their names
    #[arg(long)]
    pub json: bool,
}

/// How to show the diagnosis.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Try out what this kernel really does with two paths
    #[arg(long)]
    pub kernel: bool,
    /// Print JSON; its fields are stable
    #[arg(long)]
    pub json: bool,
}

/// How to show the plan.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Print JSON; its fields are stable
    #[arg(long)]
    pub json: bool,
}

/// How and how long to watch.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Print lines even on a terminal
    #[arg(long)]
    pub plain: bool,
    /// Stop after so many seconds' lines (implies --plain)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: Option<u32>,
}

/// How and how long to list spikes.
#[derive(Debug, Args)]
pub struct SpikesArgs {
    /// Print one JSON object per line; its fields are stable, and units stand in their names
    #[arg(long)]
    pub json: bool,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub seconds: Option<u32>,
}

/// Whose connections to list, and how.
#[derive(Debug, Args)]
pub struct FlowsArgs {
    /// Print JSON; its fields are stable, and units stand in their names
    #[arg(long)]
    pub json: bool,
    /// Ask the peers of UDP connections by ICMP, three times each
    #[arg(long)]
    pub probe: bool,
    /// The connections of this process and those it started
    #[arg(long, value_name = "PID", conflicts_with_all = ["name", "all"])]
    pub pid: Option<u32>,
    /// The connections of programs with this name
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    pub name: Option<String>,
    /// The connections of every program that can be looked into
    #[arg(long)]
    pub all: bool,
}

/// What `set` can set.
#[derive(Debug, Subcommand)]
pub enum Setting {
    /// The EMA factor: 0 is calm, 1024 is sharp
    ///
    /// On a stock kernel it is the slider of the steering; on a patched kernel it is written to
    /// `net.ipv4.lowpower_ema_k_factor`.
    Ema {
        /// 0 to 1024.
        #[arg(allow_negative_numbers = true, value_parser = bounded(&limits::EMA_FACTOR))]
        factor: u32,
    },
    /// The patched kernel's power cost weight
    ///
    /// The original patch would take any number, but with negative and large ones IPv6 addresses,
    /// even `::1`, can become unreachable until the interface is taken down and up.
    PowerCost {
        /// 0 to 10000.
        #[arg(allow_negative_numbers = true, value_parser = bounded(&limits::POWER_COST))]
        weight: u32,
    },
    /// What an uplink costs, in percent: 100 is neutral
    ///
    /// 150 is mild; 200 and more keep new connections off it unless it is far steadier.
    UplinkCost {
        /// The interface's name or ifindex.
        #[arg(value_name = "IFACE")]
        uplink: String,
        /// 1 to 10000 percent.
        #[arg(allow_negative_numbers = true, value_parser = bounded(&limits::UPLINK_COST))]
        cost: u32,
    },
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    /// Keep game mode on.
    On,
    /// End what is kept for you.
    Off,
}

/// What to run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The command and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// What to measure, and how.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true),
    override_usage = "evenkeel measure [OPTIONS] --game-mode|--ema A B|--uplinks A B|--tunable ID[=VALUE]\n       \
                      evenkeel measure [OPTIONS] --show[=N]|--history"
)]
pub struct MeasureArgs {
    /// Game mode off against on
    #[arg(long, group = "what")]
    pub game_mode: bool,
    /// Two positions of the EMA slider, both in game mode
    #[arg(long, group = "what", num_args = 2, value_names = ["A", "B"])]
    #[arg(value_parser = bounded(&limits::EMA_FACTOR))]
    pub ema: Vec<u32>,
    /// Two uplinks, by name or ifindex; nothing is changed
    #[arg(long, group = "what", num_args = 2, value_names = ["A", "B"])]
    pub uplinks: Vec<String>,
    /// A setting off against on: ema-factor, power-cost or uplink-cost:NAME
    ///
    /// With =VALUE that value is measured, else the one that is set now.
    #[arg(long, group = "what", value_name = "ID[=VALUE]", value_parser = tunable)]
    pub tunable: Option<Choice>,
    /// Show the measurement that is under way, or the last one, instead of beginning one
    ///
    /// With =N the one of that number in --history, 1 being the newest.
    #[arg(long, group = "what", value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "0", hide_default_value = true)]
    #[arg(conflicts_with_all = ["pairs", "first_look", "block", "settle", "period_ms"])]
    pub show: Option<u32>,
    /// List the measurements that are kept, the newest first
    #[arg(long, group = "what")]
    #[arg(conflicts_with_all = ["pairs", "first_look", "block", "settle", "period_ms"])]
    pub history: bool,
    /// Pairs of blocks in all
    #[arg(long, value_name = "N", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u32).range(6..=60))]
    pub pairs: u32,
    /// Pairs before an earlier look; 0 for none. By default two thirds of all pairs
    #[arg(long, value_name = "N")]
    pub first_look: Option<u32>,
    /// Seconds of a block
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub block: f64,
    /// Seconds dropped at a block's beginning
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    pub settle: f64,
    /// Milliseconds between two probes
    #[arg(long, value_name = "MS", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(50..=1000))]
    pub period_ms: u32,
    /// Print JSON; its fields are stable, and units stand in their names
    #[arg(long, conflicts_with_all = ["markdown", "html", "over"])]
    pub json: bool,
    /// How to show it, and what else to write.
    #[command(flatten)]
    pub deliver: Deliver,
    /// Write the samples as JSON
    #[arg(long, value_name = "FILE")]
    pub samples_json: Option<PathBuf>,
}

/// What to replay, and how.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Milliseconds between two probes of one path
    #[arg(long, value_name = "MS", default_value_t = 200)]
    pub period_ms: u32,
    /// Position of the EMA slider, 0 (calm) to 1024 (sharp)
    #[arg(long, value_name = "0..1024", default_value_t = limits::EMA_FACTOR_DEFAULT)]
    #[arg(allow_negative_numbers = true, value_parser = bounded(&limits::EMA_FACTOR))]
    pub slider: u32,
    /// Cost of each path in percent, one for all or one for each [default: 100]
    #[arg(long, value_name = "COST,..", value_delimiter = ',')]
    #[arg(value_parser = bounded(&limits::UPLINK_COST))]
    pub cost: Vec<u32>,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The recording, or - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

fn tunable(text: &str) -> Result<Choice, String> {
    Choice::tunable(text).ok_or_else(|| "the value must be a number".to_owned())
}

/// What to show, and where to.
#[derive(Debug, Args)]
pub struct TableArgs {
    /// Probe this address or name by ICMP, without a privilege; may be given several times
    #[arg(long, value_name = "TARGET", conflicts_with = "files")]
    pub ping: Vec<String>,
    /// Probes for each target; Ctrl-C ends it earlier
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        requires = "ping",
        conflicts_with = "files"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub count: u32,
    /// Milliseconds between two probes of a target [default: 200; 10 on loopback]
    #[arg(long, value_name = "MS", requires = "ping", conflicts_with = "files")]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=60_000))]
    pub interval_ms: Option<u32>,
    /// How to show it, and what else to write.
    #[command(flatten)]
    pub deliver: Deliver,
    /// Write the samples as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The recordings, or - for standard input
    #[arg(value_name = "FILE", required_unless_present = "ping")]
    pub files: Vec<PathBuf>,
}

/// How figures are shown, and which files are written.
#[derive(Debug, Args)]
pub struct Deliver {
    /// Print the table as Markdown
    #[arg(long, conflicts_with = "html")]
    pub markdown: bool,
    /// Print the table as HTML
    #[arg(long)]
    pub html: bool,
    /// Count answers over these times instead, in ms
    #[arg(long, value_name = "MS,..", value_delimiter = ',', value_parser = Threshold::parse)]
    pub over: Vec<Threshold>,
    /// Write the graphs as an SVG file: CDF, histogram, tail, over time
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Write the graphs as a PNG file
    #[arg(long, value_name = "FILE")]
    pub png: Option<PathBuf>,
    /// The colours of the graphs
    #[arg(long, value_name = "LOOK", default_value = "dark")]
    pub look: ImageLook,
    /// Write the samples as CSV
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

/// The colours of a graph in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImageLook {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

/// A time that answers are counted over, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold(pub u64);

impl Threshold {
    fn parse(text: &str) -> Result<Self, String> {
        let ns = crate::logs::milliseconds(text).filter(|ns| (1..=60_000_000_000).contains(ns));
        ns.map(Self)
            .ok_or_else(|| format!("{text} is not a time from 0.000001 to 60000 ms"))
    }
}

/// What the page is about, and where it goes.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Seconds of the live feed to show, when no recording is given
    #[arg(
        long = "for",
        value_name = "SECONDS",
        default_value_t = 15,
        conflicts_with = "files"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Where the page is written, or - for standard output [default: a new file here]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave addresses and names as they are
    #[arg(long)]
    pub with_addresses: bool,
    /// Show a measurement that is kept instead: its verdict, table and graphs
    ///
    /// With =N the one of that number in `evenkeel measure --history`, else the newest.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "1", conflicts_with_all = ["files", "seconds"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub measurement: Option<u32>,
    /// Recordings to show instead of the live feed
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Accepts a number inside a range of the contract.
fn bounded(range: &std::ops::RangeInclusive<u32>) -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(u64::from(*range.start())..=u64::from(*range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;
    use proptest::prelude::*;

    fn parse(words: &[&str]) -> Result<Option<Command>, ErrorKind> {
        let words = ["evenkeel"].iter().chain(words);
        Cli::try_parse_from(words)
            .map(|cli| cli.command)
            .map_err(|error| error.kind())
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_arguments_open_the_window() {
        assert!(matches!(parse(&[]), Ok(None)));
    }

    #[test]
    fn the_strip_is_a_window_and_goes_with_no_command() {
        let strip = |words: &[&str]| {
            let words = ["evenkeel"].iter().chain(words);
            Cli::try_parse_from(words).map(|cli| cli.strip)
        };
        assert!(matches!(
            (strip(&["--strip"]), strip(&[])),
            (Ok(true), Ok(false))
        ));
        let with = strip(&["--strip", "status"]).map_err(|error| error.kind());
        assert_eq!(with, Err(ErrorKind::ArgumentConflict));
    }

    #[test]
    fn what_stands_behind_the_command_belongs_to_the_command() {
        for words in [
            &["run", "--", "game", "--json", "-x", "--", "y"][..],
            &["run", "game", "--json", "-x", "--", "y"][..],
        ] {
            let Ok(Some(Command::Run(run))) = parse(words) else {
                panic!("{words:?}")
            };
            assert_eq!(run.command, ["game", "--json", "-x", "--", "y"]);
        }
        assert_eq!(
            parse(&["run"]).unwrap_err(),
            ErrorKind::MissingRequiredArgument
        );
    }

    #[test]
    fn replay_defaults_are_the_documented_ones() {
        let Ok(Some(Command::Replay(replay))) = parse(&["replay", "x"]) else {
            panic!()
        };
        assert_eq!(
            (replay.period_ms, replay.slider, replay.cost),
            (200, 512, vec![])
        );
        let words = ["replay", "--cost", "100,150", "--period-ms", "500", "x"];
        let Ok(Some(Command::Replay(replay))) = parse(&words) else {
            panic!()
        };
        assert_eq!((replay.period_ms, replay.cost), (500, vec![100, 150]));
    }

    proptest! {
        #[test]
        fn exactly_the_contracts_ranges_are_accepted(value in -20_000_i64..20_000) {
            let text = value.to_string();
            let inside = |range: &std::ops::RangeInclusive<u32>| {
                u32::try_from(value).is_ok_and(|value| range.contains(&value))
            };
            prop_assert_eq!(parse(&["set", "ema", &text]).is_ok(), inside(&limits::EMA_FACTOR));
            prop_assert_eq!(
                parse(&["set", "power-cost", &text]).is_ok(),
                inside(&limits::POWER_COST)
            );
            prop_assert_eq!(
                parse(&["set", "uplink-cost", "eth0", &text]).is_ok(),
                inside(&limits::UPLINK_COST)
            );
        }
    }
}
