//! Policy rules as the kernel's messages.
//!
//! It is not for sending them, nor for judging whose they are. It reads them by hand because a
//! rule that can't be understood must still be seen, and be told of.

use std::net::IpAddr;

use evenkeel_core::plan::{Action, Family, Prefix, Rule, Selector, numbers::PROTOCOL};

use crate::kernel::{
    netlink::wire::{Attributes, Body, address, number16, number32, octets},
    route::TABLE_MAIN,
};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The bytes of `struct fib_rule_hdr`.
const HEADER_BYTES: usize = 12;

pub(super) const FRA_DST: u16 = 1;
pub(super) const FRA_SRC: u16 = 2;
pub(super) const FRA_IIFNAME: u16 = 3;
pub(super) const FRA_GOTO: u16 = 4;
pub(super) const FRA_PRIORITY: u16 = 6;
pub(super) const FRA_FWMARK: u16 = 10;
pub(super) const FRA_SUPPRESS_IFGROUP: u16 = 13;
pub(super) const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
pub(super) const FRA_TABLE: u16 = 15;
pub(super) const FRA_FWMASK: u16 = 16;
pub(super) const FRA_OIFNAME: u16 = 17;
pub(super) const FRA_L3MDEV: u16 = 19;
pub(super) const FRA_UID_RANGE: u16 = 20;
pub(super) const FRA_PROTOCOL: u16 = 21;
pub(super) const FRA_IP_PROTO: u16 = 22;
pub(super) const FRA_SPORT_RANGE: u16 = 23;
pub(super) const FRA_DPORT_RANGE: u16 = 24;
/// Since Linux 6.15, told with every range of ports.
pub(super) const FRA_SPORT_MASK: u16 = 28;
pub(super) const FRA_DPORT_MASK: u16 = 29;

pub(super) const FR_ACT_TO_TBL: u8 = 1;

/// `FIB_RULE_INVERT`: for whom the selector does not hold.
pub(super) const INVERT: u32 = 2;

/// What the kernel says for "nothing suppressed".
const NOTHING: u32 = u32::MAX;

/// UDP's number.
const UDP: u8 = 17;

/// The loopback interface's name, with its final zero.
const LOOPBACK: &[u8] = b"lo\0";

/// The most bytes of attributes kept of one rule.
const MAX_ATTRIBUTE_BYTES: usize = 1024;

/// A policy rule as dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DumpedRule {
    /// The family.
    pub family: Family,
    /// Its place; the smallest is asked first.
    pub preference: u32,
    /// The routing protocol number it carries; 0 if none.
    pub protocol: u8,
    /// The table it sends to; 0 if it sends to none.
    pub table: u32,
    pub(super) destination_length: u8,
    pub(super) source_length: u8,
    pub(super) tos: u8,
    pub(super) action: u8,
    pub(super) flags: u32,
    attributes: Vec<u8>,
}

impl DumpedRule {
    /// The body of a request for all rules of a family.
    pub(in crate::kernel) fn dump_request(family: Family) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[0] = family_number(family);
        bytes
    }

    /// The rule in a dumped payload; `None` if it isn't IP or shorter than its header.
    pub(in crate::kernel) fn parse(payload: &[u8]) -> Option<Self> {
        let header = payload.get(..HEADER_BYTES)?;
        let family = match header[0] {
            AF_INET => Family::V4,
            AF_INET6 => Family::V6,
            _ => return None,
        };
        let attributes = &payload[HEADER_BYTES..];
        let mut rule = Self {
            family,
            preference: 0,
            protocol: 0,
            table: u32::from(header[4]),
            destination_length: header[1],
            source_length: header[2],
            tos: header[3],
            action: header[7],
            flags: number32(&header[8..])?,
            attributes: attributes[..attributes.len().min(MAX_ATTRIBUTE_BYTES)].to_vec(),
        };
        let preference = rule.attribute(FRA_PRIORITY).and_then(number32);
        let table = rule.attribute(FRA_TABLE).and_then(number32);
        rule.preference = preference.unwrap_or(0);
        rule.protocol = protocol_of(attributes).unwrap_or(0);
        rule.table = table.unwrap_or(rule.table);
        Some(rule)
    }

    pub(super) fn attributes(&self) -> Attributes<'_> {
        Attributes::of(&self.attributes)
    }

    pub(super) fn attribute(&self, wanted: u16) -> Option<&[u8]> {
        self.attributes()
            .find(|(kind, _)| *kind == wanted)
            .map(|(_, value)| value)
    }

    /// The prefix of `FRA_SRC` or `FRA_DST`.
    pub(super) fn prefix(&self, kind: u16) -> Option<Prefix> {
        let length = match kind {
            FRA_SRC => self.source_length,
            _ => self.destination_length,
        };
        let address = self.attribute(kind).and_then(address)?;
        (length > 0).then_some(Prefix { address, length })
    }

    /// The routing prefixes suppressed in the table: of this length and shorter.
    pub(super) fn suppressed(&self) -> Option<u32> {
        let length = self.attribute(FRA_SUPPRESS_PREFIXLEN).and_then(number32);
        length.filter(|length| *length != NOTHING)
    }

    /// A range of ports, `FRA_SPORT_RANGE` or `FRA_DPORT_RANGE`.
    pub(super) fn ports(&self, kind: u16) -> Option<(u16, u16)> {
        let range = self.attribute(kind)?;
        number16(range).zip(range.get(2..).and_then(number16))
    }

    /// Whether a range of ports is a mask's instead: `FRA_SPORT_MASK` or `FRA_DPORT_MASK`.
    pub(super) fn is_masked(&self, kind: u16) -> bool {
        let mask = self.attribute(kind).and_then(number16);
        mask.is_some_and(|mask| mask != u16::MAX)
    }

    /// The rule in a plan's words, if a plan has words for all of it.
    pub fn object(&self) -> Option<Rule> {
        let known = [
            FRA_SRC,
            FRA_IIFNAME,
            FRA_PRIORITY,
            FRA_SUPPRESS_IFGROUP,
            FRA_SUPPRESS_PREFIXLEN,
            FRA_TABLE,
            FRA_PROTOCOL,
            FRA_IP_PROTO,
            FRA_SPORT_RANGE,
            FRA_SPORT_MASK,
        ];
        let plain = self.attributes().all(|(kind, _)| known.contains(&kind))
            && self
                .attribute(FRA_SUPPRESS_IFGROUP)
                .and_then(number32)
                .is_none_or(|g| g == NOTHING)
            && !self.is_masked(FRA_SPORT_MASK)
            && (self.destination_length, self.tos, self.action) == (0, 0, FR_ACT_TO_TBL);
        if !plain {
            return None;
        }
        let from = self.prefix(FRA_SRC);
        let udp = self.attribute(FRA_IP_PROTO).map(|proto| proto == [UDP]);
        let port = self.ports(FRA_SPORT_RANGE);
        let loopback = self.attribute(FRA_IIFNAME).map(|name| name == LOOPBACK);
        let inverted = self.flags & INVERT != 0;
        let selector = match (from, udp, port, loopback, inverted) {
            (None, None, None, None, false) => Selector::All,
            (Some(from), None, None, Some(true), false) => Selector::From(from),
            (None, Some(true), Some((first, last)), Some(true), false) if first == last => {
                Selector::UdpPort(first)
            }
            (None, None, None, Some(true), true) => Selector::Forwarded,
            _ => return None,
        };
        let action = match self.suppressed() {
            None => Action::Table(self.table),
            Some(0) if self.table == TABLE_MAIN => Action::MainWithoutDefaults,
            Some(_) => return None,
        };
        Some(Rule {
            family: self.family,
            preference: self.preference,
            selector,
            action,
        })
    }
}

/// The protocol number among a rule's attributes.
fn protocol_of(attributes: &[u8]) -> Option<u8> {
    let mut all = Attributes::of(attributes);
    let (_, value) = all.find(|(kind, _)| *kind == FRA_PROTOCOL)?;
    value.first().copied()
}

/// The protocol number in a rule's payload.
pub(in crate::kernel) fn protocol(payload: &[u8]) -> Option<u8> {
    protocol_of(payload.get(HEADER_BYTES..)?)
}

/// The body that makes a rule, or removes exactly that one.
pub(super) fn body(rule: &Rule) -> Body {
    let (table, suppress) = match rule.action {
        Action::Table(table) => (table, None),
        Action::MainWithoutDefaults => (TABLE_MAIN, Some(0_u32)),
    };
    let (source_length, flags) = match rule.selector {
        Selector::From(prefix) => (prefix.length, 0),
        Selector::Forwarded => (0, INVERT),
        Selector::All | Selector::UdpPort(_) => (0, 0),
    };
    let mut header = vec![family_number(rule.family), 0, source_length, 0, 0, 0, 0];
    header.push(FR_ACT_TO_TBL);
    header.extend(flags.to_ne_bytes());
    let body = Body::new(&header)
        .with(FRA_PRIORITY, &rule.preference.to_ne_bytes())
        .with(FRA_TABLE, &table.to_ne_bytes())
        .with(FRA_PROTOCOL, &[PROTOCOL]);
    // What leaves a socket of this machine counts as come in by the loopback interface.
    let body = match rule.selector {
        Selector::All => body,
        _ => body.with(FRA_IIFNAME, LOOPBACK),
    };
    let body = match rule.selector {
        Selector::All | Selector::Forwarded => body,
        Selector::From(prefix) => body.with(FRA_SRC, &octets(prefix.address)),
        Selector::UdpPort(port) => {
            let [low, high] = port.to_ne_bytes();
            body.with(FRA_IP_PROTO, &[UDP])
                .with(FRA_SPORT_RANGE, &[low, high, low, high])
        }
    };
    match suppress {
        None => body,
        Some(length) => body.with(FRA_SUPPRESS_PREFIXLEN, &length.to_ne_bytes()),
    }
}

pub(super) fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => AF_INET,
        Family::V6 => AF_INET6,
    }
}

/// Whether an address is of a family.
pub(in crate::kernel) fn is_of(family: Family, address: IpAddr) -> bool {
    (family == Family::V4) == address.is_ipv4()
}

#[cfg(test)]
mod tests {
    use evenkeel_core::plan::numbers::{PREFERENCE_FORWARDED, PREFERENCE_PORT};
    use proptest::prelude::*;

    use super::*;
    use crate::kernel::objects::recorded::{bytes, sorted};

    fn pin() -> Rule {
        Rule {
            family: Family::V4,
            preference: PREFERENCE_PORT,
            selector: Selector::UdpPort(27_005),
            action: Action::Table(7702),
        }
    }

    #[test]
    fn requests_say_what_ip_says() {
        // iproute2 6.1: rule add pref 32763 protocol 77 iif lo ipproto udp sport 27005 lookup 7702
        let recorded = "020000000000000100000000 08000600fb7f0000 050015004d000000 \
            070003006c6f0000 0500160011000000 080017007d697d69 08000f00161e0000";
        assert_eq!(
            sorted(body(&pin()).bytes(), HEADER_BYTES),
            sorted(&bytes(recorded), HEADER_BYTES)
        );
        // rule add pref 32764 protocol 77 not iif lo lookup 7701
        let recorded = "020000000000000102000000 08000600fc7f0000 050015004d000000 \
            070003006c6f0000 08000f00151e0000";
        let forwarded = Rule {
            family: Family::V4,
            preference: PREFERENCE_FORWARDED,
            selector: Selector::Forwarded,
            action: Action::Table(7701),
        };
        assert_eq!(
            sorted(body(&forwarded).bytes(), HEADER_BYTES),
            sorted(&bytes(recorded), HEADER_BYTES)
        );
    }

    #[test]
    fn the_kernels_answers_are_read() {
        // Linux 6.18: the pin above, with the mask of its port.
        let dumped = "0200000000 0000 0100000000 08000f00161e0000 08000e00ffffffff \
            050015004d000000 070003006c6f0000 08000600fb7f0000 080017007d697d69 \
            06001c00ffff0000 0500160011000000";
        let found = DumpedRule::parse(&bytes(dumped)).unwrap();
        assert_eq!((found.protocol, found.object()), (PROTOCOL, Some(pin())));
        assert_eq!(protocol(&bytes(dumped)), Some(PROTOCOL));
        // With half the mask it is for more ports, and not ours.
        let masked = dumped.replace("06001c00ffff0000", "06001c00f0ff0000");
        let found = DumpedRule::parse(&bytes(&masked)).unwrap();
        assert_eq!(found.object(), None);
        assert!(found.words().ends_with(" ..."), "{}", found.words());
        // The kernel's own for the main table.
        let main = "02000000fe00000100000000 08000f00fe000000 08000e00ffffffff 0500150002000000 \
            08000600fe7f0000";
        let found = DumpedRule::parse(&bytes(main)).unwrap();
        assert!(found.is_the_kernels());
        assert_eq!(found.words(), "32766: from all lookup main");
    }

    proptest! {
        #[test]
        fn no_bytes_whatever_break_the_reader(
            bytes in prop::collection::vec(any::<u8>(), 0..160),
        ) {
            if let Some(rule) = DumpedRule::parse(&bytes) {
                let words = rule.words();
                prop_assert!(words.len() < 400 && words.bytes().all(|b| (b' '..=b'~').contains(&b)));
                let _ = (rule.object(), rule.is_the_kernels());
            }
        }
    }
}
