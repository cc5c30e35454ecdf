//! `evenkeel watch`: every uplink live, full screen on a terminal and as lines elsewhere. This file
//! joins the parts: the session with the helper, the model, and one of the two ways to show it.

mod draw;
mod graph;
mod model;
mod plain;
mod session;
mod terminal;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crossterm::event::{
    Event as Input, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers,
};
use evenkeel_dbus::limits::EMA_FACTOR;
use futures_util::StreamExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use self::draw::screen;
use self::graph::Charset;
use self::model::Model;
use self::plain::Lines;
use self::session::{Event, Wishes};
use self::terminal::Screen;
use super::args::WatchArgs;
use super::exit::{Exit, Failure};

/// Frames a second on a terminal: as many as there are probe rounds.
const SCREEN_HZ: u32 = 5;
/// Frames a second for lines.
const LINES_HZ: u32 = 1;
/// How far an arrow key moves the EMA slider.
const EMA_STEP: u32 = 16;
/// Longer than anybody watches.
const FOREVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Watches until told to stop. Returns the exit code.
///
/// # Errors
/// When the helper cannot be reached at the start or refuses, or the output cannot be written.
pub async fn run(args: &WatchArgs, out: &mut dyn Write) -> Result<u8, Failure> {
    let full = !args.plain && args.count.is_none() && io::stdout().is_terminal();
    let hz = if full { SCREEN_HZ } else { LINES_HZ };
    let (sender, mut events) = mpsc::channel(16);
    let (wishes, wished) = watch::channel(Wishes::default());
    let session = tokio::spawn(session::run(sender, wished, hz));
    let end = args
        .seconds
        .map_or(FOREVER, |seconds| Duration::from_secs(u64::from(seconds)));
    let result = async {
        // Before the screen is taken: a helper that is not there is told in a plain sentence.
        let mut model = Model::default();
        match events.recv().await {
            Some(Event::Gone(failure)) => return Err(failure),
            Some(event) => take(&mut model, event),
            None => return Ok(Exit::Ok.code()),
        }
        if full {
            full_screen(model, &mut events, &wishes, end).await
        } else {
            lines(model, &mut events, args.count, end, out).await
        }
    }
    .await;
    session.abort();
    result
}

fn take(model: &mut Model, event: Event) {
    match event {
        Event::State(state) => model.take_state(*state),
        Event::Frame(frame) => model.take_frame(&frame),
        Event::Refused(why) => model.note = Some(why),
        Event::Gone(Failure::Said(_, why)) => model.gone = Some(why),
        Event::Gone(Failure::ReaderLeft) => model.gone = Some("it hung up".to_owned()),
    }
}

async fn lines(
    mut model: Model,
    events: &mut mpsc::Receiver<Event>,
    count: Option<u32>,
    end: Duration,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut ticks = interval_at(start + second, second);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut lines = Lines::default();
    let mut rounds = 0;
    out.write_all(lines.news(&model, 0).as_bytes())?;
    out.flush()?;
    let stop = sleep(end);
    tokio::pin!(stop);
    loop {
        let text = tokio::select! {
            // In this order, so that the last second's line is printed before the end.
            biased;
            _ = ticks.tick() => {
                rounds += 1;
                Lines::round(&model, start.elapsed().as_secs())
            }
            () = &mut stop => return Ok(Exit::Ok.code()),
            event = events.recv() => {
                let Some(event) = event else { return Ok(Exit::Ok.code()) };
                take(&mut model, event);
                lines.news(&model, start.elapsed().as_secs())
            }
        };
        if !text.is_empty() {
            out.write_all(text.as_bytes())?;
            out.flush()?;
        }
        if count == Some(rounds) {
            return Ok(Exit::Ok.code());
        }
    }
}

async fn full_screen(
    mut model: Model,
    events: &mut mpsc::Receiver<Event>,
    wishes: &watch::Sender<Wishes>,
    end: Duration,
) -> Result<u8, Failure> {
    let mut endings = Endings::new()?;
    let charset = Charset::of_locale(&locale());
    let mut terminal = Screen::take()?;
    let mut input = EventStream::new();
    let stop = sleep(end);
    tokio::pin!(stop);
    loop {
        // Copied, because a borrow held while a wish is sent would wait for itself.
        let wished = *wishes.borrow();
        let (columns, rows) = Screen::size()?;
        terminal.show(screen(&model, columns, rows, charset))?;
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => take(&mut model, event),
                None => return Ok(Exit::Ok.code()),
            },
            input = input.next() => match input {
                Some(Ok(Input::Key(key))) => match act(key, &model, wished) {
                    Some(Act::Quit) => return Ok(Exit::Ok.code()),
                    Some(Act::Wish(wish)) => {
                        model.note = None;
                        wishes.send_replace(wish);
                    }
                    None => {}
                },
                Some(Ok(Input::Resize(..))) => terminal.forget(),
                Some(Ok(_)) => {}
                // The terminal is gone.
                Some(Err(_)) | None => return Ok(Exit::Ok.code()),
            },
            code = endings.next() => return Ok(code),
            () = &mut stop => return Ok(Exit::Ok.code()),
        }
    }
}

/// What a key means.
#[derive(Debug, PartialEq, Eq)]
enum Act {
    Quit,
    Wish(Wishes),
}

fn act(key: KeyEvent, model: &Model, wishes: Wishes) -> Option<Act> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let state = model.state();
    let ema = |step: i64| {
        let now = wishes.ema_factor.or(state.map(|state| state.ema_factor))?;
        let (low, high) = (i64::from(*EMA_FACTOR.start()), i64::from(*EMA_FACTOR.end()));
        let factor = (i64::from(now) + step).clamp(low, high) as u32;
        Some(Act::Wish(Wishes {
            ema_factor: Some(factor),
            ..wishes
        }))
    };
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Act::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Act::Quit),
        KeyCode::Char('g') => {
            let times = wishes.game_mode.map_or(0, |(_, times)| times);
            let wish = (!state?.game_mode, times.wrapping_add(1));
            Some(Act::Wish(Wishes {
                game_mode: Some(wish),
                ..wishes
            }))
        }
        KeyCode::Left => ema(-i64::from(EMA_STEP)),
        KeyCode::Right => ema(i64::from(EMA_STEP)),
        _ => None,
    }
}

/// The signals that end `watch`, so that the terminal is given back first.
struct Endings {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Endings {
    fn new() -> Result<Self, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Failed, format!("signals cannot be watched: {error}"))
            })
        };
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            hang_up: catch(SignalKind::hangup())?,
            interrupt: catch(SignalKind::interrupt())?,
        })
    }

    /// The exit code of whichever came, as a shell reports it.
    async fn next(&mut self) -> u8 {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.hang_up.recv() => SignalKind::hangup(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        };
        128_u8.saturating_add(kind.as_raw_value() as u8)
    }
}

/// The locale of the terminal's characters.
fn locale() -> String {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(set)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn pressed(code: KeyCode, wishes: Wishes) -> Option<Act> {
        let mut model = Model::default();
        model.take_state(sample::steering());
        act(KeyEvent::new(code, KeyModifiers::NONE), &model, wishes)
    }

    fn ema(factor: u32) -> Wishes {
        Wishes {
            ema_factor: Some(factor),
            ..Wishes::default()
        }
    }

    #[test]
    fn arrows_move_the_slider_from_where_it_is_and_stay_in_range() {
        let none = Wishes::default();
        assert_eq!(pressed(KeyCode::Right, none), Some(Act::Wish(ema(528))));
        assert_eq!(pressed(KeyCode::Left, none), Some(Act::Wish(ema(496))));
        assert_eq!(pressed(KeyCode::Right, ema(528)), Some(Act::Wish(ema(544))));
        assert_eq!(pressed(KeyCode::Left, ema(5)), Some(Act::Wish(ema(0))));
        assert_eq!(
            pressed(KeyCode::Right, ema(1020)),
            Some(Act::Wish(ema(1024)))
        );
    }

    #[test]
    fn g_wishes_the_opposite_of_what_is() {
        let off = |times| Wishes {
            game_mode: Some((false, times)),
            ..Wishes::default()
        };
        assert_eq!(
            pressed(KeyCode::Char('g'), Wishes::default()),
            Some(Act::Wish(off(1)))
        );
        assert_eq!(pressed(KeyCode::Char('g'), off(1)), Some(Act::Wish(off(2))));
    }

    #[test]
    fn q_and_ctrl_c_quit_and_other_keys_do_nothing() {
        assert_eq!(
            pressed(KeyCode::Char('q'), Wishes::default()),
            Some(Act::Quit)
        );
        assert_eq!(pressed(KeyCode::Char('c'), Wishes::default()), None);
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(
            act(ctrl_c, &Model::default(), Wishes::default()),
            Some(Act::Quit)
        );
    }
}
