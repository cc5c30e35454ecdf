//! The listeners' sockets: bounded, non-blocking, dropping rather than queueing. It carries records
//! and decides nothing about them.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use evenkeel_dbus::feed::{MAX_RECORDS, Record, encode};
use evenkeel_dbus::limits::{MAX_FEEDS, MAX_FEEDS_PER_UID};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, send, setsockopt, socketpair, sockopt,
};

use crate::lease::Caller;

/// Records that may wait for one listener's next frame; the oldest go first.
const MAX_PENDING: usize = 4 * MAX_RECORDS;
/// What the kernel may queue for a listener that does not read: about twenty full frames.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Why a feed was not opened.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// One user may not have more.
    #[error("this user has {MAX_FEEDS_PER_UID} feeds open already; no feed was opened, close one")]
    PerUser,
    /// The helper may not have more.
    #[error("{MAX_FEEDS} feeds are open already; no feed was opened, close one")]
    InAll,
    /// The kernel gave no socket.
    #[error("no feed was opened: {0}")]
    Socket(#[from] Errno),
}

#[derive(Debug)]
struct Listener {
    caller: Caller,
    socket: OwnedFd,
    period: Duration,
    /// When the next frame may leave.
    due: Instant,
    pending: Vec<Record>,
    number: u32,
    dropped: u32,
}

/// Every open feed.
#[derive(Debug, Default)]
pub struct Feeds {
    listeners: Vec<Listener>,
}

impl Feeds {
    /// Opens a feed of at most `max_hz` frames a second and returns the listener's end of it.
    ///
    /// # Errors
    /// [`FeedError`] at a limit, or when there is no socket to be had.
    pub fn open(
        &mut self,
        caller: &Caller,
        max_hz: u32,
        now: Instant,
    ) -> Result<OwnedFd, FeedError> {
        if self.listeners.len() >= MAX_FEEDS {
            return Err(FeedError::InAll);
        }
        let of_user = self
            .listeners
            .iter()
            .filter(|l| l.caller.uid == caller.uid)
            .count();
        if of_user >= MAX_FEEDS_PER_UID {
            return Err(FeedError::PerUser);
        }
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (ours, theirs) = socketpair(AddressFamily::Unix, SockType::SeqPacket, None, flags)?;
        setsockopt(&ours, sockopt::SndBuf, &SEND_BUFFER_BYTES)?;
        self.listeners.push(Listener {
            caller: caller.clone(),
            socket: ours,
            period: Duration::from_secs(1) / max_hz.max(1),
            due: now,
            pending: Vec::new(),
            number: 0,
            dropped: 0,
        });
        Ok(theirs)
    }

    /// True when nobody listens.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
    }

    /// True while `name` has a feed open.
    pub fn is_held_by(&self, name: &str) -> bool {
        self.listeners
            .iter()
            .any(|listener| listener.caller.name == name)
    }

    /// Closes the feeds of a bus name that has left the bus.
    pub fn client_gone(&mut self, name: &str) {
        self.listeners
            .retain(|listener| listener.caller.name != name);
    }

    /// Closes the feeds whose listeners have closed their end. Returns their bus names.
    pub fn reap(&mut self) -> Vec<String> {
        self.close_where(|listener| {
            let mut fds = [PollFd::new(listener.socket.as_fd(), PollFlags::empty())];
            poll(&mut fds, PollTimeout::ZERO).is_ok()
                && fds[0]
                    .revents()
                    .is_some_and(|events| events.contains(PollFlags::POLLHUP))
        })
    }

    /// Queues a record for every listener.
    pub fn push(&mut self, record: Record) {
        for listener in &mut self.listeners {
            if listener.pending.len() >= MAX_PENDING {
                let _ = listener.pending.remove(0);
                listener.dropped = listener.dropped.saturating_add(1);
            }
            listener.pending.push(record);
        }
    }

    /// Sends records to the newest listener alone, at once.
    pub fn greet(&mut self, records: &[Record], now: Instant) {
        let Some(listener) = self.listeners.last_mut() else {
            return;
        };
        for chunk in records.chunks(MAX_RECORDS) {
            listener.pending.extend(chunk);
            // One that is gone already is found by the next look.
            let _ = listener.send_pending(now);
        }
        listener.due = now;
    }

    /// When the next frame is due, if any record waits.
    pub fn next_due(&self) -> Option<Instant> {
        self.listeners
            .iter()
            .filter(|l| !l.pending.is_empty())
            .map(|l| l.due)
            .min()
    }

    /// Sends what is due. Returns the bus names whose listeners turned out to be gone.
    pub fn flush(&mut self, now: Instant) -> Vec<String> {
        self.close_where(|listener| listener.due <= now && !listener.send_pending(now))
    }

    fn close_where(&mut self, mut is_closed: impl FnMut(&mut Listener) -> bool) -> Vec<String> {
        let mut closed = Vec::new();
        self.listeners.retain_mut(|listener| {
            let gone = is_closed(listener);
            if gone {
                closed.push(listener.caller.name.clone());
            }
            !gone
        });
        closed
    }
}

impl Listener {
    /// False when the listener is gone.
    fn send_pending(&mut self, now: Instant) -> bool {
        for records in self.pending.chunks(MAX_RECORDS) {
            let frame = encode(self.number, self.dropped, records);
            self.number = self.number.wrapping_add(1);
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(self.socket.as_raw_fd(), &frame, flags) {
                Ok(_) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::EINTR) => {
                    self.dropped = self.dropped.saturating_add(1);
                }
                Err(_) => return false,
            }
        }
        self.pending.clear();
        self.due = now + self.period;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_dbus::feed::{MAX_FRAME_BYTES, decode};
    use nix::sys::socket::recv;

    fn caller(n: u32, uid: u32) -> Caller {
        Caller {
            name: format!(":1.{n}"),
            uid,
        }
    }

    fn leader(at_ns: u64) -> Record {
        Record::Leader {
            ifindex: Some(2),
            at_ns,
            game_mode: false,
        }
    }

    #[test]
    fn the_fifth_feed_of_a_user_and_the_seventeenth_in_all_are_refused() {
        let mut feeds = Feeds::default();
        let now = Instant::now();
        let mut ends = Vec::new();
        for n in 0..MAX_FEEDS as u32 {
            ends.push(
                feeds
                    .open(&caller(n, n / MAX_FEEDS_PER_UID as u32), 10, now)
                    .unwrap(),
            );
            if n == 3 {
                assert!(matches!(
                    feeds.open(&caller(9, 0), 10, now),
                    Err(FeedError::PerUser)
                ));
            }
        }
        assert!(matches!(
            feeds.open(&caller(99, 99), 10, now),
            Err(FeedError::InAll)
        ));
        assert_eq!(feeds.listeners.len(), MAX_FEEDS);
    }

    #[test]
    fn a_reader_that_does_not_read_loses_frames_and_is_told() {
        let mut feeds = Feeds::default();
        let mut now = Instant::now();
        let end = feeds.open(&caller(1, 0), 10, now).unwrap();
        for n in 0..5_000 {
            feeds.push(leader(n));
            assert!(feeds.flush(now).is_empty(), "full is not gone");
            now += Duration::from_secs(1);
        }
        let mut buffer = [0; MAX_FRAME_BYTES];
        let mut frames = 0;
        while recv(end.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok() {
            frames += 1;
        }
        assert!(frames > 0 && frames < 5_000);
        feeds.push(leader(0));
        assert!(feeds.flush(now).is_empty());
        let length = recv(end.as_raw_fd(), &mut buffer, MsgFlags::empty()).unwrap();
        let frame = decode(&buffer[..length]).unwrap();
        assert_eq!((frame.number, frame.dropped), (5_000, 5_000 - frames));
    }

    #[test]
    fn frames_keep_to_the_rate_and_a_burst_is_split() {
        let mut feeds = Feeds::default();
        let now = Instant::now();
        let end = feeds.open(&caller(1, 0), 2, now).unwrap();
        for n in 0..100 {
            feeds.push(leader(n));
        }
        assert_eq!(feeds.next_due(), Some(now));
        assert!(feeds.flush(now).is_empty());
        feeds.push(leader(100));
        assert!(feeds.flush(now).is_empty());
        assert_eq!(feeds.next_due(), Some(now + Duration::from_millis(500)));
        let mut buffer = [0; MAX_FRAME_BYTES];
        let mut counts = Vec::new();
        while let Ok(length) = recv(end.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
            counts.push(decode(&buffer[..length]).unwrap().records.len());
        }
        assert_eq!(counts, vec![64, 36]);
    }

    #[test]
    fn a_closed_end_is_reaped_and_a_vanished_name_closes_its_feeds() {
        let mut feeds = Feeds::default();
        let now = Instant::now();
        let first = feeds.open(&caller(1, 0), 2, now).unwrap();
        let second = feeds.open(&caller(2, 0), 2, now).unwrap();
        assert!(feeds.reap().is_empty());
        drop(first);
        assert_eq!(feeds.reap(), vec![":1.1".to_string()]);
        assert!(feeds.is_held_by(":1.2"));
        feeds.client_gone(":1.2");
        assert!(feeds.is_empty());
        let mut buffer = [0; 8];
        assert_eq!(
            recv(second.as_raw_fd(), &mut buffer, MsgFlags::empty()),
            Ok(0)
        );
    }
}
