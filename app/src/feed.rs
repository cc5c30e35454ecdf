//! Reads the helper's live feed: one frame a datagram. Not for deciding anything.

use std::io;
use std::os::fd::OwnedFd;

use evenkeel_dbus::feed::{Frame, FrameError, MAX_FRAME_BYTES, decode};
use tokio::net::UnixDatagram;

/// Why the feed ended other than by the helper's closing it.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The socket failed.
    #[error("the live feed broke off: {0}; subscribe again")]
    Io(#[from] io::Error),
    /// What came is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
}

/// The reading end of one subscription.
#[derive(Debug)]
pub struct FeedReader {
    /// A SEQPACKET socket really; receiving is the same call, and an end reads as zero bytes.
    socket: UnixDatagram,
    buffer: Box<[u8; MAX_FRAME_BYTES]>,
}

impl FeedReader {
    /// Takes over the socket that `Subscribe` returned. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking or watched.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        let socket = std::os::unix::net::UnixDatagram::from(socket);
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UnixDatagram::from_std(socket)?,
            buffer: Box::new([0; MAX_FRAME_BYTES]),
        })
    }

    /// The next frame, or `None` when the helper has closed the feed.
    ///
    /// # Errors
    /// [`FeedError`] when the socket fails or carries something that is no frame.
    pub async fn next(&mut self) -> Result<Option<Frame>, FeedError> {
        match self.socket.recv(self.buffer.as_mut_slice()).await {
            Ok(0) => Ok(None),
            Ok(length) => Ok(Some(decode(&self.buffer[..length])?)),
            // The helper died with frames of ours unread: an end like any other.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evenkeel_dbus::feed::{Record, encode};
    use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, send, socketpair};
    use std::os::fd::AsRawFd;

    fn pair() -> (OwnedFd, OwnedFd) {
        socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn frames_come_one_by_one_and_a_closed_feed_is_an_end() {
        let (near, far) = pair();
        let mut reader = FeedReader::new(near).unwrap();
        let record = Record::Leader {
            ifindex: Some(3),
            at_ns: 5,
            game_mode: true,
        };
        for number in 0..2 {
            let bytes = encode(number, 0, &[record]);
            let _ = send(far.as_raw_fd(), &bytes, MsgFlags::empty()).unwrap();
        }
        drop(far);
        assert_eq!(reader.next().await.unwrap().unwrap().number, 0);
        assert_eq!(reader.next().await.unwrap().unwrap().records, vec![record]);
        assert!(reader.next().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_datagram_that_is_no_frame_is_an_error() {
        let (near, far) = pair();
        let mut reader = FeedReader::new(near).unwrap();
        let _ = send(far.as_raw_fd(), b"hello", MsgFlags::empty()).unwrap();
        assert!(matches!(reader.next().await, Err(FeedError::Frame(_))));
    }
}
