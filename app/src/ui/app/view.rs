//! What is around every screen: the rail, the header with the switch, the notice, the keys.

use iced::keyboard::key::Named;
use iced::widget::{button, column, container, row, space, text};
use iced::{Alignment, Element, Fill, Padding, keyboard};

use super::{App, Hand, Message, Screen};
use crate::config::{Choice, Store};
use crate::ui::focus::{self, Press, focus};
use crate::ui::icons::{Icon, icon};
use crate::ui::parts::{self, Room, bold};
use crate::ui::settings::{self, Facts};
use crate::ui::spatial::Direction;
use crate::ui::strip::Strip;
use crate::ui::theme::{self, Ink};
use crate::ui::welcome::Found;
use crate::ui::{absent, hints, live, measure, question, strip, tune, welcome};
use crate::words::Key;

/// A place on the rail.
struct Place {
    id: &'static str,
    mark: Icon,
    name: Key,
    screen: Screen,
}

const fn place(id: &'static str, mark: Icon, name: Key, screen: Screen) -> Place {
    Place {
        id,
        mark,
        name,
        screen,
    }
}

const PLACES: [Place; 5] = [
    place("place-live", Icon::Live, Key::NavLive, Screen::Live),
    place("place-tune", Icon::Tune, Key::NavTune, Screen::Tune),
    place(
        "place-measure",
        Icon::Measure,
        Key::NavMeasure,
        Screen::Measure,
    ),
    place("place-spikes", Icon::Spikes, Key::NavSpikes, Screen::Spikes),
    place(
        "place-settings",
        Icon::Settings,
        Key::NavSettings,
        Screen::Settings,
    ),
];

/// Page up and down scroll by so many steps of a gamepad's stick.
const PAGE_STEPS: i32 = 4;

impl App {
    /// The whole window.
    pub fn view(&self) -> Element<'_, Message> {
        let room = Room { size: self.size };
        let words = &self.words;
        let whole: Element<'_, Message> = if self.settings.strip {
            strip::view(self.strip_now(), room).map(Message::Strip)
        } else if self.settings.welcomed {
            let absence = absent::absence(&self.model);
            let banner =
                absence.map(|absence| absent::banner(absence, self.model.remedy, words, room));
            // A small window has no room for a banner of its own; it says the same and more.
            let (said, banner) = if room.is_compact() {
                (banner, None)
            } else {
                (None, banner)
            };
            let main = column![self.header(said, room)]
                .push(banner)
                .push(self.notice())
                .push(container(self.page(room)).height(Fill))
                .push(self.hints(room))
                .spacing(room.gap())
                .padding(room.gap());
            row![self.rail(room), main.width(Fill).height(Fill)].into()
        } else {
            let found = Found {
                model: &self.model,
                kernel: &self.kernel,
            };
            welcome::view(found, words, room).map(Message::Choose)
        };
        let whole = match self.manners.question {
            Some(remember) => question::view(whole, remember, words, room, Message::Close),
            None => whole,
        };
        focus::keys(whole, |press, modifiers| self.heard(press, modifiers))
    }

    /// What the gamepad's buttons do; a small window leaves the room to a notice.
    fn hints(&self, room: Room) -> Option<Element<'_, Message>> {
        let away = absent::absence(&self.model).is_some();
        let room_for_it = !room.is_compact() || (self.notice.is_none() && !away);
        (self.hand == Hand::Pad && room_for_it).then(|| hints::view(&self.words))
    }

    /// What the chosen place shows.
    fn page(&self, room: Room) -> Element<'_, Message> {
        let (model, words) = (&self.model, &self.words);
        match self.screen {
            Screen::Live if model.tracks.is_empty() && !model.knows_uplinks() => {
                absent::page(model, Key::WelcomeLooking, words, room)
            }
            Screen::Live => self.live.view(model, words, room).map(Message::Live),
            Screen::Tune if model.state.is_none() => {
                absent::page(model, Key::AbsentTune, words, room)
            }
            Screen::Tune => self.tune.view(model, words, room).map(Message::Tune),
            Screen::Measure => self.measure.view(model, words, room).map(Message::Measure),
            Screen::Spikes => self.spikes.view(model, words, room).map(Message::Spikes),
            Screen::Settings => {
                let facts = Facts {
                    model,
                    kernel: &self.kernel,
                    file: self.store.as_ref().map(Store::path),
                    trouble: self.trouble.as_ref(),
                };
                let view = settings::view(&self.settings, &self.typing, facts, words, room);
                view.map(|message| match message {
                    settings::Message::Choose(choice) => Message::Choose(choice),
                    settings::Message::Target(typed) => Message::Typing(typed),
                })
            }
        }
    }

    fn strip_now(&self) -> Strip<'_> {
        Strip {
            model: &self.model,
            words: &self.words,
            enabled: self.switch().is_some(),
            undrawn: self.live.undrawn(),
            unseen: self.live.is_unseen(),
        }
    }

    /// What a key means that no widget took.
    fn heard(&self, press: Press, modifiers: keyboard::Modifiers) -> Option<Message> {
        if modifiers.alt() || modifiers.logo() {
            return None;
        }
        if modifiers.control() && self.manners.question.is_none() {
            return match press {
                Press::Latin('z') if self.screen == Screen::Tune => {
                    Some(Message::Tune(tune::Message::Undo))
                }
                press => numbered(press).map(Message::Show),
            };
        }
        match press {
            Press::Named(Named::Tab) => Some(Message::MoveFocus(!modifiers.shift())),
            Press::Named(Named::ArrowUp) => Some(Message::Go(Direction::Up)),
            Press::Named(Named::ArrowDown) => Some(Message::Go(Direction::Down)),
            Press::Named(Named::ArrowLeft) => Some(Message::Go(Direction::Left)),
            Press::Named(Named::ArrowRight) => Some(Message::Go(Direction::Right)),
            Press::Named(Named::Escape) => Some(Message::Back),
            _ if self.manners.question.is_some() => None,
            Press::Named(Named::Enter) if !self.settings.welcomed => {
                Some(Message::Choose(Choice::Welcomed))
            }
            Press::Latin('g') => self.switch().map(|_| Message::ToggleGameMode),
            Press::Latin('p') if self.screen == Screen::Live => {
                Some(Message::Live(live::Message::TogglePause))
            }
            Press::Latin('p') if self.can_pause_measurement() => {
                Some(Message::Measure(measure::Message::TogglePause))
            }
            Press::Named(key) if self.screen == Screen::Live => live::heard(key).map(Message::Live),
            Press::Named(Named::PageUp) => Some(Message::Scroll(-PAGE_STEPS)),
            Press::Named(Named::PageDown) => Some(Message::Scroll(PAGE_STEPS)),
            Press::Latin('c') => Some(Message::Shrink(!self.settings.strip)),
            press => numbered(press).map(Message::Show),
        }
    }

    fn rail(&self, room: Room) -> Element<'_, Message> {
        let width = room.rail() - 16.0;
        let (height, gap) = if room.is_compact() { (64, 8) } else { (72, 12) };
        let places = PLACES.map(|place| {
            let chosen = self.screen == place.screen;
            let ink = if chosen { Ink::Good } else { Ink::Quiet };
            let name = text(self.words.say(place.name)).size(theme::SMALL);
            let inside = column![icon(place.mark, ink), name.wrapping(text::Wrapping::None)]
                .spacing(6)
                .align_x(Alignment::Center);
            let show = Message::Show(place.screen);
            let button = button(container(inside).center(Fill))
                .width(width)
                .height(height)
                .padding(0)
                .style(theme::place(chosen))
                .on_press(show.clone());
            focus(place.id, button).on_press(Some(show)).into()
        });
        let name = text(self.words.say(Key::NavShrink)).size(theme::SMALL);
        let inside = column![icon(Icon::Shrink, Ink::Quiet), name]
            .spacing(6)
            .align_x(Alignment::Center);
        let shrink = button(container(inside).center(Fill))
            .width(width)
            .height(height)
            .padding(0)
            .style(theme::place(false))
            .on_press(Message::Shrink(true));
        let shrink = focus("shrink", shrink).on_press(Some(Message::Shrink(true)));
        let places = column(places).spacing(gap);
        container(column![places, space().height(Fill), shrink])
            .width(room.rail())
            .height(Fill)
            .padding(Padding::from([room.gap(), 8.0]))
            .style(theme::rail)
            .into()
    }

    /// Whether the network is the problem and what is in force, or what is `said` instead, and the switch.
    fn header<'a>(
        &'a self,
        said: Option<Element<'a, Message>>,
        room: Room,
    ) -> Element<'a, Message> {
        let words = said.unwrap_or_else(|| self.in_force(room));
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

    fn in_force(&self, room: Room) -> Element<'_, Message> {
        let in_force = if self.measure.switches() {
            self.words.say(Key::MeasureInForce)
        } else {
            self.model.in_force(&self.words)
        };
        let mut said = vec![in_force];
        said.extend(self.model.notes(&self.words));
        let said = text(said.join(" ")).style(theme::quiet).size(theme::SMALL);
        if room.is_compact() {
            return said.into();
        }
        let place = PLACES.iter().find(|place| place.screen == self.screen);
        let headline = match place {
            // Only there it is measured, so only there it is true.
            Some(place) if place.screen != Screen::Live || self.model.tracks.is_empty() => {
                bold(self.words.say(place.name), theme::TITLE)
            }
            _ => live::judged(&self.model, &self.words, theme::TITLE),
        };
        column![headline, said].spacing(6).into()
    }

    fn notice(&self) -> Option<Element<'_, Message>> {
        let (key, detail) = self.notice.as_ref()?;
        let mut lines = column![text(self.words.say(*key))].width(Fill).spacing(2);
        if !detail.is_empty() {
            lines = lines.push(parts::quiet(detail.as_str()));
        }
        let label = self.words.say(Key::NoticeClose);
        let close = parts::press("notice-close", label, false, Some(Message::CloseNotice));
        let inside = row![icon(Icon::Warn, Ink::Warn), lines, close]
            .spacing(14)
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

/// The place that a digit stands for.
fn numbered(press: Press) -> Option<Screen> {
    let Press::Latin(digit) = press else {
        return None;
    };
    let number = digit.to_digit(10)?.checked_sub(1)?;
    Screen::ALL.get(number as usize).copied()
}
