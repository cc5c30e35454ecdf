//! The frames of the feed: what `Subscribe`'s socket carries, one frame a datagram.
//!
//! A frame is a 16-byte header and up to [`MAX_RECORDS`] records of 40 bytes, little-endian:
//!
//! | header | bytes | | record | bytes |
//! |---|---|---|---|---|
//! | magic [`MAGIC`] | 4 | | kind: 1 sample, 2 estimate, 3 leader, 4 gateway, 5 seen, 6 spike | 1 |
//! | frame number, from 0 | 4 | | flags | 1 |
//! | frames dropped for this listener so far | 4 | | share in thousandths (estimate) | 2 |
//! | number of records | 2 | | ifindex | 4 |
//! | zero | 2 | | `CLOCK_MONOTONIC` in ns | 8 |
//! | | | | three values | 24 |
//!
//! A client passes over kinds that it does not know. [`crate::spikes`] puts kinds 5 and 6 together.
//!
//! The helper never waits for a slow reader: it drops the frame and counts it.

use crate::UplinkState;

/// The first four bytes of every frame: `EKF1`.
pub const MAGIC: u32 = u32::from_le_bytes(*b"EKF1");
/// Records in one frame at the most.
pub const MAX_RECORDS: usize = 64;
/// Bytes of a frame at the most.
pub const MAX_FRAME_BYTES: usize = HEADER_BYTES + MAX_RECORDS * RECORD_BYTES;

const HEADER_BYTES: usize = 16;
const RECORD_BYTES: usize = 40;

const KIND_SAMPLE: u8 = 1;
const KIND_ESTIMATE: u8 = 2;
const KIND_LEADER: u8 = 3;
const KIND_GATEWAY: u8 = 4;
const KIND_SEEN: u8 = 5;
const KIND_SPIKE: u8 = 6;
/// Stands for a round trip that was not measured.
const NO_RTT: u64 = u64::MAX;
const FLAG_LOST: u8 = 1;
const FLAG_USER_CLOCK: u8 = 2;
const FLAG_GAME_MODE: u8 = 1;

/// One thing that happened, in the order the helper saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// A probe was answered or given up.
    Sample {
        /// The uplink.
        ifindex: u32,
        /// When the probe was sent.
        at_ns: u64,
        /// Its round-trip time; `None` when it was lost.
        rtt_ns: Option<u64>,
        /// True when the kernel gave no timestamps and the helper's own clock was read.
        user_clock: bool,
    },
    /// The estimates of one uplink after an epoch.
    Estimate {
        /// The uplink.
        ifindex: u32,
        /// When.
        at_ns: u64,
        /// What the probes say of it.
        state: UplinkState,
        /// Share of new flows in thousandths.
        share_permille: u16,
        /// Smoothed round-trip time in nanoseconds.
        rtt_ns: u64,
        /// Fast smoothed deviation in nanoseconds.
        jitter_ns: u64,
        /// Slow smoothed deviation in nanoseconds.
        slow_jitter_ns: u64,
    },
    /// The leader, or game mode, changed.
    Leader {
        /// The new leader, `None` when there is none.
        ifindex: Option<u32>,
        /// When.
        at_ns: u64,
        /// True while game mode is on.
        game_mode: bool,
    },
    /// A probe to an uplink's gateway was answered or given up.
    Gateway {
        /// The uplink.
        ifindex: u32,
        /// When the probe was sent.
        at_ns: u64,
        /// Its round-trip time; `None` when it was lost.
        rtt_ns: Option<u64>,
    },
    /// Something that was seen around a spike whose own record follows.
    Seen {
        /// The spike's uplink, 0 for the whole machine.
        ifindex: u32,
        /// When the spike began.
        at_ns: u64,
        /// Up to three measures: a number of [`evenkeel_core::blame::Measure`], or 0 for none, and how
        /// much of it.
        seen: [(u8, u64); 3],
    },
    /// A spike is over.
    Spike {
        /// Its uplink, `None` for the whole machine.
        ifindex: Option<u32>,
        /// When it began.
        at_ns: u64,
        /// How long it lasted.
        length_ns: u64,
        /// The usual round trip before; whole microseconds come over, at most an hour's.
        usual_ns: Option<u64>,
        /// The longest round trip in it, likewise.
        worst_ns: Option<u64>,
        /// Probes sent in it.
        sent: u16,
        /// Those that stood out.
        stood_out: u16,
        /// Those that were lost.
        lost: u16,
        /// A number of [`evenkeel_core::blame::Culprit`].
        culprit: u8,
        /// A number of [`evenkeel_core::blame::Rule`].
        rule: u8,
    },
}

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Counts from 0 for each listener; a gap means frames were dropped.
    pub number: u32,
    /// Frames dropped for this listener since it subscribed.
    pub dropped: u32,
    /// What happened.
    pub records: Vec<Record>,
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too short for its own count of records, or too long.
    #[error("the feed sent a frame of {0} bytes that does not fit its own header")]
    Length(usize),
    /// It does not begin with [`MAGIC`].
    #[error("the feed sent something that is no frame; helper and client may differ in version")]
    Magic,
}

/// Writes a frame. Records past [`MAX_RECORDS`] are not written; callers send them in a next frame.
pub fn encode(number: u32, dropped: u32, records: &[Record]) -> Vec<u8> {
    let records = &records[..records.len().min(MAX_RECORDS)];
    let mut out = Vec::with_capacity(HEADER_BYTES + records.len() * RECORD_BYTES);
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&dropped.to_le_bytes());
    out.extend_from_slice(&(records.len() as u16).to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    for record in records {
        encode_record(&mut out, record);
    }
    out
}

fn encode_record(out: &mut Vec<u8>, record: &Record) {
    let (kind, flags, share, ifindex, at_ns, values) = match *record {
        Record::Sample {
            ifindex,
            at_ns,
            rtt_ns,
            user_clock,
        } => {
            let lost = if rtt_ns.is_none() { FLAG_LOST } else { 0 };
            let clock = if user_clock { FLAG_USER_CLOCK } else { 0 };
            (
                KIND_SAMPLE,
                lost | clock,
                0,
                ifindex,
                at_ns,
                [rtt_ns.unwrap_or(0), 0, 0],
            )
        }
        Record::Estimate {
            ifindex,
            at_ns,
            state,
            share_permille,
            rtt_ns,
            jitter_ns,
            slow_jitter_ns,
        } => (
            KIND_ESTIMATE,
            state.to_wire() as u8,
            share_permille,
            ifindex,
            at_ns,
            [rtt_ns, jitter_ns, slow_jitter_ns],
        ),
        Record::Leader {
            ifindex,
            at_ns,
            game_mode,
        } => {
            let flags = if game_mode { FLAG_GAME_MODE } else { 0 };
            (KIND_LEADER, flags, 0, ifindex.unwrap_or(0), at_ns, [0; 3])
        }
        Record::Gateway {
            ifindex,
            at_ns,
            rtt_ns,
        } => {
            let rtt = rtt_ns.unwrap_or(NO_RTT);
            (KIND_GATEWAY, 0, 0, ifindex, at_ns, [rtt, 0, 0])
        }
        Record::Seen {
            ifindex,
            at_ns,
            seen,
        } => {
            let [first, second, third] = seen.map(|(code, _)| code);
            let others = u16::from_le_bytes([second, third]);
            let values = seen.map(|(_, value)| value);
            (KIND_SEEN, first, others, ifindex, at_ns, values)
        }
        Record::Spike {
            ifindex,
            at_ns,
            length_ns,
            usual_ns,
            worst_ns,
            sent,
            stood_out,
            lost,
            culprit,
            rule,
        } => {
            let times = u64::from(to_us(usual_ns)) | u64::from(to_us(worst_ns)) << 32;
            let counts = u64::from(sent) | u64::from(stood_out) << 16 | u64::from(lost) << 32;
            let ifindex = ifindex.unwrap_or(0);
            let values = [length_ns, times, counts];
            (KIND_SPIKE, culprit, rule.into(), ifindex, at_ns, values)
        }
    };
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&share.to_le_bytes());
    out.extend_from_slice(&ifindex.to_le_bytes());
    out.extend_from_slice(&at_ns.to_le_bytes());
    for value in values {
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Reads a frame. Records of a kind this client does not know are passed over.
///
/// # Errors
/// [`FrameError`] when the bytes are no frame of this version.
pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
    let length = FrameError::Length(bytes.len());
    let (header, body) = bytes.split_at_checked(HEADER_BYTES).ok_or(length)?;
    if u32_at(header, 0) != MAGIC {
        return Err(FrameError::Magic);
    }
    let count = usize::from(u16::from_le_bytes([header[12], header[13]]));
    if count > MAX_RECORDS || body.len() != count * RECORD_BYTES {
        return Err(length);
    }
    Ok(Frame {
        number: u32_at(header, 4),
        dropped: u32_at(header, 8),
        records: body
            .chunks_exact(RECORD_BYTES)
            .filter_map(decode_record)
            .collect(),
    })
}

fn decode_record(bytes: &[u8]) -> Option<Record> {
    let (kind, flags) = (bytes[0], bytes[1]);
    let share_permille = u16::from_le_bytes([bytes[2], bytes[3]]);
    let ifindex = u32_at(bytes, 4);
    let at_ns = u64_at(bytes, 8);
    let first = u64_at(bytes, 16);
    match kind {
        KIND_SAMPLE => Some(Record::Sample {
            ifindex,
            at_ns,
            rtt_ns: (flags & FLAG_LOST == 0).then_some(first),
            user_clock: flags & FLAG_USER_CLOCK != 0,
        }),
        KIND_ESTIMATE => Some(Record::Estimate {
            ifindex,
            at_ns,
            state: UplinkState::from_wire(u32::from(flags)),
            share_permille,
            rtt_ns: first,
            jitter_ns: u64_at(bytes, 24),
            slow_jitter_ns: u64_at(bytes, 32),
        }),
        KIND_LEADER => Some(Record::Leader {
            ifindex: (ifindex != 0).then_some(ifindex),
            at_ns,
            game_mode: flags & FLAG_GAME_MODE != 0,
        }),
        KIND_GATEWAY => Some(Record::Gateway {
            ifindex,
            at_ns,
            rtt_ns: (first != NO_RTT).then_some(first),
        }),
        KIND_SEEN => Some(Record::Seen {
            ifindex,
            at_ns,
            seen: [
                (flags, first),
                (bytes[2], u64_at(bytes, 24)),
                (bytes[3], u64_at(bytes, 32)),
            ],
        }),
        KIND_SPIKE => {
            let (times, counts) = (u64_at(bytes, 24), u64_at(bytes, 32));
            Some(Record::Spike {
                ifindex: (ifindex != 0).then_some(ifindex),
                at_ns,
                length_ns: first,
                usual_ns: from_us(times as u32),
                worst_ns: from_us((times >> 32) as u32),
                sent: counts as u16,
                stood_out: (counts >> 16) as u16,
                lost: (counts >> 32) as u16,
                culprit: flags,
                rule: share_permille as u8,
            })
        }
        _ => None,
    }
}

/// Microseconds, with the largest number for none.
fn to_us(ns: Option<u64>) -> u32 {
    ns.map_or(u32::MAX, |ns| {
        u32::try_from(ns / 1000).unwrap_or(u32::MAX - 1)
    })
}

fn from_us(us: u32) -> Option<u64> {
    (us != u32::MAX).then(|| u64::from(us) * 1000)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = Record> {
        prop_oneof![
            (1u32.., any::<u64>(), any::<Option<u64>>(), any::<bool>()).prop_map(
                |(ifindex, at_ns, rtt_ns, user_clock)| Record::Sample {
                    ifindex,
                    at_ns,
                    rtt_ns,
                    user_clock
                }
            ),
            (
                1u32..,
                any::<u64>(),
                0usize..5,
                any::<u16>(),
                any::<[u64; 3]>()
            )
                .prop_map(
                    |(
                        ifindex,
                        at_ns,
                        state,
                        share_permille,
                        [rtt_ns, jitter_ns, slow_jitter_ns],
                    )| {
                        Record::Estimate {
                            ifindex,
                            at_ns,
                            state: UplinkState::ALL[state],
                            share_permille,
                            rtt_ns,
                            jitter_ns,
                            slow_jitter_ns,
                        }
                    }
                ),
            (proptest::option::of(1u32..), any::<u64>(), any::<bool>()).prop_map(
                |(ifindex, at_ns, game_mode)| Record::Leader {
                    ifindex,
                    at_ns,
                    game_mode
                }
            ),
            (1u32.., any::<u64>(), proptest::option::of(0..NO_RTT)).prop_map(
                |(ifindex, at_ns, rtt_ns)| Record::Gateway {
                    ifindex,
                    at_ns,
                    rtt_ns
                }
            ),
            (any::<u32>(), any::<u64>(), any::<[(u8, u64); 3]>()).prop_map(
                |(ifindex, at_ns, seen)| Record::Seen {
                    ifindex,
                    at_ns,
                    seen
                }
            ),
            spike(),
        ]
    }

    fn spike() -> impl Strategy<Value = Record> {
        let time = || proptest::option::of((0..u32::MAX - 1).prop_map(|us| u64::from(us) * 1000));
        (
            proptest::option::of(1u32..),
            any::<[u64; 2]>(),
            (time(), time()),
            any::<[u16; 3]>(),
            any::<[u8; 2]>(),
        )
            .prop_map(
                |(
                    ifindex,
                    [at_ns, length_ns],
                    (usual_ns, worst_ns),
                    [sent, stood_out, lost],
                    [culprit, rule],
                )| Record::Spike {
                    ifindex,
                    at_ns,
                    length_ns,
                    usual_ns,
                    worst_ns,
                    sent,
                    stood_out,
                    lost,
                    culprit,
                    rule,
                },
            )
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(
            number: u32,
            dropped: u32,
            records in proptest::collection::vec(record(), 0..=MAX_RECORDS),
        ) {
            let bytes = encode(number, dropped, &records);
            prop_assert!(bytes.len() <= MAX_FRAME_BYTES);
            prop_assert_eq!(decode(&bytes), Ok(Frame { number, dropped, records }));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_frame_cut_short_is_an_error(
            records in proptest::collection::vec(record(), 1..8),
            cut in 1usize..40,
        ) {
            let bytes = encode(0, 0, &records);
            prop_assert!(decode(&bytes[..bytes.len() - cut]).is_err());
        }
    }

    #[test]
    fn records_of_an_unknown_kind_are_passed_over() {
        let leader = Record::Leader {
            ifindex: Some(2),
            at_ns: 7,
            game_mode: true,
        };
        let mut bytes = encode(0, 0, &[leader, leader]);
        bytes[HEADER_BYTES] = 99;
        assert_eq!(decode(&bytes).map(|frame| frame.records), Ok(vec![leader]));
    }
}
