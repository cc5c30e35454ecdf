//! The picture in words and numbers: how soon an uplink is left, how often it would have changed,
//! what new connections would have met.

use evenkeel_core::Factor;
use evenkeel_core::steer::reaction;

use super::{Course, Often, Picture};
use crate::ui::speech::duration;
use crate::words::{Key, Words};

/// From this share of lost probes on it is worth a word, in thousandths.
const NOTEWORTHY_PERMILLE: u32 = 5;

/// One number, what it is, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// What the number is.
    pub title: String,
    /// The number.
    pub value: String,
    /// What else there is to say.
    pub beside: String,
}

/// What the picture shows.
pub fn title(picture: &Picture, words: &Words) -> String {
    let values = [
        ("minutes", picture.minutes().into()),
        ("value", picture.drafted().into()),
    ];
    words.tell(Key::PreviewTitle, values)
}

/// What its axis means.
pub fn axis(picture: &Picture, words: &Words) -> String {
    words.say(match (picture.is_kernels(), picture.uplinks.len()) {
        (true, _) => Key::PreviewAxisKernel,
        (false, 1) => Key::PreviewAxisOne,
        (false, _) => Key::PreviewAxis,
    })
}

/// What its lines and bars are.
pub fn legend(picture: &Picture, words: &Words) -> String {
    let lines = if picture.is_settled() {
        words.say(Key::PreviewLegend)
    } else {
        let values = [
            ("new", picture.drafted().into()),
            ("old", picture.standing().into()),
        ];
        words.tell(Key::PreviewLegendBoth, values)
    };
    if picture.bars() == 0 {
        return lines;
    }
    format!("{lines} {}", words.say(Key::PreviewLegendBars))
}

/// What cannot be said of it, and why.
pub fn but(picture: &Picture, words: &Words) -> Option<String> {
    let key = match (picture.is_kernels(), picture.uplinks.len()) {
        (true, _) => Key::PreviewKernel,
        (false, 0 | 1) => Key::PreviewSingle,
        _ => return None,
    };
    Some(words.say(key))
}

/// How soon a sensitivity leaves an uplink that turned bad.
pub fn reacts(value: u32, words: &Words) -> Tile {
    let reaction = reaction(Factor::new(value.into()).unwrap_or_default());
    let jitter = duration(reaction.to_jitter_s, words);
    let loss = duration(reaction.to_loss_s, words);
    Tile {
        title: words.say(Key::ReactsTitle),
        value: words.tell(Key::ReactsAfter, [("jitter", jitter.into())]),
        beside: words.tell(Key::ReactsBeside, [("loss", loss.into())]),
    }
}

/// How often the uplink would have changed; `None` where there is nothing to change to, or the
/// kernel chooses.
pub fn changes(picture: &Picture, words: &Words) -> Option<Tile> {
    if picture.bars() == 0 {
        return None;
    }
    let title = words.say(Key::OftenTitle);
    let Often::Counted {
        changes,
        minutes,
        hourly,
    } = picture.draft.often()
    else {
        return Some(Tile {
            title,
            value: "–".to_owned(),
            beside: words.say(Key::OftenShort),
        });
    };
    let counted = words.tell(
        Key::OftenCounted,
        [("changes", changes.into()), ("minutes", minutes.into())],
    );
    let hourly = hourly.filter(|_| changes > 0);
    let settled = match hourly {
        Some(_) => counted.clone(),
        None if minutes < 10 => words.say(Key::OftenNotHourly),
        None => String::new(),
    };
    let value = hourly.map(|hourly| words.tell(Key::OftenHourly, [("hourly", hourly.into())]));
    let standing = [("changes", picture.in_force.changes.into())];
    Some(Tile {
        title,
        value: value.unwrap_or(counted),
        beside: if picture.is_settled() {
            settled
        } else {
            words.tell(Key::OftenInForce, standing)
        },
    })
}

/// What new connections would have met; `None` where nobody led for long enough to say.
pub fn met(picture: &Picture, words: &Words) -> Option<Tile> {
    if picture.bars() == 0 || picture.draft.often() == Often::TooShort {
        return None;
    }
    let p99 = |course: &Course| course.p99_ns.map(|ns| words.milliseconds(ns));
    let mut beside = Vec::new();
    if let Some(standing) = p99(&picture.in_force).filter(|_| !picture.is_settled()) {
        beside.push(words.tell(Key::MetInForce, [("ms", standing.into())]));
    }
    let lost = picture.draft.lost_permille;
    if lost >= NOTEWORTHY_PERMILLE {
        beside.push(words.tell(Key::MetLost, [("percent", words.percent(lost).into())]));
    }
    if beside.is_empty() {
        beside.push(words.say(Key::MetBeside));
    }
    Some(Tile {
        title: words.say(Key::MetTitle),
        value: p99(&picture.draft)?,
        beside: beside.join(" · "),
    })
}
