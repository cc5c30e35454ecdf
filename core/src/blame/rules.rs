//! The rules: named, in order, first match wins. Each takes the evidence and says whose fault the
//! spike was. `docs/BLAME.md` tells them in words, and why in this order.

use std::fmt;

use super::evidence::{Evidence, Measure as M};

/// Who is blamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Culprit {
    /// Nothing that was seen explains it.
    Unknown,
    /// This machine: its processor, its queues, its own settings.
    Device,
    /// The air between this machine and its access point.
    WiFi,
    /// The cable, the router, or the line behind it.
    Line,
    /// What lies behind the gateway.
    Internet,
}

impl Culprit {
    /// Every answer there is.
    pub const ALL: [Self; 5] = [
        Self::Unknown,
        Self::Device,
        Self::WiFi,
        Self::Line,
        Self::Internet,
    ];

    /// The number it goes by in the feed and in files. Never changes.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The answer of this number; unknown numbers are [`Unknown`](Self::Unknown).
    pub fn from_code(code: u8) -> Self {
        let found = Self::ALL.into_iter().find(|one| one.code() == code);
        found.unwrap_or(Self::Unknown)
    }

    /// Its word in files and on the command line. Never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Device => "device",
            Self::WiFi => "wifi",
            Self::Line => "line",
            Self::Internet => "internet",
        }
    }
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The spike as the rules see it.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    /// The longest excess over the usual round trip, in nanoseconds.
    excess_ns: u64,
    evidence: &'a Evidence,
    place: Place,
}

/// Where the probes to gateway and anchor say that it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole machine stood still; the network was not asked.
    Machine,
    /// The gateway showed at least half of it.
    Near,
    /// The gateway showed a quarter of it at the most.
    Beyond,
    /// Something in between, or the gateway does not answer.
    Unclear,
}

const NEAR_PERMILLE: u64 = 500;
const BEYOND_PERMILLE: u64 = 250;

/// Declares the rules once, in their order of precedence.
macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal, $matches:expr;)+) => {
        /// A rule by which a spike is blamed, in their order of precedence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Rule { $($(#[$doc])* $name = $code,)+ }

        impl Rule {
            /// Every rule, the first that matches wins.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The rule of this number; unknown numbers are [`Unexplained`](Self::Unexplained).
            pub fn from_code(code: u8) -> Self {
                match code { $($code => Self::$name,)+ _ => Self::Unexplained }
            }

            /// Its word in files and on the command line. Never changes.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            fn matches(self, case: &Case<'_>) -> bool {
                let matches: fn(&Case<'_>) -> bool = match self { $(Self::$name => $matches,)+ };
                matches(case)
            }
        }
    };
}

rules! {
    /// This program was woken up late while the kernel's own clock saw nothing unusual.
    Stalled = 1, "stalled", |case| case.place == Place::Machine;
    /// Somebody switched the interface off here.
    SwitchedOff = 2, "switched-off", |case| case.may_be_near() && case.saw(M::SwitchedOff);
    /// The Wi-Fi connection ended.
    Disconnected = 3, "disconnected", |case| case.may_be_near() && case.saw(M::Disconnects);
    /// Another access point took over.
    Roamed = 4, "roamed", |case| case.may_be_near() && case.saw(M::Roams);
    /// The interface lost its carrier.
    CarrierLost = 5, "carrier-lost", |case| case.may_be_near() && case.saw(M::CarrierLost);
    /// Packets waited in this machine's own queue before the interface.
    OwnQueue = 6, "own-queue", |case| case.may_be_near() && case.own_queue_explains();
    /// This machine's receive queue overflowed.
    ReceiveQueueFull = 7, "receive-queue-full", |case| {
        case.may_be_near() && case.saw(M::SoftnetDropped) && !case.others_are_calm()
    };
    /// The processors were too busy or too slow to serve the network in time.
    Starved = 8, "starved", |case| case.may_be_near() && case.starved() && !case.others_are_calm();
    /// Every uplink spiked at once, each already at its own gateway: what they share is this machine.
    EverywhereAtOnce = 9, "everywhere-at-once", |case| {
        case.place == Place::Near && case.all_others_were_hit()
    };
    /// A Wi-Fi scan was under way: the radio listened elsewhere.
    Scanned = 10, "scanned", |case| case.may_be_near() && case.saw(M::Scans);
    /// The Wi-Fi channel changed.
    ChannelSwitched = 11, "channel-switched", |case| {
        case.may_be_near() && case.saw(M::ChannelSwitches)
    };
    /// Frames had to be sent again over the air, or were lost there.
    Retried = 12, "retried", |case| case.may_be_near() && case.air_was_bad();
    /// The Wi-Fi signal was weak, or had become weaker.
    WeakSignal = 13, "weak-signal", |case| case.may_be_near() && case.signal_was_weak();
    /// Frames were damaged on the way to or from the interface.
    LinkErrors = 14, "link-errors", |case| {
        case.may_be_near() && (case.saw(M::RxErrors) || case.saw(M::TxErrors))
    };
    /// This machine's own traffic began to fill the line.
    LineFull = 15, "line-full", |case| case.own_traffic_rose();
    /// Already the gateway answered late.
    Near = 16, "near", |case| case.place == Place::Near;
    /// The gateway answered as usual.
    Beyond = 17, "beyond", |case| case.place == Place::Beyond;
    /// Nothing that was seen explains it.
    Unexplained = 18, "unexplained", |_| true;
}

impl Rule {
    /// The number it goes by in the feed and in files. Never changes.
    pub fn code(self) -> u8 {
        self as u8
    }

    fn culprit(self, wireless: bool) -> Culprit {
        match self {
            Self::Stalled
            | Self::SwitchedOff
            | Self::OwnQueue
            | Self::ReceiveQueueFull
            | Self::Starved
            | Self::EverywhereAtOnce => Culprit::Device,
            Self::Disconnected
            | Self::Roamed
            | Self::Scanned
            | Self::ChannelSwitched
            | Self::Retried
            | Self::WeakSignal => Culprit::WiFi,
            // On Wi-Fi, what lies between here and the gateway is the air.
            Self::CarrierLost | Self::LinkErrors | Self::Near if wireless => Culprit::WiFi,
            Self::CarrierLost | Self::LinkErrors | Self::Near | Self::LineFull => Culprit::Line,
            Self::Beyond => Culprit::Internet,
            Self::Unexplained => Culprit::Unknown,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whose fault, and by which rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blame {
    /// Who.
    pub culprit: Culprit,
    /// Why.
    pub rule: Rule,
}

/// Blames a spike of an uplink whose longest excess over its usual round trip was `excess_ns` (a loss
/// counts as [`LOSS_EXCESS_NS`](super::LOSS_EXCESS_NS)); `None` for a standstill of the machine.
pub fn judge(excess_ns: Option<u64>, evidence: &Evidence) -> Blame {
    let place = match (excess_ns, evidence.get(M::GatewaySharePermille)) {
        (None, _) => Place::Machine,
        (_, Some(share)) if share >= NEAR_PERMILLE => Place::Near,
        (_, Some(share)) if share <= BEYOND_PERMILLE => Place::Beyond,
        _ => Place::Unclear,
    };
    let case = Case {
        excess_ns: excess_ns.unwrap_or(0),
        evidence,
        place,
    };
    let matching = Rule::ALL.iter().find(|rule| rule.matches(&case));
    let rule = matching.copied().unwrap_or(Rule::Unexplained);
    Blame {
        culprit: rule.culprit(evidence.count(M::Wireless) > 0),
        rule,
    }
}

/// Woken up later than this, a program was kept from running; below, it is the scheduler's everyday.
const LATE_NS: u64 = 10_000_000;
/// So much of the time something waited for a processor.
const BUSY_PERMILLE: u64 = 300;
/// Two full frames: less is no queue.
const QUEUE_BYTES: u64 = 3_000;
/// 1 Mbit/s: a game alone sends less.
const BULK_BYTES_PER_S: u64 = 125_000;
/// Traffic that was there before explains no spike; so many times as much does.
const ROSE_TIMES: u64 = 4;
/// One frame in five again over the air.
const RETRIES_PERMILLE: u64 = 200;
/// -75 dBm: slow rates and many retries.
const WEAK_BELOW_ZERO_DBM: u64 = 75;
/// A door closed, a hand before the antenna.
const FADED_DB: u64 = 8;

impl Case<'_> {
    fn saw(&self, measure: M) -> bool {
        self.evidence.count(measure) > 0
    }

    /// Nothing this side of the gateway explains what the gateway did not show.
    fn may_be_near(&self) -> bool {
        matches!(self.place, Place::Near | Place::Unclear)
    }

    /// The other uplinks share this machine, and nothing happened to them.
    fn others_are_calm(&self) -> bool {
        self.saw(M::OtherUplinks) && !self.saw(M::OtherUplinksHit)
    }

    fn all_others_were_hit(&self) -> bool {
        let others = self.evidence.count(M::OtherUplinks);
        others > 0 && self.evidence.count(M::OtherUplinksHit) == others
    }

    /// A probe waited there for at least half of the excess, or so much waited there as takes that
    /// long to be sent.
    fn own_queue_explains(&self) -> bool {
        let waited = self.evidence.count(M::OwnQueueNs);
        if waited > 0 && waited.saturating_mul(2) >= self.excess_ns {
            return true;
        }
        let bytes = self.evidence.count(M::BacklogBytes);
        let rate = self.evidence.count(M::TxBytesPerS).max(1);
        let wait_ns = u128::from(bytes) * 1_000_000_000 / u128::from(rate);
        bytes >= QUEUE_BYTES && wait_ns * 2 >= u128::from(self.excess_ns)
    }

    /// We ourselves had to wait at least half as long, and there is a reason for it.
    fn starved(&self) -> bool {
        let late = self.evidence.count(M::LateNs);
        let busy = self.evidence.count(M::CpuStallPermille) >= BUSY_PERMILLE
            || self.saw(M::SoftnetSqueezed)
            || self.saw(M::Throttles);
        late >= LATE_NS && late.saturating_mul(2) >= self.excess_ns && busy
    }

    fn air_was_bad(&self) -> bool {
        let retries = self.evidence.count(M::RetriesPermille);
        let usual = self.evidence.count(M::RetriesUsualPermille);
        let again = retries >= RETRIES_PERMILLE && retries >= usual.saturating_mul(2);
        again || self.saw(M::RadioFailed) || self.saw(M::BeaconLosses)
    }

    fn signal_was_weak(&self) -> bool {
        let Some(signal) = self.evidence.get(M::SignalBelowZeroDbm) else {
            return false;
        };
        let usual = self.evidence.get(M::SignalUsualBelowZeroDbm);
        signal >= WEAK_BELOW_ZERO_DBM || usual.is_some_and(|usual| signal >= usual + FADED_DB)
    }

    fn own_traffic_rose(&self) -> bool {
        let rose = |now, usual| {
            let now = self.evidence.count(now);
            let usual = self.evidence.get(usual);
            now >= BULK_BYTES_PER_S
                && usual.is_some_and(|usual| now >= usual.saturating_mul(ROSE_TIMES))
        };
        rose(M::TxBytesPerS, M::TxUsualBytesPerS) || rose(M::RxBytesPerS, M::RxUsualBytesPerS)
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
