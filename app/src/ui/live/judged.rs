//! The line above the cards: whether the network is the problem, in plain words.

use iced::widget::{row, text};
use iced::{Alignment, Element};

use super::Message;
use crate::ui::model::Model;
use crate::ui::parts::Room;
use crate::ui::theme::{self, Ink};
use crate::ui::verdict::{Level, Standing, Trouble, Verdict};
use crate::words::{Key, Words};

/// The line, with a mark whose shape says as much as its colour.
pub fn view<'a>(model: &Model, words: &Words, room: Room) -> Element<'a, Message> {
    let (mark, ink) = match model.verdict {
        Verdict::Listening | Verdict::Resting => ("○", Ink::Quiet),
        verdict => match verdict.level() {
            Level::Calm => ("●", Ink::Good),
            Level::Uneasy => ("◆", Ink::Warn),
            Level::Bad => ("▼", Ink::Bad),
        },
    };
    let size = if room.is_compact() {
        theme::BODY
    } else {
        theme::HEADING
    };
    let said = sentence(model, words);
    row![
        text(mark).size(size).style(theme::ink(ink)),
        text(said).size(size).font(theme::BOLD),
    ]
    .spacing(8)
    .align_y(Alignment::Center)
    .into()
}

/// The sentence.
pub fn sentence(model: &Model, words: &Words) -> String {
    let name = |ifindex: u32| {
        let track = model.track(ifindex);
        track.map_or_else(String::new, |track| model.name(track, words))
    };
    match model.verdict {
        Verdict::Listening => words.say(Key::VerdictListening),
        Verdict::Resting => words.say(Key::VerdictResting),
        Verdict::Calm if model.tracks.len() == 1 => words.say(Key::VerdictCalmOne),
        Verdict::Calm => words.say(Key::VerdictCalm),
        Verdict::Nothing => words.say(Key::VerdictNothing),
        Verdict::Avoided(ifindex, standing) => {
            let trouble = trouble(model, ifindex, standing, words);
            words.tell(Key::VerdictAvoided, [("trouble", trouble.into())])
        }
        Verdict::Trouble(ifindex, standing, calm) => {
            let trouble = trouble(model, ifindex, standing, words);
            let Some(calm) = calm else {
                return words.tell(Key::VerdictTrouble, [("trouble", trouble.into())]);
            };
            let values = [("trouble", trouble.into()), ("calm", name(calm).into())];
            words.tell(Key::VerdictTroubleCalm, values)
        }
    }
}

/// "Wi-Fi is jumping: 14 ms jitter, 0.4 % lost".
fn trouble(model: &Model, ifindex: u32, standing: Standing, words: &Words) -> String {
    let Some(track) = model.track(ifindex) else {
        return String::new();
    };
    let key = match (standing.trouble, standing.level) {
        (Some(Trouble::Silent), _) => Key::TroubleSilent,
        (Some(Trouble::Loss), _) => Key::TroubleLoss,
        (Some(Trouble::Slow), _) => Key::TroubleSlow,
        (_, Level::Bad) => Key::TroubleJumps,
        _ => Key::TroubleUnsteady,
    };
    let uplink = ("uplink", model.name(track, words).into());
    let rtt = words.milliseconds(track.figures.rtt_ns.unwrap_or(0));
    match key {
        Key::TroubleSilent => words.tell(key, [uplink]),
        Key::TroubleSlow => words.tell(key, [uplink, ("rtt", rtt.into())]),
        _ => {
            let figures = &track.figures;
            let jitter = words.milliseconds(figures.jitter_ns.unwrap_or(0));
            let loss = words.percent(figures.loss_permille.unwrap_or(0));
            let values = [uplink, ("jitter", jitter.into()), ("loss", loss.into())];
            words.tell(key, values)
        }
    }
}
