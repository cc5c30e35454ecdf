//! Which of a machine's connections are the game's, and which of them says most about its ping. Plain
//! values only: who reads sockets and processes is elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

/// A running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its process number.
    pub pid: u32,
    /// Who started it.
    pub parent: u32,
    /// Its name, as the kernel has it: at most 15 bytes.
    pub name: String,
    /// Whether it is there to start a game: Steam's `reaper`, or `evenkeel run`.
    pub launches_games: bool,
}

/// A transport that games use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A socket that talks to another machine, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// TCP or UDP.
    pub transport: Transport,
    /// This end of it.
    pub local: SocketAddr,
    /// The other end; `None` for a UDP socket that was never connected: its program names the peer
    /// with each packet, and nobody else is told.
    pub peer: Option<SocketAddr>,
    /// The program that holds it; `None` where that may not be looked at.
    pub pid: Option<u32>,
    /// The kernel's smoothed round trip in microseconds; TCP only.
    pub rtt_us: Option<u32>,
    /// The kernel's deviation of it in microseconds; TCP only.
    pub rttvar_us: Option<u32>,
    /// Segments sent again since it began; TCP only.
    pub retransmits: Option<u32>,
    /// Bytes that were acknowledged and received; TCP only.
    pub bytes: Option<u64>,
}

impl Flow {
    /// Whether it leads to another machine, as far as is known.
    pub fn leaves_this_machine(&self) -> bool {
        let away = |ip: IpAddr| !(ip.is_loopback() || ip.is_unspecified() || ip.is_multicast());
        match self.peer {
            Some(peer) => away(peer.ip().to_canonical()),
            None => !self.local.ip().to_canonical().is_loopback(),
        }
    }
}

/// A program and those it started, directly or not.
pub fn family(programs: &[Program], pid: u32) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for program in programs {
        children
            .entry(program.parent)
            .or_default()
            .push(program.pid);
    }
    let mut found = BTreeSet::from([pid]);
    let mut left = vec![pid];
    while let Some(next) = left.pop() {
        for child in children.get(&next).into_iter().flatten() {
            if found.insert(*child) {
                left.push(*child);
            }
        }
    }
    found
}

/// The program that is taken for the game: below a launcher, the one with most UDP sockets, then with
/// most TCP traffic, then the newest. `None` when no launcher runs, or nothing below one talks.
pub fn game(programs: &[Program], flows: &[Flow]) -> Option<u32> {
    let launchers = programs.iter().filter(|program| program.launches_games);
    let below: BTreeSet<u32> = launchers
        .flat_map(|launcher| {
            let mut all = family(programs, launcher.pid);
            let _ = all.remove(&launcher.pid);
            all
        })
        .collect();
    let mut busy: BTreeMap<u32, (usize, u64)> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| flow.leaves_this_machine()) {
        let Some(pid) = flow.pid.filter(|pid| below.contains(pid)) else {
            continue;
        };
        let (sockets, bytes) = busy.entry(pid).or_default();
        *sockets += usize::from(flow.transport == Transport::Udp);
        *bytes = bytes.saturating_add(flow.bytes.unwrap_or(0));
    }
    let busiest = busy.into_iter().max_by_key(|(pid, busy)| (*busy, *pid));
    busiest.map(|(pid, _)| pid)
}

/// What can be said of a game's own ping, for a line beside the uplinks'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GameLine {
    /// It has no connection to another machine.
    Silent,
    /// It plays over UDP and does not tell to whom: so many such sockets. Its ping can't be known.
    PeerUnknown {
        /// How many.
        sockets: usize,
    },
    /// It plays over UDP with this peer: to be asked by a probe, which may not answer.
    Peer(SocketAddr),
    /// It plays over TCP, and the kernel measures that.
    Measured {
        /// The other end.
        peer: SocketAddr,
        /// Smoothed round trip in microseconds.
        rtt_us: u32,
        /// Its deviation in microseconds.
        rttvar_us: u32,
        /// Segments sent again since it began.
        retransmits: u32,
    },
}

/// The connection that says most about a game's ping: a UDP peer, for what hurries goes by UDP; else,
/// if no UDP socket hides its peer, the TCP connection with most traffic.
pub fn game_line<'a>(flows: impl IntoIterator<Item = &'a Flow>) -> GameLine {
    let flows = flows.into_iter().filter(|flow| flow.leaves_this_machine());
    let (mut peer, mut hidden, mut busiest) = (None, 0, None::<&Flow>);
    for flow in flows {
        match (flow.transport, flow.peer) {
            // Names are looked up over UDP, too.
            (Transport::Udp, Some(to)) if !is_service(to.port()) => peer = peer.max(Some(to)),
            (Transport::Udp, None) => hidden += 1,
            (Transport::Tcp, _) if flow.rtt_us.is_some() => {
                let busier = |best: &Flow| flow.bytes > best.bytes;
                if busiest.is_none_or(busier) {
                    busiest = Some(flow);
                }
            }
            (Transport::Udp | Transport::Tcp, _) => {}
        }
    }
    match (peer, hidden, busiest) {
        (Some(peer), ..) => GameLine::Peer(peer),
        (None, 1.., _) => GameLine::PeerUnknown { sockets: hidden },
        (None, 0, Some(flow)) => match (flow.peer, flow.rtt_us) {
            (Some(peer), Some(rtt_us)) => GameLine::Measured {
                peer,
                rtt_us,
                rttvar_us: flow.rttvar_us.unwrap_or(0),
                retransmits: flow.retransmits.unwrap_or(0),
            },
            _ => GameLine::Silent,
        },
        (None, 0, None) => GameLine::Silent,
    }
}

/// Ports that are never a game's: names, time, local names.
fn is_service(port: u16) -> bool {
    matches!(port, 53 | 123 | 853 | 5353 | 5355)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(pid: u32, parent: u32, launches_games: bool) -> Program {
        Program {
            pid,
            parent,
            name: format!("p{pid}"),
            launches_games,
        }
    }

    fn udp(pid: u32, peer: Option<&str>) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "0.0.0.0:5000".parse().unwrap(),
            peer: peer.map(|peer| peer.parse().unwrap()),
            pid: Some(pid),
            rtt_us: None,
            rttvar_us: None,
            retransmits: None,
            bytes: None,
        }
    }

    fn tcp(pid: u32, peer: &str, bytes: u64) -> Flow {
        Flow {
            transport: Transport::Tcp,
            local: "10.0.0.2:5000".parse().unwrap(),
            rtt_us: Some(21_000),
            rttvar_us: Some(900),
            retransmits: Some(2),
            bytes: Some(bytes),
            ..udp(pid, Some(peer))
        }
    }

    /// Steam (1) runs a reaper (2) with a script (3) and a game (4); a browser (9) runs besides.
    fn evening() -> Vec<Program> {
        vec![
            program(1, 0, false),
            program(2, 1, true),
            program(3, 2, false),
            program(4, 3, false),
            program(9, 1, false),
        ]
    }

    #[test]
    fn the_game_is_the_busiest_program_below_a_launcher() {
        let flows = [
            tcp(9, "198.51.100.9:443", 9_000_000),
            tcp(3, "198.51.100.3:443", 500_000),
            udp(4, None),
            udp(4, Some("198.51.100.4:27015")),
        ];
        assert_eq!(game(&evening(), &flows), Some(4));
        assert_eq!(game(&evening(), &flows[..2]), Some(3), "before it plays");
        assert_eq!(game(&evening(), &flows[..1]), None);
        let nobody = [program(1, 0, false), program(9, 1, false)];
        assert_eq!(game(&nobody, &flows), None);
    }

    #[test]
    fn what_stays_on_this_machine_makes_nobody_a_game() {
        let flows = [
            tcp(3, "127.0.0.1:27060", 9_000_000),
            tcp(3, "[::ffff:127.0.0.1]:27060", 9_000_000),
            udp(3, Some("239.255.255.250:1900")),
            tcp(4, "198.51.100.4:443", 1),
        ];
        assert_eq!(game(&evening(), &flows), Some(4));
    }

    #[test]
    fn a_family_is_everything_that_was_started_and_a_circle_ends() {
        assert_eq!(family(&evening(), 2), BTreeSet::from([2, 3, 4]));
        assert_eq!(family(&evening(), 77), BTreeSet::from([77]));
        let circle = [program(1, 2, false), program(2, 1, false)];
        assert_eq!(family(&circle, 1), BTreeSet::from([1, 2]));
    }

    #[test]
    fn a_udp_peer_says_most_and_a_hidden_one_is_not_made_up() {
        let peer = udp(4, Some("198.51.100.4:27015"));
        let hidden = udp(4, None);
        let names = udp(4, Some("192.0.2.53:53"));
        let web = tcp(4, "198.51.100.9:443", 5);
        let address = "198.51.100.4:27015".parse().unwrap();
        assert_eq!(game_line([&web, &hidden, &peer]), GameLine::Peer(address));
        assert_eq!(
            game_line([&web, &hidden, &hidden, &names]),
            GameLine::PeerUnknown { sockets: 2 }
        );
        assert_eq!(game_line([]), GameLine::Silent);
        assert_eq!(game_line([&names]), GameLine::Silent);
    }

    #[test]
    fn without_udp_the_busiest_tcp_connection_is_the_games() {
        let quiet = tcp(4, "198.51.100.8:443", 5);
        let busy = tcp(4, "198.51.100.9:443", 50);
        let local = tcp(4, "127.0.0.1:443", 5_000);
        let expected = GameLine::Measured {
            peer: "198.51.100.9:443".parse().unwrap(),
            rtt_us: 21_000,
            rttvar_us: 900,
            retransmits: 2,
        };
        assert_eq!(game_line([&quiet, &busy, &local]), expected);
    }
}
