//! How much waits in each interface's own queue now, and what it ever dropped: the root queueing
//! disciplines, asked of the kernel by netlink. Needs no privilege and never waits: the kernel
//! answers within the call.

use std::collections::BTreeMap;
use std::io;

use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR};
use rtnetlink::sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::wire::{attribute, messages, number32, request};

const RTM_GETQDISC: u16 = 38;
const RTM_NEWQDISC: u16 = 36;
/// `struct tcmsg`.
const TCMSG_BYTES: usize = 20;
/// The parent of a root queueing discipline.
const TC_H_ROOT: u32 = u32::MAX;
const TCA_STATS2: u16 = 7;
const TCA_STATS_QUEUE: u16 = 3;
/// Datagrams of one answer that are read; a desktop's fits into one.
const MAX_DATAGRAMS: usize = 64;
/// The kernel sends at most 32 KiB at once.
const BUFFER_BYTES: usize = 32 * 1024;

/// A queue's state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// Bytes that wait now.
    pub backlog_bytes: u64,
    /// Packets dropped since it was set up.
    pub dropped: u64,
}

/// A socket to ask on.
pub struct Queues {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

impl Queues {
    /// Opens the socket, in the calling thread's network namespace.
    ///
    /// # Errors
    /// When the kernel gives none.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind(&SocketAddr::new(0, 0))?;
        socket.set_non_blocking(true)?;
        Ok(Self {
            socket,
            sequence: 0,
            buffer: Vec::with_capacity(BUFFER_BYTES),
        })
    }

    /// The root queue of each interface that has one.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn read(&mut self) -> io::Result<BTreeMap<u32, Queue>> {
        self.sequence = self.sequence.wrapping_add(1);
        let flags = NLM_F_REQUEST | NLM_F_DUMP;
        let bytes = request(RTM_GETQDISC, flags, self.sequence, &[0; TCMSG_BYTES]);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
        let mut found = BTreeMap::new();
        for _ in 0..MAX_DATAGRAMS {
            self.buffer.clear();
            let _ = self.socket.recv_from(&mut self.buffer, 0)?;
            for message in messages(&self.buffer) {
                if message.sequence != self.sequence {
                    continue;
                }
                match message.kind {
                    NLMSG_DONE | NLMSG_ERROR => return Ok(found),
                    RTM_NEWQDISC => found.extend(root_queue(message.payload)),
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

/// The interface and state of a queueing discipline, if it is a root: a root's figures hold its
/// children's.
fn root_queue(payload: &[u8]) -> Option<(u32, Queue)> {
    let ifindex = number32(payload.get(4..)?)?;
    let parent = number32(payload.get(12..)?)?;
    let statistics = attribute(payload.get(TCMSG_BYTES..)?, TCA_STATS2)?;
    let queue = attribute(statistics, TCA_STATS_QUEUE)?;
    let field = |at: usize| number32(queue.get(at..)?).map(u64::from);
    let queue = Queue {
        backlog_bytes: field(4)?,
        dropped: field(8)?,
    };
    (parent == TC_H_ROOT).then_some((ifindex, queue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::add_attribute;
    use proptest::prelude::*;

    fn discipline(ifindex: u32, parent: u32, numbers: [u32; 5]) -> Vec<u8> {
        let mut queue = Vec::new();
        add_attribute(
            &mut queue,
            TCA_STATS_QUEUE,
            &numbers.map(u32::to_ne_bytes).concat(),
        );
        let mut body = vec![0; TCMSG_BYTES];
        body[4..8].copy_from_slice(&ifindex.to_ne_bytes());
        body[12..16].copy_from_slice(&parent.to_ne_bytes());
        add_attribute(&mut body, 1, b"fq_codel\0");
        add_attribute(&mut body, TCA_STATS2, &queue);
        body
    }

    #[test]
    fn only_roots_count_for_their_children_are_in_them() {
        let root = discipline(3, TC_H_ROOT, [2, 3028, 5, 0, 0]);
        let queue = Queue {
            backlog_bytes: 3028,
            dropped: 5,
        };
        assert_eq!(root_queue(&root), Some((3, queue)));
        assert_eq!(
            root_queue(&discipline(3, 1 << 16, [2, 3028, 5, 0, 0])),
            None
        );
        assert_eq!(root_queue(&root[..TCMSG_BYTES]), None);
    }

    #[test]
    fn the_kernel_answers_at_once() {
        let mut queues = Queues::open().unwrap();
        for _ in 0..3 {
            let _ = queues.read().unwrap();
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = root_queue(&bytes);
        }
    }
}
