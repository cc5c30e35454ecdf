//! nl80211's bytes: which family it is, what an announcement says, what a station's counters are.
//! Numbers from the kernel's `linux/nl80211.h` and `linux/genetlink.h`. Not for sockets.
//!
//! Six commands and a dozen attributes are read, and whatever else a message carries is passed over.
//! The crate that knows them all, wl-nl80211 0.8, refuses a whole message for one attribute newer
//! than itself and brings a second netlink-proto and genetlink along; that is why this is by hand.

use evenkeel_core::blame::{Happening, Radio};

use crate::wire::{add_attribute, attribute, attributes, number16, number32};

/// The family that names all others, and how to ask it for one.
pub const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const CTRL_ATTR_MCAST_GROUPS: u16 = 7;
const CTRL_ATTR_MCAST_GRP_NAME: u16 = 1;
const CTRL_ATTR_MCAST_GRP_ID: u16 = 2;
/// `struct genlmsghdr`.
const HEADER_BYTES: usize = 4;

const CMD_GET_INTERFACE: u8 = 5;
const CMD_NEW_INTERFACE: u8 = 7;
const CMD_GET_STATION: u8 = 17;
const CMD_NEW_STATION: u8 = 19;
const CMD_TRIGGER_SCAN: u8 = 33;
const CMD_NEW_SCAN_RESULTS: u8 = 34;
const CMD_SCAN_ABORTED: u8 = 35;
const CMD_CONNECT: u8 = 46;
const CMD_ROAM: u8 = 47;
const CMD_DISCONNECT: u8 = 48;
const CMD_NOTIFY_CQM: u8 = 64;
const CMD_CH_SWITCH_NOTIFY: u8 = 88;

const ATTR_IFINDEX: u16 = 3;
const ATTR_STA_INFO: u16 = 21;
const ATTR_SSID: u16 = 52;
const ATTR_CQM: u16 = 94;
const CQM_BEACON_LOSS_EVENT: u16 = 8;

const STA_SIGNAL: u16 = 7;
const STA_TX_PACKETS: u16 = 10;
const STA_TX_RETRIES: u16 = 11;
const STA_TX_FAILED: u16 = 12;
const STA_BEACON_LOSS: u16 = 18;

/// The kernel's numbers for nl80211 and for the groups that are listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The type of its messages.
    pub id: u16,
    /// The groups `scan` and `mlme`, as far as it has them.
    pub groups: Vec<u32>,
}

/// The body that asks for nl80211's numbers.
pub fn family_request() -> Vec<u8> {
    let mut body = vec![CTRL_CMD_GETFAMILY, 1, 0, 0];
    add_attribute(&mut body, CTRL_ATTR_FAMILY_NAME, b"nl80211\0");
    body
}

/// The answer.
pub fn family(payload: &[u8]) -> Option<Family> {
    let body = payload.get(HEADER_BYTES..)?;
    let id = attribute(body, CTRL_ATTR_FAMILY_ID).and_then(number16)?;
    let groups = attribute(body, CTRL_ATTR_MCAST_GROUPS).unwrap_or_default();
    let groups = attributes(groups).filter_map(|(_, group)| {
        let name = attribute(group, CTRL_ATTR_MCAST_GRP_NAME)?;
        let wanted = matches!(name, b"scan\0" | b"mlme\0");
        attribute(group, CTRL_ATTR_MCAST_GRP_ID)
            .and_then(number32)
            .filter(|_| wanted)
    });
    Some(Family {
        id,
        groups: groups.collect(),
    })
}

/// What an announcement says happened, and to which interface.
pub fn happening(payload: &[u8]) -> Option<(u32, Happening)> {
    let (command, body) = (*payload.first()?, payload.get(HEADER_BYTES..)?);
    let what = match command {
        CMD_TRIGGER_SCAN => Happening::ScanBegan,
        CMD_NEW_SCAN_RESULTS | CMD_SCAN_ABORTED => Happening::ScanEnded,
        // A connection without an end of the one before is a roam that was driven from user space.
        CMD_CONNECT | CMD_ROAM => Happening::Roamed,
        CMD_DISCONNECT => Happening::Disconnected,
        CMD_CH_SWITCH_NOTIFY => Happening::ChannelSwitched,
        CMD_NOTIFY_CQM => {
            let report = attribute(body, ATTR_CQM)?;
            let _ = attribute(report, CQM_BEACON_LOSS_EVENT)?;
            Happening::BeaconLost
        }
        _ => return None,
    };
    let ifindex = attribute(body, ATTR_IFINDEX).and_then(number32)?;
    Some((ifindex, what))
}

/// The body that asks for the stations of an interface: in a client's case, its access point.
pub fn stations_request(ifindex: u32) -> Vec<u8> {
    let mut body = vec![CMD_GET_STATION, 0, 0, 0];
    add_attribute(&mut body, ATTR_IFINDEX, &ifindex.to_ne_bytes());
    body
}

/// A station's counters. A counter that its driver does not keep is 0, a missing signal is `None`.
pub fn station(payload: &[u8]) -> Option<Radio> {
    if *payload.first()? != CMD_NEW_STATION {
        return None;
    }
    let information = attribute(payload.get(HEADER_BYTES..)?, ATTR_STA_INFO)?;
    let counter = |kind| {
        let value = attribute(information, kind).and_then(number32);
        value.map_or(0, u64::from)
    };
    let signal = attribute(information, STA_SIGNAL).and_then(|value| value.first());
    Some(Radio {
        signal_dbm: signal.map(|dbm| dbm.cast_signed()),
        sent: counter(STA_TX_PACKETS),
        retries: counter(STA_TX_RETRIES),
        failed: counter(STA_TX_FAILED),
        beacon_losses: counter(STA_BEACON_LOSS),
    })
}

/// The body that asks for all Wi-Fi interfaces.
pub fn interfaces_request() -> Vec<u8> {
    vec![CMD_GET_INTERFACE, 0, 0, 0]
}

/// The name of the network that an interface is connected to, or spans itself.
pub fn network(payload: &[u8]) -> Option<String> {
    if *payload.first()? != CMD_NEW_INTERFACE {
        return None;
    }
    let name = attribute(payload.get(HEADER_BYTES..)?, ATTR_SSID)?;
    let name = String::from_utf8_lossy(name).into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_network_is_named_where_there_is_one() {
        let mut payload = announcement(CMD_NEW_INTERFACE);
        assert_eq!(network(&payload), None);
        add_attribute(&mut payload, ATTR_SSID, "Minho 5G 집".as_bytes());
        assert_eq!(network(&payload).as_deref(), Some("Minho 5G 집"));
        payload[0] = CMD_NEW_STATION;
        assert_eq!(network(&payload), None);
    }

    fn announcement(command: u8) -> Vec<u8> {
        let mut payload = vec![command, 0, 0, 0];
        // As the kernel orders them: the radio, the interface, its unique number.
        add_attribute(&mut payload, 1, &0_u32.to_ne_bytes());
        add_attribute(&mut payload, ATTR_IFINDEX, &3_u32.to_ne_bytes());
        add_attribute(&mut payload, 153, &1_u64.to_ne_bytes());
        payload
    }

    #[test]
    fn announcements_are_told_by_their_commands() {
        for (command, what) in [
            (33, Happening::ScanBegan),
            (34, Happening::ScanEnded),
            (35, Happening::ScanEnded),
            (46, Happening::Roamed),
            (47, Happening::Roamed),
            (48, Happening::Disconnected),
            (88, Happening::ChannelSwitched),
        ] {
            assert_eq!(
                happening(&announcement(command)),
                Some((3, what)),
                "{command}"
            );
        }
        assert_eq!(happening(&announcement(37)), None);
        assert_eq!(happening(&[33, 0, 0, 0]), None, "without an interface");
    }

    #[test]
    fn of_the_quality_reports_only_lost_beacons_matter() {
        let with = |kind: u16, value: &[u8]| {
            let mut report = Vec::new();
            add_attribute(&mut report, kind, value);
            let mut payload = announcement(CMD_NOTIFY_CQM);
            add_attribute(&mut payload, ATTR_CQM | 0x8000, &report);
            happening(&payload)
        };
        assert_eq!(with(8, &[]), Some((3, Happening::BeaconLost)));
        assert_eq!(with(3, &1_u32.to_ne_bytes()), None);
    }

    #[test]
    fn a_station_is_read_and_what_its_driver_does_not_keep_is_zero() {
        let mut information = Vec::new();
        add_attribute(&mut information, 1, &120_u32.to_ne_bytes());
        add_attribute(&mut information, STA_SIGNAL, &[0xBD]);
        add_attribute(&mut information, STA_TX_PACKETS, &900_u32.to_ne_bytes());
        add_attribute(&mut information, STA_TX_RETRIES, &81_u32.to_ne_bytes());
        add_attribute(&mut information, STA_BEACON_LOSS, &2_u32.to_ne_bytes());
        let mut payload = announcement(CMD_NEW_STATION);
        add_attribute(&mut payload, 6, &[2, 0, 0, 0, 1, 0]);
        add_attribute(&mut payload, ATTR_STA_INFO | 0x8000, &information);
        let radio = Radio {
            signal_dbm: Some(-67),
            sent: 900,
            retries: 81,
            failed: 0,
            beacon_losses: 2,
        };
        assert_eq!(station(&payload), Some(radio));
        assert_eq!(station(&announcement(CMD_NEW_STATION)), None);
    }

    #[test]
    fn the_family_is_found_with_the_two_groups_that_matter() {
        let groups = [
            ("config", 4_u32),
            ("scan", 5),
            ("regulatory", 6),
            ("mlme", 7),
        ];
        let mut list = Vec::new();
        for (at, (name, id)) in groups.into_iter().enumerate() {
            let mut group = Vec::new();
            add_attribute(&mut group, CTRL_ATTR_MCAST_GRP_ID, &id.to_ne_bytes());
            add_attribute(
                &mut group,
                CTRL_ATTR_MCAST_GRP_NAME,
                format!("{name}\0").as_bytes(),
            );
            add_attribute(&mut list, at as u16 + 1, &group);
        }
        let mut payload = vec![1, 2, 0, 0];
        add_attribute(&mut payload, CTRL_ATTR_FAMILY_NAME, b"nl80211\0");
        add_attribute(&mut payload, CTRL_ATTR_FAMILY_ID, &28_u16.to_ne_bytes());
        add_attribute(&mut payload, CTRL_ATTR_MCAST_GROUPS, &list);
        let found = Family {
            id: 28,
            groups: vec![5, 7],
        };
        assert_eq!(family(&payload), Some(found));
        assert_eq!(family(&payload[..4]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_break_a_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (family(&bytes), happening(&bytes), station(&bytes));
        }
    }
}
