//! The internet address that the window's own probes ask while there is no helper: the built-in one,
//! or one of the user's. Only an address will do: asking a name server would measure that, too.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use evenkeel_core::uplink::{ANCHOR_V4, ANCHOR_V6};
use serde::{Deserialize, Serialize};

/// An address that can be asked, if one was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target(Option<IpAddr>);

/// Why a text is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetError {
    /// It is no IPv4 or IPv6 address.
    NoAddress,
    /// It is one, of nobody who would answer over an uplink: this machine itself, many at once, none.
    NotReachable,
}

impl Target {
    /// What an uplink is asked through that has a way out by IPv4, by IPv6, or by both. The user's
    /// address where its family leads out, else the built-in one.
    pub fn address(self, v4: bool, v6: bool) -> IpAddr {
        match self.0 {
            Some(chosen) if chosen.is_ipv4() && v4 || chosen.is_ipv6() && v6 => chosen,
            _ if v4 || !v6 => ANCHOR_V4.into(),
            _ => ANCHOR_V6.into(),
        }
    }

    /// The user's address.
    pub fn chosen(self) -> Option<IpAddr> {
        self.0
    }
}

impl FromStr for Target {
    type Err = TargetError;

    /// The built-in address for an empty text.
    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        let address: IpAddr = text.parse().map_err(|_| TargetError::NoAddress)?;
        let address = address.to_canonical();
        let unfit = address.is_unspecified()
            || address.is_loopback()
            || address.is_multicast()
            || match address {
                IpAddr::V4(v4) => v4.octets()[0] == 0 || v4 == Ipv4Addr::BROADCAST,
                // Without its interface it leads nowhere.
                IpAddr::V6(v6) => v6.is_unicast_link_local(),
            };
        if unfit {
            return Err(TargetError::NotReachable);
        }
        Ok(Self(Some(address)))
    }
}

/// The user's address; nothing for the built-in one.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |address| address.fmt(f))
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAddress => "no IPv4 or IPv6 address",
            Self::NotReachable => "an address that nobody answers from over an uplink",
        })
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_that_can_answer_are_taken_and_nothing_means_the_built_in_one() {
        for text in [
            "8.8.8.8",
            " 192.168.1.1\n",
            "2001:4860:4860::8888",
            "10.0.0.1",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text.trim());
        }
        for text in ["", "  "] {
            assert_eq!(text.parse(), Ok(Target::default()));
        }
        let mapped: Target = "::ffff:9.9.9.9".parse().unwrap();
        assert_eq!(mapped.to_string(), "9.9.9.9");
    }

    #[test]
    fn what_is_no_address_is_told_from_an_address_that_cannot_answer() {
        for text in [
            "example.org",
            "1.1.1",
            "1.1.1.256",
            "1.1.1.1:53",
            "8.8.8.8, 9.9.9.9",
        ] {
            assert_eq!(
                text.parse::<Target>(),
                Err(TargetError::NoAddress),
                "{text}"
            );
        }
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "::1",
            "ff02::1",
            "fe80::1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(
                text.parse::<Target>(),
                Err(TargetError::NotReachable),
                "{text}"
            );
        }
    }

    #[test]
    fn an_uplink_is_asked_in_a_family_that_leads_out() {
        let (v4, v6): (Target, Target) =
            ("8.8.8.8".parse().unwrap(), "2620:fe::9".parse().unwrap());
        let default = Target::default();
        for (target, families, expected) in [
            (default, (true, true), "1.1.1.1"),
            (default, (false, true), "2606:4700:4700::1111"),
            (v4, (true, true), "8.8.8.8"),
            (v4, (false, true), "2606:4700:4700::1111"),
            (v6, (true, true), "2620:fe::9"),
            (v6, (true, false), "1.1.1.1"),
            (default, (false, false), "1.1.1.1"),
        ] {
            assert_eq!(target.address(families.0, families.1).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn what_was_taken_is_read_back_as_the_same(text in "\\PC*") {
            if let Ok(target) = text.parse::<Target>() {
                prop_assert_eq!(target.to_string().parse(), Ok(target));
            }
        }
    }
}
