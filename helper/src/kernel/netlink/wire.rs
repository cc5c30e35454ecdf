//! Netlink's bytes: the messages of a datagram, and attributes read and written.
//!
//! It is not for sockets, nor for what the bytes mean.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{Emitable, NLA_F_NESTED, NLA_TYPE_MASK, NetlinkBuffer, parse_i32};

use crate::kernel::error::NetlinkError;

/// The kernel says so that an acknowledgement leaves the request out (`NLM_F_CAPPED`).
const CAPPED: u16 = 0x100;

/// The kernel says so that attributes follow an acknowledgement (`NLM_F_ACK_TLVS`).
const WITH_ATTRIBUTES: u16 = 0x200;

/// The kernel's sentence in an acknowledgement (`NLMSGERR_ATTR_MSG`).
const ATTRIBUTE_SENTENCE: u16 = 1;

/// The longest sentence of the kernel's that is passed on, in characters.
const MAX_SENTENCE: usize = 200;

/// The bytes of a header of `netlink-packet-core`.
const HEADER_BYTES: usize = 16;

/// The netlink messages of one datagram.
pub(in crate::kernel) struct Messages<'a> {
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    pub(super) fn of(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<NetlinkBuffer<&'a [u8]>, NetlinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        match NetlinkBuffer::new_checked(rest) {
            Ok(whole) => {
                let length = whole.length() as usize;
                // Messages are aligned to 4 bytes; the last one may lack its padding.
                self.rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
                Some(Ok(NetlinkBuffer::new(&rest[..length])))
            }
            Err(e) => Some(Err(NetlinkError::Garbled(e.to_string()))),
        }
    }
}

/// How an exchange ended: the answer's error number, and the kernel's sentence about it.
///
/// # Errors
///
/// The refusal, or [`NetlinkError::Garbled`] for an answer without an error number.
pub(super) fn outcome(message: &NetlinkBuffer<&[u8]>) -> Result<(), NetlinkError> {
    let payload = message.payload();
    let code = match payload.get(..4).map(parse_i32) {
        None if payload.is_empty() => return Ok(()), // a bare "done"
        Some(Ok(code)) => code,
        _ => {
            let what = "an answer without an error number";
            return Err(NetlinkError::Garbled(what.to_owned()));
        }
    };
    if code == 0 {
        return Ok(());
    }
    Err(NetlinkError::from_errno(
        code.saturating_neg(),
        &sentence(message.flags(), payload),
    ))
}

/// The kernel's sentence in an acknowledgement; empty if it has none.
fn sentence(flags: u16, payload: &[u8]) -> String {
    if flags & WITH_ATTRIBUTES == 0 {
        return String::new();
    }
    let request = payload.get(4..8).and_then(number32).unwrap_or(0) as usize;
    let skipped = if flags & CAPPED == 0 {
        4 + request.max(HEADER_BYTES).next_multiple_of(4)
    } else {
        4 + HEADER_BYTES
    };
    let attributes = Attributes::of(payload.get(skipped..).unwrap_or_default());
    attributes
        .into_iter()
        .find(|(kind, _)| *kind == ATTRIBUTE_SENTENCE)
        .map(|(_, text)| plain(text))
        .unwrap_or_default()
}

/// Printable ASCII up to the first zero byte, at most [`MAX_SENTENCE`] characters.
fn plain(text: &[u8]) -> String {
    text.iter()
        .take_while(|byte| **byte != 0)
        .take(MAX_SENTENCE)
        .map(|byte| char::from(*byte))
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect()
}

/// The attributes in a payload: kind (without its flag bits) and value. Ends at the first that
/// doesn't fit.
#[derive(Clone)]
pub(in crate::kernel) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    pub(in crate::kernel) fn of(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(number16(self.rest.get(..2)?)?);
        let kind = number16(self.rest.get(2..4)?)?;
        let value = self.rest.get(4..length)?;
        self.rest = self
            .rest
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some((kind & NLA_TYPE_MASK, value))
    }
}

/// A request's body under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kernel) struct Body(Vec<u8>);

impl Body {
    /// A body that begins with these bytes, a multiple of 4 of them.
    pub(in crate::kernel) fn new(header: &[u8]) -> Self {
        Self(header.to_vec())
    }

    /// With an attribute more. The value has at most 65,531 bytes.
    pub(in crate::kernel) fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.extend((value.len() as u16 + 4).to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// With an attribute that holds the attributes of `inner`.
    pub(in crate::kernel) fn with_nested(self, kind: u16, inner: &Self) -> Self {
        self.with(kind | NLA_F_NESTED, &inner.0)
    }

    /// The bytes.
    pub(in crate::kernel) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A message of `netlink-packet-route` as bytes.
pub(in crate::kernel) fn emitted(message: &impl Emitable) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

/// A number of 16 bits in the machine's order.
pub(in crate::kernel) fn number16(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?))
}

/// A number of 32 bits in the machine's order.
pub(in crate::kernel) fn number32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// An address of 4 or 16 bytes.
pub(in crate::kernel) fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into()),
        16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()),
        _ => None,
    }
}

/// An address as its 4 or 16 bytes.
pub(in crate::kernel) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An acknowledgement with a header, an error number, a request's header and attributes.
    fn answer(flags: u16, code: i32, attributes: &Body) -> Vec<u8> {
        let mut payload = code.to_ne_bytes().to_vec();
        payload.extend([0; HEADER_BYTES]);
        payload.extend(attributes.bytes());
        let mut bytes = (HEADER_BYTES as u32 + payload.len() as u32)
            .to_ne_bytes()
            .to_vec();
        bytes.extend(2_u16.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn the_kernels_sentence_comes_with_the_refusal_and_is_made_plain() {
        let text = Body::new(&[]).with(3, &[1]).with(1, b"No\x1b[31m such\0x");
        let flags = CAPPED | WITH_ATTRIBUTES;
        let refused = |flags, text| {
            let bytes = answer(flags, -22, text);
            outcome(&NetlinkBuffer::new(bytes.as_slice())).unwrap_err()
        };
        let with_text = refused(flags, &text).to_string();
        assert!(with_text.ends_with(". Kernel: No?[31m such"), "{with_text}");
        let without = refused(CAPPED, &text).to_string();
        assert!(!without.contains("Kernel: "), "{without}");
        let fine = answer(flags, 0, &text);
        assert!(outcome(&NetlinkBuffer::new(fine.as_slice())).is_ok());
    }

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let inner = Body::new(&[]).with(1, &[7, 0]).with(2, &[1, 2, 3, 4]);
        let body = Body::new(&[9; 8]).with(5, &[1]).with_nested(12, &inner);
        assert_eq!(body.bytes().len() % 4, 0);
        let read: Vec<_> = Attributes::of(&body.bytes()[8..]).collect();
        assert_eq!(read, [(5, &[1_u8][..]), (12, inner.bytes())]);
        let nested: Vec<_> = Attributes::of(read[1].1).collect();
        assert_eq!(nested, [(1, &[7, 0][..]), (2, &[1, 2, 3, 4][..])]);
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_break_the_reader(
            bytes in prop::collection::vec(any::<u8>(), 0..200), length in 0..220_u32,
        ) {
            let mut datagram = length.to_ne_bytes().to_vec();
            datagram.extend(bytes);
            let messages: Vec<_> = Messages::of(&datagram).collect();
            // Each message takes at least its header, and nothing follows an error.
            prop_assert!(messages.len() <= datagram.len() / 16 + 1);
            for message in messages.into_iter().flatten() {
                let _ = outcome(&message);
                prop_assert!(Attributes::of(message.payload()).count() <= datagram.len() / 4);
            }
        }
    }
}
