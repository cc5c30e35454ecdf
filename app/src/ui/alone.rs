//! Measuring without a helper: the window finds the uplinks and probes them itself, with no
//! privilege, at the helper's pace, and only while a graph shows. Nothing is changed. When a helper
//! appears the subscription ends, and with it every socket.

mod found;
mod netlink;
mod pulse;

use std::hash::{Hash, Hasher};
use std::time::Duration;

use evenkeel_dbus::UplinkInfo;
use evenkeel_dbus::feed::{Frame, MAX_RECORDS};
use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt as _, Stream};

use super::bus::FeedEvent;
use super::clock::Glance;
use crate::config::Target;
use netlink::{Changes, Dump};
use pulse::Pulse;

/// Between two attempts to ask a kernel that refused.
const RETRY: Duration = Duration::from_secs(5);

/// What was found or measured.
#[derive(Debug, Clone)]
pub enum Event {
    /// The uplinks there are.
    Uplinks(Vec<UplinkInfo>),
    /// As from the helper's feed.
    Feed(FeedEvent),
}

/// That it is wanted. Two wishes are the same when both want probes of one target, or neither does.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How long a helper that just left is given to come back.
    pub grace: Duration,
    /// False to find the uplinks only and send nothing.
    pub probes: bool,
    /// What is asked.
    pub target: Target,
}

impl Hash for Wish {
    fn hash<H: Hasher>(&self, state: &mut H) {
        ("alone", self.probes, self.target).hash(state);
    }
}

/// Finds and probes until it is dropped.
pub fn measure(wish: &Wish) -> impl Stream<Item = Event> + use<> {
    let wish = *wish;
    iced::stream::channel(1, async move |mut events: Sender<Event>| {
        tokio::time::sleep(wish.grace).await;
        loop {
            if let Err(error) = measure_on(&mut events, wish).await {
                log::warn!("uplinks cannot be found: {error}");
            }
            tokio::time::sleep(RETRY).await;
        }
    })
}

async fn measure_on(events: &mut Sender<Event>, wish: Wish) -> std::io::Result<()> {
    let Wish { probes, target, .. } = wish;
    let mut changes = Changes::listen()?;
    let mut pulse = Pulse::default();
    if probes {
        let _ = events.send(Event::Feed(FeedEvent::Opened)).await;
    }
    let mut number = 0;
    let mut clocks = Glance::default();
    loop {
        let mut uplinks = found::uplinks(&Dump::take().await?, found::kind);
        if probes {
            pulse.follow(&uplinks, target);
        }
        pulse.describe(&mut uplinks);
        let _ = events.send(Event::Uplinks(uplinks.clone())).await;
        loop {
            let changed = tokio::select! {
                () = changes.next() => break,
                changed = pulse.beat() => changed,
            };
            if changed {
                pulse.describe(&mut uplinks);
                let _ = events.send(Event::Uplinks(uplinks.clone())).await;
            }
            for records in pulse.take_records().chunks(MAX_RECORDS) {
                if let Some(reading) = clocks.due() {
                    let _ = events.send(Event::Feed(FeedEvent::Clock(reading))).await;
                }
                let frame = Frame {
                    number,
                    dropped: 0,
                    records: records.to_vec(),
                };
                number += 1;
                let _ = events.send(Event::Feed(FeedEvent::Frame(frame))).await;
            }
        }
    }
}
