//! When the helper may leave by itself, and how it leaves without losing a call. It only does where
//! the bus can start it again; nothing is decided here about what is held.
//!
//! The name is given up first: from then on the bus keeps calls for the next helper and has it
//! started. What had already come to us is carried out and answered as ever, a change too. There is no
//! way back, for the service manager ends a helper without its name: what such a change holds is
//! handed over to the next helper, which is then started at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use evenkeel_dbus::{BUS_NAME, can_be_started};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use zbus::Connection;

use crate::public::Public;

/// Nothing more comes in when nothing came for so long after the name was given up.
const QUIET: Duration = Duration::from_millis(20);
/// So long the calls that had come in may take; polkit may be asking somebody. It must be less than
/// the unit's `TimeoutStopSec`.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Counts the calls that are being worked on, and says that no more are taken.
#[derive(Debug, Clone, Default)]
pub struct Attendance(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    calls: AtomicUsize,
    leaving: AtomicBool,
    closed: AtomicBool,
    closing: Notify,
}

/// One call that is being worked on, until dropped.
#[derive(Debug)]
pub struct Call(Arc<Inner>);

impl Attendance {
    /// A call begins; `None` when no more are taken.
    pub fn begin(&self) -> Option<Call> {
        if self.0.closed.load(Ordering::SeqCst) {
            return None;
        }
        let _ = self.0.calls.fetch_add(1, Ordering::SeqCst);
        Some(Call(Arc::clone(&self.0)))
    }

    /// True once the helper has decided to leave. Calls are still taken.
    pub fn is_leaving(&self) -> bool {
        self.0.leaving.load(Ordering::SeqCst)
    }

    /// Returns when no more calls are taken: whoever still waits for something should give up.
    pub async fn closed(&self) {
        let closing = self.0.closing.notified();
        if !self.0.closed.load(Ordering::SeqCst) {
            closing.await;
        }
    }

    fn has_calls(&self) -> bool {
        self.0.calls.load(Ordering::SeqCst) > 0
    }

    /// Decides to leave, unless a call is being worked on.
    fn leave(&self) -> bool {
        let leaves = !self.has_calls();
        self.0.leaving.store(leaves, Ordering::SeqCst);
        leaves
    }

    fn close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.closing.notify_waiters();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let _ = self.0.calls.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until nothing has been held and asked for `patience`, gives the name up, lets what had come
/// in be answered, and returns: it is time to stop. Never returns where nobody could start the helper
/// again. The caller keeps everything else going meanwhile.
///
/// # Errors
/// When the bus fails; the helper keeps its name then.
pub async fn leave(
    connection: &Connection,
    public: &Public,
    attendance: &Attendance,
    patience: Duration,
) -> zbus::Result<()> {
    if !can_be_started(connection).await? {
        std::future::pending::<()>().await;
    }
    loop {
        quiet(connection, patience).await;
        if public.read().idle && attendance.leave() {
            break;
        }
        // Whatever ends a hold says so on the bus; until then there is nothing to wake up for.
        connection.monitor_activity().await;
    }
    log::info!(
        "nothing is held and nobody asks: leaving, the bus starts the helper when it is needed"
    );
    let _ = connection.release_name(BUS_NAME).await?;
    let at_last = Instant::now() + LAST_CALLS;
    loop {
        quiet(connection, QUIET).await;
        if !attendance.has_calls() || Instant::now() >= at_last {
            break;
        }
    }
    attendance.close();
    // Those that are refused now get their answer.
    quiet(connection, QUIET).await;
    Ok(())
}

/// Waits until no message has come or gone for `time`.
async fn quiet(connection: &Connection, time: Duration) {
    loop {
        let message = connection.monitor_activity();
        if timeout(time, message).await.is_err() {
            return;
        }
    }
}

/// Lets the last replies leave. Something may still hold a share of the connection, so not for long.
pub async fn say_goodbye(connection: Connection) {
    if timeout(QUIET, connection.graceful_shutdown())
        .await
        .is_err()
    {
        sleep(QUIET).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_leaves_while_a_call_is_worked_on_and_a_call_that_comes_late_is_still_taken() {
        let attendance = Attendance::default();
        let call = attendance.begin().unwrap();
        assert!(!attendance.leave());
        assert!(!attendance.is_leaving());
        drop(call);
        assert!(attendance.leave());
        assert!(attendance.begin().is_some_and(|_| attendance.has_calls()));
        attendance.close();
        assert!(attendance.begin().is_none());
        attendance.closed().await;
    }

    #[tokio::test]
    async fn whoever_waits_learns_that_no_more_calls_are_taken() {
        let attendance = Attendance::default();
        let waiting = tokio::spawn({
            let attendance = attendance.clone();
            async move { attendance.closed().await }
        });
        tokio::task::yield_now().await;
        attendance.close();
        waiting.await.unwrap();
    }
}
