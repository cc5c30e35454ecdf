//! Confirming against the real kernel: two uplinks, their routers and an anchor, in namespaces made
//! for each test, and source rules and tables that are right or wrong.
//!
//! Needs root, `ip` (iproute2), `nft` (nftables), `ping` and `sysctl`; a test without them fails.
#![cfg(test)]

mod net;

use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use evenkeeld::confirm::{Question, confirm};
use net::{ANCHOR_V4, ANCHOR_V6, Net, open_sockets};

/// Nobody listens there unless a test does. A refusal is an answer, too.
const PORT: u16 = 443;
const GOOD: &str = "";

/// What is wrong about the new state; empty if it is confirmed.
fn verdict(net: &Net, questions: &[Question]) -> String {
    let questions = questions.to_vec();
    net.near(async || {
        let outcome = confirm(questions, PORT).await;
        assert_eq!(open_sockets(), 0, "a socket stayed open");
        outcome.map_err(|unanswered| unanswered.to_string())
    })
    .err()
    .unwrap_or_default()
}

/// The questions about both uplinks in IPv4; new flows go to the first.
fn v4(net: &Net) -> Vec<Question> {
    [1, 2]
        .map(|number| {
            let gateway = format!("10.{number}.0.1");
            question(
                net,
                number,
                &format!("10.{number}.0.2"),
                &gateway,
                ANCHOR_V4,
            )
        })
        .into()
}

fn v6(net: &Net, gateway: &str) -> Vec<Question> {
    [1, 2]
        .map(|number| {
            let (source, gateway) = (
                format!("fd0{number}::2"),
                gateway.replace('N', &number.to_string()),
            );
            question(net, number, &source, &gateway, ANCHOR_V6)
        })
        .into()
}

fn question(net: &Net, number: u32, source: &str, gateway: &str, anchor: &str) -> Question {
    let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
    let name = ["wifi0", "usb0"][number as usize - 1];
    Question {
        ifindex: net.ifindex(name),
        name: name.to_owned(),
        source: ip(source),
        gateway: ip(gateway),
        anchor: ip(anchor),
        answered_before: true,
        is_target: number == 1,
    }
}

#[test]
fn a_good_state_is_confirmed_in_both_families() {
    let net = Net::new();
    net.apply();
    let questions = [v4(&net), v6(&net, "fd0N::1")].concat();
    assert_eq!(verdict(&net, &questions), GOOD);
}

#[test]
fn link_local_gateways_are_no_obstacle() {
    let net = Net::new();
    net.apply();
    for (number, name) in [(1, "wifi0"), (2, "usb0")] {
        net.ip(&format!(
            "-6 route replace default via fe80::{number} dev {name} table 770{number}"
        ));
    }
    assert_eq!(verdict(&net, &v6(&net, "fe80::N")), GOOD);
}

#[test]
fn a_raw_socket_does_where_datagram_sockets_are_forbidden() {
    let net = Net::new();
    net.apply();
    net.sysctl("net.ipv4.ping_group_range=1 0");
    assert_eq!(verdict(&net, &v4(&net)), GOOD);
    net.ip("route replace default via 10.2.0.9 dev usb0 table 7702");
    assert_eq!(
        verdict(&net, &v4(&net)),
        "the gateway 10.2.0.1 does not answer 10.2.0.2 through usb0 any more"
    );
}

#[test]
fn a_source_table_that_leads_nowhere_is_found_by_its_gateway() {
    let net = Net::new();
    net.apply();
    net.ip("route replace default via 10.2.0.9 dev usb0 table 7702");
    for answered_before in [true, false] {
        let mut questions = v4(&net);
        questions[1].answered_before = answered_before;
        assert_eq!(
            verdict(&net, &questions),
            "the gateway 10.2.0.1 does not answer 10.2.0.2 through usb0 any more"
        );
    }
    net.ip("-6 route replace prohibit default table 7702");
    assert_eq!(
        verdict(&net, &v6(&net, "fd0N::1")),
        "the gateway fd02::1 does not answer fd02::2 through usb0 any more"
    );
}

#[test]
fn a_source_table_that_leads_nowhere_is_found_by_the_anchor() {
    let net = Net::new();
    net.apply();
    net.ip("route replace default via 10.2.0.9 dev usb0 table 7702");
    net.ip("route add 10.2.0.0/24 dev usb0 table 7702");
    let mut questions = v4(&net);
    questions[1].answered_before = false;
    assert_eq!(
        verdict(&net, &questions),
        "the anchor 203.0.113.1 does not answer 10.2.0.2 through usb0 any more"
    );
}

#[test]
fn a_default_that_leads_nowhere_is_found_by_a_new_flow() {
    let net = Net::new();
    net.apply();
    let sentence =
        "the anchor 203.0.113.1 does not answer new connections, which go through wifi0 now";
    let mut questions = v4(&net);
    for question in &mut questions {
        question.answered_before = false;
    }
    // In the way of a socket bound to the interface, too, and not in that of a connection.
    net.ip("route replace default via 10.1.0.9 dev wifi0 metric 50");
    assert_eq!(verdict(&net, &questions), sentence);
    net.ip("route del default metric 50");
    net.ip("route add default via 10.2.0.9 dev usb0 metric 50");
    assert_eq!(verdict(&net, &questions), sentence);
}

#[test]
fn a_gateway_that_never_answers_is_no_reason_to_undo() {
    let net = Net::new();
    net.apply();
    net.far_drops("ip daddr 10.1.0.1 meta l4proto icmp");
    assert_eq!(verdict(&net, &v4(&net)), GOOD);
}

#[test]
fn an_anchor_that_answers_no_echo_is_asked_by_tcp() {
    let net = Net::new();
    net.apply();
    net.far_drops("ip daddr 203.0.113.1 meta l4proto icmp");
    let listener = net.far(|| TcpListener::bind((ANCHOR_V4, PORT)).unwrap());
    let mut questions = v4(&net);
    for question in &mut questions {
        question.answered_before = false;
    }
    assert_eq!(verdict(&net, &questions), GOOD);
    net.ip("route replace default via 10.2.0.9 dev usb0 table 7702");
    net.ip("route add 10.2.0.0/24 dev usb0 table 7702");
    // A connection bound to the interface goes by the source's table as well.
    assert_eq!(
        verdict(&net, &questions),
        GOOD,
        "nothing tells that it ever worked"
    );
    questions[1].answered_before = true;
    assert_eq!(
        verdict(&net, &questions),
        "the anchor 203.0.113.1 does not answer 10.2.0.2 through usb0 any more"
    );
    drop(listener);
}

#[test]
fn silence_everywhere_tells_nothing_unless_the_anchor_answered_before() {
    let net = Net::new();
    net.apply();
    net.far_drops("meta l4proto { icmp, tcp }");
    let mut questions = v4(&net);
    for question in &mut questions {
        question.answered_before = false;
    }
    assert_eq!(verdict(&net, &questions), GOOD);
    questions[1].answered_before = true;
    assert_eq!(
        verdict(&net, &questions),
        "the anchor 203.0.113.1 does not answer 10.2.0.2 through usb0 any more"
    );
}

#[test]
fn what_is_gone_is_not_asked() {
    let net = Net::new();
    net.apply();
    let mut questions = v4(&net);
    net.ip("addr del 10.2.0.2/24 dev usb0");
    questions[0].ifindex = 0;
    assert_eq!(verdict(&net, &questions), GOOD);
    questions[0].ifindex = 4_000_000;
    assert_eq!(verdict(&net, &questions), GOOD);
    assert_eq!(verdict(&net, &[]), GOOD);
}

#[test]
fn giving_up_leaves_no_socket_open() {
    let net = Net::new();
    net.apply();
    net.far_drops("meta l4proto { icmp, tcp }");
    let questions = v4(&net);
    net.near(async || {
        let mut asking = Box::pin(confirm(questions, PORT));
        let pause = Duration::from_millis(100);
        while open_sockets() == 0 {
            assert!(tokio::time::timeout(pause, &mut asking).await.is_err());
        }
        drop(asking);
        assert_eq!(open_sockets(), 0);
    });
}
