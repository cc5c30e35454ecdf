//! The window's one state and its messages: screens below, the helper beside.

mod chosen;
mod feeds;
mod hands;
mod manners;
mod measuring;
mod screen;
mod view;

use std::path::PathBuf;
use std::time::Instant;

use evenkeel_dbus::{Helper1Proxy, HelperError};
use iced::{Size, Subscription, Task, event, window};

use super::bus::{self, Call, FeedEvent};
use super::gamepad::{self, Pads};
use super::live::{self, Live};
use super::measure::save::Format;
use super::measure::{self, Measure};
use super::model::{Link, Model};
use super::settings::target::{self, Typing};
use super::spatial::{self, Direction};
use super::theme::Look;
use super::tune::{self, Tune};
use super::{alone, drafts, game, instance, portal, question, spikes, strip, told};
use crate::config::{Choice, Settings, Store, Trouble};
use crate::measure::history::History;
use crate::state::HelperState;
use crate::words::{Key, Language, Words};
use manners::{Lost, Manners};
pub use screen::Screen;

/// Whether anybody can see the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It has the focus.
    Focused,
    /// It is behind something, or beside a game.
    Unfocused,
    /// It is minimized.
    Hidden,
}

/// What was used last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Hand {
    /// Keys, the pointer or a finger.
    #[default]
    Other,
    /// A gamepad: what its buttons do is shown.
    Pad,
}

/// What it means when the helper is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Absence {
    /// It is lost, and what it held with it.
    #[default]
    Unexpected,
    /// It left by itself, for nothing was held and nobody asked; the next call brings it back.
    Asleep,
}

/// Everything that can happen.
#[derive(Debug, Clone)]
pub enum Message {
    /// From the bus.
    Bus(bus::Event),
    /// From the feed.
    Feed(FeedEvent),
    /// Measured by the window itself.
    Alone(alone::Event),
    /// The helper answered a call.
    Answered(Call, Result<(), HelperError>),
    /// On the Live screen.
    Live(live::Message),
    /// On the Tune screen.
    Tune(tune::Message),
    /// On the Measure screen, and from what is measured.
    Measure(measure::Message),
    /// On the Spikes screen.
    Spikes(spikes::Message),
    /// Found of the running game.
    Game(game::Told),
    /// On the strip.
    Strip(strip::Message),
    /// Go to a screen.
    Show(Screen),
    /// Press the switch.
    ToggleGameMode,
    /// Put the notice away.
    CloseNotice,
    /// Move the keyboard's focus forward (true) or back.
    MoveFocus(bool),
    /// Move the focus to what lies in a direction.
    Go(Direction),
    /// Scroll the page by so many steps.
    Scroll(i32),
    /// Leave what is open: the notice, or the place.
    Back,
    /// A gamepad was used.
    Pad(gamepad::Action),
    /// Keys, the pointer or a finger were used after a gamepad.
    PutPadAway,
    /// From another start.
    Instance(instance::Event),
    /// The window's close button was pressed.
    CloseAsked,
    /// The question about closing was answered.
    Close(question::Message),
    /// The helper was asked to keep what this window holds.
    Kept(Result<(), HelperError>),
    /// The window system tells something.
    Window(window::Event),
    /// Whether the window is minimized, where that can be known.
    Minimized(bool),
    /// The user chose something.
    Choose(Choice),
    /// Something was typed on the Settings screen.
    Typing(target::Message),
    /// What the desktop prefers.
    Desktop(Look),
    /// Become a strip (true) or a window again.
    Shrink(bool),
    /// The window's size rested since this change.
    Rested(u32),
    /// Keep this size of the window.
    Remember(Size),
}

/// The window's state.
#[derive(Debug)]
pub struct App {
    /// What is known.
    pub model: Model,
    /// What the user chose; changed by [`App::choose`] alone.
    pub settings: Settings,
    store: Option<Store>,
    trouble: Option<Trouble>,
    desktop: Look,
    system_language: Language,
    kernel: String,
    pub(super) words: Words,
    screen: Screen,
    pub(super) live: Live,
    tune: Tune,
    measure: Measure,
    /// Where measurements are kept, where there is a home folder.
    pub history: Option<History>,
    /// The folders for what is saved, the best one first.
    pub saves_to: fn(Format) -> Vec<PathBuf>,
    /// It was read.
    listed: bool,
    spikes: spikes::Screen,
    helper: Option<Helper1Proxy<'static>>,
    arrival: u64,
    /// True while this window holds game mode.
    ours: bool,
    /// True while this window may hold anything, game mode or a setting.
    holds: bool,
    /// Set from when the helper went with it until the next one's state says what became of it.
    lost: Option<Lost>,
    absence: Absence,
    busy: Option<Call>,
    notice: Option<(Key, String)>,
    seen: Seen,
    /// In our own pixels, which are `scale` of the desktop's.
    size: Size,
    scale: f32,
    resized: u32,
    /// In the field for what is asked without a helper.
    typing: Typing,
    started: Instant,
    pads: Pads,
    hand: Hand,
    manners: Manners,
}

impl App {
    /// Before anything is known, with the default settings and nowhere to keep others.
    pub fn new(words: Words, size: Size) -> Self {
        Self {
            model: Model::default(),
            settings: Settings {
                welcomed: true,
                ..Settings::default()
            },
            store: None,
            trouble: None,
            desktop: Look::default(),
            system_language: words.language(),
            kernel: String::new(),
            words,
            screen: Screen::default(),
            live: Live::default(),
            tune: Tune::default(),
            measure: Measure::new(nix::unistd::Uid::current().as_raw()),
            history: None,
            saves_to: |_| Vec::new(),
            listed: false,
            spikes: spikes::Screen::default(),
            helper: None,
            arrival: 0,
            ours: false,
            holds: false,
            lost: None,
            absence: Absence::Unexpected,
            busy: None,
            notice: None,
            seen: Seen::Focused,
            size,
            scale: 1.0,
            resized: 0,
            typing: Typing::default(),
            started: Instant::now(),
            pads: Pads::default(),
            hand: Hand::default(),
            manners: Manners::default(),
        }
    }

    /// Takes in a message.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        let heard = matches!(
            message,
            Message::Bus(_) | Message::Feed(_) | Message::Alone(_)
        );
        let task = Task::batch([self.react(message), self.fetch_found(), self.list_once()]);
        if heard {
            Task::batch([task, self.tell_desktop()])
        } else {
            task
        }
    }

    fn react(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Bus(event) => self.hear(event),
            Message::Feed(event) => {
                let task = self.take_feed(event);
                return Task::batch([task, self.foresee()]);
            }
            Message::Alone(event) => {
                let task = self.take_alone(event);
                return Task::batch([task, self.foresee()]);
            }
            Message::Answered(call, result) => self.take_answer(call, result),
            Message::Live(message) => {
                let call = self.live.update(message, &mut self.model);
                return call.map_or_else(Task::none, |call| self.call(call));
            }
            Message::Tune(message) => {
                let task = self.tune(message);
                return Task::batch([task, self.foresee()]);
            }
            Message::Measure(message) => return self.measure(message),
            Message::Spikes(message) => self.spikes.update(message),
            Message::Game(told) => self.model.take_game(told),
            Message::Show(screen) => self.screen = screen,
            Message::ToggleGameMode => return self.toggle_game_mode(),
            Message::CloseNotice => self.notice = None,
            Message::MoveFocus(forward) => return spatial::tab(forward),
            Message::Go(direction) => return spatial::go(direction),
            Message::Scroll(steps) => return hands::scroll(steps),
            Message::Back => return self.back(),
            Message::Pad(action) => return self.take_pad(action),
            Message::PutPadAway => self.hand = Hand::Other,
            Message::Instance(event) => return self.take_instance(event),
            Message::CloseAsked => return self.asked_to_close(),
            Message::Close(answer) => return self.answer(answer),
            Message::Kept(result) => return self.take_kept(result),
            Message::Window(event) => return self.take_window(&event),
            Message::Minimized(hidden) => {
                if hidden && self.seen == Seen::Unfocused {
                    self.seen = Seen::Hidden;
                }
            }
            Message::Strip(message) => return self.strip(message),
            Message::Choose(choice) => self.take_choice(choice),
            Message::Typing(message) => return self.take_typing(message),
            Message::Desktop(look) => self.desktop = look,
            Message::Shrink(strip) => return self.shrink(strip),
            Message::Rested(number) => return self.rested(number),
            Message::Remember(size) => self.remember(size),
        }
        self.foresee()
    }

    /// Keeps the preview up to date while it shows.
    fn foresee(&mut self) -> Task<Message> {
        let hidden = self.settings.strip || self.seen == Seen::Hidden;
        if self.screen != Screen::Tune || hidden {
            return Task::none();
        }
        let look = self.tune.look_at_kernel(&self.model, false);
        let foresee = self.tune.foresee(&self.model);
        Task::batch([look, foresee]).map(Message::Tune)
    }

    fn hear(&mut self, event: bus::Event) {
        match event {
            bus::Event::NoBus => self.lose_helper(Link::NoBus),
            bus::Event::NoHelper => self.lose_helper(Link::NoHelper),
            bus::Event::Remedy(remedy) => self.model.remedy = Some(remedy),
            bus::Event::Asleep => {
                // It only leaves by itself when nothing is held and nobody listens.
                if self.holds || self.wish().is_some() {
                    self.lose_helper(Link::NoHelper);
                } else {
                    self.absence = Absence::Asleep;
                }
            }
            bus::Event::Arrived(helper) => {
                let absence = std::mem::take(&mut self.absence);
                if absence == Absence::Unexpected && self.helper.is_some() {
                    self.lose_helper(Link::NoHelper);
                }
                self.measure.new_helper();
                self.helper = Some(helper);
                self.arrival += 1;
            }
            bus::Event::Clock(reading) => self.model.take_clock(reading),
            bus::Event::State(state) => self.take_state(*state),
        }
    }

    fn take_state(&mut self, state: HelperState) {
        // Only an end ends it: a state read before our own call went through may come after it.
        if self.model.game_mode() && !state.game_mode {
            self.ours = false;
        }
        if let Some(lost) = self.lost.take() {
            self.take_up(lost, &state);
        }
        self.tune.heard(&state);
        self.measure.heard(&state);
        let before = self
            .model
            .state
            .as_ref()
            .and_then(|old| old.last_error.as_ref());
        if let Some((name, sentence)) = &state.last_error
            && before != state.last_error.as_ref()
        {
            let problem = told::problem(name, sentence, &self.words);
            self.notice = Some((Key::NoticeOwn, problem));
        }
        self.model.take_state(state);
    }

    /// A new helper says what is held: what this window held, or no longer.
    fn take_up(&mut self, lost: Lost, state: &HelperState) {
        if lost.is_held_in(state, nix::unistd::Uid::current().as_raw()) {
            self.holds = true;
            self.ours = lost.game_mode;
            self.manners.settings = lost.settings;
        } else {
            self.notice = Some((Key::NoticeHelperBack, String::new()));
        }
    }

    fn lose_helper(&mut self, link: Link) {
        self.absence = Absence::Unexpected;
        let settings = std::mem::take(&mut self.manners.settings);
        let game_mode = std::mem::take(&mut self.ours);
        if std::mem::take(&mut self.holds) {
            self.lost = Some(Lost {
                game_mode,
                settings,
            });
        }
        self.busy = None;
        self.helper = None;
        self.tune.lose_helper();
        self.measure.lose_helper();
        self.model.lose_helper(link);
    }

    fn take_answer(&mut self, call: Call, result: Result<(), HelperError>) {
        if self.busy == Some(call) {
            self.busy = None;
        }
        self.tune.answered(call, result.as_ref().err());
        match result {
            Ok(()) => {
                self.notice = None;
                self.manners.accepted(call);
                match call {
                    Call::EnterGameMode => {
                        self.ours = true;
                        self.holds = true;
                    }
                    Call::LeaveGameMode => {
                        self.ours = false;
                        let others = self.model.state.as_ref().map_or(0, |s| s.holders.len());
                        if others > 1 {
                            self.notice = Some((Key::NoticeStillHeld, String::new()));
                        }
                    }
                    Call::SetEma(_) | Call::SetPower(_) | Call::SetCost(..) => self.holds = true,
                    Call::Forget(_) => {}
                    Call::Revert => {
                        self.ours = false;
                        self.holds = false;
                    }
                }
            }
            Err(error) => {
                let state = self.model.state.as_ref();
                self.notice = Some(told::refusal(call, &error, state, &self.words));
            }
        }
    }

    fn tune(&mut self, message: tune::Message) -> Task<Message> {
        match self.tune.update(message, &self.model) {
            tune::Action::None => Task::none(),
            tune::Action::Wait(ticket) => {
                let rest = async { tokio::time::sleep(drafts::REST).await };
                Task::perform(rest, move |()| Message::Tune(tune::Message::Rested(ticket)))
            }
            tune::Action::Call(call) => self.call(call),
            tune::Action::TryKernel => {
                let look = self.tune.look_at_kernel(&self.model, true);
                look.map(Message::Tune)
            }
        }
    }

    fn toggle_game_mode(&mut self) -> Task<Message> {
        let Some(call) = self.switch() else {
            return Task::none();
        };
        self.busy = Some(call);
        self.call(call)
    }

    /// What pressing the switch would do; `None` while it is disabled.
    pub fn switch(&self) -> Option<Call> {
        if self.busy.is_some() || self.model.link != Link::Present {
            None
        } else if self.model.game_mode() {
            Some(Call::LeaveGameMode)
        } else {
            self.model.can_steer().then_some(Call::EnterGameMode)
        }
    }

    fn call(&mut self, call: Call) -> Task<Message> {
        let Some(helper) = self.helper.clone() else {
            return Task::none();
        };
        self.manners.ends_here |= matches!(call, Call::LeaveGameMode | Call::Revert);
        Task::perform(bus::call(helper, call), move |result| {
            Message::Answered(call, result)
        })
    }

    fn take_window(&mut self, event: &window::Event) -> Task<Message> {
        match event {
            window::Event::Opened { size, .. } => {
                log::debug!("the window opened after {:?}", self.started.elapsed());
                self.take_size(*size);
            }
            window::Event::Resized(size) => return self.take_new_size(*size),
            window::Event::Focused => self.seen = Seen::Focused,
            window::Event::Unfocused => self.seen = Seen::Unfocused,
            _ => {}
        }
        Task::none()
    }

    /// What runs beside the window.
    pub fn subscription(&self) -> Subscription<Message> {
        Subscription::batch([
            Subscription::run(bus::follow).map(Message::Bus),
            Subscription::run(portal::follow).map(Message::Desktop),
            self.feeds(),
            self.measurements(),
            self.hands(),
            self.neighbours(),
            event::listen_with(|event, _status, _id| match event {
                iced::Event::Window(
                    event @ (window::Event::Opened { .. }
                    | window::Event::Resized(_)
                    | window::Event::Focused
                    | window::Event::Unfocused),
                ) => Some(Message::Window(event)),
                _ => None,
            }),
        ])
    }
}
