//! What the user chose, as it takes effect on the window: language, look, sizes, the strip.

use std::time::Duration;

use iced::{Size, Task, Theme, window};

use super::{App, Message};
use crate::config::{Choice, LanguageChoice, Settings, Store, ThemeChoice};
use crate::ui::settings::target;
use crate::ui::theme::Look;
use crate::ui::{frame, live, speech, strip};
use crate::words::{Key, Language, Words};

/// A new size of the window is kept after it stayed the same for this time.
const REST: Duration = Duration::from_millis(800);

impl App {
    /// The window as the settings in `store` want it, before anything else is known. `kernel` is
    /// the running kernel's release.
    pub fn open(system: Language, kernel: String, mut store: Option<Store>, strip: bool) -> Self {
        let mut app = Self::new(Words::new(system), Size::ZERO);
        if let Some(store) = &mut store {
            let loaded = store.load();
            app.settings = loaded.settings;
            app.trouble = loaded.trouble;
        } else {
            app.settings = Settings::default();
        }
        app.store = store;
        app.kernel = kernel;
        app.settings.strip |= strip;
        app.manners.began_as_strip = strip;
        app.size = frame::size(&app.settings);
        app.speak();
        app.notice = app.trouble.as_ref().map(|trouble| {
            let detail = speech::trouble(trouble, &app.words);
            (Key::NoticeSettings, detail)
        });
        app
    }

    /// Changes what the user chose, and keeps it.
    pub fn choose(&mut self, change: impl FnOnce(&mut Settings)) {
        let before = self.settings.clone();
        change(&mut self.settings);
        if self.settings == before {
            return;
        }
        let Some(store) = &mut self.store else {
            return;
        };
        match store.save(&self.settings) {
            Ok(()) => self.trouble = None,
            Err(error) => self.notice = Some((Key::NoticeUnsaved, error.to_string())),
        }
    }

    /// The look in force, as the toolkit wants it.
    pub fn theme(&self) -> Theme {
        let look = match self.settings.theme {
            ThemeChoice::System => self.desktop,
            ThemeChoice::Dark => Look::Dark,
            ThemeChoice::Light => Look::Light,
            ThemeChoice::HighContrast => Look::HighContrast,
        };
        look.theme()
    }

    /// By how much everything is drawn larger than the desktop wants it.
    pub fn scale_factor(&self) -> f32 {
        self.scale
    }

    pub(super) fn take_choice(&mut self, choice: Choice) {
        self.choose(|settings| settings.apply(choice));
        match choice {
            Choice::Language(_) => self.speak(),
            Choice::TextPercent(_) => self.take_size(self.size),
            _ => {}
        }
    }

    pub(super) fn take_typing(&mut self, message: target::Message) -> Task<Message> {
        match self.typing.update(message) {
            target::Action::None => Task::none(),
            target::Action::Wait(number) => {
                let rest = async { tokio::time::sleep(target::REST).await };
                Task::perform(rest, move |()| {
                    Message::Typing(target::Message::Rested(number))
                })
            }
            target::Action::Choose(target) => {
                self.take_choice(Choice::Target(target));
                Task::none()
            }
        }
    }

    /// Speaks the chosen language from now on.
    fn speak(&mut self) {
        let language = match self.settings.language {
            LanguageChoice::System => self.system_language,
            LanguageChoice::English => Language::English,
            LanguageChoice::Korean => Language::Korean,
        };
        if language != self.words.language() {
            self.words = Words::new(language);
        }
    }

    /// The window has this size in our present pixels.
    pub(super) fn take_size(&mut self, size: Size) {
        let window = size * self.scale;
        self.scale = frame::scale(&self.settings, window);
        self.size = window * (1.0 / self.scale);
    }

    /// The same, and it is kept when it stays.
    pub(super) fn take_new_size(&mut self, size: Size) -> Task<Message> {
        self.take_size(size);
        self.resized = self.resized.wrapping_add(1);
        let number = self.resized;
        // Made inside the future: a timer wants a running reactor.
        let rest = async { tokio::time::sleep(REST).await };
        Task::perform(rest, move |()| Message::Rested(number))
    }

    pub(super) fn rested(&self, number: u32) -> Task<Message> {
        if number != self.resized {
            return Task::none();
        }
        let size = self.size * self.scale;
        // The size of a maximized window is the screen's, not the user's.
        window::oldest()
            .and_then(window::is_maximized)
            .then(move |maximized| {
                if maximized {
                    Task::none()
                } else {
                    Task::done(Message::Remember(size))
                }
            })
    }

    pub(super) fn remember(&mut self, size: Size) {
        self.choose(|settings| frame::remember(settings, size));
    }

    pub(super) fn shrink(&mut self, strip: bool) -> Task<Message> {
        if strip == self.settings.strip {
            return Task::none();
        }
        // A size that has not rested yet is not the other form's.
        self.resized = self.resized.wrapping_add(1);
        self.choose(|settings| settings.strip = strip);
        // The toolkit takes sizes in our present pixels.
        let ours = 1.0 / self.scale;
        let size = frame::size(&self.settings) * ours;
        let least = frame::least_size(&self.settings) * ours;
        window::oldest().and_then(move |id| {
            Task::batch([
                window::maximize(id, false),
                window::set_min_size(id, Some(least)),
                window::resize(id, size),
            ])
        })
    }

    pub(super) fn strip(&mut self, message: strip::Message) -> Task<Message> {
        match message {
            strip::Message::ToggleGameMode => self.toggle_game_mode(),
            strip::Message::Grow => self.shrink(false),
            strip::Message::Drag => window::oldest().and_then(window::drag),
            strip::Message::Drawn => self.update(Message::Live(live::Message::Drawn)),
        }
    }
}
