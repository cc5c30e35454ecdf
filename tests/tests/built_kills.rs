//! A helper that is killed at any moment of building, steering and taking away leaves nothing that
//! its next start, or `--restore`, does not take away: byte for byte, two hundred times.

#![allow(
    clippy::print_stderr,
    reason = "the moments are drawn, and a failure must name its own"
)]

use std::net::UdpSocket;
use std::time::Duration;

use evenkeel_lab::flows::Family;
use evenkeel_lab::scene::Scene;
use evenkeel_lab::steered::separate;
use evenkeel_lab::{LabError, Proc, Snapshot};
use nix::sys::signal::Signal;

type Outcome = Result<(), LabError>;

const SEED: u64 = 0x000e_7e2c_ee15_0003;
/// Labs at work at the same time: most of a cycle is waiting.
const LABS: u64 = 4;
/// Kills in each.
const KILLS: u64 = 50;
/// Wildcard sockets of each family, open during some of the kills: many more writes to be hit.
const SOCKETS: usize = 60;

/// During what the helper is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Game mode begins.
    Apply,
    /// An uplink loses its default, or gets it back: what leads new flows is made anew.
    Change,
    /// The first leader is known, and it isn't the uplink in use.
    Lead,
    /// Game mode ends.
    Remove,
}

/// Draws that can be repeated (splitmix64).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn micros(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(from + self.next() % (to - from))
    }
}

/// What the kills of one lab hit.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    kills: usize,
    hits: usize,
    /// Where the killed helper had begun and not finished.
    half_way: usize,
}

struct Killer {
    scene: Scene,
    before: Snapshot,
    draws: Draws,
    tally: Tally,
}

impl Killer {
    fn start(lab: u64) -> Result<Self, LabError> {
        let scene = Scene::start(&separate(2))?;
        // The first leader is the uplink that isn't in use.
        scene.lab.link("wifi0")?.set("both delay_us=25000")?;
        scene.wait_for_plan(&Family::BOTH)?;
        let before = scene.lab.snapshot()?;
        Ok(Self {
            scene,
            before,
            draws: Draws(SEED + lab),
            tally: Tally::default(),
        })
    }

    fn spawn(&self, method: &str, number: &[&str]) -> Result<Proc, LabError> {
        let line = [&["evenkeel-lab", "call", method, "--"], number].concat();
        self.scene.lab.command_as("player", line)?.spawn()
    }

    /// Everything of ours in the kernel, as text.
    fn ours(&self) -> Result<String, LabError> {
        let lines: Vec<String> = self.scene.lab.ours()?.into_iter().collect();
        Ok(lines.join("\n"))
    }

    fn default_of_usb(&self, verb: &str) -> Outcome {
        let script = format!(
            "ip -4 route {verb} default via 10.2.0.1 dev usb0 metric 200; \
             ip -6 route {verb} default via fd02::1 dev usb0 metric 200"
        );
        let argv = ["sh", "-c", &script];
        self.scene.lab.command("pc", argv).text().map(drop)
    }

    /// Wildcard sockets in the pc: each is a rule to be written when the leader changes.
    fn sockets(&self) -> Result<Vec<UdpSocket>, LabError> {
        self.scene.lab.inside("pc", || {
            let one = |at: usize| UdpSocket::bind(["0.0.0.0:0", "[::]:0"][at % 2]);
            let all: std::io::Result<_> = (0..2 * SOCKETS).map(one).collect();
            all.map_err(|error| LabError::io("binding wildcard sockets", error))
        })
    }

    /// Brings the helper to the moment, kills it there, recovers, and compares.
    fn kill_once(&mut self, number: u64) -> Outcome {
        let moment = match number % 8 {
            0..=2 => Moment::Apply,
            3 | 4 => Moment::Remove,
            5 | 6 => Moment::Change,
            _ => Moment::Lead,
        };
        let by_restart = self.draws.next().is_multiple_of(2);
        // Half of them anywhere, half of them where the writes are.
        let long = self.draws.next().is_multiple_of(2);
        let mut sockets = Vec::new();
        let full = if moment == Moment::Apply {
            String::new()
        } else {
            self.scene.must("EnterGameMode", &[1])?;
            self.scene.wait_for("our default", || {
                Ok(self.scene.lab.led_to(Family::V6)?.is_some())
            })?;
            self.ours()?
        };
        let (delay, trigger) = match moment {
            Moment::Apply => (
                self.draws.micros(0, if long { 400_000 } else { 60_000 }),
                Some(self.spawn("EnterGameMode", &["1"])?),
            ),
            Moment::Remove => (
                self.draws.micros(0, if long { 400_000 } else { 60_000 }),
                Some(self.spawn("LeaveGameMode", &[])?),
            ),
            Moment::Change => {
                self.default_of_usb("del")?;
                // The helper looks 300 ms after the kernel spoke.
                let (from, to) = if long {
                    (0, 400_000)
                } else {
                    (270_000, 340_000)
                };
                (self.draws.micros(from, to), None)
            }
            Moment::Lead => {
                sockets = self.sockets()?;
                // Three epochs, a second each, from the first probe on.
                let (from, to) = if long {
                    (2_500_000, 4_000_000)
                } else {
                    (2_800_000, 3_400_000)
                };
                (self.draws.micros(from, to), None)
            }
        };
        eprintln!(
            "kill {number}: {moment:?} after {delay:?}, then {}",
            if by_restart {
                "started again"
            } else {
                "--restore"
            }
        );
        std::thread::sleep(delay);
        self.scene.end_helper(Signal::SIGKILL)?;
        drop(trigger);
        let left = self.ours()?;
        self.tally.kills += 1;
        self.tally.hits += usize::from(!left.is_empty());
        self.tally.half_way += usize::from(!left.is_empty() && left != full);

        if moment == Moment::Change {
            self.default_of_usb("add")?;
        }
        if by_restart {
            // Rules stay while a connection needs them.
            drop(sockets);
            self.scene.start_helper()?;
            self.scene.wait_until_as_before(&self.before)?;
        } else {
            self.scene.restore()?;
            self.before.must_equal(&self.scene.lab.snapshot()?)?;
            drop(sockets);
            self.scene.start_helper()?;
        }
        self.scene.wait_for_plan(&Family::BOTH)
    }
}

fn kill_again_and_again(lab: u64) -> Result<Tally, LabError> {
    let mut killer = Killer::start(lab)?;
    for number in 0..KILLS {
        let outcome = killer.kill_once(number);
        outcome.map_err(|error| LabError::Invalid(format!("lab {lab}, kill {number}: {error}")))?;
    }
    Ok(killer.tally)
}

#[test]
fn after_two_hundred_kills_at_random_moments_everything_is_as_before() -> Outcome {
    eprintln!("seed {SEED:#x}");
    let broken = |_| LabError::Invalid("a lab's thread panicked".into());
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..LABS)
            .map(|lab| scope.spawn(move || kill_again_and_again(lab)))
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .map(|result| result.map_err(broken)?)
            .collect::<Result<_, LabError>>()
    })?;
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let (kills, hits) = (sum(|tally| tally.kills), sum(|tally| tally.hits));
    let half_way = sum(|tally| tally.half_way);
    eprintln!("{kills} kills, {hits} of them left something, {half_way} of them half-way");
    assert_eq!(kills as u64, LABS * KILLS);
    assert!(hits >= kills / 4, "only {hits} of {kills} hit anything");
    assert!(half_way > 0, "no kill came between two writes");
    Ok(())
}
