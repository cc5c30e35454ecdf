//! Two paths in the child's own network namespace, and the trials on them.
//!
//! An ordinary card is played by one end of a veth pair: its packets lose their route before they are
//! handed over, as with any network card. A device that keeps it is the loopback device. Nobody hears
//! what is sent: the far ends throw it away.
//!
//! The devices are too narrow for IPv6 (an MTU below 1280), so that nothing else is counted.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::TryStreamExt;
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_packet_route::route::{RouteMessage, RouteNextHop};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use rtnetlink::{
    Handle, LinkUnspec, LinkVeth, RouteMessageBuilder, RouteNextHopBuilder, new_connection,
};

use super::traffic::{self, Source};
use super::{Counts, Device};

const LOOPBACK: &str = "lo";
/// Both cables: the near end, the far end, our address on the near one, the gateway.
const CABLES: [(&str, &str, Ipv4Addr, Ipv4Addr); 2] = [
    (
        "ek0",
        "ek0far",
        Ipv4Addr::new(192, 0, 2, 2),
        Ipv4Addr::new(192, 0, 2, 1),
    ),
    (
        "ek1",
        "ek1far",
        Ipv4Addr::new(192, 0, 2, 130),
        Ipv4Addr::new(192, 0, 2, 129),
    ),
];
const CABLE_PREFIX: u8 = 25;
/// The loopback device's own address, which is a path's here.
const LOOPBACK_ADDRESS: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
/// An address of this machine that belongs to neither path.
const FOREIGN: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
/// Below IPv6's least.
const MTU: u32 = 1200;

/// What went wrong.
#[derive(Debug)]
pub enum Trouble {
    /// No namespace, or no capabilities in it.
    Forbidden(Errno),
    /// Anything else.
    Said(String),
}

impl From<rtnetlink::Error> for Trouble {
    fn from(error: rtnetlink::Error) -> Self {
        match &error {
            rtnetlink::Error::NetlinkError(message)
                if message.raw_code().abs() == Errno::EPERM as i32 =>
            {
                Self::Forbidden(Errno::EPERM)
            }
            _ => Self::Said(error.to_string()),
        }
    }
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        Self::Forbidden(errno)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(code) if code == Errno::EPERM as i32 => Self::Forbidden(Errno::EPERM),
            _ => Self::Said(error.to_string()),
        }
    }
}

/// What was found on each kind of device.
#[derive(Debug)]
pub struct Found {
    /// See [`super::Report::ordinary`].
    pub ordinary: Device,
    /// See [`super::Report::keeping`].
    pub keeping: Device,
}

/// A way out.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// One of the cables.
    Cable(usize),
    /// The loopback device.
    Loopback,
}

/// A way out as it is there: a nexthop of the route under trial.
#[derive(Debug, Clone, Copy)]
struct Path {
    name: &'static str,
    ifindex: u32,
    gateway: Option<Ipv4Addr>,
}

/// Both kinds of device: an ordinary one, and one that keeps a packet's route. `enter` goes into a
/// network namespace that nobody was in before, with the sysctls to be tried.
///
/// Each count has a namespace of its own: whatever a kernel remembers of a path or of a flow, it begins
/// anew.
pub async fn run(enter: &impl Fn() -> Result<(), Errno>, sysctls: bool) -> Result<Found, Trouble> {
    let count = async |ways: [Way; 2], loaded: Option<usize>, source: Source| {
        enter()?;
        let (connection, handle, _) = new_connection()?;
        let connection = tokio::spawn(connection);
        let counted = Lab::build(handle).await?.count(ways, loaded, source).await;
        connection.abort();
        counted
    };
    let mut ordinary = [Counts::default(); 2];
    let mut keeping = [Counts::default(); 2];
    let sources = [Source::Unbound, Source::From(FOREIGN)];
    for (at, source) in sources.into_iter().enumerate() {
        let cables = [Way::Cable(0), Way::Cable(1)];
        ordinary[at] = Counts {
            idle: count(cables, None, source).await?,
            first_loaded: count(cables, Some(0), source).await?,
            second_loaded: count(cables, Some(1), source).await?,
        };
        // The loopback device is the loaded path each time, once as the first and once as the second.
        let (lo_first, lo_second) = ([Way::Loopback, cables[0]], [cables[0], Way::Loopback]);
        keeping[at] = Counts {
            idle: count(lo_second, None, source).await?,
            first_loaded: count(lo_first, Some(0), source).await?,
            second_loaded: count(lo_second, Some(1), source).await?,
        };
    }
    Ok(Found {
        ordinary: Device::of(ordinary[0], ordinary[1], sysctls),
        keeping: Device::of(keeping[0], keeping[1], sysctls),
    })
}

async fn build(handle: &Handle) -> Result<([Path; 2], Path), Trouble> {
    let up = async |ifindex: u32, arp: bool| {
        let message = LinkUnspec::new_with_index(ifindex).up().arp(arp).build();
        handle.link().set(message).execute().await
    };
    let mut paths = Vec::new();
    for (near, far, address, gateway) in CABLES {
        let cable = LinkVeth::new(near, far).mtu(MTU).build();
        handle.link().add(cable).execute().await?;
        // Without ARP a packet goes out at once, and to nobody.
        up(index(near)?, false).await?;
        up(index(far)?, false).await?;
        let ifindex = index(near)?;
        let ours = IpAddr::from(address);
        handle
            .address()
            .add(ifindex, ours, CABLE_PREFIX)
            .execute()
            .await?;
        paths.push(Path {
            name: near,
            ifindex,
            gateway: Some(gateway),
        });
    }
    let far = index(CABLES[1].1)?;
    handle
        .address()
        .add(far, FOREIGN.into(), 32)
        .execute()
        .await?;
    let loopback = Path {
        name: LOOPBACK,
        ifindex: index(LOOPBACK)?,
        gateway: None,
    };
    let message = LinkUnspec::new_with_index(loopback.ifindex).up().build();
    handle.link().set(message).execute().await?;
    let address = LOOPBACK_ADDRESS.into();
    handle
        .address()
        .add(loopback.ifindex, address, 32)
        .execute()
        .await?;
    Ok(([paths[0], paths[1]], loopback))
}

fn index(name: &str) -> Result<u32, Trouble> {
    if_nametoindex(name).map_err(|errno| Trouble::Said(format!("{name}: {errno}")))
}

struct Lab {
    handle: Handle,
    cables: [Path; 2],
    loopback: Path,
}

impl Lab {
    async fn build(handle: Handle) -> Result<Self, Trouble> {
        let (cables, loopback) = build(&handle).await?;
        Ok(Self {
            handle,
            cables,
            loopback,
        })
    }

    fn path(&self, way: Way) -> Path {
        match way {
            Way::Cable(at) => self.cables[at],
            Way::Loopback => self.loopback,
        }
    }

    /// The flows by each of the two paths while one of them, if any, is busy.
    async fn count(
        &self,
        ways: [Way; 2],
        loaded: Option<usize>,
        source: Source,
    ) -> Result<[u32; 2], Trouble> {
        let paths = ways.map(|way| self.path(way));
        self.handle.route().add(route(paths)?).execute().await?;
        // A path that was never used may not count as usable.
        for path in paths {
            traffic::prime(path.name)?;
        }
        let before = [self.sent(paths[0]).await?, self.sent(paths[1]).await?];
        let load = traffic::flows(source, loaded.map(|at| paths[at].name))?;
        let after = [self.sent(paths[0]).await?, self.sent(paths[1]).await?];
        let flows = |at: usize| {
            let load = if loaded == Some(at) { load } else { 0 };
            let sent = after[at].saturating_sub(before[at]).saturating_sub(load);
            u32::try_from(sent).unwrap_or(u32::MAX)
        };
        Ok([flows(0), flows(1)])
    }

    /// Packets that the device was given.
    async fn sent(&self, path: Path) -> Result<u64, Trouble> {
        let mut links = self.handle.link().get().match_index(path.ifindex).execute();
        let link = links.try_next().await?;
        let missing = || Trouble::Said(format!("{} does not count", path.name));
        link.as_ref().and_then(handed_over).ok_or_else(missing)
    }
}

fn handed_over(link: &LinkMessage) -> Option<u64> {
    link.attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::Stats64(stats) => Some(stats.tx_packets + stats.tx_dropped),
            _ => None,
        })
}

fn route(paths: [Path; 2]) -> Result<RouteMessage, Trouble> {
    let (network, length) = traffic::NETWORK;
    let hops: Result<Vec<RouteNextHop>, Trouble> = paths.into_iter().map(nexthop).collect();
    Ok(RouteMessageBuilder::<Ipv4Addr>::new()
        .destination_prefix(network, length)
        .multipath(hops?)
        .build())
}

fn nexthop(path: Path) -> Result<RouteNextHop, Trouble> {
    let hop = RouteNextHopBuilder::new_ipv4().interface(path.ifindex);
    let hop = match path.gateway {
        None => hop,
        Some(gateway) => {
            let hop = hop.via(gateway.into());
            hop.map_err(|error| Trouble::Said(error.to_string()))?
        }
    };
    Ok(hop.build())
}
