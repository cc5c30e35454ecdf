//! The field for the address that the window's own probes ask: what was typed, when it is taken, and
//! what to say of a text that is no address.

use std::time::Duration;

use iced::widget::{column, text, text_input};
use iced::{Element, Fill};

use crate::config::{Target, TargetError};
use crate::ui::focus::field;
use crate::ui::parts::quiet;
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// What was typed is looked at when nothing was typed for this time.
pub const REST: Duration = Duration::from_millis(900);
/// The longest text that is kept; an address has at most 45 characters.
const MAX_CHARS: usize = 64;
const WIDTH: f32 = 240.0;

/// What happens in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It holds this text now.
    Typed(String),
    /// Enter.
    Done,
    /// Nothing was typed since the text of this number.
    Rested(u32),
}

/// What the parent has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Come back with [`Message::Rested`] after [`REST`].
    Wait(u32),
    /// Take this target.
    Choose(Target),
}

/// A text under way.
#[derive(Debug, Default)]
pub struct Typing {
    text: Option<String>,
    refused: Option<TargetError>,
    number: u32,
}

impl Typing {
    /// Answers a message.
    pub fn update(&mut self, message: Message) -> Action {
        match message {
            Message::Typed(text) => {
                self.text = Some(text.chars().take(MAX_CHARS).collect());
                self.refused = None;
                self.number = self.number.wrapping_add(1);
                Action::Wait(self.number)
            }
            Message::Rested(number) if number != self.number => Action::None,
            Message::Rested(_) | Message::Done => self.read(),
        }
    }

    fn read(&mut self) -> Action {
        let Some(text) = &self.text else {
            return Action::None;
        };
        match text.parse() {
            Ok(target) => {
                self.text = None;
                Action::Choose(target)
            }
            Err(error) => {
                self.refused = Some(error);
                Action::None
            }
        }
    }

    /// The line's hint, and whether it is about a mistake; `target` is in force.
    fn hint(&self, target: Target, words: &Words) -> (String, bool) {
        let key = match self.refused {
            None => return (words.say(Key::SettingsTargetHint), false),
            Some(TargetError::NoAddress) => Key::SettingsTargetNoAddress,
            Some(TargetError::NotReachable) => Key::SettingsTargetUnfit,
        };
        let text = self.text.clone().unwrap_or_default();
        let kept = target.address(true, true).to_string();
        let values = [("text", text.into()), ("kept", kept.into())];
        (words.tell(key, values), true)
    }

    /// Name and hint of the line.
    pub fn said<'a, Message: 'a>(&self, target: Target, words: &Words) -> Element<'a, Message> {
        let (hint, mistake) = self.hint(target, words);
        let hint: Element<'a, Message> = if mistake {
            let ink = theme::ink(Ink::Bad);
            text(hint).size(theme::SMALL).style(ink).into()
        } else {
            quiet(hint)
        };
        column![text(words.say(Key::SettingsTarget)), hint]
            .spacing(2)
            .width(Fill)
            .into()
    }

    /// The field; `target` is in force.
    pub fn field<'a>(&self, target: Target) -> Element<'a, Message> {
        let built_in = Target::default().address(true, true).to_string();
        let shown = self.text.clone().unwrap_or_else(|| target.to_string());
        let line = theme::TARGET - 2.0 * theme::FIELD_PADDING;
        let input = text_input(&built_in, &shown)
            .on_input(Message::Typed)
            .on_submit(Message::Done)
            .size(theme::BODY)
            .line_height(text::LineHeight::Absolute(line.into()))
            .padding([theme::FIELD_PADDING, 14.0])
            .width(WIDTH)
            .style(theme::field);
        field("target", input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    fn typed(typing: &mut Typing, text: &str) -> Action {
        typing.update(Message::Typed(text.to_owned()))
    }

    #[test]
    fn what_is_typed_is_taken_when_the_hand_rests_and_not_before() {
        let mut typing = Typing::default();
        let Action::Wait(first) = typed(&mut typing, "8.8.8.8") else {
            panic!()
        };
        let Action::Wait(second) = typed(&mut typing, "8.8.8.88") else {
            panic!()
        };
        assert_eq!(typing.update(Message::Rested(first)), Action::None);
        let target = "8.8.8.88".parse().unwrap();
        assert_eq!(
            typing.update(Message::Rested(second)),
            Action::Choose(target)
        );
        assert_eq!(typing.update(Message::Done), Action::None, "it was taken");
    }

    #[test]
    fn enter_takes_it_at_once_and_an_emptied_field_means_the_built_in_address() {
        let mut typing = Typing::default();
        let _ = typed(&mut typing, "");
        let built_in = Action::Choose(Target::default());
        assert_eq!(typing.update(Message::Done), built_in);
    }

    #[test]
    fn a_text_that_is_no_address_changes_nothing_and_is_told_until_it_is_changed() {
        for language in Language::ALL {
            let words = Words::new(language);
            let target: Target = "9.9.9.9".parse().unwrap();
            let mut typing = Typing::default();
            for text in ["router", "127.0.0.1"] {
                let _ = typed(&mut typing, text);
                assert!(!typing.hint(target, &words).1, "not while it is typed");
                assert_eq!(typing.update(Message::Done), Action::None);
                let (hint, mistake) = typing.hint(target, &words);
                assert!(
                    mistake && hint.contains(text) && hint.contains("9.9.9.9"),
                    "{hint}"
                );
            }
            let _ = typed(&mut typing, "1");
            assert!(!typing.hint(target, &words).1);
        }
    }

    #[test]
    fn a_text_is_kept_up_to_a_bound() {
        let mut typing = Typing::default();
        let _ = typed(&mut typing, &"한".repeat(100_000));
        assert_eq!(typing.text.unwrap().chars().count(), MAX_CHARS);
    }
}
