//! What the user chose, and the file it is kept in: `$XDG_CONFIG_HOME/evenkeel/settings.json`.
//! Reading never fails: what cannot be understood is its default, and is told. Not the helper's
//! settings, which the helper keeps.

mod store;
mod target;

pub use store::{Loaded, Store};
pub use target::{Target, TargetError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The language of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LanguageChoice {
    /// The system's, where there is a translation, else English.
    #[default]
    System,
    /// English.
    English,
    /// Korean.
    Korean,
}

/// The look of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// What the desktop prefers, dark where it does not say.
    #[default]
    System,
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// Pure colours on black.
    HighContrast,
}

/// What closing the window does while this window holds game mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnClose {
    /// Ask.
    #[default]
    Ask,
    /// The helper keeps game mode.
    Keep,
    /// Game mode ends.
    End,
}

/// A window's inner size in logical pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSize {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl WindowSize {
    /// The window as it opens for the first time.
    pub const WINDOW: Self = Self::new(1280, 800);
    /// The smallest window.
    pub const WINDOW_LEAST: Self = Self::new(800, 500);
    /// The strip as it opens for the first time.
    pub const STRIP: Self = Self::new(480, 96);
    /// The smallest strip.
    pub const STRIP_LEAST: Self = Self::new(360, 72);
    /// No screen is larger.
    const MOST: u32 = 8192;

    /// A size.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }

    /// The nearest sane size that is not below `least`.
    #[must_use]
    pub fn at_least(self, least: Self) -> Self {
        Self {
            width: self.width.clamp(least.width, Self::MOST),
            height: self.height.clamp(least.height, Self::MOST),
        }
    }
}

/// Frames a second that are offered for the graph while the window has the focus.
pub const REFRESH_HZ: [u32; 4] = [2, 5, 10, 15];

/// Sizes of texts that are offered, in percent.
pub const TEXT_PERCENT: [u32; 4] = [100, 115, 130, 150];

/// What the user chose. Every value is in its range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The language.
    pub language: LanguageChoice,
    /// The look.
    pub theme: ThemeChoice,
    /// Frames a second of the graph, one of [`REFRESH_HZ`].
    pub refresh_hz: u32,
    /// The size of texts and everything else in percent, one of [`TEXT_PERCENT`].
    pub text_percent: u32,
    /// What the window's own probes ask, while there is no helper.
    pub target: Target,
    /// True when notifications are wanted.
    pub notify: bool,
    /// What closing the window does.
    pub on_close: OnClose,
    /// True when the first page was seen.
    pub welcomed: bool,
    /// True while the window is a strip.
    pub strip: bool,
    /// The window's size.
    pub window: WindowSize,
    /// The strip's size.
    pub strip_window: WindowSize,
    /// What another version wrote; kept.
    #[serde(flatten)]
    pub unknown: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: LanguageChoice::default(),
            theme: ThemeChoice::default(),
            refresh_hz: 10,
            text_percent: 100,
            target: Target::default(),
            notify: false,
            on_close: OnClose::default(),
            welcomed: false,
            strip: false,
            window: WindowSize::WINDOW,
            strip_window: WindowSize::STRIP,
            unknown: Map::new(),
        }
    }
}

/// One choice of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The language.
    Language(LanguageChoice),
    /// The look.
    Theme(ThemeChoice),
    /// Frames a second of the graph.
    RefreshHz(u32),
    /// The size of texts and everything else, in percent.
    TextPercent(u32),
    /// What the window's own probes ask.
    Target(Target),
    /// Notifications.
    Notify(bool),
    /// What closing the window does.
    OnClose(OnClose),
    /// The first page was read.
    Welcomed,
}

impl Settings {
    /// Takes in a choice; what is not offered changes nothing.
    pub fn apply(&mut self, choice: Choice) {
        match choice {
            Choice::Language(language) => self.language = language,
            Choice::Theme(theme) => self.theme = theme,
            Choice::RefreshHz(hz) if REFRESH_HZ.contains(&hz) => self.refresh_hz = hz,
            Choice::TextPercent(percent) if TEXT_PERCENT.contains(&percent) => {
                self.text_percent = percent;
            }
            Choice::RefreshHz(_) | Choice::TextPercent(_) => {}
            Choice::Target(target) => self.target = target,
            Choice::Notify(notify) => self.notify = notify,
            Choice::OnClose(on_close) => self.on_close = on_close,
            Choice::Welcomed => self.welcomed = true,
        }
    }
}

/// Why a file could not be used in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is no JSON object; line and column where the reader stopped, from 1.
    NotReadable {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It is larger than any settings file of ours.
    TooLarge,
    /// It cannot be opened or read; what the system says.
    NotOpened(String),
    /// These fields hold something that is not offered.
    Values(Vec<&'static str>),
}

/// The settings in a file's text, and what was wrong with it.
pub fn parse(text: &str) -> (Settings, Option<Trouble>) {
    let map = match serde_json::from_str::<Map<String, Value>>(text) {
        Ok(map) => map,
        Err(error) => {
            let trouble = Trouble::NotReadable {
                line: error.line(),
                column: error.column(),
            };
            return (Settings::default(), Some(trouble));
        }
    };
    let mut fields = Fields {
        map,
        refused: Vec::new(),
    };
    let base = Settings::default();
    let mut settings = Settings {
        language: fields.take("language", base.language),
        theme: fields.take("theme", base.theme),
        refresh_hz: fields.take("refresh_hz", base.refresh_hz),
        text_percent: fields.take("text_percent", base.text_percent),
        target: fields.take("target", base.target),
        notify: fields.take("notify", base.notify),
        on_close: fields.take("on_close", base.on_close),
        welcomed: fields.take("welcomed", base.welcomed),
        strip: fields.take("strip", base.strip),
        window: fields.take("window", base.window),
        strip_window: fields.take("strip_window", base.strip_window),
        unknown: fields.map,
    };
    if !REFRESH_HZ.contains(&settings.refresh_hz) {
        settings.refresh_hz = base.refresh_hz;
        fields.refused.push("refresh_hz");
    }
    if !TEXT_PERCENT.contains(&settings.text_percent) {
        settings.text_percent = base.text_percent;
        fields.refused.push("text_percent");
    }
    // A size that no screen has is no mistake of anybody's: monitors come and go.
    settings.window = settings.window.at_least(WindowSize::WINDOW_LEAST);
    settings.strip_window = settings.strip_window.at_least(WindowSize::STRIP_LEAST);
    let trouble = (!fields.refused.is_empty()).then_some(Trouble::Values(fields.refused));
    (settings, trouble)
}

/// The text of a file with these settings.
pub fn format(settings: &Settings) -> String {
    // Plain values under string keys cannot fail to be written.
    let mut text = serde_json::to_string_pretty(settings).unwrap_or_default();
    text.push('\n');
    text
}

/// The fields of a file that were not looked at yet.
struct Fields {
    map: Map<String, Value>,
    refused: Vec<&'static str>,
}

impl Fields {
    fn take<T: DeserializeOwned>(&mut self, name: &'static str, default: T) -> T {
        let Some(value) = self.map.remove(name) else {
            return default;
        };
        serde_json::from_value(value).unwrap_or_else(|_| {
            self.refused.push(name);
            default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read_back() {
        let settings = Settings {
            language: LanguageChoice::Korean,
            theme: ThemeChoice::HighContrast,
            refresh_hz: 15,
            text_percent: 150,
            target: "2001:4860:4860::8888".parse().unwrap(),
            notify: true,
            on_close: OnClose::Keep,
            welcomed: true,
            strip: true,
            window: WindowSize::new(1920, 1080),
            strip_window: WindowSize::new(600, 120),
            unknown: Map::new(),
        };
        assert_eq!(parse(&format(&settings)), (settings, None));
        let default = Settings::default();
        assert_eq!(parse(&format(&default)), (default.clone(), None));
        assert_eq!(parse("{}"), (default, None));
    }

    #[test]
    fn what_another_version_wrote_is_kept() {
        let (mut settings, trouble) = parse(r#"{"colour": [1, {"x": null}], "notify": true}"#);
        assert_eq!((settings.notify, trouble), (true, None));
        settings.notify = false;
        let text = format(&settings);
        assert!(text.contains("\"colour\""), "{text}");
        assert_eq!(parse(&text).0, settings);
    }

    #[test]
    fn a_field_that_cannot_be_used_costs_only_itself() {
        let text = r#"{"theme": "pink", "refresh_hz": 1000, "text_percent": -1, "target": "127.0.0.1",
                       "notify": "yes", "language": "korean"}"#;
        let (settings, trouble) = parse(text);
        let expected = Settings {
            language: LanguageChoice::Korean,
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        let refused = vec!["theme", "text_percent", "target", "notify", "refresh_hz"];
        assert_eq!(trouble, Some(Trouble::Values(refused)));
    }

    #[test]
    fn sizes_that_no_screen_has_are_made_sane() {
        let text = r#"{"window": {"width": 1, "height": 4000000000},
                       "strip_window": {"width": 0, "height": 0}}"#;
        let (settings, trouble) = parse(text);
        assert_eq!(settings.window, WindowSize::new(800, 8192));
        assert_eq!(settings.strip_window, WindowSize::STRIP_LEAST);
        assert_eq!(trouble, None);
        let (settings, trouble) = parse(r#"{"window": {"width": -5, "height": 1e99}}"#);
        assert_eq!(settings.window, WindowSize::WINDOW);
        assert_eq!(trouble, Some(Trouble::Values(vec!["window"])));
    }

    #[test]
    fn a_broken_file_says_where() {
        let (settings, trouble) = parse("{\n  \"theme\": dark\n}");
        assert_eq!(settings, Settings::default());
        let line = 2;
        assert!(matches!(trouble, Some(Trouble::NotReadable { line: l, .. }) if l == line));
        for text in ["", "[]", "7", "null", "\u{0}"] {
            assert!(
                matches!(parse(text).1, Some(Trouble::NotReadable { .. })),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_or_leaves_a_value_out_of_range(text in "\\PC*") {
            let (settings, _) = parse(&text);
            prop_assert!(REFRESH_HZ.contains(&settings.refresh_hz));
            prop_assert!(TEXT_PERCENT.contains(&settings.text_percent));
            prop_assert_eq!(parse(&format(&settings)).0, settings);
        }
    }
}
