//! Rules of others in the words of `ip rule`, made fit to show.

use std::fmt::Write;

use super::rule::{
    DumpedRule, FR_ACT_TO_TBL, FRA_DPORT_MASK, FRA_DPORT_RANGE, FRA_DST, FRA_FWMARK, FRA_FWMASK,
    FRA_GOTO, FRA_IIFNAME, FRA_IP_PROTO, FRA_L3MDEV, FRA_OIFNAME, FRA_PRIORITY, FRA_PROTOCOL,
    FRA_SPORT_MASK, FRA_SPORT_RANGE, FRA_SRC, FRA_SUPPRESS_IFGROUP, FRA_SUPPRESS_PREFIXLEN,
    FRA_TABLE, FRA_UID_RANGE, INVERT,
};
use crate::kernel::{
    netlink::wire::number32,
    route::{TABLE_LOCAL, TABLE_MAIN},
    survey::sanitised,
};

/// The routing table that is asked last.
const TABLE_DEFAULT: u32 = 253;

/// The attributes that have words here.
const SPOKEN: [u16; 19] = [
    FRA_DST,
    FRA_SRC,
    FRA_IIFNAME,
    FRA_GOTO,
    FRA_PRIORITY,
    FRA_FWMARK,
    FRA_SUPPRESS_IFGROUP,
    FRA_SUPPRESS_PREFIXLEN,
    FRA_TABLE,
    FRA_FWMASK,
    FRA_OIFNAME,
    FRA_L3MDEV,
    FRA_UID_RANGE,
    FRA_PROTOCOL,
    FRA_IP_PROTO,
    FRA_SPORT_RANGE,
    FRA_DPORT_RANGE,
    FRA_SPORT_MASK,
    FRA_DPORT_MASK,
];

impl DumpedRule {
    /// The rule in the words of `ip rule`: `1000: from all fwmark 0x1 lookup 100`. Bounded, of
    /// printable ASCII; it ends in `...` if it has something there are no words for.
    pub fn words(&self) -> String {
        let mut words = format!("{}:", self.preference);
        let mut say = |word: std::fmt::Arguments| {
            // Writing to a string can't fail.
            let _ = words.write_fmt(word);
        };
        if self.flags & INVERT != 0 {
            say(format_args!(" not"));
        }
        match self.prefix(FRA_SRC) {
            Some(from) => say(format_args!(" from {from}")),
            None => say(format_args!(" from all")),
        }
        if let Some(to) = self.prefix(FRA_DST) {
            say(format_args!(" to {to}"));
        }
        if self.tos != 0 {
            say(format_args!(" tos {:#04x}", self.tos));
        }
        self.say_mark(&mut say);
        for (kind, word) in [(FRA_IIFNAME, "iif"), (FRA_OIFNAME, "oif")] {
            if let Some(name) = self.attribute(kind) {
                let name = String::from_utf8_lossy(name);
                let name = sanitised(name.trim_end_matches('\0'));
                say(format_args!(" {word} {name}"));
            }
        }
        if let Some(range) = self.attribute(FRA_UID_RANGE) {
            let first = number32(range).unwrap_or(0);
            let last = range.get(4..).and_then(number32).unwrap_or(0);
            say(format_args!(" uidrange {first}-{last}"));
        }
        match self.attribute(FRA_IP_PROTO) {
            Some([6]) => say(format_args!(" ipproto tcp")),
            Some([17]) => say(format_args!(" ipproto udp")),
            Some([number]) => say(format_args!(" ipproto {number}")),
            _ => {}
        }
        for (kind, word) in [(FRA_SPORT_RANGE, "sport"), (FRA_DPORT_RANGE, "dport")] {
            match self.ports(kind) {
                Some((first, last)) if first == last => say(format_args!(" {word} {first}")),
                Some((first, last)) => say(format_args!(" {word} {first}-{last}")),
                None => {}
            }
        }
        self.say_action(&mut say);
        let masked = self.is_masked(FRA_SPORT_MASK) || self.is_masked(FRA_DPORT_MASK);
        if masked || self.attributes().any(|(kind, _)| !SPOKEN.contains(&kind)) {
            say(format_args!(" ..."));
        }
        words
    }

    fn say_mark(&self, say: &mut impl FnMut(std::fmt::Arguments)) {
        let mark = self.attribute(FRA_FWMARK).and_then(number32);
        let mask = self.attribute(FRA_FWMASK).and_then(number32);
        match (mark, mask) {
            (None, None) => {}
            (mark, None | Some(u32::MAX)) => {
                say(format_args!(" fwmark {:#x}", mark.unwrap_or(0)));
            }
            (mark, Some(mask)) => {
                say(format_args!(" fwmark {:#x}/{mask:#x}", mark.unwrap_or(0)));
            }
        }
    }

    fn say_action(&self, say: &mut impl FnMut(std::fmt::Arguments)) {
        match (self.action, self.table) {
            (FR_ACT_TO_TBL, _) if self.attribute(FRA_L3MDEV).is_some_and(|v| v != [0]) => {
                say(format_args!(" lookup [l3mdev-table]"));
            }
            (FR_ACT_TO_TBL, TABLE_LOCAL) => say(format_args!(" lookup local")),
            (FR_ACT_TO_TBL, TABLE_MAIN) => say(format_args!(" lookup main")),
            (FR_ACT_TO_TBL, TABLE_DEFAULT) => say(format_args!(" lookup default")),
            (FR_ACT_TO_TBL, table) => say(format_args!(" lookup {table}")),
            (2, _) => {
                let target = self.attribute(FRA_GOTO).and_then(number32).unwrap_or(0);
                say(format_args!(" goto {target}"));
            }
            (3, _) => say(format_args!(" nop")),
            (6, _) => say(format_args!(" blackhole")),
            (7, _) => say(format_args!(" unreachable")),
            (8, _) => say(format_args!(" prohibit")),
            (other, _) => say(format_args!(" action {other}")),
        }
        if let Some(length) = self.suppressed() {
            say(format_args!(" suppress_prefixlength {length}"));
        }
        let group = self.attribute(FRA_SUPPRESS_IFGROUP).and_then(number32);
        if let Some(group) = group.filter(|group| *group != u32::MAX) {
            say(format_args!(" suppress_ifgroup {group}"));
        }
        if !matches!(self.protocol, 0 | 2 | 3) {
            say(format_args!(" proto {}", self.protocol));
        }
    }

    /// Whether this is one of the rules that the kernel makes by itself: all packets to the
    /// tables local, main and default.
    pub fn is_the_kernels(&self) -> bool {
        let bare = [
            FRA_PRIORITY,
            FRA_TABLE,
            FRA_PROTOCOL,
            FRA_SUPPRESS_PREFIXLEN,
            FRA_SUPPRESS_IFGROUP,
        ];
        let place = (self.preference, self.table);
        let known = [
            (0, TABLE_LOCAL),
            (32_766, TABLE_MAIN),
            (32_767, TABLE_DEFAULT),
        ];
        known.contains(&place)
            && (
                self.action,
                self.tos,
                self.source_length,
                self.destination_length,
            ) == (FR_ACT_TO_TBL, 0, 0, 0)
            && self.flags & INVERT == 0
            && self.suppressed().is_none()
            && self.attributes().all(|(kind, _)| bare.contains(&kind))
    }
}
