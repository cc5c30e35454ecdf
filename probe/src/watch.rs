//! Registers a socket with the runtime. One file, because the one call it needs is deprecated.

use std::io;
use std::os::fd::AsRawFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Sockets that keep one descriptor, open, until they are dropped: what the runtime relies on.
pub(crate) trait KeepsItsDescriptor: AsRawFd {}

impl KeepsItsDescriptor for socket2::Socket {}

/// Watches `socket` for `interest`. Edge-triggered; must be called inside a runtime.
#[expect(
    deprecated,
    reason = "its successor is the same call marked unsafe, for types that swap their descriptor; ours cannot"
)]
pub(crate) fn watch<T: KeepsItsDescriptor>(
    socket: T,
    interest: Interest,
) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(socket, interest)
}
