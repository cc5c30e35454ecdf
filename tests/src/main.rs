//! The lab's command line. The work is in the library; this file reads arguments and prints.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program prints"
)]

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clap::{Parser, Subcommand, ValueEnum};
use evenkeel_lab::emulator::{control, engine, port::Port};
use evenkeel_lab::machine::{self, MachineSpec};
use evenkeel_lab::managers::{adverts, logind};
use evenkeel_lab::vm;
use evenkeel_lab::{Lab, LabError, LabSpec, Link, Routes};
use evenkeel_lab::{accuracy, bench, call, demo, echo, guard, herald, hold, pad, race, turnaround};
use nix::sys::signal::Signal;

/// A private network with emulated uplinks, a private system bus and a real polkit. Needs root;
/// changes nothing outside its own namespaces and leaves nothing behind, however it ends.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a lab and keep it until Enter, end of input, Ctrl-C or a signal.
    Up {
        /// Number of uplinks, 1 to 4.
        #[arg(long, default_value_t = 2)]
        uplinks: u8,
        /// The default routes of the pc.
        #[arg(long, value_enum, default_value_t = RoutesArgument::Multipath)]
        routes: RoutesArgument,
        /// Without the bus and polkit.
        #[arg(long)]
        no_rig: bool,
    },
    /// Change a running lab's link, e.g. `link 1234 wifi0 both delay_us=10000 jitter_us=20000`,
    /// or print its state with `get`.
    Link {
        /// The lab's process number, as `up` printed it.
        lab: u32,
        /// The uplink: wifi0, usb0, eth0 or lte0.
        uplink: String,
        /// `up`, `down` or `both` and the parameters, or `get`.
        #[arg(required = true)]
        order: Vec<String>,
    },
    /// Print the emulator's error over a 10 ms delay, idle and with all cores busy.
    Accuracy {
        /// Seconds per run; there are four.
        #[arg(long, default_value_t = 5)]
        seconds: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forward between two interfaces of this namespace with delay, jitter and loss.
    Emulate {
        /// The interface towards the pc.
        near: String,
        /// The interface towards the router.
        far: String,
        /// Seed of the draws.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where to listen for orders (a Unix socket).
        #[arg(long)]
        control: PathBuf,
        /// Microseconds before a packet's time from which on it looks at the clock instead of
        /// sleeping.
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(i64).range(0..=10_000))]
        spin_us: i64,
    },
    /// Show the whole program in a lab: the window where there is a display, `evenkeel watch` on a
    /// terminal, else a story that is played once and checked.
    Demo {
        /// Play the story, whatever there is.
        #[arg(long)]
        story: bool,
        /// Where a picture of the window is saved.
        #[arg(long, default_value = "target/demo.png")]
        picture: PathBuf,
        /// The default routes to begin with; the story needs the multipath one.
        #[arg(
            long,
            value_enum,
            default_value = "multipath",
            conflicts_with = "story"
        )]
        routes: RoutesArgument,
    },
    /// Print how soon new flows leave an uplink that got worse, how soon routes that do not work are
    /// taken back, and what helper and window cost.
    Bench {
        /// Seconds per measurement of what a program costs.
        #[arg(long, default_value_t = 20)]
        seconds: u32,
        /// Only these; all of them if none is named.
        #[arg(value_enum)]
        parts: Vec<BenchPart>,
    },
    /// Print whom the helper blames for planted causes of ping spikes.
    Blame {
        /// How often each cause is planted.
        #[arg(long, default_value_t = 10)]
        rounds: u32,
        /// Print what was told of every spike, too.
        #[arg(long)]
        told: bool,
    },
    /// Print what calls of `evenkeel overlay` cost.
    Overlay,
    /// Time a command and print the figures as JSON.
    #[command(hide = true)]
    Time {
        /// The command and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Keep all processors busy.
    #[command(hide = true)]
    Spin {
        /// For so many milliseconds.
        #[arg(value_parser = clap::value_parser!(u64).range(1..=2000))]
        ms: u64,
    },
    /// Call one method of the helper with numbers and print `ok` or the error.
    #[command(hide = true)]
    Call {
        /// The method.
        method: String,
        /// Its arguments.
        #[arg(allow_negative_numbers = true)]
        numbers: Vec<i64>,
        /// Call it of this measurement.
        #[arg(long)]
        measurement: Option<u64>,
        /// Stay on the bus after an `ok`, until killed: what was asked for is held meanwhile.
        #[arg(long)]
        stay: bool,
    },
    /// Call the helper just when it is about to leave, again and again; print what came of it.
    #[command(hide = true)]
    Race {
        /// How many volleys of calls.
        volleys: u32,
        /// When the helper leaves, milliseconds after a call.
        around_ms: u64,
        /// What is called.
        what: race::What,
    },
    /// Print the introspection XML of one of the running helper's objects.
    #[command(hide = true)]
    Introspect {
        /// Which.
        #[arg(default_value = evenkeel_dbus::OBJECT_PATH)]
        path: String,
    },
    /// Try to write every property named and print what came of it.
    #[command(hide = true)]
    SetProperties {
        /// The properties.
        names: Vec<String>,
    },
    /// Print a line `bytes number nanoseconds` for each ICMP echo whose answer passes an interface of
    /// this namespace: how long the answer took from there.
    #[command(hide = true)]
    Turnaround {
        /// The interface.
        interface: String,
    },
    /// The server behind the routers.
    #[command(hide = true)]
    Serve,
    /// A router's advertisements.
    #[command(hide = true)]
    Advertise {
        /// The interface towards the pc.
        interface: String,
        /// The prefix, a /64.
        prefix: Ipv6Addr,
    },
    /// The stand-in for a desktop's notifications.
    #[command(hide = true)]
    Herald,
    /// The stand-in for a gamepad.
    #[command(hide = true)]
    Pad,
    /// The stand-in for logind.
    #[command(hide = true)]
    Logind,
    /// The first process of a machine.
    #[command(hide = true)]
    Machine {
        /// The machine's description, JSON.
        spec: String,
    },
    /// The first process of a lab.
    #[command(hide = true)]
    Hold {
        /// The lab's description, JSON.
        spec: String,
        /// The lab's control group; empty for none.
        group: String,
    },
    /// The first process of a virtual machine, and with `--work` what it starts.
    #[command(hide = true)]
    VmInside {
        /// What is tried.
        topics: Vec<String>,
        /// Try it; without this, set the machine up.
        #[arg(long)]
        work: bool,
    },
    /// The process that makes a lab's namespaces and outlives them.
    #[command(hide = true)]
    Guard {
        /// The lab's description, JSON.
        spec: String,
    },
}

/// What `bench` can measure, in the order it does.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum BenchPart {
    /// From a worse uplink to new flows on the good one.
    Steer,
    /// From routes that do not work to the old state.
    Rollback,
    /// Whom the helper blames for planted causes.
    Blame,
    /// What the helper costs.
    Helper,
    /// What one line for an overlay costs.
    Overlay,
    /// What the window costs.
    App,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoutesArgument {
    Multipath,
    Separate,
    None,
}

impl From<RoutesArgument> for Routes {
    fn from(argument: RoutesArgument) -> Self {
        match argument {
            RoutesArgument::Multipath => Self::Multipath,
            RoutesArgument::Separate => Self::Separate,
            RoutesArgument::None => Self::None,
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("evenkeel-lab: {error}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, LabError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| LabError::io("starting the runtime", e))
}

fn run(command: Command) -> Result<ExitCode, LabError> {
    let done = match command {
        Command::Up {
            uplinks,
            routes,
            no_rig,
        } => up(uplinks, routes, !no_rig),
        Command::Link { lab, uplink, order } => change_link(lab, &uplink, &order),
        Command::Accuracy { seconds, json } => print_accuracy(seconds.clamp(1, 600), json),
        Command::Emulate {
            near,
            far,
            seed,
            control,
            spin_us,
        } => {
            let ports = [Port::open(&near)?, Port::open(&far)?];
            let shared = Arc::new(Mutex::new(engine::Shared::default()));
            control::serve(&control, Arc::clone(&shared))?;
            engine::run(ports, seed, spin_us * 1_000, &shared)
        }
        Command::Demo {
            story,
            picture,
            routes,
        } => return play(story, routes.into(), &picture),
        Command::Bench { seconds, parts } => run_benches(seconds.clamp(1, 600), &parts),
        Command::Blame { rounds, told } => {
            let rounds = rounds.clamp(1, 1000);
            bench::blame::run(rounds, told, &mut |line| println!("{line}"))
        }
        Command::Overlay => bench::overlay::run(&mut |line| println!("{line}")),
        Command::Time { command } => {
            println!("{}", bench::overlay::time(&command)?);
            Ok(())
        }
        Command::Spin { ms } => {
            spin(std::time::Duration::from_millis(ms));
            Ok(())
        }
        Command::Call {
            method,
            numbers,
            measurement,
            stay,
        } => {
            let runtime = runtime()?;
            let answer = runtime.block_on(call::call(measurement, &method, &numbers));
            println!("{}", answer.as_ref().map_or_else(String::as_str, |_| "ok"));
            if let (true, Ok(_bus)) = (stay, answer) {
                runtime.block_on(std::future::pending::<()>());
            }
            Ok(())
        }
        Command::Race {
            volleys,
            around_ms,
            what,
        } => {
            let around = std::time::Duration::from_millis(around_ms);
            let outcome = runtime()?.block_on(race::race(volleys, around, what));
            let outcome = outcome.map_err(LabError::Invalid)?;
            println!("{}", serde_json::to_string(&outcome).unwrap_or_default());
            Ok(())
        }
        Command::Introspect { path } => {
            let xml = runtime()?.block_on(call::introspect(&path));
            println!("{}", xml.map_err(LabError::Invalid)?);
            Ok(())
        }
        Command::SetProperties { names } => {
            let lines = runtime()?.block_on(call::set_each(&names));
            print!("{}", lines.map_err(LabError::Invalid)?);
            Ok(())
        }
        Command::Serve => runtime()?.block_on(echo::serve()),
        Command::Advertise { interface, prefix } => adverts::serve(&interface, prefix),
        Command::Herald => runtime()?.block_on(herald::serve()),
        Command::Pad => pad::serve(),
        Command::Logind => runtime()?.block_on(logind::serve()),
        Command::Machine { spec } => {
            let spec: MachineSpec = serde_json::from_str(&spec).map_err(|e| {
                LabError::Invalid(format!("the machine's description is wrong: {e}"))
            })?;
            machine::init::run(&spec)
        }
        Command::VmInside { topics, work } => {
            vm::inside::run(&topics, work, &mut |line| println!("{line}"))
        }
        Command::Guard { spec } => guard::run(&spec),
        Command::Hold { spec, group } => {
            let spec: LabSpec = serde_json::from_str(&spec)
                .map_err(|e| LabError::Invalid(format!("the lab's description is wrong: {e}")))?;
            hold::run(&spec, &group)
        }
        Command::Turnaround { interface } => {
            turnaround::watch(&interface, &mut std::io::stdout().lock())
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// The demo; a signal that ended it shows in the exit code, as with a shell.
fn play(story: bool, routes: Routes, picture: &Path) -> Result<ExitCode, LabError> {
    // If sudo or make is killed, nobody is left whom Ctrl-C would reach.
    nix::sys::prctl::set_pdeathsig(Signal::SIGTERM)
        .map_err(|e| LabError::io("following the end of the parent", e))?;
    let mode = if story {
        demo::Mode::Story
    } else {
        demo::Mode::detect()
    };
    let ended = demo::show(mode, routes, picture, &mut |line| println!("{line}"))?;
    Ok(ended.map_or(ExitCode::SUCCESS, |signal| {
        ExitCode::from(128 + signal as u8)
    }))
}

fn change_link(lab: u32, uplink: &str, order: &[String]) -> Result<(), LabError> {
    let known = ["wifi0", "usb0", "eth0", "lte0"].contains(&uplink);
    if !known {
        return Err(LabError::Invalid(format!(
            "no lab has an uplink `{uplink}`"
        )));
    }
    let dir = hold::LAB_DIR;
    let link = Link::at(format!("/proc/{lab}/root{dir}/link/{uplink}.sock"));
    if order == ["get"] {
        let state = link.state()?;
        println!(
            "{}",
            serde_json::to_string_pretty(&state).unwrap_or_default()
        );
        return Ok(());
    }
    link.set(&order.join(" "))
}

fn run_benches(seconds: u32, parts: &[BenchPart]) -> Result<(), LabError> {
    let say = &mut |line: &str| println!("{line}");
    let parts = if parts.is_empty() {
        BenchPart::value_variants()
    } else {
        parts
    };
    for part in parts {
        match part {
            BenchPart::Steer => bench::steer::run(say)?,
            BenchPart::Rollback => bench::rollback::run(say)?,
            BenchPart::Blame => bench::blame::run(10, false, say)?,
            BenchPart::Helper => bench::helper::run(seconds, say)?,
            BenchPart::Overlay => bench::overlay::run(say)?,
            BenchPart::App => bench::app::run(seconds, say)?,
        }
    }
    Ok(())
}

fn spin(long: std::time::Duration) {
    let end = std::time::Instant::now() + long;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                while std::time::Instant::now() < end {
                    std::hint::spin_loop();
                }
            });
        }
    });
}

fn up(uplinks: u8, routes: RoutesArgument, rig: bool) -> Result<(), LabError> {
    let mut lab = Lab::start(&LabSpec {
        uplinks,
        routes: routes.into(),
        ..LabSpec::default()
    })?;
    if rig {
        lab.start_rig()?;
    }
    println!(
        "lab {} is up. Look inside:\n  {}",
        lab.holder(),
        lab.enter_command()
    );
    println!("there, `ip netns exec r1 bash` enters the other namespaces. Change a link:");
    println!(
        "  sudo evenkeel-lab link {} wifi0 both delay_us=10000 jitter_us=20000",
        lab.holder()
    );
    println!("Enter or Ctrl-C ends it.");
    std::io::stdin()
        .read_line(&mut String::new())
        .map_err(|e| LabError::io("reading input", e))?;
    Ok(())
}

fn print_accuracy(seconds: u32, json: bool) -> Result<(), LabError> {
    let results = accuracy::measure(seconds)?;
    if json {
        println!(
            "{}",
            serde_json::to_string_pretty(&results).unwrap_or_default()
        );
        return Ok(());
    }
    println!("error of the link emulator over a 10 ms delay, microseconds");
    println!(
        "{:<6} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "cores", "packets/s", "packets", "p50", "p99", "max"
    );
    for r in results {
        let cores = if r.busy { "busy" } else { "idle" };
        println!(
            "{cores:<6} {:>9} {:>8} {:>8.1} {:>8.1} {:>8.1}",
            r.rate, r.packets, r.p50_us, r.p99_us, r.max_us
        );
    }
    Ok(())
}
