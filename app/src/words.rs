//! What the program says, in the user's language. Every sentence of the window is a [`Key`] with a
//! text in each of `assets/i18n/*/evenkeel.ftl`; none stands in the code.

mod breaks;
mod keys;
mod numbers;

pub use keys::Key;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::{LanguageIdentifier, langid};

/// Environment variable that overrides the system's language.
pub const LANGUAGE_VARIABLE: &str = "EVENKEEL_LANG";

/// A language there is a complete translation for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, and whatever else we have no texts for.
    English,
    /// Korean.
    Korean,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Korean];

    /// The language of a locale's name such as `ko-KR` or `en_US.UTF-8`.
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['-', '_', '.', '@']).next();
        if language.is_some_and(|language| language.eq_ignore_ascii_case("ko")) {
            Self::Korean
        } else {
            Self::English
        }
    }

    /// [`LANGUAGE_VARIABLE`], else the system's language.
    pub fn of_system() -> Self {
        let locale = std::env::var(LANGUAGE_VARIABLE)
            .ok()
            .filter(|locale| !locale.is_empty())
            .or_else(sys_locale::get_locale)
            .unwrap_or_default();
        Self::of_locale(&locale)
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/i18n/en/evenkeel.ftl"),
            Self::Korean => include_str!("../../assets/i18n/ko/evenkeel.ftl"),
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::English => langid!("en"),
            Self::Korean => langid!("ko"),
        }
    }
}

/// A value inside a sentence.
pub type Value<'a> = FluentValue<'a>;

/// The sentences of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Words").field(&self.language).finish()
    }
}

impl Words {
    /// The sentences of `language`.
    pub fn new(language: Language) -> Self {
        let mut bundle = FluentBundle::new(vec![language.identifier()]);
        // Both languages run left to right: no marks around the values.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(match language {
            Language::English => |value, _| numbers::of_value(Language::English, value),
            Language::Korean => |value, _| numbers::of_value(Language::Korean, value),
        }));
        let resource = match FluentResource::try_new(language.source().to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                log::error!("{language:?} texts: {errors:?}");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            log::error!("{language:?} texts: {errors:?}");
        }
        Self { language, bundle }
    }

    /// Which language this is.
    pub fn language(&self) -> Language {
        self.language
    }

    /// A sentence without values.
    pub fn say(&self, key: Key) -> String {
        self.tell(key, [])
    }

    /// A sentence with values. What is missing shows as the key's own name: a test keeps that from
    /// ever happening.
    pub fn tell<const N: usize>(&self, key: Key, values: [(&'static str, Value<'_>); N]) -> String {
        let pattern = self
            .bundle
            .get_message(key.name())
            .and_then(|message| message.value());
        let Some(pattern) = pattern else {
            return key.name().to_owned();
        };
        let args: FluentArgs<'_> = values.into_iter().collect();
        let mut errors = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "{}: {errors:?}", key.name());
        match self.language {
            Language::English => text.into_owned(),
            Language::Korean => breaks::keep_words(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    /// Key and the `$values` its text uses, in one language.
    fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut key = String::new();
        for line in language.source().lines() {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                key = line.split_once(" =").expect("key = text").0.to_owned();
                assert!(
                    texts.insert(key.clone(), BTreeSet::new()).is_none(),
                    "{key} twice"
                );
            }
            for value in line.split('$').skip(1) {
                let end = value.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
                let name = &value[..end.unwrap_or(value.len())];
                texts.get_mut(&key).expect("a key").insert(name.to_owned());
            }
        }
        texts
    }

    fn sources(folder: &Path) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                text += &sources(&path);
            } else if path.file_name().is_some_and(|name| name != "keys.rs") {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
        text
    }

    #[test]
    fn both_languages_have_exactly_the_keys_of_the_program() {
        let keys: BTreeSet<String> = Key::ALL.iter().map(|key| key.name().to_owned()).collect();
        for language in Language::ALL {
            let have: BTreeSet<String> = texts(language).into_keys().collect();
            let missing: Vec<_> = keys.difference(&have).collect();
            let unused: Vec<_> = have.difference(&keys).collect();
            assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
            assert!(unused.is_empty(), "{language:?} has unknown {unused:?}");
        }
    }

    #[test]
    fn every_key_is_used_somewhere() {
        let source = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let used = |key: &Key| {
            let name = format!("Key::{key:?}");
            source.match_indices(&name).any(|(at, _)| {
                !source[at + name.len()..].starts_with(|c: char| c.is_alphanumeric())
            })
        };
        let unused: Vec<_> = Key::ALL.iter().filter(|key| !used(key)).collect();
        assert!(unused.is_empty(), "nobody says {unused:?}");
    }

    #[test]
    fn both_languages_use_the_same_values() {
        let korean = texts(Language::Korean);
        for (key, values) in texts(Language::English) {
            assert_eq!(korean.get(&key), Some(&values), "{key}");
        }
    }

    #[test]
    fn the_bundled_font_has_every_character_of_our_texts() {
        for font in crate::ui::FONTS {
            let face = ttf_parser::Face::parse(font, 0);
            let face = face.expect("a font");
            for language in Language::ALL {
                let lacking: BTreeSet<char> = language
                    .source()
                    .chars()
                    .filter(|c| !c.is_control() && face.glyph_index(*c).is_none())
                    .collect();
                assert!(
                    lacking.is_empty(),
                    "run assets/fonts/subset.sh: {lacking:?}"
                );
            }
        }
    }

    #[test]
    fn the_language_is_read_from_a_locale() {
        assert_eq!(Language::of_locale("ko_KR.UTF-8"), Language::Korean);
        assert_eq!(Language::of_locale("KO"), Language::Korean);
        assert_eq!(Language::of_locale("kok-IN"), Language::English);
        assert_eq!(Language::of_locale(""), Language::English);
    }

    #[test]
    fn plurals_and_values_reach_the_sentence() {
        let words = Words::new(Language::English);
        let text = words.tell(Key::WindowMinutes, [("minutes", 5.into())]);
        assert_eq!(text, "5 min");
    }
}
