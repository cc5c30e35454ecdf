//! The bus side of the screen: follows measurements, begins them, pauses and ends them, and fetches
//! what they found. It shows and decides nothing.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use evenkeel_dbus::measurement::{Measurement1Proxy, MeasurementPlan};
use evenkeel_dbus::{Helper1Proxy, HelperError};
use futures_util::stream::{StreamExt, select_all};
use iced::futures::channel::mpsc::Sender;
use iced::futures::{SinkExt, Stream};
use zbus::OwnedObjectPath;

use crate::measure::{self, Found, Snapshot};
use crate::ui::clock::Reading;

/// Between two looks at the clock while a time that is left shows.
const TICK: Duration = Duration::from_secs(1);

/// What is told of a measurement.
#[derive(Debug, Clone)]
pub enum Event {
    /// Where it is, and `CLOCK_MONOTONIC` in nanoseconds.
    Seen(OwnedObjectPath, Box<Snapshot>, u64),
    /// What time it is.
    Tick(u64),
}

/// What can be asked of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// To put everything back for a while.
    Pause,
    /// To go on.
    Resume,
    /// To put everything back and end.
    Cancel,
}

/// A measurement to follow. Two are the same when the helper's arrival and the path are.
#[derive(Debug, Clone)]
pub struct Watch {
    /// The helper.
    pub helper: Helper1Proxy<'static>,
    /// Counts the helper's arrivals.
    pub arrival: u64,
    /// Which one.
    pub path: OwnedObjectPath,
}

impl Hash for Watch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.arrival, self.path.as_str()).hash(state);
    }
}

/// Tells where a measurement is until it has ended or is gone.
pub fn follow(watch: &Watch) -> impl Stream<Item = Event> + use<> {
    let watch = watch.clone();
    iced::stream::channel(1, async move |mut events: Sender<Event>| {
        if let Err(error) = tell(&watch, &mut events).await {
            log::info!("{}: {}", watch.path.as_str(), error.message());
        }
    })
}

async fn tell(watch: &Watch, events: &mut Sender<Event>) -> Result<(), HelperError> {
    let measurement = measure::at(&watch.helper, watch.path.clone()).await?;
    let mut changes = select_all([
        measurement.receive_state_changed().await.map(drop).boxed(),
        measurement.receive_reason_changed().await.map(drop).boxed(),
        measurement
            .receive_progress_changed()
            .await
            .map(drop)
            .boxed(),
    ]);
    loop {
        let snapshot = Snapshot::read(&measurement).await?;
        let ended = snapshot.has_ended();
        let seen = Event::Seen(watch.path.clone(), Box::new(snapshot), now_ns());
        let _ = events.send(seen).await;
        if ended || changes.next().await.is_none() {
            return Ok(());
        }
    }
}

/// The time, once a second.
pub fn seconds() -> impl Stream<Item = Event> {
    iced::stream::channel(1, async |mut events: Sender<Event>| {
        loop {
            let _ = events.send(Event::Tick(now_ns())).await;
            tokio::time::sleep(TICK).await;
        }
    })
}

fn now_ns() -> u64 {
    Reading::now().map_or(0, |reading| reading.monotonic_ns)
}

/// Begins one.
///
/// # Errors
/// As `StartMeasurement` in the interface XML says.
pub async fn begin(
    helper: Helper1Proxy<'static>,
    plan: MeasurementPlan,
) -> Result<OwnedObjectPath, HelperError> {
    let measurement = measure::start(&helper, plan).await?;
    Ok(measurement.inner().path().to_owned().into())
}

/// Asks something of one.
///
/// # Errors
/// As the method in the interface XML says.
pub async fn touch(
    helper: Helper1Proxy<'static>,
    path: OwnedObjectPath,
    touch: Touch,
) -> Result<(), HelperError> {
    let measurement = measure::at(&helper, path).await?;
    match touch {
        Touch::Pause => measurement.pause().await,
        Touch::Resume => measurement.resume().await,
        Touch::Cancel => measurement.cancel().await,
    }
}

/// Fetches what one found that has ended.
///
/// # Errors
/// `NotSupported` when the helper does not have it any more.
pub async fn fetch(
    helper: Helper1Proxy<'static>,
    path: OwnedObjectPath,
) -> Result<Arc<Found>, HelperError> {
    let measurement: Measurement1Proxy<'_> = measure::at(&helper, path).await?;
    Ok(Arc::new(Found::fetch(&measurement).await?))
}
