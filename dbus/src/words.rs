//! The numbers of the contract in English, where the helper and its clients say the same. What is
//! translated is the window's business.

use crate::Reason;

impl Reason {
    /// Why the backend is what it is: a clause without a full stop.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ready => "everything needed is there",
            Self::NoUplink => "no interface has a default gateway",
            Self::OneUplink => "there is only one uplink, so there is no other to prefer",
            Self::NoMultipathRoute => "no route goes over more than one uplink",
            Self::NexthopObjects => {
                "the multipath route is made of nexthop objects, which this version leaves alone"
            }
            Self::TooManyRoutes => "there are too many multipath routes; this looks like a router",
            Self::ForeignNexthop => "a multipath route leaves by an interface that is no uplink",
            Self::LowpowerPartial => "the kernel has only one of the two lowpower sysctls",
            Self::LowpowerUnreadable => "the lowpower sysctls cannot be read",
            Self::KernelUnreadable => "the kernel's links or routes cannot be read",
            Self::NoDefault => "there is no default route",
            Self::ForeignDefault => {
                "the best default route leaves by something that is no uplink, a VPN for one"
            }
            Self::ForeignRules => "policy rules that somebody else made would be in the way",
            Self::NumbersTaken => "somebody else uses the numbers of Evenkeel's routes and rules",
            Self::SameSubnet => "two uplinks are in the same subnet",
            Self::MetricTooSmall => {
                "the best default route has so small a metric that none is left before it"
            }
            Self::Undone => "somebody undid our routes again and again, so we stepped back",
            Self::NotConfirmed => {
                "the gateway or the anchor stopped answering with our routes, so they were taken back"
            }
            Self::Unknown => "for a reason this version does not know; helper and client differ",
        }
    }
}
