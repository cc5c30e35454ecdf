//! The running game's own connection: what is known of its ping, and for how long. Pure; `watch`
//! looks for the game and asks its peer.

mod watch;

use std::net::SocketAddr;

use evenkeel_core::flows::GameLine;
use evenkeel_core::jitter::mean_jitter;

use super::history::{History, Sample};
pub use watch::watch;

/// What "now" is taken from: the probes of the last so many nanoseconds.
const RECENT_NS: u64 = 20_000_000_000;
/// A peer that left so many probes in a row unanswered answers none.
pub const MUTE: usize = 5;
/// What is this many times slower than usual is a spike that may be cut off.
const SPIKE_FACTOR: u32 = 3;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// No game runs.
    Nothing,
    /// A game runs, and this is known of its connection.
    Runs {
        /// Its program's name.
        name: String,
        /// See there.
        line: GameLine,
        /// When this was looked at, `CLOCK_MONOTONIC` in nanoseconds.
        at_ns: u64,
    },
    /// Its peer was asked, and answered after so many nanoseconds, or not.
    Asked {
        /// Who.
        peer: SocketAddr,
        /// When, `CLOCK_MONOTONIC` in nanoseconds.
        at_ns: u64,
        /// The round trip in nanoseconds.
        rtt_ns: Option<u64>,
    },
}

/// The game.
#[derive(Debug, Clone)]
pub struct Game {
    /// Its program's name.
    pub name: String,
    /// Round trips to its peer.
    pub history: History,
    line: GameLine,
}

/// What can be said of its ping now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ping {
    /// It has no connection to another machine.
    Silent,
    /// It tells nobody whom it plays with.
    Unknown,
    /// Its peer was asked and has not answered yet.
    Waiting(SocketAddr),
    /// Its peer answers no probes.
    Mute(SocketAddr),
    /// Its peer answers probes; times in nanoseconds.
    Asked {
        /// The other end.
        peer: SocketAddr,
        /// The last answer.
        rtt_ns: u64,
        /// The mean difference between neighbouring answers.
        jitter_ns: Option<u64>,
        /// Lost probes, in thousandths.
        loss_permille: u32,
    },
    /// The kernel measures its connection; times in nanoseconds.
    Measured {
        /// The other end.
        peer: SocketAddr,
        /// Smoothed round trip.
        rtt_ns: u64,
        /// Its deviation.
        jitter_ns: u64,
        /// Segments sent again since the connection began.
        retransmits: u32,
    },
}

impl Game {
    /// What the game is after this; `before` is what it was.
    pub fn after(before: Option<Self>, told: Told) -> Option<Self> {
        match told {
            Told::Nothing => None,
            Told::Runs { name, line, at_ns } => {
                let kept = before.filter(|game| game.name == name && peer(game.line) == peer(line));
                let mut history = kept.map(|game| game.history).unwrap_or_default();
                if let GameLine::Measured { rtt_us, .. } = line {
                    let rtt_us = Some(rtt_us);
                    history.push(Sample { at_ns, rtt_us });
                }
                Some(Self {
                    name,
                    history,
                    line,
                })
            }
            Told::Asked {
                peer: asked,
                at_ns,
                rtt_ns,
            } => {
                let mut game = before?;
                if peer(game.line) == Some(asked) {
                    let us = |ns: u64| u32::try_from(ns / 1000).unwrap_or(u32::MAX);
                    let rtt_us = rtt_ns.map(us);
                    game.history.push(Sample { at_ns, rtt_us });
                }
                Some(game)
            }
        }
    }

    /// What can be said of its ping now.
    pub fn ping(&self) -> Ping {
        let ns = |us: u32| u64::from(us) * 1000;
        match self.line {
            GameLine::Silent => Ping::Silent,
            GameLine::PeerUnknown { .. } => Ping::Unknown,
            GameLine::Peer(peer) => self.asked(peer),
            GameLine::Measured {
                peer,
                rtt_us,
                rttvar_us,
                retransmits,
            } => Ping::Measured {
                peer,
                rtt_ns: ns(rtt_us),
                jitter_ns: ns(rttvar_us),
                retransmits,
            },
        }
    }

    fn asked(&self, peer: SocketAddr) -> Ping {
        let Some(newest_ns) = self.history.newest_ns() else {
            return Ping::Waiting(peer);
        };
        let from_ns = newest_ns.saturating_sub(RECENT_NS);
        let recent = self.history.between(from_ns, newest_ns);
        let recent: Vec<Option<u64>> = recent
            .map(|sample| sample.rtt_us.map(|us| u64::from(us) * 1000))
            .collect();
        let lost = recent.iter().filter(|rtt| rtt.is_none()).count();
        let Some(rtt_ns) = recent.iter().rev().flatten().next().copied() else {
            return if lost < MUTE {
                Ping::Waiting(peer)
            } else {
                Ping::Mute(peer)
            };
        };
        let loss = (lost * 1000).checked_div(recent.len()).unwrap_or(0);
        Ping::Asked {
            peer,
            rtt_ns,
            jitter_ns: mean_jitter(recent),
            loss_permille: loss as u32,
        }
    }

    /// The height that a graph of `from_ns..=to_ns` needs for it, in microseconds: all round trips,
    /// except that one spike must not press everything else flat.
    pub fn telling_us(&self, from_ns: u64, to_ns: u64) -> u32 {
        let within = self.history.between(from_ns, to_ns);
        let mut answers: Vec<u32> = within.filter_map(|sample| sample.rtt_us).collect();
        answers.sort_unstable();
        let (Some(usual), Some(worst)) = (answers.get(answers.len() / 2), answers.last()) else {
            return 0;
        };
        usual.saturating_mul(SPIKE_FACTOR).min(*worst)
    }
}

fn peer(line: GameLine) -> Option<SocketAddr> {
    match line {
        GameLine::Silent | GameLine::PeerUnknown { .. } => None,
        GameLine::Peer(peer) | GameLine::Measured { peer, .. } => Some(peer),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    fn address() -> SocketAddr {
        "198.51.100.4:27015".parse().unwrap()
    }

    pub fn runs(name: &str, line: GameLine, at_ns: u64) -> Told {
        let name = name.to_owned();
        Told::Runs { name, line, at_ns }
    }

    /// A game that plays over UDP and whose peer answered like this, once a second.
    pub fn asked(rtts_ms: &[Option<u64>]) -> Game {
        let mut game = Game::after(None, runs("game", GameLine::Peer(address()), 0));
        for (second, rtt_ms) in rtts_ms.iter().enumerate() {
            let told = Told::Asked {
                peer: address(),
                at_ns: (second as u64 + 1) * SECOND_NS,
                rtt_ns: rtt_ms.map(|ms| ms * 1_000_000),
            };
            game = Game::after(game, told);
        }
        game.unwrap()
    }

    #[test]
    fn a_peer_that_answers_gives_ping_jitter_and_loss() {
        assert_eq!(asked(&[]).ping(), Ping::Waiting(address()));
        let ping = asked(&[Some(30), None, Some(40), Some(44)]).ping();
        let expected = Ping::Asked {
            peer: address(),
            rtt_ns: 44_000_000,
            jitter_ns: Some(4_000_000),
            loss_permille: 250,
        };
        assert_eq!(ping, expected);
    }

    #[test]
    fn a_peer_that_never_answers_is_called_mute_and_not_made_up() {
        assert_eq!(asked(&[None; MUTE - 1]).ping(), Ping::Waiting(address()));
        assert_eq!(asked(&[None; MUTE]).ping(), Ping::Mute(address()));
    }

    #[test]
    fn what_the_kernel_measures_is_taken_over_and_gathered() {
        let line = |rtt_us| GameLine::Measured {
            peer: address(),
            rtt_us,
            rttvar_us: 900,
            retransmits: 2,
        };
        let mut game = Game::after(None, runs("game", line(21_000), SECOND_NS));
        game = Game::after(game, runs("game", line(23_000), 2 * SECOND_NS));
        let game = game.unwrap();
        let expected = Ping::Measured {
            peer: address(),
            rtt_ns: 23_000_000,
            jitter_ns: 900_000,
            retransmits: 2,
        };
        assert_eq!(game.ping(), expected);
        assert_eq!(game.history.between(0, u64::MAX).count(), 2);
        assert_eq!(game.telling_us(0, u64::MAX), 23_000);
    }

    #[test]
    fn another_peer_or_game_begins_anew_and_a_late_answer_of_the_old_one_is_dropped() {
        let old = asked(&[Some(30)]);
        let other: SocketAddr = "203.0.113.9:1000".parse().unwrap();
        let game = Game::after(Some(old), runs("game", GameLine::Peer(other), 0));
        let late = Told::Asked {
            peer: address(),
            at_ns: 9,
            rtt_ns: Some(1),
        };
        let game = Game::after(game, late).unwrap();
        assert_eq!(game.ping(), Ping::Waiting(other));
        assert!(game.history.is_empty());
        assert!(Game::after(Some(game), Told::Nothing).is_none());
        let unknown = GameLine::PeerUnknown { sockets: 2 };
        let game = Game::after(None, runs("game", unknown, 0)).unwrap();
        assert_eq!(game.ping(), Ping::Unknown);
        assert_eq!(game.telling_us(0, u64::MAX), 0);
    }

    #[test]
    fn one_spike_does_not_press_the_graph_flat() {
        let game = asked(&[Some(30), Some(31), Some(900)]);
        assert_eq!(game.telling_us(0, u64::MAX), 93_000);
    }
}
