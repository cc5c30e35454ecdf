//! Destinations of flows: addresses of the server, each handed out once. Plain values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Family;
use crate::topology::{WIDE_V4, WIDE_V6};

/// How many addresses the IPv4 range has, without its first and last.
const ADDRESSES: u32 = (1 << 17) - 2;

/// Hands out destinations that no flow had before.
#[derive(Debug, Default)]
pub struct Targets {
    used: u32,
}

impl Targets {
    /// The next `count` destinations. After 131,070 they begin again.
    pub fn fresh(&mut self, family: Family, count: usize) -> Vec<IpAddr> {
        (0..count).map(|_| self.next(family)).collect()
    }

    fn next(&mut self, family: Family) -> IpAddr {
        let number = self.used % ADDRESSES + 1;
        self.used = self.used.wrapping_add(1);
        match family {
            Family::V4 => Ipv4Addr::from_bits(WIDE_V4.to_bits() + number).into(),
            Family::V6 => Ipv6Addr::from_bits(WIDE_V6.to_bits() + u128::from(number)).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_flow_has_a_destination_of_its_own_in_the_servers_range() {
        for (family, first, last) in [
            (Family::V4, "198.18.0.1", "198.19.255.254"),
            (Family::V6, "2001:db8:5::1", "2001:db8:5::1:fffe"),
        ] {
            let list = Targets::default().fresh(family, ADDRESSES as usize);
            assert_eq!(list.first(), first.parse().ok().as_ref());
            assert_eq!(list.last(), last.parse().ok().as_ref());
            assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), list.len());
        }
    }
}
