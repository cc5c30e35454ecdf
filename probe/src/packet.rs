//! ICMP echo packets as bytes: building requests, reading replies, and the socket filter for raw sockets.
//! Not for sockets or time; every function here is pure and takes any bytes without panicking.

use crate::Family;

/// Length of every echo request and reply we use, ICMP header included, in bytes (as `ping` sends by default).
pub(crate) const ECHO_BYTES: usize = 64;
/// ICMP header (8), token (8) and sequence number (8): the part of a reply we read.
const READ_BYTES: usize = 24;
/// Shortest IPv4 header, in bytes (RFC 791).
const MIN_IPV4_HEADER: usize = 20;

/// What received bytes turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// The answer to our probe with this sequence number.
    Reply(u64),
    /// Another program's reply, or another ICMP message.
    Foreign,
    /// Claims to be a reply but cannot be one of ours: too short, or its parts disagree.
    Malformed,
}

const fn request_type(family: Family) -> u8 {
    match family {
        Family::V4 => 8,
        Family::V6 => 128,
    }
}

pub(crate) const fn reply_type(family: Family) -> u8 {
    match family {
        Family::V4 => 0,
        Family::V6 => 129,
    }
}

/// An echo request. The 16-bit sequence field holds the low bits of `seq`; the payload holds all of it
/// behind `token`, so wrapping is harmless and nobody who has not seen a request can forge a reply.
pub(crate) fn echo_request(family: Family, ident: u16, seq: u64, token: u64) -> [u8; ECHO_BYTES] {
    let mut packet = [0; ECHO_BYTES];
    packet[0] = request_type(family);
    packet[4..6].copy_from_slice(&ident.to_be_bytes());
    packet[6..8].copy_from_slice(&(seq as u16).to_be_bytes());
    packet[8..16].copy_from_slice(&token.to_be_bytes());
    packet[16..24].copy_from_slice(&seq.to_be_bytes());
    // The kernel sums for ICMPv6 and for datagram sockets; a raw ICMPv4 socket sends what it is given.
    if family == Family::V4 {
        let sum = internet_checksum(&packet);
        packet[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    packet
}

/// Reads an ICMP message (without its IP header). The kernel has verified the checksum.
pub(crate) fn read_reply(family: Family, token: u64, icmp: &[u8]) -> Received {
    let Some(&kind) = icmp.first() else {
        return Received::Malformed;
    };
    if kind != reply_type(family) || icmp.get(1) != Some(&0) {
        return Received::Foreign;
    }
    let Some(head) = icmp.first_chunk::<READ_BYTES>() else {
        return Received::Malformed;
    };
    if u64_at(head, 8) != token {
        return Received::Foreign;
    }
    let seq = u64_at(head, 16);
    if u16::from_be_bytes([head[6], head[7]]) != seq as u16 {
        return Received::Malformed;
    }
    Received::Reply(seq)
}

/// The payload of an IPv4 packet as a raw socket delivers it, or `None` if the header does not fit.
pub(crate) fn ipv4_payload(packet: &[u8]) -> Option<&[u8]> {
    let first = *packet.first()?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < MIN_IPV4_HEADER {
        return None;
    }
    packet.get(header..)
}

/// The Internet checksum of RFC 1071 over `bytes` (an odd last byte is padded with zero).
fn internet_checksum(bytes: &[u8]) -> u16 {
    let mut sum: u64 = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn u64_at(head: &[u8; READ_BYTES], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&head[at..at + 8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn as_reply(family: Family, request: [u8; ECHO_BYTES]) -> [u8; ECHO_BYTES] {
        let mut reply = request;
        reply[0] = reply_type(family);
        reply
    }

    #[test]
    fn the_checksum_matches_the_example_of_rfc_1071() {
        assert_eq!(
            internet_checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]),
            !0xddf2
        );
        assert_eq!(internet_checksum(&[0xff]), !0xff00);
    }

    #[test]
    fn a_v4_request_sums_to_zero_and_a_v6_request_leaves_the_sum_to_the_kernel() {
        assert_eq!(
            internet_checksum(&echo_request(Family::V4, 7, 70_000, 9)),
            0
        );
        assert_eq!(echo_request(Family::V6, 7, 70_000, 9)[2..4], [0, 0]);
    }

    #[test]
    fn a_truncated_reply_is_malformed_and_a_request_is_foreign() {
        let request = echo_request(Family::V4, 1, 2, 3);
        assert_eq!(read_reply(Family::V4, 3, &request), Received::Foreign);
        let reply = as_reply(Family::V4, request);
        assert_eq!(read_reply(Family::V4, 3, &reply[..23]), Received::Malformed);
        assert_eq!(read_reply(Family::V4, 3, &[]), Received::Malformed);
        assert_eq!(read_reply(Family::V4, 4, &reply), Received::Foreign);
    }

    #[test]
    fn a_reply_whose_two_sequence_numbers_disagree_is_malformed() {
        let mut reply = as_reply(Family::V6, echo_request(Family::V6, 1, 2, 3));
        reply[7] ^= 1;
        assert_eq!(read_reply(Family::V6, 3, &reply), Received::Malformed);
    }

    #[test]
    fn an_ipv4_header_must_fit() {
        assert_eq!(ipv4_payload(&[]), None);
        assert_eq!(ipv4_payload(&[0x45; 19]), None);
        assert_eq!(ipv4_payload(&[0x44; 40]), None);
        assert_eq!(ipv4_payload(&[0x65; 40]), None);
        assert_eq!(ipv4_payload(&[0x46; 25]).map(<[u8]>::len), Some(1));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), token: u64) {
            for family in [Family::V4, Family::V6] {
                let _ = read_reply(family, token, &bytes);
                let _ = ipv4_payload(&bytes).map(|rest| read_reply(family, token, rest));
            }
        }

        #[test]
        fn every_sequence_number_comes_back_whole(ident: u16, seq: u64, token: u64) {
            for family in [Family::V4, Family::V6] {
                let reply = as_reply(family, echo_request(family, ident, seq, token));
                prop_assert_eq!(read_reply(family, token, &reply), Received::Reply(seq));
            }
        }
    }
}
