//! `evenkeel-ping`: probes one target at a steady pace and prints each round-trip time in microseconds.
//! It shows the crate at work and serves `scripts/bench-probe.sh`. Not a replacement for `ping`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "output is its purpose"
)]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use evenkeel_probe::{Clock, Config, Event, Method, Prober};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

/// Probe a target through one interface; print one round-trip time (microseconds) per line, `-1` for a loss.
#[derive(Parser)]
struct Args {
    /// The interface to probe through.
    #[arg(long)]
    iface: String,
    /// How many probes to send.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Time between probes in milliseconds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    interval_ms: u64,
    /// Probe by TCP connections to this port.
    #[arg(long, conflicts_with = "raw")]
    tcp_port: Option<u16>,
    /// Use a raw ICMP socket.
    #[arg(long)]
    raw: bool,
    /// Print the summary only.
    #[arg(long)]
    quiet: bool,
    /// The address to probe.
    target: IpAddr,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evenkeel-ping: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Box<dyn std::error::Error>> {
    let index = nix::net::if_::if_nametoindex(args.iface.as_str())?;
    let mut config = Config::new(
        NonZeroU32::new(index).ok_or("no such interface")?,
        args.target,
    );
    config.method = match args.tcp_port {
        Some(port) => Method::Tcp { port },
        None if args.raw => Method::IcmpRaw,
        None => Method::Icmp,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rows = runtime.block_on(probe(args, config))?;
    if !args.quiet {
        for row in rows.values() {
            println!(
                "{}",
                row.map_or("-1".to_owned(), |rtt_ns| format!(
                    "{:.3}",
                    rtt_ns as f64 / 1000.0
                ))
            );
        }
    }
    Ok(())
}

/// Sends all probes, waits for the last, prints the summary, and returns the rows by number.
async fn probe(
    args: &Args,
    config: Config,
) -> Result<BTreeMap<u64, Option<u64>>, Box<dyn std::error::Error>> {
    let mut prober = Prober::open(config)?;
    let pace = Duration::from_millis(args.interval_ms);
    let mut ticks = interval_at(Instant::now() + pace, pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut rows = BTreeMap::new();
    let (mut sent, mut user_clock) = (0, 0);
    let before = switches()?;
    let mut end = None;
    while (rows.len() as u64) < args.count {
        tokio::select! {
            event = prober.event() => match event {
                Event::Reply(reply) => {
                    rows.insert(reply.seq, Some(reply.rtt_ns));
                    user_clock += u64::from(reply.clock == Clock::User);
                }
                Event::Lost(lost) => { rows.insert(lost.seq, None); }
            },
            _ = ticks.tick(), if sent < args.count => {
                prober.send()?;
                sent += 1;
                if sent == args.count {
                    end = Some(Instant::now() + config.timeout * 2);
                }
            }
            () = sleep_until(end.unwrap_or_else(Instant::now)), if end.is_some() => break,
        }
    }
    let switched = switches()?;
    let rtts: Vec<f64> = rows
        .values()
        .flatten()
        .map(|&ns| ns as f64 / 1000.0)
        .collect();
    eprintln!("method: {}", prober.method());
    eprintln!(
        "sent {sent} answered {} user_clock {user_clock} voluntary_switches_per_probe {:.2} forced_switches_per_probe {:.2}",
        rtts.len(),
        (switched.0 - before.0) as f64 / sent as f64,
        (switched.1 - before.1) as f64 / sent as f64,
    );
    eprintln!("{:?}", prober.counters());
    summary(rtts);
    Ok(rows)
}

/// p50 and p99 by nearest rank, population standard deviation, jitter as the mean difference of neighbours.
fn summary(rtts: Vec<f64>) {
    if rtts.is_empty() {
        return;
    }
    let n = rtts.len() as f64;
    let mean = rtts.iter().sum::<f64>() / n;
    let stdev = (rtts.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let jitter = rtts.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f64>() / (n - 1.0).max(1.0);
    let mut sorted = rtts;
    sorted.sort_by(f64::total_cmp);
    let rank = |q: f64| sorted[((q * n).ceil() as usize).clamp(1, sorted.len()) - 1];
    eprintln!(
        "p50_us {:.1} p99_us {:.1} stdev_us {stdev:.1} jitter_us {jitter:.1}",
        rank(0.5),
        rank(0.99)
    );
}

/// Voluntary and forced context switches of this process so far.
fn switches() -> Result<(u64, u64), Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|value| value.trim().parse().ok())
            .ok_or("no context switches in /proc/self/status")
    };
    Ok((
        of("voluntary_ctxt_switches:")?,
        of("nonvoluntary_ctxt_switches:")?,
    ))
}
