//! Sockets of every kind, found with what they depend on, and their end reported.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    time::Duration,
};

use evenkeel_core::plan::Sockets;
use evenkeeld::kernel::sockets::{Closed, OpenSockets, SocketWatch};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn6, bind, setsockopt, socket,
    sockopt::{BindToDevice, Ipv6V6Only},
};
use tokio::time::timeout;

use crate::lab::Lab;

fn udp(local: &str) -> (UdpSocket, u16) {
    let socket = UdpSocket::bind(local).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

fn addresses(texts: &[&str]) -> BTreeSet<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

async fn look() -> OpenSockets {
    OpenSockets::look().await.unwrap()
}

#[test]
fn a_machine_without_sockets_has_none() {
    let lab = Lab::with_uplinks();
    assert_eq!(lab.run(async |_| look().await), OpenSockets::default());
}

#[test]
fn udp_sockets_are_told_apart_by_what_they_are_bound_to() {
    let lab = Lab::with_uplinks();
    lab.run(async |_| {
        let none = Sockets::default();
        let (_free4, port4) = udp("0.0.0.0:0");
        let (_free6, port6) = udp("[::]:0"); // Rust's are of both families
        let only6 = socket(
            AddressFamily::Inet6,
            SockType::Datagram,
            SockFlag::empty(),
            None,
        )
        .unwrap();
        setsockopt(&only6, Ipv6V6Only, &true).unwrap();
        let any: SocketAddr = (Ipv6Addr::UNSPECIFIED, 5353).into();
        let SocketAddr::V6(any) = any else {
            unreachable!("it is of IPv6")
        };
        bind(
            std::os::fd::AsRawFd::as_raw_fd(&only6),
            &SockaddrIn6::from(any),
        )
        .unwrap();
        let (to_device, _) = udp("0.0.0.0:0");
        setsockopt(&to_device, BindToDevice, &"wifi0".into()).unwrap();
        let (_loopback, _) = udp("127.0.0.1:0");
        let found = look().await;
        assert_eq!(found.v4.wildcard_udp_ports, [port4, port6].into());
        assert_eq!(found.v6.wildcard_udp_ports, [port6, 5353].into());
        assert_eq!(
            (&found.v4.sources, &found.v6.sources),
            (&none.sources, &none.sources)
        );

        let (_bound4, _) = udp("10.2.0.2:0");
        let (_bound6, _) = udp("[fd02::2]:0");
        let (connected, _) = udp("0.0.0.0:0");
        connected.connect("10.1.0.1:9").unwrap();
        let (mapped, _) = udp("[::]:0");
        mapped.connect("[fd01::1]:9").unwrap();
        let found = look().await;
        assert_eq!(found.v4.sources, addresses(&["10.1.0.2", "10.2.0.2"]));
        assert_eq!(found.v6.sources, addresses(&["fd01::2", "fd02::2"]));
        assert_eq!(found.v4.wildcard_udp_ports, [port4, port6].into());
        assert_eq!(found.v6.wildcard_udp_ports, [port6, 5353].into());
        drop((connected, mapped));
        let (mapped, _) = udp("[::]:0");
        mapped.connect("[::ffff:10.1.0.1]:9").unwrap();
        let found = look().await;
        assert_eq!(found.v4.sources, addresses(&["10.1.0.2", "10.2.0.2"]));
        assert_eq!(found.v6.sources, addresses(&["fd02::2"]));
    });
}

#[test]
fn tcp_sockets_count_while_they_have_a_peer() {
    let lab = Lab::with_uplinks();
    lab.run(async |_| {
        let listener = TcpListener::bind("10.1.0.2:0").unwrap();
        let six = TcpListener::bind("[::]:0").unwrap();
        assert_eq!(look().await, OpenSockets::default(), "they only listen");
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (far, _) = listener.accept().unwrap();
        assert_eq!(look().await.v4.sources, addresses(&["10.1.0.2"]));
        // A socket of IPv6 that speaks IPv4.
        let port = six.local_addr().unwrap().port();
        let mapped = TcpStream::connect(("10.2.0.2", port)).unwrap();
        let (mapped_far, _) = six.accept().unwrap();
        let found = look().await;
        assert_eq!(found.v4.sources, addresses(&["10.1.0.2", "10.2.0.2"]));
        assert_eq!(found.v6, Sockets::default());
        // Closed by one side, the other can still send.
        drop(near);
        assert!(
            look()
                .await
                .v4
                .sources
                .contains(&"10.1.0.2".parse().unwrap())
        );
        drop((far, mapped, mapped_far));
        assert_eq!(
            look().await,
            OpenSockets::default(),
            "they only wait out their time"
        );
    });
}

#[test]
fn the_end_of_a_udp_socket_is_reported_with_its_port() {
    let lab = Lab::with_uplinks();
    lab.run(async |_| {
        let mut watch = SocketWatch::open().unwrap();
        let (four, port4) = udp("0.0.0.0:0");
        let (six, port6) = udp("[::]:0");
        let (connected, port) = udp("0.0.0.0:0");
        connected.connect("10.1.0.1:9").unwrap();
        for (socket, port) in [(four, port4), (six, port6), (connected, port)] {
            drop(socket);
            // Only so that a failure ends.
            let closed = timeout(Duration::from_secs(20), watch.closed())
                .await
                .unwrap();
            assert_eq!(closed.unwrap(), Closed::Ports([port].into()));
        }
    });
}
