//! Asks the kernel's socket diagnostics for TCP and UDP sockets. Not for whose they are.

use std::io;
use std::net::{IpAddr, SocketAddr};

use evenkeel_core::flows::{Flow, Transport};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP};
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags,
};
use rtnetlink::sys::protocols::NETLINK_SOCK_DIAG;
use rtnetlink::sys::{Socket, SocketAddr as Netlink};

use crate::dump;

/// Sockets that are looked at; a machine with more is a server.
const MAX_SOCKETS: usize = 65_536;

/// Where `struct tcp_info` (`linux/tcp.h`) has what is read. It grew over the years; what an older
/// kernel leaves out is not known then.
const TCPI_RTT: usize = 68;
const TCPI_RTTVAR: usize = 72;
const TCPI_TOTAL_RETRANS: usize = 100;
const TCPI_BYTES_ACKED: usize = 120;
const TCPI_BYTES_RECEIVED: usize = 128;

/// Every TCP connection and every bound UDP socket, by inode.
pub(super) fn sockets() -> io::Result<Vec<(u64, Flow)>> {
    let mut found = Vec::new();
    for transport in [Transport::Tcp, Transport::Udp] {
        for family in [AF_INET, AF_INET6] {
            collect(family, transport, &mut found)?;
        }
    }
    Ok(found)
}

/// On a socket of its own, so that nothing of one answer is left to the next.
fn collect(family: u8, transport: Transport, found: &mut Vec<(u64, Flow)>) -> io::Result<()> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind(&Netlink::new(0, 0))?;
    // The kernel answers within the calls; without an answer there never will be one.
    socket.set_non_blocking(true)?;
    socket.send_to(&request(family, transport), &Netlink::new(0, 0), 0)?;
    let mut buffer = Vec::with_capacity(dump::BUFFER_BYTES);
    loop {
        buffer.clear();
        let _ = socket.recv_from(&mut buffer, 0)?;
        if !read(&buffer, transport, found)? {
            return Ok(());
        }
        if found.len() > MAX_SOCKETS {
            return Err(io::Error::other(
                "there are more sockets than a desktop has",
            ));
        }
    }
}

fn request(family: u8, transport: Transport) -> Vec<u8> {
    let (protocol, states) = match transport {
        Transport::Tcp => (IPPROTO_TCP, StateFlags::ESTABLISHED),
        Transport::Udp => (IPPROTO_UDP, StateFlags::ESTABLISHED | StateFlags::CLOSE),
    };
    dump::request(SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol,
        extensions: ExtensionFlags::INFO,
        states,
        socket_id: if family == AF_INET {
            SocketId::new_v4()
        } else {
            SocketId::new_v6()
        },
    }))
}

/// Takes in one datagram; false when it was the last.
fn read(datagram: &[u8], transport: Transport, found: &mut Vec<(u64, Flow)>) -> io::Result<bool> {
    dump::read(datagram, |message| {
        if let SockDiagMessage::InetResponse(response) = message {
            found.push(flow(transport, &response));
        }
        Ok(())
    })
}

fn flow(transport: Transport, response: &InetResponse) -> (u64, Flow) {
    let id = &response.header.socket_id;
    let address = |ip: IpAddr, port| SocketAddr::new(ip.to_canonical(), port);
    let peer = address(id.destination_address, id.destination_port);
    let mut information = response
        .nlas
        .iter()
        .filter_map(|attribute| match attribute {
            Nla::TcpInfo(bytes) if transport == Transport::Tcp => Some(bytes.as_slice()),
            _ => None,
        });
    let tcp = information.next().unwrap_or_default();
    let number32 = |at: usize| {
        let bytes = tcp.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let number64 = |at: usize| {
        let bytes = tcp.get(at..at + 8)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    };
    let received = number64(TCPI_BYTES_RECEIVED);
    let acked = number64(TCPI_BYTES_ACKED);
    let flow = Flow {
        transport,
        local: address(id.source_address, id.source_port),
        peer: (peer.port() != 0).then_some(peer),
        pid: None,
        // None yet reads as 0.
        rtt_us: number32(TCPI_RTT).filter(|rtt| *rtt > 0),
        rttvar_us: number32(TCPI_RTTVAR),
        retransmits: number32(TCPI_TOTAL_RETRANS),
        bytes: received
            .zip(acked)
            .map(|(one, other)| one.saturating_add(other)),
    };
    (u64::from(response.header.inode), flow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream, UdpSocket};

    fn of(local: SocketAddr) -> Vec<Flow> {
        let all = sockets().unwrap().into_iter().map(|(_, flow)| flow);
        all.filter(|flow| flow.local == local).collect()
    }

    #[test]
    fn a_tcp_connection_has_a_round_trip_of_the_kernels() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut there, _) = listener.accept().unwrap();
        here.write_all(b"hello").unwrap();
        there.read_exact(&mut [0; 5]).unwrap();
        let flows = of(here.local_addr().unwrap());
        assert_eq!(flows.len(), 1, "{flows:?}");
        assert_eq!(flows[0].peer, Some(here.peer_addr().unwrap()));
        assert_eq!(flows[0].transport, Transport::Tcp);
        assert!(
            flows[0].rtt_us.is_some() && flows[0].bytes >= Some(5),
            "{flows:?}"
        );
    }

    #[test]
    fn a_udp_socket_has_a_peer_only_once_it_is_connected() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        let open = of(local);
        assert_eq!(
            open.iter().map(|flow| flow.peer).collect::<Vec<_>>(),
            [None]
        );
        socket.connect("127.0.0.1:9").unwrap();
        let peer = of(local)[0].peer;
        assert_eq!(peer, Some("127.0.0.1:9".parse().unwrap()));
        assert_eq!(of(local)[0].rtt_us, None);
    }
}
