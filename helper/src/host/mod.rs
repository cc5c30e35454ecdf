//! What other programs of this machine say on the system bus: that it woke up ([`sleep`]), what an
//! uplink costs ([`metered`]), and which network manager a process is ([`managers`]).
//!
//! Nobody is started by asking, nothing is polled, and nobody's absence is an error.

pub mod managers;
pub mod metered;
pub mod sleep;

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// `NetworkManager`'s name on the bus.
pub const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";
/// systemd-networkd's name on the bus.
pub const NETWORKD: &str = "org.freedesktop.network1";
/// logind's name on the bus.
pub const LOGIND: &str = "org.freedesktop.login1";

/// That something happened, as a stream. What happens while nobody looks is one item, however often
/// it happens. Ends with the bus.
#[derive(Debug)]
pub struct News {
    receiver: mpsc::Receiver<()>,
    drain: JoinHandle<()>,
}

impl News {
    /// Takes every event at once, in a task of its own: the connection stops reading for everybody,
    /// replies included, when one stream's queue is full.
    fn of(events: impl Stream<Item = ()> + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let drain = tokio::spawn(async move {
            let mut events = pin!(events);
            while events.next().await.is_some() {
                // Full: the note that is there says it already.
                let _ = sender.try_send(());
            }
        });
        Self { receiver, drain }
    }
}

impl Stream for News {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.receiver.poll_recv(context)
    }
}

impl Drop for News {
    fn drop(&mut self) {
        self.drain.abort();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    #[tokio::test]
    async fn what_happens_while_nobody_looks_is_one_item() {
        let mut news = News::of(stream::iter([(); 100]));
        tokio::task::yield_now().await;
        assert_eq!(news.next().await, Some(()));
        assert_eq!(news.next().await, None, "the events have ended");
    }

    #[tokio::test]
    async fn dropping_the_news_drops_the_events() {
        let (sender, receiver) = mpsc::channel::<()>(1);
        let events = stream::unfold(receiver, async |mut receiver| {
            receiver.recv().await.map(|()| ((), receiver))
        });
        drop(News::of(events));
        sender.closed().await;
    }
}
