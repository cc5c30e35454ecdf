//! Networks: cutting an address to one, and asking what lies in it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::model::{Family, Prefix};

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Bits of an address: 32 or 128.
    pub fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

impl Prefix {
    /// The network of `length` bits that holds `address`; a length beyond the family's is cut to
    /// it.
    pub fn of(address: IpAddr, length: u8) -> Self {
        let length = length.min(Family::of(address).bits());
        let address = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
                Ipv4Addr::from_bits(v4.to_bits() & mask).into()
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
                Ipv6Addr::from_bits(v6.to_bits() & mask).into()
            }
        };
        Self { address, length }
    }

    /// The network of this address alone.
    pub fn host(address: IpAddr) -> Self {
        Self::of(address, Family::of(address).bits())
    }

    /// Whether `address` lies in it; never for one of the other family.
    pub fn contains(self, address: IpAddr) -> bool {
        Family::of(self.address) == Family::of(address)
            && Self::of(address, self.length).address == self.address
    }

    /// Whether any address lies in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

impl fmt::Display for Prefix {
    /// As `ip` writes it: without the length for a single address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, length } = self;
        if *length == Family::of(*address).bits() {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{length}")
        }
    }
}
