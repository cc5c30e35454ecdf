//! The last minute of what was read and what happened, bounded, and what of it falls into the window
//! of a spike. It judges nothing and reads nothing itself.

use std::collections::VecDeque;

use super::evidence::{Evidence, Measure};

/// What happened so long before or after a spike still belongs to it.
pub(super) const MARGIN_NS: u64 = 500_000_000;
/// What was usual is taken from before this long before a spike.
const BEFORE_NS: u64 = 2_000_000_000;
/// Two readings nearer than this say little about a rate.
const RATE_NS: u64 = 150_000_000;
/// A scan whose end was never heard is taken to have ended after so long.
const LONGEST_SCAN_NS: u64 = 10_000_000_000;
/// Frames over the air that a share of retries can be taken from.
pub const RADIO_SENT_ENOUGH: u64 = 20;

/// Readings kept: a quarter of a minute at one a second, and a spike's at five a second.
const MAX_READINGS: usize = 96;
const MAX_RADIOS: usize = 256;
const MAX_EVENTS: usize = 256;
const MAX_LATE: usize = 256;

/// The kernel's counters at one moment; what could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// When, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// Microseconds since boot in which something waited for a processor (PSI `cpu some total`).
    pub cpu_stall_us: Option<u64>,
    /// The same for disks (`io full total`).
    pub io_stall_us: Option<u64>,
    /// The same for memory (`memory full total`).
    pub memory_stall_us: Option<u64>,
    /// Packets dropped before the network stack, of all processors.
    pub softnet_dropped: Option<u64>,
    /// Times receiving was cut short, of all processors.
    pub softnet_squeezed: Option<u64>,
    /// Times a processor was slowed down for heat, of all processors.
    pub throttles: Option<u64>,
    /// The highest speed allowed, in thousandths of the highest possible.
    pub cpu_limit_permille: Option<u64>,
    /// The interfaces that are watched.
    pub links: Vec<LinkReading>,
}

/// An interface's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkReading {
    /// Whose.
    pub ifindex: u32,
    /// Bytes received and sent.
    pub rx_bytes: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Bad frames received.
    pub rx_errors: u64,
    /// Frames that could not be sent.
    pub tx_errors: u64,
    /// Received frames dropped.
    pub rx_dropped: u64,
    /// Frames to be sent that were dropped.
    pub tx_dropped: u64,
    /// Bytes that wait in the queue now, and packets it ever dropped; `None` when not read.
    pub queue: Option<(u64, u64)>,
}

/// A Wi-Fi station's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Radio {
    /// Signal in dBm.
    pub signal_dbm: Option<i8>,
    /// Frames sent.
    pub sent: u64,
    /// Frames sent again.
    pub retries: u64,
    /// Frames given up.
    pub failed: u64,
    /// Times the access point's beacons stayed away.
    pub beacon_losses: u64,
}

/// What can happen to an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// The carrier went.
    CarrierLost,
    /// The interface was switched off here.
    SwitchedOff,
    /// A default route over it changed, not by us.
    RouteChanged,
    /// An address of it changed.
    AddressChanged,
    /// A Wi-Fi scan began.
    ScanBegan,
    /// A Wi-Fi scan ended.
    ScanEnded,
    /// Another access point took over.
    Roamed,
    /// The Wi-Fi connection ended.
    Disconnected,
    /// The Wi-Fi channel changed.
    ChannelSwitched,
    /// The access point's beacons stay away.
    BeaconLost,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, `CLOCK_MONOTONIC` in nanoseconds.
    pub at_ns: u64,
    /// To which interface.
    pub ifindex: u32,
    /// What.
    pub what: Happening,
}

/// A stretch of time, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from_ns: u64,
    pub(super) until_ns: u64,
}

impl Window {
    /// The same with the margins that evidence is looked for in.
    fn wide(self) -> Self {
        Self {
            from_ns: self.from_ns.saturating_sub(MARGIN_NS),
            until_ns: self.until_ns.saturating_add(MARGIN_NS),
        }
    }

    fn holds(self, at_ns: u64) -> bool {
        (self.from_ns..=self.until_ns).contains(&at_ns)
    }

    pub(super) fn meets(self, from_ns: u64, until_ns: u64) -> bool {
        from_ns <= self.until_ns && self.from_ns <= until_ns
    }
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Journal {
    readings: VecDeque<Reading>,
    radios: VecDeque<(u32, u64, Radio)>,
    events: VecDeque<Event>,
    late: VecDeque<(u64, u64)>,
    queued: VecDeque<(u32, u64, u64)>,
}

fn push<T>(ring: &mut VecDeque<T>, most: usize, value: T) {
    if ring.len() == most {
        let _ = ring.pop_front();
    }
    ring.push_back(value);
}

impl Journal {
    pub(super) fn read(&mut self, reading: Reading) {
        push(&mut self.readings, MAX_READINGS, reading);
    }

    pub(super) fn radio(&mut self, ifindex: u32, at_ns: u64, radio: Radio) {
        push(&mut self.radios, MAX_RADIOS, (ifindex, at_ns, radio));
    }

    pub(super) fn happened(&mut self, event: Event) {
        push(&mut self.events, MAX_EVENTS, event);
    }

    pub(super) fn late(&mut self, at_ns: u64, late_ns: u64) {
        push(&mut self.late, MAX_LATE, (at_ns, late_ns));
    }

    pub(super) fn queued(&mut self, ifindex: u32, at_ns: u64, queue_ns: u64) {
        push(&mut self.queued, MAX_LATE, (ifindex, at_ns, queue_ns));
    }

    /// What concerns the whole machine.
    pub(super) fn note_machine(&self, window: Window, evidence: &mut Evidence) {
        let wide = window.wide();
        let late = self.late.iter();
        let late = late.filter(|(at, late)| wide.meets(at.saturating_sub(*late), *at));
        evidence.set(
            Measure::LateNs,
            late.map(|(_, late)| *late).max().unwrap_or(0),
        );
        for (measure, field) in STALLS {
            // Microseconds a second are a thousand times thousandths.
            let share = self.fastest(wide, field).map(|us| (us / 1000).min(1000));
            evidence.set_if(*measure, share);
        }
        for (measure, field) in MACHINE {
            evidence.set_if(*measure, self.difference(wide, *field));
        }
        let limits = self.readings.iter().filter(|r| wide.holds(r.at_ns));
        let lowest = limits
            .filter_map(|reading| reading.cpu_limit_permille)
            .min();
        evidence.set_if(Measure::CpuLimitPermille, lowest);
    }

    /// What concerns one interface.
    pub(super) fn note_link(&self, ifindex: u32, window: Window, evidence: &mut Evidence) {
        let wide = window.wide();
        for (measure, field) in LINK {
            evidence.set_if(
                *measure,
                self.difference(wide, |r| of(r, ifindex).map(field)),
            );
        }
        let dropped = |r: &Reading| of(r, ifindex)?.queue.map(|(_, dropped)| dropped);
        evidence.set_if(Measure::QueueDrops, self.difference(wide, dropped));
        let within = self.readings.iter().filter(|r| wide.holds(r.at_ns));
        let waits = within.filter_map(|r| of(r, ifindex)?.queue.map(|(bytes, _)| bytes));
        evidence.set_if(Measure::BacklogBytes, waits.max());
        let queued = self.queued.iter();
        let queued = queued.filter(|(whose, at, _)| *whose == ifindex && wide.holds(*at));
        let longest = queued.map(|(.., queue)| *queue).max();
        evidence.set(Measure::OwnQueueNs, longest.unwrap_or(0));
        let rx = |r: &Reading| of(r, ifindex).map(|link| link.rx_bytes);
        let tx = |r: &Reading| of(r, ifindex).map(|link| link.tx_bytes);
        evidence.set_if(Measure::RxBytesPerS, self.fastest(wide, rx));
        evidence.set_if(Measure::TxBytesPerS, self.fastest(wide, tx));
        evidence.set_if(Measure::RxUsualBytesPerS, self.usual_rate(window, rx));
        evidence.set_if(Measure::TxUsualBytesPerS, self.usual_rate(window, tx));
        self.note_events(ifindex, wide, evidence);
    }

    /// What concerns a Wi-Fi interface.
    pub(super) fn note_radio(&self, ifindex: u32, window: Window, evidence: &mut Evidence) {
        let wide = window.wide();
        evidence.set(Measure::Scans, self.scans(ifindex, window));
        let mine = || self.radios.iter().filter(|(whose, ..)| *whose == ifindex);
        let Some((_, _, first)) = mine().next() else {
            return;
        };
        let before = mine().rfind(|(_, at, _)| *at <= wide.from_ns);
        let after = mine().find(|(_, at, _)| *at >= wide.until_ns);
        let after = after.or_else(|| mine().next_back());
        let within = mine().filter(|(_, at, _)| *at >= wide.from_ns);
        let below_zero = |radio: &Radio| {
            radio
                .signal_dbm
                .map(|dbm| u64::from(dbm.min(0).unsigned_abs()))
        };
        let weakest = within.filter_map(|(_, _, radio)| below_zero(radio)).max();
        evidence.set_if(Measure::SignalBelowZeroDbm, weakest);
        let earlier = mine().take_while(|(_, at, _)| *at <= wide.from_ns);
        let mut earlier: Vec<u64> = earlier
            .filter_map(|(_, _, radio)| below_zero(radio))
            .collect();
        evidence.set_if(Measure::SignalUsualBelowZeroDbm, median(&mut earlier));
        let (Some((_, _, before)), Some((_, _, after))) = (before, after) else {
            return;
        };
        evidence.set_if(Measure::RetriesPermille, retries(before, after));
        evidence.set_if(Measure::RetriesUsualPermille, retries(first, before));
        evidence.set(
            Measure::RadioFailed,
            after.failed.saturating_sub(before.failed),
        );
        let heard = evidence.count(Measure::BeaconLosses);
        let counted = after.beacon_losses.saturating_sub(before.beacon_losses);
        evidence.set(Measure::BeaconLosses, heard.max(counted));
    }

    fn note_events(&self, ifindex: u32, wide: Window, evidence: &mut Evidence) {
        for (measure, what) in EVENTS {
            let events = self.events.iter();
            let count = events.filter(|event| {
                event.ifindex == ifindex && event.what == *what && wide.holds(event.at_ns)
            });
            evidence.set(*measure, count.count() as u64);
        }
    }

    /// Scans that were under way at some moment of the window.
    fn scans(&self, ifindex: u32, window: Window) -> u64 {
        let mine = self.events.iter().filter(|event| event.ifindex == ifindex);
        let (mut began_ns, mut count) = (None, 0);
        let mut add = |began_ns: u64, ended_ns: u64| {
            count += u64::from(window.meets(began_ns, ended_ns));
        };
        for event in mine {
            match event.what {
                Happening::ScanBegan => began_ns = began_ns.or(Some(event.at_ns)),
                // One whose beginning was not heard was under way just before its end.
                Happening::ScanEnded => {
                    let begin = began_ns
                        .take()
                        .unwrap_or(event.at_ns.saturating_sub(MARGIN_NS));
                    add(begin, event.at_ns);
                }
                _ => {}
            }
        }
        if let Some(begin) = began_ns {
            add(begin, begin.saturating_add(LONGEST_SCAN_NS));
        }
        count
    }

    /// By how much a counter rose from before the window to after it.
    fn difference(&self, wide: Window, field: impl Fn(&Reading) -> Option<u64>) -> Option<u64> {
        let before = self.readings.iter().rfind(|r| r.at_ns <= wide.from_ns)?;
        let after = self.readings.iter().find(|r| r.at_ns >= wide.until_ns);
        let after = after.or_else(|| self.readings.back())?;
        Some(field(after)?.saturating_sub(field(before)?))
    }

    /// The fastest rise of a counter between two readings that touch the window, a second.
    fn fastest(&self, wide: Window, field: impl Fn(&Reading) -> Option<u64>) -> Option<u64> {
        let steps = self.steps(field);
        let touching = steps.filter(|step| wide.meets(step.from_ns, step.until_ns));
        touching.map(|step| step.per_s()).max()
    }

    /// How fast a counter usually rose, a second, well before the window.
    fn usual_rate(&self, window: Window, field: impl Fn(&Reading) -> Option<u64>) -> Option<u64> {
        let end = window.from_ns.saturating_sub(BEFORE_NS);
        let earlier = self.steps(field).take_while(|step| step.until_ns <= end);
        let mut rates: Vec<u64> = earlier.map(|step| step.per_s()).collect();
        median(&mut rates)
    }

    /// Every rise of a counter between two readings that are far enough apart.
    fn steps(&self, field: impl Fn(&Reading) -> Option<u64>) -> impl Iterator<Item = Step> {
        let mut last: Option<(u64, u64)> = None;
        self.readings.iter().filter_map(move |reading| {
            let value = field(reading)?;
            let Some((then_ns, then)) = last else {
                last = Some((reading.at_ns, value));
                return None;
            };
            if reading.at_ns < then_ns.saturating_add(RATE_NS) {
                return None;
            }
            last = Some((reading.at_ns, value));
            Some(Step {
                from_ns: then_ns,
                until_ns: reading.at_ns,
                rise: value.saturating_sub(then),
            })
        })
    }
}

struct Step {
    from_ns: u64,
    until_ns: u64,
    rise: u64,
}

impl Step {
    fn per_s(&self) -> u64 {
        let long = u128::from(self.until_ns - self.from_ns).max(1);
        let rate = u128::from(self.rise) * 1_000_000_000 / long;
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

type OfMachine = fn(&Reading) -> Option<u64>;
const STALLS: &[(Measure, OfMachine)] = &[
    (Measure::CpuStallPermille, |r| r.cpu_stall_us),
    (Measure::IoStallPermille, |r| r.io_stall_us),
    (Measure::MemoryStallPermille, |r| r.memory_stall_us),
];
const MACHINE: &[(Measure, OfMachine)] = &[
    (Measure::SoftnetDropped, |r| r.softnet_dropped),
    (Measure::SoftnetSqueezed, |r| r.softnet_squeezed),
    (Measure::Throttles, |r| r.throttles),
];

type OfLink = fn(&LinkReading) -> u64;
const LINK: &[(Measure, OfLink)] = &[
    (Measure::RxErrors, |link| link.rx_errors),
    (Measure::TxErrors, |link| link.tx_errors),
    (Measure::RxDropped, |link| link.rx_dropped),
    (Measure::TxDropped, |link| link.tx_dropped),
];

const EVENTS: &[(Measure, Happening)] = &[
    (Measure::CarrierLost, Happening::CarrierLost),
    (Measure::SwitchedOff, Happening::SwitchedOff),
    (Measure::RouteChanges, Happening::RouteChanged),
    (Measure::AddressChanges, Happening::AddressChanged),
    (Measure::Roams, Happening::Roamed),
    (Measure::Disconnects, Happening::Disconnected),
    (Measure::ChannelSwitches, Happening::ChannelSwitched),
    (Measure::BeaconLosses, Happening::BeaconLost),
];

fn of(reading: &Reading, ifindex: u32) -> Option<&LinkReading> {
    reading.links.iter().find(|link| link.ifindex == ifindex)
}

fn retries(before: &Radio, after: &Radio) -> Option<u64> {
    let sent = after.sent.saturating_sub(before.sent);
    let again = after.retries.saturating_sub(before.retries);
    (sent >= RADIO_SENT_ENOUGH).then(|| again.saturating_mul(1000) / sent)
}

fn median(values: &mut [u64]) -> Option<u64> {
    crate::stats::quantile(values, crate::stats::Quantile::MEDIAN)
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
