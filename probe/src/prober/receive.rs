//! Receiving: turns what the sockets hold into replies.
//! Not for timeouts or for choosing the transport (the parent module).

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::{Probe, Prober, READS_PER_POLL};
use crate::method::{Outcome, Transport};
use crate::packet::Received;
use crate::tcp::{self, Attempt};
use crate::timing::{self, Clock, Moment, Stamps};
use crate::window::{Answer, Entry, Way};
use crate::{Event, Reply};

impl Prober {
    pub(super) fn poll_icmp(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        for _ in 0..READS_PER_POLL {
            let Some(icmp) = &self.icmp else {
                return Poll::Pending;
            };
            // An error here means the runtime is shutting down: nothing will ever be ready.
            let Ok(mut guard) = ready!(icmp.poll_read_ready(cx)) else {
                return Poll::Pending;
            };
            let read = icmp.get_ref().receive(&mut self.buffers);
            if is_empty(&read) {
                guard.clear_ready();
            } else if let Some(reply) = self.take_read(&read) {
                return Poll::Ready(Event::Reply(reply));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// An answer that has arrived although the runtime has not told us yet: if this program could not run
    /// for a while, time passed for the timer and for the network alike.
    pub(super) fn overdue_answer(&mut self) -> Option<Reply> {
        for _ in 0..READS_PER_POLL {
            let Some(icmp) = &self.icmp else { break };
            let read = icmp.get_ref().receive(&mut self.buffers);
            if is_empty(&read) {
                break;
            }
            let reply = self.take_read(&read);
            if reply.is_some() {
                return reply;
            }
        }
        let mut at = 0;
        while let Some(probe) = self.attempts.get_mut(at) {
            let attempt = probe
                .socket
                .as_ref()
                .map(|socket| tcp::outcome(socket.get_ref()));
            match attempt {
                Some(Attempt::Accepted(_) | Attempt::Refused) => {
                    let reply = self.take_attempt(at, attempt);
                    if reply.is_some() {
                        return reply;
                    }
                }
                _ => at += 1,
            }
        }
        None
    }

    fn take_read(&mut self, read: &io::Result<(Received, Option<i64>)>) -> Option<Reply> {
        match *read {
            Ok((Received::Reply(seq), received_ns)) => return self.take_reply(seq, received_ns),
            Ok((Received::Foreign, _)) => self.counters.foreign += 1,
            Ok((Received::Malformed, _)) => self.counters.malformed += 1,
            Err(_) => self.counters.socket_errors += 1,
        }
        None
    }

    fn take_reply(&mut self, seq: u64, received_ns: Option<i64>) -> Option<Reply> {
        let got = Moment::now();
        if self
            .window
            .waiting(seq)
            .is_some_and(|entry| entry.stamps.sent.is_none())
        {
            self.collect_stamps();
        }
        if self
            .window
            .waiting(seq)
            .is_some_and(|entry| entry.way == Way::Tcp)
        {
            self.counters.malformed += 1;
            return None;
        }
        let entry = self.first_answer(seq)?;
        let stamps = Stamps {
            received: received_ns,
            ..entry.stamps
        };
        let (rtt_ns, clock) = timing::round_trip(entry.sent, got, stamps);
        self.learn(Outcome::IcmpAnswered);
        let transport = self.transport_of(entry.way);
        // Only stamps that were believed say when it came.
        let came_ns = received_ns.filter(|_| clock == Clock::Kernel);
        let late_ns = came_ns.map_or(0, |came| got.real_ns.saturating_sub(came));
        Some(Reply {
            seq,
            sent_at: entry.sent.mono,
            rtt_ns,
            clock,
            late_ns: u64::try_from(late_ns).unwrap_or(0),
            queue_ns: stamps
                .queue_ns()
                .filter(|_| clock == Clock::Kernel)
                .unwrap_or(0),
            transport,
        })
    }

    fn first_answer(&mut self, seq: u64) -> Option<Entry> {
        match self.window.answer(seq) {
            Answer::First(entry) => return Some(entry),
            Answer::Duplicate => self.counters.duplicate += 1,
            Answer::Late => self.counters.late += 1,
            Answer::NeverSent => self.counters.malformed += 1,
        }
        None
    }

    pub(super) fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        let mut at = 0;
        while let Some(probe) = self.attempts.get_mut(at) {
            let Some(attempt) = probe.poll(cx) else {
                at += 1;
                continue;
            };
            if matches!(attempt, Attempt::Failed | Attempt::Pending) {
                probe.socket = None;
                at += 1;
            } else if let Some(reply) = self.take_attempt(at, Some(attempt)) {
                return Poll::Ready(Event::Reply(reply));
            }
        }
        Poll::Pending
    }

    /// Removes attempt number `at`, which was answered, and gives the reply if it carried a probe.
    fn take_attempt(&mut self, at: usize, attempt: Option<Attempt>) -> Option<Reply> {
        let seq = self.attempts.remove(at)?.seq;
        self.learn(Outcome::TcpAnswered);
        let entry = self.first_answer(seq?)?;
        let user_ns = timing::nanos(entry.sent.mono.elapsed()) as u64;
        let (rtt_ns, clock) = match attempt {
            Some(Attempt::Accepted(Some(rtt_ns))) => (rtt_ns, Clock::Kernel),
            _ => (user_ns, Clock::User),
        };
        let transport = Transport::TcpConnect;
        Some(Reply {
            seq: entry.seq,
            sent_at: entry.sent.mono,
            rtt_ns,
            clock,
            late_ns: 0,
            queue_ns: 0,
            transport,
        })
    }

    /// Ends trial attempts without an answer in time; those that carry a probe end with it.
    pub(super) fn drop_old_attempts(&mut self, now: Instant) {
        while let Some(probe) = self.attempts.front()
            && probe.started + self.config.timeout <= now
            && probe.seq.is_none()
        {
            let _ = self.attempts.pop_front();
            self.learn(Outcome::TcpLost);
        }
    }
}

impl Probe {
    /// The attempt's outcome, or `None` while it waits.
    fn poll(&mut self, cx: &mut Context<'_>) -> Option<Attempt> {
        let socket = self.socket.as_ref()?;
        while let Poll::Ready(ready) = socket.poll_write_ready(cx) {
            let Ok(mut guard) = ready else { return None };
            match tcp::outcome(socket.get_ref()) {
                Attempt::Pending => guard.clear_ready(),
                decided => return Some(decided),
            }
        }
        None
    }
}

fn is_empty<T>(read: &io::Result<T>) -> bool {
    matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
