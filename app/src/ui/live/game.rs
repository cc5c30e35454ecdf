//! The game's own line on the Live screen: which program, whom it plays with, and its ping; where that
//! cannot be known, that it can't.

use iced::widget::{container, row, space, text};
use iced::{Alignment, Element, Fill};

use super::Message;
use super::marks::{Mark, mark};
use crate::ui::game::{Game, Ping};
use crate::ui::model::Model;
use crate::ui::parts::{Room, bold, quiet};
use crate::ui::theme;
use crate::words::{Key, Words};

/// What the line needs of the height of the page.
pub fn least(room: Room) -> f32 {
    if room.is_compact() { 28.0 } else { 56.0 }
}

/// The line in a card of its own; a small window has it below the graph.
pub fn card<'a>(model: &'a Model, words: &Words, room: Room) -> Option<Element<'a, Message>> {
    let game = model.game.as_ref().filter(|_| !room.is_compact())?;
    let card = container(line(game, words, room))
        .padding([9, 16])
        .width(Fill)
        .style(theme::card);
    Some(card.into())
}

/// The line below the graph, where the window is small.
pub fn below<'a>(model: &'a Model, words: &Words, room: Room) -> Option<Element<'a, Message>> {
    let game = model.game.as_ref().filter(|_| room.is_compact())?;
    Some(line(game, words, room))
}

fn line<'a>(game: &'a Game, words: &Words, room: Room) -> Element<'a, Message> {
    let compact = room.is_compact();
    let gap = if compact { 8 } else { 12 };
    let inside = row![mark(Mark::Game)]
        .spacing(gap)
        .align_y(Alignment::Center);
    match said(&game.name, game.ping(), words) {
        Said::Sentence(sentence) => inside.push(text(sentence).size(theme::SMALL).width(Fill)),
        Said::Figures { source, figures } => {
            let figures = text(figures.join(" · "))
                .size(theme::SMALL)
                .wrapping(text::Wrapping::None);
            let size = if compact { theme::SMALL } else { theme::BODY };
            // A small window has room for whom it plays with, but not for how that is known.
            let most = if compact { 1 } else { 2 };
            inside
                .push(bold(game.name.as_str(), size))
                .push(quiet(source[..most].join(" · ")))
                .push(space().width(Fill))
                .push(figures)
        }
    }
    .into()
}

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// One sentence about what can't be known.
    Sentence(String),
    /// Whom it plays with and how that is known, and the figures.
    Figures {
        source: [String; 2],
        figures: Vec<String>,
    },
}

fn said(name: &str, ping: Ping, words: &Words) -> Said {
    let game = || ("game", name.to_owned().into());
    let about = |key, peer: std::net::SocketAddr| {
        let values = [game(), ("peer", peer.to_string().into())];
        Said::Sentence(words.tell(key, values))
    };
    let time = |ns| words.milliseconds(ns).into();
    let now = |ns| words.tell(Key::GameLineNow, [("rtt", time(ns))]);
    let jitter = |ns| words.tell(Key::GameLineJitter, [("jitter", time(ns))]);
    match ping {
        Ping::Silent => Said::Sentence(words.tell(Key::GameLineSilent, [game()])),
        Ping::Unknown => Said::Sentence(words.tell(Key::GameLineUnknown, [game()])),
        Ping::Waiting(peer) => about(Key::GameLineWaiting, peer),
        Ping::Mute(peer) => about(Key::GameLineMute, peer),
        Ping::Asked {
            peer,
            rtt_ns,
            jitter_ns,
            loss_permille,
        } => {
            let lost = [("percent", words.percent(loss_permille).into())];
            let mut figures = vec![now(rtt_ns)];
            figures.extend(jitter_ns.map(jitter));
            figures.push(words.tell(Key::GameLineLost, lost));
            Said::Figures {
                source: [peer.to_string(), words.say(Key::GameLineUdp)],
                figures,
            }
        }
        Ping::Measured {
            peer,
            rtt_ns,
            jitter_ns,
            retransmits,
        } => {
            let again = [("count", retransmits.into())];
            let again = words.tell(Key::GameLineAgain, again);
            Said::Figures {
                source: [peer.to_string(), words.say(Key::GameLineTcp)],
                figures: vec![now(rtt_ns), jitter(jitter_ns), again],
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn what_can_be_known_is_told_in_figures_and_what_cannot_in_a_sentence() {
        let words = Words::new(Language::English);
        let peer = "198.51.100.4:27015".parse().unwrap();
        let measured = Ping::Measured {
            peer,
            rtt_ns: 21_400_000,
            jitter_ns: 900_000,
            retransmits: 2,
        };
        let expected = Said::Figures {
            source: ["198.51.100.4:27015".to_owned(), words.say(Key::GameLineTcp)],
            figures: ["21 ms now", "0.9 ms jitter", "2 sent again"]
                .map(str::to_owned)
                .to_vec(),
        };
        assert_eq!(said("game", measured, &words), expected);
        let asked = Ping::Asked {
            peer,
            rtt_ns: 31_000_000,
            jitter_ns: None,
            loss_permille: 50,
        };
        let Said::Figures { figures, .. } = said("game", asked, &words) else {
            panic!("no figures");
        };
        assert_eq!(figures, ["31 ms now", "5% lost"]);
        for language in Language::ALL {
            let words = Words::new(language);
            for ping in [
                Ping::Silent,
                Ping::Unknown,
                Ping::Waiting(peer),
                Ping::Mute(peer),
            ] {
                let Said::Sentence(told) = said("game", ping, &words) else {
                    panic!("{ping:?}");
                };
                assert!(told.contains("game"), "{told}");
            }
        }
    }
}
