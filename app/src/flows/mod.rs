//! The connections of this machine's programs, as the kernel knows them; reads only, sends nothing,
//! needs no privilege. Which of them are the game's is decided in the core.
//!
//! Without a privilege only one's own programs can be looked into: the sockets of others are listed
//! without a program. Sockets in other network namespaces (containers, some sandboxes) are not seen.

mod diag;
mod peer;
mod programs;

use std::io;
use std::path::Path;

use evenkeel_core::flows::{Flow, GameLine, Program, family, game, game_line};

pub use peer::prober;

/// Whether anything runs that is there to start games. Far cheaper than to [`look`](Flows::look):
/// without one there is no game to look for.
pub fn launcher_runs() -> bool {
    programs::launcher_runs(Path::new("/proc"))
}

/// What there is at one moment.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    /// The programs that can be seen.
    pub programs: Vec<Program>,
    /// Their connections, and those of programs that can't be looked into.
    pub flows: Vec<Flow>,
}

impl Flows {
    /// Looks once.
    ///
    /// # Errors
    /// When the kernel does not tell of sockets, or there are too many.
    pub fn look() -> io::Result<Self> {
        let sockets = diag::sockets()?;
        let (programs, owners) = programs::look(Path::new("/proc"))?;
        let flows = sockets.into_iter().map(|(inode, flow)| Flow {
            pid: owners.get(&inode).copied(),
            ..flow
        });
        Ok(Self {
            flows: flows.collect(),
            programs,
        })
    }

    /// The game's name, and what its connections and those of what it started say of its ping; `None`
    /// while no game runs.
    pub fn game(&self) -> Option<(&str, GameLine)> {
        let pid = game(&self.programs, &self.flows)?;
        let pids = family(&self.programs, pid);
        let own = |flow: &&Flow| flow.pid.is_some_and(|pid| pids.contains(&pid));
        let line = game_line(self.flows.iter().filter(own));
        Some((self.name(pid)?, line))
    }

    /// The name of a program.
    pub fn name(&self, pid: u32) -> Option<&str> {
        let program = self.programs.iter().find(|program| program.pid == pid)?;
        Some(&program.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_core::flows::Transport;

    fn program(pid: u32, parent: u32, name: &str, launches_games: bool) -> Program {
        Program {
            pid,
            parent,
            name: name.to_owned(),
            launches_games,
        }
    }

    fn udp(pid: u32, peer: &str) -> Flow {
        Flow {
            transport: Transport::Udp,
            local: "10.0.0.2:5000".parse().unwrap(),
            peer: peer.parse().ok(),
            pid: Some(pid),
            rtt_us: None,
            rttvar_us: None,
            retransmits: None,
            bytes: None,
        }
    }

    #[test]
    fn the_games_line_is_its_own_and_what_it_started_and_nobody_elses() {
        let mut all = Flows {
            programs: vec![
                program(2, 1, "reaper", true),
                program(4, 2, "game", false),
                program(5, 4, "netcode", false),
                program(9, 1, "browser", false),
            ],
            flows: vec![
                udp(4, ""),
                udp(5, "198.51.100.4:27015"),
                udp(9, "198.51.100.99:443"),
            ],
        };
        // The game is the one with more sockets, or the newer one.
        all.flows.push(udp(4, ""));
        let peer = "198.51.100.4:27015".parse().unwrap();
        assert_eq!(all.game(), Some(("game", GameLine::Peer(peer))));
        all.programs.remove(0);
        assert_eq!(all.game(), None);
    }
}
