//! What is installed and how it is: this window, the helper, the kernel, the settings file.

use std::path::Path;

use evenkeel_dbus::Backend;
use iced::Element;
use iced::Fill;
use iced::widget::{column, row, text};

use crate::config::Trouble;
use crate::state::HelperState;
use crate::ui::absent;
use crate::ui::model::{Link, Model};
use crate::ui::parts::{bold, quiet};
use crate::ui::speech;
use crate::ui::theme::{self, Ink};
use crate::words::{Key, Words};

/// This window's version; the helper's is the same when both come from one package.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What there is to tell.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What is known of the helper.
    pub model: &'a Model,
    /// The running kernel's release.
    pub kernel: &'a str,
    /// The settings file, where there is a place for one.
    pub file: Option<&'a Path>,
    /// What was wrong with it.
    pub trouble: Option<&'a Trouble>,
}

/// One fact: how it is called, how it is, what else there is to say, and whether all is well.
struct Fact {
    name: Key,
    value: String,
    more: Option<String>,
    ink: Ink,
}

/// All facts, one below the other.
pub fn view<'a, Message: 'a>(facts: Facts<'a>, words: &Words) -> Element<'a, Message> {
    let lines = [
        Fact {
            name: Key::FactApp,
            value: VERSION.to_owned(),
            more: None,
            ink: Ink::Good,
        },
        helper(facts.model, words),
        kernel(facts, words),
        ability(facts.model, words),
        file(facts, words),
    ];
    let lines = lines.into_iter().map(|fact| {
        let mark = if fact.ink == Ink::Good { "✓" } else { "!" };
        let mark = text(mark).font(theme::BOLD).style(theme::ink(fact.ink));
        let value = column![quiet(words.say(fact.name)), text(fact.value)]
            .push(fact.more.map(|more| quiet(more)))
            .spacing(2);
        row![mark.width(16), value.width(Fill)].spacing(10).into()
    });
    column![bold(words.say(Key::FactsTitle), theme::HEADING)]
        .extend(lines)
        .spacing(14)
        .into()
}

fn helper(model: &Model, words: &Words) -> Fact {
    let (ink, value, more) = match (model.link, &model.state) {
        (Link::Present, Some(state)) => {
            let differs = state.version != VERSION;
            let more = differs.then(|| words.say(Key::FactHelperDiffers));
            let version = [("version", state.version.clone().into())];
            let ink = if differs { Ink::Warn } else { Ink::Good };
            (ink, words.tell(Key::FactHelperRuns, version), more)
        }
        (Link::Searching | Link::Present, _) => (Ink::Warn, words.say(Key::InForceSearching), None),
        (Link::NoBus, _) => (Ink::Warn, words.say(Key::AbsentNoBus), None),
        (Link::NoHelper, _) => {
            let value = model.remedy.map_or(Key::FactHelperAbsent, absent::lacks);
            // The banner above shows the command.
            let needed = model.remedy.is_none();
            let more = needed.then(|| words.say(Key::FactHelperNeeded));
            (Ink::Warn, words.say(value), more)
        }
    };
    Fact {
        name: Key::FactHelper,
        value,
        more,
        ink,
    }
}

fn kernel(facts: Facts<'_>, words: &Words) -> Fact {
    let helper = present(facts.model);
    let release = helper.map_or(facts.kernel, |state| &state.kernel_release);
    let release = release.to_owned();
    let patched = helper.map(|state| state.backend == Backend::Lowpower);
    let key = match patched {
        Some(true) => Some(Key::FactKernelPatched),
        Some(false) => Some(Key::FactKernelStock),
        None => None,
    };
    Fact {
        name: Key::FactKernel,
        value: words.tell(Key::FactLinux, [("release", release.into())]),
        more: key.map(|key| words.say(key)),
        ink: Ink::Good,
    }
}

fn ability(model: &Model, words: &Words) -> Fact {
    let Some(state) = present(model) else {
        return Fact {
            name: Key::FactAbility,
            value: words.say(Key::AbilityAlone),
            more: None,
            ink: Ink::Warn,
        };
    };
    let (key, ink) = match state.backend {
        Backend::Ecmp => (Key::AbilityEcmp, Ink::Good),
        Backend::Lowpower => (Key::AbilityLowpower, Ink::Good),
        Backend::Observe => (Key::AbilityObserve, Ink::Warn),
    };
    Fact {
        name: Key::FactAbility,
        value: words.say(key),
        more: Some(words.say(speech::reason_key(state.reason))),
        ink,
    }
}

fn file(facts: Facts<'_>, words: &Words) -> Fact {
    let value = match facts.file {
        Some(file) => file.display().to_string(),
        None => words.say(Key::FactNoFile),
    };
    let ink = if facts.trouble.is_some() || facts.file.is_none() {
        Ink::Warn
    } else {
        Ink::Good
    };
    Fact {
        name: Key::FactFile,
        value,
        more: facts.trouble.map(|trouble| speech::trouble(trouble, words)),
        ink,
    }
}

fn present(model: &Model) -> Option<&HelperState> {
    model.state.as_ref().filter(|_| model.link == Link::Present)
}
