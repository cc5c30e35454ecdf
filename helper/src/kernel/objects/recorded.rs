//! Messages recorded as hexadecimal digits, for the tests that compare ours with them.

use crate::kernel::netlink::wire::Attributes;

/// A header, and attributes as kind and value.
pub type Parts = (Vec<u8>, Vec<(u16, Vec<u8>)>);

/// Bytes from hexadecimal digits; spaces don't count.
pub fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .bytes()
        .filter_map(|digit| char::from(digit).to_digit(16).map(|value| value as u8))
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// A payload's header of that many bytes, and its attributes in the order of their kinds.
pub fn sorted(payload: &[u8], header_bytes: usize) -> Parts {
    let (header, attributes) = payload.split_at(header_bytes);
    let mut all: Vec<_> = Attributes::of(attributes)
        .map(|(kind, value)| (kind, value.to_vec()))
        .collect();
    all.sort();
    (header.to_vec(), all)
}
