//! After our routes were applied: do the gateways and the anchors still answer, the way that
//! programs' packets go now?
//!
//! A probe bound to an interface says little about routes. So the question is asked as programs ask
//! it: from a socket bound to the uplink's address, which our source rules send on, and from one
//! bound to nothing, which goes where new flows go. It judges no quality, and undoing is the
//! caller's: [`confirm`] only says what stopped answering.

mod asking;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use evenkeel_dbus::limits::MAX_UPLINKS;
use tokio::time::{Instant, timeout_at};

use asking::{Asked, all_settled};

/// The most questions asked at once: one for each uplink and family. More are not asked.
pub const MAX_QUESTIONS: usize = 2 * MAX_UPLINKS;
/// How often each is asked: so often that a path that loses every second packet is heard.
const ROUNDS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(500);
/// When the last answer counts. With what undoing takes, all is over in 5 s.
const LIMIT: Duration = Duration::from_millis(3300);
/// The most sockets open at once. Who finds no room is not asked, and so nothing is held against it.
const MAX_SOCKETS: usize = 96;

const _: () = assert!(PAUSE.as_millis() as u64 * (ROUNDS as u64 - 1) < LIMIT.as_millis() as u64);

/// One uplink in one family, as it is after our routes were applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The kernel's index of the interface. 0 is no interface; nothing is asked then.
    pub ifindex: u32,
    /// Its name, for people.
    pub name: String,
    /// Our address on it, which a source rule sends on.
    pub source: IpAddr,
    /// Its gateway.
    pub gateway: IpAddr,
    /// The address on the internet that the sampler probes.
    pub anchor: IpAddr,
    /// Whether the anchor answered the sampler through this uplink just before.
    pub answered_before: bool,
    /// Whether new flows go there now.
    pub is_target: bool,
}

/// Who did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The uplink's gateway.
    Gateway,
    /// The address on the internet.
    Anchor,
}

/// Which way it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the uplink's address, by our source rule and table.
    SourceRule,
    /// As a new flow goes, by the default route.
    NewFlow,
}

/// Somebody who answered before, or answers still if the interface is chosen by hand, and does not
/// answer through our routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The kernel's index of the uplink.
    pub ifindex: u32,
    /// The uplink's name.
    pub name: String,
    /// Our address there.
    pub source: IpAddr,
    /// Who.
    pub peer: Peer,
    /// Whose address this is.
    pub address: IpAddr,
    /// Asked how.
    pub way: Way,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            source,
            address,
            ..
        } = self;
        let peer = match self.peer {
            Peer::Gateway => "gateway",
            Peer::Anchor => "anchor",
        };
        match self.way {
            Way::SourceRule => write!(
                f,
                "the {peer} {address} does not answer {source} through {name} any more"
            ),
            Way::NewFlow => write!(
                f,
                "the {peer} {address} does not answer new connections, which go through {name} now"
            ),
        }
    }
}

impl std::error::Error for Unanswered {}

/// What asking one peer one way has told so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It was not asked, or could not be: no fitting socket is allowed, or there is no such address.
    Nothing,
    /// It was asked and did not answer.
    Silence,
    /// It answered.
    Answer,
}

/// All that was heard about one [`Question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    gateway_by_rule: Told,
    anchor_by_rule: Told,
    anchor_as_new_flow: Told,
    /// Bound to the interface, past rules if not past all routes.
    gateway_by_interface: Told,
    anchor_by_interface: Told,
}

impl Question {
    /// What is held against our routes, if anything is.
    fn judge(&self, heard: Heard) -> Option<Unanswered> {
        let gateway_can = heard.gateway_by_interface == Told::Answer;
        // Our default is among the routes of a socket bound to the interface, too. If it is wrong,
        // that one falls silent as well, and only what was heard before speaks against us.
        let anchor_can = heard.anchor_by_interface == Told::Answer || self.answered_before;
        let (gateway, anchor) = (self.gateway, self.anchor);
        [
            (
                gateway_can,
                heard.gateway_by_rule,
                Peer::Gateway,
                gateway,
                Way::SourceRule,
            ),
            (
                anchor_can,
                heard.anchor_by_rule,
                Peer::Anchor,
                anchor,
                Way::SourceRule,
            ),
            (
                anchor_can,
                heard.anchor_as_new_flow,
                Peer::Anchor,
                anchor,
                Way::NewFlow,
            ),
        ]
        .into_iter()
        .find(|&(can, told, ..)| can && told == Told::Silence)
        .map(|(_, _, peer, address, way)| Unanswered {
            ifindex: self.ifindex,
            name: self.name.clone(),
            source: self.source,
            peer,
            address,
            way,
        })
    }
}

/// Asks all `questions` at once, at most [`MAX_QUESTIONS`], and returns as soon as all have answered;
/// after 3.3 s at the latest. Safe to cancel: a dropped future leaves nothing open.
///
/// Gateways are asked by ICMP echo, anchors also by connecting to `tcp_port` (0: not so), where echo
/// goes unanswered or is not allowed. Where nothing can be told, nothing is held against our routes:
/// a gateway that never answers echo is no reason to undo them. A link-local gateway is not asked,
/// because no rule can send such a packet elsewhere.
///
/// # Errors
///
/// [`Unanswered`], about the first question for which it holds.
pub async fn confirm(questions: Vec<Question>, tcp_port: u16) -> Result<(), Unanswered> {
    let mut asked: Vec<Asked> = questions
        .into_iter()
        .take(MAX_QUESTIONS)
        .filter_map(|question| Asked::new(question, tcp_port))
        .collect();
    let start = Instant::now();
    for round in 0..ROUNDS {
        ask_all(&mut asked, round);
        let until = if round + 1 < ROUNDS {
            start + PAUSE * (round + 1)
        } else {
            start + LIMIT
        };
        if timeout_at(until, all_settled(&mut asked)).await.is_ok() {
            return Ok(());
        }
    }
    let verdict = |one: &Asked| one.question.judge(one.heard());
    asked.iter().find_map(verdict).map_or(Ok(()), Err)
}

/// Sends one round of probes. What is compared with is asked only for those who did not answer at
/// once: as a rule nobody.
fn ask_all(asked: &mut [Asked], round: u32) {
    let open: usize = asked.iter().map(Asked::sockets).sum();
    let mut room = MAX_SOCKETS.saturating_sub(open);
    for one in asked.iter_mut() {
        one.ask_new_state(round, &mut room);
    }
    if round > 0 {
        for one in asked.iter_mut() {
            one.ask_interface(round, &mut room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_WELL: Heard = Heard {
        gateway_by_rule: Told::Answer,
        anchor_by_rule: Told::Answer,
        anchor_as_new_flow: Told::Answer,
        gateway_by_interface: Told::Nothing,
        anchor_by_interface: Told::Nothing,
    };

    fn question(answered_before: bool) -> Question {
        Question {
            ifindex: 2,
            name: "wifi0".to_owned(),
            source: "10.1.0.2".parse().unwrap(),
            gateway: "10.1.0.1".parse().unwrap(),
            anchor: "9.9.9.9".parse().unwrap(),
            answered_before,
            is_target: true,
        }
    }

    fn verdict(answered_before: bool, heard: Heard) -> String {
        question(answered_before)
            .judge(heard)
            .map(|unanswered| unanswered.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn answers_are_enough_whatever_was_before() {
        assert_eq!(verdict(true, ALL_WELL), "");
        assert_eq!(verdict(false, ALL_WELL), "");
    }

    #[test]
    fn silence_counts_only_against_an_answer_by_the_interface() {
        let mut heard = Heard {
            gateway_by_rule: Told::Silence,
            ..ALL_WELL
        };
        for nothing_told in [Told::Nothing, Told::Silence] {
            heard.gateway_by_interface = nothing_told;
            assert_eq!(verdict(true, heard), "", "a gateway was not asked before");
        }
        heard.gateway_by_interface = Told::Answer;
        assert_eq!(
            verdict(false, heard),
            "the gateway 10.1.0.1 does not answer 10.1.0.2 through wifi0 any more"
        );
    }

    #[test]
    fn an_anchor_that_answered_before_must_answer_now() {
        let heard = Heard {
            anchor_by_rule: Told::Silence,
            anchor_by_interface: Told::Silence,
            ..ALL_WELL
        };
        assert_eq!(verdict(false, heard), "");
        assert_eq!(
            verdict(true, heard),
            "the anchor 9.9.9.9 does not answer 10.1.0.2 through wifi0 any more"
        );
        let heard = Heard {
            anchor_as_new_flow: Told::Silence,
            ..ALL_WELL
        };
        assert_eq!(
            verdict(true, heard),
            "the anchor 9.9.9.9 does not answer new connections, which go through wifi0 now"
        );
    }

    #[test]
    fn what_could_not_be_asked_is_not_silent() {
        let heard = Heard {
            gateway_by_rule: Told::Nothing,
            anchor_by_rule: Told::Nothing,
            anchor_as_new_flow: Told::Nothing,
            gateway_by_interface: Told::Answer,
            anchor_by_interface: Told::Answer,
        };
        assert_eq!(verdict(true, heard), "");
    }
}
