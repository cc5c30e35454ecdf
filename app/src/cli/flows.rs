//! `evenkeel flows`: the connections of the game or of another program, with the round trips that the
//! kernel measures, and what they say of the game's ping. Which are the game's is decided in the core.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use evenkeel_core::flows::{Flow, GameLine, Transport, family, game, game_line};
use evenkeel_probe::{Event, Prober};
use serde::Serialize;
use tokio::time::sleep;

use super::args::FlowsArgs;
use super::exit::{Exit, Failure};
use super::out::{escaped, json, millis, table};
use crate::flows::{self, Flows};

/// Peers that are asked at most.
const MAX_PEERS: usize = 8;
/// Probes to each, and the time between them.
const PROBES: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Lists them once.
///
/// # Errors
/// When the kernel does not tell, or there is no program as asked for.
pub async fn run(args: &FlowsArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let all = Flows::look().map_err(|error| {
        let text = format!("connections cannot be read: {error}; nothing was changed");
        Failure::new(Exit::Failed, text)
    })?;
    let chosen = choose(args, &all)?;
    let flows = of(&all, &chosen);
    let mut report = Report::of(&all, &chosen, &flows);
    if args.probe {
        report.add(&probe(&flows).await);
    }
    if args.json {
        writeln!(out, "{}", json(&report)?)?;
    } else {
        out.write_all(text(&report, args.probe).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// Whose connections are wanted.
#[derive(Debug, PartialEq, Eq)]
enum Chosen {
    All,
    /// The game, and what it started.
    Game(u32, BTreeSet<u32>),
    NoGame,
    Programs(BTreeSet<u32>),
}

fn choose(args: &FlowsArgs, all: &Flows) -> Result<Chosen, Failure> {
    let absent = |what: String| {
        let text = format!("{what}; list all connections with --all");
        Failure::new(Exit::Usage, text)
    };
    let programs = &all.programs;
    if args.all {
        return Ok(Chosen::All);
    }
    if let Some(pid) = args.pid {
        if !programs.iter().any(|program| program.pid == pid) {
            return Err(absent(format!("no program has the number {pid}")));
        }
        return Ok(Chosen::Programs(family(programs, pid)));
    }
    if let Some(name) = &args.name {
        let named = programs.iter().filter(|program| program.name == *name);
        let pids: BTreeSet<u32> = named.map(|program| program.pid).collect();
        if pids.is_empty() {
            return Err(absent(format!("no program is called `{}`", escaped(name))));
        }
        return Ok(Chosen::Programs(pids));
    }
    Ok(match game(programs, &all.flows) {
        Some(pid) => Chosen::Game(pid, family(programs, pid)),
        None => Chosen::NoGame,
    })
}

fn of<'a>(all: &'a Flows, chosen: &Chosen) -> Vec<&'a Flow> {
    let wanted = |flow: &&Flow| match chosen {
        Chosen::All => true,
        Chosen::NoGame => false,
        Chosen::Game(_, pids) | Chosen::Programs(pids) => {
            flow.pid.is_some_and(|pid| pids.contains(&pid))
        }
    };
    let flows = all.flows.iter().filter(wanted);
    flows.filter(|flow| flow.leaves_this_machine()).collect()
}

/// What is listed; its fields are stable.
#[derive(Debug, Serialize)]
struct Report {
    /// Null when no game was found, or another program was asked for.
    game: Option<Program>,
    looked_for_game: bool,
    line: Line,
    flows: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Program {
    pid: u32,
    name: String,
}

/// What the connections say of the ping.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Line {
    Silent,
    PeerUnknown {
        udp_sockets: usize,
    },
    UdpPeer {
        peer: SocketAddr,
        /// The answer to a probe, null without one.
        probed_rtt_ns: Option<u64>,
    },
    Tcp {
        peer: SocketAddr,
        rtt_us: u32,
        rttvar_us: u32,
        retransmits: u32,
    },
}

#[derive(Debug, Serialize)]
struct Row {
    pid: Option<u32>,
    program: Option<String>,
    transport: &'static str,
    local: SocketAddr,
    /// Null where the program names it with each packet, and nobody else is told.
    peer: Option<SocketAddr>,
    rtt_us: Option<u32>,
    rttvar_us: Option<u32>,
    retransmits: Option<u32>,
    bytes: Option<u64>,
    probed_rtt_ns: Option<u64>,
}

impl Report {
    fn of(all: &Flows, chosen: &Chosen, flows: &[&Flow]) -> Self {
        let name = |pid: u32| all.name(pid).map(str::to_owned);
        let line = match game_line(flows.iter().copied()) {
            GameLine::Silent => Line::Silent,
            GameLine::PeerUnknown { sockets } => Line::PeerUnknown {
                udp_sockets: sockets,
            },
            GameLine::Peer(peer) => Line::UdpPeer {
                peer,
                probed_rtt_ns: None,
            },
            GameLine::Measured {
                peer,
                rtt_us,
                rttvar_us,
                retransmits,
            } => Line::Tcp {
                peer,
                rtt_us,
                rttvar_us,
                retransmits,
            },
        };
        let row = |flow: &&Flow| Row {
            pid: flow.pid,
            program: flow.pid.and_then(name),
            transport: transport(flow.transport),
            local: flow.local,
            peer: flow.peer,
            rtt_us: flow.rtt_us,
            rttvar_us: flow.rttvar_us,
            retransmits: flow.retransmits,
            bytes: flow.bytes,
            probed_rtt_ns: None,
        };
        Self {
            game: match chosen {
                Chosen::Game(pid, _) => Some(Program {
                    pid: *pid,
                    name: name(*pid).unwrap_or_default(),
                }),
                _ => None,
            },
            looked_for_game: matches!(chosen, Chosen::Game(..) | Chosen::NoGame),
            line,
            flows: flows.iter().map(row).collect(),
        }
    }

    fn add(&mut self, probed: &BTreeMap<IpAddr, u64>) {
        for row in self.flows.iter_mut().filter(|row| row.transport == "udp") {
            let peer = row.peer.map(|peer| peer.ip());
            row.probed_rtt_ns = peer.and_then(|ip| probed.get(&ip)).copied();
        }
        if let Line::UdpPeer {
            peer,
            probed_rtt_ns,
        } = &mut self.line
        {
            *probed_rtt_ns = probed.get(&peer.ip()).copied();
        }
    }
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

/// Asks the peers of UDP connections by ICMP, as their packets go; the shortest answer of each.
async fn probe(all: &[&Flow]) -> BTreeMap<IpAddr, u64> {
    let udp = all.iter().filter(|flow| flow.transport == Transport::Udp);
    let peers: BTreeSet<IpAddr> = udp.filter_map(|flow| Some(flow.peer?.ip())).collect();
    let asked = peers.into_iter().take(MAX_PEERS);
    let probers = asked.filter_map(flows::prober);
    let asked = probers.map(ask);
    let answers = futures_util::future::join_all(asked).await;
    answers.into_iter().flatten().collect()
}

async fn ask(mut prober: Prober) -> Option<(IpAddr, u64)> {
    let mut best = None;
    for probe in 0..PROBES {
        if probe > 0 {
            sleep(PAUSE).await;
        }
        if prober.send().is_ok()
            && let Event::Reply(reply) = prober.event().await
        {
            best = Some(best.map_or(reply.rtt_ns, |best: u64| best.min(reply.rtt_ns)));
        }
    }
    best.map(|rtt| (prober.config().target, rtt))
}

fn text(report: &Report, probed: bool) -> String {
    let mut out = String::new();
    if !report.flows.is_empty() {
        let head = ["PROGRAM", "PID", "", "PEER", "RTT ms", "±", "SENT AGAIN"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(report.flows.iter().map(cells));
        out.push_str(&table(&rows, &[1, 4, 5, 6]));
        out.push('\n');
    }
    match (&report.game, report.looked_for_game) {
        (Some(game), _) => {
            // Writing to a String cannot fail.
            let _ = write!(out, "The game: {} ({}). ", escaped(&game.name), game.pid);
        }
        (None, true) => {
            out.push_str(
                "No game runs below Steam or `evenkeel run`, or none of its programs has a \
                 connection. Choose a program with --pid or --name.\n",
            );
            return out;
        }
        (None, false) => {}
    }
    out.push_str(&said(&report.line, probed));
    out.push('\n');
    out
}

fn said(line: &Line, probed: bool) -> String {
    match line {
        Line::Silent => "It has no connection to another machine.".to_owned(),
        Line::PeerUnknown { udp_sockets } => format!(
            "It plays over UDP ({udp_sockets} open sockets) and names its peer with each packet: who \
             that is, and so its ping, cannot be known from outside."
        ),
        Line::UdpPeer {
            peer,
            probed_rtt_ns: Some(rtt),
        } => format!("{peer} answers a probe after {} ms.", millis(*rtt)),
        Line::UdpPeer { peer, .. } if probed => {
            format!("It plays over UDP with {peer}, which answers no probes.")
        }
        Line::UdpPeer { peer, .. } => {
            format!("It plays over UDP with {peer}; --probe asks how far that is.")
        }
        Line::Tcp {
            peer,
            rtt_us,
            rttvar_us,
            retransmits,
        } => format!(
            "{peer} over TCP: {} ms, ±{} ms, {retransmits} segments sent again.",
            millis(u64::from(*rtt_us) * 1000),
            millis(u64::from(*rttvar_us) * 1000),
        ),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let dash = || "-".to_owned();
    let us = |us: Option<u32>| us.map_or_else(dash, |us| millis(u64::from(us) * 1000));
    let rtt = match row.probed_rtt_ns {
        Some(ns) => millis(ns),
        None => us(row.rtt_us),
    };
    vec![
        row.program
            .as_deref()
            .map_or_else(dash, |name| escaped(name).into_owned()),
        row.pid.map_or_else(dash, |pid| pid.to_string()),
        row.transport.to_owned(),
        row.peer
            .map_or_else(|| "not told".to_owned(), |peer| peer.to_string()),
        rtt,
        us(row.rttvar_us),
        row.retransmits.map_or_else(dash, |count| count.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(transport: Transport, pid: u32, peer: Option<&str>) -> Flow {
        let tcp = transport == Transport::Tcp;
        Flow {
            transport,
            local: "10.0.0.2:5000".parse().unwrap(),
            peer: peer.map(|peer| peer.parse().unwrap()),
            pid: Some(pid),
            rtt_us: tcp.then_some(21_400),
            rttvar_us: tcp.then_some(900),
            retransmits: tcp.then_some(2),
            bytes: tcp.then_some(77),
        }
    }

    fn evening() -> Flows {
        let program = |pid, parent, name: &str, launches_games| evenkeel_core::flows::Program {
            pid,
            parent,
            name: name.to_owned(),
            launches_games,
        };
        Flows {
            programs: vec![program(2, 1, "reaper", true), program(4, 2, "game", false)],
            flows: vec![
                flow(Transport::Udp, 4, Some("198.51.100.4:27015")),
                flow(Transport::Tcp, 4, Some("198.51.100.9:443")),
                flow(Transport::Udp, 9, None),
            ],
        }
    }

    fn shown(args: &FlowsArgs, all: &Flows) -> String {
        let chosen = choose(args, all).unwrap();
        text(&Report::of(all, &chosen, &of(all, &chosen)), false)
    }

    fn args() -> FlowsArgs {
        FlowsArgs {
            json: false,
            probe: false,
            pid: None,
            name: None,
            all: false,
        }
    }

    #[test]
    fn the_games_connections_are_listed_and_its_peer_is_named() {
        assert_eq!(
            shown(&args(), &evening()),
            "PROGRAM  PID       PEER                RTT ms     ±  SENT AGAIN\n\
             game       4  udp  198.51.100.4:27015       -     -           -\n\
             game       4  tcp  198.51.100.9:443      21.4  0.90           2\n\
             \n\
             The game: game (4). It plays over UDP with 198.51.100.4:27015; --probe asks how far that \
             is.\n"
        );
    }

    #[test]
    fn a_peer_that_cannot_be_known_is_said_to_be_so() {
        let mut all = evening();
        all.flows[0].peer = None;
        let said = shown(&args(), &all);
        assert!(
            said.contains("not told") && said.contains("cannot be known"),
            "{said}"
        );
    }

    #[test]
    fn without_a_game_it_says_how_to_choose() {
        let mut all = evening();
        all.programs.clear();
        let said = shown(&args(), &all);
        assert!(
            said.starts_with("No game runs") && said.contains("--pid"),
            "{said}"
        );
        let wrong = FlowsArgs {
            pid: Some(77),
            ..args()
        };
        assert_eq!(choose(&wrong, &all).unwrap_err().exit(), Exit::Usage);
        let every = FlowsArgs {
            all: true,
            ..args()
        };
        assert_eq!(of(&all, &choose(&every, &all).unwrap()).len(), 3);
    }

    #[test]
    fn an_answered_probe_is_the_udp_connections_round_trip() {
        let all = evening();
        let chosen = choose(&args(), &all).unwrap();
        let mut report = Report::of(&all, &chosen, &of(&all, &chosen));
        report.add(&BTreeMap::from([(
            "198.51.100.4".parse().unwrap(),
            31_000_000,
        )]));
        let said = text(&report, true);
        assert!(said.contains("answers a probe after 31.0 ms"), "{said}");
        let value = serde_json::to_value(&report).unwrap();
        assert_eq!(value["line"]["kind"], "udp-peer");
        assert_eq!(value["flows"][0]["probed_rtt_ns"], 31_000_000);
        assert_eq!(value["flows"][1]["probed_rtt_ns"], serde_json::Value::Null);
    }
}
