//! Takes out of a text what tells who and where somebody is, before it is shown to the world. Pure:
//! what is one's own is given. A public IPv4 address that is not one's own stays, as it may be the
//! game's server; so do the well-known name servers.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::tell;
use crate::words::{Key, Words};

/// Name servers that millions ask; they tell nothing of anybody.
const KNOWN: [Ipv6Addr; 6] = [
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111),
    Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001),
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888),
    Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844),
    Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe),
    Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 9),
];
/// Names of users and computers that millions have.
const COMMON: [&str; 5] = ["root", "deck", "steamdeck", "localhost", "user"];
/// Interfaces that carry their hardware address in their name.
const NAMED_BY_HARDWARE: [&str; 3] = ["enx", "wlx", "wwx"];

/// Names that tell who and where somebody is.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// Of this computer.
    pub computers: Vec<String>,
    /// Of its users.
    pub users: Vec<String>,
    /// Of the Wi-Fi networks it is in.
    pub networks: Vec<String>,
}

/// What is taken out of texts, and what stands there instead.
#[derive(Debug)]
pub struct Private<'a> {
    own: Vec<IpAddr>,
    names: Vec<(String, Key)>,
    /// Addresses by the numbers they were given, so that the same one reads the same everywhere.
    seen: BTreeMap<IpAddr, usize>,
    words: &'a Words,
}

impl<'a> Private<'a> {
    /// Takes out the private and these own addresses, and these names.
    pub fn new(own: &[IpAddr], names: &Own, words: &'a Words) -> Self {
        let computers = names
            .computers
            .iter()
            .map(|name| (name, Key::ReportComputer));
        let users = names.users.iter().map(|name| (name, Key::ReportUser));
        let networks = names.networks.iter().map(|name| (name, Key::ReportNetwork));
        let telling = |name: &str| {
            name.chars().count() > 1
                && !COMMON
                    .iter()
                    .any(|common| name.eq_ignore_ascii_case(common))
        };
        let mut names: Vec<_> = computers
            .chain(users)
            .chain(networks)
            .filter(|(name, _)| telling(name))
            .map(|(name, key)| (name.clone(), key))
            .collect();
        // A long name may hold a short one.
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self {
            own: own.iter().map(IpAddr::to_canonical).collect(),
            names,
            seen: BTreeMap::new(),
            words,
        }
    }

    /// The text without them.
    pub fn hide(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            if end == 0 {
                let mut chars = rest.chars();
                out.extend(chars.next());
                rest = chars.as_str();
                continue;
            }
            let (word, after) = rest.split_at(end);
            self.hide_word(word, &mut out);
            rest = after;
        }
        for (name, key) in &self.names {
            let instead = tell(self.words, *key, []);
            out = replace_word(&out, name, &instead);
        }
        out
    }

    /// A word that may be an address, with what may stand before and after one.
    fn hide_word(&mut self, word: &str, out: &mut String) {
        let core = word.trim_end_matches(['.', ':', '-', '_', '%']);
        let (core, tail) = word.split_at(core.len());
        let hardware = || tell(self.words, Key::ReportHardware, []);
        if is_hardware(core) {
            out.push_str(&hardware());
        } else if let Some(prefix) = named_by_hardware(core) {
            out.push_str(prefix);
            out.push_str(&hardware());
        } else if let Some((address, rest)) = address(core) {
            match self.number_of(address) {
                Some(number) => {
                    let values = [("number", number.into())];
                    out.push_str(&tell(self.words, Key::ReportAddress, values));
                    // The interface behind a % stays; it is no secret.
                    out.push_str(rest);
                }
                None => out.push_str(core),
            }
        } else {
            out.push_str(core);
        }
        out.push_str(tail);
    }

    /// The number of an address that is to be hidden.
    fn number_of(&mut self, address: IpAddr) -> Option<usize> {
        let address = address.to_canonical();
        if !self.is_private(address) {
            return None;
        }
        let next = self.seen.len() + 1;
        Some(*self.seen.entry(address).or_insert(next))
    }

    fn is_private(&self, address: IpAddr) -> bool {
        if self.own.contains(&address) && !address.is_loopback() {
            return true;
        }
        match address {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                // RFC 6598: between a provider and its customers.
                let shared = a == 100 && (64..128).contains(&b);
                v4.is_private() || v4.is_link_local() || shared
            }
            // Everything a home has begins like its own network; what is public is hidden with it.
            IpAddr::V6(v6) => {
                !(v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_multicast()
                    || KNOWN.contains(&v6))
            }
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_' | '%')
}

/// Six pairs of hexadecimal digits with one sign between them.
fn is_hardware(word: &str) -> bool {
    [':', '-'].into_iter().any(|between| {
        let pair =
            |pair: &str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
        word.split(between).count() == 6 && word.split(between).all(pair)
    })
}

fn named_by_hardware(word: &str) -> Option<&str> {
    let (prefix, digits) = word.split_at_checked(3)?;
    let named = NAMED_BY_HARDWARE.contains(&prefix) && digits.len() == 12;
    (named && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(prefix)
}

/// The address a word is, and the rest of the word: a port or an interface.
fn address(word: &str) -> Option<(IpAddr, &str)> {
    let (plain, zone) = word.split_at(word.find('%').unwrap_or(word.len()));
    if let Ok(address) = plain.parse() {
        return Some((address, zone));
    }
    let colon = plain.rfind(':')?;
    let address: Ipv4Addr = plain[..colon].parse().ok()?;
    Some((address.into(), &word[colon..]))
}

/// Replaces a name where it stands as a word of its own, in any case.
fn replace_word(text: &str, name: &str, instead: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let found = rest
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        let after = found.then(|| rest[name.len()..].chars().next()).flatten();
        if found
            && before.is_none_or(|c| !c.is_alphanumeric())
            && after.is_none_or(|c| !c.is_alphanumeric())
        {
            out.push_str(instead);
            before = name.chars().last();
            rest = &rest[name.len()..];
        } else {
            out.push(c);
            before = Some(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;
    use proptest::prelude::*;

    fn hidden(text: &str) -> String {
        let words = Words::new(Language::English);
        let own = ["203.0.113.7".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names = Own {
            computers: owned(&["minho-pc", "localhost"]),
            users: owned(&["minho", "deck", "민호"]),
            networks: owned(&["KT_GiGA_5G_7A3F", "Minho’s home 2"]),
        };
        Private::new(&own, &names, &words).hide(text)
    }

    #[test]
    fn private_and_own_addresses_go_and_public_targets_stay() {
        for (text, left) in [
            ("via 192.168.0.1 dev wlan0", "via [address 1] dev wlan0"),
            (
                "10.1.0.2/24, 10.1.0.2:443.",
                "[address 1]/24, [address 1]:443.",
            ),
            (
                "100.64.3.4 172.16.9.9 169.254.1.1",
                "[address 1] [address 2] [address 3]",
            ),
            (
                "203.0.113.7 and 198.51.100.4",
                "[address 1] and 198.51.100.4",
            ),
            (
                "fe80::1%wlan0 fd00::5/64",
                "[address 1]%wlan0 [address 2]/64",
            ),
            ("[2001:db8::7]:443", "[[address 1]]:443"),
            ("::ffff:192.168.0.9", "[address 1]"),
            (
                "1.1.1.1 2606:4700:4700::1111 ::1 127.0.0.1",
                "1.1.1.1 2606:4700:4700::1111 ::1 127.0.0.1",
            ),
            (
                "100.128.0.1 at 12:34:56 dead:beef",
                "100.128.0.1 at 12:34:56 dead:beef",
            ),
        ] {
            assert_eq!(hidden(text), left);
        }
    }

    #[test]
    fn hardware_addresses_go_also_inside_of_names() {
        assert_eq!(
            hidden("aa:bb:CC:00:11:22, aa-bb-cc-00-11-22"),
            "[hardware address], [hardware address]"
        );
        assert_eq!(hidden("enxaabbcc001122: up"), "enx[hardware address]: up");
        assert_eq!(hidden("enxaabb aa:bb:cc"), "enxaabb aa:bb:cc");
    }

    #[test]
    fn names_go_as_words_of_their_own_and_common_ones_stay() {
        assert_eq!(
            hidden("/home/minho/x on MINHO-PC.lan"),
            "/home/[user]/x on [computer].lan"
        );
        assert_eq!(
            hidden("minhosuk, Steam Deck, localhost"),
            "minhosuk, Steam Deck, localhost"
        );
        assert_eq!(hidden("민호 님의 기기"), "[user] 님의 기기");
    }

    #[test]
    fn names_of_wi_fi_networks_go() {
        assert_eq!(
            hidden("kt_giga_5g_7a3f.txt: scanned while in Minho’s home 2."),
            "[Wi-Fi network].txt: scanned while in [Wi-Fi network]."
        );
    }

    #[test]
    fn the_same_address_keeps_its_number() {
        let words = Words::new(Language::Korean);
        let mut private = Private::new(&[], &Own::default(), &words);
        assert_eq!(private.hide("10.0.0.1 10.0.0.2"), "[주소 1] [주소 2]");
        assert_eq!(private.hide("10.0.0.2"), "[주소 2]");
    }

    proptest! {
        #[test]
        fn no_private_address_survives_in_any_surroundings(
            before in "[ a-z(\\[/=,가]{0,5}[ (\\[/=,가]",
            after in "([ )\\]/=,가].{0,5})?",
            v4 in any::<u16>(),
            v6 in any::<[u16; 4]>(),
        ) {
            let v4 = format!("192.168.{}.{}", v4 >> 8, v4 & 0xff);
            let [a, b, c, d] = v6;
            let v6 = Ipv6Addr::new(0x2001, 0xdb8, a, b, 0, c, 0, d | 1).to_string();
            for secret in [v4, v6] {
                let left = hidden(&format!("{before}{secret}{after}"));
                prop_assert!(!left.contains(&secret), "{left}");
            }
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let _ = hidden(&text);
        }
    }
}
