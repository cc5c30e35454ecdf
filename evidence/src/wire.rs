//! Netlink's bytes: requests built, the messages of a datagram, the attributes of a message. Not for
//! sockets, nor for what the bytes mean.

use netlink_packet_core::{NLA_TYPE_MASK, NetlinkBuffer};

/// Messages and attributes are aligned to this.
const ALIGNMENT: usize = 4;
/// `struct nlmsghdr`.
const HEADER_BYTES: usize = 16;

/// One message of a datagram.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Its type.
    pub kind: u16,
    /// The number of the request that it answers.
    pub sequence: u32,
    /// What comes after the header.
    pub payload: &'a [u8],
}

/// The messages of a datagram, up to the first that is damaged.
pub fn messages(datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let whole = NetlinkBuffer::new_checked(rest).ok()?;
        let length = whole.length() as usize;
        let message = Message {
            kind: whole.message_type(),
            sequence: whole.sequence_number(),
            payload: rest.get(HEADER_BYTES..length)?,
        };
        let next = length.next_multiple_of(ALIGNMENT);
        rest = rest.get(next..).unwrap_or_default();
        Some(message)
    })
}

/// The attributes in some bytes, up to the first that is damaged: type and value.
pub fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(offset..)?;
        let length = usize::from(number16(rest)?);
        let kind = number16(rest.get(2..)?)? & NLA_TYPE_MASK;
        offset += length.next_multiple_of(ALIGNMENT);
        Some((kind, rest.get(ALIGNMENT..length)?))
    })
}

/// The value of the first attribute of this type.
pub fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    let mut found = attributes(bytes).filter(|(one, _)| *one == kind);
    found.next().map(|(_, value)| value)
}

/// A number of 32 bits that begins a value.
pub fn number32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?))
}

/// A number of 16 bits that begins a value.
pub fn number16(bytes: &[u8]) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?))
}

/// A request with a header of its own.
pub fn request(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend(((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes
}

/// Adds an attribute to a body.
pub fn add_attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend(((ALIGNMENT + value.len()) as u16).to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_built_is_read_again() {
        let mut body = Vec::new();
        add_attribute(&mut body, 3, &7_u32.to_ne_bytes());
        add_attribute(&mut body, 0x8015, b"abc");
        add_attribute(&mut body, 5, &[]);
        let mut datagram = request(16, 1, 9, &body);
        datagram.extend(request(17, 1, 10, &[]));
        let messages: Vec<Message> = messages(&datagram).collect();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].kind, messages[0].sequence), (16, 9));
        assert_eq!((messages[1].kind, messages[1].payload), (17, &[][..]));
        let read: Vec<_> = attributes(messages[0].payload).collect();
        assert_eq!(read, [(3, &[7, 0, 0, 0][..]), (21, b"abc"), (5, b"")]);
        assert_eq!(attribute(&body, 3).and_then(number32), Some(7));
        assert_eq!(attribute(&body, 4), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(messages(&bytes).count() <= bytes.len());
            prop_assert!(attributes(&bytes).count() <= bytes.len());
        }
    }
}
