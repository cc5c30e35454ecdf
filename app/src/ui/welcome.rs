//! The page of the first start: what Evenkeel does, what it found here, what it will and won't
//! touch. Shown once.

use iced::widget::{column, container, row, scrollable, text};
use iced::{Alignment, Center, Element, Fill};

use super::abreast::abreast;
use super::absent;
use super::icons::{Icon, icon};
use super::model::{Link, Model};
use super::parts::{self, Room, bold, quiet};
use super::theme::{self, Ink};
use crate::config::Choice;
use crate::words::{Key, Words};

/// What was found here.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The helper and the uplinks.
    pub model: &'a Model,
    /// The running kernel's release.
    pub kernel: &'a str,
}

/// The page instead of everything else.
pub fn view<'a>(here: Found<'a>, words: &'a Words, room: Room) -> Element<'a, Choice> {
    let (title, sentence) = if room.is_compact() {
        (theme::TITLE, theme::BODY)
    } else {
        (32.0, theme::HEADING)
    };
    let steps = [
        (Icon::Live, Key::WelcomeMeasures),
        (Icon::Tune, Key::WelcomeSteers),
        (Icon::Undo, Key::WelcomeUndoes),
    ]
    .map(|(mark, key)| {
        let sentence = text(words.say(key)).size(sentence);
        row![icon(mark, Ink::Good), sentence.width(Fill)]
            .spacing(14)
            .align_y(Alignment::Center)
            .into()
    });
    let found = parts::card(found(here, words), room).width(Fill);
    let rules = parts::card(rules(words, room), room).width(Fill);
    let cards = abreast([(5, found.into()), (7, rules.into())], room.gap());
    let go = parts::big_press(
        "welcome-go",
        words.say(Key::WelcomeGo),
        Some(Choice::Welcomed),
    );
    let go = container(go).center_x(Fill);
    // Where the page may have to scroll, the button stays in view below it.
    let (go, foot) = if room.is_compact() {
        (None, Some(go.padding(room.gap())))
    } else {
        (Some(go), None)
    };
    let steps = column![bold(words.say(Key::WelcomeTitle), title)]
        .extend(steps)
        .spacing(room.gap());
    let inside = column![steps, cards]
        .push(go)
        .spacing(if room.is_compact() { room.gap() } else { 32.0 })
        .padding(room.gap())
        .max_width(960);
    let page = scrollable(container(inside).center_x(Fill))
        .id(super::PAGE)
        .style(theme::scroll);
    let whole = column![container(page).height(Fill).align_y(Center)].push(foot);
    container(whole).width(Fill).height(Fill).into()
}

fn found<'a>(here: Found<'a>, words: &Words) -> Element<'a, Choice> {
    let Found { model, kernel } = here;
    let kernel = model.state.as_ref().map_or(kernel, |s| &s.kernel_release);
    let release = [("release", kernel.to_owned().into())];
    let lines = column![
        bold(words.say(Key::WelcomeFound), theme::HEADING),
        fact(
            Key::FactKernel,
            text(words.tell(Key::FactLinux, release)),
            words
        ),
        fact(Key::WelcomeUplinks, uplinks(here, words), words),
    ];
    let helper = match (model.link, &model.state) {
        (Link::Present, Some(state)) => {
            let version = [("version", state.version.clone().into())];
            words.tell(Key::FactHelperRuns, version)
        }
        (Link::Searching | Link::Present, _) => words.say(Key::InForceSearching),
        (Link::NoBus | Link::NoHelper, _) => {
            let lacks = model.remedy.map_or(Key::FactHelperAbsent, absent::lacks);
            let sentence = words.say(Key::WelcomeNoHelper);
            format!("{} {sentence}", words.say(lacks))
        }
    };
    let remedy = model.remedy.filter(|_| model.link == Link::NoHelper);
    let remedy = remedy.map(|remedy| {
        let helps = quiet(words.say(absent::helps(remedy)));
        column![helps, absent::command(remedy).padding([8, 12])].spacing(6)
    });
    lines
        .push(fact(Key::FactHelper, text(helper), words))
        .push(remedy)
        .spacing(10)
        .into()
}

fn fact<'a>(
    name: Key,
    value: impl Into<Element<'a, Choice>>,
    words: &Words,
) -> Element<'a, Choice> {
    column![quiet(words.say(name)), value.into()]
        .spacing(2)
        .into()
}

fn uplinks<'a>(here: Found<'a>, words: &Words) -> Element<'a, Choice> {
    let model = here.model;
    if model.tracks.is_empty() {
        let key = if model.knows_uplinks() {
            Key::WelcomeNoUplinks
        } else {
            Key::WelcomeLooking
        };
        return text(words.say(key)).into();
    }
    let lines = model.tracks.iter().map(|track| {
        let mark = text(theme::uplink_shape(track.slot)).style(theme::ink(Ink::Uplink(track.slot)));
        let name = model.name(track, words);
        let interface = (name != track.info.name).then(|| quiet(&track.info.name));
        row![mark, text(name)]
            .push(interface)
            .spacing(8)
            .align_y(Alignment::Center)
            .into()
    });
    column(lines).spacing(2).into()
}

fn rules<'a>(words: &Words, room: Room) -> Element<'a, Choice> {
    let size = if room.is_compact() {
        theme::SMALL
    } else {
        theme::BODY
    };
    let line = |mark: &'static str, ink, key| {
        let mark = text(mark).font(theme::BOLD).style(theme::ink(ink));
        let said = text(words.say(key)).size(size).width(Fill);
        row![mark.width(16), said].spacing(10)
    };
    column![
        bold(words.say(Key::WelcomeWill), theme::HEADING),
        line("✓", Ink::Good, Key::WelcomeWillProbe),
        line("✓", Ink::Good, Key::WelcomeWillRoute),
        bold(words.say(Key::WelcomeWont), theme::HEADING),
        line("×", Ink::Quiet, Key::WelcomeWontMove),
        line("×", Ink::Quiet, Key::WelcomeWontTouch),
    ]
    .spacing(if room.is_compact() { 6 } else { 10 })
    .into()
}
