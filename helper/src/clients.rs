//! Notices when a client that holds something leaves the bus. One watch for each name, filtered by
//! the bus daemon itself, so that other people's comings and goings never wake the helper.

use std::collections::HashMap;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::UniqueName;

/// The bus names being watched. Bounded by the leases and feeds that need them.
#[derive(Debug)]
pub struct Clients {
    connection: Connection,
    gone: mpsc::UnboundedSender<String>,
    watches: HashMap<String, JoinHandle<()>>,
}

impl Clients {
    /// Watches over `connection`; a name that leaves is sent to the receiver once.
    pub fn new(connection: Connection) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (gone, receiver) = mpsc::unbounded_channel();
        (
            Self {
                connection,
                gone,
                watches: HashMap::new(),
            },
            receiver,
        )
    }

    /// Watches `name` from now on. Returns false when it has left already.
    ///
    /// # Errors
    /// When the bus cannot be asked.
    pub async fn watch(&mut self, name: &str) -> zbus::Result<bool> {
        if self.watches.contains_key(name) {
            return Ok(true);
        }
        let unique = UniqueName::try_from(name.to_owned())?;
        let bus = DBusProxy::new(&self.connection).await?;
        let mut changes = bus
            .receive_name_owner_changed_with_args(&[(0, name)])
            .await?;
        // Asked only after the match is in place, so that no departure falls in between.
        if !bus.name_has_owner(unique.into()).await? {
            return Ok(false);
        }
        let gone = self.gone.clone();
        let leaver = name.to_owned();
        let watch = tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                if change.args().is_ok_and(|args| args.new_owner().is_none()) {
                    let _ = gone.send(leaver);
                    break;
                }
            }
        });
        let _ = self.watches.insert(name.to_owned(), watch);
        Ok(true)
    }

    /// Watches `name` no longer.
    pub fn forget(&mut self, name: &str) {
        if let Some(watch) = self.watches.remove(name) {
            watch.abort();
        }
    }

    /// The watched names for which `is_needed` says no are watched no longer.
    pub fn keep(&mut self, is_needed: impl Fn(&str) -> bool) {
        self.watches.retain(|name, watch| {
            let needed = is_needed(name);
            if !needed {
                watch.abort();
            }
            needed
        });
    }
}
