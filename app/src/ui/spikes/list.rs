//! The list of spikes, one line each, and the filter above it.

use evenkeel_core::blame::{Culprit, Spike};
use iced::widget::{button, column, container, keyed_column, row, text};
use iced::{Alignment, Element, Fill};

use super::{Id, Message};
use crate::ui::blame;
use crate::ui::chart;
use crate::ui::focus::focus;
use crate::ui::model::Model;
use crate::ui::parts::{self, Room, quiet};
use crate::ui::speech;
use crate::ui::theme;
use crate::words::{Key, Words};

/// The side of the drawing before a line.
const BADGE: f32 = 40.0;

/// The list. Every line keeps its place in the focus while new ones come above it.
pub fn view<'a>(
    model: &'a Model,
    listed: &[&'a Spike],
    older: usize,
    chosen: Option<Id>,
    words: &'a Words,
) -> Element<'a, Message> {
    let lines = listed.iter().map(|spike| {
        let id = Id::of(spike);
        (id, line(model, spike, chosen == Some(id), words))
    });
    let more = (older > 0).then(|| {
        let label = words.tell(Key::SpikesMore, [("count", older.into())]);
        parts::press("spikes-more", label, false, Some(Message::More))
    });
    column![keyed_column(lines).spacing(6)]
        .push(more)
        .spacing(12)
        .into()
}

fn line<'a>(
    model: &'a Model,
    spike: &'a Spike,
    chosen: bool,
    words: &'a Words,
) -> Element<'a, Message> {
    let blame = spike.blame;
    let who = text(words.say(blame::who(blame.culprit))).font(theme::BOLD);
    let place = quiet(blame::where_(spike, model, words));
    let left = column![
        row![who, place]
            .spacing(10)
            .align_y(Alignment::Center)
            .wrap(),
        quiet(words.say(blame::rule(blame.rule))),
    ]
    .spacing(2)
    .width(Fill);
    let whole = |said: String| text(said).wrapping(text::Wrapping::None);
    let right = column![
        whole(blame::how_bad(spike, words)),
        whole(format!(
            "{} · {}",
            length(spike, words),
            when(model, spike, words)
        ))
        .size(theme::SMALL)
        .style(theme::quiet),
    ]
    .spacing(2)
    .align_x(Alignment::End);
    let inside = row![blame::badge(blame.culprit, BADGE), left, right]
        .spacing(12)
        .align_y(Alignment::Center);
    let open = Message::Open(Id::of(spike));
    let button = button(inside)
        .width(Fill)
        .padding([10, 14])
        .style(theme::plain_button(chosen))
        .on_press(open);
    focus(name(spike), button).on_press(Some(open)).into()
}

/// What a line is called, so that it keeps the focus.
fn name(spike: &Spike) -> String {
    format!("spike-{}-{}", spike.uplink.unwrap_or(0), spike.from_ns)
}

/// How long it lasted: a number of seconds, or that one probe alone stood out.
pub fn length(spike: &Spike, words: &Words) -> String {
    if spike.sent <= 1 && spike.uplink.is_some() {
        return words.say(Key::SpikeOneProbe);
    }
    let seconds = spike.length_ns() as f64 / 1e9;
    let seconds = words.number(seconds.max(0.1), 1);
    words.tell(Key::SpikeLength, [("seconds", seconds.into())])
}

/// The time of day, or how long ago where that is not known.
pub fn when(model: &Model, spike: &Spike, words: &Words) -> String {
    let of_day = model.clock.of_day(spike.from_ns).map(chart::clock);
    of_day.unwrap_or_else(|| ago(model, spike, words))
}

/// How long ago it was.
pub fn ago(model: &Model, spike: &Spike, words: &Words) -> String {
    let now_ns = super::now_ns(model).max(spike.until_ns);
    speech::ago(now_ns - spike.from_ns, words)
}

/// One button for each who is blamed for any, and one for all; nothing where there is nothing to choose.
pub fn filter<'a>(
    blamed: &[Culprit],
    only: Option<Culprit>,
    words: &Words,
    room: Room,
) -> Option<Element<'a, Message>> {
    // All of them fit into one row of a small window.
    let (padding, gap, badge) = if room.is_compact() {
        (8.0, 6.0, 20.0)
    } else {
        (12.0, 8.0, 26.0)
    };
    if blamed.len() < 2 && only.is_none() {
        return None;
    }
    let all = parts::press(
        "only-all",
        words.say(Key::SpikesAll),
        only.is_none(),
        Some(Message::Only(None)),
    );
    let mut buttons: Vec<Element<'a, Message>> = vec![all.into()];
    for culprit in blame::ORDER {
        if !blamed.contains(&culprit) && only != Some(culprit) {
            continue;
        }
        let message = Message::Only(Some(culprit));
        let label = text(words.say(blame::who(culprit))).wrapping(text::Wrapping::None);
        let inside = row![blame::badge(culprit, badge), label]
            .spacing(gap)
            .align_y(Alignment::Center);
        let button = button(container(inside).center_y(Fill))
            .height(theme::TARGET)
            .padding([0.0, padding])
            .style(theme::plain_button(only == Some(culprit)))
            .on_press(message);
        let id = format!("only-{}", culprit.word());
        buttons.push(focus(id, button).on_press(Some(message)).into());
    }
    Some(
        row(buttons)
            .spacing(gap)
            .wrap()
            .vertical_spacing(gap)
            .into(),
    )
}
