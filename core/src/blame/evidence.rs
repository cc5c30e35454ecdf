//! What was seen around a spike, as numbers with a name each. What follows from them is in the rules.

use std::fmt;

/// Declares the measures once: name, the number it goes by in the feed and in files, and its word.
macro_rules! measures {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $word:literal;)+) => {
        /// A thing that is looked at around a spike. The unit is in the name; the window is from half
        /// a second before the spike to half a second after it, or wider where the kernel's counters
        /// were last read earlier.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Measure { $($(#[$doc])* $name = $code,)+ }

        impl Measure {
            /// Every measure, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The measure of this number, if there is one.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }

            /// Its word in files and on the command line. Never changes.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

measures! {
    /// 1 when the uplink is Wi-Fi, 0 when it is not.
    Wireless = 1, "wireless";
    /// Probes sent to the gateway while the anchor's stood out.
    GatewaySent = 2, "gateway-sent";
    /// Those of them that were lost.
    GatewayLost = 3, "gateway-lost";
    /// The gateway's usual round trip before.
    GatewayUsualNs = 4, "gateway-usual-ns";
    /// The longest round trip to the gateway meanwhile.
    GatewayWorstNs = 5, "gateway-worst-ns";
    /// How much of the anchor's excess the gateway showed too: its mean excess over its own usual,
    /// in thousandths of the anchor's. Absent when the gateway does not answer.
    GatewaySharePermille = 6, "gateway-share-permille";
    /// Other uplinks that were probed at the time.
    OtherUplinks = 7, "other-uplinks";
    /// Those of them that had probes standing out at the time.
    OtherUplinksHit = 8, "other-uplinks-hit";
    /// How late this program was woken up at the worst.
    LateNs = 9, "late-ns";
    /// Time in which something runnable waited for a processor (PSI `cpu some`), in thousandths.
    CpuStallPermille = 10, "cpu-stall-permille";
    /// Time in which everything waited for a disk (PSI `io full`), in thousandths.
    IoStallPermille = 11, "io-stall-permille";
    /// Time in which everything waited for memory (PSI `memory full`), in thousandths.
    MemoryStallPermille = 12, "memory-stall-permille";
    /// Packets this machine dropped because its receive queue was full (`softnet_stat`).
    SoftnetDropped = 13, "softnet-dropped";
    /// Times the kernel stopped receiving because its budget was used up (`softnet_stat`).
    SoftnetSqueezed = 14, "softnet-squeezed";
    /// Times a processor was slowed down for heat.
    Throttles = 15, "throttles";
    /// The highest speed the processors are allowed now, in thousandths of what they can.
    CpuLimitPermille = 16, "cpu-limit-permille";
    /// Bad frames received on the interface.
    RxErrors = 17, "rx-errors";
    /// Frames the interface could not send.
    TxErrors = 18, "tx-errors";
    /// Received frames dropped by the interface.
    RxDropped = 19, "rx-dropped";
    /// Frames to be sent that the interface dropped.
    TxDropped = 20, "tx-dropped";
    /// The most bytes that waited in the interface's own queue.
    BacklogBytes = 21, "backlog-bytes";
    /// Packets that this queue dropped.
    QueueDrops = 22, "queue-drops";
    /// What the interface received, at the fastest.
    RxBytesPerS = 23, "rx-bytes-per-s";
    /// What it sent, at the fastest.
    TxBytesPerS = 24, "tx-bytes-per-s";
    /// What it received before, usually.
    RxUsualBytesPerS = 25, "rx-usual-bytes-per-s";
    /// What it sent before, usually.
    TxUsualBytesPerS = 26, "tx-usual-bytes-per-s";
    /// Times the interface lost its carrier: a cable out, a switch off, no access point.
    CarrierLost = 27, "carrier-lost";
    /// Times somebody on this machine switched the interface off.
    SwitchedOff = 28, "switched-off";
    /// Changes of default routes over the interface, our own left out.
    RouteChanges = 29, "route-changes";
    /// Changes of the interface's addresses.
    AddressChanges = 30, "address-changes";
    /// Wi-Fi scans under way.
    Scans = 31, "scans";
    /// Changes from one access point to another.
    Roams = 32, "roams";
    /// Times the Wi-Fi connection ended.
    Disconnects = 33, "disconnects";
    /// Changes of the Wi-Fi channel.
    ChannelSwitches = 34, "channel-switches";
    /// The weakest signal, in dBm below zero: 70 is -70 dBm.
    SignalBelowZeroDbm = 35, "signal-below-zero-dbm";
    /// The signal before, usually, likewise.
    SignalUsualBelowZeroDbm = 36, "signal-usual-below-zero-dbm";
    /// Frames sent again over the air, in thousandths of all sent.
    RetriesPermille = 37, "retries-permille";
    /// The same before, usually.
    RetriesUsualPermille = 38, "retries-usual-permille";
    /// Frames given up after all tries.
    RadioFailed = 39, "radio-failed";
    /// Beacons of the access point that were missed in a row long enough to be noticed.
    BeaconLosses = 40, "beacon-losses";
    /// The longest that a probe waited in the interface's own queue.
    OwnQueueNs = 41, "own-queue-ns";
}

const SLOTS: usize = 42;

impl Measure {
    /// The number it goes by in the feed and in files. Never changes.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What was seen: a number for each measure that could be read. A measure that is absent was not
/// readable here, which is not the same as 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Evidence([Option<u64>; SLOTS]);

impl Default for Evidence {
    fn default() -> Self {
        Self([None; SLOTS])
    }
}

impl Evidence {
    /// The number of a measure; `None` when it could not be read.
    pub fn get(&self, measure: Measure) -> Option<u64> {
        self.0[usize::from(measure.code())]
    }

    /// The number of a measure, 0 when it could not be read.
    pub fn count(&self, measure: Measure) -> u64 {
        self.get(measure).unwrap_or(0)
    }

    /// Notes a number.
    pub fn set(&mut self, measure: Measure, value: u64) {
        self.0[usize::from(measure.code())] = Some(value);
    }

    /// Notes a number if there is one.
    pub fn set_if(&mut self, measure: Measure, value: Option<u64>) {
        if let Some(value) = value {
            self.set(measure, value);
        }
    }

    /// Everything that was read, in the order of the measures' numbers.
    pub fn all(&self) -> impl Iterator<Item = (Measure, u64)> + '_ {
        let measures = Measure::ALL.iter();
        measures.filter_map(|measure| Some((*measure, self.get(*measure)?)))
    }

    /// What a person would want to be told: what is out of the ordinary by itself, most telling
    /// first. Not an answer: [`judge`](super::judge) gives that.
    pub fn notable(&self) -> Vec<(Measure, u64)> {
        NOTABLE
            .iter()
            .filter_map(|(measure, at_least)| {
                let value = self.get(*measure)?;
                (value >= *at_least).then_some((*measure, value))
            })
            .collect()
    }
}

/// From which number on a measure is worth telling, most telling measure first.
const NOTABLE: &[(Measure, u64)] = &[
    (Measure::SwitchedOff, 1),
    (Measure::CarrierLost, 1),
    (Measure::Disconnects, 1),
    (Measure::Roams, 1),
    (Measure::ChannelSwitches, 1),
    (Measure::Scans, 1),
    (Measure::BeaconLosses, 1),
    (Measure::LateNs, 10_000_000),
    (Measure::SoftnetDropped, 1),
    (Measure::OwnQueueNs, 5_000_000),
    (Measure::BacklogBytes, 3_000),
    (Measure::QueueDrops, 1),
    (Measure::RxErrors, 1),
    (Measure::TxErrors, 1),
    (Measure::TxDropped, 1),
    (Measure::RadioFailed, 1),
    (Measure::RetriesPermille, 200),
    (Measure::SignalBelowZeroDbm, 72),
    (Measure::CpuStallPermille, 300),
    (Measure::IoStallPermille, 300),
    (Measure::MemoryStallPermille, 50),
    (Measure::Throttles, 1),
    (Measure::SoftnetSqueezed, 1),
    (Measure::RouteChanges, 1),
    (Measure::AddressChanges, 1),
    (Measure::TxBytesPerS, 125_000),
    (Measure::RxBytesPerS, 125_000),
    (Measure::OtherUplinksHit, 1),
    (Measure::GatewayLost, 1),
    (Measure::GatewaySharePermille, 0),
];

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.all()).finish()
    }
}

impl FromIterator<(Measure, u64)> for Evidence {
    fn from_iter<T: IntoIterator<Item = (Measure, u64)>>(values: T) -> Self {
        let mut evidence = Self::default();
        for (measure, value) in values {
            evidence.set(measure, value);
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_words_name_each_measure_once_and_every_one_has_a_slot() {
        for (at, measure) in Measure::ALL.iter().enumerate() {
            assert_eq!(Measure::from_code(measure.code()), Some(*measure));
            assert!(usize::from(measure.code()) < SLOTS);
            let twin = |other: &Measure| other.word() == measure.word();
            assert!(!Measure::ALL[..at].iter().any(twin), "{measure}");
        }
        assert_eq!(Measure::from_code(0), None);
        assert_eq!(Measure::from_code(255), None);
    }

    #[test]
    fn what_could_not_be_read_is_absent_and_not_zero() {
        let mut evidence = Evidence::default();
        evidence.set(Measure::Scans, 0);
        evidence.set_if(Measure::Roams, None);
        assert_eq!(evidence.get(Measure::Scans), Some(0));
        assert_eq!(evidence.get(Measure::Roams), None);
        assert_eq!(evidence.count(Measure::Roams), 0);
        assert_eq!(evidence.all().count(), 1);
        assert_eq!(format!("{evidence:?}"), "{Scans: 0}");
    }

    #[test]
    fn the_most_telling_comes_first_and_the_ordinary_is_left_out() {
        let evidence: Evidence = [
            (Measure::CpuStallPermille, 900),
            (Measure::LateNs, 9_000_000),
            (Measure::CarrierLost, 1),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            evidence.notable(),
            [(Measure::CarrierLost, 1), (Measure::CpuStallPermille, 900)]
        );
    }
}
