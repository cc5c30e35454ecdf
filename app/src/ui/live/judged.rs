//! The first thing to read: whether the network is the problem, in plain words.

use iced::Element;
use iced::widget::{column, row, text};

use crate::ui::model::Model;
use crate::ui::theme::{self, Ink};
use crate::ui::verdict::{Level, Standing, Trouble, Verdict};
use crate::words::{Key, Words};

/// What there is to say in letters of this size, with a mark whose shape says as much as its colour; the
/// figures below it where they are to be smaller, else behind it.
pub fn view<'a, Message: 'a>(model: &Model, words: &Words, size: f32) -> Element<'a, Message> {
    let (mark, ink) = match model.verdict {
        Verdict::Listening | Verdict::Resting => ("○", Ink::Quiet),
        verdict => match verdict.level() {
            Level::Calm => ("●", Ink::Good),
            Level::Uneasy => ("◆", Ink::Warn),
            Level::Bad => ("▼", Ink::Bad),
        },
    };
    let (headline, figures) = if size > theme::BODY {
        let (headline, figures) = said(model, words);
        (headline, figures.map(text))
    } else {
        (sentence(model, words), None)
    };
    let headline = row![
        text(mark).size(size).style(theme::ink(ink)),
        text(headline).size(size).font(theme::BOLD),
    ]
    .spacing(size / 2.0);
    column![headline].push(figures).spacing(2).into()
}

/// All of it in one line.
fn sentence(model: &Model, words: &Words) -> String {
    match said(model, words) {
        (headline, Some(figures)) => format!("{headline} {figures}"),
        (headline, None) => headline,
    }
}

/// What is to be seen first, and the figures behind it.
pub fn said(model: &Model, words: &Words) -> (String, Option<String>) {
    let plain = |key| (words.say(key), None);
    match model.verdict {
        Verdict::Listening => plain(Key::VerdictListening),
        Verdict::Resting => plain(Key::VerdictResting),
        Verdict::Calm if model.tracks.len() == 1 => plain(Key::VerdictCalmOne),
        Verdict::Calm => plain(Key::VerdictCalm),
        Verdict::Nothing => plain(Key::VerdictNothing),
        Verdict::Avoided(ifindex, standing) => {
            let (trouble, figures) = trouble(model, ifindex, standing, words);
            let trouble = ("trouble", trouble.into());
            let beside = match figures {
                Some(figures) => {
                    words.tell(Key::VerdictAlso, [trouble, ("figures", figures.into())])
                }
                None => words.tell(Key::VerdictTrouble, [trouble]),
            };
            (words.say(Key::VerdictAvoided), Some(beside))
        }
        Verdict::Trouble(ifindex, standing, calm) => {
            let (trouble, figures) = trouble(model, ifindex, standing, words);
            let headline = words.tell(Key::VerdictTrouble, [("trouble", trouble.into())]);
            let figures = figures.map(|figures| {
                let figures = [("figures", figures.into())];
                words.tell(Key::VerdictFigures, figures)
            });
            let calm = calm.map(|calm| {
                let name = name(model, calm, words);
                words.tell(Key::VerdictOtherCalm, [("calm", name.into())])
            });
            let beside: Vec<String> = figures.into_iter().chain(calm).collect();
            (headline, (!beside.is_empty()).then(|| beside.join(" ")))
        }
    }
}

/// "Wi-Fi is jumping", and "14 ms jitter, 0.4 % lost" where there are figures.
fn trouble(
    model: &Model,
    ifindex: u32,
    standing: Standing,
    words: &Words,
) -> (String, Option<String>) {
    let uplink = || [("uplink", name(model, ifindex, words).into())];
    let Some(track) = model.track(ifindex) else {
        return (String::new(), None);
    };
    let figures = &track.figures;
    let jitter = || words.milliseconds(figures.jitter_ns.unwrap_or(0)).into();
    let loss = || words.percent(figures.loss_permille.unwrap_or(0)).into();
    let swing = || {
        let values = [("jitter", jitter()), ("loss", loss())];
        words.tell(Key::TroubleJitter, values)
    };
    match (standing.trouble, standing.level) {
        (Some(Trouble::Silent), _) => (words.tell(Key::TroubleSilent, uplink()), None),
        (Some(Trouble::Loss), _) => {
            let values = [("jitter", jitter()), ("loss", loss())];
            let lost = words.tell(Key::TroubleLost, values);
            (words.tell(Key::TroubleLoss, uplink()), Some(lost))
        }
        (Some(Trouble::Slow), _) => {
            let rtt = words.milliseconds(figures.rtt_ns.unwrap_or(0));
            let rtt = words.tell(Key::TroubleRtt, [("rtt", rtt.into())]);
            (words.tell(Key::TroubleSlow, uplink()), Some(rtt))
        }
        (_, Level::Bad) => (words.tell(Key::TroubleJumps, uplink()), Some(swing())),
        _ => (words.tell(Key::TroubleUnsteady, uplink()), Some(swing())),
    }
}

fn name(model: &Model, ifindex: u32, words: &Words) -> String {
    let track = model.track(ifindex);
    track.map_or_else(String::new, |track| model.name(track, words))
}
