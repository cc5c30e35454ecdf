//! The values that cross the bus. Enumerations travel as `u`, records as `a{sv}` so that a later
//! version can add a field without breaking an older client.

use serde::{Deserialize, Serialize};
use zbus::{DeserializeDict, SerializeDict, Type};

/// Declares an enumeration that travels as `u`, with a conversion that knows every variant.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident, fallback $fallback:ident { $($(#[$vdoc:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// The number on the bus.
            pub const fn to_wire(self) -> u32 {
                match self { $(Self::$variant => $value,)+ }
            }

            #[doc = concat!("The meaning of a number from the bus; one from a newer helper reads as `", stringify!($fallback), "`.")]
            pub const fn from_wire(value: u32) -> Self {
                match value { $($value => Self::$variant,)+ _ => Self::$fallback }
            }

            /// Every variant, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
        }
    };
}

pub(crate) use wire_enum;

wire_enum! {
    /// What the helper can do on this machine.
    Backend, fallback Observe {
        /// Nothing to steer: it only watches.
        Observe = 0,
        /// Stock kernel with a multipath route: it sets the weights of new flows.
        Ecmp = 1,
        /// Patched kernel: it writes the two lowpower sysctls.
        Lowpower = 2,
    }
}

wire_enum! {
    /// Why the backend is what it is.
    Reason, fallback Unknown {
        /// The backend has all it needs.
        Ready = 0,
        /// No interface has a default gateway.
        NoUplink = 1,
        /// Only one uplink: there is no other to prefer.
        OneUplink = 2,
        /// Two or more uplinks, but no route goes over more than one of them.
        NoMultipathRoute = 3,
        /// The multipath route is made of nexthop objects, which this version leaves alone.
        NexthopObjects = 4,
        /// More multipath routes than [`crate::limits::MAX_ROUTES`]: this looks like a router.
        TooManyRoutes = 5,
        /// A nexthop leaves by an interface that is no uplink.
        ForeignNexthop = 6,
        /// Only one of the two lowpower sysctls exists.
        LowpowerPartial = 7,
        /// The lowpower sysctls exist but cannot be read.
        LowpowerUnreadable = 8,
        /// The kernel's routes or links could not be read.
        KernelUnreadable = 9,
        /// There is no default route to go before.
        NoDefault = 10,
        /// The best default route leaves by something that is no uplink, a VPN for one.
        ForeignDefault = 11,
        /// Policy rules that somebody else made would be in the way.
        ForeignRules = 12,
        /// Somebody else uses the numbers that Evenkeel's routes and rules carry.
        NumbersTaken = 13,
        /// Two uplinks are in the same subnet: one router, nothing to choose.
        SameSubnet = 14,
        /// The best default route has so small a metric that none is left before it.
        MetricTooSmall = 15,
        /// Somebody undid our routes again and again; we stepped back.
        Undone = 16,
        /// Gateway or anchor stopped answering when our routes were in place; they were taken back.
        NotConfirmed = 17,
        /// A reason this client does not know.
        Unknown = 4_294_967_295,
    }
}

wire_enum! {
    /// How new flows of one IP version are steered.
    Way, fallback None {
        /// They are not.
        None = 0,
        /// By the weights of the multipath route that the user made.
        UserRoute = 1,
        /// By a resilient nexthop group of ours.
        Group = 2,
        /// By a single default route of ours.
        Single = 3,
    }
}

wire_enum! {
    /// Whether traffic over an uplink costs money.
    Metered, fallback Unknown {
        /// Nobody said.
        Unknown = 0,
        /// It does not.
        No = 1,
        /// It does, or is guessed to.
        Yes = 2,
    }
}

wire_enum! {
    /// Why an uplink has its cost.
    CostReason, fallback Neutral {
        /// Nothing speaks against it.
        Neutral = 0,
        /// It is metered.
        Metered = 1,
        /// Somebody set it.
        Set = 2,
    }
}

wire_enum! {
    /// What was found of the patched kernel.
    Lowpower, fallback Absent {
        /// A stock kernel.
        Absent = 0,
        /// Only one of the two sysctls.
        Partial = 1,
        /// There, but not to be read.
        Unreadable = 2,
        /// Both there and readable.
        Present = 3,
    }
}

wire_enum! {
    /// What kind of link an uplink is.
    UplinkKind, fallback Other {
        /// None of the others, or not known.
        Other = 0,
        /// Wired Ethernet.
        Ethernet = 1,
        /// Wireless LAN.
        WiFi = 2,
        /// A cellular modem.
        Wwan = 3,
        /// A phone or modem behind USB or Bluetooth.
        Tether = 4,
    }
}

wire_enum! {
    /// What the probes say of an uplink.
    UplinkState, fallback Idle {
        /// Not probed at the moment.
        Idle = 0,
        /// Probed, but for too short a time to be judged.
        Warming = 1,
        /// Answering.
        Alive = 2,
        /// Not answering for a second: no new flow is sent there if another uplink is alive.
        Dead = 3,
        /// Not answering for ten seconds.
        Gone = 4,
    }
}

wire_enum! {
    /// How an uplink is probed.
    ProbeMethod, fallback None {
        /// Not probed.
        None = 0,
        /// ICMP echo through a datagram socket.
        IcmpDatagram = 1,
        /// ICMP echo through a raw socket.
        IcmpRaw = 2,
        /// The round trip of a TCP handshake, where ICMP is filtered.
        TcpConnect = 3,
    }
}

wire_enum! {
    /// Whose lowpower patch the kernel has, as far as its sysctls tell.
    PatchKind, fallback None {
        /// None, or it can't be told.
        None = 0,
        /// The original, of either generation, or one with the same two sysctls.
        Original = 1,
        /// Evenkeel's own, set so that the steadier, less loaded path wins.
        Steady = 2,
        /// Evenkeel's own, set so that the busy path wins, as with the original.
        Busy = 3,
    }
}

wire_enum! {
    /// Where an uplink's load and its variability come from.
    Figures, fallback None {
        /// There are none.
        None = 0,
        /// The kernel tells its own.
        Kernel = 1,
        /// Reckoned by the kernel's formula from what the interface sent.
        Estimated = 2,
    }
}

wire_enum! {
    /// Where a tunable stands.
    TunableState, fallback Idle {
        /// Untouched.
        Idle = 0,
        /// Set by us, read back, to be restored.
        Held = 1,
        /// Somebody else changed it meanwhile: it is theirs, we stepped back.
        StoodBack = 2,
        /// The kernel refused, or reads back something else.
        Failed = 3,
        /// It is no longer there.
        Vanished = 4,
    }
}

wire_enum! {
    /// Who holds a change, as the argument of a call.
    Hold, fallback Client {
        /// The caller's bus name: the change ends when the caller leaves the bus.
        Client = 0,
        /// The helper, for the caller's user, until it is taken back or the machine restarts.
        Kept = 1,
    }
}

/// One holder of game mode, `(ub)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Holder {
    /// The user who holds it.
    pub uid: u32,
    /// True when the helper keeps it for that user, false when a running client holds it.
    pub kept: bool,
}

/// One uplink, `a{sv}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct UplinkInfo {
    /// The kernel's index of the interface.
    pub ifindex: u32,
    /// Its name, at most 15 of `[A-Za-z0-9_.-]`.
    pub name: String,
    /// [`UplinkKind`] as a number.
    pub kind: u32,
    /// Its addresses with prefix length, link-local ones left out.
    pub addresses: Vec<String>,
    /// Its default gateways, at most one for each family.
    pub gateways: Vec<String>,
    /// [`UplinkState`] as a number.
    pub state: u32,
    /// [`ProbeMethod`] as a number.
    pub method: u32,
    /// The address the probes ask; empty when it is not probed.
    pub target: String,
    /// Smoothed round-trip time in nanoseconds, half-life two seconds; 0 before the first answer.
    pub rtt_ns: u64,
    /// Fast smoothed deviation in nanoseconds, as the slider sets it.
    pub jitter_ns: u64,
    /// Slow smoothed deviation in nanoseconds.
    pub slow_jitter_ns: u64,
    /// Share of new flows in thousandths, from the weights in force.
    pub share_permille: u32,
    /// Cost in percent, 100 is neutral.
    pub cost: u32,
    /// [`CostReason`] as a number.
    pub cost_reason: u32,
    /// [`Metered`] as a number.
    pub metered: u32,
    /// Whether it has a carrier.
    pub carrier: bool,
    /// True for the steadiest uplink; in game mode new flows are sent there.
    pub leader: bool,
    /// With a patched kernel while somebody listens: the average of what is sent, bytes a second.
    pub load_bytes_s: u64,
    /// Likewise: the average distance from that average, bytes a second.
    pub variability_bytes_s: u64,
    /// [`Figures`] as a number: where these two come from.
    pub figures: u32,
}

/// One reversible setting, `a{sv}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct TunableInfo {
    /// `ema-factor`, `power-cost`, `route:` with the route in the words of `ip route`, or `own:IPv4`
    /// and `own:IPv6` for the helper's own routes and rules.
    pub id: String,
    /// The value in force.
    pub current: String,
    /// The captured value that will be restored; empty when nothing is captured.
    pub original: String,
    /// What was asked for; empty when nothing is.
    pub wanted: String,
    /// [`TunableState`] as a number.
    pub state: u32,
    /// Why it is not as wanted, in English; empty when it is.
    pub why_not: String,
}

/// One IP version, `a{sv}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct FamilyInfo {
    /// 4 or 6.
    pub family: u32,
    /// [`Way`] as a number.
    pub way: u32,
    /// [`Reason`] as a number.
    pub reason: u32,
    /// The reason's particulars, in English; empty when there are none.
    pub detail: String,
    /// True while new flows are steered that way.
    pub in_force: bool,
    /// UDP ports kept on their uplink by a rule of their own.
    pub pinned: u32,
    /// Such ports beyond the limit, which may move.
    pub unpinned: u32,
}

/// One step of a plan, `a{sv}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}", rename_all = "kebab-case")]
pub struct PlanStep {
    /// 4 or 6.
    pub family: u32,
    /// The step in the words of ip(8).
    pub step: String,
}

/// What is kept for running connections after game mode, `(uu)`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Draining {
    /// Rules kept.
    pub rules: u32,
    /// Seconds after which they are taken away, needed or not.
    pub seconds_left: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::wire::{LE, serialized::Context, to_bytes};

    #[test]
    fn enumerations_survive_the_wire_and_read_unknown_numbers_as_the_fallback() {
        for backend in Backend::ALL {
            assert_eq!(Backend::from_wire(backend.to_wire()), *backend);
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::from_wire(reason.to_wire()), *reason);
        }
        assert_eq!(Reason::from_wire(77), Reason::Unknown);
        assert_eq!(Backend::from_wire(77), Backend::Observe);
    }

    #[test]
    fn an_uplink_travels_as_a_dictionary_and_comes_back_whole() {
        let uplink = UplinkInfo {
            ifindex: 3,
            name: "wifi0".into(),
            gateways: vec!["10.1.0.1".into()],
            rtt_ns: 20_000_000,
            leader: true,
            ..UplinkInfo::default()
        };
        let bytes = to_bytes(Context::new(LE, 0), &vec![uplink.clone()]).unwrap();
        let (back, _): (Vec<UplinkInfo>, _) = bytes.deserialize().unwrap();
        assert_eq!(back, vec![uplink]);
    }
}
