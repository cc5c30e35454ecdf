//! One spike with everything that is known of it: how bad it was, its graph, by which rule who is
//! blamed, what was seen, and what can be done about it.

use evenkeel_core::blame::Spike;
use iced::widget::{column, row, text};
use iced::{Alignment, Element, Fill};

use super::{Message, course, list};
use crate::ui::blame;
use crate::ui::blame::facts::facts;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, bold, quiet};
use crate::ui::theme;
use crate::words::{Key, Words};

const BADGE: f32 = 56.0;
/// The height of everything but the graph and the facts, and of a fact, about.
const REST: f32 = 300.0;
const FACT: f32 = 23.0;
/// The graph is never lower nor higher than this.
const LOWEST: f32 = 84.0;
const HIGHEST: f32 = 220.0;

/// The card. `beside` is the height there is beside the list; without it the card lies in its place,
/// with a way back.
pub fn view<'a>(
    model: &'a Model,
    spike: &'a Spike,
    words: &'a Words,
    room: Room,
    beside: Option<f32>,
) -> Element<'a, Message> {
    let blame = spike.blame;
    let seen = facts(spike, words);
    let height = match beside {
        Some(height) => (height - REST - FACT * seen.len() as f32).clamp(LOWEST, HIGHEST),
        None if room.is_compact() => LOWEST,
        None => HIGHEST,
    };
    let back = || {
        let label = words.say(Key::SpikeBack);
        parts::press("spike-back", label, false, Some(Message::Close))
    };
    let back = beside.is_none().then(back);
    let named = column![
        bold(words.say(blame::who(blame.culprit)), theme::TITLE),
        text(words.say(blame::rule(blame.rule))),
    ]
    .spacing(2)
    .width(Fill);
    // By this name it stands in the documentation and on the command line.
    let rule = words.tell(Key::SpikeRule, [("rule", blame.rule.word().into())]);
    let top = row![blame::badge(blame.culprit, BADGE), named]
        .push(quiet(rule))
        .push(back)
        .spacing(16)
        .align_y(Alignment::Center);
    let seen = seen.into_iter().map(|fact| {
        let dot = text("·").font(theme::BOLD);
        row![dot, text(fact).width(Fill)].spacing(10).into()
    });
    let inside = column![
        top,
        figures(model, spike, words),
        graph(model, spike, words, height),
        text(words.say(blame::why(blame.rule))),
        titled(words.say(Key::SpikeSeen), column(seen).spacing(2).into()),
        titled(
            words.say(Key::SpikeAdvice),
            text(words.say(blame::advice(blame))).into()
        ),
    ]
    .spacing(10);
    parts::card(inside, room).width(Fill).into()
}

fn titled(title: String, content: Element<'_, Message>) -> Element<'_, Message> {
    column![bold(title, theme::BODY), content].spacing(4).into()
}

/// How bad, when, where, and how many probes say so.
fn figures<'a>(model: &Model, spike: &Spike, words: &Words) -> Element<'a, Message> {
    let mut about = vec![
        list::when(model, spike, words),
        list::ago(model, spike, words),
        list::length(spike, words),
    ];
    about.dedup();
    about.push(blame::where_(spike, model, words));
    if spike.uplink.is_some() && spike.sent > 1 {
        let values = [
            ("count", spike.stood_out.into()),
            ("sent", spike.sent.into()),
        ];
        about.push(words.tell(Key::SpikeProbes, values));
    }
    column![
        bold(blame::how_bad(spike, words), theme::HEADING),
        quiet(about.join(" · ")),
    ]
    .spacing(4)
    .into()
}

fn graph<'a>(
    model: &'a Model,
    spike: &'a Spike,
    words: &'a Words,
    height: f32,
) -> Element<'a, Message> {
    if !course::is_known(model, spike) {
        return quiet(words.say(Key::SpikeNoGraph));
    }
    course::view(model, spike, words, height)
}
