use super::*;

const MS: u64 = 1_000_000;
const NEAR: (M, u64) = (M::GatewaySharePermille, 900);
const BEYOND: (M, u64) = (M::GatewaySharePermille, 40);
const WIRELESS: (M, u64) = (M::Wireless, 1);

/// A spike of 60 ms with this evidence.
fn blame(seen: &[(M, u64)]) -> (Culprit, Rule) {
    let evidence = seen.iter().copied().collect();
    let Blame { culprit, rule } = judge(Some(60 * MS), &evidence);
    (culprit, rule)
}

#[test]
fn numbers_and_words_name_each_rule_and_each_culprit_once() {
    for (at, rule) in Rule::ALL.iter().enumerate() {
        assert_eq!(Rule::from_code(rule.code()), *rule);
        assert!(
            Rule::ALL[..at]
                .iter()
                .all(|twin| twin.word() != rule.word())
        );
    }
    for culprit in Culprit::ALL {
        assert_eq!(Culprit::from_code(culprit.code()), culprit);
    }
    assert_eq!(Rule::from_code(200), Rule::Unexplained);
    assert_eq!(Culprit::from_code(200), Culprit::Unknown);
}

#[test]
fn without_evidence_nobody_is_blamed() {
    assert_eq!(blame(&[]), (Culprit::Unknown, Rule::Unexplained));
    let mixed = (M::GatewaySharePermille, 400);
    assert_eq!(blame(&[mixed]), (Culprit::Unknown, Rule::Unexplained));
}

#[test]
fn the_gateway_alone_tells_near_from_beyond() {
    assert_eq!(blame(&[NEAR]), (Culprit::Line, Rule::Near));
    assert_eq!(blame(&[NEAR, WIRELESS]), (Culprit::WiFi, Rule::Near));
    assert_eq!(blame(&[BEYOND]), (Culprit::Internet, Rule::Beyond));
    assert_eq!(
        blame(&[BEYOND, WIRELESS]),
        (Culprit::Internet, Rule::Beyond)
    );
}

#[test]
fn nothing_this_side_of_a_calm_gateway_is_blamed() {
    for seen in [
        M::SwitchedOff,
        M::Disconnects,
        M::Roams,
        M::CarrierLost,
        M::SoftnetDropped,
        M::Scans,
        M::ChannelSwitches,
        M::RadioFailed,
        M::RxErrors,
        M::TxErrors,
    ] {
        assert_eq!(blame(&[BEYOND, (seen, 3)]).1, Rule::Beyond, "{seen}");
    }
    let starved = [(M::LateNs, 90 * MS), (M::CpuStallPermille, 900), BEYOND];
    assert_eq!(blame(&starved).1, Rule::Beyond);
    for seen in [(M::OwnQueueNs, 60 * MS), (M::SignalBelowZeroDbm, 90)] {
        assert_eq!(blame(&[BEYOND, seen]).1, Rule::Beyond, "{}", seen.0);
        assert_ne!(blame(&[NEAR, seen]).1, Rule::Near, "{}", seen.0);
    }
}

#[test]
fn every_limit_is_where_it_is_documented() {
    let share = |permille| blame(&[(M::GatewaySharePermille, permille)]).1;
    let places = [250, 251, 499, 500].map(share);
    assert_eq!(
        places,
        [
            Rule::Beyond,
            Rule::Unexplained,
            Rule::Unexplained,
            Rule::Near
        ]
    );
    let late = |late_ns, busy| {
        let seen = [NEAR, (M::LateNs, late_ns), (M::CpuStallPermille, busy)];
        let evidence = seen.into_iter().collect();
        judge(Some(15 * MS), &evidence).rule
    };
    assert_eq!(late(10 * MS, 300), Rule::Starved);
    assert_eq!(late(10 * MS - 1, 300), Rule::Near);
    assert_eq!(late(10 * MS, 299), Rule::Near);
    let waits = |bytes| blame(&[NEAR, (M::BacklogBytes, bytes), (M::TxBytesPerS, 1)]).1;
    assert_eq!([waits(3_000), waits(2_999)], [Rule::OwnQueue, Rule::Near]);
    let sends = |now, usual| blame(&[NEAR, (M::TxBytesPerS, now), (M::TxUsualBytesPerS, usual)]).1;
    assert_eq!(sends(125_000, 0), Rule::LineFull);
    assert_eq!(sends(500_000, 125_000), Rule::LineFull);
    assert_eq!(sends(500_000, 125_001), Rule::Near);
}

#[test]
fn each_sign_near_or_without_a_gateway_has_its_rule() {
    for (seen, rule, wired, wireless) in [
        (
            M::SwitchedOff,
            Rule::SwitchedOff,
            Culprit::Device,
            Culprit::Device,
        ),
        (
            M::Disconnects,
            Rule::Disconnected,
            Culprit::WiFi,
            Culprit::WiFi,
        ),
        (M::Roams, Rule::Roamed, Culprit::WiFi, Culprit::WiFi),
        (
            M::CarrierLost,
            Rule::CarrierLost,
            Culprit::Line,
            Culprit::WiFi,
        ),
        (
            M::SoftnetDropped,
            Rule::ReceiveQueueFull,
            Culprit::Device,
            Culprit::Device,
        ),
        (M::Scans, Rule::Scanned, Culprit::WiFi, Culprit::WiFi),
        (
            M::ChannelSwitches,
            Rule::ChannelSwitched,
            Culprit::WiFi,
            Culprit::WiFi,
        ),
        (M::RadioFailed, Rule::Retried, Culprit::WiFi, Culprit::WiFi),
        (M::BeaconLosses, Rule::Retried, Culprit::WiFi, Culprit::WiFi),
        (M::RxErrors, Rule::LinkErrors, Culprit::Line, Culprit::WiFi),
        (M::TxErrors, Rule::LinkErrors, Culprit::Line, Culprit::WiFi),
    ] {
        assert_eq!(blame(&[NEAR, (seen, 1)]), (wired, rule));
        assert_eq!(blame(&[(seen, 1)]), (wired, rule), "without a gateway");
        assert_eq!(blame(&[NEAR, WIRELESS, (seen, 1)]), (wireless, rule));
    }
}

#[test]
fn a_standstill_of_the_machine_is_its_own_fault() {
    let blame = judge(None, &Evidence::default());
    assert_eq!(
        (blame.culprit, blame.rule),
        (Culprit::Device, Rule::Stalled)
    );
}

#[test]
fn a_queue_is_blamed_when_it_takes_half_the_excess_to_drain() {
    let queue = |bytes, rate| {
        let seen = [NEAR, (M::BacklogBytes, bytes), (M::TxBytesPerS, rate)];
        blame(&seen).1
    };
    // Of a spike of 60 ms.
    assert_eq!(blame(&[NEAR, (M::OwnQueueNs, 30 * MS)]).1, Rule::OwnQueue);
    assert_eq!(blame(&[NEAR, (M::OwnQueueNs, 30 * MS - 1)]).1, Rule::Near);
    // 60 ms at 250 kB/s are 15 kB.
    assert_eq!(queue(7_500, 250_000), Rule::OwnQueue);
    assert_eq!(queue(7_499, 250_000), Rule::Near);
    assert_eq!(queue(2_999, 1), Rule::Near);
}

#[test]
fn a_busy_processor_is_blamed_when_we_were_kept_waiting_too() {
    let late = (M::LateNs, 30 * MS);
    for reason in [
        (M::CpuStallPermille, 300),
        (M::SoftnetSqueezed, 1),
        (M::Throttles, 1),
    ] {
        assert_eq!(
            blame(&[NEAR, late, reason]),
            (Culprit::Device, Rule::Starved)
        );
    }
    assert_eq!(blame(&[NEAR, late]).1, Rule::Near);
    let busy = (M::CpuStallPermille, 900);
    assert_eq!(blame(&[NEAR, busy, (M::LateNs, 29 * MS)]).1, Rule::Near);
    // The other uplinks use the same processors.
    assert_eq!(
        blame(&[
            NEAR,
            late,
            busy,
            (M::OtherUplinks, 1),
            (M::OtherUplinksHit, 0)
        ])
        .1,
        Rule::Near
    );
}

#[test]
fn uplinks_that_spike_together_near_have_only_this_machine_in_common() {
    let others = |all, hit| [NEAR, (M::OtherUplinks, all), (M::OtherUplinksHit, hit)];
    assert_eq!(
        blame(&others(2, 2)),
        (Culprit::Device, Rule::EverywhereAtOnce)
    );
    assert_eq!(blame(&others(2, 1)).1, Rule::Near);
    assert_eq!(blame(&others(0, 0)).1, Rule::Near);
    let beyond = [BEYOND, (M::OtherUplinks, 1), (M::OtherUplinksHit, 1)];
    assert_eq!(blame(&beyond).1, Rule::Beyond);
}

#[test]
fn the_air_is_blamed_for_more_retries_than_usual_and_a_signal_weaker_than_usual() {
    let retries = |now, usual| {
        let seen = [
            NEAR,
            WIRELESS,
            (M::RetriesPermille, now),
            (M::RetriesUsualPermille, usual),
        ];
        blame(&seen).1
    };
    assert_eq!(retries(200, 100), Rule::Retried);
    assert_eq!(retries(199, 0), Rule::Near);
    assert_eq!(retries(300, 200), Rule::Near);
    let signal = |now, usual| {
        let seen = [
            NEAR,
            WIRELESS,
            (M::SignalBelowZeroDbm, now),
            (M::SignalUsualBelowZeroDbm, usual),
        ];
        blame(&seen).1
    };
    assert_eq!(signal(75, 74), Rule::WeakSignal);
    assert_eq!(signal(60, 52), Rule::WeakSignal);
    assert_eq!(signal(60, 55), Rule::Near);
}

#[test]
fn own_traffic_is_blamed_when_it_rose_and_not_when_it_was_always_there() {
    for place in [NEAR, BEYOND] {
        let up = |now, usual| blame(&[place, (M::TxBytesPerS, now), (M::TxUsualBytesPerS, usual)]);
        assert_eq!(up(500_000, 20_000), (Culprit::Line, Rule::LineFull));
        assert_ne!(up(500_000, 400_000).1, Rule::LineFull);
        assert_ne!(up(124_999, 0).1, Rule::LineFull);
        let down = [place, (M::RxBytesPerS, 500_000), (M::RxUsualBytesPerS, 0)];
        assert_eq!(blame(&down).1, Rule::LineFull);
        assert_ne!(
            blame(&down[..2]).1,
            Rule::LineFull,
            "the usual is not known"
        );
    }
}

#[test]
fn of_two_signs_the_more_specific_one_wins() {
    let order = [
        (M::SwitchedOff, Rule::SwitchedOff),
        (M::Disconnects, Rule::Disconnected),
        (M::Roams, Rule::Roamed),
        (M::CarrierLost, Rule::CarrierLost),
        (M::SoftnetDropped, Rule::ReceiveQueueFull),
        (M::Scans, Rule::Scanned),
        (M::ChannelSwitches, Rule::ChannelSwitched),
        (M::RadioFailed, Rule::Retried),
        (M::RxErrors, Rule::LinkErrors),
    ];
    for (at, (first, rule)) in order.iter().enumerate() {
        for (second, _) in &order[at + 1..] {
            assert_eq!(blame(&[NEAR, (*first, 1), (*second, 1)]).1, *rule);
        }
    }
}
