//! A prober that opens itself: with its first probe, and anew after its interface went. For those who
//! ask for years. It sets no pace and judges nothing.

use std::task::{Context, Poll};

use crate::{Config, Event, ProbeError, Prober, SendError};

/// See the module.
pub struct Lasting {
    config: Config,
    /// `None` while it cannot be opened; every probe tries again.
    prober: Option<Prober>,
}

impl Lasting {
    /// Opens nothing yet.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            prober: None,
        }
    }

    /// Sends a probe. False when none could leave because there is no way out, which is as bad as one
    /// that is never answered; what a full queue or a firewall of this machine held up says nothing
    /// about the way.
    ///
    /// # Errors
    /// When it cannot be opened: no probe was sent, and nothing is known of the way.
    pub fn send(&mut self) -> Result<bool, ProbeError> {
        let prober = match &mut self.prober {
            Some(prober) => prober,
            none => none.insert(Prober::open(self.config)?),
        };
        Ok(match prober.send() {
            Err(SendError::Gone(_)) => {
                self.prober = None;
                false
            }
            Err(SendError::Unreachable(_)) => false,
            Ok(_) | Err(SendError::Blocked(_) | SendError::Busy | SendError::Os(_)) => true,
        })
    }

    /// The next answer or loss; waits for ever while nothing is open.
    pub fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        self.prober
            .as_mut()
            .map_or(Poll::Pending, |prober| prober.poll_event(context))
    }

    /// The prober, while it is open.
    pub fn prober(&self) -> Option<&Prober> {
        self.prober.as_ref()
    }
}
