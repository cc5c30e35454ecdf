use super::Happening::{ScanBegan, ScanEnded};
use super::*;

const S: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

fn window(from_ms: u64, until_ms: u64) -> Window {
    Window {
        from_ns: from_ms * MS,
        until_ns: until_ms * MS,
    }
}

/// A reading a second from 1 s on; `change` says what of the `n`th is other than nothing.
fn read(seconds: u64, change: impl Fn(u64, &mut Reading)) -> Journal {
    let mut journal = Journal::default();
    for n in 1..=seconds {
        let mut reading = Reading {
            at_ns: n * S,
            ..Reading::default()
        };
        change(n, &mut reading);
        journal.read(reading);
    }
    journal
}

fn machine(journal: &Journal, window: Window) -> Evidence {
    let mut evidence = Evidence::default();
    journal.note_machine(window, &mut evidence);
    evidence
}

fn link(journal: &Journal, window: Window) -> Evidence {
    let mut evidence = Evidence::default();
    journal.note_link(7, window, &mut evidence);
    evidence
}

fn radio(journal: &Journal, window: Window) -> Evidence {
    let mut evidence = Evidence::default();
    journal.note_link(7, window, &mut evidence);
    journal.note_radio(7, window, &mut evidence);
    evidence
}

#[test]
fn a_counter_is_compared_across_the_window_and_not_elsewhere() {
    let journal = read(20, |n, reading| {
        reading.softnet_dropped = Some(100 + u64::from(n >= 11) * 3);
        reading.softnet_squeezed = Some(if n >= 16 { 9 } else { 2 });
    });
    let evidence = machine(&journal, window(10_200, 10_400));
    assert_eq!(evidence.get(Measure::SoftnetDropped), Some(3));
    assert_eq!(evidence.get(Measure::SoftnetSqueezed), Some(0));
    assert_eq!(evidence.get(Measure::Throttles), None);
    let earlier = machine(&journal, window(5_000, 5_100));
    assert_eq!(earlier.get(Measure::SoftnetDropped), Some(0));
}

#[test]
fn without_a_reading_before_the_window_nothing_is_claimed() {
    let journal = read(3, |_, reading| reading.softnet_dropped = Some(5));
    let evidence = machine(&journal, window(100, 200));
    assert_eq!(evidence.get(Measure::SoftnetDropped), None);
    assert_eq!(
        machine(&Journal::default(), window(100, 200)).all().count(),
        1
    );
}

#[test]
fn a_counter_that_began_anew_is_no_rise() {
    let journal = read(20, |n, reading| {
        reading.softnet_dropped = Some(if n > 10 { 0 } else { 50 });
    });
    let evidence = machine(&journal, window(10_200, 10_300));
    assert_eq!(evidence.get(Measure::SoftnetDropped), Some(0));
}

#[test]
fn stalls_are_shares_of_the_worst_interval() {
    let journal = read(20, |n, reading| {
        // Half of the eleventh second, and all of the fifteenth.
        reading.cpu_stall_us = Some(u64::from(n >= 11) * 500_000 + u64::from(n >= 15) * 1_000_000);
    });
    let at = |from, until| machine(&journal, window(from, until)).get(Measure::CpuStallPermille);
    assert_eq!(at(10_600, 10_700), Some(500));
    assert_eq!(at(10_600, 14_100), Some(1000));
    assert_eq!(at(5_600, 5_700), Some(0));
}

#[test]
fn waiting_counts_when_it_reaches_into_the_window() {
    let mut journal = Journal::default();
    journal.late(10 * S, 300 * MS);
    journal.late(20 * S, 80 * MS);
    let at = |from, until| machine(&journal, window(from, until)).count(Measure::LateNs);
    assert_eq!(at(9_000, 9_300), 300 * MS);
    assert_eq!(at(9_000, 19_500), 300 * MS);
    assert_eq!(at(12_000, 13_000), 0);
    assert_eq!(at(20_400, 20_500), 80 * MS);
}

#[test]
fn own_traffic_is_compared_with_what_was_usual_well_before() {
    let journal = read(20, |n, reading| {
        reading.links.push(LinkReading {
            ifindex: 7,
            tx_bytes: n * 20_000 + n.saturating_sub(10) * 480_000,
            queue: Some((if n == 12 { 30_000 } else { 0 }, u64::from(n >= 12))),
            ..LinkReading::default()
        });
    });
    let evidence = link(&journal, window(11_500, 12_200));
    assert_eq!(evidence.get(Measure::TxBytesPerS), Some(500_000));
    assert_eq!(evidence.get(Measure::TxUsualBytesPerS), Some(20_000));
    assert_eq!(evidence.get(Measure::BacklogBytes), Some(30_000));
    assert_eq!(evidence.get(Measure::QueueDrops), Some(1));
    let other = {
        let mut evidence = Evidence::default();
        journal.note_link(8, window(11_500, 12_200), &mut evidence);
        evidence
    };
    assert_eq!(other.get(Measure::TxBytesPerS), None);
}

#[test]
fn events_count_for_their_interface_and_time() {
    let mut journal = Journal::default();
    let mut happened = |ms, ifindex, what| {
        journal.happened(Event {
            at_ns: ms * MS,
            ifindex,
            what,
        });
    };
    happened(9_600, 7, Happening::CarrierLost);
    happened(10_100, 7, Happening::CarrierLost);
    happened(10_100, 8, Happening::SwitchedOff);
    happened(12_000, 7, Happening::RouteChanged);
    let evidence = link(&journal, window(10_000, 10_200));
    assert_eq!(evidence.get(Measure::CarrierLost), Some(2));
    assert_eq!(evidence.get(Measure::SwitchedOff), Some(0));
    assert_eq!(evidence.get(Measure::RouteChanges), Some(0));
}

#[test]
fn a_scan_counts_while_it_is_under_way() {
    let scans = |marks: &[(u64, Happening)], from, until| {
        let mut journal = Journal::default();
        for (ms, what) in marks {
            let (at_ns, what) = (ms * MS, *what);
            journal.happened(Event {
                at_ns,
                ifindex: 7,
                what,
            });
        }
        radio(&journal, window(from, until)).count(Measure::Scans)
    };
    let whole = [(8_000, ScanBegan), (12_000, ScanEnded)];
    assert_eq!(scans(&whole, 10_000, 10_100), 1);
    assert_eq!(scans(&whole, 11_900, 13_000), 1);
    assert_eq!(scans(&whole, 12_100, 13_000), 0);
    assert_eq!(scans(&whole, 7_000, 7_900), 0);
    assert_eq!(
        scans(&whole[1..], 11_800, 13_000),
        1,
        "its beginning was not heard"
    );
    assert_eq!(
        scans(&whole[..1], 17_000, 17_100),
        1,
        "its end was not heard"
    );
    assert_eq!(scans(&whole[..1], 19_000, 19_100), 0, "nor will it be");
}

#[test]
fn the_radio_is_compared_with_what_was_usual() {
    let mut journal = Journal::default();
    for n in 1..=8_u64 {
        let bad = u64::from(n >= 7);
        let counters = Radio {
            signal_dbm: Some(if bad == 1 { -79 } else { -61 }),
            sent: n * 100,
            retries: n * 5 + bad * 40,
            failed: bad * 2,
            beacon_losses: 0,
        };
        journal.radio(7, n * 5 * S, counters);
        journal.radio(8, n * 5 * S, Radio::default());
    }
    let evidence = radio(&journal, window(33_000, 34_000));
    assert_eq!(evidence.get(Measure::SignalBelowZeroDbm), Some(79));
    assert_eq!(evidence.get(Measure::SignalUsualBelowZeroDbm), Some(61));
    assert_eq!(evidence.get(Measure::RetriesPermille), Some(450));
    assert_eq!(evidence.get(Measure::RetriesUsualPermille), Some(50));
    assert_eq!(evidence.get(Measure::RadioFailed), Some(2));
    assert_eq!(evidence.get(Measure::BeaconLosses), Some(0));
}

#[test]
fn everything_that_is_kept_is_bounded() {
    let mut journal = Journal::default();
    for n in 0..5_000 {
        journal.read(Reading::default());
        journal.late(n, n);
        journal.radio(7, n, Radio::default());
        let what = Happening::Roamed;
        journal.happened(Event {
            at_ns: n,
            ifindex: 7,
            what,
        });
    }
    assert_eq!(journal.readings.len(), MAX_READINGS);
    assert_eq!(journal.radios.len(), MAX_RADIOS);
    assert_eq!(journal.events.len(), MAX_EVENTS);
    assert_eq!(journal.late.len(), MAX_LATE);
}
