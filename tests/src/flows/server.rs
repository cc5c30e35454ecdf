//! The server that populations of flows talk to, in `srv`: it answers at every address that is the
//! server's, from that very address, with the source it saw. Thousands of connections at once.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;

use nix::libc;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::wire::{self, FLOW_PORT, QUESTION_BYTES};
use crate::error::{Context as _, LabError};

/// Connections served at once; more wait.
const MAX_CONNECTIONS: usize = 16_384;
/// Open files a process with populations needs.
const OPEN_FILES: u64 = 20_000;
/// Room for questions that arrive while the machine is busy elsewhere.
const RECEIVE_BYTES: usize = 8 << 20;

/// Starts answering; the server lives as long as the process. To be called within its runtime.
///
/// # Errors
/// When a port can't be bound, or the limit of open files can't be raised.
pub fn start() -> Result<(), LabError> {
    raise_open_files()?;
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for any in [
        IpAddr::from(Ipv4Addr::UNSPECIFIED),
        Ipv6Addr::UNSPECIFIED.into(),
    ] {
        let address = SocketAddr::new(any, FLOW_PORT);
        let what = || format!("listening at {address}");
        let listener = listen(address).context(what)?;
        tokio::spawn(accept(listener, Arc::clone(&permits)));
        let socket = receiver(address)?;
        std::thread::spawn(move || {
            loop {
                // An error belongs to an earlier answer (an unreachable client) or to a question
                // that is none.
                let _ = answer_one(&socket);
            }
        });
    }
    Ok(())
}

/// Lets this process have a socket for each flow.
///
/// # Errors
/// When the limit can't be read or set.
pub fn raise_open_files() -> Result<(), LabError> {
    let what = || format!("raising the limit of open files to {OPEN_FILES}");
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).context(what)?;
    if soft >= OPEN_FILES {
        return Ok(());
    }
    // Where the hard limit can't be raised, even by root, what it allows has to do.
    setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES, hard.max(OPEN_FILES))
        .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES.min(hard), hard))
        .context(what)
}

/// A UDP socket for `address` alone (an IPv6 one does not take IPv4), with a large buffer, that tells
/// the destination of each packet.
///
/// # Errors
/// When the address can't be bound.
pub fn receiver(address: SocketAddr) -> Result<UdpSocket, LabError> {
    let make = || -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            // A local route makes an address ours for receiving; to send from it takes this, too.
            socket.set_freebind_v6(true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        }
        setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BYTES)?;
        socket.bind(&address.into())?;
        Ok(socket.into())
    };
    make().context(|| format!("listening at {address}"))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, permits: Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        let Ok((stream, from)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(async move {
            let _permit = permit;
            // It ends when the client closes or resets.
            let _ = converse(stream, from.ip().to_canonical()).await;
        });
    }
}

async fn converse(mut stream: TcpStream, seen: IpAddr) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut question = [0; QUESTION_BYTES];
    loop {
        stream.read_exact(&mut question).await?;
        stream.write_all(&wire::answer(seen, question)).await?;
    }
}

/// Receives a question and answers it from the address it was sent to.
fn answer_one(socket: &UdpSocket) -> io::Result<()> {
    let mut question = [0; QUESTION_BYTES];
    let mut space = nix::cmsg_space!(libc::in6_pktinfo);
    let mut parts = [IoSliceMut::new(&mut question)];
    let message = recvmsg::<SockaddrStorage>(
        socket.as_raw_fd(),
        &mut parts,
        Some(&mut space),
        MsgFlags::empty(),
    )?;
    let (Some(from), QUESTION_BYTES) = (message.address, message.bytes) else {
        return Ok(());
    };
    let asked_at = message.cmsgs()?.next();
    let Some(seen) = address_of(&from) else {
        return Ok(());
    };
    let bytes = wire::answer(seen, question);
    let parts = [IoSlice::new(&bytes)];
    match asked_at {
        Some(ControlMessageOwned::Ipv4PacketInfo(info)) => {
            let own = libc::in_pktinfo {
                ipi_ifindex: 0,
                ipi_spec_dst: info.ipi_addr,
                ipi_addr: info.ipi_addr,
            };
            send(
                socket,
                &parts,
                &[ControlMessage::Ipv4PacketInfo(&own)],
                &from,
            )
        }
        Some(ControlMessageOwned::Ipv6PacketInfo(info)) => {
            let own = libc::in6_pktinfo {
                ipi6_ifindex: 0,
                ..info
            };
            send(
                socket,
                &parts,
                &[ControlMessage::Ipv6PacketInfo(&own)],
                &from,
            )
        }
        _ => Ok(()),
    }
}

fn send(
    socket: &UdpSocket,
    parts: &[IoSlice<'_>],
    control: &[ControlMessage<'_>],
    to: &SockaddrStorage,
) -> io::Result<()> {
    sendmsg(
        socket.as_raw_fd(),
        parts,
        control,
        MsgFlags::empty(),
        Some(to),
    )?;
    Ok(())
}

fn address_of(from: &SockaddrStorage) -> Option<IpAddr> {
    from.as_sockaddr_in()
        .map(|v4| v4.ip().into())
        .or_else(|| from.as_sockaddr_in6().map(|v6| v6.ip().into()))
}
