//! The words of a population's flows: a numbered question of 8 bytes, and an answer of 24 that
//! repeats the number after the source address the server saw. No sockets here.

use std::net::{IpAddr, Ipv6Addr};

/// TCP and UDP port of the server that answers populations, on all its addresses.
pub const FLOW_PORT: u16 = 78;
/// Size of a question.
pub const QUESTION_BYTES: usize = 8;
/// Size of an answer.
pub const ANSWER_BYTES: usize = 24;

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The source address of the question (of the connection, for TCP).
    pub seen: IpAddr,
    /// The question's number.
    pub number: u64,
}

/// The bytes of question `number`.
pub fn question(number: u64) -> [u8; QUESTION_BYTES] {
    number.to_be_bytes()
}

/// The answer to `question`, which came from `seen`.
pub fn answer(seen: IpAddr, question: [u8; QUESTION_BYTES]) -> [u8; ANSWER_BYTES] {
    let mapped = match seen {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    let mut bytes = [0; ANSWER_BYTES];
    bytes[..16].copy_from_slice(&mapped.octets());
    bytes[16..].copy_from_slice(&question);
    bytes
}

/// Reads an answer.
pub fn read_answer(bytes: [u8; ANSWER_BYTES]) -> Answer {
    let (mut address, mut number) = ([0; 16], [0; 8]);
    address.copy_from_slice(&bytes[..16]);
    number.copy_from_slice(&bytes[16..]);
    Answer {
        seen: Ipv6Addr::from(address).to_canonical(),
        number: u64::from_be_bytes(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_repeats_the_number_and_tells_the_source_in_both_families() {
        for seen in ["192.0.2.6", "2001:db8:101::2"] {
            let seen: IpAddr = seen.parse().unwrap();
            let bytes = answer(seen, question(1 << 40 | 7));
            let number = 1 << 40 | 7;
            assert_eq!(read_answer(bytes), Answer { seen, number });
        }
    }
}
