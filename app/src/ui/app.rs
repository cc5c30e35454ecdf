//! The window's one state and its messages: screens below, the helper beside.

use evenkeel_dbus::{Helper1Proxy, HelperError};
use iced::keyboard::key::Named;
use iced::widget::{button, column, container, operation, row, space, text};
use iced::{
    Alignment, Element, Fill, Padding, Size, Subscription, Task, Theme, event, keyboard, window,
};

use super::bus::{self, Call, FeedEvent, Wish};
use super::focus::{self, Press, focus};
use super::icons::{Icon, icon};
use super::live::{self, Live};
use super::model::{Link, Model};
use super::parts::{self, Room, bold};
use super::tune::{self, Tune};
use super::{absent, drafts, reveal, speech, theme};
use crate::state::HelperState;
use crate::words::{Key, Words};

/// Frames a second while somebody looks.
const FOCUSED_HZ: u32 = 10;
/// Frames a second while the window is not in front.
const UNFOCUSED_HZ: u32 = 1;

/// The places on the rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// Cards and graph.
    #[default]
    Live,
    /// Settings.
    Tune,
}

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

/// Everything that can happen.
#[derive(Debug, Clone)]
pub enum Message {
    /// From the bus.
    Bus(bus::Event),
    /// From the feed.
    Feed(FeedEvent),
    /// The helper answered a call.
    Answered(Call, Result<(), HelperError>),
    /// On the Live screen.
    Live(live::Message),
    /// On the Tune screen.
    Tune(tune::Message),
    /// Go to a screen.
    Show(Screen),
    /// Press the switch.
    ToggleGameMode,
    /// Put the notice away.
    CloseNotice,
    /// Move the keyboard's focus forward (true) or back.
    MoveFocus(bool),
    /// The window system tells something.
    Window(window::Event),
    /// Whether the window is minimized, where that can be known.
    Minimized(bool),
}

/// The window's state.
#[derive(Debug)]
pub struct App {
    /// What is known.
    pub model: Model,
    words: Words,
    screen: Screen,
    live: Live,
    tune: Tune,
    helper: Option<Helper1Proxy<'static>>,
    arrival: u64,
    ours: bool,
    lost_ours: bool,
    busy: Option<Call>,
    notice: Option<(Key, String)>,
    seen: Seen,
    size: Size,
}

impl App {
    /// Before anything is known.
    pub fn new(words: Words, size: Size) -> Self {
        Self {
            model: Model::default(),
            words,
            screen: Screen::default(),
            live: Live::default(),
            tune: Tune::default(),
            helper: None,
            arrival: 0,
            ours: false,
            lost_ours: false,
            busy: None,
            notice: None,
            seen: Seen::Focused,
            size,
        }
    }

    /// Takes in a message.
    pub fn update(&mut self, message: Message) -> Task<Message> {
        match message {
            Message::Bus(event) => self.hear(event),
            Message::Feed(event) => return self.take_feed(event),
            Message::Answered(call, result) => self.take_answer(call, result),
            Message::Live(message) => self.live.update(message, &mut self.model),
            Message::Tune(message) => return self.tune(message),
            Message::Show(screen) => self.screen = screen,
            Message::ToggleGameMode => return self.toggle_game_mode(),
            Message::CloseNotice => self.notice = None,
            Message::MoveFocus(true) => return operation::focus_next().chain(reveal::focused()),
            Message::MoveFocus(false) => {
                return operation::focus_previous().chain(reveal::focused());
            }
            Message::Window(event) => self.take_window(&event),
            Message::Minimized(hidden) => {
                if hidden && self.seen == Seen::Unfocused {
                    self.seen = Seen::Hidden;
                }
            }
        }
        Task::none()
    }

    fn hear(&mut self, event: bus::Event) {
        match event {
            bus::Event::NoBus => self.lose_helper(Link::NoBus),
            bus::Event::NoHelper => self.lose_helper(Link::NoHelper),
            bus::Event::Arrived(helper) => {
                if self.helper.is_some() {
                    self.lose_helper(Link::NoHelper);
                }
                self.helper = Some(helper);
                self.arrival += 1;
                if std::mem::take(&mut self.lost_ours) {
                    self.notice = Some((Key::NoticeHelperBack, String::new()));
                }
            }
            bus::Event::State(state) => self.take_state(*state),
        }
    }

    fn take_state(&mut self, state: HelperState) {
        self.ours &= state.game_mode;
        self.tune.heard(&state);
        let told = self
            .model
            .state
            .as_ref()
            .and_then(|old| old.last_error.as_ref());
        if let Some((_, sentence)) = &state.last_error
            && told != state.last_error.as_ref()
        {
            self.notice = Some((Key::NoticeOwn, sentence.clone()));
        }
        self.model.take_state(state);
    }

    fn lose_helper(&mut self, link: Link) {
        self.lost_ours |= self.ours;
        self.ours = false;
        self.busy = None;
        self.helper = None;
        self.tune.lose_helper();
        self.model.lose_helper(link);
    }

    fn take_feed(&mut self, event: FeedEvent) -> Task<Message> {
        match event {
            FeedEvent::Opened => {
                self.model.begin_feed();
                if matches!(self.notice, Some((Key::NoticeFeed, _))) {
                    self.notice = None;
                }
            }
            FeedEvent::Frame(frame) => {
                if self.model.take_frame(&frame) {
                    self.live.refresh(&mut self.model);
                }
            }
            FeedEvent::Broken if self.model.link == Link::Present => {
                self.notice = Some((Key::NoticeFeed, String::new()));
            }
            FeedEvent::Broken => {}
        }
        if self.seen == Seen::Unfocused {
            return window::oldest()
                .and_then(window::is_minimized)
                .map(|minimized| Message::Minimized(minimized == Some(true)));
        }
        Task::none()
    }

    fn take_answer(&mut self, call: Call, result: Result<(), HelperError>) {
        if self.busy == Some(call) {
            self.busy = None;
        }
        self.tune.answered(call, result.is_ok());
        match result {
            Ok(()) => {
                self.notice = None;
                match call {
                    Call::EnterGameMode => self.ours = true,
                    Call::LeaveGameMode => {
                        self.ours = false;
                        let others = self.model.state.as_ref().map_or(0, |s| s.holders.len());
                        if others > 1 {
                            self.notice = Some((Key::NoticeStillHeld, String::new()));
                        }
                    }
                    Call::SetEma(_) | Call::SetPower(_) | Call::SetCost(..) => {}
                }
            }
            Err(error) => {
                let key = speech::error_key(&error);
                self.notice = Some((key, error.message()));
            }
        }
    }

    fn tune(&mut self, message: tune::Message) -> Task<Message> {
        match self.tune.update(message) {
            tune::Action::None => Task::none(),
            tune::Action::Wait(ticket) => {
                let rest = tokio::time::sleep(drafts::REST);
                Task::perform(rest, move |()| Message::Tune(tune::Message::Rested(ticket)))
            }
            tune::Action::Call(call) => self.call(call),
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
    fn switch(&self) -> Option<Call> {
        if self.busy.is_some() || self.model.link != Link::Present {
            None
        } else if self.model.game_mode() {
            Some(Call::LeaveGameMode)
        } else {
            self.model.can_steer().then_some(Call::EnterGameMode)
        }
    }

    fn call(&self, call: Call) -> Task<Message> {
        let Some(helper) = self.helper.clone() else {
            return Task::none();
        };
        Task::perform(bus::call(helper, call), move |result| {
            Message::Answered(call, result)
        })
    }

    fn take_window(&mut self, event: &window::Event) {
        match event {
            window::Event::Opened { size, .. } | window::Event::Resized(size) => self.size = *size,
            window::Event::Focused => self.seen = Seen::Focused,
            window::Event::Unfocused => self.seen = Seen::Unfocused,
            _ => {}
        }
    }

    /// The feed that is wanted now: none while no graph shows.
    fn wish(&self) -> Option<Wish> {
        let max_hz = match self.seen {
            Seen::Focused => FOCUSED_HZ,
            Seen::Unfocused => UNFOCUSED_HZ,
            Seen::Hidden => return None,
        };
        let helper = self.helper.clone()?;
        let arrival = self.arrival;
        (self.screen == Screen::Live).then_some(Wish {
            helper,
            arrival,
            max_hz,
        })
    }

    /// What runs beside the window.
    pub fn subscription(&self) -> Subscription<Message> {
        let feed = self.wish().map_or_else(Subscription::none, |wish| {
            Subscription::run_with(wish, bus::feed).map(Message::Feed)
        });
        Subscription::batch([
            Subscription::run(bus::follow).map(Message::Bus),
            feed,
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

    /// The theme of the window.
    pub fn theme(&self) -> Theme {
        theme::theme()
    }

    /// The whole window.
    pub fn view(&self) -> Element<'_, Message> {
        let room = Room { size: self.size };
        let words = &self.words;
        let page = if self.model.state.is_none() {
            absent::view(self.model.link, words, room)
        } else {
            match self.screen {
                Screen::Live => self.live.view(&self.model, words, room).map(Message::Live),
                Screen::Tune => self.tune.view(&self.model, words, room).map(Message::Tune),
            }
        };
        let main = column![self.header(room)]
            .push(self.notice(room))
            .push(page)
            .spacing(room.gap())
            .padding(room.gap());
        let whole = row![self.rail(room), main.width(Fill).height(Fill)];
        focus::keys(whole, |press, modifiers| self.heard(press, modifiers))
    }

    /// What a key means that no widget took.
    fn heard(&self, press: Press, modifiers: keyboard::Modifiers) -> Option<Message> {
        if modifiers.control() || modifiers.alt() || modifiers.logo() {
            return None;
        }
        match press {
            Press::Named(Named::Tab) => Some(Message::MoveFocus(!modifiers.shift())),
            Press::Named(Named::ArrowDown | Named::ArrowRight) => Some(Message::MoveFocus(true)),
            Press::Named(Named::ArrowUp | Named::ArrowLeft) => Some(Message::MoveFocus(false)),
            Press::Named(Named::Escape) if self.notice.is_some() => Some(Message::CloseNotice),
            Press::Latin('g') => self.switch().map(|_| Message::ToggleGameMode),
            Press::Latin('p') if self.screen == Screen::Live => {
                Some(Message::Live(live::Message::TogglePause))
            }
            Press::Latin('1') => Some(Message::Show(Screen::Live)),
            Press::Latin('2') => Some(Message::Show(Screen::Tune)),
            _ => None,
        }
    }

    fn rail(&self, room: Room) -> Element<'_, Message> {
        let place = |id, mark, key, screen| {
            let chosen = self.screen == screen;
            let color = if chosen { theme::TEAL } else { theme::QUIET };
            let inside = column![
                icon(mark, color),
                text(self.words.say(key)).size(theme::SMALL)
            ]
            .spacing(6)
            .align_x(Alignment::Center);
            let width = room.rail() - 16.0;
            let button = button(container(inside).center(Fill))
                .width(width)
                .height(72)
                .padding(0)
                .style(theme::place(chosen))
                .on_press(Message::Show(screen));
            focus(id, button).on_press(Some(Message::Show(screen)))
        };
        let places = column![
            place("place-live", Icon::Live, Key::NavLive, Screen::Live),
            place("place-tune", Icon::Tune, Key::NavTune, Screen::Tune),
        ]
        .spacing(12);
        container(places)
            .width(room.rail())
            .height(Fill)
            .padding(Padding::from([room.gap(), 8.0]))
            .style(theme::rail)
            .into()
    }

    fn header(&self, room: Room) -> Element<'_, Message> {
        let sentence = text(self.model.in_force(&self.words)).color(theme::QUIET);
        let words: Element<'_, Message> = if room.is_compact() {
            sentence.size(theme::SMALL).into()
        } else {
            column![bold("Evenkeel", theme::TITLE), sentence.size(theme::BODY)]
                .spacing(6)
                .into()
        };
        let line = self
            .model
            .game_mode_line(self.ours, self.busy.is_some(), &self.words);
        let switch = parts::game_mode(
            self.words.say(Key::GameMode),
            line,
            self.model.game_mode(),
            self.switch().map(|_| Message::ToggleGameMode),
            room,
        );
        row![container(words).width(Fill), switch]
            .spacing(room.gap())
            .align_y(Alignment::Center)
            .into()
    }

    fn notice(&self, room: Room) -> Option<Element<'_, Message>> {
        let lost = self.model.state.is_some() && self.model.link != Link::Present;
        let (key, detail) = match &self.notice {
            _ if lost => (Key::NoticeUnreachable, ""),
            Some((key, detail)) => (*key, detail.as_str()),
            None => return None,
        };
        let mut lines = column![text(self.words.say(key))].width(Fill).spacing(2);
        if !detail.is_empty() {
            lines = lines.push(parts::quiet(detail));
        }
        let close = (!lost).then(|| {
            let label = self.words.say(Key::NoticeClose);
            parts::press("notice-close", label, false, Some(Message::CloseNotice))
        });
        let close = close.map_or_else(|| space().into(), Element::from);
        let inside = row![lines, close]
            .spacing(room.gap())
            .align_y(Alignment::Center);
        Some(
            container(inside)
                .width(Fill)
                .padding([10, 16])
                .style(theme::notice)
                .into(),
        )
    }
}
