//! What a restart takes from one helper to the next: the holds, before the actor runs and after it has.

use super::Actor;
use crate::kernel::error::DoorError;
use crate::lease::Leases;

impl Actor {
    /// Takes up what was held when the helper was restarted; clients that left meanwhile hold nothing.
    /// It is in force once [`Actor::run`] runs.
    ///
    /// # Errors
    /// When the bus cannot be asked who is there.
    pub async fn take_over(&mut self, mut leases: Leases) -> zbus::Result<()> {
        for name in leases.client_names() {
            if !self.edges.clients.watch(&name).await? {
                self.edges.clients.forget(&name);
                leases.client_gone(&name);
            }
        }
        self.leases = leases;
        Ok(())
    }

    /// Who holds what.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// Leaves a word for the helper that is started next.
    ///
    /// # Errors
    /// When it cannot be kept where the journal is.
    pub fn leave_word(&mut self, word: &[u8]) -> Result<(), DoorError> {
        Ok(self.door.leave_word(word)?)
    }
}
