//! After our routes were applied: do the gateways and the anchors still answer, the way that
//! programs' packets go now?
//!
//! A probe bound to an interface says little about routes. So the question is asked as programs ask
//! it: from a socket bound to the uplink's address, which our source rules send on, and from one
//! bound to nothing, which goes where new flows go. It judges no quality, and undoing is the
//! caller's: [`confirm`] only says what stopped answering.

mod asking;
pub mod inquiry;

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

/// What asking one peer one way by one kind of probe has told so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Told {
    /// It was not asked, or could not be: no fitting socket is allowed, or there is no such address.
    #[default]
    Nothing,
    /// It was asked and did not answer.
    Silence,
    /// It answered.
    Answer,
}

/// The same by both kinds of probes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Answers {
    icmp: Told,
    tcp: Told,
}

impl Answers {
    fn any(self) -> bool {
        self.icmp == Told::Answer || self.tcp == Told::Answer
    }

    /// Whether this is a loss, for a peer that can be reached: by ICMP, or by one kind or another.
    fn is_lost(self, by_icmp: bool, by_any: bool) -> bool {
        match self.icmp {
            // A connection's second look at the routes is by its source address, on the table of our
            // source rule. So it can succeed where the default leads nowhere, and excuses nothing.
            Told::Silence if by_icmp => true,
            Told::Silence => by_any && self.tcp != Told::Answer,
            Told::Nothing => by_any && self.tcp == Told::Silence,
            Told::Answer => false,
        }
    }
}

/// All that was heard about one [`Question`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Heard {
    gateway_by_rule: Answers,
    anchor_by_rule: Answers,
    anchor_as_new_flow: Answers,
    /// Bound to the interface. Past the source rules goes only ICMP, and past our default nothing
    /// that is not on the link.
    gateway_by_interface: Answers,
    anchor_by_interface: Answers,
}

impl Question {
    /// Whether it asks the same peers from the same address, wherever new flows go.
    fn asks_as(&self, other: &Self) -> bool {
        let peers = |one: &Self| (one.ifindex, one.source, one.gateway, one.anchor);
        peers(self) == peers(other)
    }

    /// What is held against our routes, if anything is.
    fn judge(&self, heard: Heard) -> Option<Unanswered> {
        let gateway_can = heard.gateway_by_interface.any();
        let anchor_can_icmp = heard.anchor_by_interface.icmp == Told::Answer;
        // Where our own routes are in the way of the comparison, too, only what was heard before
        // speaks against them.
        let anchor_can = heard.anchor_by_interface.any() || self.answered_before;
        let new_flows_can_icmp = anchor_can_icmp || heard.anchor_by_rule.icmp == Told::Answer;
        let new_flows_can = anchor_can || heard.anchor_by_rule.any();
        let gateway = heard.gateway_by_rule.is_lost(gateway_can, gateway_can);
        let anchor = heard.anchor_by_rule.is_lost(anchor_can_icmp, anchor_can);
        let new_flow = heard
            .anchor_as_new_flow
            .is_lost(new_flows_can_icmp, new_flows_can);
        [
            (gateway, Peer::Gateway, self.gateway, Way::SourceRule),
            (anchor, Peer::Anchor, self.anchor, Way::SourceRule),
            (new_flow, Peer::Anchor, self.anchor, Way::NewFlow),
        ]
        .into_iter()
        .find(|(is_lost, ..)| *is_lost)
        .map(|(_, peer, address, way)| Unanswered {
            ifindex: self.ifindex,
            name: self.name.clone(),
            source: self.source,
            peer,
            address,
            way,
        })
    }
}

/// Asks all `questions` at once, at most [`MAX_QUESTIONS`], and returns as soon as all have answered
/// ICMP echo; after 3.3 s at the latest. Safe to cancel: a dropped future leaves nothing open.
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

    const ANSWER: Answers = Answers {
        icmp: Told::Answer,
        tcp: Told::Nothing,
    };
    const SILENCE: Answers = Answers {
        icmp: Told::Silence,
        tcp: Told::Silence,
    };
    const NOTHING: Answers = Answers {
        icmp: Told::Nothing,
        tcp: Told::Nothing,
    };
    const TCP_ALONE: Answers = Answers {
        icmp: Told::Silence,
        tcp: Told::Answer,
    };
    const ALL_WELL: Heard = Heard {
        gateway_by_rule: ANSWER,
        anchor_by_rule: ANSWER,
        anchor_as_new_flow: ANSWER,
        gateway_by_interface: NOTHING,
        anchor_by_interface: NOTHING,
    };
    const ANCHOR_LOST: &str = "the anchor 9.9.9.9 does not answer 10.1.0.2 through wifi0 any more";
    const NEW_FLOW_LOST: &str =
        "the anchor 9.9.9.9 does not answer new connections, which go through wifi0 now";

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
            gateway_by_rule: SILENCE,
            ..ALL_WELL
        };
        for nothing_told in [NOTHING, SILENCE] {
            heard.gateway_by_interface = nothing_told;
            assert_eq!(verdict(true, heard), "", "a gateway was not asked before");
        }
        heard.gateway_by_interface = ANSWER;
        assert_eq!(
            verdict(false, heard),
            "the gateway 10.1.0.1 does not answer 10.1.0.2 through wifi0 any more"
        );
    }

    #[test]
    fn an_anchor_that_answered_before_must_answer_now() {
        let heard = Heard {
            anchor_by_rule: SILENCE,
            anchor_by_interface: SILENCE,
            ..ALL_WELL
        };
        assert_eq!(verdict(false, heard), "");
        assert_eq!(verdict(true, heard), ANCHOR_LOST);
    }

    #[test]
    fn what_answers_by_the_source_rule_must_answer_new_flows() {
        let heard = Heard {
            anchor_as_new_flow: SILENCE,
            ..ALL_WELL
        };
        assert_eq!(verdict(false, heard), NEW_FLOW_LOST);
        let heard = Heard {
            anchor_as_new_flow: TCP_ALONE,
            ..ALL_WELL
        };
        assert_eq!(verdict(false, heard), NEW_FLOW_LOST);
    }

    #[test]
    fn connections_are_enough_where_echo_is_not_answered() {
        let mut heard = Heard {
            anchor_by_rule: TCP_ALONE,
            anchor_as_new_flow: TCP_ALONE,
            anchor_by_interface: TCP_ALONE,
            ..ALL_WELL
        };
        assert_eq!(verdict(true, heard), "");
        heard.anchor_by_rule = SILENCE;
        assert_eq!(verdict(false, heard), ANCHOR_LOST);
    }

    #[test]
    fn what_could_not_be_asked_is_not_silent() {
        let heard = Heard {
            gateway_by_rule: NOTHING,
            anchor_by_rule: NOTHING,
            anchor_as_new_flow: NOTHING,
            gateway_by_interface: ANSWER,
            anchor_by_interface: ANSWER,
        };
        assert_eq!(verdict(true, heard), "");
    }
}
