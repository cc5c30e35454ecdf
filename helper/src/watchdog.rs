//! The service manager's watchdog, armed only while something is changed: an idle helper must not
//! wake up to say that it is alive, and one that hangs while it holds a change must be ended, so
//! that `ExecStopPost` can put the change back.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How long the service manager waits for a sign of life.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often one is given.
const SIGN_EVERY: Duration = Duration::from_secs(4);

/// See the module. Without a service manager all of it does nothing.
#[derive(Debug, Default)]
pub struct Watchdog {
    next_sign: Option<Instant>,
}

impl Watchdog {
    /// Arms or disarms it.
    pub fn follow(&mut self, needed: bool, now: Instant) {
        if needed == self.next_sign.is_some() || std::env::var_os("NOTIFY_SOCKET").is_none() {
            return;
        }
        let timeout_us = if needed {
            TIMEOUT.as_micros() as u32
        } else {
            0
        };
        notify(&[NotifyState::WatchdogUsec(timeout_us)]);
        self.next_sign = needed.then_some(now + SIGN_EVERY);
    }

    /// When the next sign of life is due, while armed.
    pub fn due(&self) -> Option<Instant> {
        self.next_sign
    }

    /// Gives a sign of life.
    pub fn sign(&mut self, now: Instant) {
        notify(&[NotifyState::Watchdog]);
        self.next_sign = Some(now + SIGN_EVERY);
    }
}

/// Tells the service manager something; without one, nothing happens.
pub fn notify(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("the service manager could not be told: {error}");
    }
}
