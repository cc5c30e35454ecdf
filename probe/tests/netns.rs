//! Probes between real network namespaces: each kind of socket, losses, filters, and links that go away.

#![allow(
    clippy::unwrap_used,
    reason = "in a test a surprise should end the test"
)]

mod common;

use std::net::{IpAddr, TcpListener};
use std::num::NonZeroU32;
use std::time::Duration;

use common::{FAR_V4, FAR_V6, LINK, NEAR_V4, Pair, run};
use evenkeel_probe::{
    Clock, Config, Event, Exit, Method, ProbeError, Prober, Reply, SendError, Transport, Why,
    next_event,
};

fn config(ifindex: NonZeroU32, target: &str, method: Method) -> Config {
    Config {
        method,
        ..Config::new(ifindex, target.parse().unwrap())
    }
}

async fn answered(prober: &mut Prober) -> Reply {
    let seq = prober.send().unwrap();
    match prober.event().await {
        Event::Reply(reply) if reply.seq == seq => reply,
        other => panic!("probe {seq} was not answered: {other:?}"),
    }
}

/// Sends until the prober's transport is `wanted`, for at most 60 rounds.
async fn until(prober: &mut Prober, wanted: Transport) {
    for _ in 0..60 {
        if prober.method().transport == wanted {
            return;
        }
        prober.send().unwrap();
        let _ = prober.event().await;
    }
    panic!("still {}", prober.method());
}

fn all_answered_by_the_kernels_clock(
    method: Method,
    target: &'static str,
    transport: Transport,
    why: Why,
) {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, target, method)).unwrap();
        assert_eq!(
            (prober.method().transport, prober.method().why),
            (transport, why)
        );
        for seq in 0..20 {
            let reply = answered(&mut prober).await;
            assert_eq!(
                (reply.seq, reply.clock, reply.transport),
                (seq, Clock::Kernel, transport)
            );
            assert!(reply.rtt_ns > 0);
        }
        assert_eq!(prober.counters(), evenkeel_probe::Counters::default());
    });
}

#[test]
fn v4_datagram_probes_are_timed_by_the_kernel() {
    all_answered_by_the_kernels_clock(
        Method::Icmp,
        FAR_V4,
        Transport::IcmpDatagram,
        Why::Preferred,
    );
}

#[test]
fn v6_datagram_probes_are_timed_by_the_kernel() {
    all_answered_by_the_kernels_clock(
        Method::Icmp,
        FAR_V6,
        Transport::IcmpDatagram,
        Why::Preferred,
    );
}

#[test]
fn v4_raw_probes_are_timed_by_the_kernel() {
    all_answered_by_the_kernels_clock(Method::IcmpRaw, FAR_V4, Transport::IcmpRaw, Why::Requested);
}

#[test]
fn v6_raw_probes_are_timed_by_the_kernel() {
    all_answered_by_the_kernels_clock(Method::IcmpRaw, FAR_V6, Transport::IcmpRaw, Why::Requested);
}

#[test]
fn a_raw_socket_takes_over_where_ping_group_range_forbids_datagrams() {
    let pair = Pair::new();
    pair.near_sysctl("net.ipv4.ping_group_range=1 0");
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(Config::new(ifindex, FAR_V4.parse().unwrap())).unwrap();
        assert_eq!(prober.method().transport, Transport::IcmpRaw);
        assert_eq!(prober.method().why, Why::DatagramForbidden);
        assert_eq!(answered(&mut prober).await.clock, Clock::Kernel);
    });
}

#[test]
fn raw_probers_and_ping_do_not_take_each_others_replies() {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        let open = |_| Prober::open(config(ifindex, FAR_V4, Method::IcmpRaw)).unwrap();
        let mut probers: Vec<Prober> = (0..2).map(open).collect();
        run("ping", &["-c", "3", "-i", "0.01", FAR_V4]);
        for prober in &mut probers {
            prober.send().unwrap();
        }
        let mut seen = [
            next_event(&mut probers).await.0,
            next_event(&mut probers).await.0,
        ];
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
        for prober in &probers {
            // The socket filter keeps them away, so they are not even counted.
            assert_eq!(prober.counters().foreign, 0);
        }
    });
}

#[test]
fn a_link_local_target_and_a_given_source_work() {
    let pair = Pair::new();
    let listing = run(
        "ip",
        &[
            "-n", &pair.far, "-6", "-o", "addr", "show", "dev", LINK, "scope", "link",
        ],
    );
    let text = String::from_utf8(listing.stdout).unwrap();
    let address = text
        .split_whitespace()
        .nth(3)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    std::thread::sleep(Duration::from_secs(3)); // duplicate address detection on both ends
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, &address, Method::Icmp)).unwrap();
        answered(&mut prober).await;
        let source: IpAddr = NEAR_V4.parse().unwrap();
        let bound = Config {
            source: Some(source),
            ..config(ifindex, FAR_V4, Method::Icmp)
        };
        answered(&mut Prober::open(bound).unwrap()).await;
    });
}

#[test]
fn a_routed_prober_goes_where_the_kernel_routes_it() {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        for (family, target) in [("-4", FAR_V4), ("-6", FAR_V6)] {
            for method in [Method::Icmp, Method::IcmpRaw, Method::Tcp { port: 9 }] {
                let routed = || {
                    Prober::open(Config {
                        exit: Exit::Routed,
                        timeout: Duration::from_millis(500),
                        ..config(ifindex, target, method)
                    })
                    .unwrap()
                };
                answered(&mut routed()).await;
                run("ip", &[family, "route", "add", target, "dev", "lo"]);
                let mut astray = routed();
                let sent = astray.send();
                assert!(
                    sent.is_err() || matches!(astray.event().await, Event::Lost(_)),
                    "{method:?} to {target}"
                );
                answered(&mut Prober::open(config(ifindex, target, method)).unwrap()).await;
                run("ip", &[family, "route", "del", target, "dev", "lo"]);
            }
        }
    });
}

#[test]
fn an_accepted_connection_is_timed_by_the_kernel() {
    let pair = Pair::new();
    let listener = pair.far(|| TcpListener::bind((FAR_V4, 7)).unwrap());
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, FAR_V4, Method::Tcp { port: 7 })).unwrap();
        for _ in 0..20 {
            let reply = answered(&mut prober).await;
            assert_eq!(
                (reply.clock, reply.transport),
                (Clock::Kernel, Transport::TcpConnect)
            );
        }
    });
    drop(listener);
}

#[test]
fn a_refused_connection_is_an_answer_in_user_time() {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        for target in [FAR_V4, FAR_V6] {
            let mut prober =
                Prober::open(config(ifindex, target, Method::Tcp { port: 9 })).unwrap();
            assert_eq!(answered(&mut prober).await.clock, Clock::User);
        }
    });
}

#[test]
fn unanswered_probes_of_every_kind_are_lost_once_each() {
    let pair = Pair::new();
    pair.far_drop("meta l4proto { icmp, tcp }");
    pair.probe(|ifindex| async move {
        for method in [Method::Icmp, Method::IcmpRaw, Method::Tcp { port: 9 }] {
            let timeout = Duration::from_millis(50);
            let mut prober = Prober::open(Config {
                timeout,
                ..config(ifindex, FAR_V4, method)
            })
            .unwrap();
            let sent: Vec<u64> = (0..3).map(|_| prober.send().unwrap()).collect();
            for seq in sent {
                assert!(matches!(prober.event().await, Event::Lost(lost) if lost.seq == seq));
            }
            let quiet = tokio::time::timeout(Duration::from_millis(200), prober.event()).await;
            assert!(quiet.is_err(), "an event without a probe");
        }
    });
}

#[test]
fn filtered_icmp_changes_to_tcp_and_silent_tcp_changes_back() {
    let pair = Pair::new();
    pair.far_drop("ip protocol icmp");
    let pair = &pair;
    pair.probe(|ifindex| async move {
        let method = Method::Auto { tcp_port: Some(9) };
        let timeout = Duration::from_millis(50);
        let mut prober = Prober::open(Config {
            timeout,
            ..config(ifindex, FAR_V4, method)
        })
        .unwrap();
        until(&mut prober, Transport::TcpConnect).await;
        assert_eq!(prober.method().why, Why::IcmpUnanswered);
        assert_eq!(answered(&mut prober).await.transport, Transport::TcpConnect);
        pair.far_accept();
        pair.far_drop("ip protocol tcp");
        until(&mut prober, Transport::IcmpDatagram).await;
        assert_eq!(prober.method().why, Why::TcpUnanswered);
        assert_eq!(
            answered(&mut prober).await.transport,
            Transport::IcmpDatagram
        );
    });
}

#[test]
fn an_outage_keeps_icmp() {
    let pair = Pair::new();
    pair.far_drop("meta l4proto { icmp, tcp }");
    let pair = &pair;
    pair.probe(|ifindex| async move {
        let method = Method::Auto { tcp_port: Some(9) };
        let timeout = Duration::from_millis(20);
        let mut prober = Prober::open(Config {
            timeout,
            ..config(ifindex, FAR_V4, method)
        })
        .unwrap();
        for _ in 0..30 {
            prober.send().unwrap();
            assert!(matches!(prober.event().await, Event::Lost(_)));
        }
        assert_eq!(prober.method().transport, Transport::IcmpDatagram);
        pair.far_accept();
        assert_eq!(
            answered(&mut prober).await.transport,
            Transport::IcmpDatagram
        );
    });
}

#[test]
fn a_local_firewall_is_named_and_later_probes_keep_the_kernels_clock() {
    let pair = Pair::new();
    let near = pair.near.clone();
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, FAR_V4, Method::Icmp)).unwrap();
        answered(&mut prober).await;
        let table = "add table ip t; add chain ip t out { type filter hook output priority 0; }; \
                     add rule ip t out ip protocol icmp drop";
        run("ip", &["netns", "exec", &near, "nft", table]);
        assert!(matches!(prober.send(), Err(SendError::Blocked(_))));
        run("ip", &["netns", "exec", &near, "nft", "delete table ip t"]);
        // The kernel counted the refused packets; without a restart its stamps would go to the wrong probes.
        for _ in 0..3 {
            assert_eq!(answered(&mut prober).await.clock, Clock::Kernel);
        }
    });
}

#[test]
fn a_link_that_is_down_is_unreachable_and_recovers() {
    let pair = Pair::new();
    let near = pair.near.clone();
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, FAR_V4, Method::Icmp)).unwrap();
        answered(&mut prober).await;
        run("ip", &["-n", &near, "link", "set", LINK, "down"]);
        assert!(
            matches!(prober.send(), Err(SendError::Unreachable(_))),
            "{:?}",
            prober.send()
        );
        run("ip", &["-n", &near, "link", "set", LINK, "up"]);
        answered(&mut prober).await;
    });
}

#[test]
fn a_removed_interface_is_gone_for_every_kind_of_probe() {
    for (target, method) in [
        (FAR_V4, Method::Icmp),
        (FAR_V6, Method::Icmp),
        (FAR_V4, Method::IcmpRaw),
        (FAR_V6, Method::IcmpRaw),
        (FAR_V4, Method::Tcp { port: 9 }),
        (FAR_V6, Method::Tcp { port: 9 }),
    ] {
        let pair = Pair::new();
        let near = pair.near.clone();
        pair.probe(|ifindex| async move {
            let timeout = Duration::from_millis(50);
            let mut prober = Prober::open(Config {
                timeout,
                ..config(ifindex, target, method)
            })
            .unwrap();
            answered(&mut prober).await;
            run("ip", &["-n", &near, "link", "del", LINK]);
            let result = prober.send();
            assert!(
                matches!(result, Err(SendError::Gone(_))),
                "{target} {method:?}: {result:?}"
            );
            let again = Prober::open(*prober.config()).map(drop);
            let gone = matches!(again, Err(ProbeError::NoSuchInterface(i)) if i == ifindex.get());
            assert!(gone, "{target} {method:?}: {again:?}");
        });
    }
}

#[test]
fn an_answer_that_waits_in_the_socket_is_no_loss() {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        let timeout = Duration::from_millis(10);
        let mut prober = Prober::open(Config {
            timeout,
            ..config(ifindex, FAR_V4, Method::Icmp)
        })
        .unwrap();
        let seq = prober.send().unwrap();
        // The reply waits in the socket while this program does not run: the timeout passes first here,
        // but an answer already delivered still counts as an answer.
        std::thread::sleep(Duration::from_millis(50));
        assert!(matches!(prober.event().await, Event::Reply(reply) if reply.seq == seq));
    });
}

#[test]
fn a_full_window_refuses_more_probes() {
    let pair = Pair::new();
    pair.far_drop("ip protocol icmp");
    pair.probe(|ifindex| async move {
        let mut prober = Prober::open(config(ifindex, FAR_V4, Method::Icmp)).unwrap();
        for _ in 0..256 {
            prober.send().unwrap();
        }
        assert_eq!(prober.send(), Err(SendError::Busy));
    });
}

#[test]
fn bad_configurations_are_refused() {
    let pair = Pair::new();
    pair.probe(|ifindex| async move {
        let good = config(ifindex, FAR_V4, Method::Icmp);
        let open = |config| Prober::open(config).map(drop).unwrap_err();
        let source = |s: &str| Some(s.parse().unwrap());
        assert!(matches!(
            open(Config {
                source: source("::1"),
                ..good
            }),
            ProbeError::MixedFamilies
        ));
        assert!(matches!(
            open(Config {
                source: source("10.1.1.1"),
                ..good
            }),
            ProbeError::NoSuchSource
        ));
        assert!(matches!(
            open(Config {
                timeout: Duration::ZERO,
                ..good
            }),
            ProbeError::BadTimeout(_)
        ));
        assert!(matches!(
            open(Config {
                method: Method::Tcp { port: 0 },
                ..good
            }),
            ProbeError::BadPort
        ));
    });
}
