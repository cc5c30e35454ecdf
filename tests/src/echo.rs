//! The server behind the routers: sends everything back (TCP and UDP port 7) and tells clients which
//! source address it saw (TCP and UDP port 77), which shows the uplink a flow took. Populations of
//! flows have a server of their own, `flows::server`, in the same process.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;

use crate::error::{Context as _, LabError};
use crate::flows::server;
use crate::topology::{ANCHOR_V4, ANCHOR_V6, ECHO_PORT, WHOAMI_PORT};

/// Connections served at once; more wait.
const MAX_CONNECTIONS: usize = 1024;
/// What the server prints when it listens.
pub const READY: &str = "serving";

#[derive(Debug, Clone, Copy)]
enum Kind {
    Echo,
    WhoAmI,
}

/// Serves until the process ends.
///
/// # Errors
/// When an address can't be bound.
pub async fn serve() -> Result<(), LabError> {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for ip in [IpAddr::V4(ANCHOR_V4), IpAddr::V6(ANCHOR_V6)] {
        for (kind, port) in [(Kind::Echo, ECHO_PORT), (Kind::WhoAmI, WHOAMI_PORT)] {
            let address = SocketAddr::new(ip, port);
            let listener = TcpListener::bind(address)
                .await
                .context(|| format!("listening at {address}"))?;
            tokio::spawn(tcp(listener, kind, Arc::clone(&permits)));
            let socket = UdpSocket::bind(address)
                .await
                .context(|| format!("listening at {address}"))?;
            tokio::spawn(udp(socket, kind));
        }
    }
    server::start()?;
    println_ready()?;
    std::future::pending().await
}

fn println_ready() -> Result<(), LabError> {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    writeln!(out, "{READY}")
        .and_then(|()| out.flush())
        .context(|| "saying ready".into())
}

async fn tcp(listener: TcpListener, kind: Kind, permits: Arc<Semaphore>) {
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return;
        };
        // A client that gave up before we accepted is its own concern.
        let Ok((mut stream, from)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(async move {
            let _permit = permit;
            let _ = match kind {
                Kind::Echo => {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await.map(|_| ())
                }
                Kind::WhoAmI => {
                    stream
                        .write_all(format!("{}\n", from.ip()).as_bytes())
                        .await
                }
            };
        });
    }
}

async fn udp(socket: UdpSocket, kind: Kind) {
    let mut buffer = vec![0; 65_536];
    loop {
        // An error here belongs to an earlier reply (an unreachable client).
        let Ok((bytes, from)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let _ = match kind {
            Kind::Echo => socket.send_to(&buffer[..bytes], from).await,
            Kind::WhoAmI => {
                socket
                    .send_to(format!("{}\n", from.ip()).as_bytes(), from)
                    .await
            }
        };
    }
}
