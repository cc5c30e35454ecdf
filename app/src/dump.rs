//! What every netlink dump has: the request for one, and its answer taken apart. What is asked and what
//! the answers mean is not known here.

use std::io;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage,
    NetlinkPayload, NetlinkSerializable,
};

/// The kernel sends at most 32 KiB at once.
pub const BUFFER_BYTES: usize = 64 * 1024;
/// Messages of one datagram are aligned to this.
const ALIGNMENT: usize = 4;

/// The request for a dump, as it goes to the kernel.
pub fn request<T>(body: T) -> Vec<u8>
where
    T: NetlinkSerializable,
    NetlinkPayload<T>: From<T>,
{
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(body));
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Hands over the messages of one datagram of the answer; false when it was the last.
///
/// # Errors
/// The kernel's, that of `keep`, and when the datagram is not netlink.
pub fn read<T: NetlinkDeserializable>(
    datagram: &[u8],
    mut keep: impl FnMut(T) -> io::Result<()>,
) -> io::Result<bool> {
    let mut rest = datagram;
    while !rest.is_empty() {
        let message = NetlinkMessage::<T>::deserialize(rest)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let length = (message.header.length as usize).next_multiple_of(ALIGNMENT);
        rest = rest.get(length..).unwrap_or_default();
        match message.payload {
            NetlinkPayload::Done(_) => return Ok(false),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            NetlinkPayload::InnerMessage(inner) => keep(inner)?,
            _ => {}
        }
    }
    Ok(true)
}
