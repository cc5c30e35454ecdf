//! Looks for a running game and asks its peer, for as long as it is polled: the window does that only
//! while the Live screen can be seen. Without a game it tells nothing after the first time, so that
//! nothing is drawn. What is told is judged elsewhere.

use std::net::SocketAddr;
use std::time::Duration;

use evenkeel_core::flows::GameLine;
use evenkeel_evidence::monotonic_ns;
use evenkeel_probe::{Event, Prober};
use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt as _, Stream};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};

use super::{MUTE, Told};
use crate::flows::{self, Flows};

/// Between two looks for a game where none runs.
const IDLE: Duration = Duration::from_secs(5);
/// Between two looks at the connections of one that runs; its peer is asked so many times meanwhile.
const LOOK: Duration = Duration::from_secs(2);
const ASKED: u32 = 2;
/// A mute peer is asked in every so manieth look.
const MUTE_LOOKS: u32 = 5;

/// The peer of a UDP game.
struct Peer {
    address: SocketAddr,
    /// `None` where it cannot be asked.
    prober: Option<Prober>,
    /// Probes in a row without an answer.
    lost: usize,
    looks: u32,
}

/// Tells of the game for as long as it is polled.
pub fn watch() -> impl Stream<Item = Told> {
    iced::stream::channel(1, async move |mut told: Sender<Told>| {
        let mut runs = true;
        let mut peer: Option<Peer> = None;
        loop {
            let Some((name, line)) = look().await else {
                peer = None;
                if std::mem::take(&mut runs) {
                    let _ = told.send(Told::Nothing).await;
                }
                sleep(IDLE).await;
                continue;
            };
            runs = true;
            let next = Instant::now() + LOOK;
            let at_ns = monotonic_ns();
            let _ = told.send(Told::Runs { name, line, at_ns }).await;
            peer = follow(peer, line);
            if let Some(peer) = &mut peer {
                ask(peer, &mut told).await;
            }
            sleep_until(next).await;
        }
    })
}

/// The game and its connection. Reading what all programs do takes a moment, so it is not done where
/// others wait.
async fn look() -> Option<(String, GameLine)> {
    let found = spawn_blocking(|| {
        if !flows::launcher_runs() {
            return None;
        }
        let all = Flows::look().inspect_err(|error| log::debug!("connections: {error}"));
        let all = all.ok()?;
        let (name, line) = all.game()?;
        Some((name.to_owned(), line))
    });
    found.await.ok().flatten()
}

/// The peer to ask; what is known of the one before is kept if it is the same.
fn follow(before: Option<Peer>, line: GameLine) -> Option<Peer> {
    let GameLine::Peer(address) = line else {
        return None;
    };
    let same = before.filter(|peer| peer.address == address);
    Some(same.unwrap_or_else(|| Peer {
        address,
        prober: flows::prober(address.ip()),
        lost: 0,
        looks: 0,
    }))
}

async fn ask(peer: &mut Peer, told: &mut Sender<Told>) {
    peer.looks = peer.looks.wrapping_add(1);
    for number in 0..ASKED {
        if !is_due(peer.lost, peer.looks, number) {
            return;
        }
        let next = Instant::now() + LOOK / ASKED;
        let at_ns = monotonic_ns();
        let rtt_ns = match &mut peer.prober {
            Some(prober) => probe(prober).await,
            None => None,
        };
        peer.lost = if rtt_ns.is_some() { 0 } else { peer.lost + 1 };
        let answer = Told::Asked {
            peer: peer.address,
            at_ns,
            rtt_ns,
        };
        let _ = told.send(answer).await;
        sleep_until(next).await;
    }
}

/// The round trip of one probe, `None` when it was lost or could not leave.
async fn probe(prober: &mut Prober) -> Option<u64> {
    let _ = prober.send().ok()?;
    match prober.event().await {
        Event::Reply(reply) => Some(reply.rtt_ns),
        Event::Lost(_) => None,
    }
}

/// Whether to ask once more, after `number` times in this look: a mute peer is left in peace mostly.
fn is_due(lost: usize, looks: u32, number: u32) -> bool {
    lost < MUTE || (looks.is_multiple_of(MUTE_LOOKS) && number == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced::futures::StreamExt as _;

    #[test]
    fn a_mute_peer_is_asked_seldom_and_never_given_up() {
        let asked = |lost| {
            let looks = (0..100_u32).flat_map(|look| (0..ASKED).map(move |n| (look, n)));
            looks.filter(|(look, n)| is_due(lost, *look, *n)).count()
        };
        assert_eq!(asked(0), 200);
        assert_eq!(asked(MUTE - 1), 200);
        assert_eq!(asked(MUTE), 20);
    }

    #[test]
    fn the_peer_changes_with_the_line_and_only_udp_is_asked() {
        let udp = |text: &str| GameLine::Peer(text.parse().unwrap());
        let tcp = GameLine::Measured {
            peer: "127.0.0.1:9".parse().unwrap(),
            rtt_us: 1,
            rttvar_us: 1,
            retransmits: 0,
        };
        assert!(follow(None, tcp).is_none());
        assert!(follow(None, GameLine::Silent).is_none());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut peer = follow(None, udp("127.0.0.1:9")).unwrap();
            peer.lost = 3;
            let same = follow(Some(peer), udp("127.0.0.1:9")).unwrap();
            assert_eq!(same.lost, 3);
            let other = follow(Some(same), udp("127.0.0.1:10")).unwrap();
            assert_eq!(other.lost, 0);
        });
    }

    #[test]
    fn with_or_without_a_game_it_tells_at_once_what_is_known() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let first = runtime.block_on(async { Box::pin(watch()).next().await });
        assert!(matches!(first, Some(Told::Nothing | Told::Runs { .. })));
    }
}
