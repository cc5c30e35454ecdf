//! The emulator's loop: takes frames from two ports, asks the model, sends each at its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::AsFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::time::{TimeSpec, TimeValLike as _};
use serde::{Deserialize, Serialize};

use super::Direction;
use super::model::{Fate, Model};
use super::packet;
use super::params::LinkParams;
use super::port::{Port, now_ns};
use crate::error::{Context as _, LabError};

/// Frames held at once, both directions together; more are lost.
const MAX_HELD: usize = 65_536;
/// Latest lateness values kept for the statistics.
const LATENESS_KEPT: usize = 8192;
/// Frames taken from one port before looking at deadlines again.
const BURST: usize = 64;

/// Counters of one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Frames that arrived.
    pub received: u64,
    /// Frames sent on.
    pub sent: u64,
    /// Frames lost by a draw.
    pub lost: u64,
    /// Frames lost in the black hole.
    pub swallowed: u64,
    /// Frames lost because a queue was full or the interface did not take them.
    pub overflow: u64,
}

/// What the control thread and the loop share.
#[derive(Debug, Default)]
pub struct Shared {
    /// Parameters per direction.
    pub params: [LinkParams; 2],
    /// Counters per direction.
    pub counters: [Counters; 2],
    /// The latest send times minus deadlines, nanoseconds, as a ring.
    lateness_ns: Vec<i64>,
    next: usize,
}

impl Shared {
    /// Median and 99th percentile of how late frames were sent, nanoseconds; `None` without frames.
    pub fn lateness_ns(&self) -> Option<(i64, i64)> {
        let mut sorted = self.lateness_ns.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        Some((sorted[last / 2], sorted[last * 99 / 100]))
    }

    fn late(&mut self, ns: i64) {
        if self.lateness_ns.len() < LATENESS_KEPT {
            self.lateness_ns.push(ns);
        } else {
            self.lateness_ns[self.next] = ns;
            self.next = (self.next + 1) % LATENESS_KEPT;
        }
    }
}

/// Locks the shared state; a panic elsewhere doesn't stop the link.
pub fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    deadline_ns: i64,
    number: u64,
    direction: usize,
    frame: Vec<u8>,
}

/// Forwards between `ports` (near, far) for as long as the process lives. From `spin_ns` before a
/// deadline on it looks at the clock instead of sleeping: more costs processor time and makes it
/// exacter where the machine is slow to wake up.
///
/// # Errors
/// When waiting for frames fails, which it doesn't on a working system.
pub fn run(
    mut ports: [Port; 2],
    seed: u64,
    spin_ns: i64,
    shared: &Arc<Mutex<Shared>>,
) -> Result<(), LabError> {
    // Both only make the timing better; a container may forbid them.
    let _ = nix::sys::prctl::set_timerslack(1);
    let _ = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE);

    let mut models =
        Direction::BOTH.map(|way| Model::new(seed.wrapping_mul(2) + way.index() as u64));
    let mut held: BinaryHeap<Reverse<Held>> = BinaryHeap::new();
    let mut number = 0;
    let mut buffer = vec![0; 65_536 + 64];
    loop {
        let next_ns = held.peek().map(|Reverse(next)| next.deadline_ns - spin_ns);
        wait(&ports, next_ns)?;
        for direction in 0..2 {
            for _ in 0..BURST {
                let Some((length, arrival_ns)) = ports[direction].receive(&mut buffer) else {
                    break;
                };
                let frame = &mut buffer[..length];
                packet::finish_checksum(frame);
                let mut state = lock(shared);
                let params = state.params[direction];
                let mut fate =
                    models[direction].admit(&params, packet::flow(frame), length, arrival_ns);
                if held.len() >= MAX_HELD {
                    fate = Fate::Overflow;
                }
                let counters = &mut state.counters[direction];
                counters.received += 1;
                match fate {
                    Fate::Lost => counters.lost += 1,
                    Fate::Swallowed => counters.swallowed += 1,
                    Fate::Overflow => counters.overflow += 1,
                    Fate::DepartAt(deadline_ns) => {
                        number += 1;
                        let frame = frame.to_vec();
                        held.push(Reverse(Held {
                            deadline_ns,
                            number,
                            direction,
                            frame,
                        }));
                    }
                }
            }
        }
        release(&mut held, &ports, spin_ns, shared);
    }
}

/// Sends what is due, and what is due so soon that sleeping would be too coarse.
fn release(
    held: &mut BinaryHeap<Reverse<Held>>,
    ports: &[Port; 2],
    spin_ns: i64,
    shared: &Mutex<Shared>,
) {
    while let Some(Reverse(next)) = held.peek() {
        let deadline_ns = next.deadline_ns;
        let mut now = now_ns();
        if deadline_ns - now > spin_ns {
            return;
        }
        while now < deadline_ns {
            std::hint::spin_loop();
            now = now_ns();
        }
        let Some(Reverse(due)) = held.pop() else {
            return;
        };
        let sent = ports[1 - due.direction].send(&due.frame);
        let mut state = lock(shared);
        state.late(now - deadline_ns);
        let counters = &mut state.counters[due.direction];
        if sent {
            counters.sent += 1;
        } else {
            counters.overflow += 1;
        }
    }
}

fn wait(ports: &[Port; 2], until_ns: Option<i64>) -> Result<(), LabError> {
    let timeout = until_ns.map(|until| TimeSpec::nanoseconds((until - now_ns()).max(0)));
    let mut fds = [
        PollFd::new(ports[0].as_fd(), PollFlags::POLLIN),
        PollFd::new(ports[1].as_fd(), PollFlags::POLLIN),
    ];
    match ppoll(&mut fds, timeout, None) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(e) => Err(e).context(|| "waiting for frames".into()),
    }
}
