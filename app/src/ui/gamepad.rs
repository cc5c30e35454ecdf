//! Gamepads, read by a thread of their own while the window has the focus: what is pressed in a game
//! must not move anything here. What buttons mean stands in [`mapping`].
//!
//! The thread is started with the first focus and then kept, for the library behind it starts one
//! more that cannot be ended. Without a listener it sleeps and wakes up for nothing;
//! with one it wakes up for what the gamepad reports, and now and then to see whether the listener
//! is still there.

mod mapping;

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gilrs::{EventType, Gilrs, GilrsBuilder};
use iced::futures::Stream;
use iced::futures::channel::mpsc;

pub use mapping::{Action, Hand, Report};

/// How long the thread sleeps at most while somebody listens.
const NAP: Duration = Duration::from_secs(1);
/// Actions that may wait to be taken; what a hand does beyond is dropped.
const QUEUE: usize = 16;

type Listener = mpsc::Sender<Action>;

/// The gamepads of this machine. Nothing is opened before [`listen`].
#[derive(Debug, Clone, Default)]
pub struct Pads(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    /// The newest listener, until the thread has taken it.
    waiting: Option<Listener>,
    started: bool,
}

impl Hash for Pads {
    /// There is one for the window.
    fn hash<H: Hasher>(&self, state: &mut H) {
        "gamepads".hash(state);
    }
}

/// What is done on any gamepad from now on, until the stream is dropped.
pub fn listen(pads: &Pads) -> impl Stream<Item = Action> + use<> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let mut desk = pads.0.desk();
    desk.waiting = Some(sender);
    pads.0.changed.notify_one();
    if !std::mem::replace(&mut desk.started, true) {
        let shared = Arc::clone(&pads.0);
        let thread = std::thread::Builder::new().name("gamepads".to_owned());
        if let Err(error) = thread.spawn(move || serve(&shared)) {
            log::warn!("gamepads are not read: {error}");
        }
    }
    receiver
}

fn serve(shared: &Shared) {
    let mut gilrs = match GilrsBuilder::new().with_force_feedback(false).build() {
        Ok(gilrs) => gilrs,
        Err(error) => {
            log::warn!("gamepads are not read: {error}");
            return;
        }
    };
    loop {
        let listener = shared.next_listener();
        // What was pressed while nobody listened was meant for somebody else.
        while gilrs.next_event().is_some() {}
        read(&mut gilrs, listener, shared);
    }
}

/// Reads until nobody listens any more.
fn read(gilrs: &mut Gilrs, mut listener: Listener, shared: &Shared) {
    let (begun, mut hand) = (Instant::now(), Hand::default());
    loop {
        let now = begun.elapsed();
        let rest = hand.due().map_or(NAP, |due| due.saturating_sub(now));
        let report = gilrs
            .next_event_blocking(Some(rest.min(NAP)))
            .and_then(|event| report(event.event));
        if listener.is_closed() {
            // The focus came back while we slept.
            match shared.desk().waiting.take() {
                Some(next) => listener = next,
                None => return,
            }
        }
        let now = begun.elapsed();
        let done = report.and_then(|report| hand.take(report, now));
        if let Some(action) = done.or_else(|| hand.repeat(now))
            && listener.try_send(action).is_err()
        {
            log::debug!("a gamepad's {action:?} came too soon after others");
        }
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_listener(&self) -> Listener {
        let mut desk = self.desk();
        loop {
            if let Some(listener) = desk.waiting.take() {
                return listener;
            }
            let woken = self.changed.wait(desk);
            desk = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn report(event: EventType) -> Option<Report> {
    match event {
        EventType::ButtonPressed(button, _) => Some(Report::Down(button)),
        EventType::ButtonReleased(button, _) => Some(Report::Up(button)),
        EventType::AxisChanged(axis, value, _) => Some(Report::Stick(axis, value)),
        EventType::Disconnected => Some(Report::Gone),
        _ => None,
    }
}
