//! The words of the kernel's FUSE protocol (linux/fuse.h, version 7.31) that a directory with one
//! file needs. Bytes in, requests out, and answers as bytes; nothing is read or written here.

/// The file's name.
pub const NAME: &str = "event0";
/// The directory's node; every other is a file's.
pub const ROOT: u64 = 1;
const HEADER: usize = 40;

/// What the kernel asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// To begin.
    Init,
    /// What stands under a name in the directory.
    Lookup(String),
    /// What a node is.
    Attributes(u64),
    /// To make the file, and open it.
    Create(String),
    /// To take a name away.
    Unlink(String),
    /// To open a node.
    Open(u64),
    /// To read so many bytes from a handle; the directory's from an offset.
    Read {
        /// The handle.
        handle: u64,
    },
    /// The names in the directory from an offset on.
    Names {
        /// Names that were read before.
        from: u64,
    },
    /// A device's question, with room for so many bytes.
    Control {
        /// Which.
        command: u32,
        /// How long the answer may be.
        room: usize,
    },
    /// Whether there is something to read; `wake` is to be told when there is.
    Poll {
        /// The handle.
        handle: u64,
        /// Whom to wake.
        wake: u64,
    },
    /// A handle is closed.
    Release(u64),
    /// What wants no more than a yes.
    Fine,
    /// What wants no answer.
    Nothing,
    /// What is not done here.
    Unknown,
}

/// A request's number, and what it is.
pub fn read(bytes: &[u8]) -> Option<(u64, Ask)> {
    let body = bytes.get(HEADER..)?;
    let (node, unique) = (long(bytes, 16)?, long(bytes, 8)?);
    let handle = || long(body, 0);
    let ask = match word(bytes, 4)? {
        1 => Ask::Lookup(text(body)),
        2 | 36 | 42 => Ask::Nothing,
        3 | 4 => Ask::Attributes(node),
        10 => Ask::Unlink(text(body)),
        14 | 27 => Ask::Open(node),
        15 => Ask::Read { handle: handle()? },
        18 => Ask::Release(handle()?),
        25 | 29 | 34 => Ask::Fine,
        26 => Ask::Init,
        28 => Ask::Names {
            from: long(body, 8)?,
        },
        35 => Ask::Create(text(body.get(16..)?)),
        39 => Ask::Control {
            command: word(body, 12)?,
            room: word(body, 28)? as usize,
        },
        40 => Ask::Poll {
            handle: handle()?,
            wake: long(body, 8)?,
        },
        _ => Ask::Unknown,
    };
    Some((unique, ask))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(four))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_ne_bytes(eight))
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

/// An answer with this body.
pub fn answer(unique: u64, body: &[u8]) -> Vec<u8> {
    message(unique, 0, body)
}

/// An answer that is an error number.
pub fn refuse(unique: u64, errno: i32) -> Vec<u8> {
    message(unique, -errno, &[])
}

/// Wakes whoever waits for something to read.
pub fn wake(wake: u64) -> Vec<u8> {
    const NOTIFY_POLL: i32 = 1;
    message(0, NOTIFY_POLL, &wake.to_ne_bytes())
}

fn message(unique: u64, error: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = ((16 + body.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(error.to_ne_bytes());
    bytes.extend(unique.to_ne_bytes());
    bytes.extend(body);
    bytes
}

/// Version, and the bounds of a request.
pub fn init() -> Vec<u8> {
    let mut body = Vec::new();
    for value in [7_u32, 31, 0, 0] {
        body.extend(value.to_ne_bytes());
    }
    body.extend([0; 4]);
    for value in [4096_u32, 1] {
        body.extend(value.to_ne_bytes());
    }
    body.resize(64, 0);
    body
}

/// What a node is: the directory, or the file, which anybody may use. Never remembered by the kernel.
fn attributes(node: u64) -> Vec<u8> {
    let mode: u32 = if node == ROOT { 0o040_755 } else { 0o100_666 };
    let mut body = node.to_ne_bytes().to_vec();
    body.resize(60, 0);
    for value in [mode, 1, 0, 0, 0, 4096, 0] {
        body.extend(value.to_ne_bytes());
    }
    body
}

/// The answer to [`Ask::Attributes`].
pub fn described(node: u64) -> Vec<u8> {
    let mut body = vec![0; 16];
    body.extend(attributes(node));
    body
}

/// The answer to [`Ask::Lookup`] of the file.
pub fn entry(node: u64) -> Vec<u8> {
    let mut body = node.to_ne_bytes().to_vec();
    body.resize(40, 0);
    body.extend(attributes(node));
    body
}

/// The answer to [`Ask::Open`]: reads go past the page cache, and there is no place to seek to.
pub fn opened(handle: u64) -> Vec<u8> {
    const DIRECT_STREAM: u32 = 1 | 4 | 16;
    let mut body = handle.to_ne_bytes().to_vec();
    body.extend(DIRECT_STREAM.to_ne_bytes());
    body.resize(16, 0);
    body
}

/// The answer to [`Ask::Names`] where the file is the only one.
pub fn names(node: u64) -> Vec<u8> {
    let mut body = node.to_ne_bytes().to_vec();
    body.extend(1_u64.to_ne_bytes());
    body.extend((NAME.len() as u32).to_ne_bytes());
    body.extend(8_u32.to_ne_bytes());
    body.extend(NAME.as_bytes());
    body.resize(body.len().next_multiple_of(8), 0);
    body
}

/// The answer to [`Ask::Control`].
pub fn controlled(data: &[u8]) -> Vec<u8> {
    let mut body = (data.len() as i32).to_ne_bytes().to_vec();
    body.resize(16, 0);
    body.extend(data);
    body
}

/// The answer to [`Ask::Poll`]: it can be written, and read if something is there.
pub fn polled(readable: bool) -> Vec<u8> {
    const IN: u32 = 1;
    const OUT: u32 = 4;
    let events = if readable { IN | OUT } else { OUT };
    u64::from(events).to_le_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: u64 = 2;

    fn request(opcode: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(opcode.to_ne_bytes());
        bytes.extend(77_u64.to_ne_bytes());
        bytes.extend(FILE.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn requests_are_read_and_what_is_cut_short_is_none() {
        assert_eq!(
            read(&request(1, b"event0\0")),
            Some((77, Ask::Lookup(NAME.to_owned())))
        );
        assert_eq!(read(&request(14, &[0; 8])), Some((77, Ask::Open(FILE))));
        assert_eq!(read(&request(15, &[0; 4])), None);
        assert_eq!(read(&request(99, &[])), Some((77, Ask::Unknown)));
        assert_eq!(read(&[0; 12]), None);
    }

    #[test]
    fn bodies_have_the_lengths_that_the_kernel_checks() {
        assert_eq!(init().len(), 64);
        assert_eq!(described(ROOT).len(), 104);
        assert_eq!(entry(FILE).len(), 128);
        assert_eq!(opened(1).len(), 16);
        assert_eq!(controlled(&[0; 8]).len(), 24);
        assert_eq!(polled(true).len(), 8);
        assert_eq!(refuse(5, 2)[4..8], (-2_i32).to_ne_bytes());
    }
}
