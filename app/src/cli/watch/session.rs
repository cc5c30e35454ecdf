//! The side of `watch` that faces the helper: connects, subscribes, passes on what comes, asks for
//! what the user wishes, and tries again when the helper is gone. It shows nothing.

use std::future::pending;
use std::time::Duration;

use evenkeel_dbus::feed::Frame;
use evenkeel_dbus::{Helper1Proxy, HelperError, Hold};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::super::exit::{Exit, Failure};
use super::super::helper;
use crate::feed::FeedReader;
use crate::state::{self, HelperState};

/// Waits between two attempts to find the helper again.
const RETRY: Duration = Duration::from_secs(2);

/// What the helper did or said.
#[derive(Debug)]
pub enum Event {
    /// Its properties: at the beginning, after every change, after it came back.
    State(Box<HelperState>),
    /// What the feed carried.
    Frame(Frame),
    /// It did not do what was wished, in its own words.
    Refused(String),
    /// It is gone, or was not there in the first place.
    Gone(Failure),
}

/// What the user wishes for as long as `watch` runs. `None` leaves it as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Game mode on or off, and how often that was wished: the same wish again is asked again,
    /// because somebody else may have changed it meanwhile.
    pub game_mode: Option<(bool, u32)>,
    /// The EMA factor.
    pub ema_factor: Option<u32>,
}

/// Runs until nobody listens any more.
pub async fn run(events: mpsc::Sender<Event>, mut wishes: watch::Receiver<Wishes>, max_hz: u32) {
    loop {
        let Err(failure) = visit(&events, &mut wishes, max_hz).await else {
            return;
        };
        if events.send(Event::Gone(failure)).await.is_err() {
            return;
        }
        sleep(RETRY).await;
    }
}

/// One visit, from connecting to the helper's end (an error) or the listener's.
async fn visit(
    events: &mpsc::Sender<Event>,
    wishes: &mut watch::Receiver<Wishes>,
    max_hz: u32,
) -> Result<(), Failure> {
    let helper = helper::connect().await?;
    let socket = helper.subscribe(max_hz).await?;
    let mut feed = FeedReader::new(socket.into())?;
    let mut changes = state::changes(&helper).await;
    let mut event = Event::State(Box::new(HelperState::read(&helper).await?));
    // A new connection holds nothing yet, whatever was granted before.
    let mut granted = Wishes::default();
    let mut call: Option<BoxFuture<'static, Asked>> = None;
    wishes.mark_changed();
    loop {
        if events.send(event).await.is_err() {
            return Ok(());
        }
        event = loop {
            tokio::select! {
                frame = feed.next() => match frame {
                    Ok(Some(frame)) => break Event::Frame(frame),
                    Ok(None) => return Err(gone("it closed the live feed")),
                    Err(error) => return Err(gone(&error.to_string())),
                },
                Some(()) = changes.next() => {
                    while changes.next().now_or_never().flatten().is_some() {}
                    break Event::State(Box::new(HelperState::read(&helper).await?));
                }
                asked = wait_for(&mut call) => {
                    granted = asked.granted;
                    call = next_call(&helper, granted, *wishes.borrow());
                    if let Err(error) = asked.result {
                        break Event::Refused(error.message());
                    }
                }
                changed = wishes.changed(), if call.is_none() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    call = next_call(&helper, granted, *wishes.borrow_and_update());
                }
            }
        };
    }
}

/// A question that was answered.
struct Asked {
    /// What the helper has been asked for by then.
    granted: Wishes,
    result: Result<(), HelperError>,
}

async fn wait_for(call: &mut Option<BoxFuture<'static, Asked>>) -> Asked {
    match call {
        Some(call) => call.await,
        None => pending().await,
    }
}

/// The next question, if something is wished that was not asked for yet. One at a time: while an
/// arrow key repeats, only the newest position is sent.
fn next_call(
    helper: &Helper1Proxy<'static>,
    granted: Wishes,
    wished: Wishes,
) -> Option<BoxFuture<'static, Asked>> {
    let helper = helper.clone();
    let hold = Hold::Client.to_wire();
    match (wished.game_mode, wished.ema_factor) {
        (Some((on, _)), _) if wished.game_mode != granted.game_mode => {
            let granted = Wishes {
                game_mode: wished.game_mode,
                ..granted
            };
            let ask = async move {
                let result = if on {
                    helper.enter_game_mode(hold).await
                } else {
                    helper.leave_game_mode().await
                };
                Asked { granted, result }
            };
            Some(ask.boxed())
        }
        (_, Some(factor)) if wished.ema_factor != granted.ema_factor => {
            let granted = Wishes {
                ema_factor: wished.ema_factor,
                ..granted
            };
            let ask = async move {
                Asked {
                    granted,
                    result: helper.set_ema_factor(factor, hold).await,
                }
            };
            Some(ask.boxed())
        }
        _ => None,
    }
}

fn gone(why: &str) -> Failure {
    Failure::new(Exit::Unreachable, why)
}
