//! What is around every screen: the rail, the header with the switch, the notice, the keys.

use iced::keyboard::key::Named;
use iced::widget::{button, column, container, row, space, text};
use iced::{Alignment, Element, Fill, Padding, keyboard};

use super::{App, Hand, Message, Screen};
use crate::ui::focus::{self, Press, focus};
use crate::ui::icons::{Icon, icon};
use crate::ui::model::Link;
use crate::ui::parts::{self, Room, bold};
use crate::ui::spatial::Direction;
use crate::ui::theme::{self, Ink};
use crate::ui::{absent, hints, live, question};
use crate::words::Key;

impl App {
    /// The whole window.
    pub fn view(&self) -> Element<'_, Message> {
        let room = Room { size: self.size };
        let words = &self.words;
        let measures = !self.model.tracks.is_empty() && self.screen == Screen::Live;
        let page = if self.model.state.is_none() && !measures {
            absent::view(self.model.link, words, room)
        } else {
            match self.screen {
                Screen::Live => self.live.view(&self.model, words, room).map(Message::Live),
                Screen::Tune => self.tune.view(&self.model, words, room).map(Message::Tune),
            }
        };
        let main = column![self.header(room)]
            .push(self.notice(room))
            .push(container(page).height(Fill))
            .push(self.hints(room))
            .spacing(room.gap())
            .padding(room.gap());
        let whole = row![self.rail(room), main.width(Fill).height(Fill)];
        let whole = match self.manners.question {
            Some(remember) => question::view(whole.into(), remember, words, room, Message::Close),
            None => whole.into(),
        };
        focus::keys(whole, |press, modifiers| self.heard(press, modifiers))
    }

    /// What the gamepad's buttons do; a small window leaves the room to a notice.
    fn hints(&self, room: Room) -> Option<Element<'_, Message>> {
        let room_for_it = !room.is_compact() || self.notice.is_none();
        (self.hand == Hand::Pad && room_for_it).then(|| hints::view(&self.words))
    }

    /// What a key means that no widget took.
    fn heard(&self, press: Press, modifiers: keyboard::Modifiers) -> Option<Message> {
        if modifiers.alt() || modifiers.logo() {
            return None;
        }
        if modifiers.control() && self.manners.question.is_none() {
            return place(press).map(Message::Show);
        }
        match press {
            Press::Named(Named::Tab) => Some(Message::MoveFocus(!modifiers.shift())),
            Press::Named(Named::ArrowUp) => Some(Message::Go(Direction::Up)),
            Press::Named(Named::ArrowDown) => Some(Message::Go(Direction::Down)),
            Press::Named(Named::ArrowLeft) => Some(Message::Go(Direction::Left)),
            Press::Named(Named::ArrowRight) => Some(Message::Go(Direction::Right)),
            Press::Named(Named::Escape) => Some(Message::Back),
            _ if self.manners.question.is_some() => None,
            Press::Latin('g') => self.switch().map(|_| Message::ToggleGameMode),
            Press::Latin('p') if self.screen == Screen::Live => {
                Some(Message::Live(live::Message::TogglePause))
            }
            press => place(press).map(Message::Show),
        }
    }

    fn rail(&self, room: Room) -> Element<'_, Message> {
        let place = |id, mark, key, screen| {
            let chosen = self.screen == screen;
            let ink = if chosen { Ink::Good } else { Ink::Quiet };
            let inside = column![
                icon(mark, ink),
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
        let mut said = vec![self.model.in_force(&self.words)];
        said.extend(self.model.notes(&self.words));
        let said = text(said.join(" ")).style(theme::quiet);
        let words: Element<'_, Message> = if room.is_compact() {
            said.size(theme::SMALL).into()
        } else {
            column![bold("Evenkeel", theme::TITLE), said.size(theme::BODY)]
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

/// The place that a digit stands for.
fn place(press: Press) -> Option<Screen> {
    let Press::Latin(digit) = press else {
        return None;
    };
    let number = digit.to_digit(10)?.checked_sub(1)?;
    Screen::ALL.get(number as usize).copied()
}
