//! The ways to the system bus and to the session's. In a Flatpak each leads through a proxy, and before
//! 0.1.6 that one loses a client which sends its whole handshake at once, as zbus does. There each line
//! goes only when the one before it is answered. Whom to call on a bus is not decided here.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recv, recvmsg,
};
use tokio::io::{AsyncWriteExt as _, Interest};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::sleep;
use zbus::connection::Builder;
use zbus::connection::socket::{ReadHalf, Socket, Split, WriteHalf};
use zbus::export::async_trait::async_trait;

/// Every Flatpak has this file, and nobody else.
const SANDBOX_MARK: &str = "/.flatpak-info";
/// Where a Flatpak's system bus is.
const SANDBOX_SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";
/// Where its session bus is.
const SANDBOX_SESSION_BUS: &str = "/run/flatpak/bus";
/// How many descriptors one message may bring; the helper sends one.
const MAX_FDS: usize = 16;
/// The answers to a handshake are shorter.
const MAX_ANSWERS_BYTES: usize = 1024;
/// How long to wait before looking again, when only a part of an answer is there.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// True inside a Flatpak.
pub fn in_sandbox() -> bool {
    Path::new(SANDBOX_MARK).exists()
}

/// A connection to the system bus, ready to be built. To be called inside the runtime that it will
/// run on.
pub fn system() -> Builder<'static> {
    through(SANDBOX_SYSTEM_BUS, Builder::system)
}

/// The same to the session's bus.
pub fn session() -> Builder<'static> {
    through(SANDBOX_SESSION_BUS, Builder::session)
}

fn through(sandbox_socket: &str, ordinary: fn() -> Builder<'static>) -> Builder<'static> {
    if !in_sandbox() {
        return ordinary();
    }
    // Without a socket the ordinary way says what is wrong, in the words that it always uses.
    patient(Path::new(sandbox_socket)).map_or_else(|_| ordinary(), Builder::socket)
}

fn patient(path: &Path) -> io::Result<Patient> {
    let stream = StdStream::connect(path)?;
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream).map(Patient)
}

/// A connected socket whose handshake waits for each answer.
#[derive(Debug)]
struct Patient(UnixStream);

impl Socket for Patient {
    type ReadHalf = Reader;
    type WriteHalf = Writer;

    fn split(self) -> Split<Reader, Writer> {
        let (read, write) = self.0.into_split();
        let writer = Writer {
            stream: write,
            unanswered: Some(0),
        };
        Split::new(Reader(read), writer)
    }
}

#[derive(Debug)]
struct Reader(OwnedReadHalf);

#[async_trait]
impl ReadHalf for Reader {
    async fn recvmsg(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
        let stream = self.0.as_ref();
        stream
            .async_io(Interest::READABLE, || receive(stream.as_fd(), buffer))
            .await
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }
}

fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let got = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, flags)?;
    if got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(io::Error::other("a message brought too many descriptors"));
    }
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(more) = message {
            fds.extend(more);
        }
    }
    Ok((got.bytes, fds))
}

#[derive(Debug)]
struct Writer {
    stream: OwnedWriteHalf,
    /// How many lines of the handshake wait for their answers; `None` once it is over.
    unanswered: Option<usize>,
}

#[async_trait]
impl WriteHalf for Writer {
    async fn sendmsg(&mut self, buffer: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        if !fds.is_empty() {
            return Err(io::Error::other("we never send descriptors"));
        }
        let Some(unanswered) = self.unanswered else {
            return self.stream.write(buffer).await;
        };
        // zbus gives us the rest again.
        let (line, last) = next_line(buffer);
        answers(self.stream.as_ref(), unanswered).await?;
        self.stream.write_all(line).await?;
        self.unanswered = (!last).then_some(unanswered + 1);
        Ok(line.len())
    }

    async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    fn can_pass_unix_fd(&self) -> bool {
        true
    }
}

/// The first line, and whether the handshake ends with it.
fn next_line(buffer: &[u8]) -> (&[u8], bool) {
    let end = buffer.windows(2).position(|two| two == b"\r\n");
    let line = &buffer[..end.map_or(buffer.len(), |at| at + 2)];
    (line, line.starts_with(b"BEGIN"))
}

/// Waits until so many lines are there to be read, and leaves them there.
async fn answers(stream: &UnixStream, count: usize) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let mut seen = [0; MAX_ANSWERS_BYTES];
    loop {
        let peek = || {
            let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
            Ok(recv(stream, &mut seen[..], flags)?.0)
        };
        let length = stream.async_io(Interest::READABLE, peek).await?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let lines = seen[..length]
            .windows(2)
            .filter(|two| two == b"\r\n")
            .count();
        if lines >= count {
            return Ok(());
        }
        if length == seen.len() {
            return Err(io::Error::other(
                "the bus answers a handshake with too much",
            ));
        }
        sleep(LOOK_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_cut_into_its_lines_and_ends_with_begin() {
        let all = b"\0AUTH EXTERNAL 31\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\x01\r\n";
        let (first, last) = next_line(all);
        assert_eq!((first, last), (&b"\0AUTH EXTERNAL 31\r\n"[..], false));
        let (second, last) = next_line(&all[first.len()..]);
        assert_eq!((second, last), (&b"NEGOTIATE_UNIX_FD\r\n"[..], false));
        let (third, last) = next_line(&all[first.len() + second.len()..]);
        assert_eq!((third, last), (&b"BEGIN\r\n"[..], true));
    }

    #[tokio::test]
    async fn answers_are_awaited_and_left_to_be_read() {
        let (mut far, near) = UnixStream::pair().unwrap();
        far.write_all(b"OK 1\r\nAGREE").await.unwrap();
        let late = tokio::spawn(async move {
            tokio::task::yield_now().await;
            far.write_all(b"_UNIX_FD\r\n").await.unwrap();
            far
        });
        answers(&near, 2).await.unwrap();
        let _far = late.await.unwrap();
        let mut read = [0; 64];
        let length = near.try_read(&mut read).unwrap();
        assert_eq!(&read[..length], b"OK 1\r\nAGREE_UNIX_FD\r\n");
    }

    #[tokio::test]
    async fn a_bus_that_hangs_up_or_floods_is_an_error_and_no_wait() {
        let (far, near) = UnixStream::pair().unwrap();
        drop(far);
        answers(&near, 1).await.unwrap_err();
        let (mut far, near) = UnixStream::pair().unwrap();
        far.write_all(&[b'x'; 2 * MAX_ANSWERS_BYTES]).await.unwrap();
        answers(&near, 1).await.unwrap_err();
    }
}
